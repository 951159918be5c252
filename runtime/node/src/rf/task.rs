//! The task of one accounting session: it drives the state machine.

use super::delivery::{Frames, GRACE, Sent, Transmission};
use super::service::{AcrForm, Service, Stamp};
use super::session::{RfEnd, View};
use super::state::RfSessionState;
use super::undelivered::Undelivered;
use super::{Delivered, Logged, RfError};
use crate::attributes::Attributes;
use crate::node::{Ending, Tried};
use crate::wait::{arrival, due, now, released};
use diametric_engine::rf::session::{Action, Input, SessionConfig, State};
use diametric_engine::rf::{AcrOrder, Cause, ClientSession, Outcome};
use diametric_protocol::accounting::{AccountingAnswer, AccountingRecordType, AccountingRequest};
use diametric_protocol::message::{Form, Request};
use diametric_protocol::value::DiameterIdentity;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// What a session is asked to do.
pub(super) enum Order<F: AcrForm> {
    /// Send a record when its turn comes.
    Acr { record_type: AccountingRecordType, acr: Box<F>, reply: Reply<F> },
    /// Make INTERIM records with this.
    Hook(Hook<F>),
    /// Tell the state, once nothing is out; and then stop, if the session goes on elsewhere.
    Snapshot { reply: oneshot::Sender<RfSessionState>, detach: bool },
}

type Reply<F> = oneshot::Sender<Result<Delivered<<F as Request>::Answer>, RfError>>;
type Hook<F> = Box<dyn FnMut() -> Box<F> + Send>;
type InFlight<A> = Pin<Box<dyn Future<Output = Transmission<A>> + Send>>;

/// A record that is not settled.
struct Record<F: AcrForm> {
    frames: Frames,
    /// Who waits; nobody for the session's own records.
    reply: Option<Reply<F>>,
    /// Whether it is of the standard form, whatever `F` is.
    standard: bool,
}

pub(super) struct Task<F: AcrForm> {
    service: Arc<Service>,
    attributes: Attributes,
    machine: ClientSession,
    held: Option<oneshot::Receiver<Ending>>,
    /// The node is not to end before this session has.
    ending: Option<Ending>,
    show: watch::Sender<View>,
    hook: Option<Hook<F>>,
    records: BTreeMap<u32, Record<F>>,
    in_flight: Option<(u32, InFlight<F::Answer>)>,
    /// Where the record that was out last has been.
    tried: Tried,
    /// The server that answered last: the session stays with it as long as it can be reached.
    server: Option<DiameterIdentity>,
    last_error: Option<RfError>,
    last_answer: Option<Box<F::Answer>>,
    snapshots: Vec<(oneshot::Sender<RfSessionState>, bool)>,
}

impl<F: AcrForm> Task<F> {
    /// `proposal` is the Acct-Interim-Interval of START, where that has one.
    pub(super) fn new(
        id: &str,
        service: Arc<Service>,
        attributes: Attributes,
        proposal: Option<Duration>,
        held: oneshot::Receiver<Ending>,
        show: watch::Sender<View>,
    ) -> Self {
        let mut config = config(&service);
        config.interim_interval = proposal.or(config.interim_interval);
        Self::with(ClientSession::new(id, config), service, attributes, held, show)
    }

    pub(super) fn resume(
        service: Arc<Service>,
        attributes: Attributes,
        held: oneshot::Receiver<Ending>,
        show: watch::Sender<View>,
        state: &RfSessionState,
    ) -> Self {
        let machine = ClientSession::resume(state.machine(), config(&service), now());
        let mut task = Self::with(machine, service, attributes, held, show);
        task.server = state.server.as_deref().map(DiameterIdentity::from);
        task.publish();
        task
    }

