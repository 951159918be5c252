//! Octets that nobody should send. Whatever they are, other peers are served.

use crate::raw::{Raw, cer};
use crate::support::{CREDIT_CONTROL, assert_served, ccr, client_of, grant, header, pair};
use diametric::base::{CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, ResultCode};
use diametric::credit_control::{Cca, Ccr};
use diametric::message::{self, Received};
use diametric::{Config, Node};
use std::time::Duration;
use tokio::task::JoinSet;

/// A CCR that is right, to be spoilt.
fn frame() -> Vec<u8> {
    message::encode(header::<Ccr>(31), &ccr(1)).unwrap()
}

fn spoilt(spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = frame();
    spoil(&mut frame);
    frame
}

#[tokio::test]
async fn bytes_that_are_not_diameter_end_their_connection_only() {
    let (server, client) = pair().await;
    let (tls, ssh) = (&b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..], &b"SSH-2.0-OpenSSH_9.6\r\n"[..]);
    for octets in [tls, ssh, &[0; 64], &[0xff; 64]] {
        // As the first that is said, and later on.
        let mut stranger = Raw::connect(server.listening()[0]).await;
        stranger.throw(octets).await;
        let mut peer = Raw::open(server.listening()[0]).await;
        peer.throw(octets).await;
        // What looks like a request is answered before the connection is closed.
        for mut connection in [stranger, peer] {
            while connection.receive().await.is_some() {}
        }
        assert_served(&client).await;
    }
}

