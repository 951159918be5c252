//! Payloads of the basic formats: mostly ordinary, often at the edge of what a format allows.

use diametric_dictionary::model::{Avp, DataType};
use fastrand::Rng;

/// Lengths around which values are stored differently, and some to go with them.
const LENGTHS: [usize; 14] = [0, 1, 2, 3, 4, 5, 8, 15, 29, 30, 31, 32, 255, 256];

/// A valid payload of an AVP that is no group.
pub(super) fn payload(avp: &Avp, rng: &mut Rng) -> Vec<u8> {
    match avp.data_type {
        DataType::OctetString | DataType::Grouped => octets(rng),
        DataType::Integer32 | DataType::Unsigned32 | DataType::Enumerated => number(avp, rng).to_be_bytes().into(),
        DataType::Integer64 | DataType::Unsigned64 => edge(rng).to_be_bytes().into(),
        // No NaN, which is not equal to itself.
        DataType::Float32 => (rng.f32() * 1e6 - 5e5).to_be_bytes().into(),
        DataType::Float64 => (rng.f64() * 1e9 - 5e8).to_be_bytes().into(),
        DataType::Address => address(rng),
        DataType::Time => (edge(rng) as u32).to_be_bytes().into(),
        DataType::Utf8String => text(rng).into_bytes(),
        DataType::DiameterIdentity => host(rng).into_bytes(),
        DataType::DiameterUri => uri(rng).into_bytes(),
        DataType::IpFilterRule | DataType::QosFilterRule => rule(rng).into_bytes(),
    }
}

/// A length: mostly short, sometimes one where storage changes, seldom long.
fn length(rng: &mut Rng) -> usize {
    match rng.u8(..20) {
        0 => rng.usize(..1500),
        1..=7 => LENGTHS[rng.usize(..LENGTHS.len())],
        _ => rng.usize(..40),
    }
}

pub(super) fn octets(rng: &mut Rng) -> Vec<u8> {
    (0..length(rng)).map(|_| rng.u8(..)).collect()
}

/// Any number, or one at an edge.
fn edge(rng: &mut Rng) -> u64 {
    match rng.u8(..6) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << rng.u8(..64),
        3 => rng.u64(..1000),
        _ => rng.u64(..),
    }
}

fn number(avp: &Avp, rng: &mut Rng) -> u32 {
    let listed = !avp.items.is_empty() && (avp.closed || rng.u8(..4) > 0);
    if listed { avp.items[rng.usize(..avp.items.len())].value as u32 } else { edge(rng) as u32 }
}

fn address(rng: &mut Rng) -> Vec<u8> {
    let (family, octets): (u16, Vec<u8>) = match rng.u8(..8) {
        0..=3 => (1, rng.u32(..).to_be_bytes().into()),
        4..=5 => (2, rng.u128(..).to_be_bytes().into()),
        6 => (8, (0..rng.usize(1..=15)).map(|_| rng.u8(b'0'..=b'9')).collect()),
        _ => (rng.u16(9..), octets(rng)),
    };
    [&family.to_be_bytes(), &octets[..]].concat()
}

fn text(rng: &mut Rng) -> String {
    let ascii = rng.u8(..3) > 0;
    (0..length(rng)).map(|_| if ascii { rng.char(' '..='~') } else { rng.char(..) }).collect()
}

fn host(rng: &mut Rng) -> String {
    let labels: Vec<String> = (0..rng.usize(1..=5))
        .map(|_| (0..rng.usize(1..=12)).map(|_| rng.lowercase()).collect::<String>() + &rng.u8(..).to_string())
        .collect();
    labels.join(".")
}

fn uri(rng: &mut Rng) -> String {
    let mut uri = format!("aaa{}://{}", if rng.bool() { "s" } else { "" }, host(rng));
    if rng.bool() {
        uri += &format!(":{}", rng.u16(1..));
    }
    if rng.bool() {
        uri += if rng.bool() { ";transport=tcp" } else { ";transport=sctp" };
    }
    if rng.bool() {
        uri += ";protocol=diameter";
    }
    uri
}

fn rule(rng: &mut Rng) -> String {
    let action = if rng.bool() { "permit" } else { "deny" };
    let direction = if rng.bool() { "in" } else { "out" };
    let address = std::net::Ipv4Addr::from_bits(rng.u32(..));
    format!("{action} {direction} ip from {address}/{} to any {}", rng.u8(..=32), rng.u16(..))
}
