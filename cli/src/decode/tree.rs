//! Messages as indented trees.

use super::out::{Out, decimal};
use super::pieces::Pieces;
use super::place::{self, Place};
use super::text::{self, Times};
use super::walk::{AvpHeading, Findings, Head, Heading, Printer, Shown};
use diametric_dissect::{Definition, Dissector, Value};
use diametric_protocol::wire::AvpFlags;
use std::fmt;
use std::net::IpAddr;

/// Prints trees.
#[derive(Debug)]
pub(crate) struct Tree {
    out: Out,
    lengths: bool,
    pieces: Pieces<64>,
    times: Times,
    depth: usize,
    /// Whether there was a message before, from which the next is to be kept apart.
    follows: bool,
}

impl Tree {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(names: &Dissector, lengths: bool) -> Self {
        let pieces = Pieces::new(names);
        Self { out: Out::default(), lengths, pieces, times: Times::new(), depth: 0, follows: false }
    }

    /// How an AVP begins, up to the blank before its value.
    #[inline(always)]
    fn head(&mut self, Head { definition, flags, length }: Head<'_>) {
        self.indent();
        if self.lengths || flags.0 & RESERVED != 0 {
            return self.write_head(definition, flags, length);
        }
        self.pieces.head(&mut self.out, definition, flags, move |out| {
            write_head(out, Head { definition, flags, length }.heading(), false);
        });
    }

    #[cold]
    fn write_head(&mut self, definition: &Definition, flags: AvpFlags, length: u32) {
        let lengths = self.lengths;
        self.out.append(|out| write_head(out, Head { definition, flags, length }.heading(), lengths));
    }

    #[inline(always)]
    fn indent(&mut self) {
        // Wide enough for nearly all, and a width that the compiler knows.
        match (self.depth + 1) * 2 {
            width @ 0..=16 => self.out.write(16, |room| room.part(&[b' '; 16], width)),
            width => self.out.append(|out| out.resize(out.len() + width, b' ')),
        }
    }
}

impl Printer for Tree {
    fn out(&mut self) -> &mut Out {
        &mut self.out
    }

    fn begin(&mut self, heading: &Heading<'_>) {
        let follows = std::mem::replace(&mut self.follows, true);
        self.out.append(|out| {
            if follows {
                out.push(b'\n');
            }
            write_begin(out, heading);
        });
    }

    #[inline(always)]
    fn plain_text(&mut self, head: Head<'_>, text: &[u8]) -> bool {
        let start = self.out.len();
        self.head(head);
        let is_plain = self.out.write(text.len() + 8, |room| {
            room.put(b" \"");
            let is_plain = room.plain(text);
            room.put(b"\"\n");
            is_plain
        });
        if !is_plain {
            self.out.truncate(start);
        }
        is_plain
    }

    #[inline(always)]
    fn value(&mut self, head: Head<'_>, value: Value<'_>) {
        self.head(head);
        let out = &mut self.out;
        match value {
            Value::Unsigned32(number) => out.write(32, |room| {
                room.put(b" ");
                room.decimal(number.into());
                room.put(b"\n");
            }),
            Value::Unsigned64(number) => out.write(32, |room| {
                room.put(b" ");
                room.decimal(number);
                room.put(b"\n");
            }),
            Value::Enumerated(value) => {
                let (definition, number) = (head.definition, value.value());
                match definition.position(number) {
                    Some(position) => self.pieces.label(out, definition, position, move |out| {
                        let label = &definition.labels()[position].name;
                        text::display(out, format_args!(" {label} ({number})\n"));
                    }),
                    None => out.append(|out| text::display(out, format_args!(" {number}\n"))),
                }
            }
            Value::Octets(octets) => write_octets(out, octets),
            Value::Time(time) => out.write(32, |room| {
                room.put(b" ");
                self.times.write(room, time);
                room.put(b"\n");
            }),
            Value::Address(address) => match address.ip() {
                Some(IpAddr::V4(address)) => out.write(48, |room| {
                    room.put(b" ");
                    room.ipv4(address);
                    room.put(b"\n");
                }),
                _ => out.append(|out| text::display(out, format_args!("{value}\n"))),
            },
            other => out.append(|out| text::display(out, format_args!("{other}\n"))),
        }
    }

    #[cold]
    fn octets(&mut self, heading: AvpHeading<'_>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>) {
        self.indent();
        let lengths = self.lengths;
        self.out.append(|out| write_head(out, heading, lengths));
        match shown {
            Shown::Octets(octets) if reason.is_none() => return write_octets(&mut self.out, octets),
            Shown::Octets(octets) => self.out.append(|out| {
                out.extend_from_slice(b" 0x");
                text::hex(out, octets);
            }),
            Shown::Masked("", mask) => self.out.append(|out| text::display(out, format_args!(" masked-{mask:016x}"))),
            Shown::Masked(kept, mask) => {
                let kept = format!("{kept:?}");
                let kept = kept.trim_end_matches('"');
                self.out.append(|out| text::display(out, format_args!(" {kept}masked-{mask:016x}\"")));
            }
        }
        self.out.append(|out| match reason {
            Some(reason) => text::display(out, format_args!(" (invalid: {reason})\n")),
            None => out.push(b'\n'),
        });
    }

