//! A named value is a constant.

use diametric_derive::Enumerated;

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Custom-Kind", code = 7103, vendor = 99999, values(None = 0))]
pub struct CustomKind(pub i32);

fn main() {}
