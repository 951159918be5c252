//! How a user reaches the network.

use super::{FormatError, end, take};
use crate::value::OctetString;
use std::fmt;

const NAME: &str = "3GPP-RAT-Type";

/// The one octet of 3GPP-RAT-Type (TS 29.061 §16.4.7.2). Open: every octet is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RatType(pub u8);

impl RatType {
    /// UTRAN.
    pub const UTRAN: Self = Self(1);
    /// GERAN.
    pub const GERAN: Self = Self(2);
    /// WLAN.
    pub const WLAN: Self = Self(3);
    /// GAN.
    pub const GAN: Self = Self(4);
    /// HSPA Evolution.
    pub const HSPA_EVOLUTION: Self = Self(5);
    /// E-UTRAN.
    pub const EUTRAN: Self = Self(6);

    /// Reads one octet.
    ///
    /// # Errors
    /// If there is none, or more.
    pub fn decode(octets: &[u8]) -> Result<Self, FormatError> {
        let [octet] = take(NAME, octets, 0)?;
        end(NAME, octets, 1)?;
        Ok(Self(octet))
    }

    /// Writes one octet.
    pub fn encode(self) -> OctetString {
        OctetString::copy_from(&[self.0])
    }
}

impl fmt::Display for RatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::UTRAN => "UTRAN",
            Self::GERAN => "GERAN",
            Self::WLAN => "WLAN",
            Self::GAN => "GAN",
            Self::HSPA_EVOLUTION => "HSPA Evolution",
            Self::EUTRAN => "E-UTRAN",
            Self(octet) => return write!(f, "{octet}"),
        };
        f.write_str(name)
    }
}

impl TryFrom<&OctetString> for RatType {
    type Error = FormatError;

    fn try_from(octets: &OctetString) -> Result<Self, FormatError> {
        Self::decode(octets)
    }
}

impl From<RatType> for OctetString {
    fn from(rat_type: RatType) -> Self {
        rat_type.encode()
    }
}
