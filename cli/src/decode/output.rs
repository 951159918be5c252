//! What becomes of each message.

use super::capture::{Sink, Unread};
use super::filter::Filter;
use super::mask::Mask;
use super::place::Place;
use super::summary::Summary;
use super::typed::Typed;
use super::walk::{self, Printer};
use crate::report::UNWRITTEN;
use anyhow::{Context as _, Result};
use diametric_dissect::Dissector;
use diametric_protocol::wire::RawMessage;
use std::io::{self, StdoutLock, Write as _};

/// How much output is collected before it is written, in octets.
const CHUNK: usize = 1 << 16;

/// Prints messages, or counts them.
pub(crate) struct Output<'a, P> {
    /// What things are called.
    pub(crate) names: &'a Dissector,
    /// What is asked of the typed layer.
    pub(crate) typed: &'a Typed,
    /// Which messages are wanted.
    pub(crate) filter: &'a Filter,
    /// What hides identities, if they are to be hidden.
    pub(crate) mask: Option<Mask>,
    /// What counts messages, if they are not to be printed.
    pub(crate) summary: Option<Summary>,
    /// Whether the summary is an object.
    pub(crate) json: bool,
    /// What writes messages.
    pub(crate) printer: P,
    out: StdoutLock<'static>,
}

impl<'a, P: Printer> Output<'a, P> {
    /// Prints all messages to standard output.
    pub(crate) fn new(names: &'a Dissector, typed: &'a Typed, filter: &'a Filter, printer: P) -> Self {
        let out = io::stdout().lock();
        Self { names, typed, filter, mask: None, summary: None, json: false, printer, out }
    }

    /// Writes what has been printed.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let out = self.printer.out();
        self.out.write_all(out.written()).and_then(|()| self.out.flush()).context(UNWRITTEN)?;
        out.truncate(0);
        Ok(())
    }

    /// Prints the summary, if there is to be one, and writes everything.
    pub(crate) fn finish(&mut self, unread: &Unread) -> Result<()> {
        if let Some(summary) = &mut self.summary {
            summary.finish(self.names);
            let text = if self.json {
                let mut object = summary.object(self.names);
                object.insert("not_read".into(), unread.object());
                format!("{}\n", serde_json::Value::Object(object))
            } else {
                summary.table(self.names)
            };
            self.printer.out().append(|out| out.extend_from_slice(text.as_bytes()));
        }
        self.flush()
    }
}

impl<P: Printer> Sink for Output<'_, P> {
    fn message(&mut self, place: &Place, frame: &[u8]) -> Result<()> {
        let message = RawMessage::read(frame)?;
        let wanted = self.filter.wants(&message);
        if let Some(summary) = &mut self.summary {
            summary.add(place, &message, wanted);
            return Ok(());
        }
        if !wanted {
            return Ok(());
        }
        let mut findings = self.typed.examine(&message, frame);
        findings.is_masked = self.mask.is_some();
        walk::message(place, message, &findings, self.names, self.mask.as_ref(), &mut self.printer);
        if self.printer.out().len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn idle(&mut self) -> Result<()> {
        // Somebody may be watching the other end: nothing is held back while waiting for more.
        if self.printer.out().len() == 0 { Ok(()) } else { self.flush() }
    }
}
