//! The task of one credit-control session: it drives the state machine.

use super::RoError;
use super::delivery::{Delivery, InFlight, NO_LIMIT, Outgoing};
use super::facts::{self, Outcome};
use super::service::{CcrForm, Service, Stamp};
use super::state::RoSessionState;
use crate::attributes::Attributes;
use crate::node::{Ending, Tried};
use crate::wait::{arrival, due, now, released};
use diametric_engine::ro::session::{Action, CcrOrder, CcrReason, Input, SessionConfig, State};
use diametric_engine::ro::{AnswerClass, ClientSession, NoAnswer};
use diametric_protocol::base::{ResultCode, TerminationCause};
use diametric_protocol::credit_control::{CcRequestType, CreditControlRequest};
use diametric_protocol::message::{Form, Request};
use diametric_protocol::value::DiameterIdentity;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What a session is asked to do.
pub(super) enum Order<F: CcrForm> {
    /// Send a CCR when its turn comes.
    Ccr { input: Input, ccr: Box<F>, reply: Reply<F> },
    /// A RAR came. Says whether the application may answer it, and if so, whether a CCR is out.
    Reauth { reply: oneshot::Sender<Reauth>, application: bool },
    /// An ASR came. If the client complies, what it reports, and who waits for the answer to that.
    Abort { reply: oneshot::Sender<Answer>, comply: bool, report: Option<(Box<F>, Reply<F>)> },
    /// Tell the state, once nothing is out.
    Snapshot { reply: oneshot::Sender<RoSessionState> },
    /// Tell the state, once nothing is out, and stop.
    Detach { reply: oneshot::Sender<RoSessionState> },
}

/// The answer to a RAR or an ASR, and what is let go of when it has its place: the CCR that follows must not come before it.
pub(super) type Answer = (ResultCode, Option<oneshot::Sender<()>>);

/// What a session says of a RAR.
#[derive(Debug)]
pub(super) enum Reauth {
    /// Answer it with this.
    Answer(Answer),
    /// The application answers it; `pending` if a CCR is out.
    Ask { pending: bool },
}

pub(super) type Reply<F> = oneshot::Sender<Result<Box<<F as Request>::Answer>, RoError>>;

/// The CCR that is out: an order's, or one that the machine asks for by itself.
enum Out<F: CcrForm> {
    Own(Outgoing<F>),
    Standard(Outgoing<CreditControlRequest>),
}

pub(super) struct Task<F: CcrForm> {
    service: Arc<Service>,
    attributes: Attributes,
    machine: ClientSession,
    held: Option<oneshot::Receiver<Ending>>,
    /// The node is not to end before this session has.
    ending: Option<Ending>,
    /// Orders the machine has taken, whose CCR has not gone out yet; and whether each ends the session.
    waiting: VecDeque<(bool, Box<F>, Reply<F>)>,
    /// Who waits for the CCR that is out.
    current: Option<Reply<F>>,
    out: Option<Out<F>>,
    in_flight: Option<(u32, InFlight<F::Answer>)>,
    /// Where the CCR that is out has been.
    tried: Tried,
    /// What came of its last transmission.
    failure: Option<Input>,
    /// The server that answered first, or first after it was tried in place of another: the session stays with it.
    server: Option<DiameterIdentity>,
    updates: u32,
    last_error: Option<RoError>,
    last_answer: Option<Box<F::Answer>>,
    snapshots: Vec<(oneshot::Sender<RoSessionState>, bool)>,
    /// Who waits for the machine's answer to a RAR or an ASR.
    raa: Option<oneshot::Sender<Reauth>>,
    asa: Option<oneshot::Sender<Answer>>,
    /// Ends when the RAA or ASA has its place: no CCR may overtake it.
    ahead: Option<oneshot::Receiver<()>>,
}

impl<F: CcrForm> Task<F> {
    pub(super) fn new(
        id: &str,
        service: Arc<Service>,
        attributes: Attributes,
        held: oneshot::Receiver<Ending>,
    ) -> Self {
        let machine = ClientSession::new(id, config(&service));
        Self::with(machine, service, attributes, held)
    }

    pub(super) fn resume(
        service: Arc<Service>,
        attributes: Attributes,
        held: oneshot::Receiver<Ending>,
        state: &RoSessionState,
    ) -> Self {
        let machine = ClientSession::resume(state.machine(), config(&service), now());
        let mut task = Self::with(machine, service, attributes, held);
        task.server = state.server.as_deref().map(DiameterIdentity::from);
        task.updates = 2;
        task
    }

