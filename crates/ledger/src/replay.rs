//! Replay: what a ledger says, from its entries and their openings.
//!
//! A register does it to write an extract, and whoever holds the openings does it again: the same entries and openings give the same
//! choices, so the same extract byte for byte. Everything that does not fit is told at once, each with its index.

mod problem;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroUsize;

use bezwaar_core::Holdings;
use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::time::{DAY_MICROS, Instant};

pub use problem::{ReplayError, ReplayErrors, ReplayProblem};

use crate::entry::Entry;
use crate::event::{Confirmation, Event, Tombstone, Void};
use crate::opening::Opening;

/// The least time between a void and its effect, in microseconds: 14 days, for the filer and the account to be told.
pub const VOID_NOTICE_MICROS: i64 = 14 * DAY_MICROS;

/// The most acts one replay holds.
pub const ACTS_MAX: usize = u32::MAX as usize;

/// An entry, and its opening if it has one.
pub type Pair = (Entry, Option<Opening>);

/// A ledger being read from its first entry on. It takes the memory of the choices, and 20 bytes for each.
#[derive(Debug, Default)]
pub struct Replay {
    entries: u64,
    last_recorded_at: Option<Instant>,
    choices: Vec<Choice>,
    /// The entry of each choice.
    indexes: Vec<u64>,
    places: Places,
    /// Ids of confirmations and voids, and the entry they stand in.
    event_ids: HashMap<String, u64>,
    confirmations: Vec<(u64, Instant, Confirmation)>,
    voids: Vec<(u64, Instant, Void)>,
    /// Entries that lost their opening, by the tombstone that says so.
    destroyed: HashMap<u64, u64>,
    /// Salted entries that came without an opening.
    without: HashSet<u64>,
    problems: Vec<ReplayProblem>,
}

/// What a ledger says through a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How many entries were read.
    pub entries: u64,
    /// The acts in force, in the order of the ledger, each with when it was recorded and whether it is still provisional.
    pub choices: Vec<Choice>,
    /// How many of them are provisional.
    pub provisional: u64,
    /// How many acts a void took out.
    pub voided: u64,
    /// How many entries lost their opening.
    pub destroyed: u64,
}

impl Replayed {
    /// Who holds which act.
    pub fn into_holdings(self) -> Holdings {
        Holdings::resolve_owned(self.choices)
    }
}

impl Replay {
    /// The empty ledger.
    pub fn new() -> Replay {
        Replay::default()
    }

    /// How many entries were read.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Reads the next entry with its opening. An entry without one must be named by a tombstone, before or later.
    pub fn push(&mut self, entry: &Entry, opening: Option<&Opening>) {
        let event = opened(self.entries, entry, opening);
        self.take(entry, event);
    }

    /// Reads the next entries, with the work of opening them spread over threads.
    pub fn push_all(&mut self, some: &[Pair], threads: NonZeroUsize) {
        let at_once = some.len().div_ceil(threads.get()).max(1);
        let parts: Vec<(u64, &[Pair])> = (self.entries..).step_by(at_once).zip(some.chunks(at_once)).collect();
        let open = |(start, part): (u64, &[Pair])| -> Vec<Result<Option<Event>, ReplayError>> {
            (start..).zip(part).map(|(index, (entry, opening))| opened(index, entry, opening.as_ref())).collect()
        };
        let events: Vec<_> = std::thread::scope(|scope| {
            let mut parts = parts.into_iter();
            let first = parts.next();
            let others: Vec<_> = parts.map(|part| (part, scope.spawn(move || open(part)))).collect();
            let mut events: Vec<_> = first.map(open).unwrap_or_default();
            for (part, thread) in others {
                // A thread that could not end is no reason to lose what it was given.
                events.extend(thread.join().unwrap_or_else(|_| open(part)));
            }
            events
        });
        for ((entry, _), event) in some.iter().zip(events) {
            self.take(entry, event);
        }
    }

    /// Reads the next entry with what stands in its opening, which the caller has verified: for who opens many of them anyway. `None`: it has
    /// no opening.
    pub fn push_opened(&mut self, entry: &Entry, event: Result<Option<Event>, ReplayError>) {
        let unsalted = matches!(event, Ok(Some(_))) && !entry.kind.is_salted();
        self.take(entry, if unsalted { Err(ReplayError::OpeningOfUnsalted) } else { event });
    }

