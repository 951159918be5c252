//! The shipped dictionaries, loaded.

use diametric_dictionary::Loader;

#[test]
fn the_shipped_dictionaries_are_without_fault() {
    let loaded = Loader::with_standard().load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
}
