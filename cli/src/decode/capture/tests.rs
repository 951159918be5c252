//! Whatever happens to frames on their way, the same messages come out.

use super::frames::{
    ACK, ETHERNET, RAW, SYN, client, data_chunk, ethernet, ip, pcap, sctp, segment, server, tcp, timed,
};
use super::*;
use crate::decode::place::{Frame, When};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};

/// Keeps what it receives.
#[derive(Debug, Default)]
struct Messages {
    found: Vec<(Place, Vec<u8>)>,
}

impl Sink for Messages {
    fn message(&mut self, place: &Place, frame: &[u8]) -> Result<()> {
        self.found.push((*place, frame.to_vec()));
        Ok(())
    }

    fn idle(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Reads a file of any kind but lines.
fn read(octets: &[u8]) -> (Vec<(Place, Vec<u8>)>, Unread) {
    let mut source = Source::new(Box::new(std::io::Cursor::new(octets.to_vec())), "the test".to_owned());
    let mut messages = Messages::default();
    let unread = match kind(&mut source).unwrap() {
        Kind::Lines => panic!("not lines"),
        Kind::Stream => stream(&mut source, &mut messages),
        Kind::Capture(format) => capture(&mut source, format, &[], &mut messages),
    };
    (messages.found, unread.unwrap())
}

/// Numbered messages of different lengths, no two alike.
fn message(number: usize) -> Vec<u8> {
    let length = 24 + 4 * (number * 7 % 40);
    let mut out = (0x0100_0000 | (20 + length) as u32).to_be_bytes().to_vec();
    out.extend([0x8000_0118_u32, 0, number as u32, 7].map(u32::to_be_bytes).concat());
    out.extend([263_u32.to_be_bytes(), (0x4000_0000 | length as u32).to_be_bytes()].concat());
    // What is inside looks like the beginning of a message.
    out.resize(20 + length - 4, 1);
    out.extend((number as u32).to_be_bytes());
    out
}

fn messages(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(message).collect()
}

/// Which messages were found.
fn numbers(found: &[(Place, Vec<u8>)]) -> Vec<usize> {
    let number =
        |octets: &Vec<u8>| (0..100).find(|number| message(*number) == *octets).expect("a message that was sent");
    found.iter().map(|(_, octets)| number(octets)).collect()
}

fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers
}

fn frame_of(place: &Place) -> Frame {
    match place {
        Place::Frame(frame) => *frame,
        other => panic!("{other:?}"),
    }
}

/// Cuts a stream at these places, and gives each segment its offset.
fn segments<'a>(stream: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<(usize, &'a [u8])> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).chain([0, stream.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|ends| (ends[0], &stream[ends[0]..ends[1]])).collect()
}

/// Puts things into another order: each has a weight.
fn shuffled<T>(things: Vec<T>, weights: &[u32]) -> Vec<T> {
    let mut things: Vec<(u32, T)> = weights.iter().copied().cycle().zip(things).collect();
    things.sort_by_key(|(weight, _)| *weight);
    things.into_iter().map(|(_, thing)| thing).collect()
}

