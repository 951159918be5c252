//! One mistake gives one error, which says what to do.

use crate::{ast, valid};
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
