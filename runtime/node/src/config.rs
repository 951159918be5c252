//! What a node is told before it starts.

mod address;
mod file;
mod problem;
mod reader;

pub use address::{DEFAULT_PORT, InvalidAddress, PeerAddress};
pub use problem::{ConfigError, Problem};

use diametric_engine::peer::watchdog::{DEFAULT_TW_INIT, MIN_TW_INIT};
use diametric_engine::peer::{Applications, LocalNode, RELAY};
use diametric_protocol::credit_control::CcSessionFailover;
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::MAX_MESSAGE_LEN;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest time that is waited for anything, a century: as good as never, and no clock is at its end by then.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A node's identity, listeners, peers and timers.
///
/// From a file, with [`load`](Self::load), or by its methods; every field can be set either way.
///
/// ```
/// use diametric::Config;
///
/// let config = Config::new("ctf.example.com", "example.com")
///     .named_peer("ocs.example.net", ("ocs.example.net", 3868))
///     .ro_client("example.net");
///
/// let the_same = Config::from_toml(r#"
///     origin-host = "ctf.example.com"
///     origin-realm = "example.com"
///
///     [[peers]]
///     host = "ocs.example.net"
///     address = "ocs.example.net:3868"
///
///     [applications.ro]
///     ocs.realm = "example.net"
/// "#)?;
/// assert_eq!(the_same.peers, config.peers);
/// # Ok::<(), diametric::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Origin-Host, Origin-Realm and the rest of what the node says of itself.
    pub local: LocalNode,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The peers that are known beforehand.
    pub peers: Vec<PeerConfig>,
    /// Who may connect to this node. [`Accept::Any`].
    pub accept: Accept,
    /// The Origin-Hosts of peers whose messages are taken where they can be
    /// [decoded leniently](diametric_protocol::message::decode_lenient): what is wrong in an AVP that need not be there is
    /// set aside, and told to the log as a warning. For neighbours that will not change; all others are held to RFC 6733 §7.
    pub lenient: Vec<DiameterIdentity>,
    /// The peers of realms, where it is not left to what the peers say of themselves.
    pub realms: Vec<RealmConfig>,
    /// How long a request waits for its answer unless the call says otherwise. 30 s.
    pub request_timeout: Duration,
    /// How long the transport connection and CER/CEA may take. 10 s.
    pub establish_timeout: Duration,
    /// How long a peer may take to answer DPR. 5 s.
    pub close_timeout: Duration,
    /// Twinit of the watchdog (RFC 3539). 30 s, at least 6 s.
    pub watchdog_interval: Duration,
    /// Longest pause between two attempts to connect (Tc of RFC 6733). 30 s.
    pub reconnect_interval: Duration,
    /// How long a peer is left alone that disconnected because it is busy or has nothing to say (RFC 6733 §5.4.3). 5 min.
    pub busy_interval: Duration,
    /// How long requests that are under way may take when the node shuts down. 5 s.
    pub drain_timeout: Duration,
    /// Requests of one peer handled at the same time; as many again wait their turn. 1024.
    pub max_handlers: usize,
    /// Requests of all peers handled at the same time. 16384.
    pub max_handlers_total: usize,
    /// Connections that others have opened to this node at the same time. 4096.
    pub max_connections: usize,
    /// Octets of the longest message taken from a peer. 16777212, which is what the protocol can say.
    pub max_message_size: usize,
    /// Whether messages are sent at once (TCP_NODELAY), or may wait for an acknowledgement of those before them (Nagle's
    /// algorithm, which RFC 3539 §3.2 wants). True: several messages that are ready go out together in any case.
    pub tcp_nodelay: bool,
    /// Where Ro requests go, and how long they may take.
    pub ro: RoConfig,
    /// Where Rf records go, and what becomes of those that cannot be delivered.
    pub rf: RfConfig,
}

/// Who may connect to a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// Every node that has an application in common with this one.
    #[default]
    Any,
    /// The nodes in [`Config::peers`]. Others are answered DIAMETER_UNKNOWN_PEER.
    Listed,
}

/// A peer that is known beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerConfig {
    /// The Origin-Host that it must have; any where `None`.
    pub identity: Option<DiameterIdentity>,
    /// Where it listens.
    pub address: Option<PeerAddress>,
    /// Whether this node connects to it. Otherwise it is the peer that connects.
    pub connect: bool,
}

/// The peers that take requests for a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RealmConfig {
    /// The realm, as in Destination-Realm.
    pub realm: DiameterIdentity,
    /// Origin-Hosts, the best first: the others stand in for it.
    pub peers: Vec<DiameterIdentity>,
}

