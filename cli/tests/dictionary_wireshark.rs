//! Code is generated from what is imported from Wireshark, and compiles.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use diametric_codegen::Generator;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian's `libwireshark-data` puts its dictionaries.
const INSTALLED: &str = "/usr/share/wireshark/diameter";

/// Imports a file with the command, and generates one Rust file from it.
fn rust(file: &Path, options: &[&str], folder: &Path) -> String {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).expect("the file has a name");
    let out = folder.join(format!("{stem}.xml"));
    assert_cmd::cargo::cargo_bin_cmd!("diametric")
        .args(["dictionary", "import", "--from", "wireshark", "--out"])
        .arg(&out)
        .args(options)
        .arg(file)
        .assert()
        .success();
    let generator = Generator::new().name(stem).dictionary(&out).runtime_path("::diametric_protocol").single_file(true);
    let output = generator.try_generate().unwrap_or_else(|error| panic!("{}:\n{error}", file.display()));
    assert_eq!(output.files.len(), 1);
    output.files[0].text.clone()
}

/// Has the compiler look at generated files, each as a module of one crate.
fn check(files: &[(String, String)], folder: &Path) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace");
    let source = folder.join("src");
    fs::create_dir_all(&source).unwrap();
    let mut lib = String::from("#![allow(dead_code)]\n");
    for (name, text) in files {
        fs::write(source.join(format!("{name}_generated.rs")), text).unwrap();
        let _ = writeln!(lib, "pub mod m_{name} {{ include!(\"{name}_generated.rs\"); }}");
    }
    fs::write(source.join("lib.rs"), lib).unwrap();
    let manifest = format!(
        "[package]\nname = \"imported\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         diametric-protocol = {{ path = {:?} }}\n\n[workspace]\n",
        workspace.join("runtime/protocol")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    // Beside what the tests themselves were built into, so that it is kept for the next run.
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("imported");
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_sample_compiles() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wireshark/dictionary.xml");
    let text = rust(&sample, &[], folder.path());
    for expected in ["pub struct AcmeRoute", "pub struct AcmeRouteAcme(", "pub struct PingRequest", "LEFT_OVER_3"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    check(&[("sample".to_owned(), text)], folder.path());
}

#[test]
fn every_installed_file_compiles() {
    let Ok(entries) = fs::read_dir(INSTALLED) else {
        println!("SKIPPED: {INSTALLED} is not there");
        return;
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<(String, String)> = paths
        .iter()
        .map(|path| (path.file_stem().unwrap().to_string_lossy().to_lowercase(), rust(path, &[], folder.path())))
        .collect();
    check(&files, folder.path());
    // A set of its own, with what the standard dictionaries have as well.
    rust(&Path::new(INSTALLED).join("dictionary.xml"), &["--all"], folder.path());
}
