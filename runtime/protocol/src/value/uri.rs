//! DiameterURI.

use super::{ListItem, OneOrMore, Utf8String};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Fault, Judged};
use std::fmt;
use std::str::FromStr;

/// Where a Diameter node is reached (RFC 6733 §4.3.1 DiameterURI).
///
/// `aaa://` or, for transport security, `aaas://`, then the host, then `:port`, `;transport=` and `;protocol=`, each
/// optional and in this order. The text is kept as it was received; the accessors fill in the defaults. Every value is
/// well-formed, so that encoding cannot fail.
///
/// ```
/// use diametric_protocol::value::{DiameterUri, UriTransport};
///
/// let uri: DiameterUri = "aaa://host.example.com;transport=sctp".parse()?;
/// assert_eq!(uri.fqdn(), "host.example.com");
/// assert_eq!(uri.port(), 3868);
/// assert_eq!(uri.transport(), UriTransport::Sctp);
///
/// let uri = DiameterUri::new("host.example.com")?.with_security().with_port(6666);
/// assert_eq!(uri.as_str(), "aaas://host.example.com:6666");
/// # Ok::<(), diametric_protocol::value::UriError>(())
/// ```
#[derive(Clone)]
pub struct DiameterUri {
    text: Utf8String,
    parts: Parts,
}

/// What the text says. A host name has at most 255 octets, as in the DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Parts {
    secure: bool,
    host_len: u8,
    port: Option<u16>,
    transport: Option<UriTransport>,
    protocol: Option<UriProtocol>,
}

/// The transport in a [`DiameterUri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum UriTransport {
    /// TCP, the default.
    #[default]
    Tcp,
    /// SCTP.
    Sctp,
    /// UDP, which Diameter does not run over: only with RADIUS or TACACS+.
    Udp,
}

/// The AAA protocol in a [`DiameterUri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum UriProtocol {
    /// Diameter, the default.
    #[default]
    Diameter,
    /// RADIUS.
    Radius,
    /// TACACS+.
    TacacsPlus,
}

/// Why something is not a [`DiameterUri`], and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a DiameterURI: {reason} (at octet {offset})")]
pub struct UriError {
    text: String,
    offset: usize,
    reason: &'static str,
}

impl UriError {
    /// The first octet, counted from 0, that does not fit.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

const PLAIN: &str = "aaa://";
const SECURE: &str = "aaas://";
const TRANSPORT: &str = ";transport=";
const PROTOCOL: &str = ";protocol=";

const NO_UDP: &str = "transport udp cannot be used with protocol diameter";

impl UriTransport {
    const ALL: [Self; 3] = [Self::Tcp, Self::Sctp, Self::Udp];

    /// The word in the URI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Sctp => "sctp",
            Self::Udp => "udp",
        }
    }
}

impl UriProtocol {
    const ALL: [Self; 3] = [Self::Diameter, Self::Radius, Self::TacacsPlus];

    /// The word in the URI.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Diameter => "diameter",
            Self::Radius => "radius",
            Self::TacacsPlus => "tacacs+",
        }
    }
}

impl fmt::Display for UriTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for UriProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The octet at which `text` stops being a DiameterURI, and why.
type Misfit = (usize, &'static Fault);

/// What is left to read.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Skips `word`, in any case, if it is what follows: literals of the grammar have no case (RFC 5234 §2.3).
    fn skip(&mut self, word: &str) -> bool {
        let rest = &self.text[self.at..];
        let found = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.at += word.len();
        }
        found
    }

    /// The octets from here on for which `belongs` holds.
    fn run(&mut self, belongs: impl Fn(&u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let run = &rest[..rest.iter().position(|octet| !belongs(octet)).unwrap_or(rest.len())];
        self.at += run.len();
        run
    }
}