    fn with(
        machine: ClientSession,
        service: Arc<Service>,
        attributes: Attributes,
        held: oneshot::Receiver<Ending>,
    ) -> Self {
        Self {
            service,
            attributes,
            machine,
            held: Some(held),
            ending: None,
            waiting: VecDeque::new(),
            current: None,
            out: None,
            in_flight: None,
            tried: Tried::default(),
            failure: None,
            server: None,
            updates: 0,
            last_error: None,
            last_answer: None,
            snapshots: Vec::new(),
            raa: None,
            asa: None,
            ahead: None,
        }
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would hold the session twice: as it is given and as it is used"
    )]
    pub(super) fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order<F>>,
        first: Option<Order<F>>,
    ) -> impl Future<Output = ()> + Send {
        async move {
            if let Some(first) = first {
                self.take(first);
            }
            loop {
                self.act();
                if self.in_flight.is_none() {
                    // It is not sent again, and sessions are long: nothing of it is kept.
                    self.out = None;
                }
                let detached = self.tell();
                if detached || (self.machine.is_closed() && self.in_flight.is_none()) {
                    break;
                }
                let wake = self.machine.poll_timeout();
                tokio::select! {
                    // An answer that is there came before the RAR that is; what was ordered before the session was let go of, before that.
                    biased;
                    (number, delivery) = arrival(&mut self.in_flight) => {
                        self.in_flight = None;
                        self.arrived(number, delivery);
                    }
                    Some(order) = orders.recv() => self.take(order),
                    ending = released(&mut self.held) => {
                        (self.held, self.ending) = (None, ending);
                        self.abandoned();
                    }
                    () = due(wake) => {
                        self.machine.handle_timeout(now());
                    }
                }
            }
            self.service.shared.ro_sessions().remove(self.machine.session_id());
        }
    }

    fn take(&mut self, order: Order<F>) {
        match order {
            Order::Ccr { input, ccr, reply } => {
                let terminates = matches!(input, Input::Terminate(_));
                match self.machine.handle_input(now(), input) {
                    Ok(()) => {
                        self.updates += 1;
                        self.waiting.push_back((terminates, ccr, reply));
                    }
                    Err(_) => settle::<F>(reply, Err(RoError::Ended)),
                }
            }
            Order::Reauth { reply, application } => {
                let pending = self.machine.state() == State::PendingU;
                match self.machine.reauth_refusal() {
                    Some(refusal) => _ = reply.send(Reauth::Answer((refusal, None))),
                    None if application => _ = reply.send(Reauth::Ask { pending }),
                    None => {
                        self.raa = Some(reply);
                        // Every state has an answer to a RAR.
                        let _ = self.machine.handle_input(now(), Input::ReauthRequested { covered: pending });
                    }
                }
            }
            Order::Abort { reply, comply, report } => {
                self.asa = Some(reply);
                if let Some((ccr, reply)) = report {
                    let ends = matches!(self.machine.state(), State::Idle | State::PendingT)
                        || self.waiting.iter().any(|(terminates, _, _)| *terminates);
                    match ends {
                        true => settle::<F>(reply, Err(RoError::Ended)),
                        false => self.waiting.push_back((true, ccr, reply)),
                    }
                }
                // Every state has an answer to an ASR.
                let _ = self.machine.handle_input(now(), Input::AbortRequested { comply });
            }
            Order::Snapshot { reply } => self.snapshots.push((reply, false)),
            Order::Detach { reply } => self.snapshots.push((reply, true)),
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

    fn arrived(&mut self, number: u32, delivery: Delivery<F::Answer>) {
        let Delivery { outcome, answer, server, tried } = delivery;
        let stays = matches!(outcome, Outcome::NoAlternate);
        let (input, error) = match outcome {
            Outcome::Answer(facts, error) => (Input::Answer { number, facts }, error),
            Outcome::TimedOut(error) => {
                // Tx, if it ends in the same moment, ends first.
                self.machine.handle_timeout(now());
                self.act();
                (Input::RequestTimedOut { number }, Some(error))
            }
            Outcome::Bad(error) => (Input::BadAnswer { number }, Some(error)),
            Outcome::Failed { error, sent } => (Input::SendFailed { number, sent }, Some(error)),
            // Said once more, it uses up the servers that might be tried.
            Outcome::NoAlternate => (self.failure.unwrap_or(Input::SendFailed { number, sent: false }), None),
        };
        if !stays {
            (self.last_answer, self.last_error) = (answer, error);
        }
        self.server = self.server.take().or(server);
        (self.tried, self.failure) = (tried, Some(input));
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
                // Whoever asked may be gone with its connection.
                Action::SendRaa { result_code } => {
                    let sent = self.go_ahead();
                    _ = self.raa.take().map(|raa| raa.send(Reauth::Answer((result_code, Some(sent)))));
                }
                Action::SendAsa { result_code } => {
                    let sent = self.go_ahead();
                    _ = self.asa.take().map(|asa| asa.send((result_code, Some(sent))));
                }
                // Whether the service stops is in the result of whoever waits; final units are the application's, and the
                // machine is not told of them here.
                _ => {}
            }
        }
        if orders.iter().any(|order| matches!(order.reason, CcrReason::Termination(_))) {
            self.ending.get_or_insert_with(|| self.service.shared.ending());
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
                NoAnswer::TxExpired => {
                    let error = self.tx_expired();
                    // What is told as not sent is not sent later either: the server would keep a session that is over here.
                    if self.machine.is_closed() && matches!(error, RoError::Send(_)) {
                        self.in_flight = None;
                    }
                    error
                }
                NoAnswer::SendFailed | NoAnswer::TimedOut | NoAnswer::BadAnswer => {
                    self.last_error.take().unwrap_or(RoError::Ended)
                }
            };
            self.resolve(Err(error.uncontrolled_if(granted)));
        }
        for order in orders {
            self.send(order);
        }
        if self.machine.is_closed() {
            self.ending = None;
            // Updates that waited: nothing of the session follows.
            for (_, _, reply) in self.waiting.drain(..) {
                settle::<F>(reply, Err(RoError::Ended));
            }
            self.resolve(Err(RoError::Ended));
        }
    }

    fn tx_expired(&self) -> RoError {
        let (shared, tx) = (&self.service.shared, self.service.settings.tx);
        match &self.out {
            Some(Out::Own(out)) => out.tx_expired(shared, tx),
            Some(Out::Standard(out)) => out.tx_expired(shared, tx),
            None => RoError::NoAnswer(tx),
        }
    }

    /// Has the next CCR wait until what is answered now is sent.
    fn go_ahead(&mut self) -> oneshot::Sender<()> {
        let (sent, ahead) = oneshot::channel();
        self.ahead = Some(ahead);
        sent
    }

    /// Hands out snapshots when nothing is out; says whether the session goes on elsewhere.
    fn tell(&mut self) -> bool {
        let mut detached = false;
        match self.machine.state() {
            State::Open => {
                for (reply, detach) in self.snapshots.drain(..) {
                    let state = self.machine.snapshot(now());
                    let state = RoSessionState::new(&state, &self.service, self.server.as_ref(), &self.attributes);
                    let taken = reply.send(state).is_ok();
                    detached |= detach && taken;
                }
            }
            // Dropping the senders tells that there is nothing to resume.
            State::Idle => self.snapshots.clear(),
            State::PendingI | State::PendingU | State::PendingT => {}
        }
        detached
    }

    fn resolve(&mut self, result: Result<Box<F::Answer>, RoError>) {
        if let Some(reply) = self.current.take() {
            settle::<F>(reply, result);
        }
    }

    fn send(&mut self, order: CcrOrder) {
        let out = match (order.resend, self.out.take()) {
            (Some(resend), Some(mut out)) => {
                let (tried, server) = (std::mem::take(&mut self.tried), self.server.take());
                match &mut out {
                    Out::Own(out) => out.again(resend, tried, server),
                    Out::Standard(out) => out.again(resend, tried, server),
                }
                out
            }
            _ => self.compose(order),
        };
        let (shared, timeout) = (&self.service.shared, self.service.settings.patience());
        let (moves, ahead) = (self.machine.may_move(), self.ahead.take());
        let (out, delivery): (_, InFlight<F::Answer>) = match out {
            Out::Own(mut out) => {
                let delivery = out.transmit(shared, timeout, moves, ahead);
                (Out::Own(out), delivery)
            }
            Out::Standard(mut out) => {
                let delivery = out.transmit(shared, timeout, moves, ahead);
                (Out::Standard(out), Box::pin(async move { delivery.await.without_answer() }))
            }
        };
        self.out = Some(out);
        self.in_flight = Some((order.number, delivery));
    }

    fn compose(&mut self, order: CcrOrder) -> Out<F> {
        let terminates = matches!(order.reason, CcrReason::Termination(_));
        // A TERMINATION passes the updates that wait; the machine drops those. A re-authorization that the machine asks for
        // by itself is nobody's order.
        let position = match order.reason {
            CcrReason::Reauthorization => None,
            _ => self.waiting.iter().position(|(ends, _, _)| *ends == terminates),
        };
        let taken = position.and_then(|position| self.waiting.remove(position));
        match taken {
            Some((_, mut ccr, reply)) => {
                self.current = Some(reply);
                self.stamp(ccr.standard_mut(), order);
                Out::Own(Outgoing::new(&self.service.shared, ccr))
            }
            // The machine asks by itself. There is nobody to ask for an own form's members, so the request goes out in the
            // standard form, with what every request of the session repeats.
            None => {
                let mut ccr = Box::new(self.service.template.clone());
                self.stamp(&mut ccr, order);
                Out::Standard(Outgoing::new(&self.service.shared, ccr))
            }
        }
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

fn config(service: &Service) -> SessionConfig {
    let mut config = SessionConfig::default();
    config.tx = service.settings.tx;
    config.request_timeout = NO_LIMIT;
    config.failure_handling = service.settings.failure_handling;
    config.session_failover = service.settings.session_failover;
    config.alternates = service.other_servers();
    config
}

/// Whoever asked may have stopped waiting.
fn settle<F: CcrForm>(reply: Reply<F>, result: Result<Box<F::Answer>, RoError>) {
    let _ = reply.send(result);
}
