//! `diametric dictionary diff`: what changed between two dictionaries.

use super::output;
use crate::report::{self, Outcome};
use anyhow::{Context as _, Result, bail};
use diametric_dictionary::diff::{self, Change, Semver, Side};
use diametric_dictionary::model::UnitId;
use diametric_dictionary::{Loaded, Loader, standard};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const AFTER_HELP: &str = "\
DICTIONARIES:
  Each of the two is a file, a folder whose *.xml files form one set, several of these with commas between them, or \
`standard` for the dictionaries that come with diametric. Files may use the standard dictionaries; what is compared is \
what the files themselves define and extend.

OUTPUT:
  A line for each change. `wire` marks changes by which peers with one of the two refuse or misread what the other \
allows. `major`, `minor` and `patch` say what the change asks of the version of a crate that has the generated types; the \
last line has the sum. `boxed` marks groups that have grown past the size from which they are held in a `Box`, or shrunk \
below it, in what holds them.

EXIT STATUS:
  As that of diff(1): 0 if there is no difference, 1 if there is one, 2 if a dictionary cannot be read.

EXAMPLES:
  diametric dictionary diff acme-1.0.xml acme-1.1.xml
  diametric dictionary diff --json old/ new/
  diametric dictionary diff standard my-copy-of-the-standard/";

/// The exit status of trouble.
const TROUBLE: i32 = 2;

/// Tell what changed between two dictionaries, and whom it breaks
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The dictionary as it was
    #[arg(value_name = "OLD")]
    old: String,

    /// The dictionary as it is
    #[arg(value_name = "NEW")]
    new: String,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs `diametric dictionary diff`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    // Both are read before the first trouble ends it, so that all is told at once.
    let (old, new) = (read(&args.old), read(&args.new));
    let (old, new) = match (old, new) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            for error in [old.err(), new.err()].into_iter().flatten() {
                report::error(&error);
            }
            std::process::exit(TROUBLE);
        }
    };
    let changes = diff::diff(old.side(), new.side());
    let text = if args.json { json_text(args, &changes) } else { plain(&changes) };
    output::write(None, &text)?;
    Ok(if changes.is_empty() { Outcome::Clean } else { Outcome::Faulty })
}

/// A dictionary, and which of its units are compared.
struct Set {
    loaded: Loaded,
    units: Vec<UnitId>,
}

impl Set {
    fn side(&self) -> Side<'_> {
        Side::new(&self.loaded.dictionary, &self.units)
    }
}

fn read(given: &str) -> Result<Set> {
    let mut files = Vec::new();
    let mut with_standard = false;
    for part in given.split(',') {
        match part {
            "standard" => with_standard = true,
            "" => bail!("{given:?} names an empty file"),
            path => files.extend(expand(Path::new(path))?),
        }
    }
    // A set that defines again what the standard dictionaries define is read without them.
    let beside = load(&files, true, with_standard);
    if !beside.loaded.has_errors() {
        report::text(&beside.loaded.render());
        return Ok(beside);
    }
    if !with_standard {
        let alone = load(&files, false, false);
        if !alone.loaded.has_errors() {
            report::text(&alone.loaded.render());
            return Ok(alone);
        }
    }
    report::text(&beside.loaded.render());
    bail!("{given} cannot be compared");
}

fn load(files: &[PathBuf], beside: bool, compare_standard: bool) -> Set {
    let mut loader = Loader::new();
    let mut units = Vec::new();
    if beside {
        let unit = loader.add_standard(Some(standard::RUST_PATH));
        if compare_standard {
            units.push(unit);
        }
    }
    if !files.is_empty() {
        let unit = loader.unit(if beside { "compared" } else { standard::UNIT }, None);
        for file in files {
            // What cannot be read is among the diagnostics.
            let _ = loader.add_file(unit, file);
        }
        units.push(unit);
    }
    Set { loaded: loader.load(), units }
}

/// A file, or the dictionaries of a folder.
fn expand(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot = || format!("cannot read {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let file = entry.with_context(cannot)?.path();
        if file.extension().is_some_and(|extension| extension == "xml") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("{} has no *.xml files", path.display());
    }
    Ok(files)
}

fn plain(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let wire = if change.wire.is_some() { "wire" } else { "-" };
        let part = change.part.as_ref().map(|part| format!(", {part}")).unwrap_or_default();
        let _ = write!(
            out,
            "{:<5}  {wire:<4}  {} {}: {}{part}",
            change.rust.to_string(),
            change.sort.name(),
            change.kind.name(),
            change.subject
        );
        let _ = match (&change.old, &change.new) {
            (Some(old), Some(new)) => writeln!(out, ": {old} -> {new}"),
            (Some(old), None) => writeln!(out, ": {old}"),
            (None, Some(new)) => writeln!(out, ": {new}"),
            (None, None) => writeln!(out),
        };
        let _ = writeln!(out, "             Rust: {}", change.rust_reason);
        if let Some(wire) = &change.wire {
            let _ = writeln!(out, "             wire: {wire}");
        }
    }
    if let Some(rust) = diff::semver(changes) {
        let count = |rust: Semver| changes.iter().filter(|change| change.rust == rust).count();
        let wire = changes.iter().filter(|change| change.wire.is_some()).count();
        let _ = writeln!(
            out,
            "{}: major {}, minor {}, patch {}; {wire} on the wire. The next version is {rust}.",
            if let [_] = changes { "1 change".to_owned() } else { format!("{} changes", changes.len()) },
            count(Semver::Major),
            count(Semver::Minor),
            count(Semver::Patch)
        );
    }
    out
}

fn json_text(args: &Args, changes: &[Change]) -> String {
    let changes_json: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "sort": change.sort.name(),
                "kind": change.kind.name(),
                "subject": change.subject,
                "part": change.part,
                "old": change.old,
                "new": change.new,
                "wire": { "breaks": change.wire.is_some(), "reason": change.wire },
                "rust": { "semver": change.rust.to_string(), "reason": change.rust_reason },
            })
        })
        .collect();
    let whole = json!({
        "old": args.old,
        "new": args.new,
        "semver": diff::semver(changes).map(|semver| semver.to_string()),
        "wire_breaks": changes.iter().any(|change| change.wire.is_some()),
        "changes": changes_json,
    });
    format!("{whole:#}\n")
}
