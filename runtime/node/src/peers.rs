//! The peers of a node: who is connected, who may connect, and which of two connections to one peer stays.
//!
//! RFC 6733 §5.6 has one machine for a peer with up to two connections. Here every connection is a machine of its own and
//! this table decides between them, when a peer has introduced itself on one:
//!
//! - Both sides have connected, and neither connection is open yet: the election (§5.6.4). The winner closes the
//!   connection it opened; the loser lets the peer's CER wait until the peer has done so, or has answered its own CER.
//! - A transport connection on which no CER was sent yet is no candidate: a CER that comes from the peer meanwhile is
//!   accepted, and the attempt is given up. The peer never saw it.
//! - A peer with an open connection opens another: its CER waits while the open one is probed with a DWR. If the peer
//!   answers there, the new one is refused (R-Reject). If it does not, as after a crash, the new one takes its place.
//!   Nobody can so push out a living peer by using its name.
//! - This node's own connection turns out to lead to a peer that is connected already, whose name was not known before:
//!   the election decides, so that both sides choose the same one.

use crate::config::{Accept, Config, PeerAddress};
use crate::driver::{Control, Order};
use diametric_engine::peer::watchdog::{Status, Watchdog};
use diametric_engine::peer::{CloseReason, Election, LocalNode, RemoteNode, Role};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{DisconnectCause, ResultCode};
use diametric_protocol::value::DiameterIdentity;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Orders that may wait for one connection.
const QUEUE: usize = 1024;

/// Names a connection, in the order in which they came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(u64);

/// The ends by which a connection's driver is told what to do.
#[derive(Clone)]
pub(crate) struct Reins {
    pub(crate) control: mpsc::UnboundedSender<Control>,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// The other ends.
pub(crate) struct Received {
    pub(crate) control: mpsc::UnboundedReceiver<Control>,
    pub(crate) orders: mpsc::Receiver<Order>,
}

pub(crate) fn reins() -> (Reins, Received) {
    let (control, controlled) = mpsc::unbounded_channel();
    let (orders, ordered) = mpsc::channel(QUEUE);
    (Reins { control, orders }, Received { control: controlled, orders: ordered })
}

/// How far a configured peer has come.
#[derive(Clone, Debug)]
pub(crate) enum Attempt {
    /// It is to connect, and has not yet.
    Awaited,
    /// The first attempt to connect to it is under way.
    First,
    /// It is connected, or was.
    Connected,
    /// The last connection ended, or could not be made.
    Failed(String),
}

/// A peer of the configuration.
pub(crate) struct Known {
    /// As configured, or as it introduced itself.
    pub(crate) host: Option<DiameterIdentity>,
    pub(crate) address: Option<PeerAddress>,
    pub(crate) attempt: Attempt,
    /// While there is no connection.
    watchdog: Option<Watchdog>,
    /// Until then the peer wants to be left alone (RFC 6733 §5.4.3).
    alone: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before CER or CEA.
    Meeting,
    /// The peer has introduced itself, and waits for the verdict.
    Waiting,
    /// Admitted.
    Open,
    /// On its way out.
    Leaving,
}

pub(crate) struct Entry {
    role: Role,
    reins: Reins,
    known: Option<usize>,
    remote: Option<Arc<RemoteNode>>,
    phase: Phase,
    status: Status,
    /// The open connection that is probed while this one waits.
    probed: Option<ConnectionId>,
}

/// An open connection, as senders see it.
pub(crate) struct Connected {
    pub(crate) id: ConnectionId,
    pub(crate) remote: Arc<RemoteNode>,
    pub(crate) orders: mpsc::Sender<Order>,
}

/// An open connection, as it is in the table.
#[derive(Clone, Copy)]
pub(crate) struct Open<'a> {
    pub(crate) id: ConnectionId,
    pub(crate) remote: &'a Arc<RemoteNode>,
    pub(crate) status: Status,
    orders: &'a mpsc::Sender<Order>,
}

