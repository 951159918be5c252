//! CER and CEA as peers of many makes send them: what does not matter keeps no two nodes apart.

use super::{Bench, answer, config, ip, local, request};
use bytes::Bytes;
use diametric_engine::peer::{Applications, Event, Role};
use diametric_protocol::base::{
    AcctApplicationId, AuthApplicationId, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest,
    DeviceWatchdogAnswer, DeviceWatchdogRequest, ErrorMessage, FirmwareRevision, HostIpAddress, InbandSecurityId,
    OriginHost, OriginRealm, OriginStateId, ProductName, ResultCode, RouteRecord, SupportedVendorId, VendorId,
    VendorSpecificApplicationId,
};
use diametric_protocol::codec::{Avp, Known};
use diametric_protocol::credit_control::CreditControlAnswer;
use diametric_protocol::message::{self, Header};
use diametric_protocol::wire::{AvpFlags, RawAvpBuf, RawMessage};

fn cer() -> CapabilitiesExchangeRequest {
    local("a.example.net").cer(&ip())
}

/// The frame without its `A`s.
fn without<A: Avp>(frame: &[u8]) -> Bytes {
    rebuilt(frame, |vendor, code| (vendor, code) != (A::VENDOR, A::CODE), &[])
}

/// The frame with another AVP at its end.
fn with(frame: &[u8], code: u32, flags: AvpFlags, data: &[u8]) -> Bytes {
    let mut avp = Vec::new();
    RawAvpBuf { code, vendor: 0, flags, data: data.into() }.write(&mut avp).unwrap();
    rebuilt(frame, |_, _| true, &avp)
}

fn rebuilt(frame: &[u8], keep: impl Fn(u32, u32) -> bool, more: &[u8]) -> Bytes {
    let message = RawMessage::read(frame).unwrap();
    let avps = message.avps().map(|avp| avp.unwrap()).filter(|avp| keep(avp.vendor, avp.code));
    let mut body = Vec::new();
    avps.for_each(|avp| RawAvpBuf::from(avp).write(&mut body).unwrap());
    body.extend_from_slice(more);
    let header = message.header.to_bytes(20 + body.len() as u32);
    [&header[..], &body].concat().into()
}

fn flagged(frame: &[u8], flag: u8) -> Bytes {
    let mut frame = frame.to_vec();
    frame[4] |= flag;
    frame.into()
}

/// The applications of the node that a CER introduces.
#[track_caller]
fn introduced(frame: Bytes) -> Applications {
    let mut bench = Bench::new(Role::Responder);
    bench.receive(frame);
    let [Event::Introduced(remote)] = &bench.events[..] else { panic!("{:?}", bench.events) };
    assert_eq!((remote.origin_host.as_str(), remote.origin_realm.as_str()), ("a.example.net", "example.net"));
    bench.connection.admit(None, bench.now);
    bench.collect();
    assert_eq!(bench.sent::<CapabilitiesExchangeAnswer>()[0].result_code, ResultCode::SUCCESS);
    let Event::Introduced(remote) = bench.events.remove(0) else { unreachable!() };
    remote.applications.clone()
}

/// The Result-Code with which a CER is refused, and the code of the AVP that is named; for people, it is the same.
#[track_caller]
fn refused(frame: Bytes) -> (u32, Option<u32>) {
    let mut bench = Bench::new(Role::Responder);
    bench.receive(frame);
    assert!(bench.reason().is_some(), "the connection is over");
    let answer = message::decode_answer_message(&bench.sent[0], &Known::standard()).unwrap().body;
    let failed = answer.failed_avp.and_then(|group| group.avps().next().map(|avp| avp.unwrap().code));
    let told = answer.error_message.unwrap_or_default();
    assert!(told.starts_with("CER") && told.contains(&answer.result_code.to_string()), "{told}");
    (answer.result_code.0, failed)
}

