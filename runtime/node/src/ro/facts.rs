//! What the credit-control machines need to know of an answer.

use super::{CREDIT_CONTROL, RoError};
use crate::error::SendError;
use diametric_engine::ro::{AnswerClass, AnswerFacts};
use diametric_protocol::base::AuthApplicationId;
use diametric_protocol::codec::{DecodeError, Group};
use diametric_protocol::credit_control::{
    CcRequestNumber, CcSessionFailover, CreditControlAnswer, CreditControlFailureHandling,
    DirectDebitingFailureHandling,
};
use diametric_protocol::message::Form;

/// What came of a request: an answer, whatever it says, or none.
pub(super) enum Outcome {
    /// With the error that it is to whoever waits, unless it is success.
    Answer(AnswerFacts, Option<RoError>),
    /// An answer that cannot be used, and is no refusal.
    Bad(RoError),
    TimedOut(RoError),
    /// It did not get through; `sent` if it may have arrived all the same.
    Failed {
        error: RoError,
        sent: bool,
    },
    /// It was to go to another server, and there is none: what came of it before stays.
    NoAlternate,
}

/// The facts in a CCA. Validity-Time is left to the application, which knows its rating groups.
pub(super) fn of_answer(cca: &CreditControlAnswer) -> AnswerFacts {
    let mut facts = AnswerFacts::new(cca.result_code);
    facts.failure_handling = cca.credit_control_failure_handling;
    facts.direct_debiting_failure_handling = cca.direct_debiting_failure_handling;
    facts.session_failover = cca.cc_session_failover;
    facts.granted = cca.granted_service_unit.is_some()
        || cca.multiple_services_credit_control.iter().any(|service| service.granted_service_unit.is_some());
    facts
}

/// In what a CCA is not the answer to the request of this number.
fn mismatch<A: Group>(cca: &CreditControlAnswer, number: u32) -> Option<DecodeError> {
    let other = |theirs, own| format!("{theirs}, where that of the request is {own}");
    let (theirs, application) = (cca.cc_request_number, cca.auth_application_id);
    if theirs != number {
        return Some(DecodeError::invalid_value::<A, CcRequestNumber>(other(theirs, number)));
    }
    let wrong = || DecodeError::invalid_value::<A, AuthApplicationId>(other(application, CREDIT_CONTROL));
    (application != CREDIT_CONTROL).then(wrong)
}

/// What came of an exchange, for the machine, with the error that it is if it is no success. The
/// CCA has to repeat the CC-Request-Number `number` (RFC 8506 §8.2).
pub(super) fn of_exchange<A: Form<CreditControlAnswer>>(
    result: Result<A, SendError>,
    number: u32,
) -> (Outcome, Option<Box<A>>) {
    match result {
        Ok(answer) => {
            let cca = answer.standard();
            if let Some(error) = mismatch::<A>(cca, number) {
                return (of_malformed(SendError::mismatched(&cca.origin_host, error, cca.result_code)), None);
            }
            let facts = of_answer(cca);
            let refused = facts.class() != AnswerClass::Success;
            let error = refused.then(|| RoError::Denied(Box::new(cca.clone())));
            (Outcome::Answer(facts, error), Some(Box::new(answer)))
        }
        Err(SendError::Answered(answer)) => {
            let mut facts = AnswerFacts::new(answer.result_code);
            facts.protocol_error = true;
            // What an answer-message has no members for may be in it all the same; what is malformed says nothing.
            facts.failure_handling = answer.get::<CreditControlFailureHandling>().ok().flatten();
            facts.direct_debiting_failure_handling = answer.get::<DirectDebitingFailureHandling>().ok().flatten();
            facts.session_failover = answer.get::<CcSessionFailover>().ok().flatten();
            (Outcome::Answer(facts, Some(SendError::Answered(answer).into())), None)
        }
        Err(error @ SendError::Timeout { .. }) => (Outcome::TimedOut(error.into()), None),
        Err(error @ SendError::Malformed { .. }) => (of_malformed(error), None),
        Err(error @ SendError::ConnectionLost { .. }) => (Outcome::Failed { error: error.into(), sent: true }, None),
        Err(error) => (Outcome::Failed { error: error.into(), sent: false }, None),
    }
}

/// A refusal is one also if something else is wrong with it. What is not may be a grant, and does not move: the server has
/// done something with the request, and another would do it twice.
fn of_malformed(error: SendError) -> Outcome {
    match error {
        SendError::Malformed { refusal: Some(result_code), .. } => {
            Outcome::Answer(AnswerFacts::new(result_code), Some(error.into()))
        }
        error => Outcome::Bad(error.into()),
    }
}