fn sequence(first: u32, offset: usize) -> u32 {
    first.wrapping_add(offset as u32)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn segments_of_any_size_in_any_order_captured_twice_and_repeated_otherwise_cut(
        first in any::<u32>(),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
        other_cuts in vec(any::<prop::sample::Index>(), 0..10),
        weights in vec(any::<u32>(), 1..50),
        syn_first in any::<bool>(),
    ) {
        let sent = messages(12);
        let stream = sent.concat();
        let segments = [segments(&stream, &cuts), segments(&stream, &other_cuts)].concat();
        // A single octet is taken for a keep-alive where nothing else has come.
        prop_assume!(syn_first || segments.iter().all(|(_, data)| data.len() > 1));
        let mut packets: Vec<Vec<u8>> = segments
            .into_iter()
            .map(|(offset, data)| tcp(client(), server(), sequence(first, 1 + offset), ACK, data))
            .collect();
        packets.push(packets[0].clone());
        let syn = tcp(client(), server(), first, SYN, &[]);
        if !syn_first {
            packets.push(syn.clone());
        }
        let mut packets = shuffled(packets, &weights);
        if syn_first {
            packets.insert(0, syn);
        }
        let (found, unread) = read(&pcap(RAW, &timed(packets)));
        let found = numbers(&found);
        let found = if syn_first { found } else { sorted(found) };
        prop_assert_eq!(found, (0..12).collect::<Vec<_>>());
        prop_assert!(unread.is_nothing(), "{:?}", unread);
    }

    #[test]
    fn a_capture_begun_in_the_middle_of_a_connection_in_any_order(
        first in any::<u32>(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
        weights in vec(any::<u32>(), 1..30),
        port in prop_oneof![Just(3868_u16), Just(5000)],
    ) {
        let sent = messages(8);
        let stream = sent.concat();
        let (from, to) = (client(), SocketAddr::new(server().ip(), port));
        let segments = segments(&stream, &cuts);
        prop_assume!(segments.iter().all(|(_, data)| data.len() > 1));
        let packets: Vec<Vec<u8>> =
            segments.iter().map(|(offset, data)| tcp(from, to, sequence(first, *offset), ACK, data)).collect();
        let packets = shuffled(packets, &weights);
        let (found, unread) = read(&pcap(RAW, &timed(packets)));
        prop_assert_eq!(sorted(numbers(&found)), (0..8).collect::<Vec<_>>());
        prop_assert!(unread.is_nothing(), "{:?}", unread);
    }

    #[test]
    fn what_is_lost_costs_no_message_that_is_whole(
        first in any::<u32>(),
        cuts in vec(any::<prop::sample::Index>(), 1..40),
        lost in vec(any::<prop::sample::Index>(), 1..5),
        weights in vec(any::<u32>(), 1..20),
    ) {
        let sent = messages(12);
        let stream = sent.concat();
        let segments = segments(&stream, &cuts);
        let lost: Vec<usize> = lost.iter().map(|lost| lost.index(segments.len())).collect();
        let is_there = |octet: usize| {
            !lost.iter().any(|lost| (segments[*lost].0..segments[*lost].0 + segments[*lost].1.len()).contains(&octet))
        };
        let mut at = 0;
        let mut whole = Vec::new();
        for (number, message) in sent.iter().enumerate() {
            if (at..at + message.len()).all(is_there) {
                whole.push(number);
            }
            at += message.len();
        }
        let kept: Vec<Vec<u8>> = (0..).zip(&segments).filter(|(position, _)| !lost.contains(position))
            .map(|(_, (offset, data))| tcp(client(), server(), sequence(first, 1 + offset), ACK, data)).collect();
        let mut packets = shuffled(kept, &weights);
        packets.insert(0, tcp(client(), server(), first, SYN, &[]));
        let (found, unread) = read(&pcap(RAW, &timed(packets)));
        prop_assert_eq!(numbers(&found), whole);
        // Nothing that is lost at the very end can be missed, unless a message was begun.
        let is_end_lost = lost.contains(&(segments.len() - 1));
        prop_assert!(is_end_lost || !unread.is_nothing(), "{:?}", unread);
    }

    #[test]
    fn fragments_of_sctp_in_any_order_captured_twice(
        first in any::<u32>(),
        size in 20_usize..300,
        weights in vec(any::<u32>(), 1..60),
        protocol in prop_oneof![Just(46_u32), Just(0), Just(47)],
    ) {
        let sent = messages(12);
        let mut number = first;
        let mut packets = Vec::new();
        for message in &sent {
            let pieces: Vec<&[u8]> = message.chunks(size).collect();
            for (position, piece) in pieces.iter().enumerate() {
                let flags = u8::from(position == 0) << 1 | u8::from(position + 1 == pieces.len());
                packets.push(sctp(client(), server(), 99, &[data_chunk(flags, number, protocol, piece)]));
                number = number.wrapping_add(1);
            }
        }
        packets.extend(packets.clone());
        let (found, unread) = read(&pcap(RAW, &timed(shuffled(packets, &weights))));
        prop_assert_eq!(sorted(numbers(&found)), (0..12).collect::<Vec<_>>());
        prop_assert!(unread.is_nothing(), "{:?}", unread);
    }

    #[test]
    fn garbage_never_panics(mut octets in vec(any::<u8>(), 0..2000), magic in 0..4_usize) {
        let magics: [&[u8]; 4] = [&[], &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0], &[0x0a, 0x0d, 0x0d, 0x0a], &[1, 0]];
        octets.splice(0..0, magics[magic].iter().copied().chain([0]));
        read(&octets);
    }

    #[test]
    fn damaged_captures_never_panic(at in vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), link in 0..300_u32) {
        let stream = messages(5).concat();
        let mut packets = vec![ethernet(&[], &tcp(client(), server(), 1, SYN, &[]))];
        packets.extend(segments(&stream, &[]).iter().map(|(offset, data)| {
            ethernet(&[(0x8100, 1)], &tcp(client(), server(), 2 + *offset as u32, ACK, data))
        }));
        packets.push(ethernet(&[], &sctp(client(), server(), 1, &[data_chunk(3, 1, 46, &message(1))])));
        let mut file = pcap(if link < 150 { ETHERNET } else { link }, &timed(packets));
        for (at, octet) in at {
            let at = at.index(file.len() - 4) + 4;
            file[at] = octet;
        }
        read(&file);
    }
}

