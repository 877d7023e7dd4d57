//! Key files: what is read is written back the same.
#![no_main]

use bezwaar_ledger::key::RootKey;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(key) = RootKey::parse_file(text) {
        let again = RootKey::parse_file(&key.to_text()).expect("what was written is read");
        assert_eq!(key.subject_keys().key_id(), again.subject_keys().key_id());
    }
});
