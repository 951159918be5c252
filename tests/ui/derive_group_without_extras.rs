//! Nothing of what was received is lost: a group keeps what it does not declare.

use diametric_derive::Grouped;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(diametric::credit_control::RatingGroup)]
    pub rating_group: Option<u32>,
}

fn main() {}
