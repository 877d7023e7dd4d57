//! The rules of a batch that need no more than the head to check: the same function for every store.

use std::collections::HashSet;

use super::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Batch, Claim, DOCUMENT_BYTES_MAX, Destroy, HolderId, SEALED_BYTES_MAX, StoreError, VALUE_BYTES_MAX,
    VALUE_NAME_BYTES_MAX, WRAPPED_KEY_BYTES_MAX,
};

/// What a writing transaction has read of the store before it changes anything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// The last claim given out.
    pub(crate) epoch: u64,
    /// How many entries there are.
    pub(crate) size: u64,
    /// The last holder number given.
    pub(crate) last_holder: u64,
}

/// Checks the right to write, then the size, then the batch. Whether names are taken by what is stored is for the store to find.
pub(crate) fn check_append(standing: Standing, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
    // Zero is no claim: it is what a store nobody has claimed yet stands at.
    if claim.0 == 0 || claim.0 != standing.epoch {
        return Err(StoreError::Fenced);
    }
    if expected_size != standing.size {
        return Err(StoreError::Moved { expected: expected_size, found: standing.size });
    }
    check_batch(standing.size, standing.last_holder, batch)
}

/// Checks the limits and the order of a batch against a head.
pub(crate) fn check_batch(size: u64, last_holder: u64, batch: &Batch) -> Result<(), StoreError> {
    check_counts(batch)?;
    let last_holder_after = check_holders(last_holder, batch)?;
    check_entries(last_holder_after, batch)?;
    check_contacts_and_values(last_holder_after, batch)?;
    check_destroy(size, last_holder, batch)
}

fn refuse(broken: bool, because: &'static str) -> Result<(), StoreError> {
    if broken { Err(StoreError::Refused { because }) } else { Ok(()) }
}

fn check_counts(batch: &Batch) -> Result<(), StoreError> {
    refuse(batch.entries.len() > BATCH_ENTRIES_MAX, "it has too many entries")?;
    refuse(batch.holders.len() > BATCH_ENTRIES_MAX, "it has too many holders")?;
    refuse(batch.contacts.len() > BATCH_ENTRIES_MAX, "it has too many contacts")?;
    refuse(batch.destroy.len() > BATCH_ENTRIES_MAX, "it removes too much at once")?;
    refuse(batch.values.len() > BATCH_ENTRIES_MAX, "it has too many named values")?;
    let sealed = batch.entries.iter().flat_map(|entry| entry.sealed.iter().chain(&entry.document));
    let others = batch.contacts.iter().map(|(_, bytes)| bytes).chain(batch.values.iter().map(|(_, bytes)| bytes));
    let bytes = sealed.chain(others).map(Vec::len).fold(0, usize::saturating_add);
    refuse(bytes > BATCH_BYTES_MAX, "it is too large as a whole")
}

/// Gives the last holder number there will be.
fn check_holders(last_holder: u64, batch: &Batch) -> Result<u64, StoreError> {
    let mut last = last_holder;
    let mut names = HashSet::with_capacity(batch.holders.len());
    for holder in &batch.holders {
        refuse(Some(holder.id.0) != last.checked_add(1), "the numbers of its holders do not continue those there are")?;
        last = holder.id.0;
        let key_bytes = holder.wrapped_key.as_ref().map_or(0, Vec::len);
        refuse(key_bytes > WRAPPED_KEY_BYTES_MAX, "a wrapped key is too long")?;
        refuse(!names.insert(holder.name), "two of its holders have one name")?;
    }
    // Both databases count in signed 64 bits.
    refuse(i64::try_from(last).is_err(), "the numbers of its holders are too high")?;
    Ok(last)
}

fn check_entries(last_holder: u64, batch: &Batch) -> Result<(), StoreError> {
    let mut names = HashSet::with_capacity(batch.entries.len());
    for entry in &batch.entries {
        refuse(entry.id_name.is_some_and(|name| !names.insert(name)), "two of its entries have one name")?;
        refuse(entry.sealed.as_ref().is_some_and(|sealed| sealed.len() > SEALED_BYTES_MAX), "a sealed opening is too long")?;
        refuse(entry.document.as_ref().is_some_and(|document| document.len() > DOCUMENT_BYTES_MAX), "a document is too long")?;
        refuse(entry.sealed.is_some() && entry.document.is_some(), "an entry has both an opening and a document")?;
        refuse(entry.holder.is_some() && entry.sealed.is_none(), "an entry without an opening names a holder")?;
        refuse(entry.holder.is_some_and(|holder| !exists(holder, last_holder)), "an opening is sealed for a holder that is not there")?;
    }
    Ok(())
}

fn exists(holder: HolderId, last_holder: u64) -> bool {
    (1..=last_holder).contains(&holder.0)
}

fn check_contacts_and_values(last_holder: u64, batch: &Batch) -> Result<(), StoreError> {
    let mut holders = HashSet::with_capacity(batch.contacts.len());
    for (holder, sealed) in &batch.contacts {
        refuse(!exists(*holder, last_holder), "a contact belongs to a holder that is not there")?;
        refuse(sealed.len() > SEALED_BYTES_MAX, "a sealed contact is too long")?;
        refuse(!holders.insert(*holder), "two of its contacts belong to one holder")?;
    }
    let mut names = HashSet::with_capacity(batch.values.len());
    for (name, bytes) in &batch.values {
        refuse(name.is_empty() || name.len() > VALUE_NAME_BYTES_MAX, "the name of a value is empty or too long")?;
        refuse(!name.bytes().all(|byte| byte.is_ascii_graphic()), "the name of a value has other characters than printable ASCII")?;
        refuse(bytes.len() > VALUE_BYTES_MAX, "a named value is too long")?;
        refuse(!names.insert(name.as_str()), "two of its values have one name")?;
    }
    Ok(())
}

/// A batch may remove only what was there before it, and nothing of what it needs itself.
fn check_destroy(size: u64, last_holder: u64, batch: &Batch) -> Result<(), StoreError> {
    if batch.destroy.is_empty() {
        return Ok(());
    }
    let contacts: HashSet<HolderId> = batch.contacts.iter().map(|(holder, _)| *holder).collect();
    let sealed_for: HashSet<HolderId> = batch.entries.iter().filter_map(|entry| entry.holder).collect();
    for destroy in &batch.destroy {
        match destroy {
            Destroy::Opening(index) => refuse(*index >= size, "it removes the opening of an entry that is not there yet")?,
            Destroy::Contact(holder) => {
                refuse(!exists(*holder, last_holder), "it removes the contact of a holder that is not there yet")?;
                refuse(contacts.contains(holder), "it removes a contact that it adds")?;
            }
            Destroy::Key(holder) => {
                refuse(!exists(*holder, last_holder), "it removes the key of a holder that is not there yet")?;
                refuse(sealed_for.contains(holder), "it removes a key that it seals an opening under")?;
            }
        }
    }
    Ok(())
}
