//! Keeps the messages that a node sent and received, and what those who sent them have to say.

use anyhow::{Result, ensure};
use diametric::Frame;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How long it may take to connect.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that happened, in order.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// What comes next.
    Title(String),
    /// What the server has done.
    Note(String),
    Message(Message),
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) at: SystemTime,
    /// Whether the client sent it.
    pub(super) sent: bool,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) octets: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    entries: Mutex<Vec<Entry>>,
}

impl Recorder {
    /// Records a message that the client's node sent or received.
    pub(super) fn record(&self, frame: Frame<'_>) {
        let Frame { sent, local, remote, octets } = frame;
        let message = Message { at: SystemTime::now(), sent, local, remote, octets: octets.into() };
        self.lock().push(Entry::Message(message));
    }

    /// Waits until the nodes have introduced themselves to each other, so that what follows comes after it in the chart.
    pub(super) async fn connected(&self) -> Result<()> {
        let answered = |entry: &Entry| matches!(entry, Entry::Message(message) if !message.sent);
        let begun = Instant::now();
        while !self.lock().iter().any(answered) {
            ensure!(begun.elapsed() < PATIENCE, "the nodes have not met within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    pub(super) fn title(&self, text: &str) {
        self.lock().push(Entry::Title(text.into()));
    }

    pub(super) fn note(&self, text: String) {
        self.lock().push(Entry::Note(text));
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
