//! Messages and AVPs as people read them: the trees of `diametric decode`.

use crate::{Avps, Definition, Dissected, DissectedAvp, Unframed, Value};
use diametric_protocol::wire::AvpFlags;
use std::fmt::{self, Debug, Display, Formatter};

impl Display for Dissected<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let header = self.header();
        match self.command() {
            Some(command) => write!(f, "{} ({})", command.name, command.abbreviation)?,
            None => f.write_str(if header.flags.is_request() { "unknown request" } else { "unknown answer" })?,
        }
        write!(f, " {} app {}", header.command, header.application)?;
        if let Some(application) = self.application() {
            write!(f, " ({application})")?;
        }
        write_letters(f, header.flags.letters(), header.flags.0 & 0x0f)?;
        write!(f, " hop-by-hop {} end-to-end {}", header.hop_by_hop, header.end_to_end)?;
        write_members(f, self.avps(), 1)
    }
}

impl Display for DissectedAvp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_avp(f, self, 0)
    }
}

impl Display for Unframed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_head(f, self.definition, self.code, self.vendor, self.flags)?;
        write_invalid(f, self.data, &self.fault)
    }
}

impl Display for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_value(f, self, 0)
    }
}

/// The letters that are set, with commas, then reserved bits if any; `-` for nothing at all.
fn write_letters(f: &mut Formatter<'_>, letters: impl Iterator<Item = char>, reserved: u8) -> fmt::Result {
    let mut separator = ' ';
    for letter in letters {
        write!(f, "{separator}{letter}")?;
        separator = ',';
    }
    match (separator, reserved) {
        (' ', 0) => f.write_str(" -"),
        (_, 0) => Ok(()),
        (' ', _) => write!(f, " +{reserved:#04x}"),
        _ => write!(f, "+{reserved:#04x}"),
    }
}

fn write_head(
    f: &mut Formatter<'_>,
    definition: Option<&Definition>,
    code: Option<u32>,
    vendor: Option<u32>,
    flags: AvpFlags,
) -> fmt::Result {
    f.write_str(definition.map_or("unknown", Definition::name))?;
    match (code, vendor) {
        (None, _) => f.write_str(" (?)"),
        (Some(code), Some(0)) => write!(f, " ({code})"),
        (Some(code), Some(vendor)) => write!(f, " ({code}/{vendor})"),
        (Some(code), None) => write!(f, " ({code}/?)"),
    }?;
    let letters = [(flags.is_vendor(), 'V'), (flags.is_mandatory(), 'M'), (flags.is_protected(), 'P')];
    write_letters(f, letters.into_iter().filter_map(|(set, letter)| set.then_some(letter)), flags.0 & 0x1f)
}

fn write_avp(f: &mut Formatter<'_>, avp: &DissectedAvp<'_>, indent: usize) -> fmt::Result {
    write_head(f, avp.definition(), Some(avp.code()), Some(avp.vendor()), avp.flags())?;
    match avp.value() {
        Ok(value) => write_value(f, &value, indent),
        Err(misfit) => write_invalid(f, avp.data(), &misfit),
    }
}

/// Each in a line of its own, which begins with the end of the line before.
fn write_members(f: &mut Formatter<'_>, avps: Avps<'_>, indent: usize) -> fmt::Result {
    for avp in avps {
        write!(f, "\n{:1$}", "", indent * 2)?;
        match avp {
            Ok(avp) => write_avp(f, &avp, indent)?,
            Err(unframed) => Display::fmt(&unframed, f)?,
        }
    }
    Ok(())
}

fn write_value(f: &mut Formatter<'_>, value: &Value<'_>, indent: usize) -> fmt::Result {
    match value {
        Value::Unknown(octets) | Value::Octets(octets) => write_octets(f, octets),
        // Quoted and escaped: a terminal should not obey what a message says.
        Value::Text(text) | Value::Identity(text) | Value::Uri(text) => write!(f, " {text:?}"),
        Value::Integer32(number) => write!(f, " {number}"),
        Value::Integer64(number) => write!(f, " {number}"),
        Value::Unsigned32(number) => write!(f, " {number}"),
        Value::Unsigned64(number) => write!(f, " {number}"),
        Value::Float32(number) => write!(f, " {number:?}"),
        Value::Float64(number) => write!(f, " {number:?}"),
        Value::Enumerated(value) => match value.label() {
            Some(label) => write!(f, " {label} ({})", value.value()),
            None => write!(f, " {}", value.value()),
        },
        Value::Time(time) => write!(f, " {time}"),
        Value::Address(address) => write!(f, " {address}"),
        Value::Group(members) => write_members(f, members.clone(), indent + 1),
    }
}

fn write_octets(f: &mut Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_str(" 0x")?;
    write_hex(f, octets)?;
    // Many octet strings are text by another name.
    if !octets.is_empty() && octets.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ') {
        write!(f, " {:?}", String::from_utf8_lossy(octets))?;
    }
    Ok(())
}

fn write_invalid(f: &mut Formatter<'_>, octets: &[u8], reason: &dyn Display) -> fmt::Result {
    f.write_str(" 0x")?;
    write_hex(f, octets)?;
    write!(f, " (invalid: {reason})")
}

fn write_hex(f: &mut Formatter<'_>, octets: &[u8]) -> fmt::Result {
    octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}

impl Debug for Dissected<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Debug for DissectedAvp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Debug for Avps<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
