//! Salvaging, cut off at each of its writes: whoever salvages again gets all of it, and what was erased stays erased.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bezwaar_core::account::Services;
use bezwaar_core::wire::read_choices;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::expanded::write_choice;
use bezwaar_ledger::opening::{Opening, Salt};
use bezwaar_register::engine::{ErasureReason, NewRecord, Opening as HowToOpen, Register, RegisterError, SALVAGED_AT_ONCE, Salvaged};
use bezwaar_register::files::Files;
use bezwaar_register::store::HolderId;
use bezwaar_register::store::memory::MemoryStore;

use super::faulty::{Fault, Faults, FaultyStore, MemoryFiles};
use super::kit::{Witness, account, at, parts, place};

/// So many acts that their entries fill several bundles.
const LATER: usize = 600;

/// An act as auditors and receipts have it: salvaging reads what it says.
fn choice(id: &str, person: &str) -> NewRecord {
    let line = format!(r#"{{"id":"{id}","person":"club:@{person}","act":"object","received_at":"{}"}}"#, at(0));
    let choices = read_choices(&line, &Services::default()).unwrap().choices;
    let mut body = Vec::new();
    write_choice(&choices[0], &mut body).unwrap();
    NewRecord::Sealed { kind: EntryKind::Choice, person: Some(account(person)), id: Some(id.to_owned()), body, contact: None }
}

/// A register as it was when its backup was made. The same random bytes give the same store every time.
fn begun(folder: &Path, files: &Arc<dyn Files>, store: MemoryStore) -> Register {
    let mut register = Register::create(&place(folder), Box::new(store), parts(files, 1), at(0)).unwrap();
    let records: Vec<NewRecord> = (0..12).map(|number| choice(&format!("a-{number}"), &format!("p{number}"))).collect();
    register.append(&records, at(1)).unwrap();
    register.publish().unwrap();
    register
}

/// Files and openings of a register that went on for long after its backup.
struct Lost {
    files: BTreeMap<std::path::PathBuf, Vec<u8>>,
    openings: BTreeMap<u64, Opening>,
    witness: Witness,
    size: u64,
}

fn lost(folder: &Path) -> Lost {
    let memory = MemoryFiles::new(Faults::none());
    let files: Arc<dyn Files> = Arc::new(memory.clone());
    let mut register = begun(folder, &files, MemoryStore::new());
    let mut witness = Witness::default();
    let mut enter = |register: &mut Register, records: Vec<NewRecord>, now: i64| {
        let placed = register.append(&records, at(now)).unwrap();
        // Who is forgotten further on has nothing left to hold anybody to.
        let (kept, places): (Vec<_>, Vec<_>) = records
            .into_iter()
            .zip(placed)
            .filter(|(record, _)| !matches!(record, NewRecord::Sealed { person, .. } if *person == Some(account("p2"))))
            .unzip();
        witness.was_told(&kept, &places);
        witness.saw(register.publish().unwrap());
    };
    let later: Vec<NewRecord> = (0..LATER).map(|number| choice(&format!("b-{number}"), &format!("q{}", number % 50))).collect();
    enter(&mut register, later, 2);
    enter(&mut register, vec![choice("gone", "p2")], 3);
    let erasure = register.writer().all_of(&account("p2"), ErasureReason::ForgottenByPerson).unwrap();
    register.erase(&erasure, at(4)).unwrap();
    register.rotate_operator(at(5)).unwrap();
    enter(&mut register, (0..3).map(|number| choice(&format!("c-{number}"), &format!("p{}", number + 4))).collect(), 6);
    let mut reader = register.reader().unwrap();
    let size = reader.size().unwrap();
    let opened = (0..size).filter_map(|index| reader.opening(index).unwrap());
    let opening = |row: bezwaar_register::vault::OpenedRow| Opening {
        index: row.index,
        kind: row.entry.kind,
        salt: Salt::from_bytes(row.salt),
        body: row.body,
    };
    let openings = opened.map(opening).map(|opening| (opening.index, opening)).collect();
    drop(register);
    let files = memory.files.lock().unwrap().clone();
    Lost { files, openings, witness, size }
}

/// Restores the backup and salvages, with a fault at one write; gives what came of it and how many writes there were.
fn salvage(lost: &Lost, fault: Option<(u64, Fault)>) -> (Vec<Result<Salvaged, RegisterError>>, u64) {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&folder, &elsewhere] {
        std::fs::create_dir(folder.path().join("register")).unwrap();
    }
    let store = MemoryStore::new();
    let scratch: Arc<dyn Files> = Arc::new(MemoryFiles::new(Faults::none()));
    drop(begun(elsewhere.path(), &scratch, store.clone()));
    let memory = MemoryFiles::new(Faults::none());
    // The files of the lost register, where this one looks for them.
    let moved = lost.files.iter().map(|(path, bytes)| {
        let inner: std::path::PathBuf =
            path.components().skip_while(|part| !["register", "anchor"].iter().any(|name| part.as_os_str() == *name)).collect();
        (folder.path().join(inner), bytes.clone())
    });
    memory.files.lock().unwrap().extend(moved);
    let files: Arc<dyn Files> = Arc::new(memory);
    let faults = fault.map_or_else(Faults::none, |(write, fault)| Faults::at(write, fault, true));
    let mut came = Vec::new();
    for round in 0..2 {
        let faulty = FaultyStore::new(store.clone(), faults.clone());
        came.push(Register::salvage(&place(folder.path()), Box::new(faulty), parts(&files, 7 + round), &lost.openings));
        faults.heal();
    }
    let writes = faults.writes();
    let mut register = Register::open(&place(folder.path()), Box::new(store), parts(&files, 9), HowToOpen::default(), at(10)).unwrap();
    lost.witness.check(&register);
    assert_eq!(register.unopened().unwrap(), [0_u64; 0], "{fault:?}");
    let mut reader = register.reader().unwrap();
    assert_eq!(reader.size().unwrap(), lost.size, "{fault:?}");
    assert!(reader.acts_of(&account("p2")).unwrap().is_empty(), "{fault:?}: what was erased is there again");
    assert_eq!(reader.acts_of(&account("q3")).unwrap().len(), LATER / 50, "{fault:?}");
    assert_eq!(reader.acts_of(&account("p4")).unwrap().len(), 2, "{fault:?}");
    // It goes on.
    register.append(&[choice("d", "p2")], at(11)).unwrap();
    register.publish().unwrap();
    lost.witness.check(&register);
    (came, writes)
}

