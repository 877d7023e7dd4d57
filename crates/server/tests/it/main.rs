//! Tests of the witness and of asking witnesses, over real sockets and real folders.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    missing_docs,
    reason = "tests say what they expect"
)]

mod asking;
mod follow;
mod hostile;
mod other_hands;
mod protocol;
mod race;
mod state;
mod support;

#[test]
fn no_file_is_forgotten() {
    let declared = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let stem = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(stem == "main" || declared.contains(&format!("mod {stem};")), "{stem}");
    }
}
