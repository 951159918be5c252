//! One small dictionary for each feature, and beside it the Rust it becomes.
//!
//! `BLESS=1 cargo test -p diametric-codegen` writes the expected files anew.

use diametric_codegen::{Error, Generator};
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
    let mut generator =
        Generator::new().name("acme").dictionary(path).runtime_path("::diametric_protocol").single_file(true);
    if path.ends_with("import.xml") {
        generator = generator.import("meter", "crate::two_modules", path.with_file_name("two_modules.xml"));
    }
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

#[test]
fn mistakes_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.xml");
    let text = r#"<diameter name="acme">
  <avp name="Acme-Info" code="70001"><data type="Grouped"><rule avp="Custom-Mesage"/></data></avp>
  <avp name="Custom-Message" code="70001"><data type="UTF8String"/></avp>
</diameter>"#;
    fs::write(&path, text).unwrap();
    let error = Generator::new().dictionary(&path).try_generate().unwrap_err();
    let Error::Dictionary { diagnostics, rendered, .. } = &error else { panic!("{error}") };
    assert_eq!(diagnostics.len(), 2);
    assert!(rendered.contains("acme.xml:2:"), "{rendered}");
    assert!(rendered.contains("did you mean `Custom-Message`?"), "{rendered}");
    assert_eq!(error.messages().len(), 2);
}

#[test]
fn a_name_that_would_hide_one_of_the_prelude_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.xml");
    let text = r#"<diameter name="acme"><avp name="Option" code="70001"><data type="Time"/></avp></diameter>"#;
    fs::write(&path, text).unwrap();
    let error = Generator::new().dictionary(&path).try_generate().unwrap_err();
    assert!(error.to_string().starts_with("error[D044]: a type `Option` would hide Rust's own"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_too() {
    let error = Generator::new().dictionary("nowhere.xml").try_generate().unwrap_err();
    assert!(error.to_string().contains("cannot read nowhere.xml"), "{error}");
}

#[test]
fn a_runtime_that_is_no_path_is_refused() {
    for path in ["not a path", "a<b>", "a::<b>::c", ""] {
        let error = Generator::new().runtime_path(path).try_generate().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{path}` is not the path of a Rust module")), "{error}");
    }
}
