//! A definition as an XML dictionary, so that it gets every check that dictionaries get.

use crate::ast::Errors;
use diametric_dictionary::Loader;
use diametric_dictionary::diagnostics::Severity;
use diametric_dictionary::model::Dictionary;
use proc_macro2::Span;

/// The text of a dictionary with one definition, in which each attribute has a line of its own, by which what is wrong
/// with it finds back to its token.
pub(crate) struct Draft {
    text: String,
    /// By number of the line, which counts from 1.
    lines: Vec<Option<Span>>,
}

impl Draft {
    pub(crate) fn new() -> Self {
        let mut draft = Self { text: String::new(), lines: vec![None] };
        draft.line("<diameter name=\"derive\">", None);
        draft
    }

    /// A line of the format's own words.
    pub(crate) fn line(&mut self, text: &str, span: Option<Span>) {
        self.text.push_str(text);
        self.text.push('\n');
        self.lines.push(span);
    }

    /// An attribute of the element that was begun.
    pub(crate) fn attribute(&mut self, name: &str, value: &str, span: Span) {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\n', "&#10;");
        self.line(&format!("{name}=\"{value}\""), Some(span));
    }

    /// What the dictionary's checks make of it; mistakes of no attribute are told at `otherwise`.
    pub(crate) fn load(mut self, otherwise: Span) -> (Dictionary, Errors) {
        self.line("</diameter>", None);
        let mut loader = Loader::new();
        let unit = loader.unit("derive", None);
        loader.add_text(unit, "derive.xml", &self.text);
        let loaded = loader.load();
        let mut errors = Errors::default();
        for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error) {
            let span = self.lines.get(diagnostic.span.line as usize).copied().flatten().unwrap_or(otherwise);
            let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
            errors.push(span, format!("{}{help}", diagnostic.message));
        }
        (loaded.dictionary, errors)
    }
}
