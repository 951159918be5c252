//! Many messages, to measure `diametric decode` with, and the limit to measure it against.
//!
//! `stream messages|pcap OCTETS` writes exchanges of CCR and CCA, with identifiers of their own, to standard output: behind
//! one another, or each as a segment of one TCP connection. `stream walk FILE` reads a file of messages into memory and prints
//! the nanoseconds that walking all of their AVP headers takes, the least of five times.

use diametric_benches::{is_group, w2, w2a, w3, w4, walk};
use std::hint::black_box;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::time::Instant;

const RUNS: usize = 5;
const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 40_001);
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 9], 3868);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["messages", octets] => octets.parse().ok().map(|octets| write(octets, false)),
        ["pcap", octets] => octets.parse().ok().map(|octets| write(octets, true)),
        ["walk", file] => Some(walk_file(file)),
        _ => None,
    };
    let told = match done {
        Some(Ok(())) => return ExitCode::SUCCESS,
        Some(Err(error)) => error.to_string(),
        None => "stream messages|pcap OCTETS | stream walk FILE".to_owned(),
    };
    let _ = writeln!(io::stderr(), "{told}");
    ExitCode::from(2)
}

fn write(octets: usize, pcap: bool) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    if pcap {
        let link: u32 = 1;
        for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0x0004_0000, link] {
            out.write_all(&word.to_le_bytes())?;
        }
    }
    let mut messages = [w2(), w2a(), w3(), w4()];
    // Sequence numbers of the client and the server.
    let mut sent = [1_u32, 1];
    let mut written = 0;
    for number in 0.. {
        let message = &mut messages[number % 4];
        let exchange = (number as u32 / 2).to_be_bytes();
        message[12..16].copy_from_slice(&exchange);
        message[16..20].copy_from_slice(&exchange);
        if pcap {
            let from_server = number % 2;
            write_record(&mut out, number, from_server == 1, sent, message)?;
            sent[from_server] = sent[from_server].wrapping_add(message.len() as u32);
        }
        out.write_all(message)?;
        written += message.len();
        if written >= octets {
            return out.flush();
        }
    }
    Ok(())
}

/// The headers of a segment, which the data is to follow.
fn write_record(out: &mut impl Write, number: usize, from_server: bool, sent: [u32; 2], data: &[u8]) -> io::Result<()> {
    let (source, destination) = if from_server { (SERVER, CLIENT) } else { (CLIENT, SERVER) };
    let (sequence, acknowledged) = if from_server { (sent[1], sent[0]) } else { (sent[0], sent[1]) };
    let length = (54 + data.len()) as u32;
    for word in [1_790_000_000 + number as u32 / 10_000, number as u32 % 10_000 * 100, length, length] {
        out.write_all(&word.to_le_bytes())?;
    }
    out.write_all(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0])?;
    out.write_all(&((length - 14) as u16).to_be_bytes())?;
    out.write_all(&[0, 0, 0, 0, 64, 6, 0, 0])?;
    out.write_all(&[source.0, destination.0].concat())?;
    out.write_all(&[source.1.to_be_bytes(), destination.1.to_be_bytes()].concat())?;
    out.write_all(&[sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat())?;
    out.write_all(&[0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0])
}

fn walk_file(path: &str) -> io::Result<()> {
    let octets = std::fs::read(path)?;
    let mut least = u128::MAX;
    for _ in 0..RUNS {
        let begun = Instant::now();
        let mut rest = black_box(&octets[..]);
        while let Some(head) = rest.first_chunk::<4>() {
            let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
            let Some((message, behind)) = rest.split_at_checked(length.max(20)) else { break };
            black_box(walk(&message[20..], &is_group));
            rest = behind;
        }
        least = least.min(begun.elapsed().as_nanos());
    }
    writeln!(io::stdout(), "{least}")
}