impl Open<'_> {
    pub(crate) fn connected(self) -> Connected {
        Connected { id: self.id, remote: Arc::clone(self.remote), orders: self.orders.clone() }
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) known: Vec<Known>,
    connections: BTreeMap<ConnectionId, Entry>,
    open: FxHashMap<DiameterIdentity, ConnectionId>,
    last: u64,
    pub(crate) turn: usize,
}

/// The peer table.
pub(crate) struct Peers {
    local: Arc<LocalNode>,
    accept: Accept,
    probe: Duration,
    busy: Duration,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl Peers {
    pub(crate) fn new(local: Arc<LocalNode>, config: &Config) -> Self {
        let known = config.peers.iter().map(|peer| Known {
            host: peer.identity.clone(),
            address: peer.address.clone(),
            attempt: if peer.connect { Attempt::First } else { Attempt::Awaited },
            watchdog: None,
            alone: None,
        });
        let state = State { known: known.collect(), ..State::default() };
        Self {
            local,
            accept: config.accept,
            // In time for the verdict, and for the peer that waits for its CEA.
            probe: config.establish_timeout / 2,
            busy: config.busy_interval,
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is complete before the lock is released, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_replace(());
        result
    }

    /// Tells how an attempt to connect to a configured peer ended.
    pub(crate) fn failed(&self, known: usize, cause: String) {
        self.change(|state| state.attempted(known, Attempt::Failed(cause)));
    }

    /// A transport connection to a configured peer is there, and its CER would be next. `None` if the peer has connected
    /// to this node meanwhile.
    pub(crate) fn initiated(&self, known: usize, reins: &Reins) -> Option<ConnectionId> {
        let mut state = self.state();
        if state.is_connected(known) {
            return None;
        }
        Some(state.insert(Role::Initiator, Some(known), reins))
    }

    /// Somebody has connected to this node.
    pub(crate) fn accepted(&self, reins: &Reins) -> ConnectionId {
        self.state().insert(Role::Responder, None, reins)
    }

    /// Returns when a configured peer is connected, or is not, as `wanted`.
    pub(crate) async fn until_connected(&self, known: usize, wanted: bool) {
        let mut changes = self.changes();
        while self.state().is_connected(known) != wanted {
            // The sender lives in `self`, so waiting cannot fail.
            let _ = changes.changed().await;
        }
    }

    /// Until when a configured peer wants to be left alone, if it does.
    pub(crate) fn alone_until(&self, known: usize) -> Option<Instant> {
        self.state().known.get(known)?.alone.filter(|until| *until > Instant::now())
    }

    /// A peer has said who it is. The verdict comes by its reins.
    pub(crate) fn introduced(&self, id: ConnectionId, remote: &Arc<RemoteNode>) {
        self.change(|state| {
            let host = &remote.origin_host;
            let named = state.known.iter().position(|known| known.host.as_ref() == Some(host));
            let Some(entry) = state.connections.get_mut(&id) else { return };
            entry.remote = Some(Arc::clone(remote));
            entry.phase = Phase::Waiting;
            match entry.role {
                Role::Initiator => {
                    let known = entry.known;
                    state.learn(known, host);
                }
                Role::Responder if named.is_none() && self.accept == Accept::Listed => {
                    let error =
                        ErrorAnswer::new(ResultCode::UNKNOWN_PEER, format!("{host} is not a peer of this node"));
                    return entry.refuse(error);
                }
                Role::Responder => entry.known = named,
            }
            self.judge(state, id);
        });
    }

    /// The name of the node at a configured address, from a CEA that refused this node's CER.
    pub(crate) fn learned(&self, known: usize, host: &DiameterIdentity) {
        self.change(|state| state.learn(Some(known), host));
    }

    /// The watchdog's opinion changed.
    pub(crate) fn status(&self, id: ConnectionId, status: Status) {
        self.change(|state| {
            if let Some(entry) = state.connections.get_mut(&id) {
                entry.status = status;
            }
        });
    }

    /// A probed peer answered: whoever else comes in its name is refused.
    pub(crate) fn alive(&self, id: ConnectionId) {
        self.change(|state| {
            let Some(host) = state.host(id).filter(|host| state.open.get(host) == Some(&id)) else { return };
            for entry in state.connections.values_mut().filter(|entry| entry.waits_for(&host)) {
                let error = ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, format!("{host} is connected already"));
                entry.refuse(error);
            }
        });
    }

    /// A probed peer did not answer in time: the one that waits in its name takes its place.
    pub(crate) fn overdue(&self, id: ConnectionId) {
        self.change(|state| {
            let Some(host) = state.host(id) else { return };
            let probed = state.connections.get(&id).and_then(|entry| entry.probed);
            // Another that waited may have taken its place meanwhile, and is probed first.
            if let Some(stale) = state.open.get(&host).copied().filter(|open| probed == Some(*open)) {
                state.dismiss(stale, CloseReason::Watchdog);
            }
            self.judge(state, id);
        });
    }

    /// A DPR was sent or received: no new requests.
    pub(crate) fn leaving(&self, id: ConnectionId) {
        self.change(|state| {
            let host = state.host(id);
            if let Some(entry) = state.connections.get_mut(&id) {
                entry.phase = Phase::Leaving;
            }
            self.vacated(state, id, host);
        });
    }

    /// A connection is over.
    pub(crate) fn closed(&self, id: ConnectionId, reason: &CloseReason, watchdog: Option<Watchdog>) {
        self.change(|state| {
            let host = state.host(id);
            let Some(entry) = state.connections.remove(&id) else { return };
            if let Some(known) = entry.known {
                state.parted(known, id, reason, watchdog);
                if let CloseReason::Remote(DisconnectCause::BUSY | DisconnectCause::DO_NOT_WANT_TO_TALK_TO_YOU) = reason
                {
                    state.known[known].alone = Some(Instant::now() + self.busy);
                }
            }
            self.vacated(state, id, host);
        });
    }

    /// The peers that are open.
    pub(crate) fn connected(&self) -> Vec<Arc<RemoteNode>> {
        let state = self.state();
        state.open.values().filter_map(|id| state.connections.get(id)?.remote.clone()).collect()
    }

    /// What the watchdog makes of a peer that is open.
    pub(crate) fn status_of(&self, host: &DiameterIdentity) -> Option<Status> {
        let state = self.state();
        Some(state.connections.get(state.open.get(host)?)?.status)
    }

    /// Where there was a connection to `host`, another may take its place.
    fn vacated(&self, state: &mut State, id: ConnectionId, host: Option<DiameterIdentity>) {
        let Some(host) = host else { return };
        if state.open.get(&host) == Some(&id) {
            state.open.remove(&host);
        }
        let waiting = state.connections.iter().filter(|(_, entry)| entry.waits_for(&host));
        let waiting: Vec<_> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            self.judge(state, id);
        }
    }

