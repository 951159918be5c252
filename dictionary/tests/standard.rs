//! The shipped dictionaries, loaded.

use diametric_dictionary::Loader;

#[test]
fn the_shipped_dictionaries_are_without_fault() {
    let loaded = Loader::with_standard().load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
}

#[test]
fn they_are_all_there() {
    let dictionary = Loader::with_standard().load().dictionary;
    assert_eq!(dictionary.files.len(), diametric_dictionary::standard::STANDARD.len());
    assert_eq!(dictionary.units[0].rust_path.as_deref(), Some("::diametric_protocol"));
    assert!(dictionary.avps.len() > 800, "{} AVPs", dictionary.avps.len());
    assert!(dictionary.answer_message.is_some());
    // Extensions within the unit have all been merged.
    assert!(dictionary.extensions.is_empty() && dictionary.value_extensions.is_empty());
}
