//! Takes a message apart and hands the parts to a printer.

use super::mask::{self, Mask, Masking};
use super::names::{Definition, Names};
use super::place::Place;
use super::value::Value;
use diametric_dictionary::model::Message;
use diametric_protocol::codec::DecodeError;
use diametric_protocol::wire::{AvpFlags, AvpReader, Framing, Header, RawAvp, RawMessage};
use std::fmt;

/// How deep groups are followed; what lies deeper is shown as octets.
const MAX_DEPTH: usize = 32;

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

/// Receives the parts of a message in order and writes them into a buffer.
pub(crate) trait Printer {
    /// What has been written and not been taken away.
    fn buffer(&mut self) -> &mut Vec<u8>;
    /// A message begins.
    fn begin(&mut self, heading: &Heading<'_>);
    /// An AVP begins; exactly one of `value`, `invalid` and `begin_group` follows.
    fn avp(&mut self, heading: AvpHeading<'_>);
    /// The value of the AVP, which ends with it.
    fn value(&mut self, value: &Value<'_>, definition: Option<&Definition>);
    /// The AVP ends with octets, or a mask, that do not fit its type.
    fn invalid(&mut self, octets: &Value<'_>, reason: &dyn fmt::Display);
    /// The AVP is a group, and its members follow.
    fn begin_group(&mut self);
    /// The members of the group end, and with them the AVP.
    fn end_group(&mut self);
    /// Takes back what was written since the buffer had this length and the last AVP began.
    fn take_back(&mut self, length: usize);
    /// The message ends.
    fn end(&mut self, findings: &Findings);
}

/// Prints one message.
pub(crate) fn message(
    place: &Place,
    message: &RawMessage<'_>,
    findings: &Findings,
    names: &Names,
    mask: Option<&Mask>,
    printer: &mut impl Printer,
) {
    let header = message.header;
    let application = names.application(header.application);
    printer.begin(&Heading { place, header, message: names.message(header), application });
    if let Err(framing) = avps(message.avps(), 0, names, mask, printer) {
        unframed(framing, names, mask, printer);
    }
    printer.end(findings);
}

/// Prints AVPs up to the first that is not framed.
fn avps<'a>(
    reader: AvpReader<'a>,
    depth: usize,
    names: &Names,
    mask: Option<&Mask>,
    printer: &mut impl Printer,
) -> Result<(), Framing<'a>> {
    for avp in reader {
        let avp = avp?;
        let definition = names.avp(avp.vendor, avp.code);
        printer.avp(AvpHeading {
            definition,
            code: Some(avp.code),
            vendor: Some(avp.vendor),
            flags: avp.flags,
            length: Some((avp.header_len() + avp.data.len()) as u32),
        });
        let Some(known) = definition else {
            // Nobody can tell what is in it.
            printer.value(&octets(mask, avp.data), None);
            continue;
        };
        if let Some(mask) = mask.filter(|_| known.masking != Masking::Nothing) {
            let (kept, masked) = mask::split(known.masking, avp.data);
            printer.value(&Value::Masked(kept, mask.of(masked)), definition);
            continue;
        }
        match Value::read(known.data_type, known.is_named, avp.data) {
            Ok(Value::Group) => group(avp, known, depth + 1, names, mask, printer),
            Ok(value) => printer.value(&value, definition),
            Err(misfit) => printer.invalid(&octets(mask, avp.data), &misfit),
        }
    }
    Ok(())
}

fn group(
    avp: RawAvp<'_>,
    definition: &Definition,
    depth: usize,
    names: &Names,
    mask: Option<&Mask>,
    printer: &mut impl Printer,
) {
    if depth > MAX_DEPTH {
        return printer.invalid(&octets(mask, avp.data), &format_args!("groups nest deeper than {MAX_DEPTH} levels"));
    }
    let start = printer.buffer().len();
    printer.begin_group();
    match avps(avp.members(), depth, names, mask, printer) {
        Ok(()) => printer.end_group(),
        // What somebody reports as broken may well be broken.
        Err(framing) if definition.is_failed_avp => {
            unframed(framing, names, mask, printer);
            printer.end_group();
        }
        Err(framing) => {
            printer.take_back(start);
            printer.invalid(&octets(mask, avp.data), &format_args!("at octet {}: {}", framing.offset, framing.fault));
        }
    }
}

/// Prints an AVP that reaches beyond its end or is cut short: what can be told of its header, and the rest as octets.
fn unframed(framing: Framing<'_>, names: &Names, mask: Option<&Mask>, printer: &mut impl Printer) {
    let word = |at: usize| framing.rest.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
    let flags = AvpFlags(framing.rest.get(4).copied().unwrap_or_default());
    let code = word(0);
    let vendor = if flags.is_vendor() { word(8) } else { code.and(Some(0)) };
    let definition = vendor.zip(code).and_then(|(vendor, code)| names.avp(vendor, code));
    let length = word(4).map(|word| word & 0x00ff_ffff);
    let header_len = if flags.is_vendor() { 12 } else { 8 };
    printer.avp(AvpHeading { definition, code, vendor, flags, length });
    let rest = framing.rest.get(header_len..).unwrap_or(framing.rest);
    printer.invalid(&octets(mask, rest), &framing.fault);
}

/// Octets that mean nothing to anybody, which may be identities.
fn octets<'a>(mask: Option<&Mask>, octets: &'a [u8]) -> Value<'a> {
    match mask {
        Some(mask) => Value::Masked("", mask.of(octets)),
        None => Value::Octets(octets),
    }
}
