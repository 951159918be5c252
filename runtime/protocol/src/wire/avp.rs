//! AVP headers and framing (RFC 6733 §4.1).

use std::fmt;

/// The flags octet of an AVP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AvpFlags(pub u8);

impl AvpFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// V: a Vendor-Id follows the length.
    pub const VENDOR: Self = Self(0x80);
    /// M: a receiver that does not understand the AVP must reject the message.
    pub const MANDATORY: Self = Self(0x40);
    /// P: reserved, sent clear.
    pub const PROTECTED: Self = Self(0x20);

    /// Whether V is set.
    pub const fn is_vendor(self) -> bool {
        self.0 & Self::VENDOR.0 != 0
    }

    /// Whether M is set.
    pub const fn is_mandatory(self) -> bool {
        self.0 & Self::MANDATORY.0 != 0
    }

    /// Whether P is set.
    pub const fn is_protected(self) -> bool {
        self.0 & Self::PROTECTED.0 != 0
    }

    /// The flags of both.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The letters of the flags that are set, such as `VM`; reserved bits in hexadecimal.
impl fmt::Display for AvpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [(self.is_vendor(), "V"), (self.is_mandatory(), "M"), (self.is_protected(), "P")];
        for (_, letter) in letters.iter().filter(|(set, _)| *set) {
            f.write_str(letter)?;
        }
        match self.0 & 0x1f {
            0 => Ok(()),
            reserved => write!(f, "+{reserved:#04x}"),
        }
    }
}

impl fmt::Debug for AvpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AvpFlags({self})")
    }
}

/// One AVP, borrowed from a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawAvp<'a> {
    /// AVP code.
    pub code: u32,
    /// Vendor-Id; 0 without V.
    pub vendor: u32,
    /// Flags as received.
    pub flags: AvpFlags,
    /// Payload without padding.
    pub data: &'a [u8],
}

impl<'a> RawAvp<'a> {
    /// Reads the payload as a sequence of AVPs.
    pub fn members(&self) -> AvpReader<'a> {
        AvpReader::new(self.data)
    }

    /// Length of the header: 12 with V, else 8.
    pub fn header_len(&self) -> usize {
        if self.flags.is_vendor() { 12 } else { 8 }
    }
}

impl fmt::Debug for RawAvp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} [{}] ", self.code, self.vendor, self.flags)?;
        self.data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// How the framing of an AVP is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingFault {
    /// Fewer octets remain than a header takes.
    TruncatedHeader,
    /// AVP Length is smaller than the header.
    LengthBelowHeader(u32),
    /// AVP Length reaches beyond the enclosing message or group.
    LengthBeyondEnd {
        /// AVP Length.
        length: u32,
        /// Octets that remain.
        available: usize,
    },
}

impl fmt::Display for FramingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TruncatedHeader => f.write_str("the AVP header is cut short"),
            Self::LengthBelowHeader(length) => write!(f, "AVP Length {length} is shorter than the AVP header"),
            Self::LengthBeyondEnd { length, available } => {
                write!(f, "AVP Length {length} reaches beyond the {available} octets that remain")
            }
        }
    }
}

/// An AVP that cannot be framed, with what can be told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing<'a> {
    /// What is wrong.
    pub fault: FramingFault,
    /// Offset of the AVP from the start of the sequence.
    pub offset: usize,
    /// Everything from the AVP's first octet to the end of the sequence.
    pub rest: &'a [u8],
}

/// Reads a sequence of AVPs: the body of a message, or the payload of a group.
#[derive(Clone, Debug)]
pub struct AvpReader<'a> {
    data: &'a [u8],
    length: usize,
}

