//! Enumerations and commands declared in Rust do what those of dictionaries do.

use diametric_derive::{Avp, Command, Enumerated, Grouped, dictionary_table};
use diametric_protocol::base::{OriginHost, ResultCode, SessionId, UserName};
use diametric_protocol::codec::{Avp, DictionaryTable, Extras, Group, GroupId, Known};
use diametric_protocol::credit_control::SubscriptionId;
use diametric_protocol::message::{self, Answer, Command, EndToEndId, Header, HopByHopId, Request};
use diametric_protocol::value::{DiameterIdentity, Enumeration, List, Utf8String};

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Campaign", code = 7011, vendor = 99999, flags = "M", crate = ::diametric_protocol,
    values(UNKNOWN = -1, NONE = 0, SUMMER("Summer nights") = 1), extends(SubscriptionId))]
struct Campaign(i32);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumerated)]
#[avp(name = "Cause", code = 7012, vendor = 99999, values(ALL = 4294967295), crate = ::diametric_protocol)]
struct Cause(u32);

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[avp(name = "Kind", code = 7013, vendor = 99999, flags = "M", crate = ::diametric_protocol)]
enum Kind {
    FirstKind = 1,
    #[avp(label = "the last kind")]
    LastKind = -2,
}

#[derive(Avp)]
#[avp(name = "Note", code = 7014, vendor = 99999, flags = "M", type = UTF8String, crate = ::diametric_protocol)]
enum Note {}

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Sale", code = 7015, vendor = 99999, flags = "M", closed, crate = ::diametric_protocol)]
struct Sale {
    #[avp(Kind)]
    kind: Kind,
    #[avp(Campaign, max = 5)]
    campaigns: List<Campaign>,
    #[avp(Cause)]
    cause: Option<Cause>,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", request,
    answer = AcmePingAnswer, crate = ::diametric_protocol)]
struct AcmePingRequest {
    #[avp(SessionId)]
    session_id: Utf8String,
    #[avp(Sale)]
    sale: Option<Box<Sale>>,
    #[avp(Note, min = 1, max = 2)]
    notes: List<Utf8String>,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", answer,
    crate = ::diametric_protocol)]
struct AcmePingAnswer {
    #[avp(SessionId)]
    session_id: Utf8String,
    #[avp(ResultCode)]
    result_code: ResultCode,
    #[avp(OriginHost)]
    origin_host: Option<DiameterIdentity>,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Bye", code = 8388701, application = 16777999, short = "AB", answer, proxiable = false, closed,
    crate = ::diametric_protocol)]
struct AcmeByeAnswer {
    #[avp(ResultCode)]
    result_codes: List<ResultCode>,
    #[avp(extras)]
    extras: Extras,
}

static DICTIONARY: DictionaryTable = dictionary_table! {
    name = "acme",
    avps = [Sale, Kind, Note, Campaign, Cause],
    commands = [AcmePingRequest, AcmePingAnswer, AcmeByeAnswer],
    crate = ::diametric_protocol,
};

fn known() -> Known {
    Known::standard().with(&DICTIONARY)
}

fn request() -> AcmePingRequest {
    let sale = Sale {
        kind: Kind::LastKind,
        campaigns: [Campaign::SUMMER, Campaign(77)].into(),
        cause: Some(Cause::ALL),
        extras: Extras::new(),
    };
    AcmePingRequest {
        session_id: "a.example;1;2".into(),
        sale: Some(Box::new(sale)),
        notes: [Utf8String::from("hello")].into(),
        extras: Extras::new(),
    }
}

fn header<C: Command>() -> Header {
    let (hop_by_hop, end_to_end) = (HopByHopId(1), EndToEndId(2));
    Header { flags: C::FLAGS, command: C::CODE, application: C::APPLICATION, hop_by_hop, end_to_end }
}

#[test]
fn an_open_enumeration_keeps_values_without_a_name() {
    assert_eq!((Campaign::CODE, Campaign::VENDOR, Campaign::NAME), (7011, 99999, "Campaign"));
    assert_eq!(Campaign::UNKNOWN, Campaign(-1));
    assert_eq!(Campaign::SUMMER.to_string(), "1 (Summer nights)");
    assert_eq!(format!("{:?}", Campaign(77)), "77");
    assert_eq!(Campaign::from_label("NONE"), Some(Campaign::NONE));
    assert!(matches!(Campaign::from(1), Campaign::SUMMER));
    assert_eq!(Cause::ALL.raw(), u32::MAX);
}

