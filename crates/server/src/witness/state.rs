//! What a witness must never forget: of each ledger, the latest checkpoint it has cosigned.
//!
//! ```text
//! DIR/lock                  held by the one process that uses the folder
//! DIR/witness.vkey          whose folder it is
//! DIR/origins               the ledgers that were ever cosigned, a line each
//! DIR/checkpoints/HEX       the latest cosigned checkpoint; HEX is the SHA-256 of the origin
//! DIR/evidence/HEX/…        checkpoints that do not go together, side by side
//! ```
//!
//! **If it is lost or rolled back**, the witness may cosign a second history, and that is the one thing it is there not to do. So a file that is damaged, of another
//! witness, or missing although `origins` names it, means that this ledger is not cosigned any more, until a person has put it right. Nothing begins at zero
//! again by itself. **If it is read** by others, nothing is lost: all of it is public. **If it is written** by others, the signature under each file shows it, but an
//! older file put back does not show.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use bezwaar_ledger::tlog::checkpoint::{CheckpointError, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{CosignError, PosixSeconds, verify_cosignature};
use bezwaar_ledger::tlog::note::{KEY_TEXT_BYTES_MAX, NOTE_BYTES_MAX, VerifierKey};
use sha2::{Digest, Sha256};

use crate::files;

/// The most ledgers one folder can have state of.
pub const LEDGERS_MAX: usize = 1_000;
/// The longest `origins` file that is read, in bytes.
const ORIGINS_BYTES_MAX: usize = LEDGERS_MAX * 256;

const LOCK: &str = "lock";
const WITNESS: &str = "witness.vkey";
const ORIGINS: &str = "origins";
const CHECKPOINTS: &str = "checkpoints";

/// A checkpoint with this witness's cosignature under it, and the time of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The checkpoint, with the ledger's signatures and the cosignature.
    pub checkpoint: SignedCheckpoint,
    /// The time of the cosignature.
    pub cosigned_at: PosixSeconds,
}

/// The folder of one witness, held so that no other process uses it.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    witness: VerifierKey,
    /// The ledgers `origins` names.
    origins: Mutex<BTreeSet<Origin>>,
    // Holds the lock for as long as it is open; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

impl StateFolder {
    /// Opens the folder, or makes it; `true` if it was made. It refuses if another process has it, or if it is another witness's.
    pub fn open(path: &Path, witness: &VerifierKey) -> Result<(StateFolder, bool), StateError> {
        let failed = |error| StateError::Io { path: path.to_owned(), error };
        files::make_folder(path).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StateError::InUse { path: path.to_owned() },
            TryLockError::Error(error) => failed(error),
        })?;
        let made = claim(path, witness)?;
        files::make_folder(&path.join(CHECKPOINTS)).map_err(failed)?;
        let origins = read_origins(&path.join(ORIGINS))?;
        Ok((StateFolder { path: path.to_owned(), witness: witness.clone(), origins: Mutex::new(origins), _lock: lock }, made))
    }

    /// The latest cosigned checkpoint of a ledger; `None` only if it was never cosigned. Anything that is not as it was written is an error.
    pub fn load(&self, origin: &Origin) -> Result<Option<Held>, StateError> {
        let path = self.checkpoint_path(origin);
        let bytes = files::read_limited(&path, NOTE_BYTES_MAX).map_err(|error| StateError::Io { path: path.clone(), error })?;
        let Some(bytes) = bytes else {
            let known = self.origins.lock().unwrap_or_else(PoisonError::into_inner).contains(origin);
            return if known { Err(StateError::Lost { origin: origin.clone(), path }) } else { Ok(None) };
        };
        let damaged = |cause| StateError::Damaged { path: path.clone(), cause };
        let checkpoint = SignedCheckpoint::parse(&bytes).map_err(|error| damaged(DamageCause::Checkpoint(error)))?;
        if checkpoint.unverified().origin() != origin {
            return Err(damaged(DamageCause::OtherLedger));
        }
        let cosigned_at = verify_cosignature(&checkpoint, &self.witness).map_err(|error| damaged(DamageCause::Cosignature(error)))?;
        Ok(Some(Held { checkpoint, cosigned_at }))
    }

    /// Writes the latest cosigned checkpoint of a ledger. When it returns without an error, it is durable; with one, it may be there or not.
    pub fn store(&self, held: &Held) -> Result<(), StateError> {
        let origin = held.checkpoint.unverified().origin();
        let folder = self.path.join(CHECKPOINTS);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StateError::Io { path, error }
        };
        files::write_durably(&folder, &file_name(origin), held.checkpoint.to_string().as_bytes()).map_err(failed(&folder))?;
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if !origins.contains(origin) {
            // A crash before this leaves a checkpoint that `origins` does not name; it is found all the same, and named the next time.
            let named: String = origins.iter().chain([origin]).map(|origin| format!("{origin}\n")).collect();
            files::write_durably(&self.path, ORIGINS, named.as_bytes()).map_err(failed(&self.path))?;
            origins.insert(origin.clone());
        }
        Ok(())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the latest cosigned checkpoint of a ledger is kept.
    pub fn checkpoint_path(&self, origin: &Origin) -> PathBuf {
        self.path.join(CHECKPOINTS).join(file_name(origin))
    }
}

