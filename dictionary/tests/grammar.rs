//! The notation of the standards, and look-ups, over the shipped dictionaries.

use diametric_dictionary::index::Index;
use diametric_dictionary::model::Dictionary;
use diametric_dictionary::{Loader, grammar};

fn standard() -> (Dictionary, Index) {
    let loaded = Loader::with_standard().load();
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let index = Index::new(&loaded.dictionary);
    (loaded.dictionary, index)
}

#[test]
fn groups_and_values() {
    let (dictionary, index) = standard();
    let show = |vendor, code| grammar::avp(&dictionary, index.avp(vendor, code).expect("a standard AVP"));
    insta::assert_snapshot!("subscription_id", show(0, 443));
    insta::assert_snapshot!("cc_request_type", show(0, 416));
    insta::assert_snapshot!("tgpp_imsi", show(10415, 1));
}

#[test]
fn commands() {
    let (dictionary, index) = standard();
    let show = |application, code| grammar::command(&dictionary, index.command(application, code).expect("a command"));
    insta::assert_snapshot!("capabilities_exchange", show(0, 257));
    insta::assert_snapshot!("credit_control", show(4, 272));
    insta::assert_snapshot!("answer_message", grammar::answer_message(&dictionary).expect("RFC 6733 has one"));
}

#[test]
fn own_forms_show_what_they_inherit() {
    let mut loader = Loader::new();
    let unit = loader.unit("standard", Some("::base"));
    loader.add_text(unit, "base.xml", include_str!("support/base.xml"));
    let unit = loader.unit("own", None);
    loader.add_text(
        unit,
        "acme.xml",
        r#"<diameter name="acme">
          <avp name="Acme-Route" code="7001"><data type="UTF8String"/></avp>
          <avp name="Acme-Hops" code="7002"><data type="Grouped">
            <rule avp="Session-Id" fixed="true" min="0"/>
            <rule avp="Acme-Route" required="true" max="*"/>
            <rule avp="Origin-Host" max="2"/>
            <rule avp="Result-Code" required="true" min="2" max="3"/>
          </data></avp>
          <command like="Credit-Control" name="Acme-Credit-Control" application="4">
            <request><rule avp="Acme-Route" required="true"/></request>
          </command>
        </diameter>"#,
    );
    let loaded = loader.load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    let index = Index::new(&loaded.dictionary);
    insta::assert_snapshot!("own_form", grammar::command(&loaded.dictionary, index.command_by_name("ACCR")[0]));
    insta::assert_snapshot!("cardinalities", grammar::avp(&loaded.dictionary, index.avp(0, 7002).expect("defined")));
    // An own form is the standard command on the wire.
    assert_eq!(index.command(4, 272), Some(index.command_by_name("Credit-Control")[0]));
}

#[test]
fn commands_of_the_base_travel_with_any_application() {
    let (dictionary, index) = standard();
    let at = |application, code| index.command(application, code).map(|id| dictionary.command(id).application);
    assert_eq!(at(4, 272), Some(4));
    assert_eq!(at(4, 258), Some(4), "TS 32.299 has its own Re-Auth");
    assert_eq!(at(16777238, 258), Some(0));
    assert_eq!(at(4, 274), Some(0));
    assert_eq!(at(4, 275), Some(0));
    assert_eq!(at(3, 271), Some(3));
    assert_eq!(at(16777238, 271), Some(3));
    assert_eq!(at(0, 257), Some(0));
    assert_eq!(at(4, 257), None, "capabilities are exchanged in the base application only");
    assert_eq!(at(16777238, 272), None);
}

#[test]
fn names_are_found_however_written() {
    let (dictionary, index) = standard();
    assert_eq!(index.avp_by_name("session-id"), [index.avp(0, 263).expect("Session-Id")]);
    assert_eq!(index.avp_by_name("TGPP-IMSI"), index.avp_by_name("3GPP-IMSI"));
    assert_eq!(index.avp_by_name("3gpp-imsi").len(), 1);
    let originators: Vec<u32> =
        index.avp_by_name("Originator").into_iter().map(|id| dictionary.avp(id).vendor).collect();
    assert!(originators.len() > 1 && originators.contains(&10415) && originators.contains(&45687), "{originators:?}");
    assert!(index.avp_by_name("Nowhere").is_empty());
    for name in ["CCR", "cca", "CC", "credit-control", "Credit-Control-Request"] {
        assert_eq!(index.command_by_name(name).len(), 1, "{name}");
    }
}
