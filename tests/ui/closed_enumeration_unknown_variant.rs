//! CC-Request-Type has no such value.

use diametric::credit_control::{CcRequestType, Ccr};

pub fn fill(ccr: &mut Ccr) {
    ccr.cc_request_type = CcRequestType::Initial;
}

fn main() {}
