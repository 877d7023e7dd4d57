//! The rules of one question: what the policy in force says, compiled into tests over small masks.
//!
//! A field of an item is known, a band, or unknown: always a *set of possible values*. The rules cut each field at their own
//! breakpoints into at most 64 segments, and a field becomes the mask of the segments it may lie in. Two items with
//! the same masks are judged alike; that is what the gate builds its classes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::item::{Audience, Category, Relation};
use crate::policy::{CarveOut, Declared, Default_, DisputeHandling, Policy, PolicySet, SignalMeaning, Use, Version, When};
use crate::reason::{Code, Reason};
use crate::region::Region;
use crate::time::Instant;

/// How strictly to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reading {
    /// The controller's binding text in force.
    Stated,
    /// Where facts or law are disputed, or no control exists, withhold.
    Protective,
    /// Silence is no, on top of protective.
    Consent,
}

impl Reading {
    /// Every reading, the most permissive first.
    pub const ALL: [Reading; 3] = [Reading::Stated, Reading::Protective, Reading::Consent];

    /// The spelling in the exchange formats.
    pub fn as_str(self) -> &'static str {
        match self {
            Reading::Stated => "stated",
            Reading::Protective => "protective",
            Reading::Consent => "consent",
        }
    }

    /// The reading with this spelling.
    pub fn lookup(text: &str) -> Option<Reading> {
        Reading::ALL.into_iter().find(|reading| reading.as_str() == text)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked: may this recipient use it for this, at this moment, read this strictly?
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The use's id.
    pub use_id: String,
    /// The recipient's id.
    pub recipient: String,
    /// The moment asked about.
    pub at: Instant,
    /// How strictly to read.
    pub reading: Reading,
}

/// Most distinct breakpoints one use may cut time or age at, so that a mask fits 64 bits.
pub const BREAKPOINTS_MAX: usize = 62;
/// Most distinct sets of regions one use may name (its own, of carve-outs, of disputes).
pub const REGION_SETS_MAX: usize = 5;

/// A number line cut at breakpoints: segment *n* begins at breakpoint *n − 1*.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    breaks: Vec<i64>,
}

impl Line {
    fn new(points: impl IntoIterator<Item = i64>) -> Line {
        let breaks: BTreeSet<i64> = points.into_iter().collect();
        Line { breaks: breaks.into_iter().take(BREAKPOINTS_MAX).collect() }
    }

    fn segment(&self, value: i64) -> u32 {
        u32::try_from(self.breaks.partition_point(|point| *point <= value)).unwrap_or(63)
    }

    /// The segments from the one of `first` to the one of `last`.
    pub(crate) fn mask(&self, first: i64, last: i64) -> u64 {
        let (low, high) = (self.segment(first), self.segment(last));
        (low..=high.max(low)).fold(0, |mask, segment| mask | (1 << segment))
    }

    /// Every segment: nothing is known.
    pub(crate) fn all(&self) -> u64 {
        self.mask(i64::MIN, i64::MAX)
    }

    /// The segments of values in `from ≤ value < until`; both must be breakpoints.
    fn between(&self, from: i64, until: i64) -> u64 {
        if from >= until { 0 } else { self.mask(from, until - 1) }
    }

    /// Whether a use reads this field at all.
    pub(crate) fn is_read(&self) -> bool {
        !self.breaks.is_empty()
    }
}

/// A carve-out as masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CarveTest {
    pub(crate) id: String,
    /// `None`: everywhere.
    pub(crate) regions: Option<u64>,
    /// `None`: always.
    pub(crate) window: Option<u64>,
}

/// A dispute as masks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisputeTest {
    pub(crate) id: String,
    pub(crate) regions: Option<u64>,
    pub(crate) ages: Option<u64>,
    /// The place of a carve-out in [`Conditions::carve_outs`].
    pub(crate) outside: Option<usize>,
}

/// What a use asks of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Bit per category the use names.
    pub(crate) categories: u64,
    /// Per category its row's audiences; `None`: any.
    pub(crate) audiences: [Option<u64>; 10],
    /// The one audience rule of all rows, when they agree.
    pub(crate) audience_of_all: Option<u64>,
    pub(crate) registered: Option<bool>,
    pub(crate) ages: Option<u64>,
    pub(crate) regions: Option<u64>,
    pub(crate) carve_outs: Vec<CarveTest>,
    pub(crate) disputes: Vec<DisputeTest>,
    pub(crate) non_use: bool,
}

/// The rules of one question.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(crate) question: Question,
    pub(crate) version: Option<String>,
    /// Reasons that hold whatever the record is.
    pub(crate) status: Vec<Reason>,
    pub(crate) conditions: Option<Conditions>,
    /// Silence is a no by the policy itself.
    pub(crate) default_off: bool,
    /// The use and what it continues.
    pub(crate) lineage: BTreeSet<String>,
    /// Controls that close this use when off.
    pub(crate) closing_controls: BTreeSet<String>,
    /// Controls that say yes to a use that is off by default.
    pub(crate) opening_controls: BTreeSet<String>,
    pub(crate) known_controls: BTreeSet<String>,
    pub(crate) known_uses: BTreeSet<String>,
    pub(crate) signals: BTreeMap<String, SignalMeaning>,
    pub(crate) about: BTreeSet<Relation>,
    pub(crate) age_line: Line,
    pub(crate) time_line: Line,
    /// Class of every region, by its two letters.
    pub(crate) region_classes: BTreeMap<Region, u32>,
    pub(crate) region_all: u64,
}

