//! Digits, times and text.

use super::out::Room;
use diametric_protocol::value::Time;
use std::fmt;
use std::io::Write as _;

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

/// Writes octets in lower-case hexadecimal into twice as many.
pub(crate) fn write_hex(digits: &mut [u8], octets: &[u8]) {
    for (pair, octet) in digits.as_chunks_mut().0.iter_mut().zip(octets) {
        *pair = PAIRS[usize::from(*octet)];
    }
}

/// Appends octets in lower-case hexadecimal.
pub(crate) fn hex(out: &mut Vec<u8>, octets: &[u8]) {
    let start = out.len();
    out.resize(start + 2 * octets.len(), 0);
    write_hex(&mut out[start..], octets);
}

/// Appends anything that can be displayed.
pub(crate) fn display(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // A Vec takes every write.
    let _ = out.write_fmt(text);
}

/// Eight zeros as text.
pub(crate) const ZEROS: u64 = u64::from_le_bytes(*b"00000000");

/// The digits of a number below a hundred million as octets, the first in the lowest.
#[inline]
pub(crate) fn eight_digits(number: u32) -> u64 {
    // Halves, then quarters, then digits, all of them at once: a quotient stays where its dividend was, the remainder goes
    // above it. The factors stand for 1/100 and 1/10, and are exact as far as they are needed.
    let halves = u64::from(number / 10_000) | (u64::from(number % 10_000) << 32);
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let quarters = hundreds | ((halves - hundreds * 100) << 16);
    let tens = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((quarters - tens * 10) << 8)
}

/// Whether octets are printable ASCII without quotes and backslashes: the same in quotes, whatever the notation.
#[inline(always)]
pub(crate) fn is_plain<const N: usize>(octets: &[u8; N]) -> bool {
    octets.iter().fold(true, |all, octet| all & is_plain_octet(*octet))
}

/// Whether an octet is printable ASCII but no quote and no backslash.
#[inline(always)]
pub(crate) fn is_plain_octet(octet: u8) -> bool {
    // As signed numbers, what is not ASCII is negative.
    (octet.cast_signed() >= 0x20) & (octet != 0x7f) & (octet != b'"') & (octet != b'\\')
}

/// Writes times. Many in a row are of the same day, whose date is made once.
#[derive(Debug)]
pub(crate) struct Times {
    /// Since 1970.
    day: Option<i64>,
    /// Up to the `T`.
    date: [u8; 11],
}

const DAY: i64 = 86_400;

impl Times {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { day: None, date: [0; 11] }
    }

    /// Writes a time; takes room for 20 octets.
    pub(crate) fn write(&mut self, room: &mut Room<'_>, time: Time) {
        let seconds = time.unix_seconds();
        let day = seconds.div_euclid(DAY);
        if self.day != Some(day) {
            self.day = Some(day);
            // RFC 3339 of the years that a Time can say.
            self.date.copy_from_slice(&time.to_string().as_bytes()[..11]);
        }
        let second = seconds.rem_euclid(DAY) as u32;
        let digits = eight_digits(second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60) | ZEROS;
        let [_, _, a, b, c, d, e, f] = digits.to_le_bytes();
        room.put(&self.date);
        room.put(&[a, b, b':', c, d, b':', e, f, b'Z']);
    }
}

#[cfg(test)]
mod tests {
    use super::super::out::Out;
    use super::*;

    #[test]
    fn octets() {
        let mut out = b">".to_vec();
        hex(&mut out, &[0, 0x0a, 0xf0, 0xff]);
        assert_eq!(out, b">000af0ff");
    }

    #[test]
    fn times_are_those_that_are_displayed() {
        let mut times = Times::new();
        let limits =
            [0, 1, 59, 60, 3599, 3600, 43_201, 86_399, 86_400, 2_085_978_495, u32::MAX, 1 << 31, (1 << 31) - 1];
        for seconds in limits {
            let time = Time::from_ntp_seconds(seconds);
            let mut out = Out::default();
            out.write(20, |room| times.write(room, time));
            assert_eq!(out.written(), time.to_string().as_bytes());
        }
    }
}
