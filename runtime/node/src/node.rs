//! The node: listeners, connections to peers, and sending.

mod connect;
mod route;
mod send;

use self::connect::{Context, accept, connect};
pub(crate) use self::route::{Destination, Tried};
use self::send::Failover;
use crate::config::Config;
use crate::decode::Leniency;
use crate::dispatch::{Dispatcher, Handlers, Incoming};
use crate::driver::{Frame, Tap};
use crate::error::{SendError, StartError};
use crate::peers::Peers;
use crate::rf::Undelivered;
use crate::ro::{CREDIT_CONTROL, Later, RoSessions, StoredEvent};
use crate::store::Store;
use diametric_engine::peer::watchdog::Status;
use diametric_engine::peer::{LocalNode, RemoteNode};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::codec::{DictionaryTable, Known};
use diametric_protocol::message::{self, EndToEndIds, Request};
use diametric_protocol::session_id::SessionIds;
use diametric_protocol::value::DiameterIdentity;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// A running Diameter node. Clones are handles to the same one.
///
/// When the last handle goes, the node ends its connections without ceremony; [`Node::shutdown`] takes leave of the
/// peers first.
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    known: Arc<Known>,
    leniency: Leniency,
    local: Arc<LocalNode>,
    peers: Arc<Peers>,
    dispatcher: Arc<Dispatcher>,
    session_ids: SessionIds,
    ro_sessions: RoSessions,
    ro_store: Arc<Store<StoredEvent>>,
    rf_store: Arc<Store<Undelivered>>,
    end_to_end: Arc<EndToEndIds>,
    listening: Vec<SocketAddr>,
    tap: Option<Tap>,
    /// Connections that others may still open.
    slots: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    /// Has a receiver for every session that is just ending.
    endings: watch::Sender<()>,
}

/// Has [`Node::shutdown`] wait a while, for what still has to be sent.
pub(crate) struct Ending(#[expect(dead_code, reason = "it is there to go")] watch::Receiver<()>);

/// A node that has not started: it takes dictionaries and handlers.
pub struct NodeBuilder {
    config: Config,
    known: Known,
    handlers: Handlers,
    tap: Option<Tap>,
    later: Later,
}

impl From<Config> for NodeBuilder {
    fn from(config: Config) -> Self {
        Node::builder(config)
    }
}

impl NodeBuilder {
    /// Understands the AVPs and commands of another dictionary besides the standard ones.
    #[must_use]
    pub fn dictionary(mut self, table: &'static DictionaryTable) -> Self {
        self.known = self.known.with(table);
        self
    }

    /// Answers requests of type `R` in `application` with `handler`.
    ///
    /// Handlers run at the same time. One begins where its request was read, and answers from there if it need not wait; from
    /// its first wait on it has a task of its own. So it should compute briefly, and leave what blocks to
    /// [`spawn_blocking`](tokio::task::spawn_blocking): after one that held its connection up, the next requests get their tasks
    /// from the start. One that panics has its request answered with DIAMETER_UNABLE_TO_COMPLY.
    ///
    /// The application is advertised to peers only if the configuration names it; [`NodeBuilder::ro_server`] does both.
    #[must_use]
    pub fn handle<R, H, F>(mut self, application: u32, handler: H) -> Self
    where
        R: Request,
        H: Fn(Incoming<R>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R::Answer, ErrorAnswer>> + Send + 'static,
    {
        self.handlers.insert(application, handler);
        self
    }

    /// Shows every message that the node sends or receives to `observer`, on the connection's own task: it must be quick.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(Frame<'_>) + Send + Sync + 'static) -> Self {
        self.tap = Some(Arc::new(observer));
        self
    }

    pub(crate) fn local(&mut self) -> &mut LocalNode {
        &mut self.config.local
    }

    pub(crate) fn handlers(&mut self) -> &mut Handlers {
        &mut self.handlers
    }

    /// The node, once it has started.
    pub(crate) fn later(&self) -> &Later {
        &self.later
    }

    /// Opens the listeners and begins to connect to the peers.
    ///
    /// # Errors
    /// If a listener cannot be opened or the configuration cannot be right. A peer that cannot be reached is no error:
    /// it is tried again, and requests say what happened.
    pub async fn start(self) -> Result<Node, StartError> {
        let Self { config, known, mut handlers, tap, later } = self;
        config.check().map_err(StartError::Config)?;
        let config = config.bounded();
        let mut listeners = Vec::new();
        for &address in &config.listen {
            let listen = async {
                let listener = TcpListener::bind(address).await?;
                let bound = listener.local_addr()?;
                Ok((listener, bound))
            };
            listeners.push(listen.await.map_err(|cause| StartError::Listen { address, cause })?);
        }
        if config.ro.ocs_realm.is_some() {
            crate::ro::install(&mut handlers, CREDIT_CONTROL, &later);
        }
        if config.rf.cdf_realm.is_some() {
            crate::rf::install(&mut handlers);
        }
        let (known, local) = (Arc::new(known), Arc::new(config.local.clone()));
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = started.as_secs() as u32;
        // In 2^-32 of a second, as NTP has it: a node that starts twice within a second does not repeat Session-Ids.
        let fraction = ((u64::from(started.subsec_nanos()) << 32) / 1_000_000_000) as u32;
        let shared = Arc::new(Shared {
            peers: Arc::new(Peers::new(Arc::clone(&local), &config)),
            dispatcher: Arc::new(Dispatcher::new(Arc::clone(&local), Arc::clone(&known), handlers, &config)),
            ro_sessions: RoSessions::default(),
            ro_store: Store::new(config.ro.buffer, config.ro.retry_interval),
            rf_store: Store::new(config.rf.buffer, config.rf.retry_interval),
            session_ids: SessionIds::new(&local.origin_host, seconds).from_low(fraction),
            end_to_end: Arc::new(EndToEndIds::new(seconds, fastrand::u32(..))),
            listening: listeners.iter().map(|(_, bound)| *bound).collect(),
            tap,
            slots: Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS))),
            stop: watch::Sender::new(false),
            endings: watch::Sender::new(()),
            leniency: Leniency::new(&config.lenient),
            config,
            known,
            local,
        });
        // Set once, here.
        let _ = later.set(Arc::downgrade(&shared));
        for (listener, _) in listeners {
            tokio::spawn(accept(listener, Context::of(&shared)));
        }
        for (known, peer) in shared.config.peers.iter().enumerate() {
            if let Some(address) = peer.address.clone().filter(|_| peer.connect) {
                tokio::spawn(connect(known, peer.clone(), address, Context::of(&shared)));
            }
        }
        Ok(Node { shared })
    }
}

