//! The one small-value type behind every octet and text value.

use super::{ListItem, OneOrMore, ascii};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Judged};
use crate::wire::put;
use std::fmt;

/// Longest value held inline.
pub(crate) const INLINE: usize = 30;

/// An owned sequence of octets (RFC 6733 §4.2 OctetString): inline up to 30 octets, boxed beyond.
///
/// Most AVP values of charging messages are short; held inline they cost no allocation, and a long-lived value does not
/// keep a whole message alive.
#[derive(Clone)]
pub struct OctetString(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, octets: [u8; INLINE] },
    Boxed(Box<[u8]>),
}

const _: () = assert!(size_of::<OctetString>() == 32);

impl OctetString {
    /// The empty value.
    pub const EMPTY: Self = Self(Repr::Inline { length: 0, octets: [0; INLINE] });

    /// A copy of `octets`.
    #[inline]
    pub fn copy_from(octets: &[u8]) -> Self {
        match octets.len() {
            length @ ..=INLINE => Self(Repr::Inline { length: length as u8, octets: padded(octets) }),
            _ => Self(Repr::Boxed(octets.into())),
        }
    }

    /// Overwrites this value with a copy of `octets`.
    #[inline]
    pub fn assign(&mut self, octets: &[u8]) {
        *self = Self::copy_from(octets);
    }

    /// Overwrites this value with `octets`, and tells whether `suspect` finds anything in them, seen as words of eight.
    #[inline(always)]
    pub(crate) fn assign_judged(&mut self, octets: &[u8], suspect: impl Fn(u64) -> u64 + Copy) -> bool {
        match &mut self.0 {
            Repr::Inline { length, octets: inline } if octets.len() <= INLINE => {
                if *length != 0 {
                    // What stands beyond the value is zero, always.
                    *inline = [0; INLINE];
                }
                *length = octets.len() as u8;
                copy_short(inline, octets, suspect) != 0
            }
            _ => {
                self.assign_long(octets);
                ascii::any(octets, suspect)
            }
        }
    }

    #[inline(never)]
    fn assign_long(&mut self, octets: &[u8]) {
        self.assign(octets);
    }

    /// Where the value is kept inline: its length, and its octets with zeros behind them.
    #[inline]
    pub(crate) fn inline(&self) -> Option<(usize, &[u8; INLINE])> {
        match &self.0 {
            Repr::Inline { length, octets } => Some((usize::from(*length), octets)),
            Repr::Boxed(_) => None,
        }
    }

    /// The octets as a vector of their own.
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Repr::Boxed(octets) => octets.into(),
            _ => self.to_vec(),
        }
    }

    /// The octets.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, octets } => &octets[..usize::from(*length)],
            Repr::Boxed(octets) => octets,
        }
    }
}

/// At most `INLINE` octets with zeros behind them, put together in registers: of octets known at compile time, a constant.
#[inline(always)]
fn padded(octets: &[u8]) -> [u8; INLINE] {
    let word = |at: usize| u64::from_le_bytes(array(&octets[at..]));
    let half = |at: usize| u64::from(u32::from_le_bytes(array(&octets[at..])));
    let length = octets.len();
    // The end is read from where it starts so late that it is whole, and shifted to behind the front.
    let behind = |word: u64, missing: usize| word.unbounded_shr(8 * missing as u32);
    let words = match length {
        24.. => [word(0), word(8), word(16), behind(word(length - 8), 32 - length)],
        16..24 => [word(0), word(8), behind(word(length - 8), 24 - length), 0],
        8..16 => [word(0), behind(word(length - 8), 16 - length), 0, 0],
        4..8 => [half(0) | half(length - 4) << (8 * (length - 4)), 0, 0, 0],
        1..4 => {
            let octet = |at: usize| u64::from(octets[at]) << (8 * at);
            [octet(0) | octet(length / 2) | octet(length - 1), 0, 0, 0]
        }
        0 => [0; 4],
    };
    concat(words)
}

