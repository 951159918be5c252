//! Work in a thread of its own, for which the end of the program waits a while and not for ever.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long what is still to be written may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// A thread that writes: who reads slowly, or not at all, must not hold up those that have something to write.
pub(crate) struct Background(Receiver<()>);

impl Background {
    pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Self {
        let (ended, end) = mpsc::channel();
        thread::spawn(move || {
            work();
            drop(ended);
        });
        Self(end)
    }

    /// Waits for the end of the work, which nobody adds to any more; whether it came in time.
    pub(crate) fn ends(self) -> bool {
        self.0.recv_timeout(FAREWELL) != Err(RecvTimeoutError::Timeout)
    }
}
