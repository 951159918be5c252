//! Records that could not be delivered, kept in memory until they are: the store of the accounting machines.
//!
//! RFC 6733 §9.4 asks for non-volatile memory; this is not. It is for a server that is away for a while, not for a
//! process that is.

use super::delivery::{self, Delivery, Frames, GRACE, now};
use crate::node::Shared;
use diametric_protocol::accounting::{AccountingAnswer, AccountingRecordType};
use diametric_protocol::rf::record::{Input, RecordConfig};
use diametric_protocol::rf::{Cause, Outcome, SingleRecord, StoreOrder};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// By how much the pause grows at most for a record that is sent again and again.
const LONGEST_PAUSE: u32 = 64;

/// A record that waits.
pub(super) struct Undelivered {
    session_id: Box<str>,
    record_type: AccountingRecordType,
    number: u32,
    t_flag: bool,
    frames: Frames,
    timeout: Duration,
    failures: u32,
    not_before: Option<Instant>,
}

impl Undelivered {
    pub(super) fn new(session_id: &str, order: StoreOrder, frames: Frames, timeout: Duration) -> Self {
        Self {
            session_id: session_id.into(),
            record_type: order.record_type,
            number: order.number,
            t_flag: order.t_flag,
            // Where the session was is no matter any more.
            frames: Frames { first: None, ..frames },
            timeout,
            failures: 0,
            not_before: None,
        }
    }

    fn is_interim(&self, session_id: &str, number: u32) -> bool {
        self.number == number
            && self.record_type == AccountingRecordType::InterimRecord
            && *self.session_id == *session_id
    }

    fn warn(&self, why: &str) {
        tracing::warn!(
            session_id = &*self.session_id,
            record = ?self.record_type,
            number = self.number,
            "an accounting record is lost: {why}"
        );
    }
}

/// The records of a node that wait, oldest first.
pub(crate) struct Buffer {
    limit: usize,
    retry_interval: Duration,
    state: Mutex<State>,
    count: watch::Sender<usize>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<u64, Undelivered>,
    next: u64,
    /// The record that is out.
    delivering: Option<Delivering>,
    /// Whether there is a task that delivers.
    running: bool,
    dropped: u64,
}

struct Delivering {
    session_id: Box<str>,
    number: u32,
    interim: bool,
    superseded: bool,
}

enum Turn {
    Deliver(u64, Box<Undelivered>),
    /// Every record has to wait.
    Wait,
    /// There is no record, and the task is to end.
    End,
}

