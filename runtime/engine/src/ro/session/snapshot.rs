//! A client session as plain data, to be kept and resumed elsewhere.

use super::{CcrReason, ClientSession, Pending, Phase, SessionConfig};
use crate::deadline::{after, left};
use diametric_protocol::credit_control::{CcSessionFailover, CreditControlFailureHandling};
use std::time::{Duration, Instant};

/// A client session as plain data. Times are counted from the moment at which it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Session-Id.
    pub session_id: String,
    /// Where it stands.
    pub phase: PhaseState,
    /// CC-Request-Number of the next request.
    pub next_number: u32,
    /// Credit-Control-Failure-Handling of the last CCA that had it.
    pub answered_handling: Option<CreditControlFailureHandling>,
    /// Credit-Control-Failure-Handling of the home AAA server.
    pub authorized_handling: Option<CreditControlFailureHandling>,
    /// CC-Session-Failover in force.
    pub session_failover: CcSessionFailover,
    /// Whether the user is redirected or restricted.
    pub restricted: bool,
    /// Whether the service was stopped.
    pub service_over: bool,
    /// What is left of the Validity-Time.
    pub validity: Option<Duration>,
    /// What waits for the request that is out.
    pub queue: Vec<CcrReason>,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseState {
    /// Nothing was sent.
    Idle,
    /// Units are granted.
    Open,
    /// A request is out.
    Pending(PendingState),
    /// The session is over.
    Closed,
}

/// The request that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingState {
    /// CC-Request-Number.
    pub number: u32,
    /// Why it was sent, and so its CC-Request-Type.
    pub reason: CcrReason,
    /// Whether it reports usage.
    pub report_usage: bool,
    /// What is left of Tx; `None` where it does not run.
    pub tx: Option<Duration>,
    /// Whether Tx expired.
    pub tx_expired: bool,
    /// What is left of the request timeout.
    pub give_up: Option<Duration>,
    /// To how many other servers it was sent.
    pub alternates: u32,
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
                    number: pending.number,
                    reason: pending.reason,
                    report_usage: pending.report_usage,
                    tx: left(pending.tx, now),
                    tx_expired: pending.tx_expired,
                    give_up: left(pending.give_up, now),
                    alternates: pending.alternates,
                    t_flag: pending.t_flag,
                }),
            },
            next_number: self.next_number,
            answered_handling: self.answered_handling,
            authorized_handling: self.authorized_handling,
            session_failover: self.session_failover,
            restricted: self.restricted,
            service_over: self.service_over,
            validity: left(self.validity, now),
            queue: self.queue.iter().copied().collect(),
        }
    }

    /// The session again, as it was, with `config` in place of the earlier one.
    ///
    /// If a request is out and what carried it is gone, hand in [`Input::TransportLost`](super::Input::TransportLost).
    pub fn resume(state: SessionState, config: SessionConfig, now: Instant) -> Self {
        let at = |left: Option<Duration>| left.and_then(|left| after(now, left));
        let mut session = Self::new(&state.session_id, config);
        session.phase = match state.phase {
            PhaseState::Idle => Phase::Idle,
            PhaseState::Open => Phase::Open,
            PhaseState::Closed => Phase::Closed,
            PhaseState::Pending(pending) => Phase::Pending(Pending {
                number: pending.number,
                reason: pending.reason,
                report_usage: pending.report_usage,
                tx: at(pending.tx),
                tx_expired: pending.tx_expired,
                give_up: at(pending.give_up),
                alternates: pending.alternates,
                t_flag: pending.t_flag,
            }),
        };
        session.next_number = state.next_number;
        session.answered_handling = state.answered_handling;
        session.authorized_handling = state.authorized_handling;
        session.session_failover = state.session_failover;
        session.restricted = state.restricted;
        session.service_over = state.service_over;
        session.validity = at(state.validity);
        // Only while a request is out does anything wait.
        if matches!(session.phase, Phase::Pending(_)) {
            session.queue = state.queue.into();
        }
        session
    }
}
