//! AVPs declared in Rust do what those of dictionaries do.

use diametric_derive::{Avp, Grouped};
use diametric_protocol::base::{
    AbortSessionRequest, AbortSessionRequestRequired, ProxyInfo, ProxyInfoRequired, ResultCode, UserName,
};
use diametric_protocol::codec::{AllowedMember, Avp, AvpInfo, DictionaryTable, Extras, Group, Known};
use diametric_protocol::credit_control::{RatingGroup, SubscriptionId, SubscriptionIdRequired, SubscriptionIdType};
use diametric_protocol::message::{self, Command, EndToEndId, Header, HopByHopId};
use diametric_protocol::value::{List, OctetString, Utf8String};
use diametric_protocol::wire::AvpFlags;

#[derive(Avp)]
#[avp(name = "Custom-Message", code = 7001, vendor = 99999, flags = "M", type = UTF8String,
    extends(SubscriptionId), crate = ::diametric_protocol)]
enum CustomMessage {}

#[derive(Avp)]
#[avp(name = "Custom-Octets", code = 70003, type = OctetString, crate = ::diametric_protocol)]
struct CustomOctets;

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Acme-Info", code = 7002, vendor = 99999, flags = "M", crate = ::diametric_protocol)]
struct AcmeInfo {
    #[avp(CustomMessage)]
    message: Utf8String,
    #[avp(RatingGroup)]
    rating_group: Option<u32>,
    #[avp(CustomOctets, min = 1, max = 2)]
    octets: List<OctetString>,
    #[avp(AcmeInfo)]
    inner: Option<Box<AcmeInfo>>,
    #[avp(extras)]
    extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Grouped)]
#[avp(name = "Acme-Closed", code = 7004, vendor = 99999, closed, crate = ::diametric_protocol)]
struct AcmeClosed {
    #[avp(UserName)]
    user_name: Option<Utf8String>,
    #[avp(extras)]
    extras: Extras,
}

static DICTIONARY: DictionaryTable = DictionaryTable {
    name: "acme",
    avps: &[AvpInfo::of::<CustomMessage>(), AvpInfo::of::<AcmeInfo>(), AvpInfo::of::<AcmeClosed>()],
    commands: &[],
    allowed: &[AllowedMember {
        group: <SubscriptionId as Group>::ID,
        vendor: CustomMessage::VENDOR,
        code: CustomMessage::CODE,
    }],
};

fn known() -> Known {
    Known::standard().with(&DICTIONARY)
}

fn info() -> AcmeInfo {
    AcmeInfo {
        message: "hello".into(),
        rating_group: Some(7),
        octets: [OctetString::from([1, 2]), OctetString::from([3])].into(),
        inner: None,
        extras: Extras::new(),
    }
}

fn header() -> Header {
    Header {
        flags: AbortSessionRequest::FLAGS,
        command: AbortSessionRequest::CODE,
        application: 4,
        hop_by_hop: HopByHopId(1),
        end_to_end: EndToEndId(2),
    }
}

fn request() -> AbortSessionRequest {
    AbortSessionRequest::new(AbortSessionRequestRequired {
        session_id: "a.example;1;2".into(),
        origin_host: "a.example".into(),
        origin_realm: "example".into(),
        destination_realm: "example".into(),
        destination_host: "b.example".into(),
        auth_application_id: 4,
    })
}

#[test]
fn a_key_has_what_its_attributes_say() {
    assert_eq!((CustomMessage::VENDOR, CustomMessage::CODE), (99999, 7001));
    assert_eq!(CustomMessage::NAME, "Custom-Message");
    assert_eq!(CustomMessage::FLAGS, AvpFlags::VENDOR.with(AvpFlags::MANDATORY));
    assert_eq!(CustomOctets::FLAGS, AvpFlags::NONE);
}

#[test]
fn a_group_goes_to_the_wire_and_back() {
    let mut outer = info();
    outer.inner = Some(Box::new(info()));
    outer.add::<UserName>("somebody");
    let mut request = request();
    request.add::<AcmeInfo>(outer.clone());
    let frame = message::encode(header(), &request).unwrap();
    let received = message::decode::<AbortSessionRequest>(&frame, &known()).unwrap().body;
    assert_eq!(received.get::<AcmeInfo>().unwrap(), Some(outer));
}

#[test]
fn cardinalities_are_checked() {
    let mut empty = info();
    empty.octets.clear();
    let mut request = request();
    request.add::<AcmeInfo>(empty);
    let error = message::encode(header(), &request).unwrap_err();
    assert_eq!(error.message(), "has 0 instances, at least 1 needed");
}

#[test]
fn a_closed_group_refuses_what_must_be_understood() {
    let mut closed = AcmeClosed { user_name: None, extras: Extras::new() };
    closed.extras.add::<CustomMessage>(&"hello".into());
    let mut request = request();
    request.add::<AcmeClosed>(closed);
    let frame = message::encode(header(), &request).unwrap();
    let error = message::decode::<AbortSessionRequest>(&frame, &known()).unwrap_err();
    assert_eq!(error.result_code(), ResultCode::AVP_NOT_ALLOWED);
    assert_eq!(error.path(), "ASR.Acme-Closed.Custom-Message");
}

#[test]
fn a_closed_group_of_the_standard_can_be_extended() {
    let mut id = SubscriptionId::new(SubscriptionIdRequired {
        subscription_id_type: SubscriptionIdType::END_USER_E164,
        subscription_id_data: "46700000000".into(),
    });
    id.add::<CustomMessage>("hello");
    let proxy = ProxyInfo::new(ProxyInfoRequired { proxy_host: "p.example".into(), proxy_state: [1].into() });
    let mut request = request().with_proxy_info(proxy);
    request.add::<SubscriptionId>(id.clone());
    let frame = message::encode(header(), &request).unwrap();
    let received = message::decode::<AbortSessionRequest>(&frame, &known()).unwrap().body;
    assert_eq!(received.get::<SubscriptionId>().unwrap(), Some(id));
}
