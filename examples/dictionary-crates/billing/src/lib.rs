//! What the program does, for its `main` and for tests.

use acme_dictionary::acme::{AcmeCampaign, AcmePartner, AcmePartnerRequired};
use diametric::codec::Known;
use diametric::credit_control::{CcRequestType, Ccr, CreditControlRequestRequired};
use diametric::message::Command;
use nova_dictionary::nova::{
    NovaAcmeCampaignValues as _, NovaAcmePartnerExt as _, NovaCreditControlRequestExt as _, NovaOffer,
    NovaOfferRequired,
};

/// What is understood: the standards, and both vendors.
pub fn known() -> Known {
    Known::standard().with(&acme_dictionary::DICTIONARY).with(&nova_dictionary::DICTIONARY)
}

/// A partner of Acme, with what Nova adds to it.
pub fn partner() -> AcmePartner {
    AcmePartner::new(AcmePartnerRequired { acme_partner_name: "Radio Nova".into() })
        .with_acme_campaign(AcmeCampaign::NOVA_WINTER)
        .with_nova_bonus(5_u32)
}

/// A request with an offer of Nova.
pub fn request() -> Ccr {
    let ccr = Ccr::new(CreditControlRequestRequired {
        session_id: "gw.example.com;1790000000;1".into(),
        origin_host: "gw.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: Ccr::APPLICATION,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::EventRequest,
        cc_request_number: 0,
    });
    let offer = NovaOffer::new(NovaOfferRequired { acme_partner: partner() });
    ccr.with_nova_offer(offer.with_acme_campaign(AcmeCampaign::SUMMER_NIGHTS))
}
