//! Auditing: whoever holds the openings makes the extract again from the ledger, and compares.
//!
//! It shows that every entry is what its opening says, that nothing is without an opening but what a tombstone names, and that the extract has
//! exactly the acts of the ledger. It names entries and rows by their places, and nobody.

mod error;

use std::io::BufRead;
use std::num::NonZeroUsize;

pub use error::AuditError;

use crate::entry::{ENTRY_BYTES, Entry, EntryKind};
use crate::extract::{Extract, ExtractError, ExtractOptions, Signer, write_signed_extract};
use crate::extract_entry::ExtractEntry;
use crate::hex;
use crate::key::SubjectKeys;
use crate::opening::{OPENING_LINE_BYTES_MAX, Opening, OpeningError, OpeningLines, document_hash};
use crate::replay::{Replay, Replayed};
use crate::tlog::RootBuilder;

/// The most differences that are told one by one.
pub const DIFFERENCES_MAX: usize = 1_000;
/// The most lines of a file of openings that are told to be wrong.
pub const LINES_MAX: usize = 1_000;
/// Entries opened at once.
const ENTRIES_AT_ONCE: usize = 16_384;

/// Where an extract is not what the ledger gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A field of the header.
    Header {
        /// The field.
        field: &'static str,
    },
    /// A row of the extract that the ledger does not give.
    Row {
        /// The row, from 0.
        row: usize,
    },
    /// A row the ledger gives, and the extract does not have.
    NoRow {
        /// The row of the extract it would stand before, from 0.
        before: usize,
    },
    /// A row that has other acts.
    Acts {
        /// The row, from 0.
        row: usize,
    },
    /// An entry that was recorded later than the checkpoint, and counts from within the extract by its time.
    Time {
        /// The entry, from 0.
        entry: u64,
    },
    /// The same rows, written in another form.
    Form,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries were read.
    pub entries: u64,
    /// How many entries the extract was made from.
    pub size: u64,
    /// How many acts are in force.
    pub acts: u64,
    /// How many of them are provisional.
    pub provisional: u64,
    /// How many acts a void took out.
    pub voided: u64,
    /// How many entries have lost their opening. If one lost it after the extract was made, the extract has an act more than can be made again.
    pub destroyed: u64,
    /// The place of the extract's own entry; `None` if it is not among those read.
    pub entered: Option<u64>,
    /// Where the extract is not what the ledger gives: the first [`DIFFERENCES_MAX`].
    pub differences: Vec<Difference>,
    /// How many differences there are.
    pub differences_count: u64,
}

impl AuditReport {
    /// Whether the extract is what the ledger gives, byte for byte.
    pub fn same(&self) -> bool {
        self.differences_count == 0
    }

    fn tell(&mut self, difference: Difference) {
        self.differences_count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(difference);
        }
    }
}

/// What an audit looks at.
#[derive(Clone, Copy, Debug)]
pub struct Audited<'a> {
    /// The extract. Whether its signature is good is for [`Extract::verify_signature`].
    pub extract: &'a Extract,
    /// The keys it was made with.
    pub keys: &'a SubjectKeys,
    /// How many threads open entries.
    pub threads: NonZeroUsize,
}

/// Audits an extract. `entries` are those of the ledger from the first on, and `openings` is the file of openings, which says of how many entries it
/// has them; so many are read. Whether the entries are those of a signed tree is for the caller to check, for the tree of the extract's
/// checkpoint it is checked here.
///
/// # Errors
/// If entries and openings do not fit each other, or what is given does not belong together: then nothing can be made again.
pub fn audit<E>(
    audited: &Audited<'_>,
    mut entries: impl Iterator<Item = Result<[u8; ENTRY_BYTES], E>>,
    openings: impl BufRead,
) -> Result<AuditReport, AuditError<E>> {
    let header = audited.extract.header();
    let checkpoint = header.checkpoint.as_ref().ok_or(AuditError::Extract(ExtractError::Unsigned))?;
    audited.extract.check_keys(audited.keys).map_err(AuditError::Extract)?;
    let mut openings = OpeningsFile::begin(openings)?;
    if openings.lines.header().origin != checkpoint.origin {
        return Err(AuditError::OtherLedger);
    }
    let total = openings.lines.header().size;
    if total < checkpoint.size {
        return Err(AuditError::TooFew { openings: total, extract: checkpoint.size });
    }
    let own_hash = ExtractEntry::of(audited.extract).and_then(|entry| document_hash(EntryKind::Extract, &entry.to_bytes().ok()?));
    let (mut replay, mut tree) = (Replay::new(), RootBuilder::new());
    let (mut entered, mut early) = (None, Vec::new());
    while replay.entries() < total {
        let at_once = usize::try_from(total - replay.entries()).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
        let mut some: Vec<(Entry, Option<Opening>)> = Vec::with_capacity(at_once);
        for index in (replay.entries()..).take(at_once) {
            let bytes = entries.next().ok_or(AuditError::Ends { at: index, openings: total })?.map_err(AuditError::Read)?;
            let entry = Entry::from_bytes(&bytes).map_err(|source| AuditError::Entry { index, source })?;
            if index < checkpoint.size {
                tree.push(&bytes);
            } else if entry.recorded_at <= header.through {
                early.push(index);
            }
            if entry.kind == EntryKind::Extract && Some(entry.hash) == own_hash {
                entered = entered.or(Some(index));
            }
            some.push((entry, openings.of(index)?));
        }
        replay.push_all(&some, audited.threads);
    }
    openings.end()?;
    if hex::encode(&tree.root()) != checkpoint.root {
        return Err(AuditError::OtherTree { size: checkpoint.size });
    }
    let replayed = replay.finish(header.through).map_err(AuditError::Replay)?;
    let mut report = AuditReport {
        entries: total,
        size: checkpoint.size,
        acts: replayed.choices.len() as u64,
        provisional: replayed.provisional,
        voided: replayed.voided,
        destroyed: replayed.destroyed,
        entered,
        differences: Vec::new(),
        differences_count: 0,
    };
    early.into_iter().for_each(|entry| report.tell(Difference::Time { entry }));
    compare(audited, replayed, &mut report).map_err(AuditError::Extract)?;
    Ok(report)
}

