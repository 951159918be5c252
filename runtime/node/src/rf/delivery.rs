//! Sending records, and what the accounting machines need to know of what came of it.

use super::{ACCOUNTING, RfError};
use crate::config::LONGEST;
use crate::error::SendError;
use crate::node::{Shared, Tried};
use crate::wait::{due, now};
use diametric_engine::rf::record::{Action, Input};
use diametric_engine::rf::{AnswerClass, AnswerFacts, Outcome, Resend, SingleRecord, StoreOrder};
use diametric_protocol::accounting::{AccountingAnswer, AccountingRecordNumber};
use diametric_protocol::base::ResultCode;
use diametric_protocol::codec::DecodeError;
use diametric_protocol::message::{Answer, Form};
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::CommandFlags;
use std::sync::Arc;
use std::time::Duration;

/// Command Flags in a header (RFC 6733 §3).
const FLAGS_AT: usize = 4;

/// How much longer than the connection a machine waits: it is the second to know.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// An encoded record, without T flag.
#[derive(Clone, Debug)]
pub(super) struct Frames {
    /// For the server that the session has been with, if that was nobody's choice; and which that is.
    pub(super) first: Option<(DiameterIdentity, Vec<u8>)>,
    /// For whom the configuration names.
    pub(super) any: Vec<u8>,
    /// Accounting-Record-Number.
    pub(super) number: u32,
    /// Whether the configuration leaves it open who gets it.
    pub(super) moves: bool,
}

/// What came of one transmission.
pub(super) enum Sent {
    Answer(AnswerFacts),
    TimedOut,
    TransportLost,
    Failed { arrived: bool },
}

/// One transmission: what it means, the answer, and the error that it is if it is no success.
pub(super) struct Transmission<A> {
    pub(super) sent: Sent,
    pub(super) answer: Option<Box<A>>,
    pub(super) error: Option<RfError>,
    /// Where it was: the next transmission rather goes elsewhere.
    pub(super) tried: Tried,
}

impl<A: Answer + Form<AccountingAnswer>> Transmission<A> {
    /// Sends a record once. Where the server that the session has been with cannot be reached, or says itself that it cannot
    /// deliver, any other will do; and where no other can be reached than those that were tried, any of them.
    pub(super) async fn run(
        shared: &Shared,
        frames: Frames,
        resend: Option<Resend>,
        timeout: Duration,
        been: Tried,
    ) -> Self {
        let timeout = timeout.min(LONGEST);
        let t_flag = resend.is_some_and(|resend| resend.t_flag);
        let Frames { number, moves, .. } = frames;
        let mut tried = Tried::default();
        let mut refused = None;
        if resend.is_some_and(|resend| resend.alternate) {
            tried = been;
            match shared
                .transmit::<A>(ACCOUNTING, flagged(frames.any.clone(), t_flag), timeout, moves, &mut tried)
                .await
            {
                Err(SendError::NoRoute { .. }) => tried = Tried::default(),
                result => return Self::of(result, number, tried),
            }
        } else if let Some((server, first)) = frames.first {
            match shared.transmit::<A>(ACCOUNTING, flagged(first, t_flag), timeout, moves, &mut tried).await {
                Err(SendError::NoRoute { .. }) => {}
                // A relay that has no way to it may know another.
                Err(SendError::Answered(answer)) if answer.result_code == ResultCode::UNABLE_TO_DELIVER => {
                    refused = Some(SendError::Answered(answer));
                    tried = Tried::not(server);
                }
                result => return Self::of(result, number, tried),
            }
        }
        let result = shared.transmit::<A>(ACCOUNTING, flagged(frames.any, t_flag), timeout, moves, &mut tried).await;
        match (result, refused) {
            (Err(SendError::NoRoute { .. }), Some(refused)) => Self::of(Err(refused), number, tried),
            (result, _) => Self::of(result, number, tried),
        }
    }

