//! Who may depend on whom, and what the gate never does.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::support::{root, walk};

/// Crates of the workspace with what they name: `(name, kind)`, kind `normal`, `dev` or `build`.
fn manifests() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let out =
        Command::new(cargo).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let named = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.map(|one| (one["name"].as_str().unwrap().to_owned(), one["kind"].as_str().unwrap_or("normal").to_owned())).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (package["name"].as_str().unwrap().to_owned(), named(package))).collect()
}

/// Everything a crate rests on when it is shipped, by `cargo tree`'s reckoning of the lock file.
fn rests_on(name: &str) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let out = Command::new(cargo)
        .args(["tree", "--offline", "-e", "normal,build", "--prefix", "none", "-f", "{p}", "-p", name])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn arrows_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = [
        ("bezwaar-core", &[] as &[&str]),
        ("bezwaar-ledger", &["bezwaar-core"]),
        ("bezwaar-gate", &["bezwaar-core", "bezwaar-ledger"]),
        ("bezwaar-testkit", &["bezwaar-core"]),
        ("bezwaar-import", &["bezwaar-core"]),
        ("bezwaar-register", &["bezwaar-core", "bezwaar-ledger"]),
        ("bezwaar-lens", &["bezwaar-core"]),
        ("bezwaar-letter", &["bezwaar-core"]),
        ("bezwaar-signal", &["bezwaar-core"]),
        ("bezwaar-server", &["bezwaar-core", "bezwaar-ledger", "bezwaar-register", "bezwaar-lens", "bezwaar-letter"]),
    ]
    .into();
    for (name, dependencies) in manifests() {
        for (dependency, kind) in dependencies.iter().filter(|(dependency, _)| dependency.starts_with("bezwaar")) {
            assert!(dependency != "bezwaar-testkit" || kind == "dev", "{name} is shipped with the testkit");
            if let Some(allowed) = allowed.get(name.as_str()).filter(|_| kind != "dev") {
                assert!(allowed.contains(&dependency.as_str()), "{name} depends on {dependency}");
            }
        }
    }
}

#[test]
fn arrow_and_parquet_are_named_in_one_manifest() {
    for (name, dependencies) in manifests() {
        let named: Vec<&String> = dependencies
            .iter()
            .map(|(dependency, _)| dependency)
            .filter(|one| one.starts_with("arrow") || one.starts_with("parquet") || one.starts_with("datafusion"))
            .collect();
        assert!(named.is_empty() || matches!(name.as_str(), "bezwaar-gate" | "bezwaar-python"), "{name} names {named:?}");
    }
}

#[test]
fn no_database_no_network_no_runtime() {
    let never = [
        "reqwest",
        "tokio",
        "hyper",
        "rusqlite",
        "libsqlite3-sys",
        "postgres",
        "tokio-postgres",
        "sqlx",
        "diesel",
        "ureq",
        "curl",
        "async-std",
        "smol",
        "object_store",
        "datafusion",
        "openssl",
        "rustls",
    ];
    for name in ["bezwaar-core", "bezwaar-ledger", "bezwaar-gate"] {
        let found = rests_on(name);
        assert!(found.contains(name), "{found:?}");
        let wrong: Vec<&&str> = never.iter().filter(|one| found.contains(**one)).collect();
        assert!(wrong.is_empty(), "{name} rests on {wrong:?}");
    }
}

/// Source without comments, so that a word in a sentence is no use of it.
fn code_of(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_gate_prints_nothing_asks_nobody_and_signs_nothing() {
    let words = [
        "println!",
        "print!(",
        "eprintln!",
        "eprint!(",
        "dbg!",
        "stdout()",
        "stderr()",
        "env::var",
        "env::args",
        "env::current_dir",
        "process::exit",
        "std::process",
        "std::net",
        "SystemTime::now",
        "Utc::now",
        "Zoned::now",
        "thread_rng",
        "sign(",
    ];
    let mut seen = 0;
    walk(&root().join("crates/gate/src"), &mut |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let code = code_of(text.split("#[cfg(test)]").next().unwrap_or_default());
        for word in words {
            assert!(!code.contains(word), "{} has `{word}`", path.display());
        }
        seen += 1;
    });
    assert!(seen > 20);
}

#[test]
fn no_platform_is_named_in_the_gate() {
    let names = ["facebook", "instagram", "whatsapp", "twitter", "tiktok", "reddit", "linkedin"];
    walk(&root().join("crates/gate/src"), &mut |path| {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase();
        for name in names {
            assert!(!text.contains(name), "{} names {name}", path.display());
        }
    });
}
