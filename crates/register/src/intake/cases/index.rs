//! The index over cases: worked out from the cases alone, kept in memory. Every change of a case takes the old one out and puts the new one in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bezwaar_core::time::DAY_MICROS;

use super::wire::day_number;
use super::{Case, CaseNumber, CaseState, Mark};
use crate::engine::RegisterError;
use crate::intake::books::{Books, ValueName};
use crate::intake::shelf::{Shelf, ShelfName, damaged};
use crate::store::KeyedName;

/// Microseconds of an hour.
pub(super) const HOUR_MICROS: i64 = 3_600_000_000;

/// Counts that go away at zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally<K: Ord>(pub(super) BTreeMap<K, u64>);

impl<K: Ord> Default for Tally<K> {
    fn default() -> Tally<K> {
        Tally(BTreeMap::new())
    }
}

impl<K: Ord> Tally<K> {
    fn add(&mut self, key: K, enters: bool) {
        let count = self.0.entry(key);
        if enters {
            *count.or_default() += 1;
        } else if let std::collections::btree_map::Entry::Occupied(mut count) = count {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// Where a mark was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MarkKind {
    Contact,
    Network,
}

/// What is known of all cases. At most about 150 bytes for a case, and 100 for each act and account of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Open cases by the day they are due.
    pub(super) open: BTreeSet<(i64, u64)>,
    pub(super) by_act: HashMap<KeyedName, u64>,
    pub(super) by_account: BTreeSet<(KeyedName, u64)>,
    /// Open provisional cases by where they came from.
    pub(super) by_mark: BTreeSet<(MarkKind, Mark, u64)>,
    pub(super) mark_counts: Tally<(MarkKind, Mark)>,
    /// Open provisional cases by the hour they were opened.
    pub(super) provisional_hours: Tally<i64>,
    /// Cases by the day they were opened, and answered.
    pub(super) opened_days: Tally<i64>,
    pub(super) answered_days: Tally<i64>,
    /// Answered cases by how many days the answer took.
    pub(super) answer_took: Tally<i64>,
    pub(super) answered_late: u64,
}

impl Index {
    fn enter(&mut self, books: &dyn Books, case: &Case, enters: bool) {
        let number = case.number.0;
        self.opened_days.add(case.opened_at.as_micros().div_euclid(DAY_MICROS), enters);
        if case.state() == CaseState::Open {
            put(&mut self.open, (day_number(case.due_on), number), enters);
            if case.provisional {
                self.provisional_hours.add(case.opened_at.as_micros().div_euclid(HOUR_MICROS), enters);
                let marks = [(MarkKind::Contact, case.marks.contact), (MarkKind::Network, case.marks.network)];
                for (kind, mark) in marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark?))) {
                    put(&mut self.by_mark, (kind, mark, number), enters);
                    self.mark_counts.add((kind, mark), enters);
                }
            }
        }
        if let Some(answer) = &case.answer {
            let answered = answer.at.as_micros().div_euclid(DAY_MICROS);
            self.answered_days.add(answered, enters);
            self.answer_took.add((answered - case.received_at.as_micros().div_euclid(DAY_MICROS)).max(0), enters);
            if answered > day_number(case.due_on) {
                self.answered_late = if enters { self.answered_late + 1 } else { self.answered_late.saturating_sub(1) };
            }
        }
        if case.merged_into.is_none() {
            for act in &case.acts {
                let name = act_name(books, &act.id);
                if enters {
                    self.by_act.insert(name, number);
                } else if self.by_act.get(&name) == Some(&number) {
                    self.by_act.remove(&name);
                }
            }
        }
        for account in case.acts.iter().filter_map(|act| act.account).chain(case.filer) {
            put(&mut self.by_account, (account, number), enters);
        }
    }
}

fn put<T: Ord>(set: &mut BTreeSet<T>, value: T, enters: bool) {
    if enters {
        set.insert(value);
    } else {
        set.remove(&value);
    }
}

pub(super) fn act_name(books: &dyn Books, id: &str) -> KeyedName {
    books.keyed("case of act", id)
}

/// All cases.
pub(crate) struct Cases {
    pub(super) shelf: Shelf,
    pub(super) index: Index,
}

impl Cases {
    pub(crate) fn open(books: &mut dyn Books) -> Result<Cases, RegisterError> {
        let mut cases = Cases { shelf: Shelf::open(books, ShelfName::Cases)?, index: Index::default() };
        let mut read = Vec::new();
        let mut at = 1;
        // A page at a time: the whole of a case is not kept.
        while at < cases.shelf.next() {
            for number in at..(at + 1_024).min(cases.shelf.next()) {
                if let Some(line) = cases.shelf.get(books, number)? {
                    read.push(Case::parse(CaseNumber(number), &line).ok_or(damaged())?);
                }
            }
            read.drain(..).for_each(|case| cases.index.enter(books, &case, true));
            at += 1_024;
        }
        Ok(cases)
    }

    pub(super) fn get(&mut self, books: &mut dyn Books, number: CaseNumber) -> Result<Option<Case>, RegisterError> {
        let Some(line) = self.shelf.get(books, number.0)? else { return Ok(None) };
        Case::parse(number, &line).map(Some).ok_or(damaged())
    }

    pub(super) fn push(&mut self, books: &mut dyn Books, case: Case) -> Result<CaseNumber, RegisterError> {
        let number = CaseNumber(self.shelf.next());
        let case = Case { number, ..case };
        self.shelf.push(books, case.line())?;
        self.index.enter(books, &case, true);
        Ok(number)
    }

    pub(super) fn set(&mut self, books: &mut dyn Books, old: &Case, new: &Case) -> Result<(), RegisterError> {
        self.shelf.put(books, old.number.0, new.line())?;
        self.index.enter(books, old, false);
        self.index.enter(books, new, true);
        Ok(())
    }

    pub(super) fn of_act(&self, books: &dyn Books, id: &str) -> Option<CaseNumber> {
        self.index.by_act.get(&act_name(books, id)).copied().map(CaseNumber)
    }

    #[cfg(test)]
    pub(in crate::intake) fn index_text(&self) -> String {
        let mut by_act: Vec<_> = self.index.by_act.iter().map(|(name, number)| (name.0, number)).collect();
        by_act.sort_unstable();
        let by_account: Vec<_> = self.index.by_account.iter().map(|(name, number)| (name.0, number)).collect();
        format!("{by_act:?} {by_account:?} {:?}", Index { by_act: HashMap::new(), by_account: BTreeSet::new(), ..self.index.clone() })
    }

    pub(crate) fn values(&mut self, values: &mut Vec<(ValueName, Vec<u8>)>) {
        self.shelf.values(values);
    }
}
