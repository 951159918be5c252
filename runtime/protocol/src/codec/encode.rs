//! Strict encoding: one pass into a buffer, lengths written back when they are known.

use super::{AvpHeader, AvpValue, EncodeError, Extras, Group, Identities, MANY, Member, PathSegment};
use crate::value::{DiameterIdentity, INLINE, List, ListItem, OctetString};
use crate::wire::{HEADER_LEN, Header, MAX_AVP_LEN, MAX_MESSAGE_LEN, put};

/// The capacity that a message starts with: more than most take, and not more than an allocator has at hand.
const CAPACITY: usize = 1024;

/// Whether something could be encoded. The first failure ends the encoding; the groups around it put themselves in front
/// of its path.
pub type Encoded = Result<(), Box<EncodeError>>;

/// Writes AVPs.
#[derive(Debug, Default)]
pub struct Encoder {
    // Zero beyond `len`, so that padding is written by skipping.
    buffer: Vec<u8>,
    len: usize,
}

impl Encoder {
    /// Encodes a value alone, without AVP header.
    pub(crate) fn payload<T: AvpValue>(value: &T) -> Result<Vec<u8>, EncodeError> {
        let mut out = Self::default();
        value.encode_value(&mut out).map_err(|error| *error)?;
        Ok(out.finish())
    }

    /// Encodes a message: `header`, then the members of `body`.
    pub(crate) fn message<G: Group>(header: Header, body: &G) -> Result<Vec<u8>, EncodeError> {
        let mut out = Self { buffer: Vec::with_capacity(CAPACITY), len: HEADER_LEN };
        // Zeroed as it is needed: allocators are slower at zeroed memory than at any.
        out.buffer.resize(CAPACITY / 2, 0);
        let done = body.encode_members(&mut out).and_then(|()| out.write_header(header));
        match done {
            Ok(()) => Ok(out.finish()),
            Err(error) => Err(EncodeError { root: G::NAME, ..*error }),
        }
    }

    fn write_header(&mut self, header: Header) -> Encoded {
        if self.len > MAX_MESSAGE_LEN {
            let message = format!("the message takes {} octets, more than Message Length can say", self.len);
            return Err(EncodeError::invalid(&message));
        }
        put(&mut self.buffer, 0, header.to_bytes(self.len as u32));
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.buffer.truncate(self.len);
        self.buffer
    }

