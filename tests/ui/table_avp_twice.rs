//! Two AVPs with one code.

use diametric::codec::DictionaryTable;
use diametric_derive::{Avp, dictionary_table};

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, type = UTF8String)]
pub enum CustomNote {}

#[derive(Avp)]
#[avp(name = "Custom-Time", code = 7101, vendor = 99999, type = Time)]
pub enum CustomTime {}

pub static DICTIONARY: DictionaryTable = dictionary_table!(name = "acme", avps = [CustomNote, CustomTime]);

fn main() {
    let _ = DICTIONARY.name;
}
