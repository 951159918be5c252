//! The comparison with the codec of Erlang/OTP's diameter application.

use super::dia;
use super::features::{Feature, Finder};
use crate::messages::{Extras, Fill, Generator, mutation};
use diametric_dictionary::index::Index;
use diametric_dictionary::model::{CommandId, DataType, Dictionary};
use diametric_protocol::codec::{DecodeError, EncodeError, Known};
use diametric_protocol::message;
use diametric_protocol::wire::{AvpReader, HEADER_LEN, Header};
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// How a message came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Valid, as the typed layer writes it.
    Valid,
    /// Valid, in another spelling, with AVPs that the grammar does not list.
    Respelled,
    /// With one thing wrong in one of its groups.
    Wrong,
    /// With some octets changed.
    Damaged,
}

/// A message to compare.
#[derive(Clone, Debug)]
pub struct Case {
    /// How it came about.
    pub kind: Kind,
    /// Its octets.
    pub frame: Vec<u8>,
}

/// So many messages of each kind.
pub fn cases(dictionary: &Dictionary, count: u64, seed: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    for number in 0..count {
        let mut generator = Generator::new(dictionary, seed.wrapping_mul(1_000_003) + number);
        for kind in [Kind::Valid, Kind::Respelled, Kind::Wrong, Kind::Damaged] {
            generator.extras = if kind == Kind::Respelled { Extras::Any } else { Extras::Unknown };
            let fill = if number % 50 == 0 { Fill::All } else { Fill::Some };
            let mut made = if generator.rng.u8(..20) == 0 {
                generator.answer_message(fill)
            } else {
                let command = CommandId(generator.rng.usize(..dictionary.commands.len()));
                let request = generator.rng.bool();
                generator.message(command, request, fill)
            };
            let frame = match kind {
                Kind::Valid => made.encode(),
                Kind::Respelled => made.respelled(&mut generator.rng),
                Kind::Wrong => {
                    mutation::one(&mut made.avps, &mut generator.rng);
                    made.encode()
                }
                Kind::Damaged => mutation::body(&made.encode(), &mut generator.rng),
            };
            cases.push(Case { kind, frame });
        }
    }
    cases
}

/// The lines that the other codec reads: its module, and the octets.
pub fn input(cases: &[Case]) -> String {
    let mut out = String::new();
    for case in cases {
        let header = Header::peek(&case.frame).expect("a header was written");
        let error = header.flags.is_error() && !header.flags.is_request();
        let module = dia::module(if error { 0 } else { header.application });
        let _ = writeln!(out, "{module} {}", hex::encode(&case.frame));
    }
    out
}

/// What a codec makes of a message.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Result-Code, and the codes of AVPs from the top of the message down to the one it is about.
    verdict: String,
    /// The AVPs.
    tree: String,
    /// The message encoded again, in hexadecimal; `-` if it was refused.
    encoded: String,
}

/// What the comparison found.
#[derive(Debug, Default)]
pub struct Report {
    counts: BTreeMap<(Kind, bool), usize>,
    /// Judged alike, by kind.
    alike: BTreeMap<Kind, usize>,
    /// Judged differently, and what there is in the message that explains it.
    explained: BTreeMap<Feature, usize>,
    /// Not explained.
    pub differences: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((kind, accepted), count) in &self.counts {
            writeln!(f, "{kind:?}, {}: {count}", if *accepted { "accepted" } else { "refused" })?;
        }
        for (kind, count) in &self.alike {
            writeln!(f, "{kind:?}, judged alike: {count}")?;
        }
        for (feature, count) in &self.explained {
            writeln!(f, "judged differently, where there is {feature}: {count}")?;
        }
        write!(f, "other differences: {}", self.differences.len())
    }
}

