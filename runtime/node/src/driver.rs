//! Drives one [`Connection`] over a socket: bytes in, bytes out, time. All decisions are the machine's and the table's.
//!
//! Nothing here grows without bound, and neither end can hold the other up for ever:
//!
//! - Answers are read as long as the peer sends them. Requests beyond the handlers' number wait in a queue; beyond that,
//!   they are answered DIAMETER_TOO_BUSY.
//! - While the peer does not take what is to be written, no request of this node's is sent and no handler is begun.
//!   Only when very much waits is nothing read any more; then the watchdog, which hears nothing either, ends the
//!   connection.

mod buffer;
mod handling;
mod reply;

use self::buffer::ReadBuffer;
use crate::dispatch::{Answered, Dispatcher};
use crate::peers::Received;
use bytes::{Buf, Bytes, BytesMut};
use diametric_engine::peer::watchdog::{Status, Watchdog};
use diametric_engine::peer::{CloseReason, Connection, Event, RemoteNode};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::DisconnectCause;
use diametric_protocol::wire::{Header, HopByHopId, frame_length};
use rustc_hash::FxHashMap;
use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::{self, JoinSet};
use tokio::time::{Instant, Sleep, sleep_until};

pub(crate) use self::reply::{Heard, Reply, reply};

/// Octets that are written at once, whatever else there is to do. Fewer wait for more to go with them, as long as there is
/// more.
const WRITE_BATCH: usize = 64 * 1024;
/// Turns that a few octets may wait for more.
const WRITE_PATIENCE: u32 = 4;
/// Turns after which other tasks of the thread have theirs.
const TURNS: u32 = 32;
/// Requests that may wait here, besides those in the queue, while none can be sent.
const HELD: usize = 1024;
/// Octets that may wait to be written before no more requests go out and no more handlers begin.
const WRITE_SOFT_LIMIT: usize = 256 * 1024;
/// Octets that may wait to be written before nothing more is read.
const WRITE_HARD_LIMIT: usize = 4 * 1024 * 1024;
/// Octets that wait to be written beyond which the peer is given up.
const WRITE_CEILING: usize = 64 * 1024 * 1024;
/// The longest message from a peer that has not introduced itself.
const FIRST_MESSAGE_LIMIT: usize = 64 * 1024;
/// The last frames, such as a DPA or a CEA that refuses, still deserve to be sent; a peer that does not take them in this
/// time does not get them.
const FLUSH: Duration = Duration::from_secs(1);

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
    /// The longest message that is taken.
    pub(crate) max_message_size: usize,
    /// How long the next octets of a message may take that has begun.
    pub(crate) patience: Duration,
    /// How long requests wait when the connection has opened.
    pub(crate) settling: Duration,
}

impl Link {
    fn see(&self, sent: bool, octets: &[u8]) {
        if let Some(header) = Header::peek(octets) {
            let Header { flags, command, application, hop_by_hop, end_to_end } = header;
            // AVPs stay out of the log: Session-Id and others may say who a user is.
            tracing::trace!(sent, command, %flags, application, %hop_by_hop, %end_to_end, length = octets.len(), "message");
        }
        if let Some(tap) = &self.tap {
            tap(Frame { sent, local: self.local, remote: self.remote, octets });
        }
    }
}

/// A request to be sent.
pub(crate) struct Order {
    pub(crate) frame: Vec<u8>,
    /// When the answer is of no use any more.
    pub(crate) deadline: Instant,
    pub(crate) reply: Reply,
}

/// What is asked of a connection besides, ahead of all requests.
#[derive(Debug)]
pub(crate) enum Control {
    /// The peer may come in; its watchdog, if it was connected before.
    Admit(Option<Box<Watchdog>>),
    /// The peer may not come in.
    Refuse(ErrorAnswer),
    /// The verdict is still out: ask again when this time is over.
    Wait(Duration),
    /// See whether the peer lives.
    Probe,
    /// End the connection without a word.
    Abandon(CloseReason),
    /// Take leave of the peer, when what is under way is done or this time is over.
    Leave(DisconnectCause, Duration),
}

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub(crate) enum Unanswered {
    /// It was not sent: the connection was on its way out. Here it is again.
    NotSent(Vec<u8>),
    TimedOut,
    Closed(CloseReason),
}

