//! From files to a [`Dictionary`].

use crate::diagnostics::{Diagnostic, Renderer, Severity, catalogue};
use crate::model::{Dictionary, File, FileId, Unit, UnitId};
use crate::source::{Source, Sources, Span};
use crate::{naming, reader, resolve, standard};
use std::path::Path;

/// Collects dictionary files, unit by unit, and resolves them together.
///
/// Names are looked up, not read in order: files may be added in any order.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    units: Vec<Unit>,
    /// The unit of each file, by [`FileId`].
    file_units: Vec<UnitId>,
    sources: Sources,
    unreadable: Vec<Diagnostic>,
    strict: bool,
}

impl Loader {
    /// With no dictionary at all, not even the standard ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the shipped dictionaries as a unit whose types are in `diametric-protocol`.
    pub fn with_standard() -> Self {
        let mut loader = Self::new();
        loader.add_standard(Some(standard::RUST_PATH));
        loader
    }

    /// Makes mistakes that go-diameter's files are allowed to make (contradictions, dangling names) errors there too.
    pub fn strict(&mut self, strict: bool) -> &mut Self {
        self.strict = strict;
        self
    }

    /// Adds the shipped dictionaries as the unit `standard`. `rust_path` is that of the crate which has their types, or
    /// `None` to generate them.
    pub fn add_standard(&mut self, rust_path: Option<&str>) -> UnitId {
        let unit = self.unit(standard::UNIT, rust_path);
        for (name, text) in standard::STANDARD {
            self.add_text(unit, name, text);
        }
        unit
    }

    /// Adds a unit: the files of one crate. The same name again gives the same unit. The names of a unit called `standard`
    /// are visible in all other units without import.
    pub fn unit(&mut self, name: &str, rust_path: Option<&str>) -> UnitId {
        let known = self.units.iter().position(|unit| unit.name == name);
        UnitId(known.unwrap_or_else(|| {
            self.units.push(Unit { name: name.to_owned(), rust_path: rust_path.map(str::to_owned) });
            self.units.len() - 1
        }))
    }

    /// Adds a dictionary by its text; `path` is shown in diagnostics, and its stem names the dictionary where its root
    /// does not.
    pub fn add_text(&mut self, unit: UnitId, path: &str, text: &str) -> FileId {
        self.file_units.push(unit);
        self.sources.add(Source::new(path, text))
    }

    /// Adds a dictionary from disk. That it cannot be read is told here, and again by [`Loader::load`] with everything
    /// else, so that a caller who wants all errors at once can go on.
    pub fn add_file(&mut self, unit: UnitId, path: &Path) -> Result<FileId, Box<Diagnostic>> {
        let shown = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                format!("it is not UTF-8 (byte {}); dictionaries are UTF-8", error.utf8_error().valid_up_to())
            })
        });
        match text {
            Ok(text) => Ok(self.add_text(unit, &shown, &text)),
            Err(cause) => {
                let file = self.add_text(unit, &shown, "");
                let message = format!("cannot read {shown}: {cause}");
                let diagnostic = Diagnostic::error(catalogue::UNREADABLE_FILE, Span::start(file), message);
                self.unreadable.push(diagnostic.clone());
                Err(Box::new(diagnostic))
            }
        }
    }

    /// Reads and resolves everything.
    pub fn load(self) -> Loaded {
        let mut diagnostics = self.unreadable;
        let unreadable: Vec<FileId> = diagnostics.iter().map(|diagnostic| diagnostic.span.file).collect();
        let (mut documents, mut files) = (Vec::new(), Vec::new());
        for (id, source) in self.sources.iter() {
            let document = if unreadable.contains(&id) {
                let mut document = reader::ast::Document::new(id);
                document.broken = true;
                document
            } else {
                reader::read(id, source, self.strict, &mut diagnostics)
            };
            let name = match &document.name {
                Some(name) => name.value.clone(),
                None => stem(source.path()).to_owned(),
            };
            let module = match &document.module {
                Some(module) => module.value.clone(),
                None => naming::module_name(&name),
            };
            files.push(File {
                name,
                path: source.path().to_owned(),
                unit: self.file_units[id.0],
                module,
                spec: document.spec.clone(),
            });
            documents.push(document);
        }
        let dictionary = Dictionary { units: self.units, files, ..Dictionary::default() };
        let dictionary = resolve::resolve(&documents, dictionary, self.strict, &mut diagnostics);
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        Loaded { dictionary, diagnostics, sources: self.sources }
    }
}

/// A path without folders and extension, on whatever system it was written.
fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The dictionary; of use only if there are no errors.
    pub dictionary: Dictionary,
    /// What is wrong, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts, which [`Renderer`] shows parts of.
    pub sources: Sources,
}

impl Loaded {
    /// Whether anything is wrong enough that the dictionary must not be used.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All diagnostics, and a closing line that counts them; empty if there are none.
    pub fn render(&self) -> String {
        self.renderer().all(&self.diagnostics)
    }

    /// For showing single diagnostics, or all with colours.
    pub fn renderer(&self) -> Renderer<'_> {
        Renderer::new(&self.sources)
    }
}
