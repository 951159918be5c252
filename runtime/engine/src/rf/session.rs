//! The client of an accounting session (RFC 6733 §8.2, "CLIENT, ACCOUNTING"): START, INTERIM, STOP.
//!
//! Where the table is silent:
//!
//! - At most one ACR is out. An INTERIM that comes meanwhile waits; a newer one takes its place and its number (RFC 6733
//!   §9.5). A STOP joins the line behind it, in the store, and no record after it is accepted.
//! - With DELIVER_AND_GRANT a START or INTERIM that cannot be sent stops the service also where there is room to store it:
//!   the service needs a live connection (RFC 6733 §9.8.7). Another server is as good as the first.
//! - The request timeout is a failure to send, once the record was sent as often as it may be.
//! - A failed answer that came after an unanswered transmission does not clear the T flag: the earlier transmission may
//!   have arrived (RFC 6733 §3).
//! - A STOP that waits in the store when the session is cut short stays there, for whoever empties the store.
//! - An unknown Accounting-Realtime-Required is handled as GRANT_AND_STORE, the default.
//! - The interval of INTERIM records counts from when START or the last INTERIM was sent. It is shortened by up to a
//!   tenth, at random, so that clients do not report all at once (RFC 6733 §9.8.2) and no server loses patience.

mod snapshot;
mod vocabulary;

pub use snapshot::{PendingState, PhaseState, SessionState};
pub use vocabulary::{Action, CloseCause, Input, SessionConfig, State};

use super::{AcrOrder, AnswerClass, AnswerFacts, Cause, Ignored, Outcome, Resend, StoreOrder};
use crate::deadline::{after, due};
use crate::random::draw;
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRecordType};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The client's side of one accounting session.
///
/// Drop it when [`Action::Closed`] has come out. A Session-Id is never used twice, so a closed session does not start
/// again.
#[derive(Clone, Debug)]
pub struct ClientSession {
    session_id: Box<str>,
    config: SessionConfig,
    phase: Phase,
    next_number: u32,
    /// Acct-Interim-Interval in force, never zero.
    interval: Option<Duration>,
    realtime_required: AccountingRealtimeRequired,
    /// When START or the last INTERIM was sent.
    reported: Option<Instant>,
    interim_at: Option<Instant>,
    /// The INTERIM that waits for the ACR that is out.
    waiting_interim: Option<u32>,
    /// The STOP that does.
    held_stop: Option<u32>,
    /// The INTERIM that is in the store.
    stored_interim: Option<u32>,
    buffer_space: bool,
    random: Option<u64>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Idle,
    Open,
    Pending(Pending),
    Closed,
}

/// The ACR that is out.
#[derive(Clone, Copy, Debug)]
struct Pending {
    record_type: AccountingRecordType,
    number: u32,
    /// It is in the store too.
    stored: bool,
    give_up: Option<Instant>,
    /// How often it was sent again after silence, and after its transport was lost.
    resends: u32,
    failovers: u32,
    /// Some transmission had no answer.
    t_flag: bool,
}

impl ClientSession {
    /// A session in Idle.
    pub fn new(session_id: &str, config: SessionConfig) -> Self {
        Self {
            session_id: session_id.into(),
            phase: Phase::Idle,
            next_number: 0,
            interval: config.interim_interval.filter(|interval| !interval.is_zero()),
            realtime_required: config.realtime_required,
            reported: None,
            interim_at: None,
            waiting_interim: None,
            held_stop: None,
            stored_interim: None,
            buffer_space: config.buffer_space,
            random: config.seed,
            actions: VecDeque::new(),
            config,
        }
    }

