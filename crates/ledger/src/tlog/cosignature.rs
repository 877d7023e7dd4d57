//! Cosignatures: a witness's statement that, at a time, the largest consistent tree it has seen of a ledger is the one of a checkpoint
//! ([c2sp.org/tlog-cosignature](https://c2sp.org/tlog-cosignature), `cosignature/v1`).
//!
//! What is signed (Ed25519) is a line that says so, the time, and the checkpoint's whole text:
//!
//! ```text
//! cosignature/v1
//! time 1679315147
//! ledger.example/one
//! 7
//! ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=
//! ```
//!
//! In the signature line the eight bytes of the time stand before the signature. The ML-DSA-44 form of the specification is not here: keys of that type
//! are refused where they are read, and their signature lines are passed over like those of any unknown key.

use std::fmt;

use super::checkpoint::SignedCheckpoint;
use super::note::{NoteError, NoteSignature, SignatureType, SigningKey, VerifierKey, VerifyError};

/// A POSIX time in whole seconds, as cosignatures carry it: at most 2^63 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PosixSeconds(u64);

impl PosixSeconds {
    /// The latest time a cosignature can carry.
    pub const MAX: PosixSeconds = PosixSeconds(i64::MAX as u64);

    /// The time, if a cosignature can carry it.
    pub fn new(seconds: u64) -> Option<PosixSeconds> {
        let time = PosixSeconds(seconds);
        (time <= PosixSeconds::MAX).then_some(time)
    }

    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    pub fn seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for PosixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes a witness signs.
pub(super) fn message(checkpoint_text: &str, cosigned_at: PosixSeconds) -> String {
    format!("cosignature/v1\ntime {cosigned_at}\n{checkpoint_text}")
}

/// Cosigns a checkpoint with a key of type [`SignatureType::CosignatureV1`].
///
/// Whoever calls it states that this is the largest consistent tree of the ledger they have seen: [`super::witness`] keeps to that.
pub fn cosign(key: &SigningKey, checkpoint: &SignedCheckpoint, cosigned_at: PosixSeconds) -> Result<NoteSignature, CosignError> {
    if key.verifier().signature_type() != SignatureType::CosignatureV1 {
        return Err(CosignError::KeyType);
    }
    let signature = key.sign_bytes(message(checkpoint.note().text(), cosigned_at).as_bytes());
    let bytes = [cosigned_at.seconds().to_be_bytes().as_slice(), &signature].concat();
    Ok(NoteSignature::new(key.verifier(), bytes))
}

/// Verifies one witness's cosignature under a checkpoint and gives its time; of several, the latest.
pub fn verify_cosignature(checkpoint: &SignedCheckpoint, witness: &VerifierKey) -> Result<PosixSeconds, CosignError> {
    if witness.signature_type() != SignatureType::CosignatureV1 {
        return Err(CosignError::KeyType);
    }
    let verified = checkpoint.note().verify(std::slice::from_ref(witness)).map_err(CosignError::Verify)?;
    verified.by(witness).and_then(|signature| signature.cosigned_at).ok_or(CosignError::Verify(VerifyError::NoKnownSignature))
}

/// Why a cosignature cannot be made or is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CosignError {
    /// The key is not one for cosignatures.
    KeyType,
    /// The witness has not signed, or its signature is wrong.
    Verify(VerifyError),
    /// The signature lines cannot be read or added.
    Note(NoteError),
}

impl fmt::Display for CosignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CosignError::KeyType => f.write_str("this key is not one for cosignatures"),
            CosignError::Verify(_) => f.write_str("the cosignature is not believed"),
            CosignError::Note(_) => f.write_str("the cosignatures cannot be read"),
        }
    }
}

impl CosignError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            CosignError::KeyType => "use a key of signature type 4 (cosignature/v1)",
            CosignError::Verify(error) => error.help(),
            CosignError::Note(error) => error.help(),
        }
    }
}

impl std::error::Error for CosignError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CosignError::KeyType => None,
            CosignError::Verify(error) => Some(error),
            CosignError::Note(error) => Some(error),
        }
    }
}
