//! Every line of `vectors/messages.csv`: read raw and typed, and written again to the same octets.

mod vectors;

use diametric_protocol::accounting::{
    AccountingAnswer, AccountingRecordType, AccountingRequest, AccountingRequestRequired,
};
use diametric_protocol::base::{
    AnswerMessage, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer,
    DeviceWatchdogRequest, DisconnectCause, DisconnectPeerAnswer, DisconnectPeerRequest, ReAuthRequestType, ResultCode,
};
use diametric_protocol::codec::{Group, Known};
use diametric_protocol::credit_control::{
    CcRequestType, CreditControlAnswer, CreditControlRequest, CreditControlRequestRequired,
    MultipleServicesCreditControl, MultipleServicesIndicator, ReAuthAnswer, ReAuthRequest, RequestedServiceUnit,
};
use diametric_protocol::message::{self, Command, EndToEndId, Header, HopByHopId, Received};
use diametric_protocol::wire::{CommandFlags, RawMessage, frame_length};
use std::net::Ipv4Addr;
use vectors::{Row, assert_listed};

fn row(id: &str) -> Row {
    vectors::messages().into_iter().find(|row| row.id() == id).unwrap()
}

/// What every line says of a message, whatever its command.
fn check_raw(row: &Row, frame: &[u8]) -> Header {
    let id = row.id();
    let header = Header {
        flags: CommandFlags(row.number("flags") as u8),
        command: row.number("command"),
        application: row.number("application"),
        hop_by_hop: HopByHopId(row.number("hop_by_hop")),
        end_to_end: EndToEndId(row.number("end_to_end")),
    };
    assert_eq!(frame_length(frame), Ok(Some(row.number("length") as usize)), "{id}");
    let raw = RawMessage::read(frame).unwrap();
    assert_eq!(raw.header, header, "{id}");
    assert_listed(id, raw.avps(), row.get("avps"));
    let mut written = Vec::new();
    raw.write(&mut written).unwrap();
    assert_eq!(written, frame, "{id}");
    header
}

fn check_written<C: Group>(row: &Row, frame: &[u8], received: &Received<C>) {
    let written = message::encode(received.header, &received.body).unwrap();
    assert_eq!(hex::encode(written), hex::encode(frame), "{}", row.id());
}

fn check<C: Command>(id: &str) -> C {
    let row = row(id);
    let (frame, known) = (row.octets("hex"), Known::standard());
    let header = check_raw(&row, &frame);
    assert_eq!(row.get("message"), C::NAME, "{id}");
    let received = message::decode::<C>(&frame, &known).unwrap_or_else(|error| panic!("{id}: {error}"));
    assert_eq!(received.header, header);
    check_written(&row, &frame, &received);

    let command = known.command(header.application, header.command, header.flags.is_request()).unwrap();
    assert_eq!((command.name, command.abbreviation), (C::COMMAND_NAME, C::NAME));
    let any = (command.decode)(&frame, &known).unwrap();
    assert_eq!(any.encode(header).unwrap(), message::encode(header, &received.body).unwrap());
    received.body
}

#[test]
fn the_table_has_no_line_without_a_test() {
    let ids: Vec<_> = vectors::messages().iter().map(|row| row.id().to_owned()).collect();
    assert_eq!(ids, (1..=14).map(|number| format!("M{number:02}")).collect::<Vec<_>>());
}

#[test]
fn m01_dwr() {
    let dwr: DeviceWatchdogRequest = check("M01");
    assert_eq!(dwr.origin_host, "ctf.example.com");
    assert_eq!(dwr.origin_state_id, Some(7));
}

#[test]
fn m02_dwa() {
    let dwa: DeviceWatchdogAnswer = check("M02");
    assert_eq!(dwa.result_code, ResultCode::SUCCESS);
}

#[test]
fn m03_cer() {
    let cer: CapabilitiesExchangeRequest = check("M03");
    assert_eq!(cer.host_ip_address, [Ipv4Addr::new(192, 0, 2, 1).into()]);
    assert_eq!(cer.supported_vendor_id, [10415]);
    assert_eq!((&cer.auth_application_id[..], &cer.acct_application_id[..]), (&[4][..], &[3][..]));
}

#[test]
fn m04_cea() {
    let cea: CapabilitiesExchangeAnswer = check("M04");
    assert_eq!(cea.product_name, "ocs");
}

#[test]
fn m05_dpr() {
    let dpr: DisconnectPeerRequest = check("M05");
    assert_eq!(dpr.disconnect_cause, DisconnectCause::REBOOTING);
}

#[test]
fn m06_dpa() {
    let dpa: DisconnectPeerAnswer = check("M06");
    assert_eq!(dpa.origin_host, "ocs.example.net");
}

#[test]
fn m07_ccr() {
    let ccr: CreditControlRequest = check("M07");
    let mut built = CreditControlRequest::new(CreditControlRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: 4,
        service_context_id: "32260@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    })
    .with_multiple_services_indicator(MultipleServicesIndicator::MULTIPLE_SERVICES_SUPPORTED);
    built.multiple_services_credit_control.push(
        MultipleServicesCreditControl::new()
            .with_requested_service_unit(RequestedServiceUnit::new())
            .with_rating_group(1_u32),
    );
    assert_eq!(built, ccr);
}

#[test]
fn m08_cca() {
    let cca: CreditControlAnswer = check("M08");
    let services = &cca.multiple_services_credit_control[0];
    assert_eq!(services.granted_service_unit.as_ref().unwrap().cc_time, Some(600));
    assert_eq!((services.validity_time, services.result_code), (Some(3600), Some(ResultCode::SUCCESS)));
}

#[test]
fn m09_answer_message() {
    let row = row("M09");
    let (frame, known) = (row.octets("hex"), Known::standard());
    check_raw(&row, &frame);
    let received = message::decode_answer_message(&frame, &known).unwrap();
    let body: &AnswerMessage = &received.body;
    assert_eq!((body.result_code, &body.origin_host), (ResultCode(3002), &"relay.example.org".into()));
    check_written(&row, &frame, &received);

    let error = message::decode::<CreditControlAnswer>(&frame, &known).unwrap_err();
    assert!(error.to_string().starts_with("CCA: the E flag is set"), "{error}");
}

#[test]
fn m10_rar() {
    let rar: ReAuthRequest = check("M10");
    assert_eq!(rar.re_auth_request_type, ReAuthRequestType::AUTHORIZE_ONLY);
    assert_eq!(rar.rating_group, Some(1));
}

#[test]
fn m11_raa() {
    let raa: ReAuthAnswer = check("M11");
    assert_eq!(raa.result_code, ResultCode::LIMITED_SUCCESS);
}

#[test]
fn m12_acr() {
    let acr: AccountingRequest = check("M12");
    let built = AccountingRequest::new(AccountingRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        accounting_record_type: AccountingRecordType::EventRecord,
        accounting_record_number: 0,
    })
    .with_acct_application_id(3_u32);
    assert_eq!(built, acr);
}

#[test]
fn m13_acr_sent_again() {
    let again: AccountingRequest = check("M13");
    let first: AccountingRequest = check("M12");
    assert_eq!(again, first);
}

#[test]
fn m14_aca() {
    let aca: AccountingAnswer = check("M14");
    assert_eq!(aca.result_code, ResultCode::SUCCESS);
}
