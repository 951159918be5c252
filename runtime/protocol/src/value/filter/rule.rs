//! Filter rules in parts, and how they are written.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// A filter rule in parts. Displays as the text it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<A, O> {
    /// What happens to packets that match.
    pub action: A,
    /// Which way they go.
    pub direction: Direction,
    /// Their protocol.
    pub protocol: Protocol,
    /// Where they come from.
    pub source: Endpoint,
    /// Where they go to.
    pub destination: Endpoint,
    /// What else must hold, or is done.
    pub options: Vec<O>,
}

/// An IPFilterRule in parts.
pub type IpRule = Rule<IpAction, IpOption>;

/// A QoSFilterRule in parts.
pub type QosRule = Rule<QosAction, QosOption>;

macro_rules! keywords {
    ($(#[$docs:meta])* $type:ident { $($(#[$variant_docs:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$variant_docs])* $variant,)*
        }

        impl $type {
            /// The keyword.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            pub(super) fn from_word(word: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|value| value.as_str().eq_ignore_ascii_case(word))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

keywords! {
    /// What an IPFilterRule does with packets that match.
    IpAction {
        /// Allows them.
        Permit = "permit",
        /// Drops them.
        Deny = "deny",
    }
}

keywords! {
    /// What a QoSFilterRule does with packets that match.
    QosAction {
        /// Marks them with a DSCP.
        Tag = "tag",
        /// Meters them.
        Meter = "meter",
    }
}

keywords! {
    /// Which way packets go.
    Direction {
        /// From the terminal.
        In = "in",
        /// To the terminal.
        Out = "out",
    }
}

keywords! {
    /// An option in the IP header.
    IpHeaderOption {
        /// Strict source route.
        StrictSourceRoute = "ssrr",
        /// Loose source route.
        LooseSourceRoute = "lsrr",
        /// Record packet route.
        RecordRoute = "rr",
        /// Timestamp.
        Timestamp = "ts",
    }
}

keywords! {
    /// An option in the TCP header.
    TcpOption {
        /// Maximum segment size.
        MaximumSegmentSize = "mss",
        /// Window scaling.
        Window = "window",
        /// Selective acknowledgement.
        SelectiveAck = "sack",
        /// Timestamp.
        Timestamp = "ts",
        /// T/TCP connection count.
        ConnectionCount = "cc",
    }
}

keywords! {
    /// A flag in the TCP header.
    TcpFlag {
        /// FIN.
        Fin = "fin",
        /// SYN.
        Syn = "syn",
        /// RST.
        Rst = "rst",
        /// PSH.
        Psh = "psh",
        /// ACK.
        Ack = "ack",
        /// URG.
        Urg = "urg",
    }
}

/// The protocol above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Any: `ip`.
    Any,
    /// The one with this number.
    Number(u8),
}

/// One end of the packets that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `!`: every address matches but these. Ports are not negated.
    pub negated: bool,
    /// The addresses.
    pub address: AddressMatch,
    /// The ports; none stands for every port.
    pub ports: Vec<RangeInclusive<u16>>,
}

/// Which addresses match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressMatch {
    /// `any`.
    Any,
    /// `assigned`: those assigned to the terminal.
    Assigned,
    /// This address, or those that have its first `bits` bits in common with it.
    Ip {
        /// The address.
        address: IpAddr,
        /// The width of the mask, if there is one.
        bits: Option<u8>,
    },
}

/// Something that must be there, or (`!`) must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence<T> {
    /// It must be there.
    Present(T),
    /// It must not be there.
    Absent(T),
}

/// An option of an IPFilterRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IpOption {
    /// `frag`: a fragment, but not the first.
    Fragment,
    /// `ipoptions`: the IP header has these options.
    IpOptions(Vec<Presence<IpHeaderOption>>),
    /// `tcpoptions`: the TCP header has these options.
    TcpOptions(Vec<Presence<TcpOption>>),
    /// `established`: TCP with RST or ACK set.
    Established,
    /// `setup`: TCP with SYN set, and ACK not.
    Setup,
    /// `tcpflags`: the TCP header has these flags.
    TcpFlags(Vec<Presence<TcpFlag>>),
    /// `icmptypes`: ICMP of these types.
    IcmpTypes(IcmpTypes),
}

