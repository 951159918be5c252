//! Offline charging, as [`crate::rf`] has it.

use super::Engine;
use crate::rf::{self, AcrForm, Delivered, RfEnd, RfError, RfSessionState};
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRequest};
use diametric_protocol::message::Form;
use diametric_protocol::value::Utf8String;
use std::time::{Duration, Instant};

/// The client of offline charging. Cheap to clone, used from many threads.
#[derive(Clone)]
pub struct Rf {
    pub(super) rf: rf::Rf,
    pub(super) engine: Engine,
}

impl Rf {
    /// Charging for a service, as [`rf::Rf::service`].
    pub fn service(&self, service_context_id: impl Into<Utf8String>) -> Service {
        Service { service: self.rf.service(service_context_id), engine: self.engine.clone() }
    }

    /// How many records wait to be sent again, as [`rf::Rf::undelivered`].
    pub fn undelivered(&self) -> usize {
        self.rf.undelivered()
    }

    /// How many records were dropped since the node started, as [`rf::Rf::dropped`].
    pub fn dropped(&self) -> u64 {
        self.rf.dropped()
    }

    /// Sends the records that wait, and returns when none waits any more or the time is over: how many still do.
    ///
    /// # Errors
    /// If it is called in async code, which must not wait.
    pub fn drain(&self, limit: Duration) -> Result<usize, RfError> {
        self.engine.wait(async {
            // What it comes to is counted below.
            let _ = tokio::time::timeout(limit, self.rf.drain()).await;
            Ok(self.rf.undelivered())
        })
    }

    /// Takes up a session that was started before, as [`rf::Rf::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&self, state: &RfSessionState) -> Result<RfSession, RfError> {
        self.resume_as(state)
    }

    /// [`resume`](Self::resume) for a session of an own form of ACR.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_as<F: AcrForm>(&self, state: &RfSessionState) -> Result<RfSession<F>, RfError> {
        let session = self.engine.enter(|| self.rf.resume_as(state))?;
        Ok(RfSession::new(session, self.engine.clone()))
    }
}

/// One kind of service to one user, as [`rf::Service`].
#[derive(Clone)]
pub struct Service {
    service: rf::Service,
    engine: Engine,
}

impl Service {
    fn map(self, map: impl FnOnce(rf::Service) -> rf::Service) -> Self {
        Self { service: map(self.service), engine: self.engine }
    }

    /// Sets AVPs that every record repeats.
    #[must_use]
    pub fn with(self, fill: impl FnOnce(&mut AccountingRequest)) -> Self {
        self.map(|service| service.with(fill))
    }

    /// How long to wait for an answer, as [`rf::Service::timeout`].
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.map(|service| service.timeout(timeout))
    }

    /// How often a record without answer is sent again, as [`rf::Service::resends`].
    #[must_use]
    pub fn resends(self, resends: u32) -> Self {
        self.map(|service| service.resends(resends))
    }

    /// Accounting-Realtime-Required, as [`rf::Service::realtime_required`].
    #[must_use]
    pub fn realtime_required(self, realtime_required: AccountingRealtimeRequired) -> Self {
        self.map(|service| service.realtime_required(realtime_required))
    }

    /// The interval that is proposed for INTERIM records, as [`rf::Service::interim_interval`].
    #[must_use]
    pub fn interim_interval(self, interval: Duration) -> Self {
        self.map(|service| service.interim_interval(interval))
    }

    /// Starts a session: ACR START, as [`rf::Service::start`].
    ///
    /// # Errors
    /// As there.
    pub fn start(self, fill: impl FnOnce(&mut AccountingRequest)) -> Result<Started, RfError> {
        self.start_as((), fill)
    }

    /// [`start`](Self::start) with an own form of ACR and the members it requires.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_as<F: AcrForm>(self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<Started<F>, RfError> {
        let rf::Started { session, delivered } = self.engine.wait(self.service.start_as(required, fill))?;
        Ok(Started { session: RfSession::new(session, self.engine), delivered })
    }

    /// Reports a one-time event: ACR EVENT, as [`rf::Service::event`].
    ///
    /// # Errors
    /// As there.
    pub fn event(self, fill: impl FnOnce(&mut AccountingRequest)) -> Result<Delivered, RfError> {
        self.engine.wait(self.service.event(fill))
    }

    /// [`event`](Self::event) with an own form of ACR and the members it requires.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn event_as<F: AcrForm>(
        self,
        required: F::Required,
        fill: impl FnOnce(&mut F),
    ) -> Result<Delivered<F::Answer>, RfError> {
        self.engine.wait(self.service.event_as(required, fill))
    }
}

