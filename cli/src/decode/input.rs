//! Messages from lines of hexadecimal digits.

use super::source::Source;
use anyhow::Result;
use std::fmt;

/// Reads lines, and tells when the next one may have to be waited for.
pub(crate) struct Input {
    source: Source,
    line: Vec<u8>,
    number: u64,
}

impl Input {
    /// Reads the lines of `source`.
    pub(crate) fn new(source: Source) -> Self {
        Self { source, line: Vec::new(), number: 0 }
    }

    /// The next line that is neither blank nor a comment, with its number; `None` at the end.
    pub(crate) fn next_line(&mut self) -> Result<Option<(u64, &[u8])>> {
        loop {
            self.line.clear();
            if self.source.read_line(&mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let start = self.line.iter().position(|octet| !octet.is_ascii_whitespace());
            if let Some(start) = start.filter(|&start| self.line[start] != b'#') {
                return Ok(Some((self.number, &self.line[start..])));
            }
        }
    }

    /// Whether no whole line has arrived that has not been read.
    pub(crate) fn is_drained(&self) -> bool {
        !self.source.window().contains(&b'\n')
    }
}

/// Why a line is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HexError {
    /// A character that is no digit, and where it stands, counted from 1.
    Digit(char, usize),
    /// A digit without its second half; how many digits there are.
    Odd(usize),
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit(character, column) => write!(
                f,
                "{character:?} (character {column}) is not a hexadecimal digit; give each message as its octets in \
                 hexadecimal, and begin comments with `#`"
            ),
            Self::Odd(digits) => write!(
                f,
                "{digits} hexadecimal digits are an odd number, so half an octet is missing; give two digits for each octet"
            ),
        }
    }
}

const BLANK: u8 = 0x40;
const BAD: u8 = 0x80;

/// The worth of each character as a digit; blanks, and the colons that some tools put between octets, are skipped.
const DIGITS: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    let mut blank = 0;
    while blank < 6 {
        table[b" \t\r\n\x0c:"[blank] as usize] = BLANK;
        blank += 1;
    }
    table
};

/// Reads the octets of a line into `octets`, which is emptied first.
pub(crate) fn octets_of(line: &[u8], octets: &mut Vec<u8>) -> Result<(), HexError> {
    // Nearly every line is nothing but digits; of those, many are read at a time.
    let (pairs, odd) = line.trim_ascii_end().as_chunks::<2>();
    let is_digit = |octet: u8| octet.is_ascii_digit() | ((octet | 0x20).wrapping_sub(b'a') < 6);
    if !odd.is_empty() || !pairs.as_flattened().iter().fold(true, |all, octet| all & is_digit(*octet)) {
        return mixed_octets_of(line, octets);
    }
    octets.resize(pairs.len(), 0);
    for (octet, pair) in octets.iter_mut().zip(pairs) {
        // Both at once: the low half of a digit or letter, and 9 more for letters.
        let pair = u16::from_le_bytes(*pair);
        let digits = (pair & 0x0f0f) + (pair >> 6 & 0x0101) * 9;
        *octet = (digits << 4 | digits >> 8) as u8;
    }
    Ok(())
}

/// Reads a line with blanks in it, or finds out what is wrong with it.
#[cold]
fn mixed_octets_of(line: &[u8], octets: &mut Vec<u8>) -> Result<(), HexError> {
    octets.clear();
    let mut rest = line;
    while let Some((high, after)) = next_digit(line, rest)? {
        let Some((low, after)) = next_digit(line, after)? else { return Err(HexError::Odd(octets.len() * 2 + 1)) };
        octets.push(high << 4 | low);
        rest = after;
    }
    Ok(())
}

fn next_digit<'a>(line: &[u8], rest: &'a [u8]) -> Result<Option<(u8, &'a [u8])>, HexError> {
    let Some(at) = rest.iter().position(|octet| DIGITS[usize::from(*octet)] != BLANK) else { return Ok(None) };
    match DIGITS[usize::from(rest[at])] {
        BAD => {
            let before = line.len() - rest.len() + at;
            let character = String::from_utf8_lossy(&line[before..]).chars().next().unwrap_or_default();
            Err(HexError::Digit(character, String::from_utf8_lossy(&line[..before]).chars().count() + 1))
        }
        digit => Ok(Some((digit, &rest[at + 1..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Vec<u8>, HexError> {
        let mut octets = vec![1, 2, 3];
        octets_of(line.as_bytes(), &mut octets).map(|()| octets)
    }

    #[test]
    fn digits_of_both_cases_with_blanks_anywhere() {
        for line in ["0aBf00", "0A BF 00", " 0aB f0\t0\r\n", "0a:bf:00\n"] {
            assert_eq!(read(line), Ok(vec![0x0a, 0xbf, 0]), "{line:?}");
        }
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn what_is_not_hexadecimal_is_named_with_its_place() {
        assert_eq!(read("0ag0"), Err(HexError::Digit('g', 3)));
        assert_eq!(read("0a 0é"), Err(HexError::Digit('é', 5)));
        assert_eq!(read("é"), Err(HexError::Digit('é', 1)));
        assert_eq!(read("0a b\n"), Err(HexError::Odd(3)));
        assert_eq!(read("\u{1b}0a").unwrap_err().to_string().find('\u{1b}'), None);
    }
}
