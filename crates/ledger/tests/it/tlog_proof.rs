//! Inclusion and consistency proofs: others' vectors, properties, mutations, and another implementation.

use base64::Engine;
use bezwaar_ledger::tlog::proof::{
    BuildError, HashSource, INCLUSION_HASHES_MAX, MemoryTree, NodeMissingError, ProofError, consistency_proof, inclusion_proof, root_at,
    verify_consistency, verify_inclusion,
};
use bezwaar_ledger::tlog::{Hash, RootBuilder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::tlog_world::{leaf, tree};

/// A hash of the vectors. Where they have a word in its place ("don't care 1"), a hash of the word; where they have nothing, a hash like no other.
fn vector_hash(value: &serde_json::Value) -> Hash {
    static NOTHING: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
    if bytes.is_empty() {
        return [NOTHING.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32];
    }
    Hash::try_from(bytes.as_slice()).unwrap_or_else(|_| Sha256::digest(&bytes).into())
}

#[test]
fn proofs_of_other_hands_come_out_as_they_say() {
    let (mut good, mut bad) = (0, 0);
    for line in include_str!("../vectors/rfc6962-proofs.jsonl").lines() {
        let vector: serde_json::Value = serde_json::from_str(line).unwrap();
        let case = vector["case"].as_str().unwrap();
        let proof: Vec<Hash> = vector["proof"].as_array().into_iter().flatten().map(vector_hash).collect();
        let number = |field: &str| vector[field].as_u64().unwrap();
        let found = if case.starts_with("inclusion/") {
            verify_inclusion(
                &vector_hash(&vector["leafHash"]),
                number("leafIdx"),
                number("treeSize"),
                &proof,
                &vector_hash(&vector["root"]),
            )
        } else {
            let (old, new) = (vector_hash(&vector["root1"]), vector_hash(&vector["root2"]));
            verify_consistency(number("size1"), number("size2"), &proof, &old, &new)
        };
        if case.starts_with("consistency/") && number("size1") == 0 {
            // Theirs lets one of these pass, from nothing to nothing; here nothing is verified from size 0.
            assert_eq!(found, Err(ProofError::OldSizeZero), "{case}");
            continue;
        }
        assert_eq!(found.is_err(), vector["wantErr"].as_bool().unwrap(), "{case}: {found:?}");
        *(if found.is_ok() { &mut good } else { &mut bad }) += 1;
    }
    assert_eq!((good, bad), (12, 175));
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_is_as_short_as_can_be() {
    let tree = tree(70);
    let mut roots = RootBuilder::new();
    for size in 0..=70_u64 {
        assert_eq!(root_at(&tree, size).unwrap(), roots.root());
        for index in 0..size {
            let proof = inclusion_proof(&tree, index, size).unwrap();
            assert!(1 << proof.len() < 2 * size, "no longer than the tree is high");
            assert_eq!(verify_inclusion(&leaf(index), index, size, &proof, &roots.root()), Ok(()));
        }
        for old in 1..=size {
            let proof = consistency_proof(&tree, old, size).unwrap();
            let old_root = root_at(&tree, old).unwrap();
            assert_eq!(verify_consistency(old, size, &proof, &old_root, &roots.root()), Ok(()), "{old} {size}");
        }
        roots.push_hash(leaf(size));
    }
    assert_eq!(tree.root(), root_at(&tree, 70).unwrap());
}

#[test]
fn each_refusal_has_its_own_reason() {
    let tree = tree(13);
    let root = |size| root_at(&tree, size).unwrap();
    let proof = inclusion_proof(&tree, 4, 13).unwrap();
    let check = |index, size, proof: &[Hash], root: &Hash, reason| {
        assert_eq!(verify_inclusion(&leaf(4), index, size, proof, root), Err(reason));
    };
    check(13, 13, &proof, &root(13), ProofError::IndexOutsideTree { index: 13, size: 13 });
    check(0, 0, &[], &root(0), ProofError::IndexOutsideTree { index: 0, size: 0 });
    check(4, 13, &proof[..3], &root(13), ProofError::TooShort);
    check(4, 13, &[proof.clone(), vec![leaf(1)]].concat(), &root(13), ProofError::TooLong);
    check(5, 13, &proof, &root(13), ProofError::OtherRoot);
    check(4, 13, &proof, &root(12), ProofError::OtherRoot);

    let proof = consistency_proof(&tree, 6, 13).unwrap();
    let check = |old, new, proof: &[Hash], old_root: &Hash, new_root: &Hash, reason| {
        assert_eq!(verify_consistency(old, new, proof, old_root, new_root), Err(reason));
    };
    check(0, 13, &[], &root(0), &root(13), ProofError::OldSizeZero);
    check(0, 0, &[], &root(0), &root(0), ProofError::OldSizeZero);
    check(13, 6, &proof, &root(13), &root(6), ProofError::OldSizeLarger { old_size: 13, new_size: 6 });
    check(6, 6, &proof, &root(6), &root(6), ProofError::EqualSizesWithProof);
    check(6, 6, &[], &root(6), &root(7), ProofError::EqualSizesOtherRoot);
    check(6, 13, &[], &root(6), &root(13), ProofError::TooShort);
    check(6, 13, &proof[..proof.len() - 1], &root(6), &root(13), ProofError::TooShort);
    check(6, 13, &[proof.clone(), vec![leaf(1)]].concat(), &root(6), &root(13), ProofError::TooLong);
    check(6, 13, &proof, &root(7), &root(13), ProofError::OtherOldRoot);
    check(6, 13, &proof, &root(6), &root(12), ProofError::OtherRoot);

    assert_eq!(inclusion_proof(&tree, 13, 13), Err(BuildError::IndexOutsideTree { index: 13, size: 13 }));
    assert_eq!(inclusion_proof(&tree, 3, 14), Err(BuildError::Source(NodeMissingError { level: 1, index: 6 })));
    assert_eq!(consistency_proof(&tree, 0, 13), Err(BuildError::OldSizeZero));
    assert_eq!(consistency_proof(&tree, 13, 12), Err(BuildError::OldSizeLarger { old_size: 13, new_size: 12 }));
}

/// The tree whose leaves, and so whose nodes of one level, are all the same: any size, however large.
struct Monotonous;

impl HashSource for Monotonous {
    type Error = NodeMissingError;

    fn node(&self, level: u8, _: u64) -> Result<Hash, NodeMissingError> {
        Ok((0..level).fold([7; 32], |node, _| bezwaar_ledger::tlog::node_hash(&node, &node)))
    }
}

#[test]
fn the_largest_trees_have_proofs_of_64_hashes_and_no_more() {
    for (index, size) in [(0, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, u64::MAX), (5, (1 << 63) + 1)] {
        let root = root_at(&Monotonous, size).unwrap();
        let proof = inclusion_proof(&Monotonous, index, size).unwrap();
        assert!(proof.len() <= INCLUSION_HASHES_MAX);
        assert_eq!(verify_inclusion(&[7; 32], index, size, &proof, &root), Ok(()));
        let proof = consistency_proof(&Monotonous, index + 1, size).unwrap();
        assert_eq!(verify_consistency(index + 1, size, &proof, &root_at(&Monotonous, index + 1).unwrap(), &root), Ok(()));
    }
    assert_eq!(inclusion_proof(&Monotonous, 0, u64::MAX).unwrap().len(), INCLUSION_HASHES_MAX);
    // Refused, and not a number that does not fit.
    let beyond = ProofError::IndexOutsideTree { index: u64::MAX, size: u64::MAX };
    assert_eq!(verify_inclusion(&[7; 32], u64::MAX, u64::MAX, &[], &[0; 32]), Err(beyond));
    assert_eq!(verify_consistency(u64::MAX - 1, u64::MAX, &[[0; 32]; 65], &[0; 32], &[0; 32]), Err(ProofError::TooLong));
}

/// All proofs that differ from this one in one place.
fn mutations(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..=proof.len() {
        for added in [[0; 32], proof.first().copied().unwrap_or([1; 32])] {
            let mut longer = proof.to_vec();
            longer.insert(at, added);
            all.push(longer);
        }
    }
    for at in 0..proof.len() {
        for bit in 0..8 {
            let mut other = proof.to_vec();
            other[at][bit * 4] ^= 1 << bit;
            all.push(other);
        }
        all.push([&proof[..at], &proof[at + 1..]].concat());
        for other in at + 1..proof.len() {
            let mut swapped = proof.to_vec();
            swapped.swap(at, other);
            all.push(swapped);
        }
    }
    all.retain(|other| other != proof);
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_changed_inclusion_proof_is_refused(size in 1_u64..600, at in any::<prop::sample::Index>(), other in 0_u64..700) {
        let tree = big();
        let index = at.index(size as usize) as u64;
        let root = root_at(tree, size).unwrap();
        let proof = inclusion_proof(tree, index, size).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf(index), index, size, &proof, &root), Ok(()));
        for changed in mutations(&proof) {
            prop_assert!(verify_inclusion(&leaf(index), index, size, &changed, &root).is_err());
        }
        if other != index {
            prop_assert!(verify_inclusion(&leaf(index), other, size, &proof, &root).is_err());
            if leaf(other) != leaf(index) {
                prop_assert!(verify_inclusion(&leaf(other), index, size, &proof, &root).is_err());
            }
        }
        if other != size {
            prop_assert!(verify_inclusion(&leaf(index), index, size, &proof, &root_at(tree, other).unwrap()).is_err());
            // Under the root of its own size, an index and a proof fit other sizes too, where the path is the same: the size comes with the root.
        }
    }

    #[test]
    fn a_changed_consistency_proof_is_refused(new in 1_u64..600, at in any::<prop::sample::Index>(), other in 1_u64..700) {
        let tree = big();
        let old = at.index(new as usize) as u64 + 1;
        let (old_root, new_root) = (root_at(tree, old).unwrap(), root_at(tree, new).unwrap());
        let proof = consistency_proof(tree, old, new).unwrap();
        prop_assert_eq!(verify_consistency(old, new, &proof, &old_root, &new_root), Ok(()));
        for changed in mutations(&proof) {
            prop_assert!(verify_consistency(old, new, &changed, &old_root, &new_root).is_err());
        }
        let other_root = root_at(tree, other).unwrap();
        if other != old {
            prop_assert!(verify_consistency(old, new, &proof, &other_root, &new_root).is_err());
        }
        if other != new {
            prop_assert!(verify_consistency(old, new, &proof, &old_root, &other_root).is_err());
        }
    }

    #[test]
    fn proofs_are_those_of_another_implementation_and_pass_there(size in 1_u64..600, at in any::<prop::sample::Index>()) {
        use tlog_tiles::tlog::{check_record, check_tree, prove_record, prove_tree, tree_hash};
        use tlog_tiles::tlog::Hash as Theirs;
        let tree = big();
        let index = at.index(size as usize) as u64;
        let root = root_at(tree, size).unwrap();
        prop_assert_eq!(tree_hash(size, &TheirReader(tree)).unwrap().0, root);

        let proof = inclusion_proof(tree, index, size).unwrap();
        let theirs = prove_record(size, index, &TheirReader(tree)).unwrap();
        prop_assert_eq!(theirs.iter().map(|hash| hash.0).collect::<Vec<_>>(), proof);
        prop_assert!(check_record(&theirs, size, Theirs(root), index, Theirs(leaf(index))).is_ok());

        let old = index + 1;
        let old_root = root_at(tree, old).unwrap();
        let proof = consistency_proof(tree, old, size).unwrap();
        let theirs = prove_tree(size, old, &TheirReader(tree)).unwrap();
        prop_assert_eq!(theirs.iter().map(|hash| hash.0).collect::<Vec<_>>(), proof);
        prop_assert!(check_tree(&theirs, size, Theirs(root), old, Theirs(old_root)).is_ok());
    }
}

/// 700 leaves, made once.
fn big() -> &'static MemoryTree {
    static BIG: std::sync::LazyLock<MemoryTree> = std::sync::LazyLock::new(|| tree(700));
    &BIG
}

struct TheirReader<'a>(&'a MemoryTree);

impl tlog_tiles::tlog::HashReader for TheirReader<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::tlog::Hash>, tlog_tiles::tlog::Error> {
        let read = |index: &u64| {
            let (level, place) = tlog_tiles::tlog::split_stored_hash_index(*index);
            tlog_tiles::tlog::Hash(self.0.node(level, place).unwrap())
        };
        Ok(indexes.iter().map(read).collect())
    }
}