    /// The ACA has to repeat the Accounting-Record-Number (RFC 6733 §9.8.3).
    fn of(result: Result<A, SendError>, number: u32, tried: Tried) -> Self {
        let (sent, error) = match result {
            Ok(answer) if answer.standard().accounting_record_number != number => {
                let (aca, theirs) = (answer.standard(), answer.standard().accounting_record_number);
                let message = format!("{theirs}, where that of the request is {number}");
                let error = DecodeError::invalid_value::<A, AccountingRecordNumber>(message);
                of_malformed(SendError::mismatched(&aca.origin_host, error, aca.result_code))
            }
            Ok(answer) => {
                let facts = facts(answer.standard());
                let refused = facts.class() != AnswerClass::Success;
                let error = refused.then(|| RfError::Refused(Box::new(answer.standard().clone())));
                return Self { sent: Sent::Answer(facts), answer: Some(Box::new(answer)), error, tried };
            }
            Err(SendError::Answered(answer)) => {
                let mut facts = AnswerFacts::new(answer.result_code);
                facts.protocol_error = true;
                (Sent::Answer(facts), SendError::Answered(answer))
            }
            Err(error @ SendError::Timeout { .. }) => (Sent::TimedOut, error),
            Err(error @ SendError::ConnectionLost { .. }) => (Sent::TransportLost, error),
            Err(error @ SendError::Malformed { .. }) => of_malformed(error),
            Err(error) => (Sent::Failed { arrived: false }, error),
        };
        Self { sent, answer: None, error: Some(error.into()), tried }
    }
}

impl Sent {
    /// Whether a server is there that takes records.
    pub(super) fn is_success(&self) -> bool {
        matches!(self, Self::Answer(facts) if facts.class() == AnswerClass::Success)
    }
}

/// A refusal is one also if something else is wrong with it. Of anything else nobody knows whether the server has the
/// record: it is sent again, and the server tells by Session-Id and number that it is the same.
fn of_malformed(error: SendError) -> (Sent, SendError) {
    match error {
        SendError::Malformed { refusal: Some(result_code), .. } => (Sent::Answer(AnswerFacts::new(result_code)), error),
        error => (Sent::Failed { arrived: true }, error),
    }
}

/// The facts in an ACA.
fn facts(aca: &AccountingAnswer) -> AnswerFacts {
    let mut facts = AnswerFacts::new(aca.result_code);
    facts.interim_interval = aca.acct_interim_interval.map(|seconds| Duration::from_secs(seconds.into()));
    facts.realtime_required = aca.accounting_realtime_required;
    facts
}

fn flagged(mut frame: Vec<u8>, t_flag: bool) -> Vec<u8> {
    if t_flag && let Some(flags) = frame.get_mut(FLAGS_AT) {
        *flags = CommandFlags(*flags).with(CommandFlags::RETRANSMITTED).0;
    }
    frame
}

/// What became of a record that stands alone.
pub(super) struct Delivery<A> {
    pub(super) outcome: Outcome,
    pub(super) store: Option<StoreOrder>,
    pub(super) answer: Option<Box<A>>,
    pub(super) error: Option<RfError>,
    /// Whether it was answered at all, or got as far as to a connection.
    pub(super) reached: bool,
}

/// Drives a record that stands alone until nothing is out.
pub(super) async fn deliver<A: Answer + Form<AccountingAnswer>>(
    shared: &Arc<Shared>,
    machine: &mut SingleRecord,
    first: Input,
    frames: &Frames,
    timeout: Duration,
) -> Delivery<A> {
    // Whoever calls this has a machine that takes its first input.
    let _ = machine.handle_input(now(), first);
    let (mut store, mut answer, mut error, mut reached) = (None, None, None, false);
    let mut tried = Tried::default();
    loop {
        let mut order = None;
        while let Some(action) = machine.poll_action() {
            match action {
                Action::SendAcr(acr) => order = Some(acr),
                Action::Store(record) => store = Some(record),
                Action::Settled(outcome) => return Delivery { outcome, store, answer, error, reached },
                // The store's owner sees by the outcome whether the record stays.
                _ => {}
            }
        }
        let Some(order) = order else {
            let outcome = Outcome::Lost(diametric_engine::rf::Cause::Ended);
            return Delivery { outcome, store, answer, error, reached };
        };
        let wake = machine.poll_timeout();
        tokio::select! {
            done = Transmission::run(shared, frames.clone(), order.resend, timeout, tried.clone()) => {
                reached = !matches!(done.sent, Sent::Failed { arrived: false });
                if done.sent.is_success() {
                    shared.rf_store().reachable();
                }
                (answer, error, tried) = (done.answer, done.error, done.tried);
                let input = match done.sent {
                    Sent::Answer(facts) => Input::Answer(facts),
                    Sent::TimedOut => Input::RequestTimedOut,
                    Sent::TransportLost => Input::TransportLost,
                    Sent::Failed { arrived } => Input::SendFailed { sent: arrived },
                };
                let _ = machine.handle_input(now(), input);
            }
            () = due(wake) => {
                (answer, error, reached) = (None, Some(RfError::NoAnswer(timeout)), true);
                machine.handle_timeout(now());
            }
        }
    }
}
