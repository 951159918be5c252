//! An AVP has a code.

use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", vendor = 99999, type = UTF8String)]
pub enum CustomNote {}

fn main() {}
