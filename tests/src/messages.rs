//! Random messages, made from a resolved dictionary: every command and every group, with random members, cardinalities and
//! values, and with AVPs that no grammar lists.
//!
//! A [`Generator`] makes a [`Message`] in the form in which the typed layer writes it: members in the order of the
//! grammar with the flags of their definition, other AVPs behind them. [`Message::respelled`] says the same in another
//! way that the standards allow; [`mutation`] breaks it. Everything follows from a seed.

mod generator;
pub mod mutation;
mod values;

pub use generator::{Extras, Fill, Generator};

use diametric_protocol::wire::{HEADER_LEN, Header};
use fastrand::Rng;

/// The V flag.
pub const VENDOR_FLAG: u8 = 0x80;
/// The M flag.
pub const MANDATORY_FLAG: u8 = 0x40;

/// A message, before it is octets.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The header.
    pub header: Header,
    /// The AVPs at the top level.
    pub avps: Vec<Avp>,
}

/// An AVP.
#[derive(Clone, Debug, PartialEq)]
pub struct Avp {
    /// AVP code.
    pub code: u32,
    /// Vendor-Id; written if `flags` has V.
    pub vendor: u32,
    /// Flags.
    pub flags: u8,
    /// Whether the grammar of the group that holds it lists it.
    pub declared: bool,
    /// What it holds.
    pub value: Value,
}

/// What an AVP holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The payload of any format but Grouped.
    Octets(Vec<u8>),
    /// The members of a group.
    Group(Vec<Avp>),
}

impl Message {
    /// The message on the wire.
    pub fn encode(&self) -> Vec<u8> {
        framed(self.header, &body(&self.avps))
    }

    /// The same message in another spelling: members shuffled (those of one AVP keep their order, and so do the AVPs that
    /// no grammar lists), M, P and reserved flags of members turned over, and groups that end without padding.
    pub fn respelled(&self, rng: &mut Rng) -> Vec<u8> {
        let mut avps = self.avps.clone();
        respell(&mut avps, rng);
        framed(self.header, &unpadded(&avps, rng, true))
    }
}

impl Avp {
    /// The payload on the wire.
    pub fn payload(&self) -> Vec<u8> {
        match &self.value {
            Value::Octets(octets) => octets.clone(),
            Value::Group(avps) => body(avps),
        }
    }

    /// The AVP on the wire, with its padding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.encode_payload(&self.payload());
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    fn encode_payload(&self, payload: &[u8]) -> Vec<u8> {
        let vendor: &[u8] = if self.flags & VENDOR_FLAG == 0 { &[] } else { &self.vendor.to_be_bytes() };
        let length = 8 + vendor.len() + payload.len();
        let word = u32::from(self.flags) << 24 | u32::try_from(length).expect("AVPs made here are short");
        [&self.code.to_be_bytes(), &word.to_be_bytes(), vendor, payload].concat()
    }
}

/// AVPs one after the other, as a group or a message holds them.
pub fn body(avps: &[Avp]) -> Vec<u8> {
    avps.iter().flat_map(Avp::encode).collect()
}

/// A body with its header. Filled up to a multiple of four octets, as whatever was done to it demands.
pub fn framed(header: Header, body: &[u8]) -> Vec<u8> {
    let length = (HEADER_LEN + body.len()).next_multiple_of(4);
    let mut frame = header.to_bytes(u32::try_from(length).expect("messages made here are short")).to_vec();
    frame.extend(body);
    frame.resize(length, 0);
    frame
}

/// A group in another spelling; see [`Message::respelled`].
pub fn respelled_group(avps: &[Avp], rng: &mut Rng) -> Vec<u8> {
    let mut avps = avps.to_vec();
    respell(&mut avps, rng);
    unpadded(&avps, rng, false)
}

fn respell(avps: &mut Vec<Avp>, rng: &mut Rng) {
    let key = |avp: &Avp| avp.declared.then_some((avp.vendor, avp.code));
    let mut keys: Vec<_> = avps.iter().map(key).collect();
    rng.shuffle(&mut keys);
    let mut ordered = Vec::with_capacity(avps.len());
    for wanted in keys {
        let next = avps.iter().position(|avp| key(avp) == wanted).expect("a key for each AVP");
        ordered.push(avps.remove(next));
    }
    *avps = ordered;
    for avp in avps.iter_mut().filter(|avp| avp.declared) {
        if rng.u8(..4) == 0 {
            avp.flags = avp.flags & VENDOR_FLAG | rng.u8(..) & !VENDOR_FLAG;
        }
        if let Value::Group(members) = &mut avp.value {
            respell(members, rng);
        }
    }
}

/// As [`body`], but a group may end without the padding of its last AVP, of which nothing depends.
fn unpadded(avps: &[Avp], rng: &mut Rng, padded: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, avp) in avps.iter().enumerate() {
        match &avp.value {
            Value::Group(members) if avp.declared => {
                let padded = rng.bool();
                out.extend(avp.encode_payload(&unpadded(members, rng, padded)));
            }
            _ => out.extend(avp.encode_payload(&avp.payload())),
        }
        if padded || index + 1 < avps.len() {
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }
    out
}
