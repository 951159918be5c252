//! A key such as `CustomMessage` stands for the AVP; its values are of another type.

use diametric::codec::Group;
use diametric::credit_control::Ccr;
use diametric_tests::acme::CustomMessage;

pub fn fill(ccr: &mut Ccr) {
    ccr.add::<CustomMessage>(CustomMessage);
}

fn main() {}
