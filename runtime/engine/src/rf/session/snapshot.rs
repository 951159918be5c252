//! A client session as plain data, to be kept and resumed elsewhere.

use super::{ClientSession, Pending, Phase, SessionConfig};
use crate::deadline::{after, left};
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRecordType};
use std::time::{Duration, Instant};

/// A client session as plain data. Times are counted from the moment at which it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Session-Id.
    pub session_id: String,
    /// Where it stands.
    pub phase: PhaseState,
    /// Accounting-Record-Number of the next record.
    pub next_number: u32,
    /// Acct-Interim-Interval in force.
    pub interim_interval: Option<Duration>,
    /// Accounting-Realtime-Required in force.
    pub realtime_required: AccountingRealtimeRequired,
    /// How long ago START or the last INTERIM was sent.
    pub reported: Option<Duration>,
    /// What is left until the next INTERIM.
    pub interim: Option<Duration>,
    /// The INTERIM that waits for the ACR that is out.
    pub waiting_interim: Option<u32>,
    /// The STOP that does.
    pub held_stop: Option<u32>,
    /// The INTERIM that is in the store.
    pub stored_interim: Option<u32>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseState {
    /// Nothing was sent.
    Idle,
    /// The service runs, and no record is out.
    Open,
    /// An ACR is out.
    Pending(PendingState),
    /// The session is over.
    Closed,
}

/// The ACR that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingState {
    /// Accounting-Record-Type.
    pub record_type: AccountingRecordType,
    /// Accounting-Record-Number.
    pub number: u32,
    /// Whether it is in the store too.
    pub stored: bool,
    /// What is left of the request timeout.
    pub give_up: Option<Duration>,
    /// How often it was sent again after silence.
    pub resends: u32,
    /// How often it was sent again because its transport was lost.
    pub failovers: u32,
    /// Whether some transmission had no answer.
    pub t_flag: bool,
}

impl ClientSession {
    /// The session as plain data. Actions that were not polled are not part of it: carry them out first.
    pub fn snapshot(&self, now: Instant) -> SessionState {
        SessionState {
            session_id: self.session_id.clone().into(),
            phase: match self.phase {
                Phase::Idle => PhaseState::Idle,
                Phase::Open => PhaseState::Open,
                Phase::Closed => PhaseState::Closed,
                Phase::Pending(pending) => PhaseState::Pending(PendingState {
                    record_type: pending.record_type,
                    number: pending.number,
                    stored: pending.stored,
                    give_up: left(pending.give_up, now),
                    resends: pending.resends,
                    failovers: pending.failovers,
                    t_flag: pending.t_flag,
                }),
            },
            next_number: self.next_number,
            interim_interval: self.interval,
            realtime_required: self.realtime_required,
            reported: self.reported.map(|reported| now.saturating_duration_since(reported)),
            interim: left(self.interim_at, now),
            waiting_interim: self.waiting_interim,
            held_stop: self.held_stop,
            stored_interim: self.stored_interim,
        }
    }

    /// The session again, as it was, with `config` in place of the earlier one.
    ///
    /// If a record is out and what carried it is gone, hand in [`Input::TransportLost`](super::Input::TransportLost).
    pub fn resume(state: SessionState, config: SessionConfig, now: Instant) -> Self {
        let at = |left: Option<Duration>| left.and_then(|left| after(now, left));
        let mut session = Self::new(&state.session_id, config);
        session.phase = match state.phase {
            PhaseState::Idle => Phase::Idle,
            PhaseState::Open => Phase::Open,
            PhaseState::Closed => Phase::Closed,
            PhaseState::Pending(pending) => Phase::Pending(Pending {
                record_type: pending.record_type,
                number: pending.number,
                stored: pending.stored,
                give_up: at(pending.give_up),
                resends: pending.resends,
                failovers: pending.failovers,
                t_flag: pending.t_flag,
            }),
        };
        session.next_number = state.next_number;
        session.interval = state.interim_interval.filter(|interval| !interval.is_zero());
        session.realtime_required = state.realtime_required;
        session.reported = state.reported.map(|ago| now.checked_sub(ago).unwrap_or(now));
        session.interim_at = at(state.interim);
        // Only while an ACR is out does anything wait.
        if matches!(session.phase, Phase::Pending(_)) {
            session.waiting_interim = state.waiting_interim;
            session.held_stop = state.held_stop;
        }
        session.stored_interim = state.stored_interim;
        session
    }
}
