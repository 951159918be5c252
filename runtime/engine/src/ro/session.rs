//! The client of a credit-control session (RFC 8506 §7, tables 3 and 4): ECUR and SCUR.
//!
//! Where the tables are silent:
//!
//! - Updates that come while a CCR is out wait in line, and leave in the order in which they came, each with an answer of
//!   its own; at most one CCR is out. A termination joins the line as its last member, so that usage which was to be
//!   reported before it still is.
//! - Tx does not run for a TERMINATION: nobody waits for service. The request timeout ends that wait.
//! - 4012 is handled as 4010. 5003 and 5031, and 5030 after the first answer, are failed answers.
//! - A RAR before the first answer or during the last exchange is refused with 5012: 5002 would make the server give up
//!   a session whose usage is still to be reported.
//! - An answer that cannot be understood leaves the service to the failure handling, as a failed answer does, and ends the
//!   session as one with unusable units does: TERMINATION with DIAMETER_BAD_ANSWER. Updates that wait are dropped.
//! - An unknown Credit-Control-Failure-Handling is handled as TERMINATE, the default.
//! - What does not reach its server, or is lost with the connection to it, moves as after 3002, where the session may move
//!   at all; with the T flag if the server may have got it.
//! - After final units with REDIRECT or RESTRICT_ACCESS, any failure to communicate ends the service (RFC 8506 §5.7).

mod snapshot;
mod vocabulary;

pub use snapshot::{PendingState, PhaseState, SessionState};
pub use vocabulary::{Action, CcrOrder, CcrReason, CloseCause, Input, SessionConfig, State, UpdateReason};

use super::{AnswerClass, AnswerFacts, Ignored, NoAnswer, Resend};
use crate::deadline::{after, due, earliest};
use diametric_protocol::base::{ResultCode, TerminationCause};
use diametric_protocol::credit_control::{
    CcRequestType, CcSessionFailover, CreditControlFailureHandling, FinalUnitAction,
};
use std::collections::VecDeque;
use std::time::Instant;

/// The client's side of one credit-control session.
///
/// Drop it when [`Action::Closed`] has come out. A Session-Id is never used twice, so a closed session does not start
/// again.
#[derive(Clone, Debug)]
pub struct ClientSession {
    session_id: Box<str>,
    config: SessionConfig,
    phase: Phase,
    next_number: u32,
    /// Credit-Control-Failure-Handling from a CCA, and from the home AAA server.
    answered_handling: Option<CreditControlFailureHandling>,
    authorized_handling: Option<CreditControlFailureHandling>,
    session_failover: CcSessionFailover,
    /// A redirection or restriction is in force.
    restricted: bool,
    /// The service was stopped, by whomever: there is nothing to grant or terminate.
    service_over: bool,
    validity: Option<Instant>,
    queue: VecDeque<CcrReason>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Idle,
    Open,
    Pending(Pending),
    Closed,
}

