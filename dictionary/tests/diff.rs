//! What changed, whom it breaks, and how it is told.

use diametric_dictionary::Loader;
use diametric_dictionary::diff::{self, Change, Kind, Semver, Side, Sort};
use diametric_dictionary::model::{Dictionary, UnitId};

const BASE: &str = include_str!("support/base.xml");

fn load(body: &str) -> (Dictionary, UnitId) {
    let mut loader = Loader::new();
    let standard = loader.unit("standard", Some("::base"));
    loader.add_text(standard, "base.xml", BASE);
    let unit = loader.unit("acme", None);
    let text = format!("<diameter name=\"acme\"><vendor id=\"99999\" name=\"Acme\"/>{body}</diameter>");
    loader.add_text(unit, "acme.xml", &text);
    let loaded = loader.load();
    assert!(!loaded.has_errors(), "{}", loaded.render());
    (loaded.dictionary, unit)
}

fn changes(old: &str, new: &str) -> Vec<Change> {
    let (old, new) = (load(old), load(new));
    diff::diff(Side::new(&old.0, &[old.1]), Side::new(&new.0, &[new.1]))
}

/// The one change, and the reverse of it.
fn both(old: &str, new: &str) -> [Change; 2] {
    let one = |old: &str, new: &str| {
        let mut found = changes(old, new);
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0)
    };
    [one(old, new), one(new, old)]
}

fn check(change: &Change, sort: Sort, kind: Kind, rust: Semver, wire: bool) {
    let seen = (change.sort, change.kind, change.rust, change.wire.is_some());
    assert_eq!(seen, (sort, kind, rust, wire), "{change:#?}");
    assert!(!change.rust_reason.is_empty() && !change.subject.is_empty());
}

const TEXT: &str = r#"<avp name="Acme-Text" code="1" vendor-id="99999" must="V,M"><data type="UTF8String"/></avp>"#;

fn group(rules: &str) -> String {
    format!(
        r#"{TEXT}<avp name="Acme-Group" code="2" vendor-id="99999" must="V"><data type="Grouped"><rule avp="Origin-Host"/>{rules}</data></avp>"#
    )
}

fn values(items: &str, attributes: &str) -> String {
    format!(
        r#"<avp name="Acme-Mode" code="3" vendor-id="99999" must="V" {attributes}><data type="Enumerated"><item code="0" name="OFF"/>{items}</data></avp>"#
    )
}

#[test]
fn nothing_is_nothing() {
    let body = group("<rule avp=\"Acme-Text\" max=\"*\"/><any/>") + &values("", "");
    assert_eq!(changes(&body, &body), []);
    assert_eq!(diff::semver(&[]), None);
}

#[test]
fn avps() {
    let [added, removed] = both("", TEXT);
    check(&added, Sort::Avp, Kind::Added, Semver::Minor, true);
    check(&removed, Sort::Avp, Kind::Removed, Semver::Major, true);
    assert_eq!(added.subject, "Acme-Text (1/99999)");
    let [renamed, _] = both(TEXT, &TEXT.replace("Acme-Text", "Acme-Word"));
    check(&renamed, Sort::Avp, Kind::Renamed, Semver::Major, false);
    let [renamed, _] = both(TEXT, &TEXT.replace("Acme-Text\"", "ACME-Text\" rust-name=\"AcmeText\""));
    check(&renamed, Sort::Avp, Kind::Renamed, Semver::Patch, false);
    let [recoded, _] = both(TEXT, &TEXT.replace("code=\"1\"", "code=\"9\""));
    check(&recoded, Sort::Avp, Kind::Recoded, Semver::Patch, true);
    assert_eq!((recoded.old.as_deref(), recoded.new.as_deref()), (Some("1"), Some("9")));
    let [retyped, _] = both(TEXT, &TEXT.replace("UTF8String", "Unsigned32"));
    check(&retyped, Sort::Avp, Kind::Retyped, Semver::Major, true);
    let [retyped, _] = both(&TEXT.replace("UTF8String", "Integer32"), &TEXT.replace("UTF8String", "Enumerated"));
    check(&retyped, Sort::Avp, Kind::Retyped, Semver::Major, false);
    let [flags, _] = both(TEXT, &TEXT.replace("V,M", "V"));
    check(&flags, Sort::Avp, Kind::Flags, Semver::Patch, true);
    let [named, _] = both(TEXT, &TEXT.replace("code=", "rust-name=\"Word\" code="));
    check(&named, Sort::Avp, Kind::Rust, Semver::Major, false);
    let [deprecated, _] = both(TEXT, &TEXT.replace("code=", "deprecated=\"since 2\" code="));
    check(&deprecated, Sort::Avp, Kind::Deprecated, Semver::Minor, false);
}

