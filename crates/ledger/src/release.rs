//! Releases: the seal by which a register answers for one, the countersignature of whoever rebuilt it, and the proof a person holds that
//! nothing in it is filed under their accounts.
//!
//! A [`Seal`] is a document on the ledger; its [note](Seal::sign) is signed by the operator. `spec/release.md` has the bytes.

mod absence;
mod countersignature;
mod error;
mod subject_list;

use bezwaar_core::Reading;
use bezwaar_core::time::Instant;

pub use absence::{ABSENCE_ACCOUNTS_MAX, ABSENCE_BYTES_MAX, ABSENCE_FORMAT, AbsenceFile, AccountProof, Basis, VerifiedAbsence};
pub use countersignature::{COUNTERSIGNATURE_FORMAT, Countersignature, Role};
pub use error::ReleaseError;
pub use subject_list::{
    RebuiltSubjects, SUBJECT_LIST_FORMAT, SUBJECT_LIST_LINE_BYTES_MAX, SubjectListError, put_subject, put_subject_list_header,
    rebuild_subjects,
};

use crate::acceptance::{SignedError, sign_as_operator, verify_as_operator};
use crate::entry::EntryKind;
use crate::hex;
use crate::json::{NUMBER_MAX, Reader, put_hex, put_instant, put_number, put_option, put_text};
use crate::opening::document_hash;
use crate::subject_tree::SubjectRoot;
use crate::tlog::Hash;
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{Note, SigningKey, VerifierKey};

/// The first line of the note under a seal.
pub const SEAL_FORMAT: &str = "bezwaar-seal/1";
/// How much older than its seal the extract of a release may be, in microseconds: an hour. A seal with an older one has no form.
pub const EXTRACT_AGE_MICROS_MAX: i64 = 3_600_000_000;
/// The longest seal, in bytes.
pub const SEAL_BYTES_MAX: usize = 1 << 14;

/// The extract a release was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedExtract {
    /// The entry it is.
    pub index: u64,
    /// Its SHA-256.
    pub sha256: Hash,
    /// The moment its acts go through.
    pub through: Instant,
}

/// The subjects of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedSubjects {
    /// How many there are.
    pub count: u64,
    /// The root over them.
    pub root: SubjectRoot,
    /// The public index key their places come from.
    pub index_key: [u8; 32],
}

/// The state of the ledger a release was sealed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedCheckpoint {
    /// The root of the tree.
    pub root: Hash,
    /// How many entries it has.
    pub size: u64,
}

/// What a register answers for when it seals a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The number of the release, from 1 and without gaps.
    pub release: u64,
    /// SHA-256 of the seal before it; absent for the first.
    pub previous: Option<Hash>,
    /// The name of the ledger.
    pub origin: Origin,
    /// SHA-256 of the release's manifest.
    pub manifest_sha256: Hash,
    /// The use it was made for.
    pub use_id: String,
    /// The recipient it was made for.
    pub recipient: String,
    /// The reading of the policies.
    pub reading: Reading,
    /// The form of its files: `copy` or another word of the gate.
    pub form: String,
    /// The extract it was made with.
    pub extract: SealedExtract,
    /// The state of the ledger.
    pub checkpoint: SealedCheckpoint,
    /// When it was sealed.
    pub sealed_at: Instant,
    /// Training that starts at this moment or later needs a new seal.
    pub use_before: Instant,
    /// How many records it has.
    pub records: u64,
    /// Whom its records are filed under.
    pub subjects: SealedSubjects,
    /// How many acts were received before the seal and recorded after it, as far as was known.
    pub late: u64,
    /// How many records are withheld for provisional acts only.
    pub provisional: u64,
}

impl Seal {
    /// The release's id, by which subjects have their places in its tree: `<origin>/release/<number>`.
    pub fn release_id(&self) -> String {
        format!("{}/release/{}", self.origin, self.release)
    }

