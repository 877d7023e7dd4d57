//! Proofs of absence.

use bezwaar_core::account::Account;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::receipt::{DocumentReceipt, Grade, ReceiptError};
use bezwaar_ledger::release::{
    ABSENCE_ACCOUNTS_MAX, AbsenceFile, AccountProof, Countersignature, ReleaseError, Role, Seal, SealedSubjects,
};
use bezwaar_ledger::subject_tree::{Membership, SubjectIndex};
use bezwaar_ledger::tlog::note::{Note, SigningKey};
use bezwaar_ledger::vrf::IndexKey;

use crate::receipts::{policy, proof_of};
use crate::releases::{auditor, index_key, seal, tree};
use crate::replay::at;
use crate::signed::{operator, operators};

pub(crate) fn inclusion(seal: &Seal) -> DocumentReceipt {
    let entry = Entry { kind: EntryKind::Seal, recorded_at: at(1), hash: seal.hash().unwrap() };
    let other = Entry { kind: EntryKind::Policy, recorded_at: at(0), hash: [9; 32] };
    DocumentReceipt::new(EntryKind::Seal, at(1), proof_of(&[other, entry, other], 1)).unwrap()
}

fn account_proof(name: &str) -> AccountProof {
    let account = Account::from_canonical(name).unwrap();
    let (output, place) = index_key().prove(name.as_bytes());
    AccountProof { account, place, path: tree(1).prove(&SubjectIndex::derive(&seal().release_id(), &output)) }
}

pub(crate) fn absence(names: &[&str]) -> AbsenceFile {
    AbsenceFile {
        seal: seal(),
        note: seal().sign(&operator()).unwrap(),
        inclusion: inclusion(&seal()),
        accounts: names.iter().map(|name| account_proof(name)).collect(),
        countersignatures: Vec::new(),
    }
}

#[test]
fn whoever_is_absent_can_show_it_and_whoever_is_there_cannot() {
    let file = absence(&["club:handle:lena", "mail:mail:lena@example.org"]);
    let bytes = file.to_bytes().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value.to_string().into_bytes(), bytes);
    let file = AbsenceFile::from_bytes(&bytes).unwrap();
    let shown = file.verify(&policy(), &operators(), &[]).unwrap();
    assert!(shown.is_absent());
    assert_eq!((shown.grade, shown.index), (Grade::Recorded, 1));
    assert_eq!(shown.basis.to_string(), "the operator declares, irrevocably");
    let there = absence(&["club:handle:lena", "club:handle:noor"]).verify(&policy(), &operators(), &[]).unwrap();
    assert!(!there.is_absent());
    assert_eq!(there.accounts[1].1, Membership::Present);
    assert!(!format!("{file:?}").contains("lena"));
}

#[test]
fn only_somebody_independent_makes_a_declaration_more() {
    let says = |rebuilt, key: &SigningKey| Countersignature::of(&seal(), rebuilt, Role::Auditor).unwrap().sign(key).unwrap();
    let keys = [auditor().verifier().clone()];
    let basis = |notes: Vec<Note>| {
        let file = AbsenceFile { countersignatures: notes, ..absence(&["club:handle:lena"]) };
        let file = AbsenceFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
        file.verify(&policy(), &operators(), &keys).map(|shown| shown.basis.to_string())
    };
    assert_eq!(basis(vec![says(true, &auditor())]).unwrap(), "rebuilt from the files by auditor.example (auditor)");
    assert_eq!(basis(vec![says(false, &auditor())]).unwrap(), "the operator declares, irrevocably");
    assert_eq!(basis(vec![says(true, &operator())]).unwrap(), "the operator declares, irrevocably", "a key nobody gave");
    let other_seal = Seal { late: 1, ..seal() };
    let other = Countersignature::of(&other_seal, true, Role::Auditor).unwrap().sign(&auditor()).unwrap();
    assert_eq!(basis(vec![other]), Err(ReleaseError::OtherSeal));
}

#[test]
fn a_proof_of_absence_is_not_put_together_from_others() {
    let good = absence(&["club:handle:lena"]);
    let refused = |file: AbsenceFile| file.verify(&policy(), &operators(), &[]).unwrap_err();
    let other_seal = Seal { records: 2, ..seal() };
    assert!(matches!(refused(AbsenceFile { seal: other_seal.clone(), ..good.clone() }), ReleaseError::Note(_)));
    let signed = AbsenceFile { seal: other_seal.clone(), note: other_seal.sign(&operator()).unwrap(), ..good.clone() };
    assert!(matches!(refused(signed), ReleaseError::Inclusion(ReceiptError::Proof(_))));
    // Another person's place, and another person's path.
    let [lena, sem] = ["club:handle:lena", "club:handle:sem"].map(account_proof);
    let place = AccountProof { place: sem.place, ..lena.clone() };
    assert!(matches!(refused(AbsenceFile { accounts: vec![place], ..good.clone() }), ReleaseError::Place { number: 1, .. }));
    let noor = AccountProof { path: lena.path.clone(), ..account_proof("club:handle:noor") };
    assert!(matches!(refused(AbsenceFile { accounts: vec![lena, noor], ..good.clone() }), ReleaseError::Path { number: 2, .. }));
    // Another key of places.
    let other_key = IndexKey::from_random(&[8; 64]).unwrap().public_key().to_bytes();
    let subjects = SealedSubjects { index_key: other_key, ..seal().subjects };
    let other_seal = Seal { subjects, ..seal() };
    let file =
        AbsenceFile { note: other_seal.sign(&operator()).unwrap(), inclusion: inclusion(&other_seal), seal: other_seal, ..good.clone() };
    assert!(matches!(refused(file), ReleaseError::Place { number: 1, .. }));

    assert_eq!(AbsenceFile { accounts: vec![], ..good.clone() }.to_bytes(), None);
    let many = |count| AbsenceFile { accounts: vec![account_proof("club:handle:lena"); count], ..good.clone() };
    assert!(many(ABSENCE_ACCOUNTS_MAX).to_bytes().is_some() && many(ABSENCE_ACCOUNTS_MAX + 1).to_bytes().is_none());
}

#[test]
fn no_byte_of_a_proof_of_absence_can_be_changed() {
    let note = Countersignature::of(&seal(), true, Role::Recipient).unwrap().sign(&auditor()).unwrap();
    let file = AbsenceFile { countersignatures: vec![note], ..absence(&["club:handle:lena"]) };
    let bytes = file.to_bytes().unwrap();
    let good = file.verify(&policy(), &operators(), &[auditor().verifier().clone()]).unwrap();
    for place in 0..bytes.len() {
        let mut other = bytes.clone();
        other[place] ^= 1;
        let read = AbsenceFile::from_bytes(&other);
        let shown = read.and_then(|file| file.verify(&policy(), &operators(), &[auditor().verifier().clone()]));
        // The line of a countersignature by a key nobody knows says nothing; all else is refused.
        assert!(shown.as_ref().is_err() || shown.is_ok_and(|shown| shown.basis != good.basis), "byte {place}");
    }
}
