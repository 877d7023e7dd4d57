//! Releases: sealing what the gate let through, and what must be told about it afterwards.
//!
//! A seal is entered on the ledger, so it is numbered without gaps, cannot be changed, and everybody sees the same. What it says, it says of a manifest and of
//! a list of subjects: whether they are those of the files, only who reads the files again can say.

mod countersignatures;
mod error;
mod late;
mod manifest;
mod members;
mod recipient;
mod since;
pub(crate) mod subjects;

use std::io::BufRead;
use std::num::NonZeroUsize;

use bezwaar_core::time::{DAY_MICROS, Instant};
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::receipt::DocumentReceipt;
use bezwaar_ledger::release::{Seal, SealedCheckpoint, SealedExtract, SealedSubjects};
use bezwaar_ledger::subject_tree::SubjectTree;
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::note::Note;
use bezwaar_ledger::tlog::proof_file::ProofFile;
use sha2::{Digest as _, Sha256};

pub use bezwaar_ledger::release::EXTRACT_AGE_MICROS_MAX;
pub use error::{ManifestProblem, SealError, SubjectsError};
pub use late::LateReport;
pub use manifest::MANIFEST_BYTES_MAX;
pub use members::Members;
pub use subjects::SUBJECT_LINE_BYTES_MAX;

use crate::engine::{IntegrityError, NewRecord, Reader, Register, RegisterError};
use crate::extracts::extracts_of;
use crate::replay::entries_of;
use manifest::Claims;
use since::Newer;
use subjects::{Listed, Wanted, read_list};

/// Within what time a release may be taken into use as a rule, in microseconds: 30 days.
pub const USE_WITHIN_MICROS: i64 = 30 * DAY_MICROS;

/// What is to be sealed, and how.
#[derive(Clone, Copy, Debug)]
pub struct SealOrder<'a> {
    /// The bytes of the manifest.
    pub manifest: &'a [u8],
    /// Within what time it may be taken into use: [`USE_WITHIN_MICROS`] as a rule.
    pub use_within_micros: i64,
    /// How many threads work.
    pub threads: NonZeroUsize,
}

/// A sealed release.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The seal.
    pub seal: Seal,
    /// The place of its entry.
    pub index: u64,
    /// Whether this manifest had been sealed before; then it is the same release.
    pub again: bool,
    /// `seal.json`.
    pub json: Vec<u8>,
    /// `seal.note`: the operator's signature.
    pub note: Note,
    /// `seal.tlog-proof`: that it is on the ledger.
    pub proof: DocumentReceipt,
}

