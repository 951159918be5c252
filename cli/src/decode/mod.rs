//! `diametric decode`: messages as people or programs read them.

mod capture;
mod filter;
mod follow;
mod input;
mod json;
mod mask;
mod out;
mod output;
mod pieces;
mod place;
mod progress;
mod source;
mod summary;
mod text;
mod tree;
mod typed;
mod walk;

use crate::dictionary::load;
use crate::report::{self, Outcome};
use anyhow::Result;
use capture::{Kind, Sink, Unread};
use clap::error::ErrorKind;
use diametric_dissect::Dissector;
use diametric_protocol::wire::{HEADER_LEN, HeaderError, frame_length};
use filter::{Filter, Wanted};
use follow::Interrupt;
use input::Input;
use mask::Mask;
use output::Output;
use place::Place;
use source::Source;
use std::path::PathBuf;
use summary::Summary;
use typed::Typed;
use walk::Printer;

const AFTER_HELP: &str = "\
INPUT:
  What the input is, is seen by what it holds:
  - a capture, pcap or pcapng: the messages in its TCP connections and SCTP associations
  - messages behind one another as octets
  - lines of hexadecimal digits: one message a line, or several behind one another; blanks and colons between digits, blank \
lines and lines that begin with # are skipped
  Each of them may be compressed by gzip. What cannot be read is told on standard error, the rest is decoded, and the exit \
status is 1.

EXAMPLES:
  diametric decode trace.pcapng
  diametric decode --json messages.hex | jq .command
  tcpdump -i any -U -w - port 3868 | diametric decode
  diametric decode --follow --summary growing.pcap
  diametric decode --command CCA --result-code 5xxx --result-code 4010 trace.pcap
  diametric decode --summary --json trace.pcapng
  diametric decode --mask --session-id 'gw.example.org;1;2' trace.pcap
  xxd -p -c 0 message.bin | diametric decode --strict
  diametric decode --dictionary acme.xml trace.pcap";

/// Decode messages and print them as trees or JSON
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Capture, stream of messages, or messages in hexadecimal, one a line; standard input if absent or -
    file: Option<PathBuf>,

    /// Go on reading as the file grows, until SIGINT or SIGTERM
    #[arg(long)]
    follow: bool,

    /// Port to read in captures; may be given several times. Without it, whatever looks like Diameter is read
    #[arg(long)]
    port: Vec<u16>,

    #[command(flatten)]
    wanted: Wanted,

    /// Print counts of the messages instead: requests, answers, results, and the time from request to answer
    #[arg(long, conflicts_with_all = ["reencode", "strict"])]
    summary: bool,

    /// Replace what identifies subscribers, and what nobody knows the meaning of, by masks: the same for the same value in
    /// one run, and different in the next
    #[arg(long, conflicts_with = "reencode")]
    mask: bool,

    /// Print one JSON object a line instead of trees
    #[arg(long)]
    json: bool,

    /// Add each message encoded again: as it was read, and, where its command is known and it decodes strictly, from its type
    #[arg(long)]
    reencode: bool,

    /// Dictionary to name AVPs and commands by, besides the standard ones; may be given several times. What is defined
    /// already is not changed
    #[arg(long, value_name = "XML")]
    dictionary: Vec<PathBuf>,

    /// Decode each message of a known command strictly as well, and add what a node would answer if it is refused
    #[arg(long)]
    strict: bool,

    /// Add the AVP Length of each AVP, in octets, header included and padding not
    #[arg(long)]
    lengths: bool,
}

/// Runs `diametric decode`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let Some(loaded) = load::beside_standard(&args.dictionary) else { return Ok(Outcome::Faulty) };
    let dissector = Dissector::new(loaded.dictionary);
    let typed = Typed::new(args.strict, args.reencode);
    let filter = match Filter::new(&args.wanted, &dissector) {
        Ok(filter) => filter,
        Err(unknown) => clap::Error::raw(ErrorKind::InvalidValue, format!("{unknown}\n")).exit(),
    };
    if args.json {
        decode(args, Output::new(&dissector, &typed, &filter, json::Json::new(&dissector, args.lengths)))
    } else {
        decode(args, Output::new(&dissector, &typed, &filter, tree::Tree::new(&dissector, args.lengths)))
    }
}