/// A session that was started, as [`rf::Started`].
pub struct Started<F: AcrForm = AccountingRequest> {
    /// The session.
    pub session: RfSession<F>,
    /// What became of START.
    pub delivered: Delivered<F::Answer>,
}

/// An accounting session, as [`rf::RfSession`].
pub struct RfSession<F: AcrForm = AccountingRequest> {
    session: rf::RfSession<F>,
    handle: SessionHandle<F>,
}

/// A handle to an accounting session, from many threads at once. It does not keep the session alive.
pub struct SessionHandle<F: AcrForm = AccountingRequest> {
    session: rf::SessionHandle<F>,
    engine: Engine,
}

impl<F: AcrForm> Clone for SessionHandle<F> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), engine: self.engine.clone() }
    }
}

impl<F: AcrForm> std::ops::Deref for RfSession<F> {
    type Target = SessionHandle<F>;
    fn deref(&self) -> &SessionHandle<F> {
        &self.handle
    }
}

impl<F: AcrForm> SessionHandle<F> {
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

    /// Reports what was used so far: ACR INTERIM for an own form of ACR, as [`rf::SessionHandle::interim_as`].
    ///
    /// # Errors
    /// As there.
    pub fn interim_as(
        &self,
        required: F::Required,
        fill: impl FnOnce(&mut F),
    ) -> Result<Delivered<F::Answer>, RfError> {
        self.engine.wait(self.session.interim_as(required, fill))
    }

    /// [`on_interim`](SessionHandle::on_interim) for an own form of ACR.
    pub fn on_interim_as(
        &self,
        required: impl FnMut() -> F::Required + Send + 'static,
        fill: impl FnMut(&mut F) + Send + 'static,
    ) {
        self.session.on_interim_as(required, fill);
    }

    /// When the next INTERIM is due, as [`rf::SessionHandle::interim_deadline`].
    pub fn interim_deadline(&self) -> Option<Instant> {
        self.session.interim_deadline()
    }

    /// Waits until the session is over without having been stopped, so that its service must stop, as
    /// [`rf::SessionHandle::must_stop`]: for a thread of its own. `None` if it ended in any other way.
    ///
    /// # Errors
    /// If it is called in async code, which must not wait.
    pub fn must_stop(&self) -> Result<Option<RfEnd>, RfError> {
        self.engine.wait(async { Ok(self.session.must_stop().await) })
    }

    /// The session as plain data, as [`rf::SessionHandle::snapshot`].
    ///
    /// # Errors
    /// As there.
    pub fn snapshot(&self) -> Result<RfSessionState, RfError> {
        self.engine.wait(self.session.snapshot())
    }
}

impl<F: AcrForm + Form<AccountingRequest, Required = ()>> SessionHandle<F> {
    /// Reports what was used so far: ACR INTERIM, as [`rf::SessionHandle::interim`].
    ///
    /// # Errors
    /// As there.
    pub fn interim(&self, fill: impl FnOnce(&mut F)) -> Result<Delivered<F::Answer>, RfError> {
        self.interim_as((), fill)
    }

    /// Has the session send INTERIM records by itself, as [`rf::SessionHandle::on_interim`]. `fill` is called on a thread
    /// of the node and must be quick.
    pub fn on_interim(&self, fill: impl FnMut(&mut F) + Send + 'static) {
        self.session.on_interim(fill);
    }
}

impl<F: AcrForm> RfSession<F> {
    fn new(session: rf::RfSession<F>, engine: Engine) -> Self {
        let handle = SessionHandle { session: session.handle(), engine };
        Self { session, handle }
    }

    /// A handle that can be cloned and given away.
    pub fn handle(&self) -> SessionHandle<F> {
        self.handle.clone()
    }

    /// Reports all that was used and ends the session: ACR STOP for an own form of ACR, as [`rf::RfSession::stop_as`].
    ///
    /// # Errors
    /// As there.
    pub fn stop_as(self, required: F::Required, fill: impl FnOnce(&mut F)) -> Result<Delivered<F::Answer>, RfError> {
        self.handle.engine.wait(self.session.stop_as(required, fill))
    }

    /// Takes leave of the session without ending it, as [`rf::RfSession::detach`].
    ///
    /// # Errors
    /// As there.
    pub fn detach(self) -> Result<RfSessionState, RfError> {
        self.handle.engine.wait(self.session.detach())
    }
}

impl<F: AcrForm + Form<AccountingRequest, Required = ()>> RfSession<F> {
    /// Reports all that was used and ends the session: ACR STOP, as [`rf::RfSession::stop`].
    ///
    /// # Errors
    /// As there.
    pub fn stop(self, fill: impl FnOnce(&mut F)) -> Result<Delivered<F::Answer>, RfError> {
        self.stop_as((), fill)
    }
}
