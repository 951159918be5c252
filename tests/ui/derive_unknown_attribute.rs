//! `vendr` is not an attribute.

use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendr = 99999, type = UTF8String)]
pub enum CustomNote {}

fn main() {}
