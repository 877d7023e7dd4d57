//! Row proofs, and deltas between extracts.

use bezwaar_core::Holdings;
use bezwaar_core::choice::Choice;
use bezwaar_ledger::extract::{DeltaError, Extract, ExtractError, RowProof, RowProofError, RowProver, Signer, apply_delta, write_delta};
use bezwaar_ledger::tlog::note::{SignatureType, SigningKey};

use crate::made_up::{Random, account, keys, read, small, written};
use crate::replay::object;
use crate::signed::{operator, signed, signed_with};
use crate::tlog_world::name;

pub(crate) fn people(number: usize) -> Vec<Choice> {
    (0..number).map(|place| object(&format!("o-{place}"), &format!("club:p{place}"))).collect()
}

#[test]
fn every_row_of_an_extract_is_proved() {
    let verifier = [operator().verifier().clone()];
    for holdings in [small(), Holdings::resolve(&people(1)), Holdings::resolve(&people(37))] {
        let extract = Extract::from_bytes(signed(&holdings)).unwrap();
        let prover = RowProver::new(&extract).unwrap();
        for row in 0..extract.len() {
            let proof = prover.prove(row).unwrap();
            let bytes = proof.to_bytes();
            assert_eq!(RowProof::from_bytes(&bytes).unwrap(), proof);
            let proven = proof.verify(&verifier).unwrap();
            assert_eq!(proven.key, extract.key_at(row).unwrap());
            assert_eq!(proven.acts, extract.acts(row).unwrap());
            assert_eq!(&proven.header, extract.header());
            assert!(proven.cites(&proven.acts[0].id) && !proven.cites("o-99"));
            let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(json.to_string().into_bytes(), bytes);
        }
        assert!(matches!(prover.prove(extract.len()), Err(ExtractError::NoRow { .. })));
    }
    assert!(matches!(RowProver::new(&read(&written(&small()).1)), Err(ExtractError::Unsigned)));
}

#[test]
fn a_changed_row_proof_is_refused() {
    let extract = Extract::from_bytes(signed(&Holdings::resolve(&people(5)))).unwrap();
    let verifier = [operator().verifier().clone()];
    let bytes = RowProver::new(&extract).unwrap().prove(3).unwrap().to_bytes();
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 1;
        assert!(RowProof::from_bytes(&other).and_then(|proof| proof.verify(&verifier)).is_err(), "byte {place}");
    }
    let text = String::from_utf8(bytes).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        RowProof::from_bytes(text.replacen(from, to, 1).as_bytes()).and_then(|proof| proof.verify(&verifier)).unwrap_err()
    };
    assert!(matches!(refused("\"row\":3", "\"row\":2"), RowProofError::Proof(_)));
    assert!(matches!(refused("\"row\":3", "\"row\":5"), RowProofError::Proof(_)));
    assert!(matches!(refused("\\\"people\\\":5", "\\\"people\\\":4"), RowProofError::Head(ExtractError::HeaderDamaged)));
    assert!(matches!(refused("\"hashes\":[", "\"hashes\":[ "), RowProofError::Form));
    let proof = RowProof::from_bytes(text.as_bytes()).unwrap();
    let other = SigningKey::from_seed(name("other.example/operator"), SignatureType::Ed25519, &[3; 32]);
    assert!(matches!(proof.verify(&[other.verifier().clone()]), Err(RowProofError::Head(ExtractError::Signature(_)))));
}

#[test]
fn a_delta_gives_the_new_extract_byte_for_byte() {
    let mut random = Random(11);
    for _ in 0..40 {
        let mut choices = random.choices(30, 12);
        let old = read(&written(&Holdings::resolve(&choices[..random.below(30)])).1);
        let drop = random.below(20);
        choices.drain(..drop);
        let (holdings, same) = (Holdings::resolve(&choices), random.below(2) == 0);
        let new = if same { written(&holdings).1 } else { signed_with(&holdings, &Signer::Key(&operator())).unwrap().1 };
        let delta = write_delta(&old, &read(&new));
        assert_eq!(apply_delta(&old, &delta).unwrap(), new);
    }
}

#[test]
fn a_delta_has_only_what_differs() {
    let mut acts = people(500);
    let old = read(&written(&Holdings::resolve(&acts)).1);
    acts.remove(7);
    acts.push(object("n-1", "club:new"));
    acts.push(object("n-2", "club:p9"));
    let new = read(&signed(&Holdings::resolve(&acts)));
    let delta = write_delta(&old, &new);
    assert!(delta.len() < 3_500, "{}", delta.len());
    let made = read(&apply_delta(&old, &delta).unwrap());
    made.verify_rows().unwrap();
    assert!(made.lookup(&keys().subject(&account("club:p7"))).is_none());
    assert_eq!(made.digest(), new.digest());
}

#[test]
fn a_changed_delta_or_base_is_refused() {
    let old = read(&written(&Holdings::resolve(&people(6))).1);
    let new = read(&written(&Holdings::resolve(&people(8)[1..])).1);
    let delta = write_delta(&old, &new);
    assert_eq!(apply_delta(&new, &delta), Err(DeltaError::OtherBase));
    assert_eq!(apply_delta(&old, b"bezwaar-delta/2\n"), Err(DeltaError::NotADelta));
    assert_eq!(apply_delta(&old, b""), Err(DeltaError::NotADelta));
    for place in 0..delta.len() {
        for change in [1, 0x80] {
            let mut other = delta.clone();
            other[place] ^= change;
            assert!(apply_delta(&old, &other).is_err(), "byte {place}");
        }
        assert!(apply_delta(&old, &delta[..place]).is_err(), "cut at {place}");
    }
    let longer = [&delta[..], b"x"].concat();
    assert_eq!(apply_delta(&old, &longer), Err(DeltaError::Form));
}
