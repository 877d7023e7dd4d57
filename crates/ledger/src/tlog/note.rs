//! Signed notes: a text, and the signatures of one or more keys under it ([c2sp.org/signed-note](https://c2sp.org/signed-note)).
//!
//! ```text
//! ledger.example/one
//! 7
//! ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=
//!
//! — ledger.example/one x08go4kmUdT…
//! — witness.example/w1 jWbPPwAAAAB…
//! ```
//!
//! The **text** ends in a line end; the last empty line of the note stands between it and the **signatures**. A signature line names its **key** by
//! name and four-byte **id**, and what follows the id is the signature. Signatures of keys one does not know are passed over; that of a
//! key one does know must be right, or the whole note is refused. A note that no known key has signed says nothing at all.

mod key;

use std::fmt;

pub use key::{
    KEY_NAME_BYTES_MAX, KEY_TEXT_BYTES_MAX, KeyError, KeyId, KeyName, SIGNING_KEY_PREFIX, SignatureType, SigningKey, VerifierKey,
};

use super::cosignature::PosixSeconds;
use super::text;

/// The longest note, in bytes, that is read or made.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// The most signatures a note can have. The specification wants at least 16 to be accepted.
pub const SIGNATURES_MAX: usize = 100;

/// What a signature line begins with: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// One signature line: who signed, and the signature. Whether it is right only [`Note::verify`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    id: KeyId,
    /// What follows the key id.
    // INVARIANT: not empty.
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(super) fn new(key: &VerifierKey, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature { name: key.name().clone(), id: key.id(), bytes }
    }

    /// Reads one signature line, without its line end.
    pub fn parse(line: &str) -> Option<NoteSignature> {
        let (name, blob) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
        let blob = text::unbase64(blob)?;
        let (id, bytes) = blob.split_first_chunk()?;
        if bytes.is_empty() {
            return None;
        }
        Some(NoteSignature { name: KeyName::new(name).ok()?, id: KeyId::from_bytes(*id), bytes: bytes.to_vec() })
    }

    /// The name of the key said to have made it.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key said to have made it.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The signature itself, without the key id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The signature line, without its line end.
impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.to_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{SIGNATURE_MARK}{} {}", self.name, text::base64(blob))
    }
}

/// Reads signature lines, each with its line end, and nothing else. None at all is refused too.
pub fn parse_signature_lines(text: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let Some(lines) = text.strip_suffix('\n') else { return Err(NoteError::SignatureLine { number: text.lines().count().max(1) }) };
    let mut signatures = Vec::new();
    for (index, line) in lines.split('\n').enumerate() {
        if index == SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(NoteSignature::parse(line).ok_or(NoteError::SignatureLine { number: index + 1 })?);
    }
    Ok(signatures)
}

/// A text and the signatures under it, none of which is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// INVARIANT: ends in a line end; has no control character but line ends.
    text: String,
    /// INVARIANT: at most [`SIGNATURES_MAX`].
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note nobody has signed yet.
    pub fn new(text: String) -> Result<Note, NoteError> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        if text::printable(text.as_bytes()).is_none() {
            return Err(NoteError::NotPlainText);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::TextWithoutEnd);
        }
        Ok(Note { text, signatures: Vec::new() })
    }

    /// Reads a note that has at least one signature line. It verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<Note, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let whole = text::printable(bytes).ok_or(NoteError::NotPlainText)?;
        let (text, signatures) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        Ok(Note { text: format!("{text}\n"), signatures: parse_signature_lines(signatures)? })
    }

    /// The text, with its last line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, as they stand in the note.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds the signature of a key of type [`SignatureType::Ed25519`]. Cosignatures want a time and a checkpoint: see [`super::cosignature`].
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), NoteError> {
        let signature = key.sign(&self.text).ok_or(NoteError::CosigningKey)?;
        self.add(signature)
    }

    /// Adds a signature line at the end. One that is there already is not added again.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Verifies the signatures of these keys, all that are there. At least one must be.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<VerifiedNote<'_>, VerifyError> {
        let mut verified = Vec::new();
        for signature in &self.signatures {
            let mut known = keys.iter().filter(|key| *key.name() == signature.name && key.id() == signature.id);
            let Some(key) = known.next() else { continue };
            if known.any(|other| other != key) {
                return Err(VerifyError::AmbiguousKey { name: key.name().clone(), id: key.id() });
            }
            let signed_at = key.verify(&self.text, &signature.bytes);
            let signed_at = signed_at.ok_or_else(|| VerifyError::BadSignature { name: key.name().clone(), id: key.id() })?;
            verified.push(VerifiedSignature { key: key.clone(), cosigned_at: signed_at });
        }
        if verified.is_empty() {
            return Err(VerifyError::NoKnownSignature);
        }
        Ok(VerifiedNote { text: &self.text, signatures: verified })
    }
}

