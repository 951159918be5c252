//! The standard dictionaries, resolved, are what they were.

use diametric_dictionary::Loader;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `BLESS=1 cargo test -p diametric-tests --test dictionary` writes the file anew; its diff says what a change of the
/// XML means.
#[test]
fn the_resolved_standard_dictionaries_are_as_recorded() {
    let loaded = Loader::with_standard().load();
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let actual = diametric_tests::resolved::text(&loaded.dictionary);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/standard-dictionaries.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &actual).expect("the snapshot can be written");
    }
    let recorded = fs::read_to_string(&path).expect("the snapshot can be read");
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (recorded.lines().collect(), actual.lines().collect());
    let gone = old.difference(&new).map(|line| format!("- {line}\n"));
    let differences: String = gone.chain(new.difference(&old).map(|line| format!("+ {line}\n"))).collect();
    assert!(
        recorded == actual,
        "the dictionaries differ from {}; if that is intended, run again with BLESS=1\n{differences}",
        path.display(),
    );
}
