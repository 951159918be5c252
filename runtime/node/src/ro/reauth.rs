//! What the server asks of a session: RAR and ASR.

use super::Ro;
use super::service::CcrForm;
use super::session::{Attributes, SessionHandle};
use super::task::{Answer, Order, Reauth};
use crate::dispatch::{Handlers, Held, Incoming};
use crate::node::Shared;
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{AbortSessionAnswer, AbortSessionAnswerRequired, AbortSessionRequest, ResultCode};
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::credit_control::{ReAuthAnswer, ReAuthAnswerRequired, ReAuthRequest};
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use tokio::sync::{mpsc, oneshot};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The sessions of a node, and the handlers for what servers ask of them.
#[derive(Default)]
pub(crate) struct RoSessions {
    sessions: Mutex<HashMap<Arc<str>, Box<dyn Registered>>>,
    // One handler for each form of CCR, by the form's type.
    reauth: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    aborted: RwLock<Option<AbortHandler>>,
}

/// A session of whatever form.
trait Registered: Send {
    fn reauth(&self, sessions: &RoSessions, request: ReAuthRequest) -> BoxFuture<Answer>;
    fn abort(&self) -> BoxFuture<Answer>;
}

/// Does not keep the session's task waiting for orders that nobody can give.
struct Entry<F: CcrForm> {
    id: Arc<str>,
    orders: mpsc::WeakUnboundedSender<Order<F>>,
    service: Weak<super::Service>,
    attributes: Attributes,
}

const UNKNOWN: Answer = (ResultCode::UNKNOWN_SESSION_ID, None);

type AbortHandler = Arc<dyn Fn(&str) + Send + Sync>;

type ReauthHandler<F> = dyn Fn(SessionHandle<F>, Reauthorization) -> BoxFuture<()> + Send + Sync;

/// A RAR that waits for its answer.
#[derive(Debug)]
pub struct Reauthorization {
    /// The request.
    pub request: ReAuthRequest,
    /// Whether a CCR of the session is out. If it reports everything the RAR is about, the answer is
    /// DIAMETER_SUCCESS and no further CCR is due; otherwise DIAMETER_LIMITED_SUCCESS and an update (RFC 8506 §5.5).
    pub pending: bool,
    answer: oneshot::Sender<Answer>,
}

impl Reauthorization {
    /// Sends the RAA. When this is done, it goes out before whatever the handler does next.
    pub async fn answer(self, result_code: ResultCode) {
        let (sent, ahead) = oneshot::channel();
        // The server's connection may be gone; the re-authorization is worth doing all the same.
        if self.answer.send((result_code, Some(sent))).is_ok() {
            // Nothing is ever sent: its other end is let go of in time.
            let _ = ahead.await;
        }
    }
}

impl Ro {
    /// Has RARs for sessions of the standard form answered by `handler`, each in a task of its own.
    ///
    /// The handler answers the RAR, and may then await an [`update`](SessionHandle::update) of the session. One that ends
    /// without an answer leaves DIAMETER_UNABLE_TO_COMPLY. Without a handler, the library answers
    /// DIAMETER_LIMITED_SUCCESS and sends a CCR UPDATE with the session's own AVPs, or DIAMETER_SUCCESS while a CCR
    /// UPDATE is out. A RAR for a session that does not exist is answered DIAMETER_UNKNOWN_SESSION_ID in any case.
    pub fn on_reauth<H, T>(&self, handler: H)
    where
        H: Fn(SessionHandle, Reauthorization) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.on_reauth_as::<CreditControlRequest, H, T>(handler);
    }

    /// [`on_reauth`](Self::on_reauth) for sessions of an own form of CCR.
    pub fn on_reauth_as<F, H, T>(&self, handler: H)
    where
        F: CcrForm,
        H: Fn(SessionHandle<F>, Reauthorization) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let boxed: Box<ReauthHandler<F>> = Box::new(move |session, rar| Box::pin(handler(session, rar)));
        let mut handlers = self.shared.ro_sessions().reauth.write().unwrap_or_else(PoisonError::into_inner);
        handlers.insert(TypeId::of::<F>(), Arc::new(boxed));
    }

    /// Calls `handler` with the Session-Id when a server aborts a session (ASR). The client complies: the service must
    /// stop. A CCR TERMINATION with the session's own AVPs is sent; calls on the session report
    /// [`RoError::Ended`](super::RoError::Ended).
    pub fn on_abort(&self, handler: impl Fn(&str) + Send + Sync + 'static) {
        let mut aborted = self.shared.ro_sessions().aborted.write().unwrap_or_else(PoisonError::into_inner);
        *aborted = Some(Arc::new(handler));
    }
}

impl RoSessions {
    pub(super) fn insert<F: CcrForm>(&self, session: &SessionHandle<F>) {
        let entry = Entry {
            id: Arc::clone(&session.id),
            orders: session.orders.downgrade(),
            service: Arc::downgrade(&session.service),
            attributes: session.attributes.clone(),
        };
        self.lock().insert(Arc::clone(&session.id), Box::new(entry));
    }

