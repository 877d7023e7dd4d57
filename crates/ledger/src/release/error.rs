//! What can be wrong with a seal and with what rests on it, in sentences without personal data.

use std::fmt;

use crate::acceptance::SignedError;

/// Why a seal, a countersignature or a proof of absence does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The seal is not in the one form seals have, or contradicts itself.
    Seal,
    /// The note under the seal does not count.
    Note(SignedError),
    /// A countersignature does not count.
    Countersignature(SignedError),
    /// A countersignature is by the operator itself.
    OwnCountersignature,
    /// A countersignature is of another seal.
    OtherSeal,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReleaseError::Seal => "the seal is not in the one form seals have",
            ReleaseError::Note(_) => "the note under the seal does not count",
            ReleaseError::Countersignature(_) => "a countersignature does not count",
            ReleaseError::OwnCountersignature => "a countersignature is by the operator itself",
            ReleaseError::OtherSeal => "a countersignature is of another seal",
        })
    }
}

impl ReleaseError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ReleaseError::Seal => "get the file again as it was made; it must stay the same byte for byte",
            ReleaseError::Note(error) | ReleaseError::Countersignature(error) => error.help(),
            ReleaseError::OtherSeal => "do not rely on it: it was put together from several releases",
            ReleaseError::OwnCountersignature => "have the release rebuilt by somebody independent of the operator",
        }
    }
}

impl std::error::Error for ReleaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReleaseError::Note(error) | ReleaseError::Countersignature(error) => Some(error),
            _ => None,
        }
    }
}
