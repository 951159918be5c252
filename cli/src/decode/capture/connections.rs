//! Every connection and association of a capture.

use super::ip::Packet;
use super::tcp::{self, Segment};
use super::unread::{Loss, Unread};
use super::{Sink, sctp};
use crate::decode::place::{Frame, Place, Transport, When};
use anyhow::Result;
use etherparse::{IpNumber, TcpSlice};
use std::collections::HashMap;
use std::net::SocketAddr;

/// The registered port of Diameter.
const DIAMETER_PORT: u16 = 3868;
/// How many connections are kept.
const MAX_CONNECTIONS: usize = 1 << 16;
/// How many octets of them are kept.
const MAX_KEPT: usize = 1 << 28;
/// After how many packets connections are looked through for what has waited too long.
const SWEEP: u64 = 1 << 14;

/// Every connection and association.
#[derive(Debug)]
pub(crate) struct Connections {
    /// The ports to read; any if there are none.
    ports: Vec<u16>,
    tcp: HashMap<Ends, Tcp>,
    sctp: HashMap<(u16, u16, u32), Sctp>,
    numbers: HashMap<(Transport, Ends), u32>,
    next_number: u32,
    kept: usize,
    max_kept: usize,
    packets: u64,
}

/// Both ends, the lesser first.
type Ends = (SocketAddr, SocketAddr);

#[derive(Debug)]
struct Tcp {
    number: u32,
    directions: [tcp::Direction; 2],
    last: u64,
}

#[derive(Debug)]
struct Sctp {
    direction: sctp::Direction,
    last: u64,
}

impl Connections {
    /// Reads these ports, or, if there are none, whatever looks like Diameter.
    pub(crate) fn new(ports: &[u16]) -> Self {
        Self {
            ports: ports.into(),
            tcp: HashMap::new(),
            sctp: HashMap::new(),
            numbers: HashMap::new(),
            next_number: 0,
            kept: 0,
            max_kept: MAX_KEPT,
            packets: 0,
        }
    }

    /// Keeps fewer octets.
    #[cfg(test)]
    pub(crate) fn keeping(mut self, octets: usize) -> Self {
        self.max_kept = octets;
        self
    }

