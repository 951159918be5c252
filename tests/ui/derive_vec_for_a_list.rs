//! A repeated member is a `List`.

use diametric::codec::Extras;
use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(diametric::credit_control::RatingGroup)]
    pub rating_groups: Vec<u32>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
