//! Sending a request: to whom, and to whom next.

use super::Shared;
use super::route::{Destination, Router, Tried};
use crate::driver::{Heard, Order, Unanswered, reply};
use crate::error::{SendError, is_success};
use crate::peers::Connected;
use bytes::Bytes;
use diametric_engine::peer::{CloseReason, RemoteNode};
use diametric_protocol::base::{AnswerMessage, ResultCode, SessionId};
use diametric_protocol::codec::{Avp, DecodeError, Group};
use diametric_protocol::message::{self, Answer, Request};
use diametric_protocol::wire::{CommandFlags, Header, HopByHopId, RawMessage};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::error::{SendError as Undelivered, TrySendError};
use tokio::time::{Instant, timeout_at};

/// What becomes of a request whose peer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failover {
    /// Another peer gets it, with the T flag (RFC 6733 §5.5.4).
    Yes,
    /// Whoever sent it is told, and sees to it: applications that have rules of their own, such as credit control, want it
    /// so. With `moves` it is told as soon as the watchdog doubts the peer, if another one can take the request whatever
    /// Destination-Host it has now; without, an answer is waited for as long as there is a connection.
    Told { moves: bool },
}

/// An answer that is still to be read.
pub(super) struct Response {
    frame: Bytes,
    /// Who gave it.
    peer: Arc<RemoteNode>,
    /// Those of the request, which the answer repeats (RFC 6733 §6.2).
    application: u32,
    session_id: Option<SmallVec<[u8; 64]>>,
}

impl Response {
    /// What is wrong with a message `C` that answers something else than its request.
    fn mismatch<C: Group>(&self) -> Option<SendError> {
        let Self { frame, peer, application, session_id: own } = self;
        if let Some(header) = Header::peek(frame).filter(|header| header.application != *application) {
            let message = format!("in application {}, where the request is in {application}", header.application);
            let error = DecodeError::invalid_message::<C>(ResultCode::APPLICATION_UNSUPPORTED, message);
            return Some(SendError::malformed(&peer.origin_host, error, frame));
        }
        let own = own.as_deref()?;
        let foreign = session_id(frame).is_some_and(|theirs| theirs != own);
        foreign.then(|| SendError::foreign::<C>(&peer.origin_host, frame))
    }
}

/// How one attempt ended without an answer.
enum Missed {
    /// It never left this node. Here it is again.
    NotSent(Vec<u8>),
    /// The connection ended.
    Lost(CloseReason),
    /// The watchdog found the peer suspect, and there is another.
    Suspect,
    TimedOut,
}

impl Shared {
    pub(crate) async fn send<R: Request>(
        &self,
        application: u32,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Answer, SendError> {
        let frame = message::encode(self.request_header::<R>(application), request)?;
        self.transmit(application, frame, timeout, false, &mut Tried::default()).await
    }

    /// The header of a request's first transmission, with an end-to-end id of its own.
    pub(crate) fn request_header<R: Request>(&self, application: u32) -> Header {
        let end_to_end = self.end_to_end.next();
        Header { flags: R::FLAGS, command: R::CODE, application, hop_by_hop: HopByHopId(0), end_to_end }
    }

    /// Sends a request that is encoded already, such as one that was sent before, to a peer that was not tried. One that
    /// `moves` is not left to a peer that the watchdog doubts, where there is another.
    pub(crate) async fn transmit<A: Answer>(
        &self,
        application: u32,
        frame: Vec<u8>,
        timeout: Duration,
        moves: bool,
        tried: &mut Tried,
    ) -> Result<A, SendError> {
        self.read(self.exchange(application, frame, timeout, Failover::Told { moves }, tried).await?)
    }

    fn router(&self) -> Router<'_> {
        Router { peers: &self.peers, realms: &self.config.realms }
    }

    /// Why a request that has waited so long for its answer was not even sent, if it was not: no peer is connected yet.
    pub(crate) fn unsent(&self, to: &Destination, waited: Duration) -> Option<SendError> {
        let router = self.router();
        router.would_wait(to).then(|| router.overdue(to, &Tried::default(), waited))
    }

