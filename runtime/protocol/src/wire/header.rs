//! The message header (RFC 6733 §3).

use super::put;
use std::fmt;

/// Length of the header in octets.
pub const HEADER_LEN: usize = 20;

/// The largest message: the largest multiple of 4 that Message Length can say.
pub const MAX_MESSAGE_LEN: usize = 0x00ff_fffc;

/// The longest AVP, header included: the largest number that AVP Length can say.
pub const MAX_AVP_LEN: usize = 0x00ff_ffff;

/// Command flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CommandFlags(pub u8);

impl CommandFlags {
    /// No flag: an answer that is not proxiable.
    pub const NONE: Self = Self(0);
    /// R: the message is a request.
    pub const REQUEST: Self = Self(0x80);
    /// P: the message may be proxied, relayed or redirected.
    pub const PROXIABLE: Self = Self(0x40);
    /// E: the message is an answer that reports a protocol error in the answer-message grammar.
    pub const ERROR: Self = Self(0x20);
    /// T: the request may be a duplicate, sent again after a failover or from storage.
    pub const RETRANSMITTED: Self = Self(0x10);

    /// Whether R is set.
    pub const fn is_request(self) -> bool {
        self.0 & Self::REQUEST.0 != 0
    }

    /// Whether P is set.
    pub const fn is_proxiable(self) -> bool {
        self.0 & Self::PROXIABLE.0 != 0
    }

    /// Whether E is set.
    pub const fn is_error(self) -> bool {
        self.0 & Self::ERROR.0 != 0
    }

    /// Whether T is set.
    pub const fn is_retransmitted(self) -> bool {
        self.0 & Self::RETRANSMITTED.0 != 0
    }

    /// The flags of both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The letters of the flags that are set, in the order R, P, E, T.
    pub fn letters(self) -> impl Iterator<Item = char> {
        [(Self::REQUEST, 'R'), (Self::PROXIABLE, 'P'), (Self::ERROR, 'E'), (Self::RETRANSMITTED, 'T')]
            .into_iter()
            .filter_map(move |(flag, letter)| (self.0 & flag.0 != 0).then_some(letter))
    }
}

impl fmt::Display for CommandFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().try_for_each(|letter| write!(f, "{letter}"))
    }
}

impl fmt::Debug for CommandFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandFlags({:#04x} {self})", self.0)
    }
}

/// Matches an answer to its request on one connection; chosen anew on every hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HopByHopId(pub u32);

/// Set by the originator of a request and never changed on the way; with Origin-Host it recognises duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EndToEndId(pub u32);

impl fmt::Display for HopByHopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Display for EndToEndId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// A message header. Version and Message Length are not kept: the one is 1, the other belongs to the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Command flags.
    pub flags: CommandFlags,
    /// Command code, 24 bits.
    pub command: u32,
    /// Application-Id.
    pub application: u32,
    /// Hop-by-hop identifier.
    pub hop_by_hop: HopByHopId,
    /// End-to-end identifier.
    pub end_to_end: EndToEndId,
}

/// Why a header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Fewer than 20 octets.
    #[error("{0} octets are too few for a Diameter header, which takes 20")]
    TooShort(usize),
    /// Version is not 1.
    #[error("version {0} is not supported: Diameter has version 1")]
    Version(u8),
    /// Message Length below 20, or not a multiple of 4.
    #[error("Message Length {0} is not valid: it must be at least 20 and a multiple of 4")]
    Length(u32),
    /// Message Length does not fit the octets at hand.
    #[error("Message Length says {length} octets, but there are {available}")]
    LengthMismatch {
        /// Message Length.
        length: u32,
        /// Octets at hand.
        available: usize,
    },
}

impl Header {
    /// Reads the header at the start of `frame`, without judging version or length.
    ///
    /// Even a message that must be refused has the identifiers its answer needs.
    #[inline]
    pub fn peek(frame: &[u8]) -> Option<Self> {
        let header = frame.first_chunk::<HEADER_LEN>()?;
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(Self {
            flags: CommandFlags(header[4]),
            command: word(4) & 0x00ff_ffff,
            application: word(8),
            hop_by_hop: HopByHopId(word(12)),
            end_to_end: EndToEndId(word(16)),
        })
    }

    /// Reads the header of `frame`, which must hold exactly one message.
    ///
    /// # Errors
    /// If version or length are wrong.
    #[inline]
    pub fn read(frame: &[u8]) -> Result<Self, HeaderError> {
        let header = Self::peek(frame).ok_or(HeaderError::TooShort(frame.len()))?;
        let length = u32::from_be_bytes([0, frame[1], frame[2], frame[3]]);
        if length < HEADER_LEN as u32 || !length.is_multiple_of(4) {
            return Err(HeaderError::Length(length));
        }
        if frame[0] != 1 {
            return Err(HeaderError::Version(frame[0]));
        }
        if length as usize != frame.len() {
            return Err(HeaderError::LengthMismatch { length, available: frame.len() });
        }
        Ok(header)
    }

    /// The header on the wire, for a message of `length` octets.
    #[inline]
    pub fn to_bytes(self, length: u32) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        put(&mut out, 0, (0x0100_0000 | (length & 0x00ff_ffff)).to_be_bytes());
        put(&mut out, 4, (u32::from(self.flags.0) << 24 | (self.command & 0x00ff_ffff)).to_be_bytes());
        put(&mut out, 8, self.application.to_be_bytes());
        put(&mut out, 12, self.hop_by_hop.0.to_be_bytes());
        put(&mut out, 16, self.end_to_end.0.to_be_bytes());
        out
    }
}
