//! Whom acts reach: those recorded since an extract was made, or too late for a seal.

use std::collections::{BTreeSet, HashSet};
use std::num::NonZeroUsize;

use bezwaar_core::Holdings;
use bezwaar_core::acts::HeldAct;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::Event;

use crate::engine::{Reader, RegisterError};
use crate::replay::{ReadError, replay};

/// Some acts of the ledger: those from an entry on, perhaps only those received by a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newer {
    /// The first entry they may stand in.
    pub(super) from: u64,
    /// When they were received at the latest.
    pub(super) received_by: Option<Instant>,
}

impl Newer {
    fn has(&self, choice: &Choice) -> bool {
        closes(choice) && self.received_by.is_none_or(|received_by| choice.received_at <= received_by)
    }
}

/// Whether an act can only take away: itself, or by carrying what another said to one more account.
fn closes(choice: &Choice) -> bool {
    !choice.act.opens() && !matches!(choice.act, Act::Answer { .. })
}

/// The ids of these acts, as they stand in the store.
pub(super) fn ids(reader: &mut Reader, some: Newer, until: u64, threads: NonZeroUsize) -> Result<HashSet<String>, RegisterError> {
    let mut ids = HashSet::new();
    if some.from >= until {
        return Ok(ids);
    }
    reader.scan_map(
        (some.from, threads.get()),
        |row| {
            let row = row?;
            // What cannot be read is told when the whole ledger is.
            let event = Event::from_bytes(row.entry.kind, &row.body).ok();
            Ok((row.index, event))
        },
        |row: Result<(u64, Option<Event>), RegisterError>| -> Result<(), RegisterError> {
            if let (index, Some(Event::Choice(choice))) = row?
                && index < until
                && some.has(&choice)
            {
                ids.insert(choice.id);
            }
            Ok(())
        },
    )?;
    Ok(ids)
}

/// The accounts that acts with these ids stand on, own and over links; and those that acts of others stand on because of them.
pub(super) fn reached(
    reader: &mut Reader,
    ids: &HashSet<String>,
    (size, at): (u64, Instant),
    threads: NonZeroUsize,
) -> Result<BTreeSet<String>, ReadError> {
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let choices = replay(reader, (size, at), threads)?.choices;
    let links = choices.iter().any(|choice| ids.contains(&choice.id) && matches!(choice.act, Act::Link { .. }));
    if !links {
        let holdings = Holdings::resolve_owned(choices);
        return Ok(accounts(&holdings, |_, act| ids.contains(&act.id)));
    }
    // A link carries acts that were there before it, over links that were there before it.
    let without: Vec<Choice> = choices.iter().filter(|choice| !ids.contains(&choice.id)).cloned().collect();
    let before = Holdings::resolve_owned(without);
    let after = Holdings::resolve_owned(choices);
    Ok(accounts(&after, |account, act| {
        let there = before.acts_of(account).iter().any(|other| (&other.id, other.from, &other.via) == (&act.id, act.from, &act.via));
        !there
    }))
}

fn accounts(holdings: &Holdings, counts: impl Fn(&bezwaar_core::account::Account, &HeldAct) -> bool) -> BTreeSet<String> {
    let reached = holdings.iter().filter(|(account, acts)| acts.iter().any(|act| !act.body.opens() && counts(account, act)));
    reached.map(|(account, _)| account.expose_canonical().to_owned()).collect()
}
