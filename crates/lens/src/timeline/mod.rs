//! When a use was announced, took effect, began, and since when people could say no.
//!
//! The four dates are never derived from one another, and none is made up: what a file calls unknown has an open end.

mod chart;
mod terminal;

use std::collections::BTreeSet;

use bezwaar_core::policy::{Declared, Dispute, Policy, Use, When};
use bezwaar_core::time::Day;

pub(crate) use chart::escape;
pub use chart::svg;
pub use terminal::{WIDTH_MIN, terminal};

use crate::page::is_text;
use crate::plain::Texts;

/// What is marked in a row, in the order in which marks win a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// When people were told.
    Announced,
    /// When its text takes effect.
    Effective,
    /// When collection began, in fact.
    Collection,
    /// When a control was first offered.
    Control,
}

impl MarkKind {
    /// All, as they are listed.
    pub const ALL: [MarkKind; 4] = [MarkKind::Announced, MarkKind::Effective, MarkKind::Collection, MarkKind::Control];

    /// A sign for it, one column wide.
    pub fn sign(self) -> char {
        match self {
            MarkKind::Announced => '○',
            MarkKind::Effective => '□',
            MarkKind::Collection => '▼',
            MarkKind::Control => '●',
        }
    }

    /// Keys of the facts its date stands or falls by.
    fn facts(self) -> &'static [&'static str] {
        match self {
            MarkKind::Announced => &["announced"],
            MarkKind::Effective => &["effective"],
            MarkKind::Collection => &["collection_began"],
            MarkKind::Control => &["control_first_offered", "first_offered", "controls"],
        }
    }

    /// Its key in the texts.
    pub fn key(self) -> &'static str {
        match self {
            MarkKind::Announced => "announced",
            MarkKind::Effective => "effective",
            MarkKind::Collection => "collection",
            MarkKind::Control => "control",
        }
    }
}

/// How collection and the way to say no lie to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Promised not to be done: there is nothing to say no to.
    NonUse,
    /// No collection has begun by today.
    NotBegun,
    /// A way to say no was there when collection began.
    None,
    /// Days without: from collection until the control, which is the first day with one.
    Closed {
        /// When collection began.
        from: Day,
        /// When a control was first offered.
        until: Day,
        /// Days between.
        days: i64,
    },
    /// No control is offered until today.
    Open {
        /// When collection began.
        from: Day,
        /// Days until today.
        days: i64,
    },
    /// No control was ever offered, and nobody knows since when data are collected.
    OpenUndated,
    /// Collection began; since when there is a control is not known.
    ControlUnknown,
    /// A control is there; when collection began is not known.
    CollectionUnknown,
    /// Neither is known.
    BothUnknown,
}

/// What an undertaking, order or promise takes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenOut {
    /// Its title.
    pub title: String,
    /// Since when it binds.
    pub binds_from: Day,
    /// The days it is about; `None` is always.
    pub window: Option<(Day, Day)>,
}

/// One use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub use_id: String,
    /// What it is called.
    pub title: String,
    /// The four dates.
    pub marks: Vec<(MarkKind, When)>,
    /// The dates that are the latest they can have been: when exactly is not known.
    pub at_latest: Vec<MarkKind>,
    /// Whether people were not told before it began, and nothing is known of later.
    pub told_late: bool,
    /// What lies between collection and control.
    pub gap: Gap,
    /// What is taken out.
    pub taken_out: Vec<TakenOut>,
    /// Ids of the disputes that touch it.
    pub disputes: Vec<String>,
    /// For each date, the ids of those of them that are about it.
    pub disputed_dates: Vec<(MarkKind, Vec<String>)>,
    /// Those of them that are about the gap itself; without any, those that do not say which facts they are about.
    pub gap_disputes: Vec<String>,
}

/// Facts by which a gap stands or falls.
const GAP_FACTS: [&str; 4] = ["collection_began", "control_first_offered", "first_offered", "controls"];

/// A dispute under the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// Its id.
    pub id: String,
    /// The question.
    pub question: String,
    /// Who holds a position.
    pub holders: Vec<String>,
}

/// A policy through time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// What people call the policy.
    pub title: String,
    /// The first day shown.
    pub from: Day,
    /// Today: the last day shown, unless something lies ahead.
    pub today: Day,
    /// The last day shown.
    pub through: Day,
    /// The days its texts took effect.
    pub versions: Vec<Day>,
    /// The days something began that was written down as a version and has no text of its own.
    pub practices: Vec<Day>,
    /// The uses, as the versions name them.
    pub rows: Vec<Row>,
    /// What is disputed about them.
    pub disputes: Vec<Disputed>,
}

