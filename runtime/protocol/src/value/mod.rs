//! The types of AVP values: one for each data format of RFC 6733 §4.2 and §4.3.
//!
//! | format | type |
//! |---|---|
//! | OctetString | [`OctetString`] |
//! | Integer32, Integer64, Unsigned32, Unsigned64, Float32, Float64 | `i32`, `i64`, `u32`, `u64`, `f32`, `f64` |
//! | Address | [`Address`] |
//! | Time | [`Time`] |
//! | UTF8String | [`Utf8String`] |
//! | DiameterIdentity | [`DiameterIdentity`] |
//! | DiameterURI | [`DiameterUri`] |
//! | Enumerated | a generated type, an [`Enumeration`] |
//! | IPFilterRule, QoSFilterRule | [`IpFilterRule`], [`QosFilterRule`] |
//! | Grouped | a generated struct, or [`RawGroup`] where the contents are not to be interpreted |
//!
//! Every value owns its contents and keeps them exactly: what was received is what is sent on, octet by octet. Where a
//! member may occur several times its values are in a [`List`].
//!
//! What 3GPP specifications put into octets, such as a location or a telephone number, is in [`tgpp`](crate::tgpp).

mod address;
mod ascii;
mod enumeration;
pub mod filter;
mod list;
mod number;
mod octets;
mod raw_group;
mod text;
mod time;
mod uri;

pub use address::{Address, AddressError, E164Number, NotAnIpAddress, OtherAddress};
pub use enumeration::Enumeration;
pub use filter::{IpFilterRule, QosFilterRule};
#[doc(hidden)]
pub use list::{GroupList, InlineList, ListStorage, OneOrMore};
pub use list::{List, ListItem};
pub(crate) use octets::INLINE;
pub use octets::OctetString;
pub use raw_group::RawGroup;
pub use text::{DiameterIdentity, Utf8String};
pub use time::{Time, TimeError};
pub use uri::{DiameterUri, UriError, UriProtocol, UriTransport};

/// What the enumeration macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use super::enumeration::{decode_closed, write_label};
}

/// Values alone, for the tests of this module.
#[cfg(test)]
mod testing {
    use crate::codec::{AvpValue, Decoder, EncodeError, Encoder, Fault};

    pub(super) fn decode<T: AvpValue>(data: &[u8]) -> Result<T, Fault> {
        let mut value = T::blank();
        value.decode_value(data, &mut Decoder::new(None, data.len())).map(|()| value).map_err(|fault| *fault)
    }

    pub(super) fn encode<T: AvpValue>(value: &T) -> Result<Vec<u8>, EncodeError> {
        Encoder::payload(value)
    }
}
