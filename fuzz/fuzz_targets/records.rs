//! Records of text formats: JSON of any shape, and CSV.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_gate::fuzzing::records(bytes));
