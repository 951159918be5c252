//! One direction of a TCP connection: segments put in order.

use super::framer::Framer;
use super::unread::Unread;
use crate::decode::place::When;
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many octets may wait for what is missing before them.
const MAX_WAITING: usize = 4 << 20;
/// How many segments may wait.
const MAX_SEGMENTS: usize = 4096;
/// How far a segment may lie from what is expected; farther away a new connection must have begun.
const MAX_DISTANCE: u64 = 1 << 28;
/// How long missing octets are waited for: as long as the sender may repeat them …
const PATIENCE: Duration = Duration::from_secs(60);
/// … or, where the receiver has acknowledged them, so that nobody repeats them, as long as frames may be out of order.
const PATIENCE_ACKNOWLEDGED: Duration = Duration::from_secs(1);
/// How far a connection may have come when something from before its first segment is still taken, in octets.
const MAX_LATE: u64 = 1 << 20;
/// Positions count from here, so that what comes before the first segment has one as well.
const ORIGIN: u64 = 1 << 32;

/// Receives messages with the frame that completed each.
pub(crate) trait Deliver: FnMut(When, &[u8]) -> Result<()> {}

impl<F: FnMut(When, &[u8]) -> Result<()>> Deliver for F {}

/// What a segment says, besides where it comes from and goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// Sequence number.
    pub(crate) sequence: u32,
    /// Whether it opens the connection.
    pub(crate) syn: bool,
    /// Its octets.
    pub(crate) data: &'a [u8],
    /// The frame it came in.
    pub(crate) when: When,
}

/// Puts segments in order and finds the messages in them.
#[derive(Debug)]
pub(crate) struct Direction {
    /// Whether messages are expected.
    expected: bool,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    framer: Framer,
    /// Sequence number of the position ORIGIN.
    base: u32,
    /// Position of the first octet that is not missing before `next`.
    start: u64,
    /// Whether the connection was seen to begin at `start`.
    has_begun: bool,
    /// Position of the next octet.
    next: u64,
    waiting: BTreeMap<u64, (When, Vec<u8>)>,
    waiting_octets: usize,
    /// When something began to wait.
    gap_since: Option<Duration>,
    /// Whether the receiver has what is missing.
    is_acknowledged: bool,
    /// What came late, from before `start`: a stream of its own, up to there.
    before: Option<Box<Stream>>,
}

impl Direction {
    /// Nothing has come yet; `expected` tells that there should be messages.
    pub(crate) fn new(expected: bool) -> Self {
        Self { expected, stream: None }
    }

    /// How many octets are kept.
    pub(crate) fn kept(&self) -> usize {
        self.stream.as_ref().map_or(0, Stream::kept)
    }

    /// Takes a segment.
    pub(crate) fn segment(&mut self, segment: Segment<'_>, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        let Segment { sequence, syn, data, when } = segment;
        let first = if syn { sequence.wrapping_add(1) } else { sequence };
        if let Some(stream) = &self.stream
            && stream.is_over(first, syn)
        {
            self.finish(unread, each)?;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            // A single octet, mostly zero, is how TCP asks whether the other end is still there.
            None if !syn && (data.is_empty() || data == [0]) => return Ok(()),
            None => self.stream.insert(Stream::new(first, syn, self.expected)),
        };
        if syn {
            stream.begin_at(stream.position(first));
        }
        let position = stream.position(first);
        stream.insert(position, when, data, unread, each)
    }

    /// Takes the number of the octet that the receiver expects next.
    pub(crate) fn acknowledge(&mut self, number: u32) {
        if let Some(stream) = &mut self.stream
            && stream.gap_since.is_some()
        {
            stream.is_acknowledged |= stream.position(number) > stream.next;
        }
    }

    /// Stops waiting for what should have come by now.
    pub(crate) fn expire(&mut self, now: Option<Duration>, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        match &mut self.stream {
            Some(stream) => stream.expire(now, unread, each),
            None => Ok(()),
        }
    }

    /// Reads what can be read without what is missing, and ends the stream.
    pub(crate) fn finish(&mut self, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        match self.stream.take() {
            Some(mut stream) => stream.finish(unread, each),
            None => Ok(()),
        }
    }
}

impl Stream {
    fn new(first: u32, has_begun: bool, expected: bool) -> Self {
        let framer = if has_begun { Framer::from_beginning(expected) } else { Framer::from_the_middle(expected) };
        Self {
            framer,
            base: first,
            start: ORIGIN,
            has_begun,
            next: ORIGIN,
            waiting: BTreeMap::new(),
            waiting_octets: 0,
            gap_since: None,
            is_acknowledged: false,
            before: None,
        }
    }

    fn kept(&self) -> usize {
        self.framer.kept() + self.waiting_octets + self.before.as_ref().map_or(0, |before| before.kept())
    }

    /// Where a sequence number lies, taken to be near what comes next.
    fn position(&self, sequence: u32) -> u64 {
        let next = self.base.wrapping_add((self.next - ORIGIN) as u32);
        self.next.wrapping_add_signed(i64::from(sequence.wrapping_sub(next).cast_signed()))
    }

    /// Whether a segment that begins at `first` belongs to a later connection between the same ports.
    fn is_over(&self, first: u32, syn: bool) -> bool {
        let position = self.position(first);
        let is_far = position.abs_diff(self.next) > MAX_DISTANCE;
        // A SYN comes again, or late, where it was not answered at once or frames are out of order.
        is_far || (syn && if self.has_begun { position != self.start } else { position > self.start })
    }

