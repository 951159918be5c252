//! What a dictionary adds to a standard message is in a trait.

use diametric::credit_control::Ccr;

pub fn fill(ccr: Ccr) -> Ccr {
    ccr.with_custom_hint(17_u32)
}

fn main() {
    let _ = diametric_tests::DICTIONARY.name;
}
