//! Dictionaries, checked and looked up.

use crate::{data, printed, told};

#[test]
fn check_counts_what_a_good_file_defines() {
    let acme = data("acme.xml");
    let expected = format!("{acme}: 8 AVPs, 1 group, 1 command; no errors\n");
    assert_eq!(printed(&["dictionary", "check", &acme], ""), expected);
}

#[test]
fn check_tells_everything_that_is_wrong() {
    let broken = data("broken.xml");
    let (summary, complaints, status) = told(&["dictionary", "check", &broken], "");
    assert_eq!(status, Some(1));
    assert!(complaints.contains("error[D021]"), "{complaints}");
    assert!(complaints.contains("error[D012]"), "{complaints}");
    assert!(complaints.contains(&format!("--> {broken}:6:")), "{complaints}");
    assert!(complaints.ends_with("error: 2 errors\n"), "{complaints}");
    assert!(summary.starts_with(&format!("{broken}: ")) && summary.ends_with("; 2 errors\n"), "{summary}");
}

#[test]
fn check_is_lenient_with_files_of_go_diameter_unless_told_otherwise() {
    let file = data("go-acme.xml");
    let (summary, complaints, status) = told(&["dictionary", "check", &file], "");
    assert_eq!((summary, status), (format!("{file}: 3 AVPs, 1 group, 0 commands; no errors, 1 warning\n"), Some(0)));
    assert!(complaints.starts_with("warning[D025]"), "{complaints}");
    let (summary, complaints, status) = told(&["dictionary", "check", "--strict", &file], "");
    assert_eq!(status, Some(1));
    assert!(complaints.contains("error[D025]"), "{complaints}");
    assert!(summary.contains("error"), "{summary}");
}

#[test]
fn check_takes_several_files_as_one_set() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let one = write(
        "one.xml",
        r#"<diameter name="one"><vendor id="99999" name="Acme"/>
           <avp name="Acme-A" code="1" vendor-id="99999" must="V"><data type="Unsigned32"/></avp></diameter>"#,
    );
    let two = write(
        "two.xml",
        r#"<diameter name="two"><import dictionary="one"/><vendor id="99999" name="Acme"/>
           <avp name="Acme-B" code="2" vendor-id="99999" must="V"><data type="Grouped"><rule avp="Acme-A"/></data></avp></diameter>"#,
    );
    let expected =
        format!("{two}: 1 AVP, 1 group, 0 commands; no errors\n{one}: 1 AVP, 0 groups, 0 commands; no errors\n");
    assert_eq!(printed(&["dictionary", "check", &two, &one], ""), expected);
    let (summary, complaints, status) = told(&["dictionary", "check", &two, "absent.xml"], "");
    assert_eq!(status, Some(1));
    assert!(complaints.contains("error[D001]: cannot read absent.xml"), "{complaints}");
    assert!(summary.ends_with("absent.xml: cannot be read\n"), "{summary}");
}

#[test]
fn show_an_avp() {
    let expected = "\
CC-Request-Type
  code         416
  vendor       0 (IETF)
  type         Enumerated, closed: other values are refused
  flags        V must not, M must, P may
  clause       RFC 8506 8.3
  dictionary   rfc8506.xml
  values       1  INITIAL_REQUEST
               2  UPDATE_REQUEST
               3  TERMINATION_REQUEST
               4  EVENT_REQUEST
  member of    Credit-Control-Request (CCR) of application 4: { CC-Request-Type }
               Credit-Control-Answer (CCA) of application 4: { CC-Request-Type }
";
    for name in ["CC-Request-Type", "cc-request-type", "416", "416/0"] {
        let shown = printed(&["dictionary", "show", name], "");
        assert!(shown.starts_with(expected), "{name}: {shown}");
    }
}

