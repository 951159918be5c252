//! The sessions and events of a server, by Session-Id.
//!
//! One [`ServerSession`] each decides; beside it are kept the answers for repetitions. Open sessions wait for Tcc; the
//! others are over and wait to be forgotten. The table has no task of its own: whoever owns it calls
//! [`Table::advance`] when it is due.

use super::RoServerConfig;
use diametric_engine::ro::server::{Action, Input, Outcome, ServerConfig, State};
use diametric_engine::ro::{Ignored, ServerSession};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{CcRequestType, CreditControlRequest};
use diametric_protocol::value::DiameterIdentity;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// How a request was answered: an encoded CCA, or an error.
pub(super) type Kept = Arc<Result<Vec<u8>, ErrorAnswer>>;

/// What to do with a request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Hand it to the application.
    Process,
    /// The same request is being processed: it gets the same answer.
    Await(oneshot::Receiver<Kept>),
    /// It was answered before.
    Repeat(Kept),
    /// Refuse it.
    Reject(ResultCode),
    /// There is no room for another session.
    Full,
}

/// Why a session ended in another way than by its TERMINATION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// The client was silent for longer than Tcc.
    Silence,
    /// The client does not know the session: it answered a RAR or an ASR with DIAMETER_UNKNOWN_SESSION_ID.
    Unknown,
    /// A request of the session was not answered with success, or a handler failed: the server gave the session up.
    Failure,
}

/// Who holds the other end of a session.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) host: DiameterIdentity,
    pub(super) realm: DiameterIdentity,
}

/// A session whose reservation is to be released.
pub(super) type Expired = (Arc<str>, Client, Expiry);

pub(super) struct Table {
    config: RoServerConfig,
    state: Mutex<Sessions>,
    /// Something is due earlier than was told.
    changed: Notify,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<Arc<str>, Entry>,
    /// When Tcc of the open sessions expires.
    supervised: BTreeSet<(Instant, Arc<str>)>,
    /// When the others are forgotten.
    over: BTreeSet<(Instant, Arc<str>)>,
    expired: Vec<Expired>,
    /// When the owner comes back by itself.
    wakes: Option<Instant>,
}

struct Entry {
    id: Arc<str>,
    machine: ServerSession,
    client: Client,
    answers: VecDeque<(u32, Kept)>,
    waiting: Vec<(u32, oneshot::Sender<Kept>)>,
    /// Why the reservation has to be released, once nothing is being processed any more.
    ending: Option<Expiry>,
    supervised: Option<Instant>,
    over: Option<Instant>,
}

