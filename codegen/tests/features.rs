//! One small dictionary for each feature, and beside it the Rust it becomes.
//!
//! `BLESS=1 cargo test -p diametric-codegen` writes the expected files anew.

use diametric_codegen::Generator;
use std::fs;
use std::path::{Path, PathBuf};

fn features() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/features");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml")).collect();
    files.sort();
    files
}

fn generate(path: &Path) -> String {
    let generator =
        Generator::new().name("acme").dictionary(path).runtime_path("::diametric_protocol").single_file(true);
    let output = generator.try_generate().unwrap_or_else(|error| panic!("{}:\n{error}", path.display()));
    assert_eq!(output.files.len(), 1);
    output.files[0].text.clone()
}

#[test]
fn generated_code_is_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for path in features() {
        let (actual, expected_path) = (generate(&path), path.with_extension("rs"));
        if bless {
            fs::write(&expected_path, actual).unwrap();
        } else if fs::read_to_string(&expected_path).unwrap_or_default() != actual {
            wrong.push(expected_path);
        }
    }
    assert!(wrong.is_empty(), "generated code differs from {wrong:#?}: look at it, then run again with BLESS=1");
}

#[test]
fn generation_is_deterministic() {
    for path in features() {
        assert_eq!(generate(&path), generate(&path));
    }
}

#[test]
fn a_second_run_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let generator = Generator::new().name("acme").dictionary(&features()[0]);
    let output = generator.try_generate().unwrap();
    assert_eq!(output.write(folder.path()).unwrap().len(), output.files.len());
    assert_eq!(generator.try_generate().unwrap().write(folder.path()).unwrap(), Vec::<PathBuf>::new());
}
