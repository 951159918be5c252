//! Messages as indented trees.

use super::names::Definition;
use super::place::{self, Place};
use super::text;
use super::value::Value;
use super::walk::{AvpHeading, Findings, Heading, Printer};
use diametric_protocol::value::Address;
use std::fmt;

/// Prints trees.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    out: Vec<u8>,
    lengths: bool,
    depth: usize,
    /// Whether there was a message before, from which the next is to be kept apart.
    follows: bool,
}

impl Tree {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(lengths: bool) -> Self {
        Self { lengths, ..Self::default() }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn display(&mut self, text: fmt::Arguments<'_>) {
        text::display(&mut self.out, text);
    }

    fn number(&mut self, number: u32) {
        text::decimal(&mut self.out, number.into());
    }

    fn octets(&mut self, octets: &[u8]) {
        self.raw(" 0x");
        text::hex(&mut self.out, octets);
        // Many octet strings are text by another name.
        if !octets.is_empty() && octets.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ') {
            self.display(format_args!(" {:?}", String::from_utf8_lossy(octets)));
        }
    }

    /// The letters that are set, with commas, then reserved bits if any; `-` for nothing at all.
    fn letters(&mut self, letters: impl Iterator<Item = char>, reserved: u8) {
        self.out.push(b' ');
        let start = self.out.len();
        for letter in letters {
            if self.out.len() > start {
                self.out.push(b',');
            }
            self.out.push(letter as u8);
        }
        if reserved != 0 {
            self.display(format_args!("+{reserved:#04x}"));
        }
        if self.out.len() == start {
            self.out.push(b'-');
        }
    }

    fn place(&mut self, place: &Place) {
        match place {
            Place::Line(_) => {}
            Place::Offset(offset) => self.display(format_args!("offset {offset}\n")),
            Place::Frame(frame) => {
                self.display(format_args!("frame {}", frame.when.frame));
                if let Some(time) = frame.when.time {
                    self.out.push(b' ');
                    place::time(&mut self.out, time);
                }
                let (source, destination) = (frame.source, frame.destination);
                self.display(format_args!(" {source} -> {destination} {}\n", frame.transport.name()));
            }
        }
    }

    fn hex_line(&mut self, what: &str, octets: &[u8]) {
        self.raw(what);
        text::hex(&mut self.out, octets);
        self.out.push(b'\n');
    }
}

impl Printer for Tree {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    fn begin(&mut self, heading: &Heading<'_>) {
        let header = heading.header;
        if std::mem::replace(&mut self.follows, true) {
            self.out.push(b'\n');
        }
        self.place(heading.place);
        match heading.message {
            Some(message) => self.display(format_args!("{} ({})", message.name, message.abbreviation)),
            None => self.raw(if header.flags.is_request() { "unknown request" } else { "unknown answer" }),
        }
        self.display(format_args!(" {} app {}", header.command, header.application));
        if let Some(application) = heading.application {
            self.display(format_args!(" ({application})"));
        }
        self.letters(header.flags.letters(), header.flags.0 & 0x0f);
        self.display(format_args!(" hop-by-hop {} end-to-end {}\n", header.hop_by_hop, header.end_to_end));
    }

    fn avp(&mut self, heading: AvpHeading<'_>) {
        let indent = (self.depth + 1) * 2;
        self.out.resize(self.out.len() + indent, b' ');
        self.raw(heading.definition.map_or("unknown", |definition| &definition.name));
        self.raw(" (");
        match (heading.code, heading.vendor) {
            (None, _) => self.raw("?"),
            (Some(code), Some(0)) => self.number(code),
            (Some(code), Some(vendor)) => {
                self.number(code);
                self.out.push(b'/');
                self.number(vendor);
            }
            (Some(code), None) => {
                self.number(code);
                self.raw("/?");
            }
        }
        self.out.push(b')');
        let flags = heading.flags;
        let letters = [(flags.is_vendor(), 'V'), (flags.is_mandatory(), 'M'), (flags.is_protected(), 'P')];
        self.letters(letters.into_iter().filter_map(|(set, letter)| set.then_some(letter)), flags.0 & 0x1f);
        if let Some(length) = heading.length.filter(|_| self.lengths) {
            self.raw(" length ");
            self.number(length);
        }
    }

    fn value(&mut self, value: &Value<'_>, definition: Option<&Definition>) {
        match value {
            Value::Octets(octets) => self.octets(octets),
            // Quoted and escaped: a terminal should not obey what a message says.
            Value::Text(text) => self.display(format_args!(" {text:?}")),
            Value::Integer32(number) => self.display(format_args!(" {number}")),
            Value::Integer64(number) => self.display(format_args!(" {number}")),
            Value::Unsigned32(number) => self.display(format_args!(" {number}")),
            Value::Unsigned64(number) => self.display(format_args!(" {number}")),
            Value::Float32(number) => self.display(format_args!(" {number:?}")),
            Value::Float64(number) => self.display(format_args!(" {number:?}")),
            Value::Enumerated(number) => match definition.and_then(|definition| definition.label(*number)) {
                Some(label) => self.display(format_args!(" {label} ({number})")),
                None => self.display(format_args!(" {number}")),
            },
            Value::Time(time) => self.display(format_args!(" {time}")),
            Value::Ipv4(address) => self.display(format_args!(" {address}")),
            Value::Address(family, octets) => {
                if let Ok(address) = Address::from_parts(*family, octets) {
                    self.display(format_args!(" {address}"));
                }
            }
            Value::Masked("", mask) => self.display(format_args!(" masked-{mask:016x}")),
            Value::Masked(kept, mask) => {
                let kept = format!("{kept:?}");
                self.display(format_args!(" {}masked-{mask:016x}\"", kept.trim_end_matches('"')));
            }
            Value::Group => {}
        }
        self.out.push(b'\n');
    }

    fn invalid(&mut self, octets: &Value<'_>, reason: &dyn fmt::Display) {
        match octets {
            Value::Octets(octets) => {
                self.raw(" 0x");
                text::hex(&mut self.out, octets);
            }
            masked => {
                self.value(masked, None);
                self.out.pop();
            }
        }
        self.display(format_args!(" (invalid: {reason})\n"));
    }

    fn begin_group(&mut self) {
        self.depth += 1;
        self.out.push(b'\n');
    }

    fn end_group(&mut self) {
        self.depth -= 1;
    }

    fn take_back(&mut self, length: usize) {
        self.depth -= 1;
        self.out.truncate(length);
    }

    fn end(&mut self, findings: &Findings) {
        if let Some(error) = &findings.error {
            self.display(format_args!("error: {}\n", findings.reason(&error.to_string())));
        }
        if let Some(octets) = &findings.reencoded {
            self.hex_line("reencoded: ", octets);
        }
        if let Some(octets) = &findings.typed_reencoded {
            self.hex_line("typed reencoded: ", octets);
        }
    }
}
