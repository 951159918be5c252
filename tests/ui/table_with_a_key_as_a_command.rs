//! AVPs go to `avps`, messages to `commands`.

use diametric::base::UserName;
use diametric::codec::DictionaryTable;
use diametric_derive::dictionary_table;

pub static DICTIONARY: DictionaryTable = dictionary_table!(name = "acme", commands = [UserName]);

fn main() {}
