//! What goes into a client session and what comes out.

use crate::ro::{AnswerFacts, DEFAULT_REQUEST_TIMEOUT, DEFAULT_TX, NoAnswer, Resend};
use diametric_protocol::base::{ResultCode, TerminationCause};
use diametric_protocol::credit_control::{
    CcRequestType, CcSessionFailover, CreditControlFailureHandling, FinalUnitAction,
};
use std::time::Duration;

/// How a client session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Tx: how long a user waits for an answer (RFC 8506 §13). 10 s.
    pub tx: Duration,
    /// When a request is given up. Longer than Tx, if late answers are to be of use. 120 s.
    pub request_timeout: Duration,
    /// Credit-Control-Failure-Handling while no server has said otherwise. TERMINATE.
    ///
    /// A local choice: the AVP is not allowed in a CCR (RFC 8506 §10.1).
    pub failure_handling: CreditControlFailureHandling,
    /// CC-Session-Failover while no server has said otherwise. FAILOVER_NOT_SUPPORTED.
    pub session_failover: CcSessionFailover,
    /// How many other servers are tried for one request, where the session may move (RFC 8506 §5.7). 0.
    pub alternates: u32,
    /// Whether the client can redirect a user. If not, REDIRECT is done as TERMINATE (RFC 8506 §8.35).
    pub can_redirect: bool,
    /// Whether the client can restrict a user's access. If not, RESTRICT_ACCESS is done as TERMINATE.
    pub can_restrict: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            tx: DEFAULT_TX,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            failure_handling: CreditControlFailureHandling::TERMINATE,
            session_failover: CcSessionFailover::FAILOVER_NOT_SUPPORTED,
            alternates: 0,
            can_redirect: false,
            can_restrict: false,
        }
    }
}

/// The states of RFC 8506 §7, tables 3 and 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Before the first CCR and after the last answer.
    Idle,
    /// CCR INITIAL is out.
    PendingI,
    /// Units are granted.
    Open,
    /// CCR UPDATE is out.
    PendingU,
    /// CCR TERMINATION is out.
    PendingT,
}

/// What happened to a client session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// Service was requested.
    Start,
    /// Credit has to be asked for again. While a CCR is out, this waits for its answer.
    Update(UpdateReason),
    /// The units of a final grant are used up. For a Final-Unit-Indication inside one
    /// Multiple-Services-Credit-Control with TERMINATE, stop that service and report [`UpdateReason::UnitsUsed`] instead:
    /// only an indication at command level ends the session (RFC 8506 §5.6.1).
    FinalUnitsUsed(FinalUnitAction),
    /// The service to the user ended, for any reason but this machine's.
    ServiceTerminated(TerminationCause),
    /// The application wants no more of the session. As [`ServiceTerminated`](Self::ServiceTerminated), but while the
    /// first answer is overdue the session is dropped at once: the server may know nothing of it.
    Terminate(TerminationCause),
    /// The server sent a RAR (RFC 8506 §5.5).
    ReauthRequested {
        /// Whether the CCR that is out reports all the services that the RAR is about.
        covered: bool,
    },
    /// The server sent an ASR (RFC 6733 §8.5).
    AbortRequested {
        /// Whether the client complies: the service is being stopped.
        comply: bool,
    },
    /// An answer came.
    Answer {
        /// CC-Request-Number of the request that it answers.
        number: u32,
        /// What it says.
        facts: AnswerFacts,
    },
    /// An answer came that is none: it cannot be decoded, or does not repeat the Session-Id and CC-Request-Number of its
    /// request. Nothing in it counts, but the server may have reserved or debited units (RFC 6733 §7).
    BadAnswer {
        /// CC-Request-Number of the request that it came for.
        number: u32,
    },
    /// A request did not reach its server, or the connection to it was lost: another one is tried where the session may
    /// move.
    SendFailed {
        /// Its CC-Request-Number.
        number: u32,
        /// Whether the server may have got it all the same: then the next transmission has the T flag.
        sent: bool,
    },
    /// A request was given up by a lower layer, before this machine's own request timeout.
    RequestTimedOut {
        /// Its CC-Request-Number.
        number: u32,
    },
    /// What carried the request that is out is gone, together with the means to hear the answer, as after the session
    /// was resumed in another process: it has to be sent again.
    TransportLost,
}

