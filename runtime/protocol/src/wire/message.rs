//! Whole messages without a dictionary.

use super::{AvpFlags, AvpReader, Framing, HEADER_LEN, Header, HeaderError, MAX_AVP_LEN, MAX_MESSAGE_LEN, RawAvp};
use crate::codec::{EncodeError, PathSegment};
use crate::value::OctetString;

/// How long the frame at the start of `buffer` is, once enough of it is there to tell.
///
/// # Errors
/// If version or length cannot be those of a message: the stream is something else, or has lost its framing, and cannot
/// be used any more. That is told as soon as it shows, a wrong version with the first octet.
pub fn frame_length(buffer: &[u8]) -> Result<Option<usize>, HeaderError> {
    if let Some(&version) = buffer.first()
        && version != 1
    {
        return Err(HeaderError::Version(version));
    }
    let Some(&[_, a, b, c]) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes([0, a, b, c]);
    if (length as usize) < HEADER_LEN || !length.is_multiple_of(4) || length as usize > MAX_MESSAGE_LEN {
        return Err(HeaderError::Length(length));
    }
    Ok(Some(length as usize))
}

/// A message, borrowed: its header, and its AVPs one after the other.
///
/// ```
/// use diametric_protocol::wire::RawMessage;
/// # let dwr = [1, 0, 0, 32, 0x80, 0, 1, 24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2,
/// #            0, 0, 1, 22, 0x40, 0, 0, 12, 0, 0, 0, 7];
/// let message = RawMessage::read(&dwr)?;
/// assert_eq!(message.header.command, 280);
/// for avp in message.avps() {
///     let avp = avp.expect("well-framed");
///     assert_eq!((avp.code, avp.data), (278, &[0, 0, 0, 7][..]));
/// }
/// # Ok::<(), diametric_protocol::wire::HeaderError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RawMessage<'a> {
    /// The header.
    pub header: Header,
    frame: &'a [u8],
}

impl<'a> RawMessage<'a> {
    /// Reads the header of `frame`, which must hold exactly one message.
    ///
    /// # Errors
    /// If version or length are wrong. AVPs are judged when they are reached.
    pub fn read(frame: &'a [u8]) -> Result<Self, HeaderError> {
        Ok(Self { header: Header::read(frame)?, frame })
    }

    /// The AVPs at the top level.
    pub fn avps(&self) -> AvpReader<'a> {
        AvpReader::new(&self.frame[HEADER_LEN..])
    }

    /// The AVPs at the top level whose codes are `wanted`, of any vendor, up to where their framing is broken. The others cost
    /// little.
    #[inline]
    pub fn select(&self, wanted: impl Fn(u32) -> bool) -> impl Iterator<Item = RawAvp<'a>> {
        let mut avps = self.avps();
        std::iter::from_fn(move || avps.seek(&wanted))
    }

    /// The first AVP at the top level with this vendor and code.
    pub fn find(&self, vendor: u32, code: u32) -> Option<RawAvp<'a>> {
        self.select(|found| found == code).find(|avp| avp.vendor == vendor)
    }

    /// Appends the message, rebuilt from its header and AVPs; the same octets it was read from.
    ///
    /// # Errors
    /// If an AVP is not framed.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Framing<'a>> {
        let start = out.len();
        out.extend_from_slice(&self.header.to_bytes(self.frame.len() as u32));
        let (body, mut avps) = (&self.frame[HEADER_LEN..], self.avps());
        let mut offset = 0;
        while let Some(avp) = avps.next() {
            if let Err(fault) = avp {
                out.truncate(start);
                return Err(fault);
            }
            out.extend_from_slice(&body[offset..avps.offset()]);
            offset = avps.offset();
        }
        Ok(())
    }
}

/// One AVP, owned and undecoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAvpBuf {
    /// AVP code.
    pub code: u32,
    /// Vendor-Id; written when `flags` has V.
    pub vendor: u32,
    /// Flags.
    pub flags: AvpFlags,
    /// Payload without padding.
    pub data: OctetString,
}

