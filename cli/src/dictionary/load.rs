//! Dictionaries given on the command line, loaded beside the standard ones.

use crate::report;
use diametric_dictionary::{Loaded, Loader};
use std::path::PathBuf;

/// Loads the standard dictionaries, and each file as a unit of its own after them, so that it adds and does not change.
///
/// What is wrong is told; `None` if it is so wrong that nothing can be done with it.
pub(crate) fn beside_standard(files: &[PathBuf]) -> Option<Loaded> {
    let mut loader = Loader::with_standard();
    for (position, file) in files.iter().enumerate() {
        let unit = loader.unit(&format!("{position}:{}", file.display()), None);
        // What cannot be read is among the diagnostics.
        let _ = loader.add_file(unit, file);
    }
    let loaded = loader.load();
    report::text(&loaded.render());
    (!loaded.has_errors()).then_some(loaded)
}
