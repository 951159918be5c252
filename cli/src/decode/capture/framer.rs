//! Messages out of a stream of octets, parts of which may be missing.

use super::unread::{Loss, Unread};
use diametric_protocol::wire::{AvpFlags, HEADER_LEN, Header, frame_length};

/// What the first AVP of a message takes at least.
const AVP_HEADER_LEN: usize = 8;
/// The longest message that a search believes in, in octets.
const MAX_FOUND_LEN: usize = 1 << 17;
/// How far into other traffic a message is searched for, in octets.
const MAX_SEARCH: u64 = 1 << 18;
/// How much of what precedes the first message is kept, in case what comes before it arrives late, in octets.
const MAX_HEAD: usize = 1 << 16;

/// Receives the messages of a stream: the offset of each in the stream, and its octets.
pub(crate) trait Each: FnMut(u64, &[u8]) -> anyhow::Result<()> {}

impl<F: FnMut(u64, &[u8]) -> anyhow::Result<()>> Each for F {}

/// Finds where messages begin, and puts those together that arrive in parts.
#[derive(Debug)]
pub(crate) struct Framer {
    state: State,
    /// What has arrived of the next message.
    held: Vec<u8>,
    /// Offset of what comes next in the stream, behind what is held.
    offset: u64,
    /// Whether there have been messages: from then on, what is none is a defect and not other traffic.
    recognised: bool,
    /// Whether messages are expected, for instance because of the port.
    expected: bool,
    /// Octets that were passed over and have not been counted yet.
    skipped: u64,
    /// What precedes the first message of a stream whose beginning is not known.
    head: Vec<u8>,
    keeps_head: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A message begins here.
    Boundary,
    /// A message begins somewhere.
    Searching,
    /// A message begins behind so many octets.
    Inside(usize),
    /// Something other than Diameter.
    Foreign,
}

/// Whether a message begins at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    Yes,
    No,
    /// There are too few octets to tell.
    Perhaps,
}

impl Framer {
    /// A stream that begins with a message, if it is one of messages at all; `expected` tells that it should be.
    pub(crate) fn from_beginning(expected: bool) -> Self {
        Self {
            state: State::Boundary,
            held: Vec::new(),
            offset: 0,
            recognised: false,
            expected,
            skipped: 0,
            head: Vec::new(),
            keeps_head: false,
        }
    }

    /// A stream whose beginning is not known.
    pub(crate) fn from_the_middle(expected: bool) -> Self {
        Self { state: State::Searching, keeps_head: true, ..Self::from_beginning(expected) }
    }

    /// Whether there have been messages.
    pub(crate) fn is_recognised(&self) -> bool {
        self.recognised
    }

    /// How many octets are kept.
    pub(crate) fn kept(&self) -> usize {
        self.held.len() + self.head.len()
    }

    /// Whether messages are expected.
    pub(crate) fn is_expected(&self) -> bool {
        self.expected
    }

    /// Whether this is no stream of messages.
    pub(crate) fn is_foreign(&self) -> bool {
        self.state == State::Foreign
    }

    /// Whether what precedes the first message is known.
    pub(crate) fn keeps_head(&self) -> bool {
        self.keeps_head
    }

    /// What precedes the first message, if that is known: everything, while none has been recognised.
    pub(crate) fn head(&self) -> Option<Vec<u8>> {
        let held = if self.recognised { &[][..] } else { &self.held };
        self.keeps_head.then(|| [&self.head, held].concat())
    }

    /// What precedes the first message is known to be this, or not known any more.
    pub(crate) fn set_head(&mut self, head: Option<Vec<u8>>) {
        self.keeps_head = head.is_some();
        self.head = head.unwrap_or_default();
    }

    /// Keeps what precedes the first message no longer.
    pub(crate) fn forget_head(&mut self) {
        (self.keeps_head, self.head) = (false, Vec::new());
    }

    /// Tells that octets that were passed over have been read after all.
    pub(crate) fn found_head(&mut self, length: usize, unread: &mut Unread) {
        if self.recognised {
            unread.take_back(Loss::Skipped, length as u64);
        }
    }

