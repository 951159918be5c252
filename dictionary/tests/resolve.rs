//! What becomes of files that are right: extensions, own forms, imports across units, defaults.

use diametric_dictionary::model::{AvpId, CommandId, Dictionary, ExtensionTarget, FlagRule, MemberKind};
use diametric_dictionary::{Loaded, Loader, index::Index};

const BASE: &str = include_str!("support/base.xml");
const OTHER: &str = include_str!("support/other.xml");

/// Loads texts, each with the unit it belongs to, beside the small standard dictionary.
fn load(files: &[(&str, &str)]) -> Loaded {
    let mut loader = Loader::new();
    let standard = loader.unit("standard", Some("::base"));
    loader.add_text(standard, "base.xml", BASE);
    for (index, (unit, text)) in files.iter().enumerate() {
        let unit = loader.unit(unit, None);
        loader.add_text(unit, &format!("file{index}.xml"), text);
    }
    loader.load()
}

fn right(files: &[(&str, &str)]) -> Dictionary {
    let loaded = load(files);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    loaded.dictionary
}

fn avp(dictionary: &Dictionary, name: &str) -> AvpId {
    let ids = Index::new(dictionary).avp_by_name(name);
    assert_eq!(ids.len(), 1, "{name}");
    ids[0]
}

fn command(dictionary: &Dictionary, name: &str) -> CommandId {
    let ids = Index::new(dictionary).command_by_name(name);
    assert_eq!(ids.len(), 1, "{name}");
    ids[0]
}

fn fields(dictionary: &Dictionary, members: &[diametric_dictionary::model::Member]) -> Vec<String> {
    members.iter().map(|member| format!("{} {}", dictionary.avp(member.avp).name, member.field)).collect()
}

#[test]
fn extensions_merge_within_a_unit() {
    let dictionary = right(&[
        (
            "own",
            r#"<diameter name="first">
              <application id="99" name="Acme Query" type="auth">
                <command code="300" short="AQ" name="Acme-Query">
                  <request><rule avp="Session-Id" fixed="true"/><any/></request>
                  <answer><rule avp="Result-Code" required="true"/></answer>
                </command>
              </application>
              <avp name="Acme-Mode" code="7001"><data type="Enumerated"><item code="0" name="OFF"/></data></avp>
            </diameter>"#,
        ),
        (
            "own",
            r#"<diameter name="second">
              <import dictionary="first"/>
              <extend command="Acme-Query" application="99">
                <request><rule avp="Acme-Mode" required="true"/></request>
                <answer><rule avp="Acme-Mode" max="*"/></answer>
              </extend>
              <extend avp="Acme-Mode"><item code="1" name="ON"/></extend>
            </diameter>"#,
        ),
    ]);
    let query = dictionary.command(command(&dictionary, "AQ"));
    assert_eq!(fields(&dictionary, &query.request.members), ["Session-Id session_id", "Acme-Mode acme_mode"]);
    assert_eq!(query.request.members[1].kind, MemberKind::Required);
    assert!(query.request.any);
    assert_eq!(fields(&dictionary, &query.answer.members), ["Result-Code result_code", "Acme-Mode acme_mode"]);
    assert_eq!(query.answer.members[1].max, None);
    assert!(!query.answer.any);
    assert!(dictionary.extensions.is_empty());
    let labels: Vec<&str> =
        dictionary.avp(avp(&dictionary, "Acme-Mode")).items.iter().map(|item| item.label.as_str()).collect();
    assert_eq!(labels, ["OFF", "ON"]);
    assert_eq!(dictionary.command_module(command(&dictionary, "AQ")), "acme_query");
    assert_eq!(dictionary.avp_module(avp(&dictionary, "Acme-Mode")), "first");
}

#[test]
fn extensions_of_other_units_are_recorded() {
    let dictionary = right(&[(
        "own",
        r#"<diameter name="acme">
          <vendor id="99999" name="Acme"/>
          <avp name="Acme-Route" code="1" vendor-id="99999"><data type="UTF8String"/></avp>
          <extend command="Credit-Control" application="4">
            <request><rule avp="Acme-Route" max="*" rust-name="routes"/></request>
            <answer><rule avp="Acme-Route"/></answer>
          </extend>
          <extend avp="Proxy-Info" vendor="0"><rule avp="Acme-Route"/></extend>
          <extend avp="Originator" vendor="TGPP"><item code="4711" name="Acme Party"/></extend>
        </diameter>"#,
    )]);
    let ccr = dictionary.command(command(&dictionary, "CCR"));
    assert_eq!(ccr.request.members.len(), 2);
    let targets: Vec<ExtensionTarget> = dictionary.extensions.iter().map(|extension| extension.target).collect();
    let id = command(&dictionary, "CCR");
    let group = avp(&dictionary, "Proxy-Info");
    assert_eq!(targets, [ExtensionTarget::Request(id), ExtensionTarget::Answer(id), ExtensionTarget::Group(group)]);
    assert_eq!(dictionary.extensions[0].members[0].field, "routes");
    assert_eq!(dictionary.value_extensions[0].avp, avp(&dictionary, "Originator"));
    assert_eq!(dictionary.value_extensions[0].items[0].rust_name, "ACME_PARTY");
    assert_eq!(dictionary.avp(avp(&dictionary, "Originator")).items.len(), 2);
}

