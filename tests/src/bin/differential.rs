//! Compares the codec with that of Erlang/OTP on random messages; `.ci/differential` runs it.
//!
//! - `differential dictionaries FOLDER` writes the dictionaries for the other side;
//! - `differential messages FILE COUNT SEED` writes the messages, COUNT of each kind;
//! - `differential compare RESULTS COUNT SEED` compares what the other side told of these.

#![expect(clippy::print_stdout, reason = "a command says what it found")]

use diametric_dictionary::Loader;
use diametric_tests::differential::{dia, erlang};
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let dictionary = Loader::with_standard().load().dictionary;
    match arguments[..] {
        ["dictionaries", folder] => {
            for (name, text) in dia::files(&dictionary) {
                fs::write(Path::new(folder).join(name), text)?;
            }
        }
        ["messages", file, count, seed] => {
            let cases = erlang::cases(&dictionary, count.parse()?, seed.parse()?);
            fs::write(file, erlang::input(&cases))?;
        }
        ["compare", results, count, seed] => {
            let cases = erlang::cases(&dictionary, count.parse()?, seed.parse()?);
            let report = erlang::compare(&dictionary, &cases, &fs::read_to_string(results)?);
            println!("{report}");
            if !report.differences.is_empty() {
                let shown: Vec<_> = report.differences.iter().take(10).map(String::as_str).collect();
                return Err(format!(
                    "differences that nothing explains, of this side and the other:\n{}",
                    shown.join("\n")
                )
                .into());
            }
        }
        _ => {
            return Err(
                "usage: differential dictionaries FOLDER | messages FILE COUNT SEED | compare RESULTS COUNT SEED"
                    .into(),
            );
        }
    }
    Ok(())
}
