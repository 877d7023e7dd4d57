//! A store by somebody who writes to the database, check values and all.

use bezwaar_ledger::entry::ENTRY_BYTES;
use bezwaar_register::store::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// A store in which two openings have changed places.
pub(super) struct Swapped(pub(super) Box<dyn Store>, pub(super) [u64; 2]);

impl Swapped {
    fn swap(&mut self, mut rows: Vec<SealedOpening>) -> Result<Vec<SealedOpening>, StoreError> {
        for row in &mut rows {
            let [one, other] = self.1;
            let from = if row.index == one { other } else { one };
            if row.index == one || row.index == other {
                row.sealed = self.0.opening(from)?.unwrap().sealed;
            }
        }
        Ok(rows)
    }
}

impl Store for Swapped {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }
    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(Swapped(self.0.reader()?, self.1)))
    }
    fn claim(&mut self) -> Result<Claim, StoreError> {
        self.0.claim()
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        self.0.head()
    }
    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        self.0.append(claim, expected_size, batch)
    }
    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        self.0.entries(from, limit)
    }
    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        self.0.find_ids(names)
    }
    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        self.0.find_holders(names)
    }
    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        self.0.holders(ids)
    }
    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.0.scan_holders(from, limit)
    }
    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        let rows = self.0.openings_of(holder)?;
        self.swap(rows)
    }
    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        let rows = self.0.scan_openings(from, limit)?;
        self.swap(rows)
    }
    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        let row = self.0.opening(index)?;
        Ok(self.swap(row.into_iter().collect())?.pop())
    }
    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.contact(holder)
    }
    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.document(index)
    }
    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.value(name)
    }
    fn check(&mut self) -> Result<(), StoreError> {
        self.0.check()
    }
}
