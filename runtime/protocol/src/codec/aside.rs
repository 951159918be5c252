//! AVPs that lenient decoding sets aside.

use super::decode::{Found, Place};
use super::{Failure, Known};
use crate::base::ResultCode;
use crate::wire::{AvpFlags, RawAvp};

/// From here on up are the codes that stand in.
const STAND_INS: u32 = 0xffff_ff00;
/// How many AVPs may be set aside. Each may cost another pass over the message.
const MAX_ASIDE: usize = 32;

/// A frame in which AVPs were set aside: they are kept among the extras of their group, whatever is wrong with them.
///
/// In the frame they have a code that nothing knows, and M clear, so that strict decoding leaves them alone. They are given
/// back what they had when they come to the extras. So there is one decoder, and what is lenient costs the strict nothing.
#[derive(Debug)]
pub(crate) struct Aside {
    frame: Vec<u8>,
    avps: Vec<Original>,
}

/// What an AVP had in the place of its stand-in.
#[derive(Clone, Copy, Debug)]
struct Original {
    /// From the beginning of the frame.
    start: usize,
    code: u32,
    flags: AvpFlags,
}

impl Aside {
    /// Nothing is set aside yet.
    pub(crate) fn new(frame: &[u8]) -> Self {
        Self { frame: frame.to_vec(), avps: Vec::new() }
    }

    /// The frame, with stand-ins.
    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Sets aside what `found` complains of. Gives the failures that are so forgiven, or `None` if one cannot be: it is of
    /// the message itself, such as a required AVP that is missing.
    ///
    /// What is missing on account of an earlier round is forgiven with that, and is not told again: `again`.
    pub(crate) fn forgive(&mut self, found: Vec<Found>, known: &Known, again: bool) -> Option<Vec<Failure>> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        let base = self.frame.as_ptr().addr();
        for Found { place, .. } in &found {
            let Place { start, length } = (*place)?;
            places.push((start.checked_sub(base)?, length));
        }
        // Those inside others go with them.
        places.sort_by_key(|(start, length)| (*start, std::cmp::Reverse(*length)));
        let mut end = 0;
        for (start, length) in places {
            if start >= end {
                end = start + length;
                self.set_aside(start, length, known)?;
            }
        }
        let told = |failure: &Failure| !again || failure.result_code != ResultCode::MISSING_AVP;
        Some(found.into_iter().map(|found| found.failure).filter(told).collect())
    }

    fn set_aside(&mut self, start: usize, length: usize, known: &Known) -> Option<()> {
        // What was set aside within is itself again: all of this is kept as it is.
        let inside = |avp: &Original| (start..start + length).contains(&avp.start);
        for avp in self.avps.iter().filter(|avp| inside(avp)) {
            self.frame[avp.start..avp.start + 4].copy_from_slice(&avp.code.to_be_bytes());
            self.frame[avp.start + 4] = avp.flags.0;
        }
        self.avps.retain(|avp| !inside(avp));
        let header = self.frame.get(start..start + 8)?;
        let code = u32::from_be_bytes(*header.first_chunk()?);
        let flags = AvpFlags(header[4]);
        let vendor = match flags.is_vendor() {
            true => u32::from_be_bytes(*self.frame.get(start + 8..)?.first_chunk()?),
            false => 0,
        };
        let used = |stand_in: u32| self.avps.iter().any(|avp| avp.stand_in(&self.frame) == stand_in);
        let free = |stand_in: &u32| !used(*stand_in) && known.avp(vendor, *stand_in).is_none();
        let stand_in = (STAND_INS..=u32::MAX).find(free).filter(|_| self.avps.len() < MAX_ASIDE)?;
        self.frame[start..start + 4].copy_from_slice(&stand_in.to_be_bytes());
        self.frame[start + 4] = flags.0 & !AvpFlags::MANDATORY.0;
        self.avps.push(Original { start, code, flags });
        Some(())
    }

    /// The AVP for which `avp` stands in, if it is a stand-in.
    pub(super) fn original<'a>(&self, avp: &RawAvp<'a>) -> Option<RawAvp<'a>> {
        let start = (avp.data.as_ptr().addr()).checked_sub(self.frame.as_ptr().addr() + avp.header_len())?;
        let original = self.avps.iter().find(|original| original.start == start)?;
        Some(RawAvp { code: original.code, flags: original.flags, ..*avp })
    }
}

impl Original {
    fn stand_in(&self, frame: &[u8]) -> u32 {
        frame.get(self.start..).and_then(|rest| rest.first_chunk()).map_or(0, |code| u32::from_be_bytes(*code))
    }
}
