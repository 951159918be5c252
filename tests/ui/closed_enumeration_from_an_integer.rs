//! The number on the wire is not the value.

use diametric::credit_control::Ccr;

pub fn fill(ccr: &mut Ccr) {
    ccr.cc_request_type = 1;
}

fn main() {}
