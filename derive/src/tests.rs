//! One mistake gives one error, which says what to do.

use crate::{ast, expand, valid};
use quote::ToTokens;
use syn::{DeriveInput, Error, parse_str};

fn messages(error: &Error) -> Vec<String> {
    error.clone().into_iter().map(|error| error.to_string()).collect()
}

fn key(attribute: &str) -> Vec<String> {
    let input: DeriveInput = parse_str(&format!("{attribute} pub enum CustomMessage {{}}")).unwrap();
    ast::Key::read(&input).and_then(valid::key).map_or_else(|error| messages(&error), |_| Vec::new())
}

fn group(attributes: &str, fields: &str) -> Vec<String> {
    let text =
        format!("#[avp(name = \"Acme-Info\", code = 1, vendor = 9{attributes})] pub struct AcmeInfo {{ {fields} }}");
    let input: DeriveInput = parse_str(&text).unwrap();
    ast::Group::read(&input).and_then(valid::group).map_or_else(|error| messages(&error), |_| Vec::new())
}

fn enumeration(item: &str) -> Vec<String> {
    let input: DeriveInput = parse_str(item).unwrap();
    ast::Enumeration::read(&input).and_then(valid::enumeration).map_or_else(|error| messages(&error), |_| Vec::new())
}

fn open(attributes: &str, number: &str) -> Vec<String> {
    enumeration(&format!(
        "#[avp(name = \"Campaign\", code = 1, vendor = 9{attributes})] struct Campaign(pub {number});"
    ))
}

fn closed(attributes: &str, variants: &str) -> Vec<String> {
    enumeration(&format!("#[avp(name = \"Kind\", code = 1, vendor = 9{attributes})] enum Kind {{ {variants} }}"))
}

fn command(attributes: &str, fields: &str) -> Vec<String> {
    let text = format!("#[command({attributes})] struct AcmePing {{ {fields} {EXTRAS} }}");
    let input: DeriveInput = parse_str(&text).unwrap();
    ast::Command::read(&input).and_then(valid::command).map_or_else(|error| messages(&error), |_| Vec::new())
}

const NONE: [&str; 0] = [];
const EXTRAS: &str = "#[avp(extras)] extras: Extras,";

