//! Witnesses: what a ledger asks of one, what it answers, and what it must keep ([c2sp.org/tlog-witness](https://c2sp.org/tlog-witness), `add-checkpoint`).
//!
//! The request is the size of the tree the witness is thought to have cosigned last, a consistency proof from there, and the new checkpoint:
//!
//! ```text
//! old 20852014
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
//! jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
//!
//! ledger.example/one
//! 20852163
//! …
//! ```
//!
//! What a witness does with it is decided here, by [`Witness::decide`], from what it knew before: nothing is sent and nothing is kept. **Whoever calls it must
//! keep the new [`TreeHead`] durably before the answer leaves, and let no second request for the same ledger in between**; otherwise the witness can
//! be made to cosign two histories.

use std::fmt;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::cosignature::{CosignError, PosixSeconds, cosign};
use super::note::{NOTE_BYTES_MAX, Note, NoteSignature, SignatureType, SigningKey, VerifierKey, VerifyError, parse_signature_lines};
use super::proof::{ProofError, verify_consistency};
use super::{Hash, text};

/// The most hashes a request can carry.
pub const REQUEST_HASHES_MAX: usize = 63;
/// The longest request, in bytes: the longest checkpoint and the longest proof.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;
/// The longest answer, in bytes, that is read.
pub const ANSWER_BYTES_MAX: usize = 1 << 16;
/// The media type of an answer that is the size the witness is at.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";
/// The media type of all other answers.
pub const TEXT_MEDIA_TYPE: &str = "text/plain; charset=utf-8";

/// How large a tree is, and its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// A request for a cosignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    // INVARIANT: at most `REQUEST_HASHES_MAX`.
    proof: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// The request to cosign a checkpoint, with the consistency proof from the tree the witness cosigned last. From size 0 the proof is empty.
    pub fn new(old_size: u64, proof: Vec<Hash>, checkpoint: SignedCheckpoint) -> Result<AddCheckpoint, RequestError> {
        if proof.len() > REQUEST_HASHES_MAX {
            return Err(RequestError::TooManyHashes);
        }
        Ok(AddCheckpoint { old_size, proof, checkpoint })
    }

    /// Reads the body of a request. What cannot be read is to be answered with [`WitnessAnswer::BadRequest`].
    pub fn parse(body: &[u8]) -> Result<AddCheckpoint, RequestError> {
        if body.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::TooLong);
        }
        let whole = text::printable(body).ok_or(RequestError::NotPlainText)?;
        let (head, checkpoint) = whole.split_once("\n\n").ok_or(RequestError::NoCheckpoint)?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(text::decimal).ok_or(RequestError::OldSize)?;
        let mut proof = Vec::new();
        for (number, line) in lines.enumerate() {
            if number == REQUEST_HASHES_MAX {
                return Err(RequestError::TooManyHashes);
            }
            proof.push(text::hash(line).ok_or(RequestError::Hash { number: number + 1 })?);
        }
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(RequestError::Checkpoint)?;
        AddCheckpoint::new(old_size, proof, checkpoint)
    }

    /// The size of the tree the witness is thought to have cosigned last; 0 for none.
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The consistency proof.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint, unverified.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

/// The body of the request.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", text::base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A witness, by its key.
#[derive(Clone, Debug)]
pub struct Witness {
    // INVARIANT: of type `CosignatureV1`.
    key: SigningKey,
}

impl Witness {
    /// The witness with this key, which must be of type [`SignatureType::CosignatureV1`].
    pub fn new(key: SigningKey) -> Result<Witness, CosignError> {
        if key.verifier().signature_type() == SignatureType::CosignatureV1 { Ok(Witness { key }) } else { Err(CosignError::KeyType) }
    }

