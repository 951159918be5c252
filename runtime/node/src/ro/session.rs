//! A credit-control session: a task that owns the state machine, and the handle that gives it orders.

use super::facts::{self, Outcome};
use super::service::{CcrForm, Service, Stamp};
use super::{CREDIT_CONTROL, RoError, RoFuture};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{CcRequestType, CreditControlRequest};
use diametric_protocol::message::Form;
use diametric_protocol::ro::session::{Action, CcrOrder, CcrReason, Input, SessionConfig, UpdateReason};
use diametric_protocol::ro::{AnswerClass, ClientSession, NoAnswer};
use diametric_protocol::value::DiameterIdentity;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// A session that was opened: the service may be delivered.
#[derive(Debug)]
pub enum Opened<F: CcrForm = CreditControlRequest> {
    /// The server granted it.
    Granted {
        /// The session.
        session: RoSession<F>,
        /// The CCA.
        answer: Box<F::Answer>,
    },
    /// The service may be delivered without the server's grant: the failure handling is CONTINUE, or
    /// RETRY_AND_TERMINATE while the answer may still come, or the server needs no credit control (4011).
    Uncontrolled {
        /// The session. A late answer opens it; otherwise its methods report [`RoError::Ended`].
        session: RoSession<F>,
        /// What happened.
        cause: RoError,
    },
}

/// A credit-control session (ECUR or SCUR).
///
/// At most one CCR of a session is outstanding; calls made meanwhile wait in line. A dropped future does no harm: its
/// request still gets its answer. A session dropped without [`terminate`](Self::terminate) is terminated without a report
/// of used units.
pub struct RoSession<F: CcrForm = CreditControlRequest> {
    id: Arc<str>,
    orders: mpsc::UnboundedSender<Order<F>>,
    service: Arc<Service>,
}

struct Order<F: CcrForm> {
    input: Input,
    ccr: Box<F>,
    reply: Reply<F>,
}

type Reply<F> = oneshot::Sender<Result<Box<<F as diametric_protocol::message::Request>::Answer>, RoError>>;

impl<F: CcrForm> std::fmt::Debug for RoSession<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoSession").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<F: CcrForm> RoSession<F> {
    /// Session-Id.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn order(&self, input: Input, ccr: F) -> RoFuture<F::Answer> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            orders.send(Order { input, ccr: Box::new(ccr), reply }).map_err(|_| RoError::Ended)?;
            // While the answer is awaited, the session is held by its handle alone.
            drop(orders);
            answer.await.map_err(|_| RoError::Ended)?.map(|answer| *answer)
        })
    }

    /// Reports used units and asks for new ones: CCR UPDATE (SCUR), for an own form of CCR. `fill` is called at once.
    ///
    /// # Errors
    /// [`RoError::Uncontrolled`] if the service may go on all the same; other errors if it must stop.
    pub fn update_as(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.order(Input::Update(UpdateReason::Application), self.service.form(required, fill))
    }

    /// Reports what was used and ends the session: CCR TERMINATION, for an own form of CCR. `fill` is called at once.
    ///
    /// # Errors
    /// If there is no successful answer. The session is over in any case.
    pub fn terminate_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        let ccr: F = self.service.form(required, fill);
        let cause = ccr.standard().termination_cause.unwrap_or(TerminationCause::LOGOUT);
        self.order(Input::Terminate(cause), ccr)
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> RoSession<F> {
    /// Reports used units and asks for new ones: CCR UPDATE (SCUR). `fill` is called at once.
    ///
    /// # Errors
    /// [`RoError::Uncontrolled`] if the service may go on all the same; other errors if it must stop.
    pub fn update(&self, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.update_as((), fill)
    }

    /// Reports what was used and ends the session: CCR TERMINATION. `fill` is called at once.
    ///
    /// # Errors
    /// If there is no successful answer. The session is over in any case.
    pub fn terminate(self, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.terminate_as((), fill)
    }
}

