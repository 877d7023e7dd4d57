//! Merkle tree hashing, against the test vectors of the RFC's reference implementation.

use bezwaar_ledger::tlog::{Hash, RootBuilder, leaf_hash, node_hash};
use sha2::{Digest, Sha256};

/// Leaves and roots of the trees of 1 to 8 leaves, from the reference implementation of RFC 6962.
const VECTORS: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn roots_are_those_of_the_rfc() {
    let mut tree = RootBuilder::new();
    assert_eq!(tree.root().to_vec(), unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    for (leaf, root) in VECTORS {
        tree.push(&unhex(leaf));
        assert_eq!(tree.root().to_vec(), unhex(root), "{} leaves", tree.leaves());
    }
}

/// MTH as RFC 6962 writes it down: split at the largest power of two below the number of leaves.
fn mth(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => leaf_hash(one),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

#[test]
fn one_by_one_is_the_same_as_all_at_once() {
    let leaves: Vec<Vec<u8>> = (0_u32..130).map(|number| number.to_be_bytes().to_vec()).collect();
    let mut tree = RootBuilder::new();
    for (number, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.root(), mth(&leaves[..number]), "{number} leaves");
        tree.push(leaf);
    }
}

/// All source files of the module, by path.
fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap().to_lowercase()));
        }
    }
}

#[test]
fn it_does_not_know_what_it_is_for_nor_where_it_runs() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![("tlog.rs".to_owned(), std::fs::read_to_string(source.join("tlog.rs")).unwrap().to_lowercase())];
    sources(&source.join("tlog"), &mut found);
    assert!(found.len() > 8);
    let product = ["objection", "choice", "extract", "person", "subject", "bezwaar"];
    let world = ["std::fs", "std::net", "std::env", "std::time", "getrandom", "println", "async "];
    for (path, text) in found {
        for word in product.into_iter().chain(world) {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
}
