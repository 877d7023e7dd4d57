//! Merkle tree hashing: [RFC 6962, section 2.1](https://www.rfc-editor.org/rfc/rfc6962#section-2.1) (unchanged in RFC 9162) with SHA-256.

use sha2::{Digest, Sha256};

/// A SHA-256 hash: of a leaf, of an inner node, or of a whole tree.
pub type Hash = [u8; 32];

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// The hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([LEAF]).chain_update(data).finalize().into()
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree whose leaves come one by one, in memory that grows with the logarithm of their number.
#[derive(Clone, Debug, Default)]
pub struct RootBuilder {
    /// The roots of the full subtrees the leaves so far make up, largest first.
    // INVARIANT: one for every 1 in the binary form of `leaves`.
    full: Vec<Hash>,
    leaves: u64,
}

impl RootBuilder {
    /// The tree without leaves.
    pub fn new() -> RootBuilder {
        RootBuilder::default()
    }

    /// Appends a leaf by its data.
    pub fn push(&mut self, data: &[u8]) {
        self.push_hash(leaf_hash(data));
    }

    /// Appends a leaf by its [hash](leaf_hash).
    pub fn push_hash(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.full.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.full.push(node);
        self.leaves += 1;
    }

    /// How many leaves there are.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root of the tree as it is now: MTH of RFC 6962. That of no leaves is the hash of nothing.
    pub fn root(&self) -> Hash {
        let joined = self.full.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| Sha256::digest([]).into())
    }
}
