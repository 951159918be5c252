//! `diametric dictionary`: what dictionaries say, and what is wrong with them.

mod check;
pub(crate) mod load;
mod show;

use crate::report::Outcome;
use anyhow::Result;

const AFTER_HELP: &str = "\
EXAMPLES:
  diametric dictionary check acme.xml
  diametric dictionary show Service-Information
  diametric dictionary show CCR
  diametric dictionary show 873/10415";

/// Check dictionaries, and look up AVPs and commands
#[derive(Debug, clap::Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum Command {
    Check(check::Args),
    Show(show::Args),
}

/// Runs `diametric dictionary`.
pub(crate) fn run(command: &Command) -> Result<Outcome> {
    match command {
        Command::Check(args) => check::run(args),
        Command::Show(args) => show::run(args),
    }
}
