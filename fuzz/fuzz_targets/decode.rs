//! See `diametric_fuzz_checks::decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diametric_fuzz_checks::decode(data));
