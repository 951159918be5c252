//! The command as it is used: what it prints, and how it ends.

mod build;
mod capture;
mod decode;
mod dictionary;
mod follow;
mod frames;
mod input;
mod json;
mod typed;
mod wanted;

use std::path::PathBuf;
use std::process::Output;

/// Runs the command with something on its standard input.
fn diametric(arguments: &[&str], input: &(impl AsRef<[u8]> + ?Sized)) -> Output {
    assert_cmd::cargo::cargo_bin_cmd!("diametric")
        .args(arguments)
        .write_stdin(input.as_ref())
        .output()
        .expect("the command runs")
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).expect("the command writes UTF-8")
}

/// What it printed, when nothing was wrong.
fn printed(arguments: &[&str], input: &(impl AsRef<[u8]> + ?Sized)) -> String {
    let output = diametric(arguments, input);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout).to_owned()
}

/// What it printed, what it complained about, and its exit status.
fn told(arguments: &[&str], input: &(impl AsRef<[u8]> + ?Sized)) -> (String, String, Option<i32>) {
    let output = diametric(arguments, input);
    (text(&output.stdout).to_owned(), text(&output.stderr).to_owned(), output.status.code())
}

/// A file of test data.
fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", name].iter().collect();
    path.to_str().expect("the path is UTF-8").to_owned()
}
