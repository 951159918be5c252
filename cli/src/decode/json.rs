//! Messages as JSON, one object a line, written straight into the output buffer.

use super::out::{Out, decimal};
use super::pieces::Pieces;
use super::place::{self, Place};
use super::text::{self, Times};
use super::walk::{AvpHeading, Findings, Head, Heading, Printer, Shown};
use diametric_dictionary::model::DataType;
use diametric_dissect::{Definition, Dissector, Value};
use diametric_protocol::wire::AvpFlags;
use std::fmt;
use std::net::IpAddr;

/// Prints JSON.
#[derive(Debug)]
pub(crate) struct Json {
    out: Out,
    lengths: bool,
    pieces: Pieces<112>,
    times: Times,
}

impl Json {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(names: &Dissector, lengths: bool) -> Self {
        Self { out: Out::default(), lengths, pieces: Pieces::new(names), times: Times::new() }
    }

    /// How an AVP begins, up to its value.
    #[inline(always)]
    fn head(&mut self, Head { definition, flags, length }: Head<'_>) {
        if self.lengths {
            return self.head_with_length(definition, flags, length);
        }
        self.pieces.head(&mut self.out, definition, flags, move |out| {
            write_head(out, Head { definition, flags, length }.heading());
            out.extend_from_slice(opening(definition));
        });
    }

    #[cold]
    fn head_with_length(&mut self, definition: &Definition, flags: AvpFlags, length: u32) {
        self.out.append(|out| {
            write_head(out, Head { definition, flags, length }.heading());
            text::display(out, format_args!(",\"length\":{length}"));
            out.extend_from_slice(opening(definition));
        });
    }

    /// Ends a list of AVPs: behind the last stands a comma, if there is one.
    #[inline(always)]
    fn end_list(&mut self) {
        if self.out.written().last() == Some(&b',') {
            self.out.truncate(self.out.len() - 1);
        }
        self.out.write(1, |room| room.put(b"]"));
    }
}

fn write_place(out: &mut Vec<u8>, place: &Place) {
    match place {
        Place::Line(number) => text::display(out, format_args!("{{\"line\":{number}")),
        Place::Offset(offset) => {
            out.extend_from_slice(b"{\"offset\":");
            decimal(out, *offset);
        }
        Place::Frame(frame) => {
            text::display(out, format_args!("{{\"frame\":{},\"time\":", frame.when.frame));
            match frame.when.time {
                Some(time) => {
                    out.push(b'"');
                    place::time(out, time);
                    out.push(b'"');
                }
                None => out.extend_from_slice(b"null"),
            }
            let (source, destination) = (frame.source, frame.destination);
            let transport = frame.transport.name();
            text::display(
                out,
                format_args!(
                    ",\"source\":\"{source}\",\"destination\":\"{destination}\",\"transport\":\"{transport}\""
                ),
            );
        }
    }
}

fn hex_member(out: &mut Vec<u8>, name: &str, octets: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
    text::hex(out, octets);
    out.push(b'"');
}

/// How the object of an AVP begins, up to its value or, with `--lengths`, its length.
fn write_head(out: &mut Vec<u8>, heading: AvpHeading<'_>) {
    let AvpHeading { definition, code, vendor, flags, .. } = heading;
    out.extend_from_slice(b"{\"name\":");
    nullable(out, definition.map(Definition::name));
    out.extend_from_slice(b",\"code\":");
    nullable_number(out, code);
    out.extend_from_slice(b",\"vendor\":");
    nullable_number(out, vendor);
    out.extend_from_slice(b",\"flags\":[");
    let letters = [(flags.is_vendor(), b'V'), (flags.is_mandatory(), b'M'), (flags.is_protected(), b'P')];
    write_letters(out, letters.into_iter().filter_map(|(is_set, letter)| is_set.then_some(letter)));
}

/// The letters of a list of flags, and the end of the list.
fn write_letters(out: &mut Vec<u8>, letters: impl Iterator<Item = u8>) {
    for (position, letter) in letters.enumerate() {
        out.extend_from_slice(if position == 0 { b"\"" } else { b",\"" });
        out.extend_from_slice(&[letter, b'"']);
    }
    out.push(b']');
}

/// How the value of an AVP begins.
fn opening(definition: &Definition) -> &'static [u8] {
    match definition.data_type() {
        DataType::Grouped => b",\"avps\":[",
        DataType::Enumerated | DataType::Integer32 | DataType::Unsigned32 | DataType::Float32 | DataType::Float64 => {
            b",\"value\":"
        }
        _ => b",\"value\":\"",
    }
}

/// A value and its name, and the end of its AVP.
fn write_label(out: &mut Vec<u8>, value: i64, name: Option<&str>) {
    out.extend_from_slice(b"{\"value\":");
    text::display(out, format_args!("{value}"));
    out.extend_from_slice(b",\"name\":");
    nullable(out, name);
    out.extend_from_slice(b"}},");
}

/// Every AVP ends with a comma, which the end of its list takes away.
impl Printer for Json {
    fn out(&mut self) -> &mut Out {
        &mut self.out
    }

    fn begin(&mut self, heading: &Heading<'_>) {
        self.out.append(|out| write_begin(out, heading));
    }