/// The same of a length known at compile time, in pieces that do not overlap: an array given by value is in memory, and is
/// taken from there as it was put there.
#[inline(always)]
fn padded_array<const N: usize>(octets: &[u8; N]) -> [u8; INLINE] {
    let mut words = [0; 4];
    let mut at = 0;
    let mut take = |count: usize, read: fn(&[u8]) -> u64| {
        if N - at >= count {
            words[at / 8] |= read(&octets[at..]) << (8 * (at % 8));
            at += count;
        }
    };
    (0..INLINE / 8).for_each(|_| take(8, |octets| u64::from_le_bytes(array(octets))));
    take(4, |octets| u32::from_le_bytes(array(octets)).into());
    take(2, |octets| u16::from_le_bytes(array(octets)).into());
    take(1, |octets| octets[0].into());
    concat(words)
}

#[inline(always)]
fn concat(words: [u64; 4]) -> [u8; INLINE] {
    let mut octets = [0; INLINE];
    for (at, word) in words[..3].iter().enumerate() {
        put(&mut octets, 8 * at, word.to_le_bytes());
    }
    put(&mut octets, 24, array::<{ INLINE - 24 }>(&words[3].to_le_bytes()));
    octets
}

/// The first `N` octets.
#[inline(always)]
fn array<const N: usize>(octets: &[u8]) -> [u8; N] {
    *octets.first_chunk().expect("as many as asked for")
}

/// Copies at most `INLINE` octets to the front of `to`, and tells what `suspect` finds in them. Two moves of a fixed size
/// that may overlap take the place of a call for a variable one.
#[inline(always)]
fn copy_short(to: &mut [u8; INLINE], from: &[u8], suspect: impl Fn(u64) -> u64) -> u64 {
    let last = from.len().wrapping_sub(16);
    match from.len() {
        16.. => {
            put(to, 0, array::<16>(from));
            put(to, last, array::<16>(&from[last..]));
            let word = |at: usize| ascii::word(&from[at..]);
            suspect(word(0)) | suspect(word(8)) | suspect(word(last)) | suspect(word(last + 8))
        }
        8..16 => {
            let last = from.len() - 8;
            put(to, 0, array::<8>(from));
            put(to, last, array::<8>(&from[last..]));
            suspect(ascii::word(from)) | suspect(ascii::word(&from[last..]))
        }
        4..8 => {
            let last = from.len() - 4;
            put(to, 0, array::<4>(from));
            put(to, last, array::<4>(&from[last..]));
            suspect(ascii::short_word(from))
        }
        length @ 1..4 => {
            to[0] = from[0];
            to[length / 2] = from[length / 2];
            to[length - 1] = from[length - 1];
            suspect(ascii::short_word(from))
        }
        0 => 0,
    }
}

impl Default for OctetString {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl std::ops::Deref for OctetString {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for OctetString {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for OctetString {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for OctetString {}

impl PartialOrd for OctetString {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OctetString {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl PartialEq<[u8]> for OctetString {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_slice() == other
    }
}

impl PartialEq<&[u8]> for OctetString {
    fn eq(&self, other: &&[u8]) -> bool {
        self.as_slice() == *other
    }
}

impl<const N: usize> PartialEq<[u8; N]> for OctetString {
    fn eq(&self, other: &[u8; N]) -> bool {
        self.as_slice() == other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for OctetString {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.as_slice() == *other
    }
}

impl PartialEq<Vec<u8>> for OctetString {
    fn eq(&self, other: &Vec<u8>) -> bool {
        self.as_slice() == other.as_slice()
    }
}

/// Maps with these as keys are looked up by slice.
impl std::borrow::Borrow<[u8]> for OctetString {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl std::hash::Hash for OctetString {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl From<&[u8]> for OctetString {
    #[inline]
    fn from(octets: &[u8]) -> Self {
        Self::copy_from(octets)
    }
}

impl<const N: usize> From<[u8; N]> for OctetString {
    #[inline]
    fn from(octets: [u8; N]) -> Self {
        Self::from(&octets)
    }
}

impl<const N: usize> From<&[u8; N]> for OctetString {
    #[inline]
    fn from(octets: &[u8; N]) -> Self {
        if N > INLINE {
            Self::copy_from(octets)
        } else {
            Self(Repr::Inline { length: N as u8, octets: padded_array(octets) })
        }
    }
}

impl From<Vec<u8>> for OctetString {
    fn from(octets: Vec<u8>) -> Self {
        if octets.len() <= INLINE { Self::copy_from(&octets) } else { Self(Repr::Boxed(octets.into())) }
    }
}

impl From<&Vec<u8>> for OctetString {
    fn from(octets: &Vec<u8>) -> Self {
        Self::copy_from(octets)
    }
}

impl From<Box<[u8]>> for OctetString {
    fn from(octets: Box<[u8]>) -> Self {
        octets.into_vec().into()
    }
}

impl From<OctetString> for Vec<u8> {
    fn from(octets: OctetString) -> Self {
        octets.into_vec()
    }
}

impl FromIterator<u8> for OctetString {
    fn from_iter<I: IntoIterator<Item = u8>>(octets: I) -> Self {
        octets.into_iter().collect::<Vec<_>>().into()
    }
}

/// The octets of the text in UTF-8.
impl From<&str> for OctetString {
    #[inline]
    fn from(text: &str) -> Self {
        Self::copy_from(text.as_bytes())
    }
}

/// Lower-case hexadecimal, without prefix.
impl fmt::Display for OctetString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for OctetString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{self}")
    }
}

impl AvpValue for OctetString {
    const MIN_PAYLOAD: usize = 0;

