//! The contents of a Grouped AVP, undecoded.

use super::{ListItem, OctetString, OneOrMore};
use crate::base::ResultCode;
use crate::codec::{self, Avp, AvpHeader, AvpValue, DecodeError, Decoder, EncodeError, Encoded, Encoder, Judged};
use crate::wire::{AvpReader, RawAvp, RawAvpBuf};
use std::fmt;

/// The contents of a Grouped AVP (RFC 6733 §4.4), kept as they are.
///
/// Failed-AVP carries what another node objected to, also AVPs of the wrong length and of no known definition, so it
/// must never be judged by a grammar; it has this type. It also carries any group that is to be passed on unmodified.
///
/// ```
/// use diametric_protocol::value::RawGroup;
/// use diametric_protocol::wire::{AvpFlags, RawAvpBuf};
///
/// let missing = RawAvpBuf { code: 416, vendor: 0, flags: AvpFlags::MANDATORY, data: [0; 4].into() };
/// let group = RawGroup::from_avps([missing]);
/// assert_eq!(group.as_slice().len(), 12);
/// assert!(group.avps().all(|avp| avp.is_ok_and(|avp| avp.code == 416)));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct RawGroup(OctetString);

impl RawGroup {
    /// Contents as they stand on the wire, from AVP header to padding. They need not be framed as AVPs.
    pub fn from_octets(octets: impl Into<OctetString>) -> Self {
        Self(octets.into())
    }

    /// The group of these AVPs, in this order.
    ///
    /// An AVP that is longer than AVP Length can say makes a group that is too long as well, which is refused when it is
    /// encoded.
    pub fn from_avps(avps: impl IntoIterator<Item = RawAvpBuf>) -> Self {
        let mut octets = Vec::new();
        avps.into_iter().for_each(|avp| avp.append(&mut octets));
        Self(octets.into())
    }

    /// Appends `A` with `value`, and with the flags of its definition.
    ///
    /// # Errors
    /// If the value cannot be encoded; the group is unchanged then.
    pub fn push<A: Avp>(&mut self, value: impl Into<A::Value>) -> Result<&mut Self, EncodeError> {
        let data = Encoder::payload(&value.into()).map_err(|error| EncodeError { root: A::NAME, ..error })?;
        let mut octets = self.0.to_vec();
        RawAvpBuf { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data: data.into() }.write(&mut octets)?;
        self.0 = octets.into();
        Ok(self)
    }

    /// The first `A` in the group.
    ///
    /// # Errors
    /// If its payload is malformed, or if the AVPs up to it are not framed.
    pub fn get<A: Avp>(&self) -> Result<Option<A::Value>, DecodeError> {
        for avp in self.avps() {
            let avp = avp.map_err(|framing| {
                DecodeError::whole(ResultCode::INVALID_AVP_LENGTH, framing.fault.to_string()).in_message(A::NAME)
            })?;
            if avp.code == A::CODE && avp.vendor == A::VENDOR {
                return codec::decode_payload::<A>(avp.data).map(Some);
            }
        }
        Ok(None)
    }

    /// The AVPs, one after the other.
    pub fn avps(&self) -> AvpReader<'_> {
        AvpReader::new(&self.0)
    }

    /// Whether there is nothing in the group.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The contents as they stand on the wire.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// As [`RawGroup::from_octets`].
impl From<&[u8]> for RawGroup {
    fn from(octets: &[u8]) -> Self {
        Self::from_octets(octets)
    }
}

/// As [`RawGroup::from_octets`].
impl From<Vec<u8>> for RawGroup {
    fn from(octets: Vec<u8>) -> Self {
        Self::from_octets(octets)
    }
}

impl From<RawAvpBuf> for RawGroup {
    fn from(avp: RawAvpBuf) -> Self {
        Self::from_avps([avp])
    }
}

impl FromIterator<RawAvpBuf> for RawGroup {
    fn from_iter<I: IntoIterator<Item = RawAvpBuf>>(avps: I) -> Self {
        Self::from_avps(avps)
    }
}