#[test]
fn show_a_group() {
    let shown = printed(&["dictionary", "show", "443"], "");
    assert!(shown.starts_with("Subscription-Id\n  code         443\n"), "{shown}");
    assert!(shown.contains("\n  type         Grouped\n"), "{shown}");
    assert!(shown.contains("Credit-Control-Request (CCR) of application 4: * [ Subscription-Id ]\n"), "{shown}");
    assert!(shown.contains("\n<Subscription-Id> ::= < AVP Header: 443 >\n"), "{shown}");
    assert!(shown.contains("{ Subscription-Id-Type }\n"), "{shown}");
}

#[test]
fn show_commands() {
    let request = printed(&["dictionary", "show", "ccr"], "");
    assert!(
        request.starts_with("Credit-Control-Request (CCR)\n  code         272\n  application  4 (Credit-Control)\n"),
        "{request}"
    );
    assert!(request.contains("<Credit-Control-Request> ::= < Diameter Header: 272, REQ, PXY >\n"), "{request}");
    assert!(!request.contains("Credit-Control-Answer"), "{request}");
    let both = printed(&["dictionary", "show", "Credit-Control"], "");
    for name in ["<Credit-Control-Request> ::=", "<Credit-Control-Answer> ::="] {
        assert!(both.contains(name), "{both}");
    }
    // Re-Auth has a form in the base protocol, and one in credit control.
    let forms = printed(&["dictionary", "show", "Re-Auth-Answer"], "");
    let applications: Vec<&str> = forms.lines().filter(|line| line.starts_with("  application")).collect();
    assert_eq!(applications, ["  application  0 (Base)", "  application  4 (Credit-Control)"]);
    assert!(printed(&["dictionary", "show", "answer-message"], "").starts_with("<answer-message> ::= "));
}

#[test]
fn show_all_that_have_a_name_or_code() {
    let shown = printed(&["dictionary", "show", "Originator"], "");
    assert_eq!(shown.matches("\n  code         ").count(), 2, "{shown}");
    // A code alone may be that of an AVP and that of a command.
    let shown = printed(&["dictionary", "show", "257"], "");
    assert!(shown.contains("Host-IP-Address\n") && shown.contains("<Capabilities-Exchange-Request> ::="), "{shown}");
}

#[test]
fn show_what_a_dictionary_adds() {
    let acme = data("acme.xml");
    let show = |name: &str| printed(&["dictionary", "show", "--dictionary", &acme, name], "");
    let route = show("7001/99999");
    assert!(route.contains("  vendor       99999 (Acme)\n"), "{route}");
    assert!(route.contains("  clause       Acme charging guide 2.1 3.1\n") || route.contains("3.1"), "{route}");
    assert!(route.contains("The way a call takes."), "{route}");
    assert!(
        route.contains(&format!("Credit-Control-Request (CCR) of application 4, added by {acme}: [ Acme-Route ]\n")),
        "{route}"
    );
    assert!(route.contains("1* { Acme-Hop }\n"), "{route}");
    let request = show("CCR");
    assert!(request.ends_with(&format!("added by {acme}:\n  [ Acme-Route ]\n")), "{request}");
    assert!(show("Node-Functionality").contains(&format!("9001  Acme-Gateway (added by {acme})\n")));
    assert!(show("APA").contains("<Acme-Policy-Answer> ::= < Diameter Header: 8388999, PXY >\n"));
}

#[test]
fn show_helps_with_names_that_do_not_exist() {
    let cases = [
        (
            "Servce-Information",
            "error: no AVP or command is named \"Servce-Information\"; did you mean `Service-Information`?\n",
        ),
        (
            "nothing-like-that-at-all",
            "error: no AVP or command is named \"nothing-like-that-at-all\"; names are those of the specifications, and `--dictionary XML` adds those of a vendor\n",
        ),
        ("4242/77", "error: no AVP or command has the code 4242/77; `--dictionary XML` adds those of a vendor\n"),
    ];
    for (name, expected) in cases {
        assert_eq!(told(&["dictionary", "show", name], ""), (String::new(), expected.to_owned(), Some(1)));
    }
}
