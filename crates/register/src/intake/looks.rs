//! Looks: who of the staff looked at a person's data, when, at what and why. Each is recorded before the data is shown, and chained to the one before: one that is missing or was
//! changed shows. They say nothing of the person but a place on the ledger, a number or a keyed name, so that they may stay when the person is forgotten.
//!
//! Whoever can write to the store and has the vault's key can make the whole chain anew. So a supervisor notes [`LooksChecked::head`] now and then, elsewhere.

use std::fmt;

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::Hash;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Intake;
use super::books::{Books, Known, ValueName};
use super::cases::CaseNumber;
use super::error::IntakeError;
use super::shelf::{Shelf, ShelfName, damaged};
use crate::engine::RegisterError;
use crate::hex;
use crate::store::KeyedName;

/// The most looks on a page.
pub const LOOKS_PAGE_MAX: usize = 200;
/// The longest id of somebody of the staff, in bytes.
pub const STAFF_BYTES_MAX: usize = 64;

const DOMAIN: &[u8] = b"bezwaar look v1\0";

/// Somebody of the staff, as the operator names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StaffId(String);

impl StaffId {
    /// The id: 1 to [`STAFF_BYTES_MAX`] bytes of printable ASCII without blanks. Upper case is taken as lower case, so that nobody is two people.
    pub fn parse(text: &str) -> Option<StaffId> {
        let sound = (1..=STAFF_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        sound.then(|| StaffId(text.to_ascii_lowercase()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LookReason {
    /// To handle the case.
    HandlesCase,
    /// The person asked something.
    PersonAsked,
    /// To tell a flood from real objections.
    ReviewsFlood,
    /// To find out who an uncertain match is.
    ReviewsMatch,
    /// A supervisor or a court asked.
    SupervisorAsked,
    /// To check the work of others.
    Audits,
}

impl LookReason {
    /// Every reason.
    pub const ALL: [LookReason; 6] = [
        LookReason::HandlesCase,
        LookReason::PersonAsked,
        LookReason::ReviewsFlood,
        LookReason::ReviewsMatch,
        LookReason::SupervisorAsked,
        LookReason::Audits,
    ];

    /// The code of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            LookReason::HandlesCase => "handles-case",
            LookReason::PersonAsked => "person-asked",
            LookReason::ReviewsFlood => "reviews-flood",
            LookReason::ReviewsMatch => "reviews-match",
            LookReason::SupervisorAsked => "supervisor-asked",
            LookReason::Audits => "audits",
        }
    }

    /// The reason with this code.
    pub fn lookup(text: &str) -> Option<LookReason> {
        LookReason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What is about to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookAt {
    /// A case, by its number.
    Case(CaseNumber),
    /// An act, by its id.
    Act(String),
    /// Whatever there is of an account.
    Account(Account),
    /// A list in which people are named: which one.
    List(LookList),
}

/// A list in which people are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookList {
    /// Uncertain matches.
    Matches,
    /// Cases.
    Cases,
    /// Messages that could not be sent.
    Post,
}

impl LookList {
    fn as_str(self) -> &'static str {
        match self {
            LookList::Matches => "matches",
            LookList::Cases => "cases",
            LookList::Post => "post",
        }
    }

    fn lookup(text: &str) -> Option<LookList> {
        [LookList::Matches, LookList::Cases, LookList::Post].into_iter().find(|list| list.as_str() == text)
    }
}

/// What was looked at, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// A case.
    Case(CaseNumber),
    /// An act, by its place on the ledger.
    Act(u64),
    /// An act that is not there, by the keyed name of its id.
    UnknownAct(KeyedName),
    /// An account, by its keyed name: see [`Intake::look_name`].
    Account(KeyedName),
    /// A list.
    List(LookList),
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Instant,
    /// At what.
    pub looked: Looked,
    /// Why.
    pub why: LookReason,
    /// The hash of the look before it; zeros for the first.
    pub previous: Hash,
}

/// What came of going through all looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LooksChecked {
    /// How many there are.
    pub count: u64,
    /// The hash of the last one.
    pub head: Hash,
    /// The first that is missing, or does not follow the one before it.
    pub broken_at: Option<u64>,
}

/// A page of looks, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooksPage {
    /// The looks.
    pub looks: Vec<Look>,
    /// Where to go on: give it as `before`. `None` at the end.
    pub next: Option<u64>,
}

/// The looks.
pub(super) struct Looks {
    shelf: Shelf,
    head: Hash,
}

impl Looks {
    pub(super) fn open(books: &mut dyn Books) -> Result<Looks, RegisterError> {
        let mut shelf = Shelf::open(books, ShelfName::Looks)?;
        let last = shelf.next() - 1;
        let head = match last {
            0 => Hash::default(),
            // One that is missing breaks the chain, which is told by whoever checks it; looks go on being recorded.
            last => shelf.get(books, last)?.map(|line| hash(&line)).unwrap_or_default(),
        };
        Ok(Looks { shelf, head })
    }

