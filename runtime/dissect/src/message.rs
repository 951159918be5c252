//! Messages.

use crate::{Avps, DissectedAvp, Dissector, Value};
use diametric_dictionary::model::Message;
use diametric_protocol::wire::{HEADER_LEN, Header, RawMessage};
use std::fmt::Write as _;

/// A message, taken apart as far as somebody asks.
///
/// Displayed, it is what `diametric decode` prints of it: several lines, the last without its end.
#[derive(Clone, Copy)]
pub struct Dissected<'a> {
    dissector: &'a Dissector,
    raw: RawMessage<'a>,
}

impl<'a> Dissected<'a> {
    #[inline]
    pub(crate) fn new(dissector: &'a Dissector, raw: RawMessage<'a>) -> Self {
        Self { dissector, raw }
    }

    /// The header.
    #[inline]
    pub fn header(&self) -> Header {
        self.raw.header
    }

    /// The request or answer that it is, with its names; `None` if no dictionary has the command.
    pub fn command(&self) -> Option<&'a Message> {
        self.dissector.command_of(self.raw.header)
    }

    /// The name of its application.
    pub fn application(&self) -> Option<&'a str> {
        self.dissector.application(self.raw.header.application)
    }

    /// Its AVPs, groups unopened.
    #[inline]
    pub fn avps(&self) -> Avps<'a> {
        Avps::new(self.dissector, self.raw.avps(), HEADER_LEN, 0)
    }

    /// The way to the AVP that an octet belongs to, by its offset from the start of the message, such as that of
    /// [`DissectedAvp::offset`]: `CCR.Multiple-Services-Credit-Control[1].Rating-Group`, for people. Where several AVPs of a
    /// kind stand beside one another, the number, from 0, says which.
    ///
    /// `None` in the header, in padding, and behind an AVP that is not framed.
    pub fn path_at(&self, offset: usize) -> Option<String> {
        let mut path = match self.command() {
            Some(command) => command.abbreviation.clone(),
            None => format!("command {}", self.raw.header.command),
        };
        let mut siblings = self.avps();
        loop {
            let covers = |avp: &DissectedAvp<'_>| (avp.offset()..avp.offset() + avp.length()).contains(&offset);
            let Some(avp) = siblings.clone().map_while(Result::ok).find(covers) else { break };
            append(&mut path, &avp, siblings);
            match avp.value() {
                Ok(Value::Group(members)) if offset >= avp.offset() + avp.header_len() => siblings = members,
                _ => return Some(path),
            }
        }
        None
    }
}

/// Appends the name of an AVP, and which of its kind it is among its siblings.
fn append(path: &mut String, avp: &DissectedAvp<'_>, siblings: Avps<'_>) {
    let (mut before, mut count) = (0, 0);
    for sibling in siblings.map_while(Result::ok).filter(|sibling| sibling.is_same_as(avp)) {
        before += usize::from(sibling.offset() < avp.offset());
        count += 1;
    }
    // A String takes every write.
    let _ = match (avp.definition(), avp.vendor()) {
        (Some(definition), _) => write!(path, ".{}", definition.name()),
        (None, 0) => write!(path, ".AVP {}", avp.code()),
        (None, vendor) => write!(path, ".AVP {} of vendor {vendor}", avp.code()),
    };
    if count > 1 {
        let _ = write!(path, "[{before}]");
    }
}
