//! IPFilterRule and QoSFilterRule.
//!
//! Both are kept as the text they are. Decoding asks for ASCII that is not empty and for nothing else: a rule that an
//! access device cannot apply is no reason to refuse the message it came in (RFC 6733 §4.3.1, RFC 7155 §4.1.1).
//! [`IpFilterRule::parse`] and [`QosFilterRule::parse`] read the text by the grammar; rules that are made here, from
//! text or from parts, are held to it.
//!
//! ```
//! use diametric_protocol::value::filter::{AddressMatch, IpAction, IpFilterRule};
//!
//! let rule: IpFilterRule = "permit out 6 from any 80,8000-8080 to !192.0.2.10/24 established".parse()?;
//! let parsed = rule.parse()?;
//! assert_eq!(parsed.action, IpAction::Permit);
//! assert_eq!(parsed.source.ports, [80..=80, 8000..=8080]);
//! assert!(parsed.destination.negated);
//! assert_eq!(parsed.source.address, AddressMatch::Any);
//! # Ok::<(), diametric_protocol::value::filter::RuleError>(())
//! ```

mod parse;
mod rule;

pub use rule::{
    AddressMatch, Direction, Endpoint, IcmpTypes, IpAction, IpHeaderOption, IpOption, IpRule, Presence, Protocol,
    QosAction, QosOption, QosRule, Rule, TcpFlag, TcpOption,
};

use super::{ListItem, OneOrMore, Utf8String};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Fault, Judged};
use std::fmt;
use std::str::FromStr;

/// A packet filter rule: `action dir proto from src to dst [options]` (RFC 6733 §4.3.1 IPFilterRule).
///
/// Holds any ASCII text that is not empty, as received. Rules made from text with `parse::<IpFilterRule>()`, or from an
/// [`IpRule`], follow the grammar.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IpFilterRule(Utf8String);

/// A rule that marks or meters packets: `action dir proto from src to dst [options]` (RFC 7155 §4.1.1 QoSFilterRule).
///
/// Holds any ASCII text that is not empty, as received. Rules made from text with `parse::<QosFilterRule>()`, or from a
/// [`QosRule`], follow the grammar.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct QosFilterRule(Utf8String);

/// Why a text is not a filter rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {format}: {reason} (at octet {offset})")]
pub struct RuleError {
    text: String,
    format: &'static str,
    offset: usize,
    reason: &'static str,
}

impl RuleError {
    /// The first octet, counted from 0, that does not fit.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// The octet at which a text stops being a rule, and why.
type Misfit = (usize, &'static str);

const NOT_TEXT: &str = "not ASCII text, or empty";

fn is_text(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.is_ascii()
}

macro_rules! filter_rule {
    ($type:ident, $rule:ident, $parse:path, $format:literal) => {
        impl $type {
            /// The text as it is, without asking for more than decoding does.
            ///
            /// # Errors
            /// If it is empty or not ASCII.
            pub fn from_text(text: impl Into<String>) -> Result<Self, RuleError> {
                let text = text.into();
                if is_text(text.as_bytes()) {
                    return Ok(Self(text.into()));
                }
                let offset = text.bytes().position(|octet| !octet.is_ascii()).unwrap_or_default();
                Err(RuleError { text, format: $format, offset, reason: NOT_TEXT })
            }

            /// The rule, read by the grammar.
            ///
            /// Keywords may be in any case, and a mask may leave bits of the host set. Whether the parts make sense
            /// together, such as ports with a protocol that has none, is not judged.
            ///
            /// # Errors
            /// If the text does not follow the grammar; the error says where.
            pub fn parse(&self) -> Result<$rule, RuleError> {
                $parse(self.as_str()).map_err(|(offset, reason)| RuleError {
                    text: self.as_str().into(),
                    format: $format,
                    offset,
                    reason,
                })
            }

            /// The text, as received.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        /// Text that follows the grammar. For any other, see `from_text`.
        impl FromStr for $type {
            type Err = RuleError;
            fn from_str(text: &str) -> Result<Self, RuleError> {
                let rule = Self::from_text(text)?;
                rule.parse().map(|_| rule)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = RuleError;
            fn try_from(text: &str) -> Result<Self, RuleError> {
                text.parse()
            }
        }

        /// Fails where the parts are nothing that the grammar can say, such as 33 bits of an IPv4 address.
        impl TryFrom<&$rule> for $type {
            type Error = RuleError;
            fn try_from(rule: &$rule) -> Result<Self, RuleError> {
                let text: Self = rule.to_string().parse()?;
                if text.parse()? == *rule {
                    return Ok(text);
                }
                let reason = "the text does not say the same as the parts it was made from";
                Err(RuleError { text: text.0.into(), format: $format, offset: 0, reason })
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
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

        impl AvpValue for $type {
            const MIN_PAYLOAD: usize = 0;

            #[inline]
            fn blank() -> Self {
                Self(Utf8String::default())
            }

            #[inline]
            fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Judged {
                if !is_text(data) {
                    return Err(&Fault::Value { reason: NOT_TEXT });
                }
                self.0.decode_value(data, decoder)
            }

            #[inline]
            fn encode_value(&self, out: &mut Encoder) -> Encoded {
                self.0.encode_value(out)
            }

            #[inline]
            fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
                self.0.encode_avp(header, out)
            }
        }

        impl ListItem for $type {
            type Storage = OneOrMore<Self>;
        }
    };
}

filter_rule!(IpFilterRule, IpRule, parse::ip_rule, "an IPFilterRule");
filter_rule!(QosFilterRule, QosRule, parse::qos_rule, "a QoSFilterRule");

#[cfg(test)]
mod tests;
