//! Countersignatures: a recipient or an auditor says what they did with a release, under their own key.

use std::fmt;

use super::{ReleaseError, Seal};
use crate::acceptance::SignedError;
use crate::hex;
use crate::json::NUMBER_MAX;
use crate::subject_tree::SubjectRoot;
use crate::tlog::Hash;
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{KeyName, Note, SigningKey, VerifierKey};

/// The first line of a countersignature.
pub const COUNTERSIGNATURE_FORMAT: &str = "bezwaar-countersignature/1";

/// As what somebody countersigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Who got the release.
    Recipient,
    /// Who checks it, independent of the operator.
    Auditor,
}

impl Role {
    /// The word in the note.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Recipient => "recipient",
            Role::Auditor => "auditor",
        }
    }

    fn lookup(text: &str) -> Option<Role> {
        [Role::Recipient, Role::Auditor].into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is countersigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countersignature {
    /// The name of the ledger.
    pub origin: Origin,
    /// The number of the release.
    pub release: u64,
    /// SHA-256 of its seal.
    pub seal: Hash,
    /// The root over its subjects.
    pub subjects_root: SubjectRoot,
    /// How many subjects there are.
    pub subjects: u64,
    /// Whether the root was rebuilt from the files, and came out the same.
    pub rebuilt: bool,
    /// As what they sign.
    pub role: Role,
}

impl Countersignature {
    /// What a countersignature of this seal says.
    pub fn of(seal: &Seal, rebuilt: bool, role: Role) -> Option<Countersignature> {
        let (origin, release, hash) = (seal.origin.clone(), seal.release, seal.hash()?);
        let (subjects_root, subjects) = (seal.subjects.root, seal.subjects.count);
        Some(Countersignature { origin, release, seal: hash, subjects_root, subjects, rebuilt, role })
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let (seal, root) = (hex::encode(&self.seal), hex::encode(self.subjects_root.as_bytes()));
        let rebuilt = if self.rebuilt { "yes" } else { "no" };
        format!(
            "{COUNTERSIGNATURE_FORMAT}\n{}\nrelease {}\nseal {seal}\nsubjects {root} {}\nrebuilt {rebuilt}\nas {}\n",
            self.origin, self.release, self.subjects, self.role
        )
    }

    /// Reads the text, in its one form.
    pub fn from_text(text: &str) -> Option<Countersignature> {
        let mut lines = text.strip_prefix(COUNTERSIGNATURE_FORMAT)?.strip_prefix('\n')?.lines();
        let origin = Origin::new(lines.next()?).ok()?;
        let release = lines.next()?.strip_prefix("release ")?.parse().ok()?;
        let seal = hex::decode(lines.next()?.strip_prefix("seal ")?)?;
        let (root, subjects) = lines.next()?.strip_prefix("subjects ")?.split_once(' ')?;
        let (subjects_root, subjects) = (SubjectRoot::from_bytes(hex::decode(root)?), subjects.parse().ok()?);
        let rebuilt = lines.next()?.strip_prefix("rebuilt ")? == "yes";
        let role = Role::lookup(lines.next()?.strip_prefix("as ")?)?;
        let read = Countersignature { origin, release, seal, subjects_root, subjects, rebuilt, role };
        let sound = release <= NUMBER_MAX && subjects <= NUMBER_MAX && read.to_text() == text;
        sound.then_some(read)
    }

    /// Signs it with the key of a recipient or auditor.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, ReleaseError> {
        let mut note = Note::new(self.to_text()).map_err(|error| ReleaseError::Countersignature(SignedError::Note(error)))?;
        note.sign(key).map_err(|error| ReleaseError::Countersignature(SignedError::Note(error)))?;
        Ok(note)
    }

    /// What one of these keys has countersigned, and the names of those that did. A key whose name begins with the name of the ledger is the
    /// operator's own, and does not count.
    pub fn verify(note: &Note, keys: &[VerifierKey]) -> Result<(Countersignature, Vec<KeyName>), ReleaseError> {
        let wrong = ReleaseError::Countersignature;
        let read = Countersignature::from_text(note.text()).ok_or(wrong(SignedError::Text))?;
        let verified = note.verify(keys).map_err(|error| wrong(SignedError::Verify(error)))?;
        let others = verified.signatures().iter().map(|signature| signature.key.name().clone());
        let names: Vec<KeyName> = others.filter(|name| !name.as_str().starts_with(read.origin.as_str())).collect();
        if names.is_empty() { Err(ReleaseError::OwnCountersignature) } else { Ok((read, names)) }
    }
}
