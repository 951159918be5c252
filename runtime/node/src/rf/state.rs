//! An accounting session as plain data.

use super::service::{AcrForm, Service, Settings};
use super::session::{self, RfSession};
use super::{Rf, RfError};
use crate::attributes::Attributes;
use crate::snapshot::{self, Version};
use diametric_engine::rf::session::{PhaseState, SessionState};
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRequest};
use diametric_protocol::message;
use diametric_protocol::value::DiameterIdentity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A session that was started, as plain data, to be kept anywhere and resumed in this or another process.
///
/// Times are wall-clock times. A closure given to [`on_interim`](super::SessionHandle::on_interim) is not part of it: give it
/// to the resumed session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RfSessionState {
    version: Version,
    /// Session-Id.
    pub session_id: String,
    /// Accounting-Record-Number of the next record.
    pub next_number: u32,
    /// The application's own attributes.
    pub attributes: BTreeMap<String, String>,
    /// The server that answered last.
    pub server: Option<String>,
    /// The AVPs that every record repeats: an encoded ACR.
    #[serde(with = "snapshot::message")]
    template: Vec<u8>,
    timeout: Duration,
    resends: u32,
    /// Accounting-Realtime-Required, the local choice and what is in force.
    realtime_required: (i32, i32),
    /// Acct-Interim-Interval, as proposed and in force.
    interim_interval: (Option<Duration>, Option<Duration>),
    reported: Option<SystemTime>,
    interim: Option<SystemTime>,
    stored_interim: Option<u32>,
}

impl RfSessionState {
    pub(super) fn new(
        state: &SessionState,
        service: &Service,
        server: Option<&DiameterIdentity>,
        attributes: &Attributes,
    ) -> Self {
        let (mut template, settings, now) = (service.template.clone(), &service.settings, SystemTime::now());
        template.session_id = state.session_id.as_str().into();
        Self {
            version: Version,
            session_id: state.session_id.clone(),
            next_number: state.next_number,
            attributes: attributes.all(),
            server: server.map(ToString::to_string),
            template: snapshot::template(&template),
            timeout: settings.timeout,
            resends: settings.resends,
            realtime_required: (settings.realtime_required.0, state.realtime_required.0),
            interim_interval: (settings.interim_interval, state.interim_interval),
            reported: state.reported.and_then(|ago| now.checked_sub(ago)),
            interim: state.interim.and_then(|left| now.checked_add(left)),
            stored_interim: state.stored_interim,
        }
    }

    pub(super) fn machine(&self) -> SessionState {
        let now = SystemTime::now();
        SessionState {
            session_id: self.session_id.clone(),
            phase: PhaseState::Open,
            next_number: self.next_number,
            interim_interval: self.interim_interval.1,
            realtime_required: AccountingRealtimeRequired(self.realtime_required.1),
            reported: self.reported.map(|reported| now.duration_since(reported).unwrap_or_default()),
            // What has run out meanwhile is due at once.
            interim: self.interim.map(|at| at.duration_since(now).unwrap_or_default()),
            waiting_interim: None,
            held_stop: None,
            stored_interim: self.stored_interim,
        }
    }
}

impl Rf {
    /// Takes up a session that was started before, in this or another process.
    ///
    /// # Errors
    /// If the state is not what [`SessionHandle::snapshot`](super::SessionHandle::snapshot) made.
    pub fn resume(&self, state: &RfSessionState) -> Result<RfSession, RfError> {
        self.resume_as(state)
    }

    /// [`resume`](Self::resume) for a session of an own form of ACR.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn resume_as<F: AcrForm>(&self, state: &RfSessionState) -> Result<RfSession<F>, RfError> {
        let decoded = message::decode_again::<AccountingRequest>(&state.template);
        let mut template = decoded.map_err(|error| RfError::State(error.to_string()))?.body;
        template.origin_host = self.shared.local().origin_host.clone();
        template.origin_realm = self.shared.local().origin_realm.clone();
        let settings = Settings {
            timeout: state.timeout,
            resends: state.resends,
            realtime_required: AccountingRealtimeRequired(state.realtime_required.0),
            interim_interval: state.interim_interval.0,
        };
        Ok(session::resume(Service { shared: Arc::clone(&self.shared), template, settings }, state))
    }
}
