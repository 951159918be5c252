//! An AVP that occurs twice has one field, which is a `List`.

use diametric::codec::Extras;
use diametric::credit_control::RatingGroup;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(RatingGroup)]
    pub first: Option<u32>,
    #[avp(RatingGroup)]
    pub second: Option<u32>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
