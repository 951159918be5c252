//! The tasks of a node: listeners, attempts to connect, and the life of each connection.

use super::Shared;
use crate::config::{Config, PeerAddress, PeerConfig};
use crate::driver::{self, Control, Link, Observer};
use crate::peers::{ConnectionId, Peers, reins};
use diametric_engine::peer::watchdog::{Status, Watchdog};
use diametric_engine::peer::{CloseReason, Connection, ConnectionConfig, RemoteNode, Role};
use diametric_protocol::base::DisconnectCause;
use diametric_protocol::wire::HopByHopId;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

/// How long an initiator's first requests wait after the CEA: Erlang/OTP diameter loses requests that follow it at once.
const SETTLING: Duration = Duration::from_millis(20);

/// Pause before the first attempt after a connection that ended.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What the tasks of a node share with it, without keeping it alive.
#[derive(Clone)]
pub(super) struct Context {
    shared: Weak<Shared>,
    stop: watch::Receiver<bool>,
}

impl Context {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::downgrade(shared), stop: shared.stop.subscribe() }
    }

    /// Returns when the node shuts down or is gone.
    async fn stopped(&mut self) {
        // An error means that the node is gone, which ends the waiting just as well.
        let _ = self.stop.wait_for(|stop| *stop).await;
    }
}

pub(super) async fn accept(listener: TcpListener, mut context: Context) {
    let mut connections = JoinSet::new();
    let mut warned: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = context.stopped() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Such as too many open files: trying again at once would only spin.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(shared) = context.shared.upgrade() else { break };
        let Ok(slot) = Arc::clone(&shared.slots).try_acquire_owned() else {
            // Whoever floods the node must not flood the log as well.
            if warned.is_none_or(|warned| warned.elapsed() > Duration::from_secs(1)) {
                warned = Some(Instant::now());
                tracing::warn!(%address, "too many connections: one is closed at once");
            }
            continue;
        };
        let ends = match stream.local_addr() {
            Ok(local) => Ends { local, remote: address },
            // It has ended before it began.
            Err(_) => continue,
        };
        let context = context.clone();
        connections.spawn(async move {
            converse(stream, ends, None, context).await;
            drop(slot);
        });
    }
    // Nobody new, while those that are here say good-bye.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Keeps up a connection to the configured peer number `known`.
pub(super) async fn connect(known: usize, peer: PeerConfig, address: PeerAddress, mut context: Context) {
    let Some(shared) = context.shared.upgrade() else { return };
    let (pause, timeout) = (shared.config.reconnect_interval, shared.config.establish_timeout);
    let mut connector = Connector {
        known,
        peer,
        address,
        peers: Arc::clone(&shared.peers),
        timeout,
        pause: FIRST_PAUSE,
        longest: pause,
    };
    drop(shared);
    let conversations = context.clone();
    tokio::select! {
        () = connector.run(conversations) => {}
        // A conversation is a task of its own, and takes its leave.
        () = context.stopped() => {}
    }
}

struct Connector {
    known: usize,
    peer: PeerConfig,
    address: PeerAddress,
    peers: Arc<Peers>,
    timeout: Duration,
    pause: Duration,
    longest: Duration,
}

