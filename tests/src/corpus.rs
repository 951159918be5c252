//! Inputs with which fuzzing starts: the project's vectors and dictionaries, random messages, and the sources of the
//! compile-fail tests.

use crate::messages::{Fill, Generator, mutation};
use diametric_dictionary::Loader;
use diametric_dictionary::model::CommandId;
use std::fs;
use std::path::{Path, PathBuf};

/// For each fuzz target its inputs.
///
/// # Panics
/// If a file of the project cannot be read.
pub fn inputs() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let frames = frames();
    vec![
        ("connection", connection()),
        ("derive", derive()),
        ("dictionary", dictionaries()),
        ("raw", frames.clone()),
        ("round_trip", frames.iter().filter_map(|frame| diametric_fuzz_checks::selected(frame)).collect()),
        ("decode", frames),
        ("values", values()),
    ]
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a folder that end so.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = project(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder can be read").path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no .{extension}", folder.display());
    paths
}

/// The messages of the vectors, the workloads, and random ones, each also damaged.
fn frames() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for table in ["messages.csv", "invalid.csv"] {
        let text = read(&project("runtime/protocol/tests/vectors").join(table));
        // A frame is the one long field in hexadecimal.
        let fields = text.lines().flat_map(|line| line.split(',')).filter(|field| field.len() >= 40);
        frames.extend(fields.filter_map(|field| hex::decode(field).ok()));
    }
    let dictionary = Loader::with_standard().load().dictionary;
    for seed in 0..6 {
        let mut generator = Generator::new(&dictionary, seed);
        let fill = if seed == 0 { Fill::Required } else { Fill::Some };
        for position in 0..dictionary.commands.len() {
            for request in [true, false] {
                frames.push(generator.message(CommandId(position), request, fill).encode());
            }
        }
        frames.push(generator.answer_message(fill).encode());
        let damaged: Vec<_> =
            frames.iter().rev().take(6).map(|frame| mutation::octets(frame, &mut generator.rng)).collect();
        frames.extend(damaged);
    }
    frames
}

/// Small dictionaries: those with one mistake each, those of one feature each, and the vendors'.
fn dictionaries() -> Vec<Vec<u8>> {
    let mut paths = files("dictionary/tests/diagnostics", "xml");
    paths.extend(files("codegen/tests/features", "xml"));
    paths.extend(files("tests", "xml"));
    paths.extend([project("dictionary/xml/rfc7683.xml"), project("dictionary/xml/rfc8583.xml")]);
    paths.iter().map(|path| read(path).into_bytes()).collect()
}

/// The items of the derive tests, each from its first attribute to the blank line behind it.
fn derive() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for path in [files("tests/ui", "rs"), files("tests/ui_pass", "rs")].concat() {
        let text = read(&path);
        let items = text.split("\n\n").filter(|item| item.contains("#[derive("));
        inputs.extend(items.map(|item| item.trim().as_bytes().to_vec()));
    }
    assert!(inputs.len() > 20, "only {} items", inputs.len());
    inputs.push(b"name = \"acme\", avps = [A, b::C], commands = [D]".to_vec());
    inputs
}

/// Lists of steps: see `diametric_fuzz_checks::connection`.
fn connection() -> Vec<Vec<u8>> {
    vec![
        // Introduced, admitted, a request, its answer by the watchdog, and leave.
        vec![0, 2, 0, 0, 7, 9, 1, 30, 15, 130, 4, 0, 0, 10, 6, 0, 0],
        vec![1, 1, 0, 0, 7, 9, 1, 30, 3, 0, 0, 5, 0, 0, 15, 255],
        vec![1, 1, 0, 0, 8],
        vec![0, 2, 0, 0, 7, 9, 1, 1, 9, 2, 2, 14, 15, 200, 12],
        vec![0, 2, 0, 0, 7, 15, 140, 15, 140, 15, 140, 15, 140, 11, 13, 4, 2, 0, 0, 20],
        vec![0, 0, 20, 1, 0, 0, 20, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1],
    ]
}

fn values() -> Vec<Vec<u8>> {
    [
        "192.0.2.1",
        "2001:db8::1",
        "family 3 0x47000580",
        "15550123456",
        "host.example.net",
        "aaa://host.example.net:3868;transport=tcp;protocol=diameter",
        "aaas://host.example.net;transport=sctp",
        "2036-02-07T06:28:16Z",
        "1968-01-20T03:14:08Z",
        "permit out 6 from any 80,8000-8080 to !192.0.2.10/24 established",
        "deny in ip from 2001:db8::/32 to assigned frag ipoptions !rr,ts tcpflags syn,!ack",
        "permit in 1 from any to any icmptypes echo reply,8-10",
        "tag in ip from any to any DSCP AF11",
        "meter out 17 from any to any metering 1000 DSCP EF",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
