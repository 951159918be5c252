//! The client of a one-time event (RFC 8506 §7, table 5): IEC, refund, balance check and price enquiry.
//!
//! A debit or refund that could not be delivered is *stored*, to be sent later. The store belongs to the driver; the
//! machine says what goes into it and what comes out. A stored request may be sent by the machine that had it stored or
//! by a new one, in another process: [`Input::SendStored`].
//!
//! Where the tables are silent:
//!
//! - 4012 is handled as 4010. 4011 to anything but a debit is an answer like any other.
//! - An answer with 4011 to a stored request settles it.
//! - The request timeout is a failure to send, once no other server is left to try.
//! - A request that did not reach its server, or was lost with the connection to it, is sent to another one first,
//!   whatever the action (RFC 8506 §6.5).
//! - An answer of failure that came after an unanswered transmission does not clear the T flag: the earlier transmission
//!   may have been processed (RFC 6733 §3).
//! - An unknown Direct-Debiting-Failure-Handling is handled as TERMINATE_OR_BUFFER, the default.
//!
//! When a debit is stored, RFC 8506 §8.15 has the client grant the service; the table does not say so. The machine keeps
//! to the table, and [`CloseCause::Stored`] tells the driver.

use super::{AnswerClass, AnswerFacts, DEFAULT_REQUEST_TIMEOUT, DEFAULT_TX, Ignored, NoAnswer, Resend};
use crate::deadline::{after, due, earliest};
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{DirectDebitingFailureHandling, RequestedAction};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a one-time event behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventConfig {
    /// Tx: how long a user waits for an answer (RFC 8506 §13). 10 s.
    pub tx: Duration,
    /// When a request is given up. 120 s.
    pub request_timeout: Duration,
    /// Direct-Debiting-Failure-Handling while no server has said otherwise. TERMINATE_OR_BUFFER.
    pub failure_handling: DirectDebitingFailureHandling,
    /// How many other servers are tried for one request (RFC 8506 §6.5). 0.
    pub alternates: u32,
}

impl Default for EventConfig {
    fn default() -> Self {
        Self {
            tx: DEFAULT_TX,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            failure_handling: DirectDebitingFailureHandling::TERMINATE_OR_BUFFER,
            alternates: 0,
        }
    }
}

/// The states of RFC 8506 §7, table 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is out.
    Idle,
    /// CCR EVENT is out.
    PendingE,
    /// A CCR EVENT from the store is out.
    PendingB,
}

/// What happened to a one-time event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The event was requested.
    Start,
    /// It is in the store, and time to send it.
    SendStored {
        /// The T flag with which it was stored.
        t_flag: bool,
    },
    /// The answer came. One that cannot be understood is a failed answer, [`ResultCode::UNABLE_TO_COMPLY`].
    Answer(AnswerFacts),
    /// The request did not reach its server, or the connection to it was lost: another one is tried.
    SendFailed {
        /// Whether the server may have got it all the same: then the next transmission has the T flag.
        sent: bool,
    },
    /// The request was given up by a lower layer, before this machine's own request timeout.
    RequestTimedOut,
}

/// A CCR EVENT to send. Its CC-Request-Number is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventOrder {
    /// Requested-Action.
    pub action: RequestedAction,
    /// Whether it is the request in the store.
    pub stored: bool,
    /// That it was sent before; always so for a stored one, unless an answer refused it for the time being.
    pub resend: Option<Resend>,
}

/// What a one-time event wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send the CCR.
    SendCcr(EventOrder),
    /// Let the service run.
    GrantService,
    /// Stop the service, or refuse it.
    TerminateService,
    /// Tell the application that the server did not do what it was asked.
    IndicateServiceError,
    /// Keep the request, to send it later.
    StoreRequest {
        /// Whether it must go out with the T flag.
        t_flag: bool,
    },
    /// Forget the request, also where it is stored.
    DeleteStored,
    /// The answer was taken up.
    Answered {
        /// Whether Tx had expired before.
        late: bool,
    },
    /// There is no answer.
    Unanswered(NoAnswer),
    /// The answer is to nothing that is out: discard it.
    Discarded,
    /// Nothing is out any more.
    Closed(CloseCause),
}

/// How a one-time event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// An answer settled it, with success or without.
    Answered(ResultCode),
    /// There was no answer.
    Unanswered(NoAnswer),
    /// It waits in the store. A debited service may be granted (RFC 8506 §8.15).
    Stored,
}

/// The client's side of a one-time event.
#[derive(Clone, Debug)]
pub struct OneTimeEvent {
    action: RequestedAction,
    config: EventConfig,
    phase: Phase,
    answered_handling: Option<DirectDebitingFailureHandling>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Not sent yet.
    New,
    PendingE(Pending),
    PendingB(Pending),
    /// In the store, with or without T flag.
    Stored(bool),
    Closed,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    tx: Option<Instant>,
    tx_expired: bool,
    give_up: Option<Instant>,
    alternates: u32,
    /// Some transmission had no answer.
    t_flag: bool,
}

