//! AVPs that are not declared members.

use super::{
    Avp, AvpHeader, AvpValue, DecodeError, EncodeError, Encoded, Encoder, Identities, Member, PathSegment, decode,
};
use crate::value::OctetString;
use crate::wire::{AvpFlags, RawAvp};
use thin_vec::ThinVec;

/// An AVP outside the declared members of its group.
#[derive(Clone, Debug)]
pub struct ExtraAvp {
    header: AvpHeader,
    // A value that could not be encoded keeps its error until the message is encoded, where it can be reported.
    data: Result<OctetString, Box<EncodeError>>,
    /// Decoded in the group that holds it, and so no declared member of it.
    received: bool,
}

impl PartialEq for ExtraAvp {
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header && self.data == other.data
    }
}

impl ExtraAvp {
    /// An AVP by its parts; `vendor` other than 0 sets V.
    #[inline]
    pub fn new(code: u32, vendor: u32, flags: AvpFlags, data: impl Into<OctetString>) -> Self {
        let flags = if vendor == 0 { flags } else { flags.with(AvpFlags::VENDOR) };
        Self { header: AvpHeader { code, vendor, flags }, data: Ok(data.into()), received: false }
    }

    #[inline]
    pub(crate) fn received(avp: &RawAvp<'_>) -> Self {
        Self {
            header: AvpHeader { code: avp.code, vendor: avp.vendor, flags: avp.flags },
            data: Ok(avp.data.into()),
            received: true,
        }
    }

    fn typed<A: Avp>(value: &A::Value) -> Self {
        let data = Encoder::payload(value).map(OctetString::from).map_err(Box::new);
        Self { header: AvpHeader::of::<A>(), data, received: false }
    }

    /// AVP code.
    pub fn code(&self) -> u32 {
        self.header.code
    }

    /// Vendor-Id, 0 for the IETF.
    pub fn vendor(&self) -> u32 {
        self.header.vendor
    }

    /// Flags as received, or as the definition has them.
    pub fn flags(&self) -> AvpFlags {
        self.header.flags
    }

    /// The payload; empty for a value that could not be encoded.
    pub fn data(&self) -> &[u8] {
        self.data.as_ref().map_or(&[], |data| data.as_slice())
    }

    fn is<A: Avp>(&self) -> bool {
        self.header.code == A::CODE && self.header.vendor == A::VENDOR
    }

    pub(super) fn encode(&self, declared: &[Member], identities: &Identities, out: &mut Encoder) -> Encoded {
        let AvpHeader { code, vendor, .. } = self.header;
        let is_declared = |m: &&Member| m.header.code == code && m.header.vendor == vendor;
        if !self.received
            && identities.may_have(code, vendor)
            && let Some(member) = declared.iter().find(is_declared)
        {
            let message = "is a declared member: set its field instead of adding it as an extra AVP";
            return Err(EncodeError::at(PathSegment::of(member), message.into()));
        }
        let segment = PathSegment { name: None, code, vendor, index: None };
        match &self.data {
            Ok(data) => data.encode_avp(self.header, out).map_err(|error| error.inside(segment)),
            Err(error) => Err(error.clone().inside(segment)),
        }
    }
}

/// The AVPs of a group that are not declared members: in order, with their flags, undecoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras(ThinVec<ExtraAvp>);

impl Extras {
    /// None.
    pub const fn new() -> Self {
        Self(ThinVec::new())
    }

    /// Adds `value` as an AVP `A`, with the flags of its definition.
    pub fn add<A: Avp>(&mut self, value: &A::Value) {
        self.push(ExtraAvp::typed::<A>(value));
    }

    /// Adds an AVP as it is.
    pub fn push(&mut self, mut avp: ExtraAvp) {
        // It may come from another group.
        avp.received = false;
        self.0.push(avp);
    }

    #[inline]
    pub(super) fn push_received(&mut self, avp: ExtraAvp) {
        self.0.push(avp);
    }

    /// Every instance of `A`, each decoded on the way.
    pub fn get_all<A: Avp>(&self) -> impl Iterator<Item = Result<A::Value, DecodeError>> {
        self.0.iter().filter(|avp| avp.is::<A>()).map(|avp| decode::decode_value::<A>(avp.data()))
    }

    /// Removes every instance of `A`; tells how many there were.
    pub fn remove<A: Avp>(&mut self) -> usize {
        let before = self.0.len();
        self.0.retain(|avp| !avp.is::<A>());
        before - self.0.len()
    }
}

impl std::ops::Deref for Extras {
    type Target = [ExtraAvp];
    #[inline]
    fn deref(&self) -> &[ExtraAvp] {
        self.0.as_slice()
    }
}

impl FromIterator<ExtraAvp> for Extras {
    fn from_iter<I: IntoIterator<Item = ExtraAvp>>(avps: I) -> Self {
        let mut extras = Self::new();
        avps.into_iter().for_each(|avp| extras.push(avp));
        extras
    }
}