/// Parameters of online charging.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RoConfig {
    /// The realm of the OCF (`ocs.realm`): Destination-Realm.
    pub ocs_realm: Option<DiameterIdentity>,
    /// The host of the OCF (`ocs.host`): Destination-Host, where requests go to one server.
    pub ocs_host: Option<DiameterIdentity>,
    /// Tx (`tx.timer`, RFC 8506 §13). 10 s.
    pub tx: Duration,
    /// CC-Session-Failover while no CCA has said otherwise: whether a session may move to another server when its own fails
    /// (RFC 8506 §8.4). FAILOVER_NOT_SUPPORTED.
    pub session_failover: CcSessionFailover,
    /// How many other servers are tried for one request that the first one did not take or answer: of a session that may
    /// move, and of a one-time event. None where `ocs_host` says that it must be that server. 1.
    pub alternates: u32,
    /// How many debits and refunds that could not be delivered are kept to be sent later (RFC 8506 §6.5). They are kept in
    /// memory: what is not delivered when the process ends is lost. When there are so many, no more are taken, and the
    /// caller is told what went wrong. 10 000; 0 keeps none.
    pub buffer: usize,
    /// How long to wait between attempts to deliver them. 10 s.
    pub retry_interval: Duration,
}

/// Parameters of offline charging.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RfConfig {
    /// The realm of the CDF (`cdf.realm`): Destination-Realm.
    pub cdf_realm: Option<DiameterIdentity>,
    /// The host of the CDF (`cdf.host`): Destination-Host, where records go to one server.
    pub cdf_host: Option<DiameterIdentity>,
    /// How many records that could not be delivered are kept to be sent later. They are kept in memory: what is not
    /// delivered when the process ends is lost. When there are more, the oldest is dropped. 10 000; 0 keeps none.
    pub buffer: usize,
    /// How long to wait between attempts to deliver the records that are kept. 10 s.
    pub retry_interval: Duration,
}

impl Config {
    /// A node that has neither listeners nor peers yet.
    pub fn new(origin_host: impl Into<DiameterIdentity>, origin_realm: impl Into<DiameterIdentity>) -> Self {
        Self {
            local: LocalNode {
                origin_host: origin_host.into(),
                origin_realm: origin_realm.into(),
                vendor_id: 0,
                product_name: "diametric".into(),
                firmware_revision: None,
                origin_state_id: None,
                supported_vendors: vec![10415],
                applications: Applications::new(),
            },
            listen: Vec::new(),
            peers: Vec::new(),
            accept: Accept::Any,
            lenient: Vec::new(),
            realms: Vec::new(),
            request_timeout: Duration::from_secs(30),
            establish_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            watchdog_interval: DEFAULT_TW_INIT,
            reconnect_interval: Duration::from_secs(30),
            busy_interval: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(5),
            max_handlers: 1024,
            max_handlers_total: 16 * 1024,
            max_connections: 4096,
            max_message_size: MAX_MESSAGE_LEN,
            tcp_nodelay: true,
            ro: RoConfig {
                ocs_realm: None,
                ocs_host: None,
                tx: Duration::from_secs(10),
                session_failover: CcSessionFailover::FAILOVER_NOT_SUPPORTED,
                alternates: 1,
                buffer: 10_000,
                retry_interval: Duration::from_secs(10),
            },
            rf: RfConfig { cdf_realm: None, cdf_host: None, buffer: 10_000, retry_interval: Duration::from_secs(10) },
        }
    }

