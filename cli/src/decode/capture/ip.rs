//! From IP packets to what they carry, fragments put together.

use super::unread::{Loss, Unread};
use etherparse::defrag::IpDefragBuf;
use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// How many datagrams may be incomplete at a time; each is at most 64 KiB long.
const MAX_INCOMPLETE: usize = 256;
/// How many datagrams are remembered once they are complete, so that a fragment captured twice starts none anew.
const REMEMBERED: usize = 16;

/// The header of a packet, as far as it matters to what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Where it comes from.
    pub(crate) source: IpAddr,
    /// Where it goes.
    pub(crate) destination: IpAddr,
    /// What it carries.
    pub(crate) protocol: IpNumber,
}

/// Fragments that wait for others.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    incomplete: HashMap<Datagram, (u64, IpDefragBuf)>,
    fragments: u64,
    complete: VecDeque<(Datagram, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Datagram {
    source: IpAddr,
    destination: IpAddr,
    protocol: IpNumber,
    identification: u32,
}

impl Fragments {
    /// Takes a packet apart, and hands on what it carries once that is complete.
    pub(crate) fn packet<R>(
        &mut self,
        octets: &[u8],
        unread: &mut Unread,
        then: impl FnOnce(Packet, &[u8], &mut Unread) -> R,
    ) -> Option<R> {
        let Ok((slice, stop)) = LaxIpSlice::from_slice(octets) else {
            unread.add(Loss::BadFrame, 1);
            return None;
        };
        if stop.is_some() {
            unread.add(Loss::BadFrame, 1);
            return None;
        }
        let payload = slice.payload();
        let (packet, fragment) = match &slice {
            LaxIpSlice::Ipv4(ipv4) => {
                let header = ipv4.header();
                let packet = Packet {
                    source: header.source_addr().into(),
                    destination: header.destination_addr().into(),
                    protocol: payload.ip_number,
                };
                (packet, (header.fragments_offset(), header.more_fragments(), u32::from(header.identification())))
            }
            LaxIpSlice::Ipv6(ipv6) => {
                let header = ipv6.header();
                let packet = Packet {
                    source: header.source_addr().into(),
                    destination: header.destination_addr().into(),
                    protocol: payload.ip_number,
                };
                let fragment = ipv6.extensions().clone().into_iter().find_map(|extension| match extension {
                    Ipv6ExtensionSlice::Fragment(fragment) => Some(fragment.to_header()),
                    _ => None,
                });
                let fragment =
                    fragment.map(|header| (header.fragment_offset, header.more_fragments, header.identification));
                (packet, fragment.unwrap_or_default())
            }
        };
        if !payload.fragmented {
            return Some(then(packet, payload.payload, unread));
        }
        let (offset, more, identification) = fragment;
        let Packet { source, destination, protocol } = packet;
        let datagram = Datagram { source, destination, protocol, identification };
        let start = usize::from(offset.byte_offset());
        let is_fragment_of = |whole: &Vec<u8>| whole.get(start..start + payload.payload.len()) == Some(payload.payload);
        if self.complete.iter().any(|(other, whole)| *other == datagram && is_fragment_of(whole)) {
            return None;
        }
        self.fragments += 1;
        let entry = match self.incomplete.entry(datagram) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert((self.fragments, IpDefragBuf::new(protocol, Vec::new(), Vec::new()))),
        };
        if payload.incomplete || entry.1.add(offset, more, payload.payload).is_err() {
            self.incomplete.remove(&datagram);
            unread.add(Loss::Fragments, 1);
            return None;
        }
        if entry.1.is_complete() {
            let (_, whole) = self.incomplete.remove(&datagram)?;
            let (whole, _) = whole.take_bufs();
            let result = then(packet, &whole, unread);
            self.complete.truncate(REMEMBERED - 1);
            self.complete.push_front((datagram, whole));
            return Some(result);
        }
        if self.incomplete.len() > MAX_INCOMPLETE {
            // The oldest will hardly become complete any more.
            let oldest = self.incomplete.iter().min_by_key(|(_, (age, _))| *age).map(|(datagram, _)| *datagram);
            oldest.and_then(|oldest| self.incomplete.remove(&oldest));
            unread.add(Loss::Fragments, 1);
        }
        None
    }

    /// Tells that nothing follows.
    pub(crate) fn finish(&mut self, unread: &mut Unread) {
        unread.add(Loss::Fragments, self.incomplete.len() as u64);
        self.incomplete.clear();
    }
}
