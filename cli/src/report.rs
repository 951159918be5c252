//! What the command tells besides its output.

use crate::background::Background;
use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, SyncSender};

/// Lines that may wait to be written.
const WAITING: usize = 1000;

/// How a subcommand ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is wrong.
    Clean,
    /// Something is wrong with the input, and has been told.
    Faulty,
}

/// What could not be done, where output is lost.
pub(crate) const UNWRITTEN: &str = "cannot write to standard output";

/// Whether an error says that the reader of the output has gone.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is)
}

/// Tells why the command failed, with every cause.
pub(crate) fn error(error: &anyhow::Error) {
    line(format_args!("error: {error:#}"));
}

/// Writes a line to standard error. If nobody reads it, nobody misses it.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Takes lines for standard error from a server, which goes on whether somebody reads them or not. One that finds too many
/// waiting is lost: there [`try_send`](SyncSender::try_send) gives it back.
pub(crate) fn lines() -> (SyncSender<String>, Background) {
    let (lines, received) = mpsc::sync_channel::<String>(WAITING);
    (lines, Background::spawn(move || received.iter().for_each(|text| line(format_args!("{text}")))))
}

/// Writes text to standard error as it is.
pub(crate) fn text(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
