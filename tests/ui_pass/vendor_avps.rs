//! AVPs of a vendor in standard messages: added, by the extension's methods, and in a group that the dictionary extends.

use diametric::codec::{Group, Known};
use diametric::credit_control::{CcRequestType, Ccr, CreditControlRequestRequired};
use diametric::message::{self, Command, EndToEndId, Header, HopByHopId};
use diametric::ts32299::{PsInformation, ServiceInformation};
use diametric_tests::DICTIONARY;
use diametric_tests::acme::{
    AcmeCreditControlRequestExt as _, AcmePsInformationExt as _, CustomKind, CustomMessage, CustomRoute,
    CustomRouteRequired,
};

fn main() {
    let mut ccr = Ccr::new(CreditControlRequestRequired {
        session_id: "gw.example.com;1;1".into(),
        origin_host: "gw.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: Ccr::APPLICATION,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    });
    ccr.add::<CustomMessage>("This is a test");
    ccr.set_custom_hint(17_u32);
    let route = CustomRoute::new(CustomRouteRequired { custom_message: "hello".into() });
    let mut ps = PsInformation::new().with_custom_route(route.clone().with_custom_kind(CustomKind::SecondKind));
    ps.add::<CustomRoute>(route);
    let ccr = ccr.with_service_information(ServiceInformation::new().with_ps_information(ps));

    let (hop_by_hop, end_to_end) = (HopByHopId(1), EndToEndId(2));
    let header = Header { flags: Ccr::FLAGS, command: Ccr::CODE, application: 4, hop_by_hop, end_to_end };
    let frame = message::encode(header, &ccr).unwrap();
    let received = message::decode::<Ccr>(&frame, &Known::standard().with(&DICTIONARY)).unwrap().body;
    assert_eq!(received, ccr);
    assert_eq!(received.get::<CustomMessage>().unwrap().unwrap(), "This is a test");
    assert_eq!(received.custom_hint(), Ok(Some(17)));
}