/// Days of room before the first date.
const ROOM_DAYS: i64 = 30;

/// A policy's dates. Of a use that stands in several versions, the newest version counts; a day it does not know is taken from the newest
/// older version that does.
pub fn timeline(policy: &Policy, today: Day) -> Timeline {
    let mut rows: Vec<Row> = Vec::new();
    for version in policy.versions.iter().rev() {
        for one in &version.uses {
            if !rows.iter().any(|row| row.use_id == one.id) {
                rows.push(row_of(policy, one, today));
            }
        }
    }
    rows.sort_by_key(|row| row.marks.iter().filter_map(|(_, when)| when.day()).min());
    let mut disputes: Vec<Disputed> = Vec::new();
    let named: BTreeSet<&String> = rows.iter().flat_map(|row| &row.disputes).collect();
    for dispute in policy.versions.iter().rev().flat_map(|version| &version.disputes).filter(|one| named.contains(&one.id)) {
        if !disputes.iter().any(|known| known.id == dispute.id) {
            let holders = dispute.positions.iter().map(|position| position.holder.clone()).collect();
            disputes.push(Disputed { id: dispute.id.clone(), question: dispute.question.clone(), holders });
        }
    }
    disputes.sort_by(|left, right| by_number(&left.id, &right.id));
    let days_of = |text: bool| policy.versions.iter().filter(move |version| is_text(version) == text).map(|version| version.effective);
    let (versions, practices): (Vec<Day>, Vec<Day>) = (days_of(true).collect(), days_of(false).collect());
    let windows = rows.iter().flat_map(|row| &row.taken_out).filter_map(|out| out.window).flat_map(|(from, through)| [from, through]);
    let marked = rows.iter().flat_map(|row| &row.marks).filter_map(|(_, when)| when.day());
    let days: Vec<Day> = marked.chain(windows).chain(versions.iter().chain(&practices).copied()).chain([today]).collect();
    let first = days.iter().copied().min().unwrap_or(today);
    let title = policy.versions.last().map(|version| version.title.clone()).unwrap_or_default();
    Timeline {
        title,
        from: shifted(first, -ROOM_DAYS),
        today,
        through: days.iter().copied().max().unwrap_or(today),
        versions,
        practices,
        rows,
        disputes,
    }
}

/// A use's dates over all versions of its policy.
pub fn row_of(policy: &Policy, one: &Use, today: Day) -> Row {
    let newest_first: Vec<&Use> = policy.versions.iter().rev().filter_map(|version| version.lookup_use(&one.id)).collect();
    let dated = |of: fn(&Use) -> When| {
        let known = newest_first.iter().map(|one| of(one)).find(|when| when.day().is_some());
        known.unwrap_or_else(|| of(one))
    };
    let of = |kind: MarkKind| -> fn(&Use) -> When {
        match kind {
            MarkKind::Announced => |one| one.announced,
            MarkKind::Effective => |one| one.effective,
            MarkKind::Collection => |one| one.collection_began,
            MarkKind::Control => |one| one.control_first_offered,
        }
    };
    let marks = MarkKind::ALL.map(|kind| (kind, dated(of(kind))));
    // The day shown is that of the newest version that knows one, and so is what that version says of it.
    let latest = |kind: &MarkKind| {
        let known = newest_first.iter().find(|one| of(*kind)(one).day().is_some());
        known.is_some_and(|one| kind.facts().iter().any(|fact| one.details.at_latest.contains(*fact)))
    };
    let at_latest: Vec<MarkKind> = MarkKind::ALL.into_iter().filter(latest).collect();
    let told_late = dated(|one| one.announced) == When::Unknown && newest_first.iter().any(|one| one.announced == When::Never);
    let [_, _, (_, collection), (_, control)] = marks;
    let taken_out = one.carve_outs.iter().map(|carve| TakenOut {
        title: carve.title.clone(),
        binds_from: carve.from,
        window: carve.window.map(|window| (window.from, window.through)),
    });
    let touching = policy.versions.iter().flat_map(|version| &version.disputes).filter(|dispute| dispute.uses.contains(&one.id));
    let touching: Vec<&Dispute> = touching.collect();
    let named = ids(&touching, |dispute| dispute.facts.iter().any(|fact| GAP_FACTS.contains(&fact.as_str())));
    let gap_disputes = if named.is_empty() { ids(&touching, |dispute| dispute.facts.is_empty()) } else { named };
    Row {
        use_id: one.id.clone(),
        title: one.title.clone(),
        marks: marks.to_vec(),
        at_latest,
        told_late,
        gap: if one.declared == Declared::NonUse { Gap::NonUse } else { gap(collection, control, today) },
        taken_out: taken_out.collect(),
        disputes: ids(&touching, |_| true),
        disputed_dates: MarkKind::ALL
            .into_iter()
            .map(|kind| (kind, ids(&touching, |dispute| dispute.facts.iter().any(|fact| kind.facts().contains(&fact.as_str())))))
            .collect(),
        gap_disputes,
    }
}

