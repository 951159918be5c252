//! A member that Credit-Control-Request does not have.

use diametric::credit_control::Ccr;

pub fn fill(ccr: &mut Ccr) {
    ccr.user_nam = Some("somebody".into());
}

fn main() {}