#[test]
fn own_forms_start_from_a_standard_command() {
    let dictionary = right(&[(
        "own",
        r#"<diameter name="acme">
          <avp name="Acme-Route" code="7001"><data type="UTF8String"/></avp>
          <command like="Credit-Control" name="Acme-Credit-Control" application="4">
            <request><rule avp="Acme-Route" required="true"/></request>
          </command>
        </diameter>"#,
    )]);
    let form = dictionary.command(command(&dictionary, "Acme-Credit-Control"));
    assert_eq!(form.code, 272);
    assert_eq!(form.short, "ACC");
    assert_eq!(form.request.rust_name, "AcmeCreditControlRequest");
    assert_eq!(form.request.abbreviation, "ACCR");
    assert!(form.proxiable);
    assert_eq!(fields(&dictionary, &form.request.members), ["Acme-Route acme_route"]);
    assert!(form.answer.members.is_empty());
    assert_eq!(form.like, Some(command(&dictionary, "Credit-Control")));
    assert_eq!(dictionary.command_module(command(&dictionary, "Acme-Credit-Control")), "acme");
}

#[test]
fn units_build_on_one_another() {
    let files = [
        ("other", OTHER),
        (
            "own",
            r#"<diameter name="acme">
              <import dictionary="other"/>
              <avp name="Acme-Group" code="7001">
                <data type="Grouped"><rule avp="Other-Group"/><rule avp="Originator" vendor="OTHER"/></data>
              </avp>
            </diameter>"#,
        ),
    ];
    let dictionary = right(&files);
    let group = dictionary.avp(avp(&dictionary, "Acme-Group"));
    assert_eq!(fields(&dictionary, &group.members), ["Other-Group other_group", "Originator originator"]);
    assert_eq!(dictionary.avp(group.members[1].avp).vendor, 88888);
    // The order of files does not matter.
    let reversed: Vec<(&str, &str)> = files.iter().rev().copied().collect();
    let dictionary = right(&reversed);
    assert_eq!(dictionary.avp(avp(&dictionary, "Acme-Group")).members.len(), 2);
}

#[test]
fn imports_within_a_unit_may_go_in_a_circle() {
    right(&[
        (
            "own",
            r#"<diameter name="one"><import dictionary="two"/>
              <avp name="One" code="7001"><data type="Grouped"><rule avp="Two"/></data></avp></diameter>"#,
        ),
        (
            "own",
            r#"<diameter name="two"><import dictionary="one"/>
              <avp name="Two" code="7002"><data type="Grouped"><rule avp="One"/></data></avp></diameter>"#,
        ),
    ]);
}

#[test]
fn files_of_a_unit_need_imports_too() {
    let loaded = load(&[
        (
            "own",
            r#"<diameter name="one"><avp name="One" code="7001"><data type="Grouped"><rule avp="Two"/></data></avp></diameter>"#,
        ),
        ("own", r#"<diameter name="two"><avp name="Two" code="7002"><data type="Time"/></avp></diameter>"#),
    ]);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code.name, "not-imported");
}

