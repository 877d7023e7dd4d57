//! What changed for a person between two versions of a policy.
//!
//! Every change has a direction. *Widened* is more for the controller or less for the person: more data, more recipients, a longer
//! retention, a harder way to say no. *Narrowed* is the reverse. *Changed* is other without being more or less. *Unclear* is where one of
//! the two is not known, or words changed that no rule can weigh. Comparing the other way round turns widened into narrowed and back,
//! and leaves the rest.

mod controls;
mod uses;

pub use uses::reach;

use std::cmp::Ordering;

use bezwaar_core::policy::{Use, Version, When};
use serde_json::{Value, json};

/// Where a change leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// More for the controller, or less for the person.
    Widened,
    /// Less for the controller, or more for the person.
    Narrowed,
    /// Other, neither more nor less.
    Changed,
    /// It cannot be told.
    Unclear,
}

impl Direction {
    /// Its word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Widened => "widened",
            Direction::Narrowed => "narrowed",
            Direction::Changed => "changed",
            Direction::Unclear => "unclear",
        }
    }

    /// The direction of the same change seen the other way round.
    #[must_use]
    pub fn turned(self) -> Direction {
        match self {
            Direction::Widened => Direction::Narrowed,
            Direction::Narrowed => Direction::Widened,
            Direction::Changed | Direction::Unclear => self,
        }
    }

    /// Where growth of something leads that is better small.
    fn of_growth(order: Option<Ordering>) -> Direction {
        match order {
            Some(Ordering::Greater) => Direction::Widened,
            Some(Ordering::Less) => Direction::Narrowed,
            Some(Ordering::Equal) => Direction::Changed,
            None => Direction::Unclear,
        }
    }
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The policy as a whole.
    Policy,
    /// A use, by its id in the newer of the two, or in the older when it ended.
    Use(String),
    /// A control, by its id.
    Control(String),
}

/// One fact that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it is about.
    pub about: About,
    /// The fact's key, as in the policy format; `use` for a use as a whole, `kept` for retention in rows.
    pub fact: &'static str,
    /// Where it leads.
    pub direction: Direction,
    /// What was, as the file writes it; empty when nothing was.
    pub before: Vec<String>,
    /// What is; empty when nothing is.
    pub after: Vec<String>,
}

/// The notice given of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeGiven {
    /// When it was published.
    pub published: When,
    /// Days from publication to effect; 0 when it never was published. `None` when the day is not known.
    pub days: Option<i64>,
}

/// What changed between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The changes, by what they are about.
    pub changes: Vec<Change>,
    /// The notice given of the second version.
    pub notice: NoticeGiven,
    /// Days from the first taking effect to the second; negative when the second is the older one.
    pub days_between: i64,
}

/// Compares two versions of a policy.
pub fn between(old: &Version, new: &Version) -> Diff {
    let mut list = List { about: About::Policy, changes: Vec::new() };
    list.text("controller", &old.controller, &new.controller, Direction::Changed);
    list.sets("services", old.services.iter().cloned().collect(), new.services.iter().cloned().collect(), Direction::Widened);
    let contact = |version: &Version| version.contact.clone();
    list.optional("contact", contact(old), contact(new), |_, _| Direction::Changed);
    list.truth("complaint_named", old.complaint_named, new.complaint_named, Direction::Narrowed);
    let claims = |version: &Version| version.claims.iter().map(|claim| format!("{}: {}", claim.holder, claim.says)).collect();
    list.sets("claim", claims(old), claims(new), Direction::Changed);
    let disputes = |version: &Version| version.disputes.iter().map(|dispute| dispute.question.clone()).collect();
    list.sets("dispute", disputes(old), disputes(new), Direction::Changed);
    uses::compare(old, new, &mut list);
    controls::compare(old, new, &mut list);
    let mut changes = list.changes;
    changes.sort();
    Diff { changes, notice: notice_given(new), days_between: old.effective.days_until(new.effective) }
}

/// The notice given of a version: days from publication to effect.
pub fn notice_given(version: &Version) -> NoticeGiven {
    let days = match version.published {
        When::Day(day) => Some(day.days_until(version.effective)),
        When::Never => Some(0),
        When::Unknown => None,
    };
    NoticeGiven { published: version.published, days }
}

