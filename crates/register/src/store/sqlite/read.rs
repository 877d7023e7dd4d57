//! Reads. Every row is compared with its check value before it is given out.

use std::collections::BTreeSet;

use bezwaar_ledger::entry::ENTRY_BYTES;
use rusqlite::{Connection, OptionalExtension, Params, Row as Columns, Transaction, params};

use super::super::check::Standing;
use super::super::sum::{Row, SUM_BYTES, entry_sum, holder_sum, opening_sum, signed, standing_sum, sum, verify_standing};
use super::super::{Head, Holder, HolderId, KeyedName, SealedOpening, StoreError};
use super::error::from_sqlite;
use super::tail::{Tail, indexed};

const STANDING: &str = include_str!("sql/standing.sql");
const ENTRIES: &str = include_str!("sql/entries.sql");
const HOLDER: &str = include_str!("sql/holder.sql");
const HOLDERS: &str = include_str!("sql/holders.sql");
const HOLDERS_BETWEEN: &str = include_str!("sql/holders_between.sql");
const OPENING: &str = include_str!("sql/opening.sql");
const OPENINGS: &str = include_str!("sql/openings.sql");
const OPENINGS_CHECK: &str = include_str!("sql/openings_check.sql");
const CONTACT: &str = include_str!("sql/contact.sql");
const CONTACTS_CHECK: &str = include_str!("sql/contacts_check.sql");
const DOCUMENT: &str = include_str!("sql/document.sql");
const DOCUMENTS_CHECK: &str = include_str!("sql/documents_check.sql");
const VALUE: &str = include_str!("sql/value.sql");
const VALUES_CHECK: &str = include_str!("sql/values_check.sql");
const INDEXES_CHECK: &str = include_str!("sql/indexes_check.sql");

type EntryRow = (u64, [u8; ENTRY_BYTES], Option<[u8; 16]>);

/// How far apart two holders may stand to be read in one go.
const PASSED_OVER_MAX: u64 = 8;
/// How many entries [`check`] reads at a time.
const CHECKED_AT_ONCE: usize = 10_000;

pub(super) fn damaged<T>(because: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Damaged { because })
}

pub(super) fn same(row_sum: &[u8], expected: [u8; SUM_BYTES], because: &'static str) -> Result<(), StoreError> {
    if row_sum == expected { Ok(()) } else { damaged(because) }
}

/// A limit as SQLite counts.
fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A number that is never negative where it was written.
pub(super) fn number(columns: &Columns<'_>, at: usize) -> Result<u64, StoreError> {
    let number: i64 = columns.get(at).map_err(from_sqlite)?;
    u64::try_from(number).or_else(|_| damaged("a number is negative"))
}

pub(super) fn optional_number(columns: &Columns<'_>, at: usize) -> Result<Option<u64>, StoreError> {
    let present: Option<i64> = columns.get(at).map_err(from_sqlite)?;
    present.map(|_| number(columns, at)).transpose()
}

pub(super) fn blob<'c>(columns: &'c Columns<'_>, at: usize) -> Result<&'c [u8], StoreError> {
    columns.get_ref(at).map_err(from_sqlite)?.as_blob().or_else(|_| damaged("a column is of another type than bytes"))
}

/// Runs a query and reads its rows one by one.
pub(super) fn for_each(
    connection: &Connection,
    query: &str,
    parameters: impl Params,
    mut each: impl FnMut(&Columns<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(query).map_err(from_sqlite)?;
    let mut rows = statement.query(parameters).map_err(from_sqlite)?;
    while let Some(columns) = rows.next().map_err(from_sqlite)? {
        each(columns)?;
    }
    Ok(())
}

fn collect<T>(
    connection: &Connection,
    query: &str,
    parameters: impl Params,
    each: impl Fn(&Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    for_each(connection, query, parameters, |columns| {
        all.push(each(columns)?);
        Ok(())
    })?;
    Ok(all)
}

/// One view of the store for several queries.
fn view(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction().map_err(from_sqlite)
}

/// Where the store stands.
pub(super) fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let mut found = None;
    for_each(connection, STANDING, [], |columns| {
        let standing = Standing { epoch: number(columns, 0)?, size: number(columns, 1)?, last_holder: number(columns, 2)? };
        same(blob(columns, 3)?, standing_sum(standing), "where the store stands does not match its check value")?;
        verify_standing(standing, optional_number(columns, 4)?, optional_number(columns, 5)?)?;
        found = Some(standing);
        Ok(())
    })?;
    found.map_or_else(|| damaged("the store does not say where it stands"), Ok)
}

pub(super) fn head(connection: &mut Connection) -> Result<Head, StoreError> {
    let view = view(connection)?;
    let Standing { size, last_holder, .. } = standing(&view)?;
    let last_entry = match size.checked_sub(1) {
        Some(last) => entries_within(&view, last, 1, size)?.pop(),
        None => None,
    };
    Ok(Head { size, last_holder, last_entry })
}

pub(super) fn entries(connection: &mut Connection, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
    let view = view(connection)?;
    let size = standing(&view)?.size;
    entries_within(&view, from, limit, size)
}

/// A row of entries: its place, its bytes and its name.
pub(super) fn entry_row(columns: &Columns<'_>) -> Result<EntryRow, StoreError> {
    let place = number(columns, 0)?;
    let bytes = blob(columns, 1)?;
    let name = columns.get_ref(2).map_err(from_sqlite)?.as_blob_or_null().or_else(|_| damaged("a name is not of bytes"))?;
    same(blob(columns, 3)?, entry_sum(place, bytes, name), "an entry does not match its check value")?;
    let bytes = bytes.try_into().or_else(|_| damaged("an entry has another length than entries have"))?;
    let name = name.map(|name| name.try_into().or_else(|_| damaged("a name has another length than names have"))).transpose()?;
    Ok((place, bytes, name))
}

fn entries_within(connection: &Connection, from: u64, limit: usize, size: u64) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
    let mut found = Vec::new();
    let mut next = from;
    for_each(connection, ENTRIES, params![signed(from), limited(limit)], |columns| {
        let (place, bytes, _) = entry_row(columns)?;
        if place != next {
            return damaged("an entry is missing");
        }
        found.push(bytes);
        next += 1;
        Ok(())
    })?;
    if found.len() < limit && next < size {
        return damaged("the entries end before the store does");
    }
    Ok(found)
}

