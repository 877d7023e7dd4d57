//! What is brought to the register, what comes of it, and why it may be refused.

use std::fmt;

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::acceptance::{Acceptance, SignedError};
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::Origin;
use bezwaar_ledger::tlog::note::{Note, SigningKey};

/// The longest id of an act, in bytes.
pub const ID_BYTES_MAX: usize = 512;
/// The longest body of a sealed record, in bytes.
pub const BODY_BYTES_MAX: usize = 256 << 10;
/// The longest contact, in bytes.
pub const CONTACT_BYTES_MAX: usize = 256 << 10;

/// One thing to enter on the ledger. Personal data: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum NewRecord {
    /// An event whose hash is salted: a choice, a confirmation, a void.
    Sealed {
        /// Which kind; a salted one.
        kind: EntryKind,
        /// The account it is filed under; `None` for events of the operator.
        person: Option<Account>,
        /// Its id, unique in the register.
        id: Option<String>,
        /// What it says: RFC 8785 JSON in its one form.
        body: Vec<u8>,
        /// What to keep in the contact drawer of the account, in the place of what is there.
        contact: Option<Vec<u8>>,
    },
    /// A document kept in the store; published with the ledger if its kind is public.
    Document {
        /// Which kind; an unsalted one.
        kind: EntryKind,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A document that is kept elsewhere.
    Digest {
        /// Which kind; an unsalted one.
        kind: EntryKind,
        /// SHA-256 of the document.
        hash: Hash,
    },
}

/// Where a record stands on the ledger.
#[derive(Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its place, from 0.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// The salt of its commitment, for salted kinds.
    pub salt: Option<[u8; 32]>,
    /// Whether it was entered now; otherwise it stood there already, with the same content.
    pub fresh: bool,
}

impl Placed {
    /// When the ledger took it.
    pub fn recorded_at(&self) -> Instant {
        self.entry.recorded_at
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placed").field("index", &self.index).field("entry", &self.entry).field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

/// Why one of the records cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which of the records, from 0.
    pub position: usize,
    /// What is wrong with it.
    pub cause: ProblemCause,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemCause {
    /// The register has an act with this id and other content.
    OtherContent {
        /// Where it stands.
        index: u64,
    },
    /// Two of the records have this id and differ.
    OtherContentHere {
        /// The other one.
        position: usize,
    },
    /// The register had an act with this id, whose content was erased.
    Erased {
        /// Where it stands.
        index: u64,
    },
    /// The id is empty or longer than [`ID_BYTES_MAX`].
    Id,
    /// The content is longer than [`BODY_BYTES_MAX`], the contact longer than [`CONTACT_BYTES_MAX`], or the document longer than the store takes.
    TooLong,
    /// Entries of this kind are salted, and this record is not, or the other way round.
    Kind,
    /// A contact without an account.
    ContactOfNobody,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}: ", self.position + 1)?;
        match self.cause {
            ProblemCause::OtherContent { index } => write!(f, "its id is that of entry {index}, which says something else"),
            ProblemCause::OtherContentHere { position } => {
                write!(f, "its id is that of record {}, which says something else", position + 1)
            }
            ProblemCause::Erased { index } => write!(f, "its id is that of entry {index}, whose content was erased"),
            ProblemCause::Id => write!(f, "its id is empty or longer than {ID_BYTES_MAX} bytes"),
            ProblemCause::TooLong => f.write_str("it is too long"),
            ProblemCause::Kind => f.write_str("it is not of a kind that is entered in this way"),
            ProblemCause::ContactOfNobody => f.write_str("it has a contact, but no account"),
        }
    }
}

impl Problem {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self.cause {
            ProblemCause::OtherContent { .. } | ProblemCause::OtherContentHere { .. } => {
                "an act is never changed: give the new one an id of its own, or leave it out if it is the same act"
            }
            ProblemCause::Erased { .. } => {
                "leave it out: its owner had it erased; if they object anew, that is a new act with an id of its own"
            }
            ProblemCause::Id => "give it a short id that no other act has",
            ProblemCause::TooLong => "shorten it",
            ProblemCause::Kind | ProblemCause::ContactOfNobody => "this is a fault of the program: please report it",
        }
    }
}

impl std::error::Error for Problem {}

/// Signs acceptance notes: what is said to people once their act is durable. Cheap to clone, for many threads.
#[derive(Clone, Debug)]
pub struct Accepter {
    pub(super) origin: Origin,
    pub(super) operator: SigningKey,
}

impl Accepter {
    /// The acceptance note for a record that was placed. `received_at` is when it arrived.
    ///
    /// # Errors
    /// [`SignedError`] if the moment cannot be written.
    pub fn accept(&self, placed: &Placed, received_at: Instant) -> Result<Note, SignedError> {
        let acceptance = Acceptance { origin: self.origin.clone(), index: placed.index, entry: placed.entry, received_at };
        acceptance.sign(&self.operator)
    }
}
