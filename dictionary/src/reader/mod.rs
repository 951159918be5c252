//! From the text of a file to its syntax: first a tree of elements, then a check of what stands where, then the values.

pub(crate) mod ast;
mod attributes;
mod lower;
mod schema;
pub(crate) mod tree;

use crate::diagnostics::{Diagnostic, Severity};
use crate::model::FileId;
use crate::source::Source;
use ast::{Document, Style};

/// How bad a mistake is that go-diameter's files are allowed to make.
pub(crate) fn severity(style: Style, strict: bool) -> Severity {
    match style {
        Style::Go if !strict => Severity::Warning,
        _ => Severity::Error,
    }
}

/// Reads one file. Whatever is wrong with it, what could be understood is in the document.
pub(crate) fn read(file: FileId, source: &Source, strict: bool, diagnostics: &mut Vec<Diagnostic>) -> Document {
    let tree = tree::parse(file, source, diagnostics);
    let mut document = Document::new(file);
    document.broken = tree.broken;
    let Some(mut root) = tree.root else { return document };
    match schema::check(&mut root, strict, diagnostics) {
        Some(style) => {
            document.style = style;
            lower::document(&root, strict, &mut document, diagnostics);
        }
        None => document.broken = true,
    }
    document
}
