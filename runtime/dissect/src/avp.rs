//! AVPs.

use crate::{Definition, Dissector, Misfit, Value};
use diametric_protocol::wire::{AvpFlags, AvpReader, FramingFault, RawAvp};

/// How deep groups are followed.
pub const MAX_DEPTH: usize = 32;

/// A sequence of AVPs: those at the top of a message, or the members of a group.
///
/// After an [`Unframed`] it ends.
#[derive(Clone)]
pub struct Avps<'a> {
    dissector: &'a Dissector,
    reader: AvpReader<'a>,
    /// Where it begins in the message.
    base: usize,
    /// In how many groups it is.
    depth: usize,
}

/// One AVP.
///
/// Displayed, it is what `diametric decode` prints of it: its name, code, vendor if it has one, flags and value in one
/// line, or, of a group, in a line for each member.
#[derive(Clone, Copy)]
pub struct DissectedAvp<'a> {
    dissector: &'a Dissector,
    definition: Option<&'a Definition>,
    raw: RawAvp<'a>,
    offset: usize,
    depth: usize,
}

/// An AVP that reaches beyond its end or is cut short, with what can be told of it.
#[derive(Clone, Copy, Debug)]
pub struct Unframed<'a> {
    /// What is wrong.
    pub fault: FramingFault,
    /// Where it begins, from the start of the message.
    pub offset: usize,
    /// Its definition, where code and vendor are there and one is known.
    pub definition: Option<&'a Definition>,
    /// AVP code, if it is there.
    pub code: Option<u32>,
    /// Vendor-Id, if it is there; 0 without V.
    pub vendor: Option<u32>,
    /// Flags, none if they are not there.
    pub flags: AvpFlags,
    /// AVP Length, if it is there.
    pub length: Option<u32>,
    /// All that follows the header, or all there is, to the end of the message or group.
    pub data: &'a [u8],
}

impl<'a> Avps<'a> {
    #[inline]
    pub(crate) fn new(dissector: &'a Dissector, reader: AvpReader<'a>, base: usize, depth: usize) -> Self {
        Self { dissector, reader, base, depth }
    }

    /// What is wrong with the first AVP that is not framed.
    #[inline(always)]
    pub(crate) fn fault(&self) -> Option<Misfit> {
        let mut reader = self.reader.clone();
        while reader.framed().is_some() {}
        if reader.is_empty() { None } else { misfit(reader) }
    }

    /// What stands where no AVP is framed.
    #[cold]
    #[inline(never)]
    fn unframed(&mut self) -> Option<Unframed<'a>> {
        let framing = self.reader.next()?.err()?;
        let rest = framing.rest;
        let word = |at: usize| rest.get(at..)?.first_chunk().copied().map(u32::from_be_bytes);
        let flags = AvpFlags(rest.get(4).copied().unwrap_or_default());
        let code = word(0);
        let vendor = if flags.is_vendor() { word(8) } else { code.and(Some(0)) };
        let header_len = if flags.is_vendor() { 12 } else { 8 };
        Some(Unframed {
            fault: framing.fault,
            offset: self.base + framing.offset,
            definition: vendor.zip(code).and_then(|(vendor, code)| self.dissector.avp(vendor, code)),
            code,
            vendor,
            flags,
            length: word(4).map(|word| word & 0x00ff_ffff),
            data: rest.get(header_len..).unwrap_or(rest),
        })
    }
}

#[cold]
fn misfit(mut reader: AvpReader<'_>) -> Option<Misfit> {
    let framing = reader.next()?.err()?;
    Some(Misfit::Framing { offset: framing.offset, fault: framing.fault })
}

impl<'a> Iterator for Avps<'a> {
    type Item = Result<DissectedAvp<'a>, Unframed<'a>>;

    // Inlined wherever AVPs are read, so that what it returns stays in registers.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.base + self.reader.offset();
        match self.reader.framed() {
            Some(raw) => {
                let definition = self.dissector.avp(raw.vendor, raw.code);
                Some(Ok(DissectedAvp { dissector: self.dissector, definition, raw, offset, depth: self.depth }))
            }
            None if self.reader.is_empty() => None,
            None => self.unframed().map(Err),
        }
    }
}

impl<'a> DissectedAvp<'a> {
    /// AVP code.
    #[inline]
    pub fn code(&self) -> u32 {
        self.raw.code
    }

    /// Vendor-Id; 0 without V.
    #[inline]
    pub fn vendor(&self) -> u32 {
        self.raw.vendor
    }

    /// Flags as received.
    #[inline]
    pub fn flags(&self) -> AvpFlags {
        self.raw.flags
    }

    /// AVP Length: header and payload, in octets.
    #[inline]
    pub fn length(&self) -> usize {
        self.header_len() + self.raw.data.len()
    }

    /// Length of the header: 12 with V, else 8.
    #[inline]
    pub fn header_len(&self) -> usize {
        self.raw.header_len()
    }

    /// Payload without padding.
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.raw.data
    }

    /// Where it begins, from the start of the message.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// In how many groups it is.
    #[inline]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What the dictionary says of it; `None` if it does not know the AVP.
    #[inline]
    pub fn definition(&self) -> Option<&'a Definition> {
        self.definition
    }

    /// Its name, or `unknown`.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.definition.map_or("unknown", Definition::name)
    }

    /// Its value.
    ///
    /// A group is opened if it is framed to its end, each group in it being judged when it is opened. Failed-AVP is opened in any case: what
    /// somebody reports as broken may well be broken.
    ///
    /// # Errors
    /// If the payload does not fit the type that the definition gives it.
    #[inline]
    pub fn value(&self) -> Result<Value<'a>, Misfit> {
        Value::read(self)
    }

    /// Its payload as a sequence of AVPs.
    #[inline]
    pub(crate) fn members(&self) -> Result<Avps<'a>, Misfit> {
        if self.depth >= MAX_DEPTH {
            return Err(Misfit::TooDeep);
        }
        Ok(Avps::new(self.dissector, self.raw.members(), self.offset + self.header_len(), self.depth + 1))
    }

    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        (self.code(), self.vendor()) == (other.code(), other.vendor())
    }
}
