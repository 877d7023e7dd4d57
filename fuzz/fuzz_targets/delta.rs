//! Deltas between extracts.
#![no_main]

use std::sync::LazyLock;

use bezwaar_ledger::extract::Extract;

static BASE: LazyLock<Extract> =
    LazyLock::new(|| Extract::from_bytes(include_bytes!("../../crates/ledger/tests/golden/extract").to_vec()).unwrap());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_ledger::fuzzing::delta(&BASE, bytes));
