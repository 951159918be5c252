//! What holds for any input: nothing panics, what is decoded is written as it was received, and what is encoded decodes
//! to what it was.

mod vectors;

use diametric_protocol::accounting::{AccountingAnswer, AccountingRequest};
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::{
    AbortSessionRequest, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, Class, DeviceWatchdogRequest,
    EventTimestamp, FailedAvp, HostIpAddress, OriginHost, OriginStateId, RedirectHost, ResultCode, SessionId,
    VendorSpecificApplicationId,
};
use diametric_protocol::codec::{Avp, Known, decode_payload};
use diametric_protocol::credit_control::{
    CcRequestType, CcTotalOctets, CreditControlAnswer, CreditControlRequest, Exponent, RestrictionFilterRule,
    SubscriptionId, ValueDigits,
};
use diametric_protocol::message::{self, Command};
use diametric_protocol::value::filter::{AddressMatch, Direction, Endpoint, IpAction, IpRule, Protocol, Rule};
use diametric_protocol::value::{
    Address, DiameterIdentity, DiameterUri, IpFilterRule, OctetString, QosFilterRule, RawGroup, Time, Utf8String,
};
use diametric_protocol::wire::{AvpFlags, AvpReader, HEADER_LEN, Header, RawAvpBuf, RawMessage, frame_length};
use proptest::collection::vec;
use proptest::prelude::*;
use std::net::IpAddr;
use std::sync::LazyLock;
use vectors::single::{self, TestFloat32, TestFloat64};

static KNOWN: LazyLock<Known> = LazyLock::new(Known::standard);

/// Any octets, mostly few.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..600)]
}

/// A message of the tables, with octets changed, inserted or removed behind its length, which is made right again.
fn damaged_message() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<Vec<u8>> =
        vectors::messages().iter().chain(&vectors::invalid()).map(|row| row.octets("hex")).collect();
    let damage = vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6);
    (prop::sample::select(frames), damage).prop_map(|(mut frame, damage)| {
        for (at, octet, kind) in damage {
            let at = 4 + at.index(frame.len() - 4);
            match kind {
                0 => frame[at] = octet,
                1 => frame[at] ^= 1 << (octet % 8),
                2 => frame.insert(at, octet),
                _ if frame.len() > HEADER_LEN => drop(frame.remove(at)),
                _ => {}
            }
        }
        frame.resize(frame.len().next_multiple_of(4), 0);
        let length = (frame.len() as u32).to_be_bytes();
        frame[1..4].copy_from_slice(&length[1..]);
        frame
    })
}

/// Decoding fails with a reason, or gives what encodes to the payload again.
fn check_payload<A: Avp>(payload: &[u8]) {
    let avp = RawAvpBuf { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data: payload.into() };
    let mut octets = Vec::new();
    avp.write(&mut octets).unwrap();
    match single::decode::<A>(&octets) {
        Ok(value) => {
            assert_eq!(hex::encode(single::encode::<A>(value).unwrap()), hex::encode(&octets), "{}", A::NAME);
        }
        Err(error) => {
            assert!(decode_payload::<A>(payload).is_err());
            assert!(!error.first().message.is_empty());
            assert!(error.path().starts_with("Single."), "{error}");
        }
    }
}

/// As [`check_payload`], for a group, whose members may come in another order than the grammar's.
fn check_group<A: Avp>(payload: &[u8]) {
    if let Ok(value) = decode_payload::<A>(payload) {
        let encoded = single::encode::<A>(value.clone()).unwrap();
        assert_eq!(single::decode::<A>(&encoded), Ok(value));
    }
}

/// Decoding fails with what an answer needs, or gives what encodes and decodes to itself again.
fn check_message<C: Command>(frame: &[u8]) {
    match message::decode::<C>(frame, &KNOWN) {
        Ok(received) => {
            let written = message::encode(received.header, &received.body).unwrap();
            let again = message::decode::<C>(&written, &KNOWN).unwrap();
            assert_eq!(again, received);
        }
        Err(error) => {
            for failure in error.failures() {
                let failed = failure.failed_avp.concat();
                assert!(AvpReader::new(&failed).all(|avp| avp.is_ok()), "{error}: {failed:02x?}");
                assert_eq!(failed.len() % 4, 0, "{error}: {failed:02x?}");
            }
            assert!(!ErrorAnswer::from(&error).message.unwrap_or_default().is_empty());
        }
    }
}

fn check_raw(frame: &[u8]) {
    let _ = frame_length(frame);
    let _ = RequestContext::of(frame);
    let _ = Header::peek(frame);
    let Ok(message) = RawMessage::read(frame) else { return };
    let mut written = Vec::new();
    let framed = message.avps().all(|avp| avp.is_ok());
    assert_eq!(message.write(&mut written).is_ok(), framed);
    // Reserved bits of the header and all of the AVPs are kept.
    assert!(!framed || written == frame);
}

fn value_round_trip<A: Avp>(value: A::Value) {
    let encoded = single::encode::<A>(value.clone()).unwrap();
    assert_eq!(single::decode::<A>(&encoded), Ok(value));
}

