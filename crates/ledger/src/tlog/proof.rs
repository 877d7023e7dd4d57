//! Proofs that a tree has a leaf (*inclusion*), and that a larger tree has a smaller one as its beginning (*consistency*).
//!
//! Made as [RFC 6962 §2.1.1 and §2.1.2](https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1) lay down, verified by the step-by-step rules of
//! [RFC 9162 §2.1.3.2 and §2.1.4.2](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2). A proof is a list of hashes, those nearest the leaves first.
//! Verification is strict: a proof with a hash too many or too few is refused even if the hashes that are used come out right.

use std::fmt;

use super::{Hash, RootBuilder, node_hash};

/// The most hashes an inclusion proof can have: those of a tree of more than 2^63 leaves.
pub const INCLUSION_HASHES_MAX: usize = 64;

/// Where the hashes of a tree can be asked for.
pub trait HashSource {
    /// Why a hash could not be had.
    type Error;

    /// The root of the full subtree of 2^`level` leaves that begins at leaf `index` · 2^`level`. Level 0 has the leaf hashes.
    ///
    /// Asked only for subtrees that lie wholly within the tree.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<S: HashSource + ?Sized> HashSource for &S {
    type Error = S::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, S::Error> {
        (**self).node(level, index)
    }
}

/// A whole tree in memory: every hash of every full subtree, about 64 bytes a leaf.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    /// The hashes of full subtrees, by level.
    // INVARIANT: level `n` has one hash for every whole 2^n leaves.
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The tree without leaves.
    pub fn new() -> MemoryTree {
        MemoryTree::default()
    }

    /// Appends a leaf by its [hash](super::leaf_hash).
    pub fn push_hash(&mut self, leaf: Hash) {
        let mut node = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(node);
            match row.as_chunks::<2>() {
                ([.., [left, right]], []) => node = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// The root of the tree as it is now.
    pub fn root(&self) -> Hash {
        // All the hashes of a tree in memory are there, so there is nothing to go wrong.
        root_at(self, self.size()).unwrap_or_default()
    }
}

/// A hash beyond the end of a [`MemoryTree`] was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeMissingError {
    /// The level of the hash.
    pub level: u8,
    /// Its place in the level, from 0.
    pub index: u64,
}

impl fmt::Display for NodeMissingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tree has no hash {} at level {}", self.index, self.level)
    }
}

impl std::error::Error for NodeMissingError {}

