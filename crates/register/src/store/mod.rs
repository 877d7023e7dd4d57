//! The store: what the register keeps, and what every kind of store promises.
//!
//! # The contract
//!
//! A store holds six things: the **entries** of the ledger in order; the **state drawer** (sealed openings, one for an entry at most);
//! the **holders** (one for each account somebody filed under, with that account's wrapped key); the **contact drawer** (sealed, one for a
//! holder at most); **documents** (bytes of unsalted entries: policies, seals, statements about keys); and a few **named values**.
//! A store knows no account, no act and no key: names arrive as keyed hashes, everything personal arrives sealed.
//!
//! 1. *All or nothing.* [`Store::append`] makes a whole batch durable or nothing of it. When it returns `Ok`, the batch survives the loss of
//!    power. When it returns an error, the batch may or may not be there: the caller must [`Store::head`] again before it writes anything.
//! 2. *In order, without gaps.* The first entry of a batch stands at the size the store has; `expected_size` says what the caller believes
//!    that is, and a batch that disagrees is refused with [`StoreError::Moved`] and changes nothing.
//! 3. *One writer.* [`Store::claim`] takes the right to write and takes it away from whoever had it; every later write of that one is refused
//!    with [`StoreError::Fenced`] and changes nothing.
//! 4. *Nothing is changed.* Entries and documents are never changed or removed. Openings, wrapped keys and contacts are removed by
//!    [`Batch::destroy`] only, in the same transaction as the tombstone that says so, and are then overwritten or vacuumed as far as the store can.
//!    Removing what is gone already is no error, so that removals can be applied again after a restore. A holder whose key was removed keeps
//!    its number and its name.
//! 5. *What is read was written.* Reads give exactly the bytes written, or [`StoreError::Damaged`]; never part of a batch.
//! 6. *Unique names.* At most one entry per `id_name`, at most one holder per `holder_name`: a batch that breaks this is refused whole.
//!
//! The conformance suite in the tests of this crate is this contract as code; every store passes all of it.
//!

mod check;
pub mod memory;
pub mod postgres;
pub mod sqlite;
mod sum;

use std::fmt;

use bezwaar_ledger::entry::ENTRY_BYTES;

/// The most entries in one batch; as many holders, contacts, removals and named values at most.
pub const BATCH_ENTRIES_MAX: usize = 20_000;
/// The longest sealed opening or contact, in bytes.
pub const SEALED_BYTES_MAX: usize = 1 << 20;
/// The longest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// The longest named value, in bytes.
pub const VALUE_BYTES_MAX: usize = 1 << 20;
/// The longest name of a named value, in bytes; printable ASCII without blanks.
pub const VALUE_NAME_BYTES_MAX: usize = 255;
/// The longest wrapped key, in bytes.
pub const WRAPPED_KEY_BYTES_MAX: usize = 1024;
/// The most a batch holds in openings, documents, contacts and named values together, in bytes.
pub const BATCH_BYTES_MAX: usize = 256 << 20;

/// Why a batch with an `id_name` that an entry has is refused.
const ID_NAME_TAKEN: &str = "the name of an entry is taken";
/// Why a batch with a holder whose name a holder has is refused.
const HOLDER_NAME_TAKEN: &str = "the name of a holder is taken";

/// A keyed hash that stands for an account or an id: HMAC-SHA-256, first 16 bytes, under a key of the vault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyedName(pub [u8; 16]);

impl fmt::Debug for KeyedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedName(…)")
    }
}

/// The number of a holder: an account somebody filed under. Numbers are given in order from 1 and never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HolderId(pub u64);

/// The right to write, taken by [`Store::claim`]. A later claim outdates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim(pub u64);

/// Where the store stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub size: u64,
    /// The last holder number given; 0 when none was.
    pub last_holder: u64,
    /// The bytes of the last entry, if any: its time is the earliest the next one may have.
    pub last_entry: Option<[u8; ENTRY_BYTES]>,
}

/// A holder as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub id: HolderId,
    /// The keyed name of its account.
    pub name: KeyedName,
    /// Its own key, wrapped under the vault's key; `None` once destroyed.
    pub wrapped_key: Option<Vec<u8>>,
}

/// A sealed opening, with the entry it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedOpening {
    /// The entry's place on the ledger.
    pub index: u64,
    /// Under whose key it is sealed; `None` when under the register's own (tombstones, voids).
    pub holder: Option<HolderId>,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// One entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The entry.
    pub bytes: [u8; ENTRY_BYTES],
    /// The keyed name of the act's id, for acts that have one.
    pub id_name: Option<KeyedName>,
    /// Under whose key the opening is sealed.
    pub holder: Option<HolderId>,
    /// The sealed opening, for salted entries.
    pub sealed: Option<Vec<u8>>,
    /// The document, for unsalted entries.
    pub document: Option<Vec<u8>>,
}

/// What to remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroy {
    /// The opening of one entry.
    Opening(u64),
    /// What the contact drawer has of a holder.
    Contact(HolderId),
    /// A holder's wrapped key: with it, everything sealed under it.
    Key(HolderId),
}

