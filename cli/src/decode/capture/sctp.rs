//! One direction of an SCTP association: messages out of DATA chunks.

use super::framer;
use super::tcp::Deliver;
use super::unread::{Loss, Unread};
use crate::decode::place::When;
use anyhow::Result;
use diametric_protocol::wire::frame_length;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// Length of the common header.
const COMMON_LEN: usize = 12;
/// Chunk type DATA, and what its header takes.
const DATA: u8 = 0;
const DATA_HEADER_LEN: usize = 16;
/// Flags of DATA: the last and the first fragment of a message.
const LAST: u8 = 0x01;
const FIRST: u8 = 0x02;
/// How many chunks are remembered, so that one captured twice is read once.
const REMEMBERED: usize = 512;
/// How many octets of incomplete messages may wait.
const MAX_WAITING: usize = 1 << 24;

/// The payload protocol identifiers that Diameter comes with: its own, the same in the wrong byte order, and none
/// (RFC 6733 §2.1, RFC 9260 §3.3.1). What is encrypted by DTLS, 47, is accepted where it is readable after all.
const PAYLOAD_PROTOCOLS: [u32; 4] = [46, 46_u32.swap_bytes(), 47, 0];

/// The common header of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Port of the sender.
    pub(crate) source: u16,
    /// Port of the receiver.
    pub(crate) destination: u16,
    /// What tells the association from others between these ports.
    pub(crate) tag: u32,
}

/// Takes the common header off.
pub(crate) fn header(packet: &[u8]) -> Option<(Header, &[u8])> {
    let (header, chunks) = packet.split_at_checked(COMMON_LEN)?;
    let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let tag = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    Some((Header { source: port(0), destination: port(2), tag }, chunks))
}

/// Puts fragments together.
#[derive(Debug)]
pub(crate) struct Direction {
    expected: bool,
    /// By transmission sequence number.
    waiting: HashMap<u32, Fragment>,
    waiting_octets: usize,
    /// The chunks that came last, each at its number modulo the length.
    seen: Box<[(u32, u64)]>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Fragment {
    flags: u8,
    data: Vec<u8>,
}

impl Direction {
    /// Nothing has come yet; `expected` tells that there should be messages.
    pub(crate) fn new(expected: bool) -> Self {
        let (waiting, hasher) = (HashMap::new(), RandomState::new());
        Self { expected, waiting, waiting_octets: 0, seen: Box::new([]), hasher }
    }

    /// How many octets are kept.
    pub(crate) fn kept(&self) -> usize {
        self.waiting_octets + size_of_val(&*self.seen)
    }

    /// Takes the chunks of a packet.
    pub(crate) fn chunks(
        &mut self,
        mut chunks: &[u8],
        when: When,
        unread: &mut Unread,
        each: &mut impl Deliver,
    ) -> Result<()> {
        while let Some((head, rest)) = chunks.split_first_chunk::<4>() {
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let Some(content) = length.checked_sub(4).and_then(|length| rest.get(..length)) else {
                // The packet was captured in part, or is none.
                if head[0] == DATA && self.expected {
                    unread.add(Loss::Cut, 1);
                }
                return Ok(());
            };
            if head[0] == DATA {
                self.data(head[1], content, when, unread, each)?;
            }
            chunks = rest.get((length - 4).next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(())
    }

    fn data(
        &mut self,
        flags: u8,
        chunk: &[u8],
        when: When,
        unread: &mut Unread,
        each: &mut impl Deliver,
    ) -> Result<()> {
        let Some((head, data)) = chunk.split_first_chunk::<{ DATA_HEADER_LEN - 4 }>() else { return Ok(()) };
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (number, protocol) = (word(0), word(8));
        if !PAYLOAD_PROTOCOLS.contains(&protocol) || self.is_known(number, data) {
            return Ok(());
        }
        if flags & FIRST != 0 && flags & LAST != 0 {
            return self.message(data, when, unread, each);
        }
        self.waiting_octets += data.len();
        let fragment = Fragment { flags: flags & (FIRST | LAST), data: data.to_vec() };
        if let Some(old) = self.waiting.insert(number, fragment) {
            self.waiting_octets -= old.data.len();
        }
        if let Some(message) = self.assemble(number) {
            return self.message(&message, when, unread, each);
        }
        if self.waiting_octets > MAX_WAITING {
            self.finish(unread);
        }
        Ok(())
    }

    /// Whether this chunk has been read. Associations can be mistaken for one another, so the octets count as well.
    fn is_known(&mut self, number: u32, data: &[u8]) -> bool {
        if self.seen.is_empty() {
            self.seen = vec![(0, 0); REMEMBERED].into();
        }
        let now = (number, self.hasher.hash_one(data) | 1);
        std::mem::replace(&mut self.seen[number as usize % REMEMBERED], now) == now
    }

    /// The message that the fragment with this number belongs to, if all of it is there.
    fn assemble(&mut self, number: u32) -> Option<Vec<u8>> {
        let mut first = number;
        while self.waiting.get(&first)?.flags & FIRST == 0 {
            first = first.wrapping_sub(1);
        }
        let mut last = number;
        while self.waiting.get(&last)?.flags & LAST == 0 {
            last = last.wrapping_add(1);
        }
        let mut message = Vec::new();
        let mut at = first;
        loop {
            let fragment = self.waiting.remove(&at)?;
            self.waiting_octets -= fragment.data.len();
            message.extend(fragment.data);
            if at == last {
                return Some(message);
            }
            at = at.wrapping_add(1);
        }
    }

    /// A message of SCTP is one of Diameter; some senders put several into one.
    fn message(&mut self, mut data: &[u8], when: When, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        if !self.expected && !framer::begins_message(data) {
            return Ok(());
        }
        while !data.is_empty() {
            let length = frame_length(data).ok().flatten();
            match length.and_then(|length| data.split_at_checked(length)) {
                Some((frame, rest)) => {
                    self.expected = true;
                    each(when, frame)?;
                    data = rest;
                }
                None => {
                    if self.expected && length.is_some() {
                        unread.add(Loss::Cut, 1);
                    } else if self.expected {
                        unread.add(Loss::Skipped, data.len() as u64);
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Does without the fragments that are missing.
    pub(crate) fn finish(&mut self, unread: &mut Unread) {
        if self.expected {
            let firsts = self.waiting.values().filter(|fragment| fragment.flags & FIRST != 0).count();
            let alone = usize::from(firsts == 0 && !self.waiting.is_empty());
            unread.add(Loss::Cut, (firsts + alone) as u64);
        }
        self.waiting.clear();
        self.waiting_octets = 0;
    }
}
