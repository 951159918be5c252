use super::*;
use crate::value::testing::{decode, encode};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn ip(text: &str) -> IpRule {
    text.parse::<IpFilterRule>().unwrap().parse().unwrap()
}

fn qos(text: &str) -> QosRule {
    text.parse::<QosFilterRule>().unwrap().parse().unwrap()
}

#[test]
fn any_text_is_carried_and_only_made_rules_follow_the_grammar() {
    for text in ["permit in ip from any to any", "not a rule", " \t"] {
        let rule = decode::<IpFilterRule>(text.as_bytes()).unwrap();
        assert_eq!(rule, text);
        assert_eq!(encode(&rule).unwrap(), text.as_bytes());
        assert_eq!(IpFilterRule::from_text(text), Ok(rule));
        assert_eq!(decode::<QosFilterRule>(text.as_bytes()).unwrap(), text);
    }
    for octets in ["".as_bytes(), "permit é".as_bytes(), b"\xff"] {
        assert_eq!(decode::<IpFilterRule>(octets), Err(Fault::Value { reason: NOT_TEXT }));
        assert_eq!(decode::<QosFilterRule>(octets), Err(Fault::Value { reason: NOT_TEXT }));
    }
    assert!("not a rule".parse::<IpFilterRule>().is_err());
    assert_eq!(IpFilterRule::from_text("permit é").unwrap_err().offset(), 7);
}

#[test]
fn parts_of_a_rule() {
    let rule = ip("Permit OUT 17 From !192.0.2.10/24 0-65535 to 2001:db8::/32 53,5353");
    let source = Endpoint {
        negated: true,
        address: AddressMatch::Ip { address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), bits: Some(24) },
        ports: vec![0..=65535],
    };
    let address = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0));
    let destination = Endpoint {
        negated: false,
        address: AddressMatch::Ip { address, bits: Some(32) },
        ports: vec![53..=53, 5353..=5353],
    };
    assert_eq!(
        rule,
        Rule {
            action: IpAction::Permit,
            direction: Direction::Out,
            protocol: Protocol::Number(17),
            source,
            destination,
            options: vec![],
        }
    );
    assert_eq!(rule.to_string(), "permit out 17 from !192.0.2.10/24 0-65535 to 2001:db8::/32 53,5353");
}

#[test]
fn options_of_a_rule() {
    let text = "deny in 6 from any to assigned frag ipoptions ssrr,!lsrr,rr,ts tcpoptions mss,window,sack,!ts,cc \
                established setup tcpflags fin,!syn,rst,psh,ack,urg icmptypes 0,8-10";
    let rule = ip(text);
    assert_eq!(rule.options.len(), 7);
    assert_eq!(rule.options[1], {
        use IpHeaderOption::*;
        use Presence::*;
        let options = [Present(StrictSourceRoute), Absent(LooseSourceRoute), Present(RecordRoute), Present(Timestamp)];
        IpOption::IpOptions(options.into())
    });
    assert_eq!(rule.to_string(), text);
    assert_eq!(IpFilterRule::try_from(&rule).unwrap(), text);

    let rule = ip("permit in 1 from any to any icmptypes echo reply, time-to-live exceeded,8 frag");
    assert_eq!(rule.options, [IpOption::IcmpTypes(IcmpTypes(vec![0..=0, 11..=11, 8..=8])), IpOption::Fragment]);
}

#[test]
fn rules_that_mark_and_meter() {
    let rule = qos("tag out ip from assigned to any DSCP AF21");
    assert_eq!((rule.action, &rule.options[..]), (QosAction::Tag, &[QosOption::Dscp("AF21".into())][..]));

    let text = "meter in 17 from any to any 5060 metering 64000 AF11 drop frag";
    let rule = qos(text);
    let metering = QosOption::Metering { rate: 64_000, color_under: "AF11".into(), color_over: "drop".into() };
    assert_eq!(rule.options, [metering, QosOption::Match(IpOption::Fragment)]);
    assert_eq!(QosFilterRule::try_from(&rule).unwrap(), text);
}

#[test]
fn what_is_wrong_is_located() {
    let address = "expected an IP address, with or without `/` and the bits of a mask, `any` or `assigned`";
    for (text, offset, reason) in [
        ("  ", 2, "expected `permit` or `deny`"),
        ("allow in ip from any to any", 0, "expected `permit` or `deny`"),
        ("permit both ip from any to any", 7, "expected `in` or `out`"),
        ("permit in tcp from any to any", 10, "expected `ip` or the number of a protocol"),
        ("permit in 256 from any to any", 10, "expected `ip` or the number of a protocol"),
        ("permit in ip form any to any", 13, "expected `from`"),
        ("permit in ip from", 17, address),
        ("permit in ip from 192.0.2/24 to any", 18, address),
        ("permit in ip from 192.0.2.0/33 to any", 18, address),
        ("permit in ip from 2001:db8::/129 to any", 18, address),
        ("permit in ip from any 65536 to any", 22, "expected ports from 0 to 65535, such as `80,8000-8080`"),
        ("permit in ip from any 2-1 to any", 22, "expected ports from 0 to 65535, such as `80,8000-8080`"),
        ("permit in ip from any any", 22, "expected `to`"),
        (
            "permit in ip from any to any DSCP AF11",
            29,
            "expected an option: `frag`, `ipoptions`, `tcpoptions`, `established`, `setup`, `tcpflags` or `icmptypes`",
        ),
        (
            "permit in 6 from any to any tcpflags syn,rat",
            37,
            "expected some of `fin`, `syn`, `rst`, `psh`, `ack` and `urg`, with commas between",
        ),
        (
            "permit in 1 from any to any icmptypes frag",
            38,
            "expected ICMP types by number or name, such as `0,8-10,echo reply`",
        ),
    ] {
        let error = text.parse::<IpFilterRule>().unwrap_err();
        assert_eq!((error.offset(), error.reason()), (offset, reason), "{text}");
    }
    let error = "permit in ip form any to any".parse::<IpFilterRule>().unwrap_err();
    let message = "`permit in ip form any to any` is not an IPFilterRule: expected `from` (at octet 13)";
    assert_eq!(error.to_string(), message);

    for (text, offset, reason) in [
        ("permit in ip from any to any", 0, "expected `tag` or `meter`"),
        ("tag in ip from any to any DSCP", 30, "expected a code point"),
        ("meter in ip from any to any metering fast AF11 AF12", 37, "expected a rate in bits per second"),
        (
            "tag in ip from any to any color red",
            26,
            "expected an option: `DSCP`, `metering` or one of those of an IPFilterRule",
        ),
    ] {
        let error = text.parse::<QosFilterRule>().unwrap_err();
        assert_eq!((error.offset(), error.reason()), (offset, reason), "{text}");
    }
}

#[test]
fn parts_that_the_grammar_cannot_say_are_refused() {
    let mut rule = qos("tag in ip from any to any DSCP EF");
    rule.options = vec![QosOption::Dscp("EF frag".into())];
    assert!(QosFilterRule::try_from(&rule).unwrap_err().reason().contains("the same"));
    rule.options = vec![QosOption::Dscp("é".into())];
    assert!(QosFilterRule::try_from(&rule).is_err());
    let mut rule = ip("permit in ip from 192.0.2.0/24 to any");
    rule.source.address = AddressMatch::Ip { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), bits: Some(33) };
    assert!(IpFilterRule::try_from(&rule).is_err());
}
