//! Policy files and `services.toml`: any text gives policies or problems that lie within the text.
#![no_main]

use bezwaar_core::policy::read::{PolicyFile, read_policies};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let file = PolicyFile { path: "p/v.toml".into(), folder: "p".into(), stem: "v".into(), text: text.into() };
    if let Err(problems) = read_policies(&[file], Some(("services.toml", text))) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| problem.span().end <= text.len()));
    }
});
