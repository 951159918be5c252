//! Drives one [`Connection`] over a socket: bytes in, bytes out, time. All decisions are the machine's.

use crate::dispatch::Dispatcher;
use bytes::{Buf, Bytes, BytesMut};
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::{DisconnectCause, ResultCode};
use diametric_protocol::peer::watchdog::Status;
use diametric_protocol::peer::{CloseReason, Connection, Event, RemoteNode};
use diametric_protocol::wire::{HopByHopId, frame_length};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, sleep_until};

/// Octets that may wait to be written before nothing more is read: a peer that does not take its answers gets no more.
const WRITE_LIMIT: usize = 1 << 20;
/// Room asked for with each read.
const READ_SIZE: usize = 64 * 1024;

/// A frame on its way, as an observer sees it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Whether this node sends it.
    pub sent: bool,
    /// The address of this node's end of the connection.
    pub local: SocketAddr,
    /// The address of the peer's end.
    pub remote: SocketAddr,
    /// The whole message.
    pub octets: &'a [u8],
}

/// Sees every frame that a node sends or receives.
pub(crate) type Tap = Arc<dyn Fn(Frame<'_>) + Send + Sync>;

/// The two ends of a connection, and who looks on.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) tap: Option<Tap>,
}

impl Link {
    fn see(&self, sent: bool, octets: &[u8]) {
        if let Some(tap) = &self.tap {
            tap(Frame { sent, local: self.local, remote: self.remote, octets });
        }
    }
}

/// What is asked of a connection.
pub(crate) enum Order {
    /// Send a request and report its answer.
    Send { frame: Vec<u8>, timeout: Duration, reply: oneshot::Sender<Result<Bytes, Unanswered>> },
    /// Take leave of the peer.
    Disconnect(DisconnectCause),
}

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub(crate) enum Unanswered {
    TimedOut,
    Closed(CloseReason),
}

/// What the owner of a connection hears of it.
pub(crate) trait Observer: Send {
    /// Capabilities were exchanged.
    fn opened(&mut self, remote: &Arc<RemoteNode>);
    /// The watchdog found the peer suspect, or well again.
    fn suspect(&mut self, suspect: bool);
}

