//! `diametric demo`: what it shows, and what it writes.

use pcap_file::pcap::PcapReader;
use std::fs::File;
use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .arg("demo")
        .args(arguments)
        .output()
        .expect("the command runs")
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("the command writes UTF-8")
}

/// The messages of a chart, without their arrows: `> CCR …` is one of the client.
fn messages(printed: &str) -> Vec<String> {
    let shown = |line: &str| {
        let line = line.strip_prefix("    |")?.strip_suffix('|')?;
        match line.strip_prefix("<-") {
            Some(label) => Some(format!("< {}", label.trim_matches(['-', ' ']))),
            None => Some(format!("> {}", line.strip_prefix("--")?.trim_end_matches('>').trim_matches(['-', ' ']))),
        }
    };
    printed.lines().filter_map(shown).collect()
}

#[test]
fn everything_that_ro_can_do_is_done() {
    let output = demo(&[]);
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(0)), "{}", text(&output.stdout));
    let printed = text(&output.stdout);
    let expected = [
        "> CER",
        "< CEA 2001",
        "> CCR EVENT_REQUEST #0, CHECK_BALANCE",
        "< CCA 2001 #0, ENOUGH_CREDIT",
        "> CCR EVENT_REQUEST #0, DIRECT_DEBITING, 1 unit, \"Happy birthday\"",
        "< CCA 2001 #0, 1 unit granted",
        "> CCR EVENT_REQUEST #0, REFUND_ACCOUNT, 1 unit",
        "< CCA 2001 #0, 1 unit granted",
        "> CCR INITIAL_REQUEST #0, rating group 7: 20 MiB wanted, \"Summer nights\"",
        "< CCA 2001 #0, rating group 7: 20 MiB granted",
        "> CCR TERMINATION_REQUEST #1, rating group 7: 12 MiB used",
        "< CCA 2001 #1",
        "> CCR INITIAL_REQUEST #0, rating group 8: 5 MiB wanted",
        "< CCA 2001 #0, rating group 8: 5 MiB granted",
        "> CCR UPDATE_REQUEST #1, rating group 8: 5 MiB used, 5 MiB wanted",
        "< CCA 2001 #1, rating group 8: 5 MiB granted",
        "> CCR UPDATE_REQUEST #2, rating group 8: 5 MiB used, 5 MiB wanted",
        "< CCA 2001 #2, rating group 8: 5 MiB granted",
        "< RAR AUTHORIZE_ONLY, rating group 8",
        "> RAA 2002",
        "> CCR UPDATE_REQUEST #3, rating group 8: 2 MiB used, 5 MiB wanted, FORCED_REAUTHORISATION",
        "< CCA 2001 #3, rating group 8: 5 MiB granted",
        "> CCR TERMINATION_REQUEST #4, rating group 8: 1 MiB used",
        "< CCA 2001 #4",
        "> DPR",
        "< DPA 2001",
    ];
    // Offline charging may follow.
    let messages = messages(printed);
    assert_eq!(messages[..expected.len().min(messages.len())], expected, "{printed}");
    for (line, what) in [
        ("debits 0.15 EUR: account 9.85 EUR, reserved 0.00 EUR |", "the debit"),
        ("refunds 0.15 EUR: account 10.00 EUR, reserved 0.00 EUR |", "the refund"),
        ("debits 0.20 EUR, reserves 0.50 EUR: account 7.60 EUR, reserved 0.50 EUR |", "the update"),
        ("Custom-Message \"Summer nights\", Campaign 1 (SUMMER_NIGHTS)", "the vendor's AVPs"),
        ("7.50 EUR", "the balance"),
    ] {
        assert!(printed.lines().any(|printed| printed.ends_with(line)), "{what} is not shown:\n{printed}");
    }
}

#[test]
fn lines_are_of_one_width() {
    let printed = demo(&[]);
    let chart: Vec<&str> = text(&printed.stdout).lines().filter(|line| line.starts_with("    |")).collect();
    assert!(chart.len() > 30);
    let width = chart[0].chars().count();
    assert!(width <= 100, "{width}");
    for line in chart {
        assert_eq!(line.chars().count(), width, "{line}");
    }
}

#[test]
fn the_traffic_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("demo.pcap");
    let output = demo(&["--pcap", path.to_str().expect("the path is UTF-8")]);
    assert_eq!(output.status.code(), Some(0));
    let mut reader = PcapReader::new(File::open(path).expect("it was written")).expect("it is pcap");
    let mut packets = 0;
    while let Some(packet) = reader.next_packet() {
        let packet = packet.expect("it is whole");
        let sliced = etherparse::SlicedPacket::from_ethernet(&packet.data).expect("Ethernet, IP and TCP");
        let Some(etherparse::TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("it is TCP") };
        assert!(tcp.source_port() == 3868 || tcp.destination_port() == 3868);
        assert_eq!(tcp.payload()[0], 1, "a message begins with its version");
        packets += 1;
    }
    assert_eq!(packets, messages(text(&output.stdout)).len());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let output = demo(&["--pcap", "/nowhere/demo.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/demo.pcap"), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let output = demo(&["--pcap", "/dev/full"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write /dev/full: No space left on device"), "{told}");

    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(assert_cmd::cargo::cargo_bin!("diametric")).arg("demo").stdout(full).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write to standard output: No space left on device"), "{told}");
}
