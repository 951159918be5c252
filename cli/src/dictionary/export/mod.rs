//! `diametric dictionary export`: our dictionaries in formats of others, and as a page to read.

mod html;
mod json;

use super::{load, output};
use crate::report::Outcome;
use anyhow::Result;
use diametric_dictionary::wireshark;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
FORMATS:
  html       One page with everything in it, for a browser: search by name or code, grammars whose members are links. It \
needs no server and no network.
  json       One object; its shape is in docs/guide/dictionary-tools.md.
  wireshark  A dictionary.xml; cardinalities, grammars of commands and clauses have no place in it.

EXAMPLES:
  diametric dictionary export --to html --out reference.html
  diametric dictionary export --to json acme.xml | jq '.avps[] | select(.vendor == 99999) | .name'
  diametric dictionary export --to wireshark --out dictionary.xml acme.xml";

/// Where dictionaries go.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum To {
    /// Wireshark's XML
    Wireshark,
    /// JSON
    Json,
    /// A page for a browser
    Html,
}

/// Write the standard dictionaries, with others if wanted, in another format
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The format to write
    #[arg(long, value_enum)]
    to: To,

    /// Write to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Dictionaries to write besides the standard ones
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Runs `diametric dictionary export`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let Some(loaded) = load::beside_standard(&args.files) else { return Ok(Outcome::Faulty) };
    let dictionary = &loaded.dictionary;
    let text = match args.to {
        To::Wireshark => wireshark::export(dictionary),
        To::Json => format!("{:#}\n", json::dictionary(dictionary)),
        To::Html => html::page(dictionary),
    };
    output::write(args.out.as_deref(), &text)?;
    Ok(Outcome::Clean)
}
