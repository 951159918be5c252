//! `diametric dictionary import`: dictionaries of other programs in our format.

use super::output;
use crate::report::{self, Outcome};
use anyhow::Result;
use diametric_dictionary::wireshark::{self, Counts, Options};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
OUTPUT:
  The dictionary goes to standard output, or to the file of `--out`. What is wrong with the input goes to standard \
error, with a closing line that counts what was imported. The exit status is 1 if nothing could be imported; warnings \
alone leave it at 0.

  Wireshark says neither how often a member occurs nor of what a command consists. All members of groups come out as \
optional and unbounded, and other AVPs may stand among them.

EXAMPLES:
  diametric dictionary import --from wireshark /usr/share/wireshark/diameter/Ericsson.xml --out ericsson.xml
  diametric dictionary import --from wireshark --vendor Huawei /usr/share/wireshark/diameter/dictionary.xml
  diametric dictionary import --from wireshark --application 555 /usr/share/wireshark/diameter/dictionary.xml";

/// Where dictionaries come from.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum From {
    /// The XML files of Wireshark
    Wireshark,
}

/// Convert another program's dictionary into one that generates code
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The format of the files
    #[arg(long, value_enum)]
    from: From,

    /// Files to convert; several become one dictionary. A part of Wireshark's dictionary is read together with the
    /// `dictionary.xml` beside it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Write the dictionary to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Only AVPs of this vendor, given by number, name or symbolic id, and what their groups need; may be given several
    /// times
    #[arg(long, value_name = "NAME|ID")]
    vendor: Vec<String>,

    /// Only AVPs and commands that stand in this application, and what the groups need; may be given several times
    #[arg(long, value_name = "ID")]
    application: Vec<u32>,

    /// Keep what the standard dictionaries define; the result is in go-diameter's format, a set of its own beside them
    #[arg(long)]
    all: bool,

    /// Name of the dictionary, by which others import it [default: made from the name of the file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// Runs `diametric dictionary import`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let options = Options {
        vendors: args.vendor.clone(),
        applications: args.application.clone(),
        all: args.all,
        name: args.name.clone(),
    };
    let imported = match args.from {
        From::Wireshark => wireshark::import(&args.files, &options),
    };
    report::text(&imported.render());
    if imported.has_errors() {
        return Ok(Outcome::Faulty);
    }
    output::write(args.out.as_deref(), &imported.text)?;
    report::line(format_args!("{}", summary(&imported.counts)));
    Ok(Outcome::Clean)
}

fn summary(counts: &Counts) -> String {
    format!(
        "imported: AVPs {} (groups {}, needed by groups only {}), commands {}; left out: in the standard dictionaries {}, \
         repeated or faulty {}",
        counts.avps, counts.groups, counts.needed, counts.commands, counts.standard, counts.dropped
    )
}
