//! Findings in words and as JSON.

use serde_json::{Value, json};

use super::Report;
use super::finding::{Finding, Kind, Severity, Subject};
use crate::words::Words;

/// What was seen, in a sentence: for a note of what is not known, which facts.
pub fn said(finding: &Finding, texts: &Words) -> String {
    if finding.kind == Kind::Unknown {
        let facts: Vec<&str> = finding.facts.iter().map(|seen| texts.fact(seen.fact)).collect();
        return crate::words::fill(texts.frame("unknown"), &[("facts", facts.join(", "))]);
    }
    let shown = |name: &str, value: &String| match (name, finding.rule.id) {
        ("what", "L-10") => named(value, texts),
        ("what", "L-07") => texts.kept(value),
        ("facts", _) => named(value, texts),
        ("basis" | "client", _) => texts.value(value).to_owned(),
        ("per" | "recipients", _) => value.split(", ").map(|code| texts.value(code)).collect::<Vec<_>>().join(", "),
        // What is told in quotes is quoted again by the sentence around it.
        ("says" | "before" | "after", _) => requoted(value),
        _ => value.clone(),
    };
    let values: Vec<(&'static str, String)> = finding.values.iter().map(|(name, value)| (*name, shown(name, value))).collect();
    let seen = texts.saw(finding.rule.id, finding.variant, &values);
    let key = if finding.contested { "lowered-contested" } else { "lowered" };
    if finding.lowered { format!("{seen} {}", texts.frame(key)) } else { seen }
}

/// A text to stand between double quotes: those it has become single ones; quotes around all of it go.
fn requoted(text: &str) -> String {
    let inner = text.strip_prefix('“').and_then(|rest| rest.strip_suffix('”')).filter(|inner| !inner.contains(['“', '”']));
    inner.unwrap_or(text).replace('“', "‘").replace('”', "’")
}

/// A finding, and the ids of later versions in which the very same is found again.
#[derive(Clone, Debug)]
pub struct Folded<'r> {
    /// The finding, in the first version that has it.
    pub finding: &'r Finding,
    /// The later versions, in order.
    pub still_in: Vec<&'r str>,
}

/// Findings told once each: what a later version of the same policy repeats stands with the first.
pub fn fold<'r>(findings: impl IntoIterator<Item = &'r Finding>) -> Vec<Folded<'r>> {
    let mut folded: Vec<Folded<'r>> = Vec::new();
    for finding in findings {
        let same = |one: &&mut Folded<'r>| {
            let known = one.finding;
            (known.policy == finding.policy && known.version != finding.version)
                && (known.rule, known.kind, known.severity, known.variant)
                    == (finding.rule, finding.kind, finding.severity, finding.variant)
                && (&known.subject, &known.values, &known.suppressed) == (&finding.subject, &finding.values, &finding.suppressed)
                && known.facts == finding.facts
        };
        match folded.iter_mut().find(same) {
            Some(known) => known.still_in.push(&finding.version),
            None => folded.push(Folded { finding, still_in: Vec::new() }),
        }
    }
    folded
}

/// The names of facts in a list of keys; other words stay.
fn named(list: &str, texts: &Words) -> String {
    list.split(", ").map(|key| texts.fact(key)).collect::<Vec<_>>().join(", ")
}

/// How a finding stands to its article, in a sentence.
pub fn standing(finding: &Finding, texts: &Words) -> String {
    let key = if finding.rule.of_law() { finding.severity.as_str() } else { "project" };
    crate::words::fill(texts.frame(key), &[("article", texts.article(finding.rule.article))])
}

/// What would mend it: for a note of what is not known, to find out.
pub fn mend<'t>(finding: &Finding, texts: &'t Words) -> &'t str {
    match finding.kind {
        Kind::Unknown => texts.frame("mend-unknown"),
        Kind::Finding => texts.rule.get(finding.rule.id).map_or("", |text| text.mend.as_str()),
    }
}