impl Register {
    /// Seals a release: checks its manifest and its list of subjects, enters the seal, publishes. A manifest that was sealed before is not sealed again: its seal
    /// is given, so after an error it can be called again. `progress` is told how many subjects were read.
    ///
    /// # Errors
    /// [`SealError::Manifest`] with everything that keeps the manifest from being sealed; [`SealError::ObjectedMeanwhile`] if the job must be run again.
    pub fn seal(
        &mut self,
        order: &SealOrder<'_>,
        list: &mut dyn BufRead,
        now: Instant,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Sealed, SealError> {
        let claims = Claims::read(order.manifest).map_err(SealError::Manifest)?;
        let manifest_sha256: Hash = Sha256::digest(order.manifest).into();
        let checkpoint = self.publish()?;
        let (size, root) = (checkpoint.unverified().size(), checkpoint.unverified().root());
        let mut reader = self.reader()?;
        let seals = seals_of(&mut reader, size)?;
        if let Some((index, seal)) = seals.iter().find(|(_, seal)| seal.manifest_sha256 == manifest_sha256) {
            self.restore(seal, order, list, progress)?;
            return self.sealed(*index, seal.clone(), true);
        }
        let sealed_at = self.writer().time(now)?;
        let extract = check_claims(&mut reader, &claims, size, sealed_at)?;
        let newer = Newer { from: extract.1, received_by: None };
        let ids = since::ids(&mut reader, newer, size, order.threads)?;
        let barred = since::reached(&mut reader, &ids, (size, sealed_at), order.threads)?;

        let previous = seals.last();
        let release = previous.map_or(1, |(_, seal)| seal.release.saturating_add(1));
        let key = self.keys().index().map_err(RegisterError::from)?.clone();
        let origin = checkpoint.unverified().origin().clone();
        let late = match previous {
            Some((index, seal)) => late::count(&mut reader, (*index, seal), size, order.threads)?,
            None => 0,
        };
        let mut seal = Seal {
            release,
            previous: previous.and_then(|(_, seal)| seal.hash()),
            origin,
            manifest_sha256,
            use_id: claims.use_id.clone(),
            recipient: claims.recipient.clone(),
            reading: claims.reading,
            form: claims.form.clone(),
            extract: extract.0,
            checkpoint: SealedCheckpoint { root, size },
            sealed_at,
            use_before: sealed_at.plus_micros(order.use_within_micros),
            records: claims.records,
            subjects: SealedSubjects { count: 0, root: SubjectTree::build(Vec::new()).root(), index_key: key.public_key().to_bytes() },
            late,
            provisional: claims.provisional,
        };
        let release_id = seal.release_id();
        let wanted = Wanted { key: &key, release_id: &release_id, barred: &barred, threads: order.threads };
        let listed = read_list(list, &wanted, progress)?;
        check_list(&listed, &claims)?;
        if listed.barred > 0 {
            return Err(SealError::ObjectedMeanwhile { count: listed.barred });
        }
        let tree = SubjectTree::build(listed.indexes);
        (seal.subjects.count, seal.subjects.root) = (tree.len(), tree.root());
        // A crash from here on leaves places of a release that is not: they are written over by the next one with this number.
        subjects::keep(self, release, &tree)?;
        let bytes = seal.to_bytes().ok_or(SealError::Form)?;
        let placed = self.append(&[NewRecord::Document { kind: EntryKind::Seal, bytes }], now)?;
        let index = placed.first().map(|placed| placed.index).ok_or(RegisterError::Stopped)?;
        self.publish()?;
        self.sealed(index, seal, false)
    }

    /// Makes the places of a sealed release's subjects again, if they are lost.
    fn restore(
        &mut self,
        seal: &Seal,
        order: &SealOrder<'_>,
        list: &mut dyn BufRead,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SealError> {
        if subjects::kept(self, seal)?.is_some() {
            return Ok(());
        }
        let key = subjects::index_key(self, seal)?;
        let (release_id, barred) = (seal.release_id(), std::collections::BTreeSet::new());
        let wanted = Wanted { key: &key, release_id: &release_id, barred: &barred, threads: order.threads };
        let tree = SubjectTree::build(read_list(list, &wanted, progress)?.indexes);
        if (tree.len(), tree.root()) != (seal.subjects.count, seal.subjects.root) {
            return Err(SubjectsError::Other.into());
        }
        Ok(subjects::keep(self, seal.release, &tree)?)
    }

    /// The files of a seal that stands on the published ledger.
    fn sealed(&mut self, index: u64, seal: Seal, again: bool) -> Result<Sealed, SealError> {
        let json = seal.to_bytes().ok_or(SealError::Form)?;
        let note = seal.sign(self.keys().operator().map_err(RegisterError::from)?).map_err(SealError::Release)?;
        let inclusion = self.reader()?.inclusion(index)?;
        let recorded_at = inclusion.entry.recorded_at;
        let proof = ProofFile::new(index, inclusion.proof, inclusion.checkpoint).map_err(|_| SealError::Form)?;
        let proof = DocumentReceipt::new(EntryKind::Seal, recorded_at, proof).map_err(|_| SealError::Form)?;
        Ok(Sealed { seal, index, again, json, note, proof })
    }

    /// A sealed release, with its files.
    pub fn release(&mut self, release: u64) -> Result<Sealed, SealError> {
        let (index, seal) = self.seal_of(release)?;
        self.sealed(index, seal, true)
    }

    /// The seal of a release, and the place of its entry.
    pub fn seal_of(&mut self, release: u64) -> Result<(u64, Seal), SealError> {
        let size = self.publish()?.unverified().size();
        let seals = seals_of(&mut self.reader()?, size)?;
        seals.into_iter().find(|(_, seal)| seal.release == release).ok_or(SealError::NoSuchRelease { release })
    }
}

/// The seals on the ledger, with the places of their entries, checked to be numbered without gaps and each to name the one before.
pub fn seals_of(reader: &mut Reader, size: u64) -> Result<Vec<(u64, Seal)>, RegisterError> {
    let mut seals: Vec<(u64, Seal)> = Vec::new();
    for (index, _) in entries_of(reader, &[EntryKind::Seal], (0, size))? {
        let document = reader.document(index)?.ok_or(IntegrityError::Missing { what: "the document", index: Some(index) })?;
        let seal = Seal::from_bytes(&document).map_err(|_| IntegrityError::Document { index })?;
        let follows = match seals.last() {
            None => seal.release == 1 && seal.previous.is_none(),
            Some((_, last)) => seal.release == last.release + 1 && seal.previous == last.hash(),
        };
        if !follows {
            return Err(IntegrityError::Document { index }.into());
        }
        seals.push((index, seal));
    }
    Ok(seals)
}

/// Checks what a manifest says against the ledger. Gives the extract, and how many entries it was made from.
fn check_claims(reader: &mut Reader, claims: &Claims, size: u64, now: Instant) -> Result<(SealedExtract, u64), SealError> {
    let mut problems = Vec::new();
    let extracts = extracts_of(reader, size)?;
    let extract = extracts.into_iter().find(|(_, extract)| extract.sha256 == claims.extract_sha256);
    let checks = extract.as_ref().map(|(_, extract)| {
        [
            (extract.through == claims.through, ManifestProblem::OtherThrough),
            (extract.through.plus_micros(EXTRACT_AGE_MICROS_MAX) >= now, ManifestProblem::ExtractTooOld),
            (extract.through <= now, ManifestProblem::ExtractFromTheFuture),
            (claims.expires_at > now, ManifestProblem::ExtractExpired),
        ]
    });
    match checks {
        None => problems.push(ManifestProblem::ExtractNotEntered),
        Some(checks) => problems.extend(checks.into_iter().filter(|(good, _)| !good).map(|(_, problem)| problem)),
    }
    let entered: std::collections::HashSet<Hash> =
        entries_of(reader, &[EntryKind::Policy], (0, size))?.into_iter().map(|(_, entry)| entry.hash).collect();
    let missing = claims.policies.iter().filter(|(_, hash)| !entered.contains(hash));
    problems.extend(missing.map(|(name, _)| ManifestProblem::Policy { name: name.clone() }));
    match extract {
        Some((index, extract)) if problems.is_empty() => {
            let sealed = SealedExtract { index, sha256: extract.sha256, through: extract.through };
            Ok((sealed, extract.size))
        }
        _ => Err(SealError::Manifest(problems)),
    }
}

fn check_list(listed: &Listed, claims: &Claims) -> Result<(), SubjectsError> {
    let same = listed.count == claims.subjects_count && listed.sha256 == claims.subjects_sha256;
    if same { Ok(()) } else { Err(SubjectsError::Other) }
}
