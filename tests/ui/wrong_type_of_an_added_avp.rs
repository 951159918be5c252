//! A number for a vendor's AVP that is UTF8String.

use diametric::codec::Group;
use diametric::credit_control::Ccr;
use diametric_tests::acme::CustomMessage;

pub fn fill(ccr: &mut Ccr) {
    ccr.add::<CustomMessage>(17);
}

fn main() {}
