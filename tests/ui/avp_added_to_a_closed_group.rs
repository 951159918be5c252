//! PS-Information has no `* [ AVP ]`, and the dictionary extends it by another AVP only.

use diametric::codec::Group;
use diametric::ts32299::PsInformation;
use diametric_tests::acme::CustomMessage;

pub fn fill(ps: &mut PsInformation) {
    ps.add::<CustomMessage>("This is a test");
}

fn main() {}
