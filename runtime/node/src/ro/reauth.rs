//! What the server asks of a session: RAR and ASR.

use super::service::CcrForm;
use super::session::SessionHandle;
use super::task::{Answer, Order, Reauth};
use super::{Ro, RoError, RoFuture};
use crate::attributes::Attributes;
use crate::dispatch::{Handlers, Held, Incoming};
use crate::node::Shared;
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{AbortSessionAnswer, AbortSessionAnswerRequired, AbortSessionRequest, ResultCode};
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::credit_control::{ReAuthAnswer, ReAuthAnswerRequired, ReAuthRequest};
use diametric_protocol::message::Form;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use tokio::sync::{mpsc, oneshot};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The sessions of a node, and the handlers for what servers ask of them.
#[derive(Default)]
pub(crate) struct RoSessions {
    sessions: Mutex<HashMap<Arc<str>, Box<dyn Registered>>>,
    reauth: HandlersOfForms,
    abort: HandlersOfForms,
}

/// One handler for each form of CCR, by the form's type.
type HandlersOfForms = RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>;

/// A session of whatever form.
trait Registered: Send {
    fn reauth(&self, sessions: &RoSessions, request: ReAuthRequest) -> BoxFuture<Answer>;
    fn abort(&self, sessions: &RoSessions, request: AbortSessionRequest) -> BoxFuture<Answer>;
}

/// Does not keep the session's task waiting for orders that nobody can give.
struct Entry<F: CcrForm> {
    id: Arc<str>,
    orders: mpsc::WeakUnboundedSender<Order<F>>,
    service: Weak<super::Service>,
    attributes: Attributes,
}

const UNKNOWN: Answer = (ResultCode::UNKNOWN_SESSION_ID, None);

type AbortHandler<F> = dyn Fn(SessionHandle<F>, Abort<F>) -> BoxFuture<()> + Send + Sync;

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

/// An ASR that waits for its answer.
///
/// Dropped without one, the client complies, and the session is terminated without a report of used units.
pub struct Abort<F: CcrForm = CreditControlRequest> {
    /// The request.
    pub request: AbortSessionRequest,
    orders: mpsc::UnboundedSender<Order<F>>,
    service: Arc<super::Service>,
    answer: oneshot::Sender<Answer>,
}

impl<F: CcrForm> fmt::Debug for Abort<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Abort").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<F: CcrForm> Abort<F> {
    /// Complies, for an own form of CCR: the ASA with DIAMETER_SUCCESS goes out, then a CCR TERMINATION with what was used.
    /// `fill` is called at once. Termination-Cause is DIAMETER_ADMINISTRATIVE where `fill` does not set it.
    ///
    /// # Errors
    /// [`RoError::Ended`] if the session ends already by other means; and as [`RoSession::terminate`](super::RoSession::terminate).
    pub fn terminate_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        let ccr = Box::new(self.service.form(required, fill));
        let Self { orders, answer, .. } = self;
        Box::pin(async move {
            let (reply, terminated) = oneshot::channel();
            let order = Order::Abort { reply: answer, comply: true, report: Some((ccr, reply)) };
            orders.send(order).map_err(|_| RoError::Ended)?;
            drop(orders);
            terminated.await.map_err(|_| RoError::Ended)?.map(|answer| *answer)
        })
    }

    /// Does not comply: the ASA says DIAMETER_UNABLE_TO_COMPLY, and the session goes on (RFC 6733 §8.5.2).
    pub fn refuse(self) {
        // A session that is over has nothing to refuse; its ASA says so.
        let _ = self.orders.send(Order::Abort { reply: self.answer, comply: false, report: None });
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> Abort<F> {
    /// Complies: the ASA with DIAMETER_SUCCESS goes out, then a CCR TERMINATION with what was used. `fill` is called at
    /// once. Termination-Cause is DIAMETER_ADMINISTRATIVE where `fill` does not set it.
    ///
    /// # Errors
    /// As [`terminate_as`](Self::terminate_as).
    pub fn terminate(self, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.terminate_as((), fill)
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

    /// Has ASRs for sessions of the standard form answered by `handler`, each in a task of its own: the server wants the
    /// session ended.
    ///
    /// The handler stops the service and [terminates](Abort::terminate) the session with what was used, or
    /// [refuses](Abort::refuse). From then on calls on an aborted session report [`RoError::Ended`]. Without a handler, and
    /// where one ends without doing either, the library complies and sends a CCR TERMINATION with the session's own AVPs. An
    /// ASR for a session that does not exist is answered DIAMETER_UNKNOWN_SESSION_ID in any case.
    pub fn on_abort<H, T>(&self, handler: H)
    where
        H: Fn(SessionHandle, Abort) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.on_abort_as::<CreditControlRequest, H, T>(handler);
    }

    /// [`on_abort`](Self::on_abort) for sessions of an own form of CCR.
    pub fn on_abort_as<F, H, T>(&self, handler: H)
    where
        F: CcrForm,
        H: Fn(SessionHandle<F>, Abort<F>) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let boxed: Box<AbortHandler<F>> = Box::new(move |session, asr| Box::pin(handler(session, asr)));
        let mut handlers = self.shared.ro_sessions().abort.write().unwrap_or_else(PoisonError::into_inner);
        handlers.insert(TypeId::of::<F>(), Arc::new(boxed));
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

    async fn reauth(&self, request: ReAuthRequest) -> Answer {
        let answer = self.lock().get(request.session_id.as_str()).map(|session| session.reauth(self, request.clone()));
        match answer {
            Some(answer) => answer.await,
            None => UNKNOWN,
        }
    }

    async fn abort(&self, request: AbortSessionRequest) -> Answer {
        let answer = self.lock().get(request.session_id.as_str()).map(|session| session.abort(self, request.clone()));
        match answer {
            Some(answer) => answer.await,
            None => UNKNOWN,
        }
    }
}

fn handler<F: CcrForm>(handlers: &HandlersOfForms) -> Option<Arc<dyn Any + Send + Sync>> {
    handlers.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<F>()).cloned()
}

