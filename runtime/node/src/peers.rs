//! Which peers are connected, and which of them takes a request.

use crate::config::PeerAddress;
use crate::driver::Order;
use crate::error::SendError;
use diametric_protocol::peer::RemoteNode;
use diametric_protocol::value::DiameterIdentity;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// Orders that may wait for one connection.
const QUEUE: usize = 1024;

pub(crate) fn order_channel() -> (mpsc::Sender<Order>, mpsc::Receiver<Order>) {
    mpsc::channel(QUEUE)
}

/// A connected peer.
#[derive(Clone)]
pub(crate) struct Connected {
    pub(crate) remote: Arc<RemoteNode>,
    pub(crate) orders: mpsc::Sender<Order>,
    suspect: bool,
}

/// How far the attempts to reach a configured peer have come.
#[derive(Clone, Debug)]
pub(crate) enum Attempt {
    /// The first one is under way.
    First,
    /// It is connected, or was.
    Connected,
    /// The last one failed.
    Failed(String),
}

/// Where a request is to go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) host: Option<DiameterIdentity>,
    pub(crate) realm: Option<DiameterIdentity>,
    pub(crate) application: u32,
}

#[derive(Default)]
struct State {
    connected: Vec<Connected>,
    attempts: Vec<(PeerAddress, Attempt)>,
    next: usize,
}

/// The peer table.
pub(crate) struct Peers {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Peers {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is complete before the lock is released, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_replace(());
        result
    }

    pub(crate) fn attempt(&self, address: &PeerAddress, attempt: Attempt) {
        self.change(|state| match state.attempts.iter_mut().find(|(other, _)| other == address) {
            Some((_, known)) => *known = attempt,
            None => state.attempts.push((address.clone(), attempt)),
        });
    }

    pub(crate) fn opened(&self, remote: &Arc<RemoteNode>, orders: &mpsc::Sender<Order>) {
        let connected = Connected { remote: Arc::clone(remote), orders: orders.clone(), suspect: false };
        self.change(|state| state.connected.push(connected));
    }

    pub(crate) fn suspect(&self, orders: &mpsc::Sender<Order>, suspect: bool) {
        self.change(|state| {
            let peers = state.connected.iter_mut().filter(|peer| peer.orders.same_channel(orders));
            peers.for_each(|peer| peer.suspect = suspect);
        });
    }

    pub(crate) fn closed(&self, orders: &mpsc::Sender<Order>) {
        self.change(|state| state.connected.retain(|peer| !peer.orders.same_channel(orders)));
    }

    pub(crate) fn connected(&self) -> Vec<Arc<RemoteNode>> {
        self.state().connected.iter().map(|peer| Arc::clone(&peer.remote)).collect()
    }

    /// The peer that takes a request: the one it names, else one of its realm, else a relay; in turn where several can.
    /// While a first attempt to connect is under way, its outcome is awaited.
    pub(crate) async fn route(&self, destination: &Destination) -> Result<Connected, SendError> {
        let mut changed = self.changed.subscribe();
        loop {
            match self.candidate(destination) {
                Ok(peer) => return Ok(peer),
                Err(Some(error)) => return Err(error),
                // The sender lives in `self`, so waiting cannot fail.
                Err(None) => _ = changed.changed().await,
            }
        }
    }

    fn candidate(&self, destination: &Destination) -> Result<Connected, Option<SendError>> {
        let mut state = self.state();
        let serving = |peer: &&Connected| peer.remote.applications.serves(destination.application) && !peer.suspect;
        let find = |wanted: &dyn Fn(&RemoteNode) -> bool| -> Vec<Connected> {
            state.connected.iter().filter(serving).filter(|peer| wanted(&peer.remote)).cloned().collect()
        };
        let mut found = find(&|remote| destination.host.as_ref() == Some(&remote.origin_host));
        if found.is_empty() && destination.host.is_none() {
            found = find(&|remote| destination.realm.as_ref() == Some(&remote.origin_realm));
        }
        if found.is_empty() {
            found = find(&|remote| remote.applications.is_relay());
        }
        if !found.is_empty() {
            state.next = state.next.wrapping_add(1);
            let index = state.next % found.len();
            return Ok(found.swap_remove(index));
        }
        if state.attempts.iter().any(|(_, attempt)| matches!(attempt, Attempt::First)) {
            return Err(None);
        }
        let name = destination.host.clone().or(destination.realm.clone()).unwrap_or_default();
        Err(Some(SendError::NoRoute {
            destination: name,
            application: destination.application,
            cause: state.explain(),
        }))
    }
}

impl State {
    /// Why nobody can take a request, peer by peer.
    fn explain(&self) -> String {
        let attempts = self.attempts.iter().filter_map(|(address, attempt)| match attempt {
            Attempt::Failed(cause) => Some(format!("{address}: {cause}")),
            _ => None,
        });
        let connected = self.connected.iter().map(|peer| {
            let remote = &peer.remote;
            let state = if peer.suspect { "does not answer the watchdog" } else { "is connected, but serves others" };
            format!("{} of realm {} {state}", remote.origin_host, remote.origin_realm)
        });
        let all: Vec<_> = attempts.chain(connected).collect();
        if all.is_empty() { "no peer is connected".into() } else { all.join("; ") }
    }
}
