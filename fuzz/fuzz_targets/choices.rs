//! Choices files: any text is read whole or not at all, and what is read can be worked out.
#![no_main]

use bezwaar_core::{Holdings, account::Services, wire::read_choices};

libfuzzer_sys::fuzz_target!(|text: &str| {
    match read_choices(text, &Services::default()) {
        Ok(file) => drop(Holdings::resolve(&file.choices)),
        Err(errors) => assert!(!errors.is_empty()),
    }
});
