//! From XML events to a tree of elements with positions.

use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::FileId;
use crate::source::{Source, Span};
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How deep elements may be nested. The format itself needs six levels.
const MAX_DEPTH: usize = 32;

#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: String,
    /// The `<name` of the start tag.
    pub(super) span: Span,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
    /// Where text other than blanks begins.
    pub(super) text_span: Option<Span>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) span: Span,
    /// Without blanks around it, entities replaced.
    pub(super) value: String,
    pub(super) value_span: Span,
}

/// The root, as far as it could be read, and whether reading came to its end.
pub(super) struct Tree {
    pub(super) root: Option<Element>,
    pub(super) broken: bool,
}

pub(super) fn parse(file: FileId, source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Tree {
    let mut builder = Builder { file, source, open: Vec::new(), root: None };
    let outcome = builder.run();
    let broken = outcome.is_err();
    if let Err(diagnostic) = outcome {
        let too_deep = diagnostic.code == catalogue::NESTED_TOO_DEEP;
        diagnostics.push(*diagnostic);
        if too_deep {
            // No dictionary at all: what its elements are need not be told.
            return Tree { root: None, broken };
        }
    }
    while let Some(element) = builder.open.pop() {
        builder.close(element);
    }
    Tree { root: builder.root, broken }
}

struct Builder<'a> {
    file: FileId,
    source: &'a Source,
    open: Vec<Element>,
    root: Option<Element>,
}

/// The first mistake of this layer ends the reading of a file.
type Outcome<T = ()> = Result<T, Box<Diagnostic>>;

