//! One-time events (IEC): one CCR, one CCA, no state kept.

use super::RoError;
use super::delivery::{Delivery, InFlight, NO_LIMIT, Outgoing};
use super::facts::{self, Outcome};
use super::service::{CcrForm, Service, Stamp};
use super::stored::StoredEvent;
use crate::error::SendError;
use crate::node::Tried;
use crate::wait::{due, now};
use diametric_engine::ro::event::{Action, EventConfig, EventOrder, Input};
use diametric_engine::ro::{AnswerClass, AnswerFacts, NoAnswer, OneTimeEvent};
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{CcRequestType, RequestedAction};
use diametric_protocol::message::Form;
use tokio::sync::oneshot;

type Reply<A> = oneshot::Sender<Result<Box<A>, RoError>>;

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
    config.request_timeout = NO_LIMIT;
    config.failure_handling = service.settings.direct_debiting_failure_handling;
    config.alternates = service.other_servers();
    let (reply, answer) = oneshot::channel();
    let task = Task::<F> {
        action,
        machine: OneTimeEvent::new(action, config),
        out: Outgoing::new(&service.shared, Box::new(ccr)),
        service,
        in_flight: None,
        tried: Tried::default(),
        failure: None,
        reply: Some(reply),
        answer: None,
        error: None,
    };
    tokio::spawn(task.run());
    answer.await.map_err(|_| RoError::Ended)?.map(|answer| *answer)
}

struct Task<F: CcrForm> {
    action: RequestedAction,
    machine: OneTimeEvent,
    service: Service,
    out: Outgoing<F>,
    in_flight: Option<InFlight<F::Answer>>,
    /// Where it has been.
    tried: Tried,
    /// What came of the last transmission.
    failure: Option<Input>,
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
            let wake = self.machine.poll_timeout();
            tokio::select! {
                biased;
                delivery = in_flight => {
                    self.in_flight = None;
                    self.arrived(delivery);
                }
                () = due(wake) => {
                    self.machine.handle_timeout(now());
                }
            }
        }
    }

    fn arrived(&mut self, delivery: Delivery<F::Answer>) {
        let Delivery { outcome, answer, tried, .. } = delivery;
        let stays = matches!(outcome, Outcome::NoAlternate);
        let (input, error) = match outcome {
            Outcome::Answer(facts, error) => (Input::Answer(facts), error),
            Outcome::TimedOut(error) => {
                // Tx, if it ends in the same moment, ends first.
                self.machine.handle_timeout(now());
                self.act();
                (Input::RequestTimedOut, Some(error))
            }
            Outcome::Bad(error) => (Input::Answer(AnswerFacts::new(ResultCode::UNABLE_TO_COMPLY)), Some(error)),
            Outcome::Failed { error, sent } => (Input::SendFailed { sent }, Some(error)),
            // Said once more, it uses up the servers that might be tried.
            Outcome::NoAlternate => (self.failure.unwrap_or(Input::SendFailed { sent: false }), None),
        };
        if !stays {
            (self.answer, self.error) = (answer, error);
        }
        (self.tried, self.failure) = (tried, Some(input));
        // An answer to an event that was given up changes nothing.
        let _ = self.machine.handle_input(now(), input);
    }

    fn send(&mut self, order: EventOrder) {
        if let Some(resend) = order.resend {
            self.out.again(resend, std::mem::take(&mut self.tried), None);
        }
        let timeout = self.service.settings.patience();
        self.in_flight = Some(self.out.transmit(&self.service.shared, timeout, self.machine.may_move(), None));
    }

    /// Keeps the request to be sent again, if there is room for it and it can ever be sent.
    fn keep(&self, t_flag: bool) -> bool {
        let (shared, settings) = (&self.service.shared, &self.service.settings);
        let never = matches!(&self.error, Some(RoError::Send(SendError::ShutDown | SendError::Encode(_))));
        let Some(frame) = self.out.encoded().filter(|_| !never) else { return false };
        let event = StoredEvent {
            session_id: self.out.session_id().into(),
            action: self.action,
            frame,
            timeout: settings.patience(),
            moves: self.service.template.destination_host.is_none(),
        };
        let kept = shared.ro_store().push_if_room(shared, event, t_flag);
        if !kept && shared.ro_store().keeps() {
            tracing::warn!(session_id = self.out.session_id(), "a one-time event cannot be kept: there are too many");
        }
        kept
    }

    fn act(&mut self) {
        let (mut granted, mut stored, mut answered, mut unanswered) = (false, false, false, None);
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::SendCcr(order) => self.send(order),
                Action::GrantService => granted = true,
                Action::Answered { .. } => answered = true,
                Action::Unanswered(why) => unanswered = Some(why),
                Action::StoreRequest { t_flag } => stored = self.keep(t_flag),
                // What these say is in the result.
                _ => {}
            }
        }
        let told = |error: RoError| match stored {
            true => RoError::Stored(Box::new(error)),
            false => error.uncontrolled_if(granted),
        };
        let result = if answered {
            match (self.answer.take(), self.error.take()) {
                (Some(answer), _) if facts::of_answer(answer.standard()).class() == AnswerClass::Success => Ok(answer),
                (_, Some(error)) => Err(told(error)),
                (_, None) => Err(RoError::Ended),
            }
        } else if let Some(why) = unanswered {
            let error = match why {
                NoAnswer::TxExpired => {
                    let error = self.out.tx_expired(&self.service.shared, self.service.settings.tx);
                    // What is told as not sent is not sent later either, except where the service is granted in hope of that.
                    if !granted && matches!(error, RoError::Send(_)) {
                        self.in_flight = None;
                    }
                    error
                }
                NoAnswer::SendFailed | NoAnswer::TimedOut | NoAnswer::BadAnswer => {
                    self.error.take().unwrap_or(RoError::Ended)
                }
            };
            Err(told(error))
        } else {
            return;
        };
        if let Some(reply) = self.reply.take() {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(result);
        }
    }
}