/// Opens a session in a task of its own, so that whoever waits may stop waiting.
pub(super) async fn open<F: CcrForm>(service: Service, ccr: F) -> Result<Opened<F>, RoError> {
    let service = Arc::new(service);
    let id: Arc<str> = service.shared.new_session_id().into();
    let mut config = SessionConfig::default();
    config.tx = service.settings.tx;
    config.request_timeout = service.settings.request_timeout;
    config.failure_handling = service.settings.failure_handling;
    let machine = ClientSession::new(&id, config);
    let (orders, received) = mpsc::unbounded_channel();
    let (reply, answer) = oneshot::channel();
    let session = RoSession { id: Arc::clone(&id), orders, service: Arc::clone(&service) };
    let task = Task {
        service,
        machine,
        waiting: VecDeque::new(),
        current: None,
        in_flight: None,
        server: None,
        updates: 0,
        last_error: None,
        last_answer: None,
    };
    tokio::spawn(task.run(received, Order { input: Input::Start, ccr: Box::new(ccr), reply }));
    match answer.await.map_err(|_| RoError::Ended)? {
        Ok(answer) => Ok(Opened::Granted { session, answer }),
        Err(RoError::Uncontrolled(cause)) => Ok(Opened::Uncontrolled { session, cause: *cause }),
        Err(error) => Err(error),
    }
}

type InFlight<A> = Pin<Box<dyn Future<Output = (Outcome, Option<Box<A>>)> + Send>>;

/// The session's task.
struct Task<F: CcrForm> {
    service: Arc<Service>,
    machine: ClientSession,
    /// Orders the machine has taken, whose CCR has not gone out yet.
    waiting: VecDeque<(bool, Box<F>, Reply<F>)>,
    /// Who waits for the CCR that is out.
    current: Option<Reply<F>>,
    in_flight: Option<(u32, InFlight<F::Answer>)>,
    /// The server that answered first: the session stays with it.
    server: Option<DiameterIdentity>,
    updates: u32,
    last_error: Option<RoError>,
    last_answer: Option<Box<F::Answer>>,
}