impl OneTimeEvent {
    /// An event in Idle.
    pub fn new(action: RequestedAction, config: EventConfig) -> Self {
        Self { action, config, phase: Phase::New, answered_handling: None, actions: VecDeque::new() }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// If it has no meaning in the state of the event; nothing changed.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), Ignored> {
        match (input, self.phase) {
            (Input::Start, Phase::New) => {
                let pending = Pending { tx: after(now, self.config.tx), ..self.sent(now, false) };
                self.phase = Phase::PendingE(pending);
                self.order(false, None);
            }
            (Input::SendStored { t_flag }, Phase::New) => self.send_stored(now, t_flag),
            (Input::SendStored { t_flag }, Phase::Stored(stored)) => self.send_stored(now, t_flag || stored),
            (Input::Answer(facts), Phase::PendingE(pending)) => self.answered(now, pending, &facts),
            (Input::Answer(facts), Phase::PendingB(pending)) => self.stored_answered(pending, &facts),
            (Input::Answer(_), Phase::New | Phase::Stored(_) | Phase::Closed) => {
                self.actions.push_back(Action::Discarded);
            }
            (Input::SendFailed { sent }, Phase::PendingE(pending)) => self.send_failed(now, pending, sent),
            (Input::SendFailed { .. }, Phase::PendingB(_)) => self.keep_stored(NoAnswer::SendFailed),
            (Input::RequestTimedOut, Phase::PendingE(pending)) => self.timed_out(now, pending),
            (Input::RequestTimedOut, Phase::PendingB(_)) => self.keep_stored(NoAnswer::TimedOut),
            (Input::Start, Phase::PendingE(_) | Phase::PendingB(_) | Phase::Stored(_) | Phase::Closed)
            | (Input::SendStored { .. }, Phase::PendingE(_) | Phase::PendingB(_) | Phase::Closed)
            | (Input::SendFailed { .. } | Input::RequestTimedOut, Phase::New | Phase::Stored(_) | Phase::Closed) => {
                return Err(Ignored);
            }
        }
        Ok(())
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Phase::PendingE(pending) = self.phase
            && due(pending.tx, now)
            && pending.tx <= pending.give_up.or(pending.tx)
        {
            self.tx_expired(pending);
        }
        match self.phase {
            Phase::PendingE(pending) if due(pending.give_up, now) => self.timed_out(now, pending),
            Phase::PendingB(pending) if due(pending.give_up, now) => self.keep_stored(NoAnswer::TimedOut),
            Phase::PendingE(_) | Phase::PendingB(_) | Phase::New | Phase::Stored(_) | Phase::Closed => {}
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::PendingE(pending) | Phase::PendingB(pending) => earliest([pending.tx, pending.give_up]),
            Phase::New | Phase::Stored(_) | Phase::Closed => None,
        }
    }

