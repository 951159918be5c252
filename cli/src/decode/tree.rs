//! Messages as indented trees.

use super::pieces::Pieces;
use super::place::{self, Place};
use super::text::{self, Times};
use super::walk::{AvpHeading, Findings, Heading, Printer, Shown};
use diametric_dissect::{Definition, DissectedAvp, Dissector, Value};
use diametric_protocol::wire::AvpFlags;
use std::fmt;
use std::net::IpAddr;

/// Prints trees.
#[derive(Debug)]
pub(crate) struct Tree {
    out: Vec<u8>,
    lengths: bool,
    pieces: Pieces,
    times: Times,
    depth: usize,
    /// Whether there was a message before, from which the next is to be kept apart.
    follows: bool,
}

impl Tree {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(names: &Dissector, lengths: bool) -> Self {
        let pieces = Pieces::new(names);
        Self { out: Vec::new(), lengths, pieces, times: Times::default(), depth: 0, follows: false }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn display(&mut self, text: fmt::Arguments<'_>) {
        text::display(&mut self.out, text);
    }

    /// How an AVP begins, up to the blank before its value.
    #[inline]
    fn head(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) {
        self.indent();
        let flags = avp.flags();
        if self.lengths || flags.0 & RESERVED != 0 {
            return self.write_head(AvpHeading::of(avp));
        }
        self.pieces.head(&mut self.out, definition, flags, |out| {
            write_head(out, definition.name(), Some(definition.code()), Some(definition.vendor()), flags);
        });
    }

    #[cold]
    fn write_head(&mut self, heading: AvpHeading<'_>) {
        let name = heading.definition.map_or("unknown", Definition::name);
        write_head(&mut self.out, name, heading.code, heading.vendor, heading.flags);
        if let Some(length) = heading.length.filter(|_| self.lengths) {
            self.raw(" length ");
            text::decimal(&mut self.out, length.into());
        }
    }

    #[inline]
    fn indent(&mut self) {
        let width = (self.depth + 1) * 2;
        let end = self.out.len() + width;
        // Wide enough for nearly all, and a width that the compiler knows.
        self.out.extend_from_slice(&[b' '; 16]);
        if width <= 16 {
            self.out.truncate(end);
        } else {
            self.out.resize(end, b' ');
        }
    }

    fn octet_string(&mut self, octets: &[u8]) {
        self.raw(" 0x");
        text::hex(&mut self.out, octets);
        // Many octet strings are text by another name.
        if octets.is_empty() {
            return;
        }
        let start = self.out.len();
        self.raw(" \"");
        if text::copy_plain(&mut self.out, octets) {
            return self.raw("\"");
        }
        self.out.truncate(start);
        if octets.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ') {
            self.display(format_args!(" {:?}", String::from_utf8_lossy(octets)));
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
            Some(message) => {
                self.raw(&message.name);
                self.raw(" (");
                self.raw(&message.abbreviation);
                self.raw(") ");
            }
            None => self.raw(if header.flags.is_request() { "unknown request " } else { "unknown answer " }),
        }
        text::decimal(&mut self.out, header.command.into());
        self.raw(" app ");
        text::decimal(&mut self.out, header.application.into());
        if let Some(application) = heading.application {
            self.raw(" (");
            self.raw(application);
            self.raw(")");
        }
        write_letters(&mut self.out, header.flags.letters(), header.flags.0 & 0x0f);
        for (what, number) in [(" hop-by-hop 0x", header.hop_by_hop.0), (" end-to-end 0x", header.end_to_end.0)] {
            self.raw(what);
            text::hex(&mut self.out, &number.to_be_bytes());
        }
        self.raw("\n");
    }

    #[inline]
    fn plain_text(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) -> bool {
        let start = self.out.len();
        self.head(avp, definition);
        self.raw(" \"");
        let is_plain = text::copy_plain(&mut self.out, avp.data());
        if is_plain {
            self.raw("\"\n");
        } else {
            self.out.truncate(start);
        }
        is_plain
    }

