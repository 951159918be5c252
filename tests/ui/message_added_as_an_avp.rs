//! A message is no AVP.

use diametric::codec::Group;
use diametric::credit_control::{Cca, Ccr};

pub fn fill(ccr: &mut Ccr, cca: Cca) {
    ccr.add::<Cca>(cca);
}

fn main() {}
