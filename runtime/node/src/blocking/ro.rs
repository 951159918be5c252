//! Online charging, as [`crate::ro`] has it.

use super::Engine;
use crate::ro::{self, CcrForm, RoError, RoSessionState};
use diametric_protocol::base::{AbortSessionRequest, ResultCode};
use diametric_protocol::credit_control::{
    CcSessionFailover, CreditControlAnswer, CreditControlFailureHandling, CreditControlRequest,
    DirectDebitingFailureHandling, ReAuthRequest, SubscriptionId,
};
use diametric_protocol::message::Form;
use diametric_protocol::value::Utf8String;
use std::sync::Arc;
use std::time::Duration;

/// The client of online charging. Cheap to clone, used from many threads.
#[derive(Clone)]
pub struct Ro {
    pub(super) ro: ro::Ro,
    pub(super) engine: Engine,
}

impl Ro {
    /// Charging for a service, as [`ro::Ro::service`].
    pub fn service(&self, service_context_id: impl Into<Utf8String>) -> Service {
        Service { service: self.ro.service(service_context_id), engine: self.engine.clone() }
    }

    /// How many debits and refunds wait to be sent again, as [`ro::Ro::undelivered`].
    pub fn undelivered(&self) -> usize {
        self.ro.undelivered()
    }

    /// How many of them were given up, as [`ro::Ro::dropped`].
    pub fn dropped(&self) -> u64 {
        self.ro.dropped()
    }

    /// Sends those that wait, for `limit` at most, and says how many wait still. As [`ro::Ro::drain`].
    ///
    /// # Errors
    /// If it is called in async code, which must not wait.
    pub fn drain(&self, limit: Duration) -> Result<usize, RoError> {
        self.engine.wait(async {
            // What it comes to is counted below.
            let _ = tokio::time::timeout(limit, self.ro.drain()).await;
            Ok(self.ro.undelivered())
        })
    }

    /// Has RARs answered by `handler`, each in a thread of its own, where it may wait for an update of the session. As
    /// [`ro::Ro::on_reauth`].
    pub fn on_reauth(&self, handler: impl Fn(SessionHandle, Reauthorization) + Send + Sync + 'static) {
        self.on_reauth_as::<CreditControlRequest>(handler);
    }

    /// [`on_reauth`](Self::on_reauth) for sessions of an own form of CCR.
    pub fn on_reauth_as<F: CcrForm>(
        &self,
        handler: impl Fn(SessionHandle<F>, Reauthorization) + Send + Sync + 'static,
    ) {
        let handler = Arc::new(handler);
        // The node holds this; if it held the runtime by it, neither would ever go.
        let engine = self.engine.downgrade();
        self.ro.on_reauth_as::<F, _, _>(move |session, rar| {
            let (handler, engine) = (Arc::clone(&handler), engine.upgrade());
            async move {
                let Some(engine) = engine.map(Engine) else { return };
                let rar = Reauthorization { rar, engine: engine.clone() };
                let session = SessionHandle { session, engine };
                // One that panics leaves its RAR unanswered, which the library then answers.
                let _ = tokio::task::spawn_blocking(move || handler(session, rar)).await;
            }
        });
    }

    /// Has ASRs answered by `handler`, each in a thread of its own, where it may wait for the end of the session. As
    /// [`ro::Ro::on_abort`].
    pub fn on_abort(&self, handler: impl Fn(SessionHandle, Abort) + Send + Sync + 'static) {
        self.on_abort_as::<CreditControlRequest>(handler);
    }

    /// [`on_abort`](Self::on_abort) for sessions of an own form of CCR.
    pub fn on_abort_as<F: CcrForm>(&self, handler: impl Fn(SessionHandle<F>, Abort<F>) + Send + Sync + 'static) {
        let handler = Arc::new(handler);
        let engine = self.engine.downgrade();
        self.ro.on_abort_as::<F, _, _>(move |session, asr| {
            let (handler, engine) = (Arc::clone(&handler), engine.upgrade());
            async move {
                let Some(engine) = engine.map(Engine) else { return };
                let asr = Abort { asr, engine: engine.clone() };
                let session = SessionHandle { session, engine };
                // One that panics leaves its ASR unanswered, with which the library then complies.
                let _ = tokio::task::spawn_blocking(move || handler(session, asr)).await;
            }
        });
    }

    /// Takes up a session that was open before, as [`ro::Ro::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&self, state: &RoSessionState) -> Result<RoSession, RoError> {
        self.resume_as(state)
    }

    /// [`resume`](Self::resume) for a session of an own form of CCR.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_as<F: CcrForm>(&self, state: &RoSessionState) -> Result<RoSession<F>, RoError> {
        let session = self.engine.enter(|| self.ro.resume_as(state))?;
        Ok(RoSession::new(session, self.engine.clone()))
    }
}

