//! Findings that somebody looked at and let stand, each with a reason and a last day.
//!
//! A suppression that has run out, or that meets no finding, is itself reported, so that none outlives its reason.

use bezwaar_core::grammar::optional;
use bezwaar_core::grammar::{Field, Node, Shape, parse, required};
use bezwaar_core::problem::{Problem, nearest};
use bezwaar_core::time::Day;

use super::finding::{Finding, Kind, Severity, Subject};
use super::place::Place;
use super::rules::{self, RULES, Rule};

/// The file of suppressions.
pub const SUPPRESSIONS_FILE: &[Field] = &[optional("suppress", Shape::Tables(SUPPRESS), "a finding that is let stand")];

const SUPPRESS: &[Field] = &[
    required("rule", Shape::Text, "the rule's id"),
    required("on", Shape::Text, "the id of a policy, use or control"),
    optional("version", Shape::Text, "only in this version; left out: in every version"),
    required("reason", Shape::Text, "why it is let stand"),
    required("until", Shape::Day, "the last day it is let stand"),
];

/// A finding that is let stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    rule: &'static Rule,
    on: String,
    version: Option<String>,
    reason: String,
    until: Day,
    place: Place,
}

/// All suppressions of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions(Vec<Suppression>);

impl Suppressions {
    /// Reads the file: all problems at once, with their places.
    pub fn parse(path: &str, text: &str) -> Result<Suppressions, Vec<Problem>> {
        let mut problems = Vec::new();
        let Some(table) = parse(path, text, SUPPRESSIONS_FILE, &mut problems) else { return Err(problems) };
        let mut found = Vec::new();
        for node in Node::root(&table).tables("suppress") {
            found.extend(one(path, text, &node, &mut problems));
        }
        if problems.is_empty() { Ok(Suppressions(found)) } else { Err(problems) }
    }

    /// Marks what is suppressed, and adds a finding for each suppression that ran out or meets nothing. `read` says whether a version (or
    /// any) of a policy was read in this run: of others nobody can say that nothing was met.
    pub(super) fn apply(&self, findings: &mut Vec<Finding>, today: Day, read: impl Fn(&str, Option<&str>) -> bool) {
        let mut about = Vec::new();
        for suppression in &self.0 {
            let policy = suppression.on.split('/').next().unwrap_or_default();
            if suppression.until < today {
                about.push(suppression.finding("S-01", "expired", policy));
                continue;
            }
            let mut met = false;
            for finding in findings.iter_mut().filter(|finding| suppression.meets(finding)) {
                finding.suppressed = Some(suppression.reason.clone());
                met = true;
            }
            if !met && read(policy, suppression.version.as_deref()) {
                about.push(suppression.finding("S-02", "unused", policy));
            }
        }
        findings.extend(about.into_iter().flatten());
    }
}

impl Suppression {
    fn meets(&self, finding: &Finding) -> bool {
        let on = self.on == finding.policy || finding.subject.id() == Some(self.on.as_str());
        on && self.rule == finding.rule && self.version.as_ref().is_none_or(|version| *version == finding.version)
    }

    fn finding(&self, rule: &str, variant: &'static str, policy: &str) -> Option<Finding> {
        let values = vec![
            ("rule", self.rule.id.to_owned()),
            ("on", self.on.clone()),
            ("until", self.until.to_string()),
            ("reason", self.reason.clone()),
        ];
        Some(Finding {
            rule: rules::lookup(rule)?,
            kind: Kind::Finding,
            severity: Severity::Caution,
            lowered: false,
            contested: false,
            policy: policy.to_owned(),
            version: self.version.clone().unwrap_or_else(|| "*".to_owned()),
            subject: Subject::Suppression(self.on.clone()),
            place: self.place.clone(),
            variant,
            values,
            facts: Vec::new(),
            sources: Vec::new(),
            counter: Vec::new(),
            checked_on: self.until.to_string(),
            suppressed: None,
        })
    }
}

fn one(path: &str, text: &str, node: &Node<'_, '_>, problems: &mut Vec<Problem>) -> Option<Suppression> {
    let id = node.text("rule");
    let rule = rules::lookup(&id).filter(|rule| RULES.contains(rule));
    if rule.is_none() && !id.is_empty() {
        let help = match nearest(&id, RULES.iter().map(|rule| rule.id)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "docs/lint.md has all rules".to_owned(),
        };
        problems.push(Problem::new(path, node.span_of("rule"), format!("there is no rule `{id}`")).with_help(help));
    }
    let (line, column) = Problem::new(path, node.span_of("rule"), "").line_column(text);
    Some(Suppression {
        rule: rule?,
        on: node.text("on"),
        version: node.opt_text("version"),
        reason: node.text("reason"),
        until: node.day("until").and_then(|day| Day::parse(&day).ok())?,
        place: Place { file: path.to_owned(), line, column },
    })
}
