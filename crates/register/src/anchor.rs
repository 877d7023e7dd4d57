//! The anchor: a folder outside the register's own, which remembers what must not be unlearned.
//!
//! ```text
//! ANCHOR/checkpoint    the largest tree ever signed
//! ANCHOR/erasures      everything ever erased, a line each, written before it is erased
//! ```
//!
//! A store that is restored from an old backup, or rolled back by whoever can write to it, has a smaller or another tree than the anchor says,
//! or still has what was erased. Put the anchor where whoever can write to the store cannot write.

mod journal;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;

pub use journal::{Erased, JOURNAL_BYTES_MAX};

use crate::files::{Audience, Files};

const CHECKPOINT: &str = "checkpoint";
const ERASURES: &str = "erasures";

/// The anchor of a register.
#[derive(Clone)]
pub struct Anchor {
    files: Arc<dyn Files>,
    folder: PathBuf,
    /// Whether the last append to the journal may have been cut off.
    unsure: bool,
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchor").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Anchor {
    /// The anchor in this folder.
    pub fn new(files: Arc<dyn Files>, folder: PathBuf) -> Anchor {
        Anchor { files, folder, unsure: true }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn file_error(&self, name: &'static str) -> impl Fn(io::Error) -> AnchorError {
        move |source| AnchorError::File { name, source }
    }

    /// The largest tree ever signed; `None` if the anchor has none. Its signature is not verified yet.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, AnchorError> {
        let bytes = self.files.read(&self.folder.join(CHECKPOINT)).map_err(self.file_error(CHECKPOINT))?;
        bytes.map(|bytes| SignedCheckpoint::parse(&bytes).map_err(|_| AnchorError::NotACheckpoint)).transpose()
    }

    /// Remembers a tree, before anybody is shown it.
    pub fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), AnchorError> {
        let file = (self.folder.join(CHECKPOINT), checkpoint.to_string().into_bytes());
        self.files.write(&[file], Audience::Owner).map_err(self.file_error(CHECKPOINT))
    }

    /// Everything ever erased, in order. A last line that was cut off by a crash is dropped: nothing was erased for it.
    pub fn erasures(&mut self) -> Result<Vec<Erased>, AnchorError> {
        let path = self.folder.join(ERASURES);
        let bytes = self.files.read(&path).map_err(self.file_error(ERASURES))?.unwrap_or_default();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let (lines, rest) = bytes.split_at(whole);
        let erased = journal::parse(lines)?;
        if !rest.is_empty() {
            self.files.write(&[(path, lines.to_vec())], Audience::Owner).map_err(self.file_error(ERASURES))?;
        }
        self.unsure = false;
        Ok(erased)
    }

    /// Remembers what is about to be erased.
    pub fn remember_erased(&mut self, erased: &Erased) -> Result<(), AnchorError> {
        if self.unsure {
            self.erasures()?;
        }
        self.unsure = true;
        let appended = self.files.append(&self.folder.join(ERASURES), erased.to_line().as_bytes(), Audience::Owner);
        appended.map_err(self.file_error(ERASURES))?;
        self.unsure = false;
        Ok(())
    }
}

/// What can be wrong with an anchor.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnchorError {
    /// Its checkpoint is not one. An integrity failure.
    NotACheckpoint,
    /// A line of its journal of erasures is not one. An integrity failure.
    NotAnErasure {
        /// The line, from 1.
        line: usize,
    },
    /// A file could not be read or written. Can be tried again.
    File {
        /// The file.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for AnchorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnchorError::NotACheckpoint => f.write_str("the anchor's `checkpoint` is not a checkpoint"),
            AnchorError::NotAnErasure { line } => write!(f, "line {line} of the anchor's `erasures` cannot be read"),
            AnchorError::File { name, .. } => write!(f, "the anchor's `{name}` could not be read or written"),
        }
    }
}

impl AnchorError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            AnchorError::NotACheckpoint => {
                "restore the file; or take the largest checkpoint a witness, a mirror or a receipt has of this register, and put it there"
            }
            AnchorError::NotAnErasure { .. } => "restore the file: it says what must not come back",
            AnchorError::File { .. } => "see the cause; the anchor's folder must be there and writable whenever the register is",
        }
    }
}

impl std::error::Error for AnchorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AnchorError::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
