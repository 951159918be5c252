//! Text: UTF8String and DiameterIdentity.

use super::{ListItem, OctetString, OneOrMore, ascii};
use crate::codec::{AvpHeader, AvpValue, Decoder, EncodeError, Encoded, Encoder, Fault, Judged};
use std::fmt;

/// UTF-8 text (RFC 6733 §4.3.1 UTF8String).
///
/// Derefs to `str`. Made from any text; compares and hashes like it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Utf8String(OctetString);

/// The FQDN of a node, or a realm (RFC 6733 §4.3.1 DiameterIdentity): printable ASCII, not empty.
///
/// Made from any text; text that is not an identity is refused when it is encoded or decoded. Letters are kept as they
/// are, but compare, sort and hash without regard to case, as host names do.
///
/// ```
/// use diametric_protocol::value::DiameterIdentity;
///
/// let host = DiameterIdentity::from("OCS.example.net");
/// assert_eq!(host, "ocs.example.net");
/// assert_eq!(host.to_string(), "OCS.example.net");
/// assert!(!DiameterIdentity::from("ocs example").is_valid());
/// ```
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

            /// The octets of the text.
            #[inline]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
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
            #[inline]
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

        impl From<Box<str>> for $type {
            fn from(text: Box<str>) -> Self {
                String::from(text).into()
            }
        }

        impl From<std::borrow::Cow<'_, str>> for $type {
            fn from(text: std::borrow::Cow<'_, str>) -> Self {
                text.into_owned().into()
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.as_str().into()
            }
        }

        impl std::str::FromStr for $type {
            type Err = std::convert::Infallible;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.equals(other.as_bytes())
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                *self == **other
            }
        }

        impl PartialEq<String> for $type {
            fn eq(&self, other: &String) -> bool {
                *self == **other
            }
        }

        impl PartialEq<$type> for str {
            fn eq(&self, other: &$type) -> bool {
                *other == *self
            }
        }

        impl PartialEq<$type> for &str {
            fn eq(&self, other: &$type) -> bool {
                *other == **self
            }
        }

        impl PartialEq<$type> for String {
            fn eq(&self, other: &$type) -> bool {
                *other == **self
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
            type Storage = OneOrMore<Self>;
        }
    };
}

text!(Utf8String);
text!(DiameterIdentity);

impl Utf8String {
    fn equals(&self, other: &[u8]) -> bool {
        *self.0 == *other
    }
}

/// As `str` does, so that maps with these as keys are looked up by `&str`.
impl std::hash::Hash for Utf8String {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl std::borrow::Borrow<str> for Utf8String {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl DiameterIdentity {
    /// Whether this is an identity, which encoding and decoding demand: printable ASCII without spaces, not empty.
    #[inline]
    pub fn is_valid(&self) -> bool {
        is_identity(&self.0)
    }

    /// The octets, to encode them.
    #[inline]
    pub(crate) fn valid(&self) -> Result<&OctetString, Box<EncodeError>> {
        if self.is_valid() { Ok(&self.0) } else { Err(EncodeError::invalid(NOT_AN_IDENTITY)) }
    }

    fn equals(&self, other: &[u8]) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    fn lower_case(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(u8::to_ascii_lowercase)
    }
}

impl PartialEq for DiameterIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.equals(&other.0)
    }
}

impl Eq for DiameterIdentity {}

impl PartialOrd for DiameterIdentity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DiameterIdentity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.lower_case().cmp(other.lower_case())
    }
}

impl std::hash::Hash for DiameterIdentity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // In words, with the bit set in which upper and lower case differ. That some other octets meet in it as well does no
        // harm.
        const CASE: u64 = 0x2020_2020_2020_2020;
        let (words, rest) = self.0.as_chunks();
        for word in words {
            state.write_u64(u64::from_le_bytes(*word) | CASE);
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        state.write_u64(u64::from_le_bytes(last) | CASE);
        state.write_usize(self.0.len());
    }
}

