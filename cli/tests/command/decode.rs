//! Trees.

use crate::build::{M, V, avp, base, ccr, ccr_avps, hex, message, number};
use crate::{data, printed};
use diametric_dissect::Dissector;
use diametric_protocol::wire::RawMessage;

#[test]
fn a_request_with_a_group() {
    let expected = "\
Credit-Control-Request (CCR) 272 app 4 (Credit-Control) R,P hop-by-hop 0x00000001 end-to-end 0x00000002
  Session-Id (263) M \"a;1;2\"
  Origin-Host (264) M \"smsc.example.com\"
  Origin-Realm (296) M \"example.com\"
  Destination-Realm (283) M \"example.net\"
  Auth-Application-Id (258) M 4
  Service-Context-Id (461) M \"32274@3gpp.org\"
  CC-Request-Type (416) M INITIAL_REQUEST (1)
  CC-Request-Number (415) M 0
  Subscription-Id (443) M
    Subscription-Id-Type (450) M END_USER_E164 (0)
    Subscription-Id-Data (444) M \"491700000001\"
";
    assert_eq!(printed(&["decode"], &hex(&ccr())), expected);
    // This one is written out, so that the test does not rest on the functions that build the others alone.
    let dwr = "01000038 80000118 00000000 00000001 00000002 \
               00000108 40000009 61000000 00000128 40000009 62000000 00000116 4000000c 00000007";
    let expected = "\
Device-Watchdog-Request (DWR) 280 app 0 (Base) R hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-Host (264) M \"a\"
  Origin-Realm (296) M \"b\"
  Origin-State-Id (278) M 7
";
    assert_eq!(printed(&["decode", "-"], dwr), expected);
}

fn every_kind() -> Vec<Vec<u8>> {
    vec![
        number(268, 2001),
        number(268, 29_999),
        base(55, &3_913_056_000_u32.to_be_bytes()),
        base(257, &[0, 1, 192, 0, 2, 7]),
        base(257, &[&[0, 2][..], &std::net::Ipv6Addr::LOCALHOST.octets()].concat()),
        base(257, b"\x00\x084912345"),
        base(421, &u64::MAX.to_be_bytes()),
        base(25, &[0, 10, 255]),
        base(25, b"plain text"),
        base(25, b""),
        base(292, b"aaa://h.example.com:3868"),
        base(438, b"permit in ip from any to any"),
        base(1, "zo\u{eb} \u{1b}[31m\"".as_bytes()),
        avp(7004, V, 99_999, &(-5_i32).to_be_bytes()),
        avp(7005, V, 99_999, &(-6_i32).to_be_bytes()),
        avp(7006, V, 99_999, &i64::MIN.to_be_bytes()),
        avp(7007, V, 99_999, &1.5_f32.to_be_bytes()),
        avp(7008, V, 99_999, &f64::NAN.to_be_bytes()),
        avp(862, V | M, 10_415, &9001_u32.to_be_bytes()),
        avp(1, V | 0x20 | 0x01, 55_555, &[1]),
    ]
}

#[test]
fn every_kind_of_value() {
    let expected = "  Result-Code (268) M DIAMETER_SUCCESS (2001)
  Result-Code (268) M 29999
  Event-Timestamp (55) M 2024-01-01T00:00:00Z
  Host-IP-Address (257) M 192.0.2.7
  Host-IP-Address (257) M ::1
  Host-IP-Address (257) M +4912345
  CC-Total-Octets (421) M 18446744073709551615
  Class (25) M 0x000aff
  Class (25) M 0x706c61696e2074657874 \"plain text\"
  Class (25) M 0x
  Redirect-Host (292) M \"aaa://h.example.com:3868\"
  Restriction-Filter-Rule (438) M \"permit in ip from any to any\"
  User-Name (1) M \"zo\u{eb} \\u{1b}[31m\\\"\"
  Acme-Level (7004/99999) V LOW (-5)
  Acme-Change (7005/99999) V -6
  Acme-Balance (7006/99999) V -9223372036854775808
  Acme-Load (7007/99999) V 1.5
  Acme-Ratio (7008/99999) V NaN
  Node-Functionality (862/10415) V,M Acme-Gateway (9001)
  unknown (1/55555) V,P+0x01 0x01
";
    let tree = printed(&["decode", "--dictionary", &data("acme.xml")], &hex(&message(0x40, 272, 4, &every_kind())));
    let (heading, values) = tree.split_once('\n').unwrap();
    assert_eq!(values, expected);
    assert!(heading.starts_with("Credit-Control-Answer (CCA) 272 app 4 (Credit-Control) P hop"), "{heading}");
}