    fn take(&mut self, entry: &Entry, event: Result<Option<Event>, ReplayError>) {
        let index = self.entries;
        self.entries += 1;
        if self.last_recorded_at.is_some_and(|last| last > entry.recorded_at) {
            self.problem(index, ReplayError::TimeRunsBackwards);
        }
        self.last_recorded_at = Some(entry.recorded_at);
        match event {
            Err(error) => self.problem(index, error),
            Ok(None) => {
                if entry.kind.is_salted() {
                    self.without.insert(index);
                }
            }
            Ok(Some(Event::Choice(choice))) => self.choice(index, entry.recorded_at, choice),
            Ok(Some(Event::Confirmation(one))) => {
                self.event_id(index, &one.id);
                self.confirmations.push((index, entry.recorded_at, one));
            }
            Ok(Some(Event::Void(one))) => {
                self.event_id(index, &one.id);
                self.voids.push((index, entry.recorded_at, one));
            }
            Ok(Some(Event::Tombstone(one))) => self.tombstone(index, &one),
        }
    }

    fn choice(&mut self, index: u64, recorded_at: Instant, choice: Choice) {
        if choice.provisional && !may_be_provisional(&choice.act) {
            self.problem(index, ReplayError::ProvisionalPower);
        }
        if is_full(self.choices.len()) {
            return self.problem(index, ReplayError::TooManyActs);
        }
        if self.places.find(&choice.id, &self.choices).is_some() {
            return self.problem(index, ReplayError::SecondId);
        }
        self.places.insert(&choice.id, self.choices.len());
        self.choices.push(Choice { recorded_at: Some(recorded_at), ..choice });
        self.indexes.push(index);
    }

    fn event_id(&mut self, index: u64, id: &str) {
        if self.event_ids.insert(id.to_owned(), index).is_some() {
            self.problem(index, ReplayError::SecondId);
        }
    }

    fn tombstone(&mut self, index: u64, tombstone: &Tombstone) {
        for entry in &tombstone.entries {
            if *entry >= index || self.destroyed.insert(*entry, index).is_some() {
                self.problem(index, ReplayError::TombstoneNames { entry: *entry });
            }
        }
    }

    fn problem(&mut self, index: u64, error: ReplayError) {
        self.problems.push(ReplayProblem { index, error });
    }

    /// The acts in force at a moment: those recorded through it, less those a void took out by then. With one problem nothing is given.
    pub fn finish(mut self, through: Instant) -> Result<Replayed, ReplayErrors> {
        self.check_openings();
        self.check_ids();
        let confirmed = self.confirmed();
        let voided = self.voided(through, &confirmed);
        if !self.problems.is_empty() {
            return Err(ReplayErrors::new(self.problems));
        }
        let (mut provisional, mut taken_out) = (0, 0);
        let mut place = 0;
        self.choices.retain_mut(|choice| {
            let this = place;
            place += 1;
            if choice.recorded_at.is_some_and(|recorded_at| recorded_at > through) {
                return false;
            }
            if voided.contains(&this) {
                taken_out += 1;
                return false;
            }
            choice.provisional &= confirmed.get(&this).is_none_or(|(_, confirmed_at)| *confirmed_at > through);
            provisional += u64::from(choice.provisional);
            true
        });
        let destroyed = self.without.len() as u64;
        Ok(Replayed { entries: self.entries, choices: self.choices, provisional, voided: taken_out, destroyed })
    }

    fn check_openings(&mut self) {
        let mut missing: Vec<u64> = self.without.iter().copied().filter(|index| !self.destroyed.contains_key(index)).collect();
        missing.sort_unstable();
        missing.into_iter().for_each(|index| self.problem(index, ReplayError::NoOpening));
        let mut kept: Vec<u64> = self.destroyed.keys().copied().filter(|index| !self.without.contains(index)).collect();
        kept.sort_unstable();
        kept.into_iter().for_each(|index| self.problem(index, ReplayError::NotDestroyed));
    }

    fn check_ids(&mut self) {
        let taken: Vec<u64> =
            self.event_ids.iter().filter(|(id, _)| self.places.find(id, &self.choices).is_some()).map(|(_, index)| *index).collect();
        taken.into_iter().for_each(|index| self.problem(index, ReplayError::SecondId));
    }

    /// The place of the act an event names. What nobody can see any more may have been it.
    fn named(&mut self, index: u64, id: &str) -> Option<usize> {
        let place = self.places.find(id, &self.choices).filter(|place| self.indexes.get(*place).is_some_and(|at| *at < index));
        if place.is_none() && self.without.is_empty() {
            self.problem(index, ReplayError::NoSuchAct);
        }
        place
    }

