//! A group is `Clone`, `Debug` and `PartialEq`.

use diametric::codec::Extras;
use diametric_derive::Grouped;

#[derive(Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(diametric::credit_control::RatingGroup)]
    pub rating_group: Option<u32>,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
