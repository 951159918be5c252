//! A value of an enumeration is a number and copied like one.

use diametric_derive::Enumerated;

#[derive(Clone, PartialEq, Eq, Enumerated)]
#[avp(name = "Custom-Kind", code = 7103, vendor = 99999, values(NONE = 0))]
pub struct CustomKind(pub i32);

fn main() {}
