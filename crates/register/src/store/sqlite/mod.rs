//! The store in one SQLite file: the default. Its queries stand in `sql/`, the tables in `sql/schema.sql`.
//!
//! - *Durable*: write-ahead journal with `synchronous = FULL`: a commit is on the disk before [`Store::append`] returns.
//! - *One writer*: the epoch in the table `standing` is compared inside each writing transaction, and these exclude each other.
//! - *Removed is gone*: removed bytes are overwritten in place, and the journal that still has them is emptied right after. A long-lived
//!   reader can put off the emptying; it is tried again at the next write and at the next claim.
//! - *Indexes*: names of a surge are indexed later and together (see the module `tail` here and `sql/schema.sql`).
//! - *Damage*: every row has a check value; damaged structures SQLite notices itself.

mod error;
mod open;
mod read;
mod tail;
mod write;

use std::fmt;
use std::path::{Path, PathBuf};

use bezwaar_ledger::entry::ENTRY_BYTES;
use rusqlite::Connection;

use super::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// `PRAGMA application_id` of a register: "bezw".
pub const APPLICATION_ID: i32 = 0x6265_7A77;
/// `PRAGMA user_version`: the version of the tables.
pub const SCHEMA_VERSION: i32 = 1;

/// How a SQLite file is used. Nothing of it changes what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How large the pages of a new file are, in bytes: a power of two from 512 to 65536.
    pub page_bytes: u32,
    /// How much memory each hold may use to keep pages, in bytes.
    pub cache_bytes: u64,
    /// How much of the file is read through a memory map, in bytes; 0 for none, so that a failing disk is an error and not a signal.
    pub mmap_bytes: u64,
    /// After how many pages in the journal they are moved into the file.
    pub journal_pages: u32,
    /// How long to wait for another program, in milliseconds, before [`StoreError::Busy`].
    pub wait_ms: u32,
    /// After how many entries of a surge their names begin to be put into the indexes; until then, and meanwhile, they are kept in memory by
    /// each hold that looks for names, some 150 bytes each.
    pub tail_entries: u64,
    /// The most pages the file may have; `None` for SQLite's own limit. Past it: [`StoreError::Full`].
    pub pages_max: Option<u32>,
}

impl Default for SqliteOptions {
    fn default() -> SqliteOptions {
        SqliteOptions {
            page_bytes: 4096,
            cache_bytes: 256 << 20,
            mmap_bytes: 0,
            journal_pages: 16_384,
            wait_ms: 5_000,
            tail_entries: 1 << 19,
            pages_max: None,
        }
    }
}

/// A store in a SQLite file.
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    options: SqliteOptions,
    reader: bool,
    tail: tail::Tail,
    /// Whether the journal still has bytes that were removed.
    journal_holds_removed: bool,
}

impl SqliteStore {
    /// Makes a new store. Refuses a path where something is, but for an empty file, and gives the file to its owner alone.
    pub fn create(path: &Path, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
        open::create(path, options)
    }

    /// Opens a store that is there: a missing file is an error, never an empty register.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
        open::open(path, options, false)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(open::open(&self.path, self.options.clone(), true)?))
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        self.claim_writing()
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        read::head(&mut self.connection)
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        self.append_batch(claim, expected_size, batch)
    }

    fn tidy(&mut self, claim: Claim) -> Result<bool, StoreError> {
        self.tidy_indexes(claim)
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        read::entries(&mut self.connection, from, limit)
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        read::find_ids(&mut self.connection, &mut self.tail, names)
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        read::find_holders(&mut self.connection, &mut self.tail, names)
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        read::holders(&mut self.connection, ids)
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        read::scan_holders(&mut self.connection, from, limit)
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        read::openings_of(&mut self.connection, &mut self.tail, holder)
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        read::scan_openings(&mut self.connection, from, limit)
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        read::opening(&mut self.connection, index)
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        read::contact(&mut self.connection, holder)
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        read::document(&mut self.connection, index)
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read::value(&mut self.connection, name)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        read::check(&mut self.connection)
    }
}
