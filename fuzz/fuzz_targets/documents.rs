//! Receipts, seals, countersignatures, row proofs, proofs of absence, openings and extracts' entries. What is read is written back the same, byte for byte.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_ledger::fuzzing::documents(bytes));
