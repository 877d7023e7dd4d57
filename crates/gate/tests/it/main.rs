//! The gate as one piece: against the model, over its formats, with what it is given broken in every way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test may stop at the first surprise"
)]

mod absence;
mod bad_input;
mod boundaries;
mod corpus;
mod equality;
mod formats;
mod generated;
mod properties;
mod records;
mod resume;
mod signed;
mod subjects;
mod support;
mod wide;

/// A file that is not declared above is a test that never runs.
#[test]
fn every_file_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(stem == "main" || main.contains(&format!("mod {stem};")), "{stem} is not declared");
    }
}