#[test]
fn what_does_not_matter_may_be_missing_or_wrong() {
    let cer = request(&cer());
    let optional = AvpFlags(0);
    for frame in [
        cer.clone(),
        without::<HostIpAddress>(&cer),
        without::<VendorId>(&cer),
        without::<ProductName>(&cer),
        with(&cer, FirmwareRevision::CODE, optional, &[1, 2]),
        with(&with(&cer, ProductName::CODE, optional, b"twice"), VendorId::CODE, AvpFlags::MANDATORY, &[0, 0, 0, 1]),
        with(&cer, HostIpAddress::CODE, AvpFlags::MANDATORY, &[0, 99, 1]),
        with(&cer, InbandSecurityId::CODE, AvpFlags::MANDATORY, &[0, 0, 0, 0]),
        with(
            &with(&cer, InbandSecurityId::CODE, AvpFlags::MANDATORY, &[0, 0, 0, 1]),
            InbandSecurityId::CODE,
            AvpFlags(0),
            &[0; 4],
        ),
        with(&cer, 0x00ff_1234, optional, b"nobody knows this"),
        with(&cer, RouteRecord::CODE, AvpFlags::MANDATORY, b"agent.example.org"),
        // P and T.
        flagged(&cer, 0x50),
    ] {
        assert!(introduced(frame).serves(4));
    }
}

#[test]
fn of_what_is_said_twice_the_first_counts() {
    let mut node = local("a.example.net");
    node.origin_state_id = Some(7);
    let twice = |mut frame: Bytes| {
        for code in [OriginHost::CODE, OriginRealm::CODE, ProductName::CODE, ErrorMessage::CODE] {
            frame = with(&frame, code, AvpFlags::MANDATORY, b"second.example.org");
        }
        for code in [OriginStateId::CODE, ResultCode::CODE] {
            frame = with(&frame, code, AvpFlags::MANDATORY, &5012_u32.to_be_bytes());
        }
        frame
    };
    for role in [Role::Responder, Role::Initiator] {
        let mut bench = Bench::new(role);
        bench.receive(twice(match role {
            Role::Responder => request(&node.cer(&ip())),
            Role::Initiator => answer(bench.last(), &node.cea(ResultCode::SUCCESS, &ip())),
        }));
        let [Event::Introduced(remote)] = &bench.events[..] else { panic!("{:?}", bench.events) };
        assert_eq!((remote.origin_host.as_str(), remote.origin_realm.as_str()), ("a.example.net", "example.net"));
        assert_eq!((remote.product_name.as_str(), remote.origin_state_id), ("test", Some(7)));
    }
    let mut bench = Bench::new(Role::Initiator);
    let mut refusal = node.cea(ResultCode::UNABLE_TO_COMPLY, &ip());
    refusal.error_message = Some("first".into());
    let refusal = answer(bench.last(), &refusal);
    bench.receive(twice(refusal));
    assert!(bench.reason().unwrap().ends_with(": first"), "{:?}", bench.reason());
}

#[test]
fn what_matters_must_be_there_and_right() {
    let cer = request(&cer());
    assert_eq!(refused(without::<OriginHost>(&cer)), (5005, Some(OriginHost::CODE)));
    assert_eq!(refused(without::<OriginRealm>(&cer)), (5005, Some(OriginRealm::CODE)));
    let unnamed = with(&without::<OriginHost>(&without::<HostIpAddress>(&cer)), 264, AvpFlags::MANDATORY, b"a b");
    assert_eq!(refused(unnamed), (5004, Some(OriginHost::CODE)));
    let long = with(&cer, AuthApplicationId::CODE, AvpFlags::MANDATORY, &[0; 5]);
    assert_eq!(refused(long), (5014, Some(AuthApplicationId::CODE)));
    assert_eq!(refused(with(&cer, 0x00ff_1234, AvpFlags::MANDATORY, b"nobody")), (5001, Some(0x00ff_1234)));
    assert_eq!(refused(flagged(&cer, 0x20)), (3008, None));
    let mut torn = cer.to_vec();
    let length = torn.len();
    torn[length - 9..length - 6].copy_from_slice(&[0, 0, 99]);
    assert_eq!(refused(torn.into()).0, 5014);
    // Who sends it may be said after that.
    assert_eq!(refused(rebuilt(&cer, |_, _| false, &[0xff; 40])), (5014, Some(u32::MAX)));
    // What does not matter is not what is told of.
    let odd = with(&without::<OriginHost>(&cer), FirmwareRevision::CODE, AvpFlags(0), &[1, 2]);
    assert_eq!(refused(odd), (5005, Some(OriginHost::CODE)));
}

