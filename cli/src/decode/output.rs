//! What becomes of each message.

use super::capture::Sink;
use super::names::Names;
use super::place::Place;
use super::typed::Typed;
use super::walk::{self, Printer};
use anyhow::{Context as _, Result};
use diametric_protocol::wire::RawMessage;
use std::io::{self, StdoutLock, Write as _};

/// How much output is collected before it is written, in octets.
const CHUNK: usize = 1 << 16;

/// Prints messages.
pub(crate) struct Output<'a, P> {
    names: &'a Names,
    typed: &'a Typed,
    printer: P,
    out: StdoutLock<'static>,
}

impl<'a, P: Printer> Output<'a, P> {
    /// Prints to standard output.
    pub(crate) fn new(names: &'a Names, typed: &'a Typed, printer: P) -> Self {
        Self { names, typed, printer, out: io::stdout().lock() }
    }

    /// Writes what has been printed.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let buffer = self.printer.buffer();
        self.out.write_all(buffer).and_then(|()| self.out.flush()).context("cannot write to standard output")?;
        buffer.clear();
        Ok(())
    }
}

impl<P: Printer> Sink for Output<'_, P> {
    fn message(&mut self, place: &Place, frame: &[u8]) -> Result<()> {
        let message = RawMessage::read(frame)?;
        let findings = self.typed.examine(&message, frame);
        walk::message(place, &message, &findings, self.names, &mut self.printer);
        if self.printer.buffer().len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn idle(&mut self) -> Result<()> {
        // Somebody may be watching the other end: nothing is held back while waiting for more.
        if self.printer.buffer().is_empty() { Ok(()) } else { self.flush() }
    }
}