    /// The answer to a request, if it is not a refusal. What it says is left to [`read`](Self::read): a message is large, and
    /// is made where it is wanted.
    pub(super) async fn exchange(
        &self,
        application: u32,
        mut frame: Vec<u8>,
        timeout: Duration,
        failover: Failover,
        tried: &mut Tried,
    ) -> Result<Response, SendError> {
        let started = Instant::now();
        let deadline = started + timeout;
        let (destination, session_id) = Destination::of(&frame, application);
        let mut session_id = session_id.map(SmallVec::from_slice);
        let router = self.router();
        let mut next = None;
        loop {
            if *self.stop.borrow() {
                return Err(SendError::ShutDown);
            }
            // Most of the time there is one at once, and no timer is needed.
            let peer = match next.take().or_else(|| router.ready(&destination, tried)) {
                Some(peer) => peer,
                None => match timeout_at(deadline, router.route(&destination, tried)).await {
                    Ok(peer) => peer?,
                    Err(_) => return Err(router.overdue(&destination, tried, timeout)),
                },
            };
            tried.connection(&peer);
            let doubted = || match failover {
                Failover::Yes => router.alternate(&destination, tried),
                Failover::Told { moves: true } => router.alternate(&destination.anywhere(), tried),
                Failover::Told { moves: false } => None,
            };
            let host = &peer.remote.origin_host;
            let told = Header::peek(&frame);
            // What may have to go elsewhere is kept.
            let sent = match failover {
                Failover::Yes => frame.clone(),
                Failover::Told { .. } => std::mem::take(&mut frame),
            };
            let attempted = attempt(&peer, sent, deadline, &doubted).await;
            if !matches!(attempted, Err(Missed::NotSent(_))) {
                tried.host(&peer);
            }
            let alternate = || (failover == Failover::Yes).then(|| router.alternate(&destination, tried)).flatten();
            match attempted {
                Ok(answer) => {
                    if let Some(header) = told {
                        let (command, end_to_end) = (header.command, header.end_to_end);
                        tracing::debug!(peer = %host, command, application, %end_to_end, after = ?started.elapsed(), "answered");
                    }
                    let response = Response { frame: answer, peer: Arc::clone(&peer.remote), application, session_id };
                    let Some(error) = self.refusal(&response) else { return Ok(response) };
                    if !matches!(error, SendError::Answered(_)) || error.result_code() != ResultCode::TOO_BUSY {
                        return Err(error);
                    }
                    session_id = response.session_id;
                    // The peer asks to try elsewhere. It has seen the request, and did nothing: T stays clear.
                    next = alternate();
                    if next.is_none() {
                        return Err(error);
                    }
                }
                Err(Missed::NotSent(back)) => frame = back,
                Err(Missed::TimedOut) => return Err(SendError::Timeout { peer: host.clone(), after: timeout }),
                Err(missed @ (Missed::Lost(_) | Missed::Suspect)) => {
                    next = alternate();
                    if next.is_none() {
                        let reason = match missed {
                            Missed::Lost(reason) => reason,
                            _ => CloseReason::Watchdog,
                        };
                        return Err(SendError::ConnectionLost { peer: host.clone(), reason });
                    }
                    if let Some(flags) = frame.get_mut(4) {
                        *flags |= CommandFlags::RETRANSMITTED.0;
                    }
                }
            }
            if let (Some(next), Some(header)) = (&next, told) {
                let (command, end_to_end) = (header.command, header.end_to_end);
                tracing::info!(from = %host, to = %next.remote.origin_host, command, %end_to_end, "failover of a request");
            }
        }
    }

    /// The error that an answer with the E flag is.
    fn refusal(&self, response: &Response) -> Option<SendError> {
        let Response { frame, peer, .. } = response;
        Header::peek(frame).filter(|header| header.flags.is_error())?;
        if let Some(error) = response.mismatch::<AnswerMessage>() {
            return Some(error);
        }
        let malformed = |error| SendError::malformed(&peer.origin_host, error, frame);
        Some(match message::decode_answer_message(frame, &self.known) {
            Ok(answer) if is_success(answer.body.result_code) => {
                let contradiction = "success, although the E flag is set";
                malformed(DecodeError::invalid_value::<AnswerMessage, ResultCode>(contradiction))
            }
            Ok(answer) => SendError::Answered(Box::new(answer.body)),
            Err(error) => malformed(error),
        })
    }

    /// What a response says.
    // With one way out, and the answer made in its place: it is large.
    #[inline(never)]
    pub(super) fn read<A: Answer>(&self, response: Response) -> Result<A, SendError> {
        let Response { frame, peer, .. } = &response;
        let mut result = blank(response.mismatch::<A>());
        if let Ok(answer) = &mut result
            && let Err(error) = self.leniency.decode(answer, frame, &self.known, &peer.origin_host)
        {
            result = Err(SendError::malformed(&peer.origin_host, error, frame));
        }
        result
    }
}

/// Where an answer is read to, unless something is wrong before that.
#[inline(never)]
fn blank<A: Answer>(wrong: Option<SendError>) -> Result<A, SendError> {
    match wrong {
        None => Ok(A::blank_group()),
        Some(error) => Err(error),
    }
}

/// Session-Id, which is the first AVP wherever RFC 6733 §8.8 is kept to.
fn session_id(frame: &[u8]) -> Option<&[u8]> {
    Some(RawMessage::read(frame).ok()?.find(SessionId::VENDOR, SessionId::CODE)?.data)
}

/// Sends a request to one peer and waits for what comes of it.
async fn attempt(
    peer: &Connected,
    frame: Vec<u8>,
    deadline: Instant,
    alternate: &impl Fn() -> Option<Connected>,
) -> Result<Bytes, Missed> {
    let (reply, mut awaited) = reply();
    match peer.orders.try_send(Order { frame, deadline, reply }) {
        Ok(()) => {}
        Err(TrySendError::Closed(order)) => return Err(Missed::NotSent(order.frame)),
        // The connection gives up what it has taken, so that no request needs a timer of its own; but not what waits here.
        Err(TrySendError::Full(order)) => match timeout_at(deadline, peer.orders.send(order)).await {
            Ok(Ok(())) => {}
            Ok(Err(Undelivered(order))) => return Err(Missed::NotSent(order.frame)),
            Err(_) => return Err(Missed::TimedOut),
        },
    }
    loop {
        match awaited.hear().await {
            Heard::Outcome(Ok(answer)) => return Ok(answer),
            Heard::Outcome(Err(Unanswered::NotSent(frame))) => return Err(Missed::NotSent(frame)),
            Heard::Outcome(Err(Unanswered::Closed(reason))) => return Err(Missed::Lost(reason)),
            Heard::Outcome(Err(Unanswered::TimedOut)) => return Err(Missed::TimedOut),
            Heard::Suspect if alternate().is_some() => return Err(Missed::Suspect),
            // The peer may answer yet, and nobody else could.
            Heard::Suspect => {}
        }
    }
}
