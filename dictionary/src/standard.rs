//! The dictionaries shipped with this crate, embedded in it.

/// Name of the unit that holds the shipped dictionaries; their names are visible everywhere without import.
pub const UNIT: &str = "standard";

/// Root of the crate that holds the messages generated from the shipped dictionaries.
pub const RUST_PATH: &str = "::diametric_protocol";

/// The shipped dictionaries: file name and text, sorted by file name.
pub const STANDARD: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/standard.rs"));
