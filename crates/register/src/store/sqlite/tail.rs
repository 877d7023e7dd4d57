//! The newest names, kept in memory until they are put into the indexes in the order of their keys.
//!
//! Keys are hashes and come in no order, so that indexing each act as it comes rewrites a page of each index for it: past some millions of
//! acts the disk does little else. A surge is therefore indexed later and together. Nothing depends on it: the rows stand in their tables
//! when a batch is durable, and every hold works out its tail from them, in the very view it then answers from.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::super::check::Standing;
use super::super::sum::{Row, opening_sum, signed, sum};
use super::super::{Batch, HOLDER_NAME_TAKEN, HolderId, ID_NAME_TAKEN, KeyedName, StoreError};
use super::error::from_sqlite;
use super::read::{self, blob, damaged, for_each, number, optional_number, same};

const INDEXED: &str = include_str!("sql/indexed.sql");
const INDEXED_UPDATE: &str = include_str!("sql/indexed_update.sql");
const ENTRY_NAMES: &str = include_str!("sql/entry_names.sql");
const HOLDERS_BETWEEN: &str = include_str!("sql/holders_between.sql");
const OPENING_HOLDERS: &str = include_str!("sql/opening_holders.sql");
const ID_FIND: &str = include_str!("sql/id_find.sql");
const ID_INDEX: &str = include_str!("sql/id_index.sql");
const NAME_FIND: &str = include_str!("sql/name_find.sql");
const NAME_INDEX: &str = include_str!("sql/name_index.sql");
const OPENED_FIND: &str = include_str!("sql/opened_find.sql");
const OPENED_INDEX: &str = include_str!("sql/opened_index.sql");

/// A batch of at most so many entries and holders (or fewer, with a shorter tail) goes into the indexes at once, if nothing waits before it.
const DIRECT_MAX: u64 = 512;
/// The fewest keys of each kind put into the indexes with a batch, while any wait; fewer with a shorter tail.
const SLICE_MIN: u64 = 2_048;
/// How many keys of each kind are put into the indexes at once while nobody waits.
pub(super) const SLICE_TIDYING: usize = 10_000;

/// How far the indexes are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexed {
    /// Entries before this place.
    pub(super) entries: u64,
    /// Holders up to this number.
    pub(super) holders: u64,
}

impl Indexed {
    pub(super) fn sum(self) -> [u8; super::super::sum::SUM_BYTES] {
        sum(Row::Indexed, self.entries, &[&self.holders.to_be_bytes()])
    }
}

/// How far the indexes are complete, as the file says.
pub(super) fn indexed(view: &Connection, standing: Standing) -> Result<Indexed, StoreError> {
    let mut found = None;
    for_each(view, INDEXED, [], |columns| {
        let indexed = Indexed { entries: number(columns, 0)?, holders: number(columns, 1)? };
        same(blob(columns, 2)?, indexed.sum(), "how far the indexes go does not match its check value")?;
        found = Some(indexed);
        Ok(())
    })?;
    match found {
        Some(indexed) if indexed.entries <= standing.size && indexed.holders <= standing.last_holder => Ok(indexed),
        Some(_) => damaged("the indexes go further than the store"),
        None => damaged("the store does not say how far its indexes go"),
    }
}

fn set_indexed(view: &Connection, indexed: Indexed) -> Result<(), StoreError> {
    let mut statement = view.prepare_cached(INDEXED_UPDATE).map_err(from_sqlite)?;
    statement.execute(params![signed(indexed.entries), signed(indexed.holders), indexed.sum()]).map_err(from_sqlite)?;
    Ok(())
}

/// What is being put into the indexes: the keys of the tail as it was, in order, and how many of each are in.
#[derive(Debug, Default)]
struct Merge {
    until: Indexed,
    ids: Vec<([u8; 16], u64)>,
    names: Vec<([u8; 16], u64)>,
    opened: Vec<(u64, u64)>,
    done: usize,
}

impl Merge {
    fn length(&self) -> usize {
        self.ids.len().max(self.names.len()).max(self.opened.len())
    }
}

/// What a write did to the indexes; counts once the write is durable.
#[derive(Debug)]
pub(super) enum Step {
    /// The batch's own keys went in.
    Direct,
    /// So many keys of each kind of the merge are in.
    Merged(usize),
}

/// The keys of what is newer than the indexes.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// From how many waiting entries a merge begins.
    merge_at: u64,
    from: Indexed,
    known: Indexed,
    ids: HashMap<[u8; 16], u64>,
    names: HashMap<[u8; 16], u64>,
    opened: HashMap<u64, Vec<u64>>,
    merge: Option<Merge>,
}

impl Tail {
    pub(super) fn new(merge_at: u64) -> Tail {
        Tail { merge_at, ..Tail::default() }
    }