#[test]
fn defaults_and_references() {
    let dictionary = right(&[(
        "own",
        r#"<diameter name="acme-messages" spec="Acme TS 1 V19.0.0">
          <avp name="Acme-A" code="7001" must="M" may="P" spec="7.2.1" rust-name="SpecialA" deprecated="since V2">
            <doc>An  A,
              by Acme.</doc>
            <data type="Grouped">
              <rule avp="Session-Id"/><rule avp="Origin-Host" required="true" max="*" spec="Annex B"/>
              <rule avp="Result-Code" fixed="false" max="4"/>
            </data>
          </avp>
          <avp name="Acme-B" code="7002" may-encrypt="N" spec="RFC 1"><data type="Grouped"><rule avp="Acme-A"/></data></avp>
          <application id="0" name="Base">
            <command code="257" short="CE" name="Capabilities-Exchange"><request/><answer name="CE-Reply" rust-name="CeReply"/></command>
            <command code="258" short="RA" name="Re-Auth" rust-name="Again"><request/><answer/></command>
          </application>
        </diameter>"#,
    )]);
    let a = dictionary.avp(avp(&dictionary, "Acme-A"));
    assert_eq!((a.m, a.p), (FlagRule::Must, FlagRule::May));
    assert_eq!(a.spec.as_deref(), Some("Acme TS 1 7.2.1"));
    assert_eq!(a.doc.as_deref(), Some("An A, by Acme."));
    assert_eq!(a.deprecated.as_deref(), Some("since V2"));
    assert_eq!(a.rust_name, "SpecialA");
    assert!(!a.any);
    let bounds: Vec<(MemberKind, u32, Option<u32>)> = a.members.iter().map(|m| (m.kind, m.min, m.max)).collect();
    assert_eq!(
        bounds,
        [(MemberKind::Optional, 0, Some(1)), (MemberKind::Required, 1, None), (MemberKind::Optional, 0, Some(4))]
    );
    assert_eq!(a.members[1].spec.as_deref(), Some("Acme TS 1 Annex B"));
    let b = dictionary.avp(avp(&dictionary, "Acme-B"));
    assert_eq!((b.m, b.p), (FlagRule::May, FlagRule::MustNot));
    assert_eq!(b.spec.as_deref(), Some("RFC 1"));
    assert_eq!(b.members[0].field, "special_a");
    assert_eq!(dictionary.avp_module(avp(&dictionary, "Acme-B")), "acme_messages");
    let ce = dictionary.command(command(&dictionary, "Capabilities-Exchange"));
    assert!(!ce.proxiable);
    assert_eq!((ce.answer.name.as_str(), ce.answer.rust_name.as_str()), ("CE-Reply", "CeReply"));
    assert_eq!((ce.request.name.as_str(), ce.request.abbreviation.as_str()), ("Capabilities-Exchange-Request", "CER"));
    let ra = dictionary.command(command(&dictionary, "RAR"));
    assert!(ra.proxiable);
    assert_eq!(ra.request.rust_name, "AgainRequest");
}

#[test]
fn a_broken_file_does_not_make_others_wrong() {
    let loaded = load(&[
        ("own", r#"<diameter name="acme"><avp name="Acme-A" code="7001"><data type="Time"/></avp><avp name="#),
        (
            "own",
            r#"<diameter name="rest"><import dictionary="acme"/>
              <avp name="Rest" code="7003"><data type="Grouped"><rule avp="Acme-A"/><rule avp="Acme-B"/></data></avp></diameter>"#,
        ),
    ]);
    assert_eq!(loaded.diagnostics.len(), 1, "{}", loaded.render());
    assert_eq!(loaded.diagnostics[0].code.name, "not-well-formed");
}

#[test]
fn diagnostics_come_in_source_order_and_are_counted() {
    let loaded = load(&[
        (
            "own",
            r#"<diameter name="acme"><avp name="A" code="7001"><data type="Grouped"><rule avp="X-Y"/></data></avp></diameter>"#,
        ),
        (
            "own",
            "<diameter name='b'>\n<import dictionary='other'/>\n<avp name='B' code='x'><data type='Time'/></avp>\n</diameter>",
        ),
        ("other", OTHER),
    ]);
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.name).collect();
    assert_eq!(codes, ["unknown-member", "bad-number"]);
    assert!(loaded.render().ends_with("\nerror: 2 errors\n"));
    assert!(loaded.renderer().colour(true).all(&loaded.diagnostics).contains("\u{1b}[1;31merror[D025]\u{1b}[0m"));
    let warned = load(&[("own", r#"<diameter name="acme"><import dictionary="other"/></diameter>"#), ("other", OTHER)]);
    assert!(!warned.has_errors());
    assert!(warned.render().ends_with("\nwarning: 1 warning\n"));
    assert_eq!(load(&[]).render(), "");
}

#[test]
fn a_clause_is_told_from_a_whole_reference() {
    let avp = |code: u32, spec: &str| {
        format!(r#"<avp name="A-{code}" code="{code}" spec="{spec}"><data type="Time"/></avp>"#)
    };
    let specs = [
        ("7.2.158A", "Acme TS 1 7.2.158A"),
        ("16", "Acme TS 1 16"),
        ("Annex B.2.1", "Acme TS 1 Annex B.2.1"),
        ("3GPP TS 29.061 16.4.7", "3GPP TS 29.061 16.4.7"),
        ("3GPP2 X.S0057-0 5", "3GPP2 X.S0057-0 5"),
        ("RFC 7155 4.4.7", "RFC 7155 4.4.7"),
        ("Annexes of something", "Annexes of something"),
    ];
    let body: String = specs.iter().zip(70_001..).map(|((spec, _), code)| avp(code, spec)).collect();
    let text = format!(r#"<diameter name="acme" spec="Acme TS 1 V19.0.0">{body}</diameter>"#);
    let dictionary = right(&[("acme", &text)]);
    for ((_, expected), code) in specs.iter().zip(70_001..) {
        let id = Index::new(&dictionary).avp(0, code).expect("it was defined");
        assert_eq!(dictionary.avp(id).spec.as_deref(), Some(*expected));
    }
}
