//! A credit-control session as plain data.

use super::service::{CcrForm, Service, Settings};
use super::session::{self, RoSession};
use super::{Ro, RoError};
use crate::attributes::Attributes;
use crate::snapshot::{self, Version};
use diametric_engine::ro::session::{PhaseState, SessionState};
use diametric_protocol::credit_control::{
    CcSessionFailover, CreditControlFailureHandling, CreditControlRequest, DirectDebitingFailureHandling,
};
use diametric_protocol::message;
use diametric_protocol::value::DiameterIdentity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// An open session as plain data, to be kept anywhere and resumed in this or another process.
///
/// Times are wall-clock times. Handlers such as [`Ro::on_reauth`] are not part of it: they are found again on the [`Ro`]
/// that resumes the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RoSessionState {
    version: Version,
    /// Session-Id.
    pub session_id: String,
    /// CC-Request-Number of the next request.
    pub next_number: u32,
    /// The application's own attributes.
    pub attributes: BTreeMap<String, String>,
    /// The server that the session stays with.
    pub server: Option<String>,
    /// The AVPs that every request repeats: an encoded CCR.
    #[serde(with = "snapshot::message")]
    template: Vec<u8>,
    failure_handling: Handling,
    tx: Duration,
    request_timeout: Duration,
    /// CC-Session-Failover, the local choice and what is in force.
    session_failover: (i32, i32),
    alternates: u32,
    validity: Option<SystemTime>,
    restricted: bool,
}

/// Credit-Control-Failure-Handling by who said it, and Direct-Debiting-Failure-Handling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Handling {
    local: i32,
    answered: Option<i32>,
    authorized: Option<i32>,
    direct_debiting: i32,
}

impl RoSessionState {
    pub(super) fn new(
        state: &SessionState,
        service: &Service,
        server: Option<&DiameterIdentity>,
        attributes: &Attributes,
    ) -> Self {
        let mut template = service.template.clone();
        template.session_id = state.session_id.as_str().into();
        Self {
            version: Version,
            session_id: state.session_id.clone(),
            next_number: state.next_number,
            attributes: attributes.all(),
            server: server.map(ToString::to_string),
            template: snapshot::template(&template),
            failure_handling: Handling {
                local: service.settings.failure_handling.0,
                answered: state.answered_handling.map(|handling| handling.0),
                authorized: state.authorized_handling.map(|handling| handling.0),
                direct_debiting: service.settings.direct_debiting_failure_handling.0,
            },
            tx: service.settings.tx,
            request_timeout: service.settings.request_timeout,
            session_failover: (service.settings.session_failover.0, state.session_failover.0),
            alternates: service.settings.alternates,
            validity: state.validity.and_then(|left| SystemTime::now().checked_add(left)),
            restricted: state.restricted,
        }
    }

    pub(super) fn machine(&self) -> SessionState {
        SessionState {
            session_id: self.session_id.clone(),
            phase: PhaseState::Open,
            next_number: self.next_number,
            answered_handling: self.failure_handling.answered.map(CreditControlFailureHandling),
            authorized_handling: self.failure_handling.authorized.map(CreditControlFailureHandling),
            session_failover: CcSessionFailover(self.session_failover.1),
            restricted: self.restricted,
            service_over: false,
            // What has run out meanwhile is due at once.
            validity: self.validity.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default()),
            queue: Vec::new(),
        }
    }
}

impl Ro {
    /// Takes up a session that was open before, in this or another process.
    ///
    /// # Errors
    /// If the state is not what [`SessionHandle::snapshot`](super::SessionHandle::snapshot) made.
    pub fn resume(&self, state: &RoSessionState) -> Result<RoSession, RoError> {
        self.resume_as(state)
    }

    /// [`resume`](Self::resume) for a session of an own form of CCR.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_as<F: CcrForm>(&self, state: &RoSessionState) -> Result<RoSession<F>, RoError> {
        let decoded = message::decode_again::<CreditControlRequest>(&state.template);
        let mut template = decoded.map_err(|error| RoError::State(error.to_string()))?.body;
        template.origin_host = self.shared.local().origin_host.clone();
        template.origin_realm = self.shared.local().origin_realm.clone();
        let settings = Settings {
            tx: state.tx,
            request_timeout: state.request_timeout,
            failure_handling: CreditControlFailureHandling(state.failure_handling.local),
            direct_debiting_failure_handling: DirectDebitingFailureHandling(state.failure_handling.direct_debiting),
            session_failover: CcSessionFailover(state.session_failover.0),
            alternates: state.alternates,
        };
        Ok(session::resume(Service { shared: Arc::clone(&self.shared), template, settings }, state))
    }
}