    /// Decides about a peer that has introduced itself, as far as that can be decided now.
    fn judge(&self, state: &mut State, id: ConnectionId) {
        let Some(host) = state.host(id) else { return };
        let Some(Entry { role, phase: Phase::Waiting, .. }) = state.connections.get(&id) else { return };
        let role = *role;
        if let Some(other) = state.open.get(&host).copied().filter(|other| *other != id) {
            let other_role = state.connections.get(&other).map(|entry| entry.role);
            match (role, other_role) {
                (Role::Responder, _) => {
                    state.tell(other, Control::Probe);
                    if let Some(entry) = state.connections.get_mut(&id) {
                        entry.probed = Some(other);
                    }
                    return state.tell(id, Control::Wait(self.probe));
                }
                // The peer closes this one as well.
                (Role::Initiator, Some(Role::Responder)) if self.local.elect(&host) == Some(Election::Lost) => {
                    state.dismiss(other, CloseReason::Duplicate(host.clone()));
                }
                (Role::Initiator, _) => return state.dismiss(id, CloseReason::Duplicate(host)),
            }
        }
        if role == Role::Responder {
            let rival = state.meeting(&host);
            match (rival, self.local.elect(&host)) {
                (Some(rival), Some(Election::Won)) => state.dismiss(rival, CloseReason::Duplicate(host.clone())),
                // The peer closes this one, unless the other fails.
                (Some(_), _) => return,
                (None, _) => {}
            }
        }
        state.admit(id, &host);
        for entry in state.connections.values_mut().filter(|entry| entry.waits_for(&host)) {
            let error = ErrorAnswer::new(ResultCode::ELECTION_LOST, format!("{host} is connected by this node"));
            if role == Role::Initiator {
                entry.refuse(error);
            }
        }
    }
}