#[test]
fn applications_are_found_wherever_they_are_said() {
    let bare = without::<AuthApplicationId>(&request(&cer()));
    let word = |id: u32| id.to_be_bytes();
    let member = |code: u32, id: u32| {
        let mut avp = Vec::new();
        RawAvpBuf { code, vendor: 0, flags: AvpFlags::MANDATORY, data: word(id)[..].into() }.write(&mut avp).unwrap();
        avp
    };
    let (vendor, auth) = (member(VendorId::CODE, 10415), member(AuthApplicationId::CODE, 4));
    let group =
        |members: &[&[u8]]| with(&bare, VendorSpecificApplicationId::CODE, AvpFlags::MANDATORY, &members.concat());
    let as_auth = with(&bare, AuthApplicationId::CODE, AvpFlags::MANDATORY, &word(4));
    let as_acct = with(&bare, AcctApplicationId::CODE, AvpFlags::MANDATORY, &word(4));
    assert_eq!(introduced(as_auth), Applications::new().with_auth(4));
    assert_eq!(introduced(as_acct.clone()), Applications::new().with_acct(4));
    for frame in [
        // As one that accounts: the id counts.
        as_acct,
        with(&bare, AuthApplicationId::CODE, AvpFlags::MANDATORY, &word(0xffff_ffff)),
        group(&[&vendor, &auth]),
        // RFC 3588 had several vendors here, and some leave it out.
        group(&[&vendor, &member(VendorId::CODE, 1), &auth]),
        group(&[&auth]),
    ] {
        assert!(introduced(frame).serves(4));
    }
    assert_eq!(refused(group(&[&vendor])).0, 5005);
    assert_eq!(refused(group(&[&vendor, &auth, &member(AcctApplicationId::CODE, 3)])).0, 5009);
}

#[test]
fn vendor_specific_applications_can_be_advertised() {
    let mut node = local("b.example.net");
    node.applications = Applications::new().with_auth(4).with_vendor_auth(10415, 4).with_vendor_acct(10415, 3);
    assert!(node.applications.serves(3) && node.applications.has_common(&Applications::new().with_acct(3)));
    assert!(!node.applications.serves(5) && !node.applications.has_common(&Applications::new().with_acct(5)));
    let cer = node.cer(&ip());
    assert_eq!(cer.auth_application_id, [4]);
    assert!(cer.acct_application_id.is_empty());
    let groups: Vec<_> = cer
        .vendor_specific_application_id
        .iter()
        .map(|group| (group.vendor_id, group.auth_application_id, group.acct_application_id))
        .collect();
    assert_eq!(groups, [(10415, Some(4), None), (10415, None, Some(3))]);
    let mut bench = Bench::with(config(node), Role::Initiator);
    assert_eq!(bench.sent::<CapabilitiesExchangeRequest>(), [cer]);
    bench.introduce();
    assert!(matches!(&bench.events[..], [Event::Introduced(_)]));
}

#[test]
fn a_node_says_all_of_itself_in_cer_and_cea_and_its_state_in_dwr_and_dwa() {
    let mut node = local("b.example.net");
    (node.vendor_id, node.firmware_revision, node.origin_state_id) = (10415, Some(3), Some(7));
    node.applications = Applications::new().with_auth(4).with_acct(3).with_vendor_auth(10415, 16_777_238);
    for role in [Role::Initiator, Role::Responder] {
        let mut bench = Bench::with(config(node.clone()), role);
        bench.introduce();
        bench.admit();
        assert!(bench.connection.is_open());
        let frame = RawMessage::read(&bench.sent[0]).unwrap();
        let said: Vec<(u32, Bytes)> = frame
            .avps()
            .map(|avp| avp.map(|avp| (avp.code, Bytes::copy_from_slice(avp.data))).unwrap())
            .filter(|(code, _)| *code != ResultCode::CODE)
            .collect();
        let word = |value: u32| Bytes::copy_from_slice(&value.to_be_bytes());
        for expected in [
            (OriginHost::CODE, Bytes::from_static(b"b.example.net")),
            (OriginRealm::CODE, Bytes::from_static(b"example.net")),
            (HostIpAddress::CODE, Bytes::from_static(&[0, 1, 127, 0, 0, 1])),
            (VendorId::CODE, word(10415)),
            (ProductName::CODE, Bytes::from_static(b"test")),
            (OriginStateId::CODE, word(7)),
            (SupportedVendorId::CODE, word(10415)),
            (AuthApplicationId::CODE, word(4)),
            (AcctApplicationId::CODE, word(3)),
            (FirmwareRevision::CODE, word(3)),
        ] {
            assert!(said.contains(&expected), "{expected:?} in {said:?}");
        }
        assert!(said.iter().any(|(code, _)| *code == VendorSpecificApplicationId::CODE), "{said:?}");
        bench.connection.probe(bench.now);
        bench.receive(request(&super::dwr()));
        assert_eq!(bench.sent::<DeviceWatchdogRequest>()[0].origin_state_id, Some(7));
        assert_eq!(bench.sent::<DeviceWatchdogAnswer>()[0].origin_state_id, Some(7));
    }
}

