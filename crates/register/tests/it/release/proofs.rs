//! What people can show, checked as somebody outside does: with the ledger's key, the operator's key, and nothing of the register.

use bezwaar_core::account::{Account, Services};
use bezwaar_ledger::extract::{Extract, RowProof};
use bezwaar_ledger::receipt::{Grade, Receipt};
use bezwaar_ledger::release::{AbsenceFile, Basis, Countersignature, ReleaseError, Role, SubjectListError, rebuild_subjects};
use bezwaar_ledger::subject_tree::Membership;
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey, VerifierKey};
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_register::engine::ErasureReason;
use bezwaar_register::intake::{Filing, Intake, Sender};
use bezwaar_register::proofs::ProofsError;
use bezwaar_register::release::{Members, SealError, SubjectsError};

use super::kit::{OBJECT, TWO, World, act, at};
use super::made_up::MadeUp;

fn account(person: &str) -> Account {
    Services::default().parse(&format!("club:{person}")).unwrap()
}

/// What somebody outside trusts.
fn trust(world: &mut World) -> (TrustPolicy, Vec<VerifierKey>) {
    let ledger = world.register().keys().ledger().unwrap().verifier().clone();
    let operator = world.register().keys().operator().unwrap().verifier().clone();
    (TrustPolicy::of_ledger(ledger), vec![operator])
}

fn auditor() -> SigningKey {
    SigningKey::from_seed(KeyName::new("auditor.example").unwrap(), SignatureType::Ed25519, &[9; 32])
}

#[test]
fn a_receipt_shows_an_act_also_after_it_was_erased_and_no_other_one() {
    let mut world = World::new();
    world.enter(&[act("o-1", "a", OBJECT, at(2)), act("o-2", "b", OBJECT, at(2))], at(3));
    let (policy, operators) = trust(&mut world);
    let receipt = world.register().prove_inclusion("o-1").unwrap();
    let read = Receipt::from_bytes(&receipt.to_bytes().unwrap()).unwrap();
    let verified = read.verify(&policy, &operators).unwrap();
    assert_eq!((verified.grade, verified.entry.recorded_at), (Grade::Recorded, at(3)));
    let text = String::from_utf8(receipt.to_bytes().unwrap()).unwrap();
    let other = text.replacen(&format!("index {}\n", verified.index), &format!("index {}\n", verified.index + 1), 1);
    assert_ne!(text, other);
    assert!(Receipt::from_bytes(other.as_bytes()).is_ok_and(|forged| forged.verify(&policy, &operators).is_err()));
    assert!(matches!(world.register().prove_inclusion("o-3"), Err(ProofsError::NoSuchAct)));
    let erasure = world.register().writer().all_of(&account("a"), ErasureReason::ForgottenByPerson).unwrap();
    world.register().erase(&erasure, at(5)).unwrap();
    assert!(matches!(world.register().prove_inclusion("o-1"), Err(ProofsError::Erased)));
    read.verify(&policy, &operators).unwrap();
}

#[test]
fn a_row_of_an_extract_is_shown_whole_and_no_byte_of_it_can_be_forged() {
    let mut world = World::new();
    world.enter(&[act("o-1", "a", OBJECT, at(2)), act("o-2", "a", OBJECT, at(4)), act("o-3", "b", OBJECT, at(2))], at(5));
    let (_, bytes) = world.extract(at(10));
    let extract = Extract::from_bytes(bytes).unwrap();
    let (_, operators) = trust(&mut world);
    // Also after the keys of subjects were changed.
    world.register().rotate_subjects(at(11)).unwrap();
    let proof = world.register().prove_row(&extract, &account("a")).unwrap().unwrap();
    let row = proof.verify(&operators).unwrap();
    assert!(row.cites("o-1") && row.cites("o-2") && !row.cites("o-3"));
    assert!(world.register().prove_row(&extract, &account("z")).unwrap().is_none());
    let bytes = proof.to_bytes();
    for place in (0..bytes.len()).step_by(7) {
        let mut forged = bytes.clone();
        forged[place] ^= 1;
        let passes = RowProof::from_bytes(&forged).is_ok_and(|forged| forged.verify(&operators).is_ok());
        assert!(!passes, "byte {place}");
    }
}

