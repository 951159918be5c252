//! From XML events to definitions. Entities are read where they are referred to.

use super::MAIN;
use super::entities::{self, Entity, Folder};
use super::raw::{Bit, Raw, RawApplication, RawAvp, RawCommand, RawItem, RawType, RawVendor, Text};
use crate::diagnostics::{Diagnostic, Severity, catalogue};
use crate::model::{COMMAND_MAX, FileId};
use crate::reader::tree::position;
use crate::source::{Source, Sources, Span};
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape_with};
use quick_xml::events::{BytesStart, Event};
use std::collections::{HashMap, HashSet};

/// How deep files may draw in others.
const MAX_DEPTH: usize = 8;
/// How deep elements may be nested, over all files together.
const MAX_ELEMENTS: usize = 32;
/// How many entities may be replaced.
const MAX_REPLACED: usize = 1024;
/// How much may be read, all files and entities together, in octets.
const MAX_TOTAL: usize = 64 << 20;

/// The first mistake of this layer ends the reading of a file.
type Outcome<T = ()> = Result<T, Box<Diagnostic>>;

/// Definitions as far as they are read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) raw: Raw,
    /// Whether one of the files given is a part, not a whole dictionary.
    pub(super) is_fragment: bool,
    /// File names read, none of which is read again.
    loaded: HashSet<String>,
    entities: HashMap<String, Entity>,
    /// Entities being replaced.
    stack: Vec<String>,
    replaced: usize,
    total: usize,
    open: Vec<Open>,
    avp: Option<Building>,
    /// Whether what is read is only there to be referred to.
    is_context: bool,
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    name: String,
    span: Span,
    vendor: Option<String>,
    application: Option<u32>,
}

/// An AVP that is being read, and whether enough of it was right.
struct Building {
    avp: RawAvp,
    usable: bool,
}

/// The attributes of an element, entities replaced.
struct Attributes(Vec<(String, Text)>);

impl Attributes {
    fn get(&self, name: &str) -> Option<&Text> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, text)| text)
    }

    fn filled(&self, name: &str) -> Option<&Text> {
        self.get(name).filter(|text| !text.value.is_empty())
    }
}

impl Reading {
    /// Reads a file that is to be imported.
    pub(super) fn main(&mut self, path: &str, text: &str, folder: &dyn Folder) {
        self.is_context = false;
        let file_name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
        self.loaded.insert(file_name);
        let file = self.sources.add(Source::new(path, text));
        self.raw.main_files.push(file);
        // A part uses the entities of the whole.
        let whole = (!text.contains("<!DOCTYPE")).then(|| folder.read(MAIN).ok()).flatten();
        let entities = whole.map(|whole| declared_entities(&whole)).unwrap_or_default();
        self.whole(file, entities, folder);
    }

    /// Reads a file for what the imported ones refer to.
    pub(super) fn context(&mut self, path: &str, text: &str, folder: &dyn Folder) {
        self.is_context = true;
        let file = self.sources.add(Source::new(path, text));
        self.raw.context.insert(file);
        let before = self.diagnostics.len();
        self.whole(file, HashMap::new(), folder);
        // What is wrong there need not be wrong with what is wanted.
        for diagnostic in &mut self.diagnostics[before..] {
            diagnostic.severity = Severity::Warning;
        }
    }

    /// Whether a file has not been read yet.
    pub(super) fn is_new(&self, name: &str) -> bool {
        !self.loaded.contains(name)
    }

    pub(super) fn unreadable(&mut self, path: &str, cause: &str) {
        let file = self.sources.add(Source::new(path, ""));
        let message = format!("cannot read {path}: {cause}");
        self.diagnostics.push(Diagnostic::error(catalogue::UNREADABLE_FILE, Span::start(file), message));
    }

    fn whole(&mut self, file: FileId, entities: HashMap<String, Entity>, folder: &dyn Folder) {
        self.entities = entities;
        self.open.clear();
        self.stack.clear();
        self.avp = None;
        if let Err(diagnostic) = self.source(file, folder) {
            self.diagnostics.push(*diagnostic);
        }
        self.avp = None;
    }

