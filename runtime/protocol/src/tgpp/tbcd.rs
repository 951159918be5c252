//! Telephony binary coded decimal.

use super::FormatError;
use crate::value::OctetString;
use std::fmt;
use std::str::FromStr;

const NAME: &str = "TBCD string";
/// By value. 15 fills the last octet of an odd number of digits.
const DIGITS: &[u8; 15] = b"0123456789*#abc";
const FILLER: u8 = 15;

/// Digits of a telephone number or another address, two to an octet (TBCD-STRING of TS 29.002), as in MSISDN: `0` to `9`,
/// `*`, `#`, `a`, `b`, `c`.
///
/// ```
/// use diametric_protocol::tgpp::Tbcd;
///
/// let number: Tbcd = "15550123456".parse()?;
/// assert_eq!(number.encode().as_slice(), [0x51, 0x55, 0x10, 0x32, 0x54, 0xf6]);
/// assert_eq!(Tbcd::decode(&[0x51, 0x55, 0x10, 0x32, 0x54, 0xf6])?, number);
/// # Ok::<(), diametric_protocol::tgpp::FormatError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tbcd(String);

impl Tbcd {
    /// Reads digits, the lower half of each octet first.
    ///
    /// # Errors
    /// If there is a filler anywhere but in the upper half of the last octet.
    pub fn decode(octets: &[u8]) -> Result<Self, FormatError> {
        let mut digits = String::with_capacity(2 * octets.len());
        for (offset, octet) in octets.iter().enumerate() {
            let last = offset + 1 == octets.len();
            for (value, may_fill) in [(octet & 0x0f, false), (octet >> 4, last)] {
                match DIGITS.get(usize::from(value)) {
                    Some(digit) => digits.push(char::from(*digit)),
                    None if may_fill => {}
                    None => return Err(FormatError::new(NAME, offset, "a filler before the end")),
                }
            }
        }
        Ok(Self(digits))
    }

    /// Writes the digits.
    pub fn encode(&self) -> OctetString {
        let value = |digit: &u8| DIGITS.iter().position(|known| known == digit).map_or(FILLER, |value| value as u8);
        let octet = |pair: &[u8]| pair.first().map_or(FILLER, value) | pair.get(1).map_or(FILLER, value) << 4;
        let octets: Vec<u8> = self.0.as_bytes().chunks(2).map(octet).collect();
        octets.into()
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tbcd {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text.bytes().position(|octet| !DIGITS.contains(&octet)) {
            None => Ok(Self(text.into())),
            Some(offset) => Err(FormatError::new(
                NAME,
                offset,
                format!("`{text}` has more than the digits 0 to 9, *, #, a, b and c"),
            )),
        }
    }
}

impl fmt::Display for Tbcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&OctetString> for Tbcd {
    type Error = FormatError;

    fn try_from(octets: &OctetString) -> Result<Self, FormatError> {
        Self::decode(octets)
    }
}

impl From<Tbcd> for OctetString {
    fn from(digits: Tbcd) -> Self {
        digits.encode()
    }
}
