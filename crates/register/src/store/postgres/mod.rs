//! The store in PostgreSQL 15 or later: for registers a folder is too small for. Its queries stand in `sql/`, the tables in
//! `sql/schema.sql`; they are its own, not SQLite's in another dialect.
//!
//! - *Durable*: `synchronous_commit = on`, and a server that runs with `fsync = off` is refused.
//! - *One writer*: writing transactions exclude each other by an advisory lock and compare the epoch in the table `standing`. The lock ends
//!   with each transaction, so a writer that hangs cannot keep another from taking over.
//! - *Removed*: rows are deleted and vacuumed at the server's next round; its pages, its journal and its copies can have the bytes for
//!   longer. What makes the removed unreadable everywhere is that a holder's key is gone: keys stand wrapped under a key no database has.
//! - *Damage*: every row has a check value.
//!
//! The connection is not encrypted: use a socket, the same machine, or a network of your own.

mod error;
mod open;
mod read;
mod session;
mod write;

use std::fmt;

use ::postgres::Config;
use bezwaar_ledger::entry::ENTRY_BYTES;

use self::session::Session;
use super::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// The word by which the tables are known as a register's.
pub const APPLICATION: &str = "bezwaar register";
/// The version of the tables.
pub const SCHEMA_VERSION: i32 = 1;
/// The earliest version of PostgreSQL there are tests for, as `server_version_num`.
pub const SERVER_VERSION_MIN: i32 = 150_000;
/// The longest name of a schema, in bytes: PostgreSQL cuts longer ones.
pub const SCHEMA_NAME_BYTES_MAX: usize = 63;

/// How a server is used. Nothing of it changes what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// In which schema of the database the tables stand: small letters, digits and `_`, not beginning with a digit.
    pub schema: String,
    /// How long to wait for another program, in milliseconds, before [`StoreError::Busy`].
    pub wait_ms: u32,
}

impl Default for PostgresOptions {
    fn default() -> PostgresOptions {
        PostgresOptions { schema: "bezwaar".into(), wait_ms: 5_000 }
    }
}

/// A store in PostgreSQL. A connection that was lost is made anew at the next call.
pub struct PostgresStore {
    config: Config,
    options: PostgresOptions,
    reader: bool,
    session: Option<Session>,
}

impl PostgresStore {
    /// Makes a new store at an address (`host=… user=… dbname=…` or `postgresql://…`). Refuses a schema that has one.
    pub fn create(address: &str, options: PostgresOptions) -> Result<PostgresStore, StoreError> {
        open::create(address, options)
    }

    /// Opens a store that is there.
    pub fn open(address: &str, options: PostgresOptions) -> Result<PostgresStore, StoreError> {
        open::open(open::config(address)?, options, false)
    }

    /// The session, made anew if it was lost.
    fn session(&mut self) -> Result<&mut Session, StoreError> {
        if self.session.as_ref().is_none_or(Session::is_lost) {
            self.session = Some(open::connect(&self.config, &self.options, self.reader)?);
        }
        self.session.as_mut().ok_or(StoreError::Busy)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may have a password.
        f.debug_struct("PostgresStore").field("schema", &self.options.schema).field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Store for PostgresStore {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(open::open(self.config.clone(), self.options.clone(), true)?))
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        if self.reader {
            return Err(StoreError::Fenced);
        }
        let schema = self.options.schema.clone();
        self.session()?.writing(&schema, write::claim)
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        read::head(self.session()?)
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        if self.reader {
            return Err(StoreError::Fenced);
        }
        let schema = self.options.schema.clone();
        self.session()?.writing(&schema, |session| write::append(session, claim, expected_size, batch))
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        read::entries(self.session()?, from, limit)
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        read::find_ids(self.session()?, names)
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        read::find_holders(self.session()?, names)
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        read::holders(self.session()?, ids)
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        read::scan_holders(self.session()?, from, limit)
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        read::openings_of(self.session()?, holder)
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        read::scan_openings(self.session()?, from, limit)
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        read::opening(self.session()?, index)
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        read::contact(self.session()?, holder)
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        read::document(self.session()?, index)
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read::value(self.session()?, name)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.session()?.viewing(read::check)
    }
}
