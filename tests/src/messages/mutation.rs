//! What goes wrong on the way.

use super::{Avp, MANDATORY_FLAG, Value};
use fastrand::Rng;

/// Changes, inserts, doubles or removes some octets behind Message Length, which is made right again.
pub fn octets(frame: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for _ in 0..rng.usize(1..5) {
        if frame.len() < 8 {
            break;
        }
        let at = rng.usize(4..frame.len());
        match rng.u8(..6) {
            0 => frame[at] = rng.u8(..),
            1 => frame[at] ^= 1 << rng.u8(..8),
            2 => frame.insert(at, rng.u8(..)),
            3 if frame.len() > 24 => drop(frame.remove(at)),
            4 => frame.truncate(at.max(20)),
            _ => {
                let end = rng.usize(at..frame.len().min(at + 64) + 1);
                let part = frame[at..end.min(frame.len())].to_vec();
                frame.splice(at..at, part);
            }
        }
    }
    frame.resize(frame.len().next_multiple_of(4), 0);
    let length = (frame.len() as u32).to_be_bytes();
    frame[1..4].copy_from_slice(&length[1..]);
    frame
}

/// As [`octets`], behind the header.
pub fn body(frame: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut damaged = octets(frame, rng);
    damaged[4..20].copy_from_slice(&frame[4..20]);
    damaged
}

/// Does one thing wrong in one of the groups, at any depth: an AVP goes, comes twice, has one octet more or less or another
/// number, or one that nobody knows joins them with the M flag.
pub fn one(avps: &mut Vec<Avp>, rng: &mut Rng) {
    let groups: Vec<usize> =
        (0..avps.len()).filter(|at| matches!(&avps[*at].value, Value::Group(members) if !members.is_empty())).collect();
    if !groups.is_empty() && rng.u8(..3) > 0 {
        let Value::Group(members) = &mut avps[groups[rng.usize(..groups.len())]].value else { unreachable!() };
        return one(members, rng);
    }
    if avps.is_empty() {
        return;
    }
    let at = rng.usize(..avps.len());
    match (rng.u8(..6), &mut avps[at].value) {
        (0, _) => drop(avps.remove(at)),
        (1, _) => {
            let again = avps[at].clone();
            let place = rng.usize(at..=avps.len());
            avps.insert(place, again);
        }
        (2, Value::Octets(octets)) => octets.push(0),
        (3, Value::Octets(octets)) => drop(octets.pop()),
        (4, Value::Octets(octets)) if octets.len() == 4 => octets.copy_from_slice(&99_u32.to_be_bytes()),
        _ => {
            let value = Value::Octets(vec![1, 2, 3]);
            avps.insert(at, Avp { code: 0x00ff_ff00, vendor: 0, flags: MANDATORY_FLAG, declared: false, value });
        }
    }
}
