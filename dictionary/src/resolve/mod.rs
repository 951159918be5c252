//! From the syntax of all files to one [`Dictionary`]: a row of passes, each over everything.

mod applications;
mod avps;
mod checks;
mod commands;
mod extends;
mod imports;
mod items;
mod lookup;
mod members;
mod names;
mod usage;
mod vendors;

use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::model::{AvpId, CommandId, Dictionary, FileId, UnitId};
use crate::reader::ast::{self, Document, Style};
use crate::source::Span;
use extends::ResolvedExtend;
use std::collections::{HashMap, HashSet};

/// Resolves what was read. `dictionary` brings its units and files; `documents` go by [`FileId`].
pub(crate) fn resolve(
    documents: &[Document],
    dictionary: Dictionary,
    strict: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Dictionary {
    let mut resolver = Resolver::new(documents, dictionary, strict, diagnostics);
    resolver.imports();
    resolver.vendors();
    resolver.applications();
    resolver.avps();
    resolver.commands();
    resolver.forms();
    resolver.extends();
    resolver.members();
    resolver.extension_members();
    resolver.structs();
    resolver.required_cycles();
    resolver.type_names();
    resolver.value_names();
    resolver.unused_imports();
    resolver.dictionary
}

/// Within which definitions must be unique: all files of our style together, and the go-diameter files of each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Domain {
    Own,
    Go(UnitId),
}

struct Resolver<'a, 'd> {
    documents: &'a [Document],
    strict: bool,
    dictionary: Dictionary,
    diagnostics: &'d mut Vec<Diagnostic>,
    /// What each import of each file leads to.
    imports: Vec<Vec<Option<FileId>>>,
    /// Which imports of each file have been needed.
    used: Vec<Vec<bool>>,
    standard: Option<UnitId>,
    vendor_ids: HashMap<u32, usize>,
    application_ids: HashMap<u32, usize>,
    avp_names: HashMap<&'a str, Vec<AvpId>>,
    /// The syntax of each AVP, by [`AvpId`].
    avp_syntax: Vec<&'a ast::Avp>,
    /// AVPs that clash with another: they answer to their name, and are not looked at further.
    clashing_avps: HashSet<AvpId>,
    command_names: HashMap<(u32, &'a str), Vec<CommandId>>,
    /// The syntax of each command, by [`CommandId`].
    command_syntax: Vec<&'a ast::Command>,
    clashing_commands: HashSet<CommandId>,
    resolved_extends: Vec<ResolvedExtend<'a>>,
}

impl<'a, 'd> Resolver<'a, 'd> {
    fn new(
        documents: &'a [Document],
        dictionary: Dictionary,
        strict: bool,
        diagnostics: &'d mut Vec<Diagnostic>,
    ) -> Self {
        let standard = dictionary.units.iter().position(|unit| unit.name == crate::standard::UNIT).map(UnitId);
        Self {
            documents,
            strict,
            dictionary,
            diagnostics,
            imports: Vec::new(),
            used: documents.iter().map(|document| vec![false; document.imports.len()]).collect(),
            standard,
            vendor_ids: HashMap::new(),
            application_ids: HashMap::new(),
            avp_names: HashMap::new(),
            avp_syntax: Vec::new(),
            clashing_avps: HashSet::new(),
            command_names: HashMap::new(),
            command_syntax: Vec::new(),
            clashing_commands: HashSet::new(),
            resolved_extends: Vec::new(),
        }
    }

    fn document(&self, file: FileId) -> &'a Document {
        &self.documents[file.0]
    }

    fn style(&self, file: FileId) -> Style {
        self.document(file).style
    }

    fn domain(&self, file: FileId) -> Domain {
        match self.style(file) {
            Style::Own => Domain::Own,
            Style::Go => Domain::Go(self.dictionary.unit_of(file)),
        }
    }

    /// A mistake that go-diameter's files are allowed to make: an error in our own.
    fn mistake(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, self.leniency(span.file), span, message)
    }

    fn leniency(&self, file: FileId) -> Severity {
        crate::reader::severity(self.style(file), self.strict)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
