//! Credit-control sessions as the application holds them.

use super::service::{CcrForm, Service};
use super::state::RoSessionState;
use super::task::{Order, Task};
use super::{RoError, RoFuture};
use crate::attributes::Attributes;
use crate::node::Ending;
use diametric_engine::ro::session::{Input, UpdateReason};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::message::Form;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// A session that was opened: the service may be delivered.
#[derive(Debug)]
pub enum Opened<F: CcrForm = CreditControlRequest> {
    /// The server granted it.
    Granted {
        /// The session.
        session: RoSession<F>,
        /// The CCA.
        answer: Box<F::Answer>,
    },
    /// The service may be delivered without the server's grant: the failure handling is CONTINUE, or
    /// RETRY_AND_TERMINATE while the answer may still come, or the server needs no credit control (4011).
    Uncontrolled {
        /// The session. A late answer opens it; otherwise its methods report [`RoError::Ended`].
        session: RoSession<F>,
        /// What happened.
        cause: RoError,
    },
}

/// A credit-control session (ECUR or SCUR): everything a [`SessionHandle`] can do, and its end.
///
/// A session that is dropped without [`terminate`](Self::terminate) or [`detach`](Self::detach) is terminated without a
/// report of used units.
pub struct RoSession<F: CcrForm = CreditControlRequest> {
    handle: SessionHandle<F>,
    // Its other end tells the session's task that nobody holds the session any more.
    held: Option<oneshot::Sender<Ending>>,
}

impl<F: CcrForm> Drop for RoSession<F> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            // A session that has ended needs no more.
            let _ = held.send(self.handle.service.shared.ending());
        }
    }
}

/// A handle to a credit-control session, from many places at once. It does not keep the session alive.
///
/// At most one CCR of a session is outstanding; calls made meanwhile wait in line. A dropped future does no harm: its
/// request still gets its answer.
pub struct SessionHandle<F: CcrForm = CreditControlRequest> {
    pub(super) id: Arc<str>,
    pub(super) orders: mpsc::UnboundedSender<Order<F>>,
    pub(super) service: Arc<Service>,
    pub(super) attributes: Attributes,
}

impl<F: CcrForm> Clone for SessionHandle<F> {
    fn clone(&self) -> Self {
        Self {
            id: Arc::clone(&self.id),
            orders: self.orders.clone(),
            service: Arc::clone(&self.service),
            attributes: self.attributes.clone(),
        }
    }
}

impl<F: CcrForm> fmt::Debug for SessionHandle<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<F: CcrForm> fmt::Debug for RoSession<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoSession").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<F: CcrForm> Deref for RoSession<F> {
    type Target = SessionHandle<F>;
    fn deref(&self) -> &SessionHandle<F> {
        &self.handle
    }
}

impl<F: CcrForm> SessionHandle<F> {
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

    /// Reports used units and asks for new ones: CCR UPDATE (SCUR), for an own form of CCR. `fill` is called at once.
    ///
    /// # Errors
    /// [`RoError::Uncontrolled`] if the service may go on all the same; other errors if it must stop.
    pub fn update_as(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.order(Input::Update(UpdateReason::Application), self.service.form(required, fill))
    }

    /// The session as plain data, to be kept and [resumed](super::Ro::resume) elsewhere. Requests that are out or wait in
    /// line come first. The session itself goes on; of two live copies only one may be used.
    ///
    /// # Errors
    /// [`RoError::Ended`] if there is nothing to resume.
    pub fn snapshot(&self) -> RoFuture<RoSessionState> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (reply, state) = oneshot::channel();
            orders.send(Order::Snapshot { reply }).map_err(|_| RoError::Ended)?;
            drop(orders);
            state.await.map_err(|_| RoError::Ended)
        })
    }

    fn order(&self, input: Input, ccr: F) -> RoFuture<F::Answer> {
        let orders = self.orders.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            orders.send(Order::Ccr { input, ccr: Box::new(ccr), reply }).map_err(|_| RoError::Ended)?;
            drop(orders);
            answer.await.map_err(|_| RoError::Ended)?.map(|answer| *answer)
        })
    }
}

