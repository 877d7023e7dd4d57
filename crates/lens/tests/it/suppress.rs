//! What is let stand, until when, and what is said when there is nothing left to let stand.

use bezwaar_core::time::Day;
use bezwaar_lens::lint::suppress::Suppressions;
use bezwaar_lens::lint::{Options, Report, lint};

use crate::{read, version};

fn with(text: &str, today: &str) -> Report {
    let policies = read(&[version("2026-01-01", &[("default = \"off\"", "default = \"on\"")])]);
    let suppressions = Some(Suppressions::parse("lint.toml", text).unwrap());
    lint(&policies, &Options { versions: Vec::new(), suppressions, today: Day::parse(today).unwrap() })
}

fn entry(rule: &str, on: &str) -> String {
    format!("[[suppress]]\nrule = \"{rule}\"\non = \"{on}\"\nreason = \"looked at\"\nuntil = \"2026-06-30\"\n")
}

fn counted(report: &Report) -> Vec<(&str, &str)> {
    report.counted().map(|finding| (finding.rule.id, finding.variant)).collect()
}

#[test]
fn on_a_use_on_a_policy_and_by_the_other_id() {
    assert_eq!(counted(&with("", "2026-06-30")), [("L-03", "on")]);
    for text in [entry("L-03", "club/model"), entry("L-03", "club"), entry("G-25", "club/model")] {
        let report = with(&text, "2026-06-30");
        assert_eq!(counted(&report), []);
        assert_eq!(report.findings[0].suppressed.as_deref(), Some("looked at"));
    }
}

#[test]
fn after_its_last_day_it_is_over_and_said() {
    assert_eq!(counted(&with(&entry("L-03", "club/model"), "2026-07-01")), [("L-03", "on"), ("S-01", "expired")]);
}

#[test]
fn where_nothing_is_met_it_is_said() {
    assert_eq!(counted(&with(&entry("L-04", "club"), "2026-06-30")), [("L-03", "on"), ("S-02", "unused")]);
    let elsewhere = format!("{}version = \"2025-01-01\"\n", entry("L-03", "club/model"));
    assert_eq!(counted(&with(&elsewhere, "2026-06-30")), [("L-03", "on")], "that version was not read, so nothing can be said");
    assert_eq!(counted(&with(&entry("L-03", "other"), "2026-06-30")), [("L-03", "on")], "nor of that policy");
}

#[test]
fn reason_and_last_day_are_needed() {
    let text = "[[suppress]]\nrule = \"L-99\"\non = \"club\"\n\n[[suppress]]\nrule = \"L-03\"\non = \"club\"\nreason = \"\"\nuntil = \"2026-02-30\"\nwhy = \"x\"\n";
    let problems = Suppressions::parse("lint.toml", text).unwrap_err();
    let lines: Vec<String> = problems.iter().map(|problem| problem.in_one_line(text)).collect();
    for (line, start) in [
        "lint.toml:1:1: `reason` is missing",
        "lint.toml:1:1: `until` is missing",
        "lint.toml:8:10: `reason` must be a text, not empty",
        "lint.toml:9:9: `until` must be a day, not `2026-02-30`",
        "lint.toml:10:1: unknown key `why`",
        "lint.toml:2:8: there is no rule `L-99`; did you mean `L-09`?",
    ]
    .iter()
    .map(|start| (lines.iter().find(|line| line.starts_with(start)), start))
    {
        assert!(line.is_some(), "{start}\nfound:\n{}", lines.join("\n"));
    }
}
