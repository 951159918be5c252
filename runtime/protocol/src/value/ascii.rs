//! Looks at text eight octets at a time: what a test finds in a word has a high bit set.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Finds octets that are not ASCII.
#[inline(always)]
pub(super) fn not_ascii(word: u64) -> u64 {
    word & HIGHS
}

/// Finds octets that are not visible ASCII: controls, blanks, and all above.
#[inline(always)]
pub(super) fn not_graphic(word: u64) -> u64 {
    // 0x7f gets a high bit by the addition, what is below 0x21 by the subtraction. A carry or borrow that reaches another
    // octet comes from one that is found itself.
    (word | word.wrapping_add(ONES) | word.wrapping_sub(ONES * 0x21)) & HIGHS
}

/// Whether `suspect` finds anything.
#[inline]
pub(super) fn any(octets: &[u8], suspect: impl Fn(u64) -> u64) -> bool {
    let Some(last) = octets.last_chunk::<8>() else { return suspect(short_word(octets)) != 0 };
    let words = octets.chunks_exact(8).fold(0, |found, chunk| found | suspect(word(chunk)));
    // The last octets are looked at again where they do not come out even.
    words | suspect(u64::from_ne_bytes(*last)) != 0
}

/// The first eight octets.
#[inline(always)]
pub(super) fn word(octets: &[u8]) -> u64 {
    u64::from_ne_bytes([octets[0], octets[1], octets[2], octets[3], octets[4], octets[5], octets[6], octets[7]])
}

/// Up to seven octets, some of them more than once, or filled up with letters.
#[inline(always)]
pub(super) fn short_word(octets: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        return u64::from(u32::from_ne_bytes(*first)) << 32 | u64::from(u32::from_ne_bytes(*last));
    }
    let letters = (u64::from(b'a') * ONES) << 24;
    match *octets {
        [] => letters | letters >> 24,
        [first, ..] => {
            let (middle, last) = (octets[octets.len() / 2], octets[octets.len() - 1]);
            letters | u64::from(first) << 16 | u64::from(middle) << 8 | u64::from(last)
        }
    }
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
                    assert_eq!(!any(&text, not_ascii), octet.is_ascii(), "{octet} at {place} of {length}");
                    assert_eq!(!any(&text, not_graphic), octet.is_ascii_graphic(), "{octet} at {place} of {length}");
                }
            }
        }
    }
}
