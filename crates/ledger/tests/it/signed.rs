//! Extracts an operator signed, and provisional acts in them.

use bezwaar_core::Holdings;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_ledger::extract::{
    Extract, ExtractCheckpoint, ExtractError, ExtractHeader, OPERATOR_SUFFIX, SIGNATURE_LINE_BYTES_MAX, Signer, write_signed_extract,
};
use bezwaar_ledger::tlog::checkpoint::Origin;
use bezwaar_ledger::tlog::note::{SignatureType, SigningKey, VerifierKey, VerifyError};

use crate::forge::hex;
use crate::made_up::{account, choice, keys, options, small, written};
use crate::replay::provisional;
use crate::tlog_world::{name, witness_key};

pub(crate) const ORIGIN: &str = "club.example/ledger";

pub(crate) fn operator() -> SigningKey {
    SigningKey::from_seed(name(&format!("{ORIGIN}{OPERATOR_SUFFIX}")), SignatureType::Ed25519, &[21; 32])
}

pub(crate) fn ledger_key() -> SigningKey {
    SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[31; 32])
}

pub(crate) fn origin() -> Origin {
    Origin::new(ORIGIN).unwrap()
}

pub(crate) fn operators() -> Vec<VerifierKey> {
    vec![operator().verifier().clone()]
}

pub(crate) fn state() -> ExtractCheckpoint {
    ExtractCheckpoint { origin: ORIGIN.into(), root: hex(&[5; 32]), size: 12 }
}

pub(crate) fn signed_with(holdings: &Holdings, signer: &Signer<'_>) -> Result<(ExtractHeader, Vec<u8>), ExtractError> {
    let mut bytes = Vec::new();
    write_signed_extract(holdings, &keys(), &options(), (&state(), signer), &mut bytes).map(|header| (header, bytes))
}

pub(crate) fn signed(holdings: &Holdings) -> Vec<u8> {
    signed_with(holdings, &Signer::Key(&operator())).unwrap().1
}

#[test]
fn a_signed_extract_is_the_unsigned_one_under_a_note() {
    let bytes = signed(&small());
    let extract = Extract::from_bytes(bytes.clone()).unwrap();
    extract.verify_signature(&[operator().verifier().clone()]).unwrap();
    extract.verify_rows().unwrap();
    assert!(extract.header().signed);
    assert_eq!(extract.header().checkpoint, Some(state()));
    let note = extract.note().unwrap();
    let head = note.to_string();
    assert!(bytes.starts_with(head.as_bytes()) && bytes[head.len()] == b'\n');
    let (unsigned, plain) = written(&small());
    assert_eq!(extract.header(), &ExtractHeader { signed: true, checkpoint: Some(state()), ..unsigned });
    assert!(plain.ends_with(&bytes[head.len() + 1..]), "one body");
    let plain = Extract::from_bytes(plain).unwrap();
    assert!(plain.note().is_none());
    assert!(matches!(plain.verify_signature(&[operator().verifier().clone()]), Err(ExtractError::Unsigned)));
    for row in 0..plain.len() {
        assert_eq!(plain.acts(row).unwrap(), extract.acts(row).unwrap());
    }
    let again = signed_with(&small(), &Signer::Signatures(note.signatures())).unwrap().1;
    assert_eq!(again, bytes, "who has the signatures makes the same bytes");
}

#[test]
fn only_the_operator_of_the_ledger_signs() {
    let extract = Extract::from_bytes(signed(&small())).unwrap();
    let other = SigningKey::from_seed(operator().name().clone(), SignatureType::Ed25519, &[22; 32]);
    let refused = extract.verify_signature(&[other.verifier().clone()]);
    assert!(matches!(refused, Err(ExtractError::Signature(VerifyError::NoKnownSignature))));
    assert!(matches!(extract.verify_signature(&[]), Err(ExtractError::Signature(_))));
    let ledger = SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[21; 32]);
    let by_ledger = Extract::from_bytes(signed_with(&small(), &Signer::Key(&ledger)).unwrap().1).unwrap();
    assert!(matches!(by_ledger.verify_signature(&[ledger.verifier().clone()]), Err(ExtractError::OtherOperator)));
    assert!(matches!(signed_with(&small(), &Signer::Key(&witness_key(0))), Err(ExtractError::Note(_))));
    assert!(matches!(signed_with(&small(), &Signer::Signatures(&[])), Err(ExtractError::Signatures)));
    let mut state = state();
    state.origin = String::new();
    let bad = write_signed_extract(&small(), &keys(), &options(), (&state, &Signer::Key(&operator())), &mut Vec::new());
    assert!(matches!(bad, Err(ExtractError::Options { .. })));
}

