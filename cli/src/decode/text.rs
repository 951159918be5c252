//! Numbers and octets as text, written into the output buffer without a detour.

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

/// Each number below a hundred as its two digits.
const TWO_DIGITS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        table[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    table
};

/// A number in decimal.
#[inline]
pub(crate) fn decimal(out: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => out.push(b'0' + number as u8),
        10..100 => out.extend_from_slice(&TWO_DIGITS[number as usize]),
        _ => long_decimal(out, number),
    }
}

fn long_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    while number >= 10 {
        start -= 2;
        digits[start..start + 2].copy_from_slice(&TWO_DIGITS[(number % 100) as usize]);
        number /= 100;
    }
    if number > 0 {
        start -= 1;
        digits[start] = b'0' + number as u8;
    }
    out.extend_from_slice(&digits[start..]);
}

/// A number with its sign in decimal.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_to_their_limits() {
        for number in [0, 9, 10, 99, 100, 101, 999, 1000, 10_009, 1_234_567_890, u64::MAX - 1, u64::MAX] {
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
}
