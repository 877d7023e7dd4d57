//! Findings as SARIF 2.1.0 (OASIS, static analysis results interchange format), for tools that show such files beside the code.

use serde_json::{Value, json};

use super::Report;
use super::finding::{Finding, Kind, Severity};
use super::report::{said, standing};
use super::rules::{RULES, Rule, SUPPRESSION_RULES};
use crate::words::Words;

/// The level of a severity (SARIF section 3.58.6).
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Mismatch => "error",
        Severity::Caution => "warning",
        Severity::Info => "note",
    }
}

/// The report as one SARIF document. What is not known is left out unless `unknown`, and then has kind `open`.
pub fn to_sarif(report: &Report, texts: &Words, version: &str, unknown: bool) -> Value {
    let rules: Vec<&Rule> = RULES.iter().chain(SUPPRESSION_RULES).collect();
    let listed = report.findings.iter().chain(report.unknown.iter().filter(|_| unknown));
    let results: Vec<Value> = listed.map(|finding| result(finding, &rules, texts)).collect();
    let descriptors: Vec<Value> = rules.iter().map(|rule| descriptor(rule, texts)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "bezwaar", "version": version, "semanticVersion": version, "rules": descriptors}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule, texts: &Words) -> Value {
    let text = texts.rule.get(rule.id);
    let sentence = text.map(|text| text.sentence.clone()).unwrap_or_default();
    let mend = text.map(|text| text.mend.clone()).unwrap_or_default();
    json!({
        "id": rule.id,
        "shortDescription": {"text": sentence},
        "fullDescription": {"text": format!("{sentence} ({})", rule.article)},
        "help": {"text": mend},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"article": rule.article, "also": rule.also},
    })
}

fn result(finding: &Finding, rules: &[&Rule], texts: &Words) -> Value {
    let open = finding.kind == Kind::Unknown;
    let mut result = json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rules.iter().position(|rule| *rule == finding.rule),
        // A result of another kind than `fail` has the level `none` (section 3.27.10).
        "kind": if open { "open" } else { "fail" },
        "level": if open { "none" } else { level(finding.severity) },
        "message": {"text": format!("{} {}", said(finding, texts), standing(finding, texts))},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&finding.place.file)},
                "region": {"startLine": finding.place.line, "startColumn": finding.place.column},
            },
            "logicalLocations": [{"fullyQualifiedName": super::report::subject(finding)}],
        }],
        "properties": finding.to_json(texts),
    });
    if let (Some(reason), Some(object)) = (&finding.suppressed, result.as_object_mut()) {
        object.insert("suppressions".to_owned(), json!([{"kind": "external", "justification": reason}]));
    }
    result
}

/// A path as a relative reference (RFC 3986): every byte but the unreserved ones and `/` is escaped.
fn uri(path: &str) -> String {
    let mut found = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => found.push(char::from(byte)),
            other => found.push_str(&format!("%{other:02X}")),
        }
    }
    found
}
