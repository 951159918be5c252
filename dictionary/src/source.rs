//! Where things stand in the XML text.

use crate::model::FileId;

/// A place in a dictionary file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// How many characters to underline; 0 where only a point is meant.
    pub length: u32,
}

impl Span {
    /// The beginning of a file, for what concerns the file as a whole.
    pub fn start(file: FileId) -> Self {
        Self { file, line: 1, column: 1, length: 0 }
    }
}

/// The text of one dictionary file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: String,
    text: String,
    line_starts: Vec<usize>,
    ascii: bool,
}

impl Source {
    /// A text and the path or label it is known by. A byte order mark is dropped.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let ascii = text.is_ascii();
        Self { path: path.into(), text, line_starts, ascii }
    }

    /// The path or label shown in diagnostics.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A line by its number, counted from 1, without its line ending.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        let start = *self.line_starts.get(index)?;
        let end = self.line_starts.get(index + 1).copied().unwrap_or(self.text.len());
        Some(self.text.get(start..end)?.trim_end_matches(['\n', '\r']))
    }

    /// The span of a range of bytes; a range over several lines is cut at the end of the first.
    pub(crate) fn span(&self, file: FileId, start: usize, end: usize) -> Span {
        let start = self.boundary(start);
        let line = self.line_starts.partition_point(|&line_start| line_start <= start).max(1) - 1;
        let line_start = self.line_starts[line];
        let line_end = self.line_starts.get(line + 1).map_or(self.text.len(), |&next| next - 1);
        let end = self.boundary(end.min(line_end)).max(start);
        Span {
            file,
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            column: self.characters(line_start, start).saturating_add(1),
            length: self.characters(start, end),
        }
    }

    fn characters(&self, start: usize, end: usize) -> u32 {
        let count = if self.ascii { end - start } else { self.text[start..end].chars().count() };
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The nearest character boundary at or before an offset.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// The texts of all files of a load, by [`FileId`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and gives its id.
    pub fn add(&mut self, source: Source) -> FileId {
        self.0.push(source);
        FileId(self.0.len() - 1)
    }

    /// The text of a file.
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.0.get(file.0)
    }

    /// All texts, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.0.iter().enumerate().map(|(index, source)| (FileId(index), source))
    }
}
