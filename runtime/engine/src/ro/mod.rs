//! Online charging (Ro): the state machines of the credit-control application, RFC 8506 §7, without sockets or clock.
//!
//! # Concepts
//!
//! A *client* (the charging trigger function) asks a *server* (the online charging function) for permission before it
//! serves a user. What it asks is a CCR, what it hears a CCA. There are two ways to ask:
//!
//! - A **session** reserves units first and debits what was used: INITIAL, any number of UPDATE, TERMINATION. Without
//!   UPDATE it is called ECUR, with UPDATE SCUR; the machine is the same, [`ClientSession`].
//! - A **one-time event** debits, refunds or enquires in a single exchange, IEC: [`OneTimeEvent`].
//!
//! The server's side of both is [`ServerSession`].
//!
//! A machine holds no message. Its driver builds requests, sends them, and hands in what happened; of an answer it hands
//! in the facts that decide, [`AnswerFacts`]. It then carries out what `poll_action` says, in that order, and calls
//! `handle_timeout` when the time that `poll_timeout` names has come. Time is always a parameter:
//!
//! ```text
//! driver                                machine
//!   handle_input(now, Start)       ->     Idle -> PendingI
//!   poll_action()                  <-     SendCcr(INITIAL, number 0)
//!   handle_input(now, Answer{..})  ->     PendingI -> Open
//!   poll_action()                  <-     Answered(number 0): tell who waits
//!   poll_timeout()                 <-     when the Validity-Time of the grant ends
//! ```
//!
//! # When no answer comes
//!
//! Two timers run for a request. **Tx** (10 s, RFC 8506 §13) is how long the user waits: when it expires,
//! Credit-Control-Failure-Handling says whether the service stops or goes on uncontrolled, while the request stays
//! pending and a late answer still counts. The **request timeout** is when the request is given up.
//!
//! An input that has no meaning in a state changes nothing and comes back as [`Ignored`]. Every pair of state and input
//! is decided; the rows of the RFC's tables, and of the prose around them, are tests of this crate.

pub mod event;
pub mod server;
pub mod session;

pub use event::OneTimeEvent;
pub use server::ServerSession;
pub use session::ClientSession;

use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{
    CcSessionFailover, CreditControlFailureHandling, DirectDebitingFailureHandling, FinalUnitAction,
};
use std::time::Duration;

/// Tx, RFC 8506 §13.
pub const DEFAULT_TX: Duration = Duration::from_secs(10);

/// When a request is given up: the example of RFC 8506 §5.7.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// The input has no meaning in the machine's state: nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this has no meaning in the state of the credit-control machine")]
pub struct Ignored;

/// What a machine needs to know of a CCA, or of the answer-message that came in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnswerFacts {
    /// Result-Code at command level. It overrides those inside Multiple-Services-Credit-Control (RFC 8506 §5.1.2), which
    /// are for their own services only and no matter of the machine.
    pub result_code: ResultCode,
    /// The E flag of the header.
    pub protocol_error: bool,
    /// Credit-Control-Failure-Handling: from here on it counts before any other source.
    pub failure_handling: Option<CreditControlFailureHandling>,
    /// Direct-Debiting-Failure-Handling, likewise.
    pub direct_debiting_failure_handling: Option<DirectDebitingFailureHandling>,
    /// CC-Session-Failover.
    pub session_failover: Option<CcSessionFailover>,
    /// The shortest Validity-Time of the answer, if the machine is to watch it. A driver that watches the Validity-Time
    /// of each rating group itself leaves it out, and reports [`UpdateReason::ValidityExpired`].
    ///
    /// [`UpdateReason::ValidityExpired`]: session::UpdateReason::ValidityExpired
    pub validity_time: Option<Duration>,
    /// Final-Unit-Action, from a Final-Unit-Indication that concerns the session as a whole.
    pub final_unit_action: Option<FinalUnitAction>,
    /// Whether units were granted. Decides whether final units act at once (RFC 8506 §5.6) and whether restrictions end.
    pub granted: bool,
    /// Whether the grant is one that the client cannot handle: an unknown unit type, or a tariff change without support
    /// for it (RFC 8506 §5.1.1, §8.17).
    pub unusable: bool,
}

impl AnswerFacts {
    /// An answer that has a Result-Code and nothing else of note.
    pub fn new(result_code: ResultCode) -> Self {
        Self {
            result_code,
            protocol_error: false,
            failure_handling: None,
            direct_debiting_failure_handling: None,
            session_failover: None,
            validity_time: None,
            final_unit_action: None,
            granted: false,
            unusable: false,
        }
    }

    /// What the answer comes to, for the tables of RFC 8506 §7.
    pub fn class(&self) -> AnswerClass {
        match self.result_code {
            ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY | ResultCode::LOOP_DETECTED => AnswerClass::Temporary,
            // 4012 is in no table; §9.1 gives it the meaning of a refusal, as 4010.
            ResultCode::END_USER_SERVICE_DENIED | ResultCode::CREDIT_LIMIT_REACHED => AnswerClass::Denied,
            ResultCode::CREDIT_CONTROL_NOT_APPLICABLE => AnswerClass::NotApplicable,
            ResultCode::USER_UNKNOWN => AnswerClass::UserUnknown,
            // The E flag says that this is no success, whatever the code.
            ResultCode(2000..=2999) if !self.protocol_error => AnswerClass::Success,
            _ => AnswerClass::Failed,
        }
    }

    /// 3002 or 3004: another server may do better (RFC 8506 §5.7, §6.5).
    pub(crate) fn invites_failover(&self) -> bool {
        matches!(self.result_code, ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY)
    }
}

/// The kinds of answer that the tables of RFC 8506 §7 tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerClass {
    /// 2xxx.
    Success,
    /// "Temporary error": 3002, 3004, 3005.
    Temporary,
    /// 4010 and 4012: the user gets no service, whatever the failure handling.
    Denied,
    /// 4011: the service needs no credit control.
    NotApplicable,
    /// 5030.
    UserUnknown,
    /// "Failed answer": everything else, an unknown class included (RFC 6733 §7.1).
    Failed,
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Tx expired. The request may still be answered.
    TxExpired,
    /// It could not be sent.
    SendFailed,
    /// The request timeout passed: it was given up.
    TimedOut,
    /// What came cannot be understood, or answers something else.
    BadAnswer,
}

/// That a request is sent another time, with the same CC-Request-Number and End-to-End id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// The T flag: whether the earlier transmission may have been processed without an answer (RFC 6733 §3).
    pub t_flag: bool,
    /// Whether it must go to another server.
    pub alternate: bool,
}
