//! Files of go-diameter's format, with the quirks of real ones.

use diametric_dictionary::{Loaded, Loader, index::Index};

const BASE: &str = include_str!("support/base.xml");

fn load(texts: &[&str]) -> Loaded {
    let mut loader = Loader::new();
    let standard = loader.unit("standard", Some("::base"));
    loader.add_text(standard, "base.xml", BASE);
    let unit = loader.unit("theirs", None);
    for (index, text) in texts.iter().enumerate() {
        loader.add_text(unit, &format!("dict/3gpp-{index}.xml"), text);
    }
    loader.load()
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.name).collect()
}

#[test]
fn quirks_pass_in_silence() {
    let loaded = load(&["\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>
        <!-- a comment --><diameter>
          <application id=\"4\" type=\"auth\" name=\"Charging\">
            <vendor id=\"10415\" name=\"TGPP\"/>
            <avp name=\"TGPP-IMSI\" code=\"1\"  must=\"V\"  map=\"P\" must-not=\"M\" may-encrypt=\"\" vendor-id=\"10415\">
              <data type=\"UTF8String\"/>
            </avp>
            <avp name=\"Redirect-Address-Type \" code=\"433\" must=\"-\" may=\"P,M\" must-not=\"V\" may-encrypt=\"yes\">
              <data type=\"unsigned32\"><item code=\"0\" name=\"IPv4 Address\"/></data>
            </avp>
            <avp name=\"Address-Pair\" code=\"434\" must=\"\" may-encrypt=\"-\">
              <data type=\"Grouped\">
                <rule avp=\"3GPP-IMSI\" required=\"True\"/>\t<rule avp=\"Redirect-Address-Type\" required=\"False\" max=\"1\" />
                <rule avp=\"Session-Id\"/>
                <rule avp=\"AVP\" required=\"false\"/>
              </data>
            </avp>
            <avp name=\"Framed-Address\" code=\"435\"><data type=\"IPv4\"/></avp>
          </application>
        </diameter>"]);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    let dictionary = &loaded.dictionary;
    let index = Index::new(dictionary);
    let pair = dictionary.avp(index.avp(0, 434).expect("defined"));
    assert!(pair.any);
    let members: Vec<(&str, u32, Option<u32>)> =
        pair.members.iter().map(|member| (dictionary.avp(member.avp).name.as_str(), member.min, member.max)).collect();
    assert_eq!(members, [("TGPP-IMSI", 1, None), ("Redirect-Address-Type", 0, Some(1)), ("Session-Id", 0, None)]);
    assert_eq!(dictionary.files[1].name, "3gpp-0");
    assert_eq!(dictionary.files[1].module, "tgpp_0");
}

#[test]
fn repeats_merge_and_contradictions_warn() {
    let repeat =
        r#"<avp name="Event" code="7001" must="M"><data type="Enumerated"><item code="1" name="ONE"/></data></avp>"#;
    let file =
        |id: u32, content: &str| format!(r#"<diameter><application id="{id}">{content}</application></diameter>"#);
    let loaded = load(&[&file(5, repeat), &file(6, repeat)]);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    assert_eq!(Index::new(&loaded.dictionary).avp_by_name("event").len(), 1);

    let other_code = r#"<avp name="Event" code="7002"><data type="Time"/></avp>"#;
    let user = r#"<avp name="Holder" code="7003"><data type="Grouped"><rule avp="Event" max="1"/></data></avp>"#;
    let loaded = load(&[&file(5, repeat), &file(6, &format!("{other_code}{user}"))]);
    assert_eq!(names(&loaded), ["duplicate-name"]);
    assert!(!loaded.has_errors());
    // Found within the application first.
    let dictionary = &loaded.dictionary;
    let holder = dictionary.avp(Index::new(dictionary).avp(0, 7003).expect("defined"));
    assert_eq!(dictionary.avp(holder.members[0].avp).code, 7002);
}

#[test]
fn a_file_stands_beside_the_standard_ones() {
    let loaded = load(&[r#"<diameter><application id="4" type="auth" name="Credit-Control">
        <command code="272" short="CC" name="Credit-Control">
          <request><rule avp="Session-Id" required="true" max="1"/></request>
          <answer><rule avp="Session-Id" required="true" max="1"/></answer>
        </command>
        <avp name="Session-Id" code="263" must="M" must-not="V"><data type="OctetString"/></avp>
      </application></diameter>"#]);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    let dictionary = &loaded.dictionary;
    let theirs = dictionary.commands.last().expect("two commands");
    let session_id = dictionary.avp(theirs.request.members[0].avp);
    assert_eq!(dictionary.unit_of(session_id.file), dictionary.unit_of(theirs.file));
    // By identity the first loaded answers.
    assert_eq!(Index::new(dictionary).command(4, 272).map(|id| id.0), Some(0));
}

#[test]
fn rust_names_are_made_up_where_needed() {
    let loaded = load(&[r#"<diameter><application id="5" name="Five">
        <avp name="5G.Slice" code="7001"><data type="Enumerated">
          <item code="1" name="TCP"/><item code="-2" name="(TCP)"/><item code="3" name="+"/>
        </data></avp>
        <avp name="Acme-Price" code="7002"><data type="Time"/></avp>
        <avp name="ACME-Price" code="7003"><data type="Time"/></avp>
        <avp name="Extras" code="7004"><data type="Grouped">
          <rule avp="Extras"/><rule avp="Acme-Price"/><rule avp="ACME-Price"/><rule avp="5G.Slice"/>
        </data></avp>
      </application></diameter>"#]);
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let dictionary = &loaded.dictionary;
    let avp = |code| dictionary.avp(Index::new(dictionary).avp(0, code).expect("defined"));
    assert_eq!(avp(7001).rust_name, "Avp5gSlice");
    let items: Vec<&str> = avp(7001).items.iter().map(|item| item.rust_name.as_str()).collect();
    assert_eq!(items, ["TCP", "TCP_MINUS_2", "VALUE_3"]);
    assert_eq!((avp(7002).rust_name.as_str(), avp(7003).rust_name.as_str()), ("AcmePrice", "AcmePrice7003"));
    let fields: Vec<&str> = avp(7004).members.iter().map(|member| member.field.as_str()).collect();
    assert_eq!(fields, ["avp_extras", "acme_price", "acme_price_7003", "avp_5g_slice"]);
}

#[test]
fn what_is_wrong_in_any_format_is_an_error() {
    for wrong in [
        r#"<avp name="A" code="x"><data type="Time"/></avp>"#,
        r#"<avp name="A" code="1"><data type="Nothing"/></avp>"#,
        r#"<avp name="A" code="1"><data type="Grouped"><rule avp="A" min="2" max="1"/></data></avp>"#,
        r#"<avp name="A" code="1">"#,
    ] {
        let loaded = load(&[&format!("<diameter><application id='5'>{wrong}</application></diameter>")]);
        assert!(loaded.has_errors(), "{wrong}");
    }
}

#[test]
fn one_command_in_two_applications_of_a_file() {
    let command = r#"<command code="258" short="RA" name="Re-Auth"><request/><answer/></command>"#;
    let loaded = load(&[&format!(
        r#"<diameter><application id="0">{command}</application><application id="4">{command}</application></diameter>"#
    )]);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    let types: Vec<(&str, &str)> = loaded
        .dictionary
        .commands
        .iter()
        .skip(1)
        .map(|command| (command.request.rust_name.as_str(), command.request.abbreviation.as_str()))
        .collect();
    // Both stand in the file's module, since the applications are the standard unit's.
    assert_eq!(types, [("ReAuthRequest", "RAR"), ("ReAuthRequestForm", "")]);
}
