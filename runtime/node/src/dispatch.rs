//! From a received request to the handler that answers it.

use crate::config::Config;
use bytes::Bytes;
use diametric_protocol::answer::{ErrorAnswer, Origin, RequestContext, classify};
use diametric_protocol::base::{DestinationHost, ResultCode, RouteRecord};
use diametric_protocol::codec::{Avp, EncodeError, Known};
use diametric_protocol::message::{self, Request};
use diametric_protocol::peer::{LocalNode, RemoteNode};
use diametric_protocol::wire::RawMessage;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Handle = Box<dyn Fn(Bytes, RequestContext, Arc<RemoteNode>, Arc<Known>) -> BoxFuture<Handled> + Send + Sync>;
type Refuse = fn(&RequestContext, &Origin<'_>, &ErrorAnswer, &[u8]) -> Result<Vec<u8>, EncodeError>;
type Handled = Result<Reply, ErrorAnswer>;

/// What is done with the requests of one type.
struct Handler {
    handle: Handle,
    /// [`RequestContext::refuse`] for the answers to these requests.
    refuse: Refuse,
}

/// An answer on its way to the connection.
pub(crate) struct Reply {
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
    handlers: HashMap<(u32, u32), Handler>,
    max_handlers: usize,
    total: Arc<Semaphore>,
}

impl Dispatcher {
    pub(crate) fn new(local: Arc<LocalNode>, known: Arc<Known>, handlers: Handlers, config: &Config) -> Self {
        Self {
            local,
            known,
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

    /// What answers `frame`; `None` only if no answer can be encoded.
    pub(crate) async fn answer(
        self: Arc<Self>,
        frame: Bytes,
        context: RequestContext,
        peer: Arc<RemoteNode>,
    ) -> Option<Reply> {
        if let Err(error) = self.is_for_here(&frame) {
            return self.refuse(&context, &error, &frame);
        }
        let handled = match self.handlers.get(&(context.header.application, context.header.command)) {
            Some(handler) => (handler.handle)(frame.clone(), context.clone(), peer, Arc::clone(&self.known)).await,
            None => Err(self.unhandled(&context)),
        };
        handled.map(Some).unwrap_or_else(|error| self.refuse(&context, &error, &frame))
    }

    /// Refuses what has been here before, and what is for another node: this one forwards nothing (RFC 6733 §6.1.3).
    fn is_for_here(&self, frame: &[u8]) -> Result<(), ErrorAnswer> {
        let own = |data: &[u8]| data.eq_ignore_ascii_case(self.local.origin_host.as_bytes());
        let Ok(message) = RawMessage::read(frame) else { return Ok(()) };
        for avp in message.avps().filter_map(Result::ok).filter(|avp| avp.vendor == 0) {
            match avp.code {
                RouteRecord::CODE if own(avp.data) => {
                    let message = "this node is in the Route-Record already";
                    return Err(ErrorAnswer::new(ResultCode::LOOP_DETECTED, message));
                }
                // An empty one is malformed, which is for the decoder to say.
                DestinationHost::CODE if !own(avp.data) && !avp.data.is_empty() => {
                    let message = format!("this node is {} and forwards no requests", self.local.origin_host);
                    return Err(ErrorAnswer::new(ResultCode::UNABLE_TO_DELIVER, message));
                }
                _ => {}
            }
        }
        Ok(())
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
    pub(crate) fn refuse(&self, context: &RequestContext, error: &ErrorAnswer, frame: &[u8]) -> Option<Reply> {
        let origin = Origin { host: &self.local.origin_host, realm: &self.local.origin_realm };
        let answer = match self.handlers.get(&(context.header.application, context.header.command)) {
            Some(handler) => (handler.refuse)(context, &origin, error, frame),
            None => context.error(&origin, error),
        };
        match answer {
            Ok(frame) => Some(Reply { frame, held: None }),
            Err(error) => {
                tracing::error!(%error, "an error answer cannot be encoded");
                None
            }
        }
    }
}

/// Handlers, as they are collected before a node starts.
#[derive(Default)]
pub(crate) struct Handlers(HashMap<(u32, u32), Handler>);

impl Handlers {
    /// Whether requests of type `R` in `application` have a handler.
    pub(crate) fn contains<R: Request>(&self, application: u32) -> bool {
        self.0.contains_key(&(application, R::CODE))
    }

    /// Has requests of type `R` in `application` answered by `handler`.
    pub(crate) fn insert<R, H, F>(&mut self, application: u32, handler: H)
    where
        R: Request,
        H: Fn(Incoming<R>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R::Answer, ErrorAnswer>> + Send + 'static,
    {
        self.insert_ahead::<R, _, _>(application, move |incoming| {
            let answer = handler(incoming);
            async move { Ok((answer.await?, None)) }
        });
    }

    /// [`insert`](Self::insert), for a handler with something to do that must come after its answer: what it gives besides is
    /// let go of when the answer has its place in the connection.
    pub(crate) fn insert_ahead<R, H, F>(&mut self, application: u32, handler: H)
    where
        R: Request,
        H: Fn(Incoming<R>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(R::Answer, Option<Held>), ErrorAnswer>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let handle = move |frame: Bytes, context: RequestContext, peer, known: Arc<Known>| -> BoxFuture<Handled> {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let received =
                    message::decode_shared::<R>(&frame, &known).map_err(|error| ErrorAnswer::from(&error))?;
                let incoming = Incoming { request: received.body, context: context.clone(), peer };
                let (answer, held) = handler(incoming).await?;
                let frame = context.answer(&answer);
                frame.map(|frame| Reply { frame, held }).map_err(|error| {
                    tracing::error!(%error, "a handler's answer cannot be encoded");
                    ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer could not be encoded")
                })
            })
        };
        let handler = Handler { handle: Box::new(handle), refuse: RequestContext::refuse::<R::Answer> };
        self.0.insert((application, R::CODE), handler);
    }
}
