//! Claims and batches. Every function here runs inside a transaction that excludes other writers.

use ::postgres::types::{ToSql, Type};

use super::super::check::{Standing, check_append};
use super::super::sum::{Row, SUM_BYTES, entry_sum, holder_sum, opening_sum, signed, standing_sum, sum};
use super::super::{Batch, Claim, Destroy, Holder, HolderId, StoreError};
use super::read;
use super::session::Session;

const STANDING_UPDATE: &str = include_str!("sql/standing_update.sql");
const ENTRIES_COPY: &str = include_str!("sql/entries_copy.sql");
const HOLDERS_COPY: &str = include_str!("sql/holders_copy.sql");
const OPENINGS_COPY: &str = include_str!("sql/openings_copy.sql");
const DOCUMENTS_COPY: &str = include_str!("sql/documents_copy.sql");
const CONTACTS_SET: &str = include_str!("sql/contacts_set.sql");
const VALUES_SET: &str = include_str!("sql/values_set.sql");
const KEYS_REMOVE: &str = include_str!("sql/keys_remove.sql");
const OPENINGS_REMOVE: &str = include_str!("sql/openings_remove.sql");
const CONTACTS_REMOVE: &str = include_str!("sql/contacts_remove.sql");

/// One row to copy.
type CopiedRow<'r> = Vec<Box<dyn ToSql + Sync + 'r>>;

pub(super) fn claim(session: &mut Session) -> Result<Claim, StoreError> {
    let standing = read::standing(session)?;
    let epoch = standing.epoch + 1;
    set_standing(session, standing.epoch, Standing { epoch, ..standing })?;
    Ok(Claim(epoch))
}

pub(super) fn append(session: &mut Session, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
    let standing = read::standing(session)?;
    check_append(standing, claim, expected_size, batch)?;
    add_holders(session, &batch.holders)?;
    add_entries(session, standing.size, batch)?;
    set_contacts(session, batch)?;
    set_values(session, batch)?;
    remove(session, batch)?;
    let size = standing.size + batch.entries.len() as u64;
    let last_holder = standing.last_holder + batch.holders.len() as u64;
    set_standing(session, standing.epoch, Standing { size, last_holder, ..standing })
}

fn stored(sum: [u8; SUM_BYTES]) -> i64 {
    i64::from_be_bytes(sum)
}

fn set_standing(session: &mut Session, epoch_before: u64, standing: Standing) -> Result<(), StoreError> {
    let Standing { epoch, size, last_holder } = standing;
    let sum = stored(standing_sum(standing));
    let changed = session.execute(STANDING_UPDATE, &[&signed(epoch), &signed(size), &signed(last_holder), &sum, &signed(epoch_before)])?;
    // Behind the lock nobody else can have changed it; if somebody did, this writer is not the one.
    if changed == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}

fn add_holders(session: &mut Session, holders: &[Holder]) -> Result<(), StoreError> {
    let rows = holders.iter().map(|holder| -> CopiedRow<'_> {
        let sum = stored(holder_sum(holder));
        vec![Box::new(signed(holder.id.0)), Box::new(&holder.name.0[..]), Box::new(holder.wrapped_key.as_deref()), Box::new(sum)]
    });
    session.copy(HOLDERS_COPY, &[Type::INT8, Type::BYTEA, Type::BYTEA, Type::INT8], rows)
}

fn add_entries(session: &mut Session, size: u64, batch: &Batch) -> Result<(), StoreError> {
    let indexed = || (size..).zip(&batch.entries);
    let entries = indexed().map(|(index, entry)| -> CopiedRow<'_> {
        let name = entry.id_name.as_ref().map(|name| &name.0[..]);
        vec![Box::new(signed(index)), Box::new(&entry.bytes[..]), Box::new(name), Box::new(stored(entry_sum(index, &entry.bytes, name)))]
    });
    session.copy(ENTRIES_COPY, &[Type::INT8, Type::BYTEA, Type::BYTEA, Type::INT8], entries)?;
    let openings = indexed().filter_map(|(index, entry)| -> Option<CopiedRow<'_>> {
        let (sealed, holder) = (entry.sealed.as_deref()?, entry.holder.map(|holder| holder.0));
        let sum = stored(opening_sum(index, holder, sealed));
        Some(vec![Box::new(signed(index)), Box::new(holder.map(signed)), Box::new(sealed), Box::new(sum)])
    });
    session.copy(OPENINGS_COPY, &[Type::INT8, Type::INT8, Type::BYTEA, Type::INT8], openings)?;
    let documents = indexed().filter_map(|(index, entry)| -> Option<CopiedRow<'_>> {
        let document = entry.document.as_deref()?;
        Some(vec![Box::new(signed(index)), Box::new(document), Box::new(stored(sum(Row::Document, index, &[document])))])
    });
    session.copy(DOCUMENTS_COPY, &[Type::INT8, Type::BYTEA, Type::INT8], documents)
}

fn set_contacts(session: &mut Session, batch: &Batch) -> Result<(), StoreError> {
    if batch.contacts.is_empty() {
        return Ok(());
    }
    let holders: Vec<i64> = batch.contacts.iter().map(|(holder, _)| signed(holder.0)).collect();
    let sealed: Vec<&[u8]> = batch.contacts.iter().map(|(_, sealed)| sealed.as_slice()).collect();
    let sums: Vec<i64> = batch.contacts.iter().map(|(holder, sealed)| stored(sum(Row::Contact, holder.0, &[sealed]))).collect();
    session.execute(CONTACTS_SET, &[&holders, &sealed, &sums]).map(drop)
}

fn set_values(session: &mut Session, batch: &Batch) -> Result<(), StoreError> {
    if batch.values.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = batch.values.iter().map(|(name, _)| name.as_str()).collect();
    let bytes: Vec<&[u8]> = batch.values.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let sums: Vec<i64> = batch.values.iter().map(|(name, bytes)| stored(sum(Row::Value, 0, &[name.as_bytes(), bytes]))).collect();
    session.execute(VALUES_SET, &[&names, &bytes, &sums]).map(drop)
}

fn remove(session: &mut Session, batch: &Batch) -> Result<(), StoreError> {
    let (mut openings, mut contacts, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for destroy in &batch.destroy {
        match destroy {
            Destroy::Opening(index) => openings.push(signed(*index)),
            Destroy::Contact(holder) => contacts.push(signed(holder.0)),
            Destroy::Key(holder) => keys.push(*holder),
        }
    }
    if !openings.is_empty() {
        session.execute(OPENINGS_REMOVE, &[&openings])?;
    }
    if !contacts.is_empty() {
        session.execute(CONTACTS_REMOVE, &[&contacts])?;
    }
    remove_keys(session, &keys)
}

fn remove_keys(session: &mut Session, holders: &[HolderId]) -> Result<(), StoreError> {
    if holders.is_empty() {
        return Ok(());
    }
    let without_key: Vec<Holder> =
        read::holders(session, holders)?.into_iter().map(|holder| Holder { wrapped_key: None, ..holder }).collect();
    let ids: Vec<i64> = without_key.iter().map(|holder| signed(holder.id.0)).collect();
    let sums: Vec<i64> = without_key.iter().map(|holder| stored(holder_sum(holder))).collect();
    session.execute(KEYS_REMOVE, &[&ids, &sums]).map(drop)
}