    /// One text: a file, or the value of an entity.
    fn source(&mut self, file: FileId, folder: &dyn Folder) -> Outcome {
        let Some(text) = self.sources.get(file).map(|source| source.text().to_owned()) else { return Ok(()) };
        self.total += text.len();
        if self.total > MAX_TOTAL {
            let message = format!("the files have more than {MAX_TOTAL} octets together");
            return Err(Box::new(Diagnostic::error(catalogue::UNREADABLE_FILE, Span::start(file), message)));
        }
        let depth = self.open.len();
        let mut reader = Reader::from_str(&text);
        reader.config_mut().check_comments = false;
        loop {
            let start = position(reader.buffer_position());
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = position(reader.error_position());
                    return Err(self.not_well_formed(file, at, at + 1, error.to_string()));
                }
            };
            let end = position(reader.buffer_position());
            match event {
                Event::Start(tag) => self.start(file, &tag, start)?,
                Event::Empty(tag) => {
                    self.start(file, &tag, start)?;
                    self.end();
                }
                Event::End(_) if self.open.len() > depth => self.end(),
                Event::End(_) => {
                    return Err(self.not_well_formed(file, start, end, "an end tag closes nothing".to_owned()));
                }
                Event::GeneralRef(reference) => {
                    if !matches!(reference.resolve_char_ref(), Ok(Some(_)))
                        && resolve_predefined_entity(&reference).is_none()
                    {
                        self.replace(file, &reference, self.span(file, start, end), folder)?;
                    }
                }
                Event::DocType(doctype) => match entities::declared(&doctype) {
                    Ok(found) => self.entities.extend(found),
                    Err(message) => {
                        let span = self.span(file, start, end);
                        return Err(Box::new(Diagnostic::error(catalogue::DOCTYPE, span, message)));
                    }
                },
                Event::Text(_) | Event::CData(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        match self.open.len() > depth {
            true => {
                let open = self.open.split_off(depth);
                let message = format!("the file ends inside `<{}>`", open[open.len() - 1].name);
                let place = self.span(file, text.len(), text.len());
                let diagnostic = Diagnostic::error(catalogue::NOT_WELL_FORMED, place, message);
                Err(Box::new(diagnostic.also(open[open.len() - 1].span, "opened")))
            }
            false => Ok(()),
        }
    }

    /// Reads what an entity stands for in its place.
    fn replace(&mut self, file: FileId, name: &str, span: Span, folder: &dyn Folder) -> Outcome {
        let error = |message: String| Box::new(Diagnostic::error(catalogue::DOCTYPE, span, message));
        let Some(entity) = self.entities.get(name).cloned() else {
            return Err(self.unknown_entity(span, name));
        };
        self.replaced += 1;
        if self.stack.len() >= MAX_DEPTH || self.replaced > MAX_REPLACED {
            return Err(error(format!("entities are nested deeper than {MAX_DEPTH}, or more than {MAX_REPLACED}")));
        }
        if self.stack.iter().any(|open| open == name) {
            return Err(error(format!("the entity `{name}` contains itself")));
        }
        let inner = match entity {
            Entity::Internal(value) => {
                let path = format!("&{name}; of {}", self.sources.get(file).map_or("", Source::path));
                self.sources.add(Source::new(path, value))
            }
            Entity::External(system) => {
                if !entities::is_plain(&system) {
                    let message = format!("the entity `{name}` is `{system}`, which is no file of the same folder");
                    return Err(Box::new(
                        Diagnostic::error(catalogue::DOCTYPE, span, message)
                            .help("files are drawn in by their name alone, from the folder of the file itself"),
                    ));
                }
                if !self.loaded.insert(system.clone()) {
                    return Ok(());
                }
                match folder.read(&system) {
                    Ok(text) => self.sources.add(Source::new(folder.shown(&system), text)),
                    Err(cause) => {
                        let message = format!("cannot read {}: {cause}", folder.shown(&system));
                        return Err(Box::new(
                            Diagnostic::error(catalogue::UNREADABLE_FILE, span, message)
                                .help("put the file beside this one, or remove the reference"),
                        ));
                    }
                }
            }
        };
        if self.is_context {
            self.raw.context.insert(inner);
        }
        self.stack.push(name.to_owned());
        let outcome = self.source(inner, folder);
        self.stack.pop();
        outcome
    }

    fn unknown_entity(&self, span: Span, name: &str) -> Box<Diagnostic> {
        let message = format!("the entity `&{name};` is not declared");
        let known = self.entities.keys().map(String::as_str);
        let help = crate::diagnostics::did_you_mean(name, known)
            .unwrap_or_else(|| format!("declare it: `<!ENTITY {name} SYSTEM \"{name}.xml\">`"));
        Box::new(Diagnostic::error(catalogue::NOT_WELL_FORMED, span, message).help(help))
    }

    fn start(&mut self, file: FileId, tag: &BytesStart<'_>, start: usize) -> Outcome {
        let name = tag.name().0.to_owned();
        let span = self.span(file, start, start + 1 + name.len());
        if self.open.len() >= MAX_ELEMENTS {
            let message = format!("elements are nested deeper than {MAX_ELEMENTS}");
            return Err(Box::new(Diagnostic::error(catalogue::NESTED_TOO_DEEP, span, message)));
        }
        let attributes = self.attributes(file, tag, start)?;
        let parent = self.open.last();
        let mut open = Open {
            name: name.clone(),
            span,
            vendor: parent.and_then(|parent| parent.vendor.clone()),
            application: parent.and_then(|parent| parent.application),
        };
        if parent.is_none() && name != "dictionary" {
            if name == "diameter" {
                return Err(Box::new(
                    Diagnostic::error(catalogue::UNKNOWN_ELEMENT, span, "this is no dictionary of Wireshark").help(
                        "it is in our format, or that of go-diameter; `diametric dictionary check` reads it as it is",
                    ),
                ));
            }
            self.is_fragment |= !self.is_context;
        }
        match name.as_str() {
            "vendor" => {
                open.vendor = attributes.filled("vendor-id").map(|symbol| symbol.value.clone());
                self.vendor(&attributes, span);
            }
            "application" => open.application = self.application(&attributes, span),
            "command" => self.command(&attributes, open.application, span),
            "typedefn" => {
                if let Some(name) = attributes.filled("type-name") {
                    let parent = attributes.filled("type-parent").map(|parent| parent.value.clone());
                    self.raw.types.push(RawType { name: name.value.clone(), parent });
                }
            }
            "avp" => self.begin_avp(&attributes, &open, span),
            "type" => {
                let name = attributes.filled("type-name").cloned();
                if let Some(building) = &mut self.avp {
                    building.avp.type_name = name;
                }
            }
            "grouped" => {
                if let Some(building) = &mut self.avp {
                    building.avp.grouped = true;
                }
            }
            "gavp" => {
                if let (Some(building), Some(name)) = (&mut self.avp, attributes.filled("name")) {
                    building.avp.members.push(name.clone());
                }
            }
            "enum" => self.item(&attributes, span),
            "dictionary" | "base" => {}
            other => {
                let message = format!("`<{other}>` is not known to Wireshark's format");
                self.diagnostics.push(Diagnostic::warning(catalogue::UNKNOWN_ELEMENT, span, message));
            }
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if open.name == "avp"
            && let Some(building) = self.avp.take().filter(|building| building.usable)
        {
            self.raw.avps.push(building.avp);
        }
    }

    fn vendor(&mut self, attributes: &Attributes, span: Span) {
        let Some(symbol) = self.needed(attributes, "vendor", "vendor-id", span) else { return };
        let Some(id) = self.unsigned(attributes, "vendor", "code", u32::MAX, span) else { return };
        let name = attributes.filled("name").map(|name| name.value.clone());
        self.raw.vendors.push(RawVendor { symbol, id, name, span });
    }

    fn application(&mut self, attributes: &Attributes, span: Span) -> Option<u32> {
        let id = self.unsigned(attributes, "application", "id", u32::MAX, span)?;
        let name = attributes.filled("name").map(|name| name.value.clone());
        self.raw.applications.push(RawApplication { id, name, span });
        Some(id)
    }

    fn command(&mut self, attributes: &Attributes, application: Option<u32>, span: Span) {
        let Some(name) = self.needed(attributes, "command", "name", span) else { return };
        let Some(code) = self.unsigned(attributes, "command", "code", COMMAND_MAX, span) else { return };
        self.raw.commands.push(RawCommand { name, code, application, span });
    }

    fn begin_avp(&mut self, attributes: &Attributes, open: &Open, span: Span) {
        let name = self.needed(attributes, "avp", "name", span);
        let code = self.unsigned(attributes, "avp", "code", u32::MAX, span);
        let usable = name.is_some() && code.is_some();
        let encrypt = attributes.filled("may-encrypt").is_none_or(|text| text.value != "no");
        let avp = RawAvp {
            name: name.unwrap_or_default(),
            code: code.unwrap_or_default(),
            vendor: attributes.filled("vendor-id").cloned(),
            enclosing_vendor: open.vendor.clone(),
            application: open.application,
            mandatory: self.bit(attributes, "mandatory").unwrap_or_default(),
            protected: self.bit(attributes, "protected").unwrap_or_default(),
            vendor_bit: self.bit(attributes, "vendor-bit"),
            may_encrypt: encrypt,
            description: attributes.filled("description").map(|text| text.value.clone()),
            type_name: None,
            grouped: false,
            members: Vec::new(),
            items: Vec::new(),
            span,
        };
        self.avp = Some(Building { avp, usable });
    }

    fn item(&mut self, attributes: &Attributes, span: Span) {
        let label = attributes.get("name").map(|name| name.value.clone()).unwrap_or_default();
        let Some(code) = attributes.filled("code") else {
            self.missing("enum", "code", span);
            return;
        };
        match number(&code.value).filter(|value| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(value)) {
            Some(value) => {
                if let Some(building) = &mut self.avp {
                    building.avp.items.push(RawItem { label, value, span });
                }
            }
            None => {
                let message = format!("the value `{}` is no number of 32 bits", code.value);
                self.diagnostics.push(Diagnostic::warning(catalogue::BAD_NUMBER, code.span, message));
            }
        }
    }

    /// An attribute without which an element means nothing.
    fn needed(&mut self, attributes: &Attributes, element: &str, name: &str, span: Span) -> Option<String> {
        let value = attributes.filled(name).map(|text| text.value.clone());
        if value.is_none() {
            self.missing(element, name, span);
        }
        value
    }

    fn unsigned(&mut self, attributes: &Attributes, element: &str, name: &str, most: u32, span: Span) -> Option<u32> {
        let Some(text) = attributes.filled(name) else {
            self.missing(element, name, span);
            return None;
        };
        let value = number(&text.value).and_then(|value| u32::try_from(value).ok()).filter(|value| *value <= most);
        if value.is_none() {
            let message = format!("`{name}` is no number from 0 to {most}: `{}`; left out", text.value);
            self.diagnostics.push(Diagnostic::warning(catalogue::BAD_NUMBER, text.span, message));
        }
        value
    }

    fn missing(&mut self, element: &str, name: &str, span: Span) {
        let message = format!("`<{element}>` lacks the attribute `{name}`; left out");
        self.diagnostics.push(Diagnostic::warning(catalogue::MISSING_ATTRIBUTE, span, message));
    }

    fn bit(&mut self, attributes: &Attributes, name: &str) -> Option<Bit> {
        let text = attributes.filled(name)?;
        match text.value.as_str() {
            "must" => Some(Bit::Must),
            "may" | "shouldnot" => Some(Bit::May),
            "mustnot" => Some(Bit::MustNot),
            other => {
                let message = format!("`{name}` cannot be `{other}`; taken as `may`");
                self.diagnostics.push(
                    Diagnostic::warning(catalogue::BAD_VALUE, text.span, message)
                        .help("the words are must, may, mustnot and shouldnot"),
                );
                None
            }
        }
    }

    fn attributes(&self, file: FileId, tag: &BytesStart<'_>, start: usize) -> Outcome<Attributes> {
        let content = start + 1;
        // The parts of a tag are slices of its text.
        let offset = |part: &str| content + (part.as_ptr() as usize).saturating_sub(tag.as_ptr() as usize);
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute
                .map_err(|error| self.not_well_formed(file, content, content + 1, format!("an attribute: {error}")))?;
            let raw = &*attribute.value;
            let at = offset(raw);
            let value = unescape_with(raw, |name| self.inside_attribute(name)).map_err(|error| {
                self.not_well_formed(file, at, at + raw.len(), format!("the value has a bad entity: {error}"))
            })?;
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            let span = self.span(file, at, at + raw.len());
            attributes.push((attribute.key.0.to_owned(), Text { value, span }));
        }
        Ok(Attributes(attributes))
    }

    /// An entity in an attribute: a predefined one, or a text without markup and further entities.
    fn inside_attribute(&self, name: &str) -> Option<&str> {
        resolve_predefined_entity(name).or_else(|| match self.entities.get(name) {
            Some(Entity::Internal(value)) if value.len() < 1024 && !value.contains(['<', '&']) => Some(value),
            _ => None,
        })
    }

    fn span(&self, file: FileId, start: usize, end: usize) -> Span {
        self.sources.get(file).map_or(Span::start(file), |source| source.span(file, start, end))
    }

    fn not_well_formed(&self, file: FileId, start: usize, end: usize, message: String) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(catalogue::NOT_WELL_FORMED, self.span(file, start, end), message))
    }
}

/// The entities that a file declares, as far as it can be read.
fn declared_entities(text: &str) -> HashMap<String, Entity> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::DocType(doctype)) => return entities::declared(&doctype).unwrap_or_default(),
            Ok(Event::Start(_) | Event::Empty(_) | Event::Eof) | Err(_) => return HashMap::new(),
            Ok(_) => {}
        }
    }
}

/// A decimal number, or a hexadecimal one as some files have them.
fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-'])),
        None => text.parse().ok().filter(|_| !text.starts_with('+')),
    }
}