    /// Takes the next octets.
    pub(crate) fn push(&mut self, mut data: &[u8], unread: &mut Unread, each: &mut impl Each) -> anyhow::Result<()> {
        if self.recognised && self.state == State::Boundary && self.held.len() >= HEADER_LEN {
            // The header has been judged: what is left of the message is moved once.
            let length = frame_length(&self.held).ok().flatten().unwrap_or(HEADER_LEN);
            let (part, rest) = data.split_at(data.len().min(length - self.held.len()));
            self.held.extend_from_slice(part);
            self.offset += part.len() as u64;
            if self.held.len() < length {
                return Ok(());
            }
            let frame = std::mem::take(&mut self.held);
            each(self.offset - length as u64, &frame)?;
            // Keep the allocation for the next message that comes in parts.
            self.held = frame;
            self.held.clear();
            data = rest;
        }
        if self.held.is_empty() {
            let rest = self.read(data, unread, each)?;
            self.held.extend_from_slice(rest);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.held);
        self.offset -= joined.len() as u64;
        joined.extend_from_slice(data);
        let rest = self.read(&joined, unread, each)?.len();
        joined.drain(..joined.len() - rest);
        self.held = joined;
        Ok(())
    }

    /// Reads messages, and returns what is to be held. `offset` is that of `data`, then that of its end.
    fn read<'a>(&mut self, mut data: &'a [u8], unread: &mut Unread, each: &mut impl Each) -> anyhow::Result<&'a [u8]> {
        while !data.is_empty() {
            match self.state {
                State::Foreign => {
                    self.offset += data.len() as u64;
                    return Ok(&[]);
                }
                State::Inside(left) => {
                    let passed = left.min(data.len());
                    self.pass(&mut data, passed);
                    self.state = if passed == left { State::Boundary } else { State::Inside(left - passed) };
                }
                State::Boundary => match self.judge(data) {
                    Judgement::Yes => {
                        let length = frame_length(data).ok().flatten().unwrap_or(HEADER_LEN);
                        let Some(frame) = data.get(..length) else {
                            self.offset += data.len() as u64;
                            return Ok(data);
                        };
                        self.recognise(unread);
                        each(self.offset, frame)?;
                        self.pass(&mut data, length);
                    }
                    Judgement::Perhaps => {
                        self.offset += data.len() as u64;
                        return Ok(data);
                    }
                    Judgement::No if self.recognised || self.expected || self.offset > 0 => {
                        self.state = State::Searching
                    }
                    Judgement::No => self.state = State::Foreign,
                },
                State::Searching => {
                    let (at, judgement) = search(data);
                    self.skip(&mut data, at, unread);
                    if judgement == Judgement::Yes {
                        self.state = State::Boundary;
                    } else if !self.recognised && !self.expected && self.skipped > MAX_SEARCH {
                        self.state = State::Foreign;
                        self.forget_head();
                    } else {
                        self.offset += data.len() as u64;
                        return Ok(data);
                    }
                }
            }
        }
        Ok(data)
    }

    /// Whether a message begins where one should.
    fn judge(&self, data: &[u8]) -> Judgement {
        if !self.recognised && !self.expected {
            return is_message(data);
        }
        match data.first_chunk::<HEADER_LEN>() {
            Some(header) if frame_length(header).is_ok_and(|length| length.is_some()) => Judgement::Yes,
            Some(_) => Judgement::No,
            None if data.first() == Some(&1) => Judgement::Perhaps,
            None => Judgement::No,
        }
    }

    fn pass(&mut self, data: &mut &[u8], length: usize) {
        *data = &data[length..];
        self.offset += length as u64;
    }

    fn skip(&mut self, data: &mut &[u8], length: usize, unread: &mut Unread) {
        if self.keeps_head && self.head.len() + length <= MAX_HEAD && !self.recognised {
            self.head.extend_from_slice(&data[..length]);
        } else if !self.recognised {
            self.forget_head();
        }
        self.pass(data, length);
        self.count_skipped(length, unread);
    }

    fn count_skipped(&mut self, length: usize, unread: &mut Unread) {
        if self.recognised {
            unread.add(Loss::Skipped, length as u64);
        } else {
            self.skipped += length as u64;
        }
    }

    /// Takes this for a stream of messages.
    pub(crate) fn recognise(&mut self, unread: &mut Unread) {
        if !self.recognised {
            self.recognised = true;
            unread.add(Loss::Skipped, std::mem::take(&mut self.skipped));
        }
    }

    /// Tells that the next octets are missing.
    pub(crate) fn lose(&mut self, gap: u64, unread: &mut Unread) {
        let held = std::mem::take(&mut self.held);
        self.offset += gap;
        if !self.recognised {
            self.forget_head();
        }
        if self.state == State::Foreign {
            return;
        }
        if self.recognised || self.expected {
            unread.add(Loss::Missing, gap);
        }
        let left = match self.state {
            State::Inside(left) => Some(left),
            State::Boundary if !held.is_empty() => {
                self.cut(unread);
                frame_length(&held).ok().flatten().map(|length| length - held.len())
            }
            _ => {
                self.count_skipped(held.len(), unread);
                None
            }
        };
        self.state = match left.and_then(|left| left.checked_sub(usize::try_from(gap).ok()?)) {
            Some(0) => State::Boundary,
            Some(left) => State::Inside(left),
            None => State::Searching,
        };
    }

    /// Tells that nothing follows.
    pub(crate) fn finish(&mut self, unread: &mut Unread) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Boundary if !held.is_empty() => self.cut(unread),
            State::Searching => self.count_skipped(held.len(), unread),
            _ => {}
        }
        if self.expected {
            unread.add(Loss::Skipped, std::mem::take(&mut self.skipped));
        }
    }

    fn cut(&mut self, unread: &mut Unread) {
        if self.recognised || self.expected {
            unread.add(Loss::Cut, 1);
        }
    }
}

