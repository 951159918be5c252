//! Accounting sessions as the application holds them.

use super::service::{AcrForm, Service};
use super::state::RfSessionState;
use super::task::{Order, Task};
use super::{Delivered, RfError, RfFuture};
use crate::attributes::Attributes;
use crate::node::Ending;
use diametric_protocol::accounting::{AccountingRecordType, AccountingRequest};
use diametric_protocol::base::ResultCode;
use diametric_protocol::message::Form;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};

/// A session that was started: the service may be delivered.
#[derive(Debug)]
pub struct Started<F: AcrForm = AccountingRequest> {
    /// The session.
    pub session: RfSession<F>,
    /// What became of START.
    pub delivered: Delivered<F::Answer>,
}

/// An accounting session: everything a [`SessionHandle`] can do, and its end.
///
/// A session that is dropped without [`stop`](Self::stop) or [`detach`](Self::detach) is stopped with a record of what all its
/// records repeat, without Service-Information of its own.
pub struct RfSession<F: AcrForm = AccountingRequest> {
    handle: SessionHandle<F>,
    // Its other end tells the session's task that nobody holds the session any more.
    held: Option<oneshot::Sender<Ending>>,
}

impl<F: AcrForm> Drop for RfSession<F> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // A session that has ended needs no more.
            let _ = held.send(self.handle.service.shared.ending());
        }
    }
}

/// A handle to an accounting session, from many places at once. It does not keep the session alive.
///
/// At most one ACR of a session is outstanding. A dropped future does no harm: its record is delivered or kept all the same.
pub struct SessionHandle<F: AcrForm = AccountingRequest> {
    id: Arc<str>,
    orders: mpsc::UnboundedSender<Order<F>>,
    service: Arc<Service>,
    attributes: Attributes,
    view: watch::Receiver<View>,
}

/// Why a session is over that was not stopped: its service must stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RfEnd {
    /// The Result-Code that stands for the reason.
    pub result_code: ResultCode,
    /// The reason, for people.
    pub reason: String,
}

/// What a session's task shows of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) interim_deadline: Option<Instant>,
    pub(super) end: Option<RfEnd>,
}

impl<F: AcrForm> Clone for SessionHandle<F> {
    fn clone(&self) -> Self {
        Self {
            id: Arc::clone(&self.id),
            orders: self.orders.clone(),
            service: Arc::clone(&self.service),
            attributes: self.attributes.clone(),
            view: self.view.clone(),
        }
    }
}

impl<F: AcrForm> fmt::Debug for SessionHandle<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<F: AcrForm> fmt::Debug for RfSession<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RfSession").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<F: AcrForm> Deref for RfSession<F> {
    type Target = SessionHandle<F>;
    fn deref(&self) -> &SessionHandle<F> {
        &self.handle
    }
}

impl<F: AcrForm> SessionHandle<F> {
    /// Session-Id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// An attribute of the application's own, such as the id of the call that is charged.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name)
    }

    /// Sets an attribute; gives back what it was.
    pub fn set_attribute(&self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.attributes.set(name.into(), value.into())
    }

    /// Reports what was used so far: ACR INTERIM, for an own form of ACR. `fill` is called at once.
    ///
    /// While another record is out, this one waits for its answer; a newer INTERIM takes its place
    /// ([`Delivered::Superseded`]).
    ///
    /// # Errors
    /// When the service must stop: the server refused the record, or Accounting-Realtime-Required does not let the service go
    /// on without it. The session is over.
    pub fn interim_as(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> RfFuture<Delivered<F::Answer>> {
        self.order(AccountingRecordType::InterimRecord, self.service.form(required, fill))
    }

    /// [`on_interim`](SessionHandle::on_interim) for an own form of ACR.
    pub fn on_interim_as(
        &self,
        mut required: impl FnMut() -> F::Required + Send + 'static,
        mut fill: impl FnMut(&mut F) + Send + 'static,
    ) {
        let service = Arc::clone(&self.service);
        let hook = Box::new(move || Box::new(service.form(required(), &mut fill)));
        // A session that is over has nothing to report.
        let _ = self.orders.send(Order::Hook(hook));
    }

    /// When the next INTERIM is due, by the interval in force; `None` where none are wanted, or the session is over.
    ///
    /// For applications that send it themselves, with [`interim`](Self::interim); others use
    /// [`on_interim`](Self::on_interim).
    pub fn interim_deadline(&self) -> Option<Instant> {
        self.view.borrow().interim_deadline
    }

    /// Returns when the session is over without having been stopped, and its service must stop: as `interim` reports it to
    /// whoever called it, and for records that [`on_interim`](Self::on_interim) had sent, nobody did. `None` if it ended in
    /// any other way.
    pub fn must_stop(&self) -> impl Future<Output = Option<RfEnd>> + Send + use<F> {
        let mut view = self.view.clone();
        async move {
            let ended = view.wait_for(|view| view.end.is_some()).await;
            ended.ok().and_then(|view| view.end.clone())
        }
    }

    /// The session as plain data, to be kept and [resumed](super::Rf::resume) elsewhere. Records that are out or wait in line
    /// come first. The session itself goes on; of two live copies only one may be used.
    ///
    /// # Errors
    /// [`RfError::Ended`] if there is nothing to resume.
    pub fn snapshot(&self) -> RfFuture<RfSessionState> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (reply, state) = oneshot::channel();
            orders.send(Order::Snapshot { reply, detach: false }).map_err(|_| RfError::Ended)?;
            drop(orders);
            state.await.map_err(|_| RfError::Ended)
        })
    }

    fn order(&self, record_type: AccountingRecordType, acr: F) -> RfFuture<Delivered<F::Answer>> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (reply, result) = oneshot::channel();
            let order = Order::Acr { record_type, acr: Box::new(acr), reply };
            orders.send(order).map_err(|_| RfError::Ended)?;
            drop(orders);
            result.await.map_err(|_| RfError::Ended)?
        })
    }
}

