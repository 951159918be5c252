//! What a server without accounts grants.

use diametric::base::ResultCode;
use diametric::credit_control::{
    CcRequestType, Cca, Ccr, CheckBalanceResult, CostInformation, CostInformationRequired, GrantedServiceUnit,
    MultipleServicesCreditControl, RequestedAction, RequestedServiceUnit, UnitValue, UnitValueRequired,
};

/// Granted where the client leaves the amount to the server.
const OCTETS: u64 = 1 << 20;
const SECONDS: u32 = 600;
const UNITS: u64 = 1;

/// What the command line says of grants.
#[derive(Clone, Debug, Default)]
pub(super) struct Tariff {
    pub(super) octets: Option<u64>,
    pub(super) seconds: Option<u32>,
    pub(super) validity_time: Option<u32>,
}

impl Tariff {
    /// Grants what `ccr` asks for.
    pub(super) fn grant(&self, ccr: &Ccr, cca: &mut Cca) {
        let event = ccr.cc_request_type == CcRequestType::EventRequest;
        match ccr.requested_action.filter(|_| event) {
            Some(RequestedAction::CheckBalance) => {
                cca.check_balance_result = Some(CheckBalanceResult::ENOUGH_CREDIT);
                return;
            }
            Some(RequestedAction::PriceEnquiry) => {
                cca.cost_information = Some(price());
                return;
            }
            Some(RequestedAction::DirectDebiting | RequestedAction::RefundAccount) | None => {}
        }
        let last = ccr.cc_request_type == CcRequestType::TerminationRequest;
        for service in &ccr.multiple_services_credit_control {
            let mut answered = MultipleServicesCreditControl::new().with_result_code(ResultCode::SUCCESS);
            answered.rating_group = service.rating_group;
            answered.service_identifier = service.service_identifier.clone();
            // Without Requested-Service-Unit, nothing is wanted any more (RFC 8506 §8.16).
            if let Some(asked) = service.requested_service_unit.as_ref().filter(|_| !last) {
                answered.granted_service_unit = Some(self.units(asked, event));
                answered.validity_time = self.validity_time.filter(|_| !event);
            }
            cca.multiple_services_credit_control.push(answered);
        }
        // The layout of RFC 8506, where there is one service and no Multiple-Services-Credit-Control. An event without
        // either is about one unit.
        let one = RequestedServiceUnit::new();
        let alone = event && ccr.multiple_services_credit_control.is_empty();
        let asked = ccr.requested_service_unit.as_ref().or(alone.then_some(&one));
        if let Some(asked) = asked.filter(|_| !last) {
            cca.granted_service_unit = Some(self.units(asked, event));
            cca.validity_time = self.validity_time.filter(|_| !event);
        }
    }

    fn units(&self, asked: &RequestedServiceUnit, event: bool) -> GrantedServiceUnit {
        let mut units = GrantedServiceUnit::new();
        units.cc_time = asked.cc_time.map(|seconds| self.seconds.unwrap_or(or_default(seconds, SECONDS)));
        units.cc_total_octets = asked.cc_total_octets.map(|octets| self.octets.unwrap_or(or_default(octets, OCTETS)));
        units.cc_input_octets = asked.cc_input_octets.map(|octets| or_default(octets, OCTETS));
        units.cc_output_octets = asked.cc_output_octets.map(|octets| or_default(octets, OCTETS));
        units.cc_service_specific_units = asked.cc_service_specific_units.map(|count| or_default(count, UNITS));
        units.cc_money = asked.cc_money.clone();
        if units == GrantedServiceUnit::new() {
            // The server decides: an empty Requested-Service-Unit.
            units.cc_time = self.seconds;
            units.cc_total_octets = self.octets;
            match (self.seconds, self.octets) {
                (None, None) if event => units.cc_service_specific_units = Some(UNITS),
                (None, None) => units.cc_total_octets = Some(OCTETS),
                _ => {}
            }
        }
        units
    }
}

/// Clients that want the server to decide may also ask for 0.
fn or_default<N: Default + PartialEq>(asked: N, default: N) -> N {
    if asked == N::default() { default } else { asked }
}

fn price() -> CostInformation {
    let cents = UnitValue::new(UnitValueRequired { value_digits: 10 }).with_exponent(-2);
    CostInformation::new(CostInformationRequired { unit_value: cents, currency_code: 978 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_granted_unless_the_options_say_otherwise() {
        let mut asked = RequestedServiceUnit::new();
        asked.cc_time = Some(60);
        asked.cc_total_octets = Some(5);
        asked.cc_output_octets = Some(0);
        let as_asked = Tariff::default().units(&asked, false);
        assert_eq!((as_asked.cc_time, as_asked.cc_total_octets, as_asked.cc_input_octets), (Some(60), Some(5), None));
        assert_eq!(as_asked.cc_output_octets, Some(OCTETS));
        let fixed = Tariff { octets: Some(7), seconds: None, validity_time: None }.units(&asked, false);
        assert_eq!((fixed.cc_time, fixed.cc_total_octets), (Some(60), Some(7)));
    }

    #[test]
    fn where_the_server_decides_it_grants_what_the_options_say() {
        let asked = RequestedServiceUnit::new();
        assert_eq!(Tariff::default().units(&asked, false).cc_total_octets, Some(OCTETS));
        assert_eq!(Tariff::default().units(&asked, true).cc_service_specific_units, Some(1));
        let time = Tariff { seconds: Some(30), ..Tariff::default() }.units(&asked, false);
        assert_eq!((time.cc_time, time.cc_total_octets), (Some(30), None));
    }
}