    /// Listens on `address`; port 0 lets the system choose.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen.push(address);
        self
    }

    /// Connects to whatever node listens on `address`.
    #[must_use]
    pub fn peer(mut self, address: impl Into<PeerAddress>) -> Self {
        self.peers.push(PeerConfig { identity: None, address: Some(address.into()), connect: true });
        self
    }

    /// Connects to the node `identity` on `address`, and to no other that may answer there.
    #[must_use]
    pub fn named_peer(mut self, identity: impl Into<DiameterIdentity>, address: impl Into<PeerAddress>) -> Self {
        self.peers.push(PeerConfig { identity: Some(identity.into()), address: Some(address.into()), connect: true });
        self
    }

    /// Knows the node `identity`, which connects to this one.
    #[must_use]
    pub fn known_peer(mut self, identity: impl Into<DiameterIdentity>) -> Self {
        self.peers.push(PeerConfig { identity: Some(identity.into()), address: None, connect: false });
        self
    }

    /// Takes messages of the node `identity`, a peer, that are to be refused, where only a part of them is wrong:
    /// [`lenient`](Self::lenient).
    #[must_use]
    pub fn lenient_peer(mut self, identity: impl Into<DiameterIdentity>) -> Self {
        self.lenient.push(identity.into());
        self
    }

    /// Says who may connect to this node.
    #[must_use]
    pub fn accept(mut self, accept: Accept) -> Self {
        self.accept = accept;
        self
    }

    /// Says whether messages are sent at once: [`tcp_nodelay`](Self::tcp_nodelay).
    #[must_use]
    pub fn tcp_nodelay(mut self, nodelay: bool) -> Self {
        self.tcp_nodelay = nodelay;
        self
    }

    /// Sends what is for `realm` to these peers, the first if it can take it.
    #[must_use]
    pub fn realm<I: Into<DiameterIdentity>>(
        mut self,
        realm: impl Into<DiameterIdentity>,
        peers: impl IntoIterator<Item = I>,
    ) -> Self {
        let peers = peers.into_iter().map(Into::into).collect();
        self.realms.push(RealmConfig { realm: realm.into(), peers });
        self
    }

    /// Advertises that this node relays every application.
    #[must_use]
    pub fn relay(mut self) -> Self {
        self.local.applications = self.local.applications.with_auth(RELAY);
        self
    }

    /// Advertises credit control (application 4) and sends Ro requests to `ocs_realm`.
    #[must_use]
    pub fn ro_client(mut self, ocs_realm: impl Into<DiameterIdentity>) -> Self {
        self.local.applications = self.local.applications.with_auth(4);
        self.ro.ocs_realm = Some(ocs_realm.into());
        self
    }

    /// Sends Ro requests to one host of the realm.
    #[must_use]
    pub fn ocs_host(mut self, ocs_host: impl Into<DiameterIdentity>) -> Self {
        self.ro.ocs_host = Some(ocs_host.into());
        self
    }

    /// Advertises accounting (application 3) and sends Rf records to `cdf_realm`.
    #[must_use]
    pub fn rf_client(mut self, cdf_realm: impl Into<DiameterIdentity>) -> Self {
        self.local.applications = self.local.applications.with_acct(3);
        self.rf.cdf_realm = Some(cdf_realm.into());
        self
    }

    /// Sends Rf records to one host of the realm.
    #[must_use]
    pub fn cdf_host(mut self, cdf_host: impl Into<DiameterIdentity>) -> Self {
        self.rf.cdf_host = Some(cdf_host.into());
        self
    }

    /// With no time span longer than the [`LONGEST`].
    pub(crate) fn bounded(mut self) -> Self {
        for span in [
            &mut self.request_timeout,
            &mut self.establish_timeout,
            &mut self.close_timeout,
            &mut self.watchdog_interval,
            &mut self.reconnect_interval,
            &mut self.busy_interval,
            &mut self.drain_timeout,
            &mut self.ro.tx,
            &mut self.ro.retry_interval,
            &mut self.rf.retry_interval,
        ] {
            *span = (*span).min(LONGEST);
        }
        self
    }

    /// Every name, and whose it is.
    fn names(&self) -> impl Iterator<Item = (&'static str, &DiameterIdentity)> {
        let local = [("the Origin-Host", &self.local.origin_host), ("the Origin-Realm", &self.local.origin_realm)];
        let servers = [
            ("the realm of the OCF", &self.ro.ocs_realm),
            ("the host of the OCF", &self.ro.ocs_host),
            ("the realm of the CDF", &self.rf.cdf_realm),
            ("the host of the CDF", &self.rf.cdf_host),
        ];
        let servers = servers.into_iter().filter_map(|(what, name)| Some((what, name.as_ref()?)));
        let realms = self.realms.iter().map(|realm| ("a realm", &realm.realm));
        let peers = self.peers.iter().filter_map(|peer| peer.identity.as_ref());
        let peers = peers.chain(&self.lenient).chain(self.realms.iter().flat_map(|realm| &realm.peers));
        local.into_iter().chain(servers).chain(realms).chain(peers.map(|name| ("the Origin-Host of a peer", name)))
    }

    /// What cannot be right, for people; the first of it.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some((what, name)) = self.names().find(|(_, name)| !name.is_valid()) {
            return Err(format!("`{name}` cannot be {what}: that is a name in ASCII, without spaces and not empty"));
        }
        if self.watchdog_interval < MIN_TW_INIT {
            return Err(format!(
                "the watchdog interval is {:?}; RFC 3539 forbids less than {MIN_TW_INIT:?}",
                self.watchdog_interval
            ));
        }
        for peer in &self.peers {
            match (&peer.identity, &peer.address) {
                (None, None) => return Err("a peer has neither a name nor an address".into()),
                (Some(identity), None) if peer.connect => {
                    return Err(format!("{identity} is to be connected to, but has no address"));
                }
                _ => {}
            }
        }
        // Where a peer may have any name, it may have the one that a realm asks for.
        let named = self.peers.iter().all(|peer| peer.identity.is_some());
        let known = |host: &DiameterIdentity| self.peers.iter().any(|peer| peer.identity.as_ref() == Some(host));
        let unknown = |realm: &RealmConfig| {
            let host = realm.peers.iter().find(|host| named && !known(host))?;
            Some(format!("realm {} names {host}, which is not among the peers", realm.realm))
        };
        self.realms.iter().find_map(unknown).map_or(Ok(()), Err)
    }
}
