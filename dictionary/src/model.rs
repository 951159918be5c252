//! The resolved dictionary: what AVPs, commands and applications exist, after imports and extensions.
//!
//! Everything here is plain data with public fields. References between items are indices into the vectors of
//! [`Dictionary`]; a [`Span`] leads back to the XML element an item was read from.

use crate::source::Span;
use std::fmt;

/// IANA enterprise number; 0 means the IETF, for which the wire carries no Vendor-Id.
pub type VendorId = u32;

/// The highest command code: it has 24 bits.
pub const COMMAND_MAX: u32 = 0x00ff_ffff;

/// Index into [`Dictionary::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub usize);

/// Index into [`Dictionary::units`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub usize);

/// Index into [`Dictionary::avps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AvpId(pub usize);

/// Index into [`Dictionary::commands`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub usize);

/// A set of dictionaries, resolved together.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Groups of files that become (or became) one Rust crate, in load order; the standard unit first where loaded.
    pub units: Vec<Unit>,
    /// Every file read, in load order.
    pub files: Vec<File>,
    /// Vendors, each once, in order of first declaration.
    pub vendors: Vec<Vendor>,
    /// Applications, each id once, in order of first declaration.
    pub applications: Vec<Application>,
    /// AVP definitions, in source order.
    pub avps: Vec<Avp>,
    /// Command definitions (a request and its answer), in source order.
    pub commands: Vec<Command>,
    /// The grammar of answers with the E bit (RFC 6733 §7.2), where a file declares one.
    pub answer_message: Option<Message>,
    /// Extensions whose target belongs to another unit, so that fields could not be merged.
    pub extensions: Vec<Extension>,
    /// Values that a unit adds to an enumeration of another unit.
    pub value_extensions: Vec<ValueExtension>,
}

/// A group of dictionary files that share one Rust crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Short name: `standard`, or the crate's own name.
    pub name: String,
    /// Path of the crate root in generated code that refers to this unit from outside, for example
    /// `::diametric_protocol` or `::acme_dictionary::messages`; `None` for the unit being generated.
    pub rust_path: Option<String>,
}

/// One dictionary file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The name by which `<import>` refers to it: the `name` attribute of the root, else the file's stem.
    pub name: String,
    /// The path or label shown in diagnostics.
    pub path: String,
    /// The unit it belongs to.
    pub unit: UnitId,
    /// The Rust module for AVPs that are declared outside any `<application>`.
    pub module: String,
    /// The specification the file transcribes, such as `3GPP TS 32.299 V19.0.0`.
    pub spec: Option<String>,
}

/// A vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    /// IANA enterprise number.
    pub id: VendorId,
    /// Display name.
    pub name: String,
    /// Short symbolic code, where declared.
    pub code: Option<String>,
    /// Where it was first declared.
    pub span: Span,
}

/// Whether an application authorizes or accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationKind {
    /// Advertised in Auth-Application-Id.
    Auth,
    /// Advertised in Acct-Application-Id.
    Acct,
}

/// A Diameter application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Application-Id.
    pub id: u32,
    /// Display name.
    pub name: String,
    /// Authorization or accounting; absent for the base protocol.
    pub kind: Option<ApplicationKind>,
    /// The Rust module for its commands and the AVPs declared inside it.
    pub module: String,
    /// The unit that declared it first.
    pub unit: UnitId,
    /// Where it was first declared.
    pub span: Span,
}

/// The data formats of RFC 6733 §4.2 and §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the names RFC 6733 gives the formats")]
pub enum DataType {
    OctetString,
    Integer32,
    Integer64,
    Unsigned32,
    Unsigned64,
    Float32,
    Float64,
    Grouped,
    Address,
    Time,
    Utf8String,
    DiameterIdentity,
    DiameterUri,
    Enumerated,
    IpFilterRule,
    QosFilterRule,
}

/// What a definition says of one AVP flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum FlagRule {
    /// The flag is set.
    Must,
    /// The sender decides; we send it clear.
    #[default]
    May,
    /// The flag is clear.
    MustNot,
}

/// `must`, `may` or `must not`.
impl fmt::Display for FlagRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "must",
            Self::May => "may",
            Self::MustNot => "must not",
        })
    }
}

/// An AVP definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Avp {
    /// Name as the specification spells it.
    pub name: String,
    /// AVP code.
    pub code: u32,
    /// Vendor, 0 for the IETF.
    pub vendor: VendorId,
    /// Data format.
    pub data_type: DataType,
    /// M flag rule.
    pub m: FlagRule,
    /// P flag rule; informative, P is sent clear.
    pub p: FlagRule,
    /// Named values, for Enumerated, Integer32 and Unsigned32.
    pub items: Vec<Item>,
    /// Whether a value outside `items` is refused (5004).
    pub closed: bool,
    /// Whether structs hold the group in a `Box` where it may be absent, however small it is.
    pub boxed: bool,
    /// Members in grammar order, for Grouped; extensions of the same unit are merged in, before the extension point.
    pub members: Vec<Member>,
    /// Whether the grammar ends in `* [ AVP ]`. Always false for other types than Grouped.
    pub any: bool,
    /// Specification and clause, such as `3GPP TS 32.299 7.2.158`.
    pub spec: Option<String>,
    /// Why and since when the AVP should not be used any more.
    pub deprecated: Option<String>,
    /// What the AVP is, one sentence, where the dictionary tells.
    pub doc: Option<String>,
    /// Name of the Rust type: `rust-name`, else derived from `name`.
    pub rust_name: String,
    /// The application it was declared in, if any.
    pub application: Option<u32>,
    /// The file it came from.
    pub file: FileId,
    /// Its XML element.
    pub span: Span,
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The value. Unsigned32 values above `i32::MAX` are kept as they are.
    pub value: i64,
    /// Label as the specification prints it.
    pub label: String,
    /// Name of the Rust constant or variant: `rust-name`, else derived from `label` (`UPPER_CASE`).
    pub rust_name: String,
    /// Specification and clause, where it differs from the AVP's.
    pub spec: Option<String>,
    /// Why and since when the value should not be used any more.
    pub deprecated: Option<String>,
    /// Its XML element.
    pub span: Span,
}

