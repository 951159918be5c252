//! Address.

use super::{List, ListItem, OneOrMore, Utf8String};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Fault, Judged};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Address families (IANA "Address Family Numbers").
const IPV4: u16 = 1;
const IPV6: u16 = 2;
const E164: u16 = 8;

/// An address with its family (RFC 6733 §4.3.1 Address).
///
/// Addresses of families without a variant of their own are kept as they are, so that every payload that is an Address
/// at all survives decoding and encoding.
///
/// ```
/// use diametric_protocol::value::Address;
/// use std::net::{IpAddr, Ipv4Addr};
///
/// let address: Address = "192.0.2.1".parse()?;
/// assert_eq!(address, Ipv4Addr::new(192, 0, 2, 1));
/// assert_eq!(address.ip(), Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
/// assert_eq!("+15551234".parse::<Address>()?.family(), 8);
/// # Ok::<(), diametric_protocol::value::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// Family 1: IPv4.
    V4(Ipv4Addr),
    /// Family 2: IPv6.
    V6(Ipv6Addr),
    /// Family 8: a telephone number in digits.
    E164(E164Number),
    /// Any other family, and family 8 where the contents are not digits.
    Other(OtherAddress),
}

const _: () = assert!(size_of::<Address>() == 32);

/// The digits of an E.164 number: at least one, without `+`.
///
/// RFC 6733 does not say how an E.164 address is written; digits as text is what implementations send.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164Number(Utf8String);

/// An address of a family that has no type here.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OtherAddress {
    family: u16,
    octets: Box<[u8]>,
}

/// Why something is not an [`Address`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The family fixes another length.
    #[error("an address of family {family} takes {expected} octets, not {actual}")]
    Length {
        /// The address family.
        family: u16,
        /// How many octets its addresses have.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// A telephone number with something else than digits, or without any.
    #[error("`{0}` is not an E.164 number: only digits, at least one")]
    Digits(String),
    /// Text in none of the forms that addresses are displayed in.
    #[error(
        "`{0}` is not an address: expected an IPv4 or IPv6 address, `+` and the digits of a telephone number, \
         or `family <number> 0x<hexadecimal>`"
    )]
    Text(String),
}

/// The address that was to be an IP address, but is of another family.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an IP address: its family is {family}", family = .0.family())]
pub struct NotAnIpAddress(pub Address);

impl Address {
    /// The address of `family` whose octets are `octets`.
    ///
    /// # Errors
    /// If `family` is IPv4 or IPv6 and the number of octets is not 4 or 16.
    pub fn from_parts(family: u16, octets: &[u8]) -> Result<Self, AddressError> {
        let length = |expected| AddressError::Length { family, expected, actual: octets.len() };
        match family {
            IPV4 => <[u8; 4]>::try_from(octets).map(|ip| Self::V4(ip.into())).map_err(|_| length(4)),
            IPV6 => <[u8; 16]>::try_from(octets).map(|ip| Self::V6(ip.into())).map_err(|_| length(16)),
            E164 if is_digits(octets) => {
                // Digits are UTF-8.
                Ok(Self::E164(E164Number(String::from_utf8_lossy(octets).as_ref().into())))
            }
            _ => Ok(Self::Other(OtherAddress { family, octets: octets.into() })),
        }
    }

    /// The address family: 1 for IPv4, 2 for IPv6, 8 for E.164.
    pub fn family(&self) -> u16 {
        match self {
            Self::V4(_) => IPV4,
            Self::V6(_) => IPV6,
            Self::E164(_) => E164,
            Self::Other(other) => other.family,
        }
    }

    /// The IP address, if this is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(ip) => Some(IpAddr::V4(*ip)),
            Self::V6(ip) => Some(IpAddr::V6(*ip)),
            Self::E164(_) | Self::Other(_) => None,
        }
    }
}

impl Address {
    fn decode_any(&mut self, data: &[u8]) -> Judged {
        let Some((family, octets)) = data.split_first_chunk::<2>() else {
            return Err(&Fault::Length { expected: "at least 2, the address family" });
        };
        let family = u16::from_be_bytes(*family);
        *self = Self::from_parts(family, octets).map_err(|_| match family {
            IPV4 => &Fault::Length { expected: "6 for IPv4 (family 1)" },
            _ => &Fault::Length { expected: "18 for IPv6 (family 2)" },
        })?;
        Ok(())
    }
}