pub(super) fn find_ids(connection: &mut Connection, tail: &mut Tail, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
    let view = view(connection)?;
    tail.catch_up(&view, standing(&view)?)?;
    let mut found = Vec::new();
    // In order: neighbours stand on one page.
    for name in names.iter().collect::<BTreeSet<_>>() {
        found.extend(tail.place_of(&view, *name)?.map(|place| (*name, place)));
    }
    Ok(found)
}

pub(super) fn holder(columns: &Columns<'_>) -> Result<Holder, StoreError> {
    let name = blob(columns, 1)?.try_into().or_else(|_| damaged("a name has another length than names have"))?;
    let live: bool = columns.get(2).map_err(from_sqlite)?;
    let wrapped_key = if live { Some(blob(columns, 3)?.to_vec()) } else { None };
    let holder = Holder { id: HolderId(number(columns, 0)?), name: KeyedName(name), wrapped_key };
    same(blob(columns, 4)?, holder_sum(&holder), "a holder does not match its check value")?;
    Ok(holder)
}

pub(super) fn find_holders(connection: &mut Connection, tail: &mut Tail, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
    let view = view(connection)?;
    tail.catch_up(&view, standing(&view)?)?;
    let mut found = Vec::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        let Some(id) = tail.holder_of(&view, *name)? else { continue };
        let row = collect(&view, HOLDER, [signed(id.0)], holder)?.pop();
        match row {
            Some(holder) if holder.name == *name => found.push(holder),
            _ => return damaged("an index names another holder than it should"),
        }
    }
    Ok(found)
}

pub(super) fn holders(connection: &mut Connection, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
    let view = view(connection)?;
    let mut ids: Vec<u64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    // Those a scan asks for stand side by side, but for a few: reading past those few costs less than asking again.
    for run in ids.chunk_by(|one, next| next - one <= PASSED_OVER_MAX) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        for_each(&view, HOLDERS_BETWEEN, params![signed(first.saturating_sub(1)), signed(*last)], |columns| {
            if run.binary_search(&number(columns, 0)?).is_ok() {
                found.push(holder(columns)?);
            }
            Ok(())
        })?;
    }
    Ok(found)
}

pub(super) fn holder_name(connection: &Connection, id: HolderId) -> Result<Option<KeyedName>, StoreError> {
    Ok(collect(connection, HOLDER, [signed(id.0)], holder)?.pop().map(|holder| holder.name))
}

pub(super) fn scan_holders(connection: &mut Connection, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
    let view = view(connection)?;
    let last = standing(&view)?.last_holder;
    let found = collect(&view, HOLDERS, params![signed(from.0), limited(limit)], holder)?;
    let first = from.0.max(1);
    let expected = last.saturating_add(1).saturating_sub(first);
    let in_order = found.iter().zip(first..).all(|(holder, id)| holder.id.0 == id);
    if !in_order || found.len() as u64 != expected.min(limit as u64) {
        return damaged("a holder is missing");
    }
    Ok(found)
}

fn opening_row(columns: &Columns<'_>) -> Result<SealedOpening, StoreError> {
    let index = number(columns, 0)?;
    let holder = optional_number(columns, 1)?;
    let sealed = blob(columns, 2)?;
    same(blob(columns, 3)?, opening_sum(index, holder, sealed), "an opening does not match its check value")?;
    Ok(SealedOpening { index, holder: holder.map(HolderId), sealed: sealed.to_vec() })
}

pub(super) fn openings_of(connection: &mut Connection, tail: &mut Tail, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
    let view = view(connection)?;
    tail.catch_up(&view, standing(&view)?)?;
    let mut found = Vec::new();
    for place in tail.places_of(&view, holder)? {
        // One that was removed is passed over: it stands in the index, and no longer in the drawer.
        found.extend(collect(&view, OPENING, [signed(place)], opening_row)?);
    }
    if found.iter().any(|opening| opening.holder != Some(holder)) {
        return damaged("an index names another holder's opening");
    }
    Ok(found)
}