/// Whether a whole message begins here, told without anything else saying so.
pub(crate) fn begins_message(data: &[u8]) -> bool {
    is_message(data) == Judgement::Yes
}

/// Where the first message begins that is there as a whole or, without any, where one may begin; else the end.
fn search(data: &[u8]) -> (usize, Judgement) {
    let mut perhaps = None;
    for at in (0..data.len()).filter(|at| data[*at] == 1) {
        match is_message(&data[at..]) {
            Judgement::Yes => return (at, Judgement::Yes),
            Judgement::Perhaps => perhaps = perhaps.or(Some(at)),
            Judgement::No => {}
        }
    }
    (perhaps.unwrap_or(data.len()), Judgement::Perhaps)
}

/// Whether a message begins here, asked where nothing says that one should: its header has to be plausible, and its AVPs
/// have to follow one another to its end.
fn is_message(data: &[u8]) -> Judgement {
    if data.first() != Some(&1) {
        return Judgement::No;
    }
    let Some(header) = Header::peek(data) else { return Judgement::Perhaps };
    let length = frame_length(data).ok().flatten().unwrap_or_default();
    let is_header = (HEADER_LEN + AVP_HEADER_LEN..=MAX_FOUND_LEN).contains(&length)
        && header.flags.0 & 0x0f == 0
        && !(header.flags.is_request() && header.flags.is_error())
        && header.command > 255;
    if !is_header {
        return Judgement::No;
    }
    let mut at = HEADER_LEN;
    while at < length {
        let Some(head) = data.get(at..).and_then(|rest| rest.first_chunk::<AVP_HEADER_LEN>()) else {
            return Judgement::Perhaps;
        };
        let flags = AvpFlags(head[4]);
        let avp_length = u32::from_be_bytes([0, head[5], head[6], head[7]]) as usize;
        let least = if flags.is_vendor() { 12 } else { 8 };
        if flags.0 & 0x1f != 0 || avp_length < least || at + avp_length > length {
            return Judgement::No;
        }
        at += avp_length.next_multiple_of(4);
    }
    if data.len() < length { Judgement::Perhaps } else { Judgement::Yes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diametric_protocol::wire::CommandFlags;

    fn message(text: &str) -> Vec<u8> {
        let header = Header {
            flags: CommandFlags::REQUEST,
            command: 280,
            application: 0,
            hop_by_hop: Default::default(),
            end_to_end: Default::default(),
        };
        let mut avp = vec![0, 0, 1, 8, 0x40, 0, 0, 8 + text.len() as u8];
        avp.extend(text.bytes());
        avp.resize(avp.len().next_multiple_of(4), 0);
        [&header.to_bytes(20 + avp.len() as u32)[..], &avp].concat()
    }

    struct Run {
        framer: Framer,
        unread: Unread,
        found: Vec<(u64, Vec<u8>)>,
    }

    impl Run {
        fn new(framer: Framer) -> Self {
            Self { framer, unread: Unread::default(), found: Vec::new() }
        }

        fn push(&mut self, data: &[u8]) -> &mut Self {
            let found = &mut self.found;
            let mut each = |offset, frame: &[u8]| {
                found.push((offset, frame.to_vec()));
                Ok(())
            };
            self.framer.push(data, &mut self.unread, &mut each).unwrap();
            self
        }

        fn finish(&mut self) -> (Vec<(u64, Vec<u8>)>, [u64; 3]) {
            self.framer.finish(&mut self.unread);
            let counts = [Loss::Skipped, Loss::Cut, Loss::Missing].map(|loss| self.unread.number(loss));
            (std::mem::take(&mut self.found), counts)
        }
    }

    #[test]
    fn messages_in_pieces_of_every_size() {
        let (one, two) = (message("a.example"), message("bb.example"));
        let stream = [&one[..], &two, &one].concat();
        let expected = vec![(0, one.clone()), (one.len() as u64, two.clone()), ((one.len() + two.len()) as u64, one)];
        for size in 1..=stream.len() {
            for framer in [Framer::from_beginning(false), Framer::from_the_middle(false)] {
                let mut run = Run::new(framer);
                for piece in stream.chunks(size) {
                    run.push(piece);
                }
                assert_eq!(run.finish(), (expected.clone(), [0, 0, 0]), "pieces of {size}");
            }
        }
    }

    #[test]
    fn other_traffic_is_passed_over_in_silence() {
        let page = b"GET / HTTP/1.1\r\n\r\n".repeat(20_000);
        for framer in [Framer::from_beginning(false), Framer::from_the_middle(false)] {
            let mut run = Run::new(framer);
            run.push(&page).push(&message("a"));
            assert_eq!(run.finish(), (vec![], [0, 0, 0]));
        }
        let mut run = Run::new(Framer::from_beginning(true));
        let page = &page[..100];
        run.push(page).push(&message("a"));
        assert_eq!(run.finish(), (vec![(100, message("a"))], [100, 0, 0]));
    }

    #[test]
    fn what_is_no_message_is_passed_over_and_counted() {
        let (one, two) = (message("a"), message("b"));
        for size in 1..100 {
            let stream = [&one[..], &[2, 1, 1, 0, 1], &two, &[1, 0, 0, 8], &one, &two[..30]].concat();
            let mut run = Run::new(Framer::from_the_middle(false));
            for piece in stream.chunks(size) {
                run.push(piece);
            }
            let length = one.len() as u64;
            let expected = vec![(0, one.clone()), (length + 5, two.clone()), (2 * length + 9, one.clone())];
            assert_eq!(run.finish(), (expected, [9, 1, 0]), "pieces of {size}");
        }
    }

    #[test]
    fn behind_a_gap_the_next_message_is_found() {
        let (one, two, three) = (message("a.example"), message("b.example"), message("c.example"));
        let stream = [&one[..], &two, &three].concat();
        let length = one.len();
        // Within the second message, up to its end, into the third; and from the beginning of the second.
        let cases = [
            (length + 25..length + 28, vec![0, 2], [0, 1, 3]),
            (length + 25..2 * length, vec![0, 2], [0, 1, 15]),
            (length + 2..2 * length, vec![0, 2], [0, 1, 38]),
            (length..length + 4, vec![0, 2], [36, 0, 4]),
            (length + 25..2 * length + 4, vec![0], [36, 1, 19]),
        ];
        for (gap, expected, counts) in cases {
            let mut run = Run::new(Framer::from_beginning(false));
            run.push(&stream[..gap.start]);
            run.framer.lose(gap.len() as u64, &mut run.unread);
            run.push(&stream[gap.end..]);
            let (found, counted) = run.finish();
            let found: Vec<u64> = found.iter().map(|(offset, _)| offset / length as u64).collect();
            assert_eq!((found, counted), (expected, counts), "{gap:?}");
        }
    }
}
