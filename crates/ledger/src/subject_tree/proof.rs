//! The proof that somebody is, or is not, among the subjects of a release.

use std::fmt;

use super::{DEPTH_MAX, EMPTY_HASH, SubjectIndex, SubjectRoot, leaf_hash, split_hash};
use crate::tlog::Hash;

/// The longest proof, in bytes.
pub const PROOF_BYTES_MAX: usize = HEAD_BYTES + 32 + 32 * DEPTH_MAX as usize;

const VERSION: u8 = 1;
/// Version, end and depth.
const HEAD_BYTES: usize = 4;

/// Whether a release has records filed under somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// They are among its subjects.
    Present,
    /// They are not.
    Absent,
}

/// Where the path of an index ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEnd {
    /// In a part without subjects: absent.
    Empty,
    /// In the leaf of the index: present.
    Present,
    /// In the leaf of another index, which begins with the same bits: absent.
    Other(SubjectIndex),
}

/// Shows whether one index is among the subjects a root stands for. It says which only together with that index; `Debug` shows only its shape.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectProof {
    end: PathEnd,
    /// The other halves along the path, from the top.
    // INVARIANT: at most `DEPTH_MAX`.
    siblings: Vec<Hash>,
}

impl SubjectProof {
    pub(super) fn new(end: PathEnd, siblings: Vec<Hash>) -> SubjectProof {
        SubjectProof { end, siblings }
    }

    /// Where it claims that the path ends.
    pub fn end(&self) -> PathEnd {
        self.end
    }

    /// How many times the path turns left or right.
    pub fn depth(&self) -> usize {
        self.siblings.len()
    }

    /// Whether the index is among the subjects that the root and their number stand for.
    ///
    /// `Present` and `Absent` cannot both come out for the same root and index. It holds of a root that is not the one of any list too: what can be
    /// seen along one path of a tree that no list has is refused, the rest when the root is rebuilt.
    ///
    /// # Errors
    /// Whatever is wrong with the proof, or the root, number or index it is held against; see [`SubjectProofError`].
    pub fn verify(&self, root: &SubjectRoot, count: u64, index: &SubjectIndex) -> Result<Membership, SubjectProofError> {
        let (leaf, membership) = match self.end {
            PathEnd::Present => (Some(index), Membership::Present),
            PathEnd::Empty => (None, Membership::Absent),
            PathEnd::Other(ref other) => {
                if other == index {
                    return Err(SubjectProofError::SameIndex);
                }
                if usize::from(other.shared_bits(index)) < self.depth() {
                    return Err(SubjectProofError::OtherPath);
                }
                (Some(other), Membership::Absent)
            }
        };
        self.check_shape(leaf.is_some())?;
        self.check_count(leaf.is_some(), count)?;
        let mut hash = leaf.map_or(EMPTY_HASH, leaf_hash);
        for (depth, sibling) in (0..DEPTH_MAX).zip(&self.siblings).rev() {
            hash = if index.goes_right(depth) { split_hash(sibling, &hash) } else { split_hash(&hash, sibling) };
        }
        if SubjectRoot::new(count, &hash) != *root {
            return Err(SubjectProofError::Root);
        }
        Ok(membership)
    }

    /// A part is split only if it has two subjects, so what is beside an empty part or a leaf is never empty.
    fn check_shape(&self, has_leaf: bool) -> Result<(), SubjectProofError> {
        let split_for_nothing = self.siblings.last() == Some(&EMPTY_HASH);
        // What is beside an empty part has two subjects or more, which no bit would be left to tell apart.
        let too_deep = !has_leaf && self.depth() >= usize::from(DEPTH_MAX);
        if split_for_nothing || too_deep { Err(SubjectProofError::Split) } else { Ok(()) }
    }

    /// The path shows at least so many subjects: its leaf, one in each part beside it, and two in the one beside an empty end.
    fn check_count(&self, has_leaf: bool, count: u64) -> Result<(), SubjectProofError> {
        let beside = self.siblings.iter().filter(|sibling| **sibling != EMPTY_HASH).count();
        let top = self.siblings.is_empty();
        let seen = (beside + usize::from(has_leaf || !top)) as u64;
        let possible = if top { count == seen } else { count >= seen };
        if possible { Ok(()) } else { Err(SubjectProofError::Count) }
    }

