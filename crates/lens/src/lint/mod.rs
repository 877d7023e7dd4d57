//! Rules over policies: what does not match what the law asks, as far as the sources show.
//!
//! A rule fires on facts that are known, never on one that is not: that gives a note of kind *unknown*, kept apart. A finding of severity
//! *mismatch* needs, for every fact it rests on, a source better than weak (W) or general knowledge (K); without one it is lowered to
//! *caution* and says so; so it is where a dispute names that very fact and primary text stands on a side of it. What the controller says against it stands beside it.

mod finding;
mod look;
mod place;
pub mod report;
pub mod rules;
pub mod sarif;
pub mod suppress;

use std::collections::BTreeMap;

use bezwaar_core::policy::{Policy, PolicySet, Version};
use bezwaar_core::time::Day;

pub use finding::{Counter, Evidence, Finding, Kind, Seen, Severity, Subject};
pub use place::Place;
pub use rules::{RULES, Rule};

use look::{Look, Out};
use place::Places;
use suppress::Suppressions;

/// What to read, and against which day.
#[derive(Clone, Debug)]
pub struct Options {
    /// Policy and version ids; empty is every version of every policy.
    pub versions: Vec<(String, String)>,
    /// Findings not to count.
    pub suppressions: Option<Suppressions>,
    /// The day suppressions are judged by.
    pub today: Day,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Findings by policy, version, place and rule; suppressed ones say so.
    pub findings: Vec<Finding>,
    /// What is not known, in the same order.
    pub unknown: Vec<Finding>,
    /// How many versions were read.
    pub versions: usize,
}

impl Report {
    /// Findings that count: not suppressed.
    pub fn counted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.suppressed.is_none())
    }

    /// How many count, by severity.
    pub fn by_severity(&self) -> BTreeMap<Severity, usize> {
        let mut found = BTreeMap::new();
        for finding in self.counted() {
            *found.entry(finding.severity).or_default() += 1;
        }
        found
    }
}

/// Reads versions against all rules.
pub fn lint(policies: &PolicySet, options: &Options) -> Report {
    let mut found = Vec::new();
    let mut versions = 0;
    for policy in policies.policies.values() {
        for (position, version) in policy.versions.iter().enumerate() {
            let wanted = |(id, name): &(String, String)| *id == policy.id && *name == version.id;
            if options.versions.is_empty() || options.versions.iter().any(wanted) {
                versions += 1;
                let older = position.checked_sub(1).and_then(|place| policy.versions.get(place));
                found.extend(one(policy, version, older));
            }
        }
    }
    let (mut findings, unknown): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(|finding| finding.kind == Kind::Finding);
    if let Some(suppressions) = &options.suppressions {
        let read = |policy: &str, version: Option<&str>| {
            policies.policies.get(policy).is_some_and(|known| {
                known.versions.iter().any(|one| {
                    let wanted = options.versions.is_empty() || options.versions.contains(&(policy.to_owned(), one.id.clone()));
                    wanted && version.is_none_or(|version| version == one.id)
                })
            })
        };
        suppressions.apply(&mut findings, options.today, read);
    }
    Report { findings, unknown, versions }
}

/// Reads one version.
fn one(policy: &Policy, version: &Version, older: Option<&Version>) -> Vec<Finding> {
    let places = Places::of(version);
    let look = Look { policy, version, older, diff: older.map(|older| crate::diff::between(older, version)) };
    let mut out = Out::new(&look, &places);
    for rule in RULES {
        out.begin(rule);
        (rule.check)(&look, &mut out);
    }
    let mut found = out.into_findings();
    found.sort_by(|left, right| (left.place.line, left.rule.id, left.kind).cmp(&(right.place.line, right.rule.id, right.kind)));
    found
}