/// The ids of some disputes, each once, in order.
fn ids(disputes: &[&Dispute], wanted: impl Fn(&Dispute) -> bool) -> Vec<String> {
    let found: BTreeSet<&String> = disputes.iter().filter(|one| wanted(one)).map(|one| &one.id).collect();
    let mut found: Vec<String> = found.into_iter().cloned().collect();
    found.sort_by(|left, right| by_number(left, right));
    found
}

/// What lies between the day collection began and the day a control was first offered.
pub fn gap(collection: When, control: When, today: Day) -> Gap {
    match (collection, control) {
        (When::Never, _) => Gap::NotBegun,
        (When::Day(from), _) if from > today => Gap::NotBegun,
        (When::Day(from), When::Day(until)) if until > today => Gap::Open { from, days: from.days_until(today) },
        (When::Day(from), When::Day(until)) if until > from => Gap::Closed { from, until, days: from.days_until(until) },
        (When::Day(_), When::Day(_)) => Gap::None,
        (When::Day(from), When::Never) => Gap::Open { from, days: from.days_until(today) },
        (When::Day(_), When::Unknown) => Gap::ControlUnknown,
        (When::Unknown, When::Never) => Gap::OpenUndated,
        (When::Unknown, When::Day(_)) => Gap::CollectionUnknown,
        (When::Unknown, When::Unknown) => Gap::BothUnknown,
    }
}

impl Gap {
    /// It in words.
    pub fn words(self, texts: &Texts) -> String {
        let (key, days) = match self {
            Gap::NonUse => ("non-use", 0),
            Gap::NotBegun => ("not-begun", 0),
            Gap::None => ("gap-none", 0),
            Gap::Closed { days: 1, .. } => ("gap-one", 1),
            Gap::Closed { days, .. } => ("gap", days),
            Gap::Open { days, .. } => ("gap-open", days),
            Gap::OpenUndated => ("gap-undated", 0),
            Gap::ControlUnknown => ("gap-unclear", 0),
            Gap::CollectionUnknown => ("gap-late-unknown", 0),
            Gap::BothUnknown => ("gap-nothing", 0),
        };
        texts.timeline(key, &[("days", &days.to_string())])
    }

    /// Whether people are, or were, without a way to say no while data were collected.
    pub fn lacking(self) -> bool {
        matches!(self, Gap::Closed { .. } | Gap::Open { .. } | Gap::OpenUndated)
    }
}

impl Row {
    /// The row with what the policy says said in another way, such as in another language.
    #[must_use]
    pub fn said(mut self, say: impl Fn(&str) -> String) -> Row {
        self.title = say(&self.title);
        for out in &mut self.taken_out {
            out.title = say(&out.title);
        }
        self
    }

    /// The date of a mark.
    pub fn when(&self, kind: MarkKind) -> When {
        self.marks.iter().find(|(own, _)| *own == kind).map_or(When::Unknown, |(_, when)| *when)
    }

    /// Ids of the disputes about the date of a mark.
    pub fn disputes_of(&self, kind: MarkKind) -> &[String] {
        self.disputed_dates.iter().find(|(own, _)| *own == kind).map_or(&[], |(_, ids)| ids)
    }

    /// A mark's name and date. Of a control that was never offered only that is said: the law can give people a way to object all the same.
    /// Where nothing is done, none is needed.
    pub(crate) fn fact(&self, texts: &Texts, kind: MarkKind) -> Option<String> {
        match (kind, self.when(kind)) {
            (MarkKind::Control, When::Never) if self.gap == Gap::NonUse => None,
            (MarkKind::Control, When::Never) => Some(texts.timeline("control-never", &[])),
            (MarkKind::Announced, When::Unknown) if self.told_late => Some(texts.timeline("announced-late", &[])),
            (_, when) => {
                let name = texts.timeline(kind.key(), &[]);
                let key = if self.at_latest.contains(&kind) { "fact-latest" } else { "fact" };
                Some(texts.timeline(key, &[("name", &name), ("date", &texts.when(when))]))
            }
        }
    }

