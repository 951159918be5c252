//! AVPs of two vendors in a standard message: each dictionary is a crate, and the second builds on the first.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::credit_control::Ccr;
use diametric::message::{self, Command, EndToEndId, Header, HopByHopId};
use nova_dictionary::nova::{NovaAcmePartnerExt as _, NovaCreditControlRequestExt as _};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (hop_by_hop, end_to_end) = (HopByHopId(1), EndToEndId(1));
    let header = Header { flags: Ccr::FLAGS, command: Ccr::CODE, application: 4, hop_by_hop, end_to_end };
    let frame = message::encode(header, &billing::request())?;
    let ccr = message::decode::<Ccr>(&frame, &billing::known())?.body;
    if let Some(offer) = ccr.nova_offer()? {
        let partner = offer.acme_partner;
        println!("{} gets a bonus of {:?}", partner.acme_partner_name, partner.nova_bonus()?);
    }
    Ok(())
}
