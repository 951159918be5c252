//! Texts that are the same each time: how an AVP begins, and what a value is called.

use super::out::Out;
use diametric_dissect::{Definition, Dissector};
use diametric_protocol::wire::AvpFlags;

/// Where a text stands.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    /// 0 as long as it has not been made.
    length: u32,
}

/// Texts, each made when it is first needed. Those up to `N` octets are copied as if they had that many, which is quicker than
/// to copy as many as there are.
#[derive(Debug)]
pub(crate) struct Pieces<const N: usize> {
    /// The texts behind one another, and `N` more octets.
    text: Vec<u8>,
    /// For each definition how it begins, by its V, M and P.
    heads: Vec<[Span; 8]>,
    /// For each definition its labels in their order.
    labels: Vec<Box<[Span]>>,
}

impl<const N: usize> Pieces<N> {
    /// None yet.
    pub(crate) fn new(dissector: &Dissector) -> Self {
        let labels = |definition: &Definition| vec![Span::default(); definition.labels().len()].into();
        let definitions = dissector.definitions();
        Self {
            text: vec![0; N],
            heads: vec![Default::default(); definitions.len()],
            labels: definitions.iter().map(labels).collect(),
        }
    }

    /// Writes how an AVP of this definition begins with these flags; reserved flags do not count.
    #[inline(always)]
    pub(crate) fn head(
        &mut self,
        out: &mut Out,
        definition: &Definition,
        flags: AvpFlags,
        make: impl FnOnce(&mut Vec<u8>),
    ) {
        let span = &mut self.heads[definition.id().0][usize::from(flags.0 >> 5)];
        if span.length == 0 {
            *span = add(&mut self.text, N, make);
        }
        copy::<N>(&self.text, *span, out);
    }

    /// Writes what the label at `position` of a definition looks like.
    #[inline(always)]
    pub(crate) fn label(
        &mut self,
        out: &mut Out,
        definition: &Definition,
        position: usize,
        make: impl FnOnce(&mut Vec<u8>),
    ) {
        let span = &mut self.labels[definition.id().0][position];
        if span.length == 0 {
            *span = add(&mut self.text, N, make);
        }
        copy::<N>(&self.text, *span, out);
    }
}

#[cold]
#[inline(never)]
fn add(text: &mut Vec<u8>, slack: usize, make: impl FnOnce(&mut Vec<u8>)) -> Span {
    let start = text.len() - slack;
    text.truncate(start);
    make(text);
    let length = text.len() - start;
    text.resize(start + length + slack, 0);
    Span { start: start as u32, length: length as u32 }
}

#[inline(always)]
fn copy<const N: usize>(text: &[u8], span: Span, out: &mut Out) {
    let (start, length) = (span.start as usize, span.length as usize);
    match text.get(start..).and_then(|text| text.first_chunk::<N>()) {
        Some(text) if length <= N => out.write(N, |room| room.part(text, length)),
        _ => copy_long(&text[start..start + length], out),
    }
}

#[cold]
#[inline(never)]
fn copy_long(text: &[u8], out: &mut Out) {
    out.append(|out| out.extend_from_slice(text));
}
