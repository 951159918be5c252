//! The client of a record that stands alone (RFC 6733 §8.2, "CLIENT, ACCOUNTING", states PendingE and PendingB): an EVENT,
//! or a record of any type from the store.
//!
//! A stored record may be sent by the machine that had it stored or by a new one, in another process:
//! [`Input::SendStored`].
//!
//! Where the table is silent:
//!
//! - The request timeout is a failure to send, once the record was sent as often as it may be. A stored record is sent
//!   once for each input; when to try again is the driver's choice.
//! - A stored record keeps the T flag that it was stored with, and gets it when a transmission stays without answer. One
//!   that was never sent, or only ever refused, goes without (RFC 6733 §3).
//! - Accounting-Realtime-Required is not consulted.

use super::{AcrOrder, AnswerClass, AnswerFacts, Cause, DEFAULT_REQUEST_TIMEOUT, Ignored, Outcome, Resend, StoreOrder};
use crate::deadline::{after, due};
use diametric_protocol::accounting::AccountingRecordType;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a record is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordConfig {
    /// How long one transmission waits for its answer. 30 s.
    pub request_timeout: Duration,
    /// How often an EVENT that has no answer in time is sent again. 0.
    pub resends: u32,
    /// How often an EVENT is sent again, to another server where there is one, because its transport was lost (RFC 6733
    /// §5.5.4). 1.
    pub failovers: u32,
    /// Whether the store has room. Yes.
    pub buffer_space: bool,
}

impl Default for RecordConfig {
    fn default() -> Self {
        Self { request_timeout: DEFAULT_REQUEST_TIMEOUT, resends: 0, failovers: 1, buffer_space: true }
    }
}

/// The states of RFC 6733 §8.2 that a record on its own has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is out.
    Idle,
    /// EVENT is out.
    PendingE,
    /// A record from the store is out.
    PendingB,
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The one-time event happened: send the EVENT.
    Start,
    /// The record is in the store, and time to send it.
    SendStored {
        /// The T flag with which it was stored; set after a restart (RFC 6733 §9.4).
        t_flag: bool,
    },
    /// The answer came.
    Answer(AnswerFacts),
    /// The record could not be sent, to any server that it may go to.
    SendFailed {
        /// Whether it may have arrived all the same.
        sent: bool,
    },
    /// The record was given up by a lower layer, before this machine's own request timeout.
    RequestTimedOut,
    /// What carried the record is gone, together with the means to hear the answer.
    TransportLost,
    /// Whether the store has room, where that changed.
    BufferSpace(bool),
}

/// What a record wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send the ACR.
    SendAcr(AcrOrder),
    /// Keep the record.
    Store(StoreOrder),
    /// Take it out of the store: it is settled.
    DeleteStored,
    /// This became of it, for now. Nothing is out any more.
    Settled(Outcome),
    /// The answer is to nothing that is out: discard it.
    Discarded,
}

/// The client's side of a record that stands alone.
#[derive(Clone, Debug)]
pub struct SingleRecord {
    record_type: AccountingRecordType,
    number: u32,
    config: RecordConfig,
    phase: Phase,
    buffer_space: bool,
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
    give_up: Option<Instant>,
    resends: u32,
    failovers: u32,
    /// Some transmission had no answer.
    t_flag: bool,
}

impl SingleRecord {
    /// A one-time event: EVENT, number 0.
    pub fn event(config: RecordConfig) -> Self {
        Self::stored_record(AccountingRecordType::EventRecord, 0, config)
    }

