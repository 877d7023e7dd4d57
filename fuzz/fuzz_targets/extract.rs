//! Extracts: hostile bytes are refused, or every row of them can be read or refused.
#![no_main]

use bezwaar_ledger::extract::Extract;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(extract) = Extract::from_bytes(bytes.to_vec()) {
        let _ = extract.verify_rows();
        for row in 0..extract.len() {
            let _ = extract.acts(row);
        }
    }
});
