//! A text where the AVP is Unsigned32.

use diametric::credit_control::Ccr;

pub fn fill(ccr: &mut Ccr) {
    ccr.service_identifier = Some("17");
}

fn main() {}
