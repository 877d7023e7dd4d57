//! Acceptance notes: the operator's signed word that an act has a place in the ledger, given before the ledger is published.
//!
//! ```text
//! bezwaar-acceptance/1
//! club.example/ledger
//! index 5
//! entry <42 bytes in hexadecimal>
//! received_at 2026-02-01T09:00:00Z
//! published_by 2026-02-01T09:01:00Z
//! ```

use std::fmt;

use bezwaar_core::time::Instant;

use crate::entry::{ENTRY_BYTES, Entry};
use crate::extract::OPERATOR_SUFFIX;
use crate::hex;
use crate::json::{NUMBER_MAX, instant_of, instant_text};
use crate::tlog::checkpoint::Origin;
use crate::tlog::note::{Note, NoteError, SigningKey, VerifierKey, VerifyError};

/// The first line of an acceptance note.
pub const ACCEPTANCE_FORMAT: &str = "bezwaar-acceptance/1";
/// How long after it was recorded an act must be in a published checkpoint, in microseconds.
pub const PUBLISHED_WITHIN_MICROS: i64 = 60_000_000;

/// What an operator says of an act it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The name of the ledger.
    pub origin: Origin,
    /// The place of the entry.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// When the act was received, and so counts in law.
    pub received_at: Instant,
}

impl Acceptance {
    /// By when a checkpoint must be published that has the entry.
    pub fn published_by(&self) -> Instant {
        self.entry.recorded_at.plus_micros(PUBLISHED_WITHIN_MICROS)
    }

    /// The text that is signed. `None`: a number or a moment cannot be written.
    pub fn to_text(&self) -> Option<String> {
        let entry = hex::encode(&self.entry.to_bytes());
        let (received_at, published_by) = (instant_text(self.received_at)?, instant_text(self.published_by())?);
        let (origin, index) = (&self.origin, self.index);
        let text = format!(
            "{ACCEPTANCE_FORMAT}\n{origin}\nindex {index}\nentry {entry}\nreceived_at {received_at}\npublished_by {published_by}\n"
        );
        (self.index <= NUMBER_MAX).then_some(text)
    }

    /// Reads the text, in its one form.
    pub fn from_text(text: &str) -> Option<Acceptance> {
        let mut lines = text.strip_prefix(ACCEPTANCE_FORMAT)?.strip_prefix('\n')?.lines();
        let origin = Origin::new(lines.next()?).ok()?;
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let entry: [u8; ENTRY_BYTES] = hex::decode(lines.next()?.strip_prefix("entry ")?)?;
        let entry = Entry::from_bytes(&entry).ok()?;
        let received_at = instant_of(lines.next()?.strip_prefix("received_at ")?)?;
        let acceptance = Acceptance { origin, index, entry, received_at };
        (acceptance.to_text()? == text).then_some(acceptance)
    }

    /// Signs it with the operator's key, whose name must be that of the ledger with `/operator` after it.
    pub fn sign(&self, operator: &SigningKey) -> Result<Note, SignedError> {
        sign_as_operator(&self.origin, self.to_text().ok_or(SignedError::Text)?, operator)
    }

    /// What an operator of the ledger it names has signed.
    pub fn verify(note: &Note, operators: &[VerifierKey]) -> Result<Acceptance, SignedError> {
        let acceptance = Acceptance::from_text(note.text()).ok_or(SignedError::Text)?;
        verify_as_operator(&acceptance.origin, note, operators)?;
        Ok(acceptance)
    }
}

fn operator_name(origin: &Origin) -> String {
    format!("{origin}{OPERATOR_SUFFIX}")
}

/// A text as a note signed by the operator of a ledger.
pub(crate) fn sign_as_operator(origin: &Origin, text: String, operator: &SigningKey) -> Result<Note, SignedError> {
    if operator.name().as_str() != operator_name(origin) {
        return Err(SignedError::OtherOperator);
    }
    let mut note = Note::new(text).map_err(SignedError::Note)?;
    note.sign(operator).map_err(SignedError::Note)?;
    Ok(note)
}

/// Checks that an operator of a ledger has signed a note.
pub(crate) fn verify_as_operator(origin: &Origin, note: &Note, operators: &[VerifierKey]) -> Result<(), SignedError> {
    let verified = note.verify(operators).map_err(SignedError::Verify)?;
    let name = operator_name(origin);
    let by_operator = verified.signatures().iter().any(|signature| signature.key.name().as_str() == name);
    if by_operator { Ok(()) } else { Err(SignedError::OtherOperator) }
}

/// Why a signed statement of an operator, a recipient or an auditor does not count, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedError {
    /// Its text is not in the one form such statements have.
    Text,
    /// It is no note.
    Note(NoteError),
    /// It is not signed by a key that was given.
    Verify(VerifyError),
    /// The key is not that of the operator of the ledger it names.
    OtherOperator,
}

impl fmt::Display for SignedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignedError::Text => "the signed statement is not in the one form it has",
            SignedError::Note(_) => "the statement is no signed note",
            SignedError::Verify(_) => "the signature under the statement does not count",
            SignedError::OtherOperator => "the key is not that of the operator of the ledger the statement names",
        })
    }
}

impl SignedError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SignedError::Text => "get it again as it was made; it must stay the same byte for byte",
            SignedError::Note(error) => error.help(),
            SignedError::Verify(error) => error.help(),
            SignedError::OtherOperator => "use the operator's key, whose name is that of the ledger with `/operator` after it",
        }
    }
}

impl std::error::Error for SignedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SignedError::Note(error) => Some(error),
            SignedError::Verify(error) => Some(error),
            SignedError::Text | SignedError::OtherOperator => None,
        }
    }
}