impl<F: AcrForm> RfSession<F> {
    /// A handle that can be cloned and given away.
    pub fn handle(&self) -> SessionHandle<F> {
        self.handle.clone()
    }

    /// Reports all that was used and ends the session: ACR STOP, for an own form of ACR. `fill` is called at once.
    ///
    /// # Errors
    /// When nobody has the record. The session is over in any case.
    pub fn stop_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RfFuture<Delivered<F::Answer>> {
        let order = self.order(AccountingRecordType::StopRecord, self.service.form(required, fill));
        Box::pin(async move {
            let held = self;
            let delivered = order.await;
            drop(held);
            delivered
        })
    }

    /// Takes leave of the session without ending it: [`snapshot`](SessionHandle::snapshot), after which this process does no
    /// more for it. Records of it that could not be delivered stay with this process.
    ///
    /// # Errors
    /// [`RfError::Ended`] if there is nothing to resume.
    pub fn detach(self) -> RfFuture<RfSessionState> {
        Box::pin(async move {
            let (reply, state) = oneshot::channel();
            self.orders.send(Order::Snapshot { reply, detach: true }).map_err(|_| RfError::Ended)?;
            state.await.map_err(|_| RfError::Ended)
        })
    }
}

impl<F: AcrForm + Form<AccountingRequest, Required = ()>> SessionHandle<F> {
    /// Reports what was used so far: ACR INTERIM. `fill` is called at once.
    ///
    /// While another record is out, this one waits for its answer; a newer INTERIM takes its place
    /// ([`Delivered::Superseded`]).
    ///
    /// # Errors
    /// When the service must stop: the server refused the record, or Accounting-Realtime-Required does not let the service go
    /// on without it. The session is over.
    pub fn interim(&self, fill: impl FnOnce(&mut F)) -> RfFuture<Delivered<F::Answer>> {
        self.interim_as((), fill)
    }

    /// Has the session send INTERIM records by itself, whenever one is due (RFC 6733 §9.8.2): with what every record repeats,
    /// and what `fill` adds, such as fresh Service-Information. Without this the application has to send them, or the server
    /// may think that the session is gone.
    ///
    /// `fill` is called on the session's own task: it must be quick. What becomes of the records is logged; that the service
    /// must stop is told by [`must_stop`](Self::must_stop).
    pub fn on_interim(&self, fill: impl FnMut(&mut F) + Send + 'static) {
        self.on_interim_as(|| (), fill);
    }
}

impl<F: AcrForm + Form<AccountingRequest, Required = ()>> RfSession<F> {
    /// Reports all that was used and ends the session: ACR STOP. `fill` is called at once.
    ///
    /// # Errors
    /// When nobody has the record. The session is over in any case.
    pub fn stop(self, fill: impl FnOnce(&mut F)) -> RfFuture<Delivered<F::Answer>> {
        self.stop_as((), fill)
    }
}

/// Starts a session in a task of its own, so that whoever waits may stop waiting.
pub(super) async fn start<F: AcrForm>(service: Service, acr: F) -> Result<Started<F>, RfError> {
    let id: Arc<str> = service.shared.new_session_id().into();
    // The closure may have changed the proposal for this session.
    let proposal = acr.standard().acct_interim_interval.map(|seconds| std::time::Duration::from_secs(seconds.into()));
    let parts = Parts::new(Arc::clone(&id), Arc::new(service), BTreeMap::new());
    let Parts { session, held, received, show } = parts;
    let (reply, result) = oneshot::channel();
    let order = Order::Acr { record_type: AccountingRecordType::StartRecord, acr: Box::new(acr), reply };
    let task = Task::new(&id, Arc::clone(&session.service), session.attributes.clone(), proposal, held, show);
    tokio::spawn(task.run(received, Some(order)));
    let delivered = result.await.map_err(|_| RfError::Ended)??;
    Ok(Started { session, delivered })
}

/// Takes up a session that was started elsewhere.
pub(super) fn resume<F: AcrForm>(service: Service, state: &RfSessionState) -> RfSession<F> {
    let parts = Parts::new(state.session_id.as_str().into(), Arc::new(service), state.attributes.clone());
    let Parts { session, held, received, show } = parts;
    let task = Task::resume(Arc::clone(&session.service), session.attributes.clone(), held, show, state);
    tokio::spawn(task.run(received, None));
    session
}

/// A session and what its task needs of it.
struct Parts<F: AcrForm> {
    session: RfSession<F>,
    held: oneshot::Receiver<Ending>,
    received: mpsc::UnboundedReceiver<Order<F>>,
    show: watch::Sender<View>,
}

impl<F: AcrForm> Parts<F> {
    fn new(id: Arc<str>, service: Arc<Service>, attributes: BTreeMap<String, String>) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let (holds, held) = oneshot::channel();
        let (show, view) = watch::channel(View::default());
        let handle = SessionHandle { id, orders, service, attributes: Attributes::new(attributes), view };
        Self { session: RfSession { handle, held: Some(holds) }, held, received, show }
    }
}
