//! `diametric decode`: messages as people or programs read them.

mod input;
mod json;
mod names;
mod text;
mod tree;
mod typed;
mod value;
mod walk;

use crate::dictionary::load;
use crate::report::{self, Outcome};
use anyhow::{Context as _, Result};
use diametric_protocol::wire::{HEADER_LEN, HeaderError, RawMessage, frame_length};
use input::Input;
use names::Names;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use typed::Typed;
use walk::Printer;

const AFTER_HELP: &str = "\
INPUT:
  One message a line as hexadecimal digits of either case; blanks and colons between them do not matter. Several \
messages behind one another in a line are decoded in turn. Blank lines and lines that begin with # are skipped. A line \
that is no message is reported on standard error with its number, the others are decoded, and the exit status is 1.

EXAMPLES:
  diametric decode messages.hex
  diametric decode --json messages.hex | jq .command
  xxd -p -c 0 message.bin | diametric decode
  tshark -r trace.pcapng -Y diameter -T fields -e tcp.payload | diametric decode --strict
  diametric decode --dictionary acme.xml messages.hex";

/// Decode messages and print them as trees or JSON
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// File of messages in hexadecimal, one a line; standard input if absent or -
    file: Option<PathBuf>,

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
    let names = Names::new(loaded.dictionary);
    let typed = Typed::new(args.strict, args.reencode);
    let input = Input::open(args.file.as_deref())?;
    if args.json {
        decode(input, &names, &typed, json::Json::new(args.lengths))
    } else {
        decode(input, &names, &typed, tree::Tree::new(args.lengths))
    }
}

/// How much output is collected before it is written, in octets.
const CHUNK: usize = 1 << 16;

fn decode(mut input: Input, names: &Names, typed: &Typed, mut printer: impl Printer) -> Result<Outcome> {
    let mut out = BufWriter::with_capacity(CHUNK, io::stdout().lock());
    let mut outcome = Outcome::Clean;
    let mut octets = Vec::new();
    while let Some((number, line)) = input.next_line()? {
        let mut complaints = Vec::new();
        match input::octets_of(line, &mut octets) {
            Ok(()) => messages(number, &octets, &mut complaints, |message, frame| {
                walk::message(number, message, &typed.examine(message, frame), names, &mut printer);
            }),
            Err(error) => complaints.push(format!("line {number}: {error}")),
        }
        if !complaints.is_empty() {
            outcome = Outcome::Faulty;
            write(printer.buffer(), &mut out)?;
            complaints.iter().for_each(|complaint| report::line(format_args!("{complaint}")));
        }
        // Somebody may be watching the other end: nothing is held back while waiting for more.
        if input.is_drained() || printer.buffer().len() >= CHUNK {
            write(printer.buffer(), &mut out)?;
        }
    }
    write(printer.buffer(), &mut out)?;
    Ok(outcome)
}

fn write(buffer: &mut Vec<u8>, out: &mut impl Write) -> Result<()> {
    out.write_all(buffer).and_then(|()| out.flush()).context("cannot write to standard output")?;
    buffer.clear();
    Ok(())
}

/// Hands on the messages that stand behind one another in `octets`, and says what is wrong with what is none.
fn messages(line: u64, octets: &[u8], complaints: &mut Vec<String>, mut each: impl FnMut(&RawMessage<'_>, &[u8])) {
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
                return complain(position, error);
            }
            Ok(None) => return complain(position, HeaderError::TooShort(rest.len())),
            // A message of another version may still say where the next one begins.
            Err(error @ HeaderError::Version(_)) => {
                complain(position, error);
                let length =
                    rest.first_chunk::<4>().map_or(0, |[_, a, b, c]| u32::from_be_bytes([0, *a, *b, *c]) as usize);
                if length < HEADER_LEN || length >= rest.len() {
                    return;
                }
                rest = &rest[length..];
                position += 1;
                continue;
            }
            Err(error) => return complain(position, error),
        };
        match RawMessage::read(frame) {
            Ok(message) => each(&message, frame),
            Err(error) => complain(position, error),
        }
        rest = &rest[frame.len()..];
        position += 1;
    }
}
