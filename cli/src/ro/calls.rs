//! The sessions and events of the client.

use super::EventAction;
use crate::client::repeat;
use diametric::SendError;
use diametric::base::ResultCode;
use diametric::credit_control::{
    Cca, Ccr, GrantedServiceUnit, MultipleServicesCreditControl, RequestedServiceUnit, UsedServiceUnit,
};
use diametric::ro::{Abort, Opened, Reauthorization, RoError, Service, SessionHandle};
use diametric::ts32299::ReportingReason;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// How long a RAR or ASR may be ahead of the session that it is for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a call does.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// An event, or else a session.
    pub(super) event: Option<EventAction>,
    pub(super) updates: u32,
    pub(super) wanted: RequestedServiceUnit,
    pub(super) rating_group: u32,
    pub(super) stay: Duration,
}

/// What was granted to a session and is not reported yet. Locked during an exchange: nothing is reported twice.
type Grant = Arc<Mutex<Option<GrantedServiceUnit>>>;

/// The calls that are going on.
pub(super) struct Calls {
    plan: Plan,
    grants: std::sync::Mutex<HashMap<String, Grant>>,
    opened: Notify,
    /// What went wrong where nobody waits.
    failure: std::sync::Mutex<Option<RoError>>,
}

impl Calls {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self {
            plan,
            grants: std::sync::Mutex::default(),
            opened: Notify::new(),
            failure: std::sync::Mutex::default(),
        })
    }

    /// Runs `count` calls, `concurrency` at a time.
    ///
    /// # Errors
    /// As [`repeat`].
    pub(super) async fn run(self: &Arc<Self>, service: &Service, count: u64, concurrency: u16) -> anyhow::Result<()> {
        let (calls, service) = (Arc::clone(self), service.clone());
        let call = move || {
            let (calls, service) = (Arc::clone(&calls), service.clone());
            async move { answered(calls.call(service).await) }
        };
        repeat(count, concurrency, call).await?;
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(failure.map_or(Ok(()), Err)?)
    }

    async fn call(&self, service: Service) -> Result<(), RoError> {
        match self.plan.event {
            Some(action) => self.event(service, action).await,
            None => self.session(service).await,
        }
    }

    async fn event(&self, service: Service, action: EventAction) -> Result<(), RoError> {
        let ask = |ccr: &mut Ccr| ccr.multiple_services_credit_control.push(self.asking(None));
        let answer = match action {
            EventAction::Debit => service.debit(ask),
            EventAction::Refund => service.refund(ask),
            EventAction::CheckBalance => service.check_balance(ask),
            EventAction::PriceEnquiry => service.price_enquiry(ask),
        };
        answer.await.map(drop)
    }

    async fn session(&self, service: Service) -> Result<(), RoError> {
        let opening = service.initial(|ccr| ccr.multiple_services_credit_control.push(self.asking(None)));
        let (session, answer) = match opening.await? {
            Opened::Granted { session, answer } => (session, answer),
            Opened::Uncontrolled { cause, .. } => return Err(cause),
        };
        let id = session.id().to_owned();
        let grant = Arc::new(Mutex::new(self.granted(&answer)));
        self.grants().insert(id.clone(), Arc::clone(&grant));
        self.opened.notify_waiters();
        let used = async {
            for _ in 0..self.plan.updates {
                self.update(&session, &grant, None).await?;
            }
            tokio::time::sleep(self.plan.stay).await;
            let mut grant = grant.lock().await;
            let service = self.reporting(grant.take(), ReportingReason::FINAL);
            session.terminate(|ccr| ccr.multiple_services_credit_control.push(service)).await
        };
        let used = used.await;
        self.grants().remove(&id);
        used.map(drop)
    }

    /// Reports what was granted as used, and asks for more.
    async fn update(
        &self,
        session: &SessionHandle,
        grant: &Grant,
        reason: Option<ReportingReason>,
    ) -> Result<(), RoError> {
        let mut grant = grant.lock().await;
        let service = self.asking(Some((grant.take(), reason)));
        let answer = session.update(|ccr| ccr.multiple_services_credit_control.push(service)).await?;
        *grant = self.granted(&answer);
        Ok(())
    }

    /// The server wants to be asked again.
    pub(super) async fn reauthorized(self: Arc<Self>, session: SessionHandle, rar: Reauthorization) {
        if rar.pending {
            // The UPDATE that is out reports all there is.
            return rar.answer(ResultCode::SUCCESS).await;
        }
        rar.answer(ResultCode::LIMITED_SUCCESS).await;
        let Some(grant) = self.grant(session.id()).await else { return };
        let updated = self.update(&session, &grant, Some(ReportingReason::FORCED_REAUTHORISATION)).await;
        self.failed(updated);
    }

    /// The server wants the session to end.
    pub(super) async fn aborted(self: Arc<Self>, session: SessionHandle, asr: Abort) {
        // While an UPDATE is out, it reports all there is, and the ASA does not wait for its answer.
        let grant = self.grant(session.id()).await;
        let granted = grant.and_then(|grant| grant.try_lock().ok()?.take());
        let service = self.reporting(granted, ReportingReason::FINAL);
        let ended = asr.terminate(|ccr| ccr.multiple_services_credit_control.push(service)).await;
        self.failed(ended.map(drop));
    }

    /// Keeps what went wrong where nobody waits.
    fn failed(&self, result: Result<(), RoError>) {
        if let Err(error) = answered(result) {
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn grants(&self) -> std::sync::MutexGuard<'_, HashMap<String, Grant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a session was granted; a RAR or ASR may come before the session's own task has seen the grant.
    async fn grant(&self, id: &str) -> Option<Grant> {
        let found = async {
            loop {
                let mut opened = std::pin::pin!(self.opened.notified());
                opened.as_mut().enable();
                let found = self.grants().get(id).cloned();
                match found {
                    Some(grant) => return grant,
                    None => opened.await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.ok()
    }

    fn service(&self) -> MultipleServicesCreditControl {
        MultipleServicesCreditControl::new().with_rating_group(self.plan.rating_group)
    }

    fn asking(
        &self,
        used: Option<(Option<GrantedServiceUnit>, Option<ReportingReason>)>,
    ) -> MultipleServicesCreditControl {
        let service = self.service().with_requested_service_unit(self.plan.wanted.clone());
        match used {
            Some((granted, reason)) => report(service, granted, reason),
            None => service,
        }
    }

    fn reporting(&self, granted: Option<GrantedServiceUnit>, reason: ReportingReason) -> MultipleServicesCreditControl {
        report(self.service(), granted, Some(reason))
    }

    /// What an answer grants: in Multiple-Services-Credit-Control, or at command level as RFC 8506 also has it.
    fn granted(&self, answer: &Cca) -> Option<GrantedServiceUnit> {
        let services = &answer.multiple_services_credit_control;
        let service = services.iter().find(|service| service.rating_group == Some(self.plan.rating_group));
        let service = service.or(services.first()).and_then(|service| service.granted_service_unit.as_ref());
        service.or(answer.granted_service_unit.as_ref()).cloned()
    }
}

/// Reporting-Reason is for usage: without any, there is none.
fn report(
    mut service: MultipleServicesCreditControl,
    granted: Option<GrantedServiceUnit>,
    reason: Option<ReportingReason>,
) -> MultipleServicesCreditControl {
    if let Some(granted) = granted {
        let mut used = UsedServiceUnit::new();
        used.cc_time = granted.cc_time;
        used.cc_money = granted.cc_money;
        used.cc_total_octets = granted.cc_total_octets;
        used.cc_input_octets = granted.cc_input_octets;
        used.cc_output_octets = granted.cc_output_octets;
        used.cc_service_specific_units = granted.cc_service_specific_units;
        if reason.is_none() {
            used.reporting_reason = Some(ReportingReason::QUOTA_EXHAUSTED);
        }
        service.used_service_unit.push(used);
        service.reporting_reason.extend(reason);
    }
    service
}

/// An answer that refuses is told by the journal, and ends its call; what has no answer ends the client.
fn answered(charged: Result<(), RoError>) -> Result<(), RoError> {
    match charged {
        Err(RoError::Denied(_) | RoError::Ended) => Ok(()),
        // A refusal is one also where it is malformed.
        Err(RoError::Send(SendError::Answered(_) | SendError::Malformed { refusal: Some(_), .. })) => Ok(()),
        Err(RoError::Uncontrolled(cause)) => answered(Err(*cause)),
        charged => charged,
    }
}
