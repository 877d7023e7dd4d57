//! What can be wrong with a seal and with what rests on it, in sentences without personal data.

use std::fmt;

use crate::acceptance::SignedError;
use crate::receipt::ReceiptError;
use crate::subject_tree::SubjectProofError;
use crate::vrf::VrfError;

/// Why a seal, a countersignature or a proof of absence does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The seal is not in the one form seals have, or contradicts itself.
    Seal,
    /// The note under the seal does not count.
    Note(SignedError),
    /// The seal is not shown to be on the ledger.
    Inclusion(ReceiptError),
    /// The seal is of another ledger than the one it is shown to be on.
    OtherLedger,
    /// A countersignature does not count.
    Countersignature(SignedError),
    /// A countersignature is by the operator itself.
    OwnCountersignature,
    /// A countersignature is of another seal.
    OtherSeal,
    /// The file is not in the one form proofs of absence have.
    Absence,
    /// The public index key of the seal is none.
    IndexKey(VrfError),
    /// The place of an account is not shown.
    Place {
        /// Which account of the file, from 1.
        number: usize,
        /// What is wrong.
        error: VrfError,
    },
    /// The path of an account does not lead to the root.
    Path {
        /// Which account of the file, from 1.
        number: usize,
        /// What is wrong.
        error: SubjectProofError,
    },
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReleaseError::Seal => "the seal is not in the one form seals have",
            ReleaseError::Note(_) => "the note under the seal does not count",
            ReleaseError::Inclusion(_) => "the seal is not shown to be on the ledger",
            ReleaseError::OtherLedger => "the seal is of another ledger than the one it is shown to be on",
            ReleaseError::Countersignature(_) => "a countersignature does not count",
            ReleaseError::OwnCountersignature => "a countersignature is by the operator itself",
            ReleaseError::OtherSeal => "a countersignature is of another seal",
            ReleaseError::Absence => "this is not a proof of absence in the form such proofs have",
            ReleaseError::IndexKey(_) => "the seal names no usable index key",
            ReleaseError::Place { number, .. } => return write!(f, "the place of account {number} in the release is not shown"),
            ReleaseError::Path { number, .. } => return write!(f, "the path of account {number} does not lead to the release's root"),
        })
    }
}

impl ReleaseError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ReleaseError::Seal | ReleaseError::Absence => "get the file again as it was made; it must stay the same byte for byte",
            ReleaseError::Note(error) | ReleaseError::Countersignature(error) => error.help(),
            ReleaseError::Inclusion(error) => error.help(),
            ReleaseError::OtherLedger | ReleaseError::OtherSeal => "do not rely on it: it was put together from several releases",
            ReleaseError::OwnCountersignature => "have the release rebuilt by somebody independent of the operator",
            ReleaseError::IndexKey(error) | ReleaseError::Place { error, .. } => error.help(),
            ReleaseError::Path { error, .. } => error.help(),
        }
    }
}

impl std::error::Error for ReleaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReleaseError::Note(error) | ReleaseError::Countersignature(error) => Some(error),
            ReleaseError::Inclusion(error) => Some(error),
            ReleaseError::IndexKey(error) | ReleaseError::Place { error, .. } => Some(error),
            ReleaseError::Path { error, .. } => Some(error),
            _ => None,
        }
    }
}
