//! `diametric dictionary import`, `export` and `diff`, as they are used.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// Runs `diametric dictionary`: what it printed, what it complained about, and its exit status.
fn told(arguments: &[&str]) -> (String, String, i32) {
    let output = assert_cmd::cargo::cargo_bin_cmd!("diametric").arg("dictionary").args(arguments).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("the command writes UTF-8");
    (text(output.stdout), text(output.stderr), output.status.code().expect("it ended by itself"))
}

fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", name].iter().collect();
    path.to_str().expect("the path is UTF-8").to_owned()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_help_has_examples() {
    for tool in ["import", "export", "diff"] {
        let (help, _, status) = told(&[tool, "--help"]);
        assert!(status == 0 && help.contains("EXAMPLES:\n  "), "{help}");
    }
}

#[test]
fn an_import_is_a_dictionary() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("acme.xml");
    let out = out.to_str().unwrap();
    let main = data("wireshark/dictionary.xml");
    let (printed, complaints, status) = told(&["import", "--from", "wireshark", &main, "--out", out]);
    assert_eq!((printed.as_str(), status), ("", 0));
    assert!(complaints.contains("acme-part.xml:10:16"), "{complaints}");
    assert!(complaints.ends_with("left out: in the standard dictionaries 1, repeated or faulty 2\n"), "{complaints}");
    let (summary, complaints, status) = told(&["check", out]);
    assert_eq!(
        (summary, complaints.as_str(), status),
        (format!("{out}: 13 AVPs, 1 group, 1 command; no errors\n"), "", 0)
    );

    // A part, to standard output; what it needs of the whole comes with it.
    let part = data("wireshark/acme-part.xml");
    let (printed, _, status) = told(&["import", "--from", "wireshark", &part]);
    assert_eq!(status, 0);
    assert!(printed.contains("name=\"acme_part\"") && printed.contains("Base-Address"), "{printed}");
    assert!(printed.contains("optional and unbounded"), "{printed}");
    assert!(!printed.contains("Ping-Answered") && !printed.contains("Base-Vendor"), "{printed}");
    let (printed, _, _) =
        told(&["import", "--from", "wireshark", "--application", "16777001", "--name", "ping", &main]);
    assert!(printed.contains("<diameter name=\"ping\">") && printed.contains("Ping-Answered"), "{printed}");
    assert!(!printed.contains("Acme-Route"), "{printed}");

    // With what the standard dictionaries have as well.
    let (_, _, status) = told(&["import", "--from", "wireshark", "--all", "--vendor", "0", &main, "--out", out]);
    let (summary, complaints, checked) = told(&["check", out]);
    assert_eq!((status, checked), (0, 0), "{complaints}");
    assert!(summary.contains(": 8 AVPs"), "{summary}");
}

#[test]
fn an_import_that_cannot_be_is_told() {
    let main = data("wireshark/dictionary.xml");
    let (printed, complaints, status) = told(&["import", "--from", "wireshark", "--vendor", "Acmee", &main]);
    assert_eq!((printed.as_str(), status), ("", 1));
    assert!(complaints.contains("did you mean `Acme`?"), "{complaints}");
    let (printed, complaints, status) = told(&["import", "--from", "wireshark", "absent.xml"]);
    assert_eq!((printed.as_str(), status), ("", 1));
    assert!(complaints.contains("cannot read absent.xml"), "{complaints}");
    let (_, _, status) = told(&["import", "--from", "nowhere", &main]);
    assert_eq!(status, 2);
}

#[test]
fn json_has_the_documented_shape() {
    let (printed, complaints, status) = told(&["export", "--to", "json", &data("acme.xml")]);
    assert_eq!((complaints.as_str(), status), ("", 0));
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&"diametric-dictionary".into(), &1.into()));
    let avps = json["avps"].as_array().unwrap();
    let avp = |name: &str| avps.iter().find(|avp| avp["name"] == name).unwrap();
    let route = avp("Acme-Route");
    assert_eq!((&route["code"], &route["vendor"], &route["type"]), (&7001.into(), &99999.into(), &"Grouped".into()));
    assert_eq!(route["flags"], serde_json::json!({ "M": "must", "P": "may", "V": "must" }));
    assert_eq!((&route["any"], &route["dictionary"]), (&true.into(), &"acme".into()));
    assert_eq!(route["spec"], "Acme charging guide 2.1 3.1");
    let hop = &route["members"][0];
    assert_eq!((&hop["avp"], &hop["kind"], &hop["min"]), (&"Acme-Hop".into(), &"required".into(), &1.into()));
    assert!(hop.get("max").is_none(), "{hop}");
    let mode = avp("CC-Request-Type");
    assert_eq!((&mode["closed"], &mode["values"][0]["name"]), (&true.into(), &"INITIAL_REQUEST".into()));
    let commands = json["commands"].as_array().unwrap();
    let ccr = commands.iter().find(|command| command["code"] == 272 && command.get("like").is_none()).unwrap();
    let members = ccr["request"]["members"].as_array().unwrap();
    let added = members.iter().find(|member| member["avp"] == "Acme-Route").unwrap();
    assert_eq!(added["added_by"], "acme");
    assert_eq!(json["answer_message"]["name"], "answer-message");
    for list in ["vendors", "applications", "dictionaries"] {
        assert!(json[list].as_array().is_some_and(|list| !list.is_empty()), "{list}");
    }
}

