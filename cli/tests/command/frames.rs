//! Captures put together octet by octet.

// Two crates of tests use this, each in part.
#![allow(dead_code)]

use std::net::{IpAddr, SocketAddr};

pub(crate) const ETHERNET: u32 = 1;
pub(crate) const RAW: u32 = 101;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;

pub(crate) fn client() -> SocketAddr {
    "192.0.2.1:40001".parse().unwrap()
}

pub(crate) fn server() -> SocketAddr {
    "192.0.2.9:3868".parse().unwrap()
}

/// A frame and when it was captured, in microseconds since 1970.
pub(crate) type Frame = (u64, Vec<u8>);

/// Frames that come a millisecond after one another.
pub(crate) fn timed(frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<Frame> {
    (0..).map(|position| 1_704_067_200_000_000 + position * 1000).zip(frames).collect()
}

/// A pcap file in little-endian order with microseconds.
pub(crate) fn pcap(link: u32, frames: &[Frame]) -> Vec<u8> {
    pcap_as(link, frames, false, false)
}

pub(crate) fn pcap_as(link: u32, frames: &[Frame], big_endian: bool, nanoseconds: bool) -> Vec<u8> {
    let word = |number: u32| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let half = |number: u16| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut out = word(magic).to_vec();
    out.extend([half(2), half(4)].concat());
    out.extend([word(0), word(0), word(262_144), word(link)].concat());
    for (at, frame) in frames {
        let (seconds, micros) = ((at / 1_000_000) as u32, (at % 1_000_000) as u32);
        let fraction = if nanoseconds { micros * 1000 } else { micros };
        let length = word(frame.len() as u32);
        out.extend([word(seconds), word(fraction), length, length].concat());
        out.extend(frame);
    }
    out
}

/// Blocks of pcapng.
pub(crate) struct PcapNg {
    pub(crate) big_endian: bool,
    pub(crate) out: Vec<u8>,
}

impl PcapNg {
    /// A section in one byte order or the other.
    pub(crate) fn new(big_endian: bool) -> Self {
        let mut file = Self { big_endian, out: Vec::new() };
        file.section();
        file
    }

    pub(crate) fn word(&self, number: u32) -> [u8; 4] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn half(&self, number: u16) -> [u8; 2] {
        if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = self.word(body.len() as u32 + 12);
        self.out.extend([&self.word(kind)[..], &length, &body, &length].concat());
    }

    pub(crate) fn section(&mut self) {
        let body = [&self.word(0x1a2b_3c4d)[..], &self.half(1), &self.half(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body);
    }

    /// An interface; `resolution` is the option if_tsresol.
    pub(crate) fn interface(&mut self, link: u16, resolution: Option<u8>) {
        let mut body = [&self.half(link)[..], &[0; 2], &self.word(0)].concat();
        if let Some(resolution) = resolution {
            body.extend([&self.half(9)[..], &self.half(1), &[resolution, 0, 0, 0], &[0; 4]].concat());
        }
        self.block(1, &body);
    }

    /// A frame, at a time in the units of its interface.
    pub(crate) fn packet(&mut self, interface: u32, at: u64, frame: &[u8]) {
        let length = self.word(frame.len() as u32);
        let head = [self.word(interface), self.word((at >> 32) as u32), self.word(at as u32), length, length];
        self.block(6, &[&head.concat()[..], frame].concat());
    }

    /// A frame without a time, of the first interface.
    pub(crate) fn simple_packet(&mut self, frame: &[u8]) {
        self.block(3, &[&self.word(frame.len() as u32)[..], frame].concat());
    }
}

/// An IP packet of either version.
pub(crate) fn ip(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let length = (20 + payload.len()) as u16;
            let head = [&[0x45, 0][..], &length.to_be_bytes(), &[0, 0, 0, 0, 64, protocol, 0, 0]].concat();
            [&head[..], &source.octets(), &destination.octets(), payload].concat()
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let length = payload.len() as u16;
            let head = [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[protocol, 64]].concat();
            [&head[..], &source.octets(), &destination.octets(), payload].concat()
        }
        _ => panic!("addresses of two versions"),
    }
}

/// A TCP segment.
pub(crate) fn segment(
    source: u16,
    destination: u16,
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    data: &[u8],
) -> Vec<u8> {
    let head = [&source.to_be_bytes()[..], &destination.to_be_bytes(), &sequence.to_be_bytes()].concat();
    [&head[..], &acknowledged.to_be_bytes(), &[0x50, flags, 0xff, 0xff, 0, 0, 0, 0], data].concat()
}

/// An IP packet with a TCP segment that acknowledges nothing.
pub(crate) fn tcp(source: SocketAddr, destination: SocketAddr, sequence: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    ip(source.ip(), destination.ip(), 6, &segment(source.port(), destination.port(), sequence, 0, flags, data))
}

/// An SCTP packet of these chunks.
pub(crate) fn sctp(source: SocketAddr, destination: SocketAddr, tag: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    let head = [&source.port().to_be_bytes()[..], &destination.port().to_be_bytes(), &tag.to_be_bytes(), &[0; 4]];
    ip(source.ip(), destination.ip(), 132, &[&head.concat()[..], &chunks.concat()].concat())
}

/// A DATA chunk; `flags` has 2 for the first fragment, 1 for the last.
pub(crate) fn data_chunk(flags: u8, number: u32, protocol: u32, data: &[u8]) -> Vec<u8> {
    let length = (16 + data.len()) as u16;
    let mut out = [&[0, flags][..], &length.to_be_bytes(), &number.to_be_bytes(), &[0; 4]].concat();
    out.extend([&protocol.to_be_bytes()[..], data].concat());
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// An Ethernet frame, with these tags.
pub(crate) fn ethernet(tags: &[(u16, u16)], packet: &[u8]) -> Vec<u8> {
    let mut out = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2].to_vec();
    for (kind, tag) in tags {
        out.extend([kind.to_be_bytes(), tag.to_be_bytes()].concat());
    }
    let kind: u16 = if packet[0] >> 4 == 4 { 0x0800 } else { 0x86dd };
    out.extend(kind.to_be_bytes());
    out.extend(packet);
    // As short frames are.
    out.resize(out.len().max(60), 0);
    out
}