impl<F: CcrForm> RoSession<F> {
    /// A handle that can be cloned and given away.
    pub fn handle(&self) -> SessionHandle<F> {
        self.handle.clone()
    }

    /// Reports what was used and ends the session: CCR TERMINATION, for an own form of CCR. `fill` is called at once.
    ///
    /// # Errors
    /// If there is no successful answer. The session is over in any case.
    pub fn terminate_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        let ccr: F = self.service.form(required, fill);
        let cause = ccr.standard().termination_cause.unwrap_or(TerminationCause::LOGOUT);
        let order = self.order(Input::Terminate(cause), ccr);
        Box::pin(async move {
            let held = self;
            let answer = order.await;
            drop(held);
            answer
        })
    }

    /// Takes leave of the session without ending it: [`snapshot`](SessionHandle::snapshot), after which this process does
    /// no more for it.
    ///
    /// # Errors
    /// [`RoError::Ended`] if there is nothing to resume.
    pub fn detach(self) -> RoFuture<RoSessionState> {
        Box::pin(async move {
            let (reply, state) = oneshot::channel();
            self.orders.send(Order::Detach { reply }).map_err(|_| RoError::Ended)?;
            state.await.map_err(|_| RoError::Ended)
        })
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> SessionHandle<F> {
    /// Reports used units and asks for new ones: CCR UPDATE (SCUR). `fill` is called at once.
    ///
    /// # Errors
    /// [`RoError::Uncontrolled`] if the service may go on all the same; other errors if it must stop.
    pub fn update(&self, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.update_as((), fill)
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> RoSession<F> {
    /// Reports what was used and ends the session: CCR TERMINATION. `fill` is called at once.
    ///
    /// # Errors
    /// If there is no successful answer. The session is over in any case.
    pub fn terminate(self, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        self.terminate_as((), fill)
    }
}

/// Opens a session in a task of its own, so that whoever waits may stop waiting.
pub(super) async fn open<F: CcrForm>(service: Service, ccr: F) -> Result<Opened<F>, RoError> {
    let service = Arc::new(service);
    let id: Arc<str> = service.shared.new_session_id().into();
    let (session, held, received) = parts(id, service, BTreeMap::new());
    let (reply, answer) = oneshot::channel();
    let task = Task::new(session.handle.id(), Arc::clone(&session.service), session.attributes.clone(), held);
    session.service.shared.ro_sessions().insert(&session.handle);
    let first = Order::Ccr { input: Input::Start, ccr: Box::new(ccr), reply };
    tokio::spawn(task.run(received, Some(first)));
    match answer.await.map_err(|_| RoError::Ended)? {
        Ok(answer) => Ok(Opened::Granted { session, answer }),
        Err(RoError::Uncontrolled(cause)) => Ok(Opened::Uncontrolled { session, cause: *cause }),
        Err(error) => Err(error),
    }
}

/// Takes up a session that was open elsewhere.
pub(super) fn resume<F: CcrForm>(service: Service, state: &RoSessionState) -> RoSession<F> {
    let (session, held, received) =
        parts(state.session_id.as_str().into(), Arc::new(service), state.attributes.clone());
    let task = Task::resume(Arc::clone(&session.service), session.attributes.clone(), held, state);
    session.service.shared.ro_sessions().insert(&session.handle);
    tokio::spawn(task.run(received, None));
    session
}

fn parts<F: CcrForm>(
    id: Arc<str>,
    service: Arc<Service>,
    attributes: BTreeMap<String, String>,
) -> (RoSession<F>, oneshot::Receiver<Ending>, mpsc::UnboundedReceiver<Order<F>>) {
    let (orders, received) = mpsc::unbounded_channel();
    let (holds, held) = oneshot::channel();
    let handle = SessionHandle { id, orders, service, attributes: Attributes::new(attributes) };
    (RoSession { handle, held: Some(holds) }, held, received)
}