    /// The connection begins at `position`, which may lie before what has come.
    fn begin_at(&mut self, position: u64) {
        if !self.has_begun && position < self.start {
            let before =
                self.before.get_or_insert_with(|| Self::before(self.base, position, self.framer.is_expected()));
            if before.start == position && before.next == position {
                before.framer = Framer::from_beginning(self.framer.is_expected());
                before.has_begun = true;
            }
        }
    }

    /// A stream that ends where another starts.
    fn before(base: u32, position: u64, expected: bool) -> Box<Self> {
        let mut before = Box::new(Self::new(base, false, expected));
        (before.start, before.next) = (position, position);
        before
    }

    fn insert(
        &mut self,
        mut position: u64,
        when: When,
        mut data: &[u8],
        unread: &mut Unread,
        each: &mut impl Deliver,
    ) -> Result<()> {
        if position < self.start && self.framer.keeps_head() {
            let early = data.len().min((self.start - position) as usize);
            let (early, rest) = data.split_at(early);
            let expected = self.framer.is_expected();
            let before = self.before.get_or_insert_with(|| Self::before(self.base, position, expected));
            before.insert(position, when, early, unread, each)?;
            self.join(when, unread, each)?;
            position += early.len() as u64;
            data = rest;
        }
        let known = self.next.saturating_sub(position).min(data.len() as u64);
        position += known;
        data = &data[known as usize..];
        if data.is_empty() {
            return Ok(());
        }
        if position > self.next {
            return self.wait(position, when, data, unread, each);
        }
        self.push(data, when, unread, each)?;
        self.read_waiting(Some(when), unread, each)?;
        if self.framer.keeps_head() && self.next - self.start > MAX_LATE {
            self.framer.forget_head();
            if let Some(mut before) = self.before.take() {
                before.finish(unread, each)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, data: &[u8], when: When, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        self.next += data.len() as u64;
        self.framer.push(data, unread, &mut |_, frame: &[u8]| each(when, frame))
    }

    /// Keeps a segment until what is missing before it comes.
    fn wait(
        &mut self,
        position: u64,
        when: When,
        data: &[u8],
        unread: &mut Unread,
        each: &mut impl Deliver,
    ) -> Result<()> {
        if self.framer.is_foreign() {
            // Nobody will read it.
            self.next = position + data.len() as u64;
            return Ok(());
        }
        if self.waiting.is_empty() {
            (self.gap_since, self.is_acknowledged) = (when.time, false);
        }
        let held = self.waiting.get(&position).map_or(0, |(_, held)| held.len());
        if held < data.len() {
            self.waiting.insert(position, (when, data.to_vec()));
            self.waiting_octets += data.len() - held;
        }
        if self.waiting_octets > MAX_WAITING || self.waiting.len() > MAX_SEGMENTS {
            self.skip_gap(unread, each)?;
        }
        Ok(())
    }

    /// Reads what is no longer missing anything before it; `now` is the frame that has filled the gap.
    fn read_waiting(&mut self, now: Option<When>, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (position, (own, data)) = entry.remove_entry();
            self.waiting_octets -= data.len();
            let when = now.unwrap_or(own);
            if let Some(rest) = data.get((self.next - position) as usize..).filter(|rest| !rest.is_empty()) {
                self.push(rest, when, unread, each)?;
            }
            (self.gap_since, self.is_acknowledged) = (when.time, false);
        }
        Ok(())
    }

    /// Does without what is missing.
    fn skip_gap(&mut self, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        let Some((&position, (when, _))) = self.waiting.first_key_value() else { return Ok(()) };
        // What is missing is told with the frame behind it, which may have come long ago.
        let now = std::mem::replace(&mut unread.frame, when.frame);
        self.framer.lose(position - self.next, unread);
        unread.frame = now;
        self.next = position;
        self.read_waiting(None, unread, each)
    }

    /// Puts what came late and what follows it together, if nothing is missing between them.
    fn join(&mut self, when: When, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        let Some(mut before) = self.before.take_if(|before| before.next >= self.start) else { return Ok(()) };
        let head = self.framer.head().unwrap_or_default();
        self.framer.found_head(head.len(), unread);
        before.framer.push(&head, unread, &mut |_, frame: &[u8]| each(when, frame))?;
        if self.framer.is_recognised() {
            self.framer.set_head(before.framer.head());
            before.framer.recognise(unread);
            before.framer.finish(unread);
        } else {
            self.framer = before.framer;
        }
        (self.start, self.has_begun, self.before) = (before.start, before.has_begun, before.before);
        Ok(())
    }

    fn expire(&mut self, now: Option<Duration>, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        if let Some(before) = &mut self.before {
            before.expire(now, unread, each)?;
        }
        let patience = if self.is_acknowledged { PATIENCE_ACKNOWLEDGED } else { PATIENCE };
        match (self.gap_since, now) {
            (Some(since), Some(now)) if !self.waiting.is_empty() && now.saturating_sub(since) > patience => {
                self.skip_gap(unread, each)
            }
            _ => Ok(()),
        }
    }

    fn finish(&mut self, unread: &mut Unread, each: &mut impl Deliver) -> Result<()> {
        if let Some(mut before) = self.before.take() {
            before.finish(unread, each)?;
        }
        while !self.waiting.is_empty() {
            self.skip_gap(unread, each)?;
        }
        self.framer.finish(unread);
        Ok(())
    }
}
