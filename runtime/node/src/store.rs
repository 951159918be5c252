//! Requests that could not be delivered, kept in memory until they are: the store of the accounting and credit-control
//! machines.
//!
//! RFC 6733 §9.4 and RFC 8506 §6.5 ask for non-volatile memory; this is not. It is for a server that is away for a while,
//! not for a process that is.

use crate::node::Shared;
use crate::wait::now;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};

/// By how much the pause grows at most for a request that is sent again and again.
const LONGEST_PAUSE: u32 = 64;

/// A request that can be kept.
pub(crate) trait Kept: Send + Sync + 'static {
    /// Sends it once more.
    fn deliver(&self, node: &Arc<Shared>, t_flag: bool) -> impl Future<Output = Fate> + Send;
    /// Tells the log that it is lost.
    fn warn(&self, why: &str);
}

/// What becomes of a request that was sent once more.
pub(crate) enum Fate {
    /// The server has it.
    Delivered,
    /// It is given up.
    Lost(String),
    /// It stays, and has to go out with this T flag; `reached` says whether it got as far as to a connection.
    Stays { t_flag: bool, reached: bool },
}

/// The requests of a node that wait, oldest first.
pub(crate) struct Store<K> {
    limit: usize,
    retry_interval: Duration,
    state: Mutex<State<K>>,
    count: watch::Sender<usize>,
    wake: Notify,
}

struct State<K> {
    waiting: BTreeMap<u64, Waiting<K>>,
    next: u64,
    /// The request that is out.
    delivering: Option<Delivering<K>>,
    /// Whether there is a task that delivers.
    running: bool,
    dropped: u64,
}

struct Waiting<K> {
    request: Arc<K>,
    t_flag: bool,
    failures: u32,
    not_before: Option<Instant>,
}

struct Delivering<K> {
    request: Arc<K>,
    superseded: bool,
}

impl<K> State<K> {
    fn count(&self) -> usize {
        self.waiting.len() + usize::from(self.delivering.is_some())
    }
}

enum Turn<K> {
    Deliver(u64, Waiting<K>),
    /// Every request has to wait.
    Wait,
    /// There is none, and the task is to end.
    End,
}

impl<K: Kept> Store<K> {
    pub(crate) fn new(limit: usize, retry_interval: Duration) -> Arc<Self> {
        let state = State { waiting: BTreeMap::new(), next: 0, delivering: None, running: false, dropped: 0 };
        Arc::new(Self {
            limit,
            retry_interval,
            state: Mutex::new(state),
            count: watch::Sender::new(0),
            wake: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // Nothing in here calls foreign code, so there is nothing half done after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anything is kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.limit > 0
    }

    pub(crate) fn len(&self) -> usize {
        *self.count.borrow()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Keeps a request, in place of an older one where there is one that it `replaces`. If there are too many, the oldest is
    /// dropped.
    pub(crate) fn push(self: &Arc<Self>, node: &Arc<Shared>, request: K, t_flag: bool, replaces: impl Fn(&K) -> bool) {
        let state = &mut *self.lock();
        let older = state.waiting.iter().find(|(_, older)| replaces(&older.request)).map(|(place, _)| *place);
        match (older, &mut state.delivering) {
            (Some(place), _) => drop(state.waiting.remove(&place)),
            (None, Some(out)) => out.superseded |= replaces(&out.request),
            (None, None) => {}
        }
        self.insert(state, node, request, t_flag);
        while state.count() > self.limit
            && let Some((_, oldest)) = state.waiting.pop_first()
        {
            state.dropped += 1;
            oldest.request.warn("there are too many that cannot be delivered");
        }
        self.count.send_replace(state.count());
    }

    /// Keeps a request if there is room for it; says so.
    pub(crate) fn push_if_room(self: &Arc<Self>, node: &Arc<Shared>, request: K, t_flag: bool) -> bool {
        let state = &mut *self.lock();
        if state.count() >= self.limit {
            return false;
        }
        self.insert(state, node, request, t_flag);
        self.count.send_replace(state.count());
        true
    }

    fn insert(self: &Arc<Self>, state: &mut State<K>, node: &Arc<Shared>, request: K, t_flag: bool) {
        let place = state.next;
        state.next += 1;
        let waiting = Waiting { request: Arc::new(request), t_flag, failures: 0, not_before: None };
        state.waiting.insert(place, waiting);
        if !std::mem::replace(&mut state.running, true) {
            tokio::spawn(run(Arc::clone(self), Arc::downgrade(node)));
        }
    }

    /// A server took a request: it may take others.
    pub(crate) fn reachable(&self) {
        if self.len() > 0 {
            self.wake.notify_one();
        }
    }

    /// Tries at once, and returns when there are no requests any more.
    pub(crate) async fn drained(&self) {
        self.lock().waiting.values_mut().for_each(|waiting| waiting.not_before = None);
        self.reachable();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn turn(&self) -> Turn<K> {
        let (state, now) = (&mut *self.lock(), now());
        if state.waiting.is_empty() {
            state.running = false;
            return Turn::End;
        }
        let due = |waiting: &Waiting<K>| waiting.not_before.is_none_or(|not_before| not_before <= now);
        let Some((&place, _)) = state.waiting.iter().find(|(_, waiting)| due(waiting)) else { return Turn::Wait };
        let Some(waiting) = state.waiting.remove(&place) else { return Turn::Wait };
        state.delivering = Some(Delivering { request: Arc::clone(&waiting.request), superseded: false });
        Turn::Deliver(place, waiting)
    }

    /// Takes what came of a request; whether others may be sent now.
    fn settle(&self, place: u64, mut waiting: Waiting<K>, fate: Fate) -> bool {
        let state = &mut *self.lock();
        let superseded = state.delivering.take().is_some_and(|out| out.superseded);
        let delivered = match fate {
            Fate::Stays { t_flag, reached } => {
                if !superseded {
                    waiting.t_flag = t_flag;
                    if reached {
                        // It may be the request: others get their turn before it is tried again.
                        let pause = 2_u32.saturating_pow(waiting.failures).min(LONGEST_PAUSE);
                        waiting.failures += 1;
                        waiting.not_before = now().checked_add(self.retry_interval.saturating_mul(pause));
                    }
                    state.waiting.insert(place, waiting);
                }
                false
            }
            Fate::Lost(why) => {
                state.dropped += 1;
                waiting.request.warn(&why);
                true
            }
            Fate::Delivered => true,
        };
        self.count.send_replace(state.count());
        delivered
    }
}

/// Delivers requests until there are none, or no node.
async fn run<K: Kept>(store: Arc<Store<K>>, node: Weak<Shared>) {
    loop {
        tokio::select! {
            // A little randomness keeps many nodes from coming at the same moment to a server that is back.
            () = tokio::time::sleep(store.retry_interval.mul_f64(0.75 + fastrand::f64() / 2.0)) => {}
            () = store.wake.notified() => {}
        }
        loop {
            let Some(node) = node.upgrade() else { return };
            let (place, waiting) = match store.turn() {
                Turn::Deliver(place, waiting) => (place, waiting),
                Turn::Wait => break,
                Turn::End => return,
            };
            let fate = waiting.request.deliver(&node, waiting.t_flag).await;
            if !store.settle(place, waiting, fate) {
                break;
            }
        }
    }
}
