//! Proofs of absence: what a person keeps to show that no record of a release is filed under their accounts.

use std::fmt;

use bezwaar_core::account::Account;

use super::countersignature::{Countersignature, Role};
use super::{ReleaseError, Seal};
use crate::entry::EntryKind;
use crate::hex;
use crate::json::{Reader, put_hex, put_list, put_text};
use crate::receipt::{DocumentReceipt, Grade};
use crate::subject_tree::{Membership, SubjectIndex, SubjectProof};
use crate::tlog::note::{KeyName, Note, VerifierKey};
use crate::tlog::policy::TrustPolicy;
use crate::vrf::{IndexPublicKey, VrfProof};

/// The name of the format.
pub const ABSENCE_FORMAT: &str = "bezwaar-absence/1";
/// The most accounts one file can be about.
pub const ABSENCE_ACCOUNTS_MAX: usize = 256;
/// The most countersignatures one file can carry.
const COUNTERSIGNATURES_MAX: usize = 32;
/// The longest file, in bytes.
pub const ABSENCE_BYTES_MAX: usize = 1 << 24;

/// Where an account stands, or would stand, in the tree of a release. Personal data; its `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountProof {
    /// The account.
    pub account: Account,
    /// That its place is the right one.
    pub place: VrfProof,
    /// What is there.
    pub path: SubjectProof,
}

impl fmt::Debug for AccountProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountProof(…)")
    }
}

/// A proof of absence as it is kept. Nothing in it counts before [`AbsenceFile::verify`] has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsenceFile {
    /// The seal of the release.
    pub seal: Seal,
    /// The operator's note under it.
    pub note: Note,
    /// That the seal is on the ledger.
    pub inclusion: DocumentReceipt,
    /// The person's accounts, one or more.
    pub accounts: Vec<AccountProof>,
    /// What others say of the release.
    pub countersignatures: Vec<Note>,
}

/// What the list of subjects rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The operator declares it, irrevocably.
    Declared,
    /// Others have rebuilt it from the files of the release.
    Rebuilt {
        /// Who, and as what.
        by: Vec<(KeyName, Role)>,
    },
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Basis::Declared => f.write_str("the operator declares, irrevocably"),
            Basis::Rebuilt { by } => {
                f.write_str("rebuilt from the files by ")?;
                by.iter().enumerate().try_for_each(|(place, (name, role))| {
                    let before = if place == 0 { "" } else { ", " };
                    write!(f, "{before}{name} ({role})")
                })
            }
        }
    }
}

/// What a proof of absence shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAbsence {
    /// For each account of the file, whether it is among the subjects.
    pub accounts: Vec<(Account, Membership)>,
    /// What the list rests on.
    pub basis: Basis,
    /// How well the seal is attested: recorded or witnessed.
    pub grade: Grade,
    /// The place of the seal on the ledger.
    pub index: u64,
}

impl VerifiedAbsence {
    /// Whether none of the accounts is among the subjects.
    pub fn is_absent(&self) -> bool {
        self.accounts.iter().all(|(_, membership)| *membership == Membership::Absent)
    }
}