#[tokio::test]
async fn version_two_is_answered() {
    let (server, client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let answer = peer.refused(&spoilt(|frame| frame[0] = 2)).await;
    assert_eq!(answer.result_code, ResultCode::UNSUPPORTED_VERSION);
    assert_served(&client).await;
}

#[tokio::test]
async fn a_cer_of_version_two_is_answered() {
    let (server, client) = pair().await;
    let mut peer = Raw::connect(server.listening()[0]).await;
    let mut frame = message::encode(header::<CapabilitiesExchangeRequest>(1), &cer()).unwrap();
    frame[0] = 2;
    assert_eq!(peer.refused(&frame).await.result_code, ResultCode::UNSUPPORTED_VERSION);
    peer.assert_closed().await;
    assert_served(&client).await;
}

/// Everything that is wrong with a message in some way, by what is wrong.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let whole = frame();
    let length = whole.len();
    let set_length = |length: u32| spoilt(|frame| frame[1..4].copy_from_slice(&length.to_be_bytes()[1..]));
    let mut inputs = vec![
        ("length 0", set_length(0)),
        ("length below the header", set_length(16)),
        ("length not a multiple of four", set_length(length as u32 + 1)),
        ("length of a message that ends before its last AVP", set_length(length as u32 - 4)),
        ("length of a message that goes on for a little", set_length(length as u32 + 4)),
        ("length of the largest message", set_length(0x00ff_fffc)),
        ("only a header", { [&header::<Ccr>(1).to_bytes(20)[..]].concat() }),
        ("no AVP flags but reserved ones", spoilt(|frame| frame[24] = 0x1f)),
        ("an AVP of length 0", spoilt(|frame| frame[25..28].fill(0))),
        ("an AVP of length 7", spoilt(|frame| frame[25..28].copy_from_slice(&[0, 0, 7]))),
        ("an AVP of all the octets that there are", spoilt(|frame| frame[25..28].fill(0xff))),
        (
            "an AVP that ends after the message",
            spoilt(|frame| frame[length - 9..length - 6].copy_from_slice(&[0, 1, 0])),
        ),
        ("a V flag where no vendor follows", spoilt(|frame| frame[24] |= 0x80)),
        ("all flags", spoilt(|frame| frame[4] = 0xff)),
        ("no flags: an answer to nothing", spoilt(|frame| frame[4] = 0)),
        ("an answer with the E flag to nothing", spoilt(|frame| frame[4] = 0x20)),
        ("command 0", spoilt(|frame| frame[5..8].fill(0))),
        ("the largest command code", spoilt(|frame| frame[5..8].fill(0xff))),
        ("application 0", spoilt(|frame| frame[8..12].fill(0))),
        ("the application of relays", spoilt(|frame| frame[8..12].fill(0xff))),
        ("version 0", spoilt(|frame| frame[0] = 0)),
        ("version 255", spoilt(|frame| frame[0] = 255)),
        ("a text that is not UTF-8", spoilt(|frame| frame[28] = 0xff)),
        ("a host name with a zero", {
            let at = whole.windows(4).position(|octets| octets == b"\0\0\x01\x08").expect("Origin-Host");
            spoilt(|frame| frame[at + 8] = 0)
        }),
        ("groups in groups", deep(60)),
        ("groups in groups, beyond measure", deep(5000)),
        ("very many AVPs", many(40_000)),
        ("zeros where AVPs should be", [&header::<Ccr>(1).to_bytes(1024)[..], &[0; 1004]].concat()),
        ("ones where AVPs should be", [&header::<Ccr>(1).to_bytes(1024)[..], &[0xff; 1004]].concat()),
        ("a second CER", message::encode(header::<CapabilitiesExchangeRequest>(2), &cer()).unwrap()),
        ("a CEA to no CER", spoilt(|frame| frame[4..8].copy_from_slice(&[0, 0, 1, 1]))),
        ("a DPA to no DPR", spoilt(|frame| frame[4..8].copy_from_slice(&[0, 0, 1, 26]))),
        ("a DWA to no DWR", spoilt(|frame| frame[4..8].copy_from_slice(&[0, 0, 1, 24]))),
        ("a DWR with a body of a CCR", spoilt(|frame| frame[4..12].copy_from_slice(&[0x80, 0, 1, 24, 0, 0, 0, 0]))),
        ("a DPR with a body of a CCR", spoilt(|frame| frame[4..12].copy_from_slice(&[0x80, 0, 1, 26, 0, 0, 0, 0]))),
    ];
    // Cut short, at a few places.
    for at in [1, 3, 4, 19, 20, 23, length / 2, length - 1] {
        inputs.push(("cut short", whole[..at].to_vec()));
    }
    // One bit turned over, here and there.
    for at in (0..length * 8).step_by(13) {
        inputs.push(("one bit is wrong", spoilt(|frame| frame[at / 8] ^= 1 << (at % 8))));
    }
    inputs
}

/// A CCR with a Service-Information in which groups of any kind are nested.
fn deep(levels: usize) -> Vec<u8> {
    let mut avp = Vec::new();
    for _ in 0..levels {
        let mut outer = vec![0, 0, 1, 0xc8, 0x40];
        outer.extend(&((avp.len() + 8) as u32).to_be_bytes()[1..]);
        // Innermost first, so every level is written once; the octets of what is inside follow.
        outer.append(&mut avp);
        avp = outer;
    }
    [&header::<Ccr>(1).to_bytes(20 + avp.len() as u32)[..], &avp].concat()
}

/// A CCR of very many AVPs that nobody knows.
fn many(count: usize) -> Vec<u8> {
    let avps = b"\0\x0f\x42\x40\0\0\0\x08".repeat(count);
    [&header::<Ccr>(1).to_bytes(20 + avps.len() as u32)[..], &avps].concat()
}

#[tokio::test]
async fn a_good_client_is_served_whatever_others_send() {
    let (server, client) = pair().await;
    let address = server.listening()[0];
    let inputs = inputs();
    assert!(inputs.len() >= 100, "{}", inputs.len());
    for (what, octets) in inputs {
        let mut stranger = Raw::connect(address).await;
        stranger.throw(&octets).await;
        let mut peer = Raw::open(address).await;
        peer.throw(&octets).await;
        let cca = crate::support::soon(client.send(CREDIT_CONTROL, &ccr(7))).await;
        assert!(cca.is_ok(), "after {what}: {cca:?}");
    }
    // And whoever behaves from now on is welcome.
    Raw::open(address).await;
}

