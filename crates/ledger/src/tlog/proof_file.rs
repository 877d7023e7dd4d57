//! Proof files: that a ledger has an entry, in one file that can be checked offline ([c2sp.org/tlog-proof](https://c2sp.org/tlog-proof), version 1).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra YWxsIHRoYXQgaXMgbmVlZGVk
//! index 73894
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
//! B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
//!
//! ledger.example/one
//! 109482
//! …
//! ```
//!
//! The **extra** bytes are for whoever made the file and are vouched for by nobody; then the entry's **index**, its inclusion proof, and a whole
//! [checkpoint](super::checkpoint). The file does not have the entry: whoever checks it brings the entry's hash, computed by themselves. Its name ends in `.tlog-proof`.

use std::fmt;

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::note::NOTE_BYTES_MAX;
use super::policy::{PolicyError, TrustPolicy, Trusted};
use super::proof::{INCLUSION_HASHES_MAX, ProofError, verify_inclusion};
use super::{Hash, text};

/// The first line of a proof file.
pub const PROOF_FILE_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most extra bytes a proof file can carry.
pub const EXTRA_BYTES_MAX: usize = 1 << 18;
/// The longest proof file, in bytes, that is read: room for the extra bytes as base64, the proof, and the longest checkpoint.
pub const PROOF_FILE_BYTES_MAX: usize = NOTE_BYTES_MAX + EXTRA_BYTES_MAX / 3 * 4 + 4096;

/// A proof that a ledger has an entry. Nothing in it is verified before [`verify`](Self::verify) has said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    // INVARIANT: at most `EXTRA_BYTES_MAX`.
    extra: Vec<u8>,
    index: u64,
    // INVARIANT: at most `INCLUSION_HASHES_MAX`.
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl ProofFile {
    /// The proof for the entry at `index`, with the hashes of [`inclusion_proof`](super::proof::inclusion_proof) for the checkpoint's size.
    pub fn new(index: u64, hashes: Vec<Hash>, checkpoint: SignedCheckpoint) -> Result<ProofFile, ProofFileError> {
        if hashes.len() > INCLUSION_HASHES_MAX {
            return Err(ProofFileError::TooManyHashes);
        }
        Ok(ProofFile { extra: Vec::new(), index, hashes, checkpoint })
    }

    /// With these extra bytes.
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<ProofFile, ProofFileError> {
        if extra.len() > EXTRA_BYTES_MAX {
            return Err(ProofFileError::ExtraTooLong);
        }
        self.extra = extra;
        Ok(self)
    }

    /// Reads a proof file. It verifies nothing.
    pub fn parse(bytes: &[u8]) -> Result<ProofFile, ProofFileError> {
        if bytes.len() > PROOF_FILE_BYTES_MAX {
            return Err(ProofFileError::TooLong);
        }
        let whole = text::printable(bytes).ok_or(ProofFileError::NotPlainText)?;
        let body = whole.strip_prefix(PROOF_FILE_HEADER).and_then(|rest| rest.strip_prefix('\n')).ok_or(ProofFileError::NotAProofFile)?;
        let (head, checkpoint) = body.split_once("\n\n").ok_or(ProofFileError::NoCheckpoint)?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            // An empty one has another form: no line at all.
            Some(line) => {
                let bytes = line.strip_prefix("extra ").and_then(text::unbase64);
                bytes.filter(|bytes| !bytes.is_empty()).ok_or(ProofFileError::Extra)?
            }
            None => Vec::new(),
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(text::decimal).ok_or(ProofFileError::Index)?;
        let mut hashes = Vec::new();
        for (number, line) in lines.enumerate() {
            if number == INCLUSION_HASHES_MAX {
                return Err(ProofFileError::TooManyHashes);
            }
            hashes.push(text::hash(line).ok_or(ProofFileError::Hash { number: number + 1 })?);
        }
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(ProofFileError::Checkpoint)?;
        ProofFile::new(index, hashes, checkpoint)?.with_extra(extra)
    }

    /// The extra bytes, which nobody vouches for; none if there are none.
    pub fn extra(&self) -> &[u8] {
        &self.extra
    }

    /// The entry's place in the ledger, from 0, as the file claims.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint, unverified.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Checks that the policy believes the checkpoint, and that under it the entry with this hash is at [`index`](Self::index).
    ///
    /// The hash must be computed from what is to be proved, never taken from the file.
    pub fn verify(&self, leaf_hash: &Hash, policy: &TrustPolicy) -> Result<Trusted, ProofFileError> {
        let trusted = policy.check(&self.checkpoint).map_err(ProofFileError::Policy)?;
        let (size, root) = (trusted.checkpoint.size(), trusted.checkpoint.root());
        verify_inclusion(leaf_hash, self.index, size, &self.hashes, &root).map_err(ProofFileError::Proof)?;
        Ok(trusted)
    }
}