    /// The next `N` octets, zeroed, if there is room for them. They count when `len` is set behind them.
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.buffer.get_mut(self.len..)?.first_chunk_mut()
    }

    /// Makes room for `count` octets.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, count: usize) {
        let size = (self.len + count).next_power_of_two().max(256);
        self.buffer.resize(size, 0);
    }

    /// Appends octets of a payload.
    #[inline]
    pub fn octets(&mut self, octets: &[u8]) {
        let (start, end) = (self.len, self.len + octets.len());
        if self.buffer.len() < end {
            self.grow(octets.len());
        }
        self.buffer[start..end].copy_from_slice(octets);
        self.len = end;
    }

    /// Appends an AVP with a payload of a size known at compile time, at most 8 octets.
    #[inline(always)]
    pub fn fixed<const N: usize>(&mut self, header: AvpHeader, payload: [u8; N]) -> Encoded {
        self.fixed_avp(header.word(), header.vendor, payload);
        Ok(())
    }

    // The header as two numbers, which are constants where members are encoded. Growing is a call at the end, so that the
    // way without it has no registers to save; it is the same below.
    #[inline(never)]
    fn fixed_avp<const N: usize>(&mut self, word: u64, vendor: u32, payload: [u8; N]) {
        const { assert!(N <= 8) };
        let Some(out) = self.next::<20>() else { return self.grow_fixed_avp(word, vendor, payload) };
        let header_len = if is_vendor(word) {
            put(out, 8, vendor.to_be_bytes());
            put(out, 12, payload);
            12
        } else {
            put(out, 8, payload);
            8
        };
        put(out, 0, (word | (header_len + N) as u64).to_be_bytes());
        self.len += header_len + ((N + 3) & !3);
    }

    #[cold]
    #[inline(never)]
    fn grow_fixed_avp<const N: usize>(&mut self, word: u64, vendor: u32, payload: [u8; N]) {
        self.grow(20);
        self.fixed_avp(word, vendor, payload);
    }

    /// Appends an AVP whose payload is `octets`.
    #[inline(always)]
    pub fn octets_avp(&mut self, header: AvpHeader, octets: &OctetString) -> Encoded {
        self.write_octets(header.word(), header.vendor, octets)
    }

    #[inline(never)]
    fn write_octets(&mut self, word: u64, vendor: u32, octets: &OctetString) -> Encoded {
        let Some((payload, inline)) = octets.inline() else { return self.long_avp(word, vendor, octets) };
        // The zeros behind a short value take the place of padding, so it is copied with a fixed size.
        let Some(out) = self.next::<{ 12 + INLINE }>() else { return self.grow_octets(word, vendor, octets) };
        let length = if is_vendor(word) {
            put(out, 8, vendor.to_be_bytes());
            put(out, 12, *inline);
            12 + payload
        } else {
            put(out, 8, *inline);
            8 + payload
        };
        put(out, 0, (word | length as u64).to_be_bytes());
        self.len += (length + 3) & !3;
        Ok(())
    }

    /// Appends an AVP whose payload is `identity`.
    #[inline(always)]
    pub(crate) fn identity_avp(&mut self, header: AvpHeader, identity: &DiameterIdentity) -> Encoded {
        self.write_identity(header.word(), header.vendor, identity)
    }

    #[inline(never)]
    fn write_identity(&mut self, word: u64, vendor: u32, identity: &DiameterIdentity) -> Encoded {
        self.write_octets(word, vendor, identity.valid()?)
    }

    #[cold]
    #[inline(never)]
    fn grow_octets(&mut self, word: u64, vendor: u32, octets: &OctetString) -> Encoded {
        self.grow(12 + INLINE);
        self.write_octets(word, vendor, octets)
    }

    #[inline(never)]
    fn long_avp(&mut self, word: u64, vendor: u32, octets: &[u8]) -> Encoded {
        let start = self.begin(word, vendor);
        let length = self.len - start + octets.len();
        if length > MAX_AVP_LEN {
            return Err(EncodeError::too_long(length));
        }
        self.octets(octets);
        self.end_avp(start)
    }

    /// Starts an AVP whose length is not known yet.
    #[inline]
    pub fn begin_avp(&mut self, header: AvpHeader) -> usize {
        self.begin(header.word(), header.vendor)
    }

    #[inline(always)]
    fn begin(&mut self, word: u64, vendor: u32) -> usize {
        let start = self.len;
        if self.buffer.len() - start < 12 {
            self.grow(12);
        }
        let Some(out) = self.next::<12>() else { unreachable!("grown to hold it") };
        put(out, 0, word.to_be_bytes());
        if is_vendor(word) {
            put(out, 8, vendor.to_be_bytes());
            self.len = start + 12;
        } else {
            self.len = start + 8;
        }
        start
    }

    /// Ends the AVP that `start` began: its length is written back, its padding appended.
    #[inline]
    pub fn end_avp(&mut self, start: usize) -> Encoded {
        let length = self.len - start;
        if length > MAX_AVP_LEN {
            return Err(EncodeError::too_long(length));
        }
        let [.., a, b, c] = (length as u32).to_be_bytes();
        if let Some(header) = self.buffer.get_mut(start..).and_then(|avp| avp.first_chunk_mut::<8>()) {
            [header[5], header[6], header[7]] = [a, b, c];
        }
        let end = start + ((length + 3) & !3);
        if self.buffer.len() < end {
            self.grow(3);
        }
        self.len = end;
        Ok(())
    }

    /// Appends a Grouped AVP.
    #[inline]
    pub fn group_avp<G: Group>(&mut self, header: AvpHeader, group: &G) -> Encoded {
        let start = self.begin_avp(header);
        group.encode_members(self)?;
        self.end_avp(start)
    }

    #[inline(always)]
    fn member<T: AvpValue>(&mut self, member: &Member, index: Option<usize>, value: &T) -> Encoded {
        match value.encode_avp(member.header, self) {
            Ok(()) => Ok(()),
            Err(error) => Err(enclosed(error, member, index)),
        }
    }

    /// A member that occurs exactly once.
    #[inline(always)]
    pub fn required<T: AvpValue>(&mut self, member: &Member, value: &T) -> Encoded {
        self.member(member, None, value)
    }

    /// A member that occurs at most once.
    #[inline(always)]
    pub fn optional<T: AvpValue>(&mut self, member: &Member, value: &Option<T>) -> Encoded {
        match value {
            Some(value) => self.member(member, None, value),
            None => Ok(()),
        }
    }

    /// A large member that occurs at most once.
    #[inline(always)]
    pub fn optional_boxed<T: AvpValue>(&mut self, member: &Member, value: &Option<Box<T>>) -> Encoded {
        match value {
            Some(value) => self.member(member, None, &**value),
            None => Ok(()),
        }
    }

    /// A repeated member.
    #[inline(always)]
    pub fn list<T: AvpValue + ListItem>(&mut self, member: &Member, values: &List<T>) -> Encoded {
        // Both bounds are constants here.
        let count = values.len();
        if count < member.min as usize || member.max != MANY && count > member.max as usize {
            return Err(miscounted(member, count));
        }
        if values.is_empty() { Ok(()) } else { self.items(member, values) }
    }

    #[inline(never)]
    fn items<T: AvpValue>(&mut self, member: &Member, values: &[T]) -> Encoded {
        // An iterator with `enumerate` is several times the code, for each type.
        let mut index = 0;
        while let Some(value) = values.get(index) {
            self.member(member, Some(index), value)?;
            index += 1;
        }
        Ok(())
    }

    /// The AVPs that are not declared members, after those that are.
    #[inline(never)]
    pub fn extras(&mut self, declared: &[Member], identities: &Identities, extras: &Extras) -> Encoded {
        extras.iter().try_for_each(|avp| avp.encode(declared, identities, self))
    }
}

#[cold]
#[inline(never)]
fn enclosed(error: Box<EncodeError>, member: &Member, index: Option<usize>) -> Box<EncodeError> {
    error.inside(PathSegment { index, ..PathSegment::of(member) })
}

#[cold]
#[inline(never)]
fn miscounted(member: &Member, count: usize) -> Box<EncodeError> {
    let message = if count < member.min as usize {
        format!("has {count} instances, at least {} needed", member.min)
    } else {
        format!("has {count} instances, at most {} allowed", member.max)
    };
    EncodeError::at(PathSegment::of(member), message)
}

/// Whether the V flag is set in the first eight octets of an AVP.
#[inline(always)]
fn is_vendor(word: u64) -> bool {
    word as u32 & 0x8000_0000 != 0
}
