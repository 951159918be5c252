//! Who operates a network.

use super::{FormatError, take};
use crate::value::Utf8String;
use std::fmt;
use std::str::FromStr;

const NAME: &str = "PLMN id";
/// In the place of the third digit of an MNC of two.
const FILLER: u8 = 15;

/// A mobile network: its country (MCC, three digits) and network code (MNC, two or three).
///
/// As text the digits follow each other, as in 3GPP-SGSN-MCC-MNC; [`decode`](Self::decode) and [`encode`](Self::encode) are
/// for the three octets of locations (TS 29.274 §8.18).
///
/// ```
/// use diametric_protocol::tgpp::PlmnId;
///
/// let plmn: PlmnId = "310150".parse()?;
/// assert_eq!((plmn.mcc(), plmn.mnc()), ("310", "150"));
/// assert_eq!(plmn.encode(), [0x13, 0x00, 0x51]);
/// assert_eq!(PlmnId::decode(&[0x62, 0xf2, 0x20])?.to_string(), "26202");
/// # Ok::<(), diametric_protocol::tgpp::FormatError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlmnId {
    /// In ASCII; what is beyond `length` is zero.
    digits: [u8; 6],
    length: u8,
}

impl PlmnId {
    /// Reads three octets in TBCD.
    ///
    /// # Errors
    /// If there are not three, or not digits.
    pub fn decode(octets: &[u8]) -> Result<Self, FormatError> {
        let coded: [u8; 3] = take(NAME, octets, 0)?;
        super::end(NAME, octets, 3)?;
        let [first, second, third] = coded.map(|octet| (octet & 0x0f, octet >> 4));
        let places = [(first.0, 0), (first.1, 0), (second.0, 1), (third.0, 2), (third.1, 2), (second.1, 1)];
        let mut plmn = Self { digits: [0; 6], length: 6 };
        for (index, (value, offset)) in places.into_iter().enumerate() {
            match value {
                0..=9 => plmn.digits[index] = b'0' + value,
                FILLER if index == 5 => plmn.length = 5,
                _ => return Err(FormatError::new(NAME, offset, format!("{value:#x} is no decimal digit"))),
            }
        }
        Ok(plmn)
    }

    /// Writes three octets in TBCD.
    pub fn encode(self) -> [u8; 3] {
        let [a, b, c, d, e, f] = self.digits.map(|digit| digit & 0x0f);
        let last = if self.length == 6 { f } else { FILLER };
        [b << 4 | a, last << 4 | c, e << 4 | d]
    }

    /// Mobile country code: three digits.
    pub fn mcc(&self) -> &str {
        &self.as_str()[..3]
    }

    /// Mobile network code: two or three digits. `02` and `002` are different networks.
    pub fn mnc(&self) -> &str {
        &self.as_str()[3..]
    }

    /// The digits of both.
    pub fn as_str(&self) -> &str {
        // Only digits are ever put there.
        std::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl FromStr for PlmnId {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        if let Some(offset) = text.bytes().position(|octet| !octet.is_ascii_digit()) {
            return Err(FormatError::new(NAME, offset, format!("`{text}` has more than digits")));
        }
        if !matches!(text.len(), 5 | 6) {
            let problem = format!("`{text}` is not an MCC of three digits and an MNC of two or three");
            return Err(FormatError::new(NAME, text.len().min(6), problem));
        }
        let mut digits = [0; 6];
        digits[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { digits, length: text.len() as u8 })
    }
}

impl fmt::Display for PlmnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PlmnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlmnId({self})")
    }
}

impl TryFrom<&Utf8String> for PlmnId {
    type Error = FormatError;

    fn try_from(text: &Utf8String) -> Result<Self, FormatError> {
        text.as_str().parse()
    }
}

impl From<PlmnId> for Utf8String {
    fn from(plmn: PlmnId) -> Self {
        plmn.as_str().into()
    }
}
