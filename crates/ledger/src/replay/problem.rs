//! What can be wrong with a ledger and its openings, by index and without their content.

use std::fmt;

use crate::event::EventError;
use crate::opening::OpeningError;

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A salted entry has no opening, and no tombstone says why.
    NoOpening,
    /// A tombstone names the entry, which still has its opening or never had one.
    NotDestroyed,
    /// A tombstone names an entry that is not before it, or that another one named.
    TombstoneNames {
        /// The entry named.
        entry: u64,
    },
    /// The opening says it is for another entry.
    Place,
    /// An entry that is not salted has an opening.
    OpeningOfUnsalted,
    /// The opening does not open the entry.
    Opening(OpeningError),
    /// What it opens to cannot be read.
    Event(EventError),
    /// It was recorded before the entry before it.
    TimeRunsBackwards,
    /// Its id is that of another act or event.
    SecondId,
    /// It names an act that is not before it.
    NoSuchAct,
    /// A confirmation is by another account than the act.
    OtherAccount,
    /// It confirms or voids an act that is no provisional one, or voids what is no objection.
    NotProvisional,
    /// It voids an act that was confirmed before.
    Confirmed,
    /// A void takes effect before the time for telling people is over.
    NoNotice,
    /// An act that needs a confirmed sender is provisional.
    ProvisionalPower,
    /// More acts than one replay holds.
    TooManyActs,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReplayError::NoOpening => "it has neither an opening nor a tombstone",
            ReplayError::NotDestroyed => "a tombstone says it lost its opening, and it did not",
            ReplayError::TombstoneNames { entry } => {
                return write!(f, "it is a tombstone of entry {entry}, which is not before it or has one already");
            }
            ReplayError::Place => "its opening is that of another entry",
            ReplayError::OpeningOfUnsalted => "it has an opening, and its kind has none",
            ReplayError::Opening(error) => return write!(f, "{error}"),
            ReplayError::Event(error) => return write!(f, "{error}"),
            ReplayError::TimeRunsBackwards => "it was recorded before the entry before it",
            ReplayError::SecondId => "its id is that of another act or event",
            ReplayError::NoSuchAct => "it names an act that is not before it",
            ReplayError::OtherAccount => "it confirms an act of another account",
            ReplayError::NotProvisional => "it confirms or voids what is no provisional act",
            ReplayError::Confirmed => "it voids an act that was confirmed",
            ReplayError::NoNotice => "it voids an act without 14 days of notice",
            ReplayError::ProvisionalPower => "it is provisional, and such an act needs a confirmed sender",
            ReplayError::TooManyActs => "it is one act more than can be replayed",
        })
    }
}

impl ReplayError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ReplayError::NoOpening => "restore the opening from a copy; if it was to be destroyed, a tombstone must say so",
            ReplayError::NotDestroyed => "an old copy was restored: apply the erasures again",
            ReplayError::Opening(error) => error.help(),
            ReplayError::Event(error) => error.help(),
            ReplayError::TooManyActs => "split the register by service",
            _ => "the register wrote what the rules do not allow, or was changed: keep everything as it is, and find out which",
        }
    }
}

/// A problem, and the entry it was met at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayProblem {
    /// The entry, from 0.
    pub index: u64,
    /// What is wrong.
    pub error: ReplayError,
}

impl fmt::Display for ReplayProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: {}", self.index, self.error)
    }
}

/// All that is wrong with a ledger and its openings. Always an integrity failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayErrors(Vec<ReplayProblem>);

impl ReplayErrors {
    pub(super) fn new(mut problems: Vec<ReplayProblem>) -> ReplayErrors {
        problems.sort_by_key(|problem| problem.index);
        ReplayErrors(problems)
    }

    /// Every problem, by index.
    pub fn problems(&self) -> &[ReplayProblem] {
        &self.0
    }

    /// What to do about the first of them.
    pub fn help(&self) -> &'static str {
        self.0.first().map_or("", |problem| problem.error.help())
    }
}

impl fmt::Display for ReplayErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("the ledger and its openings do not fit"),
            [one] => write!(f, "the ledger and its openings do not fit: {one}"),
            [first, rest @ ..] => write!(f, "the ledger and its openings do not fit: {first} (and {} more)", rest.len()),
        }
    }
}

impl std::error::Error for ReplayErrors {}