/// The CCR that is out.
#[derive(Clone, Copy, Debug)]
struct Pending {
    number: u32,
    reason: CcrReason,
    report_usage: bool,
    tx: Option<Instant>,
    tx_expired: bool,
    give_up: Option<Instant>,
    /// To how many other servers it was sent.
    alternates: u32,
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
            answered_handling: None,
            authorized_handling: None,
            session_failover: config.session_failover,
            restricted: false,
            service_over: false,
            validity: None,
            queue: VecDeque::new(),
            actions: VecDeque::new(),
            config,
        }
    }

    /// Credit-Control-Failure-Handling as the home AAA server gave it: counts before the local choice, and after what a
    /// CCA says (RFC 8506 §5.7).
    pub fn set_authorized_failure_handling(&mut self, handling: CreditControlFailureHandling) {
        self.authorized_handling = Some(handling);
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
            Input::Start => self.start(now),
            Input::Update(reason) => self.update(now, CcrReason::Update(reason)),
            Input::FinalUnitsUsed(action) => self.final_units_used(now, action),
            Input::ServiceTerminated(cause) => self.service_terminated(now, cause),
            Input::Terminate(cause) => self.terminate_session(now, cause),
            Input::ReauthRequested { covered } => {
                self.reauth(now, covered);
                Ok(())
            }
            Input::AbortRequested { comply } => {
                self.abort(now, comply);
                Ok(())
            }
            Input::Answer { number, facts } => {
                match self.outstanding(number) {
                    Ok(pending) => self.answered(now, pending, &facts),
                    // A late answer, or a session that is gone: RFC 6733 §3.
                    Err(Ignored) => self.actions.push_back(Action::Discarded { number }),
                }
                Ok(())
            }
            Input::BadAnswer { number } => {
                let pending = self.outstanding(number)?;
                self.bad_answer(now, pending);
                Ok(())
            }
            Input::SendFailed { number, sent } => {
                let pending = self.outstanding(number)?;
                self.send_failed(now, pending, sent);
                Ok(())
            }
            Input::RequestTimedOut { number } => {
                let pending = self.outstanding(number)?;
                self.timed_out(now, pending);
                Ok(())
            }
            Input::TransportLost => match self.phase {
                Phase::Pending(pending) => {
                    self.resend(now, pending, Resend { t_flag: true, alternate: false });
                    Ok(())
                }
                Phase::Idle | Phase::Open | Phase::Closed => Err(Ignored),
            },
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Pending(pending) = self.phase {
            // In the order in which they were due, if the driver comes late.
            if due(pending.tx, now) && pending.tx <= pending.give_up.or(pending.tx) {
                self.tx_expired(pending);
            }
        }
        if let Phase::Pending(pending) = self.phase
            && due(pending.give_up, now)
        {
            self.timed_out(now, pending);
        }
        if matches!(self.phase, Phase::Open) && due(self.validity, now) {
            let _open = self.update(now, CcrReason::Update(UpdateReason::ValidityExpired));
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Pending(pending) => earliest([pending.tx, pending.give_up]),
            Phase::Open => self.validity,
            Phase::Idle | Phase::Closed => None,
        }
    }

    /// The Session-Id.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The state, in the terms of RFC 8506 §7.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Idle | Phase::Closed => State::Idle,
            Phase::Open => State::Open,
            Phase::Pending(pending) => match pending.reason.request_type() {
                CcRequestType::InitialRequest => State::PendingI,
                CcRequestType::UpdateRequest | CcRequestType::EventRequest => State::PendingU,
                CcRequestType::TerminationRequest => State::PendingT,
            },
        }
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether the user is redirected or restricted after final units.
    pub fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// Credit-Control-Failure-Handling in force: from a CCA, else from the home AAA server, else local.
    pub fn failure_handling(&self) -> CreditControlFailureHandling {
        self.answered_handling.or(self.authorized_handling).unwrap_or(self.config.failure_handling)
    }

    /// The Result-Code with which a RAR has to be refused now; `None` where the
    /// application may answer it itself and then ask for an [update](UpdateReason::Application).
    pub fn reauth_refusal(&self) -> Option<ResultCode> {
        match self.state() {
            State::Idle => Some(ResultCode::UNKNOWN_SESSION_ID),
            State::PendingI | State::PendingT => Some(ResultCode::UNABLE_TO_COMPLY),
            State::Open | State::PendingU => None,
        }
    }

    /// Whether the request that is out goes to another server if its own turns out to be gone. A driver whose watchdog
    /// doubts the server need not wait for the connection to end then: it hands in [`Input::SendFailed`] at once
    /// (RFC 3539 §3.4.1).
    pub fn may_move(&self) -> bool {
        matches!(self.phase, Phase::Pending(pending) if self.moves(pending))
    }

    fn start(&mut self, now: Instant) -> Result<(), Ignored> {
        match self.phase {
            Phase::Idle => {
                self.send(now, CcrReason::Start);
                Ok(())
            }
            Phase::Open | Phase::Pending(_) | Phase::Closed => Err(Ignored),
        }
    }

    fn update(&mut self, now: Instant, reason: CcrReason) -> Result<(), Ignored> {
        match self.state() {
            State::Idle | State::PendingT => return Err(Ignored),
            State::Open => self.send(now, reason),
            State::PendingI | State::PendingU if self.termination_queued() => return Err(Ignored),
            State::PendingI | State::PendingU => self.queue.push_back(reason),
        }
        Ok(())
    }

    fn final_units_used(&mut self, now: Instant, action: FinalUnitAction) -> Result<(), Ignored> {
        match self.state() {
            State::Idle | State::PendingT => return Err(Ignored),
            State::Open | State::PendingI | State::PendingU if self.termination_queued() => return Err(Ignored),
            State::Open | State::PendingI | State::PendingU => {}
        }
        if self.can_do(action) {
            self.restrict(action);
            return self.update(now, CcrReason::FinalUnits(action));
        }
        self.stop_service();
        self.end(now, TerminationCause::ADMINISTRATIVE);
        Ok(())
    }

    fn service_terminated(&mut self, now: Instant, cause: TerminationCause) -> Result<(), Ignored> {
        match self.state() {
            State::Idle | State::PendingT => return Err(Ignored),
            State::Open | State::PendingI | State::PendingU if self.termination_queued() => return Err(Ignored),
            State::Open | State::PendingI | State::PendingU => {}
        }
        self.service_over = true;
        self.end(now, cause);
        Ok(())
    }

    fn terminate_session(&mut self, now: Instant, cause: TerminationCause) -> Result<(), Ignored> {
        match self.phase {
            Phase::Idle => self.close(CloseCause::Dropped),
            Phase::Pending(Pending { tx_expired: true, reason: CcrReason::Start, .. }) => {
                self.close(CloseCause::Dropped);
            }
            Phase::Pending(_) | Phase::Open | Phase::Closed => return self.service_terminated(now, cause),
        }
        Ok(())
    }

    fn reauth(&mut self, now: Instant, covered: bool) {
        if let Some(result_code) = self.reauth_refusal() {
            return self.actions.push_back(Action::SendRaa { result_code });
        }
        let pending = matches!(self.phase, Phase::Pending(_));
        let result_code = if covered && pending { ResultCode::SUCCESS } else { ResultCode::LIMITED_SUCCESS };
        self.actions.push_back(Action::SendRaa { result_code });
        if result_code == ResultCode::LIMITED_SUCCESS {
            // Refused only behind a queued termination, which reports everything.
            let _reported = self.update(now, CcrReason::Reauthorization);
        }
    }

    fn abort(&mut self, now: Instant, comply: bool) {
        let result_code = match self.state() {
            State::Idle => ResultCode::UNKNOWN_SESSION_ID,
            _ if comply => ResultCode::SUCCESS,
            _ => ResultCode::UNABLE_TO_COMPLY,
        };
        self.actions.push_back(Action::SendAsa { result_code });
        if comply {
            // Ignored where the session ends already.
            let _ending = self.service_terminated(now, TerminationCause::ADMINISTRATIVE);
        }
    }

    fn answered(&mut self, now: Instant, pending: Pending, facts: &AnswerFacts) {
        self.answered_handling = facts.failure_handling.or(self.answered_handling);
        self.session_failover = facts.session_failover.unwrap_or(self.session_failover);
        if facts.invites_failover() && !pending.tx_expired && self.moves(pending) {
            return self.move_on(now, pending, pending.t_flag);
        }
        self.actions.push_back(Action::Answered { number: pending.number, late: pending.tx_expired });
        let refused = CloseCause::Refused(facts.result_code);
        match (facts.class(), self.state()) {
            (AnswerClass::Success, State::PendingT) => self.close(CloseCause::Terminated),
            (_, State::PendingT) => self.close(refused),
            (AnswerClass::Success, _) => self.granted(now, facts),
            (AnswerClass::NotApplicable, _) => {
                self.grant_service();
                self.close(CloseCause::NotApplicable);
            }
            (AnswerClass::Denied, _) | (AnswerClass::UserUnknown, State::PendingI) => {
                self.stop_service();
                self.close(refused);
            }
            (AnswerClass::Temporary, _) => {
                self.apply_failure_handling(self.restricted);
                self.close(refused);
            }
            (AnswerClass::Failed | AnswerClass::UserUnknown, _) => {
                self.apply_failure_handling(false);
                self.close(refused);
            }
        }
    }

    fn granted(&mut self, now: Instant, facts: &AnswerFacts) {
        self.phase = Phase::Open;
        self.validity = facts.validity_time.and_then(|validity| after(now, validity));
        if facts.unusable {
            self.stop_service();
            return self.send(now, CcrReason::Termination(TerminationCause::BAD_ANSWER));
        }
        if facts.granted && self.restricted {
            self.restricted = false;
            self.actions.push_back(Action::LiftRestrictions);
        }
        // Final units without a grant act at once (RFC 8506 §5.6).
        match facts.final_unit_action {
            Some(action) if !facts.granted && self.can_do(action) => self.restrict(action),
            Some(_) if !facts.granted => {
                self.stop_service();
                if !self.termination_queued() {
                    self.queue.push_back(CcrReason::Termination(TerminationCause::ADMINISTRATIVE));
                }
            }
            Some(_) | None => {}
        }
        self.send_queued(now);
    }

    fn bad_answer(&mut self, now: Instant, pending: Pending) {
        if self.state() == State::PendingT {
            return self.undeliverable(pending, NoAnswer::BadAnswer);
        }
        self.actions.push_back(Action::Unanswered { number: pending.number, why: NoAnswer::BadAnswer });
        self.apply_failure_handling(self.restricted);
        self.send(now, CcrReason::Termination(TerminationCause::BAD_ANSWER));
    }

    fn undeliverable(&mut self, pending: Pending, why: NoAnswer) {
        self.actions.push_back(Action::Unanswered { number: pending.number, why });
        if self.state() != State::PendingT {
            self.apply_failure_handling(self.restricted);
        }
        self.close(CloseCause::Unanswered(why));
    }

    fn timed_out(&mut self, now: Instant, pending: Pending) {
        if self.tolerates_silence() && self.moves(pending) {
            return self.move_on(now, pending, true);
        }
        self.undeliverable(pending, NoAnswer::TimedOut);
    }

    /// Moving is not limited to some failure handling: as after 3002, the service waits no longer than Tx for it.
    fn send_failed(&mut self, now: Instant, pending: Pending, sent: bool) {
        if self.moves(pending) {
            return self.move_on(now, pending, sent || pending.t_flag);
        }
        self.undeliverable(pending, NoAnswer::SendFailed);
    }

    /// Tries another server.
    fn move_on(&mut self, now: Instant, pending: Pending, t_flag: bool) {
        let moved = Pending { alternates: pending.alternates + 1, ..pending };
        self.resend(now, moved, Resend { t_flag, alternate: true });
    }

    fn tx_expired(&mut self, pending: Pending) {
        let why = NoAnswer::TxExpired;
        self.actions.push_back(Action::Unanswered { number: pending.number, why });
        if self.tolerates_silence() && !self.restricted {
            self.phase = Phase::Pending(Pending { tx: None, tx_expired: true, ..pending });
            self.grant_service();
        } else {
            self.stop_service();
            self.close(CloseCause::Unanswered(why));
        }
    }

    fn outstanding(&self, number: u32) -> Result<Pending, Ignored> {
        match self.phase {
            Phase::Pending(pending) if pending.number == number => Ok(pending),
            Phase::Idle | Phase::Open | Phase::Pending(_) | Phase::Closed => Err(Ignored),
        }
    }

    fn send(&mut self, now: Instant, reason: CcrReason) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        self.validity = None;
        // What a restricted user consumes is not charged, but what came before the restriction still is.
        let reported = self.restricted && !self.queue.iter().any(|reason| matches!(reason, CcrReason::FinalUnits(_)));
        let report_usage = match reason {
            CcrReason::Start => false,
            CcrReason::FinalUnits(_) => true,
            CcrReason::Update(_) | CcrReason::Reauthorization | CcrReason::Termination(_) => !reported,
        };
        let tx = match reason {
            CcrReason::Termination(_) => {
                self.queue.clear();
                None
            }
            _ => after(now, self.config.tx),
        };
        let give_up = after(now, self.config.request_timeout);
        let pending =
            Pending { number, reason, report_usage, tx, tx_expired: false, give_up, alternates: 0, t_flag: false };
        self.phase = Phase::Pending(pending);
        self.order(pending, None);
    }

    fn resend(&mut self, now: Instant, pending: Pending, resend: Resend) {
        let give_up = after(now, self.config.request_timeout);
        let pending = Pending { give_up, t_flag: resend.t_flag, ..pending };
        self.phase = Phase::Pending(pending);
        self.order(pending, Some(resend));
    }

    fn order(&mut self, pending: Pending, resend: Option<Resend>) {
        let Pending { number, reason, report_usage, .. } = pending;
        let request_units = !matches!(reason, CcrReason::FinalUnits(_) | CcrReason::Termination(_));
        let request_type = reason.request_type();
        self.actions.push_back(Action::SendCcr(CcrOrder {
            request_type,
            number,
            reason,
            report_usage,
            request_units,
            resend,
        }));
    }

    fn send_queued(&mut self, now: Instant) {
        if let Some(reason) = self.queue.pop_front() {
            self.send(now, reason);
        }
    }

    /// Ends an active session, now or when the CCRs before it are answered.
    fn end(&mut self, now: Instant, cause: TerminationCause) {
        let reason = CcrReason::Termination(cause);
        match self.phase {
            Phase::Open => self.send(now, reason),
            Phase::Idle | Phase::Pending(_) | Phase::Closed => self.queue.push_back(reason),
        }
    }

    fn close(&mut self, cause: CloseCause) {
        self.phase = Phase::Closed;
        self.validity = None;
        self.queue.clear();
        self.actions.push_back(Action::Closed(cause));
    }

    fn termination_queued(&self) -> bool {
        matches!(self.queue.back(), Some(CcrReason::Termination(_)))
    }

    fn grant_service(&mut self) {
        if !self.service_over {
            self.actions.push_back(Action::GrantService);
        }
    }

    fn stop_service(&mut self) {
        if !self.service_over {
            self.service_over = true;
            self.actions.push_back(Action::TerminateService);
        }
    }

    fn restrict(&mut self, action: FinalUnitAction) {
        if !self.restricted {
            self.restricted = true;
            self.actions.push_back(Action::Restrict(action));
        }
    }

    fn can_do(&self, action: FinalUnitAction) -> bool {
        match action {
            FinalUnitAction::REDIRECT => self.config.can_redirect,
            FinalUnitAction::RESTRICT_ACCESS => self.config.can_restrict,
            _ => false,
        }
    }

    fn apply_failure_handling(&mut self, terminate: bool) {
        if self.failure_handling() == CreditControlFailureHandling::CONTINUE && !terminate {
            self.grant_service();
        } else {
            self.stop_service();
        }
    }

    /// CONTINUE and RETRY_AND_TERMINATE differ only once delivery has failed for good (RFC 8506 §8.14).
    fn tolerates_silence(&self) -> bool {
        matches!(
            self.failure_handling(),
            CreditControlFailureHandling::CONTINUE | CreditControlFailureHandling::RETRY_AND_TERMINATE
        )
    }

    fn moves(&self, pending: Pending) -> bool {
        self.session_failover == CcSessionFailover::FAILOVER_SUPPORTED && pending.alternates < self.config.alternates
    }
}
