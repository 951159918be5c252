//! Hands the parts of a message to a printer.

use super::mask::{self, Mask};
use super::out::Out;
use super::place::Place;
use diametric_dictionary::model::Message;
use diametric_dissect::{Avps, Definition, DissectedAvp, Dissector, Unframed, Value};
use diametric_protocol::codec::DecodeError;
use diametric_protocol::wire::{AvpFlags, Header, RawMessage};
use std::fmt;

/// What is printed of a message besides its AVPs.
pub(crate) struct Heading<'a> {
    /// Where it was found.
    pub(crate) place: &'a Place,
    /// Its header.
    pub(crate) header: Header,
    /// The request or answer it is.
    pub(crate) message: Option<&'a Message>,
    /// The name of its application.
    pub(crate) application: Option<&'a str>,
}

/// What is printed of an AVP besides its value. Code and vendor are missing where the message ends before them.
#[derive(Clone, Copy)]
pub(crate) struct AvpHeading<'a> {
    /// Its definition.
    pub(crate) definition: Option<&'a Definition>,
    /// AVP code.
    pub(crate) code: Option<u32>,
    /// Vendor-Id, 0 without V.
    pub(crate) vendor: Option<u32>,
    /// Flags.
    pub(crate) flags: AvpFlags,
    /// AVP Length.
    pub(crate) length: Option<u32>,
}

/// What is printed of an AVP that is known and framed besides its value.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    /// Its definition.
    pub(crate) definition: &'a Definition,
    /// Flags.
    pub(crate) flags: AvpFlags,
    /// AVP Length.
    pub(crate) length: u32,
}

/// What the typed layer made of a message.
#[derive(Default)]
pub(crate) struct Findings {
    /// Why strict decoding refuses it.
    pub(crate) error: Option<DecodeError>,
    /// Whether the reason is not to quote what the message says.
    pub(crate) is_masked: bool,
    /// The message, read and written by the raw layer.
    pub(crate) reencoded: Option<Vec<u8>>,
    /// The message, decoded into its type and encoded from it.
    pub(crate) typed_reencoded: Option<Vec<u8>>,
}

impl Findings {
    /// A reason as it may be shown.
    pub(crate) fn reason(&self, message: &str) -> String {
        if self.is_masked { mask::unquoted(message) } else { message.to_owned() }
    }
}

/// What is shown for a payload.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// Its octets.
    Octets(&'a [u8]),
    /// What is not shown: what stands before it, and what stands for it.
    Masked(&'a str, u64),
}

/// Receives the parts of a message in order and writes them into a buffer.
pub(crate) trait Printer {
    /// What has been written.
    fn out(&mut self) -> &mut Out;
    /// A message begins.
    fn begin(&mut self, heading: &Heading<'_>);
    /// An AVP whose value is text; nothing is done, and false returned, if there is more in it than printable ASCII without
    /// quotes and backslashes.
    fn plain_text(&mut self, head: Head<'_>, text: &[u8]) -> bool;
    /// An AVP with its value, which is no group.
    fn value(&mut self, head: Head<'_>, value: Value<'_>);
    /// An AVP with octets or a mask instead of a value, and if it should have one the reason.
    fn octets(&mut self, heading: AvpHeading<'_>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>);
    /// An AVP that is a group, and whose members follow.
    fn begin_group(&mut self, head: Head<'_>);
    /// The members of the group end, and with them the AVP.
    fn end_group(&mut self);
    /// The message ends.
    fn end(&mut self, findings: &Findings);
}

/// Prints one message.
pub(crate) fn message(
    place: &Place,
    message: RawMessage<'_>,
    findings: &Findings,
    names: &Dissector,
    mask: Option<&Mask>,
    printer: &mut impl Printer,
) {
    let message = names.message(message);
    let (header, application) = (message.header(), message.application());
    printer.begin(&Heading { place, header, message: message.command(), application });
    all(message.avps(), mask, printer);
    printer.end(findings);
}

fn all(avps: Avps<'_>, mask: Option<&Mask>, printer: &mut impl Printer) {
    for avp in avps {
        match avp {
            Ok(avp) => one(avp, mask, printer),
            Err(avp) => unframed(avp, mask, printer),
        }
    }
}

// Only numbers and references are handed to what is not inlined, so that an AVP need not be put together in memory.
#[inline(always)]
fn one(avp: DissectedAvp<'_>, mask: Option<&Mask>, printer: &mut impl Printer) {
    let (data, flags, length) = (avp.data(), avp.flags(), avp.length() as u32);
    let Some(definition) = avp.definition() else {
        return unknown(avp.code(), avp.vendor(), flags, data, mask, printer);
    };
    let head = Head { definition, flags, length };
    if let Some((kept, masked)) = mask.and_then(|mask| mask.identity(definition, data)) {
        return printer.octets(head.heading(), Shown::Masked(kept, masked), None);
    }
    // Nearly all text is plain, which is found out as it is copied.
    if definition.data_type().is_text() && printer.plain_text(head, data) {
        return;
    }
    match avp.value() {
        Ok(Value::Group(members)) => {
            printer.begin_group(head);
            all(members, mask, printer);
            printer.end_group();
        }
        Ok(value) => printer.value(head, value),
        Err(misfit) => printer.octets(head.heading(), octets(mask, data), Some(&misfit)),
    }
}

/// Nobody can tell what is in it.
#[cold]
fn unknown(code: u32, vendor: u32, flags: AvpFlags, data: &[u8], mask: Option<&Mask>, printer: &mut impl Printer) {
    let length = (if flags.is_vendor() { 12 } else { 8 } + data.len()) as u32;
    let heading = AvpHeading { definition: None, code: Some(code), vendor: Some(vendor), flags, length: Some(length) };
    printer.octets(heading, octets(mask, data), None);
}

#[cold]
fn unframed(avp: Unframed<'_>, mask: Option<&Mask>, printer: &mut impl Printer) {
    let Unframed { definition, code, vendor, flags, length, .. } = avp;
    let heading = AvpHeading { definition, code, vendor, flags, length };
    printer.octets(heading, octets(mask, avp.data), Some(&avp.fault));
}

impl<'a> Head<'a> {
    /// The same for any AVP.
    pub(crate) fn heading(self) -> AvpHeading<'a> {
        let Self { definition, flags, length } = self;
        let (code, vendor) = (definition.code(), definition.vendor());
        AvpHeading { definition: Some(definition), code: Some(code), vendor: Some(vendor), flags, length: Some(length) }
    }
}

/// Octets that mean nothing to anybody, which may be identities.
fn octets<'a>(mask: Option<&Mask>, octets: &'a [u8]) -> Shown<'a> {
    match mask {
        Some(mask) => Shown::Masked("", mask.of(octets)),
        None => Shown::Octets(octets),
    }
}
