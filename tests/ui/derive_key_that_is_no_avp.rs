//! A field names the key of its AVP, not the type of its value.

use diametric::codec::Extras;
use diametric::value::Utf8String;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(Utf8String)]
    pub note: Option<Utf8String>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