#[test]
fn absence_is_declared_until_others_have_rebuilt_the_release() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let sealed = world.seal(&MadeUp::new("one", &extract, &["k", "l", "m"]), at(20)).unwrap();
    let (policy, operators) = trust(&mut world);
    let file = world.register().prove_absence(1, &[account("z"), account("l")]).unwrap();
    let read = AbsenceFile::from_bytes(&file.to_bytes().unwrap()).unwrap();
    let verified = read.verify(&policy, &operators, &[]).unwrap();
    let found: Vec<Membership> = verified.accounts.iter().map(|(_, membership)| *membership).collect();
    assert_eq!((found, &verified.basis), (vec![Membership::Absent, Membership::Present], &Basis::Declared));
    assert_eq!((verified.grade, verified.index), (Grade::Recorded, sealed.index));
    // The path of one who is absent says nothing of one who is present.
    let mut forged = read.clone();
    forged.accounts[1].path = forged.accounts[0].path.clone();
    assert!(matches!(forged.verify(&policy, &operators, &[]), Err(ReleaseError::Path { number: 2, .. })));
    let mut forged = read.clone();
    forged.accounts[1].place = forged.accounts[0].place;
    assert!(matches!(forged.verify(&policy, &operators, &[]), Err(ReleaseError::Place { number: 2, .. })));
    let mut forged = read.clone();
    forged.seal.records += 1;
    assert!(forged.verify(&policy, &operators, &[]).is_err());

    let auditor = auditor();
    let independent = [auditor.verifier().clone()];
    let note = Countersignature::of(&sealed.seal, true, Role::Auditor).unwrap().sign(&auditor).unwrap();
    let index = world.register().enter_countersignature(&note, &independent, at(30)).unwrap();
    assert_eq!(world.register().enter_countersignature(&note, &[], at(31)).unwrap(), index);
    let file = world.register().prove_absence(1, &[account("z")]).unwrap();
    let verified = file.verify(&policy, &operators, &independent).unwrap();
    assert!(verified.is_absent() && matches!(&verified.basis, Basis::Rebuilt { by } if by.len() == 1), "{:?}", verified.basis);
    assert_eq!(file.verify(&policy, &operators, &[]).unwrap().basis, Basis::Declared);
}

#[test]
fn a_countersignature_of_another_seal_or_by_nobody_known_is_not_entered() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let sealed = world.seal(&MadeUp::new("one", &extract, &["k"]), at(20)).unwrap();
    let auditor = auditor();
    let keys = [auditor.verifier().clone()];
    let size = world.register().writer().size();
    let mut other = sealed.seal.clone();
    other.subjects.count += 1;
    let note = Countersignature::of(&other, true, Role::Recipient).unwrap().sign(&auditor).unwrap();
    for keys in [&keys[..], &[]] {
        assert!(matches!(world.register().enter_countersignature(&note, keys, at(30)), Err(SealError::Release(ReleaseError::OtherSeal))));
    }
    let operator = world.register().keys().operator().unwrap().clone();
    let own = Countersignature::of(&sealed.seal, true, Role::Auditor).unwrap().sign(&operator).unwrap();
    let refused = world.register().enter_countersignature(&own, &[operator.verifier().clone()], at(30));
    assert!(matches!(refused, Err(SealError::Release(ReleaseError::OwnCountersignature))));
    let good = Countersignature::of(&sealed.seal, true, Role::Auditor).unwrap().sign(&auditor).unwrap();
    let refused = world.register().enter_countersignature(&good, &[operator.verifier().clone()], at(30));
    assert!(matches!(refused, Err(SealError::Release(ReleaseError::Countersignature(_)))));
    assert_eq!(world.register().writer().size(), size);
}

