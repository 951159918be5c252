//! The node: listeners, connections to peers, and sending.

use crate::config::{Config, PeerAddress, PeerConfig};
use crate::dispatch::{Dispatcher, Handlers, Incoming};
use crate::driver::{self, Frame, Link, Observer, Order, Tap, Unanswered};
use crate::error::{SendError, StartError};
use crate::peers::{Attempt, Destination, Peers, order_channel};
use crate::ro::{CREDIT_CONTROL, Later, RoSessions};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::DisconnectCause;
use diametric_protocol::codec::{DictionaryTable, Known};
use diametric_protocol::message::{self, Answer, EndToEndIds, Request};
use diametric_protocol::peer::{CloseReason, Connection, ConnectionConfig, LocalNode, RemoteNode, Role};
use diametric_protocol::session_id::SessionIds;
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::{Header, HopByHopId};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

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
    local: Arc<LocalNode>,
    peers: Peers,
    dispatcher: Arc<Dispatcher>,
    session_ids: SessionIds,
    ro_sessions: RoSessions,
    rf_buffer: Arc<crate::rf::Buffer>,
    end_to_end: Arc<EndToEndIds>,
    listening: Vec<SocketAddr>,
    tap: Option<Tap>,
    stop: watch::Sender<bool>,
}

/// A node that has not started: it takes dictionaries and handlers.
pub struct NodeBuilder {
    config: Config,
    known: Known,
    handlers: Handlers,
    tap: Option<Tap>,
    later: Later,
}

impl NodeBuilder {
    /// Understands the AVPs and commands of another dictionary besides the standard ones.
    #[must_use]
    pub fn dictionary(mut self, table: &'static DictionaryTable) -> Self {
        self.known = self.known.with(table);
        self
    }

