//! What can go wrong in the engine, and what to do about it.

use std::fmt;
use std::io;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::EntryError;

use crate::anchor::AnchorError;
use crate::keys::{KeyRingError, StatementError};
use crate::randomness::RandomnessError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// The register disagrees with itself. Nothing was written; nothing may be until it is clear why.
#[derive(Debug)]
#[non_exhaustive]
pub enum IntegrityError {
    /// The store has fewer entries than were once signed: it was rolled back, or restored from an old backup.
    RolledBack {
        /// Entries of the store.
        store: u64,
        /// Entries that were signed.
        signed: u64,
    },
    /// The store has fewer entries than stood there when something was last erased.
    ErasureRolledBack {
        /// Entries of the store.
        store: u64,
        /// Where the tombstone was to stand.
        tombstone: u64,
    },
    /// The store's first entries do not make up the tree that was signed.
    OtherTree {
        /// The size of the tree.
        size: u64,
    },
    /// Anchor and published checkpoint are of the same size, but of different trees.
    Forked {
        /// The size of the trees.
        size: u64,
    },
    /// The anchor has no checkpoint, though the register has entries.
    AnchorLost,
    /// The anchor's checkpoint is not signed by this register.
    AnchorForeign,
    /// Something else is wrong with the anchor.
    Anchor(AnchorError),
    /// An entry is not one.
    Entry {
        /// Its place.
        index: u64,
        /// Why.
        source: EntryError,
    },
    /// An entry is earlier than the one before it.
    TimeBackwards {
        /// Its place.
        index: u64,
    },
    /// A statement about a key is not one.
    Statement {
        /// Its place.
        index: u64,
        /// Why.
        source: StatementError,
    },
    /// Something that must be in the store is not.
    Missing {
        /// What.
        what: &'static str,
        /// The entry it belongs to, if to one.
        index: Option<u64>,
    },
    /// What the store has is not what the ledger says.
    Document {
        /// The entry it belongs to.
        index: u64,
    },
    /// Something of the vault does not open.
    Vault(VaultError),
}

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntegrityError::RolledBack { store, signed } => {
                write!(f, "the store has {store} entries, but {signed} were signed: it was rolled back or restored from an old backup")
            }
            IntegrityError::ErasureRolledBack { store, tombstone } => write!(
                f,
                "the store has {store} entries, but it had {tombstone} when something was erased: it was rolled back or restored from an old backup"
            ),
            IntegrityError::OtherTree { size } => write!(f, "the first {size} entries of the store are not the ones that were signed"),
            IntegrityError::Forked { size } => write!(f, "two different trees of {size} entries were signed"),
            IntegrityError::AnchorLost => f.write_str("the anchor has no checkpoint, though the register has entries"),
            IntegrityError::AnchorForeign => f.write_str("the anchor's checkpoint is not signed by this register"),
            IntegrityError::Anchor(_) => f.write_str("the anchor is damaged"),
            IntegrityError::Entry { index, .. } => write!(f, "entry {index} is damaged"),
            IntegrityError::TimeBackwards { index } => write!(f, "entry {index} is earlier than the one before it"),
            IntegrityError::Statement { index, .. } => write!(f, "entry {index} is not a good statement about a key"),
            IntegrityError::Missing { what, index: Some(index) } => write!(f, "{what} of entry {index} is not in the store"),
            IntegrityError::Missing { what, index: None } => write!(f, "{what} is not in the store"),
            IntegrityError::Document { index } => write!(f, "the document of entry {index} is not the one the ledger has"),
            IntegrityError::Vault(_) => f.write_str("a row of the vault does not open"),
        }
    }
}

impl IntegrityError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            IntegrityError::RolledBack { .. } | IntegrityError::ErasureRolledBack { .. } => {
                "stop, keep a copy of store, anchor and public folder, and restore the newest backup; then put back what was published since with \
                 `bezwaar register salvage`: entries from the public folder or a mirror, their contents from openings and receipts"
            }
            IntegrityError::OtherTree { .. } | IntegrityError::Forked { .. } => {
                "stop and keep a copy of store, anchor and public folder: one of them was changed; compare them with a witness or a mirror before \
                 anything is written again"
            }
            IntegrityError::AnchorLost | IntegrityError::AnchorForeign => {
                "put back the anchor's folder; if it is lost, put the largest checkpoint a witness or a mirror has of this register there"
            }
            IntegrityError::Anchor(error) => error.help(),
            IntegrityError::Vault(error) => error.help(),
            IntegrityError::Entry { .. }
            | IntegrityError::TimeBackwards { .. }
            | IntegrityError::Statement { .. }
            | IntegrityError::Missing { .. }
            | IntegrityError::Document { .. } => {
                "the store was changed behind the register's back or its disk is failing: stop, keep a copy, and run `bezwaar doctor`"
            }
        }
    }
}

impl std::error::Error for IntegrityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            IntegrityError::Anchor(error) => Some(error),
            IntegrityError::Entry { source, .. } => Some(source),
            IntegrityError::Statement { source, .. } => Some(source),
            IntegrityError::Vault(error) => Some(error),
            _ => None,
        }
    }
}