    fn with(
        machine: ClientSession,
        service: Arc<Service>,
        attributes: Attributes,
        held: oneshot::Receiver<Ending>,
        show: watch::Sender<View>,
    ) -> Self {
        Self {
            service,
            attributes,
            machine,
            held: Some(held),
            ending: None,
            show,
            hook: None,
            records: BTreeMap::new(),
            in_flight: None,
            tried: Tried::default(),
            server: None,
            last_error: None,
            last_answer: None,
            snapshots: Vec::new(),
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
                let detached = self.tell();
                // Idle: the session is over, or START could not even be encoded.
                if detached || self.machine.state() == State::Idle {
                    return;
                }
                let wake = self.machine.poll_timeout();
                tokio::select! {
                    // What was ordered before the session was let go of comes first.
                    biased;
                    Some(order) = orders.recv() => self.take(order),
                    ending = released(&mut self.held) => {
                        (self.held, self.ending) = (None, ending);
                        self.abandoned();
                    }
                    (number, done) = arrival(&mut self.in_flight) => {
                        self.in_flight = None;
                        self.arrived(number, done);
                    }
                    () = due(wake) => {
                        self.last_error = Some(RfError::NoAnswer(self.service.settings.timeout));
                        self.machine.handle_timeout(now());
                        self.act(None);
                    }
                }
            }
        }
    }

    fn take(&mut self, order: Order<F>) {
        match order {
            Order::Acr { record_type, mut acr, reply } => match self.encode(record_type, &mut *acr) {
                Ok(frames) => self.hand_in(record_type, Record { frames, reply: Some(reply), standard: false }),
                Err(error) => settle::<F>(reply, Err(error)),
            },
            Order::Hook(hook) => self.hook = Some(hook),
            Order::Snapshot { reply, detach } => self.snapshots.push((reply, detach)),
        }
    }

    fn encode<G: AcrForm>(&self, record_type: AccountingRecordType, acr: &mut G) -> Result<Frames, RfError> {
        let number = self.machine.number_for(record_type);
        let stamp = Stamp { session_id: self.machine.session_id(), record_type, number };
        self.service.encode(acr, stamp, self.server.as_ref())
    }

    fn hand_in(&mut self, record_type: AccountingRecordType, record: Record<F>) {
        let input = match record_type {
            AccountingRecordType::StartRecord => Input::Start,
            AccountingRecordType::InterimRecord => Input::Interim,
            AccountingRecordType::StopRecord | AccountingRecordType::EventRecord => Input::Stop,
        };
        let number = self.machine.number_for(record_type);
        match self.machine.handle_input(now(), input) {
            Ok(()) => self.act(Some((number, record))),
            Err(_) => {
                if let Some(reply) = record.reply {
                    settle::<F>(reply, Err(RfError::Ended));
                }
            }
        }
    }

    /// Nobody holds the session any more, and nobody stopped it.
    fn abandoned(&mut self) {
        if matches!(self.machine.state(), State::Idle | State::PendingL) {
            return;
        }
        // There is nobody to ask for an own form's members, so the record goes out in the standard form.
        let mut acr = self.service.form((), |_: &mut AccountingRequest| {});
        match self.encode(AccountingRecordType::StopRecord, &mut acr) {
            // Where there is a STOP already, this one is not taken.
            Ok(frames) => {
                self.hand_in(AccountingRecordType::StopRecord, Record { frames, reply: None, standard: true });
            }
            Err(error) => {
                tracing::error!(session_id = self.machine.session_id(), %error, "a session cannot be stopped")
            }
        }
    }

    fn arrived(&mut self, number: u32, done: Transmission<F::Answer>) {
        if done.sent.is_success() {
            self.service.shared.rf_store().reachable();
        }
        if let Some(answer) = &done.answer {
            self.server = Some(answer.standard().origin_host.clone());
        }
        (self.last_answer, self.last_error, self.tried) = (done.answer, done.error, done.tried);
        let input = match done.sent {
            Sent::Answer(facts) => Input::Answer { number, facts },
            Sent::TimedOut => Input::RequestTimedOut { number },
            Sent::TransportLost => Input::TransportLost { number },
            Sent::Failed { arrived } => Input::SendFailed { number, sent: arrived },
        };
        // An answer to a record that the machine has given up changes nothing.
        let _ = self.machine.handle_input(now(), input);
        self.act(None);
    }

    /// Carries out what the machine wants; `record` is the one that was handed in.
    fn act(&mut self, record: Option<(u32, Record<F>)>) {
        let mut actions: Vec<Action> = std::iter::from_fn(|| self.machine.poll_action()).collect();
        if let Some((number, record)) = record {
            let superseded = Action::Settled { number, outcome: Outcome::Superseded };
            actions.retain(|action| *action != superseded);
            if let Some(older) = self.records.insert(number, record).and_then(|older| older.reply) {
                settle::<F>(older, Ok(Delivered::Superseded));
            }
        }
        let disconnects = actions.contains(&Action::DisconnectUser);
        for action in actions {
            match action {
                Action::SendAcr(order) => self.send(order),
                Action::Store(order) if !order.held && self.service.shared.rf_store().keeps() => {
                    if let Some(record) = self.records.get(&order.number) {
                        let timeout = self.service.settings.timeout;
                        let frames = record.frames.clone();
                        let undelivered = Undelivered::new(self.machine.session_id(), order, frames, timeout);
                        undelivered.keep(&self.service.shared, order);
                    }
                }
                Action::Settled { number, outcome } => self.settled(number, outcome, disconnects),
                Action::InterimDue => self.interim_due(),
                // A record that is held waits here; whoever asked is told what became of it; and the buffer knows what it has.
                _ => {}
            }
        }
        self.publish();
    }

    /// Shows what its handles may see of the session.
    fn publish(&self) {
        let interim_deadline = self.machine.interim_deadline();
        self.show.send_if_modified(|view| {
            let changed = view.interim_deadline != interim_deadline;
            view.interim_deadline = interim_deadline;
            changed
        });
    }

    fn interim_due(&mut self) {
        let Some(hook) = &mut self.hook else { return };
        // The session outlives a panic in it.
        let made = catch_unwind(AssertUnwindSafe(hook));
        let session_id = self.machine.session_id();
        let record_type = AccountingRecordType::InterimRecord;
        match made.map(|mut acr| self.encode(record_type, &mut *acr)) {
            Ok(Ok(frames)) => self.hand_in(record_type, Record { frames, reply: None, standard: false }),
            Ok(Err(error)) => tracing::error!(session_id, %error, "an INTERIM record cannot be encoded"),
            Err(_) => tracing::error!(session_id, "making an INTERIM record panicked"),
        }
    }

    fn settled(&mut self, number: u32, outcome: Outcome, disconnects: bool) {
        let Some(record) = self.records.remove(&number) else { return };
        let keeps = self.service.shared.rf_store().keeps();
        let error = |task: &mut Self, cause| match cause {
            Cause::Ended => RfError::Ended,
            Cause::Refused(_) | Cause::SendFailed | Cause::TimedOut => task.last_error.take().unwrap_or(RfError::Ended),
        };
        let result = match outcome {
            Outcome::Acknowledged => match self.last_answer.take() {
                Some(answer) => Ok(Delivered::Acknowledged(answer)),
                // Only the session's own STOP has an answer that is of no interest.
                None => return,
            },
            Outcome::Superseded => Ok(Delivered::Superseded),
            Outcome::Stored(cause) if keeps => Ok(Delivered::Stored(error(self, cause))),
            Outcome::Stored(cause) => Err(error(self, cause)),
            Outcome::Lost(cause) if self.machine.is_closed() => Err(error(self, cause)),
            Outcome::Lost(cause) => Ok(Delivered::Lost(error(self, cause))),
        };
        if disconnects && let Err(error) = &result {
            let end = RfEnd { result_code: error.result_code(), reason: error.to_string() };
            self.show.send_modify(|view| _ = view.end.get_or_insert(end));
        }
        match record.reply {
            Some(reply) => settle::<F>(reply, result),
            None => log(self.machine.session_id(), number, &result),
        }
    }

    /// Hands out snapshots when nothing is out; says whether the session goes on elsewhere.
    fn tell(&mut self) -> bool {
        let mut detached = false;
        match self.machine.state() {
            State::Open => {
                for (reply, detach) in self.snapshots.drain(..) {
                    let state = self.machine.snapshot(now());
                    let state = RfSessionState::new(&state, &self.service, self.server.as_ref(), &self.attributes);
                    detached |= reply.send(state).is_ok() && detach;
                }
            }
            // Dropping the senders tells that there is nothing to resume.
            State::Idle => self.snapshots.clear(),
            State::PendingS | State::PendingI | State::PendingL => {}
        }
        detached
    }

    fn send(&mut self, order: AcrOrder) {
        let Some(record) = self.records.get(&order.number) else { return };
        let (shared, frames) = (Arc::clone(&self.service.shared), record.frames.clone());
        let (timeout, tried) = (self.service.settings.timeout, self.tried.clone());
        let exchange: InFlight<F::Answer> = if record.standard {
            Box::pin(async move {
                let done = Transmission::<AccountingAnswer>::run(&shared, frames, order.resend, timeout, tried).await;
                Transmission { sent: done.sent, answer: None, error: done.error, tried: done.tried }
            })
        } else {
            Box::pin(async move { Transmission::run(&shared, frames, order.resend, timeout, tried).await })
        };
        self.in_flight = Some((order.number, exchange));
    }
}

fn config(service: &Service) -> SessionConfig {
    let settings = &service.settings;
    let mut config = SessionConfig::default();
    config.request_timeout = settings.timeout.saturating_add(GRACE);
    config.resends = settings.resends;
    config.realtime_required = settings.realtime_required;
    config.interim_interval = settings.interim_interval;
    config.seed = Some(fastrand::u64(..));
    config.buffer_space = service.shared.rf_store().keeps();
    config
}

/// Whoever asked may have stopped waiting.
fn settle<F: AcrForm>(reply: Reply<F>, result: Result<Delivered<F::Answer>, RfError>) {
    let _ = reply.send(result);
}

/// Tells of a record that nobody waits for. The Session-Id is of this library's making, and says nothing of the user.
fn log<A>(session_id: &str, number: u32, result: &Result<Delivered<A>, RfError>) {
    match result {
        Ok(Delivered::Acknowledged(_) | Delivered::Superseded) => {}
        Ok(Delivered::Stored(error)) => {
            tracing::info!(session_id, number, error = %Logged(error), "an accounting record is kept for later");
        }
        Ok(Delivered::Lost(error)) | Err(error) => {
            tracing::warn!(session_id, number, error = %Logged(error), "an accounting record is lost");
        }
    }
}
