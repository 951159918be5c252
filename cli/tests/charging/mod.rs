//! Servers and clients of the command, as processes.
#![allow(dead_code, reason = "each test program uses its part")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// A server that runs until it is stopped, or until the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `diametric COMMAND --listen 127.0.0.1:0` and reads where it listens.
    pub(crate) fn start(command: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
            .args([command, "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        out.read_line(&mut line).expect("the server prints a line");
        let Some(address) = line.strip_prefix("listening on ") else {
            let mut error = String::new();
            child.stderr.take().expect("it is piped").read_to_string(&mut error).expect("text");
            panic!("the server printed {line:?}, and told {error:?}");
        };
        let address = address.trim_end().parse().expect("an address");
        child.stdout = Some(out.into_inner());
        Self { child, address }
    }

    /// Sends a signal and waits for the end: its status, and what else the server has printed and told.
    pub(crate) fn stop(mut self, signal: &str) -> (ExitStatus, String, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs").success());
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the server is a child") {
                break status;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the server does not stop");
            std::thread::sleep(Duration::from_millis(10));
        };
        let (mut printed, mut told) = (String::new(), String::new());
        self.child.stdout.take().expect("it is piped").read_to_string(&mut printed).expect("text");
        self.child.stderr.take().expect("it is piped").read_to_string(&mut told).expect("text");
        (status, printed, told)
    }

    /// Runs `diametric COMMAND --peer ADDRESS --destination-realm example.net` against the server.
    pub(crate) fn client(&self, command: &str, arguments: &[&str]) -> Output {
        client(command, self.address, arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already if the test stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn client(command: &str, peer: SocketAddr, arguments: &[&str]) -> Output {
    client_to(Stdio::piped(), command, peer, arguments)
}

/// A client whose output goes elsewhere.
pub(crate) fn client_to(out: Stdio, command: &str, peer: SocketAddr, arguments: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args([command, "--peer", &peer.to_string(), "--destination-realm", "example.net"])
        .args(arguments)
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .and_then(Child::wait_with_output)
        .expect("the command runs")
}

/// Starts a client whose output nobody reads.
pub(crate) fn unread(command: &str, peer: SocketAddr, arguments: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args([command, "--peer", &peer.to_string(), "--destination-realm", "example.net"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs")
}

/// Whether a process has not ended after this time.
pub(crate) fn is_running_after(child: &mut Child, time: Duration) -> bool {
    std::thread::sleep(time);
    child.try_wait().expect("it is a child").is_none()
}

/// Sends signals to a process, one a second, until it ends, which must take no more than a few.
#[track_caller]
pub(crate) fn stops(child: &mut Child, signal: &str) {
    for _ in 0..20 {
        let killed = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        if !is_running_after(child, Duration::from_secs(1)) {
            return;
        }
    }
    let _ = child.kill();
    panic!("the client does not stop");
}

/// Starts a client, sends it a signal once it has printed a line, and waits for its end.
pub(crate) fn interrupted(signal: &str, command: &str, peer: SocketAddr, arguments: &[&str]) -> Output {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args([command, "--peer", &peer.to_string(), "--destination-realm", "example.net"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut printed = Vec::new();
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    out.read_until(b'\n', &mut printed).expect("the client prints a line");
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs").success());
    out.read_to_end(&mut printed).expect("the client ends");
    let output = child.wait_with_output().expect("the client ends");
    Output { stdout: printed, ..output }
}

pub(crate) fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("the command writes UTF-8")
}

/// The lines that a client printed, when it had nothing to complain about.
#[track_caller]
pub(crate) fn lines(output: &Output, status: i32) -> Vec<Value> {
    assert_eq!((text(&output.stderr), output.status.code()), ("", Some(status)), "{}", text(&output.stdout));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// What a line of a client says of an exchange, its Session-Id and latency aside.
pub(crate) fn said(line: &Value) -> (&str, &str, Option<u64>, u64) {
    assert!(line["session_id"].as_str().is_some_and(|id| id.split(';').count() >= 3), "{line}");
    assert!(line["latency_us"].as_u64().is_some_and(|latency| latency > 0), "{line}");
    let command = line["command"].as_str().unwrap();
    (command, line["type"].as_str().unwrap_or_default(), line["number"].as_u64(), line["result_code"].as_u64().unwrap())
}

/// An address on which nobody listens.
pub(crate) fn nowhere() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