impl AvpValue for Utf8String {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self(OctetString::EMPTY)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
        // Most text is ASCII, which is told on the way. What is not has to be UTF-8.
        if self.0.assign_judged(data, ascii::not_ascii) {
            return judge_utf8(data);
        }
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        out.octets(&self.0);
        Ok(())
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        out.octets_avp(header, &self.0)
    }
}

#[cold]
fn judge_utf8(data: &[u8]) -> Judged {
    std::str::from_utf8(data).map(drop).map_err(|_| &Fault::Value { reason: "not valid UTF-8" })
}

const NOT_AN_IDENTITY: &str = "not a DiameterIdentity: a host name or realm in ASCII, not empty";

/// Printable ASCII, at least one octet.
#[inline]
fn is_identity(octets: &[u8]) -> bool {
    !octets.is_empty() && !ascii::any(octets, ascii::not_graphic)
}

impl AvpValue for DiameterIdentity {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self(OctetString::EMPTY)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
        if self.0.assign_judged(data, ascii::not_graphic) || data.is_empty() {
            return Err(&Fault::Value { reason: NOT_AN_IDENTITY });
        }
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        out.octets(self.valid()?);
        Ok(())
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        out.identity_avp(header, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{decode, encode};
    use std::collections::{BTreeSet, HashMap, HashSet};

    #[test]
    fn text_compares_as_text() {
        let text = Utf8String::from("日本");
        let owned = String::from("日本");
        assert_eq!(text, "日本");
        assert_eq!("日本", text);
        assert_eq!(text, owned);
        assert_eq!(owned, text);
        assert_eq!(*"日本", text);
        assert_ne!(text, "日");
        assert_eq!(text.chars().count(), 2);
        assert!(Utf8String::default().is_empty());
        assert_eq!(HashMap::from([(text, 1)]).get("日本"), Some(&1));
        let sorted: Vec<_> = BTreeSet::from(["b", "é", "B"].map(Utf8String::from)).into_iter().collect();
        assert_eq!(sorted, ["B", "b", "é"]);
        assert_eq!(format!("{:>4}|", Utf8String::from("é")), "   é|");
    }

    #[test]
    fn identities_compare_without_case_and_keep_it() {
        let (upper, lower) = (DiameterIdentity::from("OCS.example"), DiameterIdentity::from("ocs.EXAMPLE"));
        assert_eq!(upper, lower);
        assert_eq!(upper, "ocs.example");
        assert_eq!("ocs.example", upper);
        assert_eq!(HashSet::from([upper.clone(), lower.clone()]).len(), 1);
        assert_eq!(upper.cmp(&lower), std::cmp::Ordering::Equal);
        let sorted: Vec<_> = BTreeSet::from(["b", "C", "A"].map(DiameterIdentity::from)).into_iter().collect();
        assert_eq!(sorted, ["A", "b", "C"]);
        assert_eq!((upper.as_str(), String::from(lower).as_str()), ("OCS.example", "ocs.EXAMPLE"));
    }

    #[test]
    fn what_is_not_text_is_refused() {
        assert_eq!(decode::<Utf8String>(b"\xc3"), Err(Fault::Value { reason: "not valid UTF-8" }));
        assert_eq!(decode::<Utf8String>(b"").unwrap(), "");
    }

    #[test]
    fn what_is_not_an_identity_is_refused_both_ways() {
        for text in ["", "a b", "é", "a\0"] {
            assert_eq!(
                decode::<DiameterIdentity>(text.as_bytes()),
                Err(Fault::Value { reason: NOT_AN_IDENTITY }),
                "{text:?}"
            );
            assert_eq!(encode(&DiameterIdentity::from(text)).unwrap_err().message(), NOT_AN_IDENTITY);
        }
        assert_eq!(decode::<DiameterIdentity>(b"realm").unwrap(), "realm");
    }
}
