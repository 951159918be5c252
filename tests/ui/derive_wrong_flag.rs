//! `X` is not a flag of an AVP.

use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, flags = "MX", type = UTF8String)]
pub enum CustomNote {}

fn main() {}