/// How many findings there are, in a sentence; one that later versions repeat is counted once.
pub fn total(report: &Report, texts: &Words) -> String {
    let folded = fold(&report.findings);
    let counted =
        |severity: Severity| folded.iter().filter(move |one| one.finding.suppressed.is_none() && one.finding.severity == severity);
    let count = |severity: Severity| counted(severity).count().to_string();
    let suppressed = folded.iter().filter(|one| one.finding.suppressed.is_some()).count();
    let values = [
        ("mismatch", count(Severity::Mismatch)),
        ("caution", count(Severity::Caution)),
        ("info", count(Severity::Info)),
        ("versions", report.versions.to_string()),
        ("suppressed", suppressed.to_string()),
        ("unknown", fold(&report.unknown).len().to_string()),
    ];
    let key = match (report.findings.is_empty(), report.versions == 1) {
        (true, true) => "nothing-one",
        (true, false) => "nothing",
        (false, true) => "total-one",
        (false, false) => "total",
    };
    crate::words::fill(texts.frame(key), &values)
}

/// The use or control a finding is about, or the version.
pub fn subject(finding: &Finding) -> String {
    let version = format!("{}@{}", finding.policy, finding.version);
    match &finding.subject {
        Subject::Version => version,
        Subject::Use(id) | Subject::Control(id) => format!("{version} {id}"),
        Subject::Suppression(on) => on.clone(),
    }
}

impl Finding {
    /// The finding as one JSON value.
    pub fn to_json(&self, texts: &Words) -> Value {
        let rule = texts.rule.get(self.rule.id);
        let facts: Vec<Value> = self.facts.iter().map(|seen| json!({"fact": seen.fact, "value": seen.value})).collect();
        let sources: Vec<Value> = self
            .sources
            .iter()
            .map(|source| {
                json!({"id": source.id, "grade": source.grade, "date": source.date.to_string(), "title": source.title, "url": source.url})
            })
            .collect();
        let counter: Vec<Value> = self
            .counter
            .iter()
            .map(|counter| json!({"dispute": counter.dispute, "holder": counter.holder, "says": counter.says}))
            .collect();
        let (one_use, control) = match &self.subject {
            Subject::Use(id) => (Some(id), None),
            Subject::Control(id) => (None, Some(id)),
            Subject::Version | Subject::Suppression(_) => (None, None),
        };
        json!({
            "rule": self.rule.id,
            "also": self.rule.also,
            "kind": match self.kind { Kind::Finding => "finding", Kind::Unknown => "unknown" },
            "severity": self.severity.as_str(),
            "lowered": self.lowered,
            "article": self.rule.article,
            "policy": self.policy,
            "version": self.version,
            "use": one_use,
            "control": control,
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "sentence": rule.map(|text| text.sentence.as_str()),
            "saw": said(self, texts),
            "standing": standing(self, texts),
            "facts": facts,
            "sources": sources,
            "counter": if counter.is_empty() { json!("none found") } else { json!(counter) },
            "checked_on": self.checked_on,
            "mend": mend(self, texts),
            "suppressed": self.suppressed,
        })
    }
}

/// The report as one line a finding, for a file of golden results: `policy@version rule severity subject: what was seen`.
pub fn plain(report: &Report, texts: &Words) -> Vec<String> {
    let line = |finding: &Finding| {
        let about = finding.subject.id().unwrap_or("-");
        let version = format!("{}@{}", finding.policy, finding.version);
        let counter: Vec<&str> = finding.counter.iter().map(|counter| counter.dispute.as_str()).collect();
        let mut counter: Vec<&str> = counter;
        counter.dedup();
        let against = if counter.is_empty() { String::new() } else { format!(" [{}]", counter.join(", ")) };
        format!("{version} {} {} {about}: {}{against}", finding.rule.id, finding.severity.as_str(), said(finding, texts))
    };
    report.findings.iter().map(line).collect()
}
