//! The demo: what a visitor sees first.

use std::path::Path;

use crate::bezwaar::Bench;

#[test]
fn the_demo_keeps_some_withholds_some_and_fits_on_a_screen() {
    let bench = Bench::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let output = bench.command(&["demo", "--project", root.to_str().unwrap(), "--out", "demo"]).output().unwrap();
    let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{complained}");
    assert_eq!(complained, "");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() <= 40, "{} lines", lines.len());
    assert!(lines.iter().all(|line| line.chars().count() <= 140), "a line is too wide:\n{said}");
    assert!(said.contains("   X, third parties      14 Nov 2024  use-not-started"), "{said}");
    assert!(said.contains("27 May 2025  KEEP                 KEEP                                no-consent"), "{said}");
    assert!(said.contains("Everything else that moved: 0."), "{said}");
    assert!(said.contains("community, asks first stated  45"), "{said}");
    // Part 4 fails by itself when a cheat is not caught; here, that each is told with who catches it and in which words.
    for (cheat, caught) in [
        ("drops her objection", "a supervisor: bezwaar audit, exit 5: \"a row is missing; somebody was left out\""),
        ("dates it later", "she: bezwaar verify, exit 5: \"the proof leads to another root than the tree has\""),
        ("puts a record back", "bezwaar release countersign, exit 5: \"records of 3 people, and the seal is about others: 2 of them\""),
        ("shows another ledger", "bezwaar verify --against, exit 5: \"forked: somebody else was shown another ledger\""),
    ] {
        let told = lines.iter().position(|line| line.starts_with(&format!("   {cheat} "))).unwrap_or_else(|| panic!("{cheat}\n{said}"));
        assert!(lines[told + 1].contains(caught), "{cheat}\n{said}");
    }
    assert!(said.contains("a witness: bezwaar witness follow, exit 5"), "{said}");
    let report = std::fs::read_to_string(bench.path("demo/report.html")).unwrap();
    for part in ["Side by side", "before her objection", "community, asks first: consent", "no-control", "</html>"] {
        assert!(report.contains(part), "{part}");
    }
    assert!(
        !report.contains("<script") && !report.contains("http:") && !report.contains("https:"),
        "a report fetches nothing and runs nothing"
    );
    // A second run finds its own folder and starts anew; a folder that is not its own is left alone.
    bench.write("mine/keep.txt", "x");
    let args = ["demo", "--project", root.to_str().unwrap(), "--out", "mine"];
    let refused = bench.run(&args);
    assert!(refused.starts_with("exit code 1") && refused.contains("was not made by the demo"), "{refused}");
    assert!(bench.path("mine/keep.txt").exists());
}
