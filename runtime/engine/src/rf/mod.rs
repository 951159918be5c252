//! Offline charging (Rf): the state machines of the accounting application, RFC 6733 §8.2, without sockets or clock.
//!
//! # Concepts
//!
//! A *client* (the charging trigger function) reports what a user did to a *server* (the charging data function), after
//! the fact: what it reports is a record, carried by an ACR; the ACA says that the server has it.
//!
//! - A **session** is reported by START, any number of INTERIM, and STOP: [`ClientSession`].
//! - A **one-time event** is one record, EVENT, as is a record that waited in a store: [`SingleRecord`].
//!
//! The server's side of both is [`Server`], one machine for all sessions: it finds repeated records, and knows, if it is
//! to know, which sessions are open and for how long each may be silent.
//!
//! A machine holds no record. Its driver builds them, sends them, keeps them where the machine says so, and hands in what
//! happened; of an answer it hands in the facts that decide, [`AnswerFacts`]. It then carries out what `poll_action` says,
//! in that order, and calls `handle_timeout` when the time that `poll_timeout` names has come. Time is always a parameter:
//!
//! ```text
//! driver                                machine
//!   handle_input(now, Start)       ->     Idle -> PendingS
//!   poll_action()                  <-     SendAcr(START, number 0)
//!   handle_input(now, Answer{..})  ->     PendingS -> Open
//!   poll_action()                  <-     Settled(number 0, Acknowledged): tell who waits
//!   poll_timeout()                 <-     when an INTERIM is due
//! ```
//!
//! # When a record cannot be delivered
//!
//! Accounting-Realtime-Required decides (RFC 6733 §9.8.7): the service stops (DELIVER_AND_GRANT), or goes on while the
//! record waits in a *store* (GRANT_AND_STORE, the default), or goes on although the record is lost (GRANT_AND_LOSE). The
//! store belongs to the driver, and what is in it survives the machine.
//!
//! An input that has no meaning in a state changes nothing and comes back as [`Ignored`]. Every pair of state and input
//! is decided; the rows of the RFC's tables, and of the prose around them, are tests of this crate.

pub mod record;
pub mod server;
pub mod session;

pub use record::SingleRecord;
pub use server::Server;
pub use session::ClientSession;

use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRecordType};
use diametric_protocol::base::ResultCode;
use std::time::Duration;

/// How long an ACR waits for its answer.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The input has no meaning in the machine's state: nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this has no meaning in the state of the accounting machine")]
pub struct Ignored;

/// What a machine needs to know of an ACA, or of the answer-message that came in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerFacts {
    /// Result-Code.
    pub result_code: ResultCode,
    /// The E flag of the header.
    pub protocol_error: bool,
    /// Acct-Interim-Interval: from here on it counts before any other source (RFC 6733 §9.1). Zero ends the INTERIM
    /// records (§9.8.2).
    pub interim_interval: Option<Duration>,
    /// Accounting-Realtime-Required, likewise.
    pub realtime_required: Option<AccountingRealtimeRequired>,
}

impl AnswerFacts {
    /// An answer that has a Result-Code and nothing else of note.
    pub fn new(result_code: ResultCode) -> Self {
        Self { result_code, protocol_error: false, interim_interval: None, realtime_required: None }
    }

    /// What the answer comes to, for the table of RFC 6733 §8.2.
    ///
    /// The RFC names 4002, 3004 and 3005 as failures to send, and calls a failed answer what is not transient. 3002 says
    /// of itself that the destination was not reached, and any other 4xxx that it is transient: both are failures to send
    /// here, so that their records are kept.
    pub fn class(&self) -> AnswerClass {
        match self.result_code {
            ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY | ResultCode::LOOP_DETECTED => AnswerClass::Transient,
            ResultCode(4000..=4999) => AnswerClass::Transient,
            // The E flag says that this is no success, whatever the code.
            ResultCode(2000..=2999) if !self.protocol_error => AnswerClass::Success,
            _ => AnswerClass::Failed,
        }
    }
}

/// The kinds of answer that the table of RFC 6733 §8.2 tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerClass {
    /// 2xxx: the server has the record.
    Success,
    /// A failure to send: 3002, 3004, 3005 and 4xxx, 4002 OUT_OF_SPACE above all.
    Transient,
    /// "Failed answer": everything else, an unknown class included (RFC 6733 §7.1). The record is not wanted.
    Failed,
}

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An answer said so.
    Refused(ResultCode),
    /// It could not be sent.
    SendFailed,
    /// The request timeout passed: it was given up.
    TimedOut,
    /// The session was over before its turn came.
    Ended,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it.
    Acknowledged,
    /// It waits in the store.
    Stored(Cause),
    /// Nobody has it.
    Lost(Cause),
    /// A newer INTERIM of the session took its place, and its number, before it was sent (RFC 6733 §9.5).
    Superseded,
}

/// That a record is sent another time, with the same Accounting-Record-Number and End-to-End id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// The T flag: whether the earlier transmission may have arrived without an answer (RFC 6733 §3).
    pub t_flag: bool,
    /// Whether it is better sent to another server.
    pub alternate: bool,
}

/// An ACR to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AcrOrder {
    /// Accounting-Record-Type.
    pub record_type: AccountingRecordType,
    /// Accounting-Record-Number.
    pub number: u32,
    /// Whether it is the record in the store.
    pub stored: bool,
    /// That it was sent before; so for a stored one, if its earlier transmission may have arrived.
    pub resend: Option<Resend>,
}

/// A record to keep, in place of the same one where that is in the store already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOrder {
    /// Accounting-Record-Type.
    pub record_type: AccountingRecordType,
    /// Accounting-Record-Number.
    pub number: u32,
    /// Whether it must go out with the T flag.
    pub t_flag: bool,
    /// The INTERIM of the session that it overwrites, if that is still in the store (RFC 6733 §9.5).
    pub replaces: Option<u32>,
    /// Whether the session is going to send it, as soon as its turn comes: until the same record is stored without
    /// this, or deleted, nobody else may.
    pub held: bool,
}