#[test]
fn a_message_has_the_place_of_the_frame_that_completed_it() {
    let (one, two) = (message(3), message(4));
    let packets = [
        tcp(client(), server(), 1, ACK, &one[..30]),
        tcp(client(), server(), 31, ACK, &one[30..]),
        tcp(server(), client(), 1, ACK, &two),
    ];
    let (found, _) = read(&pcap(RAW, &timed(packets)));
    let places: Vec<Frame> = found.iter().map(|(place, _)| frame_of(place)).collect();
    assert_eq!((places[0].when.frame, places[0].source, places[0].destination), (2, client(), server()));
    assert_eq!((places[1].when.frame, places[1].source, places[1].destination), (3, server(), client()));
    assert_eq!(places[0].when.time.unwrap().as_micros(), 1_704_067_200_001_000);
    assert_eq!(places[0].connection, places[1].connection);
    assert_ne!(places[0].reverse, places[1].reverse);
}

#[test]
fn a_connection_between_the_same_ports_begins_anew() {
    let stream = messages(2).concat();
    let packets = [
        tcp(client(), server(), 1000, SYN, &[]),
        tcp(client(), server(), 1001, ACK, &stream[..50]),
        tcp(client(), server(), 900, SYN, &[]),
        tcp(client(), server(), 901, ACK, &stream),
        // Without its SYN being captured, too.
        tcp(client(), server(), 2_000_000_000, ACK, &stream),
    ];
    let (found, unread) = read(&pcap(RAW, &timed(packets)));
    assert_eq!(numbers(&found), [0, 0, 1, 0, 1]);
    assert_eq!(unread.number(Loss::Cut), 1);
}

#[test]
fn what_is_missing_is_waited_for_as_long_as_it_may_come() {
    let sent = messages(6);
    let mut offset = 1;
    let mut packets = vec![(0_u64, tcp(client(), server(), 0, SYN, &[]))];
    for (second, message) in (1_u64..).zip(&sent) {
        // The second message was not captured.
        if second != 2 {
            packets.push((second * 1_000_000, tcp(client(), server(), offset, ACK, message)));
        }
        offset += message.len() as u32;
    }
    let frames = |packets: &[(u64, Vec<u8>)]| -> Vec<(u64, usize)> {
        let (found, _) = read(&pcap(RAW, packets));
        found
            .iter()
            .map(|(place, octets)| (frame_of(place).when.frame, sent.iter().position(|m| m == octets).unwrap()))
            .collect()
    };
    // Nothing says that it is lost, so the others wait to the end, in the frames in which they came.
    assert_eq!(frames(&packets), [(2, 0), (3, 2), (4, 3), (5, 4), (6, 5)]);
    // It comes late after all.
    let late = tcp(client(), server(), 1 + sent[0].len() as u32, ACK, &sent[1]);
    let mut retransmitted = packets.clone();
    retransmitted.push((7_000_000, late.clone()));
    assert_eq!(frames(&retransmitted), [(2, 0), (7, 1), (7, 2), (7, 3), (7, 4), (7, 5)]);
    // The receiver acknowledges it, so that it will not be repeated: a second later it is given up.
    let acknowledgement = segment(server().port(), client().port(), 1, offset, ACK, &[]);
    packets.insert(3, (3_100_000, ip(server().ip(), client().ip(), 6, &acknowledgement)));
    packets.push((7_000_000, late));
    assert_eq!(frames(&packets), [(2, 0), (3, 2), (5, 3), (6, 4), (7, 5)]);
}

#[test]
fn a_segment_that_was_captured_in_part_costs_its_message_only() {
    let sent = messages(3);
    let stream = sent.concat();
    let split = sent[0].len() + 30;
    let mut cut = tcp(client(), server(), 1, ACK, &stream[..split]);
    cut.truncate(cut.len() - 4);
    let packets =
        [tcp(client(), server(), 0, SYN, &[]), cut, tcp(client(), server(), 1 + split as u32, ACK, &stream[split..])];
    let (found, unread) = read(&pcap(RAW, &timed(packets)));
    assert_eq!(numbers(&found), [0, 2]);
    assert_eq!([Loss::Missing, Loss::Cut, Loss::Skipped].map(|loss| unread.number(loss)), [4, 1, 0]);
}

