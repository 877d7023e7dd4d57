//! Decisions for a person at a terminal: a block per item, and counts at the end.

use std::collections::BTreeMap;

use bezwaar_core::{Code, Decision, Group, Reason};

use crate::error::grouped;
use crate::texts::Texts;

/// What was decided so far.
#[derive(Default)]
pub(crate) struct Summary {
    kept: u64,
    withheld: u64,
    by_code: BTreeMap<Code, Counts>,
}

/// How often a code came up: at all, as the first reason, as the only one.
#[derive(Clone, Copy, Default)]
struct Counts {
    any: u64,
    first: u64,
    only: u64,
}

impl Summary {
    /// Counts a decision.
    pub(crate) fn add(&mut self, decision: &Decision) {
        if decision.keep() {
            self.kept += 1;
            return;
        }
        self.withheld += 1;
        let codes: Vec<Code> = decision.codes().iter().collect();
        for (place, code) in codes.iter().enumerate() {
            let counts = self.by_code.entry(*code).or_default();
            counts.any += 1;
            counts.first += u64::from(place == 0);
            counts.only += u64::from(codes.len() == 1);
        }
    }

    /// How many items were decided about.
    pub(crate) fn items(&self) -> u64 {
        self.kept + self.withheld
    }

    /// The counts, as lines.
    pub(crate) fn lines(&self, texts: &Texts) -> Vec<String> {
        let noun = if self.items() == 1 { "item" } else { "items" };
        let (items, kept, withheld) = (grouped(self.items()), grouped(self.kept), grouped(self.withheld));
        let mut lines = vec![format!("{items} {noun}: {kept} kept, {withheld} withheld")];
        if self.withheld > 0 {
            lines.push(String::new());
            lines.push(format!("{:<24}{:>12}{:>12}{:>12}", "withheld because", "any", "first", "only"));
        }
        for group in Group::ALL {
            let codes: Vec<_> = self.by_code.iter().filter(|(code, _)| code.group() == group).collect();
            if !codes.is_empty() {
                lines.push(texts.group(group).to_owned());
            }
            for (code, counts) in codes {
                let (any, first, only) = (grouped(counts.any), grouped(counts.first), grouped(counts.only));
                lines.push(format!("  {:<22}{any:>12}{first:>12}{only:>12}", code.as_str()));
            }
        }
        if self.kept > 0 {
            lines.push(String::new());
            lines.push(texts.frame("footer").to_owned());
        }
        lines
    }
}

/// The block of one item.
pub(crate) fn block(texts: &Texts, item: Option<&str>, place: &str, decision: &Decision) -> Vec<String> {
    let name = item.unwrap_or(place);
    let mut lines = vec![format!("{name}: {}", if decision.keep() { "keep" } else { "withhold" })];
    for group in Group::ALL {
        for reason in decision.reasons().iter().filter(|reason| reason.code.group() == group) {
            lines.push(format!("  {}: {}{}", reason.code, texts.reason(reason.code, "short"), behind(reason)));
        }
    }
    lines
}

/// What stands behind a reason.
fn behind(reason: &Reason) -> String {
    let parts = [
        ("choice", &reason.choice),
        ("over link", &reason.via),
        ("rule", &reason.rule),
        ("dispute", &reason.dispute),
        ("not known:", &reason.unknown),
    ];
    let named: Vec<String> = parts.iter().filter_map(|(what, value)| Some(format!("{what} {}", value.as_ref()?))).collect();
    if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
}
