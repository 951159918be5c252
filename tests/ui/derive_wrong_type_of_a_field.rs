//! Rating-Group is Unsigned32.

use diametric::codec::Extras;
use diametric::credit_control::RatingGroup;
use diametric::value::Utf8String;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(RatingGroup)]
    pub rating_group: Option<Utf8String>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
