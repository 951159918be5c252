//! What is sent for a variant does not depend on its place.

use diametric_derive::Enumerated;

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Custom-Kind", code = 7103, vendor = 99999)]
pub enum CustomKind {
    First = 1,
    Second,
}

fn main() {}
