//! What all records of one service to one user have in common.

use super::delivery::Frames;
use super::session::{self, Started};
use super::{ACCOUNTING, Delivered, RfError, RfFuture, event};
use crate::node::Shared;
use diametric_protocol::accounting::{
    AccountingAnswer, AccountingRealtimeRequired, AccountingRecordType, AccountingRequest, AccountingRequestRequired,
};
use diametric_protocol::message::{self, Form, Request};
use diametric_protocol::value::{DiameterIdentity, Time, Utf8String};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Charging for one service to one user.
///
/// The AVPs set here are repeated in every record. Session-Id, Origin-Host and Origin-Realm, Destination-Host and
/// Destination-Realm, Acct-Application-Id, Accounting-Record-Type and Accounting-Record-Number are written by the library,
/// and so is Event-Timestamp where it is not set: it is the time at which the method was called. Service-Information is the
/// application's to fill (TS 32.299 §7.2.192).
#[derive(Clone)]
pub struct Service {
    pub(super) shared: Arc<Shared>,
    pub(super) template: AccountingRequest,
    pub(super) settings: Settings,
}

/// What a client decides for itself.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) resends: u32,
    pub(super) realtime_required: AccountingRealtimeRequired,
    pub(super) interim_interval: Option<Duration>,
}

impl Service {
    pub(super) fn new(shared: Arc<Shared>, service_context_id: Utf8String) -> Self {
        let (local, config) = (shared.local(), &shared.config);
        let mut template = AccountingRequest::new(AccountingRequestRequired {
            session_id: Utf8String::default(),
            origin_host: local.origin_host.clone(),
            origin_realm: local.origin_realm.clone(),
            destination_realm: config.rf.cdf_realm.clone().unwrap_or_default(),
            accounting_record_type: AccountingRecordType::EventRecord,
            accounting_record_number: 0,
        });
        template.acct_application_id = Some(ACCOUNTING);
        template.destination_host = config.rf.cdf_host.clone();
        template.origin_state_id = local.origin_state_id;
        template.service_context_id = Some(service_context_id);
        let settings = Settings {
            timeout: config.request_timeout,
            resends: 0,
            realtime_required: AccountingRealtimeRequired::GRANT_AND_STORE,
            interim_interval: None,
        };
        Self { shared, template, settings }
    }

    /// Sets AVPs that every record repeats.
    #[must_use]
    pub fn with(mut self, fill: impl FnOnce(&mut AccountingRequest)) -> Self {
        fill(&mut self.template);
        self
    }

    /// How long a record waits for its answer, in place of the configured
    /// [`request_timeout`](crate::Config::request_timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How often a record that has no answer in time is sent again, with the T flag, before it counts as undelivered. Each
    /// transmission waits for the whole [`timeout`](Self::timeout). 0. A record whose connection was lost is sent again once in
    /// any case.
    #[must_use]
    pub fn resends(mut self, resends: u32) -> Self {
        self.settings.resends = resends;
        self
    }

    /// What becomes of the service while records cannot be delivered (Accounting-Realtime-Required, RFC 6733 §9.8.7), until
    /// an ACA says otherwise. GRANT_AND_STORE by default. A local choice: to send the AVP, set it in the request.
    #[must_use]
    pub fn realtime_required(mut self, realtime_required: AccountingRealtimeRequired) -> Self {
        self.settings.realtime_required = realtime_required;
        self
    }

    /// Proposes an interval for INTERIM records: Acct-Interim-Interval in START, in whole seconds. What an ACA says counts
    /// before it (RFC 6733 §9.1).
    #[must_use]
    pub fn interim_interval(mut self, interval: Duration) -> Self {
        self.settings.interim_interval = Some(interval);
        self
    }

    /// Starts a session: ACR START. `fill` is called at once.
    ///
    /// # Errors
    /// When the service must not be delivered: the server refused, or could not be reached and Accounting-Realtime-Required
    /// is DELIVER_AND_GRANT.
    pub fn start(self, fill: impl FnOnce(&mut AccountingRequest)) -> RfFuture<Started> {
        self.start_as((), fill)
    }

