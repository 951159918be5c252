//! Lenient decoding: what is forgiven and where it stays, what is refused all the same; all failures of a message; and
//! groups that are carried unchanged.

mod vectors;

use diametric_protocol::base::CapabilitiesExchangeRequest;
use diametric_protocol::codec::{ExtraAvp, Group, Known};
use diametric_protocol::credit_control::{CreditControlRequest, SubscriptionIdType};
use diametric_protocol::message::{self, Command, Lenient};
use diametric_protocol::wire::{
    AvpFlags, CommandFlags, EndToEndId, HEADER_LEN, Header, HopByHopId, RawAvpBuf, RawMessage,
};
use proptest::prelude::*;
use std::sync::LazyLock;

static KNOWN: LazyLock<Known> = LazyLock::new(Known::standard);

fn avp(code: u32, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    RawAvpBuf { code, vendor: 0, flags: AvpFlags::MANDATORY, data: data.into() }.write(&mut out).unwrap();
    out
}

fn number(code: u32, value: u32) -> Vec<u8> {
    avp(code, &value.to_be_bytes())
}

/// The AVPs that a CCR cannot do without.
fn required() -> Vec<Vec<u8>> {
    vec![
        avp(263, b"ctf.example.com;1;1"),
        avp(264, b"ctf.example.com"),
        avp(296, b"example.com"),
        avp(283, b"example.net"),
        number(258, 4),
        avp(461, b"32251@3gpp.org"),
        number(416, 1),
        number(415, 0),
    ]
}

fn frame(avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let header = Header {
        flags: CommandFlags::REQUEST.with(CommandFlags::PROXIABLE),
        command: 272,
        application: 4,
        hop_by_hop: HopByHopId(1),
        end_to_end: EndToEndId(2),
    };
    [&header.to_bytes((HEADER_LEN + body.len()) as u32)[..], &body].concat()
}

/// A CCR with these AVPs besides the required ones, leniently decoded.
fn lenient(more: &[Vec<u8>]) -> Lenient<CreditControlRequest> {
    let frame = frame(&[required(), more.to_vec()].concat());
    let strict = message::decode::<CreditControlRequest>(&frame, &KNOWN).expect_err("strict decoding refuses");
    let lenient = message::decode_lenient(&frame, &KNOWN).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(lenient.forgiven[0], strict.failures()[0]);
    // Everything is there again, behind the required members.
    let written = message::encode(lenient.header, &lenient.body).unwrap();
    assert_eq!(written.len(), frame.len());
    let again = message::decode_lenient(&written, &KNOWN).unwrap();
    assert_eq!((again.header, &again.body), (lenient.header, &lenient.body));
    lenient
}

fn told(lenient: &Lenient<CreditControlRequest>) -> Vec<String> {
    lenient.forgiven.iter().map(ToString::to_string).collect()
}

fn extra(code: u32, data: &[u8]) -> ExtraAvp {
    ExtraAvp::new(code, 0, AvpFlags::MANDATORY, data)
}

#[test]
fn an_optional_member_with_an_invalid_value_is_kept_raw() {
    let ccr = lenient(&[avp(1, &[0xff, 0xfe]), number(278, 7)]);
    assert_eq!(told(&ccr), ["User-Name: not valid UTF-8; Result-Code 5004 (DIAMETER_INVALID_AVP_VALUE)"]);
    assert_eq!(ccr.body.user_name, None);
    assert_eq!(ccr.body.origin_state_id, Some(7));
    assert_eq!(ccr.body.extras()[..], [extra(1, &[0xff, 0xfe])]);
}

#[test]
fn what_occurs_too_often_is_kept_raw() {
    let ccr = lenient(&[number(278, 1), number(278, 2), number(278, 3)]);
    assert_eq!(ccr.forgiven.len(), 2);
    assert_eq!(
        told(&ccr)[1],
        "Origin-State-Id: occurs more than once, at most 1 allowed; Result-Code 5009 (DIAMETER_AVP_OCCURS_TOO_MANY_TIMES)"
    );
    assert_eq!(ccr.body.origin_state_id, Some(1));
    assert_eq!(ccr.body.extras()[..], [extra(278, &[0, 0, 0, 2]), extra(278, &[0, 0, 0, 3])]);
}

