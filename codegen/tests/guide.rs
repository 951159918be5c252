//! The guide that shows XML beside the Rust it becomes shows what the generator makes of it.
//!
//! `BLESS=1 cargo test -p diametric-codegen --test guide` writes the blocks of the guide anew.
//!
//! A line `<!-- xml: HEAD -->` or `<!-- rust: HEAD | HEAD -->` stands before each block: the block holds the elements or
//! items that begin with these words.

use diametric_codegen::Generator;
use std::fs;
use std::path::Path;

const GUIDE: &str = "../docs/guide/from-xml-to-rust.md";

mod acme {
    #![allow(dead_code, reason = "the guide shows what is not used here")]
    diametric_derive::dictionary!("tests/guide/acme.xml", name = "acme", crate = ::diametric_protocol);
}

fn at(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of the guide with its blocks extracted anew.
fn extracted(guide: &str, xml: &str, rust: &str) -> String {
    let mut out = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some((kind, heads)) = marker(line) else { continue };
        let fence = lines.next().unwrap_or_default();
        assert_eq!(fence, format!("```{kind}"), "a block of {kind} stands after {line}");
        lines.by_ref().find(|line| *line == "```").expect("the block ends");
        let source = if kind == "xml" { xml } else { rust };
        let blocks: Vec<String> = heads.split(" | ").map(|head| block(source, head)).collect();
        out.push_str(&format!("{fence}\n{}\n```\n", blocks.join("\n\n")));
    }
    out
}

fn marker(line: &str) -> Option<(&str, &str)> {
    let (kind, heads) = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.split_once(": ")?;
    matches!(kind, "xml" | "rust").then_some((kind, heads))
}

/// The element or item that begins with `head`, with what documents it, without its indentation.
fn block(source: &str, head: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let begins = |line: &&str| {
        let rest = line.trim_start().strip_prefix(head);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let first = lines.iter().position(begins).unwrap_or_else(|| panic!("nothing begins with `{head}`"));
    let indent = lines[first].len() - lines[first].trim_start().len();
    let is_attached = |line: &&&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("#[");
    let attached = lines[..first].iter().rev().take_while(is_attached).count();
    let is_whole =
        |line: &str| line.ends_with("/>") || line.contains("</") || line.ends_with(';') || line.ends_with("{}");
    let ends = |line: &&str| line.len() > indent && !line[indent..].starts_with(' ') && !line.ends_with('{');
    let last = if is_whole(lines[first]) {
        first
    } else {
        first + 1 + lines[first + 1..].iter().position(ends).expect("what begins ends")
    };
    let dedented = lines[first - attached..=last].iter().map(|line| line.get(indent..).unwrap_or(""));
    dedented.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_guide_shows_what_is_generated() {
    let xml = fs::read_to_string(at("tests/guide/acme.xml")).unwrap();
    let generator = Generator::new().name("acme").dictionary(at("tests/guide/acme.xml")).single_file(true);
    let rust = generator.try_generate().unwrap_or_else(|error| panic!("{error}")).files[0].text.clone();
    let guide = fs::read_to_string(at(GUIDE)).unwrap();
    let expected = extracted(&guide, &xml, &rust);
    if std::env::var_os("BLESS").is_some() {
        fs::write(at(GUIDE), expected).unwrap();
        return;
    }
    assert!(guide == expected, "docs/guide/from-xml-to-rust.md is not what is generated: run again with BLESS=1");
}

#[test]
fn what_the_guide_shows_compiles() {
    use acme::acme::{AcmePsInformationExt as _, Campaign, Partner, PartnerRequired};
    use diametric_protocol::ts32299::PsInformation;
    let partner = Partner::new(PartnerRequired { custom_message: "hello".into() })
        .with_campaign(Campaign::SUMMER_NIGHTS)
        .with_rating_group(7_u32);
    let ps = PsInformation::new().with_partner(partner.clone());
    assert_eq!(ps.partner(), Ok(Some(partner)));
    assert_eq!(acme::DICTIONARY.commands.len(), 2);
}
