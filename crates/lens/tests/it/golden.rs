//! What is found in the policies that are shipped, line by line, and the findings the project was started for.

use std::collections::BTreeSet;

use bezwaar_core::policy::When;
use bezwaar_lens::lint::report::plain;
use bezwaar_lens::lint::{Finding, Report, Severity};
use bezwaar_lens::plain::Language;
use bezwaar_lens::words::Words;

use crate::{all, generated, shipped};

#[test]
fn every_shipped_version() {
    let texts = Words::of(Language::En).unwrap();
    let report = all(&shipped());
    let mut lines = plain(&report, &texts);
    lines.insert(0, "# Made by `BEZWAAR_REGENERATE=1 cargo test -p bezwaar-lens golden`; read every change of it.".to_owned());
    generated("crates/lens/tests/it/golden.txt", &format!("{}\n", lines.join("\n")));
}

fn found<'r>(report: &'r Report, policy: &str, version: &str, rule: &str, on: &str) -> Vec<&'r Finding> {
    let one = |finding: &&Finding| {
        finding.policy == policy && finding.version == version && finding.rule.id == rule && finding.subject.id().unwrap_or("-") == on
    };
    report.findings.iter().filter(one).collect()
}

fn value<'f>(finding: &'f Finding, name: &str) -> &'f str {
    finding.values.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str())
}

#[test]
fn x_2024() {
    let report = all(&shipped());
    for version in ["2024-05-07", "2024-11-15"] {
        let late = found(&report, "x", version, "L-02", "x/grok-posts");
        assert_eq!((late.len(), late[0].severity, value(late[0], "days")), (1, Severity::Mismatch, "70"), "{version}");
        assert_eq!((value(late[0], "began"), value(late[0], "offered")), ("2024-05-07", "2024-07-16"));
        let counter: Vec<&str> = late[0].counter.iter().map(|counter| counter.holder.as_str()).collect();
        assert_eq!(counter, ["X, in court"], "what X told the court stands beside it");
        assert_eq!(found(&report, "x", version, "L-03", "x/grok-posts").len(), 1);
    }
    for on in ["x/grok-posts", "x/grok-chats"] {
        let practice = found(&report, "x", "2024-05-07", "G-01", on);
        assert_eq!((practice.len(), practice[0].severity, practice[0].contested), (1, Severity::Caution, true), "{on}");
        assert!(practice[0].counter[0].says.contains("to help train our machine learning"), "X's own clause stands beside it");
    }
    let videos = found(&report, "google-gemini", "2025-09-02", "G-01", "google-gemini/youtube-videos");
    assert_eq!((videos[0].severity, videos[0].contested), (Severity::Caution, true));
    let own = found(&report, "x", "2024-11-15", "L-06", "x/third-parties");
    assert_eq!((own.len(), own[0].variant), (1, "third"));
    let named = found(&report, "x", "2024-11-15", "L-08", "x/third-parties");
    assert_eq!((named.len(), named[0].variant), (1, "general"));
    let kept = found(&report, "x", "2024-11-15", "L-07", "x/own-ml");
    let variants: Vec<&str> = kept.iter().map(|finding| finding.variant).collect();
    assert!(variants.contains(&"widened") && !variants.contains(&"clause"), "the clause on keeping longer is not new: {variants:?}");
    let widened = kept.iter().find(|finding| finding.variant == "widened").unwrap();
    assert_eq!(value(widened, "what"), "usage information: P18M → removal");
    assert_eq!(found(&report, "x", "2024-05-07", "L-05", "x/grok-posts")[0].variant, "never");
    assert_eq!(found(&report, "x", "2024-05-07", "L-15", "x/grok").len(), 1, "on the web only, at first");
    assert_eq!(found(&report, "x", "2024-11-15", "L-21", "x/third-parties").len(), 1);
    assert_eq!(found(&report, "x", "2026-01-15", "L-20", "x/grok").len(), 1);
    let ads = found(&report, "x", "2025-07-28", "L-07", "x/own-ml");
    assert!(ads.iter().any(|finding| finding.variant == "widened" && value(finding, "what").contains("P90D → P12M")));
}