/// What the owner of a connection hears of it.
pub(crate) trait Observer: Send {
    /// The peer said who it is. The verdict is expected by [`Control`].
    fn introduced(&mut self, remote: &Arc<RemoteNode>);
    /// The time of [`Control::Wait`] is over.
    fn overdue(&mut self);
    /// Capabilities were exchanged.
    fn opened(&mut self, remote: &Arc<RemoteNode>);
    /// The watchdog's opinion of the peer changed.
    fn status(&mut self, status: Status);
    /// The peer answered a probe.
    fn alive(&mut self);
    /// No new requests: one side takes leave.
    fn leaving(&mut self);
}

/// Runs a connection to its end. The watchdog is that of a peer that was open.
pub(crate) async fn run<S>(
    stream: S,
    link: Link,
    connection: Connection,
    received: Received,
    dispatcher: Arc<Dispatcher>,
    observer: impl Observer,
) -> (CloseReason, Option<Watchdog>)
where
    S: AsyncRead + AsyncWrite + Send,
{
    let mut stream = pin!(stream);
    let mut driver = Driver {
        link,
        connection,
        dispatcher,
        observer,
        control: received.control,
        orders: Some(received.orders),
        held: VecDeque::new(),
        incoming: ReadBuffer::new(),
        last_read: Instant::now(),
        outgoing: BytesMut::new(),
        unwritten: 0,
        replies: FxHashMap::default(),
        waiting: VecDeque::new(),
        waiting_octets: 0,
        permit: None,
        handlers: JoinSet::new(),
        handled: HashMap::new(),
        overdue: None,
        leaving: None,
        settling: None,
        node_is_gone: false,
        timer: None,
    };
    let mut turns = 0;
    let reason = loop {
        if let Some(reason) = driver.settle() {
            break reason;
        }
        poll_fn(|cx| driver.turn(stream.as_mut(), cx)).await;
        turns += 1;
        if turns % TURNS == 0 {
            task::yield_now().await;
        }
    };

    driver.refuse_orders();
    // What was begun is finished, even if nobody hears of it.
    driver.handlers.detach_all();
    let flush = async {
        if stream.write_all(&driver.outgoing).await.is_ok() {
            let _ = stream.shutdown().await;
        }
    };
    let _ = tokio::time::timeout(FLUSH, flush).await;
    let watchdog = driver.connection.take_watchdog(now());
    (reason, watchdog)
}

/// The time as the machine has it: that of the runtime's clock, which tests can move.
pub(crate) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