impl HashSource for MemoryTree {
    type Error = NodeMissingError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, NodeMissingError> {
        let row = self.levels.get(usize::from(level));
        let found = row.and_then(|row| row.get(usize::try_from(index).ok()?));
        found.copied().ok_or(NodeMissingError { level, index })
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The root over `size` leaves from leaf `start`. `start` is a multiple of a power of two that is no less than `size`, as it is for all subtrees of a tree.
fn subtree<S: HashSource>(source: &S, start: u64, size: u64) -> Result<Hash, S::Error> {
    let mut root = None;
    let mut rest = size;
    while rest > 0 {
        let level = rest.trailing_zeros();
        rest &= rest - 1;
        // `level` is at most 63.
        let node = source.node(level as u8, (start + rest) >> level)?;
        root = Some(match root {
            Some(right) => node_hash(&node, &right),
            None => node,
        });
    }
    Ok(root.unwrap_or_else(|| RootBuilder::new().root()))
}

/// The root of the first `size` leaves.
pub fn root_at<S: HashSource>(source: &S, size: u64) -> Result<Hash, S::Error> {
    subtree(source, 0, size)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves.
pub fn inclusion_proof<S: HashSource>(source: &S, index: u64, size: u64) -> Result<Vec<Hash>, BuildError<S::Error>> {
    if index >= size {
        return Err(BuildError::IndexOutsideTree { index, size });
    }
    let mut proof = Vec::new();
    let (mut start, mut rest) = (0, size);
    while rest > 1 {
        let left = split(rest);
        if index - start < left {
            proof.push(subtree(source, start + left, rest - left)?);
            rest = left;
        } else {
            proof.push(subtree(source, start, left)?);
            start += left;
            rest -= left;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `new_size` leaves begins with that of the first `old_size`.
///
/// That of two equal sizes is empty. From size 0 there is none: every tree begins with the empty one, so a proof of it would show nothing.
pub fn consistency_proof<S: HashSource>(source: &S, old_size: u64, new_size: u64) -> Result<Vec<Hash>, BuildError<S::Error>> {
    if old_size == 0 {
        return Err(BuildError::OldSizeZero);
    }
    if old_size > new_size {
        return Err(BuildError::OldSizeLarger { old_size, new_size });
    }
    let mut proof = Vec::new();
    let (mut start, mut old, mut rest) = (0, old_size, new_size);
    while old != rest {
        let left = split(rest);
        if old <= left {
            proof.push(subtree(source, start + left, rest - left)?);
            rest = left;
        } else {
            proof.push(subtree(source, start, left)?);
            start += left;
            old -= left;
            rest -= left;
        }
    }
    // The old root itself is known to whoever verifies, so it is left out when it is a subtree of the new tree.
    if start > 0 {
        proof.push(subtree(source, start, rest)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the tree of `size` leaves under `root` has, at `index`, the leaf with this hash
/// ([RFC 9162 §2.1.3.2](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2)).
pub fn verify_inclusion(leaf_hash: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexOutsideTree { index, size });
    }
    let mut path = Path { at: index, last: size - 1 };
    let mut hash = *leaf_hash;
    for step in proof {
        hash = if path.is_right()? { node_hash(step, &hash) } else { node_hash(&hash, step) };
        path.rise();
    }
    if path.last != 0 {
        return Err(ProofError::TooShort);
    }
    if hash != *root {
        return Err(ProofError::OtherRoot);
    }
    Ok(())
}

/// Checks that the tree of `new_size` leaves under `new_root` begins with the tree of `old_size` leaves under `old_root`
/// ([RFC 9162 §2.1.4.2](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2)).
///
/// Equal sizes want an empty proof and equal roots. From size 0 nothing can be verified, so it is refused.
pub fn verify_consistency(old_size: u64, new_size: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> Result<(), ProofError> {
    if old_size == 0 {
        return Err(ProofError::OldSizeZero);
    }
    if old_size > new_size {
        return Err(ProofError::OldSizeLarger { old_size, new_size });
    }
    if old_size == new_size {
        if !proof.is_empty() {
            return Err(ProofError::EqualSizesWithProof);
        }
        return if old_root == new_root { Ok(()) } else { Err(ProofError::EqualSizesOtherRoot) };
    }
    // A tree of a power of two is a subtree of the larger one, and the proof begins with its root, which it leaves out.
    let (first, steps) = if old_size.is_power_of_two() { (old_root, proof) } else { proof.split_first().ok_or(ProofError::TooShort)? };
    let mut path = Path { at: old_size - 1, last: new_size - 1 };
    let down = path.at.trailing_ones();
    path = Path { at: path.at.unbounded_shr(down), last: path.last.unbounded_shr(down) };
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if path.is_right()? {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
        } else {
            new = node_hash(&new, step);
        }
        path.rise();
    }
    if path.last != 0 {
        return Err(ProofError::TooShort);
    }
    if old != *old_root {
        return Err(ProofError::OtherOldRoot);
    }
    if new != *new_root {
        return Err(ProofError::OtherRoot);
    }
    Ok(())
}

/// The way up from a node to the root: `fn` and `sn` of RFC 9162.
struct Path {
    /// The node's place in its level.
    at: u64,
    /// The last place in that level.
    last: u64,
}

impl Path {
    /// Whether the next hash stands to the left of this node. There is no next hash at the root.
    fn is_right(&mut self) -> Result<bool, ProofError> {
        if self.last == 0 {
            return Err(ProofError::TooLong);
        }
        if self.at % 2 == 1 {
            return Ok(true);
        }
        if self.at != self.last {
            return Ok(false);
        }
        // The last node of its level, without a right sibling, rises unchanged until it is itself a right one.
        let up = self.at.trailing_zeros();
        *self = Path { at: self.at.unbounded_shr(up), last: self.last.unbounded_shr(up) };
        Ok(true)
    }

    fn rise(&mut self) {
        self.at >>= 1;
        self.last >>= 1;
    }
}

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError<E> {
    /// The tree has no such leaf.
    IndexOutsideTree {
        /// The leaf asked for, from 0.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// A proof from the empty tree, which would show nothing.
    OldSizeZero,
    /// The old tree has more leaves than the new one.
    OldSizeLarger {
        /// Leaves of the old tree.
        old_size: u64,
        /// Leaves of the new tree.
        new_size: u64,
    },
    /// A hash of the tree could not be had.
    Source(E),
}

impl<E> From<E> for BuildError<E> {
    fn from(error: E) -> BuildError<E> {
        BuildError::Source(error)
    }
}

impl<E> fmt::Display for BuildError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::IndexOutsideTree { index, size } => write!(f, "there is no leaf {index} in a tree of {size}"),
            BuildError::OldSizeZero => f.write_str("there is no consistency proof from the empty tree"),
            BuildError::OldSizeLarger { old_size, new_size } => {
                write!(f, "there is no consistency proof from {old_size} leaves to {new_size}: a ledger only grows")
            }
            BuildError::Source(_) => f.write_str("a hash of the tree could not be had"),
        }
    }
}

impl<E> BuildError<E> {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            BuildError::IndexOutsideTree { .. } => "ask for a smaller index, or wait for a checkpoint that covers the leaf",
            BuildError::OldSizeZero => "nothing needs to be proved: every tree begins with the empty one",
            BuildError::OldSizeLarger { .. } => {
                "swap the sizes if they were mixed up; if not, the ledger was rolled back: keep both checkpoints"
            }
            BuildError::Source(_) => "see what the cause says",
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for BuildError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::Source(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a proof is refused. None is worth trying again: the proof, or what it is held against, is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The tree has no leaf with this index.
    IndexOutsideTree {
        /// The index claimed, from 0.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// A consistency proof from the empty tree, which shows nothing.
    OldSizeZero,
    /// The old tree has more leaves than the new one.
    OldSizeLarger {
        /// Leaves of the old tree.
        old_size: u64,
        /// Leaves of the new tree.
        new_size: u64,
    },
    /// Two trees of equal size, and a proof that should be empty.
    EqualSizesWithProof,
    /// Two trees of equal size with different roots: the ledger has forked.
    EqualSizesOtherRoot,
    /// The proof ends below the root.
    TooShort,
    /// The proof goes on after the root.
    TooLong,
    /// The proof leads to another root than that of the tree (for consistency: of the new tree).
    OtherRoot,
    /// The proof leads to another root than that of the old tree.
    OtherOldRoot,
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofError::IndexOutsideTree { index, size } => write!(f, "there is no leaf {index} in a tree of {size}"),
            ProofError::OldSizeZero => f.write_str("consistency from the empty tree shows nothing"),
            ProofError::OldSizeLarger { old_size, new_size } => {
                write!(f, "a tree of {new_size} leaves cannot continue one of {old_size}: a ledger only grows")
            }
            ProofError::EqualSizesWithProof => f.write_str("two trees of equal size need an empty proof, and this one is not"),
            ProofError::EqualSizesOtherRoot => f.write_str("two trees of equal size have different roots"),
            ProofError::TooShort => f.write_str("the proof has too few hashes"),
            ProofError::TooLong => f.write_str("the proof has too many hashes"),
            ProofError::OtherRoot => f.write_str("the proof leads to another root than the tree has"),
            ProofError::OtherOldRoot => f.write_str("the proof leads to another root than the old tree has"),
        }
    }
}

impl ProofError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ProofError::IndexOutsideTree { .. } | ProofError::TooShort | ProofError::TooLong => {
                "check that proof, index and checkpoint belong together, and ask for the proof again"
            }
            ProofError::OldSizeZero | ProofError::EqualSizesWithProof => "leave the proof out: there is nothing to prove",
            ProofError::OldSizeLarger { .. } | ProofError::EqualSizesOtherRoot => {
                "keep both checkpoints: together they show that the ledger was rolled back or forked"
            }
            ProofError::OtherRoot | ProofError::OtherOldRoot => {
                "do not trust what it is meant to prove; if the checkpoints are signed, keep them: they may show that the ledger was changed"
            }
        }
    }
}

impl std::error::Error for ProofError {}
