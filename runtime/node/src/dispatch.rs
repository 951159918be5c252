//! From a received request to the handler that answers it.

use crate::config::Config;
use crate::decode::Leniency;
use bytes::Bytes;
use diametric_engine::peer::{LocalNode, RemoteNode};
use diametric_protocol::answer::{self, ErrorAnswer, Origin, RequestContext, classify};
use diametric_protocol::base::{
    AcctApplicationId, AuthApplicationId, DestinationHost, ResultCode, RouteRecord, SessionId,
    VendorSpecificApplicationId,
};
use diametric_protocol::codec::{Avp, EncodeError, Known};
use diametric_protocol::message::{Answer, Request};
use diametric_protocol::value::RawGroup;
use diametric_protocol::wire::{Header, RawAvp, RawAvpBuf};
use rustc_hash::FxHashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

/// However few handlers there may be, so many requests may wait for one.
const MIN_WAITING: usize = 256;

/// A request as a handler gets it.
#[derive(Clone, Debug)]
pub struct Incoming<R> {
    /// The request.
    pub request: R,
    /// Its header, Session-Id and Proxy-Info.
    pub context: RequestContext,
    /// The peer it came from; the originator is in the request's Origin-Host.
    pub peer: Arc<RemoteNode>,
}

impl<R: Request> Incoming<R> {
    /// Where a request is decoded to: it is large, and made where it stays.
    #[inline(never)]
    fn blank(context: RequestContext, peer: &Arc<RemoteNode>) -> Self {
        Self { request: R::blank_group(), context, peer: Arc::clone(peer) }
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Decodes a request and calls the handler: at once, or when the future is first polled.
type Call = Box<dyn Fn(&Bytes, Asker<'_>, At) -> Called + Send + Sync>;
type Called = Result<Progress, ErrorAnswer>;
type Handled = Result<Answered, ErrorAnswer>;

/// How far a handler has come.
enum Progress {
    Done(Answered),
    Waits(BoxFuture<Handled>),
}

/// What is known of a request before it is decoded.
struct Asker<'a> {
    context: RequestContext,
    peer: &'a Arc<RemoteNode>,
    known: &'a Known,
    leniency: &'a Leniency,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Once,
    FirstPoll,
}

/// How long a handler may take before its first await, or for an answer that awaits nothing. One that takes longer holds
/// its connection up.
const QUICK: Duration = Duration::from_micros(200);
/// How many requests get a task each after one that held its connection up, before the next is tried at once.
const WARINESS: u32 = 64;

/// [`RequestContext::refuse`] for the answers to one type of requests.
type Refuse = fn(&RequestContext, &Origin<'_>, &ErrorAnswer, &[u8]) -> Result<Vec<u8>, EncodeError>;

/// What is done with the requests of one type.
struct Handler {
    call: Call,
    refuse: Refuse,
    /// Requests that are not handled at once, since the handler takes its time.
    wary: AtomicU32,
}

/// How far a request has come.
pub(crate) enum Begun {
    /// It is answered; `None` only if no answer can be encoded.
    Answered(Option<Answered>),
    /// The handler waits for something.
    Waits(BoxFuture<Option<Answered>>),
}

/// An answer on its way to the connection.
pub(crate) struct Answered {
    pub(crate) frame: Vec<u8>,
    /// Is let go of when the answer has its place, ahead of whatever is sent next, or will never have one.
    pub(crate) held: Option<Held>,
}

/// Something whose end tells whoever is interested.
pub(crate) type Held = Box<dyn Send>;

/// The handlers of a node, by application and command.
pub(crate) struct Dispatcher {
    local: Arc<LocalNode>,
    known: Arc<Known>,
    leniency: Leniency,
    handlers: FxHashMap<(u32, u32), Handler>,
    max_handlers: usize,
    total: Arc<Semaphore>,
}

impl Dispatcher {
    pub(crate) fn new(local: Arc<LocalNode>, known: Arc<Known>, handlers: Handlers, config: &Config) -> Self {
        Self {
            local,
            known,
            leniency: Leniency::new(&config.lenient),
            handlers: handlers.0,
            max_handlers: config.max_handlers.max(1),
            total: Arc::new(Semaphore::new(config.max_handlers_total.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// Handlers that may run for one connection.
    pub(crate) fn max_handlers(&self) -> usize {
        self.max_handlers
    }

    /// Requests of one connection that may wait for a handler.
    pub(crate) fn max_waiting(&self) -> usize {
        self.max_handlers.max(MIN_WAITING)
    }

    /// What a handler needs to run: one of the node's permits.
    pub(crate) fn permit(&self) -> impl Future<Output = OwnedSemaphorePermit> + use<> {
        let total = Arc::clone(&self.total);
        async move {
            match total.acquire_owned().await {
                Ok(permit) => permit,
                // The semaphore is never closed.
                Err(_) => std::future::pending().await,
            }
        }
    }

    /// A permit, if there is one.
    pub(crate) fn permit_now(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.total).try_acquire_owned().ok()
    }

    /// Begins to handle a request. A handler that needs not wait has answered when this returns: no task is made for it, and
    /// its answer goes out together with others. One that waits, or that was slow lately, is to be run in a task.
    ///
    /// `clock` is when this began, and then when it ended: the next begins there.
    pub(crate) fn begin(self: &Arc<Self>, frame: &Bytes, peer: &Arc<RemoteNode>, clock: &mut Instant) -> Begun {
        let application = Header::peek(frame).map(|header| header.application);
        let (mut misled, mut other) = (None, None);
        let misleading = |code| matches!(code, RouteRecord::CODE | DestinationHost::CODE | SessionId::CODE);
        let naming = |code| {
            matches!(code, AuthApplicationId::CODE | AcctApplicationId::CODE | VendorSpecificApplicationId::CODE)
        };
        let wanted = |code| misleading(code) || naming(code);
        let context = RequestContext::of_seen(frame, wanted, |avp| {
            if misled.is_none() && misleading(avp.code) {
                misled = self.misleads(avp);
            }
            if other.is_none() && naming(avp.code) {
                other = other_application(avp, application);
            }
        });
        let Some(context) = context else { return Begun::Answered(None) };
        if let Some(error) = misled {
            return Begun::Answered(self.refuse(&context, &error, frame));
        }
        let header = context.header;
        let Some(handler) = self.handlers.get(&(header.application, header.command)) else {
            return Begun::Answered(self.refuse(&context, &self.unhandled(&context), frame));
        };
        if let Some(avp) = other {
            return Begun::Answered(self.refuse(&context, &wrong_application(avp, header.application), frame));
        }
        let Header { command, application, hop_by_hop, end_to_end, .. } = header;
        let span = tracing::debug_span!("request", command, application, %hop_by_hop, %end_to_end);
        let entered = span.enter();
        let wary = handler.wary.load(Ordering::Relaxed);
        let at = if wary > 0 { At::FirstPoll } else { At::Once };
        let asker = Asker { context, peer, known: &self.known, leniency: &self.leniency };
        // What a handler leaves behind when it panics is its own affair, as in a task.
        let begun = std::panic::catch_unwind(AssertUnwindSafe(|| (handler.call)(frame, asker, at)));
        let started = std::mem::replace(clock, Instant::now());
        if *clock > started + QUICK {
            handler.wary.store(WARINESS, Ordering::Relaxed);
        } else if wary > 0 {
            handler.wary.store(wary - 1, Ordering::Relaxed);
        }
        drop(entered);
        match begun {
            Ok(Ok(Progress::Done(answer))) => Begun::Answered(Some(answer)),
            Ok(Ok(Progress::Waits(future))) => {
                let (dispatcher, frame) = (Arc::clone(self), frame.clone());
                let waits = async move {
                    let handled = future.await;
                    handled.map(Some).unwrap_or_else(|error| dispatcher.refuse_frame(&frame, &error))
                };
                Begun::Waits(Box::pin(waits.instrument(span)))
            }
            Ok(Err(error)) => Begun::Answered(self.refuse_frame(frame, &error)),
            Err(_) => Begun::Answered(self.panicked(frame)),
        }
    }

    /// What answers a request whose handler has panicked.
    pub(crate) fn panicked(&self, frame: &[u8]) -> Option<Answered> {
        let command = Header::peek(frame).map(|header| header.command);
        tracing::error!(command, "a request handler panicked");
        self.refuse_frame(frame, &ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the request could not be handled"))
    }

    fn refuse_frame(&self, frame: &[u8], error: &ErrorAnswer) -> Option<Answered> {
        self.refuse(&RequestContext::of(frame)?, error, frame)
    }

    /// Refuses what has been here before, what is for another node, since this one forwards nothing (RFC 6733 §6.1.3), and what
    /// is of no session: a Session-Id begins with the identity of who made it (§8.8), so an empty one is none.
    fn misleads(&self, avp: RawAvp<'_>) -> Option<ErrorAnswer> {
        let own = || avp.data.eq_ignore_ascii_case(self.local.origin_host.as_bytes());
        match (avp.vendor, avp.code) {
            (0, RouteRecord::CODE) if own() => {
                let message = "this node is in the Route-Record already";
                Some(ErrorAnswer::new(ResultCode::LOOP_DETECTED, message))
            }
            // An empty one is malformed, which is for the decoder to say.
            (0, DestinationHost::CODE) if !avp.data.is_empty() && !own() => {
                let message = format!("this node is {} and forwards no requests", self.local.origin_host);
                Some(ErrorAnswer::new(ResultCode::UNABLE_TO_DELIVER, message))
            }
            (0, SessionId::CODE) if avp.data.is_empty() => {
                let message = "the Session-Id is empty: it has to begin with the identity of its sender";
                Some(invalid_value(avp, message.into()))
            }
            _ => None,
        }
    }

    fn unhandled(&self, context: &RequestContext) -> ErrorAnswer {
        match classify(context.header, &self.known) {
            Err(error) => error,
            Ok(info) if self.local.applications.serves(context.header.application) => ErrorAnswer::new(
                ResultCode::COMMAND_UNSUPPORTED,
                format!("this node has no handler for {}", info.abbreviation),
            ),
            Ok(_) => ErrorAnswer::new(
                ResultCode::APPLICATION_UNSUPPORTED,
                format!("this node does not serve application {}", context.header.application),
            ),
        }
    }

    /// Refuses the request in `frame`, in the grammar of its own answer where that can be.
    pub(crate) fn refuse(&self, context: &RequestContext, error: &ErrorAnswer, frame: &[u8]) -> Option<Answered> {
        let origin = Origin { host: &self.local.origin_host, realm: &self.local.origin_realm };
        let answer = match self.handlers.get(&(context.header.application, context.header.command)) {
            Some(handler) => (handler.refuse)(context, &origin, error, frame),
            None => context.error(&origin, error),
        };
        match answer {
            Ok(frame) => Some(Answered { frame, held: None }),
            Err(error) => {
                tracing::error!(%error, "an error answer cannot be encoded");
                None
            }
        }
    }
}

/// The application id in this AVP, if it is another than that of the message's header (RFC 6733 §3).
fn other_application(avp: RawAvp<'_>, application: Option<u32>) -> Option<RawAvp<'_>> {
    // Of another length, it is malformed.
    let other = |id: &RawAvp<'_>| id.data.try_into().is_ok_and(|id| Some(u32::from_be_bytes(id)) != application);
    match (avp.vendor, avp.code) {
        (0, AuthApplicationId::CODE | AcctApplicationId::CODE) => Some(avp).filter(other),
        (0, VendorSpecificApplicationId::CODE) => {
            let ids = [AuthApplicationId::CODE, AcctApplicationId::CODE];
            avp.members().filter_map(Result::ok).find(|id| ids.contains(&id.code) && other(id))
        }
        _ => None,
    }
}

fn wrong_application(avp: RawAvp<'_>, application: u32) -> ErrorAnswer {
    let name = if avp.code == AuthApplicationId::CODE { AuthApplicationId::NAME } else { AcctApplicationId::NAME };
    invalid_value(avp, format!("{name} is not the application of the message's header, {application}"))
}

/// Refuses an AVP, which is short.
fn invalid_value(avp: RawAvp<'_>, message: String) -> ErrorAnswer {
    let mut error = ErrorAnswer::new(ResultCode::INVALID_AVP_VALUE, message);
    let mut failed = Vec::new();
    if RawAvpBuf::from(avp).write(&mut failed).is_ok() {
        error.failed_avp = Some(RawGroup::from(failed.as_slice()));
    }
    error
}

/// Handlers, as they are collected before a node starts.
#[derive(Default)]
pub(crate) struct Handlers(FxHashMap<(u32, u32), Handler>);

impl Handlers {
    /// Whether requests of type `R` in `application` have a handler.
    pub(crate) fn contains<R: Request>(&self, application: u32) -> bool {
        self.0.contains_key(&(application, R::CODE))
    }

    /// Has requests of type `R` in `application` answered by `handler`. What that gives besides an answer, for what must come
    /// after it, is let go of when the answer has its place in the connection.
    pub(crate) fn insert<R, H, F, G>(&mut self, application: u32, handler: H)
    where
        R: Request,
        H: Fn(Incoming<R>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<G, ErrorAnswer>> + Send + 'static,
        G: Gives<R::Answer>,
    {
        let handler = Arc::new(handler);
        let call = move |frame: &Bytes, asker: Asker<'_>, at: At| -> Called {
            let Asker { context, peer, known, leniency } = asker;
            let header = context.answer_header();
            let mut incoming = Incoming::<R>::blank(context, peer);
            if let Err(error) = leniency.decode(&mut incoming.request, frame, known, &peer.origin_host) {
                return Err(ErrorAnswer::from(&error));
            }
            let handler = match at {
                At::Once => {
                    let mut handling = Box::pin(handler(incoming));
                    // Nobody is woken by this one: the task polls again.
                    return match &mut handling.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                        Poll::Ready(given) => encoded(header, given).map(Progress::Done),
                        Poll::Pending => {
                            Ok(Progress::Waits(Box::pin(async move { encoded(header, &mut handling.await) })))
                        }
                    };
                }
                At::FirstPoll => Arc::clone(&handler),
            };
            Ok(Progress::Waits(Box::pin(async move { encoded(header, &mut handler(incoming).await) })))
        };
        let refuse = RequestContext::refuse::<R::Answer>;
        self.0.insert((application, R::CODE), Handler { call: Box::new(call), refuse, wary: AtomicU32::new(0) });
    }
}

/// What a handler gives: an answer, or an answer and perhaps something to let go of when it has its place.
pub(crate) trait Gives<A>: Send {
    fn answer(&self) -> &A;
    fn held(&mut self) -> Option<Held>;
}

impl<A: Answer> Gives<A> for A {
    fn answer(&self) -> &A {
        self
    }

    fn held(&mut self) -> Option<Held> {
        None
    }
}

impl<A: Answer> Gives<A> for (A, Option<Held>) {
    fn answer(&self) -> &A {
        &self.0
    }

    fn held(&mut self) -> Option<Held> {
        self.1.take()
    }
}

/// Encodes what a handler says, where it is: a message is large.
fn encoded<A: Answer>(header: Header, given: &mut Result<impl Gives<A>, ErrorAnswer>) -> Handled {
    let given = given.as_mut().map_err(|error| error.clone())?;
    match answer::encode(header, given.answer()) {
        Ok(frame) => Ok(Answered { frame, held: given.held() }),
        Err(error) => {
            tracing::error!(%error, "a handler's answer cannot be encoded");
            Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer could not be encoded"))
        }
    }
}