#[test]
fn enumerations() {
    let on = "<item code=\"1\" name=\"ON\"/>";
    let [added, removed] = both(&values("", ""), &values(on, ""));
    check(&added, Sort::Value, Kind::Added, Semver::Minor, false);
    check(&removed, Sort::Value, Kind::Removed, Semver::Major, false);
    assert_eq!(added.part.as_deref(), Some("1 ON"));
    let closed = "closed=\"true\"";
    let [added, removed] = both(&values("", closed), &values(on, closed));
    check(&added, Sort::Value, Kind::Added, Semver::Major, true);
    check(&removed, Sort::Value, Kind::Removed, Semver::Major, true);
    let [renamed, _] = both(&values(on, ""), &values("<item code=\"1\" name=\"RUNNING\"/>", ""));
    check(&renamed, Sort::Value, Kind::Renamed, Semver::Major, false);
    let [renamed, _] = both(&values(on, ""), &values("<item code=\"1\" name=\"on\"/>", ""));
    check(&renamed, Sort::Value, Kind::Renamed, Semver::Patch, false);
    let [opened, shut] = both(&values("", closed), &values("", ""));
    check(&opened, Sort::Avp, Kind::Closed, Semver::Major, true);
    check(&shut, Sort::Avp, Kind::Closed, Semver::Major, true);
    // The first named value makes another type of a number.
    let number = |items: &str| values(items, "").replace("<item code=\"0\" name=\"OFF\"/>", "");
    let found = changes(&number(""), &number(on));
    check(&found[0], Sort::Avp, Kind::Retyped, Semver::Major, false);
}

#[test]
fn members() {
    let rule = |attributes: &str| group(&format!("<rule avp=\"Acme-Text\"{attributes}/>"));
    // A closed group refuses what is not its member.
    let [added, removed] = both(&group(""), &rule(""));
    check(&added, Sort::Member, Kind::Added, Semver::Minor, true);
    check(&removed, Sort::Member, Kind::Removed, Semver::Major, true);
    assert_eq!(added.new.as_deref(), Some("[ Acme-Text ]"));
    let open = |body: String| body.replace("</data></avp>", "<any/></data></avp>").replacen("<any/>", "", 0);
    let [added, removed] = both(&open(group("")), &open(rule("")));
    check(&added, Sort::Member, Kind::Added, Semver::Minor, false);
    check(&removed, Sort::Member, Kind::Removed, Semver::Major, false);
    let [added, removed] = both(&open(group("")), &open(rule(" required=\"true\"")));
    check(&added, Sort::Member, Kind::Added, Semver::Major, true);
    check(&removed, Sort::Member, Kind::Removed, Semver::Major, true);
    for (old, new, rust, wire) in [
        ("", " max=\"*\"", Semver::Major, true),
        ("", " required=\"true\"", Semver::Major, true),
        (" max=\"*\"", " required=\"true\" max=\"*\"", Semver::Major, true),
        (" max=\"4\"", " max=\"5\"", Semver::Major, true),
    ] {
        let [there, back] = both(&rule(old), &rule(new));
        check(&there, Sort::Member, Kind::Cardinality, rust, wire);
        check(&back, Sort::Member, Kind::Cardinality, rust, wire);
    }
    let [changed, _] = both(&rule(""), &rule(" max=\"*\""));
    assert_eq!(changed.rust_reason, "`Option<T>` becomes `List<T>`");
    assert_eq!((changed.old.as_deref(), changed.new.as_deref()), (Some("[ Acme-Text ]"), Some("* [ Acme-Text ]")));
    let [field, _] = both(&rule(""), &rule(" rust-name=\"word\""));
    check(&field, Sort::Member, Kind::Rust, Semver::Major, false);
    let [opened, shut] = both(&group(""), &group("<any/>"));
    check(&opened, Sort::Member, Kind::Extensible, Semver::Minor, true);
    check(&shut, Sort::Member, Kind::Extensible, Semver::Major, true);
}

