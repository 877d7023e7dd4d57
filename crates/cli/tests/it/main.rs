//! Runs the binary: exit code, standard output and standard error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![allow(missing_docs, reason = "tests")]

mod bezwaar;
mod cheats;
mod corpus;
mod decide;
mod demo;
mod explain;
mod explain_policy;
mod gate;
mod generate;
mod help;
mod letter;
mod lint;
mod policy;
mod register;
mod salvage;
mod signal;
mod swapped;
mod verify;
mod what_if;
mod witness;
mod witnessed;

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
