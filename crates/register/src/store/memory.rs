//! The store in memory: for tests and for trying things out. It keeps the whole contract but one promise: nothing outlives the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bezwaar_ledger::entry::ENTRY_BYTES;
use zeroize::Zeroize;

use super::check::{Standing, check_append};
use super::{Batch, Claim, Destroy, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// A store in memory. Its clones are further holds on the same data, each able to write once it claims.
#[derive(Clone, Default)]
pub struct MemoryStore {
    data: Arc<RwLock<Data>>,
    reader: bool,
}

#[derive(Default)]
struct Data {
    epoch: u64,
    entries: Vec<[u8; ENTRY_BYTES]>,
    ids: HashMap<KeyedName, u64>,
    holders: Vec<Holder>,
    holders_by_name: HashMap<KeyedName, HolderId>,
    openings: BTreeMap<u64, SealedOpening>,
    openings_by_holder: HashMap<HolderId, Vec<u64>>,
    contacts: HashMap<HolderId, Vec<u8>>,
    documents: HashMap<u64, Vec<u8>>,
    values: HashMap<String, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    // The data is changed only after everything was checked, so a lock left behind by a panic guards whole data still.
    fn read(&self) -> RwLockReadGuard<'_, Data> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> Result<RwLockWriteGuard<'_, Data>, StoreError> {
        if self.reader {
            return Err(StoreError::Fenced);
        }
        Ok(self.data.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(MemoryStore { data: Arc::clone(&self.data), reader: true }))
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        let mut data = self.write()?;
        data.epoch += 1;
        Ok(Claim(data.epoch))
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        let data = self.read();
        Ok(Head { size: data.entries.len() as u64, last_holder: data.holders.len() as u64, last_entry: data.entries.last().copied() })
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        let mut data = self.write()?;
        let standing = Standing { epoch: data.epoch, size: data.entries.len() as u64, last_holder: data.holders.len() as u64 };
        check_append(standing, claim, expected_size, batch)?;
        data.check_names(batch)?;
        data.apply(batch);
        Ok(())
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        Ok(self.read().entries.iter().skip(place(from)).take(limit).copied().collect())
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        let data = self.read();
        let mut found: Vec<(KeyedName, u64)> = names.iter().filter_map(|name| Some((*name, *data.ids.get(name)?))).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        let data = self.read();
        let ids: Vec<HolderId> = names.iter().filter_map(|name| data.holders_by_name.get(name).copied()).collect();
        Ok(data.holders(ids))
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        Ok(self.read().holders(ids.to_vec()))
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        Ok(self.read().holders.iter().skip(place(from.0.saturating_sub(1))).take(limit).cloned().collect())
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        let data = self.read();
        let indexes = data.openings_by_holder.get(&holder).map_or(&[][..], Vec::as_slice);
        Ok(indexes.iter().filter_map(|index| data.openings.get(index).cloned()).collect())
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        Ok(self.read().openings.range(from..).take(limit).map(|(_, opening)| opening.clone()).collect())
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        Ok(self.read().openings.get(&index).cloned())
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().contacts.get(&holder).cloned())
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().documents.get(&index).cloned())
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().values.get(name).cloned())
    }

    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A number as a place in a list; past the end of any list if it is too large for one.
fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Data {
    fn check_names(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.entries.iter().filter_map(|entry| entry.id_name).any(|name| self.ids.contains_key(&name)) {
            return Err(StoreError::Refused { because: super::ID_NAME_TAKEN });
        }
        if batch.holders.iter().any(|holder| self.holders_by_name.contains_key(&holder.name)) {
            return Err(StoreError::Refused { because: super::HOLDER_NAME_TAKEN });
        }
        Ok(())
    }

    fn holders(&self, mut ids: Vec<HolderId>) -> Vec<Holder> {
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.holders.get(place(id.0.checked_sub(1)?)).cloned()).collect()
    }

    fn apply(&mut self, batch: &Batch) {
        for holder in &batch.holders {
            self.holders_by_name.insert(holder.name, holder.id);
            self.holders.push(holder.clone());
        }
        for entry in &batch.entries {
            let index = self.entries.len() as u64;
            self.entries.push(entry.bytes);
            if let Some(name) = entry.id_name {
                self.ids.insert(name, index);
            }
            if let Some(sealed) = &entry.sealed {
                self.openings.insert(index, SealedOpening { index, holder: entry.holder, sealed: sealed.clone() });
            }
            if let Some(holder) = entry.holder {
                self.openings_by_holder.entry(holder).or_default().push(index);
            }
            if let Some(document) = &entry.document {
                self.documents.insert(index, document.clone());
            }
        }
        for (holder, sealed) in &batch.contacts {
            if let Some(mut old) = self.contacts.insert(*holder, sealed.clone()) {
                old.zeroize();
            }
        }
        for (name, bytes) in &batch.values {
            self.values.insert(name.clone(), bytes.clone());
        }
        batch.destroy.iter().for_each(|destroy| self.destroy(*destroy));
    }

    fn destroy(&mut self, destroy: Destroy) {
        let removed = match destroy {
            Destroy::Opening(index) => self.openings.remove(&index).map(|opening| opening.sealed),
            Destroy::Contact(holder) => self.contacts.remove(&holder),
            Destroy::Key(holder) => {
                let at = holder.0.checked_sub(1).map(place);
                at.and_then(|at| self.holders.get_mut(at)).and_then(|holder| holder.wrapped_key.take())
            }
        };
        if let Some(mut removed) = removed {
            removed.zeroize();
        }
    }
}
