//! Captures and streams of messages.

use crate::build::{base, ccr, message, number};
use crate::frames::{
    ACK, ETHERNET, PcapNg, RAW, SYN, client, data_chunk, ethernet, pcap, pcap_as, sctp, server, tcp, timed,
};
use crate::{printed, told};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

/// A request with this Origin-State-Id.
fn dwr(state: u32) -> Vec<u8> {
    message(0x80, 280, 0, &[number(278, state)])
}

fn states(tree: &str) -> Vec<u32> {
    tree.lines().filter_map(|line| line.strip_prefix("  Origin-State-Id (278) M ")?.parse().ok()).collect()
}

fn objects(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).expect("the command writes JSON")).collect()
}

/// Messages from the client, each in a segment of its own behind the SYN.
fn segments(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut packets = vec![tcp(client(), server(), 0, SYN, &[])];
    let mut sequence = 1;
    for message in messages {
        packets.push(tcp(client(), server(), sequence, ACK, message));
        sequence += message.len() as u32;
    }
    packets
}

#[test]
fn a_message_says_where_it_was_found() {
    let packets = [tcp(client(), server(), 0, SYN, &[]), tcp(client(), server(), 1, ACK, &dwr(7))];
    let frames = timed(packets.iter().map(|packet| ethernet(&[], packet)));
    let expected = "\
frame 2 2024-01-01T00:00:00.001000Z 192.0.2.1:40001 -> 192.0.2.9:3868 tcp
Device-Watchdog-Request (DWR) 280 app 0 (Base) R hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 7
";
    assert_eq!(printed(&["decode"], &pcap(ETHERNET, &frames)), expected);
    let object = printed(&["decode", "--json", "-"], &pcap(ETHERNET, &frames));
    let expected = concat!(
        r#"{"frame":2,"time":"2024-01-01T00:00:00.001000Z","source":"192.0.2.1:40001","destination":"192.0.2.9:3868","#,
        r#""transport":"tcp","command":"Device-Watchdog-Request","code":280,"#
    );
    assert!(object.starts_with(expected), "{object}");
    let expected = "\
offset 0
Device-Watchdog-Request (DWR) 280 app 0 (Base) R hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 7

offset 32
Device-Watchdog-Request (DWR) 280 app 0 (Base) R hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 8
";
    assert_eq!(printed(&["decode"], &[dwr(7), dwr(8)].concat()), expected);
    assert!(printed(&["decode", "--json"], &dwr(7)).starts_with(r#"{"offset":0,"command":"#));
}

#[test]
fn pcap_in_both_byte_orders_with_both_units_of_time() {
    let frames = timed(segments(&[dwr(1), dwr(2)]));
    let expected = printed(&["decode"], &pcap(RAW, &frames));
    assert_eq!(states(&expected), [1, 2]);
    for (big_endian, nanoseconds) in [(false, true), (true, false), (true, true)] {
        assert_eq!(printed(&["decode"], &pcap_as(RAW, &frames, big_endian, nanoseconds)), expected);
    }
}

#[test]
fn pcapng_with_several_interfaces_and_sections() {
    let [syn, one, two, three] = &segments(&[dwr(1), dwr(2), dwr(3)])[..] else { unreachable!() };
    for big_endian in [false, true] {
        let mut file = PcapNg::new(big_endian);
        file.interface(101, None);
        file.interface(1, Some(9));
        file.packet(0, 1_704_067_200_000_001, syn);
        file.packet(1, 1_704_067_200_000_000_002, &ethernet(&[], one));
        // Blocks of other kinds, known and unknown.
        file.block(4, &[0, 0, 0, 0]);
        file.block(0x0bad_f00d, b"whatever");
        file.big_endian = !big_endian;
        file.section();
        file.interface(1, Some(0x80 | 10));
        file.packet(0, 1_704_067_200 * 1024 + 512, &ethernet(&[(0x8100, 7)], two));
        file.simple_packet(&ethernet(&[(0x88a8, 7), (0x8100, 8)], three));
        let objects = objects(&printed(&["decode", "--json"], &file.out));
        let places: Vec<_> = objects.iter().map(|object| [object["frame"].clone(), object["time"].clone()]).collect();
        let expected = [
            [json!(2), json!("2024-01-01T00:00:00.000000002Z")],
            [json!(3), json!("2024-01-01T00:00:00.500000Z")],
            [json!(4), json!(null)],
        ];
        assert_eq!(places, expected);
    }
}

#[test]
fn what_is_compressed_by_gzip_is_read_as_if_it_were_not() {
    for plain in [pcap(RAW, &timed(segments(&[dwr(1)]))), dwr(1), crate::build::hex(&dwr(1)).into_bytes()] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&plain).unwrap();
        let mut compressed = encoder.finish().unwrap();
        assert_eq!(printed(&["decode"], &compressed), printed(&["decode"], &plain));
        compressed.truncate(compressed.len() - 9);
        let (_, complaint, status) = told(&["decode"], &compressed);
        assert_eq!(status, Some(1), "{complaint}");
    }
}

