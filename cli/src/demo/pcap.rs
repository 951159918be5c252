//! Writes messages as the TCP traffic they were.

use super::recorder::Recorded;
use anyhow::{Result, bail};
use etherparse::PacketBuilder;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

/// The port by which dissectors know Diameter.
const DIAMETER_PORT: u16 = 3868;
/// Less than any packet may hold, so that no message has to be left out.
const SEGMENT: usize = 32 * 1024;

pub(super) fn write(path: &Path, frames: &[Recorded]) -> Result<()> {
    let header = PcapHeader { datalink: DataLink::ETHERNET, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(BufWriter::new(File::create(path)?), header)?;
    // The client's octets and the server's, counted as TCP does.
    let (mut from_client, mut from_server) = (1_u32, 1_u32);
    for frame in frames {
        let client = frame.local;
        let server = SocketAddr::new(frame.remote.ip(), DIAMETER_PORT);
        for segment in frame.octets.chunks(SEGMENT) {
            let (source, destination) = if frame.sent { (client, server) } else { (server, client) };
            let (sequence, acknowledged) =
                if frame.sent { (from_client, from_server) } else { (from_server, from_client) };
            let packet = packet(source, destination, sequence, acknowledged, segment)?;
            let since = frame.at.duration_since(SystemTime::UNIX_EPOCH)?;
            writer.write_packet(&PcapPacket::new(since, packet.len() as u32, &packet))?;
            let counter = if frame.sent { &mut from_client } else { &mut from_server };
            *counter = counter.wrapping_add(segment.len() as u32);
        }
    }
    Ok(())
}

fn packet(
    source: SocketAddr,
    destination: SocketAddr,
    sequence: u32,
    acknowledged: u32,
    data: &[u8],
) -> Result<Vec<u8>> {
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let network = match (source, destination) {
        (SocketAddr::V4(from), SocketAddr::V4(to)) => ethernet.ipv4(from.ip().octets(), to.ip().octets(), 64),
        (SocketAddr::V6(from), SocketAddr::V6(to)) => ethernet.ipv6(from.ip().octets(), to.ip().octets(), 64),
        _ => bail!("a connection between {source} and {destination} cannot be"),
    };
    let builder = network.tcp(source.port(), destination.port(), sequence, u16::MAX).ack(acknowledged).psh();
    let mut packet = Vec::with_capacity(builder.size(data.len()));
    builder.write(&mut packet, data)?;
    Ok(packet)
}
