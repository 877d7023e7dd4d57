//! Items: what is read can be written and read again, and is the same.
#![no_main]

use bezwaar_core::wire::{item_line, parse_item};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(item) = parse_item(1, text) {
        let again = parse_item(1, &item_line(&item)).expect("what was written is read");
        assert!(item.id == again.id && item.authors == again.authors && item.category == again.category);
    }
});
