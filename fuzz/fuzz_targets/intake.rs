//! What intake is given: mappings of CSV files, aliases; and the settings of a register.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_register::fuzzing::intake(bytes));
