//! `diametric dictionary`: what dictionaries say, what is wrong with them, and what becomes of them elsewhere.

mod check;
mod diff;
mod export;
mod import;
pub(crate) mod load;
mod output;
mod show;

use crate::report::Outcome;
use anyhow::Result;

const AFTER_HELP: &str = "\
EXAMPLES:
  diametric dictionary check acme.xml
  diametric dictionary show Service-Information
  diametric dictionary show CCR
  diametric dictionary show 873/10415
  diametric dictionary import --from wireshark Ericsson.xml --out ericsson.xml
  diametric dictionary export --to html --out reference.html acme.xml
  diametric dictionary diff acme-1.0.xml acme-1.1.xml";

/// Check, look up, convert and compare dictionaries
#[derive(Debug, clap::Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Command {
    Check(check::Args),
    Show(show::Args),
    Import(import::Args),
    Export(export::Args),
    Diff(diff::Args),
}

/// Runs `diametric dictionary`.
pub(crate) fn run(command: &Command) -> Result<Outcome> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Show(args) => show::run(args),
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
        Command::Diff(args) => diff::run(args),
    }
}