    #[inline]
    fn value(&mut self, avp: &DissectedAvp<'_>, definition: &Definition, value: &Value<'_>) {
        self.head(avp, definition);
        let out = &mut self.out;
        match *value {
            Value::Unsigned32(number) => {
                out.push(b' ');
                text::decimal(out, number.into());
            }
            Value::Unsigned64(number) => {
                out.push(b' ');
                text::decimal(out, number);
            }
            Value::Enumerated(value) => {
                let number = value.value();
                match definition.position(number) {
                    Some(position) => self.pieces.label(out, definition, position, |out| {
                        text::display(out, format_args!(" {} ({number})", definition.labels()[position].name));
                    }),
                    None => text::display(out, format_args!(" {number}")),
                }
            }
            Value::Octets(octets) => self.octet_string(octets),
            Value::Time(time) => {
                out.push(b' ');
                self.times.write(out, time);
            }
            ref other => write_other(out, other),
        }
        self.out.push(b'\n');
    }

    #[cold]
    fn octets(&mut self, heading: AvpHeading<'_>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>) {
        self.indent();
        self.write_head(heading);
        match shown {
            Shown::Octets(octets) if reason.is_none() => self.octet_string(octets),
            Shown::Octets(octets) => {
                self.raw(" 0x");
                text::hex(&mut self.out, octets);
            }
            Shown::Masked("", mask) => self.display(format_args!(" masked-{mask:016x}")),
            Shown::Masked(kept, mask) => {
                let kept = format!("{kept:?}");
                self.display(format_args!(" {}masked-{mask:016x}\"", kept.trim_end_matches('"')));
            }
        }
        if let Some(reason) = reason {
            self.display(format_args!(" (invalid: {reason})"));
        }
        self.out.push(b'\n');
    }

    #[inline]
    fn begin_group(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) {
        self.head(avp, definition);
        self.out.push(b'\n');
        self.depth += 1;
    }

    #[inline]
    fn end_group(&mut self) {
        self.depth -= 1;
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

/// The V, M and P flags; the other bits are reserved.
const RESERVED: u8 = 0x1f;

/// How an AVP begins, up to its flags.
fn write_head(out: &mut Vec<u8>, name: &str, code: Option<u32>, vendor: Option<u32>, flags: AvpFlags) {
    out.extend_from_slice(name.as_bytes());
    match (code, vendor) {
        (None, _) => out.extend_from_slice(b" (?)"),
        (Some(code), Some(0)) => text::display(out, format_args!(" ({code})")),
        (Some(code), Some(vendor)) => text::display(out, format_args!(" ({code}/{vendor})")),
        (Some(code), None) => text::display(out, format_args!(" ({code}/?)")),
    }
    let letters = [(flags.is_vendor(), 'V'), (flags.is_mandatory(), 'M'), (flags.is_protected(), 'P')];
    write_letters(out, letters.into_iter().filter_map(|(set, letter)| set.then_some(letter)), flags.0 & RESERVED);
}

/// The letters that are set, with commas, then reserved bits if any; `-` for nothing at all.
fn write_letters(out: &mut Vec<u8>, letters: impl Iterator<Item = char>, reserved: u8) {
    out.push(b' ');
    let start = out.len();
    for letter in letters {
        if out.len() > start {
            out.push(b',');
        }
        out.push(letter as u8);
    }
    if reserved != 0 {
        text::display(out, format_args!("+{reserved:#04x}"));
    }
    if out.len() == start {
        out.push(b'-');
    }
}

/// The value of a kind that is seldom.
fn write_other(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Address(address) => match address.ip() {
            Some(IpAddr::V4(address)) => {
                out.push(b' ');
                text::ipv4(out, address);
            }
            _ => text::display(out, format_args!(" {address}")),
        },
        other => text::display(out, format_args!("{other}")),
    }
}
