//! The values of an AVP are of a type that Diameter has.

use diametric::codec::Avp;
use diametric::wire::AvpFlags;

pub enum CustomNote {}

impl Avp for CustomNote {
    const CODE: u32 = 7101;
    const VENDOR: u32 = 99999;
    const FLAGS: AvpFlags = AvpFlags::VENDOR;
    const NAME: &'static str = "Custom-Note";
    type Value = String;
}

fn main() {}