/// Makes the extract again, under the signatures it has, and compares.
fn compare(audited: &Audited<'_>, replayed: Replayed, report: &mut AuditReport) -> Result<(), ExtractError> {
    let (extract, header) = (audited.extract, audited.extract.header());
    let (Some(checkpoint), Some(note)) = (&header.checkpoint, extract.note()) else { return Err(ExtractError::Unsigned) };
    let options = ExtractOptions {
        through: header.through,
        expires_at: header.expires_at,
        services: header.services.clone(),
        covers: header.covers.clone(),
    };
    let mut again = Vec::new();
    let signer = Signer::Signatures(note.signatures());
    write_signed_extract(&replayed.into_holdings(), audited.keys, &options, (checkpoint, &signer), &mut again)?;
    let again = Extract::from_bytes(again)?;
    if again.digest() == extract.digest() {
        return Ok(());
    }
    let before = report.differences_count;
    let (left, right) = (header, again.header());
    let fields = [
        ("canaries", left.canaries == right.canaries),
        ("normaliser", left.normaliser == right.normaliser),
        ("people", left.people == right.people),
        ("acts", left.acts == right.acts),
        ("provisional", left.provisional == right.provisional),
        ("rows_root", left.rows_root == right.rows_root),
    ];
    fields.into_iter().filter(|(_, same)| !same).for_each(|(field, _)| report.tell(Difference::Header { field }));
    compare_rows(extract, &again, report);
    if report.differences_count == before {
        report.tell(Difference::Form);
    }
    Ok(())
}

fn compare_rows(extract: &Extract, again: &Extract, report: &mut AuditReport) {
    let (mut row, mut other) = (0, 0);
    loop {
        match (extract.key_at(row), again.key_at(other)) {
            (None, None) => break,
            (Some(key), Some(other_key)) if key == other_key => {
                let same = extract.acts(row).is_ok_and(|acts| again.acts(other).is_ok_and(|others| acts == others));
                if !same {
                    report.tell(Difference::Acts { row });
                }
                (row, other) = (row + 1, other + 1);
            }
            (Some(key), other_key) if other_key.is_none_or(|other_key| key < other_key) => {
                report.tell(Difference::Row { row });
                row += 1;
            }
            _ => {
                report.tell(Difference::NoRow { before: row });
                other += 1;
            }
        }
    }
}

/// A file of openings being read, one opening ahead.
struct OpeningsFile<R> {
    reader: R,
    lines: OpeningLines,
    line: Vec<u8>,
    number: usize,
    next: Option<Opening>,
    wrong: Vec<(usize, OpeningError)>,
    ended: bool,
}

impl<R: BufRead> OpeningsFile<R> {
    fn begin<E>(mut reader: R) -> Result<OpeningsFile<R>, AuditError<E>> {
        let mut line = Vec::new();
        read_line(&mut reader, &mut line).map_err(AuditError::Openings)?;
        let lines = str::from_utf8(&line).ok().and_then(|line| OpeningLines::begin(line.strip_suffix('\n')?).ok());
        let lines = lines.ok_or_else(|| AuditError::Lines(vec![(1, OpeningError::NotOpenings)]))?;
        Ok(OpeningsFile { reader, lines, line, number: 1, next: None, wrong: Vec::new(), ended: false })
    }

    /// The opening of an entry, if the file has one. Asked for in order.
    fn of<E>(&mut self, index: u64) -> Result<Option<Opening>, AuditError<E>> {
        while self.next.is_none() && !self.ended {
            self.advance().map_err(AuditError::Openings)?;
        }
        Ok(self.next.take_if(|next| next.index == index))
    }

    fn advance(&mut self) -> std::io::Result<()> {
        self.line.clear();
        read_line(&mut self.reader, &mut self.line)?;
        self.number += 1;
        if self.line.is_empty() {
            self.ended = true;
            return Ok(());
        }
        // A line that is too long was cut off, so that it has no end.
        let line = str::from_utf8(&self.line).ok().and_then(|line| line.strip_suffix('\n'));
        match line.ok_or(OpeningError::Form).and_then(|line| self.lines.line(line)) {
            Ok(opening) => self.next = Some(opening),
            Err(error) => self.wrong.push((self.number, error)),
        }
        self.ended = self.wrong.len() >= LINES_MAX;
        Ok(())
    }

    /// What follows the last entry asked for is wrong.
    fn end<E>(mut self) -> Result<(), AuditError<E>> {
        while self.next.is_none() && !self.ended {
            self.advance().map_err(AuditError::Openings)?;
        }
        if self.next.is_some() {
            self.wrong.push((self.number, OpeningError::Order));
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(AuditError::Lines(self.wrong)) }
    }
}

/// Reads one line with its line feed, and no more of it than an opening may have.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Read as _;
    let limit = OPENING_LINE_BYTES_MAX as u64 + 1;
    reader.take(limit).read_until(b'\n', line).map(drop)
}
