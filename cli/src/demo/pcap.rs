//! Writes messages as the TCP traffic they were.

use super::recorder::Message;
use anyhow::{Result, bail};
use etherparse::PacketBuilder;
use pcap_file::DataLink;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

/// The port by which dissectors know Diameter.
const DIAMETER_PORT: u16 = 3868;
/// Less than any packet may hold, so that no message has to be left out.
const SEGMENT: usize = 32 * 1024;

/// Octets that each end of a connection has sent, counted as TCP does.
#[derive(Clone, Copy)]
struct Sent {
    client: u32,
    server: u32,
}

pub(super) fn write<'a>(path: &Path, messages: impl IntoIterator<Item = &'a Message>) -> Result<()> {
    let header = PcapHeader { datalink: DataLink::ETHERNET, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header)?;
    let mut connections: HashMap<SocketAddr, Sent> = HashMap::new();
    for message in messages {
        let client = message.local;
        let server = SocketAddr::new(message.remote.ip(), DIAMETER_PORT);
        let sent = connections.entry(client).or_insert(Sent { client: 1, server: 1 });
        for segment in message.octets.chunks(SEGMENT) {
            let (source, destination) = if message.sent { (client, server) } else { (server, client) };
            let (sequence, acknowledged) =
                if message.sent { (sent.client, sent.server) } else { (sent.server, sent.client) };
            let packet = packet(source, destination, sequence, acknowledged, segment)?;
            let since = message.at.duration_since(SystemTime::UNIX_EPOCH)?;
            writer.write_packet(&PcapPacket::new(since, packet.len() as u32, &packet))?;
            let counter = if message.sent { &mut sent.client } else { &mut sent.server };
            *counter = counter.wrapping_add(segment.len() as u32);
        }
    }
    // At once, so that a full disk is told, whichever octet it is that does not fit.
    std::fs::write(path, writer.into_writer())?;
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
