//! See `diametric_fuzz_checks::round_trip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diametric_fuzz_checks::round_trip(data));
