//! Messages as JSON, one object a line, written straight into the output buffer.

use super::pieces::Pieces;
use super::place::{self, Place};
use super::text::{self, Times};
use super::walk::{AvpHeading, Findings, Heading, Printer, Shown};
use diametric_dictionary::model::DataType;
use diametric_dissect::{Definition, DissectedAvp, Dissector, Value};
use diametric_protocol::wire::AvpFlags;
use std::fmt;
use std::net::IpAddr;

/// Prints JSON.
#[derive(Debug)]
pub(crate) struct Json {
    out: Vec<u8>,
    lengths: bool,
    pieces: Pieces,
    times: Times,
}

impl Json {
    /// A printer; `lengths` adds each AVP Length.
    pub(crate) fn new(names: &Dissector, lengths: bool) -> Self {
        Self { out: Vec::new(), lengths, pieces: Pieces::new(names), times: Times::default() }
    }

    /// How an AVP begins, up to its value.
    #[inline]
    fn head(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) {
        if self.lengths {
            return self.head_with_length(avp, definition);
        }
        let flags = avp.flags();
        self.pieces.head(&mut self.out, definition, flags, |out| {
            write_head(out, Some(definition.name()), Some(definition.code()), Some(definition.vendor()), flags);
            out.extend_from_slice(opening(definition));
        });
    }

    #[cold]
    fn head_with_length(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) {
        let out = &mut self.out;
        write_head(out, Some(definition.name()), Some(definition.code()), Some(definition.vendor()), avp.flags());
        out.extend_from_slice(b",\"length\":");
        text::decimal(out, avp.length() as u64);
        out.extend_from_slice(opening(definition));
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

/// How the object of an AVP begins, up to its value or, with `--lengths`, its length.
fn write_head(out: &mut Vec<u8>, name: Option<&str>, code: Option<u32>, vendor: Option<u32>, flags: AvpFlags) {
    out.extend_from_slice(b"{\"name\":");
    nullable(out, name);
    out.extend_from_slice(b",\"code\":");
    nullable_number(out, code);
    out.extend_from_slice(b",\"vendor\":");
    nullable_number(out, vendor);
    out.extend_from_slice(b",\"flags\":[");
    let letters = [(flags.is_vendor(), b'V'), (flags.is_mandatory(), b'M'), (flags.is_protected(), b'P')];
    write_letters(out, letters.into_iter().filter_map(|(is_set, letter)| is_set.then_some(letter)));
}

/// The letters of a list of flags, and its end.
fn write_letters(out: &mut Vec<u8>, letters: impl Iterator<Item = u8>) {
    letters.for_each(|letter| out.extend_from_slice(&[b'"', letter, b'"', b',']));
    end_list(out);
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

/// Ends a list whose elements, if there are any, end with commas.
#[inline]
fn end_list(out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b']');
}

/// A value and its name, and the end of its AVP.
fn write_label(out: &mut Vec<u8>, value: i64, name: Option<&str>) {
    out.extend_from_slice(b"{\"value\":");
    text::signed(out, value);
    out.extend_from_slice(b",\"name\":");
    nullable(out, name);
    out.extend_from_slice(b"}},");
}

/// Every AVP ends with a comma, which the end of its list takes away.
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
        write_letters(&mut self.out, header.flags.letters().map(|letter| letter as u8));
        self.raw(",\"hop_by_hop\":");
        text::decimal(&mut self.out, header.hop_by_hop.0.into());
        self.raw(",\"end_to_end\":");
        text::decimal(&mut self.out, header.end_to_end.0.into());
        self.raw(",\"avps\":[");
    }

    #[inline]
    fn plain_text(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) -> bool {
        let start = self.out.len();
        self.head(avp, definition);
        let is_plain = text::copy_plain(&mut self.out, avp.data());
        if is_plain {
            self.raw("\"},");
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
            Value::Unsigned32(number) => text::decimal(out, number.into()),
            Value::Integer32(number) => text::signed(out, number.into()),
            // What is not finite is no number in JSON.
            Value::Float32(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
            Value::Float64(number) if number.is_finite() => text::display(out, format_args!("{number:?}")),
            Value::Float32(number) => text::display(out, format_args!("\"{number:?}\"")),
            Value::Float64(number) => text::display(out, format_args!("\"{number:?}\"")),
            Value::Enumerated(value) => {
                let number = value.value();
                return match definition.position(number) {
                    Some(position) => self.pieces.label(out, definition, position, |out| {
                        write_label(out, number, Some(&definition.labels()[position].name));
                    }),
                    None => write_label(out, number, None),
                };
            }
            ref quoted => {
                write_quoted(out, quoted, &mut self.times);
                return self.raw("\"},");
            }
        }
        self.raw("},");
    }

    #[cold]
    fn octets(&mut self, heading: AvpHeading<'_>, shown: Shown<'_>, reason: Option<&dyn fmt::Display>) {
        let out = &mut self.out;
        let name = heading.definition.map(Definition::name);
        write_head(out, name, heading.code, heading.vendor, heading.flags);
        if self.lengths {
            out.extend_from_slice(b",\"length\":");
            nullable_number(out, heading.length);
        }
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

    #[inline]
    fn begin_group(&mut self, avp: &DissectedAvp<'_>, definition: &Definition) {
        self.head(avp, definition);
    }

    #[inline]
    fn end_group(&mut self) {
        end_list(&mut self.out);
        self.raw("},");
    }

    fn end(&mut self, findings: &Findings) {
        end_list(&mut self.out);
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

/// What stands in quotes, which are there already.
fn write_quoted(out: &mut Vec<u8>, value: &Value<'_>, times: &mut Times) {
    match *value {
        Value::Octets(octets) => text::hex(out, octets),
        Value::Text(text) | Value::Identity(text) | Value::Uri(text) => escaped(out, text),
        Value::Unsigned64(number) => text::decimal(out, number),
        Value::Integer64(number) => text::signed(out, number),
        Value::Time(time) => times.write(out, time),
        Value::Address(address) => match address.ip() {
            Some(IpAddr::V4(address)) => text::ipv4(out, address),
            _ => text::display(out, format_args!("{address}")),
        },
        // The others are no strings.
        _ => {}
    }
}

fn nullable(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn nullable_number(out: &mut Vec<u8>, number: Option<u32>) {
    match number {
        Some(number) => text::decimal(out, number.into()),
        None => out.extend_from_slice(b"null"),
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let start = out.len();
    if !text::copy_plain(out, text.as_bytes()) {
        out.truncate(start);
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
