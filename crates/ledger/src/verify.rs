//! Checking a whole ledger with nothing but its public files: anyone can.
//!
//! Every tile and every entry is checked against the signed root; entries must be well formed and go forward in time; documents that are public must be what
//! their entries stand for; the numbers of releases must have no gaps. What an entry *says* can only be checked by whoever has its opening.

mod entered;

use std::collections::BTreeMap;
use std::fmt;

use bezwaar_core::time::Instant;

pub use entered::{Entered, find_extract};

use crate::entry::{Entry, EntryError, EntryKind};
use crate::hex;
use crate::opening::document_hash;
use crate::release::Seal;
use crate::tlog::Hash;
use crate::tlog::checkpoint::SignedCheckpoint;
use crate::tlog::policy::{PolicyError, TrustPolicy, Trusted};
use crate::tlog::proof::root_at;
use crate::tlog::tile::{TILE_WIDTH, TileHashSource, TileReadError, TileReader};

/// The public folder of documents, each named by its SHA-256 in hexadecimal.
pub const DOCUMENTS: &str = "documents";
/// The most problems that are told one by one.
pub const PROBLEMS_MAX: usize = 1_000;
/// How much earlier than a cosignature an entry behind the cosigned tree may be recorded: the time between signing and cosigning, generously.
pub const COSIGNING_MICROS_MAX: i64 = 300_000_000;

/// Whether documents of this kind are published. That of an extract is only what the ledger says of it, never the extract.
pub fn is_public(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Key | EntryKind::Policy | EntryKind::Extract | EntryKind::Seal | EntryKind::Countersignature)
}

/// What a ledger shows.
#[derive(Clone, Debug)]
pub struct LedgerReport {
    /// The checkpoint, whose it is, and who has seen it.
    pub trusted: Trusted,
    /// How many entries of each kind.
    pub counts: BTreeMap<EntryKind, u64>,
    /// When the first entry was recorded.
    pub first_at: Option<Instant>,
    /// When the last entry was recorded.
    pub last_at: Option<Instant>,
    /// The public documents by the places of their entries, as far as they could be had.
    pub documents: BTreeMap<u64, (EntryKind, Vec<u8>)>,
    /// The places of unsalted entries, by kind and hash.
    pub places: BTreeMap<(EntryKind, Hash), u64>,
    /// The seals of releases, in the order of their entries.
    pub seals: Vec<(u64, Seal)>,
    /// What does not hold.
    pub problems: Vec<LedgerProblem>,
    /// How many problems there are, also those past [`PROBLEMS_MAX`].
    pub problems_count: u64,
}

impl LedgerReport {
    /// Whether everything that was checked holds.
    pub fn holds(&self) -> bool {
        self.problems_count == 0
    }

    fn problem(&mut self, index: u64, kind: LedgerProblemKind) {
        self.problems_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(LedgerProblem { index, kind });
        }
    }
}

/// Something on a ledger that does not hold. Always an integrity failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerProblem {
    /// The place of the entry.
    pub index: u64,
    /// What is wrong with it.
    pub kind: LedgerProblemKind,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LedgerProblemKind {
    /// It is no entry.
    Entry(EntryError),
    /// It was recorded before the entry in front of it.
    BackInTime,
    /// It stands behind a tree that was cosigned later than it claims to be recorded.
    DatedBack,
    /// Its document is not published.
    NoDocument,
    /// Its document is not what the entry stands for.
    OtherDocument,
    /// Its document is no seal.
    NotASeal,
    /// Its release has another number than the next one.
    Gap,
    /// It does not name the seal before it.
    OtherPrevious,
    /// It rests on a tree or an extract this ledger did not have then.
    OtherLedger,
}

impl fmt::Display for LedgerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: ", self.index)?;
        match self.kind {
            LedgerProblemKind::Entry(error) => write!(f, "{error}"),
            LedgerProblemKind::BackInTime => f.write_str("it was recorded before the entry in front of it"),
            LedgerProblemKind::DatedBack => f.write_str("it was dated back: witnesses had cosigned a tree without it later than it says"),
            LedgerProblemKind::NoDocument => f.write_str("its document is not published"),
            LedgerProblemKind::OtherDocument => f.write_str("its document is not what the entry stands for"),
            LedgerProblemKind::NotASeal => f.write_str("its document is no seal"),
            LedgerProblemKind::Gap => f.write_str("the numbers of releases have a gap here, or one stands twice"),
            LedgerProblemKind::OtherPrevious => f.write_str("the seal does not name the one before it"),
            LedgerProblemKind::OtherLedger => f.write_str("the seal rests on a tree or an extract this ledger did not have then"),
        }
    }
}

/// Why a ledger could not be checked to the end.
#[derive(Debug)]
#[non_exhaustive]
pub enum LedgerError<E> {
    /// The checkpoint is not believed by the policy.
    Policy(PolicyError),
    /// A file could not be read, or is not under the signed root.
    Tiles(TileReadError<E>),
}

impl<E> fmt::Display for LedgerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Policy(_) => f.write_str("the checkpoint does not count"),
            LedgerError::Tiles(_) => f.write_str("the files are not the ledger its checkpoint signs for"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for LedgerError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LedgerError::Policy(error) => Some(error),
            LedgerError::Tiles(error) => Some(error),
        }
    }
}

impl<E> LedgerError<E> {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            LedgerError::Policy(error) => error.help(),
            LedgerError::Tiles(error) => error.help(),
        }
    }
}

