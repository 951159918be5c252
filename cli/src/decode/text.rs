//! Numbers, octets and text, written into the output buffer without a detour.
//!
//! What is short is often written in a length that the compiler knows, and cut: that is quicker than to copy as much as is
//! needed.

use diametric_protocol::value::Time;
use std::fmt;
use std::io::Write as _;
use std::net::Ipv4Addr;

/// Each octet as its two digits.
const PAIRS: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = b"0123456789abcdef";
        table[octet] = [digits[octet >> 4], digits[octet & 15]];
        octet += 1;
    }
    table
};

/// Octets in lower-case hexadecimal.
pub(crate) fn hex(out: &mut Vec<u8>, octets: &[u8]) {
    let start = out.len();
    out.resize(start + 2 * octets.len(), 0);
    for (pair, octet) in out[start..].as_chunks_mut().0.iter_mut().zip(octets) {
        *pair = PAIRS[usize::from(*octet)];
    }
}

/// A number in decimal.
#[inline]
pub(crate) fn decimal(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(b'0' + number as u8),
        10..100_000_000 => {
            let digits = eight_digits(number as u32);
            let zeros = (digits.trailing_zeros() / 8) as usize;
            let end = out.len() + 8 - zeros;
            out.extend_from_slice(&((digits | ZEROS) >> (8 * zeros)).to_le_bytes());
            out.truncate(end);
        }
        _ => long_decimal(out, number),
    }
}

fn long_decimal(out: &mut Vec<u8>, number: u64) {
    decimal(out, number / 100_000_000);
    out.extend_from_slice(&(eight_digits((number % 100_000_000) as u32) | ZEROS).to_le_bytes());
}

const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// The digits of a number below a hundred million as octets, the first in the lowest.
#[inline]
fn eight_digits(number: u32) -> u64 {
    // Halves, then quarters, then digits, all of them at once: a quotient stays where its dividend was, the remainder goes
    // above it. The factors stand for 1/100 and 1/10, and are exact as far as they are needed.
    let halves = u64::from(number / 10_000) | (u64::from(number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((quarters - tens * 10) << 8)
}

/// A number with its sign in decimal.
#[inline]
pub(crate) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    decimal(out, number.unsigned_abs());
}

/// An IPv4 address.
pub(crate) fn ipv4(out: &mut Vec<u8>, address: Ipv4Addr) {
    for (position, octet) in address.octets().into_iter().enumerate() {
        if position > 0 {
            out.push(b'.');
        }
        decimal(out, octet.into());
    }
}

/// Anything that can be displayed.
pub(crate) fn display(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // A Vec takes every write.
    let _ = out.write_fmt(text);
}

/// Whether octets are printable ASCII without quotes and backslashes: the same in quotes, whatever the notation.
#[inline(always)]
fn is_plain<const N: usize>(octets: &[u8; N]) -> bool {
    octets.iter().fold(true, |all, octet| all & is_plain_octet(*octet))
}

#[inline(always)]
fn is_plain_octet(octet: u8) -> bool {
    // As signed numbers, what is not ASCII is negative.
    (octet.cast_signed() >= 0x20) & (octet != 0x7f) & (octet != b'"') & (octet != b'\\')
}

/// Copies octets and tells whether they are plain: printable ASCII without quotes and backslashes.
#[inline]
pub(crate) fn copy_plain(out: &mut Vec<u8>, octets: &[u8]) -> bool {
    match octets.len() {
        0 => true,
        1..4 => {
            out.extend_from_slice(octets);
            octets.iter().all(|octet| is_plain_octet(*octet))
        }
        4..8 => copy_two::<4>(out, octets),
        8..16 => copy_two::<8>(out, octets),
        16..=32 => copy_two::<16>(out, octets),
        _ => copy_plain_chunks(out, octets),
    }
}

/// Copies at least `N` and at most twice as many: the first of them, and the last, which may overlap.
#[inline(always)]
fn copy_two<const N: usize>(out: &mut Vec<u8>, octets: &[u8]) -> bool {
    let (Some(first), Some(last)) = (octets.first_chunk::<N>(), octets.last_chunk::<N>()) else { return false };
    let end = out.len() + octets.len() - N;
    out.extend_from_slice(first);
    out.truncate(end);
    out.extend_from_slice(last);
    is_plain(first) & is_plain(last)
}

fn copy_plain_chunks(out: &mut Vec<u8>, octets: &[u8]) -> bool {
    out.extend_from_slice(octets);
    let (chunks, rest) = octets.as_chunks::<16>();
    let last = octets.last_chunk::<16>().unwrap_or(&[b' '; 16]);
    chunks.iter().fold(rest.is_empty() || is_plain(last), |all, chunk| all & is_plain(chunk))
}

/// Writes times. Many in a row are of the same day, whose date is made once.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Since 1970.
    day: i64,
    /// Up to the `T`, empty before the first.
    date: String,
}

const DAY: i64 = 86_400;

impl Times {
    /// Writes a time.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, time: Time) {
        let seconds = time.unix_seconds();
        let day = seconds.div_euclid(DAY);
        if self.date.is_empty() || self.day != day {
            self.day = day;
            self.date = time.to_string();
            self.date.truncate("2024-01-01T".len());
        }
        out.extend_from_slice(self.date.as_bytes());
        let second = seconds.rem_euclid(DAY) as u32;
        let digits = eight_digits(second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60) | ZEROS;
        let [_, _, a, b, c, d, e, f] = digits.to_le_bytes();
        out.extend_from_slice(&[a, b, b':', c, d, b':', e, f, b'Z']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_to_their_limits() {
        let powers = (0..20).map(|power| 10_u64.pow(power)).flat_map(|power| [power - 1, power, power + 1]);
        for number in powers.chain([1_234_567_890, 12_345_678, 90_909_090, u64::MAX - 1, u64::MAX]).chain(0..20_000) {
            let mut out = Vec::new();
            decimal(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        for number in [i64::MIN, -1, 0, i64::MAX] {
            let mut out = Vec::new();
            signed(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }

    #[test]
    fn octets() {
        let mut out = b">".to_vec();
        hex(&mut out, &[0, 0x0a, 0xf0, 0xff]);
        assert_eq!(out, b">000af0ff");
    }

    #[test]
    fn text_of_any_length_is_copied_and_what_is_not_plain_is_seen_wherever_it_stands() {
        for length in 0..70 {
            let text: Vec<u8> = (0..length).map(|position| b'a' + position % 26).collect();
            let mut out = b">".to_vec();
            assert!(copy_plain(&mut out, &text), "{length}");
            assert_eq!(out, [b">", &text[..]].concat());
            for position in 0..text.len() {
                for octet in [0, 0x1f, b'"', b'\\', 0x7f, 0x80, 0xff] {
                    let mut text = text.clone();
                    text[position] = octet;
                    assert!(!copy_plain(&mut Vec::new(), &text), "{octet:#x} at {position} of {length}");
                }
            }
        }
    }

    #[test]
    fn times_are_those_that_are_displayed() {
        let mut times = Times::default();
        for seconds in
            [0, 1, 59, 60, 3599, 3600, 43_201, 86_399, 86_400, 2_085_978_495, u32::MAX, 1 << 31, (1 << 31) - 1]
        {
            let time = Time::from_ntp_seconds(seconds);
            let mut out = Vec::new();
            times.write(&mut out, time);
            assert_eq!(out, time.to_string().into_bytes());
        }
    }
}
