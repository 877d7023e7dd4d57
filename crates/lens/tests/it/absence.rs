//! What lens must not do and must not know.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_disk_no_network_no_clock_no_environment_no_platform() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() >= 10, "were they found?");
    let banned = [
        "std::fs",
        "std::env",
        "std::net",
        "std::io",
        "std::process",
        "println!",
        "std::thread",
        "std::time",
        "SystemTime",
        "::now()",
        "env!(",
        "unsafe ",
        "tokio",
        "\"meta",
        "\"x/",
        "\"x\"",
        "facebook",
        "grok",
        "github",
        "youtube",
        "whatsapp",
        "linkedin",
        "reddit",
    ];
    let mut found = Vec::new();
    for file in files {
        for (place, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = if line.trim_start().starts_with("//") { "" } else { line };
            if banned.iter().any(|text| code.contains(text)) {
                found.push(format!("{}:{}: {}", file.display(), place + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn lens_depends_on_core_and_readers_only() {
    let manifest: toml::Table = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap().parse().unwrap();
    let names: Vec<&str> = manifest["dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["bezwaar-core", "serde", "serde_json", "toml"]);
}