impl Entry {
    fn open(&self, id: ConnectionId) -> Option<Open<'_>> {
        Some(Open { id, remote: self.remote.as_ref()?, status: self.status, orders: &self.reins.orders })
    }

    /// Whether this is another connection from `host` that waits for its verdict.
    fn waits_for(&self, host: &DiameterIdentity) -> bool {
        self.phase == Phase::Waiting
            && self.role == Role::Responder
            && self.remote.as_ref().is_some_and(|remote| remote.origin_host == *host)
    }

    fn refuse(&mut self, error: ErrorAnswer) {
        self.phase = Phase::Leaving;
        // A connection that is over needs no verdict.
        let _ = self.reins.control.send(Control::Refuse(error));
    }
}

impl State {
    fn insert(&mut self, role: Role, known: Option<usize>, reins: &Reins) -> ConnectionId {
        self.last += 1;
        let reins = reins.clone();
        let (phase, status) = (Phase::Meeting, Status::Initial);
        let entry = Entry { role, reins, known, remote: None, phase, status, probed: None };
        self.connections.insert(ConnectionId(self.last), entry);
        ConnectionId(self.last)
    }

    fn attempted(&mut self, known: usize, attempt: Attempt) {
        if let Some(known) = self.known.get_mut(known) {
            known.attempt = attempt;
        }
    }

    /// A name that was configured stays.
    fn learn(&mut self, known: Option<usize>, host: &DiameterIdentity) {
        if let Some(known) = known.and_then(|known| self.known.get_mut(known)) {
            known.host = Some(host.clone());
        }
    }

    /// Who is at the other end, or is expected to be.
    fn host(&self, id: ConnectionId) -> Option<DiameterIdentity> {
        let entry = self.connections.get(&id)?;
        match &entry.remote {
            Some(remote) => Some(remote.origin_host.clone()),
            None => self.known.get(entry.known?)?.host.clone(),
        }
    }

    fn is_connected(&self, known: usize) -> bool {
        let host = self.known.get(known).and_then(|known| known.host.as_ref());
        host.is_some_and(|host| self.is_open(host))
    }

    /// Whether this node has connected to a configured peer, which has not answered its CER.
    pub(crate) fn meets(&self, known: usize) -> bool {
        let met = |entry: &Entry| entry.role == Role::Initiator && entry.phase == Phase::Meeting;
        self.connections.values().any(|entry| entry.known == Some(known) && met(entry))
    }

    /// A connection to a configured peer is over; there may be another.
    fn parted(&mut self, known: usize, id: ConnectionId, reason: &CloseReason, watchdog: Option<Watchdog>) {
        let Some(known) = self.known.get_mut(known) else { return };
        let open = known.host.as_ref().and_then(|host| self.open.get(host));
        if open.is_none_or(|open| *open == id) {
            known.attempt = Attempt::Failed(reason.to_string());
            known.watchdog = watchdog.or(known.watchdog.take());
        }
    }

    /// The connection on which this node has sent a CER to `host`.
    fn meeting(&self, host: &DiameterIdentity) -> Option<ConnectionId> {
        let expects = |entry: &Entry| {
            let known = entry.known.and_then(|known| self.known.get(known));
            known.and_then(|known| known.host.as_ref()) == Some(host)
        };
        let meets = |entry: &Entry| entry.role == Role::Initiator && entry.phase == Phase::Meeting && expects(entry);
        self.connections.iter().find(|(_, entry)| meets(entry)).map(|(id, _)| *id)
    }