    pub(super) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Box<dyn Registered>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handler<F: CcrForm>(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.reauth.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<F>()).cloned()
    }

    async fn reauth(&self, request: ReAuthRequest) -> Answer {
        let answer = self.lock().get(request.session_id.as_str()).map(|session| session.reauth(self, request.clone()));
        match answer {
            Some(answer) => answer.await,
            None => UNKNOWN,
        }
    }

    async fn abort(&self, id: &str) -> Answer {
        let answer = self.lock().get(id).map(|session| session.abort());
        let Some(answer) = answer else { return UNKNOWN };
        let answer = answer.await;
        let aborted = self.aborted.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(aborted) = aborted {
            aborted(id);
        }
        answer
    }
}

impl<F: CcrForm> Registered for Entry<F> {
    fn reauth(&self, sessions: &RoSessions, request: ReAuthRequest) -> BoxFuture<Answer> {
        let (Some(orders), Some(service)) = (self.orders.upgrade(), self.service.upgrade()) else {
            return Box::pin(std::future::ready(UNKNOWN));
        };
        let handler = sessions.handler::<F>();
        let handle = SessionHandle { id: Arc::clone(&self.id), orders, service, attributes: self.attributes.clone() };
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let asked = handle.orders.send(Order::Reauth { reply, application: handler.is_some() });
            let answer = match asked {
                Ok(()) => answer.await,
                Err(_) => return UNKNOWN,
            };
            let handler = handler.as_ref().and_then(|handler| handler.downcast_ref::<Box<ReauthHandler<F>>>());
            match (answer, handler) {
                (Ok(Reauth::Answer(answer)), _) => answer,
                (Ok(Reauth::Ask { pending }), Some(handler)) => {
                    let (answer, answered) = oneshot::channel();
                    tokio::spawn(handler(handle, Reauthorization { request, pending, answer }));
                    answered.await.unwrap_or((ResultCode::UNABLE_TO_COMPLY, None))
                }
                // A session that is just ending.
                _ => UNKNOWN,
            }
        })
    }

    fn abort(&self) -> BoxFuture<Answer> {
        let orders = self.orders.upgrade();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            match orders.map(|orders| orders.send(Order::Abort { reply })) {
                Some(Ok(())) => answer.await.unwrap_or(UNKNOWN),
                _ => UNKNOWN,
            }
        })
    }
}

/// The handlers of RAR and ASR need the node that they are part of: it is filled in when the node exists.
pub(crate) type Later = Arc<OnceLock<Weak<Shared>>>;

/// Has a Ro client answer RAR and ASR, where the application does not do so itself.
pub(crate) fn install(handlers: &mut Handlers, application: u32, later: &Later) {
    install_reauth(handlers, application, later);
    install_abort(handlers, application, later);
}

fn install_reauth(handlers: &mut Handlers, application: u32, later: &Later) {
    if handlers.contains::<ReAuthRequest>(application) {
        return;
    }
    let node = Arc::clone(later);
    handlers.insert_ahead::<ReAuthRequest, _, _>(application, move |incoming: Incoming<ReAuthRequest>| {
        let node = Arc::clone(&node);
        async move {
            let shared = upgrade(&node)?;
            let session_id = incoming.request.session_id.clone();
            let (result_code, sent) = shared.ro_sessions().reauth(incoming.request).await;
            let local = shared.local();
            let mut raa = ReAuthAnswer::new(ReAuthAnswerRequired {
                session_id,
                result_code,
                origin_host: local.origin_host.clone(),
                origin_realm: local.origin_realm.clone(),
            });
            raa.proxy_info = incoming.context.proxy_info.iter().cloned().collect();
            Ok((raa, sent.map(|sent| Box::new(sent) as Held)))
        }
    });
}

fn install_abort(handlers: &mut Handlers, application: u32, later: &Later) {
    if handlers.contains::<AbortSessionRequest>(application) {
        return;
    }
    let node = Arc::clone(later);
    handlers.insert_ahead::<AbortSessionRequest, _, _>(application, move |incoming: Incoming<AbortSessionRequest>| {
        let node = Arc::clone(&node);
        async move {
            let shared = upgrade(&node)?;
            let (result_code, sent) = shared.ro_sessions().abort(&incoming.request.session_id).await;
            let local = shared.local();
            let mut asa = AbortSessionAnswer::new(AbortSessionAnswerRequired {
                session_id: incoming.request.session_id.clone(),
                result_code,
                origin_host: local.origin_host.clone(),
                origin_realm: local.origin_realm.clone(),
            });
            asa.proxy_info = incoming.context.proxy_info.iter().cloned().collect();
            Ok((asa, sent.map(|sent| Box::new(sent) as Held)))
        }
    });
}

fn upgrade(later: &Later) -> Result<Arc<Shared>, ErrorAnswer> {
    let shared = later.get().and_then(Weak::upgrade);
    shared.ok_or_else(|| ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the node is shutting down"))
}