impl Table {
    pub(super) fn new(config: RoServerConfig) -> Self {
        Self { config, state: Mutex::default(), changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // Nothing in here calls foreign code, so there is nothing half done after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn machine_config(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        config.supervision = self.config.supervision;
        config
    }

    /// Takes a request.
    pub(super) fn admit(&self, ccr: &CreditControlRequest, now: Instant) -> Verdict {
        let (request_type, number) = (ccr.cc_request_type, ccr.cc_request_number);
        let input = Input::Request { request_type, number, requested_action: ccr.requested_action };
        let sessions = &mut *self.lock();
        if let Some(entry) = sessions.by_id.get_mut(ccr.session_id.as_str()) {
            let verdict = entry.requested(input, now);
            sessions.reschedule(&ccr.session_id, &self.config, now);
            return verdict;
        }
        let opens = matches!(request_type, CcRequestType::InitialRequest | CcRequestType::EventRequest);
        let adopt = self.config.adopt_sessions && !opens;
        let machine = if adopt { ServerSession::adopted } else { ServerSession::new }(self.machine_config());
        let client = Client { host: ccr.origin_host.clone(), realm: ccr.origin_realm.clone() };
        let mut entry = Entry::new(&ccr.session_id, machine, client);
        let verdict = entry.requested(input, now);
        if matches!(verdict, Verdict::Process) {
            if sessions.by_id.len() >= self.config.max_sessions && !sessions.forget_oldest() {
                return Verdict::Full;
            }
            sessions.by_id.insert(Arc::clone(&entry.id), entry);
        }
        verdict
    }

    /// Takes the answer to a request that [`admit`](Self::admit) had processed. `failed` if a handler did not come to its end.
    pub(super) fn processed(&self, ccr: &Admitted, outcome: Outcome, kept: Result<Vec<u8>, ErrorAnswer>, failed: bool) {
        let now = super::now();
        let sessions = &mut *self.lock();
        if let Some(entry) = sessions.by_id.get_mut(&*ccr.session_id) {
            entry.processed(ccr, outcome, Arc::new(kept), failed, now);
            sessions.reschedule(&ccr.session_id, &self.config, now);
        }
        self.wake(sessions);
    }

    /// The application wants the client to ask again, or to end the session.
    ///
    /// # Errors
    /// If the session is not open.
    pub(super) fn server_request(&self, id: &str) -> Result<(), Ignored> {
        let sessions = &mut *self.lock();
        let entry = sessions.by_id.get_mut(id).ok_or(Ignored)?;
        entry.machine.handle_input(super::now(), Input::Reauthorize)?;
        entry.act();
        Ok(())
    }

    /// The client answered a RAR or an ASR.
    pub(super) fn server_request_answered(&self, id: &str, result_code: ResultCode) {
        let now = super::now();
        let sessions = &mut *self.lock();
        if let Some(entry) = sessions.by_id.get_mut(id)
            && entry.machine.handle_input(now, Input::ServerRequestAnswered { result_code }).is_ok()
        {
            if entry.act() {
                entry.ending = Some(Expiry::Unknown);
            }
            sessions.reschedule(id, &self.config, now);
        }
        self.wake(sessions);
    }

    fn wake(&self, sessions: &Sessions) {
        let due = sessions.due();
        let earlier = due.is_some_and(|due| sessions.wakes.is_none_or(|wakes| due < wakes));
        if earlier || !sessions.expired.is_empty() {
            self.changed.notify_one();
        }
    }

    /// Does what is due. Gives the sessions whose reservations are to be released, and the time to come back.
    pub(super) fn advance(&self) -> (Vec<Expired>, Option<Instant>) {
        let now = super::now();
        let sessions = &mut *self.lock();
        while let Some((_, id)) = sessions.supervised.first().filter(|(at, _)| *at <= now).cloned() {
            if let Some(entry) = sessions.by_id.get_mut(&id) {
                entry.machine.handle_timeout(now);
                if entry.act() {
                    entry.ending = Some(Expiry::Silence);
                }
            }
            sessions.reschedule(&id, &self.config, now);
        }
        while sessions.over.first().is_some_and(|(at, _)| *at <= now) {
            sessions.forget_oldest();
        }
        sessions.wakes = sessions.due();
        (std::mem::take(&mut sessions.expired), sessions.wakes)
    }

    /// Returns when something is due earlier than [`advance`](Self::advance) said.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Has [`changed`](Self::changed) return.
    pub(super) fn disturb(&self) {
        self.changed.notify_one();
    }
}

/// What is needed of a request that is being processed.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    pub(super) session_id: Arc<str>,
    pub(super) request_type: CcRequestType,
    pub(super) number: u32,
}

impl Sessions {
    fn due(&self) -> Option<Instant> {
        let first = |set: &BTreeSet<(Instant, Arc<str>)>| set.first().map(|(at, _)| *at);
        first(&self.supervised).into_iter().chain(first(&self.over)).min()
    }

    /// Puts a session where its state belongs.
    fn reschedule(&mut self, id: &str, config: &RoServerConfig, now: Instant) {
        let Some(entry) = self.by_id.get_mut(id) else { return };
        let id = Arc::clone(&entry.id);
        let supervised = entry.machine.poll_timeout();
        let idle = entry.machine.is_idle();
        // A session that was over before is forgotten when it was to be.
        let over = idle.then(|| entry.over.unwrap_or_else(|| after(now, config.keep_answers)));
        if entry.supervised != supervised {
            replace(&mut self.supervised, &id, entry.supervised, supervised);
            entry.supervised = supervised;
        }
        if entry.over != over {
            replace(&mut self.over, &id, entry.over, over);
            entry.over = over;
        }
        if idle && let Some(cause) = entry.ending.take() {
            self.expired.push((id, entry.client.clone(), cause));
        }
    }