/// The uses of two versions that are the same one, by id or because one says that it continues the other.
pub fn paired<'v>(old: &'v Version, new: &'v Version) -> Vec<(&'v Use, &'v Use)> {
    let mut pairs: Vec<(&Use, &Use)> = old.uses.iter().filter_map(|one| Some((one, new.lookup_use(&one.id)?))).collect();
    // By name first; of the rest each is paired once, in an order that does not depend on which version comes first.
    let mut candidates: Vec<(&Use, &Use)> = Vec::new();
    for before in old.uses.iter().filter(|one| new.lookup_use(&one.id).is_none()) {
        for after in new.uses.iter().filter(|one| old.lookup_use(&one.id).is_none()) {
            if after.continues.contains(&before.id) || before.continues.contains(&after.id) {
                candidates.push((before, after));
            }
        }
    }
    candidates.sort_by_key(|(before, after)| (before.id.clone().min(after.id.clone()), before.id.clone().max(after.id.clone())));
    for (before, after) in candidates {
        let taken = pairs.iter().any(|(left, right)| left.id == before.id || right.id == after.id);
        if !taken {
            pairs.push((before, after));
        }
    }
    pairs
}

impl Diff {
    /// The diff as one JSON value.
    pub fn to_json(&self) -> Value {
        let changes: Vec<Value> = self.changes.iter().map(Change::to_json).collect();
        json!({
            "notice": {"published": self.notice.published.to_string(), "days": self.notice.days},
            "days_between": self.days_between,
            "changes": changes,
        })
    }
}

impl Change {
    /// The change as a JSON value.
    pub fn to_json(&self) -> Value {
        let (kind, id) = match &self.about {
            About::Policy => ("policy", None),
            About::Use(id) => ("use", Some(id)),
            About::Control(id) => ("control", Some(id)),
        };
        json!({
            "about": kind, "id": id, "fact": self.fact, "direction": self.direction.as_str(), "before": self.before, "after": self.after,
        })
    }
}

/// The changes found so far.
pub(super) struct List {
    about: About,
    changes: Vec<Change>,
}

impl List {
    fn push(&mut self, fact: &'static str, direction: Direction, before: Vec<String>, after: Vec<String>) {
        self.changes.push(Change { about: self.about.clone(), fact, direction, before, after });
    }

    fn text(&mut self, fact: &'static str, before: &str, after: &str, direction: Direction) {
        if before != after {
            self.push(fact, direction, vec![before.to_owned()], vec![after.to_owned()]);
        }
    }

    /// What came and what went, as two changes. `added` is where more of it leads.
    fn sets(
        &mut self,
        fact: &'static str,
        before: std::collections::BTreeSet<String>,
        after: std::collections::BTreeSet<String>,
        added: Direction,
    ) {
        let more: Vec<String> = after.difference(&before).cloned().collect();
        let less: Vec<String> = before.difference(&after).cloned().collect();
        if !more.is_empty() {
            self.push(fact, added, Vec::new(), more);
        }
        if !less.is_empty() {
            self.push(fact, added.turned(), less, Vec::new());
        }
    }

    /// A fact that may not be known; where one of the two is not, it cannot be told.
    fn optional<T: PartialEq + ToString>(
        &mut self,
        fact: &'static str,
        before: Option<T>,
        after: Option<T>,
        direction: impl Fn(&T, &T) -> Direction,
    ) {
        if before == after {
            return;
        }
        let direction = match (&before, &after) {
            (Some(before), Some(after)) => direction(before, after),
            _ => Direction::Unclear,
        };
        let shown = |value: Option<T>| vec![value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())];
        self.push(fact, direction, shown(before), shown(after));
    }

    /// A truth; `yes` is where becoming true leads.
    fn truth(&mut self, fact: &'static str, before: Option<bool>, after: Option<bool>, yes: Direction) {
        self.optional(fact, before, after, |_, now| if *now { yes } else { yes.turned() });
    }

    fn when(&mut self, fact: &'static str, before: When, after: When, direction: impl Fn(When, When) -> Direction) {
        if before != after {
            let known = before != When::Unknown && after != When::Unknown;
            let direction = if known { direction(before, after) } else { Direction::Unclear };
            self.push(fact, direction, vec![before.to_string()], vec![after.to_string()]);
        }
    }
}
