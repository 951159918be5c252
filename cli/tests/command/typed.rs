//! The second opinion of the typed layer.

use crate::build::{M, base, ccr, ccr_avps, hex, message, number};
use crate::printed;
use serde_json::{Value, json};

fn object(option: &str, line: &[u8]) -> Value {
    serde_json::from_str(&printed(&["decode", "--json", option], &hex(line))).unwrap()
}

#[test]
fn a_good_message_has_no_error() {
    assert_eq!(object("--strict", &ccr()).get("error"), None);
    assert_eq!(printed(&["decode", "--strict"], &hex(&ccr())), printed(&["decode"], &hex(&ccr())));
}

#[test]
fn a_message_that_is_refused_says_what_would_be_answered() {
    let mut avps = ccr_avps();
    avps[8] = base(443, &[number(450, 0), base(444, b"1"), base(444, b"2")].concat());
    let twice = message(0xc0, 272, 4, &avps);
    let error = &object("--strict", &twice)["error"];
    assert_eq!(error["result_code"], 5009);
    assert_eq!(error["path"], "CCR.Subscription-Id[0].Subscription-Id-Data");
    assert!(error["message"].as_str().unwrap().starts_with("occurs more than once"), "{error}");
    let tree = printed(&["decode", "--strict"], &hex(&twice));
    let last = tree.lines().last().unwrap();
    assert!(last.starts_with("error: CCR.Subscription-Id[0].Subscription-Id-Data: occurs more than once"), "{last}");

    avps.truncate(6);
    let error = &object("--strict", &message(0xc0, 272, 4, &avps))["error"];
    assert_eq!(*error, json!({"result_code": 5005, "path": "CCR.CC-Request-Type", "message": "missing"}));
}

#[test]
fn answers_with_the_e_flag_have_a_grammar_of_their_own() {
    let avps = [base(263, b"a;1;2"), base(264, b"a"), base(296, b"b"), number(268, 3002)];
    let good = message(0x60, 272, 4, &avps);
    assert_eq!(object("--strict", &good).get("error"), None);
    assert_eq!(object("--reencode", &good)["typed_reencoded"], hex(&good));
    // Even those of commands that nobody knows.
    assert!(object("--reencode", &message(0x60, 999, 70_000, &avps))["typed_reencoded"].is_string());
    let error = &object("--strict", &message(0x20, 272, 4, &avps[..3]))["error"];
    assert_eq!((&error["result_code"], &error["message"]), (&json!(5005), &json!("missing")));
    assert!(error["path"].as_str().unwrap().ends_with("Result-Code"), "{error}");
}

#[test]
fn commands_nobody_knows_are_not_judged() {
    let unknown = message(0xc0, 999, 70_000, &[base(1, b"x")]);
    assert_eq!(object("--strict", &unknown).get("error"), None);
    let both = object("--reencode", &unknown);
    assert_eq!((&both["reencoded"], both.get("typed_reencoded")), (&json!(hex(&unknown)), None));
}

#[test]
fn encoded_again_a_message_is_the_same() {
    let both = object("--reencode", &ccr());
    assert_eq!([&both["reencoded"], &both["typed_reencoded"]], [&hex(&ccr()), &hex(&ccr())]);
    let tree = printed(&["decode", "--reencode"], &hex(&ccr()));
    assert!(tree.ends_with(&format!("\nreencoded: {0}\ntyped reencoded: {0}\n", hex(&ccr()))), "{tree}");
}

#[test]
fn the_raw_layer_keeps_padding_and_what_is_out_of_order() {
    let mut odd = message(0xc0, 272, 4, &[number(415, 1), base(263, b"a;1;2"), base(1, &[0xff])]);
    let end = odd.len();
    odd[end - 3..].copy_from_slice(b"pad");
    let both = object("--reencode", &odd);
    assert_eq!((&both["reencoded"], both.get("typed_reencoded")), (&json!(hex(&odd)), None));
    // What is not framed cannot be written again.
    let broken = message(0xc0, 272, 4, &[number(415, 1), vec![0, 0, 0, 1, M, 0, 0, 99]]);
    assert_eq!(object("--reencode", &broken).get("reencoded"), None);
}