/// What becomes of a CEA.
fn received(spoil: impl Fn(&[u8]) -> Bytes) -> Bench {
    let mut bench = Bench::new(Role::Initiator);
    let cea = answer(bench.last(), &local("a.example.net").cea(ResultCode::SUCCESS, &ip()));
    bench.receive(spoil(&cea));
    bench
}

#[test]
fn a_cea_is_read_with_the_same_leniency() {
    for bench in [
        received(without::<HostIpAddress>),
        received(without::<ProductName>),
        received(|cea| flagged(cea, 0x40)),
        received(|cea| with(cea, 0x00ff_1234, AvpFlags::MANDATORY, b"nobody knows this")),
        received(|cea| with(cea, InbandSecurityId::CODE, AvpFlags::MANDATORY, &[0, 0, 0, 1])),
        received(|cea| with(cea, VendorSpecificApplicationId::CODE, AvpFlags::MANDATORY, &[])),
    ] {
        assert!(matches!(&bench.events[..], [Event::Introduced(_)]), "{:?}", bench.events);
    }
    for (bench, told) in [
        (received(without::<OriginHost>), "Origin-Host"),
        (received(without::<OriginRealm>), "Origin-Realm"),
        (received(without::<ResultCode>), "Result-Code"),
        (received(without::<AuthApplicationId>), "no application in common"),
    ] {
        assert!(bench.reason().unwrap().contains(told), "{:?}", bench.reason());
    }
}

#[test]
fn an_answer_message_in_place_of_a_cea_is_understood() {
    let mut bench = Bench::new(Role::Initiator);
    let header = Header { flags: diametric_protocol::wire::CommandFlags(0x20), ..bench.last() };
    let mut answer = diametric_protocol::base::AnswerMessage::new(diametric_protocol::base::AnswerMessageRequired {
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
        result_code: ResultCode::UNKNOWN_PEER,
    });
    answer.error_message = Some("who are you?".into());
    bench.receive(message::encode(header, &answer).unwrap().into());
    assert_eq!(
        bench.reason().unwrap(),
        "a.example.net answered the CER with Result-Code 3010 (DIAMETER_UNKNOWN_PEER): who are you?"
    );
}

#[test]
fn somebody_else_than_expected_is_not_taken() {
    for role in [Role::Initiator, Role::Responder] {
        let mut config = config(local("b.example.net"));
        config.expected = Some("c.example.net".into());
        let mut bench = Bench::with(config, role);
        bench.introduce();
        assert!(bench.reason().unwrap().contains("a.example.net"), "{:?}", bench.reason());
    }
    // Names are compared without regard to case.
    let mut config = config(local("b.example.net"));
    config.expected = Some("A.EXAMPLE.net".into());
    let mut bench = Bench::with(config, Role::Initiator);
    bench.introduce();
    assert!(bench.reason().is_none());
}

#[test]
fn a_route_record_in_an_answer_is_tolerated() {
    let known = Known::standard();
    let cca = with(&answer(ccr_header(), &super::cca()), RouteRecord::CODE, AvpFlags::MANDATORY, b"agent.example.org");
    assert!(message::decode::<CreditControlAnswer>(&cca, &known).is_ok());
    let dwa = with(&answer(ccr_header(), &super::dwa()), RouteRecord::CODE, AvpFlags::MANDATORY, b"agent.example.org");
    let dwa = [&dwa[..5], &[0, 1, 24], &dwa[8..]].concat();
    assert!(message::decode::<DeviceWatchdogAnswer>(&dwa, &known).is_ok());
}

fn ccr_header() -> Header {
    Header::peek(&request(&super::ccr())).unwrap()
}