/// A RAR that waits for its answer, as [`ro::Reauthorization`].
pub struct Reauthorization {
    rar: ro::Reauthorization,
    engine: Engine,
}

impl Reauthorization {
    /// The request.
    pub fn request(&self) -> &ReAuthRequest {
        &self.rar.request
    }

    /// Whether a CCR of the session is out, as [`ro::Reauthorization::pending`].
    pub fn pending(&self) -> bool {
        self.rar.pending
    }

    /// Sends the RAA. When this returns, it goes out before whatever the handler does next.
    pub fn answer(self, result_code: ResultCode) {
        self.engine.finish(self.rar.answer(result_code));
    }
}

/// An ASR that waits for its answer, as [`ro::Abort`].
pub struct Abort<F: CcrForm = CreditControlRequest> {
    asr: ro::Abort<F>,
    engine: Engine,
}

impl<F: CcrForm> Abort<F> {
    /// The request.
    pub fn request(&self) -> &AbortSessionRequest {
        &self.asr.request
    }

    /// Complies, for an own form of CCR, as [`ro::Abort::terminate_as`].
    ///
    /// # Errors
    /// As there.
    pub fn terminate_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.engine.wait(self.asr.terminate_as(required, fill))
    }

    /// Does not comply, as [`ro::Abort::refuse`].
    pub fn refuse(self) {
        self.asr.refuse();
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> Abort<F> {
    /// Complies: an ASA, then CCR TERMINATION, as [`ro::Abort::terminate`].
    ///
    /// # Errors
    /// As there.
    pub fn terminate(self, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.terminate_as((), fill)
    }
}

/// Charging for one service to one user, as [`ro::Service`].
#[derive(Clone)]
pub struct Service {
    service: ro::Service,
    engine: Engine,
}

impl Service {
    fn map(self, map: impl FnOnce(ro::Service) -> ro::Service) -> Self {
        Self { service: map(self.service), engine: self.engine }
    }

    /// Adds a Subscription-Id; see [`ro::imsi`] and [`ro::msisdn`].
    #[must_use]
    pub fn subscription(self, subscription_id: impl Into<SubscriptionId>) -> Self {
        self.map(|service| service.subscription(subscription_id))
    }

    /// Sets AVPs that every request repeats.
    #[must_use]
    pub fn with(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Self {
        self.map(|service| service.with(fill))
    }

    /// Tx for these requests, in place of the configured one.
    #[must_use]
    pub fn tx(self, tx: Duration) -> Self {
        self.map(|service| service.tx(tx))
    }

    /// Credit-Control-Failure-Handling while no CCA has said otherwise, as [`ro::Service::failure_handling`].
    #[must_use]
    pub fn failure_handling(self, handling: CreditControlFailureHandling) -> Self {
        self.map(|service| service.failure_handling(handling))
    }

    /// Direct-Debiting-Failure-Handling while no CCA has said otherwise, as
    /// [`ro::Service::direct_debiting_failure_handling`].
    #[must_use]
    pub fn direct_debiting_failure_handling(self, handling: DirectDebitingFailureHandling) -> Self {
        self.map(|service| service.direct_debiting_failure_handling(handling))
    }

    /// CC-Session-Failover while no CCA has said otherwise, as [`ro::Service::session_failover`].
    #[must_use]
    pub fn session_failover(self, failover: CcSessionFailover) -> Self {
        self.map(|service| service.session_failover(failover))
    }

    /// How many other servers are tried for one request, as [`ro::Service::alternates`].
    #[must_use]
    pub fn alternates(self, alternates: u32) -> Self {
        self.map(|service| service.alternates(alternates))
    }

    /// Opens a session: CCR INITIAL, as [`ro::Service::initial`].
    ///
    /// # Errors
    /// As there.
    pub fn initial(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Result<Opened, RoError> {
        self.initial_as((), fill)
    }

    /// [`initial`](Self::initial) with an own form of CCR and the members it requires.
    ///
    /// # Errors
    /// As [`initial`](Self::initial).
    pub fn initial_as<F: CcrForm>(
        self,
        required: F::Required,
        fill: impl FnOnce(&mut F),
    ) -> Result<Opened<F>, RoError> {
        let opened = self.engine.wait(self.service.initial_as(required, fill))?;
        Ok(match opened {
            ro::Opened::Granted { session, answer } => {
                Opened::Granted { session: RoSession::new(session, self.engine), answer }
            }
            ro::Opened::Uncontrolled { session, cause } => {
                Opened::Uncontrolled { session: RoSession::new(session, self.engine), cause }
            }
        })
    }

    /// Charges for an event at once: DIRECT_DEBITING, as [`ro::Service::debit`].
    ///
    /// # Errors
    /// As there.
    pub fn debit(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Result<CreditControlAnswer, RoError> {
        self.engine.wait(self.service.debit(fill))
    }

    /// [`debit`](Self::debit) with an own form of CCR and the members it requires.
    ///
    /// # Errors
    /// As [`debit`](Self::debit).
    pub fn debit_as<F: CcrForm>(self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.engine.wait(self.service.debit_as(required, fill))
    }

    /// Gives back what was charged: REFUND_ACCOUNT, as [`ro::Service::refund`].
    ///
    /// # Errors
    /// As there.
    pub fn refund(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Result<CreditControlAnswer, RoError> {
        self.engine.wait(self.service.refund(fill))
    }

    /// Asks whether the account covers a service: CHECK_BALANCE, as [`ro::Service::check_balance`].
    ///
    /// # Errors
    /// As there.
    pub fn check_balance(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Result<CreditControlAnswer, RoError> {
        self.engine.wait(self.service.check_balance(fill))
    }

    /// Asks what a service costs: PRICE_ENQUIRY, as [`ro::Service::price_enquiry`].
    ///
    /// # Errors
    /// As there.
    pub fn price_enquiry(self, fill: impl FnOnce(&mut CreditControlRequest)) -> Result<CreditControlAnswer, RoError> {
        self.engine.wait(self.service.price_enquiry(fill))
    }
}

/// A session that was opened, as [`ro::Opened`].
pub enum Opened<F: CcrForm = CreditControlRequest> {
    /// The server granted it.
    Granted {
        /// The session.
        session: RoSession<F>,
        /// The CCA.
        answer: Box<F::Answer>,
    },
    /// The service may be delivered without the server's grant.
    Uncontrolled {
        /// The session.
        session: RoSession<F>,
        /// What happened.
        cause: RoError,
    },
}

/// A credit-control session, as [`ro::RoSession`].
pub struct RoSession<F: CcrForm = CreditControlRequest> {
    session: ro::RoSession<F>,
    handle: SessionHandle<F>,
}

/// A handle to a credit-control session, from many threads at once. It does not keep the session alive.
pub struct SessionHandle<F: CcrForm = CreditControlRequest> {
    session: ro::SessionHandle<F>,
    engine: Engine,
}

impl<F: CcrForm> Clone for SessionHandle<F> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), engine: self.engine.clone() }
    }
}

impl<F: CcrForm> std::ops::Deref for RoSession<F> {
    type Target = SessionHandle<F>;
    fn deref(&self) -> &SessionHandle<F> {
        &self.handle
    }
}

impl<F: CcrForm> SessionHandle<F> {
    /// Session-Id.
    pub fn id(&self) -> &str {
        self.session.id()
    }

    /// An attribute of the application's own, such as the id of the call that is charged.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.session.attribute(name)
    }

    /// Sets an attribute; gives back what it was.
    pub fn set_attribute(&self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.session.set_attribute(name, value)
    }

    /// Reports used units and asks for new ones: CCR UPDATE for an own form of CCR, as
    /// [`ro::SessionHandle::update_as`].
    ///
    /// # Errors
    /// As there.
    pub fn update_as(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.engine.wait(self.session.update_as(required, fill))
    }

    /// The session as plain data, as [`ro::SessionHandle::snapshot`].
    ///
    /// # Errors
    /// As there.
    pub fn snapshot(&self) -> Result<RoSessionState, RoError> {
        self.engine.wait(self.session.snapshot())
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> SessionHandle<F> {
    /// Reports used units and asks for new ones: CCR UPDATE, as [`ro::SessionHandle::update`].
    ///
    /// # Errors
    /// As there.
    pub fn update(&self, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.update_as((), fill)
    }
}

impl<F: CcrForm> RoSession<F> {
    fn new(session: ro::RoSession<F>, engine: Engine) -> Self {
        let handle = SessionHandle { session: session.handle(), engine };
        Self { session, handle }
    }

    /// A handle that can be cloned and given away.
    pub fn handle(&self) -> SessionHandle<F> {
        self.handle.clone()
    }

    /// Reports what was used and ends the session: CCR TERMINATION for an own form of CCR, as
    /// [`ro::RoSession::terminate_as`].
    ///
    /// # Errors
    /// As there.
    pub fn terminate_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.handle.engine.wait(self.session.terminate_as(required, fill))
    }

    /// Takes leave of the session without ending it, as [`ro::RoSession::detach`].
    ///
    /// # Errors
    /// As there.
    pub fn detach(self) -> Result<RoSessionState, RoError> {
        self.handle.engine.wait(self.session.detach())
    }
}

impl<F: CcrForm + Form<CreditControlRequest, Required = ()>> RoSession<F> {
    /// Reports what was used and ends the session: CCR TERMINATION, as [`ro::RoSession::terminate`].
    ///
    /// # Errors
    /// As there.
    pub fn terminate(self, fill: impl FnOnce(&mut F)) -> Result<F::Answer, RoError> {
        self.terminate_as((), fill)
    }
}
