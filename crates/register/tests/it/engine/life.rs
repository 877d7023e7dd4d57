//! The ordinary life of a register.

use bezwaar_ledger::entry::EntryKind;
use bezwaar_register::engine::{
    BODY_BYTES_MAX, CONTACT_BYTES_MAX, ErasureReason, ID_BYTES_MAX, NewRecord, ProblemCause, RegisterError, Repair,
};
use bezwaar_register::store::memory::MemoryStore;

use super::kit::{Witness, account, at, choice, create, open, with_contact};

#[test]
fn what_is_entered_is_published_read_and_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    let mut register = create(folder.path(), Box::new(store.clone()));
    let mut witness = Witness::default();
    witness.saw(register.publish().unwrap());
    for round in 0..7 {
        let records: Vec<NewRecord> = (0..97).map(|number| choice(&format!("o-{round}-{number}"), &format!("p{}", number % 40))).collect();
        let placed = register.append(&records, at(round)).unwrap();
        witness.was_told(&records, &placed);
        witness.check(&register);
        witness.saw(register.publish().unwrap());
        witness.check(&register);
    }
    let acts = register.reader().unwrap().acts_of(&account("p3")).unwrap();
    assert_eq!(acts.len(), 7 * 3);
    assert!(acts.iter().all(|row| row.body.windows(4).any(|bytes| bytes == b":p3\"")));
    drop(register);
    let mut register = open(folder.path(), Box::new(store)).unwrap();
    assert_eq!(register.repairs(), []);
    witness.check(&register);
    witness.saw(register.publish().unwrap());
    witness.check(&register);
}

#[test]
fn the_same_act_again_gets_its_place_and_another_under_its_id_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = create(folder.path(), Box::new(MemoryStore::new()));
    let first = register.append(&[choice("a", "noor"), choice("b", "noor"), choice("a", "noor")], at(1)).unwrap();
    assert_eq!(first.iter().map(|placed| (placed.index, placed.fresh)).collect::<Vec<_>>(), [(4, true), (5, true), (4, false)]);
    let again = register.append(&[choice("b", "noor"), choice("c", "noor")], at(2)).unwrap();
    assert_eq!(again.iter().map(|placed| (placed.index, placed.fresh)).collect::<Vec<_>>(), [(5, false), (6, true)]);
    assert!(again[0].salt == first[1].salt && again[0].recorded_at() == at(1));
    let Err(RegisterError::Refused(problems)) =
        register.append(&[choice("d", "noor"), choice("a", "ada"), choice("", "ada"), choice("d", "x")], at(3))
    else {
        panic!("it was entered")
    };
    assert_eq!(
        problems.iter().map(|problem| (problem.position, problem.cause)).collect::<Vec<_>>(),
        [(2, ProblemCause::Id), (1, ProblemCause::OtherContent { index: 4 }), (3, ProblemCause::OtherContentHere { position: 0 })]
    );
    assert_eq!(register.writer().size(), 7);
    assert_eq!(register.append(&[choice("d", "noor")], at(4)).unwrap()[0].index, 7);
}

#[test]
fn the_clock_may_jump_back_a_little_but_not_far() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = create(folder.path(), Box::new(MemoryStore::new()));
    assert_eq!(register.append(&[choice("a", "noor")], at(10_000)).unwrap()[0].recorded_at(), at(10_000));
    assert_eq!(register.append(&[choice("b", "noor")], at(6_400)).unwrap()[0].recorded_at(), at(10_000));
    let refused = register.append(&[choice("c", "noor")], at(6_400).plus_micros(-1));
    assert!(matches!(refused, Err(RegisterError::ClockBehind { .. })));
    assert_eq!(register.append(&[choice("c", "noor")], at(10_001)).unwrap()[0].recorded_at(), at(10_001));
}

#[test]
fn forgetting_leaves_a_tombstone_and_whoever_comes_back_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::new();
    let mut register = create(folder.path(), Box::new(store.clone()));
    let mut witness = Witness::default();
    let records = [with_contact("a", "noor", "noor@club.example"), choice("b", "noor"), choice("c", "ada")];
    let placed = register.append(&records, at(1)).unwrap();
    witness.was_told(&records, &placed);
    let mut reader = register.reader().unwrap();
    assert_eq!(reader.contact_of(&account("noor")).unwrap().unwrap().as_slice(), b"noor@club.example");

    let contact = register.writer().contact_of(&account("noor"), ErasureReason::ForgottenByPerson).unwrap();
    assert_eq!(register.erase(&contact, at(2)).unwrap().len(), 1);
    assert!(reader.contact_of(&account("noor")).unwrap().is_none());
    assert_eq!(reader.acts_of(&account("noor")).unwrap().len(), 2, "without contact the objection stays");

    let all = register.writer().all_of(&account("noor"), ErasureReason::ForgottenByPerson).unwrap();
    let tombstones = register.erase(&all, at(3)).unwrap();
    let row = reader.opening(tombstones[0].index).unwrap().unwrap();
    assert_eq!(row.body, br#"{"entries":[4,5],"reason":"forgotten-by-person","v":1}"#);
    assert_eq!(row.entry.kind, EntryKind::Tombstone);
    assert!(reader.acts_of(&account("noor")).unwrap().is_empty());
    assert!(reader.opening(4).unwrap().is_none() && reader.opening(6).unwrap().is_some());
    witness.check(&register);
    witness.saw(register.publish().unwrap());
    witness.check(&register);

    let Err(RegisterError::Refused(problems)) = register.append(&[choice("a", "noor")], at(4)) else { panic!("it was entered") };
    assert_eq!(problems[0].cause, ProblemCause::Erased { index: 4 });
    register.append(&[choice("new", "noor")], at(5)).unwrap();
    assert_eq!(reader.acts_of(&account("noor")).unwrap().len(), 1);
    drop(register);
    let register = open(folder.path(), Box::new(store)).unwrap();
    assert_eq!(register.repairs(), [Repair::PublishedAgain; 0]);
    witness.check(&register);
}

#[test]
fn what_is_too_long_is_refused_and_what_just_fits_is_entered() {
    let folder = tempfile::tempdir().unwrap();
    let mut register = create(folder.path(), Box::new(MemoryStore::new()));
    let record = |id: usize, body: usize, contact: usize| {
        let NewRecord::Sealed { kind, person, .. } = choice("x", "noor") else { unreachable!() };
        let contact = Some(vec![b'c'; contact]);
        NewRecord::Sealed { kind, person, id: Some("i".repeat(id)), body: vec![b'b'; body], contact }
    };
    register.append(&[record(ID_BYTES_MAX, 10, 1)], at(1)).unwrap();
    register.append(&[record(1, BODY_BYTES_MAX, 1)], at(1)).unwrap();
    register.append(&[record(2, 10, CONTACT_BYTES_MAX)], at(1)).unwrap();
    let size = register.reader().unwrap().size().unwrap();
    for (past, cause) in [
        (record(ID_BYTES_MAX + 1, 10, 1), ProblemCause::Id),
        (record(0, 10, 1), ProblemCause::Id),
        (record(3, BODY_BYTES_MAX + 1, 1), ProblemCause::TooLong),
        (record(3, 10, CONTACT_BYTES_MAX + 1), ProblemCause::TooLong),
    ] {
        let Err(RegisterError::Refused(problems)) = register.append(&[past], at(1)) else { panic!("it was entered") };
        assert_eq!(problems.iter().map(|problem| problem.cause).collect::<Vec<_>>(), [cause]);
    }
    assert_eq!(register.reader().unwrap().size().unwrap(), size, "nothing of it is there");
}
