//! Two names for one value.

use diametric_derive::Enumerated;

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Custom-Kind", code = 7103, vendor = 99999, values(NONE = 0, NOTHING = 0))]
pub struct CustomKind(pub i32);

fn main() {
    let _ = CustomKind::NOTHING;
}
