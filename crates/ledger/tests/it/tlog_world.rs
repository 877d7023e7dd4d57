//! What tests of the ledger's formats share: made-up trees, keys and folders, the same each time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey};
use bezwaar_ledger::tlog::proof::{MemoryTree, root_at};
use bezwaar_ledger::tlog::tile::{TileReader, new_bundles, new_tiles, push_entry};
use bezwaar_ledger::tlog::{Hash, leaf_hash};

pub(crate) const ORIGIN: &str = "ledger.example/one";

/// The entry at an index: of changing length, now and then empty.
pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index};").into_bytes().repeat(index as usize % 4)
}

pub(crate) fn leaf(index: u64) -> Hash {
    leaf_hash(&entry(index))
}

pub(crate) fn tree(size: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    (0..size).for_each(|index| tree.push_hash(leaf(index)));
    tree
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

pub(crate) fn ledger_key() -> SigningKey {
    SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[1; 32])
}

/// The key of witness 0, 1, 2 …
pub(crate) fn witness_key(number: u8) -> SigningKey {
    SigningKey::from_seed(name(&format!("witness.example/w{number}")), SignatureType::CosignatureV1, &[100 + number; 32])
}

pub(crate) fn checkpoint(tree: &MemoryTree, size: u64) -> Checkpoint {
    Checkpoint::new(Origin::new(ORIGIN).unwrap(), size, root_at(tree, size).unwrap()).unwrap()
}

pub(crate) fn signed(tree: &MemoryTree, size: u64) -> SignedCheckpoint {
    SignedCheckpoint::sign(checkpoint(tree, size), &ledger_key()).unwrap()
}

/// A ledger's folder in memory, which counts what is read.
#[derive(Default)]
pub(crate) struct Folder {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) read: RefCell<Vec<String>>,
}

impl Folder {
    /// Writes what growing to a size needs, as it would have been written on the way through the sizes.
    pub(crate) fn grown(sizes: &[u64]) -> Folder {
        let tree = tree(sizes.last().copied().unwrap_or_default());
        let mut folder = Folder::default();
        let mut old = 0;
        for &size in sizes {
            for tile in new_tiles(old, size) {
                folder.files.insert(tile.path(), tile.bytes(&tree).unwrap());
            }
            for bundle in new_bundles(old, size) {
                let mut bytes = Vec::new();
                (0..u64::from(bundle.width())).for_each(|at| push_entry(&mut bytes, &entry(bundle.index() * 256 + at)).unwrap());
                folder.files.insert(bundle.path(), bytes);
            }
            old = size;
        }
        folder
    }
}

impl TileReader for Folder {
    type Error = Infallible;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Infallible> {
        self.read.borrow_mut().push(path.to_owned());
        Ok(self.files.get(path).cloned())
    }
}

/// Every text that differs from this one in one byte: each byte with one bit flipped, left out, doubled, and swapped with the next.
pub(crate) fn one_byte_off(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.to_vec();
            other[at] ^= 1 << bit;
            all.push(other);
        }
        let mut shorter = bytes.to_vec();
        all.push({
            shorter.remove(at);
            shorter
        });
        let mut longer = bytes.to_vec();
        longer.insert(at, bytes[at]);
        all.push(longer);
        if at + 1 < bytes.len() && bytes[at] != bytes[at + 1] {
            let mut swapped = bytes.to_vec();
            swapped.swap(at, at + 1);
            all.push(swapped);
        }
    }
    all
}
