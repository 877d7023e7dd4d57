//! The tree of a release's subjects, against its definition written down naively, and against operators who cheat.

use std::collections::BTreeSet;

use bezwaar_ledger::subject_tree::{
    DEPTH_MAX, EMPTY_HASH, Membership, PROOF_BYTES_MAX, PathEnd, SubjectIndex, SubjectProof, SubjectProofError, SubjectRoot,
    SubjectRootBuilder, SubjectTree, subject_root,
};
use bezwaar_ledger::vrf::{IndexKey, VrfOutput};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_assert_ne, prop_oneof, proptest};
use sha2::{Digest, Sha256};

type Hash = [u8; 32];

fn sha256(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

fn leaf(index: &SubjectIndex) -> Hash {
    sha256(&[b"bezwaar subject tree v1\0\x01", index.as_bytes()])
}

fn split(left: &Hash, right: &Hash) -> Hash {
    sha256(&[b"bezwaar subject tree v1\0\x02", left, right])
}

fn root_of(count: u64, top: &Hash) -> SubjectRoot {
    SubjectRoot::from_bytes(sha256(&[b"bezwaar subject tree v1\0\x03", &count.to_be_bytes(), top]))
}

fn bit(index: &SubjectIndex, depth: usize) -> u8 {
    index.as_bytes()[depth / 8] >> (7 - depth % 8) & 1
}

/// Those of a part whose index goes on with a bit.
fn half(part: &[SubjectIndex], depth: usize, value: u8) -> Vec<SubjectIndex> {
    part.iter().filter(|index| bit(index, depth) == value).copied().collect()
}

/// The hash of a part, by the rules of `spec/absence.md` as they stand there.
fn naive(part: &[SubjectIndex], depth: usize) -> Hash {
    match part {
        [] => sha256(&[b"bezwaar subject tree v1\0\x00"]),
        [one] => leaf(one),
        _ => split(&naive(&half(part, depth, 0), depth + 1), &naive(&half(part, depth, 1), depth + 1)),
    }
}

fn naive_root(subjects: &BTreeSet<SubjectIndex>) -> SubjectRoot {
    root_of(subjects.len() as u64, &naive(&Vec::from_iter(subjects.iter().copied()), 0))
}

/// The proof about an index, by the same rules.
fn naive_proof(subjects: &BTreeSet<SubjectIndex>, index: &SubjectIndex) -> Vec<u8> {
    let (mut part, mut siblings) = (Vec::from_iter(subjects.iter().copied()), Vec::new());
    while part.len() > 1 {
        let (depth, value) = (siblings.len(), bit(index, siblings.len()));
        siblings.push(naive(&half(&part, depth, 1 - value), depth + 1));
        part = half(&part, depth, value);
    }
    let (end, other) = match part.as_slice() {
        [] => (0, &[][..]),
        [one] if one == index => (1, &[][..]),
        [one, ..] => (2, &one.as_bytes()[..]),
    };
    [&[1, end], &(siblings.len() as u16).to_be_bytes()[..], other, &siblings.concat()].concat()
}

/// Indexes of two kinds: as hashes are, and from so few that they repeat and share many bits.
fn any_index() -> impl Strategy<Value = SubjectIndex> {
    let crowded = (vec(0..2_u8, 32), 0..256_usize).prop_map(|(bytes, bit)| {
        let mut index: Hash = std::array::from_fn(|place| if place == 0 { bytes[0] << 7 } else { 0 });
        index[bit / 8] |= 0x80 >> (bit % 8);
        SubjectIndex::from_bytes(index)
    });
    prop_oneof![3 => any::<Hash>().prop_map(SubjectIndex::from_bytes), 1 => crowded]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn trees_and_proofs_are_as_defined(list in vec(any_index(), 0..40), strangers in vec(any_index(), 1..6)) {
        let subjects: BTreeSet<SubjectIndex> = list.iter().copied().collect();
        let tree = SubjectTree::build(list);
        prop_assert_eq!(tree.len(), subjects.len() as u64);
        prop_assert_eq!(tree.is_empty(), subjects.is_empty());
        prop_assert!(tree.indexes().iter().eq(&subjects));
        prop_assert_eq!(tree.root(), naive_root(&subjects));
        prop_assert_eq!(subject_root(subjects.iter().copied()).unwrap(), (tree.root(), tree.len()));
        for index in subjects.iter().chain(&strangers) {
            let proof = tree.prove(index);
            prop_assert_eq!(proof.to_bytes(), naive_proof(&subjects, index));
            prop_assert_eq!(&SubjectProof::from_bytes(&proof.to_bytes()).unwrap(), &proof);
            let expected = if subjects.contains(index) { Membership::Present } else { Membership::Absent };
            prop_assert_eq!(proof.verify(&tree.root(), tree.len(), index), Ok(expected));
            // A good proof about one index says the right thing, or nothing, about any other.
            for other in subjects.iter().chain(&strangers) {
                let truth = if subjects.contains(other) { Membership::Present } else { Membership::Absent };
                if let Ok(said) = proof.verify(&tree.root(), tree.len(), other) {
                    prop_assert_eq!(said, truth);
                }
            }
        }
    }

    /// Large enough for hashes to be kept: from them and without them the proofs are the same.
    #[test]
    fn large_trees_agree_with_the_root_of_a_sorted_list(seed in any::<u64>(), count in 0..3000_u64) {
        let numbered = |number: u64| SubjectIndex::from_bytes(sha256(&[&seed.to_be_bytes(), &number.to_be_bytes()]));
        let tree = SubjectTree::build((0..count).chain(0..count / 2).map(numbered).collect());
        prop_assert_eq!(subject_root(tree.indexes().iter().copied()).unwrap(), (tree.root(), count));
        for number in (0..count).step_by(97).chain(count..count + 20) {
            let expected = if number < count { Membership::Present } else { Membership::Absent };
            prop_assert_eq!(tree.prove(&numbered(number)).verify(&tree.root(), count, &numbered(number)), Ok(expected));
        }
    }

    /// However a proof is rewritten, it never turns a no into a yes or a yes into a no.
    #[test]
    fn no_rewritten_proof_says_the_opposite(
        list in vec(any_index(), 0..20), index in any_index(), other in any_index(), end in 0..3_u8, cut in 0..4_usize, zero in any::<bool>(),
    ) {
        let subjects: BTreeSet<SubjectIndex> = list.iter().copied().collect();
        let tree = SubjectTree::build(list.clone());
        for index in list.iter().chain([&index]) {
            let bytes = tree.prove(index).to_bytes();
            let mut siblings: Vec<[u8; 32]> = bytes[bytes.len() % 32..].as_chunks().0.to_vec();
            if bytes[1] == 2 {
                siblings.remove(0);
            }
            siblings.truncate(siblings.len() - cut.min(siblings.len()));
            if zero {
                siblings.push(leaf(&other));
            }
            for other in list.iter().chain([&other]) {
                let forged = proof(end, Some(*other).filter(|_| end == 2), &siblings);
                for count in [tree.len(), tree.len() + 1, 0] {
                    if let Ok(said) = forged.verify(&tree.root(), count, index) {
                        prop_assert_eq!(said == Membership::Present, subjects.contains(index));
                        prop_assert_eq!(count, tree.len());
                    }
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_come_back(version in 0..3_u8, end in 0..4_u8, depth in 0..4_u8, rest in vec(any::<u8>(), 0..5), hashes in 0..6_usize) {
        let bytes = [&[version, end, 0, depth][..], &vec![0x33; hashes * 32], &rest[..rest.len().saturating_sub(2)]].concat();
        match SubjectProof::from_bytes(&bytes) {
            Err(_) => prop_assert!(version != 1 || end > 2 || rest.len() > 2 || hashes != usize::from(depth) + usize::from(end == 2)),
            Ok(proof) => {
                prop_assert_eq!(version, 1);
                prop_assert_eq!(proof.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn every_release_has_its_own_indexes(one in "[a-z0-9-]{0,12}", other in "[a-z0-9-]{0,12}", output in vec(any::<u8>(), 64)) {
        let output = VrfOutput::from_bytes(output.try_into().unwrap());
        let expected = sha256(&[b"bezwaar subject index v1\0", &(one.len() as u64).to_be_bytes(), one.as_bytes(), output.as_bytes()]);
        prop_assert_eq!(*SubjectIndex::derive(&one, &output).as_bytes(), expected);
        if one != other {
            prop_assert_ne!(SubjectIndex::derive(&one, &output), SubjectIndex::derive(&other, &output));
        }
    }
}

/// Any tree an operator could hash, whether some list has it or not.
#[derive(Clone, Debug)]
enum Tree {
    Empty,
    Leaf(SubjectIndex),
    Split(Box<[Tree; 2]>),
}

impl Tree {
    fn hash(&self) -> Hash {
        match self {
            Tree::Empty => EMPTY_HASH,
            Tree::Leaf(index) => leaf(index),
            Tree::Split(halves) => split(&halves[0].hash(), &halves[1].hash()),
        }
    }

    /// Every proof that can be cut from the tree about anybody: from each of its parts, whatever the path there.
    fn proofs(&self, siblings: &[Hash], found: &mut Vec<SubjectProof>) {
        let mut ends = vec![(0, None), (1, None)];
        ends.extend(small_indexes().map(|other| (2, Some(other))));
        found.extend(ends.into_iter().map(|(end, other)| proof(end, other, siblings)));
        if let Tree::Split(halves) = self {
            for side in 0..2 {
                halves[side].proofs(&[siblings, &[halves[1 - side].hash()]].concat(), found);
            }
        }
    }
}

fn small_indexes() -> impl Iterator<Item = SubjectIndex> {
    (0..8_u8).map(|number| index(&format!("{number:03b}")))
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let end = prop_oneof![Just(Tree::Empty), (0..8_usize).prop_map(|number| Tree::Leaf(small_indexes().nth(number).unwrap()))];
    end.prop_recursive(4, 16, 2, |half| (half.clone(), half).prop_map(|(left, right)| Tree::Split(Box::new([left, right]))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever tree the operator hashed, and whatever number they gave: of all proofs it allows, no two say different things about one index.
    #[test]
    fn no_root_allows_both(tree in any_tree(), count in 0..9_u64) {
        let mut proofs = Vec::new();
        tree.proofs(&[], &mut proofs);
        let root = root_of(count, &tree.hash());
        for index in small_indexes() {
            let mut said: Vec<Membership> = proofs.iter().filter_map(|proof| proof.verify(&root, count, &index).ok()).collect();
            said.dedup();
            prop_assert!(said.len() <= 1, "{:?}", said);
        }
    }
}

/// A proof from its parts, as anybody can write one.
fn proof(end: u8, other: Option<SubjectIndex>, siblings: &[Hash]) -> SubjectProof {
    let head = [&[1, end], &(siblings.len() as u16).to_be_bytes()[..]].concat();
    let other = other.map_or(Vec::new(), |other| other.as_bytes().to_vec());
    SubjectProof::from_bytes(&[head, other, siblings.concat()].concat()).unwrap()
}

/// An index that begins with some bits, and goes on with zeros.
fn index(beginning: &str) -> SubjectIndex {
    let mut bytes = [0; 32];
    for (place, bit) in beginning.bytes().enumerate() {
        bytes[place / 8] |= (bit - b'0') << (7 - place % 8);
    }
    SubjectIndex::from_bytes(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn nobody() {
    let tree = SubjectTree::build(Vec::new());
    assert_eq!(EMPTY_HASH, sha256(&[b"bezwaar subject tree v1\0\x00"]));
    assert_eq!(tree.root(), root_of(0, &EMPTY_HASH));
    assert_eq!(SubjectRootBuilder::new().finish(), (tree.root(), 0));
    let proof = tree.prove(&index("1"));
    assert_eq!((proof.end(), proof.depth(), proof.to_bytes()), (PathEnd::Empty, 0, vec![1, 0, 0, 0]));
    assert_eq!(proof.verify(&tree.root(), 0, &index("1")), Ok(Membership::Absent));
    assert_eq!(proof.verify(&tree.root(), 1, &index("1")), Err(SubjectProofError::Count));
}

#[test]
fn one_and_the_same_one_again() {
    let tree = SubjectTree::build(vec![index("101"); 3]);
    assert_eq!((tree.len(), tree.root()), (1, root_of(1, &leaf(&index("101")))));
    assert_eq!(subject_root([index("101"); 3]).unwrap(), (tree.root(), 1));
    let (present, absent) = (tree.prove(&index("101")), tree.prove(&index("0")));
    assert_eq!((present.end(), present.depth()), (PathEnd::Present, 0));
    assert_eq!((absent.end(), absent.depth()), (PathEnd::Other(index("101")), 0));
    assert_eq!(present.verify(&tree.root(), 1, &index("101")), Ok(Membership::Present));
    assert_eq!(absent.verify(&tree.root(), 1, &index("0")), Ok(Membership::Absent));
    assert_eq!(present.verify(&tree.root(), 1, &index("0")), Err(SubjectProofError::Root));
    assert_eq!(absent.verify(&tree.root(), 1, &index("101")), Err(SubjectProofError::SameIndex));
    for count in [0, 2] {
        assert_eq!(present.verify(&tree.root(), count, &index("101")), Err(SubjectProofError::Count));
    }
}

#[test]
fn two_that_only_the_last_bit_tells_apart() {
    let (mut even, mut odd) = ([0xa5; 32], [0xa5; 32]);
    (even[31], odd[31]) = (0xa4, 0xa5);
    let (even, odd) = (SubjectIndex::from_bytes(even), SubjectIndex::from_bytes(odd));
    let tree = SubjectTree::build(vec![odd, even]);
    assert_eq!(tree.root(), naive_root(&[even, odd].into()));
    assert_eq!(subject_root([even, odd]).unwrap(), (tree.root(), 2));
    for subject in [even, odd] {
        let proof = tree.prove(&subject);
        assert_eq!((proof.end(), proof.depth()), (PathEnd::Present, usize::from(DEPTH_MAX)));
        assert_eq!(proof.to_bytes().len(), PROOF_BYTES_MAX - 32);
        assert_eq!(proof.verify(&tree.root(), 2, &subject), Ok(Membership::Present));
    }
    let mut near = [0xa5; 32];
    near[31] = 0xa7;
    let near = SubjectIndex::from_bytes(near);
    let proof = tree.prove(&near);
    assert_eq!((proof.end(), proof.depth()), (PathEnd::Empty, 255));
    assert_eq!(proof.verify(&tree.root(), 2, &near), Ok(Membership::Absent));
}

#[test]
fn the_order_of_a_list_does_not_matter_but_to_the_stream() {
    let sorted: Vec<SubjectIndex> = ["0001", "0010", "0111", "100", "1010", "11"].map(index).into();
    let mut turned = sorted.clone();
    turned.reverse();
    turned.extend(&sorted);
    assert_eq!(SubjectTree::build(turned.clone()).root(), SubjectTree::build(sorted).root());
    let error = subject_root(turned).unwrap_err();
    assert_eq!((error.after(), error.to_string().is_empty(), error.help().is_empty()), (1, false, false));
    let mut builder = SubjectRootBuilder::new();
    builder.push(index("01")).unwrap();
    builder.push(index("001")).unwrap_err();
    assert_eq!(builder.finish(), (SubjectTree::build(vec![index("01")]).root(), 1));
}

#[test]
fn every_byte_of_a_proof_counts() {
    let tree = SubjectTree::build(["0001", "0010", "0111", "100", "1010", "11", "1101"].map(index).into());
    let refused = |bytes: &[u8], index: &SubjectIndex| match SubjectProof::from_bytes(bytes) {
        Err(error) => error,
        Ok(proof) => proof.verify(&tree.root(), tree.len(), index).unwrap_err(),
    };
    // Ends: the leaf of the index; another's, which shares all the bits or some more; an empty part.
    for (beginning, end) in [("0010", 1), ("010", 2), ("01001", 2), ("1011", 2), ("0001", 1), ("111", 0)] {
        let subject = index(beginning);
        let good = tree.prove(&subject).to_bytes();
        assert_eq!(good[1], end, "{beginning}");
        let other = if end == 2 { 4..36 } else { 4..4 };
        for (at, flip) in (0..good.len()).flat_map(|at| [0x01, 0x02, 0x80, 0xff].map(|flip| (at, flip))) {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            let error = refused(&bytes, &subject);
            let expected: &[SubjectProofError] = match at {
                0 => &[SubjectProofError::Version],
                1 => &[SubjectProofError::End, SubjectProofError::Length, SubjectProofError::Root],
                2 => &[SubjectProofError::Depth, SubjectProofError::Length],
                3 => &[SubjectProofError::Length],
                _ if other.contains(&at) => &[SubjectProofError::OtherPath, SubjectProofError::SameIndex, SubjectProofError::Root],
                _ => &[SubjectProofError::Root],
            };
            assert!(expected.contains(&error), "{beginning}, byte {at}: {error}");
        }
        for length in 0..good.len() {
            assert_eq!(refused(&good[..length], &subject), SubjectProofError::Length, "{beginning}, {length} bytes");
        }
        assert_eq!(refused(&[&good[..], &[0]].concat(), &subject), SubjectProofError::Length);
        assert_eq!(refused(&[&good[..], &[0; 32]].concat(), &subject), SubjectProofError::Length);
    }
}

#[test]
fn the_root_and_the_number_count() {
    let tree = SubjectTree::build(["0001", "0010", "0111", "100", "1010", "11"].map(index).into());
    let subject = index("0010");
    let proof = tree.prove(&subject);
    for bit in 0..256 {
        let mut root = *tree.root().as_bytes();
        root[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(proof.verify(&SubjectRoot::from_bytes(root), 6, &subject), Err(SubjectProofError::Root));
    }
    // Three turns, each beside somebody: fewer than four subjects are impossible, and any other number is another root's.
    assert_eq!(proof.depth(), 3);
    for count in 0..4 {
        assert_eq!(proof.verify(&tree.root(), count, &subject), Err(SubjectProofError::Count), "{count}");
    }
    for count in [4, 5, 7, u64::MAX] {
        assert_eq!(proof.verify(&tree.root(), count, &subject), Err(SubjectProofError::Root), "{count}");
    }
}

/// A root over trees that no list has, and what can be made of them.
#[test]
fn a_leaf_on_another_path_proves_nothing() {
    // The operator puts the leaf of 1… where 0… belongs, to show 0… that the place is taken.
    let (subject, misplaced) = (index("01"), index("11"));
    let top = split(&leaf(&misplaced), &leaf(&index("10")));
    let absent = proof(2, Some(misplaced), &[leaf(&index("10"))]);
    assert_eq!(absent.verify(&root_of(2, &top), 2, &subject), Err(SubjectProofError::OtherPath));
    // Nor does the misplaced one count as present or absent by it.
    assert_eq!(proof(1, None, &[leaf(&index("10"))]).verify(&root_of(2, &top), 2, &misplaced), Err(SubjectProofError::Root));
    assert_eq!(absent.verify(&root_of(2, &top), 2, &misplaced), Err(SubjectProofError::SameIndex));
    // One bit too few is refused at any depth.
    for depth in 2..=40_usize {
        let subject = index(&"1".repeat(depth));
        let other = index(&"1".repeat(depth - 1));
        let siblings = vec![leaf(&index("0")); depth];
        assert_eq!(proof(2, Some(other), &siblings).verify(&root_of(99, &EMPTY_HASH), 99, &subject), Err(SubjectProofError::OtherPath));
        assert_eq!(proof(2, Some(other), &siblings[1..]).verify(&root_of(99, &EMPTY_HASH), 99, &subject), Err(SubjectProofError::Root));
    }
}

#[test]
fn a_leaf_that_is_not_raised_is_refused() {
    // One subject, under a split with nothing beside it: a second root for the same list.
    let subject = index("0");
    let top = split(&leaf(&subject), &EMPTY_HASH);
    for count in [1, 2] {
        assert_eq!(proof(1, None, &[EMPTY_HASH]).verify(&root_of(count, &top), count, &subject), Err(SubjectProofError::Split));
        let other = proof(2, Some(subject), &[EMPTY_HASH]);
        assert_eq!(other.verify(&root_of(count, &top), count, &index("01")), Err(SubjectProofError::Split));
        // From the empty side the leaf cannot be told from a part of two, except by the number of subjects.
        let seen = proof(0, None, &[leaf(&subject)]).verify(&root_of(count, &top), count, &index("1"));
        assert_eq!(seen, if count == 1 { Err(SubjectProofError::Count) } else { Ok(Membership::Absent) });
    }
    // Two empty halves.
    let top = split(&EMPTY_HASH, &EMPTY_HASH);
    assert_eq!(proof(0, None, &[EMPTY_HASH]).verify(&root_of(0, &top), 0, &subject), Err(SubjectProofError::Split));
    // The true tree of two subjects below a needless split is refused by its number at the latest when it is rebuilt.
    assert_ne!(root_of(1, &split(&leaf(&subject), &EMPTY_HASH)), SubjectTree::build(vec![subject]).root());
}

#[test]
fn one_leaf_in_two_places_is_present_only_on_its_path() {
    // The operator enters 0… under 1… as well, and leaves its own place empty to call it absent.
    let (subject, neighbour) = (index("00"), index("01"));
    let below = split(&EMPTY_HASH, &split(&leaf(&neighbour), &leaf(&index("011"))));
    let top = split(&below, &leaf(&subject));
    let root = root_of(3, &top);
    let siblings = [leaf(&subject), split(&leaf(&neighbour), &leaf(&index("011")))];
    assert_eq!(proof(0, None, &siblings).verify(&root, 3, &subject), Ok(Membership::Absent));
    assert_eq!(proof(1, None, &siblings).verify(&root, 3, &subject), Err(SubjectProofError::Root));
    assert_eq!(proof(1, None, &[below]).verify(&root, 3, &subject), Err(SubjectProofError::Root));
    assert_eq!(proof(1, None, &[leaf(&subject), below]).verify(&root, 3, &subject), Err(SubjectProofError::Root));
}

#[test]
fn hashes_of_one_kind_are_never_of_another() {
    let (left, right) = (leaf(&index("0")), leaf(&index("1")));
    let top = split(&left, &right);
    // The hash of a split passed off as an index, and a leaf's as a split's half, and the top as a root.
    let as_index = SubjectIndex::from_bytes(top);
    assert_eq!(proof(2, Some(as_index), &[]).verify(&root_of(1, &top), 1, &index("0")), Err(SubjectProofError::Root));
    let subject = SubjectIndex::from_bytes(left);
    assert_eq!(proof(1, None, &[right]).verify(&root_of(2, &top), 2, &subject), Err(SubjectProofError::Root));
    let proof = SubjectTree::build(vec![index("0"), index("1")]).prove(&index("0"));
    assert_eq!(proof.verify(&root_of(2, &top), 2, &index("0")), Ok(Membership::Present));
    assert_eq!(proof.verify(&SubjectRoot::from_bytes(top), 2, &index("0")), Err(SubjectProofError::Root));
}

#[test]
fn depth_has_a_limit() {
    let deep = |depth: u16, end: u8| {
        let siblings = vec![0x55; 32 * usize::from(depth)];
        SubjectProof::from_bytes(&[&[1, end], &depth.to_be_bytes()[..], &siblings].concat())
    };
    assert_eq!(deep(DEPTH_MAX, 1).unwrap().depth(), 256);
    for depth in [DEPTH_MAX + 1, u16::MAX] {
        assert_eq!(deep(depth, 1).unwrap_err(), SubjectProofError::Depth);
    }
    let other = [&[1, 2, 1, 0][..], &[0x55; 32 * 257]].concat();
    assert_eq!(other.len(), PROOF_BYTES_MAX);
    assert!(SubjectProof::from_bytes(&other).is_ok());
    // An empty part with nothing left to tell apart what is beside it.
    let (root, subject) = (root_of(999, &EMPTY_HASH), index("0"));
    assert_eq!(deep(256, 0).unwrap().verify(&root, 999, &subject), Err(SubjectProofError::Split));
    assert_eq!(deep(255, 0).unwrap().verify(&root, 999, &subject), Err(SubjectProofError::Root));
}

/// The vectors stand in the specification, and only there.
#[test]
fn vectors_of_the_specification() {
    let specification = include_str!("../../../../spec/absence.md");
    let stands_there = |what: &str, value: &[u8]| {
        let row = format!("| {what} | `{}` |", hex(value));
        assert!(specification.contains(&row), "{row}");
    };
    let key = IndexKey::from_random(&std::array::from_fn(|place| place as u8)).unwrap();
    stands_there("secret key", key.expose_secret_bytes().as_slice());
    stands_there("public key", &key.public_key().to_bytes());
    let derive = |name: &str| SubjectIndex::derive("r-1", &key.output(format!("club:handle:{name}").as_bytes()));
    let (output, vrf_proof) = key.prove(b"club:handle:noor");
    stands_there("VRF output of `club:handle:noor`", output.as_bytes());
    stands_there("VRF proof of it", vrf_proof.as_bytes());
    let names = ["noor", "daan", "evi", "sem"];
    let tree = SubjectTree::build(names.map(derive).into());
    for name in names.into_iter().chain(["mila", "lena"]) {
        stands_there(&format!("index of `{name}`"), derive(name).as_bytes());
    }
    stands_there("*empty*", &EMPTY_HASH);
    stands_there("root of `noor`, `daan`, `evi` and `sem`", tree.root().as_bytes());
    stands_there("root of nobody", SubjectTree::build(Vec::new()).root().as_bytes());
    stands_there("root of `noor` alone", SubjectTree::build(vec![derive("noor")]).root().as_bytes());
    for (name, end, depth, expected) in [
        ("evi", PathEnd::Present, 5, Membership::Present),
        ("mila", PathEnd::Other(derive("daan")), 1, Membership::Absent),
        ("lena", PathEnd::Empty, 4, Membership::Absent),
    ] {
        let proof = tree.prove(&derive(name));
        stands_there(&format!("proof about `{name}`"), &proof.to_bytes());
        assert_eq!((proof.end(), proof.depth()), (end, depth), "{name}");
        assert_eq!(proof.verify(&tree.root(), 4, &derive(name)), Ok(expected), "{name}");
    }
}

#[test]
fn roots_as_text() {
    let root = SubjectTree::build(vec![index("1")]).root();
    assert_eq!(SubjectRoot::parse(&root.to_string()), Some(root));
    let text = root.to_string();
    for wrong in [&text[1..], &format!("{text}0"), &text.to_uppercase(), &format!("{} ", &text[1..])] {
        assert_eq!(SubjectRoot::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn nothing_personal_is_shown() {
    let tree = SubjectTree::build(vec![index("1"), index("01")]);
    assert_eq!(format!("{:?}", tree.prove(&index("11"))), "SubjectProof { end: Other(SubjectIndex(…)), depth: 1, .. }");
    assert_eq!(format!("{tree:?}"), format!("SubjectTree(2 subjects, {})", tree.root()));
    let errors = [
        SubjectProofError::Length,
        SubjectProofError::Version,
        SubjectProofError::End,
        SubjectProofError::Depth,
        SubjectProofError::SameIndex,
        SubjectProofError::OtherPath,
        SubjectProofError::Split,
        SubjectProofError::Count,
        SubjectProofError::Root,
    ];
    let said: BTreeSet<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), errors.len());
    assert!(errors.iter().all(|error| !error.help().is_empty()));
}