/// The file as it is kept and sent.
impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF_FILE_HEADER}")?;
        if !self.extra.is_empty() {
            writeln!(f, "extra {}", text::base64(&self.extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", text::base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why something is not a proof file, or does not prove what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofFileError {
    /// Longer than [`PROOF_FILE_BYTES_MAX`].
    TooLong,
    /// Not UTF-8, or with control characters other than line ends.
    NotPlainText,
    /// Another first line.
    NotAProofFile,
    /// No empty line, after which the checkpoint would stand.
    NoCheckpoint,
    /// The extra bytes are not base64, or none.
    Extra,
    /// More than [`EXTRA_BYTES_MAX`].
    ExtraTooLong,
    /// No index where it should stand.
    Index,
    /// A line of the proof is not a hash.
    Hash {
        /// Which hash, from 1.
        number: usize,
    },
    /// More hashes than [`INCLUSION_HASHES_MAX`].
    TooManyHashes,
    /// What follows the proof is not a checkpoint.
    Checkpoint(CheckpointError),
    /// The policy does not believe the checkpoint.
    Policy(PolicyError),
    /// The checkpoint is believed, but the entry is not proved to be under it.
    Proof(ProofError),
}

impl fmt::Display for ProofFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofFileError::TooLong => write!(f, "the proof file is over {PROOF_FILE_BYTES_MAX} bytes"),
            ProofFileError::NotPlainText => f.write_str("the proof file is not UTF-8 text, or has control characters"),
            ProofFileError::NotAProofFile => write!(f, "this is not a proof file: its first line is not `{PROOF_FILE_HEADER}`"),
            ProofFileError::NoCheckpoint => f.write_str("the proof file has no checkpoint"),
            ProofFileError::Extra => f.write_str("the extra bytes of the proof file cannot be read"),
            ProofFileError::ExtraTooLong => write!(f, "the proof file has more than {EXTRA_BYTES_MAX} extra bytes"),
            ProofFileError::Index => f.write_str("the proof file has no index where it should stand"),
            ProofFileError::Hash { number } => write!(f, "hash {number} of the proof file cannot be read"),
            ProofFileError::TooManyHashes => write!(f, "the proof file has more than {INCLUSION_HASHES_MAX} hashes"),
            ProofFileError::Checkpoint(_) => f.write_str("the checkpoint in the proof file cannot be read"),
            ProofFileError::Policy(_) => f.write_str("the checkpoint in the proof file is not believed"),
            ProofFileError::Proof(_) => f.write_str("the entry is not proved to be in the ledger"),
        }
    }
}

impl ProofFileError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ProofFileError::Policy(error) => error.help(),
            ProofFileError::Proof(_) => {
                "check that this is the proof of this entry; if it is, the ledger does not have the entry at that place, or the proof was changed"
            }
            ProofFileError::ExtraTooLong => "keep what does not fit in a file of its own",
            _ => "get the file again as it was made; it must stay the same byte for byte",
        }
    }
}

impl std::error::Error for ProofFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProofFileError::Checkpoint(error) => Some(error),
            ProofFileError::Policy(error) => Some(error),
            ProofFileError::Proof(error) => Some(error),
            _ => None,
        }
    }
}
