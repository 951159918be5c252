//! What the payload of an AVP says, by the type its definition gives it.

use diametric_dictionary::model::DataType;
use diametric_protocol::value::{Address, AddressError, Time};
use std::fmt;
use std::net::Ipv4Addr;

/// A value, or that there is a group to descend into.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// OctetString, and every AVP without a definition.
    Octets(&'a [u8]),
    /// UTF8String, DiameterIdentity, DiameterURI and the filter rules.
    Text(&'a str),
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
    /// Enumerated, and the 32-bit integers that have named values.
    Enumerated(i64),
    /// Time.
    Time(Time),
    /// Address that is one of IPv4.
    Ipv4(Ipv4Addr),
    /// Address of another family, which has been found to be one: what stands behind the family.
    Address(u16, &'a [u8]),
    /// Grouped.
    Group,
    /// What is not shown: what stands before it, and what stands for it.
    Masked(&'a str, u64),
}

/// Why a payload does not fit the type of its AVP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The type asks for another length.
    Length {
        /// How long the payload is.
        actual: usize,
        /// What the type asks for.
        expected: &'static str,
    },
    /// Text that is not UTF-8 from this octet on.
    Utf8(usize),
    /// The length does not fit the address family.
    Address(AddressError),
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { actual, expected } => write!(f, "length {actual}, expected {expected}"),
            Self::Utf8(offset) => write!(f, "not UTF-8 at octet {offset}"),
            Self::Address(error) => error.fmt(f),
        }
    }
}

impl<'a> Value<'a> {
    /// Reads `data`; `named` tells that the definition lists values.
    #[inline(always)]
    pub(crate) fn read(data_type: DataType, named: bool, data: &'a [u8]) -> Result<Self, Misfit> {
        Ok(match data_type {
            DataType::Grouped => Self::Group,
            DataType::OctetString => Self::Octets(data),
            DataType::Utf8String
            | DataType::DiameterIdentity
            | DataType::DiameterUri
            | DataType::IpFilterRule
            | DataType::QosFilterRule => {
                Self::Text(std::str::from_utf8(data).map_err(|error| Misfit::Utf8(error.valid_up_to()))?)
            }
            DataType::Enumerated => Self::Enumerated(i32::from_be_bytes(four(data)?).into()),
            DataType::Integer32 if named => Self::Enumerated(i32::from_be_bytes(four(data)?).into()),
            DataType::Unsigned32 if named => Self::Enumerated(u32::from_be_bytes(four(data)?).into()),
            DataType::Integer32 => Self::Integer32(i32::from_be_bytes(four(data)?)),
            DataType::Unsigned32 => Self::Unsigned32(u32::from_be_bytes(four(data)?)),
            DataType::Float32 => Self::Float32(f32::from_be_bytes(four(data)?)),
            DataType::Integer64 => Self::Integer64(i64::from_be_bytes(eight(data)?)),
            DataType::Unsigned64 => Self::Unsigned64(u64::from_be_bytes(eight(data)?)),
            DataType::Float64 => Self::Float64(f64::from_be_bytes(eight(data)?)),
            DataType::Time => Self::Time(Time::from_ntp_seconds(u32::from_be_bytes(four(data)?))),
            DataType::Address => address(data)?,
        })
    }
}

fn address(data: &[u8]) -> Result<Value<'_>, Misfit> {
    match data {
        [0, 1, a, b, c, d] => Ok(Value::Ipv4(Ipv4Addr::new(*a, *b, *c, *d))),
        [high, low, octets @ ..] => {
            let family = u16::from_be_bytes([*high, *low]);
            Address::from_parts(family, octets).map_err(Misfit::Address)?;
            Ok(Value::Address(family, octets))
        }
        _ => Err(Misfit::Length { actual: data.len(), expected: "at least 2" }),
    }
}

#[inline]
fn four(data: &[u8]) -> Result<[u8; 4], Misfit> {
    data.try_into().map_err(|_| Misfit::Length { actual: data.len(), expected: "4" })
}

#[inline]
fn eight(data: &[u8]) -> Result<[u8; 8], Misfit> {
    data.try_into().map_err(|_| Misfit::Length { actual: data.len(), expected: "8" })
}