pub(super) fn scan_openings(connection: &mut Connection, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
    collect(connection, OPENINGS, params![signed(from), limited(limit)], opening_row)
}

pub(super) fn opening(connection: &mut Connection, index: u64) -> Result<Option<SealedOpening>, StoreError> {
    Ok(collect(connection, OPENING, [signed(index)], opening_row)?.pop())
}

pub(super) fn contact(connection: &mut Connection, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found = collect(connection, CONTACT, [signed(holder.0)], |columns| {
        let sealed = blob(columns, 0)?;
        same(blob(columns, 1)?, sum(Row::Contact, holder.0, &[sealed]), "a contact does not match its check value")?;
        Ok(sealed.to_vec())
    })?;
    Ok(found.pop())
}

pub(super) fn document(connection: &mut Connection, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found = collect(connection, DOCUMENT, [signed(index)], |columns| {
        let bytes = blob(columns, 0)?;
        same(blob(columns, 1)?, sum(Row::Document, index, &[bytes]), "a document does not match its check value")?;
        Ok(bytes.to_vec())
    })?;
    Ok(found.pop())
}

pub(super) fn value(connection: &mut Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found = collect(connection, VALUE, [name], |columns| {
        let bytes = blob(columns, 0)?;
        same(blob(columns, 1)?, sum(Row::Value, 0, &[name.as_bytes(), bytes]), "a named value does not match its check value")?;
        Ok(bytes.to_vec())
    })?;
    Ok(found.pop())
}

/// SQLite's own check, then every row against its check value, and that none is missing where none may be.
pub(super) fn check(connection: &mut Connection) -> Result<(), StoreError> {
    let view = view(connection)?;
    let answer: Option<String> = view.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).optional().map_err(from_sqlite)?;
    if answer.as_deref() != Some("ok") {
        return damaged("SQLite's own check found a fault in the file");
    }
    let standing = standing(&view)?;
    check_indexes(&view, standing)?;
    let mut next = 0;
    while next < standing.size {
        next += entries_within(&view, next, CHECKED_AT_ONCE, standing.size)?.len() as u64;
    }
    let mut next_holder = 1;
    for_each(&view, HOLDERS, params![1, i64::MAX], |columns| {
        if holder(columns)?.id.0 != next_holder {
            return damaged("a holder is missing");
        }
        next_holder += 1;
        Ok(())
    })?;
    check_drawers(&view)
}

/// That the three indexes say what the tables say, and all of it as far as they claim to.
fn check_indexes(view: &Connection, standing: Standing) -> Result<(), StoreError> {
    let indexed = indexed(view, standing)?;
    for_each(view, INDEXES_CHECK, params![signed(indexed.entries), signed(indexed.holders)], |columns| {
        match (number(columns, 0)?, number(columns, 1)?) {
            (0, 0) => Ok(()),
            (0, _) => damaged("an index lacks what a table has"),
            _ => damaged("an index has what no table has"),
        }
    })
}

fn check_drawers(view: &Connection) -> Result<(), StoreError> {
    for_each(view, OPENINGS_CHECK, [], |columns| {
        let index = number(columns, 0)?;
        let holder = optional_number(columns, 1)?;
        let live: bool = columns.get(2).map_err(from_sqlite)?;
        let expected = if live { opening_sum(index, holder, blob(columns, 3)?) } else { sum(Row::OpeningRemoved, index, &[]) };
        same(blob(columns, 4)?, expected, "an opening does not match its check value")?;
        removed_is_empty(live, blob(columns, 3)?)
    })?;
    for_each(view, CONTACTS_CHECK, [], |columns| {
        let holder = number(columns, 0)?;
        let live: bool = columns.get(1).map_err(from_sqlite)?;
        let sealed = blob(columns, 2)?;
        let expected = if live { sum(Row::Contact, holder, &[sealed]) } else { sum(Row::ContactRemoved, holder, &[]) };
        same(blob(columns, 3)?, expected, "a contact does not match its check value")?;
        removed_is_empty(live, sealed)
    })?;
    for_each(view, DOCUMENTS_CHECK, [], |columns| {
        let expected = sum(Row::Document, number(columns, 0)?, &[blob(columns, 1)?]);
        same(blob(columns, 2)?, expected, "a document does not match its check value")
    })?;
    for_each(view, VALUES_CHECK, [], |columns| {
        let name: String = columns.get(0).map_err(from_sqlite)?;
        let expected = sum(Row::Value, 0, &[name.as_bytes(), blob(columns, 1)?]);
        same(blob(columns, 2)?, expected, "a named value does not match its check value")
    })
}

fn removed_is_empty(live: bool, bytes: &[u8]) -> Result<(), StoreError> {
    if live || bytes.iter().all(|byte| *byte == 0) { Ok(()) } else { damaged("what was removed is still there") }
}
