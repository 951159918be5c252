//! What Wireshark's files say, before anything is compared or looked up.

use crate::model::FileId;
use crate::source::Span;
use std::collections::HashSet;

/// A text and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) span: Span,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// The files given, as against those that they draw in.
    pub(super) main_files: Vec<FileId>,
    /// Files that are read only because others refer to what they define.
    pub(super) context: HashSet<FileId>,
    pub(super) vendors: Vec<RawVendor>,
    pub(super) applications: Vec<RawApplication>,
    pub(super) commands: Vec<RawCommand>,
    pub(super) types: Vec<RawType>,
    pub(super) avps: Vec<RawAvp>,
}

#[derive(Clone, Debug)]
pub(super) struct RawVendor {
    /// The symbolic id.
    pub(super) symbol: String,
    pub(super) id: u32,
    pub(super) name: Option<String>,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct RawApplication {
    pub(super) id: u32,
    pub(super) name: Option<String>,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct RawCommand {
    pub(super) name: String,
    pub(super) code: u32,
    /// The application it stands in; none for one of the base protocol.
    pub(super) application: Option<u32>,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) struct RawType {
    pub(super) name: String,
    pub(super) parent: Option<String>,
}

/// `must`, `may`, `mustnot` or `shouldnot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Bit {
    Must,
    #[default]
    May,
    MustNot,
}

#[derive(Clone, Debug)]
pub(super) struct RawAvp {
    pub(super) name: String,
    pub(super) code: u32,
    /// The symbolic id of its vendor.
    pub(super) vendor: Option<Text>,
    /// That of the `vendor` element it stands in.
    pub(super) enclosing_vendor: Option<String>,
    pub(super) application: Option<u32>,
    pub(super) mandatory: Bit,
    pub(super) protected: Bit,
    pub(super) vendor_bit: Option<Bit>,
    pub(super) may_encrypt: bool,
    pub(super) description: Option<String>,
    pub(super) type_name: Option<Text>,
    pub(super) grouped: bool,
    pub(super) members: Vec<Text>,
    pub(super) items: Vec<RawItem>,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawItem {
    pub(super) label: String,
    pub(super) value: i64,
    pub(super) span: Span,
}