#[test]
fn unknown_commands_and_applications_are_trees_like_others() {
    let lines = [(0xd0, 999, 70_000), (0x00, 999, 0), (0xc0, 272, 70_000), (0xe8, 280, 0), (0x80, 258, 16_777_238)];
    let lines = lines.map(|(flags, code, application)| hex(&message(flags, code, application, &[number(278, 1)])));
    let expected = "\
unknown request 999 app 70000 R,P,T hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 1

unknown answer 999 app 0 (Base) - hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 1

Credit-Control-Request (CCR) 272 app 70000 R,P hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 1

Device-Watchdog-Request (DWR) 280 app 0 (Base) R,P,E+0x08 hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 1

Re-Auth-Request (RAR) 258 app 16777238 R hop-by-hop 0x00000001 end-to-end 0x00000002
  Origin-State-Id (278) M 1
";
    assert_eq!(printed(&["decode"], &lines.join("\n")), expected);
}

#[test]
fn what_does_not_fit_its_type_is_shown_as_octets_with_the_reason() {
    let unfinished_group = [number(450, 0), vec![0, 0, 1, 0xbc, M, 0, 0, 99]].concat();
    let avps = [
        base(416, &[0, 1]),
        base(421, &[0; 4]),
        base(1, b"zo\xeb"),
        base(257, &[0, 1, 192]),
        base(257, &[0]),
        base(443, &unfinished_group),
        base(456, &base(443, &[1, 2])),
        number(415, 3),
    ];
    let expected = "  CC-Request-Type (416) M 0x0001 (invalid: length 2, expected 4)
  CC-Total-Octets (421) M 0x00000000 (invalid: length 4, expected 8)
  User-Name (1) M 0x7a6feb (invalid: not UTF-8 at octet 2)
  Host-IP-Address (257) M 0x0001c0 (invalid: an address of family 1 takes 4 octets, not 1)
  Host-IP-Address (257) M 0x00 (invalid: length 1, expected at least 2)
  Subscription-Id (443) M 0x000001c24000000c00000000000001bc40000063 (invalid: at octet 12: AVP Length 99 reaches beyond the 8 octets that remain)
  Multiple-Services-Credit-Control (456) M
    Subscription-Id (443) M 0x0102 (invalid: at octet 0: the AVP header is cut short)
  CC-Request-Number (415) M 3
";
    let tree = printed(&["decode"], &hex(&message(0xc0, 272, 4, &avps)));
    assert_eq!(tree.split_once('\n').unwrap().1, expected);
}