impl<'a> FromIterator<RawAvp<'a>> for RawGroup {
    fn from_iter<I: IntoIterator<Item = RawAvp<'a>>>(avps: I) -> Self {
        avps.into_iter().map(RawAvpBuf::from).collect()
    }
}

/// The AVPs; what is not framed as one, in hexadecimal.
impl fmt::Debug for RawGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for avp in self.avps() {
            match avp {
                Ok(avp) => list.entry(&avp),
                Err(framing) => list.entry(&OctetString::from(framing.rest)),
            };
        }
        list.finish()
    }
}

impl AvpValue for RawGroup {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self::default()
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Judged {
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

impl ListItem for RawGroup {
    type Storage = OneOrMore<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{decode, encode};
    use crate::value::{DiameterIdentity, Time};
    use crate::wire::AvpFlags;

    enum OriginHost {}
    impl Avp for OriginHost {
        const CODE: u32 = 264;
        const VENDOR: u32 = 0;
        const FLAGS: AvpFlags = AvpFlags::MANDATORY;
        const NAME: &'static str = "Origin-Host";
        type Value = DiameterIdentity;
    }

    enum EventTimestamp {}
    impl Avp for EventTimestamp {
        const CODE: u32 = 55;
        const VENDOR: u32 = 0;
        const FLAGS: AvpFlags = AvpFlags::MANDATORY;
        const NAME: &'static str = "Event-Timestamp";
        type Value = Time;
    }

    #[test]
    fn typed_values_go_in_and_come_out() {
        let mut group = RawGroup::default();
        group.push::<OriginHost>("a.example").unwrap().push::<EventTimestamp>(Time::MAX).unwrap();
        assert_eq!(group.get::<OriginHost>().unwrap().unwrap(), "a.example");
        assert_eq!(group.get::<EventTimestamp>().unwrap(), Some(Time::MAX));
        let octets = b"\0\0\x01\x08\x40\0\0\x11a.example\0\0\0\0\0\0\x37\x40\0\0\x0c\x7f\xff\xff\xff";
        assert_eq!(group.as_slice(), octets);
        assert_eq!(encode(&group).unwrap(), octets);
        assert_eq!(decode::<RawGroup>(octets), Ok(group.clone()));
        assert_eq!(group.avps().filter_map(Result::ok).collect::<RawGroup>(), group);
    }

    #[test]
    fn a_value_that_cannot_be_encoded_changes_nothing() {
        let mut group = RawGroup::default();
        let error = group.push::<OriginHost>("a b").unwrap_err();
        assert!(error.to_string().starts_with("Origin-Host: not a DiameterIdentity"), "{error}");
        assert!(group.is_empty());
    }

    #[test]
    fn contents_are_kept_whatever_they_are() {
        for octets in [&b""[..], b"\0", b"\0\0\x01\x08\x40\0\0\x02", b"\0\0\x01\x08\x40\0\0\x09\x80\0"] {
            let group = decode::<RawGroup>(octets).unwrap();
            assert_eq!(encode(&group).unwrap(), octets);
        }
    }

    #[test]
    fn what_is_malformed_is_told_by_get() {
        let empty = RawGroup::default();
        assert_eq!(empty.get::<OriginHost>(), Ok(None));
        let mut group =
            RawGroup::from_avps([RawAvpBuf { code: 55, vendor: 0, flags: AvpFlags::NONE, data: [1, 2, 3].into() }]);
        let error = group.get::<EventTimestamp>().unwrap_err();
        assert_eq!((error.path().as_str(), error.result_code()), ("Event-Timestamp", ResultCode::INVALID_AVP_LENGTH));
        assert_eq!(format!("{group:?}"), "[55/0 [] 010203]");

        group = RawGroup::from_octets([0, 0, 1]);
        let error = group.get::<EventTimestamp>().unwrap_err();
        assert_eq!((error.path().as_str(), error.result_code()), ("Event-Timestamp", ResultCode::INVALID_AVP_LENGTH));
        assert_eq!(error.first().message, "the AVP header is cut short");
        assert_eq!(format!("{group:?}"), "[0x000001]");
    }
}
