//! Keeps the messages that a node sent and received.

use diametric::Frame;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// One message.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) at: SystemTime,
    /// Whether the client sent it.
    pub(super) sent: bool,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) octets: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    frames: Mutex<Vec<Recorded>>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn record(&self, frame: Frame<'_>) {
        let Frame { sent, local, remote, octets } = frame;
        let recorded = Recorded { at: SystemTime::now(), sent, local, remote, octets: octets.into() };
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
    }

    pub(super) fn frames(&self) -> Vec<Recorded> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
