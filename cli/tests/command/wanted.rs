//! Filters, masks and summaries.

use crate::build::{M, V, avp, base, ccr_avps, hex, message, number};
use crate::frames::{ACK, RAW, client, data_chunk, pcap, sctp, server, tcp, timed};
use crate::{data, printed, told};
use serde_json::{Value, json};

/// A message with these identifiers.
fn numbered(mut message: Vec<u8>, hop_by_hop: u32, end_to_end: u32) -> Vec<u8> {
    message[12..16].copy_from_slice(&hop_by_hop.to_be_bytes());
    message[16..20].copy_from_slice(&end_to_end.to_be_bytes());
    message
}

fn ccr(session: &str) -> Vec<u8> {
    let mut avps = ccr_avps();
    avps[0] = base(263, session.as_bytes());
    message(0xc0, 272, 4, &avps)
}

fn cca(session: &str, result: Vec<u8>) -> Vec<u8> {
    message(0x40, 272, 4, &[base(263, session.as_bytes()), result, number(415, 0)])
}

/// Experimental-Result of vendor 3GPP.
fn experimental(code: u32) -> Vec<u8> {
    base(297, &[number(266, 10_415), number(298, code)].concat())
}

fn lines(messages: &[Vec<u8>]) -> String {
    messages.iter().map(|message| format!("{}\n", hex(message))).collect()
}

/// The lines of the messages that these filters let through.
fn found(filters: &[&str], messages: &[Vec<u8>]) -> Vec<u64> {
    let printed = printed(&[&["decode", "--json"], filters].concat(), &lines(messages));
    let line = |object: &str| serde_json::from_str::<Value>(object).unwrap()["line"].as_u64().unwrap();
    printed.lines().map(line).collect()
}

#[test]
fn filters() {
    let messages = [
        ccr("a;1;2"),
        cca("a;1;2", number(268, 2001)),
        ccr("b;1;2"),
        cca("b;1;2", number(268, 5003)),
        cca("c;1;2", experimental(5421)),
        message(0x80, 258, 4, &[base(263, b"b;1;2")]),
        message(0x80, 280, 0, &[]),
    ];
    let cases: [(&[&str], &[u64]); 19] = [
        (&[], &[1, 2, 3, 4, 5, 6, 7]),
        (&["--session-id", "b;1;2"], &[3, 4, 6]),
        (&["--session-id", "b;1;2", "--session-id", "c;1;2"], &[3, 4, 5, 6]),
        (&["--session-id", "b"], &[]),
        (&["--command", "CCR"], &[1, 3]),
        (&["--command", "cc"], &[1, 2, 3, 4, 5]),
        (&["--command", "272"], &[1, 2, 3, 4, 5]),
        (&["--command", "Credit-Control-Answer", "--command", "DWR"], &[2, 4, 5, 7]),
        (&["--command", "RAR"], &[6]),
        (&["--application", "0"], &[7]),
        (&["--application", "credit-control", "--command", "RAR"], &[6]),
        (&["--result-code", "2001"], &[2]),
        (&["--result-code", "5xxx"], &[4, 5]),
        (&["--result-code", "54XX"], &[5]),
        (&["--result-code", "DIAMETER_AUTHORIZATION_REJECTED"], &[4]),
        (&["--result-code", "success"], &[2]),
        (&["--result-code", "5xxx", "--session-id", "c;1;2"], &[5]),
        (&["--result-code", "5xxx", "--session-id", "a;1;2"], &[]),
        (&["--result-code", "9999"], &[]),
    ];
    for (filters, expected) in cases {
        assert_eq!(found(filters, &messages), expected, "{filters:?}");
    }
}

