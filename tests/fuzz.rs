//! The inputs of the fuzz targets, with a stable compiler: those that fuzzing starts with, and in `fuzz/regressions` those
//! that once failed, in a folder for each target.

use diametric_fuzz_checks::TARGETS;
use std::fs;
use std::path::Path;

#[test]
fn what_fuzzing_starts_with() {
    let inputs = diametric_tests::corpus::inputs();
    assert_eq!(inputs.len(), TARGETS.len());
    for (name, check) in TARGETS {
        let (_, inputs) = inputs.iter().find(|(target, _)| *target == name).expect("inputs for each target");
        assert!(inputs.len() > 5, "{name}");
        inputs.iter().for_each(|input| check(input));
    }
}

#[test]
fn what_once_failed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions");
    for entry in fs::read_dir(folder).expect("the regressions") {
        let entry = entry.expect("a folder can be read").path();
        if !entry.is_dir() {
            continue;
        }
        let name = entry.file_name().and_then(|name| name.to_str()).expect("named after a target");
        let (_, check) = TARGETS.into_iter().find(|(target, _)| *target == name).expect("named after a target");
        for input in fs::read_dir(&entry).expect("the inputs of a target") {
            check(&fs::read(input.expect("a folder can be read").path()).expect("an input can be read"));
        }
    }
}

#[test]
fn the_targets_are_those_of_cargo_fuzz() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the targets")
        .map(|entry| entry.expect("a folder can be read").path().file_stem().expect("a file").to_owned())
        .collect();
    found.sort();
    assert_eq!(found, TARGETS.map(|(name, _)| name));
}
