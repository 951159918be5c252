//! The `diametric` command: charges and is charged, decodes messages, checks and shows dictionaries.

mod acme;
mod background;
mod cdf;
mod client;
mod decode;
mod demo;
mod dictionary;
mod ocs;
mod report;
mod rf;
mod ro;
mod server;
mod signals;

use clap::{Parser, Subcommand};
use report::Outcome;
use std::process::ExitCode;

/// Exit status, told by every `--help`.
const AFTER_HELP: &str = "\
EXAMPLES:
  See typed messages charge something over TCP:
    diametric demo
  Run an online charging system, and charge a session with it:
    diametric ocs --listen 127.0.0.1:3868
    diametric ro --peer 127.0.0.1:3868 --destination-realm example.net --mode scur
  Run a charging data function, and report a session to it:
    diametric cdf --listen 127.0.0.1:3868 --out cdr.jsonl
    diametric rf --peer 127.0.0.1:3868 --destination-realm example.net --mode session
  Print the messages of a capture as trees, or count them:
    diametric decode trace.pcapng
    diametric decode --summary trace.pcapng
  Print messages in hexadecimal as one JSON object a line, with the AVPs of a vendor named:
    diametric decode --json --dictionary acme.xml messages.hex
  Tell everything that is wrong with a dictionary:
    diametric dictionary check acme.xml
  Look up what the standards say of an AVP or a command:
    diametric dictionary show Service-Information
    diametric dictionary show CCR

EXIT STATUS:
  0 if all is well, 1 if something is wrong with the input, 2 if the command line is not understood.";

/// A Diameter toolkit: test clients and servers, decode messages, check and look up dictionaries.
#[derive(Debug, Parser)]
#[command(name = "diametric", version, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Ocs(ocs::Args),
    Ro(ro::Args),
    Cdf(cdf::Args),
    Rf(rf::Args),
    Decode(decode::Args),
    #[command(subcommand)]
    Dictionary(dictionary::Command),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Ocs(args) => ocs::run(&args),
        // A failure is told apart from an answer that refuses.
        Command::Ro(args) => return ro::run(&args),
        Command::Cdf(args) => cdf::run(&args),
        Command::Rf(args) => return rf::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Dictionary(command) => dictionary::run(&command),
    };
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Faulty) => ExitCode::FAILURE,
        // Whoever read the output has seen enough.
        Err(error) if report::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}
