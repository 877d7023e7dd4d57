//! Reads. Every row is compared with its check value before it is given out.

use ::postgres::Row as Columns;
use ::postgres::types::FromSql;
use bezwaar_ledger::entry::ENTRY_BYTES;

use super::super::check::Standing;
use super::super::sum::{Row, SUM_BYTES, entry_sum, holder_sum, opening_sum, signed, standing_sum, sum, verify_standing};
use super::super::{Head, Holder, HolderId, KeyedName, SealedOpening, StoreError};
use super::error::from_column;
use super::session::Session;

const STANDING: &str = include_str!("sql/standing.sql");
const HEAD: &str = include_str!("sql/head.sql");
const ENTRIES: &str = include_str!("sql/entries.sql");
const IDS_FIND: &str = include_str!("sql/ids_find.sql");
const HOLDERS_FIND: &str = include_str!("sql/holders_find.sql");
const HOLDERS: &str = include_str!("sql/holders.sql");
const HOLDERS_SCAN: &str = include_str!("sql/holders_scan.sql");
const OPENING: &str = include_str!("sql/opening.sql");
const OPENINGS: &str = include_str!("sql/openings.sql");
const OPENINGS_OF: &str = include_str!("sql/openings_of.sql");
const CONTACT: &str = include_str!("sql/contact.sql");
const CONTACTS_CHECK: &str = include_str!("sql/contacts_check.sql");
const DOCUMENT: &str = include_str!("sql/document.sql");
const DOCUMENTS_CHECK: &str = include_str!("sql/documents_check.sql");
const VALUE: &str = include_str!("sql/value.sql");
const VALUES_CHECK: &str = include_str!("sql/values_check.sql");

/// How many rows [`check`] reads at a time; of documents one.
const CHECKED_AT_ONCE: usize = 10_000;

fn damaged<T>(because: &'static str) -> Result<T, StoreError> {
    Err(StoreError::Damaged { because })
}

fn get<'c, T: FromSql<'c>>(columns: &'c Columns, at: usize) -> Result<T, StoreError> {
    columns.try_get(at).map_err(from_column)
}

/// A number that is never negative where it was written.
fn number(columns: &Columns, at: usize) -> Result<u64, StoreError> {
    u64::try_from(get::<i64>(columns, at)?).or_else(|_| damaged("a number is negative"))
}

fn optional_number(columns: &Columns, at: usize) -> Result<Option<u64>, StoreError> {
    get::<Option<i64>>(columns, at)?.map(|_| number(columns, at)).transpose()
}

/// Compares the check value in a column.
fn same(columns: &Columns, at: usize, expected: [u8; SUM_BYTES], because: &'static str) -> Result<(), StoreError> {
    if get::<i64>(columns, at)? == i64::from_be_bytes(expected) { Ok(()) } else { damaged(because) }
}

fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn only_row(rows: &[Columns]) -> Result<&Columns, StoreError> {
    match rows {
        [row] => Ok(row),
        _ => damaged("the store does not say where it stands"),
    }
}

fn standing_row(columns: &Columns) -> Result<Standing, StoreError> {
    let standing = Standing { epoch: number(columns, 0)?, size: number(columns, 1)?, last_holder: number(columns, 2)? };
    same(columns, 3, standing_sum(standing), "where the store stands does not match its check value")?;
    verify_standing(standing, optional_number(columns, 4)?, optional_number(columns, 5)?)?;
    Ok(standing)
}

/// Where the store stands.
pub(super) fn standing(session: &mut Session) -> Result<Standing, StoreError> {
    standing_row(only_row(&session.query(STANDING, &[])?)?)
}

pub(super) fn head(session: &mut Session) -> Result<Head, StoreError> {
    let rows = session.query(HEAD, &[])?;
    let columns = only_row(&rows)?;
    let Standing { size, last_holder, .. } = standing_row(columns)?;
    let last_entry = size.checked_sub(1).map(|last| entry(columns, 6, last)).transpose()?;
    Ok(Head { size, last_holder, last_entry })
}

/// An entry from the columns for its bytes, its name and its check value.
fn entry(columns: &Columns, from: usize, index: u64) -> Result<[u8; ENTRY_BYTES], StoreError> {
    let (bytes, name): (&[u8], Option<&[u8]>) = (get(columns, from)?, get(columns, from + 1)?);
    same(columns, from + 2, entry_sum(index, bytes, name), "an entry does not match its check value")?;
    bytes.try_into().or_else(|_| damaged("an entry has another length than entries have"))
}

pub(super) fn entries(session: &mut Session, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
    let mut found = Vec::new();
    let mut next = from;
    let rows = session.query(ENTRIES, &[&signed(from), &limited(limit)])?;
    let size = rows.first().map_or_else(|| damaged("the store does not say where it stands"), |columns| number(columns, 0))?;
    for columns in &rows {
        let Some(index) = optional_number(columns, 1)? else { break };
        if index != next {
            return damaged("an entry is missing");
        }
        found.push(entry(columns, 2, index)?);
        next += 1;
    }
    if found.len() < limit && next < size {
        return damaged("the entries end before the store does");
    }
    Ok(found)
}

pub(super) fn find_ids(session: &mut Session, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
    let names: Vec<&[u8]> = names.iter().map(|name| &name.0[..]).collect();
    session.query(IDS_FIND, &[&names])?.iter().map(|columns| Ok((keyed_name(columns, 0)?, number(columns, 1)?))).collect()
}

fn keyed_name(columns: &Columns, at: usize) -> Result<KeyedName, StoreError> {
    let name: &[u8] = get(columns, at)?;
    name.try_into().map(KeyedName).or_else(|_| damaged("a name has another length than names have"))
}

