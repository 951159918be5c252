//! A field does not say which AVP it is.

use diametric::codec::Extras;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    pub rating_group: Option<u32>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