impl AbsenceFile {
    /// The file. `None`: it has no account or too many, or its seal has no form.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let counted = (1..=ABSENCE_ACCOUNTS_MAX).contains(&self.accounts.len()) && self.countersignatures.len() <= COUNTERSIGNATURES_MAX;
        if !counted {
            return None;
        }
        let mut out = b"{\"accounts\":".to_vec();
        put_list(&self.accounts, &mut out, |one, out| {
            out.extend_from_slice(b"{\"account\":");
            put_text(one.account.expose_canonical(), out);
            out.extend_from_slice(b",\"path\":");
            put_hex(&one.path.to_bytes(), out);
            out.extend_from_slice(b",\"place\":");
            put_hex(one.place.as_bytes(), out);
            out.push(b'}');
        });
        out.extend_from_slice(b",\"countersignatures\":");
        put_list(&self.countersignatures, &mut out, |note, out| put_text(&note.to_string(), out));
        out.extend_from_slice(b",\"format\":");
        put_text(ABSENCE_FORMAT, &mut out);
        out.extend_from_slice(b",\"inclusion\":");
        put_text(&String::from_utf8(self.inclusion.to_bytes()).ok()?, &mut out);
        out.extend_from_slice(b",\"note\":");
        put_text(&self.note.to_string(), &mut out);
        out.extend_from_slice(b",\"seal\":");
        out.extend_from_slice(&self.seal.to_bytes()?);
        out.push(b'}');
        (out.len() <= ABSENCE_BYTES_MAX).then_some(out)
    }

    /// Reads the file, in its one form. It verifies nothing.
    pub fn from_bytes(bytes: &[u8]) -> Result<AbsenceFile, ReleaseError> {
        if bytes.len() > ABSENCE_BYTES_MAX {
            return Err(ReleaseError::Absence);
        }
        let text = str::from_utf8(bytes).map_err(|_| ReleaseError::Absence)?;
        let file = AbsenceFile::read(&mut Reader::new(text)).ok_or(ReleaseError::Absence)?;
        if file.to_bytes().as_deref() == Some(bytes) { Ok(file) } else { Err(ReleaseError::Absence) }
    }

    fn read(reader: &mut Reader<'_>) -> Option<AbsenceFile> {
        let accounts = reader.after("{\"accounts\":")?.list(|reader| {
            let account = Account::from_canonical(&reader.after("{\"account\":")?.text()?)?;
            let path = SubjectProof::from_bytes(&hex::decode_all(&reader.after(",\"path\":")?.text()?)?).ok()?;
            let place = VrfProof::from_bytes(&hex::decode_all(&reader.after(",\"place\":")?.text()?)?).ok()?;
            reader.literal("}")?;
            Some(AccountProof { account, place, path })
        })?;
        let note = |reader: &mut Reader<'_>| Note::parse(reader.text()?.as_bytes()).ok();
        let countersignatures = reader.after(",\"countersignatures\":")?.list(note)?;
        reader.literal(",\"format\":\"")?;
        reader.literal(ABSENCE_FORMAT)?;
        let inclusion = DocumentReceipt::from_bytes(reader.after("\",\"inclusion\":")?.text()?.as_bytes()).ok()?;
        let note = note(reader.after(",\"note\":")?)?;
        let seal = reader.after(",\"seal\":")?.rest().strip_suffix('}')?;
        let seal = Seal::from_bytes(seal.as_bytes()).ok()?;
        Some(AbsenceFile { seal, note, inclusion, accounts, countersignatures })
    }

    /// Checks everything offline: the seal's note by the operator's keys, its place on the ledger by the policy, the accounts by the index key the
    /// seal names, and countersignatures by the keys of those one takes to be independent of the operator. One by a key that is not
    /// given is passed over.
    ///
    /// That the index key of the seal is the one the ledger states is for who has the ledger: all releases of one register must name the same.
    pub fn verify(
        &self,
        policy: &TrustPolicy,
        operators: &[VerifierKey],
        independent: &[VerifierKey],
    ) -> Result<VerifiedAbsence, ReleaseError> {
        self.seal.verify(&self.note, operators)?;
        let document = self.seal.to_bytes().ok_or(ReleaseError::Seal)?;
        let recorded = self.inclusion.verify(EntryKind::Seal, &document, policy).map_err(ReleaseError::Inclusion)?;
        if recorded.origin != self.seal.origin {
            return Err(ReleaseError::OtherLedger);
        }
        let accounts = self.memberships()?;
        Ok(VerifiedAbsence { accounts, basis: self.basis(independent)?, grade: recorded.grade, index: recorded.index })
    }

    /// Whether each account is among the subjects, under the root of the file's own seal, which nobody has verified here.
    ///
    /// # Errors
    /// [`ReleaseError::Place`] or [`ReleaseError::Path`] if the file does not show it of one of them.
    pub fn memberships(&self) -> Result<Vec<(Account, Membership)>, ReleaseError> {
        let key = IndexPublicKey::from_bytes(&self.seal.subjects.index_key).map_err(ReleaseError::IndexKey)?;
        let release_id = self.seal.release_id();
        let mut accounts = Vec::new();
        for (number, one) in (1..).zip(&self.accounts) {
            let output = key.verify(one.account.expose_canonical().as_bytes(), &one.place);
            let output = output.map_err(|error| ReleaseError::Place { number, error })?;
            let index = SubjectIndex::derive(&release_id, &output);
            let membership = one.path.verify(&self.seal.subjects.root, self.seal.subjects.count, &index);
            accounts.push((one.account.clone(), membership.map_err(|error| ReleaseError::Path { number, error })?));
        }
        Ok(accounts)
    }

    fn basis(&self, independent: &[VerifierKey]) -> Result<Basis, ReleaseError> {
        let mut by = Vec::new();
        for note in &self.countersignatures {
            let known = |key: &VerifierKey| note.signatures().iter().any(|one| one.name() == key.name() && one.id() == key.id());
            if !independent.iter().any(known) {
                continue;
            }
            let (read, names) = Countersignature::verify(note, independent)?;
            if Countersignature::of(&self.seal, read.rebuilt, read.role).as_ref() != Some(&read) {
                return Err(ReleaseError::OtherSeal);
            }
            if read.rebuilt {
                by.extend(names.into_iter().map(|name| (name, read.role)));
            }
        }
        Ok(if by.is_empty() { Basis::Declared } else { Basis::Rebuilt { by } })
    }
}
