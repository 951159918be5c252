//! Multiple-Services-Credit-Control may occur several times.

use diametric::credit_control::{Ccr, MultipleServicesCreditControl};

pub fn fill(ccr: &mut Ccr) {
    ccr.multiple_services_credit_control = Some(MultipleServicesCreditControl::new());
}

fn main() {}
