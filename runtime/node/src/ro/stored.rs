//! One-time events that could not be delivered, as the store keeps them (RFC 8506 §6.5).

use super::CREDIT_CONTROL;
use super::delivery::NO_LIMIT;
use super::facts::{self, Outcome};
use crate::node::{Shared, Tried};
use crate::store::{Fate, Kept};
use crate::wait::now;
use diametric_engine::ro::event::{Action, CloseCause, EventConfig, Input};
use diametric_engine::ro::{AnswerClass, AnswerFacts, OneTimeEvent};
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{CreditControlAnswer, RequestedAction};
use diametric_protocol::wire::CommandFlags;
use std::sync::Arc;
use std::time::Duration;

/// Command Flags in a header (RFC 6733 §3).
const FLAGS_AT: usize = 4;

/// A debit or refund that waits.
pub(crate) struct StoredEvent {
    pub(super) session_id: Box<str>,
    pub(super) action: RequestedAction,
    /// As it was sent first, End-to-End id included.
    pub(super) frame: Vec<u8>,
    pub(super) timeout: Duration,
    /// Whether the configuration leaves it open who gets it.
    pub(super) moves: bool,
}

impl Kept for StoredEvent {
    async fn deliver(&self, node: &Arc<Shared>, t_flag: bool) -> Fate {
        let mut config = EventConfig::default();
        config.request_timeout = NO_LIMIT;
        let mut machine = OneTimeEvent::new(self.action, config);
        let mut frame = self.frame.clone();
        if t_flag && let Some(flags) = frame.get_mut(FLAGS_AT) {
            *flags = CommandFlags(*flags).with(CommandFlags::RETRANSMITTED).0;
        }
        // A new machine takes what is stored.
        let _ = machine.handle_input(now(), Input::SendStored { t_flag });
        let exchange = node.transmit(CREDIT_CONTROL, frame, self.timeout, self.moves, &mut Tried::default()).await;
        let (outcome, _) = facts::of_exchange::<CreditControlAnswer>(exchange, 0);
        let (input, reached) = match outcome {
            Outcome::Answer(facts, _) => (Input::Answer(facts), true),
            Outcome::Bad(_) => (Input::Answer(AnswerFacts::new(ResultCode::UNABLE_TO_COMPLY)), true),
            Outcome::TimedOut(_) => (Input::RequestTimedOut, true),
            Outcome::Failed { sent, .. } => (Input::SendFailed { sent }, sent),
            Outcome::NoAlternate => (Input::SendFailed { sent: false }, false),
        };
        // It is out.
        let _ = machine.handle_input(now(), input);
        let closed = std::iter::from_fn(|| machine.poll_action()).find_map(|action| match action {
            Action::Closed(cause) => Some(cause),
            _ => None,
        });
        match closed {
            Some(CloseCause::Answered(code)) if settles(code) => Fate::Delivered,
            Some(CloseCause::Answered(code)) => Fate::Lost(format!("refused with Result-Code {code}")),
            Some(CloseCause::Unanswered(_) | CloseCause::Stored) | None => {
                Fate::Stays { t_flag: machine.stored().unwrap_or(true), reached }
            }
        }
    }

    fn warn(&self, why: &str) {
        tracing::warn!(session_id = &*self.session_id, action = ?self.action, "a one-time event is lost: {why}");
    }
}

/// 4011 says that the service needs no credit control: there is nothing left to debit.
fn settles(code: ResultCode) -> bool {
    matches!(AnswerFacts::new(code).class(), AnswerClass::Success | AnswerClass::NotApplicable)
}