/// ICMP types, as ranges. Read from numbers or from the names of RFC 6733 §4.3.1, such as `echo reply`; written as
/// numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpTypes(pub Vec<RangeInclusive<u8>>);

impl IcmpTypes {
    pub(super) const NAMES: [(&'static str, u8); 15] = [
        ("echo reply", 0),
        ("destination unreachable", 3),
        ("source quench", 4),
        ("redirect", 5),
        ("echo request", 8),
        ("router advertisement", 9),
        ("router solicitation", 10),
        ("time-to-live exceeded", 11),
        ("IP header bad", 12),
        ("timestamp request", 13),
        ("timestamp reply", 14),
        ("information request", 15),
        ("information reply", 16),
        ("address mask request", 17),
        ("address mask reply", 18),
    ];
}

/// An option of a QoSFilterRule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QosOption {
    /// `DSCP <color>`: the code point to mark with; a `tag` rule needs it.
    Dscp(String),
    /// `metering <rate> <color_under> <color_over>`; a `meter` rule needs it.
    Metering {
        /// Throughput in bits per second.
        rate: u64,
        /// Code point of traffic below the rate.
        color_under: String,
        /// Code point of traffic above the rate, or `drop`.
        color_over: String,
    },
    /// What else packets must match; RFC 3588 §4.3 had these options in both kinds of rule.
    Match(IpOption),
}

impl<A: fmt::Display, O: fmt::Display> fmt::Display for Rule<A, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, direction, protocol, source, destination, options } = self;
        write!(f, "{action} {direction} {protocol} from {source} to {destination}")?;
        options.iter().try_for_each(|option| write!(f, " {option}"))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("ip"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.negated { "!" } else { "" };
        write!(f, "{not}{}", self.address)?;
        if self.ports.is_empty() { Ok(()) } else { write!(f, " {}", Commas(&self.ports, write_range)) }
    }
}

impl fmt::Display for AddressMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Assigned => f.write_str("assigned"),
            Self::Ip { address, bits: None } => write!(f, "{address}"),
            Self::Ip { address, bits: Some(bits) } => write!(f, "{address}/{bits}"),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Presence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present(what) => what.fmt(f),
            Self::Absent(what) => write!(f, "!{what}"),
        }
    }
}

impl fmt::Display for IpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fragment => f.write_str("frag"),
            Self::IpOptions(options) => write!(f, "ipoptions {}", Commas(options, fmt::Display::fmt)),
            Self::TcpOptions(options) => write!(f, "tcpoptions {}", Commas(options, fmt::Display::fmt)),
            Self::Established => f.write_str("established"),
            Self::Setup => f.write_str("setup"),
            Self::TcpFlags(flags) => write!(f, "tcpflags {}", Commas(flags, fmt::Display::fmt)),
            Self::IcmpTypes(types) => write!(f, "icmptypes {types}"),
        }
    }
}

impl fmt::Display for IcmpTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Commas(&self.0, write_range).fmt(f)
    }
}

impl fmt::Display for QosOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dscp(color) => write!(f, "DSCP {color}"),
            Self::Metering { rate, color_under, color_over } => {
                write!(f, "metering {rate} {color_under} {color_over}")
            }
            Self::Match(option) => option.fmt(f),
        }
    }
}

/// Items with commas between.
struct Commas<'a, T>(&'a [T], fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result);

impl<T> fmt::Display for Commas<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            (self.1)(item, f)?;
        }
        Ok(())
    }
}

fn write_range<T: fmt::Display + PartialEq>(range: &RangeInclusive<T>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if range.start() == range.end() { range.start().fmt(f) } else { write!(f, "{}-{}", range.start(), range.end()) }
}
