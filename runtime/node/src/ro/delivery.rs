//! Sending a CCR, and sending it again to another server.

use super::facts::{self, Outcome};
use super::service::CcrForm;
use super::{CREDIT_CONTROL, RoError};
use crate::error::SendError;
use crate::node::{Destination, Shared, Tried};
use diametric_engine::ro::{AnswerClass, Resend};
use diametric_protocol::message::{self, Form, Header};
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::CommandFlags;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a machine waits for an answer before it gives up by itself: for ever. The timeout of the transmission is the
/// request timeout, and the only clock of it, so that the result never depends on which of two is read first.
pub(super) const NO_LIMIT: Duration = Duration::MAX;

/// A CCR that is out.
pub(super) struct Outgoing<F> {
    ccr: Box<F>,
    /// That of every transmission, but for the T flag: a repetition keeps its End-to-End id.
    header: Header,
    tried: Tried,
    moved: bool,
}

/// What came of one transmission.
pub(super) struct Delivery<A> {
    pub(super) outcome: Outcome,
    pub(super) answer: Option<Box<A>>,
    /// Who answered with success, or with what cannot be used.
    pub(super) server: Option<DiameterIdentity>,
    /// Where the request is not to go again.
    pub(super) tried: Tried,
}

impl<A> Delivery<A> {
    /// For those whom the answer itself is of no interest.
    pub(super) fn without_answer<B>(self) -> Delivery<B> {
        Delivery { outcome: self.outcome, answer: None, server: self.server, tried: self.tried }
    }
}

pub(super) type InFlight<A> = Pin<Box<dyn Future<Output = Delivery<A>> + Send>>;

impl<F: CcrForm> Outgoing<F> {
    pub(super) fn new(shared: &Shared, ccr: Box<F>) -> Self {
        Self { ccr, header: shared.request_header::<F>(CREDIT_CONTROL), tried: Tried::default(), moved: false }
    }

    pub(super) fn session_id(&self) -> &str {
        &self.ccr.standard().session_id
    }

    /// As it is sent next; `None` if it cannot be encoded.
    pub(super) fn encoded(&self) -> Option<Vec<u8>> {
        message::encode(self.header, &*self.ccr).ok()
    }

    /// What it comes to that Tx has expired: no answer, or nobody yet to send it to.
    pub(super) fn tx_expired(&self, shared: &Shared, tx: Duration) -> RoError {
        let ccr = self.ccr.standard();
        let (host, realm) = (ccr.destination_host.clone(), Some(ccr.destination_realm.clone()));
        let unsent = shared.unsent(&Destination { host, realm, application: CREDIT_CONTROL }, tx);
        unsent.map_or(RoError::NoAnswer(tx), RoError::from)
    }

    /// Makes ready for what the machine wants: another server. The one that failed is `server`, if the request names it,
    /// else the peer that had the request.
    pub(super) fn again(&mut self, resend: Resend, tried: Tried, server: Option<DiameterIdentity>) {
        if resend.t_flag {
            self.header.flags = self.header.flags.with(CommandFlags::RETRANSMITTED);
        }
        self.moved = resend.alternate;
        self.tried = tried;
        if let Some(server) = server.filter(|_| resend.alternate) {
            self.ccr.standard_mut().destination_host = None;
            // A relay on the way to it may know another.
            self.tried = Tried::not(server);
        }
    }

    /// Sends it, when what has to be `ahead` of it is sent. One that `moves` is not left to a server that the watchdog doubts.
    pub(super) fn transmit(
        &mut self,
        shared: &Arc<Shared>,
        timeout: Duration,
        moves: bool,
        ahead: Option<oneshot::Receiver<()>>,
    ) -> InFlight<F::Answer> {
        let (shared, moved, mut tried) = (Arc::clone(shared), self.moved, std::mem::take(&mut self.tried));
        let frame = message::encode(self.header, &*self.ccr);
        let number = self.ccr.standard().cc_request_number;
        Box::pin(async move {
            if let Some(ahead) = ahead {
                // Nothing is ever sent: its other end is let go of in time.
                let _ = ahead.await;
            }
            let result = match frame {
                Ok(frame) => shared.transmit::<F::Answer>(CREDIT_CONTROL, frame, timeout, moves, &mut tried).await,
                Err(error) => Err(error.into()),
            };
            if let Err(SendError::NoRoute { .. }) = &result
                && moved
            {
                return Delivery { outcome: Outcome::NoAlternate, answer: None, server: None, tried };
            }
            let (outcome, answer) = facts::of_exchange(result, number);
            let server = match &outcome {
                Outcome::Answer(facts, _) if facts.class() == AnswerClass::Success => {
                    shared.ro_store().reachable();
                    answer.as_ref().map(|answer| answer.standard().origin_host.clone())
                }
                // The end of the session is for who seems to have it.
                Outcome::Bad(RoError::Send(SendError::Malformed { server, .. })) => server.clone(),
                _ => None,
            };
            Delivery { outcome, answer, server, tried }
        })
    }
}
