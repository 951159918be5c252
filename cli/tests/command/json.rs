//! One JSON object a line.

use crate::build::{M, V, avp, base, ccr, hex, message, number};
use crate::{data, printed};
use serde_json::{Value, json};

fn object(arguments: &[&str], line: &[u8]) -> Value {
    let printed = printed(&[&["decode", "--json"], arguments].concat(), &hex(line));
    assert_eq!(printed.find('\n'), Some(printed.len() - 1), "one line: {printed}");
    serde_json::from_str(&printed).expect("the command writes JSON")
}

fn avps(arguments: &[&str], avps: &[Vec<u8>]) -> Value {
    object(arguments, &message(0xc0, 272, 4, avps))["avps"].take()
}

#[test]
fn the_shape_to_the_letter() {
    let avps = [
        base(263, b"a;1;2"),
        number(416, 1),
        base(443, &[number(450, 0), base(444, b"49170")].concat()),
        avp(9, V, 99_999, &[10, 11]),
    ];
    let expected = concat!(
        r#"{"line":1,"command":"Credit-Control-Request","code":272,"application":4,"flags":["R","P"],"hop_by_hop":1,"#,
        r#""end_to_end":2,"avps":[{"name":"Session-Id","code":263,"vendor":0,"flags":["M"],"value":"a;1;2"},"#,
        r#"{"name":"CC-Request-Type","code":416,"vendor":0,"flags":["M"],"value":{"value":1,"name":"INITIAL_REQUEST"}},"#,
        r#"{"name":"Subscription-Id","code":443,"vendor":0,"flags":["M"],"avps":["#,
        r#"{"name":"Subscription-Id-Type","code":450,"vendor":0,"flags":["M"],"value":{"value":0,"name":"END_USER_E164"}},"#,
        r#"{"name":"Subscription-Id-Data","code":444,"vendor":0,"flags":["M"],"value":"49170"}]},"#,
        r#"{"name":null,"code":9,"vendor":99999,"flags":["V"],"value":"0a0b"}]}"#,
        "\n"
    );
    assert_eq!(printed(&["decode", "--json"], &hex(&message(0xc0, 272, 4, &avps))), expected);
    let empty = "{\"line\":1,\"command\":null,\"code\":1,\"application\":9,\"flags\":[],\"hop_by_hop\":1,\"end_to_end\":2,\"avps\":[]}\n";
    assert_eq!(printed(&["decode", "--json"], &hex(&message(0, 1, 9, &[]))), empty);
}

#[test]
fn every_kind_of_value() {
    let float = |value: f32| avp(7007, V, 99_999, &value.to_be_bytes());
    let ratio = |value: f64| avp(7008, V, 99_999, &value.to_be_bytes());
    let cases = [
        (number(268, 2001), json!({"value": 2001, "name": "DIAMETER_SUCCESS"})),
        (number(268, 29_999), json!({"value": 29_999, "name": null})),
        (number(268, u32::MAX), json!({"value": u32::MAX, "name": null})),
        (number(415, u32::MAX), json!(u32::MAX)),
        (base(55, &3_913_056_000_u32.to_be_bytes()), json!("2024-01-01T00:00:00Z")),
        (base(257, &[0, 1, 192, 0, 2, 7]), json!("192.0.2.7")),
        (base(421, &u64::MAX.to_be_bytes()), json!("18446744073709551615")),
        (base(25, &[0, 10, 255]), json!("000aff")),
        (base(25, b""), json!("")),
        (base(292, b"aaa://h.example.com:3868"), json!("aaa://h.example.com:3868")),
        (base(438, b"permit in ip from any to any"), json!("permit in ip from any to any")),
        (base(1, "\"\\\n\r\t\u{1}\u{7f}\u{2028}zo\u{eb}".as_bytes()), json!("\"\\\n\r\t\u{1}\u{7f}\u{2028}zo\u{eb}")),
        (avp(7003, V, 99_999, &(-1_i32).to_be_bytes()), json!({"value": -1, "name": "OFF"})),
        (avp(7004, V, 99_999, &(-5_i32).to_be_bytes()), json!({"value": -5, "name": "LOW"})),
        (avp(7005, V, 99_999, &i32::MIN.to_be_bytes()), json!(i32::MIN)),
        (avp(7006, V, 99_999, &i64::MIN.to_be_bytes()), json!("-9223372036854775808")),
        (float(1.5), json!(1.5)),
        (float(f32::INFINITY), json!("inf")),
        (float(f32::NAN), json!("NaN")),
        (ratio(-1e300), json!(-1e300)),
        (ratio(f64::NEG_INFINITY), json!("-inf")),
    ];
    let dictionary = data("acme.xml");
    let octets: Vec<Vec<u8>> = cases.iter().map(|(avp, _)| avp.clone()).collect();
    let shown = avps(&["--dictionary", &dictionary], &octets);
    for (shown, (_, expected)) in shown.as_array().unwrap().iter().zip(&cases) {
        assert_eq!(&shown["value"], expected, "{shown}");
    }
    assert_eq!(shown.as_array().unwrap().len(), cases.len());
}

