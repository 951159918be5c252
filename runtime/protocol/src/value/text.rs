//! Text: UTF8String and DiameterIdentity.

use super::{ListItem, OctetString};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoder, Fault};
use std::fmt;

/// UTF-8 text (RFC 6733 §4.3.1 UTF8String).
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Utf8String(OctetString);

/// The FQDN of a node, or a realm (RFC 6733 §4.3.1 DiameterIdentity): ASCII, not empty.
///
/// Made from any text; text that is not an identity is refused when it is encoded or decoded.
#[derive(Clone, Default)]
pub struct DiameterIdentity(OctetString);

macro_rules! text {
    ($type:ident) => {
        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                // Both ways in, `From<&str>` and decoding, let only UTF-8 pass; safe code has to look again.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl std::ops::Deref for $type {
            type Target = str;
            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<&String> for $type {
            fn from(text: &String) -> Self {
                Self(text.as_str().into())
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                Self(text.into_bytes().into())
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                *self == Self::from(other)
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                *self == **other
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }

        impl ListItem for $type {
            type Inline = [Self; 1];
        }
    };
}

text!(Utf8String);
text!(DiameterIdentity);

/// Without regard to the case of ASCII letters, as host names compare.
impl PartialEq for DiameterIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for DiameterIdentity {}

impl std::hash::Hash for DiameterIdentity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|octet| state.write_u8(octet.to_ascii_lowercase()));
    }
}

impl AvpValue for Utf8String {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self(OctetString::EMPTY)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        if std::str::from_utf8(data).is_err() {
            return Err(Fault::Value { reason: "not valid UTF-8" });
        }
        self.0.assign_shared(data, decoder.buffer());
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) {
        out.octets(&self.0);
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) {
        out.octets_avp(header, &self.0);
    }
}

/// Printable ASCII, at least one octet.
fn is_identity(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(u8::is_ascii_graphic)
}

impl AvpValue for DiameterIdentity {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self(OctetString::EMPTY)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        if !is_identity(data) {
            return Err(Fault::Value { reason: "not a DiameterIdentity: a host name or realm in ASCII, not empty" });
        }
        self.0.assign_shared(data, decoder.buffer());
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) {
        if !is_identity(&self.0) {
            out.invalid("not a DiameterIdentity: a host name or realm in ASCII, not empty");
        }
        out.octets(&self.0);
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) {
        if !is_identity(&self.0) {
            out.invalid("not a DiameterIdentity: a host name or realm in ASCII, not empty");
        }
        out.octets_avp(header, &self.0);
    }
}

impl AvpValue for OctetString {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self::EMPTY
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        self.assign_shared(data, decoder.buffer());
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) {
        out.octets(self);
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) {
        out.octets_avp(header, self);
    }
}

impl ListItem for OctetString {
    type Inline = [Self; 1];
}