    /// Its bytes: version, end and depth (u16be), the other index if that is the end, the other halves from the top.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (end, other) = match &self.end {
            PathEnd::Empty => (0, None),
            PathEnd::Present => (1, None),
            PathEnd::Other(other) => (2, Some(other)),
        };
        let [high, low] = (self.depth() as u16).to_be_bytes();
        let mut bytes = vec![VERSION, end, high, low];
        bytes.extend(other.iter().flat_map(|other| other.as_bytes()));
        bytes.extend(self.siblings.iter().flatten());
        bytes
    }

    /// Reads a proof. What it shows is for [`SubjectProof::verify`] to find.
    ///
    /// # Errors
    /// [`SubjectProofError::Length`], [`Version`](SubjectProofError::Version), [`End`](SubjectProofError::End) or
    /// [`Depth`](SubjectProofError::Depth).
    pub fn from_bytes(bytes: &[u8]) -> Result<SubjectProof, SubjectProofError> {
        let (&[version, end, high, low], rest) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(SubjectProofError::Length)?;
        if version != VERSION {
            return Err(SubjectProofError::Version);
        }
        let depth = u16::from_be_bytes([high, low]);
        if depth > DEPTH_MAX {
            return Err(SubjectProofError::Depth);
        }
        let (end, rest) = match end {
            0 => (PathEnd::Empty, rest),
            1 => (PathEnd::Present, rest),
            2 => {
                let (other, rest) = rest.split_first_chunk().ok_or(SubjectProofError::Length)?;
                (PathEnd::Other(SubjectIndex::from_bytes(*other)), rest)
            }
            _ => return Err(SubjectProofError::End),
        };
        let (siblings, rest) = rest.as_chunks();
        if siblings.len() != usize::from(depth) || !rest.is_empty() {
            return Err(SubjectProofError::Length);
        }
        Ok(SubjectProof::new(end, siblings.to_vec()))
    }
}

impl fmt::Debug for SubjectProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectProof").field("end", &self.end).field("depth", &self.depth()).finish_non_exhaustive()
    }
}

/// Why a proof shows nothing. It holds nothing of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectProofError {
    /// It is cut off, or longer than it says. Fatal.
    Length,
    /// A version this program does not read. Fatal.
    Version,
    /// It ends in none of the three ways. Fatal.
    End,
    /// It says that it is deeper than [`DEPTH_MAX`]. Fatal.
    Depth,
    /// It says absent, and shows the very index as another's. Fatal.
    SameIndex,
    /// It ends in a leaf that does not belong on the path of the index. Fatal.
    OtherPath,
    /// It splits a part that has fewer than two subjects, as no tree of a list does. Fatal.
    Split,
    /// It shows another number of subjects than there are. Fatal.
    Count,
    /// It does not lead to the root. Fatal.
    Root,
}

impl fmt::Display for SubjectProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SubjectProofError::Length => "the proof about a subject is cut off, or has bytes too many",
            SubjectProofError::Version => "the proof about a subject is of a version this program does not read",
            SubjectProofError::End => "the proof about a subject does not say how its path ends",
            SubjectProofError::Depth => "the proof about a subject is deeper than 256 turns",
            SubjectProofError::SameIndex => "the proof says absent, but its path ends in the subject's own leaf",
            SubjectProofError::OtherPath => "the proof ends in a leaf that does not belong on the subject's path",
            SubjectProofError::Split => "the proof shows a tree that is split where no tree of a list of subjects is",
            SubjectProofError::Count => "the proof does not fit the number of subjects of the release",
            SubjectProofError::Root => "the proof does not lead to the subject root of the release",
        })
    }
}

impl SubjectProofError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SubjectProofError::Length | SubjectProofError::End | SubjectProofError::Depth => {
                "copy the proof again, whole; if that fails, ask for it anew"
            }
            SubjectProofError::Version => "use a newer version of the program",
            SubjectProofError::Count | SubjectProofError::Root => {
                "check that proof, account and manifest are of the same release; if they are, do not rely on the proof and show it to an auditor"
            }
            SubjectProofError::SameIndex | SubjectProofError::OtherPath | SubjectProofError::Split => {
                "do not rely on it; keep it, and show it to an auditor with the manifest of the release"
            }
        }
    }
}

impl std::error::Error for SubjectProofError {}
