//! The output buffer.

use super::text::{ZEROS, eight_digits, is_plain, is_plain_octet};
use std::net::Ipv4Addr;

/// How much more room than is asked for is made at once, in octets.
const AHEAD: usize = 1024;

/// What has been written, and room for more: where the next octet goes is counted apart from the vector's length, so that
/// what is short is written in a length that the compiler knows, and as many octets of it kept as are meant.
#[derive(Debug, Default)]
pub(crate) struct Out {
    octets: Vec<u8>,
    length: usize,
    /// Takes what is written as to a vector, until it is put where it belongs.
    aside: Vec<u8>,
}

/// Room to write into. The place stays in a register.
pub(crate) struct Room<'a> {
    octets: &'a mut [u8],
    at: usize,
}

impl Out {
    /// What has been written.
    pub(crate) fn written(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    /// How much has been written.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Forgets what was written after this length, or nothing if it is none that there was.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Writes as to any vector, an empty one, for what is written seldom or may have any length.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut aside = std::mem::take(&mut self.aside);
        write(&mut aside);
        self.write(aside.len(), |room| room.all(&aside));
        aside.clear();
        self.aside = aside;
    }

    /// Writes at most `room` octets; what is written in a known length counts in that length.
    #[inline(always)]
    pub(crate) fn write<T>(&mut self, room: usize, write: impl FnOnce(&mut Room<'_>) -> T) -> T {
        match self.octets.get_mut(self.length..) {
            Some(octets) if octets.len() >= room => {
                let mut room = Room { octets, at: 0 };
                let result = write(&mut room);
                self.length += room.at;
                result
            }
            // Apart, so that the compiler knows above how much room there is.
            _ => self.grow_and_write(room, write),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_and_write<T>(&mut self, room: usize, write: impl FnOnce(&mut Room<'_>) -> T) -> T {
        self.octets.resize(self.length + room + AHEAD, 0);
        let mut room = Room { octets: &mut self.octets[self.length..], at: 0 };
        let result = write(&mut room);
        self.length += room.at;
        result
    }
}

/// Appends a number in decimal.
pub(crate) fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut room = Room { octets: &mut [0; 24], at: 0 };
    room.decimal(number);
    out.extend_from_slice(&room.octets[..room.at]);
}

impl Room<'_> {
    /// Writes all of `text` and keeps `length` octets of it.
    #[inline(always)]
    pub(crate) fn part<const N: usize>(&mut self, text: &[u8; N], length: usize) {
        self.octets[self.at..][..N].copy_from_slice(text);
        self.at += length;
    }

    /// Writes a text whose length the compiler knows.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, text: &[u8; N]) {
        self.part(text, N);
    }

    /// Writes a text.
    pub(crate) fn all(&mut self, text: &[u8]) {
        self.octets[self.at..][..text.len()].copy_from_slice(text);
        self.at += text.len();
    }

    /// Writes octets in lower-case hexadecimal.
    pub(crate) fn hex(&mut self, octets: &[u8]) {
        let room = &mut self.octets[self.at..][..2 * octets.len()];
        super::text::write_hex(room, octets);
        self.at += room.len();
    }

    /// Writes a number in decimal; takes room for 24 octets.
    #[inline(always)]
    pub(crate) fn decimal(&mut self, number: u64) {
        match number {
            0..10 => self.put(&[b'0' + number as u8]),
            10..100_000_000 => self.short_decimal(number as u32),
            _ => self.long_decimal(number),
        }
    }

    fn long_decimal(&mut self, number: u64) {
        match number / 100_000_000 {
            high @ 0..100_000_000 => self.short_decimal(high as u32),
            high => self.long_decimal(high),
        }
        self.put(&(eight_digits((number % 100_000_000) as u32) | ZEROS).to_le_bytes());
    }

    /// Below a hundred million, but not 0.
    #[inline(always)]
    fn short_decimal(&mut self, number: u32) {
        let digits = eight_digits(number);
        let leading = (digits.trailing_zeros() / 8) as usize;
        self.part(&((digits | ZEROS) >> (8 * leading)).to_le_bytes(), 8 - leading);
    }

    /// Writes a number with its sign in decimal; takes room for 24 octets.
    #[inline]
    pub(crate) fn signed(&mut self, number: i64) {
        if number < 0 {
            self.put(b"-");
        }
        self.decimal(number.unsigned_abs());
    }

    /// Writes an IPv4 address; takes room for 32 octets.
    pub(crate) fn ipv4(&mut self, address: Ipv4Addr) {
        let [first, rest @ ..] = address.octets();
        self.decimal(first.into());
        for octet in rest {
            self.put(b".");
            self.decimal(octet.into());
        }
    }

    /// Copies octets and tells whether they are plain: printable ASCII without quotes and backslashes.
    #[inline(always)]
    pub(crate) fn plain(&mut self, octets: &[u8]) -> bool {
        match octets.len() {
            0 => true,
            1..4 => {
                self.all(octets);
                octets.iter().all(|octet| is_plain_octet(*octet))
            }
            4..8 => self.two::<4>(octets),
            8..16 => self.two::<8>(octets),
            16..=32 => self.two::<16>(octets),
            _ => self.long_plain(octets),
        }
    }

    /// Copies at least `N` and at most twice as many: the first of them, and the last, which may overlap.
    #[inline(always)]
    fn two<const N: usize>(&mut self, octets: &[u8]) -> bool {
        let (Some(first), Some(last)) = (octets.first_chunk::<N>(), octets.last_chunk::<N>()) else { return false };
        self.part(first, octets.len() - N);
        self.put(last);
        is_plain(first) & is_plain(last)
    }

    fn long_plain(&mut self, octets: &[u8]) -> bool {
        self.all(octets);
        let (chunks, rest) = octets.as_chunks::<16>();
        let last = octets.last_chunk::<16>().unwrap_or(&[b' '; 16]);
        chunks.iter().fold(rest.is_empty() || is_plain(last), |all, chunk| all & is_plain(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(room: usize, write: impl FnOnce(&mut Room<'_>)) -> Vec<u8> {
        let mut out = Out::default();
        out.write(room, write);
        out.written().to_vec()
    }

    #[test]
    fn numbers_to_their_limits() {
        let powers = (0..20).map(|power| 10_u64.pow(power)).flat_map(|power| [power - 1, power, power + 1]);
        for number in powers.chain([1_234_567_890, 12_345_678, 90_909_090, u64::MAX - 1, u64::MAX]).chain(0..20_000) {
            assert_eq!(written(24, |room| room.decimal(number)), number.to_string().into_bytes());
        }
        for number in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(written(24, |room| room.signed(number)), number.to_string().into_bytes());
        }
        for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, Ipv4Addr::new(1, 22, 0, 192)] {
            assert_eq!(written(32, |room| room.ipv4(address)), address.to_string().into_bytes());
        }
    }

    #[test]
    fn text_of_any_length_is_copied_and_what_is_not_plain_is_seen_wherever_it_stands() {
        for length in 0..70 {
            let text: Vec<u8> = (0..length).map(|position| b'a' + position % 26).collect();
            let mut is_plain = false;
            assert_eq!(written(text.len(), |room| is_plain = room.plain(&text)), text);
            assert!(is_plain, "{length}");
            for position in 0..text.len() {
                for octet in [0, 0x1f, b'"', b'\\', 0x7f, 0x80, 0xff] {
                    let mut text = text.clone();
                    text[position] = octet;
                    written(text.len(), |room| is_plain = room.plain(&text));
                    assert!(!is_plain, "{octet:#x} at {position} of {length}");
                }
            }
        }
    }

    #[test]
    fn what_is_written_in_either_way_stands_behind_one_another() {
        let mut out = Out::default();
        out.write(2, |room| room.put(b"ab"));
        out.append(|out| out.extend_from_slice(b"cd"));
        out.write(8, |room| room.part(b"efxx", 2));
        let length = out.len();
        out.write(8, |room| room.hex(&[0xa0, 0x0f]));
        assert_eq!(out.written(), b"abcdefa00f");
        out.truncate(length);
        out.append(|out| out.push(b'!'));
        assert_eq!(out.written(), b"abcdef!");
    }
}