impl Connector {
    async fn run(&mut self, context: Context) {
        loop {
            // A peer that has connected to this node is connected; one that wants to be left alone is.
            self.peers.until_connected(self.known, false).await;
            if let Some(until) = self.peers.alone_until(self.known) {
                tokio::time::sleep_until(until).await;
                continue;
            }
            let dialled = tokio::select! {
                dialled = tokio::time::timeout(self.timeout, dial(&self.address)) => dialled,
                () = self.peers.until_connected(self.known, true) => continue,
            };
            let cause = match dialled {
                Ok(Ok((stream, ends))) => {
                    let started = Instant::now();
                    let peer = Some((self.known, self.peer.clone()));
                    // A panic has been told, and leaves nothing behind.
                    let _ = tokio::spawn(converse(stream, ends, peer, context.clone())).await;
                    if started.elapsed() > self.longest {
                        self.pause = FIRST_PAUSE;
                    }
                    None
                }
                Ok(Err(error)) => Some(format!("cannot connect: {error}")),
                Err(_) => Some(format!("cannot connect: no answer within {:?}", self.timeout)),
            };
            if let Some(cause) = cause {
                tracing::debug!(address = %self.address, %cause, "no connection");
                self.peers.failed(self.known, cause);
            }
            // A little randomness keeps many nodes from coming back at the same moment.
            tokio::time::sleep(self.pause.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
            self.pause = (self.pause * 2).min(self.longest);
        }
    }
}

/// The addresses of a connection's ends.
#[derive(Clone, Copy)]
struct Ends {
    local: SocketAddr,
    remote: SocketAddr,
}

/// The name is looked up anew each time; of several addresses the first that answers is taken.
async fn dial(address: &PeerAddress) -> io::Result<(TcpStream, Ends)> {
    let mut last = None;
    for remote in lookup_host((address.host(), address.port())).await? {
        match TcpStream::connect(remote).await {
            Ok(stream) => {
                let local = stream.local_addr()?;
                return Ok((stream, Ends { local, remote }));
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

/// Runs one connection from CER to its end; `peer` is that of the configuration to which this node has connected.
async fn converse(stream: TcpStream, ends: Ends, peer: Option<(usize, PeerConfig)>, context: Context) {
    let span = tracing::info_span!("connection", remote = %ends.remote, peer = tracing::field::Empty);
    talk(stream, ends, peer, context).instrument(span).await;
}

/// Sets what is to be set of a connection, whoever opened it.
fn prepare(stream: &TcpStream, config: &Config) -> io::Result<()> {
    stream.set_nodelay(config.tcp_nodelay)
}

async fn talk(stream: TcpStream, ends: Ends, peer: Option<(usize, PeerConfig)>, mut context: Context) {
    let Some(shared) = context.shared.upgrade() else { return };
    let config = &shared.config;
    if let Err(error) = prepare(&stream, config) {
        // It has ended before it began; reading from it tells.
        tracing::debug!(%error, "cannot set the options of a connection");
    }
    let (reins, received) = reins();
    let id = match &peer {
        Some((known, _)) => match shared.peers.initiated(*known, &reins) {
            Some(id) => id,
            None => return,
        },
        None => shared.peers.accepted(&reins),
    };
    let mut seat = Seat { shared: context.shared.clone(), id, taken: true };
    // The table holds them: when it goes, the driver knows that the node is gone.
    let control = reins.control.downgrade();
    drop(reins);
    let link = Link {
        local: ends.local,
        remote: ends.remote,
        tap: shared.tap.clone(),
        max_message_size: config.max_message_size,
        patience: config.establish_timeout,
        settling: if peer.is_some() { SETTLING } else { Duration::ZERO },
    };
    let identity = peer.as_ref().and_then(|(_, peer)| peer.identity.clone());
    let connection = Connection::new(
        ConnectionConfig {
            local: Arc::clone(&shared.local),
            known: Arc::clone(&shared.known),
            // An IPv4 client of a dual-stack socket shows as IPv4.
            addresses: vec![ends.local.ip().to_canonical()],
            expected: identity.clone(),
            establish_timeout: config.establish_timeout,
            close_timeout: config.close_timeout,
            watchdog_interval: config.watchdog_interval,
            first_hop_by_hop: HopByHopId(fastrand::u32(..)),
            end_to_end: Arc::clone(&shared.end_to_end),
        },
        if peer.is_some() { Role::Initiator } else { Role::Responder },
        driver::now(),
    );
    let (dispatcher, drain) = (Arc::clone(&shared.dispatcher), config.drain_timeout);
    drop(shared);
    let (reason, watchdog) = {
        let conversation = driver::run(stream, link, connection, received, dispatcher, &mut seat);
        let mut conversation = std::pin::pin!(conversation);
        tokio::select! {
            ended = &mut conversation => ended,
            () = context.stopped() => {
                if let Some(control) = control.upgrade() {
                    let drain = if context.shared.strong_count() > 0 { drain } else { Duration::ZERO };
                    // A driver that is just ending needs no order.
                    let _ = control.send(Control::Leave(DisconnectCause::REBOOTING, drain));
                }
                conversation.await
            }
        }
    };
    tracing::info!(%reason, "connection closed");
    // Who is there, where only an address was known.
    if let (Some((known, _)), None, CloseReason::Refused { peer: Some(host), .. }) = (&peer, &identity, &reason) {
        seat.with(|peers| peers.learned(*known, host));
    }
    seat.leave(&reason, watchdog);
}

/// A connection's place in the peer table.
struct Seat {
    shared: Weak<Shared>,
    id: ConnectionId,
    taken: bool,
}

impl Seat {
    fn with(&self, act: impl FnOnce(&Peers)) {
        if let Some(shared) = self.shared.upgrade() {
            act(&shared.peers);
        }
    }

    fn leave(&mut self, reason: &CloseReason, watchdog: Option<Watchdog>) {
        self.taken = false;
        self.with(|peers| peers.closed(self.id, reason, watchdog));
    }
}

/// Also a task that panics, as an observer may, makes room for the next connection.
impl Drop for Seat {
    fn drop(&mut self) {
        if self.taken {
            self.leave(&CloseReason::Transport("its task failed".into()), None);
        }
    }
}

impl Observer for &mut Seat {
    fn introduced(&mut self, remote: &Arc<RemoteNode>) {
        tracing::Span::current().record("peer", tracing::field::display(&remote.origin_host));
        self.with(|peers| peers.introduced(self.id, remote));
    }

    fn overdue(&mut self) {
        self.with(|peers| peers.overdue(self.id));
    }

    fn opened(&mut self, remote: &Arc<RemoteNode>) {
        tracing::info!(realm = %remote.origin_realm, product = %remote.product_name, "peer open");
    }

    fn status(&mut self, status: Status) {
        match status {
            Status::Suspect => tracing::warn!("the peer does not answer the watchdog"),
            _ => tracing::debug!(?status, "watchdog"),
        }
        self.with(|peers| peers.status(self.id, status));
    }

    fn alive(&mut self) {
        self.with(|peers| peers.alive(self.id));
    }

    fn leaving(&mut self) {
        self.with(|peers| peers.leaving(self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, prepare};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn nagles_algorithm_is_as_configured() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        for nodelay in [true, false] {
            let config = Config::new("a.example.com", "example.com").tcp_nodelay(nodelay);
            for stream in [&dialled, &accepted] {
                prepare(stream, &config).unwrap();
                assert_eq!(stream.nodelay().unwrap(), nodelay);
            }
        }
        assert!(Config::new("a.example.com", "example.com").tcp_nodelay);
    }
}
