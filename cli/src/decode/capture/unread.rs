//! What of the input could not be read.

use crate::report;
use serde_json::{Value, json};

/// Ways of not being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Octets among messages that belong to none.
    Skipped,
    /// Messages whose middle or end is missing.
    Cut,
    /// Octets of connections that are not in the capture.
    Missing,
    /// Frames whose headers make no sense.
    BadFrame,
    /// Frames of a link type that is not known.
    UnknownLink,
    /// IP datagrams of which fragments are missing.
    Fragments,
    /// Blocks of the file that make no sense.
    BadBlock,
}

/// The ways, what one is called and what several are, and the member that counts them in an object.
const LOSSES: [(Loss, &str, &str, &str); 7] = [
    (Loss::Skipped, "octet that belongs to no message", "octets that belong to no message", "skipped_octets"),
    (Loss::Cut, "message cut short", "messages cut short", "cut_messages"),
    (Loss::Missing, "octet that is not in the capture", "octets that are not in the capture", "missing_octets"),
    (Loss::BadFrame, "frame with headers that make no sense", "frames with headers that make no sense", "bad_frames"),
    (
        Loss::UnknownLink,
        "frame of a link type that is not known",
        "frames of a link type that is not known",
        "unknown_link_frames",
    ),
    (
        Loss::Fragments,
        "IP datagram with fragments missing",
        "IP datagrams with fragments missing",
        "incomplete_datagrams",
    ),
    (Loss::BadBlock, "block of the file that makes no sense", "blocks of the file that make no sense", "bad_blocks"),
];

/// What could not be read, how much of it, and where it began.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    /// The frame that is being read, 0 if the input has no frames.
    pub(crate) frame: u64,
    counts: [Count; LOSSES.len()],
    /// Lines that have been complained about.
    pub(crate) lines: u64,
    /// Why reading had to end before the input did.
    pub(crate) end: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    number: u64,
    /// The frame where it was first.
    first: u64,
}

impl Unread {
    /// Counts.
    pub(crate) fn add(&mut self, loss: Loss, number: u64) {
        let count = &mut self.counts[loss as usize];
        if count.number == 0 && number > 0 {
            count.first = self.frame;
        }
        count.number += number;
    }

    /// Counts less, since it has been read after all.
    pub(crate) fn take_back(&mut self, loss: Loss, number: u64) {
        let count = &mut self.counts[loss as usize];
        count.number = count.number.saturating_sub(number);
    }

    /// How much there is of something.
    #[cfg(test)]
    pub(crate) fn number(&self, loss: Loss) -> u64 {
        self.counts[loss as usize].number
    }

    /// Whether everything has been read.
    pub(crate) fn is_nothing(&self) -> bool {
        self.end.is_none() && self.lines == 0 && self.counts.iter().all(|count| count.number == 0)
    }

    /// What could not be read, for programs.
    pub(crate) fn object(&self) -> Value {
        let counts =
            LOSSES.iter().map(|(loss, _, _, member)| ((*member).to_owned(), json!(self.counts[*loss as usize].number)));
        let others = [("lines".to_owned(), json!(self.lines)), ("end".to_owned(), json!(self.end))];
        Value::Object(counts.chain(others).collect())
    }

    /// Tells what could not be read, on standard error, a line for each kind.
    pub(crate) fn tell(&self) {
        for (loss, one, many, _) in LOSSES {
            let Count { number, first } = self.counts[loss as usize];
            match (number, first) {
                (0, _) => {}
                (number, 0) => {
                    report::line(format_args!("not read: {number} {}", if number == 1 { one } else { many }))
                }
                (1, frame) => report::line(format_args!("not read: 1 {one}, in frame {frame}")),
                (number, frame) => report::line(format_args!("not read: {number} {many}, the first in frame {frame}")),
            }
        }
        if let Some(end) = &self.end {
            report::line(format_args!("not read: {end}"));
        }
    }
}