#[test]
fn every_byte_of_a_signed_head_counts() {
    let bytes = signed(&small());
    let head = Extract::from_bytes(bytes.clone()).unwrap().note().unwrap().to_string().len() + 1;
    let verifier = [operator().verifier().clone()];
    for place in 0..head {
        for change in [1, 0x80] {
            let mut other = bytes.clone();
            other[place] ^= change;
            let refused = Extract::from_bytes(other).and_then(|extract| extract.verify_signature(&verifier));
            assert!(refused.is_err(), "byte {place}");
        }
        let mut shorter = bytes.clone();
        shorter.remove(place);
        assert!(Extract::from_bytes(shorter).and_then(|extract| extract.verify_signature(&verifier)).is_err(), "without byte {place}");
    }
    // A header of the holder's own making, under the hash it should have, does not carry the signature over.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (_, rest) = text.split_once("\n\n").unwrap();
    assert!(rest.starts_with('\u{2014}'));
    let mut none = bytes[..text.find("\n\n").unwrap() + 1].to_vec();
    none.extend(&bytes[head..]);
    assert!(matches!(Extract::from_bytes(none), Err(ExtractError::Signatures)), "signed without signatures");
    let long = [&bytes[..head - 1], "x".repeat(SIGNATURE_LINE_BYTES_MAX).as_bytes(), b"\n\n", &bytes[head..]].concat();
    assert!(matches!(Extract::from_bytes(long), Err(ExtractError::Signatures)));
}

#[test]
fn a_provisional_act_says_so_in_its_shape() {
    let acts = [provisional("o-1", "club:noor"), choice("o-2", "club:daan", Act::Unreadable, "2025-05-01T00:00:00Z")];
    let holdings = Holdings::resolve(&acts);
    let (header, bytes) = written(&holdings);
    assert_eq!((header.acts, header.provisional), (2, 1));
    let extract = Extract::from_bytes(bytes.clone()).unwrap();
    extract.verify_rows().unwrap();
    let row = |person: &str| extract.lookup(&keys().subject(&account(person))).unwrap();
    assert!(extract.acts(row("club:noor")).unwrap()[0].provisional);
    assert!(!extract.acts(row("club:daan")).unwrap()[0].provisional);
    assert!(bytes.windows(5).any(|part| part == [4, 0x80 | 1, 0, 0, 0]), "object, with the top bit");
    let confirmed = acts.map(|act| Choice { provisional: false, ..act });
    assert_ne!(written(&Holdings::resolve(&confirmed)).0.rows_root, header.rows_root);

    let on = choice("s-1", "club:noor", Act::SetOn { control: "club/ai".into() }, "2025-05-01T00:00:00Z");
    let wrong = Holdings::resolve(&[Choice { provisional: true, ..on }]);
    assert!(matches!(signed_with(&wrong, &Signer::Key(&operator())), Err(ExtractError::Options { .. })));
    for kind in [3_u8, 4, 5, 8] {
        let shape: &[u8] = match kind {
            3 => &[3, 0x80 | 3, 1, b'x'],
            4 => &[1, 0x80 | 4],
            5 => &[4, 0x80 | 5, 1, b'x', 0],
            _ => &[2, 0x80 | 8, 0],
        };
        let plain: Vec<u8> = shape.iter().map(|byte| byte & 0x7f).collect();
        let row: &[u8] = &[0, 0, 0, 0, 0];
        assert!(crate::forge::Parts::new(&plain, &[row]).read().is_ok());
        assert!(crate::forge::Parts::new(shape, &[row]).read().is_err(), "{kind} is never provisional");
    }
}