impl Parts {
    fn read(text: &[u8]) -> Result<Self, Misfit> {
        let mut scanner = Scanner { text, at: 0 };
        let secure = scanner.skip(SECURE);
        if !secure && !scanner.skip(PLAIN) {
            return Err((0, &Fault::Value { reason: "it must start with `aaa://` or `aaas://`" }));
        }
        let host_at = scanner.at;
        let host = scanner.run(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(octet));
        if host.is_empty() {
            return Err((host_at, &Fault::Value { reason: "expected a host name" }));
        }
        let too_long =
            |_| (host_at + usize::from(u8::MAX), &Fault::Value { reason: "the host name is longer than 255 octets" });
        let host_len = u8::try_from(host.len()).map_err(too_long)?;
        let port = if scanner.skip(":") { Some(port(&mut scanner)?) } else { None };
        let transport = if scanner.skip(TRANSPORT) {
            let fault = &Fault::Value { reason: "expected tcp, sctp or udp as transport" };
            Some(word(&mut scanner, UriTransport::ALL, UriTransport::as_str, fault)?)
        } else {
            None
        };
        let protocol_at = scanner.at;
        let protocol = if scanner.skip(PROTOCOL) {
            let fault = &Fault::Value { reason: "expected diameter, radius or tacacs+ as protocol" };
            Some(word(&mut scanner, UriProtocol::ALL, UriProtocol::as_str, fault)?)
        } else {
            None
        };
        if scanner.at != text.len() {
            let fault = &Fault::Value {
                reason: "expected `:port`, `;transport=` and `;protocol=`, in this order, or nothing more",
            };
            return Err((scanner.at, fault));
        }
        let parts = Self { secure, host_len, port, transport, protocol };
        if parts.is_allowed() { Ok(parts) } else { Err((protocol_at, &Fault::Value { reason: NO_UDP })) }
    }

    fn host_start(&self) -> usize {
        if self.secure { SECURE.len() } else { PLAIN.len() }
    }

    fn is_allowed(&self) -> bool {
        self.transport != Some(UriTransport::Udp) || self.protocol.unwrap_or_default() != UriProtocol::Diameter
    }
}

fn port(scanner: &mut Scanner<'_>) -> Result<u16, Misfit> {
    let start = scanner.at;
    let digits = scanner.run(u8::is_ascii_digit);
    let value =
        digits.iter().try_fold(0u16, |value, digit| value.checked_mul(10)?.checked_add(u16::from(digit - b'0')));
    match value {
        Some(port @ 1..) => Ok(port),
        _ => Err((start, &Fault::Value { reason: "expected a port from 1 to 65535" })),
    }
}

fn word<T: Copy, const N: usize>(
    scanner: &mut Scanner<'_>,
    all: [T; N],
    name: fn(T) -> &'static str,
    fault: &'static Fault,
) -> Result<T, Misfit> {
    let start = scanner.at;
    let word = scanner.run(|octet| *octet != b';');
    let known = all.into_iter().find(|value| name(*value).as_bytes().eq_ignore_ascii_case(word));
    known.ok_or((start, fault))
}

impl DiameterUri {
    /// The port of a URI without one, and without transport security.
    pub const DEFAULT_PORT: u16 = 3868;

    /// The port of a URI without one, with transport security.
    ///
    /// RFC 6733 disagrees with itself: §2.1 and §4.3.1 say 5658, its registration in §11.4 says 5868. This is the
    /// registered one, which IANA lists and deployed nodes use; the other is
    /// [`RFC_TEXT_SECURE_PORT`](Self::RFC_TEXT_SECURE_PORT).
    pub const DEFAULT_SECURE_PORT: u16 = 5868;

    /// The port for transport security in the text of RFC 6733 §2.1 and §4.3.1, for peers that follow it.
    pub const RFC_TEXT_SECURE_PORT: u16 = 5658;

    /// `aaa://` and a host.
    ///
    /// # Errors
    /// If `fqdn` is not a host name: letters, digits, `-`, `_` and `.`, 1 to 255 of them.
    pub fn new(fqdn: impl AsRef<str>) -> Result<Self, UriError> {
        let text = format!("{PLAIN}{}", fqdn.as_ref());
        let uri = Self::try_from(text)?;
        let host_end = PLAIN.len() + usize::from(uri.parts.host_len);
        if host_end == uri.text.len() {
            Ok(uri)
        } else {
            Err(UriError { text: uri.text.into(), offset: host_end, reason: "expected a host name and nothing more" })
        }
    }

    /// The same with transport security.
    #[must_use]
    pub fn with_security(self) -> Self {
        let parts = Parts { secure: true, ..self.parts };
        self.rebuilt(parts)
    }

