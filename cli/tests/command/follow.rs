//! Reading what is still being written.

use crate::build::{hex, message, number};
use crate::frames::{ACK, RAW, client, pcap, server, tcp, timed};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

fn dwr(state: u32) -> Vec<u8> {
    message(0x80, 280, 0, &[number(278, state)])
}

struct Follower {
    child: Child,
    output: BufReader<Box<dyn Read>>,
}

impl Follower {
    fn new(arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
            .args(["decode", "--follow"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output: Box<dyn Read> = Box::new(child.stdout.take().unwrap());
        Self { child, output: BufReader::new(output) }
    }

    /// Waits for the Origin-State-Id of the next message.
    fn next(&mut self) -> u32 {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the output has ended");
            if let Some(state) = line.trim_end().strip_prefix("  Origin-State-Id (278) M ") {
                return state.parse().unwrap();
            }
        }
    }

    /// Interrupts it as a terminal does; the rest of its output, what it complains about, and its exit status.
    fn interrupt(mut self) -> (String, String, Option<i32>) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let (mut output, mut complaints) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (output, complaints, self.child.wait().unwrap().code())
    }
}

/// A capture of messages in segments of their own.
fn capture(states: &[u32]) -> Vec<u8> {
    let sequence = |position: usize| (position * dwr(0).len()) as u32;
    let segment = |(position, state): (usize, &u32)| tcp(client(), server(), sequence(position), ACK, &dwr(*state));
    pcap(RAW, &timed(states.iter().enumerate().map(segment)))
}

#[cfg(unix)]
#[test]
fn a_capture_is_followed_as_it_grows_and_ends_with_sigint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.pcap");
    let whole = capture(&[1, 2, 3]);
    let record = (whole.len() - 24) / 3;
    let mut file = File::create(&path).unwrap();
    file.write_all(&whole[..10]).unwrap();
    let mut follower = Follower::new(&[path.to_str().unwrap()]);
    file.write_all(&whole[10..24 + record]).unwrap();
    assert_eq!(follower.next(), 1);
    // In the middle of a record nothing ends.
    file.write_all(&whole[24 + record..24 + record + 30]).unwrap();
    file.flush().unwrap();
    file.write_all(&whole[24 + record + 30..whole.len() - 20]).unwrap();
    assert_eq!(follower.next(), 2);
    // What is incomplete when it is interrupted has not been written yet, and is no defect.
    assert_eq!(follower.interrupt(), (String::new(), String::new(), Some(0)));
}

#[cfg(unix)]
#[test]
fn a_summary_is_printed_when_following_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing.hex");
    let mut file = File::create(&path).unwrap();
    writeln!(file, "{}\n{}", hex(&dwr(1)), hex(&dwr(2))).unwrap();
    let mut printer = Follower::new(&[path.to_str().unwrap()]);
    assert_eq!([printer.next(), printer.next()], [1, 2]);
    writeln!(file, "{}\nno message", hex(&dwr(3))).unwrap();
    assert_eq!(printer.next(), 3);
    assert_eq!(printer.interrupt().2, Some(1));
    let mut summary = Follower::new(&["--summary", "--json", path.to_str().unwrap()]);
    // Having been complained about, the last line has been read.
    let mut stderr = BufReader::new(summary.child.stderr.take().unwrap());
    let mut complaint = String::new();
    stderr.read_line(&mut complaint).unwrap();
    assert!(complaint.starts_with("line 4: 'n'"), "{complaint}");
    summary.child.stderr = Some(stderr.into_inner());
    let (output, complaints, status) = summary.interrupt();
    assert!(output.starts_with("{\"messages\":3,"), "{output}");
    assert_eq!((complaints.as_str(), status), ("", Some(1)));
}

#[test]
fn standard_input_ends_when_it_ends() {
    let tree = crate::printed(&["decode", "--follow"], &capture(&[5]));
    assert!(tree.contains("Origin-State-Id (278) M 5\n"), "{tree}");
}
