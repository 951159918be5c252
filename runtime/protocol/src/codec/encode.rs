//! Strict encoding: one pass into a buffer, lengths written back when they are known.

use super::{AvpHeader, AvpValue, EncodeError, Extras, Group, Member, PathSegment};
use crate::value::{INLINE, List, ListItem, OctetString};
use crate::wire::{HEADER_LEN, Header, MAX_MESSAGE_LEN};

/// Largest AVP Length, header included.
const MAX_AVP_LEN: usize = 0x00ff_ffff;

/// Writes AVPs. The first failure is kept, and everything after it is of no consequence.
#[derive(Debug, Default)]
pub struct Encoder {
    // Zero beyond `len`, so that padding is written by skipping.
    buffer: Vec<u8>,
    len: usize,
    error: Option<Box<EncodeError>>,
}

impl Encoder {
    /// Encodes a value alone, without AVP header.
    pub(crate) fn payload<T: AvpValue>(value: &T) -> Result<Vec<u8>, EncodeError> {
        let mut out = Self::default();
        value.encode_value(&mut out);
        out.finish("")
    }

    /// Encodes a message: `header`, then the members of `body`.
    pub(crate) fn message<G: Group>(header: Header, body: &G) -> Result<Vec<u8>, EncodeError> {
        let mut out = Self { buffer: vec![0; 1024], len: HEADER_LEN, error: None };
        body.encode_members(&mut out);
        if out.len > MAX_MESSAGE_LEN {
            let message = format!("the message takes {} octets, more than Message Length can say", out.len);
            out.fail(None, message);
        }
        let header = header.to_bytes(out.len as u32);
        out.buffer[..HEADER_LEN].copy_from_slice(&header);
        out.finish(G::NAME)
    }

    fn finish(mut self, root: &'static str) -> Result<Vec<u8>, EncodeError> {
        match self.error {
            Some(mut error) => {
                error.root = root;
                Err(*error)
            }
            None => {
                self.buffer.truncate(self.len);
                Ok(self.buffer)
            }
        }
    }

    /// Room for `count` octets at the end, zeroed.
    #[inline]
    fn room(&mut self, count: usize) -> &mut [u8] {
        let start = self.len;
        let end = start + count;
        if end > self.buffer.len() {
            self.grow(end);
        }
        self.len = end;
        &mut self.buffer[start..end]
    }

    #[cold]
    fn grow(&mut self, needed: usize) {
        let size = needed.next_power_of_two().max(256);
        self.buffer.resize(size, 0);
    }

    /// Appends octets of a payload.
    #[inline]
    pub fn octets(&mut self, octets: &[u8]) {
        self.room(octets.len()).copy_from_slice(octets);
    }

    /// Appends an AVP with a payload of a size known at compile time.
    #[inline]
    pub fn fixed<const N: usize>(&mut self, header: AvpHeader, payload: [u8; N]) {
        let padded = (N + 3) & !3;
        if header.flags.is_vendor() {
            let out = self.room(12 + padded);
            write_header(out, header, 12 + N);
            out[8..12].copy_from_slice(&header.vendor.to_be_bytes());
            out[12..12 + N].copy_from_slice(&payload);
        } else {
            let out = self.room(8 + padded);
            write_header(out, header, 8 + N);
            out[8..8 + N].copy_from_slice(&payload);
        }
    }

    /// Appends an AVP whose payload is `octets`.
    #[inline]
    pub fn octets_avp(&mut self, header: AvpHeader, octets: &OctetString) {
        let Some((payload, inline)) = octets.inline() else { return self.long_avp(header, octets) };
        // The zeros behind a short value take the place of padding, so it is copied with a fixed size.
        let header_len = if header.flags.is_vendor() { 12 } else { 8 };
        let length = header_len + payload;
        let start = self.len;
        let out = self.room(12 + INLINE);
        write_header(out, header, length);
        if header_len == 12 {
            out[8..12].copy_from_slice(&header.vendor.to_be_bytes());
            out[12..12 + INLINE].copy_from_slice(inline);
        } else {
            out[8..8 + INLINE].copy_from_slice(inline);
        }
        self.len = start + ((length + 3) & !3);
    }

    #[inline(never)]
    fn long_avp(&mut self, header: AvpHeader, octets: &[u8]) {
        let header_len = if header.flags.is_vendor() { 12 } else { 8 };
        let length = header_len + octets.len();
        if length > MAX_AVP_LEN {
            return self.too_long(length);
        }
        let out = self.room((length + 3) & !3);
        write_header(out, header, length);
        if header_len == 12 {
            out[8..12].copy_from_slice(&header.vendor.to_be_bytes());
        }
        out[header_len..length].copy_from_slice(octets);
    }

