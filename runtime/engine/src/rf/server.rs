//! The server of accounting sessions and events (RFC 6733 §8.2, "SERVER, STATELESS ACCOUNTING" and "SERVER, STATEFUL
//! ACCOUNTING").
//!
//! One machine serves all sessions. Making charging data records is the application's: the machine hands it a record
//! ([`Action::Process`]) and takes what came of it ([`Input::Processed`]). An ACA is a promise: once it says success, the
//! application has the record.
//!
//! A *repeated* record is one of the same session with the same number as one that was processed with success, with or
//! without T flag, whichever of the two came first (RFC 6733 §9.4): it is answered with success and processed no second
//! time. How much is remembered is bounded; see [`ServerConfig::remembered`].
//!
//! A **stateless** server, the default, takes any record at any time. A **stateful** one
//! ([`ServerConfig::supervision`]) knows which sessions are open, and closes the record of a session that went silent.
//!
//! Where the tables are silent:
//!
//! - A stateful server takes records that do not fit, too; [`Continuity`] says what is wrong with them. An INTERIM whose
//!   START is missing opens the session: the charging data record will be a partial one.
//! - Numbers count for one Accounting-Sub-Session-Id, where there is one. A STOP without it ends every sub-session of the
//!   Session-Id (RFC 6733 §9.8.6).
//! - A record of another type is no repetition, although no client should use its number again: to take it for one would
//!   lose it.
//! - Ts is held while a record of the session is being processed, and runs again after one that was refused, but for 4002.
//! - When as many sessions are open as the server may supervise, it has no space for another: 4002.
//! - A session whose STOP was processed never opens again: Session-Ids are unique for ever.

mod numbers;

use self::numbers::Numbers;
use super::Ignored;
use crate::deadline::after;
use diametric_protocol::accounting::AccountingRecordType;
use diametric_protocol::base::ResultCode;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sub-sessions that are remembered for one Session-Id.
const SUB_SESSIONS: usize = 64;

/// How a server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Ts for sessions without Acct-Interim-Interval; with it, Ts is twice that (RFC 6733 §8.2). `None`: the server is
    /// stateless.
    pub supervision: Option<Duration>,
    /// How many sessions may be open at a time, in a stateful server. A million.
    pub max_sessions: usize,
    /// How many sessions and events that are over, or unsupervised, are remembered for repeated records. 65 536; the
    /// oldest are forgotten.
    pub remembered: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { supervision: None, max_sessions: 1_000_000, remembered: 65_536 }
    }
}

/// The states of RFC 6733 §8.2. A stateless server knows only Idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no session.
    Idle,
    /// The session is supervised.
    Open,
}

/// Which record of which session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordKey {
    /// Session-Id.
    pub session_id: Arc<str>,
    /// Accounting-Sub-Session-Id.
    pub sub_session_id: Option<u64>,
    /// Accounting-Record-Type.
    pub record_type: AccountingRecordType,
    /// Accounting-Record-Number.
    pub number: u32,
}

/// What happened to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// An ACR came, decoded and checked.
    Record {
        /// Which.
        key: RecordKey,
    },
    /// The application is done with a record.
    Processed {
        /// Which.
        key: RecordKey,
        /// Result-Code of the ACA.
        result_code: ResultCode,
        /// Acct-Interim-Interval of the ACA, or else of the ACR.
        interim_interval: Option<Duration>,
    },
}

/// What a record does to a charging data record (CDR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrOperation {
    /// START: open one.
    Open,
    /// INTERIM: update it.
    Update,
    /// STOP: close it.
    Close,
    /// EVENT: write one, whole.
    Event,
}

impl From<AccountingRecordType> for CdrOperation {
    fn from(record_type: AccountingRecordType) -> Self {
        match record_type {
            AccountingRecordType::StartRecord => Self::Open,
            AccountingRecordType::InterimRecord => Self::Update,
            AccountingRecordType::StopRecord => Self::Close,
            AccountingRecordType::EventRecord => Self::Event,
        }
    }
}

