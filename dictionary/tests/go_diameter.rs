//! Files that others wrote for go-diameter's format, as they are.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use diametric_dictionary::diagnostics::Severity;
use diametric_dictionary::{Loader, index::Index};
use std::path::PathBuf;

/// The dictionary in the sources of the crate `diameter`, where Cargo has them.
fn published() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?;
    let mut paths = registries.filter_map(|entry| Some(entry.ok()?.path().join("diameter-0.7.1/dict/3gpp-ro-rf.xml")));
    paths.find(|path| path.is_file())
}

#[test]
fn the_dictionary_of_the_crate_diameter_loads() {
    let Some(path) = published() else {
        println!("SKIPPED: the sources of the crate diameter 0.7.1 are not there");
        return;
    };
    for standard in [true, false] {
        let mut loader = if standard { Loader::with_standard() } else { Loader::new() };
        let unit = loader.unit("theirs", None);
        loader.add_file(unit, &path).expect("it can be read");
        let loaded = loader.load();
        assert!(!loaded.has_errors(), "{}", loaded.render());
        let theirs = loaded.dictionary.avps.iter().filter(|avp| loaded.dictionary.unit_of(avp.file) == unit).count();
        let warnings = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Warning).count();
        println!("{theirs} AVPs, {warnings} warnings");
        assert!(theirs > 300, "{theirs}");
        assert!(Index::new(&loaded.dictionary).avp(10415, 873).is_some());
    }
}

/// Each quirk by itself; a number of warnings to expect with it.
#[test]
fn every_quirk_is_accepted() {
    let cases: &[(&str, usize)] = &[
        ("<!-- a --><avp name='A' code='1'><!-- b --><data type='Time'/></avp>", 0),
        ("<avp  name='A'\tcode='1'\n  must='' ><data   type='Time' ></data ></avp >", 0),
        ("<avp name='A' code='1' must='M' map='P' must-not='V' may-encrypt='Y'><data type='Time'/></avp>", 0),
        ("<avp name='A' code='1' must='-' may='-' must-not='-' may-encrypt='-'><data type='Time'/></avp>", 0),
        ("<avp name='A' code='1' may-encrypt='yes'><data type='Time'/></avp>", 0),
        ("<avp name='A' code='1' may-encrypt='no'><data type='Time'/></avp>", 0),
        ("<avp name='A' code='1' must='M,P' may='' vendor-id='0'><data type='IPv4'/></avp>", 0),
        ("<avp name='A' code='1'><data type='IPv6'/></avp>", 0),
        ("<avp name='A' code='1'><data type='octetString'/></avp>", 0),
        // A numbered enumeration with items.
        ("<avp name='A' code='1'><data type='Unsigned32'><item code='0' name='x'/></data></avp>", 0),
        ("<avp name='A' code='1'><data type='Enumerated'><item code='-1' name='x'/></data></avp>", 0),
        // Twice the same, and twice otherwise.
        ("<avp name='A' code='1'><data type='Time'/></avp><avp name='A' code='1'><data type='Time'/></avp>", 0),
        ("<avp name='A' code='1'><data type='Time'/></avp><avp name='A' code='1'><data type='Address'/></avp>", 1),
        // An AVP of RFC 5777 without its vendor, whose code another has.
        ("<avp name='A' code='563'><data type='Time'/></avp><avp name='B' code='563'><data type='Time'/></avp>", 1),
        // TGPP for 3GPP, in the definition or in the rule.
        (
            "<avp name='TGPP-A' code='1'><data type='Time'/></avp><avp name='G' code='2'><data type='Grouped'><rule avp='3GPP-A' required='True'/></data></avp>",
            0,
        ),
        (
            "<avp name='3GPP-A' code='1'><data type='Time'/></avp><avp name='G' code='2'><data type='Grouped'><rule avp='TGPP-A' required='False'/></data></avp>",
            0,
        ),
        ("<avp name='G' code='2'><data type='Grouped'><rule avp='Nowhere' required='true' max='1'/></data></avp>", 1),
        ("<avp name='G' code='2'><data type='Grouped'><rule avp='AVP' required='false' max='1'/></data></avp>", 0),
        (
            "<command code='1' short='X' name='X'><request><rule avp='Session-Id' required='true' max='1'/></request><answer/></command>",
            0,
        ),
    ];
    for (body, expected) in cases {
        let mut loader = Loader::with_standard();
        let unit = loader.unit("theirs", None);
        let text = format!(
            "<?xml version='1.0' encoding='UTF-8'?>\n<diameter><application id='16777999' type='auth' name='X'>{body}</application></diameter>"
        );
        loader.add_text(unit, "theirs.xml", &text);
        let loaded = loader.load();
        assert!(!loaded.has_errors(), "{body}\n{}", loaded.render());
        assert_eq!(loaded.diagnostics.len(), *expected, "{body}\n{}", loaded.render());
    }
}

#[test]
fn an_avp_may_be_in_several_applications_of_a_file_and_in_several_files() {
    let text = "<diameter>
        <application id='0' name='Base'><avp name='A' code='60001'><data type='Time'/></avp></application>
        <application id='4' type='auth' name='CC'><vendor id='10415' name='TGPP'/>
          <avp name='A' code='60001'><data type='Time'/></avp>
          <avp name='G' code='60002'><data type='Grouped'><rule avp='A' required='true'/><rule avp='Only-Parent'/></data></avp>
        </application>
        <application id='3' type='acct' name='Acct'><vendor id='10415' name='Third Generation'/>
          <avp name='Only-Parent' code='60003'><data type='Time'/></avp>
        </application></diameter>";
    let mut loader = Loader::new();
    let unit = loader.unit("theirs", None);
    loader.add_text(unit, "one.xml", text);
    loader.add_text(unit, "two.xml", text);
    let loaded = loader.load();
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());
    assert_eq!(loaded.dictionary.avps.len(), 3);
}
