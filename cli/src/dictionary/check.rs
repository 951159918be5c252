//! `diametric dictionary check`: everything that is wrong with dictionaries, in one run.

use crate::report::{self, Outcome, UNWRITTEN};
use anyhow::{Context as _, Result};
use diametric_dictionary::diagnostics::Severity;
use diametric_dictionary::model::{DataType, FileId};
use diametric_dictionary::{Loaded, Loader};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
OUTPUT:
  What is wrong goes to standard error; standard output has one line for each file. The number of AVPs includes the \
groups. The exit status is 1 if there are errors; warnings alone leave it at 0.

EXAMPLES:
  diametric dictionary check acme.xml
  diametric dictionary check acme-common.xml acme-voice.xml
  diametric dictionary check --strict go-diameter.xml";

/// Check dictionary files against each other and against the standard dictionaries
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Dictionaries in XML; they form one set, and may import each other
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Hold files in go-diameter's style to every check: contradictions and dangling names are errors
    #[arg(long)]
    strict: bool,

    /// Leave out the standard dictionaries, to check those that come with diametric
    #[arg(long)]
    no_standard: bool,
}

/// Runs `diametric dictionary check`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let mut loader = if args.no_standard { Loader::new() } else { Loader::with_standard() };
    loader.strict(args.strict);
    let name = if args.no_standard { diametric_dictionary::standard::UNIT } else { "checked" };
    let unit = loader.unit(name, None);
    // What cannot be read is among the diagnostics.
    let files: Vec<Option<FileId>> = args.files.iter().map(|file| loader.add_file(unit, file).ok()).collect();
    let loaded = loader.load();
    report::text(&loaded.render());

    let mut out = BufWriter::new(io::stdout().lock());
    for (path, file) in args.files.iter().zip(files) {
        let summary = file.map_or_else(|| "cannot be read".to_owned(), |file| summary(&loaded, file));
        writeln!(out, "{}: {summary}", path.display()).context(UNWRITTEN)?;
    }
    out.flush().context(UNWRITTEN)?;
    Ok(if loaded.has_errors() { Outcome::Faulty } else { Outcome::Clean })
}

/// What a file defines, and how much is wrong with it.
fn summary(loaded: &Loaded, file: FileId) -> String {
    let dictionary = &loaded.dictionary;
    let avps = dictionary.avps.iter().filter(|avp| avp.file == file);
    let groups = avps.clone().filter(|avp| avp.data_type == DataType::Grouped);
    let commands = dictionary.commands.iter().filter(|command| command.file == file);
    let defined = [count(avps.count(), "AVP"), count(groups.count(), "group"), count(commands.count(), "command")];

    let found = |severity| {
        loaded.diagnostics.iter().filter(|found| found.span.file == file && found.severity == severity).count()
    };
    let errors = match found(Severity::Error) {
        0 => "no errors".to_owned(),
        errors => count(errors, "error"),
    };
    let warnings = match found(Severity::Warning) {
        0 => String::new(),
        warnings => format!(", {}", count(warnings, "warning")),
    };
    format!("{}; {errors}{warnings}", defined.join(", "))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
