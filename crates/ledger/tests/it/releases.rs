//! Seals and countersignatures.

use bezwaar_core::Reading;
use bezwaar_ledger::release::{
    Countersignature, EXTRACT_AGE_MICROS_MAX, ReleaseError, Role, Seal, SealedCheckpoint, SealedExtract, SealedSubjects,
};
use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectTree};
use bezwaar_ledger::tlog::note::{Note, SignatureType, SigningKey};
use bezwaar_ledger::vrf::IndexKey;

use crate::made_up::instant;
use crate::signed::{ledger_key, operator, operators, origin};
use crate::tlog_world::name;

pub(crate) fn index_key() -> IndexKey {
    IndexKey::from_random(&[7; 64]).unwrap()
}

pub(crate) fn tree(release: u64) -> SubjectTree {
    let id = format!("club.example/ledger/release/{release}");
    let names = ["club:handle:noor", "club:handle:daan", "club:handle:evi"];
    SubjectTree::build(names.map(|name| SubjectIndex::derive(&id, &index_key().output(name.as_bytes()))).to_vec())
}

pub(crate) fn seal() -> Seal {
    let tree = tree(1);
    Seal {
        release: 1,
        previous: None,
        origin: origin(),
        manifest_sha256: [1; 32],
        use_id: "club/model".into(),
        recipient: "lab".into(),
        reading: Reading::Protective,
        form: "copy".into(),
        extract: SealedExtract { index: 7, sha256: [2; 32], through: instant("2026-01-01T00:00:00Z") },
        checkpoint: SealedCheckpoint { root: [3; 32], size: 9 },
        sealed_at: instant("2026-01-01T00:30:00Z"),
        use_before: instant("2026-01-31T00:30:00Z"),
        records: 1_000,
        subjects: SealedSubjects { count: tree.len(), root: tree.root(), index_key: index_key().public_key().to_bytes() },
        late: 0,
        provisional: 2,
    }
}

pub(crate) fn auditor() -> SigningKey {
    SigningKey::from_seed(name("auditor.example"), SignatureType::Ed25519, &[41; 32])
}

#[test]
fn a_seal_has_one_form() {
    let bytes = seal().to_bytes().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value.to_string().into_bytes(), bytes);
    assert_eq!(Seal::from_bytes(&bytes).unwrap(), seal());
    let note = seal().sign(&operator()).unwrap();
    let hash = crate::forge::hex(&seal().hash().unwrap());
    assert_eq!(note.text(), format!("bezwaar-seal/1\nclub.example/ledger\nrelease 1\nsha256 {hash}\n"));
    seal().verify(&note, &operators()).unwrap();
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 1;
        if let Ok(read) = Seal::from_bytes(&other) {
            assert!(matches!(read.verify(&note, &operators()), Err(ReleaseError::Note(_))), "byte {place}");
        }
    }
    assert!(matches!(seal().sign(&ledger_key()), Err(ReleaseError::Note(_))));
    let mut by_ledger = Note::new(note.text().to_owned()).unwrap();
    by_ledger.sign(&ledger_key()).unwrap();
    assert!(matches!(seal().verify(&by_ledger, &[ledger_key().verifier().clone()]), Err(ReleaseError::Note(_))));
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in
        [("\"late\":0", "\"late\": 0"), ("\"late\":0", "\"late\":00"), ("protective", "careful"), ("\"records\":1000", "\"records\":1e3")]
    {
        assert_eq!(Seal::from_bytes(text.replacen(from, to, 1).as_bytes()), Err(ReleaseError::Seal));
    }
}

#[test]
fn a_seal_does_not_contradict_itself() {
    let oldest = Seal { sealed_at: seal().extract.through.plus_micros(EXTRACT_AGE_MICROS_MAX), ..seal() };
    assert_eq!(Seal::from_bytes(&oldest.to_bytes().unwrap()).unwrap(), oldest);
    let wrong = [
        Seal { release: 0, ..seal() },
        Seal { release: 2, ..seal() },
        Seal { previous: Some([1; 32]), ..seal() },
        Seal { use_before: seal().sealed_at, ..seal() },
        Seal { sealed_at: seal().extract.through.plus_micros(-1), ..seal() },
        Seal { sealed_at: seal().extract.through.plus_micros(EXTRACT_AGE_MICROS_MAX + 1), ..seal() },
        Seal { checkpoint: SealedCheckpoint { root: [3; 32], size: 7 }, ..seal() },
        Seal { records: 1 << 53, ..seal() },
        Seal { form: "x".repeat(1 << 14), ..seal() },
    ];
    for seal in wrong {
        assert_eq!(seal.to_bytes(), None);
        assert!(seal.sign(&operator()).is_err() && seal.hash().is_none());
    }
    assert!(Seal { release: 2, previous: Some([1; 32]), ..seal() }.to_bytes().is_some());
}

#[test]
fn a_countersignature_says_what_was_done_and_is_not_the_operators() {
    let says = Countersignature::of(&seal(), true, Role::Auditor).unwrap();
    let note = says.sign(&auditor()).unwrap();
    let (read, names) = Countersignature::verify(&note, &[auditor().verifier().clone()]).unwrap();
    assert_eq!((read, names), (says.clone(), vec![name("auditor.example")]));
    let text = says.to_text();
    assert!(text.ends_with("rebuilt yes\nas auditor\n"), "{text}");
    for (from, to) in [("yes", "maybe"), ("auditor\n", "friend\n"), ("release 1", "release 01"), (" 3\n", " 03\n"), ("seal ", "seal 0")] {
        assert!(text.contains(from), "{from}");
        assert_eq!(Countersignature::from_text(&text.replacen(from, to, 1)), None, "{to}");
    }
    for own in [operator(), ledger_key()] {
        let note = says.sign(&own).unwrap();
        assert_eq!(Countersignature::verify(&note, &[own.verifier().clone()]), Err(ReleaseError::OwnCountersignature));
    }
    let other = SigningKey::from_seed(name("auditor.example"), SignatureType::Ed25519, &[42; 32]);
    assert!(matches!(Countersignature::verify(&note, &[other.verifier().clone()]), Err(ReleaseError::Countersignature(_))));
}
