//! Preference signals: the standards' own examples, hostile texts, and the laws that hold for all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod absence;
mod acts;
mod dictionary;
mod emit;
mod fields;
mod input;
mod laws;
mod records;
mod robots;
mod tdm;

use bezwaar_signal::{Answer, Read};

/// The answers of a text, in its order, as `category=answer`.
fn said(read: &Read) -> Vec<String> {
    read.statements().iter().map(|one| format!("{}={}", one.category(), one.answer().as_str())).collect()
}

/// The combined answer about one category, whatever the signal.
fn answer(read: &Read, category: &str) -> Option<Answer> {
    read.combined().into_iter().find(|((_, own), _)| *own == category).map(|(_, answer)| answer)
}

#[test]
fn no_file_is_forgotten() {
    let declared = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let is_module = path.extension().is_some_and(|end| end == "rs") && stem != "main";
        assert!(!is_module || declared.contains(&format!("mod {stem};")), "{stem}");
    }
}
