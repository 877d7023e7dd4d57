//! The tests of lens.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod absence;
mod diff;
mod golden;
mod page;
mod properties;
mod reference;
mod rules;
mod sarif;
mod speaker;
mod suppress;
mod texts;
mod timeline;

use std::path::{Path, PathBuf};

use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::policy::{Policy, PolicySet};
use bezwaar_core::time::Day;
use bezwaar_lens::lint::{Options, Report, lint};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The policies that are shipped.
fn shipped() -> PolicySet {
    bezwaar_testkit::load_policies(&root().join("policies"))
}

fn today() -> Day {
    Day::parse("2026-11-22").unwrap()
}

/// Everything that is found in some policies.
fn all(policies: &PolicySet) -> Report {
    lint(policies, &Options { versions: Vec::new(), suppressions: None, today: today() })
}

/// A policy without a fault, all of its optional facts known.
const CLEAN: &str = include_str!("clean.toml");

/// A version of the clean policy with some texts in the place of others.
fn version(day: &str, changes: &[(&str, &str)]) -> PolicyFile {
    let mut text = CLEAN.to_owned();
    for (old, new) in [
        ("id = \"2026-01-01\"", format!("id = \"{day}\"").as_str()),
        ("effective = \"2026-01-01\"\nsummary", format!("effective = \"{day}\"\nsummary").as_str()),
    ]
    .iter()
    .chain(changes)
    {
        assert_eq!(text.matches(old).count(), 1, "`{old}` must stand there once");
        text = text.replace(old, new);
    }
    PolicyFile { path: format!("policies/club/{day}.toml"), folder: "club".to_owned(), stem: day.to_owned(), text }
}

fn read(files: &[PolicyFile]) -> PolicySet {
    read_policies(files, None).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A generated file in git must hold this text; or it gets it, when the environment says so.
#[track_caller]
fn generated(path: &str, made: &str) {
    let file = root().join(path);
    if std::env::var_os("BEZWAAR_REGENERATE").is_some_and(|value| value == "1") {
        std::fs::write(&file, made).unwrap();
        return;
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    if stored != made {
        let place = stored
            .lines()
            .zip(made.lines())
            .position(|(left, right)| left != right)
            .unwrap_or(stored.lines().count().min(made.lines().count()));
        let line = |text: &str| text.lines().nth(place).unwrap_or("(the end)").to_owned();
        panic!(
            "{path}: line {}\n  stored: {}\n  made:   {}\nto write it anew: BEZWAAR_REGENERATE=1 cargo test -p bezwaar-lens",
            place + 1,
            line(&stored),
            line(made)
        );
    }
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
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
