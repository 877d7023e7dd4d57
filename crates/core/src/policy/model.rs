//! The domain types of policies. They are made by [`super::read`] only, so every reference in them holds.

use std::collections::{BTreeMap, BTreeSet};

use super::details::{Claim, ControlDetails, UseDetails};
use crate::account::Services;
use crate::item::{Audience, Category, Relation};
use crate::region::Region;
use crate::time::{Day, Instant, Zone};

/// All policies read together, and how the services they speak of name people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicySet {
    /// How services write their names.
    pub services: Services,
    /// The policies by id.
    pub policies: BTreeMap<String, Policy>,
}

impl PolicySet {
    /// The policy a use, control or recipient-less id such as `meta/public-content` belongs to.
    pub fn policy_of(&self, id: &str) -> Option<&Policy> {
        self.policies.get(id.split('/').next().unwrap_or_default())
    }
}

/// One controller's policy with its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// First part of every use id.
    pub id: String,
    /// The versions by the day they take effect, earliest first.
    pub versions: Vec<Version>,
}

impl Policy {
    /// The version in force at a moment.
    pub fn version_at(&self, at: Instant) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.effective_at <= at)
    }

    /// The ids of a use and of every use it continues, in any version, directly or through others.
    pub fn lineage(&self, use_id: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::from([use_id.to_owned()]);
        loop {
            let before = found.len();
            let continued: Vec<String> = self
                .versions
                .iter()
                .flat_map(|version| &version.uses)
                .filter(|one| found.contains(&one.id))
                .flat_map(|one| one.continues.iter().cloned())
                .collect();
            found.extend(continued);
            if found.len() == before {
                return found;
            }
        }
    }
}

/// A policy as it was from one day to the next version's.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Its id, usually the day.
    pub id: String,
    /// The policy's title in this version.
    pub title: String,
    /// Who decides.
    pub controller: String,
    /// The zone legal days begin in.
    pub zone: Zone,
    /// The services it treats.
    pub services: Vec<String>,
    /// When it was published.
    pub published: When,
    /// The day it takes effect.
    pub effective: Day,
    /// The moment that day begins.
    pub effective_at: Instant,
    /// What it changed, in a sentence.
    pub summary: String,
    /// How to reach who answers for data protection; `None` is not known.
    pub contact: Option<String>,
    /// Whether the text names the right to complain to an authority; `None` is not known.
    pub complaint_named: Option<bool>,
    /// Ids of the sources behind the version itself.
    pub backed_by: Vec<String>,
    /// What backs its facts.
    pub sources: Vec<Source>,
    /// Which relations withhold for people others write about.
    pub about: AboutRule,
    /// What preference signals mean here.
    pub signals: BTreeMap<String, SignalMeaning>,
    /// The ways to say no, or yes.
    pub controls: Vec<Control>,
    /// The uses.
    pub uses: Vec<Use>,
    /// What is disputed.
    pub disputes: Vec<Dispute>,
    /// What is said outside the binding text.
    pub claims: Vec<Claim>,
    /// The file it was read from, as the reader was given its path.
    pub file: String,
    /// The text it was read from, byte for byte, for its hash.
    pub text: String,
}

impl Version {
    /// The use with this id.
    pub fn lookup_use(&self, id: &str) -> Option<&Use> {
        self.uses.iter().find(|one| one.id == id)
    }

    /// The control with this id.
    pub fn lookup_control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|control| control.id == id)
    }

    /// The source with this id.
    pub fn lookup_source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }
}

/// A day as far as a source gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// That day.
    Day(Day),
    /// It happened or will, nobody knows when.
    Unknown,
    /// It did not happen.
    Never,
}

impl When {
    /// The day, when it is known.
    pub fn day(self) -> Option<Day> {
        match self {
            When::Day(day) => Some(day),
            When::Unknown | When::Never => None,
        }
    }

    /// Whether the day is known and has begun by `at`.
    pub fn begun(self, at: Instant, zone: &Zone) -> bool {
        self.day().is_some_and(|day| day.begins(zone) <= at)
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            When::Day(day) => day.fmt(f),
            When::Unknown => f.write_str("unknown"),
            When::Never => f.write_str("never"),
        }
    }
}

/// What backs a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id within the version.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Where it stands.
    pub url: String,
    /// The day of the text or of its capture.
    pub date: When,
    /// The grade of evidence: P R S W K D.
    pub grade: String,
}

/// Which relations withhold, per reading. `forwarder` and relations not said always do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AboutRule {
    /// In the stated reading.
    pub stated: BTreeSet<Relation>,
    /// In the protective and consent readings; never fewer than in stated.
    pub protective: BTreeSet<Relation>,
}

/// What a preference signal means under a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalMeaning {
    /// A no in every reading.
    No,
    /// Law or text leave it open: a no in protective and consent.
    Open,
    /// Nothing for this policy.
    Nothing,
}