/// Compares what the other codec told, a line for each case.
///
/// # Panics
/// If the lines are not those of the cases.
pub fn compare(dictionary: &Dictionary, cases: &[Case], results: &str) -> Report {
    let (known, index) = (Known::standard(), Index::new(dictionary));
    let mut finder = Finder::new(dictionary);
    let mut report = Report::default();
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!(lines.len(), cases.len(), "a line for each message");
    for (case, line) in cases.iter().zip(lines) {
        let ours = told(&case.frame, &known, dictionary, &index);
        let [verdict, tree, encoded] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let theirs = Told { verdict: verdict.into(), tree: tree.into(), encoded: encoded.to_lowercase() };
        let accepted = ours.verdict == "2001";
        *report.counts.entry((case.kind, accepted)).or_default() += 1;
        let mut problems = Vec::new();
        if !is_same(&ours.verdict, &theirs.verdict) {
            problems.push(format!("verdict {} and {}", ours.verdict, theirs.verdict));
        } else if accepted && ours.tree != theirs.tree {
            problems.push(format!("AVPs\n  {}\n  {}", ours.tree, theirs.tree));
        } else if case.kind == Kind::Valid && ours.encoded != in_our_order(&theirs.encoded, &known) {
            problems.push(format!("encoded\n  {}\n  {}", ours.encoded, theirs.encoded));
        }
        if problems.is_empty() {
            *report.alike.entry(case.kind).or_default() += 1;
            continue;
        }
        let explains = |feature: &Feature| feature.explains(&ours.verdict, &theirs.verdict);
        match finder.find(&case.frame).into_iter().find(explains) {
            Some(feature) => *report.explained.entry(feature).or_default() += 1,
            None => {
                let problem = problems.concat();
                report.differences.push(format!("{:?}: {problem}\n  {}", case.kind, hex::encode(&case.frame)));
            }
        }
    }
    report
}

/// A message of the other side, with the members of its groups in the order of the dictionaries: there required ones always
/// come first.
fn in_our_order(encoded: &str, known: &Known) -> String {
    let frame = hex::decode(encoded).unwrap_or_default();
    match Header::peek(&frame).and_then(|header| encoded_again(header, &frame, known)) {
        Some(Ok(Ok(octets))) => hex::encode(octets),
        _ => encoded.to_owned(),
    }
}

type Encoded = Result<Result<Vec<u8>, EncodeError>, DecodeError>;

/// Decodes and encodes a message; `None` if nobody knows its command.
fn encoded_again(header: Header, frame: &[u8], known: &Known) -> Option<Encoded> {
    if header.flags.is_error() && !header.flags.is_request() {
        let answer = message::decode_answer_message(frame, known);
        return Some(answer.map(|answer| message::encode(answer.header, &answer.body)));
    }
    let command = known.command(header.application, header.command, header.flags.is_request())?;
    Some((command.decode)(frame, known).map(|message| message.encode(header)))
}

fn told(frame: &[u8], known: &Known, dictionary: &Dictionary, index: &Index) -> Told {
    let header = Header::peek(frame).expect("a header was written");
    let encoded = encoded_again(header, frame, known).expect("a known command");
    let tree = tree(&frame[HEADER_LEN..], dictionary, index);
    match encoded {
        Ok(Ok(octets)) => Told { verdict: "2001".into(), tree, encoded: hex::encode(octets) },
        Ok(Err(error)) => Told { verdict: "2001".into(), tree, encoded: error.to_string() },
        Err(error) => Told { verdict: verdict(&error), tree, encoded: "-".into() },
    }
}

/// Whether both say the same. The other side tells no code of a header that is cut short.
fn is_same(ours: &str, theirs: &str) -> bool {
    match theirs.strip_suffix(" -") {
        Some(theirs) => ours.rsplit_once(' ').is_some_and(|(ours, _)| ours == theirs),
        None => ours == theirs,
    }
}

fn verdict(error: &DecodeError) -> String {
    let first = error.first();
    first.path.iter().fold(first.result_code.0.to_string(), |out, segment| format!("{out} {}", segment.code))
}

/// The AVPs as the other side prints them.
fn tree(body: &[u8], dictionary: &Dictionary, index: &Index) -> String {
    let avps = AvpReader::new(body).filter_map(Result::ok).map(|avp| {
        let letters = [(avp.flags.is_mandatory(), "M"), (avp.flags.is_protected(), "P")];
        let flags: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
        let head = format!("{}/{}{flags}", avp.code, avp.vendor);
        let is_group = index.avp(avp.vendor, avp.code).map(|id| dictionary.avp(id)).is_some_and(|avp| {
            let has_grammar = !avp.members.is_empty() || avp.any;
            avp.data_type == DataType::Grouped && has_grammar && (avp.vendor, avp.code) != (0, 279)
        });
        match is_group {
            true => format!("{head}{{{}}}", tree(avp.data, dictionary, index)),
            false => format!("{head}={}", hex::encode_upper(avp.data)),
        }
    });
    avps.collect::<Vec<_>>().join(" ")
}
