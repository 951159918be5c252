//! `diametric rf` as it is used: against `diametric cdf`, and against servers that do not behave.

mod charging;

use charging::{Server, client, lines, nowhere, said, text};
use std::collections::{HashMap, HashSet};
use std::net::TcpListener;

const NOWHERE: [&str; 2] = ["--out", "/dev/null"];

#[test]
fn a_session_with_interims() {
    let server = Server::start("cdf", &NOWHERE);
    let lines = lines(&server.client("rf", &["--mode", "session", "--interims", "2"]), 0);
    let expected = [
        ("ACR", "START_RECORD", Some(0), 2001),
        ("ACR", "INTERIM_RECORD", Some(1), 2001),
        ("ACR", "INTERIM_RECORD", Some(2), 2001),
        ("ACR", "STOP_RECORD", Some(3), 2001),
    ];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
    let sessions: HashSet<_> = lines.iter().map(|line| line["session_id"].as_str()).collect();
    assert_eq!(sessions.len(), 1);
    let keys: Vec<_> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["command", "type", "number", "result_code", "session_id", "latency_us"]);
}

#[test]
fn events_one_after_the_other() {
    let server = Server::start("cdf", &NOWHERE);
    let lines = lines(&server.client("rf", &["--mode", "event", "--calls", "20"]), 0);
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), [("ACR", "EVENT_RECORD", Some(0), 2001); 20]);
    let sessions: HashSet<_> = lines.iter().map(|line| line["session_id"].as_str()).collect();
    assert_eq!(sessions.len(), 20);
}

#[test]
fn many_sessions_at_once() {
    let server = Server::start("cdf", &NOWHERE);
    let lines = lines(&server.client("rf", &["--mode", "session", "--calls", "60", "--concurrency", "20"]), 0);
    let mut sessions = HashMap::<_, Vec<_>>::new();
    for line in &lines {
        sessions.entry(line["session_id"].as_str().unwrap()).or_default().push(said(line).1);
    }
    assert_eq!(sessions.len(), 60);
    for records in sessions.values() {
        assert_eq!(records, &["START_RECORD", "INTERIM_RECORD", "STOP_RECORD"]);
    }
    // They overlap: before the first session is over, another has begun.
    let stopped = lines.iter().position(|line| line["type"] == "STOP_RECORD").unwrap();
    let started = lines[..stopped].iter().filter(|line| line["type"] == "START_RECORD").count();
    assert!(started > 1, "{started}");
}

#[test]
fn a_session_may_have_no_interims() {
    let server = Server::start("cdf", &NOWHERE);
    let lines = lines(&server.client("rf", &["--mode", "session", "--interims", "0", "--calls", "2"]), 0);
    let call = [("ACR", "START_RECORD", Some(0), 2001), ("ACR", "STOP_RECORD", Some(1), 2001)];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), [call, call].concat());
}

#[test]
fn a_refusal_is_told_and_is_the_exit_status() {
    for code in ["4002", "5012", "3004"] {
        let server = Server::start("cdf", &["--out", "/dev/null", "--result-code", code]);
        for (mode, kind) in [("session", "START_RECORD"), ("event", "EVENT_RECORD")] {
            let lines = lines(&server.client("rf", &["--mode", mode, "--calls", "2"]), 1);
            let expected = ("ACR", kind, Some(0), code.parse().unwrap());
            assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), [expected, expected]);
        }
    }
}

#[test]
fn success_with_another_code_is_success() {
    let server = Server::start("cdf", &["--out", "/dev/null", "--result-code", "2002"]);
    let lines = lines(&server.client("rf", &["--mode", "session"]), 0);
    assert!(lines.len() == 3 && lines.iter().all(|line| line["result_code"] == 2002), "{lines:?}");
}

#[test]
fn a_peer_that_cannot_be_reached_is_named() {
    for mode in ["session", "event"] {
        let peer = nowhere();
        let output = client("rf", peer, &["--mode", mode]);
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
        let told = text(&output.stderr);
        assert!(told.contains(&peer.to_string()) && told.contains("refused"), "{told}");
    }
}

#[test]
fn a_server_that_says_nothing_is_a_timeout() {
    // It takes the connection, and no more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = listener.local_addr().unwrap();
    for mode in ["session", "event"] {
        let output = client("rf", peer, &["--mode", mode, "--timeout", "0.5"]);
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
        let told = text(&output.stderr);
        assert!(told.contains(&peer.to_string()) && told.contains("500ms"), "{told}");
    }
}

#[test]
fn a_realm_without_a_server_is_named() {
    let identity = ["--origin-host", "cdf.example.org", "--origin-realm", "example.org"];
    let server = Server::start("cdf", &[NOWHERE, [identity[0], identity[1]], [identity[2], identity[3]]].concat());
    let output = server.client("rf", &["--mode", "session"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
    let told = text(&output.stderr);
    assert!(told.contains("example.net") && told.contains("cdf.example.org"), "{told}");
}

#[test]
fn what_is_not_understood_is_no_charging() {
    for arguments in [["--mode", "sessions"], ["--interims", "-1"], ["--timeout", "soon"], ["--concurrency", "0"]] {
        let output = client("rf", nowhere(), &arguments);
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)), "{arguments:?}");
        assert!(text(&output.stderr).contains("--help"), "{arguments:?}");
    }
}
