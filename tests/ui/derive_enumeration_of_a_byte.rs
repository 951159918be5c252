//! An Enumerated is 32 bits on the wire.

use diametric_derive::Enumerated;

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Custom-Kind", code = 7103, vendor = 99999, values(NONE = 0))]
pub struct CustomKind(pub u8);

fn main() {}