/// What one [`Store::append`] does, all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Holders to add; their numbers continue [`Head::last_holder`] without gaps.
    pub holders: Vec<Holder>,
    /// Entries to append, in order.
    pub entries: Vec<NewEntry>,
    /// What to put into the contact drawer, in the place of what is there.
    pub contacts: Vec<(HolderId, Vec<u8>)>,
    /// What to remove; afterwards, so that a batch may not remove what it adds.
    pub destroy: Vec<Destroy>,
    /// Named values to set.
    pub values: Vec<(String, Vec<u8>)>,
}

/// A place where the register keeps its data. The module page has the contract.
///
/// Methods take `&mut self`: a store is used from one thread; [`Store::reader`] gives others their own.
pub trait Store: Send {
    /// Which kind it is, for people: `memory`, `sqlite`, `postgres`.
    fn kind(&self) -> &'static str;

    /// A second, read-only hold on the same data for another thread. It sees whole batches only. Its writes are refused with
    /// [`StoreError::Fenced`].
    fn reader(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Takes the right to write, from whoever has it.
    fn claim(&mut self) -> Result<Claim, StoreError>;

    /// Where the store stands now.
    fn head(&mut self) -> Result<Head, StoreError>;

    /// Makes a batch durable, or nothing of it. The first entry stands at `expected_size`.
    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError>;

    /// Does some of what was put off while a surge came in, and says whether more is left. Nothing that is stored changes, only what finding
    /// it costs; for when nobody waits.
    fn tidy(&mut self, _claim: Claim) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// The entries from an index on, in order; at most `limit`, fewer only at the end.
    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError>;

    /// The entries that bear these names, for those that exist, in any order.
    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError>;

    /// The holders with these names, for those that exist, in any order.
    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError>;

    /// The holders with these numbers, for those that exist, in any order.
    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError>;

    /// All holders with a number from `from` on, in order; at most `limit`.
    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError>;

    /// The sealed openings of a holder, in the order of the ledger.
    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError>;

    /// All sealed openings from an index on, in order; at most `limit`.
    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError>;

    /// The opening of one entry, if it is there.
    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError>;

    /// What the contact drawer has of a holder.
    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError>;

    /// The document of an entry.
    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// A named value.
    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Whether the store's own structures are whole (`PRAGMA integrity_check` and the like). Slow; for `doctor`.
    fn check(&mut self) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        (**self).reader()
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        (**self).claim()
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        (**self).head()
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        (**self).append(claim, expected_size, batch)
    }

    fn tidy(&mut self, claim: Claim) -> Result<bool, StoreError> {
        (**self).tidy(claim)
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        (**self).entries(from, limit)
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        (**self).find_ids(names)
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        (**self).find_holders(names)
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        (**self).holders(ids)
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        (**self).scan_holders(from, limit)
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        (**self).openings_of(holder)
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        (**self).scan_openings(from, limit)
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        (**self).opening(index)
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).contact(holder)
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).document(index)
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).value(name)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        (**self).check()
    }
}

/// What went wrong in a store. No variant holds anything that was stored.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else claimed the right to write. Fatal for this writer.
    Fenced,
    /// The store is not of the size the caller believed. Fatal for this writer: it has missed something.
    Moved {
        /// What the caller believed.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// A batch that cannot be: over a limit, out of order, or with a name that is taken. A fault of the program; nothing was changed.
    Refused {
        /// Which rule it breaks.
        because: &'static str,
    },
    /// The store's bytes are not what was written. Fatal: an integrity failure.
    Damaged {
        /// What was seen.
        because: &'static str,
    },
    /// No room is left. Nothing more is accepted until there is.
    Full,
    /// The store is held by another program, or cannot be reached just now. Can be tried again.
    Busy,
    /// Not a store of this program, or of a version it does not know.
    Foreign {
        /// What was seen.
        because: &'static str,
    },
    /// The disk or the connection failed; whether the last batch is there is not known.
    Failed {
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Fenced => f.write_str("another program has taken over the writing of this register"),
            StoreError::Moved { expected, found } => {
                write!(f, "the register holds {found} entries where {expected} were expected: something else wrote to it")
            }
            StoreError::Refused { because } => write!(f, "the store refused a batch: {because}"),
            StoreError::Damaged { because } => write!(f, "the store is damaged: {because}"),
            StoreError::Full => f.write_str("the store has no room left"),
            StoreError::Busy => f.write_str("the store is in use or cannot be reached"),
            StoreError::Foreign { because } => write!(f, "this is not a store this program can use: {because}"),
            StoreError::Failed { .. } => f.write_str("the store failed"),
        }
    }
}

impl StoreError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Fenced | StoreError::Moved { .. } => {
                "stop all writers but one, run `bezwaar doctor`, and start that one again; nothing was lost"
            }
            StoreError::Refused { .. } => "this is a fault of the program: please report it; nothing was changed",
            StoreError::Damaged { .. } => {
                "stop, keep a copy of everything, and run `bezwaar doctor`; it says what can be restored from where"
            }
            StoreError::Full => "make room on the disk; nothing that was accepted is lost, and nothing more is accepted until then",
            StoreError::Busy => "wait and try again; if it lasts, see which program has the register open",
            StoreError::Foreign { .. } => "check the path or the address, and the version of the program",
            StoreError::Failed { .. } => "see the cause above; then run `bezwaar doctor` before anything is written again",
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Failed { source } => Some(source.as_ref()),
            _ => None,
        }
    }
}
