//! Texts that are the same each time: how an AVP begins, and what a value is called.

use diametric_dissect::{Definition, Dissector};
use diametric_protocol::wire::AvpFlags;

/// Where a text stands.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    /// 0 as long as it has not been made.
    length: u32,
}

/// How far beyond its end a text can be read.
const SLACK: usize = 128;

/// Texts, each made when it is first needed. Most are copied in a length that the compiler knows, which is more than is needed
/// and quicker.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The texts behind one another, and [`SLACK`] more octets.
    text: Vec<u8>,
    /// For each definition how it begins, by its V, M and P.
    heads: Vec<[Span; 8]>,
    /// For each definition its labels in their order.
    labels: Vec<Box<[Span]>>,
}

impl Pieces {
    /// None yet.
    pub(crate) fn new(dissector: &Dissector) -> Self {
        let labels = |definition: &Definition| vec![Span::default(); definition.labels().len()].into();
        let definitions = dissector.definitions();
        Self {
            text: vec![0; SLACK],
            heads: vec![Default::default(); definitions.len()],
            labels: definitions.iter().map(labels).collect(),
        }
    }

    /// Appends how an AVP of this definition begins with these flags; reserved flags do not count.
    #[inline(always)]
    pub(crate) fn head(
        &mut self,
        out: &mut Vec<u8>,
        definition: &Definition,
        flags: AvpFlags,
        make: impl FnOnce(&mut Vec<u8>),
    ) {
        let span = &mut self.heads[definition.id().0][usize::from(flags.0 >> 5)];
        if span.length == 0 {
            *span = add(&mut self.text, make);
        }
        copy(&self.text, *span, out);
    }

    /// Appends what the label at `position` of a definition looks like.
    #[inline(always)]
    pub(crate) fn label(
        &mut self,
        out: &mut Vec<u8>,
        definition: &Definition,
        position: usize,
        make: impl FnOnce(&mut Vec<u8>),
    ) {
        let span = &mut self.labels[definition.id().0][position];
        if span.length == 0 {
            *span = add(&mut self.text, make);
        }
        copy(&self.text, *span, out);
    }
}

#[cold]
#[inline(never)]
fn add(text: &mut Vec<u8>, make: impl FnOnce(&mut Vec<u8>)) -> Span {
    let start = text.len() - SLACK;
    text.truncate(start);
    make(text);
    let length = text.len() - start;
    text.resize(start + length + SLACK, 0);
    Span { start: start as u32, length: length as u32 }
}

#[inline(always)]
fn copy(text: &[u8], span: Span, out: &mut Vec<u8>) {
    let (start, length) = (span.start as usize, span.length as usize);
    let end = out.len() + length;
    let text = &text[start..];
    match length {
        0..=32 => extend::<32>(text, out),
        33..=64 => extend::<64>(text, out),
        65..=96 => extend::<96>(text, out),
        97..=SLACK => extend::<SLACK>(text, out),
        _ => out.extend_from_slice(&text[..length]),
    }
    out.truncate(end);
}

#[inline(always)]
fn extend<const N: usize>(text: &[u8], out: &mut Vec<u8>) {
    if let Some(text) = text.first_chunk::<N>() {
        out.extend_from_slice(text);
    }
}