#[test]
fn an_avp_that_is_not_framed_ends_the_message() {
    let cases: [(&[u8], &str); 5] = [
        (
            &[0, 0, 0, 25, M, 0, 0, 250, 1, 2, 3, 4],
            "Class (25) M 0x01020304 (invalid: AVP Length 250 reaches beyond the 12 octets that remain)",
        ),
        (&[0, 0, 0, 25, M, 0, 0, 7], "Class (25) M 0x (invalid: AVP Length 7 is shorter than the AVP header)"),
        (&[0, 0, 3, 105, V, 0, 0, 12], "unknown (873/?) V 0x000003698000000c (invalid: the AVP header is cut short)"),
        (&[0, 0, 0, 25], "Class (25) - 0x00000019 (invalid: the AVP header is cut short)"),
        (
            &[0, 0, 3, 105, V, 0, 0, 9, 0, 0, 0x28, 0xaf],
            "Service-Information (873/10415) V 0x (invalid: AVP Length 9 is shorter than the AVP header)",
        ),
    ];
    for (end, expected) in cases {
        let tree = printed(&["decode"], &hex(&message(0x80, 280, 0, &[number(278, 7), end.to_vec()])));
        let mut lines = tree.lines().skip(1);
        assert_eq!(lines.next(), Some("  Origin-State-Id (278) M 7"));
        assert_eq!(lines.next().map(str::trim_start), Some(expected));
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn failed_avp_shows_what_it_can_of_broken_avps() {
    let broken = [0, 0, 0, 25, M, 0, 0, 250, 1, 2, 3, 4];
    let failed = base(279, &[number(416, 99), base(415, &[1]), broken.to_vec()].concat());
    let tree = printed(&["decode"], &hex(&message(0x20, 272, 4, &[failed, number(268, 5014)])));
    let expected = "  Failed-AVP (279) M
    CC-Request-Type (416) M 99
    CC-Request-Number (415) M 0x01 (invalid: length 1, expected 4)
    Class (25) M 0x01020304 (invalid: AVP Length 250 reaches beyond the 12 octets that remain)
  Result-Code (268) M DIAMETER_INVALID_AVP_LENGTH (5014)
";
    assert_eq!(tree.split_once('\n').unwrap().1, expected);
}

#[test]
fn groups_in_groups_without_end_are_not_followed() {
    let nested = |levels: usize| (0..levels).fold(number(278, 1), |inner, _| base(279, &inner));
    let tree = printed(&["decode"], &hex(&message(0x20, 272, 4, &[nested(32)])));
    assert!(!tree.contains("invalid"), "{tree}");
    let tree = printed(&["decode"], &hex(&message(0x20, 272, 4, &[nested(1000)])));
    assert_eq!(tree.lines().count(), 34);
    assert!(tree.ends_with("(invalid: groups nest deeper than 32 levels)\n"), "{tree}");
}

#[test]
fn names_of_dictionaries_given_are_used() {
    let hops = [avp(7002, V | M, 99_999, b"one"), avp(7003, V, 99_999, &(-1_i32).to_be_bytes())].concat();
    let avps =
        [base(263, b"a;1;2"), avp(7001, V | M, 99_999, &hops), avp(1, V, 99_998, &avp(2, V, 99_998, &[0, 0, 0, 7]))];
    let request = hex(&message(0xc0, 8_388_999, 16_777_999, &avps));
    let expected = "\
Acme-Policy-Request (APR) 8388999 app 16777999 (Acme-Policy) R,P hop-by-hop 0x00000001 end-to-end 0x00000002
  Session-Id (263) M \"a;1;2\"
  Acme-Route (7001/99999) V,M
    Acme-Hop (7002/99999) V,M \"one\"
    Acme-Mode (7003/99999) V OFF (-1)
  unknown (1/99998) V 0x00000002800000100001869e00000007
";
    assert_eq!(printed(&["decode", "--dictionary", &data("acme.xml")], &request), expected);
    // Files of go-diameter serve as they are. They do not change what is defined already, such as the type of Session-Id.
    let (tree, complaints, status) =
        crate::told(&["decode", "--dictionary", &data("acme.xml"), "--dictionary", &data("go-acme.xml")], &request);
    let expected = expected.replace(
        "  unknown (1/99998) V 0x00000002800000100001869e00000007\n",
        "  Other-Data (1/99998) V\n    Other-State (2/99998) V Seven (7)\n",
    );
    assert_eq!(tree, expected);
    assert!(complaints.contains("warning[D025]") && complaints.contains("Other-Missing"), "{complaints}");
    assert_eq!(status, Some(0));
}

#[test]
fn dictionaries_that_cannot_be_used_are_refused() {
    for (name, expected) in [("broken.xml", "error[D012]"), ("absent.xml", "error[D001]")] {
        let (tree, complaints, status) = crate::told(&["decode", "--dictionary", &data(name)], &hex(&ccr()));
        assert_eq!((tree.as_str(), status), ("", Some(1)));
        assert!(complaints.contains(expected), "{complaints}");
    }
}

#[test]
fn lengths_are_added_on_demand() {
    let tree = printed(&["decode", "--lengths"], &hex(&message(0x80, 280, 0, &[base(264, b"a"), number(278, 7)])));
    assert!(tree.ends_with("Origin-Host (264) M length 9 \"a\"\n  Origin-State-Id (278) M length 12 7\n"), "{tree}");
}

#[test]
fn trees_are_what_the_library_displays() {
    let group = [base(443, &[number(450, 0), base(444, b"1\x7f2")].concat()), avp(873, V | 0x21, 10_415, b"")].concat();
    let nested = (0..10).fold(number(278, 1), |inner, _| base(279, &inner));
    let whole = message(0xcf, 272, 4, &[ccr_avps(), every_kind(), vec![base(279, &group), nested]].concat());
    let mut frames = vec![ccr(), message(0, 8_388_999, 77, &[base(263, b"a")]), whole.clone()];
    for position in 20..whole.len() {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x81;
        frames.push(damaged);
    }
    let dissector = Dissector::standard();
    let displayed: Vec<String> = frames
        .iter()
        .map(|frame| format!("{}\n", dissector.message(RawMessage::read(frame).expect("a header"))))
        .collect();
    let lines: String = frames.iter().map(|frame| hex(frame) + "\n").collect();
    assert_eq!(printed(&["decode"], &lines), displayed.join("\n"));
}