#[test]
fn names_of_filters_that_do_not_exist_are_refused_with_a_suggestion() {
    let cases = [
        (["--command", "CCX"], "no command is named \"CCX\"; did you mean `CC"),
        (["--command", "Credit-Contrl"], "no command is named \"Credit-Contrl\"; did you mean `Credit-Control`?"),
        (["--application", "Credit-Kontrol"], "did you mean `Credit-Control`?"),
        (["--result-code", "DIAMETER_SUCESS"], "did you mean `DIAMETER_SUCCESS`?"),
        (["--result-code", "5y"], "no result code is named \"5y\"; give its number"),
    ];
    for ([option, word], expected) in cases {
        let (tree, complaint, status) = told(&["decode", option, word], &hex(&ccr("a")));
        assert_eq!((tree.as_str(), status), ("", Some(2)));
        assert!(complaint.contains(expected), "{complaint}");
    }
    // Those of a dictionary that is given are known.
    let dictionary = data("acme.xml");
    let messages = [message(0x80, 272, 4, &[])];
    assert_eq!(found(&["--dictionary", &dictionary, "--command", "CCR"], &messages), [1]);
}

/// Requests and answers, each at a millisecond of its own, from the client or the server.
fn exchange(sent: &[(bool, Vec<u8>)]) -> Vec<u8> {
    let (mut forth, mut back) = (1, 1);
    let packets = sent.iter().map(|(is_client, message)| {
        let (from, to, sequence) =
            if *is_client { (client(), server(), &mut forth) } else { (server(), client(), &mut back) };
        let packet = tcp(from, to, *sequence, ACK, message);
        *sequence += message.len() as u32;
        packet
    });
    pcap(RAW, &timed(packets.collect::<Vec<_>>()))
}

fn conversation() -> Vec<u8> {
    let request = |hop_by_hop| numbered(ccr("a;1;2"), hop_by_hop, hop_by_hop);
    let answer = |hop_by_hop, result| numbered(cca("a;1;2", result), hop_by_hop, hop_by_hop);
    let mut again = request(3);
    again[4] |= 0x10;
    exchange(&[
        (true, request(1)),
        (true, request(2)),
        // The same identifier in the other direction is another request.
        (false, numbered(message(0x80, 280, 0, &[number(278, 1)]), 1, 1)),
        (false, answer(1, number(268, 2001))),
        (true, numbered(message(0, 280, 0, &[number(268, 2001)]), 1, 1)),
        // Repeated before it is answered, and repeated with the T flag where the first was not captured.
        (true, request(2)),
        (true, again),
        (false, answer(2, experimental(5030))),
        (true, request(4)),
        (false, answer(9, number(268, 5012))),
    ])
}

