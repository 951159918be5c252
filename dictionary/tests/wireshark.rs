//! Wireshark's dictionaries: imported, exported, and what they may not do.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use diametric_dictionary::wireshark::{self, Folder, Imported, NoFolder, Options};
use diametric_dictionary::{Loaded, Loader};
use proptest::prelude::*;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where Debian's `libwireshark-data` puts its dictionaries.
const INSTALLED: &str = "/usr/share/wireshark/diameter";

/// Loads what was imported as a user's file.
fn load(text: &str) -> Loaded {
    let mut loader = Loader::with_standard();
    let unit = loader.unit("imported", None);
    loader.add_text(unit, "imported.xml", text);
    loader.load()
}

/// How many AVPs the imported file has.
fn own(loaded: &Loaded) -> usize {
    loaded.dictionary.avps.iter().filter(|avp| loaded.dictionary.files[avp.file.0].path == "imported.xml").count()
}

fn installed() -> Option<Vec<PathBuf>> {
    let Ok(folder) = fs::read_dir(INSTALLED) else {
        println!("SKIPPED: {INSTALLED} is not there");
        return None;
    };
    let mut files: Vec<PathBuf> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    files.sort();
    Some(files)
}

#[test]
fn every_installed_file_becomes_a_dictionary() {
    let Some(files) = installed() else { return };
    let mut avps = 0;
    for path in &files {
        let imported = wireshark::import(std::slice::from_ref(path), &Options::default());
        assert!(!imported.has_errors(), "{}", imported.render());
        let loaded = load(&imported.text);
        assert!(loaded.diagnostics.is_empty(), "{}:\n{}", path.display(), loaded.render());
        assert_eq!(own(&loaded), imported.counts.avps, "{}", path.display());
        println!("{}: {:?}, {} warnings", path.display(), imported.counts, imported.diagnostics.len());
        avps += imported.counts.avps;
    }
    assert!(avps > 1000, "{} files have {avps} AVPs", files.len());
}

#[test]
fn the_whole_of_the_installed_files_stands_on_its_own_and_survives_the_way_back() {
    if installed().is_none() {
        return;
    }
    let path = Path::new(INSTALLED).join("dictionary.xml");
    let all = Options { all: true, ..Options::default() };
    let imported = wireshark::import(&[path], &all);
    assert!(!imported.has_errors(), "{}", imported.render());
    let loaded = load(&imported.text);
    assert!(!loaded.has_errors(), "{}", loaded.render());
    assert_eq!(own(&loaded), imported.counts.avps);

    let mut loader = Loader::new();
    let unit = loader.unit("alone", None);
    loader.add_text(unit, "alone.xml", &imported.text);
    let exported = wireshark::export(&loader.load().dictionary);
    let again = wireshark::import_text("again.xml", &exported, &NoFolder, &all);
    assert!(again.diagnostics.is_empty(), "{}", again.render());
    assert_eq!(again.counts.avps, imported.counts.avps);
    assert_eq!(again.counts.groups, imported.counts.groups);
}

