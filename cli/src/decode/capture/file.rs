//! Frames out of capture files, as they arrive.

use super::unread::{Loss, Unread};
use crate::decode::place::When;
use pcap_parser::pcapng::Block;
use pcap_parser::{PcapHeader, parse_block_be, parse_block_le, parse_pcap_frame, parse_pcap_frame_be};
use std::time::Duration;

/// The most that a frame or block may claim to take, in octets: far more than any capture tool writes.
const MAX_BLOCK_LEN: usize = 1 << 26;
/// What precedes the frame in a record of pcap.
const RECORD_HEADER_LEN: usize = 16;
/// How a section of pcapng begins.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A frame as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Captured<'a> {
    /// Its number and time.
    pub(crate) when: When,
    /// LINKTYPE_ of the interface.
    pub(crate) link: u16,
    /// What was captured of it.
    pub(crate) octets: &'a [u8],
}

/// What stands at the beginning of a window.
#[derive(Debug)]
pub(crate) enum Record<'a> {
    /// A frame, and how much of the window it takes.
    Frame(usize, Captured<'a>),
    /// Something else of this length.
    Other(usize),
    /// More than the window has, which is at least so much.
    More(usize),
    /// Nothing that makes sense, so nobody can tell where the next begins.
    Broken(String),
}

/// A capture file, and what of it has to be remembered.
#[derive(Debug)]
pub(crate) enum Format {
    /// The file format of libpcap.
    Pcap {
        /// Byte order.
        big_endian: bool,
        /// Whether times have nanoseconds.
        nanoseconds: bool,
        /// LINKTYPE_ of all frames.
        link: u16,
    },
    /// pcapng.
    PcapNg {
        /// Byte order of the section.
        big_endian: bool,
        /// The interfaces of the section.
        interfaces: Vec<Interface>,
    },
}

/// An interface of a section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface {
    link: u16,
    /// Units of time in a second.
    resolution: u64,
    /// What is added to times, in seconds.
    offset: i64,
}

impl Format {
    /// The format of pcap, by its header.
    pub(crate) fn pcap(header: &PcapHeader) -> Self {
        Self::Pcap {
            big_endian: header.is_bigendian(),
            nanoseconds: header.is_nanosecond_precision(),
            // The upper half says how long a checksum is that may follow each frame.
            link: header.network.0 as u16,
        }
    }

    /// The format of pcapng.
    pub(crate) fn pcapng() -> Self {
        Self::PcapNg { big_endian: false, interfaces: Vec::new() }
    }

    /// What stands at the beginning of `window`. `number` is that of the next frame.
    pub(crate) fn record<'a>(&mut self, window: &'a [u8], number: u64, unread: &mut Unread) -> Record<'a> {
        match self {
            Self::Pcap { big_endian, nanoseconds, link } => pcap(window, *big_endian, *nanoseconds, *link, number),
            Self::PcapNg { big_endian, interfaces } => pcapng(window, big_endian, interfaces, number, unread),
        }
    }
}

fn pcap(window: &[u8], big_endian: bool, nanoseconds: bool, link: u16, number: u64) -> Record<'_> {
    let Some(head) = window.first_chunk::<RECORD_HEADER_LEN>() else { return Record::More(RECORD_HEADER_LEN) };
    let length = [head[8], head[9], head[10], head[11]];
    let length = if big_endian { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) } as usize;
    if length > MAX_BLOCK_LEN {
        return Record::Broken(format!("frame {number} claims to take {length} octets"));
    }
    let total = RECORD_HEADER_LEN + length;
    if window.len() < total {
        return Record::More(total);
    }
    let parsed = if big_endian { parse_pcap_frame_be(window) } else { parse_pcap_frame(window) };
    let Ok((_, block)) = parsed else { return Record::Broken(format!("frame {number} makes no sense")) };
    let nanos = u64::from(block.ts_usec) * if nanoseconds { 1 } else { 1000 };
    let time = Duration::from_secs(block.ts_sec.into()) + Duration::from_nanos(nanos);
    let when = When { frame: number, time: Some(time) };
    Record::Frame(total, Captured { when, link, octets: block.data })
}

fn pcapng<'a>(
    window: &'a [u8],
    big_endian: &mut bool,
    interfaces: &mut Vec<Interface>,
    number: u64,
    unread: &mut Unread,
) -> Record<'a> {
    let Some(head) = window.first_chunk::<12>() else { return Record::More(12) };
    if head[..4] == SECTION_HEADER {
        match &head[8..] {
            [0x1a, 0x2b, 0x3c, 0x4d] => *big_endian = true,
            [0x4d, 0x3c, 0x2b, 0x1a] => *big_endian = false,
            _ => return Record::Broken(format!("the section behind frame {} has no byte order", number - 1)),
        }
        interfaces.clear();
    }
    let length = [head[4], head[5], head[6], head[7]];
    let length = if *big_endian { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) } as usize;
    if length < 12 || !length.is_multiple_of(4) || length > MAX_BLOCK_LEN {
        return Record::Broken(format!("a block behind frame {} claims to take {length} octets", number - 1));
    }
    let Some(octets) = window.get(..length) else { return Record::More(length) };
    let parsed = if *big_endian { parse_block_be(octets) } else { parse_block_le(octets) };
    let Ok((_, block)) = parsed else {
        unread.add(Loss::BadBlock, 1);
        return Record::Other(length);
    };
    match block {
        Block::InterfaceDescription(interface) => interfaces.push(Interface {
            link: interface.linktype.0 as u16,
            resolution: resolution(interface.if_tsresol),
            offset: interface.if_tsoffset,
        }),
        Block::EnhancedPacket(packet) => {
            let (Some(interface), Some(data)) =
                (interfaces.get(packet.if_id as usize), packet.data.get(..packet.caplen as usize))
            else {
                unread.add(Loss::BadBlock, 1);
                return Record::Other(length);
            };
            let time = time(u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low), *interface);
            let when = When { frame: number, time };
            return Record::Frame(length, Captured { when, link: interface.link, octets: data });
        }
        Block::SimplePacket(packet) => {
            let Some(interface) = interfaces.first() else {
                unread.add(Loss::BadBlock, 1);
                return Record::Other(length);
            };
            let data = packet.data.get(..packet.origlen as usize).unwrap_or(packet.data);
            let when = When { frame: number, time: None };
            return Record::Frame(length, Captured { when, link: interface.link, octets: data });
        }
        _ => {}
    }
    Record::Other(length)
}

/// Units in a second: a power of ten, or, with the highest bit, of two.
fn resolution(option: u8) -> u64 {
    let exponent = u32::from(option & 0x7f);
    let base: u64 = if option & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

fn time(units: u64, interface: Interface) -> Option<Duration> {
    let seconds = (units / interface.resolution).checked_add_signed(interface.offset)?;
    let rest = u128::from(units % interface.resolution) * 1_000_000_000 / u128::from(interface.resolution);
    Some(Duration::new(seconds, rest as u32))
}
