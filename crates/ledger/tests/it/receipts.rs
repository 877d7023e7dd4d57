//! Receipts: what a person gets for an act, and what is refused.

use bezwaar_ledger::acceptance::Acceptance;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::event::Event;
use bezwaar_ledger::opening::Salt;
use bezwaar_ledger::receipt::{Claim, DocumentReceipt, Grade, Receipt, ReceiptError};
use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign};
use bezwaar_ledger::tlog::note::{SignatureType, SigningKey};
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_ledger::tlog::proof::{MemoryTree, inclusion_proof};
use bezwaar_ledger::tlog::proof_file::{ProofFile, ProofFileError};

use crate::made_up::instant;
use crate::replay::{at, object};
use crate::signed::{ORIGIN, ledger_key, operator, operators, origin};
use crate::tlog_world::{name, witness_key};

pub(crate) fn policy() -> TrustPolicy {
    TrustPolicy::of_ledger(ledger_key().verifier().clone())
}

pub(crate) fn witnessed_policy() -> TrustPolicy {
    let (ledger, witness) = (ledger_key(), witness_key(0));
    let text = format!("log {}\nwitness w0 {}\nquorum w0\n", ledger.verifier(), witness.verifier());
    TrustPolicy::parse(text.as_bytes()).unwrap()
}

fn claim(place: u8) -> Claim {
    let body = Event::Choice(object(&format!("o-{place}"), "club:noor")).to_bytes().unwrap();
    Claim { acceptance: None, kind: EntryKind::Choice, recorded_at: at(place.into()), salt: Salt::from_bytes([place; 32]), body }
}

/// The proof of the entry at an index of a ledger of these entries.
pub(crate) fn proof_of(entries: &[Entry], index: u64) -> ProofFile {
    let mut tree = MemoryTree::new();
    entries.iter().for_each(|entry| tree.push_hash(entry.leaf()));
    let size = entries.len() as u64;
    let signed = SignedCheckpoint::sign(Checkpoint::new(origin(), size, tree.root()).unwrap(), &ledger_key()).unwrap();
    ProofFile::new(index, inclusion_proof(&tree, index, size).unwrap(), signed).unwrap()
}

pub(crate) fn entries() -> Vec<Entry> {
    (0..9).map(|place| claim(place).entry().unwrap()).collect()
}

pub(crate) fn accepted(place: u8) -> Claim {
    let claim = claim(place);
    let entry = claim.entry().unwrap();
    let note = Acceptance { origin: origin(), index: place.into(), entry, received_at: instant("2025-12-31T00:00:00Z") };
    Claim { acceptance: Some(note.sign(&operator()).unwrap()), ..claim }
}

pub(crate) fn recorded() -> Receipt {
    Receipt::recorded(accepted(5), proof_of(&entries(), 5)).unwrap()
}

#[test]
fn a_receipt_comes_in_three_grades() {
    let noted = Receipt::from_bytes(&Receipt::noted(accepted(5)).unwrap().to_bytes().unwrap()).unwrap();
    let shown = noted.verify(&policy(), &operators()).unwrap();
    assert_eq!((shown.grade, shown.index, shown.size), (Grade::Noted, 5, None));
    assert_eq!(shown.acceptance.as_ref().unwrap().published_by(), at(5).plus_micros(60_000_000));

    let receipt = Receipt::from_bytes(&recorded().to_bytes().unwrap()).unwrap();
    let shown = receipt.verify(&policy(), &operators()).unwrap();
    assert_eq!((shown.grade, shown.index, shown.size), (Grade::Recorded, 5, Some(9)));
    assert_eq!(shown.entry.recorded_at, at(5));
    let Event::Choice(choice) = &shown.event else { unreachable!() };
    assert_eq!(choice.id, "o-5");
    assert!(receipt.verify(&policy(), &[]).unwrap().acceptance.is_none(), "who has no key of the operator believes the ledger only");
    assert!(matches!(receipt.verify(&witnessed_policy(), &[]), Err(ReceiptError::Proof(ProofFileError::Policy(_)))));

    let proof = proof_of(&entries(), 5);
    let mut signed = proof.checkpoint().clone();
    let line = cosign(&witness_key(0), &signed, PosixSeconds::new(1_770_000_000).unwrap()).unwrap();
    signed.add_signature_lines(&format!("{line}\n")).unwrap();
    let proof = ProofFile::new(5, proof.hashes().to_vec(), signed).unwrap();
    let shown = Receipt::recorded(claim(5), proof).unwrap().verify(&witnessed_policy(), &[]).unwrap();
    assert_eq!((shown.grade, shown.witnesses.len()), (Grade::Witnessed, 1));
    assert!(Grade::Noted < Grade::Recorded && Grade::Recorded < Grade::Witnessed);
}

