//! The demo's online charging system: one tariff, accounts in cents, reservations for sessions.

use super::recorder::Recorder;
use crate::acme::{AcmeCreditControlRequestExt, Campaign};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{
    CheckBalanceResult, CreditControlAnswer, CreditControlRequest, GrantedServiceUnit, MultipleServicesCreditControl,
};
use diametric::ro::{Expiry, RoRequest, RoServer, ServedSession};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Price of one service unit, such as a short message, in cents.
pub(super) const CENTS_PER_UNIT: u64 = 15;
/// Price of a mebibyte, begun or full, in cents.
const CENTS_PER_MEBIBYTE: u64 = 10;
const MEBIBYTE: u64 = 1 << 20;

type Answer = Result<CreditControlAnswer, ErrorAnswer>;

/// The accounts and what is reserved of them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    balances: HashMap<String, u64>,
    reservations: HashMap<String, Reservation>,
    messages: Vec<(String, Option<Campaign>)>,
}

#[derive(Debug)]
struct Reservation {
    subscriber: String,
    cents: u64,
    session: ServedSession,
}

impl Ledger {
    /// Opens an account.
    pub(super) fn open(&mut self, subscriber: &str, cents: u64) {
        self.balances.insert(subscriber.into(), cents);
    }

    /// What an account holds, reservations not subtracted.
    pub(super) fn balance(&self, subscriber: &str) -> Option<u64> {
        self.balances.get(subscriber).copied()
    }

    /// What is reserved of all accounts.
    pub(super) fn reserved(&self) -> u64 {
        self.reservations.values().map(|reservation| reservation.cents).sum()
    }

    /// A session for which something is reserved.
    pub(super) fn session(&self, id: &str) -> Option<ServedSession> {
        self.reservations.get(id).map(|reservation| reservation.session.clone())
    }

    /// The Custom-Message AVPs that came in, with the Campaign beside each.
    pub(super) fn messages(&self) -> &[(String, Option<Campaign>)] {
        &self.messages
    }

    fn available(&self, subscriber: &str) -> Option<u64> {
        let reservations = self.reservations.values().filter(|reservation| reservation.subscriber == subscriber);
        let reserved: u64 = reservations.map(|reservation| reservation.cents).sum();
        self.balance(subscriber).map(|balance| balance.saturating_sub(reserved))
    }

    fn debit(&mut self, subscriber: &str, cents: u64) {
        if let Some(balance) = self.balances.get_mut(subscriber) {
            *balance = balance.saturating_sub(cents);
        }
    }

    /// Keeps what the client said in the vendor's own AVPs.
    fn read(&mut self, ccr: &CreditControlRequest) -> Result<(), ErrorAnswer> {
        let message = ccr.custom_message().map_err(|error| ErrorAnswer::from(&error))?;
        let campaign = ccr.campaign().map_err(|error| ErrorAnswer::from(&error))?;
        self.messages.extend(message.map(|message| (message.to_string(), campaign)));
        Ok(())
    }
}

/// The server, a handle to the ledger it works on.
#[derive(Clone, Debug)]
pub(super) struct Ocs {
    ledger: Arc<Mutex<Ledger>>,
    recorder: Arc<Recorder>,
}

impl Ocs {
    /// A server that tells `recorder` what it does.
    pub(super) fn new(recorder: &Arc<Recorder>) -> Self {
        Self { ledger: Arc::default(), recorder: Arc::clone(recorder) }
    }

