//! What goes wrong on the way.

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
