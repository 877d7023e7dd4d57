//! What can be wrong with the keys of a register.

use std::fmt;
use std::io;

use super::Purpose;
use crate::randomness::RandomnessError;
use crate::vault::VaultError;

/// What is wrong with a key, its file or the folder. It never holds what stands in the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyRingError {
    /// Others than the owner may read a file with a key, or the folder of keys.
    Mode {
        /// The file, or `keys`.
        name: String,
        /// Its mode.
        mode: u32,
    },
    /// A key that must be there is not, so nothing can be signed or read with it.
    Lost {
        /// What the key is for.
        purpose: Purpose,
    },
    /// The file `vault.key` is not there.
    VaultLost,
    /// A file that is not a key file of its kind.
    Damaged {
        /// The file.
        name: String,
    },
    /// The folder has keys already.
    Exists,
    /// The origin or the gate domain cannot be the name of a key.
    Name,
    /// The vault does not open with the key at hand.
    Vault(VaultError),
    /// No random bytes.
    Randomness(RandomnessError),
    /// A file could not be read or written. Can be tried again.
    File {
        /// The file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyRingError::Mode { name, mode } => write!(f, "`{name}` may be read by others than its owner (mode {mode:04o})"),
            KeyRingError::Lost { purpose } => {
                write!(f, "the file `{}.key` with the {purpose} key of this register is not there", purpose.file())
            }
            KeyRingError::VaultLost => f.write_str("the file `vault.key` is not there"),
            KeyRingError::Damaged { name } => write!(f, "`{name}` is not a key file of its kind"),
            KeyRingError::Exists => f.write_str("the folder has keys already"),
            KeyRingError::Name => f.write_str("the origin or the gate domain cannot be the name of a key"),
            KeyRingError::Vault(_) => f.write_str("the vault does not open"),
            KeyRingError::Randomness(_) => f.write_str("no key could be made"),
            KeyRingError::File { name, .. } => write!(f, "`{name}` could not be read or written"),
        }
    }
}

impl KeyRingError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            KeyRingError::Mode { .. } => {
                "take the right from others: `chmod 700` for the folder, `chmod 600` for its files; if others may have read a key, change it"
            }
            KeyRingError::Lost { purpose: Purpose::Ledger | Purpose::Operator } => {
                "restore the file from its backup; if there is none, `bezwaar register rotate DIR ledger` (or `operator`) makes a new key and states it on the \
                 ledger: receipts already given stay valid under the old public key"
            }
            KeyRingError::Lost { purpose: Purpose::Index } => {
                "restore the file from its backup; if there is none, `bezwaar register rotate DIR index` makes a new one: proofs of absence \
                 already given stay valid, new ones for older releases cannot be made"
            }
            KeyRingError::Lost { purpose: Purpose::Subjects } => {
                "restore the file from its backup; if there is none, `bezwaar register rotate DIR subjects` makes a new one: extracts must then be \
                 made anew, as those made so far match nobody"
            }
            KeyRingError::VaultLost => {
                "restore the file from its backup; without it nobody can read what is sealed, and no extract can be made: what stands on the ledger \
                 can still be verified, and people can hand in their receipts again"
            }
            KeyRingError::Damaged { .. } => "restore the file from its backup",
            KeyRingError::Exists => "name another folder, or open the register that is there",
            KeyRingError::Name => {
                "the origin is an address without scheme, spaces or `+`; the gate domain has lower-case letters, digits, `.`, `-`, `_`"
            }
            KeyRingError::Vault(error) => error.help(),
            KeyRingError::Randomness(error) => error.help(),
            KeyRingError::File { .. } => "see the cause, and try again",
        }
    }
}

impl std::error::Error for KeyRingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KeyRingError::Vault(error) => Some(error),
            KeyRingError::Randomness(error) => Some(error),
            KeyRingError::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<RandomnessError> for KeyRingError {
    fn from(error: RandomnessError) -> KeyRingError {
        KeyRingError::Randomness(error)
    }
}