#[test]
fn what_is_not_known_and_demands_to_be_is_kept_raw() {
    let ccr = lenient(&[avp(999_999, b"what")]);
    assert_eq!(ccr.body.extras()[..], [extra(999_999, b"what")]);
}

#[test]
fn a_member_of_a_group_is_set_aside_alone() {
    // The second Multiple-Services-Credit-Control has a Rating-Group of two octets, and an address of one.
    let first = avp(456, &number(432, 1));
    let second = avp(456, &[avp(432, &[0, 2]), number(439, 9), avp(257, &[5])].concat());
    let ccr = lenient(&[first, second]);
    let told = told(&ccr);
    assert_eq!(told.len(), 2);
    assert_eq!(
        told[0],
        "Multiple-Services-Credit-Control[1].Rating-Group: length 10, expected 12; \
         Result-Code 5014 (DIAMETER_INVALID_AVP_LENGTH)"
    );
    assert!(told[1].starts_with("Multiple-Services-Credit-Control[1].Host-IP-Address: "), "{}", told[1]);
    let [first, second] = &ccr.body.multiple_services_credit_control[..] else { panic!("{:?}", ccr.body) };
    assert_eq!(first.rating_group, Some(1));
    assert_eq!((second.rating_group, &second.service_identifier[..]), (None, &[9][..]));
    assert_eq!(second.extras()[..], [extra(432, &[0, 2]), extra(257, &[5])]);
}

#[test]
fn a_group_that_lacks_a_member_is_kept_as_a_whole() {
    // Subscription-Id without its data; the other one is as it should be.
    let whole = number(450, 1);
    let ccr = lenient(&[avp(443, &whole), avp(443, &[number(450, 0), avp(444, b"1555")].concat())]);
    assert_eq!(
        told(&ccr),
        ["Subscription-Id[0].Subscription-Id-Data: missing; Result-Code 5005 (DIAMETER_MISSING_AVP)"]
    );
    assert_eq!(ccr.body.extras()[..], [extra(443, &whole)]);
    assert_eq!(ccr.body.subscription_id.len(), 1);
    assert_eq!(ccr.body.subscription_id[0].subscription_id_type, SubscriptionIdType::END_USER_E164);
}

#[test]
fn a_group_with_lengths_that_do_not_fit_is_kept_as_a_whole() {
    let mut broken = [number(450, 1), avp(444, b"1555")].concat();
    broken[19] = 99;
    let ccr = lenient(&[avp(443, &broken)]);
    assert_eq!(ccr.forgiven[0].result_code.0, 5014);
    assert_eq!(ccr.body.extras()[..], [extra(443, &broken)]);
    assert!(ccr.body.subscription_id.is_empty());
}

/// A required member of a group is wrong: it is set aside, so that it is missing, so that the group is kept as a whole;
/// with the octets that it came with.
#[test]
fn what_is_set_aside_twice_is_whole_again() {
    let group = [number(450, 1), avp(444, &[0xff])].concat();
    let ccr = lenient(&[avp(443, &group)]);
    assert_eq!(told(&ccr).len(), 1, "{:?}", ccr.forgiven);
    assert_eq!(ccr.body.extras()[..], [extra(443, &group)]);
}

#[test]
fn a_required_member_that_is_missing_or_wrong_is_refused_as_ever() {
    for (index, instead) in [(6, None), (6, Some(number(416, 99))), (4, Some(avp(258, &[4])))] {
        let mut avps = required();
        match instead {
            Some(instead) => avps[index] = instead,
            None => drop(avps.remove(index)),
        }
        let frame = frame(&avps);
        let strict = message::decode::<CreditControlRequest>(&frame, &KNOWN).unwrap_err();
        assert_eq!(message::decode_lenient::<CreditControlRequest>(&frame, &KNOWN).unwrap_err(), strict);
    }
}

#[test]
fn there_is_an_end_to_forgiving() {
    let many = |count| frame(&[required(), vec![avp(999_999, b"what"); count]].concat());
    let decode = |count| message::decode_lenient::<CreditControlRequest>(&many(count), &KNOWN);
    assert_eq!(decode(32).unwrap().forgiven.len(), 32);
    assert!(decode(33).is_err());
}