    /// The public half of its key.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// What to answer to a request, given the tree of this ledger that was cosigned last and the keys of the ledgers the witness follows.
    ///
    /// `known` is what the witness kept for the request's origin; only keys named as that origin are used. It never cosigns a smaller tree than it knows,
    /// nor another one of the same size. Before [`WitnessAnswer::Cosigned`] is sent, its `head` must be kept durably in the place of `known`.
    pub fn decide(
        &self,
        known: Option<TreeHead>,
        request: &AddCheckpoint,
        ledger_keys: &[VerifierKey],
        now: PosixSeconds,
    ) -> WitnessAnswer {
        let unverified = request.checkpoint.unverified();
        let keys: Vec<VerifierKey> =
            ledger_keys.iter().filter(|key| key.name().as_str() == unverified.origin().as_str()).cloned().collect();
        if keys.is_empty() {
            return WitnessAnswer::UnknownLedger;
        }
        if request.checkpoint.note().verify(&keys).is_err() {
            return WitnessAnswer::Forbidden;
        }
        let head = TreeHead { size: unverified.size(), root: unverified.root() };
        if request.old_size > head.size {
            return WitnessAnswer::BadRequest(RequestError::OldSizeLarger);
        }
        let known_size = known.map_or(0, |known| known.size);
        if request.old_size != known_size {
            return WitnessAnswer::Conflict { size: known_size };
        }
        match known.filter(|known| known.size > 0) {
            // Anything continues the empty tree, and there is no proof of it.
            None if !request.proof.is_empty() => return WitnessAnswer::Inconsistent(ProofError::OldSizeZero),
            None => {}
            Some(known) if known.size == head.size && known.root != head.root => return WitnessAnswer::Forked { size: known.size },
            Some(known) => {
                if let Err(error) = verify_consistency(known.size, head.size, &request.proof, &known.root, &head.root) {
                    return WitnessAnswer::Inconsistent(error);
                }
            }
        }
        match cosign(&self.key, &request.checkpoint, now) {
            Ok(cosignature) => WitnessAnswer::Cosigned { head, lines: format!("{cosignature}\n") },
            Err(_) => unreachable!("the constructor takes keys that can cosign only"),
        }
    }
}

/// What a witness answers, each with its HTTP status, media type and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessAnswer {
    /// 200: cosigned.
    Cosigned {
        /// What must be kept durably before the answer is sent.
        head: TreeHead,
        /// The signature lines, which are the body.
        lines: String,
    },
    /// 400: the request cannot be read, or its old size is beyond its checkpoint's.
    BadRequest(RequestError),
    /// 403: no key of the ledger has signed the checkpoint, or a signature of one is wrong.
    Forbidden,
    /// 404: the witness does not follow this ledger.
    UnknownLedger,
    /// 409: the witness is at another size, which is the body.
    Conflict {
        /// The size cosigned last; 0 for none.
        size: u64,
    },
    /// 409 as well: the ledger has signed two trees of one size. Keep the checkpoint: with the one cosigned before, it proves the fork.
    Forked {
        /// The size cosigned last, which is that of the checkpoint.
        size: u64,
    },
    /// 422: the proof does not show that the new tree begins with the old one. Keep the checkpoint: it may prove that the ledger was changed.
    Inconsistent(ProofError),
}

impl WitnessAnswer {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            WitnessAnswer::Cosigned { .. } => 200,
            WitnessAnswer::BadRequest(_) => 400,
            WitnessAnswer::Forbidden => 403,
            WitnessAnswer::UnknownLedger => 404,
            WitnessAnswer::Conflict { .. } | WitnessAnswer::Forked { .. } => 409,
            WitnessAnswer::Inconsistent(_) => 422,
        }
    }

    /// The media type of the body.
    pub fn media_type(&self) -> &'static str {
        match self {
            WitnessAnswer::Conflict { .. } | WitnessAnswer::Forked { .. } => SIZE_MEDIA_TYPE,
            _ => TEXT_MEDIA_TYPE,
        }
    }

    /// The body.
    pub fn body(&self) -> String {
        match self {
            WitnessAnswer::Cosigned { lines, .. } => lines.clone(),
            WitnessAnswer::BadRequest(error) => format!("{error}\n"),
            WitnessAnswer::Forbidden => {
                "the checkpoint is not signed by the ledger it names, as far as this witness knows its keys\n".to_owned()
            }
            WitnessAnswer::UnknownLedger => "this witness does not follow that ledger\n".to_owned(),
            WitnessAnswer::Conflict { size } | WitnessAnswer::Forked { size } => format!("{size}\n"),
            WitnessAnswer::Inconsistent(error) => format!("{error}\n"),
        }
    }
}

/// The size a witness says it is at, from the body of a 409 answer.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    text::decimal(std::str::from_utf8(body).ok()?.strip_suffix('\n')?)
}

