//! Claims and batches.

use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::super::check::{Standing, check_append};
use super::super::sum::{Row, entry_sum, holder_sum, opening_sum, signed, standing_sum, sum};
use super::super::{Batch, Claim, Destroy, Holder, NewEntry, StoreError};
use super::error::from_sqlite;
use super::tail::SLICE_TIDYING;
use super::{SqliteStore, read};

const STANDING_UPDATE: &str = include_str!("sql/standing_update.sql");
const ENTRY_INSERT: &str = include_str!("sql/entry_insert.sql");
const HOLDER_INSERT: &str = include_str!("sql/holder_insert.sql");
const OPENING_INSERT: &str = include_str!("sql/opening_insert.sql");
const CONTACT_INSERT: &str = include_str!("sql/contact_insert.sql");
const DOCUMENT_INSERT: &str = include_str!("sql/document_insert.sql");
const VALUE_SET: &str = include_str!("sql/value_set.sql");
const KEY_REMOVE: &str = include_str!("sql/key_remove.sql");
const OPENING_REMOVE: &str = include_str!("sql/opening_remove.sql");
const CONTACT_REMOVE: &str = include_str!("sql/contact_remove.sql");

/// How long to wait for readers before the journal is emptied some other time.
const EMPTYING_WAIT: Duration = Duration::from_millis(200);

impl SqliteStore {
    pub(super) fn claim_writing(&mut self) -> Result<Claim, StoreError> {
        let transaction = begin_writing(&mut self.connection, self.reader)?;
        let standing = read::standing(&transaction)?;
        let epoch = standing.epoch + 1;
        set_standing(&transaction, Standing { epoch, ..standing })?;
        transaction.commit().map_err(from_sqlite)?;
        // Whoever wrote before may have been stopped between a removal and the emptying.
        self.journal_holds_removed = true;
        self.empty_journal();
        Ok(Claim(epoch))
    }

    pub(super) fn append_batch(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        let transaction = begin_writing(&mut self.connection, self.reader)?;
        let standing = read::standing(&transaction)?;
        check_append(standing, claim, expected_size, batch)?;
        self.tail.catch_up(&transaction, standing)?;
        self.tail.check_free(&transaction, batch)?;
        add_holders(&transaction, &batch.holders)?;
        add_entries(&transaction, standing.size, &batch.entries)?;
        set_contacts_and_values(&transaction, batch)?;
        remove(&transaction, &batch.destroy)?;
        let size = standing.size + batch.entries.len() as u64;
        let last_holder = standing.last_holder + batch.holders.len() as u64;
        set_standing(&transaction, Standing { size, last_holder, ..standing })?;
        let step = self.tail.index(&transaction, batch)?;
        transaction.commit().map_err(from_sqlite)?;
        // From here on the batch is there, whatever else happens.
        self.tail.written(batch, &step);
        self.journal_holds_removed |= !batch.destroy.is_empty() || !batch.contacts.is_empty();
        self.empty_journal();
        Ok(())
    }

    /// Puts some of the keys that wait into the indexes; says whether more wait.
    pub(super) fn tidy_indexes(&mut self, claim: Claim) -> Result<bool, StoreError> {
        let transaction = begin_writing(&mut self.connection, self.reader)?;
        let standing = read::standing(&transaction)?;
        if claim.0 == 0 || claim.0 != standing.epoch {
            return Err(StoreError::Fenced);
        }
        self.tail.catch_up(&transaction, standing)?;
        if self.tail.is_empty() {
            return Ok(false);
        }
        self.tail.begin_merge();
        let step = self.tail.merge_some(&transaction, SLICE_TIDYING)?;
        transaction.commit().map_err(from_sqlite)?;
        self.tail.written(&Batch::default(), &step);
        Ok(!self.tail.is_empty())
    }

    /// Moves the journal's pages into the file and cuts the journal to nothing, if it has removed bytes. What is stored does not depend on
    /// it, so a failure is no error: it is tried again later.
    fn empty_journal(&mut self) {
        if !self.journal_holds_removed {
            return;
        }
        let wait = Duration::from_millis(u64::from(self.options.wait_ms));
        let emptied = self.connection.busy_timeout(wait.min(EMPTYING_WAIT)).is_ok()
            && self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).is_ok_and(|busy| busy == 0);
        self.journal_holds_removed = !(self.connection.busy_timeout(wait).is_ok() && emptied);
    }
}

