//! Reading everything the ledger says out of the store: every entry with its opening, checked, in order.

use std::collections::HashSet;
use std::fmt;
use std::num::NonZeroUsize;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry, EntryKind};
use bezwaar_ledger::event::Event;
use bezwaar_ledger::replay::{Replay, ReplayError, ReplayErrors, ReplayProblem, Replayed};

use crate::engine::{IntegrityError, Reader, RegisterError};
use crate::vault::{OpenedRow, VaultError};

/// Entries read at once where there are no openings between them.
const ENTRIES_AT_ONCE: usize = 8_192;

/// A row as one of the opening threads gives it.
type Read = Result<(u64, Entry, Result<Event, ReplayError>), VaultError>;

/// Reads the first `size` entries of the ledger, opens and checks them on so many threads, and gives what they say, to be finished for a
/// moment.
///
/// # Errors
/// [`ReadError::Problems`] with every opening that does not open. What else does not fit shows when the replay is finished.
pub fn read_ledger(reader: &mut Reader, size: u64, threads: NonZeroUsize) -> Result<Replay, ReadError> {
    let mut gaps = Gaps { reader: reader.another()?, size };
    let (mut replay, mut unopened) = (Replay::new(), Vec::new());
    reader.scan_map((0, threads.get()), read, |row: Read| -> Result<(), ReadError> {
        match row {
            Ok((index, entry, event)) if index < size => {
                gaps.fill(&mut replay, index)?;
                replay.push_opened(&entry, event.map(Some));
            }
            Ok(_) => {}
            Err(error) => unopened.push(error),
        }
        Ok(())
    })?;
    gaps.fill(&mut replay, size)?;
    if unopened.is_empty() {
        return Ok(replay);
    }
    // The moment plays no part in what does not fit.
    let entries = replay.finish(Instant::from_micros(i64::MAX)).err();
    Err(ReadError::Problems(Problems::new(unopened, entries.as_ref().map(ReplayErrors::problems).unwrap_or_default())))
}

/// [`read_ledger`], finished for a moment.
pub fn replay(reader: &mut Reader, (size, through): (u64, Instant), threads: NonZeroUsize) -> Result<Replayed, ReadError> {
    let replayed = read_ledger(reader, size, threads)?.finish(through);
    replayed.map_err(|errors| ReadError::Problems(Problems::new(Vec::new(), errors.problems())))
}

fn read(row: Result<OpenedRow, VaultError>) -> Read {
    let OpenedRow { index, entry, body, .. } = row?;
    Ok((index, entry, Event::from_bytes(entry.kind, &body).map_err(ReplayError::Event)))
}

/// The entries between openings.
struct Gaps {
    reader: Reader,
    size: u64,
}

impl Gaps {
    /// Gives the replay the entries before `until`.
    fn fill(&mut self, replay: &mut Replay, until: u64) -> Result<(), RegisterError> {
        while replay.entries() < until.min(self.size) {
            let at = replay.entries();
            let limit = usize::try_from(until - at).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
            for bytes in entries(&mut self.reader, at, limit)? {
                replay.push_opened(&entry_of(&bytes, replay.entries())?, Ok(None));
            }
        }
        Ok(())
    }
}

/// At least one entry from an index on.
fn entries(reader: &mut Reader, at: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, RegisterError> {
    let entries = reader.entries(at, limit)?;
    if entries.is_empty() { Err(IntegrityError::Missing { what: "an entry", index: Some(at) }.into()) } else { Ok(entries) }
}

fn entry_of(bytes: &[u8; ENTRY_BYTES], index: u64) -> Result<Entry, RegisterError> {
    Entry::from_bytes(bytes).map_err(|source| IntegrityError::Entry { index, source }.into())
}

/// The entries of some kinds from an index up to another, with their places.
pub(crate) fn entries_of(reader: &mut Reader, kinds: &[EntryKind], (from, until): (u64, u64)) -> Result<Vec<(u64, Entry)>, RegisterError> {
    let (mut found, mut at) = (Vec::new(), from);
    while at < until {
        let limit = usize::try_from(until - at).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
        for bytes in entries(reader, at, limit)? {
            // The kind is the first byte: most entries need not be read further.
            if kinds.iter().any(|kind| bytes.first() == Some(&(*kind as u8))) {
                found.push((at, entry_of(&bytes, at)?));
            }
            at += 1;
        }
    }
    Ok(found)
}

/// All that is wrong with what the register keeps. An integrity failure. It holds no content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// Openings that do not open.
    pub openings: Vec<VaultError>,
    /// Entries that do not fit, in order: without opening or tombstone, or against the rules.
    pub entries: Vec<ReplayProblem>,
}

impl Problems {
    fn new(openings: Vec<VaultError>, entries: &[ReplayProblem]) -> Problems {
        // What does not open is told once.
        let told: HashSet<u64> = openings.iter().filter_map(index_of).collect();
        let entries = entries.iter().filter(|problem| problem.error != ReplayError::NoOpening || !told.contains(&problem.index));
        Problems { entries: entries.cloned().collect(), openings }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.openings.len() + self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each in words.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.openings.iter().map(ToString::to_string).chain(self.entries.iter().map(ToString::to_string))
    }
}

fn index_of(error: &VaultError) -> Option<u64> {
    match error {
        VaultError::NoSuchHolder { index, .. }
        | VaultError::Swapped { index, .. }
        | VaultError::OtherHolder { index, .. }
        | VaultError::Damaged { index }
        | VaultError::OtherCommitment { index } => Some(*index),
        _ => None,
    }
}

/// Why the ledger could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// Something failed on the way.
    Register(RegisterError),
    /// Entries and openings do not fit. An integrity failure.
    Problems(Problems),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Register(error) => write!(f, "{error}"),
            ReadError::Problems(problems) => match (problems.lines().next(), problems.len()) {
                (Some(first), 1) => write!(f, "the ledger and the vault do not fit: {first}"),
                (Some(first), count) => write!(f, "the ledger and the vault do not fit: {first} (and {} more)", count - 1),
                (None, _) => f.write_str("the ledger and the vault do not fit"),
            },
        }
    }
}

impl ReadError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ReadError::Register(error) => error.help(),
            ReadError::Problems(problems) => {
                let entry = problems.entries.first().map(|problem| problem.error.help());
                problems.openings.first().map(VaultError::help).or(entry).unwrap_or_default()
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReadError::Register(error) => error.source(),
            ReadError::Problems(_) => None,
        }
    }
}

impl From<RegisterError> for ReadError {
    fn from(error: RegisterError) -> ReadError {
        ReadError::Register(error)
    }
}