fn is_digits(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(u8::is_ascii_digit)
}

impl E164Number {
    /// The digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl OtherAddress {
    /// The address family.
    pub fn family(&self) -> u16 {
        self.family
    }

    /// The address without its family.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl TryFrom<&str> for E164Number {
    type Error = AddressError;
    fn try_from(digits: &str) -> Result<Self, AddressError> {
        if is_digits(digits.as_bytes()) { Ok(Self(digits.into())) } else { Err(AddressError::Digits(digits.into())) }
    }
}

impl FromStr for E164Number {
    type Err = AddressError;
    fn from_str(digits: &str) -> Result<Self, AddressError> {
        digits.try_into()
    }
}

impl From<Ipv4Addr> for Address {
    #[inline]
    fn from(ip: Ipv4Addr) -> Self {
        Self::V4(ip)
    }
}

impl From<Ipv6Addr> for Address {
    #[inline]
    fn from(ip: Ipv6Addr) -> Self {
        Self::V6(ip)
    }
}

impl From<IpAddr> for Address {
    #[inline]
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

impl From<E164Number> for Address {
    fn from(number: E164Number) -> Self {
        Self::E164(number)
    }
}

impl From<IpAddr> for List<Address> {
    #[inline]
    fn from(ip: IpAddr) -> Self {
        Address::from(ip).into()
    }
}

impl From<Ipv4Addr> for List<Address> {
    #[inline]
    fn from(ip: Ipv4Addr) -> Self {
        Address::from(ip).into()
    }
}

impl From<Ipv6Addr> for List<Address> {
    #[inline]
    fn from(ip: Ipv6Addr) -> Self {
        Address::from(ip).into()
    }
}

impl TryFrom<Address> for IpAddr {
    type Error = NotAnIpAddress;
    fn try_from(address: Address) -> Result<Self, NotAnIpAddress> {
        address.ip().ok_or(NotAnIpAddress(address))
    }
}

impl TryFrom<&Address> for IpAddr {
    type Error = NotAnIpAddress;
    fn try_from(address: &Address) -> Result<Self, NotAnIpAddress> {
        address.ip().ok_or_else(|| NotAnIpAddress(address.clone()))
    }
}

impl PartialEq<IpAddr> for Address {
    fn eq(&self, other: &IpAddr) -> bool {
        self.ip() == Some(*other)
    }
}

impl PartialEq<Ipv4Addr> for Address {
    fn eq(&self, other: &Ipv4Addr) -> bool {
        matches!(self, Self::V4(ip) if ip == other)
    }
}

impl PartialEq<Ipv6Addr> for Address {
    fn eq(&self, other: &Ipv6Addr) -> bool {
        matches!(self, Self::V6(ip) if ip == other)
    }
}

/// An IP address as usual, a telephone number with `+`, anything else as `family 3 0x47000580`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) => ip.fmt(f),
            Self::E164(number) => number.fmt(f),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// With `+` in front.
impl fmt::Display for E164Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.as_str())
    }
}

impl fmt::Debug for E164Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for OtherAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "family {} 0x", self.family)?;
        self.octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for OtherAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads what `Display` writes.
impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(ip.into());
        }
        if let Some(digits) = text.strip_prefix('+') {
            return digits.parse().map(Self::E164);
        }
        match other_parts(text) {
            Some((family, octets)) => Self::from_parts(family, &octets),
            None => Err(AddressError::Text(text.into())),
        }
    }
}

/// The parts of `family 3 0x47000580`.
fn other_parts(text: &str) -> Option<(u16, Vec<u8>)> {
    let (family, octets) = text.strip_prefix("family ")?.split_once(" 0x")?;
    let octet = |pair: &[u8]| match *pair {
        [high, low] => Some((char::from(high).to_digit(16)? * 16 + char::from(low).to_digit(16)?) as u8),
        _ => None,
    };
    Some((family.parse().ok()?, octets.as_bytes().chunks(2).map(octet).collect::<Option<_>>()?))
}

