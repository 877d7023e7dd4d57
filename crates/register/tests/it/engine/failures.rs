//! The failure table: every write of a register's life × {fails, fails but was persisted, torn} × {the machine goes off, the program goes on}. After each step the
//! whole tree, every checkpoint that was seen and every acceptance that was given are checked.

use std::path::Path;
use std::sync::Arc;

use bezwaar_register::engine::{ErasureReason, NewRecord, Opening, Register, RegisterError};
use bezwaar_register::files::Files;
use bezwaar_register::store::memory::MemoryStore;

use super::faulty::{Fault, Faults, FaultyStore, MemoryFiles};
use super::kit::{Witness, account, at, choice, parts, place, with_contact};

const STEPS: usize = 14;

struct World<'a> {
    folder: &'a Path,
    store: MemoryStore,
    files: Arc<dyn Files>,
    faults: Faults,
    opened: u64,
}

impl World<'_> {
    fn store(&self) -> Box<FaultyStore<MemoryStore>> {
        Box::new(FaultyStore::new(self.store.clone(), self.faults.clone()))
    }

    fn create(&mut self) -> Result<Register, RegisterError> {
        self.opened += 1;
        Register::create(&place(self.folder), self.store(), parts(&self.files, self.opened), at(0))
    }

    fn open(&mut self) -> Result<Register, RegisterError> {
        self.opened += 1;
        Register::open(&place(self.folder), self.store(), parts(&self.files, self.opened), Opening::default(), at(0))
    }
}

fn batch(step: usize, count: usize) -> Vec<NewRecord> {
    (0..count).map(|number| with_contact(&format!("s{step}-{number}"), &format!("p{}", number % 9), "c")).collect()
}

/// One step of a life. It may be done again.
fn step(register: &mut Register, step: usize, witness: &mut Witness) -> Result<(), RegisterError> {
    let now = at(i64::try_from(step).unwrap());
    let enter = |register: &mut Register, witness: &mut Witness, records: &[NewRecord]| {
        let placed = register.append(records, now)?;
        witness.was_told(records, &placed);
        Ok(())
    };
    let publish = |register: &mut Register, witness: &mut Witness| {
        witness.saw(register.publish()?);
        Ok(())
    };
    match step {
        0 => enter(register, witness, &batch(step, 12)),
        2 => enter(register, witness, &batch(step, 24)),
        1 | 3 | 6 | 8 | 10 | 13 => publish(register, witness),
        4 => {
            let erasure = register.writer().contact_of(&account("p1"), ErasureReason::ForgottenByPerson)?;
            register.erase(&erasure, now).map(drop)
        }
        5 => {
            let erasure = register.writer().all_of(&account("p2"), ErasureReason::ForgottenByPerson)?;
            register.erase(&erasure, now).map(drop)
        }
        7 => register.rotate_ledger(now).map(drop),
        9 => {
            register.rotate_operator(now)?;
            register.rotate_subjects(now)?;
            enter(register, witness, &[choice("after", "p2")])
        }
        11 => register.rotate_vault(),
        _ => enter(register, witness, &batch(step, 3)),
    }
}

/// Lives the life with one fault in it, checks after every step, and gives how many writes there were.
fn live(fault: Option<(u64, Fault, bool)>) -> (u64, bool) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let faults = fault.map_or_else(Faults::none, |(write, fault, off)| Faults::at(write, fault, off));
    let files: Arc<dyn Files> = Arc::new(MemoryFiles::new(faults.clone()));
    let mut world = World { folder: folder.path(), store: MemoryStore::new(), files, faults: faults.clone(), opened: 0 };
    let mut witness = Witness::default();
    let context = |step: usize| format!("{fault:?} in step {step}");

    let mut register = world.create().or_else(|_| {
        faults.heal();
        world.create()
    });
    for number in 0..STEPS {
        let mut tries = 0;
        loop {
            let open = register.as_mut().unwrap_or_else(|error| panic!("{}: {error:?}", context(number)));
            let done = step(open, number, &mut witness);
            let off = fault.is_some_and(|(_, _, off)| off);
            match done {
                Ok(()) => break,
                Err(error) => {
                    assert!(!error.is_integrity(), "{}: {error:?}", context(number));
                    tries += 1;
                    assert!(tries < 4, "{}: {error:?}", context(number));
                    if off || matches!(error, RegisterError::MustReopen) {
                        drop(register);
                        faults.heal();
                        register = world.open();
                        witness.check(register.as_ref().unwrap_or_else(|error| panic!("{}: {error:?}", context(number))));
                    }
                }
            }
        }
        witness.check(register.as_ref().unwrap());
    }
    let happened = faults.happened();
    drop(register);
    faults.heal();
    // Once more from the beginning: everything is where it was, and nothing needs to be put right.
    let register = world.open().unwrap();
    assert_eq!(register.repairs(), [], "{fault:?}");
    assert_eq!(register.keys().lost(), []);
    witness.check(&register);
    let mut reader = register.reader().unwrap();
    assert!(reader.contact_of(&account("p1")).unwrap().is_some(), "p1 left a contact again");
    assert_eq!(reader.acts_of(&account("p2")).unwrap().len(), 2, "{fault:?}: p2 was forgotten, and came back twice");
    (faults.writes(), happened)
}

fn all(fault: Fault, off: bool) {
    let (writes, _) = live(None);
    assert!(writes > 40, "{writes}");
    for write in 0..writes {
        let (_, happened) = live(Some((write, fault, off)));
        assert!(happened, "write {write} did not come");
    }
}

#[test]
fn a_write_fails_and_the_machine_goes_off() {
    all(Fault::Fails, true);
}

#[test]
fn a_write_fails_but_was_persisted_and_the_machine_goes_off() {
    all(Fault::FailsButPersists, true);
}

#[test]
fn a_write_is_torn_and_the_machine_goes_off() {
    all(Fault::Torn, true);
}

#[test]
fn a_write_fails_and_the_program_goes_on() {
    all(Fault::Fails, false);
}

#[test]
fn a_write_fails_but_was_persisted_and_the_program_goes_on() {
    all(Fault::FailsButPersists, false);
}

#[test]
fn a_write_is_torn_and_the_program_goes_on() {
    all(Fault::Torn, false);
}
