//! `diametric cdf` as it is used.

mod charging;

use charging::{Server, lines, text};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn records(path: &Path) -> Vec<Value> {
    let written = std::fs::read_to_string(path).unwrap();
    written.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn operations(records: &[Value]) -> Vec<(&str, &str, u64)> {
    let text = |record: &'_ Value, name: &str| record[name].as_str().unwrap().to_owned().leak() as &str;
    records
        .iter()
        .map(|record| {
            (text(record, "operation"), text(record, "record_type"), record["record_number"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn every_operation_is_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cdr.jsonl");
    std::fs::write(&path, "{\"operation\":\"older\"}\n").unwrap();
    let server = Server::start("cdf", &["--out", path.to_str().unwrap()]);
    lines(&server.client("rf", &["--mode", "session", "--interims", "2"]), 0);
    lines(&server.client("rf", &["--mode", "event", "--service-context-id", "32274@3gpp.org"]), 0);
    // It is all there while the server still runs, after what was there before.
    let records = records(&path);
    assert_eq!(records[0]["operation"], "older");
    let expected = [
        ("open", "START_RECORD", 0),
        ("update", "INTERIM_RECORD", 1),
        ("update", "INTERIM_RECORD", 2),
        ("close", "STOP_RECORD", 3),
        ("event", "EVENT_RECORD", 0),
    ];
    assert_eq!(operations(&records[1..]), expected);
    let [_, open, .., close, event] = &records[..] else { panic!("{records:?}") };
    assert_eq!(open["session_id"], close["session_id"]);
    assert_ne!(open["session_id"], event["session_id"]);
    assert_eq!(
        (&open["service_context_id"], &event["service_context_id"]),
        (&"32260@3gpp.org".into(), &"32274@3gpp.org".into())
    );
    assert_eq!((&open["origin_host"], &open["node_functionality"]), (&"ctf.example.com".into(), &"AS".into()));
    assert_eq!(open["subscription_id"], serde_json::json!(["001010123456789"]));
    for name in ["time", "event_timestamp"] {
        assert!(open[name].as_str().is_some_and(|time| time.starts_with("20") && time.ends_with('Z')), "{open}");
    }
    let keys: Vec<_> = open.as_object().unwrap().keys().take(6).collect();
    assert_eq!(keys, ["operation", "session_id", "record_number", "record_type", "time", "service_context_id"]);
}

#[test]
fn records_may_go_to_standard_output() {
    let server = Server::start("cdf", &["--out", "-"]);
    lines(&server.client("rf", &["--mode", "event"]), 0);
    let (status, printed, told) = server.stop("INT");
    assert_eq!((status.code(), told.as_str()), (Some(0), ""));
    let record: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(record["operation"], "event");
}

#[test]
fn signals_stop_it() {
    for signal in ["TERM", "INT"] {
        let server = Server::start("cdf", &["--out", "-"]);
        let (status, printed, told) = server.stop(signal);
        assert_eq!((status.code(), printed.as_str(), told.as_str()), (Some(0), "", ""), "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_out_of_space() {
    let server = Server::start("cdf", &["--out", "/dev/full"]);
    for (mode, kind) in [("session", "START_RECORD"), ("event", "EVENT_RECORD")] {
        let lines = lines(&server.client("rf", &["--mode", mode]), 1);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((&line["type"], &line["result_code"]), (&kind.into(), &4002.into()));
    }
    let (status, printed, told) = server.stop("TERM");
    assert_eq!((status.code(), printed.as_str()), (Some(0), ""));
    assert!(told.lines().count() == 2 && told.contains("cannot write to /dev/full: "), "{told}");
}

#[test]
fn records_that_nobody_reads_hold_up_neither_the_server_nor_its_end() {
    let server = Server::start("cdf", &["--out", "-"]);
    // More than a pipe holds.
    let arguments = ["--mode", "event", "--calls", "100000", "--concurrency", "50", "--timeout", "0.5"];
    assert_eq!(server.client("rf", &arguments).status.code(), Some(2));
    let output = server.client("rf", &["--mode", "event", "--timeout", "0.5"]);
    let told = text(&output.stderr);
    assert!(told.contains("no answer from cdf.example.net within 500ms"), "it is connected: {told}");
    let (status, _, told) = server.stop("TERM");
    assert_eq!(status.code(), Some(0));
    assert_eq!(told, "the last records could not be written in time, and are not answered\n");
}

#[test]
fn a_file_that_cannot_be_opened_is_told_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/cdr.jsonl");
    let output = Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args(["cdf", "--listen", "127.0.0.1:0", "--out", path.to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
    assert!(text(&output.stderr).contains("missing/cdr.jsonl: "), "{}", text(&output.stderr));
}

#[test]
fn what_is_refused_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cdr.jsonl");
    let server = Server::start("cdf", &["--out", path.to_str().unwrap(), "--result-code", "5012"]);
    lines(&server.client("rf", &["--mode", "event"]), 1);
    assert_eq!(records(&path), [] as [Value; 0]);
}

#[test]
fn a_session_that_goes_silent_expires() {
    use diametric::{Config, Node};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cdr.jsonl");
    let server = Server::start("cdf", &["--out", path.to_str().unwrap(), "--supervision", "1"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let id = runtime.block_on(async {
        let config = Config::new("ctf.example.com", "example.com").peer(server.address).rf_client("example.net");
        let node = Node::builder(config).start().await.unwrap();
        let started = node.rf().unwrap().service("32260@3gpp.org").start(|_| ()).await.unwrap();
        let id = started.session.id().to_owned();
        // Nobody stops it.
        started.session.detach().await.unwrap();
        id
    });
    let begun = Instant::now();
    let records = loop {
        let records = records(&path);
        if records.len() == 2 {
            break records;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{records:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!((&records[1]["operation"], &records[1]["session_id"]), (&"expire".into(), &id.into()));
}
