//! Policies under a lens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod absence;
mod page;
mod timeline;

use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::policy::{Policy, PolicySet};
use bezwaar_core::time::Day;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// The policies that ship.
fn shipped() -> PolicySet {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies"));
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            files.push(PolicyFile {
                path: path.display().to_string(),
                folder: folder.file_name().unwrap().to_str().unwrap().to_owned(),
                stem: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
    read_policies(&files, None).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A policy with one use, its four dates, and what else stands in its table.
fn club(dates: [&str; 4], more: &str) -> Policy {
    let [announced, effective, collection, control] = dates;
    let text = format!(
        r#"format = 1
[policy]
id = "club"
title = "The club"
controller = "Club"
zone = "Europe/Amsterdam"
services = ["club"]
[version]
id = "2026-01-01"
published = "2025-12-01"
effective = "2026-01-01"
summary = "First."
sources = ["s"]
[[source]]
id = "s"
title = "S & <T>"
url = "https://club.example/?a&b"
date = "2025-12-01"
grade = "P"
[about]
stated = []
protective = []
sources = ["s"]
[[use]]
id = "club/model"
title = "The model & <more>"
purpose = "train"
recipients = ["lab"]
legal_basis = "legitimate-interests"
default = "on"
controls = []
announced = "{announced}"
effective = "{effective}"
collection_began = "{collection}"
control_first_offered = "{control}"
retention = "unknown"
on_deletion = "unknown"
sources = ["s"]
{more}
[[use.data]]
categories = ["post"]
audience = ["public"]
"#
    );
    let declared = if more.contains("declared") { text } else { text.replace("default =", "declared = \"text\"\ndefault =") };
    let file = PolicyFile { path: "club.toml".into(), folder: "club".into(), stem: "2026-01-01".into(), text: declared };
    let set = read_policies(&[file], None).unwrap_or_else(|problems| panic!("{problems:?}"));
    set.policies["club"].clone()
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
