//! The VRF: the vector of its specification, the implementation of other hands, and proofs that must be refused.

use std::num::NonZeroUsize;

use bezwaar_ledger::vrf::{IndexKey, IndexPublicKey, OUTPUT_BYTES, PROOF_BYTES, VrfError, VrfOutput, VrfProof};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use vrf_r255::{Proof, PublicKey, SecretKey};

const SECRET: &str = "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500";
const PUBLIC: &str = "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e";
const ALPHA: &str = "633273702e6f72672f7672662d72323535";
const PROOF: &str = "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea31d5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c";
const OUTPUT: &str =
    "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e18273603bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794";
/// The order of the group, little-endian: the smallest number that is not canonical.
const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

fn key(seed: u8) -> IndexKey {
    IndexKey::from_random(&[seed; 64]).unwrap()
}

#[test]
fn the_vector_of_the_specification() {
    let key = IndexKey::from_bytes(&unhex(SECRET)).unwrap();
    let (public, alpha) = (key.public_key(), unhex::<17>(ALPHA));
    assert_eq!(public.to_bytes(), unhex(PUBLIC));
    let (output, proof) = key.prove(&alpha);
    assert_eq!(*proof.as_bytes(), unhex::<PROOF_BYTES>(PROOF));
    assert_eq!(*output.as_bytes(), unhex::<OUTPUT_BYTES>(OUTPUT));
    assert_eq!(key.output(&alpha), output);
    assert_eq!(key.outputs(&[alpha]), [output]);
    assert_eq!(IndexPublicKey::from_bytes(&unhex(PUBLIC)).unwrap().verify(&alpha, &proof), Ok(output));
    assert_eq!(*key.expose_secret_bytes(), unhex::<32>(SECRET));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What either implementation proves, the other accepts, with the same output, byte for byte.
    #[test]
    fn agrees_with_the_implementation_of_other_hands(random in vec(any::<u8>(), 64), alpha in vec(any::<u8>(), 0..300)) {
        let ours = IndexKey::from_random(&random.try_into().unwrap()).unwrap();
        let theirs = Option::<SecretKey>::from(SecretKey::from_bytes(*ours.expose_secret_bytes())).unwrap();
        let their_public = PublicKey::from_bytes(ours.public_key().to_bytes()).unwrap();
        prop_assert_eq!(PublicKey::from(theirs), their_public);
        let their_proof = theirs.prove(&alpha).to_bytes();
        let (output, proof) = ours.prove(&alpha);
        prop_assert_eq!(*proof.as_bytes(), their_proof);
        let their_output = Option::<[u8; 64]>::from(their_public.verify(&alpha, &Proof::from_bytes(*proof.as_bytes()).unwrap()));
        prop_assert_eq!(their_output, Some(*output.as_bytes()));
        prop_assert_eq!(ours.public_key().verify(&alpha, &VrfProof::from_bytes(&their_proof).unwrap()), Ok(output));
    }

    /// Whatever bytes come as a proof, the two refuse or accept them alike.
    #[test]
    fn refuses_what_the_implementation_of_other_hands_refuses(place in 0..PROOF_BYTES, flip in 1..=255_u8, alpha in vec(any::<u8>(), 0..40)) {
        let ours = key(3);
        let mut bytes = *ours.prove(&alpha).1.as_bytes();
        bytes[place] ^= flip;
        let theirs = PublicKey::from_bytes(ours.public_key().to_bytes()).unwrap();
        let their_output = Proof::from_bytes(bytes).and_then(|proof| Option::<[u8; 64]>::from(theirs.verify(&alpha, &proof)));
        let output = ours.public_key().verify(&alpha, &VrfProof::from_bytes(&bytes).unwrap()).ok().map(|output| *output.as_bytes());
        prop_assert_eq!(output, their_output);
        prop_assert_eq!(output, None);
    }
}

#[test]
fn batches_give_what_single_ones_give() {
    let key = key(9);
    // Around the size of a batch and of what a thread takes at once.
    for count in [0, 1, 2, 127, 128, 129, 2048, 2049, 4100] {
        let alphas: Vec<Vec<u8>> = (0..count as u32).map(|number| number.to_be_bytes()[(number % 4) as usize..].to_vec()).collect();
        let single: Vec<VrfOutput> = alphas.iter().map(|alpha| key.output(alpha)).collect();
        assert_eq!(key.outputs(&alphas), single, "{count}");
        for threads in [1, 2, 3, 64] {
            assert_eq!(key.outputs_parallel(&alphas, NonZeroUsize::new(threads).unwrap()), single, "{count} by {threads}");
        }
    }
}

#[test]
fn every_bit_of_a_proof_counts() {
    let (key, alpha) = (key(5), b"club:handle:noor");
    let (_, proof) = key.prove(alpha);
    let mut seen = Vec::new();
    for bit in 0..PROOF_BYTES * 8 {
        let mut bytes = *proof.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = key.public_key().verify(alpha, &VrfProof::from_bytes(&bytes).unwrap()).unwrap_err();
        match bit / 8 {
            0..32 => assert!(matches!(error, VrfError::ProofPoint | VrfError::Mismatch), "bit {bit}: {error}"),
            32..48 => assert_eq!(error, VrfError::Mismatch, "bit {bit}"),
            _ => assert!(matches!(error, VrfError::ProofScalar | VrfError::Mismatch), "bit {bit}: {error}"),
        }
        seen.push(error);
    }
    for error in [VrfError::ProofPoint, VrfError::ProofScalar, VrfError::Mismatch] {
        assert!(seen.contains(&error), "{error}");
    }
}

