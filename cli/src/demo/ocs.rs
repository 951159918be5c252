//! A small online charging system: one tariff, accounts in cents, reservations for sessions.

use crate::acme::{AcmeCreditControlRequestExt, Campaign};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{
    CreditControlAnswer, CreditControlRequest, GrantedServiceUnit, MultipleServicesCreditControl,
};
use diametric::ro::{RoRequest, RoServer};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Price of one service unit, such as a short message, in cents.
const CENTS_PER_UNIT: u64 = 15;
/// Price of a mebibyte, begun or full, in cents.
const CENTS_PER_MEBIBYTE: u64 = 10;
const MEBIBYTE: u64 = 1 << 20;

/// The accounts and what is reserved of them.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    balances: HashMap<String, u64>,
    reserved: HashMap<String, (String, u64)>,
    messages: Vec<(String, Option<Campaign>)>,
}

impl Ledger {
    /// Opens an account.
    pub(crate) fn open(&mut self, subscriber: &str, cents: u64) {
        self.balances.insert(subscriber.into(), cents);
    }

    /// What an account holds, reservations not subtracted.
    pub(crate) fn balance(&self, subscriber: &str) -> Option<u64> {
        self.balances.get(subscriber).copied()
    }

    /// What is reserved of all accounts.
    pub(crate) fn reserved(&self) -> u64 {
        self.reserved.values().map(|(_, cents)| cents).sum()
    }

    /// The Custom-Message AVPs that came in, with the Campaign beside each.
    pub(crate) fn messages(&self) -> &[(String, Option<Campaign>)] {
        &self.messages
    }

    fn available(&self, subscriber: &str) -> Option<u64> {
        let reserved: u64 = self.reserved.values().filter(|(who, _)| who == subscriber).map(|(_, cents)| cents).sum();
        self.balance(subscriber).map(|balance| balance.saturating_sub(reserved))
    }

    fn debit(&mut self, subscriber: &str, cents: u64) {
        if let Some(balance) = self.balances.get_mut(subscriber) {
            *balance = balance.saturating_sub(cents);
        }
    }
}

/// The server, a handle to the ledger it works on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ocs {
    ledger: Arc<Mutex<Ledger>>,
}

impl Ocs {
    /// The ledger, for as long as the guard lives.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every operation leaves the ledger consistent before anything could panic.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn charge_event(&self, request: &RoRequest) -> Result<CreditControlAnswer, ErrorAnswer> {
        let ccr = &request.ccr;
        let units = ccr.requested_service_unit.as_ref().and_then(|unit| unit.cc_service_specific_units).unwrap_or(1);
        let mut ledger = self.ledger();
        let Some(subscriber) = subscriber(ccr) else { return Ok(request.answer(ResultCode::USER_UNKNOWN)) };
        let cost = units.saturating_mul(CENTS_PER_UNIT);
        match ledger.available(&subscriber) {
            None => Ok(request.answer(ResultCode::USER_UNKNOWN)),
            Some(available) if available < cost => Ok(request.answer(ResultCode::CREDIT_LIMIT_REACHED)),
            Some(_) => {
                note(&mut ledger, ccr)?;
                ledger.debit(&subscriber, cost);
                let mut cca = request.success();
                cca.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_service_specific_units(units));
                Ok(cca)
            }
        }
    }

    fn reserve(&self, request: &RoRequest) -> Result<CreditControlAnswer, ErrorAnswer> {
        let ccr = &request.ccr;
        let mut ledger = self.ledger();
        let Some(subscriber) = subscriber(ccr) else { return Ok(request.answer(ResultCode::USER_UNKNOWN)) };
        let Some(available) = ledger.available(&subscriber) else {
            return Ok(request.answer(ResultCode::USER_UNKNOWN));
        };
        note(&mut ledger, ccr)?;
        let mut cca = request.success();
        let mut reserved = 0;
        for service in &ccr.multiple_services_credit_control {
            let wanted =
                service.requested_service_unit.as_ref().and_then(|unit| unit.cc_total_octets).unwrap_or(MEBIBYTE);
            let cost = price_of(wanted);
            let mut granted = MultipleServicesCreditControl::new();
            granted.rating_group = service.rating_group;
            granted.service_identifier = service.service_identifier.clone();
            if reserved + cost <= available {
                reserved += cost;
                granted.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(wanted));
                granted.result_code = Some(ResultCode::SUCCESS);
            } else {
                granted.result_code = Some(ResultCode::CREDIT_LIMIT_REACHED);
            }
            cca.multiple_services_credit_control.push(granted);
        }
        ledger.reserved.insert(ccr.session_id.to_string(), (subscriber, reserved));
        Ok(cca)
    }

    fn settle(&self, request: &RoRequest) -> Result<CreditControlAnswer, ErrorAnswer> {
        let ccr = &request.ccr;
        let mut ledger = self.ledger();
        let Some((subscriber, _)) = ledger.reserved.remove(ccr.session_id.as_str()) else {
            return Ok(request.answer(ResultCode::UNKNOWN_SESSION_ID));
        };
        note(&mut ledger, ccr)?;
        let used = ccr.multiple_services_credit_control.iter().flat_map(|service| &service.used_service_unit);
        let cost = used.filter_map(|unit| unit.cc_total_octets).map(price_of).sum();
        ledger.debit(&subscriber, cost);
        Ok(request.success())
    }
}

/// Cents for so many octets.
pub(crate) fn price_of(octets: u64) -> u64 {
    octets.div_ceil(MEBIBYTE).saturating_mul(CENTS_PER_MEBIBYTE)
}

fn subscriber(ccr: &CreditControlRequest) -> Option<String> {
    ccr.subscription_id.first().map(|subscription| subscription.subscription_id_data.to_string())
}

/// Keeps what the client said in the vendor's own AVPs.
fn note(ledger: &mut Ledger, ccr: &CreditControlRequest) -> Result<(), ErrorAnswer> {
    let message = ccr.custom_message().map_err(|error| ErrorAnswer::from(&error))?;
    let campaign = ccr.campaign().map_err(|error| ErrorAnswer::from(&error))?;
    ledger.messages.extend(message.map(|message| (message.to_string(), campaign)));
    Ok(())
}

impl RoServer for Ocs {
    fn initial(&self, request: RoRequest) -> impl Future<Output = Result<CreditControlAnswer, ErrorAnswer>> + Send {
        std::future::ready(self.reserve(&request))
    }

    fn terminate(&self, request: RoRequest) -> impl Future<Output = Result<CreditControlAnswer, ErrorAnswer>> + Send {
        std::future::ready(self.settle(&request))
    }

    fn debit(&self, request: RoRequest) -> impl Future<Output = Result<CreditControlAnswer, ErrorAnswer>> + Send {
        std::future::ready(self.charge_event(&request))
    }
}
