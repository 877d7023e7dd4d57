//! What the crate must not do.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
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
    assert!(files.len() >= 10);
    let banned = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime",
        "::now()",
        "TimeZone::system",
        "env!(",
        "println!",
        "async ",
        "rand::",
        "getrandom",
        "facebook",
        "instagram",
        "whatsapp",
        "linkedin",
        "\"meta\"",
    ];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let found: Vec<_> = banned.iter().filter(|word| line.to_lowercase().contains(&word.to_lowercase())).collect();
            assert!(found.is_empty(), "{}: {line} has {found:?}", file.display());
        }
    }
}
