//! What rules look at, and where they put what they find.

use std::collections::BTreeSet;

use bezwaar_core::policy::{Claim, Control, Declared, Dispute, Policy, Position, Source, Use, Version, When};

use super::finding::{Counter, Evidence, Finding, Kind, Seen, Severity, Subject};
use super::place::{Places, Table};
use super::rules::Rule;
use crate::diff::Diff;

/// A version, the one before it, and what changed.
pub(super) struct Look<'a> {
    pub(super) policy: &'a Policy,
    pub(super) version: &'a Version,
    pub(super) older: Option<&'a Version>,
    pub(super) diff: Option<Diff>,
}

impl<'a> Look<'a> {
    /// The uses that are done, not promised not to be.
    pub(super) fn uses(&self) -> impl Iterator<Item = &'a Use> + use<'a> {
        self.version.uses.iter().filter(|one| one.declared != Declared::NonUse)
    }

    /// The controls that are something.
    pub(super) fn controls(&self) -> impl Iterator<Item = &'a Control> + use<'a> {
        self.version.controls.iter().filter(|control| control.kind != "none")
    }

    /// The controls of a use that are something.
    pub(super) fn controls_of(&self, one: &'a Use) -> Vec<&'a Control> {
        self.controls().filter(|control| one.controls.contains(&control.id)).collect()
    }
}

/// One fact.
#[derive(Clone, Copy)]
pub(super) enum Spot<'a> {
    Version(&'static str),
    Use(&'a Use, &'static str),
    /// A row of what is kept, by what it is.
    Kept(&'a Use, &'a str),
    Control(&'a Control, &'static str),
    Claim(&'a Claim, &'static str),
    Source(&'a Source),
    Signal(&'a str),
}

/// What is found, rule after rule.
pub(super) struct Out<'a> {
    look: &'a Look<'a>,
    places: &'a Places,
    rule: Option<&'static Rule>,
    findings: Vec<Finding>,
}

impl<'a> Out<'a> {
    pub(super) fn new(look: &'a Look<'a>, places: &'a Places) -> Out<'a> {
        Out { look, places, rule: None, findings: Vec::new() }
    }

    pub(super) fn begin(&mut self, rule: &'static Rule) {
        self.rule = Some(rule);
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(super) fn keys(&self, spot: Spot<'_>) -> Vec<&'a str> {
        let (table, id, _) = address(spot);
        self.places.keys(table, &id)
    }

    /// What the file says of a fact, as text.
    pub(super) fn value(&self, spot: Spot<'_>) -> Option<String> {
        let (table, id, fact) = address(spot);
        self.places.value(table, &id, &fact)
    }

    /// The rule fired: what it saw, at which facts, the first of them the place, and what stands in the sentence.
    pub(super) fn fires(&mut self, variant: &'static str, spots: &[Spot<'a>], values: &[(&'static str, String)]) {
        self.push(Kind::Finding, variant, spots, values);
    }

    /// The rule cannot be answered: these facts are not known.
    pub(super) fn unknown(&mut self, spots: &[Spot<'a>]) {
        self.push(Kind::Unknown, "unknown", spots, &[]);
    }

    fn push(&mut self, kind: Kind, variant: &'static str, spots: &[Spot<'a>], values: &[(&'static str, String)]) {
        let (Some(rule), Some(first)) = (self.rule, spots.first().copied()) else { return };
        let (table, id, fact) = address(first);
        let severity = if kind == Kind::Unknown { Severity::Info } else { rule.weight(variant) };
        let weak = spots.iter().any(|spot| self.weak(*spot));
        let contested = rule.of_law() && self.contested(first);
        let lowered = (weak || contested) && severity == Severity::Mismatch;
        let sources = self.sources(spots);
        self.findings.push(Finding {
            rule,
            kind,
            severity: if lowered { Severity::Caution } else { severity },
            lowered,
            contested: lowered && contested,
            policy: self.look.policy.id.clone(),
            version: self.look.version.id.clone(),
            subject: subject(first),
            place: self.places.place(table, &id, &fact),
            variant,
            values: values.to_vec(),
            facts: self.seen(spots),
            checked_on: checked_on(&sources, self.look.version),
            sources,
            counter: if rule.of_law() { self.counter(spots) } else { Vec::new() },
            suppressed: None,
        });
    }

    fn seen(&self, spots: &[Spot<'_>]) -> Vec<Seen> {
        let one = |spot: &Spot<'_>| {
            let (table, id, fact) = address(*spot);
            let value = self.places.value(table, &id, &fact);
            // A day that is the latest it can have been is not shown as if it were the day.
            let value = if at_latest(*spot) { value.map(|day| format!("≤ {day}")) } else { value };
            Seen { fact: name_of(*spot), value }
        };
        spots.iter().map(one).collect()
    }

    /// The sources behind a fact.
    fn sources_of(&self, spot: Spot<'a>) -> Vec<&'a Source> {
        let version = self.look.version;
        let ids: &[String] = match spot {
            Spot::Version(_) | Spot::Signal(_) => &version.backed_by,
            Spot::Use(one, fact) => one.sources_of(fact),
            Spot::Kept(one, what) => one.details.kept.iter().find(|row| row.what == what).map_or(&[], |row| &row.sources),
            Spot::Control(control, fact) => control.sources_of(fact),
            Spot::Claim(claim, _) => &claim.sources,
            Spot::Source(source) => return vec![source],
        };
        ids.iter().filter_map(|id| version.lookup_source(id)).collect()
    }

    /// Whether nothing better than weak sources stands behind a fact.
    pub(super) fn weak(&self, spot: Spot<'a>) -> bool {
        self.sources_of(spot).iter().all(|source| matches!(source.grade.as_str(), "W" | "K" | "D"))
    }

    fn sources(&self, spots: &[Spot<'a>]) -> Vec<Evidence> {
        let mut told = BTreeSet::new();
        let all = spots.iter().flat_map(|spot| self.sources_of(*spot));
        let evidence = |source: &Source| Evidence {
            id: source.id.clone(),
            title: source.title.clone(),
            url: source.url.clone(),
            date: source.date,
            grade: source.grade.clone(),
        };
        all.filter(|source| told.insert(source.id.as_str())).map(evidence).collect()
    }

    /// The sources behind a fact, for the rules about sources.
    pub(super) fn behind(&self, spot: Spot<'a>) -> Vec<&'a Source> {
        self.sources_of(spot)
    }

    /// Whether a dispute names this very fact and a position in it rests on primary text: then it is open how to read that text, and a rule
    /// cannot read it for people. A position that is only reported stands beside the finding and leaves its weight.
    fn contested(&self, spot: Spot<'a>) -> bool {
        let version = self.look.version;
        let uses = self.uses_of(spot);
        let named = |dispute: &Dispute| dispute.facts.iter().any(|fact| fact == name_of(spot));
        let touches = |dispute: &Dispute| dispute.uses.is_empty() || dispute.uses.iter().any(|id| uses.contains(&id.as_str()));
        let primary = |id: &String| version.lookup_source(id).is_some_and(|source| source.grade == "P");
        let read = |dispute: &Dispute| dispute.positions.iter().any(|position| position.sources.iter().any(primary));
        version.disputes.iter().any(|dispute| named(dispute) && touches(dispute) && read(dispute))
    }

    /// Positions in disputes about these facts: those the controller or a recipient holds; all of them where it is silent.
    fn counter(&self, spots: &[Spot<'a>]) -> Vec<Counter> {
        let keys: BTreeSet<&str> = spots.iter().map(|spot| name_of(*spot)).collect();
        let uses: BTreeSet<&str> = spots.iter().flat_map(|spot| self.uses_of(*spot)).collect();
        let mut found = Vec::new();
        for dispute in &self.look.version.disputes {
            let touches = dispute.uses.is_empty() || dispute.uses.iter().any(|id| uses.contains(id.as_str()));
            if touches && dispute.facts.iter().any(|fact| keys.contains(fact.as_str())) {
                found.extend(positions(dispute, self.look.version));
            }
        }
        found
    }

    fn uses_of(&self, spot: Spot<'a>) -> Vec<&'a str> {
        let version = self.look.version;
        match spot {
            Spot::Use(one, _) | Spot::Kept(one, _) => vec![&one.id],
            Spot::Control(control, _) => {
                version.uses.iter().filter(|one| one.controls.contains(&control.id)).map(|one| one.id.as_str()).collect()
            }
            Spot::Claim(claim, _) => claim.uses.iter().map(String::as_str).collect(),
            Spot::Version(_) | Spot::Source(_) | Spot::Signal(_) => Vec::new(),
        }
    }
}

fn address(spot: Spot<'_>) -> (Table, String, String) {
    match spot {
        Spot::Version(fact) => (Table::Version, String::new(), fact.to_owned()),
        Spot::Use(one, fact) => (Table::Use, one.id.clone(), fact.to_owned()),
        Spot::Kept(one, what) => (Table::Use, one.id.clone(), format!("kept {what}")),
        Spot::Control(control, fact) => (Table::Control, control.id.clone(), fact.to_owned()),
        Spot::Claim(claim, fact) => (Table::Claim, claim.id.clone(), fact.to_owned()),
        Spot::Source(source) => (Table::Source, source.id.clone(), "date".to_owned()),
        Spot::Signal(name) => (Table::Signal, name.to_owned(), "means".to_owned()),
    }
}

/// Whether the day of a fact is the latest it can have been.
pub(super) fn at_latest(spot: Spot<'_>) -> bool {
    match spot {
        Spot::Use(one, fact) => one.details.at_latest.contains(fact),
        Spot::Control(control, fact) => control.details.at_latest.contains(fact),
        _ => false,
    }
}

fn name_of(spot: Spot<'_>) -> &'static str {
    match spot {
        Spot::Version(fact) | Spot::Use(_, fact) | Spot::Control(_, fact) | Spot::Claim(_, fact) => fact,
        Spot::Kept(..) => "kept",
        Spot::Source(_) => "source",
        Spot::Signal(_) => "signal",
    }
}

fn subject(spot: Spot<'_>) -> Subject {
    match spot {
        Spot::Version(_) | Spot::Source(_) | Spot::Signal(_) => Subject::Version,
        Spot::Use(one, _) | Spot::Kept(one, _) => Subject::Use(one.id.clone()),
        Spot::Control(control, _) => Subject::Control(control.id.clone()),
        Spot::Claim(claim, _) => claim.uses.first().map_or(Subject::Version, |id| Subject::Use(id.clone())),
    }
}

fn checked_on(sources: &[Evidence], version: &Version) -> String {
    let newest = sources.iter().filter_map(|source| source.date.day()).max();
    newest.map_or_else(|| When::Day(version.effective).to_string(), |day| day.to_string())
}

/// Words that name no controller.
const NOBODY: &[&str] = &["the", "a", "an"];

/// The controller's positions in a dispute, by its first name; all when it holds none.
fn positions(dispute: &Dispute, version: &Version) -> Vec<Counter> {
    let first = |text: &str| -> String {
        let word = text.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
        word.to_lowercase()
    };
    let mut names: BTreeSet<String> = [first(&version.title), first(&version.controller)].into();
    for one in version.uses.iter().filter(|one| dispute.uses.contains(&one.id)) {
        names.extend(one.recipients.iter().filter(|name| !name.starts_with("third:")).map(|name| first(name)));
    }
    names.retain(|name| !NOBODY.contains(&name.as_str()));
    let counter =
        |position: &Position| Counter { dispute: dispute.id.clone(), holder: position.holder.clone(), says: position.says.clone() };
    let own: Vec<Counter> = dispute.positions.iter().filter(|position| names.contains(&first(&position.holder))).map(counter).collect();
    if own.is_empty() { dispute.positions.iter().map(counter).collect() } else { own }
}
