//! AVPs declared in Rust.

use diametric::codec::{Avp as _, AvpInfo, DictionaryTable, Extras, Group};
use diametric::credit_control::{RatingGroup, SubscriptionId};
use diametric::value::{List, Utf8String};
use diametric_derive::{Avp, Grouped};

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, flags = "M", type = UTF8String, extends(SubscriptionId))]
pub enum CustomNote {}

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Custom-Info", code = 7102, vendor = 99999)]
pub struct CustomInfo {
    #[avp(CustomNote)]
    pub note: Utf8String,
    #[avp(RatingGroup, max = 3)]
    pub rating_groups: List<u32>,
    #[avp(extras)]
    pub extras: Extras,
}

pub static DICTIONARY: DictionaryTable = DictionaryTable {
    name: "custom",
    avps: &[AvpInfo::of::<CustomNote>(), AvpInfo::of::<CustomInfo>()],
    commands: &[],
    allowed: &[],
};

pub fn add(id: &mut SubscriptionId) {
    id.add::<CustomNote>("allowed by `extends`");
}

fn main() {
    let mut info = CustomInfo { note: "hello".into(), rating_groups: [1, 2].into(), extras: Extras::new() };
    info.add::<CustomNote>("twice");
    assert_eq!((CustomInfo::CODE, CustomNote::NAME, DICTIONARY.avps.len()), (7102, "Custom-Note", 2));
}
