//! The engine: one who writes, one who publishes, and any number who read.
//!
//! ```text
//! records ─► Writer ─► store (durable) ─► acceptance        Publisher: signs ─► anchor ─► tiles ─► checkpoint
//!                                    └──────────────────────────┘
//! ```
//!
//! [`Register`] holds both halves. [`Sequencer`] drives them for many threads.

mod append;
mod books;
pub mod doctor;
mod edge;
mod erase;
mod error;
mod open;
mod publisher;
mod reader;
mod record;
mod rotate;
mod salvage;
mod sequencer;
mod writer;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bezwaar_core::time::Instant;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;

pub use append::Outcomes;
pub use erase::{ERASED_AT_ONCE_MAX, Erasure, ErasureReason};
pub use error::{IntegrityError, RegisterError};
pub use open::{Check, Opening, QUICK_ENTRIES, Repair};
pub use publisher::{PUBLISHED_AT_ONCE_MAX, Published, Publisher, is_public};
pub use reader::{Inclusion, Proofs, PublicFiles, Reader, SCANNED_AT_ONCE_MAX};
pub use record::{Accepter, BODY_BYTES_MAX, CONTACT_BYTES_MAX, ID_BYTES_MAX, NewRecord, Placed, Problem, ProblemCause};
pub use salvage::{SALVAGED_AT_ONCE, Salvaged};
pub use sequencer::{Clock, GATHER_MS, GATHERED_MAX, Sequencer, SharedError, Ticket, WAITING_MAX};
pub use writer::{CLOCK_BEHIND_MICROS_MAX, Writer};

use crate::files::{Disk, Files};
use crate::keys::{KeyRing, KeyStatement};
use crate::randomness::Randomness;

/// Where a register is, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its folder, with `keys/` and `public/`.
    pub folder: PathBuf,
    /// The anchor's folder, outside of it.
    pub anchor: PathBuf,
    /// The ledger's name.
    pub origin: String,
    /// The gate domain of its subject keys.
    pub domain: String,
}

impl Place {
    /// The folder of keys.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The folder of public files.
    pub fn public(&self) -> PathBuf {
        self.folder.join("public")
    }
}

/// What the engine is given from outside.
pub struct Parts {
    /// Files outside the store.
    pub files: Arc<dyn Files>,
    /// Random bytes, for keys and salts.
    pub random: Box<dyn Randomness>,
}

impl Parts {
    /// The disk's files, and this randomness.
    pub fn on_disk(random: Box<dyn Randomness>) -> Parts {
        Parts { files: Arc::new(Disk), random }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// A register, open for writing.
#[derive(Debug)]
pub struct Register {
    writer: Writer,
    publisher: Publisher,
    rest: Rest,
}

/// What of a register neither writes nor publishes.
#[derive(Debug)]
pub(crate) struct Rest {
    repairs: Vec<Repair>,
    place: Place,
    _lock: File,
}

impl Register {
    /// See [`Writer::append`].
    pub fn append(&mut self, records: &[NewRecord], now: Instant) -> Result<Vec<Placed>, RegisterError> {
        self.writer.append(records, now)
    }

    /// See [`Publisher::publish`].
    pub fn publish(&mut self) -> Result<SignedCheckpoint, RegisterError> {
        self.publisher.publish()
    }

    /// What the opening put right.
    pub fn repairs(&self) -> &[Repair] {
        &self.rest.repairs
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.rest.place
    }

    /// A reader, for another thread if need be.
    pub fn reader(&self) -> Result<Reader, RegisterError> {
        Ok(Reader {
            store: self.writer.store.reader()?,
            vault: self.writer.vault.clone(),
            public: PublicFiles::new(Arc::clone(&self.publisher.files), &self.publisher.folder),
            published: Arc::clone(&self.publisher.published),
        })
    }

    /// The files outside the store.
    pub fn files(&self) -> Arc<dyn Files> {
        Arc::clone(&self.publisher.files)
    }

    /// The keys in use.
    pub fn keys(&self) -> &KeyRing {
        self.writer.keys()
    }

    /// Who signs acceptance notes. After [`Register::rotate_operator`] a new one is needed.
    pub fn accepter(&self) -> Result<Accepter, RegisterError> {
        Ok(Accepter { origin: self.publisher.origin.clone(), operator: self.keys().operator()?.clone() })
    }

    /// What the register has stated about its keys, in order.
    pub fn statements(&self) -> Vec<KeyStatement> {
        self.writer.statements()
    }

    /// See [`Writer::erase`].
    pub fn erase(&mut self, erasure: &Erasure, now: Instant) -> Result<Vec<Placed>, RegisterError> {
        self.writer.erase(erasure, now)
    }

    pub(crate) fn into_halves(self) -> (Writer, Publisher, Rest) {
        (self.writer, self.publisher, self.rest)
    }

    pub(crate) fn from_halves(writer: Writer, publisher: Publisher, rest: Rest) -> Register {
        Register { writer, publisher, rest }
    }

    /// The writing half.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// The publishing half.
    pub fn publisher(&mut self) -> &mut Publisher {
        &mut self.publisher
    }
}

/// How often the lock is tried for.
const LOCK_TRIES: u32 = 50;
/// How long is waited in between: a second in all.
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Keeps other programs of this machine off the folder, as long as the file is held.
fn lock(folder: &Path) -> Result<File, RegisterError> {
    let path = folder.join("lock");
    if !folder.is_dir() {
        return Err(RegisterError::NotARegister);
    }
    let failed = |source| RegisterError::Public { name: "lock".to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    // A program that has just closed the register, or a child of one that is about to begin, may hold the file for a moment longer.
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
    Err(RegisterError::Locked)
}