/// Checks a whole ledger. `held` is a checkpoint of the same ledger that somebody else holds, already believed: the tree must agree with it, and entries behind it
/// must not be older than its cosignatures.
pub fn verify_ledger<R: TileReader>(
    reader: &R,
    checkpoint: &SignedCheckpoint,
    policy: &TrustPolicy,
    held: Option<&Trusted>,
) -> Result<LedgerReport, LedgerError<R::Error>> {
    let trusted = policy.check(checkpoint).map_err(LedgerError::Policy)?;
    let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
    let tree = TileHashSource::try_new(reader, size, &root).map_err(LedgerError::Tiles)?;
    let mut report = LedgerReport {
        trusted,
        counts: BTreeMap::new(),
        first_at: None,
        last_at: None,
        documents: BTreeMap::new(),
        places: BTreeMap::new(),
        seals: Vec::new(),
        problems: Vec::new(),
        problems_count: 0,
    };
    let cosigned = held.and_then(|held| {
        let seconds = held.witnesses.iter().map(|witness| witness.cosigned_at.seconds()).max()?;
        let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
        Some((held.checkpoint.size(), Instant::from_micros(micros).plus_micros(-COSIGNING_MICROS_MAX)))
    });
    for bundle in 0..size.div_ceil(u64::from(TILE_WIDTH)) {
        let entries = tree.entries(bundle).map_err(LedgerError::Tiles)?;
        for (index, bytes) in (bundle * u64::from(TILE_WIDTH)..).zip(entries) {
            match Entry::from_bytes(&bytes) {
                Err(error) => report.problem(index, LedgerProblemKind::Entry(error)),
                Ok(entry) => check_entry(index, &entry, cosigned, reader, &mut report).map_err(LedgerError::Tiles)?,
            }
        }
    }
    check_seals(&tree, &mut report).map_err(LedgerError::Tiles)?;
    Ok(report)
}

fn check_entry<R: TileReader>(
    index: u64,
    entry: &Entry,
    cosigned: Option<(u64, Instant)>,
    reader: &R,
    report: &mut LedgerReport,
) -> Result<(), TileReadError<R::Error>> {
    *report.counts.entry(entry.kind).or_default() += 1;
    if report.last_at.is_some_and(|last| entry.recorded_at < last) {
        report.problem(index, LedgerProblemKind::BackInTime);
    }
    if cosigned.is_some_and(|(size, moment)| index >= size && entry.recorded_at < moment) {
        report.problem(index, LedgerProblemKind::DatedBack);
    }
    report.first_at = report.first_at.or(Some(entry.recorded_at));
    report.last_at = report.last_at.max(Some(entry.recorded_at));
    if entry.kind.is_salted() {
        return Ok(());
    }
    report.places.insert((entry.kind, entry.hash), index);
    if !is_public(entry.kind) {
        return Ok(());
    }
    let path = format!("{DOCUMENTS}/{}", hex::encode(&entry.hash));
    match reader.read(&path).map_err(|error| TileReadError::Read { path, error })? {
        None => report.problem(index, LedgerProblemKind::NoDocument),
        Some(bytes) if document_hash(entry.kind, &bytes) != Some(entry.hash) => report.problem(index, LedgerProblemKind::OtherDocument),
        Some(bytes) => {
            report.documents.insert(index, (entry.kind, bytes));
        }
    }
    Ok(())
}

fn check_seals<R: TileReader>(tree: &TileHashSource<&R>, report: &mut LedgerReport) -> Result<(), TileReadError<R::Error>> {
    let documents: Vec<(u64, Vec<u8>)> = report
        .documents
        .iter()
        .filter(|(_, (kind, _))| *kind == EntryKind::Seal)
        .map(|(index, (_, bytes))| (*index, bytes.clone()))
        .collect();
    let mut previous: Option<(u64, Hash)> = None;
    for (index, bytes) in documents {
        let Ok(seal) = Seal::from_bytes(&bytes) else {
            report.problem(index, LedgerProblemKind::NotASeal);
            continue;
        };
        if seal.release != previous.map_or(1, |(release, _)| release + 1) {
            report.problem(index, LedgerProblemKind::Gap);
        }
        if seal.previous != previous.map(|(_, hash)| hash) {
            report.problem(index, LedgerProblemKind::OtherPrevious);
        }
        let named = &seal.checkpoint;
        let had_tree = named.size <= index && named.size > 0 && root_at(tree, named.size)? == named.root;
        let here = seal.origin == *report.trusted.checkpoint.origin();
        if !had_tree || !here {
            report.problem(index, LedgerProblemKind::OtherLedger);
        }
        previous = seal.hash().map(|hash| (seal.release, hash));
        report.seals.push((index, seal));
    }
    Ok(())
}

/// What comes of comparing a ledger with a checkpoint somebody else holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The ledger continues it, or is the same.
    Continues,
    /// The ledger is smaller than it: rolled back, or an old copy.
    Behind,
    /// The ledger is another: somebody is shown something else than somebody else.
    Fork,
}

/// Compares a ledger with a checkpoint of it that somebody else holds. Both must have been believed before.
pub fn compare<R: TileReader>(reader: &R, trusted: &Trusted, held: &Trusted) -> Result<Comparison, LedgerError<R::Error>> {
    let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
    if held.checkpoint.origin() != trusted.checkpoint.origin() {
        return Ok(Comparison::Fork);
    }
    if held.checkpoint.size() > size {
        return Ok(Comparison::Behind);
    }
    let tree = TileHashSource::try_new(reader, size, &root).map_err(LedgerError::Tiles)?;
    let same = root_at(&tree, held.checkpoint.size()).map_err(LedgerError::Tiles)? == held.checkpoint.root();
    Ok(if same { Comparison::Continues } else { Comparison::Fork })
}
