//! What this crate must not do, and whom it must not know.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn no_disk_no_network_no_clock_no_environment_no_platform() {
    let banned = ["std::fs", "std::net", "std::env", "std::process", "SystemTime", "println!"];
    let platforms = ["facebook", "instagram", "whatsapp", "twitter", "linkedin", "reddit", "bluesky", "youtube", "github", "grok"];
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for path in &files {
        let text = fs::read_to_string(path).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
            for name in platforms {
                assert!(!line.to_lowercase().contains(name), "{}: {line}", path.display());
            }
        }
    }
    assert!(files.len() >= 5, "{} files: were they found?", files.len());
}
