//! Which peer takes a request (RFC 6733 §6.1).

use crate::config::RealmConfig;
use crate::error::SendError;
use crate::peers::{Attempt, Connected, ConnectionId, Open, Peers, State};
use diametric_engine::peer::watchdog::Status;
use diametric_protocol::base::{DestinationHost, DestinationRealm, SessionId};
use diametric_protocol::codec::{Avp, decode_payload};
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::RawMessage;
use smallvec::{SmallVec, smallvec};
use std::time::Duration;

/// Peers that an error names.
const TOLD: usize = 16;

/// Where a request is to go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) host: Option<DiameterIdentity>,
    pub(crate) realm: Option<DiameterIdentity>,
    pub(crate) application: u32,
}

impl Destination {
    /// What the request in `frame` says, and its Session-Id.
    pub(crate) fn of(frame: &[u8], application: u32) -> (Self, Option<&[u8]>) {
        let (mut to, mut session_id) = (Self { host: None, realm: None, application }, None);
        let Ok(message) = RawMessage::read(frame) else { return (to, None) };
        let wanted = |code| matches!(code, SessionId::CODE | DestinationHost::CODE | DestinationRealm::CODE);
        for avp in message.select(wanted).filter(|avp| avp.vendor == 0) {
            match avp.code {
                SessionId::CODE => session_id = session_id.or(Some(avp.data)),
                DestinationHost::CODE => to.host = decode_payload::<DestinationHost>(avp.data).ok(),
                _ => to.realm = decode_payload::<DestinationRealm>(avp.data).ok(),
            }
            // It is the first AVP wherever RFC 6733 §8.8 is kept to.
            if to.host.is_some() && to.realm.is_some() {
                break;
            }
        }
        (to, session_id)
    }

    /// The same without the host.
    pub(crate) fn anywhere(&self) -> Self {
        Self { host: None, ..self.clone() }
    }

    pub(crate) fn no_route(&self, cause: String) -> SendError {
        let destination = self.host.clone().or_else(|| self.realm.clone()).unwrap_or_default();
        SendError::NoRoute { destination, application: self.application, cause }
    }
}

/// Where a request has been, and does not go again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried {
    /// Connections, whatever became of the request there.
    connections: SmallVec<[ConnectionId; 2]>,
    /// Peers that had it: not over another connection either.
    hosts: SmallVec<[DiameterIdentity; 1]>,
}

impl Tried {
    /// Nowhere yet, but it is not to go to this peer.
    pub(crate) fn not(host: DiameterIdentity) -> Self {
        Self { connections: SmallVec::new(), hosts: smallvec![host] }
    }

    pub(super) fn connection(&mut self, peer: &Connected) {
        self.connections.push(peer.id);
    }

    pub(super) fn host(&mut self, peer: &Connected) {
        self.hosts.push(peer.remote.origin_host.clone());
    }

    /// Whether its connection has not sent the request.
    fn in_vain(&self, peer: &Open<'_>) -> bool {
        self.connections.contains(&peer.id) && !self.hosts.contains(&peer.remote.origin_host)
    }

    fn contains(&self, peer: &Open<'_>) -> bool {
        self.connections.contains(&peer.id) || self.hosts.contains(&peer.remote.origin_host)
    }
}

/// Finds peers for requests.
#[derive(Clone, Copy)]
pub(crate) struct Router<'a> {
    pub(crate) peers: &'a Peers,
    pub(crate) realms: &'a [RealmConfig],
}

