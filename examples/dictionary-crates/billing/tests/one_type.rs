//! The types of one crate are used by the next, not made again.

use acme_dictionary::acme::{AcmeCampaign, AcmePartner};
use diametric::codec::{Avp, Group};
use diametric::credit_control::Ccr;
use diametric::message::{self, Command, EndToEndId, Header, HopByHopId};
use nova_dictionary::nova::{
    NovaAcmeCampaignValues as _, NovaAcmePartnerExt as _, NovaCreditControlRequestExt as _, NovaOffer,
};
use std::any::TypeId;

/// The type of what is behind `_`.
fn type_of<T: 'static>(_: &T) -> TypeId {
    TypeId::of::<T>()
}

#[test]
fn a_member_of_one_crate_is_of_the_others_type() {
    let offer = billing::request().nova_offer().unwrap().unwrap();
    assert_eq!(type_of(&offer.acme_partner), TypeId::of::<AcmePartner>());
    assert_eq!(type_of(&offer.acme_campaign), TypeId::of::<Option<AcmeCampaign>>());
    let partner: AcmePartner = offer.acme_partner;
    assert_eq!(partner, billing::partner());
}

#[test]
fn each_crate_declares_its_own_avps_only() {
    let vendors = |table: &diametric::codec::DictionaryTable| {
        let mut vendors: Vec<u32> = table.avps.iter().map(|avp| avp.vendor).collect();
        vendors.dedup();
        vendors
    };
    assert_eq!(vendors(&acme_dictionary::DICTIONARY), [AcmePartner::VENDOR]);
    assert_eq!(vendors(&nova_dictionary::DICTIONARY), [NovaOffer::VENDOR]);
}

#[test]
fn a_group_that_was_closed_takes_what_the_other_crate_adds() {
    const { assert!(!AcmePartner::ANY) };
    assert_eq!(billing::partner().nova_bonus(), Ok(Some(5)));
    assert!(matches!(billing::partner().acme_campaign, Some(AcmeCampaign::NOVA_WINTER)));
}

#[test]
fn it_all_goes_to_the_wire_and_back() {
    let (hop_by_hop, end_to_end) = (HopByHopId(1), EndToEndId(1));
    let header = Header { flags: Ccr::FLAGS, command: Ccr::CODE, application: 4, hop_by_hop, end_to_end };
    let frame = message::encode(header, &billing::request()).unwrap();
    let received = message::decode::<Ccr>(&frame, &billing::known()).unwrap().body;
    assert_eq!(received, billing::request());
}
