//! Wireshark's dictionaries: imported, exported, and what they may not do.

use diametric_dictionary::diagnostics::Severity;
use diametric_dictionary::wireshark::{self, Folder, Imported, Options};
use diametric_dictionary::{Loaded, Loader};
use std::fs;
use std::path::{Path, PathBuf};

/// Where Debian's `libwireshark-data` puts its dictionaries.
const INSTALLED: &str = "/usr/share/wireshark/diameter";

/// Loads what was imported as a user's file.
fn load(text: &str) -> Loaded {
    let mut loader = Loader::with_standard();
    let unit = loader.unit("imported", None);
    loader.add_text(unit, "imported.xml", text);
    loader.load()
}

/// How many AVPs the imported file has.
fn own(loaded: &Loaded) -> usize {
    loaded.dictionary.avps.iter().filter(|avp| loaded.dictionary.files[avp.file.0].path == "imported.xml").count()
}

fn installed() -> Option<Vec<PathBuf>> {
    let Ok(folder) = fs::read_dir(INSTALLED) else {
        println!("SKIPPED: {INSTALLED} is not there");
        return None;
    };
    let mut files: Vec<PathBuf> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    Some(files)
}

#[test]
fn every_installed_file_becomes_a_dictionary() {
    let Some(files) = installed() else { return };
    let mut avps = 0;
    for path in &files {
        let imported = wireshark::import(std::slice::from_ref(path), &Options::default());
        assert!(!imported.has_errors(), "{}", imported.render());
        let loaded = load(&imported.text);
        assert!(loaded.diagnostics.is_empty(), "{}:\n{}", path.display(), loaded.render());
        assert_eq!(own(&loaded), imported.counts.avps, "{}", path.display());
        println!("{}: {:?}, {} warnings", path.display(), imported.counts, imported.diagnostics.len());
        avps += imported.counts.avps;
    }
    assert!(avps > 1000, "{} files have {avps} AVPs", files.len());
}

#[test]
fn the_whole_of_the_installed_files_stands_on_its_own_and_survives_the_way_back() {
    if installed().is_none() {
        return;
    }
    let path = Path::new(INSTALLED).join("dictionary.xml");
    let all = Options { all: true, ..Options::default() };
    let imported = wireshark::import(&[path], &all);
    assert!(!imported.has_errors(), "{}", imported.render());
    let loaded = load(&imported.text);
    assert!(!loaded.has_errors(), "{}", loaded.render());
    assert_eq!(own(&loaded), imported.counts.avps);

    let mut loader = Loader::new();
    let unit = loader.unit("alone", None);
    loader.add_text(unit, "alone.xml", &imported.text);
    let exported = wireshark::export(&loader.load().dictionary);
    let again = wireshark::import_text("again.xml", &exported, &wireshark::NoFolder, &all);
    assert!(again.diagnostics.is_empty(), "{}", again.render());
    assert_eq!(again.counts.avps, imported.counts.avps);
    assert_eq!(again.counts.groups, imported.counts.groups);
}
