//! What all requests for one service to one user have in common.

use super::session::{self, Opened};
use super::{CREDIT_CONTROL, RoFuture, event};
use crate::config::LONGEST;
use crate::node::Shared;
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{
    CcRequestType, CcSessionFailover, CreditControlAnswer, CreditControlFailureHandling, CreditControlRequest,
    CreditControlRequestRequired, DirectDebitingFailureHandling, MultipleServicesIndicator, RequestedAction,
    SubscriptionId, SubscriptionIdRequired, SubscriptionIdType,
};
use diametric_protocol::message::{Form, Request};
use diametric_protocol::value::{DiameterIdentity, Time, Utf8String};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Charging for one service to one user.
///
/// The AVPs set here are repeated in every request. Session-Id, Origin-Host and Origin-Realm, Destination-Host and
/// Destination-Realm, Auth-Application-Id, CC-Request-Type, CC-Request-Number, Requested-Action and Event-Timestamp are
/// written by the library.
#[derive(Clone)]
pub struct Service {
    pub(super) shared: Arc<Shared>,
    pub(super) template: CreditControlRequest,
    pub(super) settings: Settings,
}

/// What a client decides for itself.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) tx: Duration,
    pub(super) request_timeout: Duration,
    pub(super) failure_handling: CreditControlFailureHandling,
    pub(super) direct_debiting_failure_handling: DirectDebitingFailureHandling,
    pub(super) session_failover: CcSessionFailover,
    pub(super) alternates: u32,
}

impl Settings {
    /// How long a request waits for its answer: not less than the user does.
    pub(super) fn patience(&self) -> Duration {
        self.request_timeout.max(self.tx).min(LONGEST)
    }
}

/// A Subscription-Id of type END_USER_IMSI.
pub fn imsi(digits: impl Into<Utf8String>) -> SubscriptionId {
    subscription_id(SubscriptionIdType::END_USER_IMSI, digits.into())
}

/// A Subscription-Id of type END_USER_E164.
pub fn msisdn(digits: impl Into<Utf8String>) -> SubscriptionId {
    subscription_id(SubscriptionIdType::END_USER_E164, digits.into())
}

fn subscription_id(subscription_id_type: SubscriptionIdType, subscription_id_data: Utf8String) -> SubscriptionId {
    SubscriptionId::new(SubscriptionIdRequired { subscription_id_type, subscription_id_data })
}

impl Service {
    pub(super) fn new(shared: Arc<Shared>, service_context_id: Utf8String) -> Self {
        let (local, config) = (shared.local(), &shared.config);
        let mut template = CreditControlRequest::new(CreditControlRequestRequired {
            session_id: Utf8String::default(),
            origin_host: local.origin_host.clone(),
            origin_realm: local.origin_realm.clone(),
            destination_realm: config.ro.ocs_realm.clone().unwrap_or_default(),
            auth_application_id: CREDIT_CONTROL,
            service_context_id,
            cc_request_type: CcRequestType::EventRequest,
            cc_request_number: 0,
        });
        template.destination_host = config.ro.ocs_host.clone();
        template.origin_state_id = local.origin_state_id;
        let settings = Settings {
            tx: config.ro.tx,
            request_timeout: config.request_timeout,
            failure_handling: CreditControlFailureHandling::TERMINATE,
            direct_debiting_failure_handling: DirectDebitingFailureHandling::TERMINATE_OR_BUFFER,
            session_failover: config.ro.session_failover,
            alternates: config.ro.alternates,
        };
        Self { shared, template, settings }
    }

    /// Adds a Subscription-Id; see [`imsi`] and [`msisdn`].
    #[must_use]
    pub fn subscription(mut self, subscription_id: impl Into<SubscriptionId>) -> Self {
        self.template.subscription_id.push(subscription_id);
        self
    }

    /// Sets AVPs that every request repeats.
    #[must_use]
    pub fn with(mut self, fill: impl FnOnce(&mut CreditControlRequest)) -> Self {
        fill(&mut self.template);
        self
    }

    /// Tx for these requests, in place of the configured one.
    #[must_use]
    pub fn tx(mut self, tx: Duration) -> Self {
        self.settings.tx = tx;
        self
    }

    /// Credit-Control-Failure-Handling while no CCA has said otherwise. A local choice, TERMINATE by default: the AVP
    /// itself is not allowed in a CCR (RFC 8506 §10.1).
    #[must_use]
    pub fn failure_handling(mut self, handling: CreditControlFailureHandling) -> Self {
        self.settings.failure_handling = handling;
        self
    }

    /// Direct-Debiting-Failure-Handling while no CCA has said otherwise. TERMINATE_OR_BUFFER by default.
    #[must_use]
    pub fn direct_debiting_failure_handling(mut self, handling: DirectDebitingFailureHandling) -> Self {
        self.settings.direct_debiting_failure_handling = handling;
        self
    }

    /// CC-Session-Failover while no CCA has said otherwise, in place of the configured one: whether a session may move to
    /// another server when its own fails (RFC 8506 §8.4). It concerns the first request of a session above all; one-time
    /// events may always move.
    #[must_use]
    pub fn session_failover(mut self, failover: CcSessionFailover) -> Self {
        self.settings.session_failover = failover;
        self
    }

    /// How many other servers are tried for one request, in place of the configured number; 0 for none.
    #[must_use]
    pub fn alternates(mut self, alternates: u32) -> Self {
        self.settings.alternates = alternates;
        self
    }