#[test]
fn a_file_is_recognised_by_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.hex");
    std::fs::write(&path, pcap(RAW, &timed(segments(&[dwr(9)])))).unwrap();
    assert_eq!(states(&printed(&["decode", path.to_str().unwrap()], "")), [9]);
}

#[test]
fn requests_and_answers_of_ipv6_and_of_sctp() {
    let (from, to) = ("[2001:db8::1]:5000".parse().unwrap(), "[2001:db8::2]:3868".parse().unwrap());
    let long = message(0x40, 272, 4, &[base(263, &[b'x'; 3000])]);
    let mut packets = vec![tcp(from, to, 1, ACK, &dwr(1))];
    packets.push(sctp(client(), server(), 5, &[data_chunk(3, 1, 46, &dwr(2)), data_chunk(3, 2, 46, &dwr(3))]));
    packets.push(sctp(server(), client(), 6, &[data_chunk(2, 1, 0, &long[..1000])]));
    packets.push(sctp(server(), client(), 6, &[data_chunk(1, 3, 0, &long[2000..])]));
    packets.push(sctp(server(), client(), 6, &[data_chunk(0, 2, 0, &long[1000..2000])]));
    let objects = objects(&printed(&["decode", "--json"], &pcap(RAW, &timed(packets))));
    let places: Vec<_> = objects.iter().map(|o| json!([o["frame"], o["source"], o["transport"]])).collect();
    let expected = [
        json!([1, "[2001:db8::1]:5000", "tcp"]),
        json!([2, "192.0.2.1:40001", "sctp"]),
        json!([2, "192.0.2.1:40001", "sctp"]),
        json!([5, "192.0.2.9:3868", "sctp"]),
    ];
    assert_eq!(places, expected);
    assert_eq!(objects[3]["avps"][0]["value"], "x".repeat(3000));
}

#[test]
fn any_port_is_read_unless_ports_are_given() {
    let at = |port: u16| ([192, 0, 2, 9], port).into();
    let packets: Vec<_> = [(3868, 1), (3869, 2), (3870, 3)]
        .map(|(port, state)| tcp(client(), at(port), 1, ACK, &dwr(state)))
        .into_iter()
        .chain([tcp(client(), at(80), 1, ACK, b"GET / HTTP/1.1\r\n\r\n")])
        .collect();
    let file = pcap(RAW, &timed(packets));
    assert_eq!(states(&printed(&["decode"], &file)), [1, 2, 3]);
    assert_eq!(states(&printed(&["decode", "--port", "3869", "--port", "3870"], &file)), [2, 3]);
    // The sender's port counts as well.
    assert_eq!(states(&printed(&["decode", "--port", "40001"], &pcap(RAW, &timed(segments(&[dwr(4)]))))), [4]);
    let (_, complaint, status) = told(&["decode", "--port", "80"], &file);
    assert_eq!(
        (complaint.as_str(), status),
        ("not read: 18 octets that belong to no message, the first in frame 4\n", Some(1))
    );
}

#[test]
fn of_a_broken_capture_what_is_readable_is_read_and_the_rest_counted() {
    let messages = [dwr(1), dwr(2), dwr(3), dwr(4)];
    let mut packets = segments(&messages);
    packets.remove(2);
    let mut bad = packets[1].clone();
    bad[0] = 0x99;
    packets.push(bad);
    let mut file = pcap(RAW, &timed(packets));
    file.extend([0; 12]);
    let (tree, complaints, status) = told(&["decode"], &file);
    assert_eq!((states(&tree), status), (vec![1, 3, 4], Some(1)));
    let expected = format!(
        "not read: 32 octets that are not in the capture, the first in frame 3
not read: 1 frame with headers that make no sense, in frame 5
not read: the last 12 octets, from offset {} on: the file ends where 16 were to follow\n",
        file.len() - 12
    );
    assert_eq!(complaints, expected);

    // A record that cannot be.
    let good = pcap(RAW, &timed(segments(&messages[..1])));
    let (tree, complaints, status) = told(&["decode"], &[&good[..], &[0xff; 40]].concat());
    assert_eq!((states(&tree), status), (vec![1], Some(1)));
    assert!(complaints.contains("from offset 168 on: frame 3 claims to take 4294967295 octets"), "{complaints}");
    let mut file = PcapNg::new(false);
    file.block(6, &[9; 40]);
    file.interface(147, None);
    file.packet(0, 0, &dwr(1));
    file.out.extend([1, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    let (_, complaints, status) = told(&["decode"], &file.out);
    assert_eq!((complaints.lines().count(), status), (3, Some(1)));
    for expected in ["1 frame of a link type that is not known", "1 block of the file", "claims to take 13 octets"] {
        assert!(complaints.contains(expected), "{expected}: {complaints}");
    }
}

#[test]
fn of_a_broken_stream_what_is_readable_is_read_and_the_rest_counted() {
    let stream = [&dwr(1)[..], b"garbage", &dwr(2), &ccr()[..100]].concat();
    let (tree, complaints, status) = told(&["decode"], &stream);
    assert_eq!((states(&tree), status), (vec![1, 2], Some(1)));
    assert_eq!(complaints, "not read: 7 octets that belong to no message\nnot read: 1 message cut short\n");
    assert!(tree.contains("offset 39\n"), "{tree}");
}
