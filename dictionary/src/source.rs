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