#[test]
fn all_failures_of_a_message_are_told_in_their_order() {
    let mut avps = required();
    avps.remove(7);
    avps[4] = avp(258, &[4]);
    avps.extend([
        avp(456, &[avp(432, &[0, 2]), avp(437, &number(420, 3)[..8])].concat()),
        avp(999_999, b"what"),
        number(278, 1),
        number(278, 2),
    ]);
    let error = message::decode::<CreditControlRequest>(&frame(&avps), &KNOWN).unwrap_err();
    let told: Vec<_> = error.failures().iter().map(|failure| (failure.result_code.0, failure.to_string())).collect();
    let expected = [
        (5014, "Auth-Application-Id"),
        (5014, "Multiple-Services-Credit-Control[0].Rating-Group"),
        (5014, "Multiple-Services-Credit-Control[0].Requested-Service-Unit.CC-Time"),
        (5001, "AVP 999999"),
        (5009, "Origin-State-Id"),
        (5005, "CC-Request-Number"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((code, text), (expected_code, path)) in told.iter().zip(expected) {
        assert_eq!(*code, expected_code, "{text}");
        assert!(text.starts_with(&format!("{path}: ")), "{text}");
    }
    assert!(error.to_string().ends_with("and 5 more failures"), "{error}");
}

/// What a proxy does not know it passes on as it came: here a group, with a member out of order, flags of its own, and no
/// padding at its end.
#[test]
fn a_group_is_carried_unchanged() {
    let mut inside = [number(1, 7), avp(2, b"odd"), avp(1, &[])].concat();
    inside.truncate(inside.len() - 4);
    inside.extend(avp(3, b"end"));
    inside.pop();
    let mut group = Vec::new();
    let flags = AvpFlags::VENDOR.with(AvpFlags::PROTECTED);
    RawAvpBuf { code: 77, vendor: 99_999, flags, data: inside.as_slice().into() }.write(&mut group).unwrap();
    let sent = frame(&[required(), vec![group.clone()]].concat());
    let ccr = message::decode::<CreditControlRequest>(&sent, &KNOWN).unwrap();
    let written = message::encode(ccr.header, &ccr.body).unwrap();
    let last = RawMessage::read(&written).unwrap().avps().last().unwrap().unwrap();
    assert_eq!((last.vendor, last.code, last.flags, last.data), (99_999, 77, flags, inside.as_slice()));
    assert!(written.ends_with(&group));
}

fn check<C: Command>(frame: &[u8]) {
    let lenient = message::decode_lenient::<C>(frame, &KNOWN);
    match (message::decode::<C>(frame, &KNOWN), lenient) {
        (Ok(strict), Ok(lenient)) => {
            assert_eq!(lenient, Lenient { header: strict.header, body: strict.body, forgiven: Vec::new() });
        }
        (Err(strict), Ok(lenient)) => {
            assert_eq!(lenient.forgiven[0], *strict.first());
            let written = message::encode(lenient.header, &lenient.body).unwrap();
            let again = message::decode_lenient::<C>(&written, &KNOWN).unwrap();
            assert_eq!((again.header, again.body), (lenient.header, lenient.body));
            assert!(!again.forgiven.is_empty());
        }
        (Err(strict), Err(error)) => assert_eq!(error, strict),
        (Ok(_), Err(error)) => panic!("only lenient decoding refuses: {error}"),
    }
}

fn damaged_message() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<_> = vectors::messages().iter().chain(&vectors::invalid()).map(|row| row.octets("hex")).collect();
    let damage = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    (prop::sample::select(frames), damage).prop_map(|(mut frame, damage)| {
        for (at, octet) in damage {
            let at = at.index(frame.len() - HEADER_LEN) + HEADER_LEN;
            frame[at] = octet;
        }
        frame
    })
}

proptest! {
    #[test]
    fn leniency_adds_nothing_and_loses_nothing(frame in damaged_message()) {
        check::<CreditControlRequest>(&frame);
        check::<CapabilitiesExchangeRequest>(&frame);
    }
}