/// Runs a connection to its end.
pub(crate) async fn run<S>(
    stream: S,
    link: Link,
    mut connection: Connection,
    mut orders: mpsc::Receiver<Order>,
    dispatcher: Arc<Dispatcher>,
    mut observer: impl Observer,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut incoming = BytesMut::with_capacity(READ_SIZE);
    let mut outgoing = BytesMut::new();
    let mut replies: HashMap<HopByHopId, oneshot::Sender<Result<Bytes, Unanswered>>> = HashMap::new();
    let mut handlers: JoinSet<Option<Vec<u8>>> = JoinSet::new();
    let mut handled: HashMap<task::Id, RequestContext> = HashMap::new();
    let mut orders_open = true;

    let reason = loop {
        let mut closed = None;
        while let Some(event) = connection.poll_event() {
            match event {
                Event::Open(remote) => observer.opened(&remote),
                Event::Introduced(_) => {
                    connection.admit(None, std::time::Instant::now());
                    take_frames(&mut connection, &mut incoming, &link);
                }
                Event::Watchdog(status) => observer.suspect(status == Status::Suspect),
                Event::Alive | Event::Closing => {}
                Event::Request(_, frame) => {
                    let Some(context) = RequestContext::of(&frame) else { continue };
                    let Some(remote) = connection.remote().cloned() else { continue };
                    let task = handlers.spawn(Arc::clone(&dispatcher).answer(frame, context.clone(), remote));
                    handled.insert(task.id(), context);
                }
                Event::Answer(id, frame) => reply(&mut replies, id, Ok(frame)),
                Event::TimedOut(id) => reply(&mut replies, id, Err(Unanswered::TimedOut)),
                Event::Closed { reason, unanswered } => {
                    for id in unanswered {
                        reply(&mut replies, id, Err(Unanswered::Closed(reason.clone())));
                    }
                    closed = Some(reason);
                }
            }
        }
        while let Some(frame) = connection.poll_transmit() {
            link.see(true, &frame);
            outgoing.extend_from_slice(&frame);
        }
        if let Some(reason) = closed {
            break reason;
        }

        let wake = connection.poll_timeout().map(Instant::from_std);
        let may_read = outgoing.len() < WRITE_LIMIT && handlers.len() < dispatcher.max_handlers();
        tokio::select! {
            read = reader.read_buf(&mut incoming), if may_read => match read {
                Ok(0) => connection.handle_transport_closed("the peer closed the connection"),
                Ok(_) => take_frames(&mut connection, &mut incoming, &link),
                Err(error) => connection.handle_transport_closed(&error.to_string()),
            },
            written = writer.write(&outgoing), if !outgoing.is_empty() => match written {
                Ok(count) => outgoing.advance(count),
                Err(error) => connection.handle_transport_closed(&error.to_string()),
            },
            order = orders.recv(), if orders_open => match order {
                Some(order) => {
                    take_order(&mut connection, &mut replies, order);
                    // Whatever else waits goes out with the same write.
                    while let Ok(order) = orders.try_recv() {
                        take_order(&mut connection, &mut replies, order);
                    }
                }
                None => {
                    orders_open = false;
                    connection.disconnect(DisconnectCause::REBOOTING, std::time::Instant::now());
                }
            },
            Some(done) = handlers.join_next_with_id(), if !handlers.is_empty() => {
                let frame = match done {
                    Ok((id, frame)) => {
                        handled.remove(&id);
                        frame
                    }
                    Err(error) => handled.remove(&error.id()).and_then(|context| {
                        tracing::error!(command = context.header.command, "a request handler panicked");
                        let error = ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the request could not be handled");
                        dispatcher.error(&context, &error)
                    }),
                };
                // On a connection that ended meanwhile there is nobody left to answer.
                if let Some(frame) = frame && connection.send_answer(frame).is_err() {
                    tracing::debug!("an answer came too late for its connection");
                }
            },
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                connection.handle_timeout(std::time::Instant::now());
            }
        }
    };

    // The last frames, such as a DPA or a CEA that refuses, still deserve to be sent; a peer that does not take them in a
    // second does not get them.
    let flush = async {
        if writer.write_all(&outgoing).await.is_ok() {
            let _ = writer.shutdown().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), flush).await;
    reason
}

fn take_frames(connection: &mut Connection, incoming: &mut BytesMut, link: &Link) {
    let now = std::time::Instant::now();
    while connection.takes_frames() {
        match frame_length(incoming) {
            Ok(Some(length)) if incoming.len() >= length => {
                let frame = incoming.split_to(length).freeze();
                link.see(false, &frame);
                connection.handle_frame(frame, now);
            }
            Ok(Some(length)) => {
                incoming.reserve(length.saturating_sub(incoming.len()).min(READ_SIZE));
                return;
            }
            Ok(None) => {
                incoming.reserve(READ_SIZE);
                return;
            }
            Err(error) => return connection.handle_unframed(incoming, &error.to_string()),
        }
    }
}

fn take_order(
    connection: &mut Connection,
    replies: &mut HashMap<HopByHopId, oneshot::Sender<Result<Bytes, Unanswered>>>,
    order: Order,
) {
    let now = std::time::Instant::now();
    match order {
        Order::Send { frame, timeout, reply } => match connection.send_request(frame, timeout, now) {
            Ok(id) => {
                replies.insert(id, reply);
            }
            Err(error) => {
                let reason = CloseReason::Transport(error.to_string());
                let _ = reply.send(Err(Unanswered::Closed(reason)));
            }
        },
        Order::Disconnect(cause) => connection.disconnect(cause, now),
    }
}

/// Whoever asked may have stopped waiting; then the answer is of no interest.
fn reply(
    replies: &mut HashMap<HopByHopId, oneshot::Sender<Result<Bytes, Unanswered>>>,
    id: HopByHopId,
    answer: Result<Bytes, Unanswered>,
) {
    if let Some(reply) = replies.remove(&id) {
        let _ = reply.send(answer);
    }
}