#[tokio::test]
async fn malformed_messages_in_a_whole_frame_leave_the_connection_usable() {
    let (server, _client) = pair().await;
    let whole = frame();
    for (what, octets) in inputs() {
        // What breaks the framing, or is a word of farewell, ends the connection.
        let framed = octets.len() >= 20
            && octets[0] == 1
            && octets.len() == u32::from_be_bytes([0, octets[1], octets[2], octets[3]]) as usize;
        if !framed || octets[5..8] == [0, 1, 26] {
            continue;
        }
        let mut peer = Raw::open(server.listening()[0]).await;
        peer.send(&octets).await;
        peer.send(&whole).await;
        let mut granted = false;
        while !granted {
            let frame = peer.receive().await.unwrap_or_else(|| panic!("{what}: the connection was closed"));
            granted = message::decode::<Cca>(&frame, &diametric::codec::Known::standard())
                .is_ok_and(|cca| cca.header.hop_by_hop == header::<Ccr>(31).hop_by_hop);
        }
    }
}

#[tokio::test]
async fn what_cannot_become_a_message_ends_its_connection_at_once() {
    let mut config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    // No timer ends these connections while the test lasts.
    config.establish_timeout = Duration::from_secs(3600);
    let server = Node::builder(config).handle(CREDIT_CONTROL, grant).start().await.unwrap();
    let client = Node::builder(client_of(&server)).start().await.unwrap();
    let address = server.listening()[0];
    let (mut stranger, mut opened) = (Vec::new(), Vec::new());
    let mut junk: Vec<Vec<u8>> = (0..=255).filter(|octet| *octet != 1).map(|octet| vec![octet]).collect();
    junk.extend([
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"SSH-2.0-x\r\n".to_vec(),
        b"\x16\x03\x01".to_vec(),
        b"\0\0".to_vec(),
    ]);
    for length in [0_u32, 4, 16, 19, 21, 33, 0x00ff_ffff, 0x00ff_fffd] {
        junk.push([&[1], &length.to_be_bytes()[1..]].concat());
    }
    for octets in &junk {
        let mut raw = Raw::connect(address).await;
        raw.send(octets).await;
        stranger.push(raw);
    }
    // A message that is too long for a first one, of which only the length has come.
    let mut raw = Raw::connect(address).await;
    raw.send(&[1, 0xff, 0xff, 0xfc]).await;
    stranger.push(raw);
    for octets in junk.iter().step_by(13) {
        let mut raw = Raw::open(address).await;
        raw.send(octets).await;
        opened.push(raw);
    }
    for mut raw in stranger.into_iter().chain(opened) {
        raw.assert_closed().await;
    }
    assert_served(&client).await;
}

#[tokio::test]
async fn many_at_once_are_no_harm_to_a_good_client() {
    let (server, client) = pair().await;
    let address = server.listening()[0];
    let mut strangers = JoinSet::new();
    for (index, (_, octets)) in inputs().into_iter().enumerate() {
        strangers.spawn(async move {
            let mut stranger = if index % 2 == 0 { Raw::connect(address).await } else { Raw::open(address).await };
            for _ in 0..5 {
                stranger.throw(&octets).await;
            }
        });
    }
    for _ in 0..20 {
        assert_served(&client).await;
    }
    while let Some(stranger) = strangers.join_next().await {
        stranger.unwrap();
    }
    assert_served(&client).await;
}

#[tokio::test]
async fn a_second_cer_is_answered() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    peer.send(&message::encode(header::<CapabilitiesExchangeRequest>(2), &cer()).unwrap()).await;
    let cea: Received<CapabilitiesExchangeAnswer> = peer.answer().await;
    assert_eq!(cea.body.result_code, ResultCode::SUCCESS);
}
