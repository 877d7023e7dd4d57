//! Cases, a page at a time, and how many there are.

use std::collections::BTreeMap;
use std::fmt;

use bezwaar_core::account::Account;
use bezwaar_core::time::Day;

use super::index::{Index, MarkKind};
use super::wire::day_number;
use super::{Case, CaseNumber, Mark};
use crate::intake::Intake;
use crate::intake::error::IntakeError;

/// The most cases on a page.
pub const CASES_PAGE_MAX: usize = 100;

/// Which cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseFilter {
    /// Those that are open, the first due first.
    Open,
    /// Those that are open though the day they were due is over, the longest first.
    Late {
        /// What day it is.
        today: Day,
    },
    /// Those about acts of an account, or filed from it.
    Account(Account),
    /// Those that are open and provisional, from one contact.
    Contact(Mark),
    /// Those that are open and provisional, from one network.
    Network(Mark),
    /// All of them, the newest first.
    All,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseCursor {
    key: i64,
    number: u64,
}

impl fmt::Display for CaseCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.number)
    }
}

impl CaseCursor {
    /// Reads what a cursor is shown as.
    pub fn parse(text: &str) -> Option<CaseCursor> {
        let (key, number) = text.split_once('.')?;
        Some(CaseCursor { key: key.parse().ok()?, number: number.parse().ok()? })
    }
}

/// A page of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasesPage {
    /// The cases.
    pub cases: Vec<Case>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<CaseCursor>,
}

/// How many cases there are. Days are days of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseCounts {
    /// All that were ever opened.
    pub total: u64,
    /// Those that are open.
    pub open: u64,
    /// Those that are open and late.
    pub late: u64,
    /// Those that are open and provisional.
    pub provisional: u64,
    /// Those that were answered after the day they were due.
    pub answered_late: u64,
    /// How many were opened on each day.
    pub opened_days: BTreeMap<Day, u64>,
    /// How many were answered on each day.
    pub answered_days: BTreeMap<Day, u64>,
    /// How many answers took so many days.
    pub answer_took_days: BTreeMap<i64, u64>,
}

/// Numbers of cases, each with the key a cursor has.
type Found = Vec<(i64, u64)>;

impl Index {
    fn find(&self, filter: &Keyed, after: Option<CaseCursor>, limit: usize) -> Found {
        let number = after.map_or(0, |after| after.number.saturating_add(1));
        match filter {
            Keyed::Open { before } => {
                let from = after.map_or((i64::MIN, 0), |after| (after.key, after.number.saturating_add(1)));
                if from >= (*before, 0) {
                    return Vec::new();
                }
                self.open.range(from..(*before, 0)).take(limit).copied().collect()
            }
            Keyed::Account(name) => {
                self.by_account.range((*name, number)..=(*name, u64::MAX)).take(limit).map(|(_, number)| (0, *number)).collect()
            }
            Keyed::Mark(kind, mark) => {
                let range = (*kind, *mark, number)..=(*kind, *mark, u64::MAX);
                self.by_mark.range(range).take(limit).map(|(.., number)| (0, *number)).collect()
            }
            Keyed::All { next } => {
                let end = after.map_or(*next, |after| after.number.min(*next));
                (1..end).rev().take(limit).map(|number| (0, number)).collect()
            }
        }
    }
}

/// A filter as the index knows it.
enum Keyed {
    Open { before: i64 },
    Account(crate::store::KeyedName),
    Mark(MarkKind, Mark),
    All { next: u64 },
}

impl Intake<'_> {
    /// A case; `None`: there is none of this number.
    pub fn case(&mut self, number: CaseNumber) -> Result<Option<Case>, IntakeError> {
        Ok(self.office.cases(self.books)?.get(self.books, number)?)
    }

    /// The case an act belongs to.
    pub fn case_of_act(&mut self, id: &str) -> Result<Option<CaseNumber>, IntakeError> {
        Ok(self.office.cases(self.books)?.of_act(self.books, id))
    }

    /// Cases, after a cursor, at most so many and [`CASES_PAGE_MAX`].
    pub fn cases(&mut self, filter: &CaseFilter, after: Option<CaseCursor>, limit: usize) -> Result<CasesPage, IntakeError> {
        let limit = limit.clamp(1, CASES_PAGE_MAX);
        let cases = self.office.cases(self.books)?;
        let keyed = match filter {
            CaseFilter::Open => Keyed::Open { before: i64::MAX },
            CaseFilter::Late { today } => Keyed::Open { before: day_number(*today) },
            CaseFilter::Account(account) => Keyed::Account(super::work::account_name(self.books, account)),
            CaseFilter::Contact(mark) => Keyed::Mark(MarkKind::Contact, *mark),
            CaseFilter::Network(mark) => Keyed::Mark(MarkKind::Network, *mark),
            CaseFilter::All => Keyed::All { next: cases.shelf.next() },
        };
        let mut found = cases.index.find(&keyed, after, limit + 1);
        let next = (found.len() > limit)
            .then(|| found.pop())
            .and_then(|_| found.last())
            .map(|(key, number)| CaseCursor { key: *key, number: *number });
        let mut page = Vec::with_capacity(found.len());
        for (_, number) in found {
            page.extend(cases.get(self.books, CaseNumber(number))?);
        }
        Ok(CasesPage { cases: page, next })
    }

    /// How many cases there are.
    pub fn case_counts(&mut self, today: Day) -> Result<CaseCounts, IntakeError> {
        let cases = self.office.cases(self.books)?;
        let index = &cases.index;
        let days = |tally: &BTreeMap<i64, u64>| tally.iter().filter_map(|(day, count)| Some((Day::from_days(*day)?, *count))).collect();
        Ok(CaseCounts {
            total: cases.shelf.next() - 1,
            open: index.open.len() as u64,
            late: index.open.range(..(day_number(today), 0)).count() as u64,
            provisional: index.provisional_hours.0.values().sum(),
            answered_late: index.answered_late,
            opened_days: days(&index.opened_days.0),
            answered_days: days(&index.answered_days.0),
            answer_took_days: index.answer_took.0.clone(),
        })
    }
}
