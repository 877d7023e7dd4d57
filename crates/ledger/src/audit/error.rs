//! Why an audit could not be made.

use std::fmt;
use std::io;

use crate::entry::EntryError;
use crate::extract::ExtractError;
use crate::opening::OpeningError;
use crate::replay::ReplayErrors;

/// Why an audit could not be made. `E` is what reading entries can end with. It never holds anything of what people said.
#[derive(Debug)]
#[non_exhaustive]
pub enum AuditError<E> {
    /// The entries could not be read.
    Read(E),
    /// The openings could not be read.
    Openings(io::Error),
    /// Lines of the file of openings that are wrong, from 1.
    Lines(Vec<(usize, OpeningError)>),
    /// The extract is not one that can be audited with this key.
    Extract(ExtractError),
    /// The openings are those of another ledger than the extract.
    OtherLedger,
    /// The openings are of fewer entries than the extract was made from.
    TooFew {
        /// The entries the openings are of.
        openings: u64,
        /// The entries the extract was made from.
        extract: u64,
    },
    /// The ledger has fewer entries than there are openings of.
    Ends {
        /// How many it has.
        at: u64,
        /// The entries the openings are of.
        openings: u64,
    },
    /// An entry is not one. An integrity failure.
    Entry {
        /// Its place.
        index: u64,
        /// Why.
        source: EntryError,
    },
    /// The entries are not those of the extract's checkpoint. An integrity failure: the operator signed something else.
    OtherTree {
        /// The size of the tree.
        size: u64,
    },
    /// Entries and openings do not fit. An integrity failure.
    Replay(ReplayErrors),
}

impl<E> fmt::Display for AuditError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuditError::Read(_) => f.write_str("the entries of the ledger could not be read"),
            AuditError::Openings(_) => f.write_str("the openings could not be read"),
            AuditError::Lines(lines) => match lines.as_slice() {
                [(line, error)] => write!(f, "line {line}: {error}"),
                [(line, error), rest @ ..] => write!(f, "line {line}: {error} (and {} more lines)", rest.len()),
                [] => f.write_str("the openings are wrong"),
            },
            AuditError::Extract(error) => write!(f, "{error}"),
            AuditError::OtherLedger => f.write_str("the openings are those of another ledger than the extract names"),
            AuditError::TooFew { openings, extract } => {
                write!(f, "the openings are of {openings} entries, and the extract was made from {extract}")
            }
            AuditError::Ends { at, openings } => write!(f, "the ledger has {at} entries, and the openings are of {openings}"),
            AuditError::Entry { index, .. } => write!(f, "entry {index} is damaged"),
            AuditError::OtherTree { size } => write!(f, "the first {size} entries are not those of the checkpoint the extract names"),
            AuditError::Replay(errors) => write!(f, "{errors}"),
        }
    }
}

impl<E> AuditError<E> {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            AuditError::Read(_) | AuditError::Openings(_) => "see the cause, and try again",
            AuditError::Lines(lines) => lines.first().map(|(_, error)| error.help()).unwrap_or_default(),
            AuditError::Extract(error) => error.help(),
            AuditError::OtherLedger | AuditError::TooFew { .. } => {
                "have the register write the openings again, after the extract was made, and check which extract is meant"
            }
            AuditError::Ends { .. } => "copy the public files of the ledger again, after the openings were written",
            AuditError::Entry { .. } | AuditError::OtherTree { .. } => {
                "keep everything as it is; compare the ledger with a copy someone else has: one of them was changed, or people are shown different ones"
            }
            AuditError::Replay(errors) => errors.help(),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for AuditError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AuditError::Read(error) => Some(error),
            AuditError::Openings(error) => Some(error),
            AuditError::Extract(error) => error.source(),
            AuditError::Entry { source, .. } => Some(source),
            _ => None,
        }
    }
}
