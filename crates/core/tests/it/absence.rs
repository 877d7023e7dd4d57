//! What core must not know and must not do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

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

/// Every line of code of core, with its place; neither comments nor tests.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut lines = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (place, line) in text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]") {
            // A `//` within a text, as in `://`, is not preceded by a space.
            let code = if line.trim_start().starts_with("//") { "" } else { line.split(" //").next().unwrap_or_default() };
            lines.push((format!("{}:{}", file.strip_prefix(&root).unwrap().display(), place + 1), code.to_owned()));
        }
    }
    assert!(lines.len() > 2_000, "only {} lines: were they found?", lines.len());
    lines
}

/// The words of a line, lower-cased; `WhatsAppRule` and `whats_app` count as the words they are made of, and as one.
fn has_word(line: &str, word: &str) -> bool {
    let parts = line.split(|letter: char| !letter.is_ascii_alphanumeric());
    let camel = |part: &str| -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for letter in part.chars() {
            match words.last_mut() {
                Some(last) if !letter.is_ascii_uppercase() => last.push(letter),
                _ => words.push(letter.to_ascii_lowercase().to_string()),
            }
        }
        words
    };
    let mut all = parts.flat_map(|part| camel(part).into_iter().chain([part.to_ascii_lowercase()]));
    all.any(|found| found == word)
}

#[test]
fn core_knows_no_platform_by_name() {
    let distinct = [
        "facebook",
        "instagram",
        "whatsapp",
        "twitter",
        "linkedin",
        "reddit",
        "bluesky",
        "mastodon",
        "telegram",
        "youtube",
        "tiktok",
        "snapchat",
        "openai",
        "anthropic",
        "google",
        "microsoft",
        "chitchat",
        "github",
    ];
    let words = ["meta", "grok", "xai", "gemini", "copilot"];
    // Too short, or too common, to be looked for but as an id.
    let ids = ["x", "threads"].map(|id| [format!("\"{id}\""), format!("\"{id}/"), format!("\"{id}:")]);
    let mut found = Vec::new();
    for (place, line) in code() {
        let lower = line.to_lowercase();
        let named = distinct.iter().any(|name| lower.contains(name)) || ids.iter().flatten().any(|id| lower.contains(id));
        if named || words.iter().any(|word| has_word(&line, word)) {
            found.push(format!("{place}: {}", line.trim()));
        }
    }
    assert!(found.is_empty(), "a platform's name belongs into policies/:\n{}", found.join("\n"));
}

#[test]
fn core_reads_nothing_but_what_it_is_given() {
    let texts = [
        "std::fs",
        "std::env",
        "std::net",
        "std::io",
        "std::process",
        "std::thread",
        "std::time",
        "SystemTime",
        "Timestamp::now",
        "Zoned::now",
        "::now()",
        "TimeZone::system",
        "env!(",
        "include_str!",
        "include_bytes!",
        "unsafe ",
    ];
    let words = ["tokio", "async", "await", "rand", "fastrand", "random", "reqwest", "sqlite"];
    let mut found = Vec::new();
    for (place, line) in code() {
        // What is imported in a list is named without its path.
        let imported = line.trim_start().starts_with("use std::")
            && ["fs", "env", "net", "io", "process", "thread"].iter().any(|name| has_word(&line, name));
        if imported || texts.iter().any(|text| line.contains(text)) || words.iter().any(|word| has_word(&line, word)) {
            found.push(format!("{place}: {}", line.trim()));
        }
    }
    assert!(found.is_empty(), "no I/O, clock, randomness, environment or async here:\n{}", found.join("\n"));
}

#[test]
fn core_depends_on_four_crates() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let names: Vec<&str> = manifest["dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["jiff", "serde", "serde_json", "toml"]);
    for section in ["build-dependencies", "target", "features"] {
        assert!(!manifest.contains_key(section), "[{section}] has no place in core");
    }
}

#[test]
fn words_are_told_apart() {
    for (line, word, expect) in [
        ("\"meta/form\"", "meta", true),
        ("metadata", "meta", false),
        ("Category::Metadata", "meta", false),
        ("MetaRule", "meta", true),
        ("operand", "rand", false),
        ("use rand::Rng;", "rand", true),
    ] {
        assert_eq!(has_word(line, word), expect, "{line} {word}");
    }
}
