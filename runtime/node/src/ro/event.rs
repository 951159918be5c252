//! One-time events (IEC): one CCR, one CCA, no state kept.

use super::facts::{self, Outcome};
use super::service::{CcrForm, Service, Stamp};
use super::{CREDIT_CONTROL, RoError};
use diametric_protocol::credit_control::{CcRequestType, RequestedAction};
use diametric_protocol::message::Form;
use diametric_protocol::ro::event::{Action, EventConfig, Input};
use diametric_protocol::ro::{AnswerClass, NoAnswer, OneTimeEvent};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

type Reply<A> = oneshot::Sender<Result<Box<A>, RoError>>;
type InFlight<A> = Pin<Box<dyn Future<Output = (Outcome, Option<Box<A>>)> + Send>>;

/// Sends the event in a task of its own: the request stays pending also when nobody waits any more.
pub(super) async fn run<F: CcrForm>(
    service: Service,
    action: RequestedAction,
    mut ccr: F,
) -> Result<F::Answer, RoError> {
    let session_id = service.shared.new_session_id();
    let stamp = Stamp {
        session_id: &session_id,
        destination_host: None,
        request_type: CcRequestType::EventRequest,
        number: 0,
        action: Some(action),
        termination_cause: None,
    };
    service.stamp(ccr.standard_mut(), stamp);
    let mut config = EventConfig::default();
    config.tx = service.settings.tx;
    config.request_timeout = service.settings.request_timeout;
    config.failure_handling = service.settings.direct_debiting_failure_handling;
    let (reply, answer) = oneshot::channel();
    let (shared, timeout) = (Arc::clone(&service.shared), service.settings.request_timeout);
    let exchange = async move {
        let result = shared.send(CREDIT_CONTROL, &ccr, timeout).await;
        facts::of_exchange(result)
    };
    let task = Task::<F> {
        machine: OneTimeEvent::new(action, config),
        service,
        unsent: Some(Box::pin(exchange)),
        in_flight: None,
        reply: Some(reply),
        answer: None,
        error: None,
    };
    tokio::spawn(task.run());
    answer.await.map_err(|_| RoError::Ended)?.map(|answer| *answer)
}

struct Task<F: CcrForm> {
    machine: OneTimeEvent,
    service: Service,
    unsent: Option<InFlight<F::Answer>>,
    in_flight: Option<InFlight<F::Answer>>,
    reply: Option<Reply<F::Answer>>,
    answer: Option<Box<F::Answer>>,
    error: Option<RoError>,
}

impl<F: CcrForm> Task<F> {
    async fn run(mut self) {
        // A new machine takes a start.
        let _ = self.machine.handle_input(now(), Input::Start);
        loop {
            self.act();
            let Some(in_flight) = &mut self.in_flight else { return };
            let wake = self.machine.poll_timeout().map(tokio::time::Instant::from_std);
            tokio::select! {
                (outcome, answer) = in_flight => {
                    self.in_flight = None;
                    self.arrived(outcome, answer);
                }
                () = tokio::time::sleep_until(wake.unwrap_or_else(tokio::time::Instant::now)), if wake.is_some() => {
                    self.machine.handle_timeout(now());
                }
            }
        }
    }

    fn arrived(&mut self, outcome: Outcome, answer: Option<Box<F::Answer>>) {
        let (input, error) = match outcome {
            Outcome::Answer(facts, error) => (Input::Answer(facts), error),
            Outcome::TimedOut(error) => (Input::RequestTimedOut, error),
            Outcome::Failed(error) => (Input::SendFailed, error),
        };
        (self.answer, self.error) = (answer, Some(error));
        // An answer to an event that was given up changes nothing.
        let _ = self.machine.handle_input(now(), input);
    }

    fn act(&mut self) {
        let (mut granted, mut answered, mut unanswered) = (false, false, None);
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::SendCcr(_) => self.in_flight = self.unsent.take(),
                Action::GrantService => granted = true,
                Action::Answered { .. } => answered = true,
                Action::Unanswered(why) => unanswered = Some(why),
                Action::StoreRequest { .. } => {
                    tracing::warn!(
                        "a one-time event that should be kept for later is left to its caller: there is no store"
                    );
                }
                // What these say is in the result.
                _ => {}
            }
        }
        let result = if answered {
            match (self.answer.take(), self.error.take()) {
                (Some(answer), _) if facts::of_answer(answer.standard()).class() == AnswerClass::Success => Ok(answer),
                (_, Some(error)) => Err(error.uncontrolled_if(granted)),
                (_, None) => Err(RoError::Ended),
            }
        } else if let Some(why) = unanswered {
            let error = match why {
                NoAnswer::TxExpired => RoError::NoAnswer(self.service.settings.tx),
                NoAnswer::SendFailed | NoAnswer::TimedOut => self.error.take().unwrap_or(RoError::Ended),
            };
            Err(error.uncontrolled_if(granted))
        } else {
            return;
        };
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(result);
        }
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