#[test]
fn meta() {
    let report = all(&shipped());
    assert_eq!(found(&report, "meta", "2025-05-27", "L-04", "meta/objection-form").len(), 1);
    for on in ["meta/non-users", "meta/public-content"] {
        let widened = found(&report, "meta", "2025-06-16", "L-10", on);
        assert_eq!((widened.len(), value(widened[0], "gap")), (1, "20"), "{on}");
    }
    let minors = found(&report, "meta", "2025-05-27", "L-11", "meta/ai-interactions");
    assert_eq!((minors.len(), value(minors[0], "claimed")), (1, "18"));
    assert!(minors[0].counter.iter().any(|counter| counter.dispute == "D8"));
    assert!(found(&report, "meta", "2025-05-27", "L-11", "meta/public-content").is_empty(), "that use is of adults");
    let old: BTreeSet<&str> =
        found(&report, "meta", "2024-06-26", "L-12", "meta/objection-form").iter().map(|finding| finding.variant).collect();
    assert_eq!(old, BTreeSet::from(["reason", "conditional"]));
    assert!(found(&report, "meta", "2025-05-27", "L-02", "meta/public-content").is_empty());
    assert!(found(&report, "meta", "2025-05-27", "L-05", "meta/public-content").is_empty(), "43 days of notice");
}

#[test]
fn github_and_youtube() {
    let report = all(&shipped());
    let narrower = found(&report, "github", "2026-04-27", "L-09", "github/public-content");
    assert_eq!(narrower.len(), 1, "the setting's words leave public repositories out");
    let youtube: Vec<&Finding> = report.findings.iter().filter(|finding| finding.policy == "youtube").collect();
    assert!(youtube.is_empty(), "the good example comes out clean: {youtube:#?}");
}

/// Every fact that is shipped has a source, and every source a day and a place.
#[test]
fn no_fact_without_source_and_day() {
    let policies = shipped();
    let mut bad = Vec::new();
    for version in policies.policies.values().flat_map(|policy| &policy.versions) {
        for source in &version.sources {
            if source.date == When::Unknown || source.date == When::Never || !source.url.starts_with("http") {
                bad.push(format!("{}: source {}", version.file, source.id));
            }
        }
        let evidence = version.uses.iter().map(|one| (&one.id, &one.sources, &one.evidence));
        let evidence = evidence.chain(version.controls.iter().map(|control| (&control.id, &control.sources, &control.evidence)));
        for (id, sources, facts) in evidence {
            if sources.is_empty() || facts.values().any(Vec::is_empty) {
                bad.push(format!("{}: {id}", version.file));
            }
        }
        // What stands in rows of its own has its own sources.
        let kept = version.uses.iter().flat_map(|one| one.details.kept.iter().map(|row| (&row.what, &row.sources)));
        let carved = version.uses.iter().flat_map(|one| one.carve_outs.iter().map(|carve_out| (&carve_out.id, &carve_out.sources)));
        let claims = version.claims.iter().map(|claim| (&claim.id, &claim.sources));
        let positions = version.disputes.iter().flat_map(|dispute| dispute.positions.iter().map(|one| (&one.holder, &one.sources)));
        let rows = kept.chain(carved).chain(claims).chain(positions).chain([(&version.id, &version.backed_by)]);
        for (id, _) in rows.filter(|(_, sources)| sources.is_empty()) {
            bad.push(format!("{}: {id}", version.file));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(all(&policies).findings.iter().all(|finding| finding.rule.id != "L-22" || finding.variant != "none"));
}

/// No finding says that the law was broken, and none rests a mismatch on weak sources.
#[test]
fn findings_are_no_verdicts() {
    let report = all(&shipped());
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Mismatch) {
        assert!(finding.sources.iter().any(|source| matches!(source.grade.as_str(), "P" | "R" | "S")), "{finding:?}");
    }
    for language in Language::ALL {
        let texts = Words::of(language).unwrap();
        let said = plain(&report, &texts).join("\n").to_lowercase();
        for word in ["breach", "illegal", "violat", "unlawful", "overtre", "illegaal", "onwettig", "in strijd"] {
            assert!(!said.contains(word), "{word}");
        }
    }
}