    #[inline]
    fn blank() -> Self {
        Self::EMPTY
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
        self.assign_judged(data, |_| 0);
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        out.octets(self);
        Ok(())
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        out.octets_avp(header, self)
    }
}

impl ListItem for OctetString {
    type Storage = OneOrMore<Self>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(value: &OctetString) -> &'static str {
        match value.0 {
            Repr::Inline { .. } => "inline",
            Repr::Boxed(_) => "boxed",
        }
    }

    #[test]
    fn where_the_octets_are_kept() {
        for (length, expected) in [(0, "inline"), (1, "inline"), (30, "inline"), (31, "boxed"), (70_000, "boxed")] {
            let octets: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let copy = OctetString::copy_from(&octets);
            assert_eq!((kind(&copy), copy.as_slice()), (expected, &octets[..]));
            assert_eq!(OctetString::from(octets.clone()), octets);
            assert_eq!(kind(&OctetString::from(octets.clone())), expected);

            let mut value = OctetString::from("something else");
            value.assign_judged(&octets, |_| 0);
            assert_eq!((kind(&value), value.as_slice()), (expected, &octets[..]));
            assert_eq!(value, copy);
            assert_eq!(value.clone().into_vec(), octets);
            value.assign(b"");
            assert_eq!(value, OctetString::EMPTY);
        }
    }

    #[test]
    fn short_octets_are_copied_whatever_their_length() {
        fn check<const N: usize>() {
            let octets: [u8; N] = std::array::from_fn(|index| 0xff - index as u8);
            for value in [OctetString::copy_from(&octets), octets.into(), (&octets).into(), octets.to_vec().into()] {
                assert_eq!(value, octets);
                // What stands behind a value takes the place of padding.
                let (length, kept) = value.inline().expect("short");
                assert_eq!((length, &kept[length..]), (N, &[0; INLINE][N..]));
            }
        }
        macro_rules! check {
            ($($length:literal)*) => { $(check::<$length>();)* };
        }
        check!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30);
        assert_eq!(OctetString::from([7; 31]), [7; 31]);
        assert_eq!(OctetString::from(&[7; 400]), [7; 400]);
    }

    #[test]
    fn printed_in_hexadecimal() {
        let value = OctetString::from([0x00, 0xff, 0x10]);
        assert_eq!(value.to_string(), "00ff10");
        assert_eq!(format!("{value:?}"), "0x00ff10");
    }

    #[test]
    fn compared_and_found_as_slices() {
        use std::collections::{BTreeSet, HashSet};
        let values = ["b", "", "aa", "a"].map(OctetString::from);
        let sorted: Vec<_> = BTreeSet::from(values.clone()).into_iter().collect();
        assert_eq!(sorted, ["", "a", "aa", "b"].map(OctetString::from));
        assert!(HashSet::from(values).contains(&b"aa"[..]));
    }
}