/// Fragments of an IPv4 packet with 8 octets times `size` each.
fn fragments(packet: &[u8], identification: u16, size: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = packet[20..].chunks(8 * size).collect();
    let fragment = |(position, piece): (usize, &&[u8])| {
        let mut fragment = [&packet[..20], piece].concat();
        fragment[2..4].copy_from_slice(&((20 + piece.len()) as u16).to_be_bytes());
        fragment[4..6].copy_from_slice(&identification.to_be_bytes());
        let more = if position + 1 < pieces.len() { 0x2000 } else { 0 };
        fragment[6..8].copy_from_slice(&((position * size) as u16 | more).to_be_bytes());
        fragment
    };
    pieces.iter().enumerate().map(fragment).collect()
}

#[test]
fn ip_fragments_are_put_together() {
    let sent = messages(3);
    let mut packets = vec![tcp(client(), server(), 0, SYN, &[])];
    let mut sequence = 1;
    for (identification, message) in (7..).zip(&sent) {
        let mut pieces = fragments(&tcp(client(), server(), sequence, ACK, message), identification, 2);
        assert!(pieces.len() > 2);
        pieces.reverse();
        // Captured twice, all at once and one after another.
        packets.extend(pieces.clone());
        packets.extend(pieces.into_iter().take(1));
        sequence += message.len() as u32;
    }
    let (found, unread) = read(&pcap(RAW, &timed(packets.clone())));
    assert_eq!(numbers(&found), [0, 1, 2]);
    assert!(unread.is_nothing(), "{unread:?}");
    packets.remove(2);
    packets.remove(4);
    let (found, unread) = read(&pcap(RAW, &timed(packets)));
    assert_eq!(numbers(&found), [1, 2]);
    assert_eq!(unread.number(Loss::Fragments), 1);
}

#[test]
fn ip_options_and_extension_headers_are_passed_over() {
    let sent = message(1);
    let mut options = tcp(client(), server(), 1, ACK, &sent);
    options.splice(20..20, [1, 1, 1, 0]);
    options[0] = 0x46;
    let length = options.len() as u16;
    options[2..4].copy_from_slice(&length.to_be_bytes());
    let (from, to): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
    let tcp_segment = segment(5000, 3868, 1, 0, ACK, &sent);
    // Hop-by-hop options, then destination options, then TCP.
    let extended = [&[60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0][..], &tcp_segment].concat();
    // A fragment header and all of it in two fragments.
    let fragment = |offset: u16, data: &[u8]| [&[6, 0][..], &offset.to_be_bytes(), &[0, 0, 0, 9], data].concat();
    let tcp_segment = segment(5001, 3868, 1, 0, ACK, &sent);
    let packets = [
        options,
        ip(from, to, 0, &extended),
        ip(from, to, 44, &fragment(1, &tcp_segment[..24])),
        ip(from, to, 44, &fragment(24, &tcp_segment[24..])),
    ];
    let (found, unread) = read(&pcap(RAW, &timed(packets)));
    assert_eq!(numbers(&found), [1, 1, 1]);
    assert!(unread.is_nothing(), "{unread:?}");
}

#[test]
fn memory_is_bounded_whatever_waits() {
    const MOST: usize = 1 << 20;
    let mut connections = Connections::new(&[]).keeping(MOST);
    let (mut unread, mut sink) = (Unread::default(), Messages::default());
    let data = [1; 1000];
    // Every connection waits for its first octets for ever.
    for round in 0..30_u32 {
        for port in 0..100_u16 {
            let when = When { frame: u64::from(round), time: None };
            let (source, destination) = (client().ip(), server().ip());
            let packet = ip::Packet { source, destination, protocol: etherparse::IpNumber::TCP };
            let (flags, data) = if round == 0 { (SYN, &[][..]) } else { (ACK, &data[..]) };
            let payload = segment(port, 3868, round * 1000, 0, flags, data);
            connections.packet(packet, &payload, when, &mut unread, &mut sink).unwrap();
            assert!(connections.kept() <= MOST);
        }
    }
    assert!(connections.kept() > 0);
    assert!(unread.number(Loss::Missing) > 0);
}