/// Begins a transaction that excludes every other writer, before anything is read.
fn begin_writing(connection: &mut Connection, reader: bool) -> Result<Transaction<'_>, StoreError> {
    if reader {
        return Err(StoreError::Fenced);
    }
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(from_sqlite)
}

fn set_standing(transaction: &Transaction<'_>, standing: Standing) -> Result<(), StoreError> {
    let Standing { epoch, size, last_holder } = standing;
    let mut statement = transaction.prepare_cached(STANDING_UPDATE).map_err(from_sqlite)?;
    let columns = params![signed(epoch), signed(size), signed(last_holder), standing_sum(standing)];
    statement.execute(columns).map_err(from_sqlite)?;
    Ok(())
}

fn add_holders(transaction: &Transaction<'_>, holders: &[Holder]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(HOLDER_INSERT).map_err(from_sqlite)?;
    for holder in holders {
        let key = holder.wrapped_key.as_deref();
        let columns = params![signed(holder.id.0), holder.name.0, key.is_some(), key.unwrap_or_default(), holder_sum(holder)];
        statement.execute(columns).map_err(from_sqlite)?;
    }
    Ok(())
}

fn add_entries(transaction: &Transaction<'_>, size: u64, entries: &[NewEntry]) -> Result<(), StoreError> {
    let mut insert_entry = transaction.prepare_cached(ENTRY_INSERT).map_err(from_sqlite)?;
    let mut insert_opening = transaction.prepare_cached(OPENING_INSERT).map_err(from_sqlite)?;
    let mut insert_document = transaction.prepare_cached(DOCUMENT_INSERT).map_err(from_sqlite)?;
    for (index, entry) in (size..).zip(entries) {
        let place = signed(index);
        let name = entry.id_name.map(|name| name.0);
        let check = entry_sum(index, &entry.bytes, name.as_ref().map(|name| &name[..]));
        insert_entry.execute(params![place, entry.bytes, name, check]).map_err(from_sqlite)?;
        if let Some(sealed) = &entry.sealed {
            let holder = entry.holder.map(|holder| holder.0);
            let check = opening_sum(index, holder, sealed);
            insert_opening.execute(params![place, holder.map(signed), sealed, check]).map_err(from_sqlite)?;
        }
        if let Some(document) = &entry.document {
            let check = sum(Row::Document, index, &[document]);
            insert_document.execute(params![place, document, check]).map_err(from_sqlite)?;
        }
    }
    Ok(())
}

fn set_contacts_and_values(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    for (holder, sealed) in &batch.contacts {
        let id = signed(holder.0);
        let mut remove = transaction.prepare_cached(CONTACT_REMOVE).map_err(from_sqlite)?;
        remove.execute(params![id, sum(Row::ContactRemoved, holder.0, &[])]).map_err(from_sqlite)?;
        let mut insert = transaction.prepare_cached(CONTACT_INSERT).map_err(from_sqlite)?;
        insert.execute(params![id, sealed, sum(Row::Contact, holder.0, &[sealed])]).map_err(from_sqlite)?;
    }
    let mut statement = transaction.prepare_cached(VALUE_SET).map_err(from_sqlite)?;
    for (name, bytes) in &batch.values {
        statement.execute(params![name, bytes, sum(Row::Value, 0, &[name.as_bytes(), bytes])]).map_err(from_sqlite)?;
    }
    Ok(())
}

fn remove(transaction: &Transaction<'_>, destroy: &[Destroy]) -> Result<(), StoreError> {
    for destroy in destroy {
        let (query, number, check) = match destroy {
            Destroy::Opening(index) => (OPENING_REMOVE, *index, sum(Row::OpeningRemoved, *index, &[])),
            Destroy::Contact(holder) => (CONTACT_REMOVE, holder.0, sum(Row::ContactRemoved, holder.0, &[])),
            Destroy::Key(holder) => {
                let Some(name) = read::holder_name(transaction, *holder)? else { continue };
                (KEY_REMOVE, holder.0, sum(Row::HolderWithoutKey, holder.0, &[&name.0]))
            }
        };
        let mut statement = transaction.prepare_cached(query).map_err(from_sqlite)?;
        statement.execute(params![signed(number), check]).map_err(from_sqlite)?;
    }
    Ok(())
}