    /// Answers requests of type `R` in `application` with `handler`, each in a task of its own.
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
        let (known, local) = (Arc::new(known), Arc::new(config.local.clone()));
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = started.as_secs() as u32;
        // In 2^-32 of a second, as NTP has it: a node that starts twice within a second does not repeat Session-Ids.
        let fraction = ((u64::from(started.subsec_nanos()) << 32) / 1_000_000_000) as u32;
        let shared = Arc::new(Shared {
            peers: Peers::new(),
            dispatcher: Arc::new(Dispatcher::new(
                Arc::clone(&local),
                Arc::clone(&known),
                handlers,
                config.max_handlers,
            )),
            ro_sessions: RoSessions::default(),
            rf_buffer: crate::rf::Buffer::new(config.rf.buffer, config.rf.retry_interval),
            session_ids: SessionIds::new(&local.origin_host, seconds).from_low(fraction),
            end_to_end: Arc::new(EndToEndIds::new(seconds, fastrand::u32(..))),
            listening: listeners.iter().map(|(_, bound)| *bound).collect(),
            tap,
            stop: watch::Sender::new(false),
            config,
            known,
            local,
        });
        // Set once, here.
        let _ = later.set(Arc::downgrade(&shared));
        for (listener, _) in listeners {
            tokio::spawn(accept(listener, Context::of(&shared)));
        }
        for peer in shared.config.peers.clone() {
            let Some(address) = peer.address.clone().filter(|_| peer.connect) else { continue };
            shared.peers.attempt(&address, Attempt::First);
            tokio::spawn(connect(peer, address, Context::of(&shared)));
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

    /// Sends a request and waits for its answer.
    ///
    /// Destination-Host and Destination-Realm decide where it goes: to the peer of that name, else to one of the realm,
    /// else to a relay. `application` is that of the session for base commands such as RAR; else the request's own.
    ///
    /// # Errors
    /// If there is no route, no answer in time, or an answer with the E flag.
    pub async fn send<R: Request>(&self, application: u32, request: &R) -> Result<R::Answer, SendError> {
        self.shared.send(application, request, self.shared.config.request_timeout).await
    }

    /// Takes leave of all peers with DPR and waits until they are gone.
    pub async fn shutdown(self) {
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

    pub(crate) fn rf_buffer(&self) -> &Arc<crate::rf::Buffer> {
        &self.rf_buffer
    }

    pub(crate) fn new_session_id(&self) -> String {
        self.session_ids.next(None)
    }

    pub(crate) async fn send<R: Request>(
        &self,
        application: u32,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Answer, SendError> {
        let frame = message::encode(self.request_header::<R>(application), request)?;
        self.transmit(application, frame, timeout).await
    }

    /// The header of a request's first transmission, with an end-to-end id of its own.
    pub(crate) fn request_header<R: Request>(&self, application: u32) -> Header {
        let end_to_end = self.end_to_end.next();
        Header { flags: R::FLAGS, command: R::CODE, application, hop_by_hop: HopByHopId(0), end_to_end }
    }

    /// Sends a request that is encoded already, such as one that was sent before.
    pub(crate) async fn transmit<A: Answer>(
        &self,
        application: u32,
        frame: Vec<u8>,
        timeout: Duration,
    ) -> Result<A, SendError> {
        let destination = destination_of(&frame, application);
        let started = tokio::time::Instant::now();
        let route = tokio::time::timeout(timeout, self.peers.route(&destination));
        let peer = match route.await {
            Ok(peer) => peer?,
            Err(_) => {
                let destination = destination.host.or(destination.realm).unwrap_or_default();
                let cause = format!("no peer connected within {timeout:?}");
                return Err(SendError::NoRoute { destination, application, cause });
            }
        };
        let identity = || peer.remote.origin_host.clone();
        let lost = |reason| SendError::ConnectionLost { peer: identity(), reason };
        let gone = || lost(CloseReason::Transport("the connection is gone".into()));
        let (reply, answer) = tokio::sync::oneshot::channel();
        let left = timeout.saturating_sub(started.elapsed());
        peer.orders.send(Order::Send { frame, timeout: left, reply }).await.map_err(|_| gone())?;
        let frame = match answer.await {
            Ok(Ok(frame)) => frame,
            Ok(Err(Unanswered::TimedOut)) => return Err(SendError::Timeout { peer: identity(), after: timeout }),
            Ok(Err(Unanswered::Closed(reason))) => return Err(lost(reason)),
            Err(_) => return Err(gone()),
        };
        let malformed = |error| SendError::Malformed { peer: identity(), error };
        if Header::peek(&frame).is_some_and(|header| header.flags.is_error()) {
            let answer = message::decode_answer_message(&frame, &self.known).map_err(malformed)?;
            return Err(SendError::Answered(Box::new(answer.body)));
        }
        Ok(message::decode_shared::<A>(&frame, &self.known).map_err(malformed)?.body)
    }
}

fn destination_of(frame: &[u8], application: u32) -> Destination {
    use diametric_protocol::base::{DestinationHost, DestinationRealm};
    use diametric_protocol::codec::Avp;
    let message = diametric_protocol::wire::RawMessage::read(frame).ok();
    let find = |vendor, code| {
        let avp = message.as_ref()?.find(vendor, code)?;
        std::str::from_utf8(avp.data).ok().map(DiameterIdentity::from)
    };
    Destination {
        host: find(DestinationHost::VENDOR, DestinationHost::CODE),
        realm: find(DestinationRealm::VENDOR, DestinationRealm::CODE),
        application,
    }
}

/// What the tasks of a node share with it, without keeping it alive.
#[derive(Clone)]
struct Context {
    shared: std::sync::Weak<Shared>,
    stop: watch::Receiver<bool>,
}

impl Context {
    fn of(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::downgrade(shared), stop: shared.stop.subscribe() }
    }

    /// Returns when the node shuts down or is gone.
    async fn stopped(&mut self) {
        // An error means that the node is gone, which ends the waiting just as well.
        let _ = self.stop.wait_for(|stop| *stop).await;
    }
}

async fn accept(listener: TcpListener, mut context: Context) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = context.stopped() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        match accepted {
            Ok((stream, address)) => {
                let context = context.clone();
                connections.spawn(async move {
                    let reason = converse(stream, Role::Responder, None, context).await;
                    tracing::info!(%address, %reason, "connection closed");
                });
            }
            Err(error) => {
                // Such as too many open files: trying again at once would only spin.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn connect(peer: PeerConfig, address: PeerAddress, mut context: Context) {
    let mut pause = Duration::from_millis(200);
    loop {
        let Some(shared) = context.shared.upgrade() else { return };
        let (limit, timeout) = (shared.config.reconnect_interval, shared.config.establish_timeout);
        let attempt = tokio::time::timeout(timeout, TcpStream::connect((address.host(), address.port())));
        drop(shared);
        let stream = tokio::select! {
            stream = attempt => stream,
            () = context.stopped() => return,
        };
        let failure = match stream {
            Ok(Ok(stream)) => {
                let started = tokio::time::Instant::now();
                let reason = converse(stream, Role::Initiator, Some(&peer), context.clone()).await;
                tracing::info!(%address, %reason, "connection closed");
                if started.elapsed() > limit {
                    pause = Duration::from_millis(200);
                }
                reason.to_string()
            }
            Ok(Err(error)) => format!("cannot connect: {error}"),
            Err(_) => format!("cannot connect: no answer within {timeout:?}"),
        };
        let Some(shared) = context.shared.upgrade() else { return };
        shared.peers.attempt(&address, Attempt::Failed(failure));
        drop(shared);
        // A little randomness keeps many nodes from coming back at the same moment.
        let jittered = pause.mul_f64(0.75 + fastrand::f64() / 2.0);
        tokio::select! {
            () = tokio::time::sleep(jittered) => pause = (pause * 2).min(limit),
            () = context.stopped() => return,
        }
    }
}

/// Runs one connection from CER to its end.
async fn converse(stream: TcpStream, role: Role, peer: Option<&PeerConfig>, mut context: Context) -> CloseReason {
    let Some(shared) = context.shared.upgrade() else { return CloseReason::Local };
    let (local, remote) = match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(remote)) => (local, remote),
        (Err(error), _) | (_, Err(error)) => return CloseReason::Transport(error.to_string()),
    };
    let link = Link { local, remote, tap: shared.tap.clone() };
    let connection = Connection::new(
        ConnectionConfig {
            local: Arc::clone(&shared.local),
            known: Arc::clone(&shared.known),
            addresses: vec![unmapped(local.ip())],
            expected: peer.and_then(|peer| peer.identity.clone()),
            establish_timeout: shared.config.establish_timeout,
            close_timeout: shared.config.close_timeout,
            watchdog_interval: shared.config.watchdog_interval,
            first_hop_by_hop: HopByHopId(fastrand::u32(..)),
            end_to_end: Arc::clone(&shared.end_to_end),
        },
        role,
        std::time::Instant::now(),
    );
    let (orders, received) = order_channel();
    let entry = Entry { shared: context.shared.clone(), orders: orders.downgrade(), address: peer.and_then(|p| p.address.clone()) };
    let dispatcher = Arc::clone(&shared.dispatcher);
    drop(shared);
    let conversation = driver::run(stream, link, connection, received, dispatcher, entry.clone());
    let mut conversation = std::pin::pin!(conversation);
    let reason = tokio::select! {
        reason = &mut conversation => reason,
        () = context.stopped() => {
            // Without a node left to speak for, the queue's end makes the driver say good-bye by itself.
            let _ = orders.send(Order::Disconnect(DisconnectCause::REBOOTING)).await;
            conversation.await
        }
    };
    entry.close();
    reason
}

/// An IPv4 client of a dual-stack socket shows as IPv4.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// A connection's entry in the peer table.
#[derive(Clone)]
struct Entry {
    shared: std::sync::Weak<Shared>,
    orders: mpsc::WeakSender<Order>,
    address: Option<PeerAddress>,
}

impl Entry {
    fn with(&self, act: impl FnOnce(&Peers, &mpsc::Sender<Order>)) {
        if let (Some(shared), Some(orders)) = (self.shared.upgrade(), self.orders.upgrade()) {
            act(&shared.peers, &orders);
        }
    }

    fn close(&self) {
        self.with(|peers, orders| peers.closed(orders));
    }
}

impl Observer for Entry {
    fn opened(&mut self, remote: &Arc<RemoteNode>) {
        tracing::info!(peer = %remote.origin_host, realm = %remote.origin_realm, "peer open");
        self.with(|peers, orders| {
            peers.opened(remote, orders);
            if let Some(address) = &self.address {
                peers.attempt(address, Attempt::Connected);
            }
        });
    }

    fn suspect(&mut self, suspect: bool) {
        self.with(|peers, orders| peers.suspect(orders, suspect));
    }
}