impl<F: CcrForm> Task<F> {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order<F>>, first: Order<F>) {
        let mut listening = true;
        self.take(first);
        loop {
            self.act();
            if self.machine.is_closed() && self.in_flight.is_none() {
                return;
            }
            let wake = self.machine.poll_timeout().map(tokio::time::Instant::from_std);
            tokio::select! {
                order = orders.recv(), if listening => match order {
                    Some(order) => self.take(order),
                    None => {
                        listening = false;
                        self.abandoned();
                    }
                },
                (number, outcome, answer) = arrival(&mut self.in_flight) => {
                    self.in_flight = None;
                    self.arrived(number, outcome, answer);
                }
                () = tokio::time::sleep_until(wake.unwrap_or_else(tokio::time::Instant::now)), if wake.is_some() => {
                    self.machine.handle_timeout(now());
                }
            }
        }
    }

    fn take(&mut self, order: Order<F>) {
        let Order { input, ccr, reply } = order;
        let terminates = matches!(input, Input::Terminate(_));
        match self.machine.handle_input(now(), input) {
            Ok(()) => {
                self.updates += 1;
                self.waiting.push_back((terminates, ccr, reply));
            }
            Err(_) => settle::<F>(reply, Err(RoError::Ended)),
        }
    }

    /// Nobody holds the session any more, and nobody terminated it.
    fn abandoned(&mut self) {
        let cause = match self.updates {
            0 | 1 => TerminationCause::SERVICE_NOT_PROVIDED,
            _ => TerminationCause::ADMINISTRATIVE,
        };
        // Where the session is over or its TERMINATION is out already, there is nothing to do.
        let _ = self.machine.handle_input(now(), Input::ServiceTerminated(cause));
    }

    fn arrived(&mut self, number: u32, outcome: Outcome, answer: Option<Box<F::Answer>>) {
        let (input, error) = match outcome {
            Outcome::Answer(facts, error) => (Input::Answer { number, facts }, error),
            Outcome::TimedOut(error) => (Input::RequestTimedOut { number }, error),
            Outcome::Failed(error) => (Input::SendFailed { number }, error),
        };
        if self.server.is_none() {
            self.server = answer.as_ref().map(|answer| answer.standard().origin_host.clone());
        }
        (self.last_answer, self.last_error) = (answer, Some(error));
        // An answer to a request that the machine has given up changes nothing.
        let _ = self.machine.handle_input(now(), input);
    }

    /// Carries out what the machine wants.
    fn act(&mut self) {
        let (mut granted, mut answered, mut unanswered) = (false, false, None);
        let mut orders = Vec::new();
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::SendCcr(order) => orders.push(order),
                Action::GrantService => granted = true,
                Action::Answered { .. } => answered = true,
                Action::Unanswered { why, .. } => unanswered = Some(why),
                // Whether the service stops is in the result of whoever waits; re-authorization and final units are the
                // application's, and the machine is not told of them here.
                _ => {}
            }
        }
        if answered {
            let result = match (self.last_answer.take(), self.last_error.take()) {
                (Some(answer), _) if facts::of_answer(answer.standard()).class() == AnswerClass::Success => Ok(answer),
                (_, Some(error)) => Err(error.uncontrolled_if(granted)),
                (_, None) => Err(RoError::Ended),
            };
            self.resolve(result);
        } else if let Some(why) = unanswered {
            let error = match why {
                NoAnswer::TxExpired => RoError::NoAnswer(self.service.settings.tx),
                NoAnswer::SendFailed | NoAnswer::TimedOut => self.last_error.take().unwrap_or(RoError::Ended),
            };
            self.resolve(Err(error.uncontrolled_if(granted)));
        }
        for order in orders {
            self.send(order);
        }
        if self.machine.is_closed() {
            // Updates that waited: nothing of the session follows.
            for (_, _, reply) in self.waiting.drain(..) {
                settle::<F>(reply, Err(RoError::Ended));
            }
            self.resolve(Err(RoError::Ended));
        }
    }

    fn resolve(&mut self, result: Result<Box<F::Answer>, RoError>) {
        if let Some(reply) = self.current.take() {
            settle::<F>(reply, result);
        }
    }

    fn send(&mut self, order: CcrOrder) {
        let terminates = matches!(order.reason, CcrReason::Termination(_));
        // A TERMINATION passes the updates that wait; the machine drops those.
        let position = self.waiting.iter().position(|(ends, _, _)| *ends == terminates);
        let taken = position.and_then(|position| self.waiting.remove(position));
        let exchange: InFlight<F::Answer> = match taken {
            Some((_, mut ccr, reply)) => {
                self.current = Some(reply);
                self.stamp(ccr.standard_mut(), order);
                self.exchange(*ccr, Some)
            }
            // The machine ends the session by itself. There is nobody to ask for an own form's members, so the request
            // goes out in the standard form, with what every request of the session repeats.
            None => {
                let mut ccr = self.service.template.clone();
                self.stamp(&mut ccr, order);
                self.exchange(ccr, |_| None)
            }
        };
        self.in_flight = Some((order.number, exchange));
    }

    fn exchange<G: CcrForm>(
        &self,
        ccr: G,
        keep: impl FnOnce(Box<G::Answer>) -> Option<Box<F::Answer>> + Send + 'static,
    ) -> InFlight<F::Answer> {
        let (shared, timeout) = (Arc::clone(&self.service.shared), self.service.settings.request_timeout);
        Box::pin(async move {
            let (outcome, answer) = facts::of_exchange(shared.send(CREDIT_CONTROL, &ccr, timeout).await);
            (outcome, answer.and_then(keep))
        })
    }

    fn stamp(&self, ccr: &mut CreditControlRequest, order: CcrOrder) {
        let termination_cause = match order.reason {
            CcrReason::Termination(cause) => Some(cause),
            _ => None,
        };
        let stamp = Stamp {
            session_id: self.machine.session_id(),
            destination_host: self.server.as_ref().filter(|_| order.request_type != CcRequestType::InitialRequest),
            request_type: order.request_type,
            number: order.number,
            action: None,
            termination_cause,
        };
        self.service.stamp(ccr, stamp);
    }
}

async fn arrival<A>(in_flight: &mut Option<(u32, InFlight<A>)>) -> (u32, Outcome, Option<Box<A>>) {
    match in_flight {
        Some((number, exchange)) => {
            let (outcome, answer) = exchange.await;
            (*number, outcome, answer)
        }
        None => std::future::pending().await,
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Whoever asked may have stopped waiting.
fn settle<F: CcrForm>(reply: Reply<F>, result: Result<Box<F::Answer>, RoError>) {
    let _ = reply.send(result);
}
