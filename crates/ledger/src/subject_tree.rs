//! The subjects of a release as a tree in which anyone can check that they are *not*: a binary prefix tree over the
//! indexes of the people its records are filed under. `spec/absence.md` has its bytes.
//!
//! A subject's [`SubjectIndex`] in a release comes from the release's id and the VRF output of their account ([`crate::vrf`]), so it is in a
//! place nobody can guess, and in another one in each release. The top of the tree is split by the first bit of the
//! indexes, its halves by the second, and so on. A part without subjects is *empty*; a part with one subject is a *leaf*,
//! as near to the top as it stands alone. So a list of indexes has exactly one tree, and whoever has the list can build
//! it again.
//!
//! The bits of an index are a path from the top. It ends in the leaf of that index: present; or in an empty part or the
//! leaf of another index that begins with the same bits: absent. For one root and one index no two proofs can say
//! different things, unless SHA-256 has a collision: the hash of a part says whether it is empty, a leaf or split, and
//! what its leaf or its halves are, so that two proofs that start at one root and walk the same bits meet the same parts
//! until the first of them ends, and there so does the other.
//!
//! The hashes and the other index in a proof tell who receives it nothing about anybody: indexes are made from VRF outputs, and
//! without the secret index key, or the person's own output, an index cannot be told from random bytes. They show about how
//! many subjects there are, which the root says anyway.
//!
//! What a proof does not show: that the list is the right one. An operator who leaves a person out of the list has a
//! good tree of the wrong list; only who reads the files again and rebuilds the root sees that.
//!
//! ```
//! use bezwaar_ledger::subject_tree::{Membership, SubjectIndex, SubjectTree};
//! use bezwaar_ledger::vrf::IndexKey;
//!
//! let key = IndexKey::from_random(&[7; 64]).expect("random bytes give a key");
//! let outputs = key.outputs(&["club:handle:noor", "club:handle:daan"]);
//! let tree = SubjectTree::build(outputs.iter().map(|output| SubjectIndex::derive("r-1", output)).collect());
//!
//! let evi = SubjectIndex::derive("r-1", &key.output(b"club:handle:evi"));
//! let proof = tree.prove(&evi);
//! assert_eq!(proof.verify(&tree.root(), tree.len(), &evi), Ok(Membership::Absent));
//! ```

mod proof;
mod root;

use std::fmt;

use sha2::{Digest, Sha256};

pub use proof::{Membership, PROOF_BYTES_MAX, PathEnd, SubjectProof, SubjectProofError};
pub use root::{OutOfOrderError, SubjectRoot, SubjectRootBuilder, subject_root};

use crate::tlog::Hash;
use crate::vrf::VrfOutput;

/// The most times a tree can be split: the bits of an index.
pub const DEPTH_MAX: u16 = 256;

/// Parts of more subjects than this have their hash kept by [`SubjectTree`]. A proof hashes smaller ones anew, which takes some 50 µs; the
/// kept ones take about 2 bytes a subject.
const SUBJECTS_UNKEPT_MAX: usize = 64;

const INDEX_DOMAIN: &[u8] = b"bezwaar subject index v1\0";
const TREE_DOMAIN: &[u8] = b"bezwaar subject tree v1\0";
const LEAF: u8 = 0x01;
const SPLIT: u8 = 0x02;
const TOP: u8 = 0x03;

/// The hash of a part without subjects: SHA-256(domain ‖ 0x00).
pub const EMPTY_HASH: Hash = [
    0x42, 0x49, 0x76, 0xf5, 0x38, 0xc8, 0xe4, 0x09, 0x6d, 0xa2, 0x41, 0x16, 0x49, 0x11, 0xcd, 0x16, 0x9d, 0xb8, 0xf6, 0x2b, 0x9c, 0x93,
    0xce, 0x70, 0xcc, 0x36, 0xc8, 0x63, 0x3b, 0x35, 0xab, 0x76,
];

/// Where a subject stands in a release. Whoever has the person's VRF output can recognise it; `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectIndex([u8; 32]);

impl SubjectIndex {
    /// The index in a release of the person with this VRF output:
    /// SHA-256(`bezwaar subject index v1` ‖ 0x00 ‖ length of the release id as u64be ‖ release id ‖ output).
    pub fn derive(release_id: &str, output: &VrfOutput) -> SubjectIndex {
        let length = release_id.len() as u64;
        let hash = Sha256::new().chain_update(INDEX_DOMAIN).chain_update(length.to_be_bytes()).chain_update(release_id);
        SubjectIndex(hash.chain_update(output.as_bytes()).finalize().into())
    }

    /// The index with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> SubjectIndex {
        SubjectIndex(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bit at a depth, the highest bit of the first byte being that at 0: whether the path goes to the right there.
    fn goes_right(&self, depth: u16) -> bool {
        self.0.get(usize::from(depth / 8)).is_some_and(|byte| byte >> (7 - depth % 8) & 1 == 1)
    }

    /// With how many of the same bits both begin, up to [`DEPTH_MAX`].
    fn shared_bits(&self, other: &SubjectIndex) -> u16 {
        let mut shared = 0;
        for (one, other) in self.0.iter().zip(other.0) {
            let differing = one ^ other;
            shared += differing.leading_zeros() as u16;
            if differing != 0 {
                break;
            }
        }
        shared
    }
}

impl fmt::Debug for SubjectIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectIndex(…)")
    }
}