impl AvpValue for Address {
    /// The shortest usual form, that of IPv4.
    const MIN_PAYLOAD: usize = 6;

    #[inline]
    fn blank() -> Self {
        Self::V4(Ipv4Addr::UNSPECIFIED)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
        // What nearly every Address is.
        if let [0, 1, a, b, c, d] = *data {
            *self = Self::V4(Ipv4Addr::new(a, b, c, d));
            return Ok(());
        }
        self.decode_any(data)
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        out.octets(&self.family().to_be_bytes());
        match self {
            Self::V4(ip) => out.octets(&ip.octets()),
            Self::V6(ip) => out.octets(&ip.octets()),
            Self::E164(number) => out.octets(number.as_str().as_bytes()),
            Self::Other(other) => out.octets(&other.octets),
        }
        Ok(())
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        if let Self::V4(ip) = self {
            let [a, b, c, d] = ip.octets();
            return out.fixed(header, [0, 1, a, b, c, d]);
        }
        let start = out.begin_avp(header);
        self.encode_value(out)?;
        out.end_avp(start)
    }
}

impl ListItem for Address {
    type Storage = OneOrMore<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{decode, encode};

    #[test]
    fn every_family_survives() {
        for (payload, text) in [
            (&b"\0\x01\xc0\0\x02\x01"[..], "192.0.2.1"),
            (b"\0\x02\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1"),
            (b"\0\x0815551234", "+15551234"),
            (b"\0\x08", "family 8 0x"),
            (b"\0\x08+1", "family 8 0x2b31"),
            (b"\0\0", "family 0 0x"),
            (b"\0\x03\x47\x00\x05", "family 3 0x470005"),
            (b"\xff\xff\x01", "family 65535 0x01"),
        ] {
            let address = decode::<Address>(payload).unwrap();
            assert_eq!(encode(&address).unwrap(), payload);
            assert_eq!(address.to_string(), text);
            assert_eq!(text.parse(), Ok(address.clone()), "{text}");
            assert_eq!(Address::from_parts(address.family(), &payload[2..]), Ok(address));
        }
    }

    #[test]
    fn the_length_is_that_of_the_family() {
        let short = Fault::Length { expected: "at least 2, the address family" };
        assert_eq!(decode::<Address>(b""), Err(short));
        assert_eq!(decode::<Address>(b"\0"), Err(short));
        for payload in [&b"\0\x01"[..], b"\0\x01\xc0\0\x02", b"\0\x01\xc0\0\x02\x01\0"] {
            assert_eq!(decode::<Address>(payload), Err(Fault::Length { expected: "6 for IPv4 (family 1)" }));
        }
        let wrong = Err(Fault::Length { expected: "18 for IPv6 (family 2)" });
        assert_eq!(decode::<Address>(b"\0\x02\xc0\0\x02\x01"), wrong);
        let error = Address::from_parts(2, &[0; 4]).unwrap_err();
        assert_eq!(error.to_string(), "an address of family 2 takes 16 octets, not 4");
    }

    #[test]
    fn ip_addresses_convert() {
        let ip = Ipv4Addr::new(192, 0, 2, 1);
        let address = Address::from(ip);
        assert!(address == ip && address == IpAddr::V4(ip) && address != Ipv6Addr::LOCALHOST);
        assert_eq!(IpAddr::try_from(&address), Ok(IpAddr::V4(ip)));
        let list: List<Address> = ip.into();
        assert_eq!(list, [address]);

        let number: Address = E164Number::try_from("15551234").unwrap().into();
        assert_eq!(number.ip(), None);
        let error = IpAddr::try_from(number).unwrap_err();
        assert_eq!(error.to_string(), "+15551234 is not an IP address: its family is 8");
    }

    #[test]
    fn what_is_not_an_address_is_told() {
        for text in ["", "192.0.2", "host", "family 3", "family 3 0x4", "family 3 0xgg", "family 65536 0x"] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Text(text.into())));
        }
        assert_eq!("+1 555".parse::<Address>(), Err(AddressError::Digits("1 555".into())));
        assert_eq!("+".parse::<Address>(), Err(AddressError::Digits("".into())));
        assert!(matches!("family 1 0x00".parse::<Address>(), Err(AddressError::Length { expected: 4, .. })));
    }
}
