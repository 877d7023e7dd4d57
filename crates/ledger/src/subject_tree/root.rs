//! The root of a tree of subjects, also from a list too long to hold.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{EMPTY_HASH, SubjectIndex, TOP, TREE_DOMAIN, leaf_hash, split_hash};
use crate::hex;
use crate::tlog::Hash;

/// What a manifest says of the subjects of its release: SHA-256(domain ‖ 0x03 ‖ their number as u64be ‖ hash of the top). `Display` writes it in
/// lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubjectRoot(Hash);

impl SubjectRoot {
    pub(super) fn new(count: u64, top: &Hash) -> SubjectRoot {
        let hash = Sha256::new().chain_update(TREE_DOMAIN).chain_update([TOP]).chain_update(count.to_be_bytes()).chain_update(top);
        SubjectRoot(hash.finalize().into())
    }

    /// The root with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> SubjectRoot {
        SubjectRoot(bytes)
    }

    /// The root that is written so: exactly 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<SubjectRoot> {
        hex::decode(text).map(SubjectRoot)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SubjectRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for SubjectRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectRoot({self})")
    }
}

/// The root of a tree whose subjects come one by one in order, in memory that does not grow with their number.
#[derive(Clone, Default)]
pub struct SubjectRootBuilder {
    // INVARIANT: the left halves beside the path of `last`, by strictly rising depth.
    lefts: Vec<(u16, Hash)>,
    last: Option<Last>,
    count: u64,
}

#[derive(Clone, Copy)]
struct Last {
    index: SubjectIndex,
    /// Where its leaf stands as far as those before it go.
    depth: u16,
}

impl SubjectRootBuilder {
    /// The tree without subjects.
    pub fn new() -> SubjectRootBuilder {
        SubjectRootBuilder::default()
    }

    /// Adds a subject. The same one again counts once.
    ///
    /// # Errors
    /// If it is smaller than the one before; then it was not added.
    pub fn push(&mut self, index: SubjectIndex) -> Result<(), OutOfOrderError> {
        let mut depth = 0;
        if let Some(last) = self.last {
            if last.index == index {
                return Ok(());
            }
            if last.index > index {
                return Err(OutOfOrderError { after: self.count });
            }
            depth = last.index.shared_bits(&index) + 1;
            // What is left of where the two part ways is complete; the last went left there, since it is smaller.
            let left = self.fold(&last, last.depth.max(depth), depth);
            self.lefts.push((depth, left));
        }
        self.last = Some(Last { index, depth });
        self.count += 1;
        Ok(())
    }

    /// The root, and how many subjects there are.
    pub fn finish(mut self) -> (SubjectRoot, u64) {
        let top = match self.last {
            None => EMPTY_HASH,
            Some(last) => self.fold(&last, last.depth, 0),
        };
        (SubjectRoot::new(self.count, &top), self.count)
    }

    /// The hash of the part at a depth on the path of the last subject, whose leaf stands at another depth.
    fn fold(&mut self, last: &Last, leaf_depth: u16, depth: u16) -> Hash {
        let mut hash = leaf_hash(&last.index);
        for depth in (depth..leaf_depth).rev() {
            hash = if last.index.goes_right(depth) {
                let left = self.lefts.pop_if(|(left_depth, _)| *left_depth == depth + 1);
                split_hash(&left.map_or(EMPTY_HASH, |(_, left)| left), &hash)
            } else {
                split_hash(&hash, &EMPTY_HASH)
            };
        }
        hash
    }
}

impl fmt::Debug for SubjectRootBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectRootBuilder({} subjects)", self.count)
    }
}

/// The root of the tree of these subjects, who must be sorted, and how many there are. One who is named many times counts once.
///
/// # Errors
/// If one is smaller than the one before.
pub fn subject_root(sorted: impl IntoIterator<Item = SubjectIndex>) -> Result<(SubjectRoot, u64), OutOfOrderError> {
    let mut builder = SubjectRootBuilder::new();
    sorted.into_iter().try_for_each(|index| builder.push(index))?;
    Ok(builder.finish())
}

/// A list of subjects that must be sorted is not. Fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrderError {
    after: u64,
}

impl OutOfOrderError {
    /// How many different subjects there were before the one out of order.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "sort the subject indexes by their bytes first"
    }
}

impl fmt::Display for OutOfOrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the subject index after the first {} is smaller than the one before it", self.after)
    }
}

impl std::error::Error for OutOfOrderError {}
