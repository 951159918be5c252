//! Whatever is loaded, the loader answers with diagnostics.

use diametric_dictionary::Loader;
use proptest::prelude::*;

const BASE: &str = include_str!("support/base.xml");
const OTHER: &str = include_str!("support/other.xml");

fn survives(text: &str) {
    for strict in [false, true] {
        let mut loader = Loader::new();
        loader.strict(strict);
        let standard = loader.unit("standard", Some("::base"));
        loader.add_text(standard, "base.xml", BASE);
        let unit = loader.unit("own", None);
        loader.add_text(unit, "acme.xml", text);
        loader.add_text(unit, "other.xml", OTHER);
        let loaded = loader.load();
        assert_eq!(loaded.render().is_empty(), loaded.diagnostics.is_empty());
    }
}

/// Pieces that dictionaries are made of, so that random texts reach the resolver.
fn piece() -> impl Strategy<Value = String> {
    let name =
        prop::sample::select(vec!["A", "B", "Session-Id", "Originator", "5G", "Extras", "CC-Request-Type", "é", ""]);
    let number =
        prop::sample::select(vec!["0", "1", "2", "263", "272", "4294967295", "-1", "99999999999", "x", "*", ""]);
    let kind = prop::sample::select(vec!["Grouped", "Enumerated", "Time", "Unsigned32", "Unsigned", ""]);
    let other = name.clone();
    (0..14_u8, name, other, number.clone(), number, kind).prop_map(|(which, a, b, n, m, kind)| match which {
        0 => format!(r#"<avp name="{a}" code="{n}" vendor-id="{m}"><data type="{kind}"><rule avp="{b}" required="true"/></data></avp>"#),
        1 => format!(r#"<avp name="{a}" code="{n}"><data type="{kind}"><item code="{m}" name="{b}"/><item code="{n}" name="{a}"/></data></avp>"#),
        2 => format!(r#"<avp name="{a}" code="{n}" closed="true"><data type="Grouped"><rule avp="{a}" min="{n}" max="{m}"/><rule avp="{b}" fixed="true"/><any/></data></avp>"#),
        3 => format!(r#"<extend avp="{a}" vendor="{n}"><rule avp="{b}"/><item code="{m}" name="{b}"/></extend>"#),
        4 => format!(r#"<extend command="Credit-Control" application="{n}"><request><rule avp="{a}" required="true"/></request></extend>"#),
        5 => format!(r#"<command like="Credit-Control" name="{a}" application="4"><request><rule avp="{b}"/></request></command>"#),
        6 => format!(r#"<command name="{a}" short="{b}" code="{n}" application="{m}"><request/><answer/></command>"#),
        7 => format!(r#"<application id="{n}" name="{a}" type="auth"><avp name="{b}" code="{m}"><data type="{kind}"/></avp></application>"#),
        8 => format!(r#"<vendor id="{n}" name="{a}" code="{b}"/>"#),
        9 => format!(r#"<import dictionary="{a}"/><import dictionary="acme"/><import dictionary="other"/>"#),
        10 => r#"<answer-message><rule avp="Session-Id" fixed="true" min="0"/><any/></answer-message>"#.to_owned(),
        11 => format!(r#"<avp name="{a}" code="{n}" rust-name="{b}" must="V,{b}" must-not="V"><doc>{b}</doc><data type="Grouped"><rule avp="A" rust-name="{a}"/></data></avp>"#),
        12 => format!("<{kind} {a}='{b}'>"),
        _ => format!(r#"<avp name="A" code="{n}"><data type="Grouped"><rule avp="B" required="true"/></data></avp><avp name="B" code="{m}"><data type="Grouped"><rule avp="A" required="true"/></data></avp>"#),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_bytes_read_as_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn pieces_of_dictionaries(pieces in prop::collection::vec(piece(), 0..12), own in any::<bool>()) {
        let name = if own { r#" name="acme""# } else { "" };
        survives(&format!("<diameter{name}>{}</diameter>", pieces.concat()));
    }

    #[test]
    fn damaged_dictionaries(at in 0..BASE.len(), cut in 0..40_usize, insert in "[<>/=\"'& a-z0-9é!\\[\\]-]{0,6}", own in any::<bool>()) {
        let mut text = if own { OTHER.replace("other", "acme") } else { BASE.replace(" name=\"base\" spec=\"RFC 6733\"", "") };
        let start = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &insert);
        survives(&text);
    }
}

#[test]
fn a_thousand_groups_in_a_row_need_no_stack() {
    let mut text = String::from("<diameter name=\"acme\">");
    for code in 0..20_000_u32 {
        text.push_str(&format!(
            "<avp name=\"G-{code}\" code=\"{}\"><data type=\"Grouped\"><rule avp=\"G-{}\" required=\"true\"/></data></avp>",
            code + 10_000,
            (code + 1) % 20_000
        ));
    }
    text.push_str("</diameter>");
    let mut loader = Loader::new();
    let unit = loader.unit("own", None);
    loader.add_text(unit, "acme.xml", &text);
    let loaded = loader.load();
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].code.name, "required-cycle");
}

#[test]
fn terminals_are_not_at_the_mercy_of_dictionaries() {
    let mut loader = Loader::new();
    let unit = loader.unit("own", None);
    let long = "x".repeat(5000);
    let text = format!(
        "<diameter name=\"acme\"><avp name=\"{long}\" code=\"1\"><data type=\"T\u{1b}[31m\u{202e}ime\"/></avp></diameter>"
    );
    loader.add_text(unit, "acme.xml", &text);
    let rendered = loader.load().render();
    assert!(!rendered.contains('\u{1b}') && !rendered.contains('\u{202e}'), "{rendered}");
    assert!(rendered.lines().filter(|line| line.contains('|')).all(|line| line.chars().count() < 130), "{rendered}");
}