/// How the grammar of RFC 6733 §3.2 brackets a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberKind {
    /// `< X >`: required, at this position.
    Fixed,
    /// `{ X }`.
    Required,
    /// `[ X ]`.
    Optional,
}

/// One member of a group or message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The AVP.
    pub avp: AvpId,
    /// Bracket kind.
    pub kind: MemberKind,
    /// Fewest occurrences.
    pub min: u32,
    /// Most occurrences, `None` for unbounded.
    pub max: Option<u32>,
    /// Name of the Rust field: `rust-name` on the rule, else derived from the AVP's name; plural for repeated members is
    /// not attempted.
    pub field: String,
    /// Specification and clause of the rule, where given.
    pub spec: Option<String>,
    /// The XML element of the rule (in the extending file, for a member that an `<extend>` added).
    pub span: Span,
}

impl Avp {
    /// V flag rule: it is set where there is a vendor.
    pub fn v(&self) -> FlagRule {
        if self.vendor == 0 { FlagRule::MustNot } else { FlagRule::Must }
    }
}

impl DataType {
    /// Whether values are text in UTF-8.
    #[inline]
    pub fn is_text(self) -> bool {
        use DataType::{DiameterIdentity, DiameterUri, IpFilterRule, QosFilterRule, Utf8String};
        matches!(self, Utf8String | DiameterIdentity | DiameterUri | IpFilterRule | QosFilterRule)
    }
}

impl Member {
    /// Whether at most one instance is allowed.
    pub fn is_single(&self) -> bool {
        self.max == Some(1)
    }
}

/// A request or an answer: its members in grammar order.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Full name, such as `Credit-Control-Request`.
    pub name: String,
    /// Abbreviation, such as `CCR`.
    pub abbreviation: String,
    /// Name of the Rust type: `rust-name`, else derived from `name`.
    pub rust_name: String,
    /// Members; extensions of the same unit are merged in, before the extension point.
    pub members: Vec<Member>,
    /// Whether the grammar ends in `* [ AVP ]`.
    pub any: bool,
    /// Its `<request>`, `<answer>` or `<answer-message>` element.
    pub span: Span,
}

/// A command: a request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Name without `-Request` and `-Answer`.
    pub name: String,
    /// Abbreviation without R and A, such as `CC`.
    pub short: String,
    /// Command code.
    pub code: u32,
    /// Application-Id. Base commands that travel with a session's application id (RAR, ASR, STR) have 0 here.
    pub application: u32,
    /// Whether the P bit is set (`PXY` in the grammar).
    pub proxiable: bool,
    /// The request.
    pub request: Message,
    /// The answer.
    pub answer: Message,
    /// For an own form (`<command like=…>`): the command it starts from. `request.members` and `answer.members` then
    /// hold only what the form adds.
    pub like: Option<CommandId>,
    /// Specification and clause.
    pub spec: Option<String>,
    /// What the command is for, one sentence, where the dictionary tells.
    pub doc: Option<String>,
    /// The file it came from.
    pub file: FileId,
    /// Its XML element.
    pub span: Span,
}

/// What an extension adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtensionTarget {
    /// The request of a command.
    Request(CommandId),
    /// The answer of a command.
    Answer(CommandId),
    /// A grouped AVP.
    Group(AvpId),
}

/// Members that a file adds to a group or message of another unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// What is extended.
    pub target: ExtensionTarget,
    /// The members added; none of them is required.
    pub members: Vec<Member>,
    /// The extending file.
    pub file: FileId,
    /// The `<extend>` element.
    pub span: Span,
}

/// Values that a file adds to an enumeration of another unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueExtension {
    /// The enumeration.
    pub avp: AvpId,
    /// The values added.
    pub items: Vec<Item>,
    /// The extending file.
    pub file: FileId,
    /// The `<extend>` element.
    pub span: Span,
}

impl Dictionary {
    /// The definition behind an index.
    pub fn avp(&self, id: AvpId) -> &Avp {
        &self.avps[id.0]
    }

    /// The command behind an index.
    pub fn command(&self, id: CommandId) -> &Command {
        &self.commands[id.0]
    }

    /// The unit that a file belongs to.
    pub fn unit_of(&self, file: FileId) -> UnitId {
        self.files[file.0].unit
    }

    /// The Rust module, below its unit's root, in which an AVP's type stands.
    pub fn avp_module(&self, id: AvpId) -> &str {
        let avp = self.avp(id);
        match avp.application.and_then(|id| self.application(id)) {
            Some(application) if application.unit == self.unit_of(avp.file) => &application.module,
            _ => &self.files[avp.file.0].module,
        }
    }

    /// The Rust module, below its unit's root, in which a command's types stand.
    pub fn command_module(&self, id: CommandId) -> &str {
        let command = self.command(id);
        match self.application(command.application) {
            Some(application) if application.unit == self.unit_of(command.file) => &application.module,
            _ => &self.files[command.file.0].module,
        }
    }

    /// The application with this id.
    pub fn application(&self, id: u32) -> Option<&Application> {
        self.applications.iter().find(|application| application.id == id)
    }
}
