//! Entries: what stands on the ledger. 42 bytes each, and none of them personal: what an entry is about stands in the hash only.
//!
//! `kind (1) ‖ version (1) ‖ recorded_at (8, big-endian microseconds since 1970) ‖ hash (32)`. The leaf of an entry is
//! [`leaf_hash`] of these bytes. `spec/ledger.md` says what is hashed for each kind.

use std::fmt;

use bezwaar_core::time::Instant;

use crate::tlog::{Hash, leaf_hash};

/// The length of an entry, in bytes.
pub const ENTRY_BYTES: usize = 42;
/// The version of entries this program writes.
pub const ENTRY_VERSION: u8 = 1;

/// What an entry is about. In clear, so that anyone can count entries by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    /// An act of a person: a salted commitment to the expanded choice.
    Choice = 1,
    /// The confirmation of a provisional act by the account holder: a salted commitment.
    Confirmation = 2,
    /// A provisional objection declared not authorised: a salted commitment.
    Void = 3,
    /// A deletion: a salted commitment to which entry lost its opening, and why.
    Tombstone = 4,
    /// A version of a policy: its SHA-256.
    Policy = 5,
    /// An extract: SHA-256 of [what the ledger says of it](crate::extract_entry).
    Extract = 6,
    /// The seal of a release: its SHA-256.
    Seal = 7,
    /// A statement about a key of the register: its SHA-256.
    Key = 8,
    /// A recipient's or auditor's countersignature on a release: its SHA-256.
    Countersignature = 9,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [EntryKind; 9] = [
        EntryKind::Choice,
        EntryKind::Confirmation,
        EntryKind::Void,
        EntryKind::Tombstone,
        EntryKind::Policy,
        EntryKind::Extract,
        EntryKind::Seal,
        EntryKind::Key,
        EntryKind::Countersignature,
    ];

    /// The kind with this byte.
    pub fn lookup(byte: u8) -> Option<EntryKind> {
        EntryKind::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// The word for it, as in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            EntryKind::Choice => "choice",
            EntryKind::Confirmation => "confirmation",
            EntryKind::Void => "void",
            EntryKind::Tombstone => "tombstone",
            EntryKind::Policy => "policy",
            EntryKind::Extract => "extract",
            EntryKind::Seal => "seal",
            EntryKind::Key => "key",
            EntryKind::Countersignature => "countersignature",
        }
    }

    /// Whether its hash is salted, so that it says something only to whoever holds the opening. Such an entry must have an opening
    /// or a tombstone.
    pub fn is_salted(self) -> bool {
        matches!(self, EntryKind::Choice | EntryKind::Confirmation | EntryKind::Void | EntryKind::Tombstone)
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub kind: EntryKind,
    /// When the ledger took it. Never earlier than that of the entry before.
    pub recorded_at: Instant,
    /// What it stands for.
    pub hash: Hash,
}

impl Entry {
    /// Its bytes.
    pub fn to_bytes(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let parts = [self.kind as u8, ENTRY_VERSION].into_iter().chain(self.recorded_at.as_micros().to_be_bytes()).chain(self.hash);
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
        bytes
    }

    /// Reads an entry.
    pub fn from_bytes(bytes: &[u8]) -> Result<Entry, EntryError> {
        let bytes: &[u8; ENTRY_BYTES] = bytes.try_into().map_err(|_| EntryError::Length)?;
        let [kind, version, rest @ ..] = bytes;
        if *version != ENTRY_VERSION {
            return Err(EntryError::Version);
        }
        let kind = EntryKind::lookup(*kind).ok_or(EntryError::Kind)?;
        let (micros, hash) = rest.split_first_chunk::<8>().ok_or(EntryError::Length)?;
        let recorded_at = Instant::from_micros(i64::from_be_bytes(*micros));
        Ok(Entry { kind, recorded_at, hash: hash.try_into().map_err(|_| EntryError::Length)? })
    }

    /// The hash of its leaf.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }
}

/// Why bytes are not an entry. Always an integrity failure: nothing else may stand on a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// Not [`ENTRY_BYTES`] long.
    Length,
    /// Of a version this program does not know.
    Version,
    /// Of a kind this program does not know.
    Kind,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EntryError::Length => "an entry of the ledger has another length than entries have",
            EntryError::Version => "an entry of the ledger has a version this program does not know",
            EntryError::Kind => "an entry of the ledger has a kind this program does not know",
        })
    }
}

impl std::error::Error for EntryError {}