#[test]
fn a_group_is_boxed_where_it_is_optional_if_the_dictionary_says_so() {
    let body = |attribute: &str| {
        format!(
            r#"<avp name="Acme-Rare" code="2" vendor-id="99999" must="V" {attribute}><data type="Grouped"><rule avp="Origin-Host"/></data></avp>
            <avp name="Acme-Holder" code="4" vendor-id="99999" must="V"><data type="Grouped"><rule avp="Acme-Rare"/></data></avp>"#
        )
    };
    for change in both(&body(""), &body(r#"boxed="true""#)) {
        check(&change, Sort::Member, Kind::Boxed, Semver::Major, false);
        assert_eq!((change.subject.as_str(), change.part.as_deref()), ("Acme-Holder (4/99999)", Some("Acme-Rare")));
    }
    assert!(changes(&body(""), &body(r#"boxed="false""#)).is_empty());
}

#[test]
fn a_group_that_grows_is_boxed_where_it_is_optional() {
    let definitions: String = (10..18)
        .map(|code| {
            format!(
                r#"<avp name="Acme-{code}" code="{code}" vendor-id="99999" must="V"><data type="UTF8String"/></avp>"#
            )
        })
        .collect();
    let rules =
        |count: usize| -> String { (10..10 + count).map(|code| format!("<rule avp=\"Acme-{code}\"/>")).collect() };
    let holders = r#"<avp name="Acme-Holder" code="4" vendor-id="99999" must="V"><data type="Grouped">
        <rule avp="Acme-Group"/><any/></data></avp>
        <avp name="Acme-List" code="5" vendor-id="99999" must="V"><data type="Grouped">
        <rule avp="Acme-Group" max="*"/><any/></data></avp>
        <extend command="Credit-Control" application="4"><request><rule avp="Acme-Group"/></request></extend>"#;
    let body = |count| definitions.clone() + &group(&rules(count)) + holders;
    let small = changes(&body(4), &body(5));
    assert_eq!(small.len(), 1, "{small:#?}");
    for (old, new, was, is) in [(5, 8, "Option<T>", "Option<Box<T>>"), (8, 5, "Option<Box<T>>", "Option<T>")] {
        let found = changes(&body(old), &body(new));
        let boxed: Vec<_> = found.iter().filter(|change| change.kind == Kind::Boxed).collect();
        // Neither the list nor the accessor of the extension changes.
        assert_eq!(boxed.len(), 1, "{found:#?}");
        check(boxed[0], Sort::Member, Kind::Boxed, Semver::Major, false);
        assert_eq!(
            (boxed[0].subject.as_str(), boxed[0].part.as_deref()),
            ("Acme-Holder (4/99999)", Some("Acme-Group"))
        );
        assert_eq!((boxed[0].old.as_deref(), boxed[0].new.as_deref()), (Some(was), Some(is)));
    }
}

#[test]
fn a_group_that_comes_to_hold_itself_is_boxed() {
    let looped = |rules: &str| {
        format!(
            r#"<avp name="Acme-Loop" code="6" vendor-id="99999" must="V"><data type="Grouped">{rules}<any/></data></avp>
               <avp name="Acme-Holder" code="4" vendor-id="99999" must="V"><data type="Grouped"><rule avp="Acme-Loop"/><any/></data></avp>"#
        )
    };
    let found = changes(&looped(""), &looped("<rule avp=\"Acme-Loop\"/>"));
    let kinds: Vec<Kind> = found.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [Kind::Added, Kind::Boxed], "{found:#?}");
}

#[test]
fn a_group_that_was_not_decoded_took_every_avp() {
    let raw =
        format!(r#"{TEXT}<avp name="Acme-Group" code="2" vendor-id="99999" must="V"><data type="Grouped"/></avp>"#);
    let decoded =
        raw.replace("<data type=\"Grouped\"/>", "<data type=\"Grouped\"><rule avp=\"Acme-Text\"/><any/></data>");
    let found = changes(&raw, &decoded);
    assert!(found.iter().all(|change| change.wire.is_none()), "{found:#?}");
    let closed = decoded.replace("<any/>", "");
    let found = changes(&raw, &closed);
    let wire: Vec<Kind> = found.iter().filter(|change| change.wire.is_some()).map(|change| change.kind).collect();
    assert_eq!(wire, [Kind::Extensible], "{found:#?}");
}

#[test]
fn what_may_be_sent_with_the_m_flag_is_refused_by_who_does_not_know_it() {
    for (flags, wire) in [("must=\"V,M\"", true), ("must=\"V\"", true), ("must=\"V\" must-not=\"M\"", false)] {
        let [added, removed] = both("", &TEXT.replace("must=\"V,M\"", flags));
        check(&added, Sort::Avp, Kind::Added, Semver::Minor, wire);
        check(&removed, Sort::Avp, Kind::Removed, Semver::Major, wire);
    }
}

#[test]
fn commands_and_applications() {
    let command = |attributes: &str, rules: &str| {
        format!(
            r#"<application id="7777" name="Acme" type="auth"><command code="8388999" name="Acme-Ask" short="AQ"{attributes}>
               <request>{rules}<any/></request><answer><any/></answer></command></application>"#
        )
    };
    let none = r#"<application id="7777" name="Acme" type="auth"/>"#;
    let [added, removed] = both(none, &command("", ""));
    check(&added, Sort::Command, Kind::Added, Semver::Minor, true);
    check(&removed, Sort::Command, Kind::Removed, Semver::Major, true);
    let [flags, _] = both(&command("", ""), &command(" proxiable=\"false\"", ""));
    check(&flags, Sort::Command, Kind::Flags, Semver::Patch, true);
    let [member, _] = both(&command("", ""), &command("", "<rule avp=\"Origin-Host\" required=\"true\"/>"));
    check(&member, Sort::Member, Kind::Added, Semver::Major, true);
    assert_eq!((member.subject.as_str(), member.part.as_deref()), ("Acme-Ask-Request", Some("Origin-Host")));
    let [renamed, _] = both(&command("", ""), &command("", "").replace("short=\"AQ\"", "short=\"AX\""));
    check(&renamed, Sort::Command, Kind::Rust, Semver::Major, false);
    let [kind, _] = both(none, &none.replace("auth", "acct"));
    check(&kind, Sort::Application, Kind::Retyped, Semver::Patch, true);
    let [application, gone] = both("", none);
    check(&application, Sort::Application, Kind::Added, Semver::Minor, true);
    check(&gone, Sort::Application, Kind::Removed, Semver::Major, true);
}

#[test]
fn what_is_added_to_other_units() {
    let extend = |rule: &str| {
        format!(r#"{TEXT}<extend command="Credit-Control" application="4"><request>{rule}</request></extend>"#)
    };
    let [added, removed] = both(&extend(""), &extend("<rule avp=\"Acme-Text\"/>"));
    check(&added, Sort::Member, Kind::Added, Semver::Minor, false);
    check(&removed, Sort::Member, Kind::Removed, Semver::Major, false);
    assert_eq!(added.subject, "Credit-Control-Request of application 4, extended");
}

#[test]
fn a_dictionary_is_no_other_than_itself() {
    let standard = Loader::with_standard().load().dictionary;
    let units = [UnitId(0)];
    let side = Side::new(&standard, &units);
    assert_eq!(diff::diff(side, side), []);
    // From nothing to everything, and back.
    let nothing = Side::new(&standard, &[]);
    let all = diff::diff(nothing, side);
    assert!(all.len() > standard.avps.len() && all.iter().all(|change| change.kind == Kind::Added));
    assert_eq!(diff::semver(&all), Some(Semver::Minor));
    assert_eq!(diff::semver(&diff::diff(side, nothing)), Some(Semver::Major));
}
