//! Looks at text eight octets at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Whether `wrong` finds nothing in any eight octets; the last ones are looked at again where they do not come out even.
#[inline]
fn all(octets: &[u8], wrong: impl Fn(u64) -> u64, filler: u8) -> bool {
    let mut found = 0;
    let mut chunks = octets.chunks_exact(8);
    for chunk in &mut chunks {
        found |=
            wrong(u64::from_ne_bytes([chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7]]));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        found |= match octets.last_chunk::<8>() {
            Some(last) => wrong(u64::from_ne_bytes(*last)),
            None => rest.iter().fold(0, |found, octet| {
                let filled = (u64::from(filler) * (ONES << 8)) | u64::from(*octet);
                found | wrong(filled)
            }),
        };
    }
    found == 0
}

/// Whether all octets are ASCII.
#[inline]
pub(super) fn is_ascii(octets: &[u8]) -> bool {
    all(octets, |word| word & HIGHS, b'a')
}

/// Whether all octets are visible ASCII: no controls, no blanks.
#[inline]
pub(super) fn is_graphic(octets: &[u8]) -> bool {
    // Below 0x21, or 0x7f, or above: each term has a high bit set where an octet is so.
    let wrong = |word: u64| {
        let below = word.wrapping_sub(ONES * 0x21) & !word;
        let delete = (word ^ (ONES * 0x7f)).wrapping_sub(ONES) & !(word ^ (ONES * 0x7f));
        (below | delete | word) & HIGHS
    };
    all(octets, wrong, b'a')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_at_every_place() {
        for length in 0..20 {
            for place in 0..length {
                for octet in 0..=u8::MAX {
                    let mut text = vec![b'x'; length];
                    text[place] = octet;
                    assert_eq!(is_ascii(&text), octet.is_ascii(), "{octet} at {place} of {length}");
                    assert_eq!(is_graphic(&text), octet.is_ascii_graphic(), "{octet} at {place} of {length}");
                }
            }
        }
    }
}