#[test]
fn the_page_has_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("reference.html");
    let hostile = write(
        folder.path(),
        "hostile.xml",
        r#"<diameter name="hostile"><vendor id="99999" name="&lt;/script>&lt;script>alert(1)&lt;/script>"/>
           <avp name="Acme-Hostile" code="1" vendor-id="99999"><doc>&lt;/script>&lt;!--{{DATA}}</doc><data type="Time"/></avp></diameter>"#,
    );
    let (_, complaints, status) = told(&["export", "--to", "html", "--out", out.to_str().unwrap(), &hostile]);
    assert_eq!((complaints.as_str(), status), ("", 0));
    let page = std::fs::read_to_string(out).unwrap();
    assert!(page.len() < 3_000_000, "{}", page.len());
    for text in ["Multiple-Services-Credit-Control", "INITIAL_REQUEST", "Acme-Hostile"] {
        assert!(page.contains(text), "{text}");
    }
    // Nothing from elsewhere, and what a dictionary says never ends the script.
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(!page.contains("<script>alert"));
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(page.matches("{{").count(), 1, "only that of the description is left");
}

#[test]
fn an_export_to_wireshark_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dictionary.xml");
    let out = out.to_str().unwrap();
    let (_, complaints, status) = told(&["export", "--to", "wireshark", "--out", out, &data("acme.xml")]);
    assert_eq!((complaints.as_str(), status), ("", 0));
    let (printed, complaints, status) = told(&["import", "--from", "wireshark", "--vendor", "ACME", out]);
    assert_eq!(status, 0, "{complaints}");
    assert!(printed.contains("<avp name=\"Acme-Route\" code=\"7001\" vendor-id=\"99999\" must=\"V,M\""), "{printed}");
}

const OLD: &str = r#"<diameter name="acme"><vendor id="99999" name="Acme"/>
  <avp name="Acme-Text" code="1" vendor-id="99999"><data type="UTF8String"/></avp>
  <avp name="Acme-Group" code="2" vendor-id="99999"><data type="Grouped"><rule avp="Acme-Text"/><any/></data></avp></diameter>"#;

#[test]
fn differences_are_told_as_text_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let old = write(folder.path(), "old.xml", OLD);
    let new = write(folder.path(), "new.xml", &OLD.replace("\"Acme-Text\"/>", "\"Acme-Text\" max=\"*\"/>"));
    assert_eq!(told(&["diff", &old, &old]), (String::new(), String::new(), 0));
    let expected = "\
major  wire  member cardinality: Acme-Group (2/99999), Acme-Text: [ Acme-Text ] -> * [ Acme-Text ]
             Rust: `Option<T>` becomes `List<T>`
             wire: the old side refuses that many (5009)
1 change: major 1, minor 0, patch 0; 1 on the wire. The next version is major.
";
    assert_eq!(told(&["diff", &old, &new]), (expected.to_owned(), String::new(), 1));
    let (printed, _, status) = told(&["diff", "--json", &old, &new]);
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((status, &json["semver"], &json["wire_breaks"]), (1, &"major".into(), &true.into()));
    assert_eq!(json["changes"][0]["kind"], "cardinality");
    assert_eq!(json["changes"][0]["wire"]["reason"], "the old side refuses that many (5009)");
    assert_eq!(json["changes"][0]["rust"]["semver"], "major");
}

#[test]
fn differences_of_sets_of_files() {
    assert_eq!(told(&["diff", "standard", "standard"]), (String::new(), String::new(), 0));
    // A copy of the standard dictionaries is read without them.
    let xml: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "dictionary", "xml"].iter().collect();
    assert_eq!(told(&["diff", xml.to_str().unwrap(), "standard"]), (String::new(), String::new(), 0));
    let acme = data("acme.xml");
    let (printed, _, status) = told(&["diff", "standard", &format!("standard,{acme}")]);
    assert_eq!(status, 1);
    assert!(printed.contains("avp added: Acme-Route (7001/99999)"), "{printed}");
    assert!(printed.contains("Credit-Control-Request of application 4, extended, Acme-Route"), "{printed}");
    assert!(!printed.contains("removed"), "{printed}");
    // Trouble is another status than a difference.
    let (printed, complaints, status) = told(&["diff", "absent.xml", "also-absent.xml"]);
    assert_eq!((printed.as_str(), status), ("", 2));
    assert!(
        complaints.contains("cannot read absent.xml") && complaints.contains("cannot read also-absent.xml"),
        "{complaints}"
    );
    let empty = tempfile::tempdir().unwrap();
    let (_, complaints, status) = told(&["diff", empty.path().to_str().unwrap(), "standard"]);
    assert!(status == 2 && complaints.contains("has no *.xml files"), "{complaints}");
}
