//! Decoding what peers send: strictly, or leniently where the configuration says so of a peer.

use diametric_protocol::codec::{DecodeError, Failure, Known};
use diametric_protocol::message::{self, Command};
use diametric_protocol::value::DiameterIdentity;
use std::fmt::Write;

/// The peers of which more is taken than RFC 6733 allows.
#[derive(Clone, Debug)]
pub(crate) struct Leniency(Box<[DiameterIdentity]>);

impl Leniency {
    pub(crate) fn new(peers: &[DiameterIdentity]) -> Self {
        Self(peers.into())
    }

    /// Decodes a message of `peer` into `body`, a [`Group::blank_group`]. What is forgiven is told to the log, by paths: what is
    /// in AVPs stays out of it.
    pub(crate) fn decode<C: Command>(
        &self,
        body: &mut C,
        frame: &[u8],
        known: &Known,
        peer: &DiameterIdentity,
    ) -> Result<(), DecodeError> {
        match message::fill(body, frame, known) {
            Err(_) if self.0.contains(peer) => {
                let lenient = message::decode_lenient::<C>(frame, known)?;
                tracing::warn!(%peer, forgiven = paths(C::NAME, &lenient.forgiven), "a message that should be refused is taken");
                *body = lenient.body;
                Ok(())
            }
            strictly => strictly,
        }
    }
}

fn paths(message: &str, failures: &[Failure]) -> String {
    let mut text = String::new();
    for failure in failures {
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(message);
        for segment in &failure.path {
            // Writing to a string cannot fail.
            let _ = write!(text, ".{segment}");
        }
        let _ = write!(text, " ({})", failure.result_code.0);
    }
    text
}
