//! A key has no values of its own.

use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, type = UTF8String)]
pub enum CustomNote {
    Text(String),
}

fn main() {}