    pub(super) fn values(&mut self, values: &mut Vec<(ValueName, Vec<u8>)>) {
        self.shelf.values(values);
    }
}

fn hash(line: &str) -> Hash {
    Sha256::new().chain_update(DOMAIN).chain_update(line).finalize().into()
}

impl Look {
    fn line(&self) -> String {
        let (kind, what) = match &self.looked {
            Looked::Case(number) => ("case", json!(number.0)),
            Looked::Act(index) => ("act", json!(index)),
            Looked::UnknownAct(name) => ("unknown-act", json!(hex::encode(&name.0))),
            Looked::Account(name) => ("account", json!(hex::encode(&name.0))),
            Looked::List(list) => ("list", json!(list.as_str())),
        };
        json!({"at": self.at.as_micros(), "by": self.by.as_str(), "n": self.number, "of": [kind, what], "previous": hex::encode(&self.previous),
               "why": self.why.as_str()})
        .to_string()
    }

    fn parse(line: &str) -> Option<Look> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let of = value.get("of")?;
        let (kind, what) = (of.get(0)?.as_str()?, of.get(1)?);
        let name = || Some(KeyedName(hex::decode(what.as_str()?)?));
        let looked = match kind {
            "case" => Looked::Case(CaseNumber(what.as_u64()?)),
            "act" => Looked::Act(what.as_u64()?),
            "unknown-act" => Looked::UnknownAct(name()?),
            "account" => Looked::Account(name()?),
            "list" => Looked::List(LookList::lookup(what.as_str()?)?),
            _ => return None,
        };
        Some(Look {
            number: value.get("n")?.as_u64()?,
            by: StaffId::parse(text("by")?)?,
            at: Instant::from_micros(value.get("at")?.as_i64()?),
            looked,
            why: LookReason::lookup(text("why")?)?,
            previous: hex::decode(text("previous")?)?,
        })
    }
}

impl fmt::Display for LookReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Intake<'_> {
    /// Records that somebody is about to look. Only when this has returned is the data shown.
    pub fn look(&mut self, by: &StaffId, at: &LookAt, why: LookReason, now: Instant) -> Result<Look, IntakeError> {
        self.books.settle()?;
        let time = self.books.time(now)?;
        let looked = match at {
            LookAt::Case(number) => Looked::Case(*number),
            LookAt::Act(id) => match self.books.by_ids(&[id])?.pop().flatten() {
                Some(Known::Filed(filed)) => Looked::Act(filed.index),
                Some(Known::Erased { index }) => Looked::Act(index),
                None => Looked::UnknownAct(self.books.keyed("look at act", id)),
            },
            LookAt::Account(account) => Looked::Account(self.look_name(account)),
            LookAt::List(list) => Looked::List(*list),
        };
        let looks = self.office.looks(self.books)?;
        let look = Look { number: looks.shelf.next(), by: by.clone(), at: time, looked, why, previous: looks.head };
        let line = look.line();
        looks.head = hash(&line);
        looks.shelf.push(self.books, line)?;
        self.write(&[], Vec::new(), now)?;
        Ok(look)
    }

    /// The name under which looks at an account are kept, to find those of a person who asks who looked.
    pub fn look_name(&self, account: &Account) -> KeyedName {
        self.books.keyed("look at account", account.expose_canonical())
    }

    /// Looks, the newest first: those with a number lower than `before`, at most so many and [`LOOKS_PAGE_MAX`]. For a supervisor.
    pub fn looks(&mut self, before: Option<u64>, limit: usize) -> Result<LooksPage, IntakeError> {
        let looks = self.office.looks(self.books)?;
        let end = before.unwrap_or(u64::MAX).min(looks.shelf.next());
        let start = end.saturating_sub(limit.clamp(1, LOOKS_PAGE_MAX) as u64).max(1);
        let mut page = Vec::new();
        for number in (start..end).rev() {
            // A missing one is told by `check_looks`.
            if let Some(line) = looks.shelf.get(self.books, number)? {
                page.push(Look::parse(&line).ok_or(damaged())?);
            }
        }
        Ok(LooksPage { looks: page, next: (start > 1).then_some(start) })
    }

    /// Goes through all looks, and says whether each follows the one before it.
    pub fn check_looks(&mut self) -> Result<LooksChecked, IntakeError> {
        let looks = self.office.looks(self.books)?;
        let count = looks.shelf.next() - 1;
        let (mut expected, mut previous, mut broken_at) = (1, Hash::default(), None);
        looks.shelf.for_each(self.books, |number, line| {
            let follows = Look::parse(line).is_some_and(|look| look.number == number && look.previous == previous);
            if broken_at.is_none() && (number != expected || !follows) {
                broken_at = Some(expected.min(number));
            }
            (expected, previous) = (number + 1, hash(line));
            Ok(())
        })?;
        if broken_at.is_none() && expected != count + 1 {
            broken_at = Some(expected);
        }
        Ok(LooksChecked { count, head: previous, broken_at })
    }
}
