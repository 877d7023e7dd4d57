//! Parquet files: hostile bytes are refused or rewritten, and never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_gate::fuzzing::parquet(bytes));
