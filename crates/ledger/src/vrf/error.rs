//! What can be wrong with keys and proofs of pseudonyms.

use std::fmt;

/// Why a key or a proof is refused. It holds nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VrfError {
    /// The secret key is zero. Fatal.
    SecretZero,
    /// The secret key is not below the order of the group. Fatal.
    SecretNotCanonical,
    /// The public key is no point, or not in its one valid form. Fatal.
    PublicKeyPoint,
    /// The public key is the identity. Fatal.
    PublicKeyIdentity,
    /// The proof is not [`PROOF_BYTES`](super::PROOF_BYTES) long. Fatal.
    ProofLength,
    /// The proof's point is none, or not in its one valid form. Fatal.
    ProofPoint,
    /// The proof's scalar is not below the order of the group. Fatal.
    ProofScalar,
    /// A proof, but not for this key and input. Fatal.
    Mismatch,
}

impl fmt::Display for VrfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VrfError::SecretZero => "the secret index key is zero",
            VrfError::SecretNotCanonical => "the secret index key is not a number below the order of the group",
            VrfError::PublicKeyPoint => "the public index key is not a valid point",
            VrfError::PublicKeyIdentity => "the public index key is the identity, for which outputs can be made up",
            VrfError::ProofLength => "the proof of a pseudonym is not 80 bytes long",
            VrfError::ProofPoint => "the proof of a pseudonym begins with an invalid point",
            VrfError::ProofScalar => "the proof of a pseudonym ends with a number not below the order of the group",
            VrfError::Mismatch => "the proof is not one for this account under this index key",
        })
    }
}

impl VrfError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            VrfError::SecretZero | VrfError::SecretNotCanonical => {
                "restore the key from where it was stored; a new one needs 64 random bytes"
            }
            VrfError::PublicKeyPoint | VrfError::PublicKeyIdentity => "take the public index key from its entry in the ledger",
            VrfError::ProofLength | VrfError::ProofPoint | VrfError::ProofScalar => {
                "copy the proof again, whole; if that fails, ask for it anew"
            }
            VrfError::Mismatch => {
                "check the account, its spelling, and which register's key it is; if all are right, do not rely on the proof"
            }
        }
    }
}

impl std::error::Error for VrfError {}
