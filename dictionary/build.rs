//! Lists the shipped dictionaries, so that adding a file to `xml/` is all it takes to ship it.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=xml");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR")).join("xml");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the crate ships its xml folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".xml"))
        .collect();
    names.sort();
    let mut list = String::from("&[\n");
    for name in &names {
        writeln!(
            list,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))),",
            format!("/xml/{name}")
        )
        .expect("a String takes every write");
    }
    list.push_str("]\n");
    let output = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("standard.rs");
    fs::write(output, list).expect("OUT_DIR is writable");
}
