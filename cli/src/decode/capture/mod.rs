//! Messages out of captures and streams: what the input is, and the way from its octets to messages.

mod connections;
mod file;
mod framer;
#[cfg(test)]
#[path = "../../../tests/command/frames.rs"]
mod frames;
mod ip;
mod link;
mod sctp;
mod tcp;
#[cfg(test)]
mod tests;
mod unread;

use super::place::Place;
use super::source::Source;
use anyhow::Result;
use connections::Connections;
use file::{Captured, Format, Record};
use framer::Framer;
use ip::Fragments;
use link::Content;
use pcap_parser::parse_pcap_header;
use unread::Loss;
pub(crate) use unread::Unread;

/// How much of the input tells text from octets.
const SAMPLE: usize = 512;
/// Length of the header of a pcap file.
const PCAP_HEADER_LEN: usize = 24;

/// Receives messages.
pub(crate) trait Sink {
    /// A message whose length is that of its header.
    fn message(&mut self, place: &Place, frame: &[u8]) -> Result<()>;
    /// More input may have to be waited for.
    fn idle(&mut self) -> Result<()>;
}

/// What the input is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Lines of hexadecimal.
    Lines,
    /// Messages behind one another.
    Stream,
    /// A capture of frames.
    Capture(Format),
}

/// Finds out what the input is, by how it begins.
pub(crate) fn kind(source: &mut Source) -> Result<Kind> {
    while source.window().len() < 4 && source.more()? {}
    if source.window().starts_with(&[0x1f, 0x8b]) {
        source.decompress();
        while source.window().len() < 4 && source.more()? {}
    }
    if source.window().starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        return Ok(Kind::Capture(Format::pcapng()));
    }
    let magic = source.window().first_chunk().map(|magic| u32::from_le_bytes(*magic));
    if let Some(0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1) = magic {
        while source.window().len() < PCAP_HEADER_LEN && source.more()? {}
        if let Ok((_, header)) = parse_pcap_header(source.window()) {
            let format = Format::pcap(&header);
            source.skip(PCAP_HEADER_LEN);
            return Ok(Kind::Capture(format));
        }
    }
    let sample = &source.window()[..source.window().len().min(SAMPLE)];
    Ok(if sample.first() == Some(&1) || sample.contains(&0) { Kind::Stream } else { Kind::Lines })
}

/// Reads messages behind one another.
pub(crate) fn stream(source: &mut Source, sink: &mut dyn Sink) -> Result<Unread> {
    let mut unread = Unread::default();
    let mut framer = Framer::from_beginning(true);
    loop {
        let window = source.window();
        framer.push(window, &mut unread, &mut |offset, frame: &[u8]| sink.message(&Place::Offset(offset), frame))?;
        source.skip(window.len());
        if !more(source, sink, &mut unread)? {
            break;
        }
    }
    framer.finish(at_the_end(source, &mut unread, &mut Unread::default()));
    Ok(unread)
}

/// Reads the messages in the frames of a capture, those of the given ports or, without any, whatever looks like Diameter.
pub(crate) fn capture(source: &mut Source, mut format: Format, ports: &[u16], sink: &mut dyn Sink) -> Result<Unread> {
    let mut unread = Unread::default();
    let mut fragments = Fragments::default();
    let mut connections = Connections::new(ports);
    let mut number = 1;
    loop {
        match format.record(source.window(), number, &mut unread) {
            Record::Frame(length, captured) => {
                unread.frame = number;
                frame(captured, &mut fragments, &mut connections, &mut unread, sink)?;
                source.skip(length);
                number += 1;
            }
            Record::Other(length) => source.skip(length),
            Record::More(length) => {
                if more(source, sink, &mut unread)? {
                    continue;
                }
                let available = source.window().len();
                if available > 0 && unread.end.is_none() && !source.is_followed() {
                    let place = source.position();
                    unread.end = Some(format!(
                        "the last {available} octets, from offset {place} on: the file ends where {length} were to follow"
                    ));
                }
                break;
            }
            Record::Broken(reason) => {
                let place = source.position();
                unread.end = Some(format!("everything from offset {place} on: {reason}"));
                break;
            }
        }
    }
    let mut incomplete = Unread::default();
    let counts = at_the_end(source, &mut unread, &mut incomplete);
    fragments.finish(counts);
    connections.finish(counts, sink)?;
    Ok(unread)
}

/// What counts whatever is incomplete at the end: something else, if the end is not the end.
fn at_the_end<'a>(source: &Source, unread: &'a mut Unread, incomplete: &'a mut Unread) -> &'a mut Unread {
    if source.is_followed() { incomplete } else { unread }
}

/// Makes the window longer. An error of reading ends the input: what has been read is worth having.
fn more(source: &mut Source, sink: &mut dyn Sink, unread: &mut Unread) -> Result<bool> {
    sink.idle()?;
    match source.more() {
        Ok(more) => Ok(more),
        Err(error) => {
            unread.end = Some(format!("everything from offset {} on: {error:#}", source.position()));
            Ok(false)
        }
    }
}

fn frame(
    captured: Captured<'_>,
    fragments: &mut Fragments,
    connections: &mut Connections,
    unread: &mut Unread,
    sink: &mut dyn Sink,
) -> Result<()> {
    match link::content(captured.link, captured.octets) {
        Content::Ip(packet) => {
            let then = |packet: ip::Packet, payload: &[u8], unread: &mut Unread| {
                connections.packet(packet, payload, captured.when, unread, sink)
            };
            fragments.packet(packet, unread, then).unwrap_or(Ok(()))
        }
        Content::Other => Ok(()),
        Content::Short => {
            unread.add(Loss::BadFrame, 1);
            Ok(())
        }
        Content::UnknownLink => {
            unread.add(Loss::UnknownLink, 1);
            Ok(())
        }
    }
}
