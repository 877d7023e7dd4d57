//! Cosigned notes, read and verified by an implementation of other hands.

use bezwaar_ledger::tlog::note::{SignatureType, VerifierKey};
use bezwaar_server::witness::file_name;
use signed_note::{Note, Signature, StandardVerifier, VerifierList};

use crate::support::{Ledger, NOW, Serving, open};

/// It knows no cosignatures, so it is given what one says: the lines before the text, and the signature without its time.
#[test]
fn a_cosigned_note_is_what_others_take_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(300);
    let line = serving.post(&ledger.body(0)).body;
    let kept = serving.get(&format!("/checkpoints/{}", file_name(&ledger.origin()))).body;
    assert_eq!(kept, format!("{}{line}", ledger.checkpoint()), "what is kept is the checkpoint and the answer");

    let note = Note::from_bytes(kept.as_bytes()).unwrap();
    let ledger_key = StandardVerifier::new(&ledger.key.verifier().to_string()).unwrap();
    let (verified, unverified) = note.verify(&VerifierList::new(vec![Box::new(ledger_key)])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 1));

    let cosignature = &unverified[0];
    assert_eq!(cosignature.name(), "witness.example/w1");
    assert_eq!(cosignature.id().to_be_bytes(), serving.vkey.id().to_bytes());
    let (time, signature) = cosignature.signature().split_at(8);
    assert_eq!(time, NOW.to_be_bytes());
    let same_key = VerifierKey::new(serving.vkey.name().clone(), SignatureType::Ed25519, &serving.vkey.public_key()).unwrap();
    let said = format!("cosignature/v1\ntime {NOW}\n{}", std::str::from_utf8(note.text()).unwrap());
    let id = u32::from_be_bytes(same_key.id().to_bytes());
    let signature = Signature::new("witness.example/w1".to_owned(), id, signature.to_vec()).unwrap();
    let statement = Note::new(said.as_bytes(), std::slice::from_ref(&signature)).unwrap();
    let witness_key = || StandardVerifier::new(&same_key.to_string()).unwrap();
    assert_eq!(statement.verify(&VerifierList::new(vec![Box::new(witness_key())])).unwrap().0.len(), 1);
    let later = said.replace(&NOW.to_string(), &(NOW + 1).to_string());
    let forged = Note::new(later.as_bytes(), &[signature]).unwrap();
    assert!(forged.verify(&VerifierList::new(vec![Box::new(witness_key())])).is_err(), "another time is another statement");
}
