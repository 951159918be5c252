//! What a dictionary file says, before names are looked up. Values that were given wrongly are reported by the reader and
//! absent here; what could be read of their element stays, so that one mistake is not reported again by each reference.

use crate::model::{ApplicationKind, DataType, FileId};
use crate::source::Span;

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Whose rules a file is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Ours: the root has a `name`, or something is used that go-diameter does not have.
    Own,
    /// go-diameter's: contradictions and dangling names are warnings.
    Go,
}

#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) file: FileId,
    pub(crate) style: Style,
    /// Whether a part of the file could not be read at all, so that a name not found may well be defined there.
    pub(crate) broken: bool,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) module: Option<Spanned<String>>,
    pub(crate) spec: Option<String>,
    pub(crate) imports: Vec<Spanned<String>>,
    pub(crate) vendors: Vec<Vendor>,
    pub(crate) applications: Vec<Application>,
    pub(crate) avps: Vec<Avp>,
    pub(crate) commands: Vec<Command>,
    pub(crate) extends: Vec<Extend>,
    pub(crate) answer_messages: Vec<Message>,
}

impl Document {
    pub(crate) fn new(file: FileId) -> Self {
        Self {
            file,
            style: Style::Go,
            broken: false,
            name: None,
            module: None,
            spec: None,
            imports: Vec::new(),
            vendors: Vec::new(),
            applications: Vec::new(),
            avps: Vec::new(),
            commands: Vec::new(),
            extends: Vec::new(),
            answer_messages: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Vendor {
    pub(crate) id: Spanned<u32>,
    pub(crate) name: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) id: u32,
    pub(crate) name: Option<String>,
    pub(crate) kind: Option<ApplicationKind>,
    pub(crate) module: Option<Spanned<String>>,
    pub(crate) span: Span,
}

/// One of the three flags in `must`, `may` and `must-not`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flag {
    M,
    P,
    V,
}

#[derive(Clone, Debug)]
pub(crate) struct Avp {
    pub(crate) name: Spanned<String>,
    pub(crate) code: Option<Spanned<u32>>,
    pub(crate) vendor: Option<Spanned<String>>,
    pub(crate) must: Vec<Spanned<Flag>>,
    pub(crate) may: Vec<Spanned<Flag>>,
    pub(crate) must_not: Vec<Spanned<Flag>>,
    pub(crate) may_encrypt: Option<bool>,
    pub(crate) spec: Option<String>,
    pub(crate) deprecated: Option<String>,
    pub(crate) rust_name: Option<Spanned<String>>,
    pub(crate) closed: bool,
    pub(crate) boxed: bool,
    pub(crate) doc: Option<String>,
    pub(crate) data: Data,
    /// The enclosing application's id.
    pub(crate) application: Option<u32>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    /// Absent where it was not given or does not exist, which has been reported.
    pub(crate) data_type: Option<Spanned<DataType>>,
    pub(crate) items: Vec<Item>,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) value: Option<Spanned<i128>>,
    pub(crate) label: Spanned<String>,
    pub(crate) rust_name: Option<Spanned<String>>,
    pub(crate) spec: Option<String>,
    pub(crate) deprecated: Option<String>,
    pub(crate) span: Span,
}

/// Rules, and whether `<any/>` follows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) rules: Vec<Rule>,
    pub(crate) any: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) avp: Spanned<String>,
    pub(crate) vendor: Option<Spanned<String>>,
    pub(crate) required: Option<Spanned<bool>>,
    pub(crate) fixed: Option<Spanned<bool>>,
    pub(crate) min: Option<Spanned<u32>>,
    /// The inner `None` is `*`.
    pub(crate) max: Option<Spanned<Option<u32>>>,
    pub(crate) rust_name: Option<Spanned<String>>,
    pub(crate) spec: Option<String>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) name: Spanned<String>,
    pub(crate) code: Option<Spanned<u32>>,
    pub(crate) short: Option<String>,
    pub(crate) application: Option<Spanned<u32>>,
    pub(crate) proxiable: Option<bool>,
    pub(crate) like: Option<Spanned<String>>,
    pub(crate) spec: Option<String>,
    pub(crate) rust_name: Option<Spanned<String>>,
    pub(crate) doc: Option<String>,
    pub(crate) request: Option<Message>,
    pub(crate) answer: Option<Message>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) name: Option<String>,
    pub(crate) short: Option<String>,
    pub(crate) rust_name: Option<Spanned<String>>,
    pub(crate) body: Body,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Extend {
    pub(crate) target: Target,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Command {
        name: Spanned<String>,
        /// Absent where it was not given or is not a number, which has been reported.
        application: Option<Spanned<u32>>,
        request: Option<Box<Message>>,
        answer: Option<Box<Message>>,
    },
    Avp {
        name: Spanned<String>,
        vendor: Option<Spanned<String>>,
        body: Body,
        items: Vec<Item>,
    },
}
