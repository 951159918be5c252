//! What a server knows of the records it has processed: the machine, and who waits for it.

use super::RfServerConfig;
use crate::wait::now;
use diametric_engine::rf::Server;
use diametric_engine::rf::server::{Action, CdrOperation, Continuity, Input, RecordKey};
use diametric_protocol::accounting::AccountingRequest;
use diametric_protocol::base::ResultCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// What to do with a record.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Hand it to the application.
    Process(RecordKey, CdrOperation, Continuity),
    /// The same record is being processed: it gets this Result-Code.
    Await(oneshot::Receiver<ResultCode>),
    /// It was processed before.
    Repeat,
    /// Refuse it.
    Reject(ResultCode),
}

/// A session whose charging data record is to be closed.
pub(super) type Silent = (Arc<str>, Option<u64>);

pub(super) struct Table {
    state: Mutex<State>,
    /// Something is due earlier than was told.
    changed: Notify,
}

struct State {
    machine: Server,
    waiting: HashMap<RecordKey, Vec<oneshot::Sender<ResultCode>>>,
    /// When the owner comes back by itself.
    wakes: Option<Instant>,
}

impl Table {
    pub(super) fn new(config: &RfServerConfig) -> Self {
        let machine = Server::new(config.machine());
        let state = Mutex::new(State { machine, waiting: HashMap::new(), wakes: None });
        Self { state, changed: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here calls foreign code, so there is nothing half done after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a record.
    pub(super) fn admit(&self, acr: &AccountingRequest) -> Verdict {
        let key = RecordKey {
            session_id: acr.session_id.as_str().into(),
            sub_session_id: acr.accounting_sub_session_id,
            record_type: acr.accounting_record_type,
            number: acr.accounting_record_number,
        };
        let state = &mut *self.lock();
        // A record is never ignored, and has exactly one consequence.
        let _ = state.machine.handle_input(now(), Input::Record { key });
        match state.machine.poll_action() {
            Some(Action::Process { key, operation, continuity }) => Verdict::Process(key, operation, continuity),
            Some(Action::AwaitAca { key }) => {
                let (sender, receiver) = oneshot::channel();
                state.waiting.entry(key).or_default().push(sender);
                Verdict::Await(receiver)
            }
            Some(Action::RepeatAca { .. }) => Verdict::Repeat,
            Some(Action::Reject { result_code, .. }) => Verdict::Reject(result_code),
            _ => Verdict::Reject(ResultCode::UNABLE_TO_COMPLY),
        }
    }

    /// Takes what came of a record that [`admit`](Self::admit) had processed.
    pub(super) fn processed(&self, key: RecordKey, result_code: ResultCode, interim_interval: Option<Duration>) {
        let state = &mut *self.lock();
        // Whoever waited may be gone with its connection.
        let waiting = state.waiting.remove(&key).unwrap_or_default();
        waiting.into_iter().for_each(|waiting| _ = waiting.send(result_code));
        let _ = state.machine.handle_input(now(), Input::Processed { key, result_code, interim_interval });
        // The answer is the caller's to send.
        while state.machine.poll_action().is_some() {}
        let due = state.machine.poll_timeout();
        if due.is_some_and(|due| state.wakes.is_none_or(|wakes| due < wakes)) {
            self.changed.notify_one();
        }
    }

    /// Does what is due. Gives the sessions that were silent for too long, and the time to come back.
    pub(super) fn advance(&self) -> (Vec<Silent>, Option<Instant>) {
        let state = &mut *self.lock();
        state.machine.handle_timeout(now());
        let silent = std::iter::from_fn(|| state.machine.poll_action()).filter_map(|action| match action {
            Action::CloseBySupervision { session_id, sub_session_id } => Some((session_id, sub_session_id)),
            _ => None,
        });
        let silent = silent.collect();
        state.wakes = state.machine.poll_timeout();
        (silent, state.wakes)
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