    /// [`start`](Self::start) with an own form of ACR and the members it requires.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_as<F: AcrForm>(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RfFuture<Started<F>> {
        let acr = self.form(required, fill);
        Box::pin(session::start(self, acr))
    }

    /// Reports a one-time event, or a session that failed to be set up: ACR EVENT. `fill` is called at once.
    ///
    /// # Errors
    /// When nobody has the record: the server refused it, or it could not be delivered and none are kept.
    pub fn event(self, fill: impl FnOnce(&mut AccountingRequest)) -> RfFuture<Delivered> {
        self.event_as((), fill)
    }

    /// [`event`](Self::event) with an own form of ACR and the members it requires.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn event_as<F: AcrForm>(
        self,
        required: F::Required,
        fill: impl FnOnce(&mut F),
    ) -> RfFuture<Delivered<F::Answer>> {
        let acr = self.form(required, fill);
        Box::pin(event::run(self, acr))
    }

    pub(super) fn form<F: AcrForm>(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> F {
        let mut acr = F::assemble(self.template.clone(), required);
        fill(&mut acr);
        // A clock outside 1968 to 2104 leaves the record without a time rather than with a wrong one.
        let timestamp = &mut acr.standard_mut().event_timestamp;
        *timestamp = timestamp.or_else(|| Time::try_from(SystemTime::now()).ok());
        acr
    }

    /// Writes what belongs to the library, over whatever was filled in, and encodes the record. `server` is where the session
    /// has been until now.
    pub(super) fn encode<F: AcrForm>(
        &self,
        acr: &mut F,
        stamp: Stamp<'_>,
        server: Option<&DiameterIdentity>,
    ) -> Result<Frames, RfError> {
        let standard = acr.standard_mut();
        standard.session_id = stamp.session_id.into();
        standard.origin_host = self.template.origin_host.clone();
        standard.origin_realm = self.template.origin_realm.clone();
        standard.destination_realm = self.template.destination_realm.clone();
        standard.acct_application_id = Some(ACCOUNTING);
        standard.accounting_record_type = stamp.record_type;
        standard.accounting_record_number = stamp.number;
        if stamp.record_type == AccountingRecordType::StartRecord {
            standard.acct_interim_interval = standard.acct_interim_interval.or(self.proposal());
        }
        let header = self.shared.request_header::<F>(ACCOUNTING);
        let mut encode = |destination_host| {
            acr.standard_mut().destination_host = destination_host;
            message::encode(header, acr).map_err(|error| RfError::Send(error.into()))
        };
        let configured = self.template.destination_host.clone();
        let first = match server {
            Some(server) if Some(server) != configured.as_ref() => {
                Some((server.clone(), encode(Some(server.clone()))?))
            }
            _ => None,
        };
        let moves = configured.is_none();
        Ok(Frames { first, any: encode(configured)?, number: stamp.number, moves })
    }

    /// Acct-Interim-Interval for START: whole seconds, and not none where there is less than one.
    fn proposal(&self) -> Option<u32> {
        let interval = self.settings.interim_interval.filter(|interval| !interval.is_zero())?;
        Some(u32::try_from(interval.as_secs()).unwrap_or(u32::MAX).max(1))
    }
}

/// What the library writes into one record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<'a> {
    pub(super) session_id: &'a str,
    pub(super) record_type: AccountingRecordType,
    pub(super) number: u32,
}

/// A form of ACR that can be sent: [`AccountingRequest`] itself, or a struct that holds it and members of its own, as
/// `<command like="Accounting">` in a dictionary generates.
pub trait AcrForm: Form<AccountingRequest> + Request<Answer: Form<AccountingAnswer>> {}

impl<F: Form<AccountingRequest> + Request<Answer: Form<AccountingAnswer>>> AcrForm for F {}