impl Router<'_> {
    /// The peer that takes a request:
    ///
    /// 1. the one that Destination-Host names;
    /// 2. those that the configuration lists for the realm, in their order;
    /// 3. those that said in CER or CEA that they are of the realm, in turn;
    /// 4. relays, in turn.
    ///
    /// One that is connected or configured, but cannot be reached, is not looked for among its neighbours in the realm: they
    /// would not know what to do with its requests. Of all these, one that the watchdog finds well is taken before one that
    /// was down and is not yet proven, and that before one that does not answer.
    ///
    /// While a first attempt to connect is under way, its outcome is awaited.
    pub(crate) async fn route(self, to: &Destination, tried: &Tried) -> Result<Connected, SendError> {
        let mut changes = self.peers.changes();
        loop {
            {
                let mut state = self.peers.state();
                if let Some(found) = self.find(&mut state, to, tried) {
                    return Ok(found.connected());
                }
                if !undecided(&state) {
                    return Err(to.no_route(self.explain(&state, to, tried)));
                }
            }
            // The sender lives in the table, so waiting cannot fail.
            let _ = changes.changed().await;
        }
    }

    /// The peer that takes a request, if there is one now.
    pub(crate) fn ready(self, to: &Destination, tried: &Tried) -> Option<Connected> {
        self.find(&mut self.peers.state(), to, tried).map(Open::connected)
    }

    /// Another peer that takes a request at once.
    pub(crate) fn alternate(self, to: &Destination, tried: &Tried) -> Option<Connected> {
        let mut state = self.peers.state();
        let found = self.find(&mut state, to, tried).filter(|peer| peer.status == Status::Okay);
        found.map(Open::connected)
    }

    /// Whether a request for `to` would have to wait for the outcome of a first attempt to connect.
    pub(crate) fn would_wait(self, to: &Destination) -> bool {
        let mut state = self.peers.state();
        self.find(&mut state, to, &Tried::default()).is_none() && undecided(&state)
    }

    /// Why no peer has taken a request in the time that it had.
    pub(crate) fn overdue(self, to: &Destination, tried: &Tried, waited: Duration) -> SendError {
        to.no_route(format!("no peer connected within {waited:?}: {}", self.explain(&self.peers.state(), to, tried)))
    }

    fn find<'s>(self, state: &'s mut State, to: &Destination, tried: &Tried) -> Option<Open<'s>> {
        let turn = state.turn;
        state.turn = turn.wrapping_add(1);
        let state = &*state;
        let usable = |peer: &Open<'_>| peer.remote.applications.serves(to.application) && !tried.contains(peer);
        let named = to.host.as_ref().and_then(|host| state.open(host)).filter(usable);
        if named.is_some_and(|peer| peer.status == Status::Okay) {
            return named;
        }
        let mut groups: Vec<Vec<Open<'_>>> = Vec::with_capacity(4);
        groups.extend(named.map(|peer| vec![peer]));
        if to.host.as_ref().is_none_or(|host| !state.is_known(host)) {
            let listed = self.listed(to).iter().filter_map(|host| state.open(host)).collect();
            let realm = state.all_open().filter(|peer| to.realm.as_ref() == Some(&peer.remote.origin_realm));
            groups.extend([listed, in_turn(realm.collect(), turn)]);
        }
        let relays = state.all_open().filter(|peer| peer.remote.applications.is_relay());
        groups.push(in_turn(relays.collect(), turn));
        let all = groups.into_iter().flatten().filter(usable);
        // Of equals the first.
        all.min_by_key(|peer| preference(peer.status))
    }

    fn listed(&self, to: &Destination) -> &[DiameterIdentity] {
        let realm = self.realms.iter().find(|realm| to.realm.as_ref() == Some(&realm.realm));
        realm.map_or(&[], |realm| &realm.peers)
    }

    /// Why nobody can take a request, peer by peer.
    fn explain(&self, state: &State, to: &Destination, tried: &Tried) -> String {
        let absent = state.known.iter().enumerate().filter_map(|(number, known)| {
            let cause = match &known.attempt {
                Attempt::First if state.meets(number) => {
                    "accepted the connection, but has not answered the CER: does it speak Diameter, and know this node?"
                }
                Attempt::First => "has not accepted the connection",
                Attempt::Failed(cause) => cause.as_str(),
                Attempt::Awaited => "has not connected to this node",
                Attempt::Connected if !known.host.as_ref().is_some_and(|host| state.is_open(host)) => {
                    "is just disconnecting"
                }
                Attempt::Connected => return None,
            };
            Some(match (&known.host, &known.address) {
                (Some(host), Some(address)) => format!("{host} ({address}): {cause}"),
                (Some(host), None) => format!("{host}: {cause}"),
                (None, Some(address)) => format!("{address}: {cause}"),
                (None, None) => cause.into(),
            })
        });
        let present = state.all_open().map(|peer| {
            let remote = &peer.remote;
            let cause = if tried.in_vain(&peer) {
                "did not take it: the connection is just ending".into()
            } else if tried.contains(&peer) {
                "was tried".into()
            } else if !remote.applications.serves(to.application) {
                let served: Vec<_> = remote.applications.ids().iter().map(u32::to_string).collect();
                format!("serves application {}, not {}", served.join(", "), to.application)
            } else {
                let wanted = if to.host.is_some() { "name" } else { "realm" };
                format!("is neither of that {wanted} nor a relay")
            };
            format!("{} of realm {} {cause}", remote.origin_host, remote.origin_realm)
        });
        let mut all: Vec<_> = absent.chain(present).collect();
        let more = all.len().saturating_sub(TOLD);
        if more > 0 {
            all.truncate(TOLD);
            all.push(format!("and {more} more"));
        }
        if all.is_empty() { "no peer is connected".into() } else { all.join("; ") }
    }
}

/// Whether a first attempt to connect is under way.
fn undecided(state: &State) -> bool {
    state.known.iter().any(|known| matches!(known.attempt, Attempt::First))
}

/// The same peers, beginning with another one at each turn.
fn in_turn(mut peers: Vec<Open<'_>>, turn: usize) -> Vec<Open<'_>> {
    if !peers.is_empty() {
        let first = turn % peers.len();
        peers.rotate_left(first);
    }
    peers
}

/// The lower, the better. A peer that is down has no connection, and is not asked about.
fn preference(status: Status) -> u8 {
    match status {
        Status::Okay => 0,
        Status::Initial | Status::Reopen => 1,
        Status::Suspect | Status::Down => 2,
    }
}
