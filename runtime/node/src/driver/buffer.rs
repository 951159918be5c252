//! Where received octets wait until they are a message.

use bytes::{Bytes, BytesMut};

/// What an idle connection holds.
const SMALL: usize = 1024;
/// What a busy one reads at once.
pub(super) const LARGE: usize = 64 * 1024;

/// A buffer whose size follows the traffic: a thousand idle connections hold a megabyte, not 64.
pub(super) struct ReadBuffer {
    octets: BytesMut,
    /// Room for the next read.
    size: usize,
}

impl ReadBuffer {
    pub(super) fn new() -> Self {
        Self { octets: BytesMut::new(), size: SMALL }
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// The buffer, with room to read into.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        if self.octets.is_empty() && self.octets.capacity() > 2 * self.size {
            self.octets = BytesMut::new();
        }
        if self.octets.capacity() - self.octets.len() < self.size / 2 {
            self.octets.reserve(self.size);
        }
        &mut self.octets
    }

    /// Takes notice of what one read has brought: much asks for more room, little for less.
    pub(super) fn took(&mut self, count: usize) {
        if self.octets.len() == self.octets.capacity() {
            self.size = (self.size * 4).min(LARGE);
        } else if count < self.size / 4 {
            self.size = (self.size / 2).max(SMALL);
        }
    }

    pub(super) fn split_to(&mut self, length: usize) -> Bytes {
        self.octets.split_to(length).freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, ReadBuffer, SMALL};

    fn read(buffer: &mut ReadBuffer, count: usize) {
        let room = buffer.room();
        let count = count.min(room.capacity() - room.len());
        room.extend_from_slice(&vec![0; count]);
        buffer.took(count);
    }

    #[test]
    fn it_grows_with_the_traffic_and_shrinks_without() {
        let mut buffer = ReadBuffer::new();
        assert!(buffer.room().capacity() <= 2 * SMALL);
        for _ in 0..8 {
            read(&mut buffer, usize::MAX);
            buffer.split_to(buffer.len());
        }
        assert!(buffer.room().capacity() >= LARGE / 2);
        for _ in 0..8 {
            read(&mut buffer, 100);
            buffer.split_to(buffer.len());
        }
        assert!(buffer.room().capacity() <= 2 * SMALL, "{}", buffer.room().capacity());
    }

    #[test]
    fn a_message_may_be_larger_than_the_room() {
        let mut buffer = ReadBuffer::new();
        let mut total = 0;
        while total < 3 * LARGE {
            let before = buffer.len();
            read(&mut buffer, 5000);
            total += buffer.len() - before;
        }
        assert_eq!(buffer.len(), total);
    }
}