    /// What stands under the line: a sign, a name and a date for each mark.
    fn facts(&self, texts: &Texts) -> Vec<String> {
        MarkKind::ALL.into_iter().filter_map(|kind| Some(format!("{} {}", kind.sign(), self.fact(texts, kind)?))).collect()
    }

    pub(crate) fn taken_out_words(&self, texts: &Texts) -> Vec<String> {
        let words = |out: &TakenOut| match out.window {
            Some((from, through)) => {
                texts.timeline("window", &[("from", &texts.day(from)), ("through", &texts.day(through)), ("title", &out.title)])
            }
            None => texts.timeline("window-always", &[("from", &texts.day(out.binds_from)), ("title", &out.title)]),
        };
        self.taken_out.iter().map(words).collect()
    }

    /// The gap in words, with what is disputed about it.
    pub fn gap_words(&self, texts: &Texts) -> String {
        let words = match self.gap {
            Gap::Closed { days, .. } if self.at_latest.contains(&MarkKind::Control) => {
                texts.timeline("gap-most", &[("days", &days.to_string())])
            }
            gap => gap.words(texts),
        };
        if self.gap == Gap::NonUse || self.gap_disputes.is_empty() {
            return words;
        }
        texts.timeline("gap-disputed", &[("gap", &words), ("ids", &self.gap_disputes.join(", "))])
    }

    fn disputed_words(&self, texts: &Texts) -> Option<String> {
        (!self.disputes.is_empty()).then(|| texts.timeline("disputed", &[("ids", &self.disputes.join(", "))]))
    }
}

impl Timeline {
    /// The timeline with what the policy says said in another way, such as in another language.
    #[must_use]
    pub fn said(mut self, say: impl Fn(&str) -> String) -> Timeline {
        self.title = say(&self.title);
        self.rows = self.rows.into_iter().map(|row| row.said(&say)).collect();
        for one in &mut self.disputes {
            one.question = say(&one.question);
            one.holders = one.holders.iter().map(|holder| say(holder)).collect();
        }
        self
    }

    /// The chart in sentences, for whoever does not see it.
    pub fn description(&self, texts: &Texts) -> String {
        let mut found = texts.timeline("desc", &[("from", &texts.day(self.from)), ("through", &texts.day(self.through))]);
        for row in &self.rows {
            let facts: Vec<String> = row.facts(texts).iter().map(|fact| fact.chars().skip(2).collect()).collect();
            let mut parts = vec![row.gap_words(texts)];
            parts.extend(facts);
            parts.extend(row.taken_out_words(texts));
            parts.extend(row.disputed_words(texts));
            found.push_str(&format!("{} ({}): {}. ", row.title, row.use_id, parts.join("; ")));
        }
        found.trim_end().to_owned()
    }

    /// Which texts are in force since when, and what began without one.
    fn version_lines(&self, texts: &Texts) -> Vec<String> {
        let line = |(key, days): (&str, &Vec<Day>)| {
            let days: Vec<String> = days.iter().map(|day| texts.day(*day)).collect();
            (!days.is_empty()).then(|| texts.timeline(key, &[("days", &days.join(", "))]))
        };
        [("versions", &self.versions), ("practices", &self.practices)].into_iter().filter_map(line).collect()
    }

    fn dispute_lines(&self, texts: &Texts) -> Vec<String> {
        let line = |one: &Disputed| {
            texts.timeline("dispute-line", &[("id", &one.id), ("question", &one.question), ("holders", &one.holders.join("; "))])
        };
        self.disputes.iter().map(line).collect()
    }

    /// Where a day lies between the first and the last, from 0 to 1.
    fn place(&self, day: Day) -> f64 {
        let whole = self.from.days_until(self.through).max(1);
        (self.from.days_until(day) as f64 / whole as f64).clamp(0.0, 1.0)
    }
}

/// D9 before D10.
fn by_number(left: &str, right: &str) -> std::cmp::Ordering {
    (left.len(), left).cmp(&(right.len(), right))
}

fn shifted(day: Day, by: i64) -> Day {
    Day::from_days(Day::EPOCH.days_until(day) + by).unwrap_or(day)
}

/// A text in lines of at most so many letters; a longer word gets a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