    /// Opens a session: reserves units with CCR INITIAL (ECUR, SCUR). `fill` is called at once.
    ///
    /// # Errors
    /// [`RoError::Denied`](super::RoError::Denied) and others, when the service must not be delivered.
    pub fn initial(self, fill: impl FnOnce(&mut CreditControlRequest)) -> RoFuture<Opened> {
        self.initial_as((), fill)
    }

    /// [`initial`](Self::initial) with an own form of CCR and the members it requires.
    ///
    /// # Errors
    /// As [`initial`](Self::initial).
    pub fn initial_as<F: CcrForm>(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<Opened<F>> {
        let ccr = self.form(required, fill);
        Box::pin(session::open(self, ccr))
    }

    /// Charges for an event at once (IEC): EVENT_REQUEST with DIRECT_DEBITING.
    ///
    /// # Errors
    /// [`RoError::Denied`](super::RoError::Denied) and others, when the service must not be delivered;
    /// [`RoError::Uncontrolled`](super::RoError::Uncontrolled) and [`RoError::Stored`](super::RoError::Stored) when it may be,
    /// although nothing was debited yet.
    pub fn debit(self, fill: impl FnOnce(&mut CreditControlRequest)) -> RoFuture<CreditControlAnswer> {
        self.debit_as((), fill)
    }

    /// [`debit`](Self::debit) with an own form of CCR and the members it requires.
    ///
    /// # Errors
    /// As [`debit`](Self::debit).
    pub fn debit_as<F: CcrForm>(self, required: F::Required, fill: impl FnOnce(&mut F)) -> RoFuture<F::Answer> {
        let ccr = self.form(required, fill);
        Box::pin(event::run(self, RequestedAction::DirectDebiting, ccr))
    }

    /// Gives back what was charged: EVENT_REQUEST with REFUND_ACCOUNT.
    ///
    /// # Errors
    /// When nothing was given back; it will be, with [`RoError::Stored`](super::RoError::Stored).
    pub fn refund(self, fill: impl FnOnce(&mut CreditControlRequest)) -> RoFuture<CreditControlAnswer> {
        let ccr = self.form((), fill);
        Box::pin(event::run(self, RequestedAction::RefundAccount, ccr))
    }

    /// Asks whether the account covers a service: EVENT_REQUEST with CHECK_BALANCE. See Check-Balance-Result in the
    /// answer.
    ///
    /// # Errors
    /// When there is no successful answer.
    pub fn check_balance(self, fill: impl FnOnce(&mut CreditControlRequest)) -> RoFuture<CreditControlAnswer> {
        let ccr = self.form((), fill);
        Box::pin(event::run(self, RequestedAction::CheckBalance, ccr))
    }

    /// Asks what a service costs: EVENT_REQUEST with PRICE_ENQUIRY. See Cost-Information in the answer.
    ///
    /// # Errors
    /// When there is no successful answer.
    pub fn price_enquiry(self, fill: impl FnOnce(&mut CreditControlRequest)) -> RoFuture<CreditControlAnswer> {
        let ccr = self.form((), fill);
        Box::pin(event::run(self, RequestedAction::PriceEnquiry, ccr))
    }

    pub(super) fn form<F: CcrForm>(&self, required: F::Required, fill: impl FnOnce(&mut F)) -> F {
        let mut ccr = F::assemble(self.template.clone(), required);
        fill(&mut ccr);
        ccr
    }

    /// To how many other servers a request may go: to none, where one was named.
    pub(super) fn other_servers(&self) -> u32 {
        if self.template.destination_host.is_some() { 0 } else { self.settings.alternates }
    }

    /// Writes what belongs to the library, over whatever was filled in.
    pub(super) fn stamp(&self, ccr: &mut CreditControlRequest, stamp: Stamp<'_>) {
        ccr.session_id = stamp.session_id.into();
        ccr.origin_host = self.template.origin_host.clone();
        ccr.origin_realm = self.template.origin_realm.clone();
        ccr.destination_realm = self.template.destination_realm.clone();
        ccr.destination_host = stamp.destination_host.cloned().or_else(|| self.template.destination_host.clone());
        ccr.auth_application_id = CREDIT_CONTROL;
        ccr.cc_request_type = stamp.request_type;
        ccr.cc_request_number = stamp.number;
        ccr.requested_action = stamp.action;
        // A clock outside 1968 to 2104 leaves the request without a time rather than with a wrong one.
        ccr.event_timestamp = Time::try_from(SystemTime::now()).ok();
        if stamp.request_type == CcRequestType::TerminationRequest {
            ccr.termination_cause = ccr.termination_cause.or(stamp.termination_cause);
        }
        // RFC 8506 §5.1.2: the first interrogation has to say that the client can handle several services.
        if stamp.number == 0 && !ccr.multiple_services_credit_control.is_empty() {
            ccr.multiple_services_indicator.get_or_insert(MultipleServicesIndicator::MULTIPLE_SERVICES_SUPPORTED);
        }
    }
}

/// What the library writes into one request.
pub(super) struct Stamp<'a> {
    pub(super) session_id: &'a str,
    pub(super) destination_host: Option<&'a DiameterIdentity>,
    pub(super) request_type: CcRequestType,
    pub(super) number: u32,
    pub(super) action: Option<RequestedAction>,
    pub(super) termination_cause: Option<TerminationCause>,
}

/// A form of CCR that can be sent: [`CreditControlRequest`] itself, or a struct that holds it and members of its own,
/// as `<command like="Credit-Control">` in a dictionary generates.
pub trait CcrForm: Form<CreditControlRequest> + Request<Answer: Form<CreditControlAnswer>> {}

impl<F: Form<CreditControlRequest> + Request<Answer: Form<CreditControlAnswer>>> CcrForm for F {}
