//! Who answers for an extract: the operator's signature under its head.

use super::header::ExtractHeader;
use super::{ExtractError, OPERATOR_SUFFIX};
use crate::tlog::note::{Note, NoteSignature, SigningKey, VerifierKey};

/// What goes under the head of a signed extract.
#[derive(Debug)]
pub enum Signer<'a> {
    /// The signature of an operator's key.
    Key(&'a SigningKey),
    /// Signatures that were made before: who makes an extract again to compare it has no key to sign with.
    Signatures(&'a [NoteSignature]),
}

impl Signer<'_> {
    /// The head as a signed note.
    pub(super) fn sign(&self, text: String) -> Result<Note, ExtractError> {
        let mut note = Note::new(text).map_err(ExtractError::Note)?;
        match self {
            Signer::Key(key) => note.sign(key).map_err(ExtractError::Note)?,
            Signer::Signatures(signatures) => {
                if signatures.is_empty() {
                    return Err(ExtractError::Signatures);
                }
                for signature in *signatures {
                    note.add(signature.clone()).map_err(ExtractError::Note)?;
                }
            }
        }
        Ok(note)
    }
}

/// Checks that an operator of the ledger the header names has signed the head.
pub(super) fn verify(header: &ExtractHeader, note: Option<&Note>, operators: &[VerifierKey]) -> Result<(), ExtractError> {
    let (Some(note), Some(checkpoint)) = (note, &header.checkpoint) else { return Err(ExtractError::Unsigned) };
    let verified = note.verify(operators).map_err(ExtractError::Signature)?;
    let name = format!("{}{OPERATOR_SUFFIX}", checkpoint.origin);
    let by_operator = verified.signatures().iter().any(|signature| signature.key.name().as_str() == name);
    if by_operator { Ok(()) } else { Err(ExtractError::OtherOperator) }
}
