//! User-Name occurs at most once.

use diametric::credit_control::Ccr;

pub fn fill(ccr: &mut Ccr) {
    ccr.user_name.push("somebody".into());
}

fn main() {}
