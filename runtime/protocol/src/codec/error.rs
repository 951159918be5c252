//! What decoding and encoding refuse, told to people and to peers.

use super::{Avp, Group, Member};
use crate::base::ResultCode;
use std::fmt;

/// One step of a path through a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSegment {
    /// The AVP's name, where it is known.
    pub name: Option<&'static str>,
    /// AVP code.
    pub code: u32,
    /// Vendor-Id, 0 for the IETF.
    pub vendor: u32,
    /// Which instance, counted from 0, where the AVP may occur several times.
    pub index: Option<usize>,
}

impl PathSegment {
    pub(crate) fn of(member: &Member) -> Self {
        Self { name: Some(member.name), code: member.header.code, vendor: member.header.vendor, index: None }
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name, self.vendor) {
            (Some(name), _) => f.write_str(name)?,
            (None, 0) => write!(f, "AVP {}", self.code)?,
            (None, vendor) => write!(f, "AVP {} of vendor {vendor}", self.code)?,
        }
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, root: &str, path: &[PathSegment]) -> fmt::Result {
    f.write_str(root)?;
    let mut separator = if root.is_empty() { "" } else { "." };
    for segment in path {
        write!(f, "{separator}{segment}")?;
        separator = ".";
    }
    Ok(())
}

/// One reason why a message was refused, with what an answer needs to say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The Result-Code to answer with (RFC 6733 §7.1).
    pub result_code: ResultCode,
    /// The contents of Failed-AVP: whole AVPs with header and padding (RFC 6733 §7.5). Empty where none is due.
    pub failed_avp: Vec<Box<[u8]>>,
    /// Where, from the top of the message down. Empty for the message as a whole.
    pub path: Vec<PathSegment>,
    /// What is wrong, for people.
    pub message: String,
}

/// Path, what is wrong, and the Result-Code.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write_path(f, "", &self.path)?;
            f.write_str(": ")?;
        }
        write!(f, "{}; Result-Code {}", self.message, self.result_code)
    }
}

/// A message, group or value that was refused: every failure found in it, in the order found.
///
/// RFC 6733 §7 has an answer report the first one only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    root: &'static str,
    failures: Vec<Failure>,
}

impl DecodeError {
    /// `failures` must not be empty.
    pub(crate) fn new(failures: Vec<Failure>) -> Self {
        debug_assert!(!failures.is_empty());
        Self { root: "", failures }
    }

    /// An error of the message as a whole.
    pub(crate) fn whole(result_code: ResultCode, message: String) -> Self {
        Self::new(vec![Failure { result_code, failed_avp: Vec::new(), path: Vec::new(), message }])
    }

    /// A message `C` that is wrong as a whole, such as an answer in another application than its request.
    pub fn invalid_message<C: Group>(result_code: ResultCode, message: impl Into<String>) -> Self {
        Self::whole(result_code, message.into()).in_message(C::NAME)
    }

    /// A message `C` whose AVP `A` has a value that is wrong where it is, although its format allows it: 5004. For what the
    /// grammar cannot say, such as that an answer repeats the Session-Id of its request.
    pub fn invalid_value<C: Group, A: Avp>(message: impl Into<String>) -> Self {
        let segment = PathSegment { name: Some(A::NAME), code: A::CODE, vendor: A::VENDOR, index: None };
        let failure = Failure {
            result_code: ResultCode::INVALID_AVP_VALUE,
            failed_avp: Vec::new(),
            path: vec![segment],
            message: message.into(),
        };
        Self::new(vec![failure]).in_message(C::NAME)
    }

    /// Puts the message's abbreviation in front of the paths.
    pub(crate) fn in_message(mut self, name: &'static str) -> Self {
        self.root = name;
        self
    }

    /// All failures, at least one.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The failure that an answer reports.
    pub fn first(&self) -> &Failure {
        &self.failures[0]
    }

    /// The Result-Code that an answer reports.
    pub fn result_code(&self) -> ResultCode {
        self.first().result_code
    }

    /// Where the first failure is, such as `CCR.Multiple-Services-Credit-Control[1].Rating-Group`.
    pub fn path(&self) -> String {
        struct Path<'a>(&'a DecodeError);
        impl fmt::Display for Path<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_path(f, self.0.root, &self.0.first().path)
            }
        }
        Path(self).to_string()
    }
}

/// The first failure: path, what is wrong, and the Result-Code; how many more there are.
impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        if !(self.root.is_empty() && first.path.is_empty()) {
            write!(f, "{}: ", self.path())?;
        }
        write!(f, "{}; Result-Code {}", first.message, first.result_code)?;
        match self.failures.len() - 1 {
            0 => Ok(()),
            1 => f.write_str(", and 1 more failure"),
            more => write!(f, ", and {more} more failures"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A message that cannot be encoded. Nothing of it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    pub(crate) root: &'static str,
    pub(crate) path: Vec<PathSegment>,
    pub(crate) message: String,
}

impl EncodeError {
    /// A value refused for its content, such as text that is not a host name.
    #[cold]
    pub(crate) fn invalid(message: &str) -> Box<Self> {
        Box::new(Self { root: "", path: Vec::new(), message: message.into() })
    }

    /// A fault of the member at `segment`.
    #[cold]
    pub(crate) fn at(segment: PathSegment, message: String) -> Box<Self> {
        Box::new(Self { root: "", path: vec![segment], message })
    }

    /// The same fault, seen from the group that holds the member at `segment`.
    #[cold]
    pub(crate) fn inside(mut self: Box<Self>, segment: PathSegment) -> Box<Self> {
        self.path.insert(0, segment);
        self
    }

    /// AVP Length has 24 bits.
    #[cold]
    pub(crate) fn too_long(length: usize) -> Box<Self> {
        Box::new(Self {
            root: "",
            path: Vec::new(),
            message: format!("takes {length} octets, more than AVP Length can say"),
        })
    }

    /// Where, from the message down, such as `CCR.Subscription-Id[0].Subscription-Id-Data`.
    pub fn path(&self) -> String {
        struct Path<'a>(&'a EncodeError);
        impl fmt::Display for Path<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_path(f, self.0.root, &self.0.path)
            }
        }
        Path(self).to_string()
    }

    /// What is wrong, for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, self.root, &self.path)?;
        let separator = if self.root.is_empty() && self.path.is_empty() { "" } else { ": " };
        write!(f, "{separator}{}", self.message)
    }
}

impl std::error::Error for EncodeError {}