    /// Brings the tail to where a view stands.
    pub(super) fn catch_up(&mut self, view: &Connection, standing: Standing) -> Result<(), StoreError> {
        let indexed = indexed(view, standing)?;
        let ahead = self.known.entries > standing.size || self.known.holders > standing.last_holder;
        if ahead || indexed.entries < self.from.entries || indexed.holders < self.from.holders {
            // Another file stands at this path, or a write this hold believed in is not there.
            *self = Tail::new(self.merge_at);
        }
        if indexed != self.from {
            self.forget(indexed);
        }
        let Indexed { entries, holders } = self.known;
        if entries == standing.size && holders == standing.last_holder {
            return Ok(());
        }
        self.read_names(view, standing)?;
        self.known = Indexed { entries: standing.size, holders: standing.last_holder };
        Ok(())
    }

    fn read_names(&mut self, view: &Connection, standing: Standing) -> Result<(), StoreError> {
        let Indexed { entries, holders } = self.known;
        let range = params![signed(entries), signed(standing.size)];
        let mut next = entries;
        for_each(view, ENTRY_NAMES, range, |columns| {
            let (place, _, name) = read::entry_row(columns)?;
            if place != next {
                return damaged("an entry is missing");
            }
            next += 1;
            let Some(name) = name else { return Ok(()) };
            put(&mut self.ids, name, place, "two entries have one name")
        })?;
        for_each(view, HOLDERS_BETWEEN, params![signed(holders), signed(standing.last_holder)], |columns| {
            let holder = read::holder(columns)?;
            put(&mut self.names, holder.name.0, holder.id.0, "two holders have one name")
        })?;
        for_each(view, OPENING_HOLDERS, range, |columns| {
            let (place, holder) = (number(columns, 0)?, optional_number(columns, 1)?);
            let live: bool = columns.get(2).map_err(from_sqlite)?;
            let expected = if live { opening_sum(place, holder, blob(columns, 3)?) } else { sum(Row::OpeningRemoved, place, &[]) };
            same(blob(columns, 4)?, expected, "an opening does not match its check value")?;
            if let Some(holder) = holder {
                self.opened.entry(holder).or_default().push(place);
            }
            Ok(())
        })
    }

    /// Drops what the indexes have.
    fn forget(&mut self, indexed: Indexed) {
        if indexed.entries >= self.known.entries && indexed.holders >= self.known.holders {
            (self.ids, self.names, self.opened) = Default::default();
        } else {
            self.ids.retain(|_, place| *place >= indexed.entries);
            self.names.retain(|_, id| *id > indexed.holders);
            self.opened.retain(|_, places| {
                places.retain(|place| *place >= indexed.entries);
                !places.is_empty()
            });
        }
        self.merge = None;
        self.from = indexed;
        self.known.entries = self.known.entries.max(indexed.entries);
        self.known.holders = self.known.holders.max(indexed.holders);
    }

    /// Where the entry with a name stands. The indexes answer for what they have; that the entry bears the name is checked.
    pub(super) fn place_of(&self, view: &Connection, name: KeyedName) -> Result<Option<u64>, StoreError> {
        let waiting = self.ids.get(&name.0).copied();
        let place = if waiting.is_some() { waiting } else { one_number(view, ID_FIND, name)? };
        let Some(place) = place else { return Ok(None) };
        let mut bears = false;
        for_each(view, ENTRY_NAMES, params![signed(place), signed(place.saturating_add(1))], |columns| {
            bears = read::entry_row(columns)?.2 == Some(name.0);
            Ok(())
        })?;
        if bears { Ok(Some(place)) } else { damaged("an index names another entry than it should") }
    }

    /// The number of the holder with a name.
    pub(super) fn holder_of(&self, view: &Connection, name: KeyedName) -> Result<Option<HolderId>, StoreError> {
        let waiting = self.names.get(&name.0).copied();
        Ok(if waiting.is_some() { waiting } else { one_number(view, NAME_FIND, name)? }.map(HolderId))
    }