fn decode(args: &Args, mut output: Output<'_, impl Printer>) -> Result<Outcome> {
    output.json = args.json;
    output.summary = args.summary.then(Summary::default);
    output.mask = args.mask.then(|| Mask::new(output.names));
    let unread = read(args, &mut output)?;
    output.finish(&unread)?;
    unread.tell();
    Ok(if unread.is_nothing() { Outcome::Clean } else { Outcome::Faulty })
}

fn read(args: &Args, output: &mut Output<'_, impl Printer>) -> Result<Unread> {
    let interrupt = if args.follow { Some(Interrupt::watch()?) } else { None };
    let path = args.file.as_deref();
    let mut source = Source::open(path, interrupt.as_ref())?;
    let bar = if args.follow { None } else { progress::bar(path, !args.summary) };
    if let Some(bar) = &bar {
        source.show(bar);
    }
    let unread = match capture::kind(&mut source)? {
        Kind::Lines => lines(Input::new(source), output)?,
        Kind::Stream => capture::stream(&mut source, output)?,
        Kind::Capture(format) => capture::capture(&mut source, format, &args.port, output)?,
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(unread)
}

fn lines(mut input: Input, output: &mut Output<'_, impl Printer>) -> Result<Unread> {
    let mut unread = Unread::default();
    let mut octets = Vec::new();
    while let Some((number, line)) = input.next_line()? {
        let mut complaints = Vec::new();
        match input::octets_of(line, &mut octets) {
            Ok(()) => messages(number, &octets, &mut complaints, output)?,
            Err(error) => complaints.push(format!("line {number}: {error}")),
        }
        if !complaints.is_empty() {
            unread.lines += 1;
            output.flush()?;
            complaints.iter().for_each(|complaint| report::line(format_args!("{complaint}")));
        }
        if input.is_drained() {
            output.idle()?;
        }
    }
    Ok(unread)
}

/// Hands on the messages that stand behind one another in `octets`, and says what is wrong with what is none.
fn messages(line: u64, octets: &[u8], complaints: &mut Vec<String>, sink: &mut dyn Sink) -> Result<()> {
    let mut rest = octets;
    let mut position = 1;
    let mut complain = |position: u32, error: HeaderError| {
        let place = if position == 1 { format!("line {line}") } else { format!("line {line}, message {position}") };
        let advice = match error {
            HeaderError::LengthMismatch { .. } => "give the whole message in one line",
            _ => "a message begins with the Diameter header, not with those of TCP, SCTP or IP",
        };
        complaints.push(format!("{place}: {error}; {advice}"));
    };
    while !rest.is_empty() {
        let frame = match frame_length(rest) {
            Ok(Some(length)) if length <= rest.len() => &rest[..length],
            Ok(Some(length)) => {
                let error = HeaderError::LengthMismatch { length: length as u32, available: rest.len() };
                complain(position, error);
                return Ok(());
            }
            Ok(None) => {
                complain(position, HeaderError::TooShort(rest.len()));
                return Ok(());
            }
            // A message of another version may still say where the next one begins.
            Err(error @ HeaderError::Version(_)) => {
                complain(position, error);
                let length =
                    rest.first_chunk::<4>().map_or(0, |[_, a, b, c]| u32::from_be_bytes([0, *a, *b, *c]) as usize);
                if length < HEADER_LEN || length >= rest.len() {
                    return Ok(());
                }
                rest = &rest[length..];
                position += 1;
                continue;
            }
            Err(error) => {
                complain(position, error);
                return Ok(());
            }
        };
        sink.message(&Place::Line(line), frame)?;
        rest = &rest[frame.len()..];
        position += 1;
    }
    Ok(())
}