    /// A record that is in the store: [`Input::Start`] is not for it.
    pub fn stored_record(record_type: AccountingRecordType, number: u32, config: RecordConfig) -> Self {
        let buffer_space = config.buffer_space;
        Self { record_type, number, config, phase: Phase::New, buffer_space, actions: VecDeque::new() }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// If it has no meaning in the state of the record; nothing changed.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), Ignored> {
        match (input, self.phase) {
            (Input::Start, Phase::New) if self.record_type == AccountingRecordType::EventRecord => {
                self.phase = Phase::PendingE(self.sent(now, false));
                self.order(false, None);
            }
            (Input::SendStored { t_flag }, Phase::New) => self.send_stored(now, t_flag),
            (Input::SendStored { t_flag }, Phase::Stored(stored)) => self.send_stored(now, t_flag || stored),
            (Input::Answer(facts), Phase::PendingE(pending)) => self.answered(pending, &facts),
            (Input::Answer(facts), Phase::PendingB(pending)) => self.stored_answered(pending, &facts),
            (Input::Answer(_), Phase::New | Phase::Stored(_) | Phase::Closed) => {
                self.actions.push_back(Action::Discarded);
            }
            (Input::SendFailed { sent }, Phase::PendingE(pending)) => {
                self.not_sent(pending.t_flag || sent, Cause::SendFailed);
            }
            (Input::SendFailed { sent }, Phase::PendingB(pending)) => {
                self.keep_stored(pending.t_flag || sent, Cause::SendFailed);
            }
            (Input::RequestTimedOut, Phase::PendingE(pending)) => self.timed_out(now, pending),
            (Input::RequestTimedOut, Phase::PendingB(_)) => self.keep_stored(true, Cause::TimedOut),
            (Input::TransportLost, Phase::PendingE(pending)) if pending.failovers < self.config.failovers => {
                self.resend(now, Pending { failovers: pending.failovers + 1, ..pending });
            }
            (Input::TransportLost, Phase::PendingE(_)) => self.not_sent(true, Cause::SendFailed),
            (Input::TransportLost, Phase::PendingB(_)) => self.keep_stored(true, Cause::SendFailed),
            (Input::BufferSpace(available), _) => self.buffer_space = available,
            (Input::Start, Phase::New | Phase::PendingE(_) | Phase::PendingB(_) | Phase::Stored(_) | Phase::Closed)
            | (Input::SendStored { .. }, Phase::PendingE(_) | Phase::PendingB(_) | Phase::Closed)
            | (
                Input::SendFailed { .. } | Input::RequestTimedOut | Input::TransportLost,
                Phase::New | Phase::Stored(_) | Phase::Closed,
            ) => return Err(Ignored),
        }
        Ok(())
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::PendingE(pending) if due(pending.give_up, now) => self.timed_out(now, pending),
            Phase::PendingB(pending) if due(pending.give_up, now) => self.keep_stored(true, Cause::TimedOut),
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
            Phase::PendingE(pending) | Phase::PendingB(pending) => pending.give_up,
            Phase::New | Phase::Stored(_) | Phase::Closed => None,
        }
    }

    /// The state, in the terms of RFC 6733 §8.2.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::New | Phase::Stored(_) | Phase::Closed => State::Idle,
            Phase::PendingE(_) => State::PendingE,
            Phase::PendingB(_) => State::PendingB,
        }
    }

    /// Whether the record is in the store and not out, and with which T flag it has to go.
    pub fn stored(&self) -> Option<bool> {
        match self.phase {
            Phase::Stored(t_flag) => Some(t_flag),
            Phase::New | Phase::PendingE(_) | Phase::PendingB(_) | Phase::Closed => None,
        }
    }

    fn answered(&mut self, pending: Pending, facts: &AnswerFacts) {
        let refused = Cause::Refused(facts.result_code);
        match facts.class() {
            AnswerClass::Success => self.close(Outcome::Acknowledged),
            AnswerClass::Transient => self.not_sent(pending.t_flag, refused),
            AnswerClass::Failed => self.close(Outcome::Lost(refused)),
        }
    }

    fn stored_answered(&mut self, pending: Pending, facts: &AnswerFacts) {
        let refused = Cause::Refused(facts.result_code);
        let outcome = match facts.class() {
            AnswerClass::Success => Outcome::Acknowledged,
            AnswerClass::Transient => return self.keep_stored(pending.t_flag, refused),
            AnswerClass::Failed => Outcome::Lost(refused),
        };
        self.actions.push_back(Action::DeleteStored);
        self.close(outcome);
    }

    fn timed_out(&mut self, now: Instant, pending: Pending) {
        if pending.resends < self.config.resends {
            self.resend(now, Pending { resends: pending.resends + 1, ..pending });
        } else {
            self.not_sent(true, Cause::TimedOut);
        }
    }

    fn not_sent(&mut self, t_flag: bool, cause: Cause) {
        if !self.buffer_space {
            return self.close(Outcome::Lost(cause));
        }
        let Self { record_type, number, .. } = *self;
        self.actions.push_back(Action::Store(StoreOrder { record_type, number, t_flag, replaces: None, held: false }));
        self.keep_stored(t_flag, cause);
    }

    fn keep_stored(&mut self, t_flag: bool, cause: Cause) {
        self.phase = Phase::Stored(t_flag);
        self.actions.push_back(Action::Settled(Outcome::Stored(cause)));
    }

    fn send_stored(&mut self, now: Instant, t_flag: bool) {
        self.phase = Phase::PendingB(self.sent(now, t_flag));
        self.order(true, t_flag.then_some(Resend { t_flag, alternate: false }));
    }

    /// After a transmission that may have arrived.
    fn resend(&mut self, now: Instant, pending: Pending) {
        let give_up = after(now, self.config.request_timeout);
        self.phase = Phase::PendingE(Pending { give_up, t_flag: true, ..pending });
        self.order(false, Some(Resend { t_flag: true, alternate: true }));
    }

    fn sent(&self, now: Instant, t_flag: bool) -> Pending {
        Pending { give_up: after(now, self.config.request_timeout), resends: 0, failovers: 0, t_flag }
    }

    fn order(&mut self, stored: bool, resend: Option<Resend>) {
        let Self { record_type, number, .. } = *self;
        self.actions.push_back(Action::SendAcr(AcrOrder { record_type, number, stored, resend }));
    }

    fn close(&mut self, outcome: Outcome) {
        self.phase = Phase::Closed;
        self.actions.push_back(Action::Settled(outcome));
    }
}