/// The name of a ledger's file: the SHA-256 of its origin in 64 hexadecimal digits.
pub fn file_name(origin: &Origin) -> String {
    hexadecimal(&Sha256::digest(origin.as_str()))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes down whose folder it is, or checks it; `true` if it was nobody's.
fn claim(path: &Path, witness: &VerifierKey) -> Result<bool, StateError> {
    let file = path.join(WITNESS);
    let wanted = format!("{witness}\n");
    let failed = |error| StateError::Io { path: file.clone(), error };
    match files::read_limited(&file, KEY_TEXT_BYTES_MAX).map_err(failed)? {
        Some(found) if found == wanted.as_bytes() => Ok(false),
        Some(_) => Err(StateError::OtherWitness { path: path.to_owned() }),
        // Without a key but with checkpoints it is not new: something was taken out.
        None if path.join(CHECKPOINTS).exists() || path.join(ORIGINS).exists() => Err(StateError::OtherWitness { path: path.to_owned() }),
        None => files::write_durably(path, WITNESS, wanted.as_bytes()).map_err(failed).map(|()| true),
    }
}

fn read_origins(path: &Path) -> Result<BTreeSet<Origin>, StateError> {
    let bytes = files::read_limited(path, ORIGINS_BYTES_MAX).map_err(|error| StateError::Io { path: path.to_owned(), error })?;
    let damaged = || StateError::Damaged { path: path.to_owned(), cause: DamageCause::Origins };
    let text = String::from_utf8(bytes.unwrap_or_default()).map_err(|_| damaged())?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(damaged());
    }
    text.lines().map(|line| Origin::new(line).map_err(|_| damaged())).collect()
}

/// What is wrong with a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageCause {
    /// It is not a checkpoint.
    Checkpoint(CheckpointError),
    /// It is a checkpoint of another ledger than its name says.
    OtherLedger,
    /// The witness's own cosignature is not there, or is wrong.
    Cosignature(CosignError),
    /// The list of ledgers has something else in it.
    Origins,
}

/// Why a witness's folder cannot be used. Nothing is cosigned on the strength of a folder with an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum StateError {
    /// Another process has the folder. May pass.
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder was made by a witness with another key.
    OtherWitness {
        /// The folder.
        path: PathBuf,
    },
    /// The record of a ledger is gone. Stays until a person has put it back.
    Lost {
        /// The ledger.
        origin: Origin,
        /// The file that should be there.
        path: PathBuf,
    },
    /// A file is not as it was written. Stays until a person has put it right.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: DamageCause,
    },
    /// Reading or writing failed. May pass.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateError::InUse { path } => write!(f, "another witness uses `{}`", path.display()),
            StateError::OtherWitness { path } => write!(f, "`{}` is the folder of another witness", path.display()),
            StateError::Lost { origin, path } => write!(f, "the record of `{origin}` is lost: `{}` is not there", path.display()),
            StateError::Damaged { path, .. } => write!(f, "`{}` is not as this witness wrote it", path.display()),
            StateError::Io { path, .. } => write!(f, "`{}` cannot be read or written", path.display()),
        }
    }
}

impl StateError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StateError::InUse { .. } => {
                "stop the other one first, or give this one a folder and a key of its own: one key, one folder, one process"
            }
            StateError::OtherWitness { .. } => {
                "use the key the folder was made with, or a new folder for a new key: another key is another witness, and has seen nothing yet"
            }
            StateError::Lost { .. } | StateError::Damaged { .. } => {
                "put the latest copy of the file back, never an older one; if there is none, make a new key and a new folder, and tell those who rely on this \
                 witness: to begin again under the old key could vouch for a second history"
            }
            StateError::Io { .. } => "see what the cause says: the folder must be there, writable and on a disk with room",
        }
    }
}

impl std::error::Error for StateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StateError::Io { error, .. } => Some(error),
            StateError::Damaged { cause: DamageCause::Checkpoint(error), .. } => Some(error),
            StateError::Damaged { cause: DamageCause::Cosignature(error), .. } => Some(error),
            _ => None,
        }
    }
}