#[test]
fn salvaging_is_cut_off_at_any_write_and_done_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let lost = lost(folder.path());
    let (came, writes) = salvage(&lost, None);
    let [Ok(first), Ok(second)] = came.as_slice() else { panic!("{came:?}") };
    assert!(writes >= 3 && first.entries > 512 && first.missing.is_empty() && first.unfit.is_empty(), "{writes} {first:?}");
    assert_eq!(*second, Salvaged::default(), "nothing is left to do");
    for fault in [Fault::Fails, Fault::FailsButPersists] {
        for write in 0..writes {
            let (came, _) = salvage(&lost, Some((write, fault)));
            let [Err(RegisterError::Store(_)), Ok(rest)] = came.as_slice() else { panic!("{fault:?} at {write}: {came:?}") };
            assert!(rest.missing.is_empty() && rest.entries <= first.entries, "{rest:?}");
        }
    }
}

/// Numbers of people who came and were forgotten since the backup are given out to nobody, in batches of a bounded size.
#[test]
fn numbers_of_the_forgotten_are_kept_from_others() {
    for past in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("register")).unwrap();
        let memory = MemoryFiles::new(Faults::none());
        let files: Arc<dyn Files> = Arc::new(memory.clone());
        let store = MemoryStore::new();
        let mut register = begun(folder.path(), &files, store.clone());
        let known = 12;
        // As many more people than the backup knows.
        let people = SALVAGED_AT_ONCE + past;
        let records: Vec<NewRecord> = (0..people).map(|number| choice(&format!("n-{number}"), &format!("n{number}"))).collect();
        register.append(&records, at(2)).unwrap();
        let erasure = register.writer().all_of(&account(&format!("n{}", people - 1)), ErasureReason::ForgottenByPerson).unwrap();
        assert_eq!(erasure.keys, [HolderId((known + people) as u64)]);
        register.erase(&erasure, at(3)).unwrap();
        register.publish().unwrap();
        drop(register);
        let backup = MemoryStore::new();
        let (elsewhere, scratch): (_, Arc<dyn Files>) = (tempfile::tempdir().unwrap(), Arc::new(MemoryFiles::new(Faults::none())));
        std::fs::create_dir(elsewhere.path().join("register")).unwrap();
        drop(begun(elsewhere.path(), &scratch, backup.clone()));
        let faults = Faults::none();
        let faulty = FaultyStore::new(backup.clone(), faults.clone());
        Register::salvage(&place(folder.path()), Box::new(faulty), parts(&files, 7), &BTreeMap::new()).unwrap();
        let bundles = (16 + people as u64 + 1).div_ceil(256);
        assert_eq!(faults.writes(), bundles + 1 + past as u64, "a batch of numbers, one more past the limit");
    }
}