impl Rules {
    /// Compiles what the policies say to a question.
    pub fn compile(policies: &PolicySet, question: &Question) -> Rules {
        let mut rules = Rules::blank(question);
        let Some(policy) = policies.policy_of(&question.use_id) else {
            rules.status.push(Reason::new(Code::NoPolicyInForce));
            return rules;
        };
        rules.lineage = policy.lineage(&question.use_id);
        for version in &policy.versions {
            rules.known_controls.extend(version.controls.iter().map(|control| control.id.clone()));
            for one in &version.uses {
                rules.known_uses.insert(one.id.clone());
                if rules.lineage.contains(&one.id) {
                    rules.closing_controls.extend(one.controls.iter().cloned());
                }
            }
        }
        let in_force = policy.version_at(question.at);
        if let Some(version) = in_force.or(policy.versions.first()) {
            let about = match question.reading {
                Reading::Stated => &version.about.stated,
                Reading::Protective | Reading::Consent => &version.about.protective,
            };
            rules.about = about.clone();
            rules.signals.clone_from(&version.signals);
        }
        let Some(version) = in_force else {
            rules.status.push(Reason::new(Code::NoPolicyInForce));
            return rules;
        };
        rules.version = Some(format!("{}@{}", policy.id, version.id));
        rules.judge_status(policy, version);
        rules
    }

    fn blank(question: &Question) -> Rules {
        Rules {
            question: question.clone(),
            version: None,
            status: Vec::new(),
            conditions: None,
            default_off: false,
            lineage: BTreeSet::from([question.use_id.clone()]),
            closing_controls: BTreeSet::new(),
            opening_controls: BTreeSet::new(),
            known_controls: BTreeSet::new(),
            known_uses: BTreeSet::new(),
            signals: BTreeMap::new(),
            // Without any policy to say which relations count, those count that show a person or their words.
            about: BTreeSet::from([Relation::Mention, Relation::Quote, Relation::Depict]),
            age_line: Line::default(),
            time_line: Line::default(),
            region_classes: BTreeMap::new(),
            region_all: 1,
        }
    }

    /// Whether the use is declared, started, and controlled.
    fn judge_status(&mut self, policy: &Policy, version: &Version) {
        let at = self.question.at;
        let announced_later = policy
            .versions
            .iter()
            .filter(|later| later.effective_at > version.effective_at)
            .filter_map(|later| Some((later, later.lookup_use(&self.question.use_id)?)))
            .find(|(later, one)| {
                one.declared == Declared::Text && one.reaches(&self.question.recipient) && one.announced.begun(at, &later.zone)
            });
        let here = version.lookup_use(&self.question.use_id).filter(|one| one.reaches(&self.question.recipient));
        if let Some(one) = here {
            let started = one.effective.begun(at, &version.zone);
            let announced = match one.announced {
                When::Day(day) => day.begins(&version.zone) <= at,
                // It stands in the text in force: it is announced, whoever knows since when.
                When::Unknown => true,
                When::Never => started,
            };
            match one.declared {
                Declared::Practice => self.status.push(Reason::new(Code::UseNotDeclared)),
                Declared::Text if started => {}
                Declared::Text if announced || announced_later.is_some() => self.status.push(Reason::new(Code::UseNotStarted)),
                Declared::Text => self.status.push(Reason::new(Code::UseNotDeclared)),
                Declared::NonUse => {}
            }
            self.take_conditions(one, version);
            return;
        }
        match announced_later {
            Some((later, one)) => {
                self.status.push(Reason::new(Code::UseNotStarted));
                self.take_conditions(one, later);
            }
            None => self.status.push(Reason::new(Code::UseNotDeclared)),
        }
    }

    fn protective(&self) -> bool {
        self.question.reading != Reading::Stated
    }