    #[inline(always)]
    fn plain_text(&mut self, head: Head<'_>, text: &[u8]) -> bool {
        let start = self.out.len();
        self.head(head);
        let is_plain = self.out.write(text.len() + 4, |room| {
            let is_plain = room.plain(text);
            room.put(b"\"},");
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
                room.decimal(number.into());
                room.put(b"},");
            }),
            Value::Integer32(number) => out.write(32, |room| {
                room.signed(number.into());
                room.put(b"},");
            }),
            Value::Enumerated(value) => {
                let (definition, number) = (head.definition, value.value());
                match definition.position(number) {
                    Some(position) => self.pieces.label(out, definition, position, move |out| {
                        write_label(out, number, Some(&definition.labels()[position].name));
                    }),
                    None => out.append(|out| write_label(out, number, None)),
                }
            }
            Value::Octets(octets) => out.write(2 * octets.len() + 4, |room| {
                room.hex(octets);
                room.put(b"\"},");
            }),
            Value::Unsigned64(number) => out.write(32, |room| {
                room.decimal(number);
                room.put(b"\"},");
            }),
            Value::Integer64(number) => out.write(32, |room| {
                room.signed(number);
                room.put(b"\"},");
            }),
            Value::Time(time) => out.write(32, |room| {
                self.times.write(room, time);
                room.put(b"\"},");
            }),
            Value::Address(address) => match address.ip() {
                Some(IpAddr::V4(address)) => out.write(48, |room| {
                    room.ipv4(address);
                    room.put(b"\"},");
                }),
                _ => out.append(|out| write_other(out, value)),
            },
            other => out.append(|out| write_other(out, other)),
        }
    }

    #[cold]
    fn octets(&mut self, heading: AvpHeading<'_>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>) {
        let lengths = self.lengths;
        self.out.append(|out| {
            write_head(out, heading);
            if lengths {
                out.extend_from_slice(b",\"length\":");
                nullable_number(out, heading.length);
            }
            write_shown(out, shown, reason);
        });
    }

    #[inline(always)]
    fn begin_group(&mut self, head: Head<'_>) {
        self.head(head);
    }

    #[inline(always)]
    fn end_group(&mut self) {
        self.end_list();
        self.out.write(2, |room| room.put(b"},"));
    }

    fn end(&mut self, findings: &Findings) {
        self.end_list();
        self.out.append(|out| write_end(out, findings));
    }
}

/// How a message begins, up to its AVPs.
fn write_begin(out: &mut Vec<u8>, heading: &Heading<'_>) {
    let header = heading.header;
    write_place(out, heading.place);
    out.extend_from_slice(b",\"command\":");
    nullable(out, heading.message.map(|message| message.name.as_str()));
    member(out, b",\"code\":", header.command);
    member(out, b",\"application\":", header.application);
    out.extend_from_slice(b",\"flags\":[");
    write_letters(out, header.flags.letters().map(|letter| letter as u8));
    member(out, b",\"hop_by_hop\":", header.hop_by_hop.0);
    member(out, b",\"end_to_end\":", header.end_to_end.0);
    out.extend_from_slice(b",\"avps\":[");
}

fn member(out: &mut Vec<u8>, name: &[u8], number: u32) {
    out.extend_from_slice(name);
    decimal(out, number.into());
}

/// How a message ends, behind the list of its AVPs.
fn write_end(out: &mut Vec<u8>, findings: &Findings) {
    if let Some(error) = &findings.error {
        let result_code = u32::from(error.result_code());
        text::display(out, format_args!(",\"error\":{{\"result_code\":{result_code},\"path\":"));
        string(out, &error.path());
        out.extend_from_slice(b",\"message\":");
        string(out, &findings.reason(&error.first().message));
        out.push(b'}');
    }
    if let Some(octets) = &findings.reencoded {
        hex_member(out, ",\"reencoded\":", octets);
    }
    if let Some(octets) = &findings.typed_reencoded {
        hex_member(out, ",\"typed_reencoded\":", octets);
    }
    out.extend_from_slice(b"}\n");
}

/// What is shown instead of a value, and the end of its AVP.
fn write_shown(out: &mut Vec<u8>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>) {
    out.extend_from_slice(b",\"value\":\"");
    match shown {
        Shown::Octets(octets) => text::hex(out, octets),
        Shown::Masked(kept, mask) => {
            escaped(out, kept);
            text::display(out, format_args!("masked-{mask:016x}"));
        }
    }
    out.push(b'"');
    if let Some(reason) = reason {
        out.extend_from_slice(b",\"invalid\":");
        string(out, &reason.to_string());
    }
    out.extend_from_slice(b"},");
}

/// A value of a kind that is seldom, and the end of its AVP.
#[cold]
fn write_other(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) | Value::Identity(text) | Value::Uri(text) => {
            escaped(out, text);
            out.push(b'"');
        }
        // Nothing in it needs to be escaped.
        Value::Address(address) => text::display(out, format_args!("{address}\"")),
        // What is not finite is no number in JSON, but a string.
        Value::Float32(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
        Value::Float64(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
        Value::Float32(number) => text::display(out, format_args!("\"{number:?}\"")),
        Value::Float64(number) => text::display(out, format_args!("\"{number:?}\"")),
        // Groups and AVPs without a definition do not come here, and all other kinds are written where they are met.
        _ => {}
    }
    out.extend_from_slice(b"},");
}

fn nullable(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn nullable_number(out: &mut Vec<u8>, number: Option<u32>) {
    match number {
        Some(number) => decimal(out, number.into()),
        None => out.extend_from_slice(b"null"),
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(text::is_plain_octet) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escaped(out, text);
    }
    out.push(b'"');
}

/// Text with what JSON wants escaped.
fn escaped(out: &mut Vec<u8>, text: &str) {
    for octet in text.bytes() {
        match octet {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            octet if octet < 0x20 => text::display(out, format_args!("\\u{octet:04x}")),
            octet => out.push(octet),
        }
    }
}