    /// The same at `port`; 0, which is no port, removes it.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        let parts = Parts { port: (port != 0).then_some(port), ..self.parts };
        self.rebuilt(parts)
    }

    /// The same over `transport`.
    ///
    /// # Errors
    /// For UDP, unless the protocol is RADIUS or TACACS+: give the protocol first.
    pub fn with_transport(self, transport: UriTransport) -> Result<Self, UriError> {
        let parts = Parts { transport: Some(transport), ..self.parts };
        self.rebuilt(parts).allowed()
    }

    /// The same for `protocol`.
    ///
    /// # Errors
    /// For Diameter, if the transport is UDP.
    pub fn with_protocol(self, protocol: UriProtocol) -> Result<Self, UriError> {
        let parts = Parts { protocol: Some(protocol), ..self.parts };
        self.rebuilt(parts).allowed()
    }

    /// Whether the scheme is `aaas`: transport security is to be used.
    pub fn is_secure(&self) -> bool {
        self.parts.secure
    }

    /// The host.
    pub fn fqdn(&self) -> &str {
        let start = self.parts.host_start();
        self.text.get(start..start + usize::from(self.parts.host_len)).unwrap_or_default()
    }

    /// The port, or the default one of the scheme.
    pub fn port(&self) -> u16 {
        let default = if self.is_secure() { Self::DEFAULT_SECURE_PORT } else { Self::DEFAULT_PORT };
        self.parts.port.unwrap_or(default)
    }

    /// The port, where the URI names one.
    pub fn explicit_port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The transport; TCP where the URI names none.
    pub fn transport(&self) -> UriTransport {
        self.parts.transport.unwrap_or_default()
    }

    /// The transport, where the URI names one.
    pub fn explicit_transport(&self) -> Option<UriTransport> {
        self.parts.transport
    }

    /// The protocol; Diameter where the URI names none.
    pub fn protocol(&self) -> UriProtocol {
        self.parts.protocol.unwrap_or_default()
    }

    /// The protocol, where the URI names one.
    pub fn explicit_protocol(&self) -> Option<UriProtocol> {
        self.parts.protocol
    }

    /// The text, as received.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// `parts` written out, with this host.
    fn rebuilt(&self, parts: Parts) -> Self {
        use fmt::Write as _;
        let mut text = String::from(if parts.secure { SECURE } else { PLAIN });
        text.push_str(self.fqdn());
        // Writing to a String cannot fail.
        let _ = parts.port.map(|port| write!(text, ":{port}"));
        let _ = parts.transport.map(|transport| write!(text, "{TRANSPORT}{transport}"));
        let _ = parts.protocol.map(|protocol| write!(text, "{PROTOCOL}{protocol}"));
        Self { text: text.into(), parts }
    }

    fn allowed(self) -> Result<Self, UriError> {
        if self.parts.is_allowed() {
            return Ok(self);
        }
        let offset = self.as_str().find(';').unwrap_or_default();
        Err(UriError { text: self.text.into(), offset, reason: NO_UDP })
    }
}

impl TryFrom<String> for DiameterUri {
    type Error = UriError;
    fn try_from(text: String) -> Result<Self, UriError> {
        match Parts::read(text.as_bytes()) {
            Ok(parts) => Ok(Self { text: text.into(), parts }),
            Err((offset, fault)) => Err(UriError { text, offset, reason: fault.reason() }),
        }
    }
}

impl TryFrom<&str> for DiameterUri {
    type Error = UriError;
    fn try_from(text: &str) -> Result<Self, UriError> {
        text.to_owned().try_into()
    }
}

impl FromStr for DiameterUri {
    type Err = UriError;
    fn from_str(text: &str) -> Result<Self, UriError> {
        text.try_into()
    }
}

impl AsRef<str> for DiameterUri {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for DiameterUri {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for DiameterUri {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// By text: URIs that only mean the same are different values.
impl PartialEq for DiameterUri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for DiameterUri {}

impl std::hash::Hash for DiameterUri {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for DiameterUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for DiameterUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl AvpValue for DiameterUri {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        let parts = Parts { secure: false, host_len: 0, port: None, transport: None, protocol: None };
        Self { text: Utf8String::default(), parts }
    }

    fn decode_value(&mut self, data: &[u8], decoder: &mut Decoder<'_>) -> Judged {
        self.parts = Parts::read(data).map_err(|(_, fault)| fault)?;
        // Where the parts can be read, all of it is ASCII.
        self.text.decode_value(data, decoder)
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        self.text.encode_value(out)
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        self.text.encode_avp(header, out)
    }
}

impl ListItem for DiameterUri {
    type Storage = OneOrMore<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{decode, encode};

