//! Lists of a release's subjects.
#![no_main]

use std::sync::LazyLock;

use bezwaar_ledger::release::Seal;

static SEAL: LazyLock<Seal> = LazyLock::new(|| Seal::from_bytes(include_bytes!("../../crates/ledger/tests/golden/seal.json")).unwrap());

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bezwaar_ledger::fuzzing::subject_list(&SEAL, bytes));
