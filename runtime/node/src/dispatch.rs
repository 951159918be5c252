//! From a received request to the handler that answers it.

use bytes::Bytes;
use diametric_protocol::answer::{ErrorAnswer, Origin, RequestContext, classify};
use diametric_protocol::base::ResultCode;
use diametric_protocol::codec::Known;
use diametric_protocol::message::{self, Request};
use diametric_protocol::peer::{LocalNode, RemoteNode};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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
type Handler = Box<dyn Fn(Bytes, RequestContext, Arc<RemoteNode>, Arc<Known>) -> BoxFuture<Handled> + Send + Sync>;
type Handled = Result<Vec<u8>, ErrorAnswer>;

/// The handlers of a node, by application and command.
pub(crate) struct Dispatcher {
    local: Arc<LocalNode>,
    known: Arc<Known>,
    handlers: HashMap<(u32, u32), Handler>,
    max_handlers: usize,
}

impl Dispatcher {
    pub(crate) fn new(local: Arc<LocalNode>, known: Arc<Known>, handlers: Handlers, max_handlers: usize) -> Self {
        Self { local, known, handlers: handlers.0, max_handlers: max_handlers.max(1) }
    }

    pub(crate) fn max_handlers(&self) -> usize {
        self.max_handlers
    }

    /// The frame that answers `frame`; `None` only if no answer can be encoded.
    pub(crate) async fn answer(
        self: Arc<Self>,
        frame: Bytes,
        context: RequestContext,
        peer: Arc<RemoteNode>,
    ) -> Option<Vec<u8>> {
        let handled = match self.handlers.get(&(context.header.application, context.header.command)) {
            Some(handler) => handler(frame, context.clone(), peer, Arc::clone(&self.known)).await,
            None => Err(self.unhandled(&context)),
        };
        handled.map(Some).unwrap_or_else(|error| self.error(&context, &error))
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

    pub(crate) fn error(&self, context: &RequestContext, error: &ErrorAnswer) -> Option<Vec<u8>> {
        let origin = Origin { host: &self.local.origin_host, realm: &self.local.origin_realm };
        match context.error(&origin, error) {
            Ok(frame) => Some(frame),
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
    /// Has requests of type `R` in `application` answered by `handler`.
    pub(crate) fn insert<R, H, F>(&mut self, application: u32, handler: H)
    where
        R: Request,
        H: Fn(Incoming<R>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R::Answer, ErrorAnswer>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let handle = move |frame: Bytes, context: RequestContext, peer, known: Arc<Known>| -> BoxFuture<Handled> {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let received =
                    message::decode_shared::<R>(&frame, &known).map_err(|error| ErrorAnswer::from(&error))?;
                let incoming = Incoming { request: received.body, context: context.clone(), peer };
                let answer = handler(incoming).await?;
                context.answer(&answer).map_err(|error| {
                    tracing::error!(%error, "a handler's answer cannot be encoded");
                    ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer could not be encoded")
                })
            })
        };
        self.0.insert((application, R::CODE), Box::new(handle));
    }
}