fn leaf_hash(index: &SubjectIndex) -> Hash {
    Sha256::new().chain_update(TREE_DOMAIN).chain_update([LEAF]).chain_update(index.0).finalize().into()
}

fn split_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(TREE_DOMAIN).chain_update([SPLIT]).chain_update(left).chain_update(right).finalize().into()
}

/// The hash of the part with these subjects.
fn part_hash(part: &[SubjectIndex], depth: u16) -> Hash {
    match part {
        [] => EMPTY_HASH,
        [one] => leaf_hash(one),
        _ => {
            let (left, right) = halves(part, depth);
            split_hash(&part_hash(left, depth + 1), &part_hash(right, depth + 1))
        }
    }
}

/// The halves of a part, by the bit at its depth.
fn halves(part: &[SubjectIndex], depth: u16) -> (&[SubjectIndex], &[SubjectIndex]) {
    part.split_at(part.partition_point(|index| !index.goes_right(depth)))
}

/// The subjects of a release, with what it takes to prove quickly who is among them. It takes about 34 bytes a subject.
///
/// Indexes are assumed to be hashes: those that share hundreds of bits give the same tree, but long proofs and slow ones.
#[derive(Clone)]
pub struct SubjectTree {
    // INVARIANT: strictly rising. So two that are not told apart by 255 bits are told apart by the last, and no path is longer than `DEPTH_MAX`.
    indexes: Vec<SubjectIndex>,
    // INVARIANT: every part of more than `SUBJECTS_UNKEPT_MAX` subjects, strictly rising by place.
    kept: Vec<(Place, Hash)>,
    top: Hash,
}

/// Which part of a tree: where its subjects begin in the list, and its depth. Of two parts the one that is further left, or higher, is smaller.
type Place = (usize, u16);

impl SubjectTree {
    /// The tree of these subjects, in any order; one named many times counts once.
    pub fn build(mut indexes: Vec<SubjectIndex>) -> SubjectTree {
        indexes.sort_unstable();
        indexes.dedup();
        let mut kept = Vec::new();
        let top = keep(&indexes, (0, 0), &mut kept);
        SubjectTree { indexes, kept, top }
    }

    /// What a manifest says of the subjects, together with their [number](SubjectTree::len).
    pub fn root(&self) -> SubjectRoot {
        SubjectRoot::new(self.len(), &self.top)
    }

    /// How many subjects there are.
    pub fn len(&self) -> u64 {
        self.indexes.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.indexes.is_empty()
    }

    /// The subjects, strictly rising.
    pub fn indexes(&self) -> &[SubjectIndex] {
        &self.indexes
    }

    /// Shows whether somebody is among the subjects.
    pub fn prove(&self, index: &SubjectIndex) -> SubjectProof {
        let (mut part, mut first, mut depth) = (self.indexes.as_slice(), 0, 0);
        let mut siblings = Vec::new();
        while part.len() > 1 {
            let (left, right) = halves(part, depth);
            let middle = first + left.len();
            let right_taken = index.goes_right(depth);
            depth += 1;
            if right_taken {
                siblings.push(self.hash_of(left, (first, depth)));
                (part, first) = (right, middle);
            } else {
                siblings.push(self.hash_of(right, (middle, depth)));
                part = left;
            }
        }
        let end = match part.first() {
            None => PathEnd::Empty,
            Some(found) if found == index => PathEnd::Present,
            Some(other) => PathEnd::Other(*other),
        };
        SubjectProof::new(end, siblings)
    }

    fn hash_of(&self, part: &[SubjectIndex], place: Place) -> Hash {
        let kept = self.kept.binary_search_by_key(&place, |(place, _)| *place).ok().filter(|_| part.len() > SUBJECTS_UNKEPT_MAX);
        let kept = kept.and_then(|found| self.kept.get(found));
        kept.map_or_else(|| part_hash(part, place.1), |(_, hash)| *hash)
    }
}

impl fmt::Debug for SubjectTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectTree({} subjects, {})", self.len(), self.root())
    }
}

/// The hash of a part, of which the hashes worth it are kept, from left to right and from the top.
fn keep(part: &[SubjectIndex], place: Place, kept: &mut Vec<(Place, Hash)>) -> Hash {
    let (first, depth) = place;
    if part.len() <= SUBJECTS_UNKEPT_MAX {
        return part_hash(part, depth);
    }
    let own = kept.len();
    kept.push((place, EMPTY_HASH));
    let (left, right) = halves(part, depth);
    let left_hash = keep(left, (first, depth + 1), kept);
    let right_hash = keep(right, (first + left.len(), depth + 1), kept);
    let hash = split_hash(&left_hash, &right_hash);
    if let Some((_, place)) = kept.get_mut(own) {
        *place = hash;
    }
    hash
}