    /// The ledger, for as long as the guard lives.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every operation leaves the ledger consistent before anything could panic.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, ledger: &Ledger, subscriber: &str, what: &str) {
        let balance = ledger.balance(subscriber).unwrap_or_default();
        let reserved = ledger.reserved();
        self.recorder.note(format!("{what}: account {}, reserved {}", euros(balance), euros(reserved)));
    }

    /// Debits what was used, and reserves what is wanted for as long as the account has it.
    fn session(&self, request: &RoRequest) -> Answer {
        let ccr = &request.ccr;
        let mut ledger = self.ledger();
        let Some(subscriber) = subscriber(ccr) else { return Ok(request.answer(ResultCode::USER_UNKNOWN)) };
        ledger.reservations.remove(ccr.session_id.as_str());
        let services = &ccr.multiple_services_credit_control;
        let used = services.iter().flat_map(|service| &service.used_service_unit);
        let cost = used.filter_map(|unit| unit.cc_total_octets).map(price_of).sum();
        ledger.debit(&subscriber, cost);
        let Some(available) = ledger.available(&subscriber) else {
            return Ok(request.answer(ResultCode::USER_UNKNOWN));
        };
        ledger.read(ccr)?;
        let mut cca = request.success();
        let mut reserved = 0;
        for service in services {
            let Some(wanted) = &service.requested_service_unit else { continue };
            let octets = wanted.cc_total_octets.unwrap_or(MEBIBYTE);
            let mut granted = MultipleServicesCreditControl::new();
            granted.rating_group = service.rating_group;
            granted.service_identifier = service.service_identifier.clone();
            let cost = price_of(octets);
            if reserved + cost <= available {
                reserved += cost;
                granted.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(octets));
                granted.result_code = Some(ResultCode::SUCCESS);
            } else {
                granted.result_code = Some(ResultCode::CREDIT_LIMIT_REACHED);
            }
            cca.multiple_services_credit_control.push(granted);
        }
        let what = match (cost, reserved) {
            (0, _) => format!("reserves {}", euros(reserved)),
            (_, 0) => format!("debits {}", euros(cost)),
            _ => format!("debits {}, reserves {}", euros(cost), euros(reserved)),
        };
        if reserved > 0 {
            let reservation =
                Reservation { subscriber: subscriber.clone(), cents: reserved, session: request.session() };
            ledger.reservations.insert(ccr.session_id.to_string(), reservation);
        }
        self.note(&ledger, &subscriber, &what);
        Ok(cca)
    }

    /// Debits or refunds an event.
    fn event(&self, request: &RoRequest, refund: bool) -> Answer {
        let ccr = &request.ccr;
        let units = ccr.requested_service_unit.as_ref().and_then(|unit| unit.cc_service_specific_units).unwrap_or(1);
        let cost = units.saturating_mul(CENTS_PER_UNIT);
        let mut ledger = self.ledger();
        let Some(subscriber) = subscriber(ccr) else { return Ok(request.answer(ResultCode::USER_UNKNOWN)) };
        match ledger.available(&subscriber) {
            None => return Ok(request.answer(ResultCode::USER_UNKNOWN)),
            Some(available) if !refund && available < cost => {
                return Ok(request.answer(ResultCode::CREDIT_LIMIT_REACHED));
            }
            Some(_) => {}
        }
        ledger.read(ccr)?;
        if refund {
            ledger.balances.entry(subscriber.clone()).and_modify(|balance| *balance += cost);
        } else {
            ledger.debit(&subscriber, cost);
        }
        self.note(&ledger, &subscriber, &format!("{} {}", if refund { "refunds" } else { "debits" }, euros(cost)));
        let mut cca = request.success();
        cca.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_service_specific_units(units));
        Ok(cca)
    }
}

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Answer {
        self.session(&request)
    }

    async fn update(&self, request: RoRequest) -> Answer {
        self.session(&request)
    }

    async fn terminate(&self, request: RoRequest) -> Answer {
        self.session(&request)
    }

    async fn debit(&self, request: RoRequest) -> Answer {
        self.event(&request, false)
    }

    async fn refund(&self, request: RoRequest) -> Answer {
        self.event(&request, true)
    }

    async fn check_balance(&self, request: RoRequest) -> Answer {
        let ledger = self.ledger();
        let subscriber = subscriber(&request.ccr).unwrap_or_default();
        let Some(available) = ledger.available(&subscriber) else {
            return Ok(request.answer(ResultCode::USER_UNKNOWN));
        };
        self.note(&ledger, &subscriber, "looks");
        let enough = available >= CENTS_PER_UNIT;
        let result = if enough { CheckBalanceResult::ENOUGH_CREDIT } else { CheckBalanceResult::NO_CREDIT };
        Ok(request.success().with_check_balance_result(result))
    }

    async fn expired(&self, session: ServedSession, _: Expiry) {
        self.ledger().reservations.remove(session.id());
    }
}

/// Cents for so many octets.
pub(super) fn price_of(octets: u64) -> u64 {
    octets.div_ceil(MEBIBYTE).saturating_mul(CENTS_PER_MEBIBYTE)
}

pub(super) fn euros(cents: u64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

fn subscriber(ccr: &CreditControlRequest) -> Option<String> {
    ccr.subscription_id.first().map(|subscription| subscription.subscription_id_data.to_string())
}