#[test]
fn a_proof_is_for_one_key_and_one_input() {
    let (ours, other) = (key(5), key(6));
    let (output, proof) = ours.prove(b"club:handle:noor");
    assert_eq!(ours.public_key().verify(b"club:handle:noor", &proof), Ok(output));
    assert_eq!(other.public_key().verify(b"club:handle:noor", &proof), Err(VrfError::Mismatch));
    for alpha in ["", "club:handle:noo", "club:handle:noorr", "club:handle:Noor", "club:handle:noor\0"] {
        assert_eq!(ours.public_key().verify(alpha.as_bytes(), &proof), Err(VrfError::Mismatch), "{alpha:?}");
        assert_ne!(ours.output(alpha.as_bytes()), output);
    }
    assert_ne!(other.output(b"club:handle:noor"), output);
}

#[test]
fn parts_of_a_proof_that_are_not_canonical() {
    let (key, alpha) = (key(5), b"a");
    let public = key.public_key();
    let (_, proof) = key.prove(alpha);
    let with = |place: usize, part: &[u8]| {
        let mut bytes = *proof.as_bytes();
        bytes[place..place + part.len()].copy_from_slice(part);
        public.verify(alpha, &VrfProof::from_bytes(&bytes).unwrap())
    };
    assert_eq!(with(48, &unhex::<32>(ORDER)), Err(VrfError::ProofScalar));
    assert_eq!(with(48, &[0xff; 32]), Err(VrfError::ProofScalar));
    // The very scalar of the proof, plus the order: equal modulo the order, and yet not the same bytes.
    let mut carry = 0;
    let more: Vec<u8> = proof.as_bytes()[48..]
        .iter()
        .zip(unhex::<32>(ORDER))
        .map(|(one, other)| {
            let sum = u16::from(*one) + u16::from(other) + carry;
            carry = sum >> 8;
            sum as u8
        })
        .collect();
    assert_eq!(with(48, &more), Err(VrfError::ProofScalar));
    for part in NOT_POINTS {
        assert_eq!(with(0, &unhex::<32>(part)), Err(VrfError::ProofPoint), "{part}");
    }
    assert_eq!(with(0, &[0; 32]), Err(VrfError::Mismatch));
    for length in [0, 1, 32, 79, 81, 160] {
        assert_eq!(VrfProof::from_bytes(&vec![0; length]), Err(VrfError::ProofLength), "{length}");
    }
}

/// One of each kind of RFC 9496, appendix A.2: not below the field's prime, the prime itself (another zero), negative, not a square, a negative
/// product, and minus one.
const NOT_POINTS: [&str; 6] = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

#[test]
fn public_keys_that_are_refused() {
    assert_eq!(IndexPublicKey::from_bytes(&[0; 32]), Err(VrfError::PublicKeyIdentity));
    for bytes in NOT_POINTS {
        assert_eq!(IndexPublicKey::from_bytes(&unhex(bytes)), Err(VrfError::PublicKeyPoint), "{bytes}");
    }
    // The top bit is no part of the number, but of the form.
    let mut bytes = key(5).public_key().to_bytes();
    bytes[31] |= 0x80;
    assert_eq!(IndexPublicKey::from_bytes(&bytes), Err(VrfError::PublicKeyPoint));
}

#[test]
fn secret_keys_that_are_refused() {
    assert_eq!(IndexKey::from_bytes(&[0; 32]).unwrap_err(), VrfError::SecretZero);
    assert_eq!(IndexKey::from_random(&[0; 64]).unwrap_err(), VrfError::SecretZero);
    let mut order = [0; 64];
    order[..32].copy_from_slice(&unhex::<32>(ORDER));
    assert_eq!(IndexKey::from_random(&order).unwrap_err(), VrfError::SecretZero);
    assert_eq!(IndexKey::from_bytes(&unhex(ORDER)).unwrap_err(), VrfError::SecretNotCanonical);
    assert_eq!(IndexKey::from_bytes(&[0xff; 32]).unwrap_err(), VrfError::SecretNotCanonical);
    let mut below: [u8; 32] = unhex(ORDER);
    below[0] -= 1;
    assert!(IndexKey::from_bytes(&below).is_ok());
}

#[test]
fn nothing_secret_or_personal_is_shown() {
    let key = key(5);
    let (output, proof) = key.prove(b"club:handle:noor");
    assert_eq!(format!("{key:?} {output:?} {proof:?}"), "IndexKey(…) VrfOutput(…) VrfProof(…)");
    let errors = [
        VrfError::SecretZero,
        VrfError::SecretNotCanonical,
        VrfError::PublicKeyPoint,
        VrfError::PublicKeyIdentity,
        VrfError::ProofLength,
        VrfError::ProofPoint,
        VrfError::ProofScalar,
        VrfError::Mismatch,
    ];
    let mut said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    said.sort();
    said.dedup();
    assert_eq!(said.len(), errors.len());
    assert!(errors.iter().all(|error| !error.help().is_empty()));
}