#[test]
fn a_closed_enumeration_has_no_other_values() {
    assert_eq!(Kind::from_raw(-2), Some(Kind::LastKind));
    assert_eq!(Kind::from_raw(3), None);
    assert_eq!((Kind::FirstKind.label(), Kind::LastKind.label()), (Some("FIRST_KIND"), Some("the last kind")));
}

#[test]
fn a_command_has_what_its_attributes_say() {
    fn is_answered<R: Request<Answer = A>, A>() {}
    is_answered::<AcmePingRequest, AcmePingAnswer>();
    assert_eq!(
        <AcmePingRequest as Group>::ID,
        GroupId::Command { application: 16_777_999, code: 8_388_700, request: true }
    );
    assert_eq!((AcmePingRequest::COMMAND_NAME, <AcmePingRequest as Group>::NAME), ("Acme-Ping-Request", "APR"));
    assert_eq!((AcmePingAnswer::COMMAND_NAME, <AcmePingAnswer as Group>::NAME), ("Acme-Ping-Answer", "APA"));
    assert!(AcmePingRequest::FLAGS.is_proxiable() && AcmePingRequest::FLAGS.is_request());
    assert!(!AcmeByeAnswer::FLAGS.is_proxiable() && !AcmeByeAnswer::FLAGS.is_request());
}

#[test]
fn a_command_goes_to_the_wire_and_back() {
    let mut request = request();
    request.add::<UserName>("somebody");
    let frame = message::encode(header::<AcmePingRequest>(), &request).unwrap();
    assert_eq!(message::decode::<AcmePingRequest>(&frame, &known()).unwrap().body, request);
    let answer = AcmePingAnswer {
        session_id: request.session_id,
        result_code: ResultCode::SUCCESS,
        origin_host: Some("a.example".into()),
        extras: Extras::new(),
    };
    assert_eq!(answer.result_code(), Some(ResultCode::SUCCESS));
    let frame = message::encode(header::<AcmePingAnswer>(), &answer).unwrap();
    assert_eq!(message::decode::<AcmePingAnswer>(&frame, &known()).unwrap().body, answer);
}

#[test]
fn the_result_code_of_a_list_is_its_first() {
    let mut answer = AcmeByeAnswer { result_codes: List::new(), extras: Extras::new() };
    assert_eq!(answer.result_code(), None);
    answer.result_codes = [ResultCode::UNABLE_TO_COMPLY, ResultCode::SUCCESS].into();
    assert_eq!(answer.result_code(), Some(ResultCode::UNABLE_TO_COMPLY));
}

#[test]
fn mistakes_of_a_peer_are_told_with_their_path() {
    let mut none = request();
    none.notes.clear();
    let error = message::encode(header::<AcmePingRequest>(), &none).unwrap_err();
    assert_eq!(error.to_string(), "APR.Note: has 0 instances, at least 1 needed");

    let mut frame = message::encode(header::<AcmePingRequest>(), &request()).unwrap();
    let kind = frame.windows(4).position(|octets| octets == (-2_i32).to_be_bytes()).unwrap();
    frame[kind + 3] = 3;
    frame[kind..kind + 3].fill(0);
    let error = message::decode::<AcmePingRequest>(&frame, &known()).unwrap_err();
    assert_eq!((error.result_code(), error.path()), (ResultCode::INVALID_AVP_VALUE, "APR.Sale.Kind".into()));
}

#[test]
fn a_table_holds_what_it_lists_and_what_that_extends() {
    let known = known();
    assert_eq!(known.avp(99999, 7011).unwrap().name, "Campaign");
    assert_eq!(known.command(16_777_999, 8_388_700, false).unwrap().abbreviation, "APA");
    assert!(known.allows(<SubscriptionId as Group>::ID, Campaign::VENDOR, Campaign::CODE));
    assert!(!known.allows(<SubscriptionId as Group>::ID, Note::VENDOR, Note::CODE));
    assert_eq!(DICTIONARY.allowed.len(), 1);
}
