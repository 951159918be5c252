//! An own form of CCR whose dictionary demands Custom-Message.

use diametric::credit_control::Ccr;
use diametric_tests::acme::{CustomCreditControlRequest, CustomCreditControlRequestRequired};

pub fn form(standard: Ccr) -> CustomCreditControlRequest {
    CustomCreditControlRequest::new(standard, CustomCreditControlRequestRequired {})
}

fn main() {}
