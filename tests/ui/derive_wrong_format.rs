//! `String` is not a format of RFC 6733.

use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, type = String)]
pub enum CustomNote {}

fn main() {}