    /// Starts an AVP whose length is not known yet.
    #[inline]
    pub fn begin_avp(&mut self, header: AvpHeader) -> usize {
        let start = self.len;
        let header_len = if header.flags.is_vendor() { 12 } else { 8 };
        let out = self.room(header_len);
        write_header(out, header, 0);
        if header_len == 12 {
            out[8..12].copy_from_slice(&header.vendor.to_be_bytes());
        }
        start
    }

    /// Ends the AVP that `start` began: its length is written back, its padding appended.
    #[inline]
    pub fn end_avp(&mut self, start: usize) {
        let length = self.len - start;
        if length > MAX_AVP_LEN {
            return self.too_long(length);
        }
        self.buffer[start + 5..start + 8].copy_from_slice(&(length as u32).to_be_bytes()[1..]);
        self.room((4 - length % 4) % 4);
    }

    #[cold]
    fn too_long(&mut self, length: usize) {
        self.fail(None, format!("takes {length} octets, more than AVP Length can say"));
    }

    /// Refuses what is being encoded. Only the first refusal counts.
    #[cold]
    pub fn fail(&mut self, segment: Option<PathSegment>, message: String) {
        if self.error.is_none() {
            let path = segment.into_iter().collect();
            self.error = Some(Box::new(EncodeError { root: "", path, message }));
        }
    }

    /// Refuses a value for its content, such as text that is not a host name.
    #[cold]
    pub fn invalid(&mut self, message: &str) {
        self.fail(None, message.into());
    }

    #[cold]
    pub(super) fn fail_with(&mut self, segment: PathSegment, inner: &EncodeError) {
        if self.error.is_none() {
            let mut path = vec![segment];
            path.extend(inner.path.iter().cloned());
            self.error = Some(Box::new(EncodeError { root: "", path, message: inner.message.clone() }));
        }
    }

    #[inline]
    fn member<T: AvpValue>(&mut self, member: &Member, index: Option<usize>, value: &T) {
        let failed_before = self.error.is_some();
        value.encode_avp(member.header, self);
        if self.error.is_some() && !failed_before {
            self.enclose(member, index);
        }
    }

    #[cold]
    fn enclose(&mut self, member: &Member, index: Option<usize>) {
        if let Some(error) = &mut self.error {
            error.path.insert(0, PathSegment { index, ..PathSegment::of(member) });
        }
    }

    /// A member that occurs exactly once.
    #[inline]
    pub fn required<T: AvpValue>(&mut self, member: &Member, value: &T) {
        self.member(member, None, value);
    }

    /// A member that occurs at most once.
    #[inline]
    pub fn optional<T: AvpValue>(&mut self, member: &Member, value: &Option<T>) {
        if let Some(value) = value {
            self.member(member, None, value);
        }
    }

    /// A large member that occurs at most once.
    #[inline]
    pub fn optional_boxed<T: AvpValue>(&mut self, member: &Member, value: &Option<Box<T>>) {
        if let Some(value) = value {
            self.member(member, None, &**value);
        }
    }

    /// A repeated member.
    #[inline]
    pub fn list<T: AvpValue + ListItem>(&mut self, member: &Member, values: &List<T>) {
        if values.len() < member.min as usize || values.len() > member.max as usize {
            self.miscounted(member, values.len());
        }
        for (index, value) in values.iter().enumerate() {
            self.member(member, Some(index), value);
        }
    }

    #[cold]
    fn miscounted(&mut self, member: &Member, count: usize) {
        let message = if count < member.min as usize {
            format!("has {count} instances, at least {} needed", member.min)
        } else {
            format!("has {count} instances, at most {} allowed", member.max)
        };
        self.fail(Some(PathSegment::of(member)), message);
    }

    /// The AVPs that are not declared members, after those that are.
    #[inline]
    pub fn extras(&mut self, declared: &[Member], extras: &Extras) {
        for avp in extras.iter() {
            avp.encode(declared, self);
        }
    }
}

#[inline]
fn write_header(out: &mut [u8], header: AvpHeader, length: usize) {
    out[0..4].copy_from_slice(&header.code.to_be_bytes());
    out[4..8].copy_from_slice(&(u32::from(header.flags.0) << 24 | length as u32).to_be_bytes());
}
