//! Lines, good and bad.

use crate::build::{ccr, hex, message, number};
use crate::{diametric, printed, text, told};

fn dwr(state: u32) -> String {
    hex(&message(0x80, 280, 0, &[number(278, state)]))
}

fn states(tree: &str) -> Vec<&str> {
    tree.lines().filter_map(|line| line.strip_prefix("  Origin-State-Id (278) M ")).collect()
}

#[test]
fn blank_lines_comments_blanks_and_upper_case() {
    let spaced: String = dwr(3).as_bytes().chunks(2).map(|pair| format!("{} ", text(pair))).collect();
    let input = format!(
        "# first\n\n  \t\n{}\r\n  # second\n  {spaced}\n{}",
        dwr(0xab).to_uppercase(),
        dwr(4).replace("00", "00:")
    );
    assert_eq!(states(&printed(&["decode"], &input)), ["171", "3", "4"]);
    assert_eq!(printed(&["decode"], ""), "");
}

#[test]
fn a_file_is_read_as_standard_input_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("messages.hex");
    std::fs::write(&path, dwr(9)).unwrap();
    assert_eq!(printed(&["decode", path.to_str().unwrap()], ""), printed(&["decode", "-"], &dwr(9)));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let (tree, complaint, status) = told(&["decode", "no/such/file.hex"], "");
    assert_eq!((tree.as_str(), status), ("", Some(1)));
    assert!(complaint.starts_with("error: cannot read no/such/file.hex: "), "{complaint}");
}

#[test]
fn bad_lines_are_told_and_the_others_decoded() {
    let cut = &dwr(5)[..40];
    let cases = [
        ("01zz", "'z' (character 3) is not a hexadecimal digit; "),
        ("\u{1b}01", "'\\u{1b}' (character 1) is not a hexadecimal digit; "),
        ("01000", "5 hexadecimal digits are an odd number, so half an octet is missing; "),
        ("0100", "2 octets are too few for a Diameter header, which takes 20; "),
        ("01000014", "Message Length says 20 octets, but there are 4; give the whole message in one line"),
        (cut, "Message Length says 32 octets, but there are 20; "),
        (
            "01000010800001180000000000000001",
            "Message Length 16 is not valid: it must be at least 20 and a multiple of 4; ",
        ),
        (&dwr(5).replacen("01000020", "01000021", 1), "Message Length 33 is not valid"),
        (&dwr(5).replacen("01000020", "02000020", 1), "version 2 is not supported: Diameter has version 1; "),
        ("4500002800000000000000000000000000000000", "version 69 is not supported: Diameter has version 1; "),
        ("00000014800001180000000000000001", "version 0 is not supported: Diameter has version 1; "),
    ];
    let bad: Vec<&str> = cases.iter().map(|(bad, _)| *bad).collect();
    let (tree, complaints, status) = told(&["decode"], &format!("{}\n{}\n{}\n", dwr(1), bad.join("\n"), dwr(2)));
    assert_eq!((states(&tree), status), (vec!["1", "2"], Some(1)));
    for (position, (complaint, (bad, expected))) in complaints.lines().zip(&cases).enumerate() {
        let expected = format!("line {}: {expected}", position + 2);
        assert!(complaint.starts_with(&expected), "{bad}: {complaint}");
    }
    assert_eq!(complaints.lines().count(), cases.len(), "{complaints}");
}

#[test]
fn messages_behind_one_another_are_decoded_in_turn() {
    let line = [dwr(1), dwr(2), dwr(3)].concat();
    assert_eq!(states(&printed(&["decode"], &line)), ["1", "2", "3"]);
    let json = printed(&["decode", "--json"], &format!("# two lines\n{line}\n{}", dwr(4)));
    let lines: Vec<&str> = json.lines().map(|object| object.split(',').next().unwrap()).collect();
    assert_eq!(lines, ["{\"line\":2", "{\"line\":2", "{\"line\":2", "{\"line\":3"]);

    let (tree, complaint, status) = told(&["decode"], &format!("{}{}", dwr(1), &dwr(2)[..60]));
    assert_eq!((states(&tree), status), (vec!["1"], Some(1)));
    assert!(
        complaint.starts_with("line 1, message 2: Message Length says 32 octets, but there are 30; "),
        "{complaint}"
    );
    let other_version = dwr(2).replacen("01", "03", 1);
    let (tree, complaint, status) = told(&["decode"], &[dwr(1), other_version, dwr(3)].concat());
    assert_eq!((states(&tree), status), (vec!["1", "3"], Some(1)));
    assert!(complaint.starts_with("line 1, message 2: version 3 "), "{complaint}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::process::{Command, Stdio};
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args(["decode", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(command.stdout.take());
    let input = format!("{}\n", hex(&ccr())).repeat(1000);
    // The command may be gone before it has read everything.
    let _ = std::io::Write::write_all(&mut command.stdin.take().unwrap(), input.as_bytes());
    let output = command.wait_with_output().unwrap();
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(0)));
}

#[test]
fn every_help_has_examples() {
    for arguments in [
        &["--help"][..],
        &["decode", "--help"],
        &["dictionary", "--help"],
        &["dictionary", "check", "--help"],
        &["dictionary", "show", "--help"],
    ] {
        assert!(printed(arguments, "").contains("EXAMPLES:\n  "), "{arguments:?}");
    }
    assert_eq!(diametric(&["decode", "--no-such-option"], "").status.code(), Some(2));
}