impl<F: CcrForm> Entry<F> {
    /// A handle to the session, if it is not just ending.
    fn handle(&self) -> Option<SessionHandle<F>> {
        let (orders, service) = (self.orders.upgrade()?, self.service.upgrade()?);
        Some(SessionHandle { id: Arc::clone(&self.id), orders, service, attributes: self.attributes.clone() })
    }
}

impl<F: CcrForm> Registered for Entry<F> {
    fn reauth(&self, sessions: &RoSessions, request: ReAuthRequest) -> BoxFuture<Answer> {
        let Some(handle) = self.handle() else { return Box::pin(std::future::ready(UNKNOWN)) };
        let handler = handler::<F>(&sessions.reauth);
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

    fn abort(&self, sessions: &RoSessions, request: AbortSessionRequest) -> BoxFuture<Answer> {
        let Some(handle) = self.handle() else { return Box::pin(std::future::ready(UNKNOWN)) };
        let handler = handler::<F>(&sessions.abort);
        Box::pin(async move {
            let orders = handle.orders.clone();
            if let Some(handler) = handler.as_ref().and_then(|any| any.downcast_ref::<Box<AbortHandler<F>>>()) {
                let (answer, answered) = oneshot::channel();
                let service = Arc::clone(&handle.service);
                let asr = Abort { request, orders: orders.clone(), service, answer };
                tokio::spawn(handler(handle, asr));
                if let Ok(answer) = answered.await {
                    return answer;
                }
            } else {
                drop(handle);
            }
            let (reply, answer) = oneshot::channel();
            match orders.send(Order::Abort { reply, comply: true, report: None }) {
                Ok(()) => answer.await.unwrap_or(UNKNOWN),
                Err(_) => UNKNOWN,
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
    handlers.insert::<ReAuthRequest, _, _, _>(application, move |incoming: Incoming<ReAuthRequest>| {
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
    handlers.insert::<AbortSessionRequest, _, _, _>(application, move |incoming: Incoming<AbortSessionRequest>| {
        let node = Arc::clone(&node);
        async move {
            let shared = upgrade(&node)?;
            let session_id = incoming.request.session_id.clone();
            let (result_code, sent) = shared.ro_sessions().abort(incoming.request).await;
            let local = shared.local();
            let mut asa = AbortSessionAnswer::new(AbortSessionAnswerRequired {
                session_id,
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
