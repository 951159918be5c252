//! What the payload of an AVP says, by the type its definition gives it.

use crate::{Avps, Definition, DissectedAvp, MAX_DEPTH};
use diametric_dictionary::model::DataType;
use diametric_protocol::value::{Address, AddressError, Time};
use diametric_protocol::wire::FramingFault;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;

/// The value of an AVP.
///
/// Displayed, it is what `diametric decode` prints behind the AVP's name: a blank and the value, or, of a group, a line
/// for each member.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// What an AVP without a definition holds.
    Unknown(&'a [u8]),
    /// OctetString.
    Octets(&'a [u8]),
    /// UTF8String, IPFilterRule and QoSFilterRule.
    Text(&'a str),
    /// DiameterIdentity. That it is a host name is not checked.
    Identity(&'a str),
    /// DiameterURI. Its form is not checked.
    Uri(&'a str),
    /// Integer32 without named values.
    Integer32(i32),
    /// Integer64.
    Integer64(i64),
    /// Unsigned32 without named values.
    Unsigned32(u32),
    /// Unsigned64.
    Unsigned64(u64),
    /// Float32.
    Float32(f32),
    /// Float64.
    Float64(f64),
    /// Enumerated, and the 32-bit integers that have named values, such as Result-Code.
    Enumerated(EnumeratedValue<'a>),
    /// Time.
    Time(Time),
    /// Address.
    Address(AddressValue<'a>),
    /// Grouped: its members.
    Group(Avps<'a>),
}

/// A number among whose values some have names.
#[derive(Clone, Copy, Debug)]
pub struct EnumeratedValue<'a> {
    value: i64,
    definition: &'a Definition,
}

/// An address with its family (RFC 6733 §4.3.1 Address), as it stands in the message. [`Address::from_parts`] makes a value
/// of it that can be kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressValue<'a> {
    family: u16,
    octets: &'a [u8],
}

/// Why a payload does not fit the type of its AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misfit {
    /// The type asks for another length.
    Length {
        /// How long the payload is, in octets.
        actual: usize,
        /// What the type asks for.
        expected: &'static str,
    },
    /// The text is not UTF-8 from this octet of the payload on.
    Utf8(usize),
    /// The family of an address asks for another length.
    Address {
        /// The address family.
        family: u16,
        /// How many octets its addresses have.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// A group is no sequence of AVPs.
    Framing {
        /// Where in the payload the AVP begins that is not framed.
        offset: usize,
        /// What is wrong with it.
        fault: FramingFault,
    },
    /// The group is in [`MAX_DEPTH`] others.
    TooDeep,
}

impl<'a> Value<'a> {
    #[inline(always)]
    pub(crate) fn read(avp: &DissectedAvp<'a>) -> Result<Self, Misfit> {
        let data = avp.data();
        let Some(definition) = avp.definition() else { return Ok(Self::Unknown(data)) };
        let enumerated = |value| Self::Enumerated(EnumeratedValue { value, definition });
        Ok(match definition.data_type {
            DataType::Grouped => {
                let members = avp.members()?;
                match members.fault() {
                    Some(fault) if !definition.is_failed_avp => return Err(fault),
                    _ => Self::Group(members),
                }
            }
            DataType::OctetString => Self::Octets(data),
            DataType::Utf8String | DataType::IpFilterRule | DataType::QosFilterRule => Self::Text(text(data)?),
            DataType::DiameterIdentity => Self::Identity(text(data)?),
            DataType::DiameterUri => Self::Uri(text(data)?),
            DataType::Enumerated => enumerated(i32::from_be_bytes(four(data)?).into()),
            DataType::Integer32 if definition.is_named => enumerated(i32::from_be_bytes(four(data)?).into()),
            DataType::Unsigned32 if definition.is_named => enumerated(u32::from_be_bytes(four(data)?).into()),
            DataType::Integer32 => Self::Integer32(i32::from_be_bytes(four(data)?)),
            DataType::Unsigned32 => Self::Unsigned32(u32::from_be_bytes(four(data)?)),
            DataType::Float32 => Self::Float32(f32::from_be_bytes(four(data)?)),
            DataType::Integer64 => Self::Integer64(i64::from_be_bytes(eight(data)?)),
            DataType::Unsigned64 => Self::Unsigned64(u64::from_be_bytes(eight(data)?)),
            DataType::Float64 => Self::Float64(f64::from_be_bytes(eight(data)?)),
            DataType::Time => Self::Time(Time::from_ntp_seconds(u32::from_be_bytes(four(data)?))),
            DataType::Address => Self::Address(address(data)?),
        })
    }
}

#[inline]
fn text(data: &[u8]) -> Result<&str, Misfit> {
    std::str::from_utf8(data).map_err(|error| Misfit::Utf8(error.valid_up_to()))
}

#[inline]
fn four(data: &[u8]) -> Result<[u8; 4], Misfit> {
    data.try_into().map_err(|_| Misfit::Length { actual: data.len(), expected: "4" })
}

#[inline]
fn eight(data: &[u8]) -> Result<[u8; 8], Misfit> {
    data.try_into().map_err(|_| Misfit::Length { actual: data.len(), expected: "8" })
}

#[inline]
fn address(data: &[u8]) -> Result<AddressValue<'_>, Misfit> {
    let Some((family, octets)) = data.split_first_chunk() else {
        return Err(Misfit::Length { actual: data.len(), expected: "at least 2" });
    };
    let family = u16::from_be_bytes(*family);
    let expected = match family {
        1 => 4,
        2 => 16,
        _ => octets.len(),
    };
    if octets.len() != expected {
        return Err(Misfit::Address { family, expected, actual: octets.len() });
    }
    Ok(AddressValue { family, octets })
}

impl<'a> EnumeratedValue<'a> {
    /// The number; of an Unsigned32 as it is, of the other types with its sign.
    #[inline]
    pub fn value(&self) -> i64 {
        self.value
    }

    /// The name of the value, where it has one.
    #[inline]
    pub fn label(&self) -> Option<&'a str> {
        self.definition.label(self.value)
    }
}

impl<'a> AddressValue<'a> {
    /// The address family: 1 for IPv4, 2 for IPv6, 8 for E.164 (IANA "Address Family Numbers").
    #[inline]
    pub fn family(&self) -> u16 {
        self.family
    }

    /// The address without its family: 4 octets for IPv4, 16 for IPv6.
    #[inline]
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The IP address, if it is one.
    #[inline]
    pub fn ip(&self) -> Option<IpAddr> {
        match self.family {
            1 => <[u8; 4]>::try_from(self.octets).ok().map(IpAddr::from),
            2 => <[u8; 16]>::try_from(self.octets).ok().map(IpAddr::from),
            _ => None,
        }
    }
}

/// As [`Address`] is: an IP address as usual, a telephone number with `+`, anything else as `family 3 0x47000580`.
impl fmt::Display for AddressValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Address::from_parts(self.family, self.octets) {
            Ok(address) => address.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for AddressValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { actual, expected } => write!(f, "length {actual}, expected {expected}"),
            Self::Utf8(offset) => write!(f, "not UTF-8 at octet {offset}"),
            Self::Address { family, expected, actual } => AddressError::Length { family, expected, actual }.fmt(f),
            Self::Framing { offset, fault } => write!(f, "at octet {offset}: {fault}"),
            Self::TooDeep => write!(f, "groups nest deeper than {MAX_DEPTH} levels"),
        }
    }
}

impl Error for Misfit {}