#[test]
fn a_key_in_order_has_no_errors() {
    assert_eq!(key(r#"#[avp(name = "A", code = 1, vendor = 9, flags = "M", type = UTF8String, extends(b::B))]"#), NONE);
    assert_eq!(key(r#"#[avp(name = "A", code = 0x1b59, type = Time, crate = ::diametric_protocol)]"#), NONE);
}

#[test]
fn a_key_with_a_mistake_has_one_error() {
    let table = [
        ("", "say which AVP this is: `#[avp(name = \"Custom-Message\", code = 7001, vendor = 99999, …)]`"),
        (r#"#[avp(name = "A", type = Time)]"#, "the AVP lacks its code: `code = 7001`"),
        (
            r#"#[avp(code = 1, type = Time)]"#,
            "the AVP lacks its name, as the specification spells it: `name = \"Custom-Message\"`",
        ),
        (
            r#"#[avp(name = "A", code = 1)]"#,
            "which format does the AVP have? Add `type = UTF8String`, or another of RFC 6733",
        ),
        (
            r#"#[avp(name = "A", code = 1, type = Utf8)]"#,
            "unknown `Utf8`; expected one of `OctetString`, `Integer32`, `Integer64`, `Unsigned32`, `Unsigned64`, `Float32`, `Float64`, `Grouped`, `Address`, `Time`, `UTF8String`, `DiameterIdentity`, `DiameterURI`, `Enumerated`, `IPFilterRule`, `QoSFilterRule`",
        ),
        (r#"#[avp(name = "A", code = 1, type = Unsigned_32)]"#, "unknown `Unsigned_32`; did you mean `Unsigned32`?"),
        (
            r#"#[avp(name = "A", code = 1, type = Grouped)]"#,
            "a group has members: derive `Grouped` on a struct instead",
        ),
        (
            r#"#[avp(name = "A", code = 1, type = Time, flags = "MX")]"#,
            "unknown flag 'X': `flags` holds those that must be set, M, P or V",
        ),
        (r#"#[avp(name = "A", code = 1, type = Time, vendr = 9)]"#, "unknown `vendr`; did you mean `vendor`?"),
        (r#"#[avp(name = "A", code = 1, code = 2, type = Time)]"#, "`code` is given twice"),
        (
            r#"#[avp(name = "A", code = 4294967296, type = Time)]"#,
            "`code` is out of range: 4294967296\nit may be 0 to 4294967295",
        ),
        (
            r#"#[avp(name = "A", code = 1, vendor = 4294967296, type = Time)]"#,
            "a vendor is its IANA enterprise number, at most 4294967295",
        ),
        (
            r#"#[avp(name = "A", code = 1, type = Time, closed)]"#,
            "`closed` is for groups: it says that the grammar does not end in `* [ AVP ]`",
        ),
    ];
    for (attribute, expected) in table {
        assert_eq!(key(attribute), [expected], "{attribute}");
    }
}

#[test]
fn a_group_in_order_has_no_errors() {
    let fields = "#[avp(A)] a: u32, #[avp(b::B)] b: Option<Box<B>>, #[avp(C, min = 1, max = 3)] c: List<C>,";
    assert_eq!(group("", &format!("{fields}{EXTRAS}")), NONE);
    assert_eq!(group(", closed", EXTRAS), NONE);
}

#[test]
fn a_group_with_a_mistake_has_one_error() {
    let table = [
        (
            "a: u32,",
            "which AVP is `a`? Name its type: `#[avp(RatingGroup)]`, or `#[avp(extras)]` for the AVPs that are not declared",
        ),
        ("#[avp(A)] a: Vec<u32>,", "a repeated member is a `value::List`, not a `Vec`"),
        ("#[avp(A, max = 2)] a: u32,", "the type says how often this member occurs: `min` and `max` are for a `List`"),
        ("#[avp(A, min = 3, max = 2)] a: List<u32>,", "at most 2 contradicts at least 3"),
        ("#[avp(A, max = 1)] a: List<u32>,", "a `List` of at most 1: an `Option` holds at most one"),
        (
            "#[avp(A)] a: u32, #[avp(A)] b: u32,",
            "`A` is a member already: an AVP has one field, a `List` if it repeats",
        ),
        ("#[avp(extras)] more: Extras,", "a second field for the extras"),
        ("#[avp(A)] #[avp(B)] a: u32,", "a second `#[avp(…)]`: put everything into one"),
    ];
    for (fields, expected) in table {
        assert_eq!(group("", &format!("{fields}{EXTRAS}")), [expected], "{fields}");
    }
    assert_eq!(group("", "#[avp(A)] a: u32,").len(), 1);
    assert_eq!(group(", type = Grouped", EXTRAS), ["the format of a struct is Grouped: leave `type` out"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_eq!(group(", flags = \"X\"", &format!("a: u32, #[avp(A)] b: Vec<u32>, {EXTRAS}")).len(), 3);
}

#[test]
fn an_enumeration_in_order_has_no_errors() {
    assert_eq!(open(", values(NONE = 0, SUMMER(\"Summer nights\") = 1)", "i32"), NONE);
    assert_eq!(open(", values(LEAST = -2147483648), type = Integer32", "i32"), NONE);
    assert_eq!(open(", values(ALL = 4294967295), type = Unsigned32", "u32"), NONE);
    assert_eq!(closed("", "FirstKind = 1, #[avp(label = \"the last\")] LastKind = -2"), NONE);
    assert_eq!(closed(", type = Unsigned32", "All = 0xffff_ffff"), NONE);
}

#[test]
fn an_enumeration_with_a_mistake_has_one_error() {
    let table = [
        (open("", "i32"), "which values have names? Add `values(NONE = 0, SUMMER_NIGHTS = 1)`"),
        (
            open(", values(A = 1, B = 1)", "i32"),
            "the value 1 has a name already\none value has one name; keep the one that the specification prints",
        ),
        (
            open(", values(A = 2147483648)", "i32"),
            "2147483648 is no value of Enumerated\nit may be -2147483648 to 2147483647",
        ),
        (open(", values(A = -1)", "u32"), "-1 is no value of Unsigned32\nit may be 0 to 4294967295"),
        (open(", values(A = 1)", "u8"), "the number on the wire is an `i32`, or a `u32` for Unsigned32"),
        (open(", values(A = 1), type = Unsigned32", "i32"), "the number of an Unsigned32 is a `u32`"),
        (open(", values(A = 1), type = Integer32", "u32"), "the number of an Enumerated or Integer32 is an `i32`"),
        (open(", values(A = 1), type = Time", "i32"), "named values are for Enumerated, Integer32 and Unsigned32"),
        (open(", values(A)", "i32"), "which value is `A`? Write `A = 0`"),
        (
            open(", closed, values(A = 1)", "i32"),
            "a closed enumeration is a Rust enum: `pub enum Kind { First = 1, … }`",
        ),
        (closed("", "First"), "which number is sent for `First`? Write `First = 1`"),
        (closed("", "First = 1 << 1"), "the number of a value is written out here: it is checked with the others"),
        (closed("", "First(u8) = 1"), "a value of an enumeration is a number and has no content"),
        (closed(", values(A = 1)", "First = 1"), "the values of an enum are its variants"),
        (closed(", type = Time", "First = 1"), "named values are for Enumerated, Integer32 and Unsigned32"),
        (
            closed("", "First = 1, Second = 1"),
            "the value 1 has a name already\none value has one name; keep the one that the specification prints",
        ),
    ];
    for (actual, expected) in table {
        assert_eq!(actual, [expected]);
    }
    assert_eq!(open(", values(lower = 1)", "i32").len(), 1);
    assert_eq!(open(", values(A = 1, A = 2)", "i32").len(), 1);
    assert_eq!(enumeration("struct Campaign;").len(), 1);
    assert_eq!(group(", values(A = 1)", EXTRAS).len(), 1);
}

const PING: &str = r#"name = "Acme-Ping", short = "AP", code = 8388700, application = 16777999"#;

#[test]
fn a_command_in_order_has_no_errors() {
    let fields = "#[avp(SessionId)] session_id: Utf8String, #[avp(A)] a: List<u32>,";
    assert_eq!(command(&format!("{PING}, request, answer = a::AcmePong"), fields), NONE);
    assert_eq!(command(&format!("{PING}, answer, proxiable = false, closed, crate = ::a::b"), fields), NONE);
    assert_eq!(command(r#"name = "Acme-Ping", short = "AP", code = 999, application = 0, answer"#, fields), NONE);
}

#[test]
fn a_command_with_a_mistake_has_one_error() {
    let table = [
        (PING.to_owned(), "is it a request or an answer? Add `request, answer = AcmePingAnswer`, or `answer`"),
        (format!("{PING}, request"), "what answers the request? Add `answer = AcmePingAnswer`"),
        (format!("{PING}, request, answer"), "what answers the request? Add `answer = AcmePingAnswer`"),
        (
            format!("{PING}, answer = AcmePong"),
            "an answer is marked by `answer` alone; a request has `request, answer = AcmePingAnswer`",
        ),
        (format!("{PING}, answer, anser"), "unknown `anser`; did you mean `answer`?"),
        (
            r#"name = "Acme-Ping-Request", short = "AP", code = 1, application = 1, answer"#.to_owned(),
            "leave `-Request` out: a request and its answer have the name in common",
        ),
        (
            r#"short = "AP", code = 1, application = 1, answer"#.to_owned(),
            "the command lacks its name, without `-Request` and `-Answer`: `name = \"Acme-Ping\"`",
        ),
        (
            r#"name = "Acme-Ping", code = 1, application = 1, answer"#.to_owned(),
            "the command lacks its abbreviation, without R and A: `short = \"AP\"`",
        ),
        (
            r#"name = "Acme-Ping", short = "AP", application = 1, answer"#.to_owned(),
            "the command lacks its code: `code = 8388700`",
        ),
        (
            r#"name = "Acme-Ping", short = "AP", code = 1, answer"#.to_owned(),
            "the command lacks its Application-Id: `application = 16777999`",
        ),
        (
            r#"name = "Acme-Ping", short = "AP", code = 16777216, application = 1, answer"#.to_owned(),
            "`code` is out of range: 16777216\nit may be 0 to 16777215",
        ),
    ];
    for (attributes, expected) in table {
        assert_eq!(command(&attributes, ""), [expected], "{attributes}");
    }
}

/// Whatever is wrong with the attribute: else the compiler tells a mistake of code that nobody wrote.
#[test]
fn what_stands_for_a_message_with_a_mistake_is_rust() {
    for answer in ["AcmePong", "code = 1", "Vec<u8>", "\"AcmePong\"", "a b"] {
        let text = format!("#[command({PING}, request, answer = {answer})] struct AcmePing {{ extras: Extras }}");
        let stub = expand::command_in_error(&parse_str(&text).unwrap());
        let stub: syn::File = syn::parse2(stub).unwrap_or_else(|error| panic!("{answer}: {error}"));
        let is_answer = |item: &syn::Item| item.to_token_stream().to_string().contains("message :: Answer for");
        assert!(!stub.items.iter().any(is_answer), "{answer}: a request does not become an answer");
    }
}

#[test]
fn what_stands_for_an_enumeration_with_a_mistake_is_rust() {
    for values in ["NONE = 0, pub struct = 1", "self", "NONE NONE ^ fn"] {
        let text = format!("#[avp(name = \"Kind\", values({values}))] struct Kind(pub i32);");
        let stub = expand::enumeration_in_error(&parse_str(&text).unwrap());
        syn::parse2::<syn::File>(stub).unwrap_or_else(|error| panic!("{values}: {error}"));
    }
}