#[test]
fn a_summary_pairs_requests_and_answers() {
    let summary: Value = serde_json::from_str(&printed(&["decode", "--summary", "--json"], &conversation())).unwrap();
    let expected = json!({
        "messages": 10, "requests": 6, "answers": 4, "malformed": 0, "connections": 1,
        "first": "2024-01-01T00:00:00.000000Z", "last": "2024-01-01T00:00:00.009000Z",
        "commands": [
            {"command": "Device-Watchdog", "code": 280, "application": 0, "requests": 1, "answers": 1, "errors": 0, "repeated": 0,
             "unanswered": 0, "unasked": 0,
             "results": [{"vendor": 0, "value": 2001, "name": "DIAMETER_SUCCESS", "count": 1}],
             "latency_us": {"count": 1, "min": 2000, "mean": 2000, "p50": 2000, "p95": 2000, "p99": 2000, "max": 2000}},
            {"command": "Credit-Control", "code": 272, "application": 4, "requests": 5, "answers": 3, "errors": 0, "repeated": 2,
             "unanswered": 2, "unasked": 1,
             "results": [{"vendor": 0, "value": 2001, "name": "DIAMETER_SUCCESS", "count": 1},
                         {"vendor": 0, "value": 5012, "name": "DIAMETER_UNABLE_TO_COMPLY", "count": 1},
                         {"vendor": 10415, "value": 5030, "name": summary["commands"][1]["results"][2]["name"], "count": 1}],
             "latency_us": {"count": 2, "min": 3000, "mean": 4500, "p50": 3001, "p95": 6000, "p99": 6000, "max": 6000}},
        ],
        "not_read": {"skipped_octets": 0, "cut_messages": 0, "missing_octets": 0, "bad_frames": 0, "unknown_link_frames": 0,
                     "incomplete_datagrams": 0, "bad_blocks": 0, "lines": 0, "end": null},
    });
    assert_eq!(summary, expected);
    let table = printed(&["decode", "--summary"], &conversation());
    assert!(
        table.starts_with("10 messages: 6 requests, 4 answers\n1 connection\n2024-01-01T00:00:00.000000Z to "),
        "{table}"
    );
    let row = table.lines().find(|line| line.starts_with("Credit-Control (CC) 272 app 4")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().skip(6).collect();
    assert_eq!(cells, ["5", "3", "0", "2", "2", "1", "3.000", "4.500", "3.001", "6.000", "6.000", "6.000"]);
    assert!(table.contains("\n  5012 DIAMETER_UNABLE_TO_COMPLY  "), "{table}");
}

#[test]
fn a_summary_counts_what_filters_let_through_and_pairs_all() {
    let filters = ["decode", "--summary", "--json", "--result-code", "5030"];
    let summary: Value = serde_json::from_str(&printed(&filters, &conversation())).unwrap();
    assert_eq!([&summary["requests"], &summary["answers"]], [0, 1]);
    assert_eq!(summary["commands"][0]["latency_us"]["max"], 6000);
    assert_eq!([&summary["commands"][0]["unanswered"], &summary["commands"][0]["unasked"]], [0, 0]);
}

#[test]
fn without_connections_requests_and_answers_are_paired_without_times() {
    let messages = [ccr("a"), cca("a", number(268, 2001)), ccr("b"), ccr("b")];
    let broken = message(0x80, 280, 0, &[vec![0, 0, 1, 22, M, 0, 0, 99]]);
    for input in [lines(&messages).into_bytes(), messages.concat()] {
        let input = [input, if lines(&messages).len() > 900 { vec![] } else { broken.clone() }].concat();
        let summary: Value = serde_json::from_str(&printed(&["decode", "--summary", "--json"], &input)).unwrap();
        let command = &summary["commands"][0];
        let counts = ["requests", "answers", "repeated", "unanswered", "unasked", "latency_us"]
            .map(|name| command[name].clone());
        assert_eq!(json!(counts), json!([3, 1, 1, 1, 0, null]), "{summary}");
    }
    let summary = printed(&["decode", "--summary"], &lines(&[broken]));
    assert!(summary.contains("\n1 malformed: "), "{summary}");
    assert_eq!(printed(&["decode", "--summary"], ""), "0 messages: 0 requests, 0 answers\n");
}

#[test]
fn a_summary_of_sctp_has_latencies() {
    let packets = [
        sctp(client(), server(), 5, &[data_chunk(3, 1, 46, &ccr("a"))]),
        sctp(server(), client(), 6, &[data_chunk(3, 1, 46, &cca("a", number(268, 2001)))]),
    ];
    let summary = printed(&["decode", "--summary", "--json"], &pcap(RAW, &timed(packets)));
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["commands"][0]["latency_us"]["max"], 1000);
}

const SECRETS: [&str; 6] =
    ["491700000001", "001010123456789", "35209900176148", "sip:alice@example.net", "10.1.2.3", "alice"];

/// A request full of identities.
fn revealing() -> Vec<u8> {
    let tgpp = |code, data: &[u8]| avp(code, V | M, 10_415, data);
    let broken_group = [number(450, 0), base(444, b"491700000001"), vec![0, 0, 1, 0xbc, M, 0, 0, 99]].concat();
    let subscription = base(443, &[number(450, 1), base(444, b"001010123456789")].concat());
    let mut avps = ccr_avps();
    avps[0] = base(263, b"gw.example.org;1;491700000001");
    avps.extend([
        base(1, b"001010123456789"),
        subscription.clone(),
        base(458, &[number(459, 0), base(460, b"35209900176148")].concat()),
        base(443, &broken_group),
        base(281, b"no such subscriber: 491700000001"),
        // Nobody knows what these mean.
        base(8, &[10, 1, 2, 3]),
        avp(4711, V, 99_999, b"sip:alice@example.net"),
        base(416, b"491700000001"),
        base(
            279,
            &[subscription, base(1, b"alice"), vec![0, 0, 1, 0xbc, M, 0, 1, 0, b'a', b'l', b'i', b'c', b'e']].concat(),
        ),
        tgpp(873, &tgpp(876, &[tgpp(831, b"sip:alice@example.net"), tgpp(832, b"tel:+491700000001")].concat())),
        tgpp(873, &tgpp(874, &tgpp(1227, &[0, 1, 10, 1, 2, 3]))),
        tgpp(22, b"alice"),
        vec![0, 0, 0, 1, M, 0, 0, 99, b'a', b'l', b'i', b'c', b'e', 0, 0, 0],
    ]);
    message(0xc0, 272, 4, &avps)
}