/// Why credit is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateReason {
    /// Granted units are used up, or nearly; they were not final.
    UnitsUsed,
    /// The rating condition changed: a trigger fired.
    RatingChanged,
    /// Validity-Time passed.
    ValidityExpired,
    /// The application wants it.
    Application,
}

/// Why a CCR is sent, which decides its CC-Request-Type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CcrReason {
    /// INITIAL_REQUEST: service was requested.
    Start,
    /// UPDATE_REQUEST.
    Update(UpdateReason),
    /// UPDATE_REQUEST: the server asked for re-authorization. Reporting-Reason is FORCED_REAUTHORISATION.
    Reauthorization,
    /// UPDATE_REQUEST: final units are used up, and the user has been redirected or restricted.
    FinalUnits(FinalUnitAction),
    /// TERMINATION_REQUEST, with its Termination-Cause.
    Termination(TerminationCause),
}

impl CcrReason {
    /// CC-Request-Type.
    pub fn request_type(self) -> CcRequestType {
        match self {
            Self::Start => CcRequestType::InitialRequest,
            Self::Update(_) | Self::Reauthorization | Self::FinalUnits(_) => CcRequestType::UpdateRequest,
            Self::Termination(_) => CcRequestType::TerminationRequest,
        }
    }
}

/// A CCR to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CcrOrder {
    /// CC-Request-Type.
    pub request_type: CcRequestType,
    /// CC-Request-Number.
    pub number: u32,
    /// Why.
    pub reason: CcrReason,
    /// Whether Used-Service-Unit belongs in it. Not while the user is restricted after final units (RFC 8506 §5.6.2).
    pub report_usage: bool,
    /// Whether Requested-Service-Unit and other rating AVPs belong in it.
    pub request_units: bool,
    /// That it was sent before.
    pub resend: Option<Resend>,
}

/// What a client session wants done.
///
/// Every CCR has one outcome for who waits for it, [`Answered`](Self::Answered) or [`Unanswered`](Self::Unanswered); only
/// after [`NoAnswer::TxExpired`] another one of the same number can follow. Updates that waited and were not sent when a
/// TERMINATION goes out, or when the session closes, have none: nothing of the session follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Send a CCR.
    SendCcr(CcrOrder),
    /// Answer the RAR.
    SendRaa {
        /// Result-Code.
        result_code: ResultCode,
    },
    /// Answer the ASR.
    SendAsa {
        /// Result-Code.
        result_code: ResultCode,
    },
    /// Let the service run without credit control: start it or let it go on.
    GrantService,
    /// Stop the service, or refuse it.
    TerminateService,
    /// Redirect or restrict the user.
    Restrict(FinalUnitAction),
    /// Take back every redirection and restriction.
    LiftRestrictions,
    /// The answer was taken up.
    Answered {
        /// CC-Request-Number.
        number: u32,
        /// Whether Tx had expired before.
        late: bool,
    },
    /// There is no answer.
    Unanswered {
        /// CC-Request-Number.
        number: u32,
        /// Why.
        why: NoAnswer,
    },
    /// The answer is to nothing that is out: discard it (RFC 6733 §6.2.1).
    Discarded {
        /// CC-Request-Number.
        number: u32,
    },
    /// The session is over. Only the answers to late messages follow.
    Closed(CloseCause),
}

/// Why a client session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The TERMINATION was answered with success.
    Terminated,
    /// The server needs no credit control for the service: 4011.
    NotApplicable,
    /// An answer refused the request.
    Refused(ResultCode),
    /// There was no answer.
    Unanswered(NoAnswer),
    /// The application dropped it before the server was heard.
    Dropped,
}