impl From<RawAvp<'_>> for RawAvpBuf {
    fn from(avp: RawAvp<'_>) -> Self {
        Self { code: avp.code, vendor: avp.vendor, flags: avp.flags, data: avp.data.into() }
    }
}

impl RawAvpBuf {
    /// Appends the AVP with its padding.
    ///
    /// # Errors
    /// If it is longer than AVP Length can say; nothing is written then.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let length = self.len();
        if length > MAX_AVP_LEN {
            let Self { code, vendor, .. } = *self;
            return Err(*EncodeError::too_long(length).inside(PathSegment { name: None, code, vendor, index: None }));
        }
        self.append(out);
        Ok(())
    }

    /// Length of the AVP without padding.
    fn len(&self) -> usize {
        self.data.len() + if self.flags.is_vendor() { 12 } else { 8 }
    }

    /// Appends the AVP with its padding, where its length is known to be one that AVP Length can say.
    pub(crate) fn append(&self, out: &mut Vec<u8>) {
        let length = self.len();
        out.extend_from_slice(&self.code.to_be_bytes());
        out.extend_from_slice(&(u32::from(self.flags.0) << 24 | length as u32 & 0x00ff_ffff).to_be_bytes());
        if self.flags.is_vendor() {
            out.extend_from_slice(&self.vendor.to_be_bytes());
        }
        out.extend_from_slice(&self.data);
        out.resize(out.len() + (4 - length % 4) % 4, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_avp_longer_than_its_length_can_say_is_refused_and_nothing_is_written() {
        let avp = |octets| RawAvpBuf { code: 25, vendor: 0, flags: AvpFlags::NONE, data: vec![7; octets].into() };
        let mut out = vec![1];
        let error = avp(MAX_AVP_LEN - 7).write(&mut out).unwrap_err();
        assert_eq!(error.to_string(), "AVP 25: takes 16777216 octets, more than AVP Length can say");
        assert_eq!(out, [1]);
        avp(MAX_AVP_LEN - 8).write(&mut out).unwrap();
        let read = AvpReader::new(&out[1..]).next().unwrap().unwrap();
        assert_eq!(read.data.len(), MAX_AVP_LEN - 8);
    }

    #[test]
    fn avps_are_shown_up_to_where_their_framing_is_broken() {
        let avp = |length| [0, 0, 1, 22, 0x40, 0, 0, length, 0, 0, 0, 7];
        let mut frame = vec![1, 0, 0, 56, 0x80, 0, 1, 24, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        frame.extend([avp(12), avp(13), avp(12)].concat());
        let message = RawMessage::read(&frame).unwrap();
        let shown: Vec<_> = message.select(|code| code == 278).map(|avp| (avp.code, avp.data.len())).collect();
        // The second says that it reaches into the third, which then begins amid the payload.
        assert_eq!(shown, [(278, 4), (278, 5)]);
        assert_eq!(message.avps().filter(Result::is_err).count(), 1);
    }

    #[test]
    fn selecting_ends_where_reading_does() {
        // Every length and flag in an AVP between two others, with and without room for a Vendor-Id.
        for flags in [0, 0x80, 0xff] {
            for length in 0..=40_u8 {
                for room in [8, 12, 16] {
                    let mut body = [0, 0, 1, 22, 0x40, 0, 0, 12, 0, 0, 0, 7].to_vec();
                    body.extend([0, 0, 0, 9, flags, 0, 0, length, 0, 0, 1, 22, 0x40, 0, 0, 12]);
                    body.extend([0, 0, 0, 5, 0, 0, 1, 22, 0x40, 0, 0, 9]);
                    body.truncate(12 + room);
                    body.extend([0, 0, 1, 22, 0x40, 0, 0, 12, 0, 0, 0, 8]);
                    let read: Vec<_> =
                        AvpReader::new(&body).map_while(Result::ok).filter(|avp| avp.code == 278).collect();
                    let mut reader = AvpReader::new(&body);
                    let selected: Vec<_> = std::iter::from_fn(|| reader.seek(|code| code == 278)).collect();
                    assert_eq!(selected, read, "flags {flags:#x}, length {length}, room {room}");
                }
            }
        }
    }
}
