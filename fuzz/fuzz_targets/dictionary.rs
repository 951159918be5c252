//! See `diametric_fuzz_checks::dictionary`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diametric_fuzz_checks::dictionary(data));