    fn take_conditions(&mut self, one: &Use, version: &Version) {
        let at = self.question.at;
        self.default_off = one.default != Default_::On;
        self.opening_controls = one.controls.iter().cloned().collect();
        // Both dates must say so: the control may be older than its being offered for this use.
        let controlled = one.control_first_offered.begun(at, &version.zone)
            && one
                .controls
                .iter()
                .filter_map(|id| version.lookup_control(id))
                .any(|control| control.first_offered.begun(at, &version.zone));
        if self.protective() && !controlled && one.declared != Declared::NonUse {
            self.status.push(Reason::new(Code::NoControl));
        }
        let carve_outs: Vec<&CarveOut> = one.carve_outs.iter().filter(|carve| carve.from.begins(&version.zone) <= at).collect();
        let withholding = |dispute: &&crate::policy::Dispute| {
            self.protective() && dispute.handling == DisputeHandling::Withhold && dispute.uses.contains(&one.id)
        };
        let disputes: Vec<&crate::policy::Dispute> = version.disputes.iter().filter(withholding).collect();

        let windows: Vec<(i64, i64)> = carve_outs
            .iter()
            .filter_map(|carve| carve.window)
            .map(|window| (window.from.begins(&version.zone).as_micros(), window.through.ends(&version.zone).as_micros()))
            .collect();
        self.time_line = Line::new(windows.iter().flat_map(|(from, until)| [*from, *until]));
        self.age_line = Line::new(one.min_age.into_iter().chain(disputes.iter().filter_map(|dispute| dispute.age_below)));
        let sets = carve_outs.iter().filter_map(|carve| carve.regions.as_ref());
        let sets = sets.chain(disputes.iter().filter_map(|dispute| dispute.regions.as_ref())).chain(one.regions.as_ref());
        self.cut_regions(sets);

        let carve_tests: Vec<CarveTest> = carve_outs
            .iter()
            .map(|carve| CarveTest {
                id: carve.id.clone(),
                regions: carve.regions.as_ref().map(|set| self.region_mask(set)),
                window: carve.window.map(|window| {
                    let (from, until) = (window.from.begins(&version.zone), window.through.ends(&version.zone));
                    self.time_line.between(from.as_micros(), until.as_micros())
                }),
            })
            .collect();
        let dispute_tests = disputes
            .iter()
            .map(|dispute| DisputeTest {
                id: dispute.id.clone(),
                regions: dispute.regions.as_ref().map(|set| self.region_mask(set)),
                ages: dispute.age_below.map(|age| self.age_line.between(i64::MIN, age)),
                outside: dispute.outside.as_ref().and_then(|id| carve_tests.iter().position(|carve| carve.id == *id)),
            })
            .collect();
        let audience_mask = |set: &BTreeSet<Audience>| set.iter().fold(0_u64, |mask, audience| mask | (1 << *audience as u32));
        let mut audiences = [None; 10];
        let mut categories = 0;
        for (slot, category) in audiences.iter_mut().zip(Category::ALL) {
            if let Some(row) = one.row_of(category) {
                categories |= 1 << category as u32;
                *slot = row.audience.as_ref().map(audience_mask);
            }
        }
        let mut rows = one.data.iter().map(|row| row.audience.as_ref().map(audience_mask));
        let first = rows.next().flatten();
        self.conditions = Some(Conditions {
            categories,
            audiences,
            audience_of_all: first.filter(|mask| rows.all(|row| row == Some(*mask))),
            registered: one.registered,
            ages: one.min_age.map(|age| self.age_line.all() & !self.age_line.between(i64::MIN, age)),
            regions: one.regions.as_ref().map(|set| self.region_mask(set)),
            carve_outs: carve_tests,
            disputes: dispute_tests,
            non_use: one.declared == Declared::NonUse,
        });
    }

    /// Gives every region the class of the sets it lies in.
    fn cut_regions<'s>(&mut self, sets: impl Iterator<Item = &'s BTreeSet<Region>>) {
        let sets: BTreeSet<&BTreeSet<Region>> = sets.take(REGION_SETS_MAX).collect();
        let mut signatures: BTreeMap<Vec<bool>, u32> = BTreeMap::new();
        for region in Region::all() {
            let signature: Vec<bool> = sets.iter().map(|set| set.contains(&region)).collect();
            let next = u32::try_from(signatures.len()).unwrap_or(63);
            let class = *signatures.entry(signature).or_insert(next);
            self.region_classes.insert(region, class);
        }
        self.region_all = (0..signatures.len()).fold(0, |mask, class| mask | (1 << class));
    }

    fn region_mask(&self, set: &BTreeSet<Region>) -> u64 {
        set.iter().filter_map(|region| self.region_classes.get(region)).fold(0, |mask, class| mask | (1 << class))
    }

    /// The question these are the rules of.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// The version in force, `policy@version`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Reasons that hold whatever the record is. When there are any, no record can pass.
    pub fn status(&self) -> &[Reason] {
        &self.status
    }

    /// Whether a person who stands so in someone else's record counts.
    pub fn relation_counts(&self, relation: Relation) -> bool {
        matches!(relation, Relation::Unspecified | Relation::Forwarder) || self.about.contains(&relation)
    }

    /// The item fields a decision under these rules reads, by their names in the exchange format. `author` is always read;
    /// `about`, `deleted_at` and `hold` are read when they are there.
    pub fn fields_read(&self) -> Vec<&'static str> {
        let mut fields = vec!["author"];
        let Some(conditions) = &self.conditions else { return fields };
        fields.push("category");
        if conditions.audiences.iter().any(Option::is_some) {
            fields.push("audience");
        }
        if conditions.registered.is_some() {
            fields.push("registered");
        }
        if self.age_line.is_read() {
            fields.push("author_age");
        }
        if self.region_all != 1 {
            fields.push("region");
        }
        if self.time_line.is_read() {
            fields.extend(["created_at", "collected_at"]);
        }
        if conditions.categories & (1 << Category::Message as u32) != 0 {
            fields.push("conversation");
        }
        fields
    }
}
