//! A Credit-Control-Request from its parts: built, encoded, shown, decoded again.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::codec::{Group, Known};
use diametric::credit_control::{
    CcRequestType, Ccr, CreditControlRequestRequired, MultipleServicesCreditControl, RatingGroup, RequestedServiceUnit,
};
use diametric::message::{self, Command, EndToEndId, Header, HopByHopId};
use diametric::ro::{imsi, msisdn};
use diametric::ts32299::{PsInformation, ServiceInformation};
use std::error::Error;
use std::net::Ipv4Addr;

fn main() -> Result<(), Box<dyn Error>> {
    // What RFC 8506 demands of every CCR is demanded here: leave a line out, and the program does not compile.
    let mut ccr = Ccr::new(CreditControlRequestRequired {
        session_id: "gw.example.com;1790000000;1".into(),
        origin_host: "gw.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: Ccr::APPLICATION,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    });

    // Everything else is a field: an Option where the grammar has [ X ], a list where it has * [ X ].
    ccr.user_name = Some("001010123456789@example.com".into());
    ccr.subscription_id.push(imsi("001010123456789"));
    ccr.subscription_id.push(msisdn("15550123456"));

    // Groups are structs too; `with_…` does in a chain what assigning fields does one by one.
    ccr.multiple_services_credit_control.push(
        MultipleServicesCreditControl::new()
            .with_rating_group(7_u32)
            .with_requested_service_unit(RequestedServiceUnit::new().with_cc_total_octets(20_000_000_u64)),
    );
    let mut ps = PsInformation::new().with_called_station_id("internet");
    ps.pdp_address.push(Ipv4Addr::new(10, 20, 30, 40));
    ps.tgpp_rat_type = Some([6].into());
    let mut ccr = ccr.with_service_information(ServiceInformation::new().with_ps_information(ps));

    // A node chooses the two identifiers itself; who writes messages by hand gives them.
    let header = Header {
        flags: Ccr::FLAGS,
        command: Ccr::CODE,
        application: Ccr::APPLICATION,
        hop_by_hop: HopByHopId(1),
        end_to_end: EndToEndId(1),
    };
    let frame = message::encode(header, &ccr)?;
    println!("{} octets:", frame.len());
    for (row, octets) in frame.chunks(16).enumerate() {
        println!("  {:04x}  {}", row * 16, hex::encode(octets));
    }

    // Decoding checks everything the dictionaries say, and gives back the same struct.
    let decoded = message::decode::<Ccr>(&frame, &Known::standard())?;
    assert_eq!(decoded.body, ccr);
    println!("decoded: {} of {}", decoded.body.cc_request_type, decoded.body.session_id);
    for id in &decoded.body.subscription_id {
        println!("  for {} of type {}", id.subscription_id_data, id.subscription_id_type);
    }

    // A value that cannot go on the wire is refused, and the error says where it is.
    ccr.multiple_services_credit_control[0].add::<RatingGroup>(8_u32);
    println!("refused: {}", message::encode(header, &ccr).expect_err("Rating-Group is a field, not an extra AVP"));
    ccr.destination_host = Some("ocs 1.example.net".into());
    println!("refused: {}", message::encode(header, &ccr).expect_err("a host name has no blanks"));
    Ok(())
}