/// The note as it is kept and sent.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// A note whose text may be believed to the extent the keys that signed it are.
#[derive(Clone, Debug)]
pub struct VerifiedNote<'note> {
    text: &'note str,
    // INVARIANT: not empty.
    signatures: Vec<VerifiedSignature>,
}

impl VerifiedNote<'_> {
    /// The text, with its last line end.
    pub fn text(&self) -> &str {
        self.text
    }

    /// The signatures that were verified, in the order of the note; never none.
    pub fn signatures(&self) -> &[VerifiedSignature] {
        &self.signatures
    }

    /// The signature of this key. Of several cosignatures, the one with the latest time.
    pub fn by(&self, key: &VerifierKey) -> Option<&VerifiedSignature> {
        self.signatures.iter().filter(|signature| signature.key == *key).max_by_key(|signature| signature.cosigned_at)
    }
}

/// A signature that is right.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    /// The key that made it.
    pub key: VerifierKey,
    /// When it was made, for cosignatures: as the witness says.
    pub cosigned_at: Option<PosixSeconds>,
}

/// Why bytes are not a signed note, or cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than [`NOTE_BYTES_MAX`].
    TooLong,
    /// Not UTF-8, or with control characters other than line ends.
    NotPlainText,
    /// The text does not end in a line end.
    TextWithoutEnd,
    /// No empty line, or nothing after it.
    NoSignatures,
    /// Not a signature line, or one without its line end.
    SignatureLine {
        /// Which of the signature lines, from 1.
        number: usize,
    },
    /// More than [`SIGNATURES_MAX`].
    TooManySignatures,
    /// The key makes cosignatures, which are made with a time and on checkpoints only.
    CosigningKey,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoteError::TooLong => write!(f, "the note is over {NOTE_BYTES_MAX} bytes"),
            NoteError::NotPlainText => f.write_str("the note is not UTF-8 text, or has control characters"),
            NoteError::TextWithoutEnd => f.write_str("the text of the note does not end in a line end"),
            NoteError::NoSignatures => f.write_str("the note has no signatures: no empty line with signature lines after it"),
            NoteError::SignatureLine { number } => write!(f, "line {number} of the note's signatures is not a signature line"),
            NoteError::TooManySignatures => write!(f, "the note has more than {SIGNATURES_MAX} signatures"),
            NoteError::CosigningKey => f.write_str("this key makes cosignatures, which need a time"),
        }
    }
}

impl NoteError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            NoteError::CosigningKey => "use a key of signature type 1 (Ed25519) here",
            NoteError::TextWithoutEnd => "end the text with a line end",
            NoteError::TooManySignatures => "leave out signatures that nobody relies on",
            _ => {
                "get the file again, as it was published: a note must stay byte for byte as it was signed (no other line ends, no byte order mark)"
            }
        }
    }
}

impl std::error::Error for NoteError {}

/// Why a note is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// None of the known keys has signed.
    NoKnownSignature,
    /// A signature line of a known key that this key did not make over this text.
    BadSignature {
        /// The key's name.
        name: KeyName,
        /// The key's id.
        id: KeyId,
    },
    /// Two different known keys have the same name and id, so it cannot be told which is meant.
    AmbiguousKey {
        /// Their name.
        name: KeyName,
        /// Their id.
        id: KeyId,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::NoKnownSignature => f.write_str("the note is not signed by any key that is known here"),
            VerifyError::BadSignature { name, id } => write!(f, "the signature of `{name}` (key {id}) is wrong"),
            VerifyError::AmbiguousKey { name, id } => write!(f, "two known keys have the name `{name}` and the id {id}"),
        }
    }
}

impl VerifyError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            VerifyError::NoKnownSignature => "check that the public key is the one of whoever publishes the note; they may have a new one",
            VerifyError::BadSignature { .. } => {
                "do not use it: it was changed after it was signed, or never signed; get it again from its source"
            }
            VerifyError::AmbiguousKey { .. } => "leave one of the two keys out",
        }
    }
}

impl std::error::Error for VerifyError {}
