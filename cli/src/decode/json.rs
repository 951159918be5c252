//! Messages as JSON, one object a line, written straight into the output buffer.

use super::names::Definition;
use super::place::{self, Place};
use super::text;
use super::value::Value;
use super::walk::{AvpHeading, Findings, Heading, Printer};
use diametric_protocol::value::Address;
use diametric_protocol::wire::AvpFlags;
use std::fmt;

/// Prints JSON.
#[derive(Debug, Default)]
pub(crate) struct Json {
    out: Vec<u8>,
    lengths: bool,
}

impl Json {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(lengths: bool) -> Self {
        Self { out: Vec::new(), lengths }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn place(&mut self, place: &Place) {
        let out = &mut self.out;
        match place {
            Place::Line(number) => {
                out.extend_from_slice(b"{\"line\":");
                text::decimal(out, *number);
            }
            Place::Offset(offset) => {
                out.extend_from_slice(b"{\"offset\":");
                text::decimal(out, *offset);
            }
            Place::Frame(frame) => {
                out.extend_from_slice(b"{\"frame\":");
                text::decimal(out, frame.when.frame);
                out.extend_from_slice(b",\"time\":");
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

    fn hex_member(&mut self, name: &str, octets: &[u8]) {
        self.raw(name);
        self.out.push(b'"');
        text::hex(&mut self.out, octets);
        self.out.push(b'"');
    }
}

/// How the object of an AVP begins, up to the letters of its flags.
pub(crate) fn head(name: Option<&str>, code: Option<u32>, vendor: Option<u32>) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(&mut out, name, code, vendor);
    out
}

fn write_head(out: &mut Vec<u8>, name: Option<&str>, code: Option<u32>, vendor: Option<u32>) {
    out.extend_from_slice(b"{\"name\":");
    nullable(out, name);
    for (member, number) in [(&b",\"code\":"[..], code), (b",\"vendor\":", vendor)] {
        out.extend_from_slice(member);
        match number {
            Some(number) => text::decimal(out, number.into()),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b",\"flags\":[");
}

/// The letters of V, M and P, by the three top bits, and the bracket that closes them, with blanks up to a length that the
/// compiler knows; and the length without them.
const FLAGS: [(&[u8; 12], usize); 8] = [
    (b"]           ", 1),
    (b"\"P\"]        ", 4),
    (b"\"M\"]        ", 4),
    (b"\"M\",\"P\"]    ", 8),
    (b"\"V\"]        ", 4),
    (b"\"V\",\"P\"]    ", 8),
    (b"\"V\",\"M\"]    ", 8),
    (b"\"V\",\"M\",\"P\"]", 12),
];

fn flags(out: &mut Vec<u8>, flags: AvpFlags) {
    let (text, length) = FLAGS[usize::from(flags.0 >> 5)];
    let start = out.len();
    out.extend_from_slice(text);
    out.truncate(start + length);
}

/// A value and its name.
pub(crate) fn label(value: i64, name: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    write_label(&mut out, value, name);
    out
}

fn write_label(out: &mut Vec<u8>, value: i64, name: Option<&str>) {
    out.extend_from_slice(b"{\"value\":");
    text::signed(out, value);
    out.extend_from_slice(b",\"name\":");
    nullable(out, name);
    out.push(b'}');
}

impl Printer for Json {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    fn begin(&mut self, heading: &Heading<'_>) {
        let header = heading.header;
        self.place(heading.place);
        self.raw(",\"command\":");
        nullable(&mut self.out, heading.message.map(|message| message.name.as_str()));
        self.raw(",\"code\":");
        text::decimal(&mut self.out, header.command.into());
        self.raw(",\"application\":");
        text::decimal(&mut self.out, header.application.into());
        self.raw(",\"flags\":[");
        for (position, letter) in header.flags.letters().enumerate() {
            self.raw(if position == 0 { "\"" } else { ",\"" });
            self.out.push(letter as u8);
            self.out.push(b'"');
        }
        self.raw("],\"hop_by_hop\":");
        text::decimal(&mut self.out, header.hop_by_hop.0.into());
        self.raw(",\"end_to_end\":");
        text::decimal(&mut self.out, header.end_to_end.0.into());
        self.raw(",\"avps\":[");
    }

    #[inline]
    fn avp(&mut self, heading: AvpHeading<'_>) {
        // Behind the bracket that opens the list stands the first.
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
        match heading.definition {
            Some(definition) => self.out.extend_from_slice(&definition.json_head),
            None => write_head(&mut self.out, None, heading.code, heading.vendor),
        }
        flags(&mut self.out, heading.flags);
        if self.lengths {
            self.raw(",\"length\":");
            match heading.length {
                Some(length) => text::decimal(&mut self.out, length.into()),
                None => self.raw("null"),
            }
        }
    }

    #[inline]
    fn value(&mut self, value: &Value<'_>, definition: Option<&Definition>) {
        self.raw(",\"value\":");
        let out = &mut self.out;
        match value {
            Value::Octets(octets) => {
                out.push(b'"');
                text::hex(out, octets);
                out.push(b'"');
            }
            Value::Text(text) => string(out, text),
            Value::Unsigned32(number) => text::decimal(out, (*number).into()),
            Value::Integer32(number) => text::signed(out, (*number).into()),
            Value::Unsigned64(number) => {
                out.push(b'"');
                text::decimal(out, *number);
                out.push(b'"');
            }
            Value::Integer64(number) => {
                out.push(b'"');
                text::signed(out, *number);
                out.push(b'"');
            }
            // What is not finite is no number in JSON.
            Value::Float32(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
            Value::Float64(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
            Value::Float32(number) => text::display(out, format_args!("\"{number:?}\"")),
            Value::Float64(number) => text::display(out, format_args!("\"{number:?}\"")),
            Value::Enumerated(number) => match definition.and_then(|definition| definition.json_label(*number)) {
                Some(json) => out.extend_from_slice(json),
                None => write_label(out, *number, None),
            },
            // Neither can hold a character that JSON escapes.
            Value::Time(time) => text::display(out, format_args!("\"{time}\"")),
            Value::Ipv4(address) => {
                out.push(b'"');
                text::ipv4(out, *address);
                out.push(b'"');
            }
            Value::Address(family, octets) => match Address::from_parts(*family, octets) {
                Ok(address) => text::display(out, format_args!("\"{address}\"")),
                Err(_) => out.extend_from_slice(b"null"),
            },
            Value::Masked(kept, mask) => {
                string(out, kept);
                out.pop();
                text::display(out, format_args!("masked-{mask:016x}\""));
            }
            Value::Group => self.raw("null"),
        }
        self.out.push(b'}');
    }

    fn invalid(&mut self, octets: &Value<'_>, reason: &dyn fmt::Display) {
        self.value(octets, None);
        self.out.pop();
        self.raw(",\"invalid\":");
        string(&mut self.out, &reason.to_string());
        self.out.push(b'}');
    }

    fn begin_group(&mut self) {
        self.raw(",\"avps\":[");
    }

    fn end_group(&mut self) {
        self.raw("]}");
    }

    fn take_back(&mut self, length: usize) {
        self.out.truncate(length);
    }

    fn end(&mut self, findings: &Findings) {
        self.out.push(b']');
        if let Some(error) = &findings.error {
            self.raw(",\"error\":{\"result_code\":");
            text::decimal(&mut self.out, u32::from(error.result_code()).into());
            self.raw(",\"path\":");
            string(&mut self.out, &error.path());
            self.raw(",\"message\":");
            string(&mut self.out, &findings.reason(&error.first().message));
            self.out.push(b'}');
        }
        if let Some(octets) = &findings.reencoded {
            self.hex_member(",\"reencoded\":", octets);
        }
        if let Some(octets) = &findings.typed_reencoded {
            self.hex_member(",\"typed_reencoded\":", octets);
        }
        self.raw("}\n");
    }
}

fn nullable(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

/// A string with what JSON wants escaped.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let is_plain = |octet: u8| (octet >= 0x20) & (octet != b'"') & (octet != b'\\');
    // Nearly every text is plain, which is found out many octets at a time.
    if text.bytes().fold(true, |all, octet| all & is_plain(octet)) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escaped(out, text);
    }
    out.push(b'"');
}

#[cold]
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