    /// Makes room; says whether there was a session to be forgotten.
    fn forget_oldest(&mut self) -> bool {
        let Some((_, id)) = self.over.pop_first() else { return false };
        self.by_id.remove(&id);
        true
    }
}

/// So far ahead at most that it can be said.
fn after(now: Instant, wait: Duration) -> Instant {
    now + wait.min(Duration::from_secs(365 * 24 * 3600))
}

fn replace(set: &mut BTreeSet<(Instant, Arc<str>)>, id: &Arc<str>, before: Option<Instant>, after: Option<Instant>) {
    if let Some(before) = before {
        set.remove(&(before, Arc::clone(id)));
    }
    if let Some(after) = after {
        set.insert((after, Arc::clone(id)));
    }
}

impl Entry {
    fn new(id: &str, machine: ServerSession, client: Client) -> Self {
        Self {
            id: id.into(),
            machine,
            client,
            answers: VecDeque::new(),
            waiting: Vec::new(),
            ending: None,
            supervised: None,
            over: None,
        }
    }

    fn requested(&mut self, input: Input, now: Instant) -> Verdict {
        // A request is never ignored, and has exactly one consequence.
        let _ = self.machine.handle_input(now, input);
        match self.machine.poll_action() {
            Some(Action::Process { .. }) => Verdict::Process,
            Some(Action::AwaitCca { number }) => {
                let (sender, receiver) = oneshot::channel();
                self.waiting.push((number, sender));
                Verdict::Await(receiver)
            }
            Some(Action::RepeatCca { number }) => match self.answers.iter().find(|(kept, _)| *kept == number) {
                Some((_, kept)) => Verdict::Repeat(Arc::clone(kept)),
                None => Verdict::Reject(ResultCode::UNABLE_TO_COMPLY),
            },
            Some(Action::Reject { result_code, .. }) => Verdict::Reject(result_code),
            _ => Verdict::Reject(ResultCode::UNABLE_TO_COMPLY),
        }
    }

    fn processed(&mut self, ccr: &Admitted, outcome: Outcome, kept: Kept, failed: bool, now: Instant) {
        let number = ccr.number;
        let was_open = self.machine.state() == State::Open;
        if self.machine.handle_input(now, Input::Processed { number, outcome }).is_err() {
            return;
        }
        self.act();
        let is_open = self.machine.state() == State::Open;
        let ends_well = ccr.request_type == CcRequestType::TerminationRequest && !failed && is_success(&outcome);
        let is_event = ccr.request_type == CcRequestType::EventRequest;
        // Whatever a handler reserved that finished after the end is as lost as what it reserved before it failed.
        let late = !was_open && !is_open && ccr.request_type == CcRequestType::UpdateRequest;
        if ends_well {
            self.ending = None;
        } else if !is_event && !is_open && (was_open || late || failed) {
            self.ending.get_or_insert(Expiry::Failure);
        }
        if self.answers.len() >= ServerConfig::default().kept_answers {
            self.answers.pop_front();
        }
        for at in (0..self.waiting.len()).rev() {
            if self.waiting[at].0 == number {
                // Whoever waited may be gone with its connection.
                let _ = self.waiting.swap_remove(at).1.send(Arc::clone(&kept));
            }
        }
        self.answers.push_back((number, kept));
    }

    /// Takes what the machine says; whether that is to release what is reserved. Rating is the application's, and done by now.
    fn act(&mut self) -> bool {
        let mut release = false;
        while let Some(action) = self.machine.poll_action() {
            release |= action == Action::ReleaseReserved;
        }
        release
    }
}

fn is_success(outcome: &Outcome) -> bool {
    (2000..3000).contains(&outcome.result_code.0)
}
