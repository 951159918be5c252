//! Enumerations declared in Rust: open ones keep what has no name, closed ones are Rust enums.

use diametric::value::Enumeration;
use diametric_derive::Enumerated;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumerated)]
#[avp(name = "Campaign", code = 7103, vendor = 99999, values(NONE = 0, SUMMER("Summer nights") = 1))]
pub struct Campaign(pub i32);

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Kind", code = 7104, vendor = 99999)]
pub enum Kind {
    FirstKind = 1,
    #[avp(label = "the other")]
    SecondKind = 2,
}

pub fn is_summer(campaign: Campaign) -> bool {
    matches!(campaign, Campaign::SUMMER)
}

fn main() {
    assert!(is_summer(Campaign(1)));
    assert_eq!((Campaign::SUMMER.to_string(), Campaign(9).label()), ("1 (Summer nights)".to_owned(), None));
    assert_eq!((Kind::from_label("FIRST_KIND"), Kind::from_raw(9)), (Some(Kind::FirstKind), None));
    assert_eq!(Kind::SecondKind.label(), Some("the other"));
}