fn address() -> impl Strategy<Value = Address> {
    let other = (any::<u16>(), vec(any::<u8>(), 0..40));
    prop_oneof![
        any::<IpAddr>().prop_map(Address::from),
        "[0-9]{1,40}".prop_map(|digits| Address::from_parts(8, digits.as_bytes()).unwrap()),
        other.prop_filter_map("a length its family does not have", |(family, octets)| {
            Address::from_parts(family, &octets).ok()
        }),
    ]
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let ip = any::<IpAddr>().prop_flat_map(|address| {
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        prop::option::of(0..=width).prop_map(move |bits| AddressMatch::Ip { address, bits })
    });
    let address = prop_oneof![Just(AddressMatch::Any), Just(AddressMatch::Assigned), ip];
    let port = any::<(u16, u16)>().prop_map(|(a, b)| a.min(b)..=a.max(b));
    (any::<bool>(), address, vec(port, 0..3)).prop_map(|(negated, address, ports)| Endpoint { negated, address, ports })
}

fn ip_rule() -> impl Strategy<Value = IpRule> {
    let protocol = prop_oneof![Just(Protocol::Any), any::<u8>().prop_map(Protocol::Number)];
    let action = prop_oneof![Just(IpAction::Permit), Just(IpAction::Deny)];
    let direction = prop_oneof![Just(Direction::In), Just(Direction::Out)];
    (action, direction, protocol, endpoint(), endpoint()).prop_map(
        |(action, direction, protocol, source, destination)| Rule {
            action,
            direction,
            protocol,
            source,
            destination,
            options: Vec::new(),
        },
    )
}

