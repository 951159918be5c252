//! One AVP in a message of its own: the way through the strict codec for any key.

use diametric_protocol::codec::{
    Avp, Cursor, DecodeError, EncodeError, Encoded, Encoder, Extras, Group, GroupId, Judged, Known, Member,
};
use diametric_protocol::message::{self, Command};
use diametric_protocol::value::{OctetString, RawGroup};
use diametric_protocol::wire::{AvpFlags, CommandFlags, EndToEndId, HEADER_LEN, Header, HopByHopId, RawAvp};
use std::fmt;

/// A message of experimental code whose grammar is `{ A }`.
pub(crate) struct Single<A: Avp> {
    pub(crate) value: A::Value,
    extras: Extras,
}

impl<A: Avp> Clone for Single<A> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), extras: self.extras.clone() }
    }
}

impl<A: Avp> fmt::Debug for Single<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", A::NAME, self.value)
    }
}

impl<A: Avp> PartialEq for Single<A> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value && self.extras == other.extras
    }
}

impl<A: Avp> Group for Single<A> {
    const ID: GroupId = GroupId::Command { application: 0, code: 0xff_fffe, request: true };
    const NAME: &'static str = "Single";
    const MEMBERS: &'static [Member] = &[Member::new::<A>(1, 1)];
    const ANY: bool = false;

    fn blank_group() -> Self {
        use diametric_protocol::codec::AvpValue;
        Self { value: A::Value::blank(), extras: Extras::new() }
    }

    fn decode_member(&mut self, avp: &RawAvp<'_>, cursor: &mut Cursor<'_, '_, '_>) -> Judged {
        if (avp.vendor, avp.code) == (A::VENDOR, A::CODE) {
            cursor.required(0, avp.data, &mut self.value)
        } else {
            cursor.extra(avp, &mut self.extras)
        }
    }

    fn encode_declared(&self, out: &mut Encoder) -> Encoded {
        out.required(&Self::MEMBERS[0], &self.value)
    }

    fn extras(&self) -> &Extras {
        &self.extras
    }

    fn extras_mut(&mut self) -> &mut Extras {
        &mut self.extras
    }
}

impl<A: Avp> Command for Single<A> {
    const CODE: u32 = 0xff_fffe;
    const APPLICATION: u32 = 0;
    const REQUEST: bool = true;
    const PROXIABLE: bool = false;
    const COMMAND_NAME: &'static str = "Single";
}

const HEADER: Header = Header {
    flags: CommandFlags::REQUEST,
    command: 0xff_fffe,
    application: 0,
    hop_by_hop: HopByHopId(1),
    end_to_end: EndToEndId(2),
};

/// `value` as an AVP `A`, with header and padding.
pub(crate) fn encode<A: Avp>(value: impl Into<A::Value>) -> Result<Vec<u8>, EncodeError> {
    let message = Single::<A> { value: value.into(), extras: Extras::new() };
    Ok(message::encode(HEADER, &message)?[HEADER_LEN..].to_vec())
}

/// The value of `avp`, an AVP `A` with header and padding.
pub(crate) fn decode<A: Avp>(avp: &[u8]) -> Result<A::Value, DecodeError> {
    let frame = [&HEADER.to_bytes((HEADER_LEN + avp.len()) as u32), avp].concat();
    message::decode::<Single<A>>(&frame, &Known::default()).map(|received| received.body.value)
}

macro_rules! keys {
    ($($(#[$docs:meta])* $key:ident = $name:literal $code:literal/$vendor:literal [$flags:expr]: $value:ty;)*) => {$(
        $(#[$docs])*
        #[derive(Debug)]
        pub(crate) enum $key {}
        impl Avp for $key {
            const CODE: u32 = $code;
            const VENDOR: u32 = $vendor;
            const FLAGS: AvpFlags = $flags;
            const NAME: &'static str = $name;
            type Value = $value;
        }
    )*};
}

keys! {
    TestFloat32 = "test-Float32" 4294967200/0 [AvpFlags::NONE]: f32;
    TestFloat64 = "test-Float64" 4294967201/0 [AvpFlags::NONE]: f64;
    TestVendorOctets = "test-vendor-octets" 1/10415 [AvpFlags::VENDOR]: OctetString;
    ExampleAvp = "Example-AVP" 999999/0 [AvpFlags::NONE]: RawGroup;
}