impl Buffer {
    pub(crate) fn new(limit: usize, retry_interval: Duration) -> Arc<Self> {
        Arc::new(Self {
            limit,
            retry_interval,
            state: Mutex::default(),
            count: watch::Sender::new(0),
            wake: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here calls foreign code, so there is nothing half done after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_space(&self) -> bool {
        self.limit > 0
    }

    pub(super) fn len(&self) -> usize {
        *self.count.borrow()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Keeps a record, in place of an older INTERIM of its session where there is one.
    pub(super) fn push(self: &Arc<Self>, shared: &Arc<Shared>, record: Undelivered, replaces: Option<u32>) {
        let state = &mut *self.lock();
        if let Some(number) = replaces {
            let older = state.waiting.iter().find(|(_, other)| other.is_interim(&record.session_id, number));
            match (older.map(|(place, _)| *place), &mut state.delivering) {
                (Some(place), _) => drop(state.waiting.remove(&place)),
                (None, Some(out)) if out.interim && out.number == number && out.session_id == record.session_id => {
                    out.superseded = true;
                }
                (None, _) => {}
            }
        }
        let place = state.next;
        state.next += 1;
        state.waiting.insert(place, record);
        self.changed(state);
        if !std::mem::replace(&mut state.running, true) {
            tokio::spawn(run(Arc::clone(self), Arc::downgrade(shared)));
        }
    }

    /// A server took a record: it may take others.
    pub(super) fn reachable(&self) {
        if self.len() > 0 {
            self.wake.notify_one();
        }
    }

    /// Tries at once, and returns when there are no records any more.
    pub(super) async fn drained(&self) {
        self.lock().waiting.values_mut().for_each(|record| record.not_before = None);
        self.reachable();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Drops what is too much, and tells how many there are.
    fn changed(&self, state: &mut State) {
        while state.waiting.len() + usize::from(state.delivering.is_some()) > self.limit
            && let Some((_, oldest)) = state.waiting.pop_first()
        {
            state.dropped += 1;
            oldest.warn("there are too many that cannot be delivered");
        }
        self.count.send_replace(state.waiting.len() + usize::from(state.delivering.is_some()));
    }

    fn turn(&self) -> Turn {
        let (state, now) = (&mut *self.lock(), now());
        if state.waiting.is_empty() {
            state.running = false;
            return Turn::End;
        }
        let due = |record: &Undelivered| record.not_before.is_none_or(|not_before| not_before <= now);
        let Some((&place, _)) = state.waiting.iter().find(|(_, record)| due(record)) else { return Turn::Wait };
        let Some(record) = state.waiting.remove(&place) else { return Turn::Wait };
        state.delivering = Some(Delivering {
            session_id: record.session_id.clone(),
            number: record.number,
            interim: record.record_type == AccountingRecordType::InterimRecord,
            superseded: false,
        });
        Turn::Deliver(place, Box::new(record))
    }

    /// Takes what came of a record; whether others may be sent now.
    fn settle(
        &self,
        place: u64,
        mut record: Undelivered,
        t_flag: Option<bool>,
        done: &Delivery<AccountingAnswer>,
    ) -> bool {
        let state = &mut *self.lock();
        let superseded = state.delivering.take().is_some_and(|out| out.superseded);
        let delivered = match done.outcome {
            Outcome::Stored(_) => {
                if !superseded {
                    record.t_flag = t_flag.unwrap_or(true);
                    if done.reached {
                        // It may be the record: others get their turn before it is tried again.
                        let pause = 2_u32.saturating_pow(record.failures).min(LONGEST_PAUSE);
                        record.failures += 1;
                        record.not_before = now().checked_add(self.retry_interval.saturating_mul(pause));
                    }
                    state.waiting.insert(place, record);
                }
                false
            }
            Outcome::Lost(cause) => {
                state.dropped += 1;
                match cause {
                    Cause::Refused(result_code) => record.warn(&format!("refused with Result-Code {result_code}")),
                    Cause::SendFailed | Cause::TimedOut | Cause::Ended => record.warn("it cannot be sent"),
                }
                true
            }
            Outcome::Acknowledged | Outcome::Superseded => true,
        };
        self.changed(state);
        delivered
    }
}

/// Delivers records until there are none, or no node.
async fn run(buffer: Arc<Buffer>, node: Weak<Shared>) {
    loop {
        tokio::select! {
            // A little randomness keeps many nodes from coming at the same moment to a server that is back.
            () = tokio::time::sleep(buffer.retry_interval.mul_f64(0.75 + fastrand::f64() / 2.0)) => {}
            () = buffer.wake.notified() => {}
        }
        loop {
            let Some(shared) = node.upgrade() else { return };
            let (place, record) = match buffer.turn() {
                Turn::Deliver(place, record) => (place, *record),
                Turn::Wait => break,
                Turn::End => return,
            };
            let mut config = RecordConfig::default();
            config.request_timeout = record.timeout.saturating_add(GRACE);
            let mut machine = SingleRecord::stored_record(record.record_type, record.number, config);
            let first = Input::SendStored { t_flag: record.t_flag };
            let done = delivery::deliver(&shared, &mut machine, first, &record.frames, record.timeout).await;
            if !buffer.settle(place, record, machine.stored(), &done) {
                break;
            }
        }
    }
}
