//! Where a peer listens.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The port of Diameter over TCP and SCTP (RFC 6733 §2.1).
pub const DEFAULT_PORT: u16 = 3868;

/// A host and a port. A name is looked up each time a connection is made.
///
/// ```
/// use diametric::PeerAddress;
///
/// let address: PeerAddress = "ocs.example.net".parse()?;
/// assert_eq!(address.to_string(), "ocs.example.net:3868");
/// let address: PeerAddress = "[2001:db8::1]:3869".parse()?;
/// assert_eq!((address.host(), address.port()), ("2001:db8::1", 3869));
/// # Ok::<(), diametric::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress {
    host: Box<str>,
    port: u16,
}

/// A text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an address: expected HOST:PORT, as in `ocs.example.net:3868`, `192.0.2.1:3868` or `[2001:db8::1]:3868`"
)]
pub struct InvalidAddress(String);

impl PeerAddress {
    /// A name or an IP address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for PeerAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok((address, DEFAULT_PORT).into());
        }
        let invalid = || InvalidAddress(text.into());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port != 0).ok_or_else(invalid)?),
            None => (text, DEFAULT_PORT),
        };
        let name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
        if host.is_empty() || !host.bytes().all(name) {
            return Err(invalid());
        }
        Ok(Self { host: host.into(), port })
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        (address.ip(), address.port()).into()
    }
}

impl From<(IpAddr, u16)> for PeerAddress {
    fn from((host, port): (IpAddr, u16)) -> Self {
        Self { host: host.to_string().into(), port }
    }
}

impl From<(&str, u16)> for PeerAddress {
    fn from((host, port): (&str, u16)) -> Self {
        Self { host: host.into(), port }
    }
}

impl From<(String, u16)> for PeerAddress {
    fn from((host, port): (String, u16)) -> Self {
        Self { host: host.into(), port }
    }
}
