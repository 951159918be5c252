//! The one small-value type behind every octet and text value.

use bytes::Bytes;
use std::fmt;

/// Longest value held inline.
const INLINE: usize = 30;
/// From this length a value decoded from a shared buffer keeps a reference to it rather than a copy.
const SHARE_FROM: usize = 256;

/// An owned sequence of octets: inline up to 30 octets, boxed beyond, sharing the message's buffer from 256 on.
///
/// Most AVP values of charging messages are short; held inline they cost no allocation, and a long-lived value does not
/// keep a whole message alive.
#[derive(Clone)]
pub struct OctetString(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, octets: [u8; INLINE] },
    Boxed(Box<[u8]>),
    // Boxed so that the enum stays at 32 bytes.
    Shared(Box<Bytes>),
}

const _: () = assert!(size_of::<OctetString>() == 32);

impl OctetString {
    /// The empty value.
    pub const EMPTY: Self = Self(Repr::Inline { length: 0, octets: [0; INLINE] });

    /// A copy of `octets`.
    #[inline]
    pub fn copy_from(octets: &[u8]) -> Self {
        let mut value = Self::EMPTY;
        value.assign(octets);
        value
    }

    /// Overwrites this value with a copy of `octets`.
    #[inline]
    pub fn assign(&mut self, octets: &[u8]) {
        if octets.len() <= INLINE {
            let mut inline = [0; INLINE];
            inline[..octets.len()].copy_from_slice(octets);
            self.0 = Repr::Inline { length: octets.len() as u8, octets: inline };
        } else {
            self.0 = Repr::Boxed(octets.into());
        }
    }

    /// Overwrites this value with `octets`, a part of `buffer`, sharing the buffer where the value is long.
    ///
    /// `octets` must be a slice of `buffer`.
    #[inline]
    pub(crate) fn assign_shared(&mut self, octets: &[u8], buffer: Option<&Bytes>) {
        match buffer {
            Some(buffer) if octets.len() >= SHARE_FROM => {
                self.0 = Repr::Shared(Box::new(buffer.slice_ref(octets)));
            }
            _ => self.assign(octets),
        }
    }

    /// The octets.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, octets } => &octets[..usize::from(*length)],
            Repr::Boxed(octets) => octets,
            Repr::Shared(octets) => octets,
        }
    }
}

impl Default for OctetString {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl std::ops::Deref for OctetString {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for OctetString {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for OctetString {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for OctetString {}

impl PartialEq<[u8]> for OctetString {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_slice() == other
    }
}

impl std::hash::Hash for OctetString {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl From<&[u8]> for OctetString {
    fn from(octets: &[u8]) -> Self {
        Self::copy_from(octets)
    }
}

impl<const N: usize> From<[u8; N]> for OctetString {
    fn from(octets: [u8; N]) -> Self {
        Self::copy_from(&octets)
    }
}

impl<const N: usize> From<&[u8; N]> for OctetString {
    fn from(octets: &[u8; N]) -> Self {
        Self::copy_from(octets)
    }
}

impl From<Vec<u8>> for OctetString {
    fn from(octets: Vec<u8>) -> Self {
        if octets.len() <= INLINE { Self::copy_from(&octets) } else { Self(Repr::Boxed(octets.into())) }
    }
}

impl From<&str> for OctetString {
    fn from(text: &str) -> Self {
        Self::copy_from(text.as_bytes())
    }
}

/// Lower-case hexadecimal.
impl fmt::Display for OctetString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for OctetString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{self}")
    }
}