    /// Takes what happened.
    ///
    /// Timers that have run out by `now` but were not handled yet have not run out for this input: an answer that is here
    /// is better than none.
    ///
    /// # Errors
    /// If it has no meaning in the state of the session; nothing changed.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), Ignored> {
        match input {
            Input::Start => match self.phase {
                Phase::Idle => self.send_new(now, AccountingRecordType::StartRecord),
                Phase::Open | Phase::Pending(_) | Phase::Closed => return Err(Ignored),
            },
            Input::Interim => self.interim(now)?,
            Input::Stop => self.stop(now)?,
            Input::Answer { number, facts } => match self.outstanding(number) {
                Ok(pending) => self.answered(now, pending, &facts),
                // A late answer, or a session that is gone: RFC 6733 §3.
                Err(Ignored) => self.actions.push_back(Action::Discarded { number }),
            },
            Input::SendFailed { number, sent } => {
                let pending = self.outstanding(number)?;
                self.not_sent(now, Pending { t_flag: pending.t_flag || sent, ..pending }, Cause::SendFailed);
            }
            Input::RequestTimedOut { number } => {
                let pending = self.outstanding(number)?;
                self.timed_out(now, pending);
            }
            Input::TransportLost { number } => {
                let pending = self.outstanding(number)?;
                if pending.failovers < self.config.failovers {
                    self.resend(now, Pending { failovers: pending.failovers + 1, ..pending });
                } else {
                    self.not_sent(now, Pending { t_flag: true, ..pending }, Cause::SendFailed);
                }
            }
            Input::BufferSpace(available) => self.buffer_space = available,
            Input::StoredSettled { number } if self.stored_interim == Some(number) => self.stored_interim = None,
            Input::StoredSettled { .. } => return Err(Ignored),
        }
        Ok(())
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Pending(pending) = self.phase
            && due(pending.give_up, now)
        {
            self.timed_out(now, pending);
        }
        if matches!(self.phase, Phase::Open) && due(self.interim_at, now) {
            self.interim_at = self.next_interim(now);
            self.actions.push_back(Action::InterimDue);
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Pending(pending) => pending.give_up,
            Phase::Open => self.interim_at,
            Phase::Idle | Phase::Closed => None,
        }
    }

    /// The Session-Id.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The state, in the terms of RFC 6733 §8.2.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle | Phase::Closed => State::Idle,
            Phase::Open => State::Open,
            Phase::Pending(pending) => match pending.record_type {
                AccountingRecordType::StartRecord => State::PendingS,
                AccountingRecordType::InterimRecord | AccountingRecordType::EventRecord => State::PendingI,
                AccountingRecordType::StopRecord => State::PendingL,
            },
        }
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Accounting-Record-Number of a record of this type, if it is handed in now.
    pub fn number_for(&self, record_type: AccountingRecordType) -> u32 {
        match (record_type, self.waiting_interim) {
            (AccountingRecordType::InterimRecord, Some(waiting)) => waiting,
            _ => self.next_number,
        }
    }

    /// When the next INTERIM is due; `None` where none are wanted.
    pub fn interim_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open | Phase::Pending(_) => self.interim_at,
            Phase::Idle | Phase::Closed => None,
        }
    }

    /// Acct-Interim-Interval in force: that of the newest ACA that had one, else the one that was proposed.
    pub fn interim_interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Accounting-Realtime-Required in force: that of the newest ACA that had one, else the local choice.
    pub fn realtime_required(&self) -> AccountingRealtimeRequired {
        self.realtime_required
    }

    fn interim(&mut self, now: Instant) -> Result<(), Ignored> {
        match self.state() {
            State::Open => self.send_new(now, AccountingRecordType::InterimRecord),
            State::PendingS | State::PendingI if self.held_stop.is_some() => return Err(Ignored),
            State::PendingS | State::PendingI => match self.waiting_interim {
                Some(number) => self.settle(number, Outcome::Superseded),
                None => self.waiting_interim = Some(self.take_number()),
            },
            State::Idle | State::PendingL => return Err(Ignored),
        }
        Ok(())
    }

    fn stop(&mut self, now: Instant) -> Result<(), Ignored> {
        match self.state() {
            State::Open => self.send_new(now, AccountingRecordType::StopRecord),
            State::PendingS | State::PendingI if self.held_stop.is_some() => return Err(Ignored),
            State::PendingS | State::PendingI => {
                let number = self.take_number();
                self.held_stop = Some(number);
                self.store(AccountingRecordType::StopRecord, number, false, true);
            }
            State::Idle | State::PendingL => return Err(Ignored),
        }
        Ok(())
    }

    fn answered(&mut self, now: Instant, pending: Pending, facts: &AnswerFacts) {
        self.realtime_required = facts.realtime_required.unwrap_or(self.realtime_required);
        if let Some(interval) = facts.interim_interval {
            let interval = Some(interval).filter(|interval| !interval.is_zero());
            if interval != self.interval {
                self.interval = interval;
                self.interim_at = self.reported.and_then(|reported| self.next_interim(reported));
            }
        }
        let refused = Cause::Refused(facts.result_code);
        match (facts.class(), pending.record_type) {
            (AnswerClass::Transient, _) => self.not_sent(now, pending, refused),
            (AnswerClass::Success, AccountingRecordType::StopRecord) => {
                self.settle(pending.number, Outcome::Acknowledged);
                self.forget(pending);
                self.close(CloseCause::Stopped);
            }
            (AnswerClass::Success, _) => {
                self.settle(pending.number, Outcome::Acknowledged);
                self.opened(now);
            }
            (AnswerClass::Failed, AccountingRecordType::StopRecord) => {
                self.settle(pending.number, Outcome::Lost(refused));
                self.forget(pending);
                self.close(CloseCause::StopLost(refused));
            }
            (AnswerClass::Failed, _) if self.may_lose() => {
                self.settle(pending.number, Outcome::Lost(refused));
                self.opened(now);
            }
            (AnswerClass::Failed, _) => self.disconnect(pending, refused),
        }
    }

    /// The record is not delivered, and is not going to be by this machine.
    fn not_sent(&mut self, now: Instant, pending: Pending, cause: Cause) {
        let Pending { record_type, number, t_flag, .. } = pending;
        let stops = record_type == AccountingRecordType::StopRecord;
        let overwritable = record_type == AccountingRecordType::InterimRecord && self.stored_interim.is_some();
        let space = self.buffer_space || pending.stored || overwritable;
        let deliver = self.realtime_required == AccountingRealtimeRequired::DELIVER_AND_GRANT;
        if space && (stops || !deliver) {
            self.store(record_type, number, t_flag, false);
            self.settle(number, Outcome::Stored(cause));
        } else if stops || self.may_lose() {
            self.settle(number, Outcome::Lost(cause));
        } else {
            return self.disconnect(pending, cause);
        }
        match (stops, space) {
            (false, _) => self.opened(now),
            (true, true) => self.close(CloseCause::StopStored(cause)),
            (true, false) => self.close(CloseCause::StopLost(cause)),
        }
    }

    fn timed_out(&mut self, now: Instant, pending: Pending) {
        if pending.resends < self.config.resends {
            self.resend(now, Pending { resends: pending.resends + 1, ..pending });
        } else {
            self.not_sent(now, Pending { t_flag: true, ..pending }, Cause::TimedOut);
        }
    }

    fn outstanding(&self, number: u32) -> Result<Pending, Ignored> {
        match self.phase {
            Phase::Pending(pending) if pending.number == number => Ok(pending),
            Phase::Idle | Phase::Open | Phase::Pending(_) | Phase::Closed => Err(Ignored),
        }
    }

    fn opened(&mut self, now: Instant) {
        self.phase = Phase::Open;
        if let Some(number) = self.waiting_interim.take() {
            self.send(now, AccountingRecordType::InterimRecord, number, false);
        } else if let Some(number) = self.held_stop.take() {
            self.send(now, AccountingRecordType::StopRecord, number, true);
        }
    }

    fn send_new(&mut self, now: Instant, record_type: AccountingRecordType) {
        let number = self.take_number();
        self.send(now, record_type, number, false);
    }

    fn send(&mut self, now: Instant, record_type: AccountingRecordType, number: u32, stored: bool) {
        if record_type != AccountingRecordType::StopRecord {
            self.reported = Some(now);
            self.interim_at = self.next_interim(now);
        }
        let give_up = after(now, self.config.request_timeout);
        let pending = Pending { record_type, number, stored, give_up, resends: 0, failovers: 0, t_flag: false };
        self.phase = Phase::Pending(pending);
        self.actions.push_back(Action::SendAcr(AcrOrder { record_type, number, stored, resend: None }));
    }

    /// After a transmission that may have arrived.
    fn resend(&mut self, now: Instant, pending: Pending) {
        let Pending { record_type, number, stored, .. } = pending;
        let give_up = after(now, self.config.request_timeout);
        self.phase = Phase::Pending(Pending { give_up, t_flag: true, ..pending });
        let resend = Some(Resend { t_flag: true, alternate: true });
        self.actions.push_back(Action::SendAcr(AcrOrder { record_type, number, stored, resend }));
    }

    fn store(&mut self, record_type: AccountingRecordType, number: u32, t_flag: bool, held: bool) {
        let replaces = match record_type {
            AccountingRecordType::InterimRecord => self.stored_interim.replace(number),
            _ => None,
        };
        self.actions.push_back(Action::Store(StoreOrder { record_type, number, t_flag, replaces, held }));
    }

    fn forget(&mut self, pending: Pending) {
        if pending.stored {
            self.actions.push_back(Action::DeleteStored { number: pending.number });
        }
    }

    fn settle(&mut self, number: u32, outcome: Outcome) {
        self.actions.push_back(Action::Settled { number, outcome });
    }

    fn disconnect(&mut self, pending: Pending, cause: Cause) {
        self.settle(pending.number, Outcome::Lost(cause));
        // With a STOP in line, the service is over already.
        if self.held_stop.is_none() {
            self.actions.push_back(Action::DisconnectUser);
        }
        self.close(CloseCause::Disconnected(cause));
    }

    fn close(&mut self, cause: CloseCause) {
        self.phase = Phase::Closed;
        if let Some(number) = self.waiting_interim.take() {
            self.settle(number, Outcome::Lost(Cause::Ended));
        }
        if let Some(number) = self.held_stop.take() {
            self.store(AccountingRecordType::StopRecord, number, false, false);
            self.settle(number, Outcome::Stored(Cause::Ended));
        }
        self.actions.push_back(Action::Closed(cause));
    }

    fn take_number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        number
    }

    /// GRANT_AND_LOSE: the service goes on whatever becomes of a record.
    fn may_lose(&self) -> bool {
        self.realtime_required == AccountingRealtimeRequired::GRANT_AND_LOSE
    }

    /// When an INTERIM is due after the record of `reported`.
    fn next_interim(&mut self, reported: Instant) -> Option<Instant> {
        let interval = self.interval?;
        let early = match &mut self.random {
            Some(random) => interval / 10_240 * (draw(random) % 1024) as u32,
            None => Duration::ZERO,
        };
        after(reported, interval.saturating_sub(early))
    }
}