    /// The places of a holder's openings, those that were removed too, in order.
    pub(super) fn places_of(&self, view: &Connection, holder: HolderId) -> Result<Vec<u64>, StoreError> {
        let mut places: Vec<u64> = self.opened.get(&holder.0).cloned().unwrap_or_default();
        for_each(view, OPENED_FIND, [signed(holder.0)], |columns| {
            places.push(number(columns, 0)?);
            Ok(())
        })?;
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// Refuses a batch whose names are taken by what is stored.
    pub(super) fn check_free(&self, view: &Connection, batch: &Batch) -> Result<(), StoreError> {
        let mut ids: Vec<KeyedName> = batch.entries.iter().filter_map(|entry| entry.id_name).collect();
        // In order: neighbours stand on one page.
        ids.sort_unstable();
        for name in ids {
            if self.ids.contains_key(&name.0) || one_number(view, ID_FIND, name)?.is_some() {
                return Err(StoreError::Refused { because: ID_NAME_TAKEN });
            }
        }
        let mut names: Vec<KeyedName> = batch.holders.iter().map(|holder| holder.name).collect();
        names.sort_unstable();
        for name in names {
            if self.names.contains_key(&name.0) || one_number(view, NAME_FIND, name)?.is_some() {
                return Err(StoreError::Refused { because: HOLDER_NAME_TAKEN });
            }
        }
        Ok(())
    }

    /// Whether the indexes have everything.
    pub(super) fn is_empty(&self) -> bool {
        self.from == self.known
    }

    /// Puts keys into the indexes along with a batch: the batch's own when it is small and none wait, else some of those that wait.
    pub(super) fn index(&mut self, view: &Connection, batch: &Batch) -> Result<Step, StoreError> {
        let length = batch.entries.len().max(batch.holders.len());
        let small = length as u64 <= DIRECT_MAX.min(self.merge_at);
        if self.is_empty() && small {
            let mut own = Tail { known: self.known, ..Tail::default() };
            own.add(batch);
            let mut merge = own.in_order();
            merge_some(view, &mut merge, usize::MAX)?;
            set_indexed(view, own.known)?;
            return Ok(Step::Direct);
        }
        let waiting = self.known.entries - self.from.entries;
        if self.merge.is_none() && (waiting >= self.merge_at || small) {
            self.merge = Some(self.in_order());
        }
        let slice = usize::try_from(SLICE_MIN.min(self.merge_at).max(1)).unwrap_or(usize::MAX);
        self.merge_some(view, slice.max(length.saturating_mul(2)))
    }

    /// Puts so many of the keys that wait into the indexes, in order.
    pub(super) fn merge_some(&mut self, view: &Connection, count: usize) -> Result<Step, StoreError> {
        let Some(merge) = &mut self.merge else { return Ok(Step::Merged(0)) };
        merge_some(view, merge, count)?;
        if merge.done.saturating_add(count) >= merge.length() {
            set_indexed(view, merge.until)?;
        }
        Ok(Step::Merged(count))
    }

    /// Begins to put everything that waits into the indexes, unless that is going on.
    pub(super) fn begin_merge(&mut self) {
        if self.merge.is_none() {
            self.merge = Some(self.in_order());
        }
    }

    fn in_order(&self) -> Merge {
        let mut merge = Merge { until: self.known, ..Merge::default() };
        merge.ids.extend(self.ids.iter().map(|(name, place)| (*name, *place)));
        merge.names.extend(self.names.iter().map(|(name, id)| (*name, *id)));
        merge.opened.extend(self.opened.iter().flat_map(|(holder, places)| places.iter().map(|place| (*holder, *place))));
        merge.ids.sort_unstable();
        merge.names.sort_unstable();
        merge.opened.sort_unstable();
        merge
    }

    /// Takes over what a write did, now that it is durable.
    pub(super) fn written(&mut self, batch: &Batch, step: &Step) {
        match step {
            Step::Direct => {
                self.known.entries += batch.entries.len() as u64;
                self.known.holders = batch.holders.last().map_or(self.known.holders, |holder| holder.id.0);
                self.from = self.known;
            }
            Step::Merged(count) => {
                self.add(batch);
                let Some(merge) = &mut self.merge else { return };
                merge.done = merge.done.saturating_add(*count);
                if merge.done >= merge.length() {
                    let until = merge.until;
                    self.forget(until);
                }
            }
        }
    }

    fn add(&mut self, batch: &Batch) {
        for (place, entry) in (self.known.entries..).zip(&batch.entries) {
            if let Some(name) = entry.id_name {
                self.ids.insert(name.0, place);
            }
            if let Some(holder) = entry.holder {
                self.opened.entry(holder.0).or_default().push(place);
            }
        }
        self.names.extend(batch.holders.iter().map(|holder| (holder.name.0, holder.id.0)));
        self.known.entries += batch.entries.len() as u64;
        self.known.holders = batch.holders.last().map_or(self.known.holders, |holder| holder.id.0);
    }
}

fn put(map: &mut HashMap<[u8; 16], u64>, name: [u8; 16], number: u64, because: &'static str) -> Result<(), StoreError> {
    match map.insert(name, number) {
        Some(other) if other != number => damaged(because),
        _ => Ok(()),
    }
}

fn one_number(view: &Connection, query: &str, name: KeyedName) -> Result<Option<u64>, StoreError> {
    let mut found = None;
    for_each(view, query, [name.0], |columns| {
        found = Some(number(columns, 0)?);
        Ok(())
    })?;
    Ok(found)
}

/// The next keys of a merge, at most `count` of each kind.
fn merge_some(view: &Connection, merge: &mut Merge, count: usize) -> Result<(), StoreError> {
    let mut by_name = view.prepare_cached(ID_INDEX).map_err(from_sqlite)?;
    for (name, place) in merge.ids.iter().skip(merge.done).take(count) {
        by_name.execute(params![name, signed(*place)]).map_err(from_sqlite)?;
    }
    let mut by_name = view.prepare_cached(NAME_INDEX).map_err(from_sqlite)?;
    for (name, id) in merge.names.iter().skip(merge.done).take(count) {
        by_name.execute(params![name, signed(*id)]).map_err(from_sqlite)?;
    }
    let mut by_holder = view.prepare_cached(OPENED_INDEX).map_err(from_sqlite)?;
    for (holder, place) in merge.opened.iter().skip(merge.done).take(count) {
        by_holder.execute(params![signed(*holder), signed(*place)]).map_err(from_sqlite)?;
    }
    Ok(())
}