/// Files by name.
struct Files(HashMap<&'static str, String>);

impl Folder for Files {
    fn read(&self, name: &str) -> Result<String, String> {
        self.0.get(name).cloned().ok_or_else(|| "no such file".to_owned())
    }
}

fn files(files: &[(&'static str, &str)]) -> Files {
    Files(files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect())
}

fn import(text: &str) -> Imported {
    wireshark::import_text("acme.xml", text, &NoFolder, &Options::default())
}

/// The one error, rendered.
fn refused(imported: &Imported) -> String {
    assert!(imported.has_errors(), "{}", imported.text);
    assert_eq!(imported.text, "");
    imported.render()
}

const VENDOR: &str = r#"<vendor vendor-id="Acme" code="99999" name="Acme Inc."/>"#;

#[test]
fn types_become_those_of_the_rfc() {
    let text = format!(
        r#"<dictionary><base><typedefn type-name="Line" type-parent="Text"/><typedefn type-name="Text" type-parent="UTF8String"/>
           <typedefn type-name="Round" type-parent="Round"/></base>{VENDOR}
           <avp name="A-1" code="1" vendor-id="Acme"><type type-name="AppId"/></avp>
           <avp name="A-2" code="2" vendor-id="Acme"><type type-name="VendorId"/></avp>
           <avp name="A-3" code="3" vendor-id="Acme"><type type-name="IPAddress"/></avp>
           <avp name="A-4" code="4" vendor-id="Acme"><type type-name="MIPRegistrationRequest"/></avp>
           <avp name="A-5" code="5" vendor-id="Acme"><type type-name="Line"/></avp>
           <avp name="A-6" code="6" vendor-id="Acme"><type type-name="OctetStringOrUTF8"/></avp>
           <avp name="A-7" code="7" vendor-id="Acme"><type type-name="Round"/></avp>
           <avp name="A-8" code="8" vendor-id="Acme"/>
           <avp name="A-9" code="199"><type type-name="IPAddress"/></avp></dictionary>"#
    );
    let imported = import(&text);
    let loaded = load(&imported.text);
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let types: Vec<&str> = (loaded.dictionary.avps.iter())
        .filter(|avp| avp.name.starts_with("A-"))
        .map(|avp| diametric_dictionary::grammar::type_name(avp.data_type))
        .collect();
    let expected = [
        "Unsigned32",
        "Unsigned32",
        "Address",
        "OctetString",
        "UTF8String",
        "OctetString",
        "OctetString",
        "OctetString",
        // An address of RADIUS has no family in front.
        "OctetString",
    ];
    assert_eq!(types, expected);
    let told = imported.render();
    assert!(told.contains("there is no type `Round`") && told.contains("`A-8` has no type"), "{told}");
}

#[test]
fn a_part_is_read_with_the_whole_beside_it() {
    let main = format!(
        r#"<!DOCTYPE dictionary [<!ENTITY part SYSTEM "part.xml"><!ENTITY other SYSTEM "other.xml">]><dictionary>{VENDOR}&other;&part;</dictionary>"#
    );
    let part =
        r#"<avp name="Acme-Group" code="1" vendor-id="Acme"><grouped><gavp name="Other-Group"/></grouped></avp>"#;
    let other = r#"<vendor vendor-id="Other" code="88888" name="Other"/>
        <avp name="Other-Group" code="1" vendor-id="Other"><grouped><gavp name="Other-Text"/></grouped></avp>
        <avp name="Other-Text" code="2" vendor-id="Other"><type type-name="UTF8String"/></avp>
        <avp name="Other-Unneeded" code="3" vendor-id="Other"><type type-name="UTF8String"/></avp>"#;
    let folder = files(&[("dictionary.xml", &main), ("part.xml", part), ("other.xml", other)]);
    let imported = wireshark::import_text("part.xml", part, &folder, &Options::default());
    assert!(imported.diagnostics.is_empty(), "{}", imported.render());
    assert_eq!((imported.counts.avps, imported.counts.needed), (3, 2));
    assert!(!imported.text.contains("Other-Unneeded"), "{}", imported.text);
    let loaded = load(&imported.text);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.render());

    // Whole, but of one vendor.
    for vendor in ["Other", "other", "88888"] {
        let options = Options { vendors: vec![vendor.to_owned()], ..Options::default() };
        let imported = wireshark::import_text("dictionary.xml", &main, &folder, &options);
        assert_eq!((imported.counts.avps, imported.counts.needed), (3, 0), "{}", imported.render());
        assert!(!imported.text.contains("Acme-Group"), "{}", imported.text);
    }
    let options = Options { vendors: vec!["Othre".to_owned()], ..Options::default() };
    let told = refused(&wireshark::import_text("dictionary.xml", &main, &folder, &options));
    assert!(told.contains("did you mean `Other`?"), "{told}");
}

#[test]
fn files_come_from_the_same_folder_only() {
    for system in ["../acme.xml", "/etc/passwd", "http://example.com/a.xml", "sub/acme.xml", "..\\a.xml", "C:a.xml"] {
        let text = format!(r#"<!DOCTYPE dictionary [<!ENTITY e SYSTEM "{system}">]><dictionary>&e;</dictionary>"#);
        let told = refused(&import(&text));
        assert!(told.contains("no file of the same folder"), "{told}");
    }
    let folder = tempfile_folder();
    let inner = folder.join("inner");
    fs::create_dir_all(&inner).unwrap();
    fs::write(folder.join("outside.xml"), VENDOR).unwrap();
    let main = inner.join("dictionary.xml");
    fs::write(&main, r#"<!DOCTYPE dictionary [<!ENTITY e SYSTEM "link.xml">]><dictionary>&e;</dictionary>"#).unwrap();
    let told = refused(&wireshark::import(std::slice::from_ref(&main), &Options::default()));
    assert!(told.contains("error[D001]") && told.contains("dictionary.xml:1:"), "{told}");
    #[cfg(unix)]
    {
        let _ = std::os::unix::fs::symlink("../outside.xml", inner.join("link.xml"));
        let told = refused(&wireshark::import(std::slice::from_ref(&main), &Options::default()));
        assert!(told.contains("leads out of the folder"), "{told}");
        // What is no file at all would be read forever.
        fs::remove_file(inner.join("link.xml")).unwrap();
        let told = refused(&wireshark::import(&[PathBuf::from("/dev/zero")], &Options::default()));
        assert!(told.contains("it is not a file"), "{told}");
    }
    fs::remove_dir_all(folder).unwrap();
}

fn tempfile_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wireshark-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn entities_are_bounded() {
    // Each ten times the one before.
    let mut laughs = String::from("<!DOCTYPE dictionary [<!ENTITY l0 \"<base/>\">");
    for level in 1..9 {
        laughs.push_str(&format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10)));
    }
    laughs.push_str("]><dictionary>&l8;</dictionary>");
    assert!(refused(&import(&laughs)).contains("nested deeper than"));
    let wide = laughs.replace("&l8;</dict", "&l3;&l3;</dict");
    assert!(refused(&import(&wide)).contains("more than"), "{}", import(&wide).render());

    let itself = "<!DOCTYPE dictionary [<!ENTITY a \"&b;\"><!ENTITY b \"&a;\">]><dictionary>&a;</dictionary>";
    assert!(refused(&import(itself)).contains("contains itself"));
    let folder = files(&[("acme.xml", "&a;"), ("b.xml", "&b;")]);
    let text = "<!DOCTYPE dictionary [<!ENTITY a SYSTEM \"acme.xml\"><!ENTITY b SYSTEM \"b.xml\">]><dictionary>&b;&a;</dictionary>";
    let told = wireshark::import_text("acme.xml", text, &folder, &Options::default());
    assert!(refused(&told).contains("contains itself"));
    let long = format!("<!DOCTYPE dictionary [<!ENTITY a \"{}\">]><dictionary/>", "x".repeat(100_000));
    assert!(refused(&import(&long)).contains("longer than"));
    let deep = format!("<dictionary>{}{}</dictionary>", "<base>".repeat(100), "</base>".repeat(100));
    assert!(refused(&import(&deep)).contains("nested deeper than 32"));
    assert!(refused(&import("<dictionary>&nothing;</dictionary>")).contains("is not declared"));
    assert!(refused(&import("<dictionary><base></dictionary>")).contains("error[D002]"));
    assert!(refused(&import("<dictionary><base>")).contains("ends inside `<base>`"));
    assert!(refused(&import("<diameter/>")).contains("no dictionary of Wireshark"));
}

#[test]
fn contradictions_are_told_with_both_places() {
    let text = format!(
        "<dictionary>{VENDOR}\n<avp name=\"A\" code=\"1\" vendor-id=\"Acme\"><type type-name=\"Time\"/></avp>\n\
         <avp name=\"A\" code=\"1\" vendor-id=\"Acme\"><type type-name=\"Time\"/></avp>\n\
         <avp name=\"B\" code=\"1\" vendor-id=\"Acme\"><type type-name=\"Time\"/></avp>\n\
         <avp name=\"A\" code=\"1\" vendor-id=\"Acme\"><type type-name=\"UTF8String\"/></avp>\n\
         <avp name=\"Subscription\" code=\"443\"><type type-name=\"Time\"/></avp>\n\
         <avp code=\"3\"/><avp name=\"C\" code=\"x\"/></dictionary>"
    );
    let imported = import(&text);
    let told = imported.render();
    assert!(!imported.has_errors(), "{told}");
    assert_eq!((imported.counts.avps, imported.counts.standard, imported.counts.dropped), (1, 1, 3));
    for expected in [
        "acme.xml:4:1",
        "the code 1/Acme of `B` is taken",
        "first defined, as `A`, at acme.xml:2:1",
        "`A` (1/Acme) is defined again, differently",
        "`Subscription` (443/0) is `Subscription-Id` in the shipped dictionaries",
        "`<avp>` lacks the attribute `name`",
        "`code` is no number",
    ] {
        assert!(told.contains(expected), "{expected}:\n{told}");
    }
    assert_eq!(imported.diagnostics.len(), 5, "{told}");
}

#[test]
fn ours_survive_the_way_to_wireshark_and_back() {
    let standard = Loader::with_standard().load().dictionary;
    let exported = wireshark::export(&standard);
    let options = Options { all: true, ..Options::default() };
    let imported = wireshark::import_text("dictionary.xml", &exported, &NoFolder, &options);
    assert!(imported.diagnostics.is_empty(), "{}", imported.render());
    assert_eq!(imported.counts.avps, standard.avps.len());
    let loaded = load(&imported.text);
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let again: HashMap<(u32, u32), _> = (loaded.dictionary.avps.iter())
        .filter(|avp| loaded.dictionary.files[avp.file.0].path == "imported.xml")
        .map(|avp| ((avp.vendor, avp.code), avp))
        .collect();
    for avp in &standard.avps {
        let read = again[&(avp.vendor, avp.code)];
        let radius_address = avp.vendor == 0 && avp.code < 256;
        assert!(read.data_type == avp.data_type || radius_address, "{}", avp.name);
        assert_eq!(
            (read.m, read.members.len(), read.items.len()),
            (avp.m, avp.members.len(), avp.items.len()),
            "{}",
            avp.name
        );
    }
}

#[test]
fn command_codes_of_more_than_24_bits_are_left_out() {
    let commands = "<command name='Ask' code='16777215'/><command name='Tell' code='16777216'/>";
    let text = format!("<dictionary><application id='7' name='Acme'>{commands}</application></dictionary>");
    let imported = import(&text);
    let told = imported.render();
    assert!(told.contains("`code` is no number from 0 to 16777215: `16777216`; left out"), "{told}");
    assert!(imported.text.contains("Ask") && !imported.text.contains("Tell"), "{}", imported.text);
    assert!(!load(&imported.text).has_errors());
}

fn survives(text: &str) {
    let folder = files(&[("dictionary.xml", PIECES), ("a.xml", text), ("b.xml", "<vendor vendor-id='B' code='7'/>")]);
    for all in [false, true] {
        let options = Options { all, ..Options::default() };
        let imported = wireshark::import_text("acme.xml", text, &folder, &options);
        assert_eq!(imported.render().is_empty(), imported.diagnostics.is_empty());
        if imported.has_errors() {
            continue;
        }
        // Without the standard dictionaries where nothing refers to them, for speed.
        let mut loader = if all { Loader::new() } else { Loader::with_standard() };
        let unit = loader.unit("imported", None);
        loader.add_text(unit, "imported.xml", &imported.text);
        let loaded = loader.load();
        assert!(!loaded.has_errors(), "{text}\nbecame\n{}\n{}", imported.text, loaded.render());
        let _ = wireshark::export(&loaded.dictionary);
    }
}

const PIECES: &str = r#"<!DOCTYPE dictionary SYSTEM "dictionary.dtd" [<!ENTITY a SYSTEM "a.xml"><!ENTITY b SYSTEM 'b.xml'><!ENTITY t "x">]>
<dictionary><base uri="none"><command name="Ping" code="511" vendor-id="None"/><typedefn type-name="T" type-parent="Time"/>
<avp name="A" code="60001" mandatory="must" may-encrypt="no" protected="may" vendor-bit="mustnot"><type type-name="T"/></avp></base>
<vendor vendor-id="V" code="9999" name="&t;"><avp name="A" code="1" vendor-id="V"><grouped><gavp name="B"/></grouped></avp></vendor>&a;&b;</dictionary>"#;

fn piece() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "A",
        "B",
        "a",
        "A-1",
        "A_1",
        "Session-Id",
        "Self",
        "5G",
        "Extras",
        "é",
        "",
        "&lt;",
        "--",
        "3GPP-A",
        "TGPP-A",
        "Type",
    ]);
    let other = name.clone();
    let number = prop::sample::select(vec!["0", "1", "2", "3", "263", "4294967295", "4294967296", "-1", "x", ""]);
    let kind =
        prop::sample::select(vec!["Enumerated", "Unsigned32", "Integer32", "IPAddress", "Time", "Loop", "Q", ""]);
    let vendor = prop::sample::select(vec!["V", "W", "None", "TGPP", ""]);
    (0..9_u8, name, other, number.clone(), number, kind, vendor).prop_map(|(which, a, b, n, m, kind, v)| match which {
        0 => format!("<avp name='{a}' code='{n}' vendor-id='{v}' vendor-bit='must'><type type-name='{kind}'/><enum name='{b}' code='{m}'/><enum name='{a}' code='{n}'/></avp>"),
        1 => format!("<avp name='{a}' code='{n}' vendor-id='{v}'><grouped><gavp name='{a}'/><gavp name='{b}'/><gavp name='A'/></grouped></avp>"),
        2 => format!("<vendor vendor-id='{v}' code='{n}' name='{a}'/>"),
        3 => format!("<application id='{n}' name='{a}'><command name='{b}' code='{m}'/><command name='{a}' code='{n}'/></application>"),
        4 => format!("<typedefn type-name='{a}' type-parent='{kind}'/><typedefn type-name='Loop' type-parent='Loop'/>"),
        5 => format!("<avp name='{a}' code='{n}' description='{b}'><type type-name='{kind}'/></avp>"),
        6 => "&a;&b;".to_owned(),
        7 => format!("<{kind} {a}='{b}'>"),
        _ => "<vendor vendor-id='V' code='9999'/><vendor vendor-id='W' code='10415'/>".to_owned(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn pieces_of_dictionaries(pieces in prop::collection::vec(piece(), 0..14), whole in any::<bool>()) {
        let text = pieces.concat();
        survives(&if whole { format!("<dictionary>{text}</dictionary>") } else { text });
    }

    #[test]
    fn damaged_dictionaries(at in 0..PIECES.len(), cut in 0..40_usize, insert in "[<>/=\"'&;%a-z0-9é!\\[\\]-]{0,8}") {
        let mut text = PIECES.to_owned();
        let start = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &insert);
        survives(&text);
    }
}