    fn tell(&self, id: ConnectionId, control: Control) {
        if let Some(entry) = self.connections.get(&id) {
            // A connection that is over needs no telling.
            let _ = entry.reins.control.send(control);
        }
    }

    /// Has a connection closed that is of no use.
    fn dismiss(&mut self, id: ConnectionId, reason: CloseReason) {
        self.open.retain(|_, open| *open != id);
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.phase = Phase::Leaving;
        }
        self.tell(id, Control::Abandon(reason));
    }

    fn admit(&mut self, id: ConnectionId, host: &DiameterIdentity) {
        let Some(entry) = self.connections.get_mut(&id) else { return };
        entry.phase = Phase::Open;
        let known = entry.known.and_then(|known| self.known.get_mut(known));
        let watchdog = known.and_then(|known| {
            known.attempt = Attempt::Connected;
            known.alone = None;
            known.watchdog.take()
        });
        // What the connection will say as soon as it has heard of this; requests need not wait for it.
        entry.status = if watchdog.is_some() { Status::Reopen } else { Status::Okay };
        let _ = entry.reins.control.send(Control::Admit(watchdog.map(Box::new)));
        self.open.insert(host.clone(), id);
    }

    pub(crate) fn is_known(&self, host: &DiameterIdentity) -> bool {
        self.is_open(host) || self.known.iter().any(|known| known.host.as_ref() == Some(host))
    }

    pub(crate) fn is_open(&self, host: &DiameterIdentity) -> bool {
        self.open.contains_key(host)
    }

    /// The open connection to `host`.
    pub(crate) fn open(&self, host: &DiameterIdentity) -> Option<Open<'_>> {
        let id = *self.open.get(host)?;
        self.connections.get(&id)?.open(id)
    }

    /// The open connections, the oldest first.
    pub(crate) fn all_open(&self) -> impl Iterator<Item = Open<'_>> {
        let open = self.connections.iter().filter(|(_, entry)| entry.phase == Phase::Open);
        open.filter_map(|(id, entry)| entry.open(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diametric_engine::peer::Applications;

    #[test]
    fn a_connection_that_took_a_stale_ones_place_is_probed_before_the_next_takes_its_own() {
        let config = Config::new("a.example.com", "example.com");
        let peers = Peers::new(Arc::new(config.local.clone()), &config);
        let remote = Arc::new(RemoteNode {
            origin_host: "b.example.com".into(),
            origin_realm: "example.com".into(),
            product_name: Default::default(),
            origin_state_id: None,
            applications: Applications::new(),
        });
        let introduced = || {
            let (reins, received) = reins();
            let id = peers.accepted(&reins);
            peers.introduced(id, &remote);
            (id, received.control)
        };
        let [(_, mut stale), (first, mut one), (second, mut other)] = std::array::from_fn(|_| introduced());
        assert!(matches!(stale.try_recv(), Ok(Control::Admit(None))));
        assert!(matches!((stale.try_recv(), stale.try_recv()), (Ok(Control::Probe), Ok(Control::Probe))));
        assert!(matches!((one.try_recv(), other.try_recv()), (Ok(Control::Wait(_)), Ok(Control::Wait(_)))));
        // Both have waited as long as they were told to.
        peers.overdue(first);
        peers.overdue(second);
        assert!(matches!(stale.try_recv(), Ok(Control::Abandon(CloseReason::Watchdog))));
        assert!(matches!((one.try_recv(), one.try_recv()), (Ok(Control::Admit(None)), Ok(Control::Probe))));
        assert!(matches!(other.try_recv(), Ok(Control::Wait(_))));
        peers.overdue(second);
        assert!(matches!(one.try_recv(), Ok(Control::Abandon(CloseReason::Watchdog))));
        assert!(matches!(other.try_recv(), Ok(Control::Admit(None))));
    }
}