/// A holder from four columns.
fn holder(columns: &Columns, from: usize) -> Result<Holder, StoreError> {
    let (id, name) = (HolderId(number(columns, from)?), keyed_name(columns, from + 1)?);
    let holder = Holder { id, name, wrapped_key: get(columns, from + 2)? };
    same(columns, from + 3, holder_sum(&holder), "a holder does not match its check value")?;
    Ok(holder)
}

pub(super) fn find_holders(session: &mut Session, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
    let names: Vec<&[u8]> = names.iter().map(|name| &name.0[..]).collect();
    session.query(HOLDERS_FIND, &[&names])?.iter().map(|columns| holder(columns, 0)).collect()
}

pub(super) fn holders(session: &mut Session, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| signed(id.0)).collect();
    session.query(HOLDERS, &[&ids])?.iter().map(|columns| holder(columns, 0)).collect()
}

pub(super) fn scan_holders(session: &mut Session, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
    let rows = session.query(HOLDERS_SCAN, &[&signed(from.0), &limited(limit)])?;
    let last = rows.first().map_or_else(|| damaged("the store does not say where it stands"), |columns| number(columns, 0))?;
    let mut found = Vec::new();
    let mut next = from.0.max(1);
    for columns in &rows {
        if optional_number(columns, 1)?.is_none() {
            break;
        }
        let holder = holder(columns, 1)?;
        if holder.id.0 != next {
            return damaged("a holder is missing");
        }
        found.push(holder);
        next += 1;
    }
    if found.len() < limit && next <= last {
        return damaged("the holders end before the store does");
    }
    Ok(found)
}

fn opening_row(columns: &Columns) -> Result<SealedOpening, StoreError> {
    let (index, holder, sealed): (u64, Option<u64>, &[u8]) = (number(columns, 0)?, optional_number(columns, 1)?, get(columns, 2)?);
    same(columns, 3, opening_sum(index, holder, sealed), "an opening does not match its check value")?;
    Ok(SealedOpening { index, holder: holder.map(HolderId), sealed: sealed.to_vec() })
}

pub(super) fn openings_of(session: &mut Session, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
    session.query(OPENINGS_OF, &[&signed(holder.0)])?.iter().map(opening_row).collect()
}

pub(super) fn scan_openings(session: &mut Session, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
    session.query(OPENINGS, &[&signed(from), &limited(limit)])?.iter().map(opening_row).collect()
}

pub(super) fn opening(session: &mut Session, index: u64) -> Result<Option<SealedOpening>, StoreError> {
    session.query(OPENING, &[&signed(index)])?.first().map(opening_row).transpose()
}

pub(super) fn contact(session: &mut Session, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = session.query(CONTACT, &[&signed(holder.0)])?;
    rows.first().map(|columns| checked(columns, Row::Contact, holder.0, None, "a contact does not match its check value")).transpose()
}

pub(super) fn document(session: &mut Session, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = session.query(DOCUMENT, &[&signed(index)])?;
    rows.first().map(|columns| checked(columns, Row::Document, index, None, "a document does not match its check value")).transpose()
}

pub(super) fn value(session: &mut Session, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    // PostgreSQL has no text with this character, and there is no value of such a name.
    if name.contains('\0') {
        return Ok(None);
    }
    let rows = session.query(VALUE, &[&name])?;
    rows.first().map(|columns| checked(columns, Row::Value, 0, Some(name), "a named value does not match its check value")).transpose()
}

/// Bytes from the first column, compared with the check value in the second.
fn checked(columns: &Columns, row: Row, number: u64, name: Option<&str>, because: &'static str) -> Result<Vec<u8>, StoreError> {
    let bytes: &[u8] = get(columns, 0)?;
    let expected = match name {
        Some(name) => sum(row, number, &[name.as_bytes(), bytes]),
        None => sum(row, number, &[bytes]),
    };
    same(columns, 1, expected, because)?;
    Ok(bytes.to_vec())
}

/// Every row against its check value, and that none is missing where none may be. What the server's pages and indexes hold is for its own
/// tools (`pg_amcheck`, `pg_checksums`).
pub(super) fn check(session: &mut Session) -> Result<(), StoreError> {
    let standing = standing(session)?;
    let mut next = 0;
    while next < standing.size {
        next += entries(session, next, CHECKED_AT_ONCE)?.len() as u64;
    }
    let mut next = 1;
    while next <= standing.last_holder {
        next += scan_holders(session, HolderId(next), CHECKED_AT_ONCE)?.len() as u64;
    }
    let mut next = Some(0);
    while let Some(from) = next {
        next = scan_openings(session, from, CHECKED_AT_ONCE)?.last().map(|opening| opening.index + 1);
    }
    check_numbered(session, CONTACTS_CHECK, Row::Contact, CHECKED_AT_ONCE, "a contact does not match its check value")?;
    check_numbered(session, DOCUMENTS_CHECK, Row::Document, 1, "a document does not match its check value")?;
    for columns in &session.query(VALUES_CHECK, &[])? {
        let (name, bytes): (&str, &[u8]) = (get(columns, 0)?, get(columns, 1)?);
        same(columns, 2, sum(Row::Value, 0, &[name.as_bytes(), bytes]), "a named value does not match its check value")?;
    }
    Ok(())
}

/// The rows of a table of number, bytes and check value.
fn check_numbered(session: &mut Session, query: &'static str, row: Row, at_once: usize, because: &'static str) -> Result<(), StoreError> {
    let mut last = -1_i64;
    loop {
        let rows = session.query(query, &[&last, &limited(at_once)])?;
        for columns in &rows {
            let bytes: &[u8] = get(columns, 1)?;
            same(columns, 2, sum(row, number(columns, 0)?, &[bytes]), because)?;
            last = get(columns, 0)?;
        }
        if rows.is_empty() {
            return Ok(());
        }
    }
}