struct Driver<O> {
    link: Link,
    connection: Connection,
    dispatcher: Arc<Dispatcher>,
    observer: O,
    control: mpsc::UnboundedReceiver<Control>,
    /// Until nobody can give any more.
    orders: Option<mpsc::Receiver<Order>>,
    /// Orders that were taken and cannot be sent yet.
    held: VecDeque<Order>,
    incoming: ReadBuffer,
    last_read: Instant,
    outgoing: BytesMut,
    /// Turns since something waits to be written.
    unwritten: u32,
    replies: FxHashMap<HopByHopId, Reply>,
    /// Requests that wait for a handler.
    waiting: VecDeque<Bytes>,
    waiting_octets: usize,
    /// What a handler needs to run, while it is waited for.
    permit: Option<Pin<Box<dyn Future<Output = OwnedSemaphorePermit> + Send>>>,
    /// Handlers that did not answer at once, and their requests.
    handlers: JoinSet<Option<Answered>>,
    handled: HashMap<task::Id, Bytes>,
    /// When the verdict on the peer is asked for again.
    overdue: Option<Instant>,
    /// Until when requests that are under way keep the connection up.
    leaving: Option<(DisconnectCause, Instant)>,
    /// Until when requests wait on a connection that has just opened.
    settling: Option<Instant>,
    node_is_gone: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<O: Observer> Driver<O> {
    /// Takes what each source has, one after the other, and writes: when there is nothing else to do, so that much goes out
    /// at once, or when it has waited long enough. Ready if anything has happened.
    fn turn<S: AsyncRead + AsyncWrite>(&mut self, mut stream: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<()> {
        let mut moved = false;
        if !self.node_is_gone
            && let Poll::Ready(control) = self.control.poll_recv(cx)
        {
            self.obey(control);
            moved = true;
        }
        moved |= self.poll_read(stream.as_mut(), cx);
        moved |= self.poll_orders(cx);
        moved |= self.poll_handlers(cx);
        moved |= self.poll_time(cx);
        self.gather();
        if !self.outgoing.is_empty() {
            self.unwritten += 1;
            if !moved || self.outgoing.len() >= WRITE_BATCH || self.unwritten >= WRITE_PATIENCE {
                moved |= self.poll_write(stream, cx);
            }
        }
        if moved { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_read<S: AsyncRead>(&mut self, mut stream: Pin<&mut S>, cx: &mut Context<'_>) -> bool {
        if !self.may_read() {
            return false;
        }
        let read = pin!(stream.read_buf(self.incoming.room())).poll(cx);
        match read {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => self.connection.handle_transport_closed("the peer closed the connection"),
            Poll::Ready(Ok(count)) => {
                self.incoming.took(count);
                self.last_read = Instant::now();
            }
            Poll::Ready(Err(error)) => self.connection.handle_transport_closed(&error.to_string()),
        }
        true
    }

    fn poll_write<S: AsyncWrite>(&mut self, stream: Pin<&mut S>, cx: &mut Context<'_>) -> bool {
        match stream.poll_write(cx, &self.outgoing) {
            Poll::Pending => return false,
            Poll::Ready(Ok(0)) => self.connection.handle_transport_closed("the connection takes nothing any more"),
            Poll::Ready(Ok(count)) => self.wrote(count),
            Poll::Ready(Err(error)) => self.connection.handle_transport_closed(&error.to_string()),
        }
        true
    }

    /// Takes orders, and sends those that may be sent.
    fn poll_orders(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        let now = now();
        while self.held.len() < HELD
            && let Some(orders) = &mut self.orders
            && let Poll::Ready(order) = orders.poll_recv(cx)
        {
            moved = true;
            // What was decided before the order was given comes before it.
            while let Ok(control) = self.control.try_recv() {
                self.obey(Some(control));
            }
            match order {
                Some(order) if self.held.is_empty() && self.may_send() => self.send(order, now),
                Some(order) => self.hold(order),
                None => self.orders = None,
            }
        }
        while self.may_send()
            && let Some(order) = self.held.pop_front()
        {
            moved = true;
            self.send(order, now);
        }
        moved
    }

    /// Does what is due. The timer may go off early: most messages move what they wait for to a later time, and it is not
    /// set anew for each.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(wake) = self.wake() else { return false };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(wake)));
        if wake < timer.deadline() {
            timer.as_mut().reset(wake);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if wake <= Instant::now() {
                self.timeout();
                return true;
            }
            timer.as_mut().reset(wake);
        }
        false
    }

    fn may_read(&self) -> bool {
        let limit = if self.connection.takes_frames() { usize::MAX } else { FIRST_MESSAGE_LIMIT };
        // While answers are awaited they are read, whatever waits to be written: otherwise both ends could wait for the
        // other to read.
        let drained = self.outgoing.len() < WRITE_HARD_LIMIT || !self.replies.is_empty();
        drained && self.incoming.len() < limit
    }

    fn may_send(&self) -> bool {
        self.settling.is_none() && self.outgoing.len() < WRITE_SOFT_LIMIT
    }

    fn wake(&self) -> Option<Instant> {
        let machine = self.connection.poll_timeout().map(Instant::from_std);
        let leaving = self.leaving.as_ref().map(|(_, deadline)| *deadline);
        let held = self.held.iter().map(|order| order.deadline).min();
        [machine, self.overdue, leaving, self.rest_due(), self.settling, held].into_iter().flatten().min()
    }

    /// When the rest of a message is due of which the beginning is there.
    fn rest_due(&self) -> Option<Instant> {
        let begun = self.incoming.len() > 0 && self.connection.takes_frames() && self.may_read();
        begun.then(|| self.last_read + self.link.patience)
    }

    /// Does everything that needs no waiting. The reason, when the connection is over.
    fn settle(&mut self) -> Option<CloseReason> {
        let mut closed = None;
        let now = now();
        let mut told = true;
        loop {
            // Whoever is told of something may have decided something.
            while told && let Ok(control) = self.control.try_recv() {
                self.obey(Some(control));
            }
            self.take_frames(now);
            let Some(event) = self.connection.poll_event() else { break };
            told = !matches!(event, Event::Request(..) | Event::Answer(..));
            match event {
                Event::Introduced(remote) => self.observer.introduced(&remote),
                Event::Open(remote) => {
                    self.overdue = None;
                    self.settling = (!self.link.settling.is_zero()).then(|| Instant::now() + self.link.settling);
                    self.observer.opened(&remote);
                }
                Event::Watchdog(status) => {
                    self.observer.status(status);
                    if status == Status::Suspect {
                        let held = self.held.iter().map(|order| &order.reply);
                        self.replies.values().chain(held).for_each(Reply::suspect);
                    }
                }
                Event::Alive => self.observer.alive(),
                Event::Closing => self.observer.leaving(),
                Event::Request(_, frame) => self.queue(frame),
                Event::Answer(id, frame) => self.reply(id, Ok(frame)),
                Event::TimedOut(id) => self.reply(id, Err(Unanswered::TimedOut)),
                Event::Closed { reason, unanswered } => {
                    for id in unanswered {
                        self.reply(id, Err(Unanswered::Closed(reason.clone())));
                    }
                    closed = Some(reason);
                }
            }
        }
        self.handle(None);
        if closed.is_none() && self.leave() {
            // A connection that never opened is over with that, and nothing else would wake it.
            return self.settle();
        }
        self.gather();
        if closed.is_none() && self.outgoing.len() > WRITE_CEILING {
            let problem = format!("the peer does not read: {} octets wait for it", self.outgoing.len());
            self.connection.abandon(CloseReason::Transport(problem));
            return self.settle();
        }
        closed
    }

    /// Puts what the machine wants sent where it is written from.
    fn gather(&mut self) {
        while let Some(frame) = self.connection.poll_transmit() {
            self.link.see(true, &frame);
            self.outgoing.extend_from_slice(&frame);
        }
    }

    fn take_frames(&mut self, now: std::time::Instant) {
        while self.connection.takes_frames() {
            let limit = match self.connection.remote() {
                Some(_) => self.link.max_message_size,
                None => self.link.max_message_size.min(FIRST_MESSAGE_LIMIT),
            };
            match frame_length(self.incoming.octets()) {
                // As below: whoever sent it is answered if the header is there, and is not waited for if it is not.
                Ok(Some(length)) if length > limit => {
                    let problem = format!("a message of {length} octets is longer than {limit}");
                    return self.connection.handle_unframed(self.incoming.octets(), &problem);
                }
                Ok(Some(length)) if self.incoming.len() >= length => {
                    let frame = self.incoming.split_to(length);
                    self.link.see(false, &frame);
                    self.connection.handle_frame(frame, now);
                }
                Ok(_) => return,
                Err(error) => {
                    let start = self.incoming.octets();
                    return self.connection.handle_unframed(start, &error.to_string());
                }
            }
        }
    }

    fn obey(&mut self, control: Option<Control>) {
        let now = now();
        match control {
            Some(Control::Admit(watchdog)) => self.connection.admit(watchdog.map(|watchdog| *watchdog), now),
            Some(Control::Refuse(error)) => self.connection.refuse(&error),
            Some(Control::Wait(time)) => self.overdue = Some(Instant::now() + time),
            Some(Control::Probe) => self.connection.probe(now),
            Some(Control::Abandon(reason)) => self.connection.abandon(reason),
            Some(Control::Leave(cause, time)) => self.leaving = Some((cause, Instant::now() + time)),
            None => {
                self.node_is_gone = true;
                self.leaving = Some((DisconnectCause::REBOOTING, Instant::now()));
            }
        }
    }

    /// Takes leave, when it is time to; says whether it was.
    fn leave(&mut self) -> bool {
        let Some((cause, deadline)) = self.leaving else { return false };
        let idle = self.replies.is_empty() && self.handlers.is_empty() && self.waiting.is_empty();
        let leaves = !self.connection.is_open() || idle || deadline <= Instant::now();
        if leaves {
            self.leaving = None;
            self.connection.disconnect(cause, now());
        }
        leaves
    }

    fn timeout(&mut self) {
        self.settling = self.settling.filter(|until| *until > Instant::now());
        if self.overdue.is_some_and(|overdue| overdue <= Instant::now()) {
            self.overdue = None;
            self.observer.overdue();
        }
        if self.rest_due().is_some_and(|due| due <= Instant::now()) {
            let problem = format!("the rest of a message did not come within {:?}", self.link.patience);
            self.connection.abandon(CloseReason::Protocol(problem));
        }
        let due = Instant::now();
        while let Some(index) = self.held.iter().position(|order| order.deadline <= due)
            && let Some(order) = self.held.remove(index)
        {
            order.reply.send(Err(Unanswered::TimedOut));
        }
        self.connection.handle_timeout(now());
    }

    fn wrote(&mut self, count: usize) {
        self.unwritten = 0;
        self.outgoing.advance(count);
        if self.outgoing.is_empty() && self.outgoing.capacity() > buffer::LARGE {
            self.outgoing = BytesMut::new();
        }
    }

    fn hold(&mut self, order: Order) {
        if self.connection.status() == Status::Suspect {
            order.reply.suspect();
        }
        self.held.push_back(order);
    }

    fn send(&mut self, Order { frame, deadline, reply }: Order, now: std::time::Instant) {
        let left = deadline.into_std().saturating_duration_since(now);
        if reply.is_abandoned() {
            return;
        }
        if left.is_zero() {
            return reply.send(Err(Unanswered::TimedOut));
        }
        if self.leaving.is_some() || !self.connection.is_open() {
            return reply.send(Err(Unanswered::NotSent(frame)));
        }
        if self.connection.status() == Status::Suspect {
            reply.suspect();
        }
        // It is open.
        if let Ok(id) = self.connection.send_request(frame, left, now) {
            self.replies.insert(id, reply);
            // So that it counts for what may be sent besides.
            self.gather();
        }
    }

    /// Nothing is sent any more.
    fn refuse_orders(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        if let Some(mut orders) = self.orders.take() {
            orders.close();
            held.extend(std::iter::from_fn(|| orders.try_recv().ok()));
        }
        for Order { frame, reply, .. } in held {
            reply.send(Err(Unanswered::NotSent(frame)));
        }
    }

    /// Whoever asked may have stopped waiting; then the answer is of no interest.
    fn reply(&mut self, id: HopByHopId, answer: Result<Bytes, Unanswered>) {
        if let Some(reply) = self.replies.remove(&id) {
            reply.send(answer);
        }
        if self.replies.is_empty() && self.replies.capacity() > 1024 {
            self.replies = FxHashMap::default();
        }
    }
}
