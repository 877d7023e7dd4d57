//! Files in git that are generated: each is what the program makes of it now.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};

use bezwaar_core::policy::schema::{policy_schema, services_schema};
use bezwaar_testkit::table::decisions_page;
use serde_json::Value;

const COMMAND: &str = "BEZWAAR_REGENERATE=1 cargo test -p bezwaar-core --test it generated";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The file must hold this text; or it gets it, when the environment says so.
#[track_caller]
fn check(path: &str, made: &str) {
    let file = root().join(path);
    if std::env::var_os("BEZWAAR_REGENERATE").is_some_and(|value| value == "1") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, made).unwrap();
        return;
    }
    let stored = fs::read_to_string(&file).unwrap_or_default();
    if stored == made {
        return;
    }
    let mut pairs = stored.lines().map(Some).chain(std::iter::repeat(None)).zip(made.lines().map(Some).chain(std::iter::repeat(None)));
    let place = pairs.by_ref().take(stored.lines().count().max(made.lines().count())).enumerate().find(|(_, (left, right))| left != right);
    let shown = match place {
        Some((line, (left, right))) => {
            format!("line {}\n  stored: {}\n  made:   {}", line + 1, left.unwrap_or("(the end)"), right.unwrap_or("(the end)"))
        }
        None => "the ends of the lines".to_owned(),
    };
    panic!("{path} is not what the program makes now; the first difference is in {shown}\nto write it anew: {COMMAND}");
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

#[test]
fn schema_of_policies() {
    check("schemas/policy.schema.json", &pretty(&policy_schema()));
}

#[test]
fn schema_of_services() {
    check("schemas/services.schema.json", &pretty(&services_schema()));
}

#[test]
fn decisions() {
    check("docs/decisions.md", &decisions_page(&bezwaar_testkit::load_policies(&root().join("policies"))));
}
