//! Only what has members can be extended.

use diametric::base::UserName;
use diametric_derive::Avp;

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, type = UTF8String, extends(UserName))]
pub enum CustomNote {}

fn main() {}