impl Node {
    /// A node to be.
    pub fn builder(config: Config) -> NodeBuilder {
        NodeBuilder {
            config,
            known: Known::standard(),
            handlers: Handlers::default(),
            tap: None,
            later: Later::default(),
        }
    }

    /// The addresses that the listeners got, in the order of the configuration.
    pub fn listening(&self) -> &[SocketAddr] {
        &self.shared.listening
    }

    /// The peers that are connected.
    pub fn peers(&self) -> Vec<Arc<RemoteNode>> {
        self.shared.peers.connected()
    }

    /// What the watchdog makes of the peer with this Origin-Host; `None` if it is not connected.
    pub fn peer_status(&self, host: impl Into<DiameterIdentity>) -> Option<Status> {
        self.shared.peers.status_of(&host.into())
    }

    /// Sends a request and waits for its answer.
    ///
    /// Destination-Host and Destination-Realm decide where it goes: to the peer of that name, else to those that the
    /// configuration lists for the realm, else to one that is of the realm, else to a relay. `application` is that of the
    /// session for base commands such as RAR; else the request's own.
    ///
    /// If the connection to the peer is lost before the answer comes, or the peer leaves a watchdog unanswered, the request
    /// goes to another peer, if there is one, with the T flag (RFC 6733 §5.5.4); and without it, if the peer says that it is
    /// too busy.
    ///
    /// # Errors
    /// If there is no route, no answer in time, or an answer with the E flag.
    pub async fn send<R: Request>(&self, application: u32, request: &R) -> Result<R::Answer, SendError> {
        let frame = message::encode(self.shared.request_header::<R>(application), request)?;
        let timeout = self.shared.config.request_timeout;
        let response = self.shared.exchange(application, frame, timeout, Failover::Yes, &mut Tried::default()).await?;
        self.shared.read(response)
    }

    /// Ends the node in good order. Sessions that were dropped, or whose answers could not be used, have
    /// [`Config::drain_timeout`] to send their last request. Then nobody new is let in, nothing new is sent, requests that are
    /// under way either way have as much time to be answered, and every peer gets a DPR. Returns when they are gone.
    pub async fn shutdown(self) {
        // If the time is over, they have had it.
        let _ = tokio::time::timeout(self.shared.config.drain_timeout, self.shared.endings.closed()).await;
        self.shared.stop.send_replace(true);
        // Every task of the node holds a receiver until it ends.
        self.shared.stop.closed().await;
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    pub(crate) fn local(&self) -> &LocalNode {
        &self.local
    }

    pub(crate) fn ro_sessions(&self) -> &RoSessions {
        &self.ro_sessions
    }

    pub(crate) fn ro_store(&self) -> &Arc<Store<StoredEvent>> {
        &self.ro_store
    }

    pub(crate) fn rf_store(&self) -> &Arc<Store<Undelivered>> {
        &self.rf_store
    }

    pub(crate) fn ending(&self) -> Ending {
        Ending(self.endings.subscribe())
    }

    pub(crate) fn new_session_id(&self) -> String {
        self.session_ids.next(None)
    }
}