#[test]
fn flags_in_the_order_v_m_p() {
    for flags in 0..8_u8 {
        let expected: Vec<&str> =
            [(4, "V"), (2, "M"), (1, "P")].iter().filter(|(bit, _)| flags & bit != 0).map(|(_, l)| *l).collect();
        assert_eq!(avps(&[], &[avp(25, flags << 5, 7, b"x")])[0]["flags"], json!(expected));
    }
    assert_eq!(object(&[], &message(0xf0, 272, 4, &[]))["flags"], json!(["R", "P", "E", "T"]));
}

#[test]
fn what_does_not_fit_has_its_octets_and_the_reason() {
    let broken_group = [number(450, 0), vec![0, 0, 1, 0xbc, M, 0, 0, 99]].concat();
    let shown = avps(&[], &[base(416, &[0, 1]), base(1, &[0xff]), base(443, &broken_group), number(415, 1)]);
    let expected = json!([
        {"name": "CC-Request-Type", "code": 416, "vendor": 0, "flags": ["M"], "value": "0001", "invalid": "length 2, expected 4"},
        {"name": "User-Name", "code": 1, "vendor": 0, "flags": ["M"], "value": "ff", "invalid": "not UTF-8 at octet 0"},
        {"name": "Subscription-Id", "code": 443, "vendor": 0, "flags": ["M"], "value": hex(&broken_group),
         "invalid": "at octet 12: AVP Length 99 reaches beyond the 8 octets that remain"},
        {"name": "CC-Request-Number", "code": 415, "vendor": 0, "flags": ["M"], "value": 1},
    ]);
    assert_eq!(shown, expected);
}

#[test]
fn what_is_not_framed_shows_as_much_of_its_header_as_there_is() {
    let cases = [
        (
            vec![0, 0, 0, 25, M, 0, 0, 250, 1, 2, 3, 4],
            json!({"name": "Class", "code": 25, "vendor": 0, "flags": ["M"], "length": 250, "value": "01020304",
                "invalid": "AVP Length 250 reaches beyond the 12 octets that remain"}),
        ),
        (
            vec![0, 0, 3, 105, V, 0, 0, 12],
            json!({"name": null, "code": 873, "vendor": null, "flags": ["V"], "length": 12, "value": "000003698000000c",
                "invalid": "the AVP header is cut short"}),
        ),
        (
            vec![0, 0, 0, 25],
            json!({"name": "Class", "code": 25, "vendor": 0, "flags": [], "length": null, "value": "00000019",
                "invalid": "the AVP header is cut short"}),
        ),
    ];
    for (end, expected) in cases {
        assert_eq!(avps(&["--lengths"], &[number(415, 1), end])[1], expected);
    }
    // Inside of Failed-AVP too, which reports such things.
    let failed = base(279, &[0, 0, 0, 25, M, 0, 0, 250]);
    assert_eq!(avps(&[], &[failed])[0]["avps"][0]["code"], 25);
}

#[test]
fn lengths_are_added_on_demand() {
    let shown = avps(&["--lengths"], &[base(263, b"a;1;2"), base(443, &number(450, 0)), avp(9, V, 99_999, &[10, 11])]);
    assert_eq!(
        [&shown[0]["length"], &shown[1]["length"], &shown[1]["avps"][0]["length"], &shown[2]["length"]],
        [13, 20, 12, 14]
    );
    assert_eq!(object(&[], &ccr())["avps"][0].get("length"), None);
}