    /// The state, in the terms of RFC 8506 §7.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::New | Phase::Stored(_) | Phase::Closed => State::Idle,
            Phase::PendingE(_) => State::PendingE,
            Phase::PendingB(_) => State::PendingB,
        }
    }

    /// Whether the request is in the store and not out, and with which T flag it has to go.
    pub fn stored(&self) -> Option<bool> {
        match self.phase {
            Phase::Stored(t_flag) => Some(t_flag),
            Phase::New | Phase::PendingE(_) | Phase::PendingB(_) | Phase::Closed => None,
        }
    }

    /// Whether the request that is out goes to another server if its own turns out to be gone. A driver whose watchdog
    /// doubts the server need not wait for the connection to end then: it hands in [`Input::SendFailed`] at once
    /// (RFC 3539 §3.4.1).
    pub fn may_move(&self) -> bool {
        matches!(self.phase, Phase::PendingE(pending) if self.moves(pending))
    }

    /// Direct-Debiting-Failure-Handling in force: from a CCA, else local.
    pub fn failure_handling(&self) -> DirectDebitingFailureHandling {
        self.answered_handling.unwrap_or(self.config.failure_handling)
    }

    fn answered(&mut self, now: Instant, pending: Pending, facts: &AnswerFacts) {
        use RequestedAction::{CheckBalance, DirectDebiting, PriceEnquiry, RefundAccount};
        self.answered_handling = facts.direct_debiting_failure_handling.or(self.answered_handling);
        if facts.invites_failover() && !pending.tx_expired && self.moves(pending) {
            let resend = Resend { t_flag: pending.t_flag, alternate: true };
            return self.resend(now, pending, resend);
        }
        self.actions.push_back(Action::Answered { late: pending.tx_expired });
        let class = facts.class();
        match (class, self.action) {
            (AnswerClass::Success, _) | (AnswerClass::NotApplicable, DirectDebiting) => self.grant_service(),
            (AnswerClass::NotApplicable, CheckBalance | PriceEnquiry | RefundAccount) => {}
            // The service was granted when Tx expired.
            (AnswerClass::Denied | AnswerClass::UserUnknown | AnswerClass::Failed, DirectDebiting)
                if pending.tx_expired => {}
            (AnswerClass::Denied | AnswerClass::UserUnknown, _) => self.stop_service(),
            (AnswerClass::Temporary, RefundAccount) => return self.store(pending.t_flag),
            (AnswerClass::Temporary, DirectDebiting) if pending.tx_expired && !self.continues() => {
                return self.store(pending.t_flag);
            }
            (AnswerClass::Temporary | AnswerClass::Failed, DirectDebiting) if self.continues() => self.grant_service(),
            (AnswerClass::Temporary | AnswerClass::Failed, DirectDebiting) => self.stop_service(),
            (AnswerClass::Temporary | AnswerClass::Failed, CheckBalance | PriceEnquiry)
            | (AnswerClass::Failed, RefundAccount) => self.actions.push_back(Action::IndicateServiceError),
        }
        // A failed answer settles a refund, and any request that was sent again (RFC 8506 §6.5).
        if class == AnswerClass::Failed && (self.action == RefundAccount || pending.alternates > 0) {
            self.actions.push_back(Action::DeleteStored);
        }
        self.close(CloseCause::Answered(facts.result_code));
    }

    fn stored_answered(&mut self, pending: Pending, facts: &AnswerFacts) {
        self.actions.push_back(Action::Answered { late: false });
        if facts.class() == AnswerClass::Temporary {
            self.phase = Phase::Stored(pending.t_flag);
            return self.actions.push_back(Action::Closed(CloseCause::Stored));
        }
        self.actions.push_back(Action::DeleteStored);
        self.close(CloseCause::Answered(facts.result_code));
    }

    fn keep_stored(&mut self, why: NoAnswer) {
        self.actions.push_back(Action::Unanswered(why));
        self.phase = Phase::Stored(true);
        self.actions.push_back(Action::Closed(CloseCause::Stored));
    }

    fn tx_expired(&mut self, pending: Pending) {
        self.actions.push_back(Action::Unanswered(NoAnswer::TxExpired));
        match self.action {
            RequestedAction::DirectDebiting => {
                self.phase = Phase::PendingE(Pending { tx: None, tx_expired: true, ..pending });
                self.grant_service();
            }
            RequestedAction::RefundAccount => self.store(true),
            RequestedAction::CheckBalance | RequestedAction::PriceEnquiry => {
                self.actions.push_back(Action::IndicateServiceError);
                self.close(CloseCause::Unanswered(NoAnswer::TxExpired));
            }
        }
    }

    fn timed_out(&mut self, now: Instant, pending: Pending) {
        if self.action == RequestedAction::DirectDebiting && self.moves(pending) {
            return self.resend(now, pending, Resend { t_flag: true, alternate: true });
        }
        self.undeliverable(NoAnswer::TimedOut);
    }

    fn send_failed(&mut self, now: Instant, pending: Pending, sent: bool) {
        if self.moves(pending) {
            let t_flag = sent || pending.t_flag;
            return self.resend(now, pending, Resend { t_flag, alternate: true });
        }
        self.undeliverable(NoAnswer::SendFailed);
    }

    fn undeliverable(&mut self, why: NoAnswer) {
        self.actions.push_back(Action::Unanswered(why));
        match self.action {
            RequestedAction::DirectDebiting if self.continues() => self.grant_service(),
            RequestedAction::DirectDebiting | RequestedAction::RefundAccount => return self.store(true),
            RequestedAction::CheckBalance | RequestedAction::PriceEnquiry => {
                self.actions.push_back(Action::IndicateServiceError);
            }
        }
        self.close(CloseCause::Unanswered(why));
    }

    fn send_stored(&mut self, now: Instant, t_flag: bool) {
        self.phase = Phase::PendingB(self.sent(now, t_flag));
        self.order(true, t_flag.then_some(Resend { t_flag, alternate: false }));
    }

    fn resend(&mut self, now: Instant, pending: Pending, resend: Resend) {
        let alternates = pending.alternates + 1;
        let give_up = after(now, self.config.request_timeout);
        self.phase = Phase::PendingE(Pending { give_up, alternates, t_flag: resend.t_flag, ..pending });
        self.order(false, Some(resend));
    }

    fn sent(&self, now: Instant, t_flag: bool) -> Pending {
        let give_up = after(now, self.config.request_timeout);
        Pending { tx: None, tx_expired: false, give_up, alternates: 0, t_flag }
    }

    fn order(&mut self, stored: bool, resend: Option<Resend>) {
        self.actions.push_back(Action::SendCcr(EventOrder { action: self.action, stored, resend }));
    }

    fn store(&mut self, t_flag: bool) {
        self.actions.push_back(Action::StoreRequest { t_flag });
        self.phase = Phase::Stored(t_flag);
        self.actions.push_back(Action::Closed(CloseCause::Stored));
    }

    fn grant_service(&mut self) {
        self.actions.push_back(Action::GrantService);
    }

    fn stop_service(&mut self) {
        self.actions.push_back(Action::TerminateService);
    }

    fn close(&mut self, cause: CloseCause) {
        self.phase = Phase::Closed;
        self.actions.push_back(Action::Closed(cause));
    }

    fn moves(&self, pending: Pending) -> bool {
        pending.alternates < self.config.alternates
    }

    fn continues(&self) -> bool {
        self.failure_handling() == DirectDebitingFailureHandling::CONTINUE
    }
}
