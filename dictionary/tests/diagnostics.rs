//! One mistake per file: `diagnostics/NAME.xml` is one that `NAME` in the catalogue describes (`NAME--variant.xml` another
//! way to make it), and gives one diagnostic, whose look is in the snapshot beside it.

use diametric_dictionary::diagnostics::{Severity, catalogue};
use diametric_dictionary::{Loaded, Loader};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn xml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    files
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).expect("test files have plain names").to_owned()
}

/// Loads a case beside a small standard dictionary and a small foreign one. The files of a folder named like the case are
/// units of their own.
fn load(case: &Path) -> Loaded {
    let mut loader = Loader::new();
    let mut add = |unit: &str, rust_path: Option<&str>, path: &Path, shown: &str| {
        let unit = loader.unit(unit, rust_path);
        loader.add_text(unit, shown, &fs::read_to_string(path).expect("the test file can be read"));
    };
    add("standard", Some("::base"), &tests().join("support/base.xml"), "base.xml");
    add("other", Some("::other"), &tests().join("support/other.xml"), "other.xml");
    add("own", None, case, "acme.xml");
    for file in xml_files(&case.with_extension("")) {
        add(&stem(&file), None, &file, &format!("{}.xml", stem(&file)));
    }
    loader.load()
}

fn cases() -> Vec<(String, PathBuf)> {
    xml_files(&tests().join("diagnostics")).into_iter().map(|path| (stem(&path), path)).collect()
}

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("diagnostics");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn one_mistake_gives_one_diagnostic() {
    let mut wrong = String::new();
    for (name, path) in cases() {
        let loaded = load(&path);
        let code = name.split_once("--").map_or(name.as_str(), |(code, _)| code);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.name).collect();
        if codes != [code] {
            wrong.push_str(&format!("--- {name}\n{}\n", loaded.render()));
            continue;
        }
        let diagnostic = &loaded.diagnostics[0];
        assert!(diagnostic.help.is_some(), "{name} does not say what to do");
        if name.ends_with("--go") {
            assert_eq!(diagnostic.severity, Severity::Warning, "{name}");
        }
        snapshots().bind(|| insta::assert_snapshot!(name, loaded.render()));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn files_that_cannot_be_read() {
    let mut loader = Loader::new();
    let unit = loader.unit("own", None);
    let told = loader.add_file(unit, Path::new("no/such/acme.xml")).expect_err("there is no such file");
    assert_eq!(told.code, catalogue::UNREADABLE_FILE);
    loader.add_text(unit, "rest.xml", "<diameter name=\"rest\"><import dictionary=\"acme\"/></diameter>");
    let loaded = loader.load();
    assert!(loaded.has_errors());
    snapshots().bind(|| insta::assert_snapshot!("unreadable-file", loaded.render()));
}

#[test]
fn every_code_has_a_case() {
    let mut covered: BTreeSet<String> = cases().into_iter().map(|(name, _)| name).collect();
    covered.insert(catalogue::UNREADABLE_FILE.name.to_owned());
    for code in catalogue::ALL {
        assert!(covered.contains(code.name), "{code} {} has no case", code.name);
    }
}

#[test]
fn codes_are_in_order_and_distinct() {
    for (index, code) in catalogue::ALL.iter().enumerate() {
        assert_eq!(code.id, format!("D{:03}", index + 1));
        assert_eq!(catalogue::by_id(code.id), Some(*code));
    }
    let names: BTreeSet<&str> = catalogue::ALL.iter().map(|code| code.name).collect();
    assert_eq!(names.len(), catalogue::ALL.len());
}

#[test]
fn strict_makes_errors_of_what_others_files_may_do() {
    for (name, path) in cases().into_iter().filter(|(name, _)| name.ends_with("--go")) {
        let mut loader = Loader::new();
        loader.strict(true);
        let unit = loader.unit("standard", Some("::base"));
        loader.add_file(unit, &tests().join("support/base.xml")).expect("the file is there");
        let unit = loader.unit("theirs", None);
        loader.add_file(unit, &path).expect("the file is there");
        assert!(loader.load().has_errors(), "{name}");
    }
}

#[test]
fn the_guide_shows_every_diagnostic() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
    // The crate as published has no guide beside it.
    let Ok(guide) = fs::read_to_string(guide) else { return };
    for code in catalogue::ALL {
        assert!(guide.contains(&format!("## {} {}\n", code.id, code.name)), "{code} {} is not explained", code.name);
        let snapshot = fs::read_to_string(tests().join(format!("diagnostics/{}.snap", code.name)))
            .expect("every code has a snapshot");
        let shown = snapshot.splitn(3, "---\n").nth(2).expect("a snapshot begins with a header");
        let diagnostic = shown.split("\n\n").next().expect("it holds a diagnostic").trim_end();
        assert!(guide.contains(diagnostic), "the guide's example of {code} is out of date:\n{diagnostic}");
    }
}
