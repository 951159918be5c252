//! What a node understands, as an explicit value: the tables that generated code exports, and their union.

use super::{Avp, AvpValue, DecodeError, Decoder, EncodeError, GroupId, Judged};
use crate::message::{Command, Header};
use rustc_hash::{FxHashMap, FxHashSet};
use std::any::Any;
use std::fmt;

/// One AVP in a [`DictionaryTable`].
#[derive(Clone, Copy)]
pub struct AvpInfo {
    /// AVP code.
    pub code: u32,
    /// Vendor-Id, 0 for the IETF.
    pub vendor: u32,
    /// Name as the specification spells it.
    pub name: &'static str,
    /// Length of the payload of a Failed-AVP example.
    pub min_payload: usize,
    pub(crate) judge: fn(&[u8], &mut Decoder<'_>) -> Judged,
}

impl AvpInfo {
    /// The entry of `A`.
    pub const fn of<A: Avp>() -> Self {
        Self {
            code: A::CODE,
            vendor: A::VENDOR,
            name: A::NAME,
            min_payload: A::Value::MIN_PAYLOAD,
            judge: A::Value::JUDGE,
        }
    }
}

impl fmt::Debug for AvpInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}/{})", self.name, self.code, self.vendor)
    }
}

/// A decoded message of a type that is only known at run time.
pub trait AnyMessage: Any + fmt::Debug + Send {
    /// Encodes the message.
    ///
    /// # Errors
    /// As for the message's own type.
    fn encode(&self, header: Header) -> Result<Vec<u8>, EncodeError>;
}

impl<C: Command> AnyMessage for C {
    fn encode(&self, header: Header) -> Result<Vec<u8>, EncodeError> {
        crate::message::encode(header, self)
    }
}

/// One message in a [`DictionaryTable`]: a request or an answer.
#[derive(Clone, Copy)]
pub struct CommandInfo {
    /// Application-Id of the grammar.
    pub application: u32,
    /// Command code.
    pub code: u32,
    /// Request or answer.
    pub request: bool,
    /// Full name, such as `Credit-Control-Request`.
    pub name: &'static str,
    /// Abbreviation, such as `CCR`.
    pub abbreviation: &'static str,
    /// Decodes a frame of this command.
    pub decode: DecodeAny,
}

/// Decodes a frame of one command.
pub type DecodeAny = fn(&[u8], &Known) -> Result<Box<dyn AnyMessage>, DecodeError>;

impl CommandInfo {
    /// The entry of `C`.
    pub const fn of<C: Command>() -> Self {
        Self {
            application: C::APPLICATION,
            code: C::CODE,
            request: C::REQUEST,
            name: C::COMMAND_NAME,
            abbreviation: C::NAME,
            decode: |frame, known| {
                crate::message::decode::<C>(frame, known).map(|received| Box::new(received.body) as Box<dyn AnyMessage>)
            },
        }
    }
}

impl fmt::Debug for CommandInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, application {})", self.name, self.code, self.application)
    }
}

/// An AVP that a dictionary allows in a group of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllowedMember {
    /// The group.
    pub group: GroupId,
    /// Vendor-Id of the AVP.
    pub vendor: u32,
    /// Code of the AVP.
    pub code: u32,
}

/// Everything that one generated crate defines. Every such crate exports one as `DICTIONARY`.
#[derive(Clone, Copy, Debug)]
pub struct DictionaryTable {
    /// Name of the dictionary.
    pub name: &'static str,
    /// Its AVPs.
    pub avps: &'static [AvpInfo],
    /// Its messages.
    pub commands: &'static [CommandInfo],
    /// What it adds to groups of other dictionaries.
    pub allowed: &'static [AllowedMember],
}

/// The AVPs and commands that a node understands: the standard ones, and the dictionaries added to them.
///
/// Given once to whatever decodes; never global. An AVP with the M flag that is not in here is refused with 5001.
#[derive(Clone, Debug, Default)]
pub struct Known {
    avps: FxHashMap<(u32, u32), &'static AvpInfo>,
    commands: FxHashMap<(u32, u32, bool), &'static CommandInfo>,
    allowed: FxHashSet<AllowedMember>,
}

impl Known {
    /// The dictionaries shipped with this crate.
    pub fn standard() -> Self {
        Self::default().with(&crate::DICTIONARY)
    }

    /// These, and those of `table`. Of two definitions of one AVP or command, the first added counts.
    #[must_use]
    pub fn with(mut self, table: &DictionaryTable) -> Self {
        for avp in table.avps {
            self.avps.entry((avp.vendor, avp.code)).or_insert(avp);
        }
        for command in table.commands {
            self.commands.entry((command.application, command.code, command.request)).or_insert(command);
        }
        self.allowed.extend(table.allowed);
        self
    }

    /// The AVP with this identity.
    #[inline]
    pub fn avp(&self, vendor: u32, code: u32) -> Option<&'static AvpInfo> {
        self.avps.get(&(vendor, code)).copied()
    }

    /// The message with this identity. The base forms of RAR, ASR and STR stand in for applications that have none of
    /// their own.
    pub fn command(&self, application: u32, code: u32, request: bool) -> Option<&'static CommandInfo> {
        let find = |application| self.commands.get(&(application, code, request)).copied();
        find(application).or_else(|| matches!(code, 258 | 274 | 275).then(|| find(0)).flatten())
    }

    /// Whether any application defines a command with this code.
    pub fn has_command_code(&self, code: u32) -> bool {
        self.commands.keys().any(|(_, other, _)| *other == code)
    }

    /// Whether a dictionary extends `group` by this AVP.
    pub fn allows(&self, group: GroupId, vendor: u32, code: u32) -> bool {
        self.allowed.contains(&AllowedMember { group, vendor, code })
    }
}
