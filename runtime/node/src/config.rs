//! What a node is told before it starts.

use diametric_protocol::peer::{Applications, LocalNode};
use diametric_protocol::value::DiameterIdentity;
use std::net::SocketAddr;
use std::time::Duration;

/// A node's identity, listeners, peers and timers.
///
/// ```
/// use diametric::Config;
///
/// let config = Config::new("ctf.example.com", "example.com")
///     .peer("127.0.0.1:3868".parse().unwrap())
///     .ro_client("ocs.example.com");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Origin-Host, Origin-Realm and the rest of what the node says of itself.
    pub local: LocalNode,
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// Peers to connect to.
    pub peers: Vec<PeerConfig>,
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
    /// Requests of one peer handled at the same time; further ones wait in the transport. 1024.
    pub max_handlers: usize,
    /// Where Ro requests go, and how long they may take.
    pub ro: RoConfig,
    /// Where Rf records go, and what becomes of those that cannot be delivered.
    pub rf: RfConfig,
}

/// A peer to connect to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerConfig {
    /// Where it listens.
    pub address: SocketAddr,
    /// The Origin-Host it must have; any where `None`.
    pub identity: Option<DiameterIdentity>,
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
            request_timeout: Duration::from_secs(30),
            establish_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            watchdog_interval: Duration::from_secs(30),
            reconnect_interval: Duration::from_secs(30),
            max_handlers: 1024,
            ro: RoConfig { ocs_realm: None, ocs_host: None, tx: Duration::from_secs(10) },
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
    pub fn peer(mut self, address: SocketAddr) -> Self {
        self.peers.push(PeerConfig { address, identity: None });
        self
    }

    /// Connects to the node `identity` on `address`, and to no other that may answer there.
    #[must_use]
    pub fn named_peer(mut self, identity: impl Into<DiameterIdentity>, address: SocketAddr) -> Self {
        self.peers.push(PeerConfig { address, identity: Some(identity.into()) });
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
}