/// A cosignature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// The signature line, for [`SignedCheckpoint::add`].
    pub signature: NoteSignature,
    /// The witness's key.
    pub key: VerifierKey,
    /// When the witness cosigned, as it says.
    pub cosigned_at: PosixSeconds,
}

/// Takes from a witness's 200 answer the cosignatures of known witnesses under a checkpoint; those of others are passed over.
///
/// A wrong one of a known witness, or none of any, is an error. Nothing is added to the checkpoint.
pub fn accept_cosignatures(
    body: &[u8],
    checkpoint: &SignedCheckpoint,
    witness_keys: &[VerifierKey],
) -> Result<Vec<Cosignature>, AnswerError> {
    if body.len() > ANSWER_BYTES_MAX {
        return Err(AnswerError::TooLong);
    }
    let lines = text::printable(body).and_then(|lines| parse_signature_lines(lines).ok()).ok_or(AnswerError::NotSignatureLines)?;
    let witness_keys: Vec<VerifierKey> =
        witness_keys.iter().filter(|key| key.signature_type() == SignatureType::CosignatureV1).cloned().collect();
    let mut accepted = Vec::new();
    for signature in lines {
        let alone = Note::new(checkpoint.note().text().to_owned()).and_then(|mut note| note.add(signature.clone()).map(|()| note));
        let alone = alone.map_err(|_| AnswerError::NotSignatureLines)?;
        let verified = match alone.verify(&witness_keys) {
            Err(VerifyError::NoKnownSignature) => continue,
            verified => verified.map_err(AnswerError::Verify)?,
        };
        if let [one] = verified.signatures()
            && let Some(cosigned_at) = one.cosigned_at
        {
            accepted.push(Cosignature { signature, key: one.key.clone(), cosigned_at });
        }
    }
    if accepted.is_empty() { Err(AnswerError::Verify(VerifyError::NoKnownSignature)) } else { Ok(accepted) }
}

/// Why a request cannot be read or made. Each is answered with 400.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Longer than [`REQUEST_BYTES_MAX`].
    TooLong,
    /// Not UTF-8, or with control characters other than line ends.
    NotPlainText,
    /// No empty line, after which the checkpoint would stand.
    NoCheckpoint,
    /// The first line is not `old` and a size.
    OldSize,
    /// A line of the proof is not a hash.
    Hash {
        /// Which hash, from 1.
        number: usize,
    },
    /// More hashes than [`REQUEST_HASHES_MAX`].
    TooManyHashes,
    /// What follows the proof is not a checkpoint.
    Checkpoint(CheckpointError),
    /// The old size is beyond the checkpoint's.
    OldSizeLarger,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestError::TooLong => write!(f, "the request is over {REQUEST_BYTES_MAX} bytes"),
            RequestError::NotPlainText => f.write_str("the request is not UTF-8 text, or has control characters"),
            RequestError::NoCheckpoint => f.write_str("the request has no checkpoint"),
            RequestError::OldSize => f.write_str("the first line of the request is not `old` and a size"),
            RequestError::Hash { number } => write!(f, "hash {number} of the request cannot be read"),
            RequestError::TooManyHashes => write!(f, "the request has more than {REQUEST_HASHES_MAX} hashes"),
            RequestError::Checkpoint(_) => f.write_str("the checkpoint in the request cannot be read"),
            RequestError::OldSizeLarger => f.write_str("the old size is beyond the checkpoint's"),
        }
    }
}

impl RequestError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "send `old SIZE`, the hashes of a consistency proof line by line, an empty line, and the checkpoint as it was signed"
    }
}

impl std::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RequestError::Checkpoint(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a witness's answer is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// Longer than [`ANSWER_BYTES_MAX`].
    TooLong,
    /// Not signature lines.
    NotSignatureLines,
    /// A known witness's cosignature is wrong, or there is none of any.
    Verify(VerifyError),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerError::TooLong => write!(f, "the witness's answer is over {ANSWER_BYTES_MAX} bytes"),
            AnswerError::NotSignatureLines => f.write_str("the witness's answer is not made of signature lines"),
            AnswerError::Verify(_) => f.write_str("the witness's answer has no cosignature to accept"),
        }
    }
}

impl AnswerError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "check the witness's address and key; its operator may have a new one"
    }
}

impl std::error::Error for AnswerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AnswerError::Verify(error) => Some(error),
            _ => None,
        }
    }
}