impl Builder<'_> {
    fn run(&mut self) -> Outcome {
        let mut reader = Reader::from_str(self.source.text());
        reader.config_mut().check_comments = false;
        loop {
            let start = position(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => return Err(self.reading_error(&error, position(reader.error_position()))),
            };
            let end = position(reader.buffer_position());
            match event {
                Event::Start(tag) => {
                    let element = self.element(&tag, start)?;
                    self.open.push(element);
                }
                Event::Empty(tag) => {
                    let element = self.element(&tag, start)?;
                    self.close(element);
                }
                Event::End(_) => {
                    if let Some(element) = self.open.pop() {
                        self.close(element);
                    }
                }
                Event::Text(text) => self.text(&text, start, end)?,
                Event::CData(text) => self.text(&text, start, end)?,
                Event::GeneralRef(reference) => {
                    let text = self.reference(&reference, start, end)?;
                    self.text(&text, start, end)?;
                }
                Event::DocType(_) => {
                    return Err(Box::new(
                        Diagnostic::error(
                            catalogue::DOCTYPE,
                            self.source.span(self.file, start, start + "<!DOCTYPE".len()),
                            "a dictionary may not have a document type declaration",
                        )
                        .help("remove it: dictionaries use no entities; other files are drawn in by `<import dictionary=\"…\"/>`"),
                    ));
                }
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => return self.at_end(),
            }
        }
    }

    fn at_end(&self) -> Outcome {
        let end = self.source.text().len();
        match self.open.last() {
            Some(element) => Err(Box::new(
                self.not_well_formed(end, end, format!("the file ends inside `<{}>`", element.name))
                    .also(element.span, "opened")
                    .help(format!("close it with `</{}>`", element.name)),
            )),
            None if self.root.is_none() => Err(Box::new(
                self.not_well_formed(0, 0, "the file holds no XML element".to_owned())
                    .help("a dictionary is one `<diameter>` element"),
            )),
            None => Ok(()),
        }
    }

    fn element(&self, tag: &BytesStart<'_>, start: usize) -> Outcome<Element> {
        let name = tag.name().0.to_owned();
        let span = self.source.span(self.file, start, start + 1 + name.len());
        if self.open.is_empty() && self.root.is_some() {
            return Err(Box::new(
                self.not_well_formed(start, start + 1 + name.len(), "a file has one root element only".to_owned())
                    .help("put everything into one `<diameter>` element"),
            ));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(
                Diagnostic::error(
                    catalogue::NESTED_TOO_DEEP,
                    span,
                    format!("elements are nested deeper than {MAX_DEPTH}"),
                )
                .help("no dictionary needs this; is this file one?"),
            ));
        }
        let content = start + 1;
        // The parts of a tag are slices of its text.
        let offset = |part: &str| content + (part.as_ptr() as usize).saturating_sub(tag.as_ptr() as usize);
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| self.attribute_error(&error, content))?;
            let (key, raw) = (attribute.key.0, &*attribute.value);
            let (key_at, value_at) = (offset(key), offset(raw));
            let value_span = self.source.span(self.file, value_at, value_at + raw.len());
            let value = unescape(raw).map_err(|error| {
                Box::new(
                    self.not_well_formed(
                        value_at,
                        value_at + raw.len(),
                        format!("the value has a bad entity: {error}"),
                    )
                    .help("write `&` as `&amp;` and `<` as `&lt;`; other entities do not exist here"),
                )
            })?;
            attributes.push(Attribute {
                name: key.to_owned(),
                span: self.source.span(self.file, key_at, key_at + key.len()),
                value: value.trim().replace(['\t', '\r', '\n'], " "),
                value_span,
            });
        }
        Ok(Element { name, span, attributes, children: Vec::new(), text: String::new(), text_span: None })
    }

    fn close(&mut self, element: Element) {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str, start: usize, end: usize) -> Outcome {
        let blank = text.trim().is_empty();
        match self.open.last_mut() {
            Some(element) => {
                if !blank && element.text_span.is_none() {
                    let skipped = text.len() - text.trim_start().len();
                    element.text_span = Some(self.source.span(self.file, start + skipped, end));
                }
                element.text.push_str(text);
                Ok(())
            }
            None if blank => Ok(()),
            None => {
                let skipped = text.len() - text.trim_start().len();
                Err(Box::new(
                    self.not_well_formed(start + skipped, end, "text outside the root element".to_owned())
                        .help("a dictionary is one `<diameter>` element"),
                ))
            }
        }
    }

    fn reference(&self, reference: &BytesRef<'_>, start: usize, end: usize) -> Outcome<String> {
        if let Ok(Some(c)) = reference.resolve_char_ref() {
            return Ok(c.to_string());
        }
        match resolve_predefined_entity(reference) {
            Some(text) => Ok(text.to_owned()),
            None => Err(Box::new(
                self.not_well_formed(start, end, format!("the entity `&{};` does not exist", &**reference))
                    .help("write `&` as `&amp;` and `<` as `&lt;`; other entities do not exist here"),
            )),
        }
    }

    fn not_well_formed(&self, start: usize, end: usize, message: String) -> Diagnostic {
        Diagnostic::error(catalogue::NOT_WELL_FORMED, self.source.span(self.file, start, end), message)
    }

    fn reading_error(&self, error: &Error, at: usize) -> Box<Diagnostic> {
        let diagnostic = match error {
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                let diagnostic =
                    self.not_well_formed(at, at + 2 + found.len(), format!("`<{expected}>` is closed by `</{found}>`"));
                match self.open.last() {
                    Some(element) => diagnostic.also(element.span, "opened"),
                    None => diagnostic,
                }
                .help(format!("close it with `</{expected}>`"))
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => self
                .not_well_formed(at, at + 2 + found.len(), format!("`</{found}>` closes nothing"))
                .help("remove it, or add the start tag"),
            error => self
                .not_well_formed(at, at + 1, error.to_string())
                .help("a file that an XML editor accepts will be read"),
        };
        Box::new(diagnostic)
    }

    fn attribute_error(&self, error: &AttrError, content: usize) -> Box<Diagnostic> {
        let (at, message, help) = match *error {
            AttrError::ExpectedEq(at) => (at, "an attribute lacks its `=`", "write `name=\"value\"`"),
            AttrError::ExpectedValue(at) => (at, "an attribute lacks its value", "write `name=\"value\"`"),
            AttrError::UnquotedValue(at) => {
                (at, "the value of an attribute lacks its quotes", "write `name=\"value\"`")
            }
            AttrError::ExpectedQuote(at, _) => {
                (at, "the value of an attribute lacks its closing quote", "add the quote")
            }
            AttrError::Duplicated(at, _) => (at, "an attribute is given twice", "remove one of the two"),
        };
        let mut diagnostic = self.not_well_formed(content + at, content + at + 1, message.to_owned()).help(help);
        if let AttrError::Duplicated(_, first) = *error {
            diagnostic = diagnostic.also(self.source.span(self.file, content + first, content + first), "first given");
        }
        Box::new(diagnostic)
    }
}

/// Positions are counted in `u64` by the reader, in memory they are `usize`.
pub(crate) fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