/// Why something was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// The register disagrees with itself: fatal.
    Integrity(IntegrityError),
    /// The store failed. Whether the last batch is there shows when the next one is written, or on the next opening.
    Store(StoreError),
    /// The clock is behind the last entry by more than [`CLOCK_BEHIND_MICROS_MAX`](super::CLOCK_BEHIND_MICROS_MAX).
    ClockBehind {
        /// What the clock says.
        now: Instant,
        /// When the last entry was recorded.
        last: Instant,
    },
    /// Records that cannot be entered; none of them was.
    Refused(Vec<super::Problem>),
    /// Something is wrong with the keys.
    Keys(KeyRingError),
    /// No random bytes. Can be tried again.
    Randomness(RandomnessError),
    /// The anchor could not be read or written. Can be tried again.
    Anchor(AnchorError),
    /// Another program has the register's folder open.
    Locked,
    /// There is a register already.
    Exists,
    /// The folder has no register, or one that was never finished.
    NotARegister,
    /// An entry that is not there, or not published yet.
    NoSuchEntry {
        /// Its place.
        index: u64,
    },
    /// Nothing was published yet, or not so much.
    NotPublished {
        /// The size asked for.
        size: u64,
    },
    /// A file of the public folder could not be read or written. Can be tried again.
    Public {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the public folder is missing or not what was signed.
    PublicDamaged {
        /// The file.
        name: String,
    },
    /// `register.toml` cannot be read.
    Settings {
        /// What is wrong with it.
        because: String,
    },
    /// A change of keys was cut off: which are in use shows on the next opening.
    MustReopen,
    /// The sequencer has stopped.
    Stopped,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterError::Integrity(_) => f.write_str("the register disagrees with itself"),
            RegisterError::Store(_) => f.write_str("the register's store failed"),
            RegisterError::ClockBehind { now, last } => {
                write!(f, "the clock says {now}, but the last entry was recorded at {last}: the clock is wrong, or was")
            }
            RegisterError::Refused(problems) => write!(f, "{} of the records cannot be entered; none was", problems.len()),
            RegisterError::Keys(_) => f.write_str("something is wrong with the register's keys"),
            RegisterError::Randomness(_) => f.write_str("nothing can be sealed"),
            RegisterError::Anchor(_) => f.write_str("the anchor failed"),
            RegisterError::Locked => f.write_str("another program has this register open"),
            RegisterError::Exists => f.write_str("there is a register already"),
            RegisterError::NotARegister => f.write_str("there is no register here"),
            RegisterError::NoSuchEntry { index } => write!(f, "the ledger has no entry {index}"),
            RegisterError::NotPublished { size } => write!(f, "a tree of {size} entries was not published"),
            RegisterError::Public { name, .. } => write!(f, "`{name}` in the public folder could not be read or written"),
            RegisterError::PublicDamaged { name } => write!(f, "`{name}` in the public folder is missing or not what was signed"),
            RegisterError::Settings { because } => write!(f, "`register.toml` cannot be used: {because}"),
            RegisterError::MustReopen => f.write_str("a change of keys was cut off"),
            RegisterError::Stopped => f.write_str("the register takes no more records"),
        }
    }
}

impl RegisterError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            RegisterError::Integrity(error) => error.help(),
            RegisterError::Store(error) => error.help(),
            RegisterError::ClockBehind { .. } => {
                "set the clock; if the last entry was recorded while the clock was ahead, wait until that time: entries are never dated back"
            }
            RegisterError::Refused(_) => "correct the records named and enter all of them again",
            RegisterError::Keys(error) => error.help(),
            RegisterError::Randomness(error) => error.help(),
            RegisterError::Anchor(error) => error.help(),
            RegisterError::Locked => "close the other program, or send it what you want entered",
            RegisterError::Exists => "name another folder, or open the register that is there",
            RegisterError::NotARegister => "check the path; `bezwaar register init` makes a new one, and finishes one that was begun",
            RegisterError::NoSuchEntry { .. } => "check the number; the last entry has the number of entries less one",
            RegisterError::NotPublished { .. } => "wait for the next checkpoint, at most a minute",
            RegisterError::Public { .. } => "see the cause, and try again",
            RegisterError::PublicDamaged { .. } => {
                "run `bezwaar register publish --rebuild`: it makes the public folder anew from the store; if the store has lost it too, get the file from a mirror"
            }
            RegisterError::Settings { .. } => "correct the file, or restore it from its backup",
            RegisterError::MustReopen | RegisterError::Stopped => "open the register again",
        }
    }

    /// Whether the register disagrees with itself, so that nobody may go on as if nothing were wrong.
    pub fn is_integrity(&self) -> bool {
        matches!(self, RegisterError::Integrity(_) | RegisterError::Store(StoreError::Damaged { .. } | StoreError::Moved { .. }))
    }
}

impl std::error::Error for RegisterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RegisterError::Integrity(error) => Some(error),
            RegisterError::Store(error) => Some(error),
            RegisterError::Keys(error) => Some(error),
            RegisterError::Randomness(error) => Some(error),
            RegisterError::Anchor(error) => Some(error),
            RegisterError::Public { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<IntegrityError> for RegisterError {
    fn from(error: IntegrityError) -> RegisterError {
        RegisterError::Integrity(error)
    }
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> RegisterError {
        RegisterError::Store(error)
    }
}

impl From<KeyRingError> for RegisterError {
    fn from(error: KeyRingError) -> RegisterError {
        RegisterError::Keys(error)
    }
}

impl From<RandomnessError> for RegisterError {
    fn from(error: RandomnessError) -> RegisterError {
        RegisterError::Randomness(error)
    }
}

impl From<VaultError> for RegisterError {
    fn from(error: VaultError) -> RegisterError {
        RegisterError::Integrity(IntegrityError::Vault(error))
    }
}

impl From<AnchorError> for RegisterError {
    fn from(error: AnchorError) -> RegisterError {
        match error {
            AnchorError::File { .. } => RegisterError::Anchor(error),
            damaged => RegisterError::Integrity(IntegrityError::Anchor(damaged)),
        }
    }
}