#[test]
fn a_recipient_rebuilds_the_root_from_the_list_and_sees_who_was_left_out() {
    let mut world = World::new();
    let (extract, _) = world.extract(at(10));
    let release = MadeUp::new("one", &extract, &["k", "l", "m"]);
    let sealed = world.seal(&release, at(20)).unwrap();
    let mut out = Vec::new();
    let register = world.register();
    register.subjects_for_recipient(1, &mut release.list.as_bytes(), &mut out, TWO, &mut |_| {}).unwrap();
    let rebuilt = rebuild_subjects(&sealed.seal, out.as_slice()).unwrap();
    assert!(rebuilt.are_of(&sealed.seal));
    let file_list = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&release.list));
    assert_eq!(rebuilt.accounts_sha256, file_list);

    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let left_out = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]);
    let rebuilt = rebuild_subjects(&sealed.seal, left_out.as_bytes()).unwrap();
    assert!(!rebuilt.are_of(&sealed.seal) && rebuilt.accounts_sha256 != file_list);
    let renamed = text.replacen("club:handle:m", "club:handle:n", 1);
    assert!(matches!(rebuild_subjects(&sealed.seal, renamed.as_bytes()), Err(SubjectListError::Place { line: 4 })));
    let swapped = format!("{}\n{}\n{}\n{}\n", lines[0], lines[2], lines[1], lines[3]);
    assert!(matches!(rebuild_subjects(&sealed.seal, swapped.as_bytes()), Err(SubjectListError::Order { line: 3 })));
    let other = text.replacen("/release/1", "/release/2", 1);
    assert!(matches!(rebuild_subjects(&sealed.seal, other.as_bytes()), Err(SubjectListError::OtherRelease)));
    let cut = text.trim_end_matches('\n');
    assert!(matches!(rebuild_subjects(&sealed.seal, cut.as_bytes()), Err(SubjectListError::Line { line: 4 })));
    // The operator cannot make a list of others that fits.
    let list = release.list.replace(":l\n", ":o\n");
    let list: String = {
        let mut lines: Vec<&str> = list.lines().collect();
        lines.sort_unstable();
        lines.iter().map(|line| format!("{line}\n")).collect()
    };
    let refused = register.subjects_for_recipient(1, &mut list.as_bytes(), &mut Vec::new(), TWO, &mut |_| {});
    assert!(matches!(refused, Err(SealError::Subjects(SubjectsError::Other))));
}

#[test]
fn who_is_in_a_release_is_told_whatever_keys_came_since_and_not_from_what_was_lost() {
    let mut world = World::new();
    world.enter(&[act("o-1", "z", OBJECT, at(2))], at(3));
    let seal = |world: &mut World, name: &str, people: &[&str], seconds: i64| {
        let (extract, _) = world.extract(at(seconds));
        world.seal(&MadeUp::new(name, &extract, people), at(seconds + 1)).unwrap().seal.release
    };
    let first = seal(&mut world, "one", &["a", "b"], 10);
    world.register().rotate_index(at(20)).unwrap();
    let second = seal(&mut world, "two", &["b", "c"], 30);
    let asked: Vec<Account> = ["a", "b", "c", "d"].map(account).to_vec();
    let (one, two) = (world.register().members(first).unwrap(), world.register().members(second).unwrap());
    assert_eq!((one.len(), one.seal().release, two.seal().release), (2, first, second));
    assert_eq!(Members::any_has(&[&one], &asked, TWO), [true, true, false, false]);
    assert_eq!(Members::any_has(&[&two], &asked, TWO), [false, true, true, false]);
    assert_eq!(Members::any_has(&[&one, &two], &asked, TWO), [true, true, true, false]);
    assert_eq!(Members::any_has(&[], &asked, TWO), [false; 4]);
    assert_eq!(format!("{one:?}"), "Members { release: 1, .. }");
    assert!(matches!(world.register().members(3), Err(SealError::NoSuchRelease { release: 3 })));
    let path = world.register().place().releases().join("1.subjects");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(world.register().members(first), Err(SealError::PlacesLost { release: 1 })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(world.register().members(first), Err(SealError::PlacesLost { release: 1 })));
}

#[test]
fn which_links_name_an_account_is_told_to_who_reads_also_after_they_ended() {
    let mut world = World::new();
    let line = |id: &str, rest: &str| format!(r#"{{"id":"{id}","person":"club:a",{rest},"received_at":"{}","channel":"api"}}"#, at(2));
    let lines = [line("l-1", r#""act":"link","to":"club:b""#), line("u-1", r#""act":"unlink","of":"l-1""#)].join("\n");
    let choices = bezwaar_core::wire::read_choices(&lines, &Services::default()).unwrap().choices;
    let mut linked = Vec::new();
    for choice in choices {
        Intake::new(world.register().writer()).file(&Filing::own(choice, Sender::Confirmed), at(3)).unwrap();
        linked.push(world.register().reader().unwrap().linked_to(&account("b")).unwrap());
    }
    assert_eq!(linked, [vec![account("a")], vec![account("a")]]);
    assert_eq!(world.register().reader().unwrap().linked_to(&account("a")).unwrap(), []);
}