#[test]
fn a_forged_receipt_is_refused() {
    let proof = || proof_of(&entries(), 5);
    let good = claim(5);
    let forged = |claim: Claim| Receipt::recorded(claim, proof()).unwrap().verify(&policy(), &[]).unwrap_err();
    let other_body = Event::Choice(object("o-6", "club:noor")).to_bytes().unwrap();
    let unreal = |error: ReceiptError| assert!(matches!(error, ReceiptError::Proof(ProofFileError::Proof(_))), "{error}");
    unreal(forged(Claim { body: other_body, ..good.clone() }));
    unreal(forged(Claim { salt: Salt::from_bytes([6; 32]), ..good.clone() }));
    unreal(forged(Claim { recorded_at: at(4), ..good.clone() }));
    unreal(forged(Claim { recorded_at: at(5).plus_micros(1), ..good.clone() }));
    unreal(forged(claim(4)));
    assert!(matches!(forged(Claim { kind: EntryKind::Void, ..good.clone() }), ReceiptError::Event(_)));
    let elsewhere = Receipt::recorded(good.clone(), proof_of(&entries(), 4)).unwrap();
    unreal(elsewhere.verify(&policy(), &[]).unwrap_err());

    // The acceptance note of another entry, another place, or another moment.
    let mixed = Receipt::recorded(Claim { acceptance: accepted(4).acceptance, ..good.clone() }, proof()).unwrap();
    assert_eq!(mixed.verify(&policy(), &operators()), Err(ReceiptError::OtherEntry));
    let entry = good.entry().unwrap();
    let note = |index, origin: &str, received_at: &str, key: &SigningKey| {
        let note = Acceptance { origin: Origin::new(origin).unwrap(), index, entry, received_at: instant(received_at) };
        Some(note.sign(key).unwrap())
    };
    for (index, received_at) in [(6, "2025-12-31T00:00:00Z"), (5, "2025-12-30T00:00:00Z")] {
        let acceptance = note(index, ORIGIN, received_at, &operator());
        let mixed = Receipt::recorded(Claim { acceptance, ..good.clone() }, proof()).unwrap();
        assert_eq!(mixed.verify(&policy(), &operators()), Err(ReceiptError::OtherEntry));
    }
    let elsewhere = SigningKey::from_seed(name("other.example/operator"), SignatureType::Ed25519, &[9; 32]);
    let acceptance = note(5, "other.example", "2025-12-31T00:00:00Z", &elsewhere);
    let both = [operator().verifier().clone(), elsewhere.verifier().clone()];
    let mixed = Receipt::recorded(Claim { acceptance: acceptance.clone(), ..good.clone() }, proof()).unwrap();
    assert_eq!(mixed.verify(&policy(), &both), Err(ReceiptError::OtherEntry));
    let noted = Receipt::noted(Claim { acceptance, ..good.clone() }).unwrap();
    assert_eq!(noted.verify(&policy(), &both), Err(ReceiptError::OtherLedger));

    assert_eq!(Receipt::noted(good).unwrap_err(), ReceiptError::NoEvidence);
    assert_eq!(Receipt::noted(accepted(5)).unwrap().verify(&policy(), &[]), Err(ReceiptError::NoEvidence));
    let other_ledger = SigningKey::from_seed(name(ORIGIN), SignatureType::Ed25519, &[32; 32]);
    let stranger = TrustPolicy::of_ledger(other_ledger.verifier().clone());
    assert!(matches!(recorded().verify(&stranger, &operators()), Err(ReceiptError::Proof(ProofFileError::Policy(_)))));
}

#[test]
fn no_byte_of_a_receipt_can_be_changed() {
    let files = [recorded().to_bytes().unwrap(), Receipt::noted(accepted(5)).unwrap().to_bytes().unwrap()];
    for bytes in files {
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            let read = Receipt::from_bytes(&other).and_then(|receipt| receipt.verify(&policy(), &operators()));
            assert!(read.is_err(), "byte {place}");
        }
        for cut in [1, 10, bytes.len() / 2, bytes.len() - 1] {
            assert!(Receipt::from_bytes(&bytes[..cut]).is_err());
        }
    }
}

#[test]
fn a_claim_has_one_form() {
    let bytes = accepted(5).to_bytes().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value.to_string().into_bytes(), bytes);
    assert_eq!(Claim::from_bytes(&bytes).unwrap(), accepted(5));
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in
        [("\",\"v\":1}", "\",\"v\":2}"), ("\"kind\":\"choice\"", "\"kind\":\"seal\""), (",\"body\"", ", \"body\""), ("\\n", "\\u000a")]
    {
        assert_eq!(Claim::from_bytes(text.replacen(from, to, 1).as_bytes()), Err(ReceiptError::Form), "{to}");
    }
    let shown = format!("{:?}", accepted(5));
    assert!(!shown.contains("noor"), "{shown}");
}

#[test]
fn a_document_is_shown_to_be_an_entry() {
    let document = b"a policy, say".as_slice();
    let hash = bezwaar_ledger::opening::document_hash(EntryKind::Policy, document).unwrap();
    let mut all = entries();
    all.insert(3, Entry { kind: EntryKind::Policy, recorded_at: at(2), hash });
    let receipt = DocumentReceipt::new(EntryKind::Policy, at(2), proof_of(&all, 3)).unwrap();
    let bytes = receipt.to_bytes();
    let receipt = DocumentReceipt::from_bytes(&bytes).unwrap();
    let shown = receipt.verify(EntryKind::Policy, document, &policy()).unwrap();
    assert_eq!((shown.index, shown.grade), (3, Grade::Recorded));
    assert_eq!(receipt.verify(EntryKind::Seal, document, &policy()).unwrap_err(), ReceiptError::OtherEntry);
    assert!(matches!(receipt.verify(EntryKind::Policy, b"another", &policy()), Err(ReceiptError::Proof(_))));
    let later = DocumentReceipt::new(EntryKind::Policy, at(3), proof_of(&all, 3)).unwrap();
    assert!(matches!(later.verify(EntryKind::Policy, document, &policy()), Err(ReceiptError::Proof(_))));
    assert_eq!(DocumentReceipt::new(EntryKind::Choice, at(2), proof_of(&all, 3)).unwrap_err(), ReceiptError::Form);
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 1;
        let read = DocumentReceipt::from_bytes(&other).and_then(|receipt| receipt.verify(EntryKind::Policy, document, &policy()));
        assert!(read.is_err(), "byte {place}");
    }
}