    /// The acts confirmed: by which entry first, and when it was recorded.
    fn confirmed(&mut self) -> HashMap<usize, (u64, Instant)> {
        let mut confirmed = HashMap::new();
        for (index, recorded_at, one) in std::mem::take(&mut self.confirmations) {
            let Some(place) = self.named(index, &one.confirms) else { continue };
            let Some(act) = self.choices.get(place) else { continue };
            let same = act.person.as_ref().map(Account::expose_canonical) == Some(one.person.expose_canonical());
            if !same {
                self.problem(index, ReplayError::OtherAccount);
            } else if !act.provisional {
                self.problem(index, ReplayError::NotProvisional);
            } else {
                confirmed.entry(place).or_insert((index, recorded_at));
            }
        }
        confirmed
    }

    /// The acts a void has taken out by the moment. A confirmation that comes after it brings the act back.
    fn voided(&mut self, through: Instant, confirmed: &HashMap<usize, (u64, Instant)>) -> HashSet<usize> {
        let mut voided = HashSet::new();
        for (index, recorded_at, one) in std::mem::take(&mut self.voids) {
            if one.effective_at < recorded_at.plus_micros(VOID_NOTICE_MICROS) {
                self.problem(index, ReplayError::NoNotice);
            }
            let Some(place) = self.named(index, &one.voids) else { continue };
            let act = self.choices.get(place);
            if !act.is_some_and(|act| act.provisional && matches!(act.act, Act::Object { .. })) {
                self.problem(index, ReplayError::NotProvisional);
                continue;
            }
            let confirmation = confirmed.get(&place);
            if confirmation.is_some_and(|(confirmed, _)| *confirmed < index) {
                self.problem(index, ReplayError::Confirmed);
            }
            let stands = confirmation.is_none_or(|(_, confirmed_at)| *confirmed_at > through);
            if stands && one.effective_at <= through && recorded_at <= through {
                voided.insert(place);
            }
        }
        voided
    }
}

/// Whether an act counts before its sender is confirmed to hold the account: whatever only closes, and can be taken back.
pub fn may_be_provisional(act: &Act) -> bool {
    match act {
        Act::Object { .. } | Act::SetOff { .. } | Act::WithdrawConsent { .. } | Act::Signal { .. } | Act::Unreadable => true,
        Act::SetOn { .. }
        | Act::Withdraw { .. }
        | Act::Consent { .. }
        | Act::Link { .. }
        | Act::Unlink { .. }
        | Act::Erase { .. }
        | Act::Answer { .. } => false,
    }
}

/// The event of an entry. `None`: it has none, or no opening.
fn opened(index: u64, entry: &Entry, opening: Option<&Opening>) -> Result<Option<Event>, ReplayError> {
    let Some(opening) = opening else { return Ok(None) };
    if !entry.kind.is_salted() {
        return Err(ReplayError::OpeningOfUnsalted);
    }
    if opening.index != index {
        return Err(ReplayError::Place);
    }
    opening.verify(entry).map_err(ReplayError::Opening)?;
    opening.event().map(Some).map_err(ReplayError::Event)
}

/// Where the choice with an id is, without a copy of the id: by its hash, and the few whose hash another has by name.
#[derive(Debug, Default)]
struct Places {
    by_hash: HashMap<u64, u32>,
    by_name: HashMap<String, u32>,
}

impl Places {
    fn hash(id: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    }

    fn find(&self, id: &str, choices: &[Choice]) -> Option<usize> {
        let same = |place: &u32| choices.get(*place as usize).is_some_and(|choice| choice.id == id);
        let place = self.by_hash.get(&Places::hash(id)).filter(|place| same(place));
        place.or_else(|| self.by_name.get(id)).map(|place| *place as usize)
    }

    /// Notes the place of an id that [`Places::find`] does not find.
    fn insert(&mut self, id: &str, place: usize) {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        match self.by_hash.entry(Places::hash(id)) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(place);
            }
            std::collections::hash_map::Entry::Occupied(_) => {
                self.by_name.insert(id.to_owned(), place);
            }
        }
    }
}

/// Whether no act has room besides so many.
fn is_full(acts: usize) -> bool {
    acts >= ACTS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_holds_so_many_acts_and_no_more() {
        assert_eq!((is_full(0), is_full(ACTS_MAX - 1), is_full(ACTS_MAX)), (false, false, true));
        // The places of acts are kept as 32 bits.
        assert!(u32::try_from(ACTS_MAX).is_ok() && u32::try_from(ACTS_MAX + 1).is_err());
    }
}