#[test]
fn a_mask_leaves_no_identity_and_all_structure() {
    let input = hex(&revealing());
    for arguments in [&["decode", "--mask"][..], &["decode", "--mask", "--json"], &["decode", "--mask", "--strict"]] {
        let (bare, masked) = (printed(&[&["decode"], &arguments[2..]].concat(), &input), printed(arguments, &input));
        for secret in SECRETS {
            let forms = [secret.to_owned(), hex(secret.as_bytes()), "0a010203".to_owned()];
            for form in forms {
                assert!(!masked.contains(&form), "{form}: {masked}");
            }
        }
        assert_eq!(bare.lines().count(), masked.lines().count());
    }
    let bare: Value = serde_json::from_str(&printed(&["decode", "--json"], &input)).unwrap();
    let masked: Value = serde_json::from_str(&printed(&["decode", "--json", "--mask"], &input)).unwrap();
    same_structure(&bare, &masked);
    // What is no identity is left.
    let tree = printed(&["decode", "--mask"], &input);
    assert!(tree.contains("Session-Id (263) M \"gw.example.org;masked-"), "{tree}");
    assert!(tree.contains("Origin-Host (264) M \"smsc.example.com\"\n"), "{tree}");
    assert!(tree.contains("Subscription-Id-Type (450) M END_USER_IMSI (1)\n"), "{tree}");
    // The same identity has the same mask, in whatever AVP, and another has another.
    let mask_of = |avp: &Value| avp["value"].as_str().unwrap().to_owned();
    let avps = &masked["avps"];
    let imsi = mask_of(&avps[9]);
    assert!(imsi.starts_with("masked-"), "{imsi}");
    assert_eq!(imsi, mask_of(&avps[10]["avps"][1]));
    assert_eq!(imsi, mask_of(&avps[17]["avps"][0]["avps"][1]));
    assert_ne!(imsi, mask_of(&avps[8]["avps"][1]));
    // Another run has other masks.
    let again: Value = serde_json::from_str(&printed(&["decode", "--json", "--mask"], &input)).unwrap();
    assert_ne!(imsi, mask_of(&again["avps"][9]));
}

/// Both have the same members and, but for values, the same content.
fn same_structure(bare: &Value, masked: &Value) {
    match (bare, masked) {
        (Value::Object(bare), Value::Object(masked)) => {
            assert_eq!(bare.keys().collect::<Vec<_>>(), masked.keys().collect::<Vec<_>>());
            for (name, value) in bare {
                if name == "value" && value != &masked[name] {
                    assert!(masked[name].as_str().unwrap().contains("masked-"), "{}", masked[name]);
                } else {
                    same_structure(value, &masked[name]);
                }
            }
        }
        (Value::Array(bare), Value::Array(masked)) => {
            assert_eq!(bare.len(), masked.len());
            bare.iter().zip(masked).for_each(|(bare, masked)| same_structure(bare, masked));
        }
        _ => assert_eq!(bare, masked),
    }
}

#[test]
fn filters_see_what_masks_hide() {
    let input = lines(&[ccr("a;1;2"), ccr("b;1;2")]);
    let tree = printed(&["decode", "--mask", "--session-id", "b;1;2"], &input);
    assert!(tree.contains("\"b;masked-") && !tree.contains("\"a;"), "{tree}");
}

#[test]
fn a_mask_and_octets_exclude_one_another() {
    assert_eq!(told(&["decode", "--mask", "--reencode"], "").2, Some(2));
}