/// A way to say no, or yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// form, setting, signal, mail or none.
    pub kind: String,
    /// Where it is.
    pub url: Option<String>,
    /// Since when it is offered.
    pub first_offered: When,
    /// Further facts by name, as text: `requires_login`, `covers`, …
    pub facts: BTreeMap<String, String>,
    /// The same facts to compute with.
    pub details: ControlDetails,
    /// Ids of sources behind every fact of it…
    pub sources: Vec<String>,
    /// …but those that have their own, by the fact's key.
    pub evidence: BTreeMap<String, Vec<String>>,
}

impl Control {
    /// Ids of the sources behind one of its facts.
    pub fn sources_of(&self, fact: &str) -> &[String] {
        self.evidence.get(fact).unwrap_or(&self.sources)
    }
}

/// How a use is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// By the controller's binding text.
    Text,
    /// Done, without binding text.
    Practice,
    /// Promised not to be done.
    NonUse,
}

/// What holds for a person who said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default_ {
    /// Used unless they say no.
    On,
    /// Not used unless they say yes.
    Off,
    /// Nobody knows; treated as off.
    Unknown,
}

/// Categories and the audience they are limited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRow {
    /// The categories.
    pub categories: BTreeSet<Category>,
    /// The audience; `None` is any, and then it is not read.
    pub audience: Option<BTreeSet<Audience>>,
}

/// Days, both inclusive, in the policy's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub through: Day,
}

/// What an undertaking, order or promise takes out of a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarveOut {
    /// Its id within the version.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Since when it binds.
    pub from: Day,
    /// Of persons living here; `None` is everyone.
    pub regions: Option<BTreeSet<Region>>,
    /// Created or collected in these days; `None` is always.
    pub window: Option<Window>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// One row of a policy: purpose × recipients × data × audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its id, `policy/name`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What for.
    pub purpose: String,
    /// Who gets it; `third:*` covers every `third:NAME`.
    pub recipients: Vec<String>,
    /// The ground in law the controller names.
    pub legal_basis: String,
    /// How it is declared.
    pub declared: Declared,
    /// What silence means.
    pub default: Default_,
    /// Ids of the controls; empty is none.
    pub controls: Vec<String>,
    /// Below this age it does not apply.
    pub min_age: Option<i64>,
    /// Only persons living here; `None` is everywhere. The names as written stand in `regions_named`.
    pub regions: Option<BTreeSet<Region>>,
    /// The regions as the file names them.
    pub regions_named: Vec<String>,
    /// Only authors with (or without) an account.
    pub registered: Option<bool>,
    /// When it was announced.
    pub announced: When,
    /// When its text takes effect.
    pub effective: When,
    /// When collection began, in fact.
    pub collection_began: When,
    /// When a control was first offered.
    pub control_first_offered: When,
    /// Uses of an older version it goes on with.
    pub continues: Vec<String>,
    /// How long data is kept, in words.
    pub retention: String,
    /// What happens when the person deletes, in words.
    pub on_deletion: String,
    /// For a non-use: the promise.
    pub promise: Option<String>,
    /// Optional facts: how the control is named, what is kept how long, …
    pub details: UseDetails,
    /// Categories and audiences.
    pub data: Vec<DataRow>,
    /// What is taken out of it.
    pub carve_outs: Vec<CarveOut>,
    /// Ids of the sources behind every fact of the row.
    pub sources: Vec<String>,
    /// Sources of single facts, by the fact's key.
    pub evidence: BTreeMap<String, Vec<String>>,
}

impl Use {
    /// Whether a recipient is one of its recipients: `third:*` is every `third:NAME`, any other name is itself alone.
    pub fn reaches(&self, recipient: &str) -> bool {
        let third = recipient.strip_prefix("third:").is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace));
        self.recipients.iter().any(|own| own == recipient || (third && own == "third:*"))
    }

    /// Ids of the sources behind one of its facts.
    pub fn sources_of(&self, fact: &str) -> &[String] {
        self.evidence.get(fact).unwrap_or(&self.sources)
    }

    /// The row that names a category.
    pub fn row_of(&self, category: Category) -> Option<&DataRow> {
        self.data.iter().find(|row| row.categories.contains(&category))
    }
}

/// What protective does with a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeHandling {
    /// Shown and linted.
    Note,
    /// The records it touches are withheld.
    Withhold,
}

/// A question good sources answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: String,
    /// The question.
    pub question: String,
    /// What protective does.
    pub handling: DisputeHandling,
    /// The uses it touches.
    pub uses: Vec<String>,
    /// Only people below this age.
    pub age_below: Option<i64>,
    /// Only people living here.
    pub regions: Option<BTreeSet<Region>>,
    /// Only records outside this carve-out.
    pub outside: Option<String>,
    /// Keys of the uses' or controls' facts it is about.
    pub facts: Vec<String>,
    /// Who says what.
    pub positions: Vec<Position>,
    /// Ids of sources.
    pub sources: Vec<String>,
}

/// One side of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Who holds it.
    pub holder: String,
    /// What they say.
    pub says: String,
    /// Ids of sources.
    pub sources: Vec<String>,
}