    /// The document. `None`: a number or a moment cannot be written, or it contradicts itself.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let numbers =
            [self.release, self.extract.index, self.checkpoint.size, self.records, self.subjects.count, self.late, self.provisional];
        let first = self.release == 1;
        let sound = self.release > 0
            && first == self.previous.is_none()
            && self.use_before > self.sealed_at
            && self.extract.through <= self.sealed_at
            && self.sealed_at <= self.extract.through.plus_micros(EXTRACT_AGE_MICROS_MAX)
            && self.extract.index < self.checkpoint.size;
        if !sound || numbers.into_iter().any(|number| number > NUMBER_MAX) {
            return None;
        }
        let mut out = b"{\"bezwaar_seal\":1,\"checkpoint\":{\"root\":".to_vec();
        put_hex(&self.checkpoint.root, &mut out);
        out.extend_from_slice(b",\"size\":");
        put_number(self.checkpoint.size, &mut out);
        out.extend_from_slice(b"},\"extract\":{\"index\":");
        put_number(self.extract.index, &mut out);
        out.extend_from_slice(b",\"sha256\":");
        put_hex(&self.extract.sha256, &mut out);
        out.extend_from_slice(b",\"through\":");
        put_instant(self.extract.through, &mut out)?;
        out.extend_from_slice(b"},\"form\":");
        put_text(&self.form, &mut out);
        out.extend_from_slice(b",\"late\":");
        put_number(self.late, &mut out);
        out.extend_from_slice(b",\"manifest_sha256\":");
        put_hex(&self.manifest_sha256, &mut out);
        out.extend_from_slice(b",\"origin\":");
        put_text(self.origin.as_str(), &mut out);
        out.extend_from_slice(b",\"previous\":");
        put_option(self.previous, &mut out, |hash, out| put_hex(&hash, out));
        out.extend_from_slice(b",\"provisional\":");
        put_number(self.provisional, &mut out);
        out.extend_from_slice(b",\"reading\":");
        put_text(self.reading.as_str(), &mut out);
        out.extend_from_slice(b",\"recipient\":");
        put_text(&self.recipient, &mut out);
        out.extend_from_slice(b",\"records\":");
        put_number(self.records, &mut out);
        out.extend_from_slice(b",\"release\":");
        put_number(self.release, &mut out);
        out.extend_from_slice(b",\"sealed_at\":");
        put_instant(self.sealed_at, &mut out)?;
        out.extend_from_slice(b",\"subjects\":{\"count\":");
        put_number(self.subjects.count, &mut out);
        out.extend_from_slice(b",\"index_key\":");
        put_hex(&self.subjects.index_key, &mut out);
        out.extend_from_slice(b",\"root\":");
        put_hex(self.subjects.root.as_bytes(), &mut out);
        out.extend_from_slice(b"},\"use\":");
        put_text(&self.use_id, &mut out);
        out.extend_from_slice(b",\"use_before\":");
        put_instant(self.use_before, &mut out)?;
        out.push(b'}');
        (out.len() <= SEAL_BYTES_MAX).then_some(out)
    }

    /// Reads the document, in its one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Seal, ReleaseError> {
        if bytes.len() > SEAL_BYTES_MAX {
            return Err(ReleaseError::Seal);
        }
        let text = str::from_utf8(bytes).map_err(|_| ReleaseError::Seal)?;
        let seal = Seal::read(&mut Reader::new(text)).ok_or(ReleaseError::Seal)?;
        if seal.to_bytes().as_deref() == Some(bytes) { Ok(seal) } else { Err(ReleaseError::Seal) }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Seal> {
        reader.literal("{\"bezwaar_seal\":1,\"checkpoint\":{\"root\":")?;
        let root = reader.hex()?;
        let checkpoint = SealedCheckpoint { root, size: reader.after(",\"size\":")?.number()? };
        let index = reader.after("},\"extract\":{\"index\":")?.number()?;
        let sha256 = reader.after(",\"sha256\":")?.hex()?;
        let extract = SealedExtract { index, sha256, through: reader.after(",\"through\":")?.instant()? };
        let form = reader.after("},\"form\":")?.text()?.into_owned();
        let late = reader.after(",\"late\":")?.number()?;
        let manifest_sha256 = reader.after(",\"manifest_sha256\":")?.hex()?;
        let origin = Origin::new(&reader.after(",\"origin\":")?.text()?).ok()?;
        let previous = reader.after(",\"previous\":")?.option(Reader::hex)?;
        let provisional = reader.after(",\"provisional\":")?.number()?;
        let word = reader.after(",\"reading\":")?.text()?;
        let reading = Reading::ALL.into_iter().find(|reading| reading.as_str() == word)?;
        let recipient = reader.after(",\"recipient\":")?.text()?.into_owned();
        let records = reader.after(",\"records\":")?.number()?;
        let release = reader.after(",\"release\":")?.number()?;
        let sealed_at = reader.after(",\"sealed_at\":")?.instant()?;
        let count = reader.after(",\"subjects\":{\"count\":")?.number()?;
        let index_key = reader.after(",\"index_key\":")?.hex()?;
        let root = SubjectRoot::from_bytes(reader.after(",\"root\":")?.hex()?);
        let subjects = SealedSubjects { count, root, index_key };
        let use_id = reader.after("},\"use\":")?.text()?.into_owned();
        let use_before = reader.after(",\"use_before\":")?.instant()?;
        reader.literal("}")?;
        reader.end()?;
        Some(Seal {
            release,
            previous,
            origin,
            manifest_sha256,
            use_id,
            recipient,
            reading,
            form,
            extract,
            checkpoint,
            sealed_at,
            use_before,
            records,
            subjects,
            late,
            provisional,
        })
    }

    /// The hash of its entry: SHA-256 of the document. `None` if it has none.
    pub fn hash(&self) -> Option<Hash> {
        document_hash(EntryKind::Seal, &self.to_bytes()?)
    }

    fn note_text(&self) -> Option<String> {
        let hash = hex::encode(&self.hash()?);
        Some(format!("{SEAL_FORMAT}\n{}\nrelease {}\nsha256 {hash}\n", self.origin, self.release))
    }

    /// The note under it, signed with the operator's key.
    pub fn sign(&self, operator: &SigningKey) -> Result<Note, ReleaseError> {
        let text = self.note_text().ok_or(ReleaseError::Seal)?;
        sign_as_operator(&self.origin, text, operator).map_err(ReleaseError::Note)
    }

    /// Checks that an operator of its ledger has signed this very seal.
    pub fn verify(&self, note: &Note, operators: &[VerifierKey]) -> Result<(), ReleaseError> {
        if self.note_text().as_deref() != Some(note.text()) {
            return Err(ReleaseError::Note(SignedError::Text));
        }
        verify_as_operator(&self.origin, note, operators).map_err(ReleaseError::Note)
    }
}
