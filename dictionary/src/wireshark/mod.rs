//! Wireshark's dictionaries: read into ours, and written from ours.
//!
//! Wireshark ships XML files with the AVPs of some thirty vendors. They say which AVPs exist, of which type, with which
//! values, and which AVPs a group may hold; they have neither cardinalities nor grammars of commands. What is imported
//! therefore has groups whose members are all optional and unbounded, and which other AVPs may join.
//!
//! # Concepts
//!
//! - A *definition* is wanted if it stands in one of the files given, and fits the vendors and the applications of the
//!   [`Options`]. What a wanted group needs comes with it, wherever it is defined.
//! - Definitions of the shipped dictionaries are left out and referred to, unless [`Options::all`] keeps them.
//! - Where the files contradict themselves or the shipped dictionaries, the first definition counts, and a warning tells.
//! - Other files are drawn in as external entities, from the folder of the file given and from nowhere else, within
//!   bounds on size, number and depth. A file that is only a part is read together with the `dictionary.xml` beside it.
//!
//! ```
//! use diametric_dictionary::wireshark::{self, NoFolder, Options};
//!
//! let text = r#"<dictionary>
//!   <vendor vendor-id="Acme" code="99999" name="Acme Inc."/>
//!   <avp name="Acme-Route" code="7001" vendor-id="Acme" mandatory="must">
//!     <grouped><gavp name="Session-Id"/></grouped>
//!   </avp>
//! </dictionary>"#;
//! let imported = wireshark::import_text("acme.xml", text, &NoFolder, &Options::default());
//! assert!(!imported.has_errors(), "{}", imported.render());
//! assert!(imported.text.contains(r#"<rule avp="Session-Id" max="*"/>"#));
//! ```

mod convert;
mod entities;
mod export;
mod members;
mod names;
mod raw;
mod read;
mod select;
mod types;
mod write;

pub use entities::{Directory, Folder, NoFolder};
pub use export::export;

use crate::diagnostics::{Diagnostic, Renderer, Severity, catalogue};
use crate::source::{Sources, Span};
use std::path::{Path, PathBuf};

/// The file that Wireshark starts from; it has what its parts refer to.
const MAIN: &str = "dictionary.xml";

/// What of Wireshark's files is imported, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only AVPs of these vendors, each given by its number, its name or its symbolic id; all if there are none.
    pub vendors: Vec<String>,
    /// Only what stands in these applications; everything if there are none.
    pub applications: Vec<u32>,
    /// Keeps what the shipped dictionaries define. The dictionary that comes of it is a set of its own, in the format of
    /// go-diameter, and is not merged with the shipped ones.
    pub all: bool,
    /// The name of the dictionary, for `<import>`; made from the name of the first file where not given.
    pub name: Option<String>,
}

/// How much was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// AVPs written.
    pub avps: usize,
    /// Those of them that are groups.
    pub groups: usize,
    /// AVPs written only because a group needs them.
    pub needed: usize,
    /// Commands written.
    pub commands: usize,
    /// AVPs left out because the shipped dictionaries have them.
    pub standard: usize,
    /// AVPs left out because they repeat or contradict another one, or cannot be read.
    pub dropped: usize,
}

/// What came of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The dictionary in our format; empty if there are errors.
    pub text: String,
    /// How much is in it.
    pub counts: Counts,
    /// What is wrong with the files, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts, which [`Renderer`] shows parts of.
    pub sources: Sources,
}

impl Imported {
    /// Whether nothing could be imported.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All diagnostics, and a closing line that counts them; empty if there are none.
    pub fn render(&self) -> String {
        Renderer::new(&self.sources).all(&self.diagnostics)
    }
}

/// Imports files, together with what they draw in from their folders. Several files become one dictionary.
pub fn import(paths: &[PathBuf], options: &Options) -> Imported {
    let mut reading = read::Reading::default();
    for path in paths {
        let directory = Directory::of(path);
        let shown = path.display().to_string();
        match entities::read_bounded(path, entities::MAX_FILE) {
            Ok(text) => reading.main(&shown, &text, &directory),
            Err(cause) => reading.unreadable(&shown, &cause),
        }
    }
    // Parts are understood with the file that they are parts of.
    let mut folders: Vec<Directory> = paths.iter().map(|path| Directory::of(path)).collect();
    folders.dedup();
    for directory in folders {
        if reading.is_fragment
            && reading.is_new(MAIN)
            && let Ok(text) = directory.read(MAIN)
        {
            reading.context(&directory.shown(MAIN), &text, &directory);
        }
    }
    let stem = paths.first().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
    finish(reading, options, stem.as_deref().unwrap_or("wireshark"))
}

/// Imports a text; `folder` has the files that it draws in, and perhaps the `dictionary.xml` that it is a part of.
pub fn import_text(path: &str, text: &str, folder: &dyn Folder, options: &Options) -> Imported {
    let mut reading = read::Reading::default();
    reading.main(path, text, folder);
    if reading.is_fragment
        && reading.is_new(MAIN)
        && let Ok(text) = folder.read(MAIN)
    {
        reading.context(MAIN, &text, folder);
    }
    let stem = Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    finish(reading, options, stem.as_deref().unwrap_or("wireshark"))
}

fn finish(reading: read::Reading, options: &Options, stem: &str) -> Imported {
    let read::Reading { sources, mut diagnostics, raw, .. } = reading;
    if let Some(name) = options.name.as_deref().filter(|name| name.trim().is_empty()) {
        diagnostics.push(Diagnostic::error(
            catalogue::BAD_VALUE,
            Span::start(crate::model::FileId(0)),
            format!("a dictionary cannot be named {name:?}"),
        ));
    }
    let (mut text, mut counts) = (String::new(), Counts::default());
    if !diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        let plan = convert::plan(&raw, options, &mut diagnostics);
        counts = plan.counts;
        let origin: Vec<&str> = raw.main_files.iter().filter_map(|file| sources.get(*file)).map(|s| s.path()).collect();
        text = write::dictionary(&plan, &dictionary_name(options, stem), &origin);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        text.clear();
    }
    Imported { text, counts, diagnostics, sources }
}

/// A name that no shipped dictionary has.
fn dictionary_name(options: &Options, stem: &str) -> String {
    if let Some(name) = &options.name {
        return name.clone();
    }
    let stem = match (stem, options.vendors.as_slice()) {
        ("dictionary", [vendor, ..]) => crate::naming::module_name(vendor),
        ("dictionary", []) => "wireshark".to_owned(),
        (stem, _) => crate::naming::module_name(stem),
    };
    let taken = |name: &str| crate::standard::STANDARD.iter().any(|(file, _)| file.strip_suffix(".xml") == Some(name));
    if taken(&stem) { format!("{stem}_wireshark") } else { stem }
}
