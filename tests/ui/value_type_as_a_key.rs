//! The type of a value does not say which AVP is meant.

use diametric::codec::Group;
use diametric::credit_control::Ccr;
use diametric::value::Utf8String;

pub fn read(ccr: &Ccr) {
    let _ = ccr.get::<Utf8String>();
}

fn main() {}
