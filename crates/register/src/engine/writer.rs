//! The one who writes: places records on the ledger, a durable batch at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry, EntryKind};

use super::{IntegrityError, RegisterError};
use crate::anchor::Anchor;
use crate::keys::{KeyRing, KeyStatement};
use crate::randomness::Randomness;
use crate::store::{Batch, Claim, Head, Store, StoreError};
use crate::vault::Vault;

/// How far the clock may be behind the last entry. Less is passed over: the entry then has the time of the last one.
pub const CLOCK_BEHIND_MICROS_MAX: i64 = 3_600_000_000;

/// The named value with the places of statements about keys.
pub(crate) const VALUE_STATEMENTS: &str = "key-statements";
/// The named value with the wrapped inner key of the vault, after its epoch.
pub(crate) const VALUE_VAULT: &str = "vault";
/// Entries read at once.
pub(crate) const ENTRIES_AT_ONCE: usize = 8_192;

/// The writing half of a register. Whoever has it is the only one to write.
pub struct Writer {
    pub(super) store: Box<dyn Store>,
    pub(super) claim: Claim,
    pub(super) vault: Vault,
    pub(super) vault_epoch: u32,
    pub(super) keys: KeyRing,
    pub(super) random: Box<dyn Randomness>,
    pub(super) anchor: Anchor,
    pub(super) statements: Vec<(u64, KeyStatement)>,
    pub(super) size: u64,
    pub(super) last_holder: u64,
    pub(super) last_at: Option<Instant>,
    /// Whether the last batch may or may not be there.
    pub(super) unsure: bool,
    /// Whether a change of keys was cut off, so that only an opening can tell which are in use.
    pub(super) broken: bool,
    /// How many entries are durable, for the publisher.
    pub(super) durable: Arc<AtomicU64>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("size", &self.size).field("unsure", &self.unsure).finish_non_exhaustive()
    }
}

impl Writer {
    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The keys in use.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The time something that arrives now is given: the clock's, but never earlier than the last entry.
    pub fn time(&self, now: Instant) -> Result<Instant, RegisterError> {
        let Some(last) = self.last_at else { return Ok(now) };
        if now.plus_micros(CLOCK_BEHIND_MICROS_MAX) < last {
            return Err(RegisterError::ClockBehind { now, last });
        }
        Ok(now.max(last))
    }

    /// After a failed write: finds out whether the batch is there, by the same steps as an opening.
    pub(super) fn settle(&mut self) -> Result<(), RegisterError> {
        if self.broken {
            return Err(RegisterError::MustReopen);
        }
        if !self.unsure {
            return Ok(());
        }
        let head = self.store.head()?;
        if head.size < self.size {
            return Err(IntegrityError::RolledBack { store: head.size, signed: self.size }.into());
        }
        self.follow(&head)?;
        self.unsure = false;
        Ok(())
    }

    /// Takes over where the store stands.
    pub(super) fn follow(&mut self, head: &Head) -> Result<(), RegisterError> {
        let mut at = self.size;
        let mut last_at = self.last_at;
        while at < head.size {
            let limit = usize::try_from(head.size - at).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
            let entries = self.store.entries(at, limit)?;
            if entries.is_empty() {
                return Err(IntegrityError::Missing { what: "an entry", index: Some(at) }.into());
            }
            for bytes in &entries {
                last_at = Some(next_entry(bytes, at, last_at)?.recorded_at);
                at += 1;
            }
        }
        (self.size, self.last_holder, self.last_at) = (head.size, head.last_holder, last_at);
        self.durable.store(self.size, Ordering::Release);
        Ok(())
    }

    /// Writes a batch, after which `size` and what follows from it are up to date.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), RegisterError> {
        let last = batch.entries.last().map(|last| Entry::from_bytes(&last.bytes));
        let last = last.transpose().map_err(|source| IntegrityError::Entry { index: self.size, source })?;
        // From here on until the store says `Ok`, the batch may or may not be there.
        self.unsure = true;
        self.store.append(self.claim, self.size, batch)?;
        self.unsure = false;
        self.size += batch.entries.len() as u64;
        self.last_holder = batch.holders.last().map_or(self.last_holder, |holder| holder.id.0);
        self.last_at = last.map_or(self.last_at, |last| Some(last.recorded_at));
        self.durable.store(self.size, Ordering::Release);
        Ok(())
    }

    /// Does some of what the store put off while much came in; says whether more is left. See [`Store::tidy`].
    pub fn tidy(&mut self) -> Result<bool, RegisterError> {
        self.settle()?;
        Ok(self.store.tidy(self.claim)?)
    }

    /// The statements about keys on the ledger, in order.
    pub fn statements(&self) -> Vec<KeyStatement> {
        self.statements.iter().map(|(_, statement)| statement.clone()).collect()
    }
}

/// Checks one entry against the one before it.
pub(super) fn next_entry(bytes: &[u8; ENTRY_BYTES], index: u64, last_at: Option<Instant>) -> Result<Entry, IntegrityError> {
    let entry = Entry::from_bytes(bytes).map_err(|source| IntegrityError::Entry { index, source })?;
    if last_at.is_some_and(|last_at| entry.recorded_at < last_at) {
        return Err(IntegrityError::TimeBackwards { index });
    }
    Ok(entry)
}

/// The places of the statements, as the named value has them.
pub(crate) fn statement_places(places: &[u64]) -> Vec<u8> {
    places.iter().flat_map(|place| place.to_be_bytes()).collect()
}

/// Reads the statements about keys from the store, each checked against the ledger and against those before it.
pub(crate) fn read_statements(store: &mut dyn Store) -> Result<Vec<(u64, KeyStatement)>, RegisterError> {
    let Some(value) = store.value(VALUE_STATEMENTS)? else { return Ok(Vec::new()) };
    let (places, rest) = value.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(StoreError::Damaged { because: "the list of statements about keys is cut off" }.into());
    }
    let mut statements: Vec<(u64, KeyStatement)> = Vec::new();
    for index in places.iter().map(|place| u64::from_be_bytes(*place)) {
        let document = document(store, index, EntryKind::Key)?;
        let earlier: Vec<KeyStatement> = statements.iter().map(|(_, statement)| statement.clone()).collect();
        let (statement, _) = KeyStatement::verify(&document, &earlier).map_err(|source| IntegrityError::Statement { index, source })?;
        statements.push((index, statement));
    }
    Ok(statements)
}

/// The document of an entry, checked against its hash.
pub(crate) fn document(store: &mut dyn Store, index: u64, kind: EntryKind) -> Result<Vec<u8>, RegisterError> {
    use sha2::{Digest as _, Sha256};
    let bytes = store.entries(index, 1)?.first().copied().ok_or(IntegrityError::Missing { what: "the entry", index: Some(index) })?;
    let entry = Entry::from_bytes(&bytes).map_err(|source| IntegrityError::Entry { index, source })?;
    let document = store.document(index)?.ok_or(IntegrityError::Missing { what: "the document", index: Some(index) })?;
    if entry.kind != kind || <[u8; 32]>::from(Sha256::digest(&document)) != entry.hash {
        return Err(IntegrityError::Document { index }.into());
    }
    Ok(document)
}