    #[inline(always)]
    fn begin_group(&mut self, head: Head<'_>) {
        self.head(head);
        self.out.write(1, |room| room.put(b"\n"));
        self.depth += 1;
    }

    #[inline(always)]
    fn end_group(&mut self) {
        self.depth -= 1;
    }

    fn end(&mut self, findings: &Findings) {
        self.out.append(|out| {
            if let Some(error) = &findings.error {
                text::display(out, format_args!("error: {}\n", findings.reason(&error.to_string())));
            }
            if let Some(octets) = &findings.reencoded {
                hex_line(out, "reencoded: ", octets);
            }
            if let Some(octets) = &findings.typed_reencoded {
                hex_line(out, "typed reencoded: ", octets);
            }
        });
    }
}

fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn hex_line(out: &mut Vec<u8>, what: &str, octets: &[u8]) {
    raw(out, what);
    text::hex(out, octets);
    out.push(b'\n');
}

fn write_place(out: &mut Vec<u8>, place: &Place) {
    match place {
        Place::Line(_) => {}
        Place::Offset(offset) => {
            raw(out, "offset ");
            decimal(out, *offset);
            raw(out, "\n");
        }
        Place::Frame(frame) => {
            text::display(out, format_args!("frame {}", frame.when.frame));
            if let Some(time) = frame.when.time {
                out.push(b' ');
                place::time(out, time);
            }
            let (source, destination) = (frame.source, frame.destination);
            text::display(out, format_args!(" {source} -> {destination} {}\n", frame.transport.name()));
        }
    }
}

/// How a message begins: all before its AVPs.
fn write_begin(out: &mut Vec<u8>, heading: &Heading<'_>) {
    let header = heading.header;
    write_place(out, heading.place);
    match heading.message {
        Some(message) => {
            raw(out, &message.name);
            raw(out, " (");
            raw(out, &message.abbreviation);
            raw(out, ") ");
        }
        None => raw(out, if header.flags.is_request() { "unknown request " } else { "unknown answer " }),
    }
    decimal(out, header.command.into());
    raw(out, " app ");
    decimal(out, header.application.into());
    if let Some(application) = heading.application {
        raw(out, " (");
        raw(out, application);
        raw(out, ")");
    }
    write_letters(out, header.flags.letters(), header.flags.0 & 0x0f);
    for (what, number) in [(" hop-by-hop 0x", header.hop_by_hop.0), (" end-to-end 0x", header.end_to_end.0)] {
        raw(out, what);
        text::hex(out, &number.to_be_bytes());
    }
    out.push(b'\n');
}

/// Octets and the end of their line.
fn write_octets(out: &mut Out, octets: &[u8]) {
    // Many octet strings are text by another name.
    let is_text = !octets.is_empty() && octets.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ');
    let is_plain = is_text && octets.iter().all(|octet| text::is_plain_octet(*octet));
    out.write(3 * octets.len() + 8, |room| {
        room.put(b" 0x");
        room.hex(octets);
        if is_plain {
            room.put(b" \"");
            room.all(octets);
            room.put(b"\"\n");
        } else if !is_text {
            room.put(b"\n");
        }
    });
    if is_text && !is_plain {
        out.append(|out| text::display(out, format_args!(" {:?}\n", String::from_utf8_lossy(octets))));
    }
}

/// The V, M and P flags; the other bits are reserved.
const RESERVED: u8 = 0x1f;

/// How an AVP begins, up to its flags.
fn write_head(out: &mut Vec<u8>, heading: AvpHeading<'_>, with_length: bool) {
    let flags = heading.flags;
    out.extend_from_slice(heading.definition.map_or("unknown", Definition::name).as_bytes());
    match (heading.code, heading.vendor) {
        (None, _) => out.extend_from_slice(b" (?)"),
        (Some(code), Some(0)) => text::display(out, format_args!(" ({code})")),
        (Some(code), Some(vendor)) => text::display(out, format_args!(" ({code}/{vendor})")),
        (Some(code), None) => text::display(out, format_args!(" ({code}/?)")),
    }
    let letters = [(flags.is_vendor(), 'V'), (flags.is_mandatory(), 'M'), (flags.is_protected(), 'P')];
    write_letters(out, letters.into_iter().filter_map(|(set, letter)| set.then_some(letter)), flags.0 & RESERVED);
    if let Some(length) = heading.length.filter(|_| with_length) {
        text::display(out, format_args!(" length {length}"));
    }
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