/// How a record fits to the session as a stateful server knows it. To a stateless one every record is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// As it should be.
    InOrder,
    /// An INTERIM or STOP, but no CDR is open: START has not come, or the CDR was closed because the session was silent.
    /// Make a partial CDR.
    StartMissing,
    /// A START, after records that should have followed it: the CDR that is open is partial no more.
    StartLate,
    /// A START or INTERIM after STOP: the CDR is closed.
    AfterStop,
}

/// What a server wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Hand the record to the application.
    Process {
        /// Which.
        key: RecordKey,
        /// What is to be done with it.
        operation: CdrOperation,
        /// How it fits.
        continuity: Continuity,
    },
    /// Send the ACA that the application made, to every ACR that waits for it.
    SendAca {
        /// Which record it answers.
        key: RecordKey,
        /// Result-Code.
        result_code: ResultCode,
    },
    /// Answer with success: the record was processed before.
    RepeatAca {
        /// Which record it answers.
        key: RecordKey,
    },
    /// The record repeats one that is still being processed: it waits for the same ACA.
    AwaitAca {
        /// Which record.
        key: RecordKey,
    },
    /// Refuse the record without asking the application.
    Reject {
        /// Which.
        key: RecordKey,
        /// Result-Code.
        result_code: ResultCode,
    },
    /// Close the CDR: the session has been silent for longer than it may.
    CloseBySupervision {
        /// Session-Id.
        session_id: Arc<str>,
        /// Accounting-Sub-Session-Id.
        sub_session_id: Option<u64>,
    },
}

/// The server's side of accounting.
#[derive(Clone, Debug)]
pub struct Server {
    config: ServerConfig,
    sessions: HashMap<Arc<str>, Session>,
    /// When the open sessions have been silent for too long.
    deadlines: BTreeSet<(Instant, Arc<str>, Option<u64>)>,
    /// The sessions that may be forgotten, by when they were last heard of.
    idle: BTreeMap<u64, Arc<str>>,
    clock: u64,
    open: usize,
    /// How many records are being processed that may open a session.
    opening: usize,
    actions: VecDeque<Action>,
}

/// What is known of a Session-Id.
#[derive(Clone, Debug, Default)]
struct Session {
    parts: Vec<Part>,
    processing: Vec<Work>,
    /// Its place in `idle`.
    idle: Option<u64>,
}

/// A record that is being processed.
#[derive(Clone, Copy, Debug)]
struct Work {
    id: Option<u64>,
    number: u32,
    record_type: AccountingRecordType,
    /// With success, it opens a session.
    opens: bool,
}

/// What is known of a sub-session, or of a session without any.
#[derive(Clone, Debug)]
struct Part {
    id: Option<u64>,
    /// The records that were processed, by type.
    seen: [Numbers; 4],
    open: bool,
    stopped: bool,
    /// Ts, and when it ends; `None` while it is held.
    silence: Duration,
    deadline: Option<Instant>,
}

impl Work {
    fn is(&self, key: &RecordKey) -> bool {
        (self.id, self.record_type, self.number) == (key.sub_session_id, key.record_type, key.number)
    }
}

/// Where the numbers of a type of record are.
fn place(record_type: AccountingRecordType) -> usize {
    match record_type {
        AccountingRecordType::EventRecord => 0,
        AccountingRecordType::StartRecord => 1,
        AccountingRecordType::InterimRecord => 2,
        AccountingRecordType::StopRecord => 3,
    }
}

