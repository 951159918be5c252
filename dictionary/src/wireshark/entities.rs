//! The entities that a document type declaration names, and the folder that external ones come from.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest file that is read, in octets. Wireshark's largest has 400 000.
pub(super) const MAX_FILE: u64 = 16 << 20;
/// The most entities that one declaration may name.
const MAX_ENTITIES: usize = 1024;
/// The largest value of an internal entity, in octets.
const MAX_VALUE: usize = 64 << 10;

/// Where external entities come from.
pub trait Folder {
    /// The text of a file of the folder. `name` is a plain file name. `Err` tells why it cannot be read.
    fn read(&self, name: &str) -> Result<String, String>;

    /// How the file is named in diagnostics.
    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// A folder without any file.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFolder;

impl Folder for NoFolder {
    fn read(&self, _: &str) -> Result<String, String> {
        Err("there is no folder to read it from".to_owned())
    }
}

/// A folder on disk. Links that lead out of it are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory(PathBuf);

impl Directory {
    /// The folder that a file is in.
    pub fn of(file: &Path) -> Self {
        match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Self(parent.to_owned()),
            _ => Self(PathBuf::from(".")),
        }
    }
}

impl Folder for Directory {
    fn read(&self, name: &str) -> Result<String, String> {
        let folder = self.0.canonicalize().map_err(|error| error.to_string())?;
        let file = folder.join(name).canonicalize().map_err(|error| error.to_string())?;
        if file.parent() != Some(folder.as_path()) {
            return Err("it leads out of the folder".to_owned());
        }
        read_bounded(&file, MAX_FILE)
    }

    fn shown(&self, name: &str) -> String {
        if self.0.as_os_str() == "." { name.to_owned() } else { self.0.join(name).display().to_string() }
    }
}

/// The text of a regular file of bounded size.
pub(super) fn read_bounded(path: &Path, most: u64) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut octets = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(most + 1).read_to_end(&mut octets).map_err(|error| error.to_string())?;
    if octets.len() as u64 > most {
        return Err(format!("it has more than {most} octets"));
    }
    String::from_utf8(octets).map_err(|error| format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))
}

/// What an entity stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entity {
    /// A file.
    External(String),
    /// A text.
    Internal(String),
}

/// Whether a name is that of a file of the same folder, and of nothing else on any system.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.len() <= 255
        && !name.contains(|c: char| matches!(c, '/' | '\\' | ':' | '%' | '?' | '#') || c.is_control())
}

/// The general entities that a document type declaration declares; of two of one name the first counts, as XML says.
/// Parameter entities, notations and everything else are passed over. `Err` tells what is out of bounds.
pub(super) fn declared(doctype: &str) -> Result<HashMap<String, Entity>, String> {
    let mut entities = HashMap::new();
    let Some((_, mut rest)) = doctype.split_once('[') else { return Ok(entities) };
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(instruction) = rest.strip_prefix("<?") {
            rest = instruction.split_once("?>").map_or("", |(_, after)| after);
        } else {
            let (declaration, after) = split_declaration(rest);
            rest = after;
            let Some((name, entity)) = declaration.strip_prefix("<!ENTITY").and_then(entity) else { continue };
            if matches!(&entity, Entity::Internal(value) if value.len() > MAX_VALUE) {
                return Err(format!("the entity `{name}` is longer than {MAX_VALUE} octets"));
            }
            entities.entry(name).or_insert(entity);
            if entities.len() > MAX_ENTITIES {
                return Err(format!("more than {MAX_ENTITIES} entities are declared"));
            }
        }
    }
    Ok(entities)
}

/// Up to the `>` that is in no quotes, and what follows it.
fn split_declaration(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '>') => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// ` name SYSTEM "file"`, ` name PUBLIC "…" "file"` or ` name "value"`.
fn entity(declaration: &str) -> Option<(String, Entity)> {
    let declaration = declaration.trim();
    let (name, rest) = declaration.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    if name == "%" {
        return None;
    }
    let entity = if let Some(rest) = rest.strip_prefix("SYSTEM") {
        Entity::External(quoted(rest.trim_start())?.0.to_owned())
    } else if let Some(rest) = rest.strip_prefix("PUBLIC") {
        let (_, rest) = quoted(rest.trim_start())?;
        Entity::External(quoted(rest.trim_start())?.0.to_owned())
    } else {
        Entity::Internal(quoted(rest)?.0.to_owned())
    };
    Some((name.to_owned(), entity))
}

/// A quoted text, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_among_comments_and_quotes() {
        let doctype = r#" dictionary SYSTEM "dictionary.dtd" [
            <!-- <!ENTITY no SYSTEM "no.xml"> -->
            <!ENTITY one SYSTEM "one.xml">
            <!ENTITY two PUBLIC "-//x" 'two.xml' >
            <!ENTITY % parameter SYSTEM "p.xml">
            <!ENTITY text "<avp name='>'/>">
            <!ENTITY one "again">
        ]"#;
        let found = declared(doctype).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found["one"], Entity::External("one.xml".to_owned()));
        assert_eq!(found["two"], Entity::External("two.xml".to_owned()));
        assert_eq!(found["text"], Entity::Internal("<avp name='>'/>".to_owned()));
    }

    #[test]
    fn only_files_of_the_folder_are_plain() {
        for name in ["Acme.xml", "a-b_c.1.xml"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", ".", "..", "../a.xml", "/etc/passwd", "a/b.xml", "a\\b.xml", "C:a.xml", "http://x/a.xml", ".a"]
        {
            assert!(!is_plain(name), "{name}");
        }
    }
}