/// Texts that come near to what the grammars say.
fn near_rule() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "permit",
        "deny",
        "tag",
        "meter",
        "in",
        "out",
        "ip",
        "17",
        "from",
        "to",
        "any",
        "!assigned",
        "192.0.2.1/24",
        "2001:db8::/32",
        "80,90-100",
        "frag",
        "ipoptions",
        "!rr,ts",
        "tcpflags",
        "syn,!ack",
        "icmptypes",
        "echo",
        "reply,8-10",
        "DSCP",
        "AF11",
        "metering",
        "1000",
        "é",
        ",",
        "!",
        "",
    ]);
    vec(word, 0..14).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_payload_of_any_format(payload in octets()) {
        check_payload::<Class>(&payload);
        check_payload::<Exponent>(&payload);
        check_payload::<ValueDigits>(&payload);
        check_payload::<OriginStateId>(&payload);
        check_payload::<CcTotalOctets>(&payload);
        check_payload::<TestFloat32>(&payload);
        check_payload::<TestFloat64>(&payload);
        check_payload::<HostIpAddress>(&payload);
        check_payload::<EventTimestamp>(&payload);
        check_payload::<SessionId>(&payload);
        check_payload::<OriginHost>(&payload);
        check_payload::<RedirectHost>(&payload);
        check_payload::<RestrictionFilterRule>(&payload);
        check_payload::<FailedAvp>(&payload);
        check_payload::<ResultCode>(&payload);
        check_payload::<CcRequestType>(&payload);
        check_group::<SubscriptionId>(&payload);
        check_group::<VendorSpecificApplicationId>(&payload);
    }

    #[test]
    fn short_payloads_of_fixed_formats(payload in vec(any::<u8>(), 0..20), family in 0..10_u8) {
        check_payload::<Exponent>(&payload);
        check_payload::<ValueDigits>(&payload);
        check_payload::<TestFloat32>(&payload);
        check_payload::<TestFloat64>(&payload);
        check_payload::<EventTimestamp>(&payload);
        check_payload::<CcRequestType>(&payload);
        check_payload::<HostIpAddress>(&[&[0, family], &payload[..]].concat());
    }

    #[test]
    fn any_octets_as_message(frame in octets()) {
        check_raw(&frame);
        check_message::<CreditControlRequest>(&frame);
        check_message::<DeviceWatchdogRequest>(&frame);
        let _ = message::decode_answer_message(&frame, &KNOWN);
    }

    #[test]
    fn any_octets_as_avps(payload in octets()) {
        let mut avps = AvpReader::new(&payload);
        let rest = avps.by_ref().find_map(Result::err).map_or(0, |fault| fault.rest.len());
        prop_assert!(avps.offset() == payload.len() && rest <= payload.len());
        let group = RawGroup::from_octets(payload);
        let _ = format!("{group:?}");
        let _ = (group.get::<SessionId>(), group.get::<SubscriptionId>());
    }

    #[test]
    fn damaged_messages(frame in damaged_message()) {
        check_raw(&frame);
        check_message::<CreditControlRequest>(&frame);
        check_message::<CreditControlAnswer>(&frame);
        check_message::<AccountingRequest>(&frame);
        check_message::<AccountingAnswer>(&frame);
        check_message::<CapabilitiesExchangeRequest>(&frame);
        check_message::<CapabilitiesExchangeAnswer>(&frame);
        check_message::<DeviceWatchdogRequest>(&frame);
        check_message::<AbortSessionRequest>(&frame);
        let _ = message::decode_answer_message(&frame, &KNOWN);
        if let Some(command) = Header::peek(&frame)
            .and_then(|header| KNOWN.command(header.application, header.command, header.flags.is_request()))
        {
            let _ = (command.decode)(&frame, &KNOWN);
        }
    }

    #[test]
    fn values(
        octets in vec(any::<u8>(), 0..600),
        text in any::<String>(),
        host in "[!-~]{1,300}",
        address in address(),
        seconds in any::<u32>(),
        numbers in any::<(i32, i64, u32, u64)>(),
    ) {
        value_round_trip::<Class>(OctetString::from(octets.clone()));
        value_round_trip::<FailedAvp>(RawGroup::from(octets));
        value_round_trip::<SessionId>(Utf8String::from(text));
        value_round_trip::<OriginHost>(DiameterIdentity::from(host));
        value_round_trip::<HostIpAddress>(address.clone());
        value_round_trip::<EventTimestamp>(Time::from_ntp_seconds(seconds));
        value_round_trip::<Exponent>(numbers.0);
        value_round_trip::<ValueDigits>(numbers.1);
        value_round_trip::<OriginStateId>(numbers.2);
        value_round_trip::<CcTotalOctets>(numbers.3);
        value_round_trip::<ResultCode>(ResultCode(numbers.2));
        prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
    }

    #[test]
    fn times_are_written_and_read(seconds in any::<u32>(), other in any::<u32>()) {
        let (time, other) = (Time::from_ntp_seconds(seconds), Time::from_ntp_seconds(other));
        prop_assert_eq!(time.to_string().parse::<Time>(), Ok(time));
        prop_assert_eq!(Time::from_unix_seconds(time.unix_seconds()), Ok(time));
        prop_assert_eq!(Time::try_from(std::time::SystemTime::from(time)), Ok(time));
        prop_assert_eq!(time.cmp(&other), time.unix_seconds().cmp(&other.unix_seconds()));
        prop_assert_eq!(time.to_string().cmp(&other.to_string()), time.cmp(&other));
    }

    #[test]
    fn texts_near_a_uri(
        text in "(aaas?|AAA)(://)?[a-z0-9._-]{0,9}(:[0-9]{0,6})?(;transport=(tcp|sctp|udp|x)?)?(;protocol=(diameter|radius|tacacs[+]|y)?)?[;:é]?",
    ) {
        check_payload::<RedirectHost>(text.as_bytes());
        match text.parse::<DiameterUri>() {
            Ok(uri) => {
                let rebuilt = DiameterUri::new(uri.fqdn()).unwrap();
                let rebuilt = if uri.is_secure() { rebuilt.with_security() } else { rebuilt };
                let rebuilt = rebuilt.with_port(uri.port()).with_protocol(uri.protocol()).unwrap();
                let rebuilt = rebuilt.with_transport(uri.transport()).unwrap();
                prop_assert_eq!(rebuilt.as_str().parse::<DiameterUri>(), Ok(rebuilt.clone()));
                prop_assert_eq!((rebuilt.port(), rebuilt.transport()), (uri.port(), uri.transport()));
                prop_assert_eq!((rebuilt.protocol(), rebuilt.fqdn()), (uri.protocol(), uri.fqdn()));
                value_round_trip::<RedirectHost>(rebuilt);
            }
            Err(error) => prop_assert!(error.offset() <= text.len()),
        }
    }

    #[test]
    fn texts_near_a_filter_rule(text in prop_oneof![near_rule(), any::<String>()]) {
        if let Ok(rule) = IpFilterRule::from_text(text.clone()) {
            value_round_trip::<RestrictionFilterRule>(rule.clone());
            match rule.parse() {
                Ok(parsed) => prop_assert_eq!(IpFilterRule::try_from(&parsed).unwrap().parse(), Ok(parsed)),
                Err(error) => prop_assert!(error.offset() <= text.len()),
            }
        }
        if let Ok(Ok(parsed)) = QosFilterRule::from_text(text).map(|rule| rule.parse()) {
            prop_assert_eq!(QosFilterRule::try_from(&parsed).unwrap().parse(), Ok(parsed));
        }
    }

    #[test]
    fn filter_rules(rule in ip_rule()) {
        prop_assert_eq!(IpFilterRule::try_from(&rule).unwrap().parse(), Ok(rule));
    }

    #[test]
    fn raw_avps(avps in vec((any::<u32>(), any::<u32>(), any::<u8>(), vec(any::<u8>(), 0..300)), 0..6)) {
        let avps: Vec<_> = avps
            .into_iter()
            .map(|(code, vendor, flags, data)| {
                let flags = AvpFlags(flags);
                let vendor = if flags.is_vendor() { vendor } else { 0 };
                RawAvpBuf { code, vendor, flags, data: data.into() }
            })
            .collect();
        let group = RawGroup::from_avps(avps.clone());
        let read: Vec<_> = group.avps().map(|avp| RawAvpBuf::from(avp.unwrap())).collect();
        prop_assert_eq!(read, avps);
    }
}