    #[test]
    fn the_examples_of_the_rfc() {
        use UriProtocol::{Diameter, Radius};
        use UriTransport::{Tcp, Udp};
        for (text, port, transport, protocol) in [
            ("aaa://host.example.com;transport=tcp", 3868, Tcp, Diameter),
            ("aaa://host.example.com:6666;transport=tcp", 6666, Tcp, Diameter),
            ("aaa://host.example.com;protocol=diameter", 3868, Tcp, Diameter),
            ("aaa://host.example.com:6666;protocol=diameter", 6666, Tcp, Diameter),
            ("aaa://host.example.com:6666;transport=tcp;protocol=diameter", 6666, Tcp, Diameter),
            ("aaa://host.example.com:1813;transport=udp;protocol=radius", 1813, Udp, Radius),
        ] {
            let uri: DiameterUri = text.parse().unwrap();
            assert_eq!(uri.fqdn(), "host.example.com");
            assert_eq!((uri.port(), uri.transport(), uri.protocol()), (port, transport, protocol), "{text}");
            assert!(!uri.is_secure());
            assert_eq!(uri, text);
            assert_eq!(decode::<DiameterUri>(text.as_bytes()), Ok(uri.clone()));
            assert_eq!(encode(&uri).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn both_ports_for_transport_security_can_be_said() {
        let registered: DiameterUri = "aaas://h.example.com".parse().unwrap();
        assert_eq!((registered.port(), registered.explicit_port()), (5868, None));
        let text_of_the_rfc = registered.with_port(DiameterUri::RFC_TEXT_SECURE_PORT);
        assert_eq!(text_of_the_rfc, "aaas://h.example.com:5658");
        assert_eq!(text_of_the_rfc.port(), 5658);
    }

    #[test]
    fn literals_have_no_case_and_the_text_is_kept() {
        let text = "AAA://Host.Example.COM:03868;Transport=TCP;PROTOCOL=Tacacs+";
        let uri: DiameterUri = text.parse().unwrap();
        assert_eq!((uri.fqdn(), uri.port(), uri.protocol()), ("Host.Example.COM", 3868, UriProtocol::TacacsPlus));
        assert_eq!(uri.to_string(), text);
    }

    #[test]
    fn what_is_wrong_is_located() {
        let long = format!("aaa://{}", "a".repeat(256));
        for (text, offset, reason) in [
            ("", 0, "it must start with `aaa://` or `aaas://`"),
            ("http://h", 0, "it must start with `aaa://` or `aaas://`"),
            ("aaa://", 6, "expected a host name"),
            ("aaas://:3868", 7, "expected a host name"),
            (&long, 261, "the host name is longer than 255 octets"),
            ("aaa://h:", 8, "expected a port from 1 to 65535"),
            ("aaa://h:0", 8, "expected a port from 1 to 65535"),
            ("aaa://h:65536", 8, "expected a port from 1 to 65535"),
            ("aaa://h;transport=tls", 18, "expected tcp, sctp or udp as transport"),
            ("aaa://h;transport=", 18, "expected tcp, sctp or udp as transport"),
            ("aaa://h;protocol=foo", 17, "expected diameter, radius or tacacs+ as protocol"),
            (
                "aaa://h;protocol=radius;transport=tcp",
                23,
                "expected `:port`, `;transport=` and `;protocol=`, in this order, or nothing more",
            ),
            ("aaa://h é", 7, "expected `:port`, `;transport=` and `;protocol=`, in this order, or nothing more"),
            ("aaa://h;transport=udp", 21, NO_UDP),
            ("aaa://h;transport=udp;protocol=diameter", 21, NO_UDP),
        ] {
            let error = text.parse::<DiameterUri>().unwrap_err();
            assert_eq!((error.offset(), error.reason()), (offset, reason), "{text}");
            assert_eq!(decode::<DiameterUri>(text.as_bytes()), Err(Fault::Value { reason }));
        }
        let error = "aaa://h:x".parse::<DiameterUri>().unwrap_err();
        let message = "`aaa://h:x` is not a DiameterURI: expected a port from 1 to 65535 (at octet 8)";
        assert_eq!(error.to_string(), message);
        assert!(decode::<DiameterUri>(b"aaa://h\xff").is_err());
    }

    #[test]
    fn built_by_parts() {
        let uri = DiameterUri::new("h.example.com").unwrap();
        assert_eq!(uri, "aaa://h.example.com");
        let radius = uri.clone().with_protocol(UriProtocol::Radius).unwrap();
        let udp = radius.with_transport(UriTransport::Udp).unwrap().with_security().with_port(1812);
        assert_eq!(udp, "aaas://h.example.com:1812;transport=udp;protocol=radius");
        assert_eq!(udp.as_str().parse::<DiameterUri>().unwrap().parts, udp.parts);
        assert_eq!(udp.clone().with_port(0), "aaas://h.example.com;transport=udp;protocol=radius");

        assert_eq!(udp.with_protocol(UriProtocol::Diameter).unwrap_err().reason(), NO_UDP);
        assert_eq!(uri.with_transport(UriTransport::Udp).unwrap_err().reason(), NO_UDP);
        assert_eq!(DiameterUri::new("h:1").unwrap_err().offset(), 7);
        assert!(DiameterUri::new("").is_err());
    }
}
