//! Why something of the vault does not open. Each cause is told apart, since each asks for something else to be done.

use std::fmt;

/// Why something of the vault does not open. Numbers of entries and holders are no personal data: they say nothing outside this register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultError {
    /// The vault is sealed under another key than the one in the file, or is another register's.
    OtherKey,
    /// A holder's key does not open: changed, or put in the place of another's. An integrity failure.
    KeyDamaged {
        /// The holder's number.
        holder: u64,
    },
    /// A holder's key was destroyed, so what is sealed under it cannot be read by anyone, as was asked.
    KeyDestroyed {
        /// The holder's number.
        holder: u64,
    },
    /// A row speaks of a holder the store does not have. An integrity failure.
    NoSuchHolder {
        /// The holder's number.
        holder: u64,
        /// The entry's.
        index: u64,
    },
    /// The row of one entry stands in the place of another's. An integrity failure.
    Swapped {
        /// The entry it was read for.
        index: u64,
        /// The entry it is of.
        of: u64,
    },
    /// The row is said to be of another holder than it was sealed for. An integrity failure.
    OtherHolder {
        /// The entry.
        index: u64,
        /// The holder the store names; 0 for none.
        holder: u64,
        /// The holder it was sealed for; 0 for none.
        of: u64,
    },
    /// The row was changed, or the entry it belongs to was. An integrity failure.
    Damaged {
        /// The entry.
        index: u64,
    },
    /// The row opens, but what is in it is not what the entry stands for. An integrity failure.
    OtherCommitment {
        /// The entry.
        index: u64,
    },
    /// A sealed value kept beside the ledger was changed, or stands under another's name. An integrity failure.
    ValueDamaged,
    /// What the contact drawer has of a holder was changed, or is another's. An integrity failure.
    ContactDamaged {
        /// The holder's number.
        holder: u64,
    },
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VaultError::OtherKey => f.write_str("the vault does not open with this key"),
            VaultError::KeyDamaged { holder } => write!(f, "the key of holder {holder} does not open: it was changed or exchanged"),
            VaultError::KeyDestroyed { holder } => write!(f, "the key of holder {holder} was destroyed"),
            VaultError::NoSuchHolder { holder, index } => {
                write!(f, "the opening of entry {index} names holder {holder}, which is not there")
            }
            VaultError::Swapped { index, of } => write!(f, "in the place of the opening of entry {index} stands that of entry {of}"),
            VaultError::OtherHolder { index, holder, of } => {
                write!(f, "the opening of entry {index} is filed under holder {holder}, but was sealed for holder {of}")
            }
            VaultError::Damaged { index } => write!(f, "the opening of entry {index} was changed, or the entry was"),
            VaultError::OtherCommitment { index } => write!(f, "the opening of entry {index} is not what the entry stands for"),
            VaultError::ValueDamaged => f.write_str("a value kept beside the ledger was changed or exchanged"),
            VaultError::ContactDamaged { holder } => write!(f, "the contact of holder {holder} was changed or exchanged"),
        }
    }
}

impl VaultError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            VaultError::OtherKey => {
                "put back the file `vault.key` that belongs to this register; after a restore, the older one may be kept as `vault.<epoch>.key`"
            }
            VaultError::KeyDestroyed { .. } => "nothing is to be done: its owner was forgotten, and a tombstone says so",
            VaultError::KeyDamaged { .. }
            | VaultError::NoSuchHolder { .. }
            | VaultError::Swapped { .. }
            | VaultError::OtherHolder { .. }
            | VaultError::Damaged { .. }
            | VaultError::OtherCommitment { .. }
            | VaultError::ValueDamaged
            | VaultError::ContactDamaged { .. } => {
                "the store was changed behind the register's back or its disk is failing: stop, keep a copy, and restore the row from a backup; \
                 `bezwaar doctor` lists every such row"
            }
        }
    }
}

impl std::error::Error for VaultError {}
