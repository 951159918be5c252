//! A stray `+` makes a trait of the type of a value.

use diametric::codec::Extras;
use diametric::credit_control::RatingGroup;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(RatingGroup)]
    pub rating_group: u32+,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