    /// How many octets are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.kept
    }

    /// Takes what an IP packet carries.
    pub(crate) fn packet(
        &mut self,
        packet: Packet,
        payload: &[u8],
        when: When,
        unread: &mut Unread,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        match packet.protocol {
            IpNumber::TCP => self.tcp(packet, payload, when, unread, sink)?,
            IpNumber::SCTP => self.sctp(packet, payload, when, unread, sink)?,
            _ => return Ok(()),
        }
        self.packets += 1;
        if self.packets.is_multiple_of(SWEEP) {
            for (ends, connection) in &mut self.tcp {
                for (direction, reverse) in connection.directions.iter_mut().zip([false, true]) {
                    let each = &mut deliver(*ends, connection.number, reverse, sink);
                    self.kept -= direction.kept();
                    direction.expire(when.time, unread, each)?;
                    self.kept += direction.kept();
                }
            }
        }
        if self.kept > self.max_kept || self.tcp.len() > MAX_CONNECTIONS || self.sctp.len() > MAX_CONNECTIONS {
            self.evict(unread, sink)?;
        }
        Ok(())
    }

    /// Which of the ports of a packet are to be read, and whether Diameter is expected there.
    fn expects(&self, source: u16, destination: u16) -> Option<bool> {
        let is = |ports: &[u16]| ports.contains(&source) || ports.contains(&destination);
        match &self.ports[..] {
            [] => Some(is(&[DIAMETER_PORT])),
            ports => is(ports).then_some(true),
        }
    }

    fn tcp(
        &mut self,
        packet: Packet,
        payload: &[u8],
        when: When,
        unread: &mut Unread,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let Ok(header) = TcpSlice::from_slice(payload) else {
            unread.add(Loss::BadFrame, 1);
            return Ok(());
        };
        let Some(expected) = self.expects(header.source_port(), header.destination_port()) else { return Ok(()) };
        let source = SocketAddr::new(packet.source, header.source_port());
        let destination = SocketAddr::new(packet.destination, header.destination_port());
        let (ends, reverse) = ends(source, destination);
        let numbers = (&mut self.numbers, &mut self.next_number);
        let connection = self.tcp.entry(ends).or_insert_with(|| Tcp {
            number: number(numbers, Transport::Tcp, ends),
            directions: [tcp::Direction::new(expected), tcp::Direction::new(expected)],
            last: 0,
        });
        connection.last = when.frame;
        let [forth, back] = &mut connection.directions;
        let (direction, opposite) = if reverse { (back, forth) } else { (forth, back) };
        if header.ack() {
            opposite.acknowledge(header.acknowledgment_number());
        }
        let (data, syn) = (header.payload(), header.syn());
        if data.is_empty() && !syn {
            return Ok(());
        }
        let before = direction.kept();
        let each = &mut deliver(ends, connection.number, reverse, sink);
        direction.expire(when.time, unread, each)?;
        direction.segment(Segment { sequence: header.sequence_number(), syn, data, when }, unread, each)?;
        self.kept = self.kept - before + direction.kept();
        Ok(())
    }

    fn sctp(
        &mut self,
        packet: Packet,
        payload: &[u8],
        when: When,
        unread: &mut Unread,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        let Some((header, chunks)) = sctp::header(payload) else {
            unread.add(Loss::BadFrame, 1);
            return Ok(());
        };
        let Some(expected) = self.expects(header.source, header.destination) else { return Ok(()) };
        let source = SocketAddr::new(packet.source, header.source);
        let destination = SocketAddr::new(packet.destination, header.destination);
        // An association may use several addresses at each end; its tag is the same on all of them.
        let association = self
            .sctp
            .entry((header.source, header.destination, header.tag))
            .or_insert_with(|| Sctp { direction: sctp::Direction::new(expected), last: 0 });
        association.last = when.frame;
        let (ends, reverse) = ends(source, destination);
        let number = number((&mut self.numbers, &mut self.next_number), Transport::Sctp, ends);
        let before = association.direction.kept();
        let mut each = |when: When, frame: &[u8]| {
            let transport = Transport::Sctp;
            let place = Frame { when, source, destination, transport, connection: number, reverse };
            sink.message(&Place::Frame(place), frame)
        };
        association.direction.chunks(chunks, when, unread, &mut each)?;
        self.kept = self.kept - before + association.direction.kept();
        Ok(())
    }

    /// Ends the half of the connections that has been silent for longest.
    fn evict(&mut self, unread: &mut Unread, sink: &mut dyn Sink) -> Result<()> {
        let lasts = self.tcp.values().map(|tcp| tcp.last).chain(self.sctp.values().map(|sctp| sctp.last));
        let mut lasts: Vec<u64> = lasts.collect();
        let middle = lasts.len() / 2;
        let (_, &mut median, _) = lasts.select_nth_unstable(middle);
        self.end(|last| last <= median, unread, sink)
    }

    /// Reads what can be read without what is missing, and ends every connection.
    pub(crate) fn finish(&mut self, unread: &mut Unread, sink: &mut dyn Sink) -> Result<()> {
        self.end(|_| true, unread, sink)
    }

    fn end(&mut self, ends_at: impl Fn(u64) -> bool, unread: &mut Unread, sink: &mut dyn Sink) -> Result<()> {
        let mut ending: Vec<(Ends, Tcp)> = self.tcp.extract_if(|_, tcp| ends_at(tcp.last)).collect();
        // In the order of appearance, so that the same input gives the same output.
        ending.sort_by_key(|(_, connection)| connection.number);
        for (ends, mut connection) in ending {
            for (direction, reverse) in connection.directions.iter_mut().zip([false, true]) {
                direction.finish(unread, &mut deliver(ends, connection.number, reverse, sink))?;
            }
            self.numbers.remove(&(Transport::Tcp, ends));
        }
        for (_, mut association) in self.sctp.extract_if(|_, sctp| ends_at(sctp.last)) {
            association.direction.finish(unread);
        }
        if self.sctp.is_empty() {
            self.numbers.retain(|(transport, _), _| *transport != Transport::Sctp);
        }
        let tcp = self.tcp.values().flat_map(|tcp| &tcp.directions).map(tcp::Direction::kept);
        self.kept = tcp.chain(self.sctp.values().map(|sctp| sctp.direction.kept())).sum();
        Ok(())
    }
}

fn ends(source: SocketAddr, destination: SocketAddr) -> (Ends, bool) {
    if source <= destination { ((source, destination), false) } else { ((destination, source), true) }
}

/// The number of a connection, a new one if there is none.
fn number((numbers, next): (&mut HashMap<(Transport, Ends), u32>, &mut u32), transport: Transport, ends: Ends) -> u32 {
    *numbers.entry((transport, ends)).or_insert_with(|| {
        *next += 1;
        *next
    })
}

/// Hands messages of one direction of a TCP connection on.
fn deliver(ends: Ends, connection: u32, reverse: bool, sink: &mut dyn Sink) -> impl tcp::Deliver {
    let (source, destination) = if reverse { (ends.1, ends.0) } else { ends };
    move |when, frame: &[u8]| {
        let place = Frame { when, source, destination, transport: Transport::Tcp, connection, reverse };
        sink.message(&Place::Frame(place), frame)
    }
}