impl Session {
    fn part(&self, id: Option<u64>) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    fn part_mut(&mut self, id: Option<u64>, silence: Duration) -> &mut Part {
        let at = self.parts.iter().position(|part| part.id == id).unwrap_or_else(|| {
            if self.parts.len() >= SUB_SESSIONS
                && let Some(oldest) = self.parts.iter().position(|part| !part.open)
            {
                self.parts.remove(oldest);
            }
            let seen = Default::default();
            self.parts.push(Part { id, seen, open: false, stopped: false, silence, deadline: None });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }

    fn processes(&self, id: Option<u64>) -> bool {
        self.processing.iter().any(|work| work.id == id)
    }
}

impl Server {
    /// A server that knows of no session.
    pub fn new(config: ServerConfig) -> Self {
        Self {
            config,
            sessions: HashMap::new(),
            deadlines: BTreeSet::new(),
            idle: BTreeMap::new(),
            clock: 0,
            open: 0,
            opening: 0,
            actions: VecDeque::new(),
        }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// If it has no meaning, as the outcome of a record that is not being processed; nothing changed. A record is never
    /// ignored: one action says what becomes of it.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), Ignored> {
        match input {
            Input::Record { key } => {
                let action = self.received(key);
                self.actions.push_back(action);
                Ok(())
            }
            Input::Processed { key, result_code, interim_interval } => {
                self.processed(now, key, result_code, interim_interval)
            }
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((deadline, ..)) = self.deadlines.first()
            && *deadline <= now
            && let Some((_, session_id, sub_session_id)) = self.deadlines.pop_first()
        {
            if let Some(session) = self.sessions.get_mut(&session_id) {
                for part in session.parts.iter_mut().filter(|part| part.id == sub_session_id) {
                    (part.open, part.deadline) = (false, None);
                    self.open -= 1;
                }
            }
            self.tidy(&session_id);
            self.actions.push_back(Action::CloseBySupervision { session_id, sub_session_id });
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, ..)| *deadline)
    }

    /// The state of a session, in the terms of RFC 6733 §8.2.
    pub fn state(&self, session_id: &str, sub_session_id: Option<u64>) -> State {
        match self.sessions.get(session_id).and_then(|session| session.part(sub_session_id)) {
            Some(part) if part.open => State::Open,
            _ => State::Idle,
        }
    }

    /// How many sessions are open. Always 0 in a stateless server.
    pub fn open_sessions(&self) -> usize {
        self.open
    }

    /// How many sessions and events are remembered besides.
    pub fn remembered(&self) -> usize {
        self.idle.len()
    }

    fn received(&mut self, key: RecordKey) -> Action {
        use AccountingRecordType::{EventRecord, InterimRecord, StartRecord, StopRecord};
        let record_type = key.record_type;
        let silence = self.config.supervision.unwrap_or_default();
        let session = self.sessions.entry(Arc::clone(&key.session_id)).or_default();
        let id = key.sub_session_id;
        if session.processing.iter().any(|work| work.is(&key)) {
            return Action::AwaitAca { key };
        }
        let starting = session.processing.iter().any(|work| work.id == id && work.record_type == StartRecord);
        let part = session.part_mut(id, silence);
        if part.seen[place(record_type)].contains(key.number) {
            self.tidy(&key.session_id);
            return Action::RepeatAca { key };
        }
        let opens = self.config.supervision.is_some()
            && matches!(record_type, StartRecord | InterimRecord)
            && !part.open
            && !part.stopped;
        if opens && self.open + self.opening >= self.config.max_sessions {
            self.tidy(&key.session_id);
            return Action::Reject { key, result_code: ResultCode::OUT_OF_SPACE };
        }
        let continuity = match record_type {
            _ if self.config.supervision.is_none() => Continuity::InOrder,
            EventRecord => Continuity::InOrder,
            StartRecord | InterimRecord if part.stopped => Continuity::AfterStop,
            StartRecord if part.open => Continuity::StartLate,
            InterimRecord | StopRecord if !part.open && !starting => Continuity::StartMissing,
            StartRecord | InterimRecord | StopRecord => Continuity::InOrder,
        };
        if let Some(deadline) = part.deadline.take() {
            self.deadlines.remove(&(deadline, Arc::clone(&key.session_id), id));
        }
        session.processing.push(Work { id, number: key.number, record_type, opens });
        self.opening += usize::from(opens);
        self.tidy(&key.session_id);
        Action::Process { key, operation: record_type.into(), continuity }
    }

    fn processed(
        &mut self,
        now: Instant,
        key: RecordKey,
        result_code: ResultCode,
        interim_interval: Option<Duration>,
    ) -> Result<(), Ignored> {
        let silence = self.config.supervision.unwrap_or_default();
        let session = self.sessions.get_mut(&key.session_id).ok_or(Ignored)?;
        let id = key.sub_session_id;
        let at = session.processing.iter().position(|work| work.is(&key));
        let Work { record_type, opens, .. } = session.processing.remove(at.ok_or(Ignored)?);
        self.opening -= usize::from(opens);
        let success = (2000..3000).contains(&result_code.0);
        let part = session.part_mut(id, silence);
        if success {
            part.seen[place(record_type)].insert(key.number);
        }
        if self.config.supervision.is_some() {
            if let Some(interval) = interim_interval.filter(|interval| !interval.is_zero()) {
                part.silence = interval.saturating_mul(2);
            }
            let was_open = part.open;
            match record_type {
                AccountingRecordType::EventRecord => {}
                _ if result_code == ResultCode::OUT_OF_SPACE => part.open = false,
                AccountingRecordType::StartRecord | AccountingRecordType::InterimRecord if success => {
                    part.open = !part.stopped;
                }
                AccountingRecordType::StopRecord if success => (part.open, part.stopped) = (false, true),
                // Refused: the session is as it was.
                AccountingRecordType::StartRecord
                | AccountingRecordType::InterimRecord
                | AccountingRecordType::StopRecord => {}
            }
            match (was_open, part.open) {
                (false, true) => self.open += 1,
                (true, false) => self.open -= 1,
                (true, true) | (false, false) => {}
            }
            if record_type == AccountingRecordType::StopRecord && success && id.is_none() {
                self.stop_parts(&key.session_id);
            }
            self.supervise(now, &key.session_id, id);
        }
        self.tidy(&key.session_id);
        self.actions.push_back(Action::SendAca { key, result_code });
        Ok(())
    }

    /// A STOP for the whole session ends its sub-sessions.
    fn stop_parts(&mut self, session_id: &Arc<str>) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        for part in &mut session.parts {
            part.stopped = true;
            if std::mem::take(&mut part.open) {
                self.open -= 1;
            }
            if let Some(deadline) = part.deadline.take() {
                self.deadlines.remove(&(deadline, Arc::clone(session_id), part.id));
            }
        }
    }

    /// Starts Ts, unless other records of the session are still being processed.
    fn supervise(&mut self, now: Instant, session_id: &Arc<str>, id: Option<u64>) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        let held = session.processes(id);
        for part in session.parts.iter_mut().filter(|part| part.id == id) {
            if let Some(deadline) = part.deadline.take() {
                self.deadlines.remove(&(deadline, Arc::clone(session_id), id));
            }
            if part.open && !held {
                part.deadline = after(now, part.silence);
                self.deadlines.extend(part.deadline.map(|deadline| (deadline, Arc::clone(session_id), id)));
            }
        }
    }

    /// Puts a session where it belongs: among those that may be forgotten, or not; and forgets what is too much.
    fn tidy(&mut self, session_id: &Arc<str>) {
        let Some(session) = self.sessions.get_mut(session_id) else { return };
        if let Some(place) = session.idle.take() {
            self.idle.remove(&place);
        }
        if !session.processing.is_empty() || session.parts.iter().any(|part| part.open) {
            return;
        }
        if session.parts.iter().flat_map(|part| &part.seen).all(Numbers::is_empty) {
            self.sessions.remove(session_id);
            return;
        }
        self.clock += 1;
        session.idle = Some(self.clock);
        self.idle.insert(self.clock, Arc::clone(session_id));
        while self.idle.len() > self.config.remembered
            && let Some((_, forgotten)) = self.idle.pop_first()
        {
            self.sessions.remove(&forgotten);
        }
    }
}