impl<'a> AvpReader<'a> {
    /// Reads `data` from its start.
    #[inline]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data, length: data.len() }
    }

    /// Offset of the next AVP.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.length - self.data.len()
    }

    /// Whether nothing is left.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The next AVP if it is framed, the quickest way to read many. Where there is none, the iterator tells what is wrong, or
    /// that the sequence has ended.
    #[inline(always)]
    pub fn framed(&mut self) -> Option<RawAvp<'a>> {
        match self.step() {
            Step::Avp(avp) => Some(avp),
            Step::End | Step::Broken(_) => None,
        }
    }

    /// The next AVP whose code is `wanted`, if all up to it are framed. The others cost little more than their length.
    #[inline(always)]
    pub fn seek(&mut self, wanted: impl Fn(u32) -> bool) -> Option<RawAvp<'a>> {
        loop {
            let &[a, b, c, d, e, f, g, h] = self.data.first_chunk()?;
            if wanted(u32::from_be_bytes([a, b, c, d])) {
                return self.framed();
            }
            let word = u32::from_be_bytes([e, f, g, h]);
            let (shortest, length) = (8 + (word >> 31) * 4, word & 0x00ff_ffff);
            if length < shortest || length as usize > self.data.len() {
                return None;
            }
            self.data = self.data.get((length as usize + 3) & !3..).unwrap_or_else(unpadded_end);
        }
    }

    /// How many AVPs from here on, one after the other, have this code and vendor. Stops at the first that does not, or
    /// that is not framed.
    #[inline]
    pub(crate) fn run_length(&self, code: u32, vendor: u32) -> usize {
        let mut reader = self.clone();
        let mut count = 0;
        while let Step::Avp(avp) = reader.step() {
            if avp.code != code || avp.vendor != vendor {
                break;
            }
            count += 1;
        }
        count
    }
}

/// The last AVP of a sequence may come without its padding: nothing that follows depends on it.
#[cold]
fn unpadded_end<'a>() -> &'a [u8] {
    &[]
}

#[cold]
fn misframed(header_len: usize, length: usize, rest: &[u8]) -> FramingFault {
    let (length, available) = (length as u32, rest.len());
    if (length as usize) < header_len {
        FramingFault::LengthBelowHeader(length)
    } else {
        FramingFault::LengthBeyondEnd { length, available }
    }
}

/// What comes next in a sequence.
pub(crate) enum Step<'a> {
    Avp(RawAvp<'a>),
    End,
    Broken(FramingFault),
}

impl<'a> AvpReader<'a> {
    /// Reads one AVP. Inlined wherever AVPs are walked, so that what it returns stays in registers; this is where decoding
    /// spends most of its time.
    #[inline(always)]
    pub(crate) fn step(&mut self) -> Step<'a> {
        let rest = self.data;
        let Some(header) = rest.first_chunk::<8>() else {
            return if rest.is_empty() { Step::End } else { Step::Broken(FramingFault::TruncatedHeader) };
        };
        let code = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let word = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let flags = AvpFlags((word >> 24) as u8);
        let length = (word & 0x00ff_ffff) as usize;
        let (vendor, header_len) = if flags.is_vendor() {
            match rest.first_chunk::<12>() {
                Some(&[.., a, b, c, d]) => (u32::from_be_bytes([a, b, c, d]), 12),
                None => return Step::Broken(FramingFault::TruncatedHeader),
            }
        } else {
            (0, 8)
        };
        let Some(data) = rest.get(header_len..length) else { return Step::Broken(misframed(header_len, length, rest)) };
        self.data = match rest.split_at_checked((length + 3) & !3) {
            Some((_, after)) => after,
            None => unpadded_end(),
        };
        Step::Avp(RawAvp { code, vendor, flags, data })
    }

    #[cold]
    pub(crate) fn broken(&mut self, fault: FramingFault) -> Framing<'a> {
        let framing = Framing { fault, offset: self.offset(), rest: self.data };
        self.data = &[];
        framing
    }
}

/// After an error the sequence ends: where the next AVP would start cannot be known.
impl<'a> Iterator for AvpReader<'a> {
    type Item = Result<RawAvp<'a>, Framing<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Step::Avp(avp) => Some(Ok(avp)),
            Step::End => None,
            Step::Broken(fault) => Some(Err(self.broken(fault))),
        }
    }
}
