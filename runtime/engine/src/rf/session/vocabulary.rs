//! What goes into a client session and what comes out.

use crate::rf::{AcrOrder, AnswerFacts, Cause, DEFAULT_REQUEST_TIMEOUT, Outcome, StoreOrder};
use diametric_protocol::accounting::AccountingRealtimeRequired;
use std::time::Duration;

/// How a client session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// How long one transmission of a record waits for its answer. 30 s.
    pub request_timeout: Duration,
    /// How often a record that has no answer in time is sent again. 0.
    pub resends: u32,
    /// How often a record is sent again, to another server where there is one, because its transport was lost (RFC 6733
    /// §5.5.4). 1.
    pub failovers: u32,
    /// Accounting-Realtime-Required while no ACA has said otherwise. GRANT_AND_STORE (RFC 6733 §9.8.7).
    pub realtime_required: AccountingRealtimeRequired,
    /// Acct-Interim-Interval as proposed in START; counts while no ACA has said otherwise. None.
    pub interim_interval: Option<Duration>,
    /// What INTERIM records are spread with over time, at random; where `None`, they are due at the interval exactly.
    pub seed: Option<u64>,
    /// Whether the store has room. Yes.
    pub buffer_space: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            resends: 0,
            failovers: 1,
            realtime_required: AccountingRealtimeRequired::GRANT_AND_STORE,
            interim_interval: None,
            seed: None,
            buffer_space: true,
        }
    }
}

/// The states of RFC 6733 §8.2 that a session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Before START, and after the last answer.
    Idle,
    /// START is out.
    PendingS,
    /// The service runs, and no record is out.
    Open,
    /// INTERIM is out.
    PendingI,
    /// STOP is out.
    PendingL,
}

/// What happened to a client session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// The user got access: there is a START record.
    Start,
    /// There is an INTERIM record: one was due, or the charging condition changed, or the user was authorized again.
    /// While an ACR is out it waits, in place of one that waits already.
    Interim,
    /// The service to the user ended: there is a STOP record.
    Stop,
    /// An answer came.
    Answer {
        /// Accounting-Record-Number of the record that it answers.
        number: u32,
        /// What it says.
        facts: AnswerFacts,
    },
    /// A record could not be sent, to any server that it may go to.
    SendFailed {
        /// Its Accounting-Record-Number.
        number: u32,
        /// Whether it may have arrived all the same.
        sent: bool,
    },
    /// A record was given up by a lower layer, before this machine's own request timeout.
    RequestTimedOut {
        /// Its Accounting-Record-Number.
        number: u32,
    },
    /// What carried a record is gone, together with the means to hear the answer, as when a connection ends or after the
    /// session was resumed in another process.
    TransportLost {
        /// Its Accounting-Record-Number.
        number: u32,
    },
    /// Whether the store has room, where that changed.
    BufferSpace(bool),
    /// An INTERIM left the store, delivered or not: there is nothing to overwrite any more.
    StoredSettled {
        /// Its Accounting-Record-Number.
        number: u32,
    },
}

/// What a client session wants done.
///
/// Every record that was handed in has one outcome, [`Settled`](Self::Settled).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send an ACR.
    SendAcr(AcrOrder),
    /// Keep a record.
    Store(StoreOrder),
    /// Take a record out of the store: it is settled.
    DeleteStored {
        /// Accounting-Record-Number.
        number: u32,
    },
    /// Hand in an INTERIM: the interval has passed. If none comes, this is repeated after another interval.
    InterimDue,
    /// This became of a record.
    Settled {
        /// Accounting-Record-Number.
        number: u32,
        /// What.
        outcome: Outcome,
    },
    /// Stop the service: it cannot be accounted for. Where the application has an authorization session too, end that as
    /// well (RFC 6733 §8.2).
    DisconnectUser,
    /// The answer is to nothing that is out: discard it (RFC 6733 §6.2.1).
    Discarded {
        /// Accounting-Record-Number.
        number: u32,
    },
    /// The session is over. Only what late answers cause follows.
    Closed(CloseCause),
}

/// Why a client session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The STOP was acknowledged.
    Stopped,
    /// The STOP waits in the store.
    StopStored(Cause),
    /// Nobody has the STOP.
    StopLost(Cause),
    /// The service could not be accounted for, and was stopped.
    Disconnected(Cause),
}
