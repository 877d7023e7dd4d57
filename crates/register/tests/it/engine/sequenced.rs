//! Many callers at once, and a store that fails under them: what one of them was told holds, and what none was told is there at most once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bezwaar_register::engine::{NewRecord, Placed, Register, RegisterError, Sequencer};
use bezwaar_register::store::memory::MemoryStore;
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use bezwaar_register::store::{Store, StoreError};

use super::faulty::{Faults, FaultyStore};
use super::kit::{Witness, at, choice, create, open};

const CALLERS: usize = 8;
const RECORDS: usize = 120;

/// Hands in until it is there; gives what it was told, and how often it was told nothing.
fn insist(sequencer: &Sequencer, records: &[NewRecord]) -> (Vec<Placed>, u64) {
    let mut failed = 0;
    loop {
        match sequencer.submit(records.to_vec()).wait() {
            Ok(placed) => return (placed, failed),
            Err(error) => {
                assert!(matches!(*error, RegisterError::Store(StoreError::Failed { .. })), "{error}");
                failed += 1;
            }
        }
    }
}

#[test]
fn a_store_that_fails_in_the_middle_loses_nothing_and_enters_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, faults) = (MemoryStore::new(), Faults::every(3));
    let register = create(folder.path(), Box::new(memory.clone()));
    drop(register);
    let register = open(folder.path(), Box::new(FaultyStore::new(memory, faults.clone()))).unwrap();
    let sequencer = Sequencer::start(register, Arc::new(|| at(20))).unwrap();
    let told: Mutex<(Witness, BTreeMap<String, u64>, u64)> = Mutex::default();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (sequencer, told) = (&sequencer, &told);
            scope.spawn(move || {
                for number in 0..RECORDS {
                    // Two at a time, all or nothing; every tenth pair was handed in by another caller as well.
                    let whose = if number % 10 == 0 { 0 } else { caller };
                    let ids = [0, 1].map(|half| format!("r{whose}-{number}-{half}"));
                    let records = ids.each_ref().map(|id| choice(id, &format!("p{}", number % 7)));
                    let (placed, failed) = insist(sequencer, &records);
                    assert_eq!(placed[0].index + 1, placed[1].index, "a pair is entered together");
                    let mut told = told.lock().unwrap();
                    told.2 += failed;
                    told.0.was_told(&records, &placed);
                    for (id, placed) in ids.into_iter().zip(&placed) {
                        let before = told.1.insert(id, placed.index);
                        assert!(before.is_none_or(|before| before == placed.index), "one act has two places");
                    }
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..20 {
                if let Ok(checkpoint) = sequencer.publish() {
                    told.lock().unwrap().0.saw(checkpoint);
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
    });
    faults.heal();
    let mut register: Register = sequencer.stop().unwrap();
    let (mut witness, places, failed) = told.into_inner().unwrap();
    witness.saw(register.publish().unwrap());
    witness.check(&register);
    // Every act stands once: as many entries as acts, beside those of the keys.
    let keys = register.statements().len() as u64;
    assert_eq!(register.reader().unwrap().size().unwrap(), keys + places.len() as u64);
    assert!(failed > 10, "the store failed {failed} times: too seldom to show anything");
}

/// In the middle of a surge the clock is set back: a little, and times stand still; far, and nothing is entered until it is right again.
#[test]
fn a_clock_that_jumps_back_during_a_surge_dates_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let register = create(folder.path(), Box::new(MemoryStore::new()));
    let clock = Arc::new(AtomicI64::new(10_000));
    let tells = Arc::clone(&clock);
    let sequencer = Sequencer::start(register, Arc::new(move || at(tells.load(Ordering::SeqCst)))).unwrap();
    let told: Mutex<Witness> = Mutex::default();
    let surge = |round: &str| {
        std::thread::scope(|scope| {
            for caller in 0..CALLERS {
                let (sequencer, told, clock) = (&sequencer, &told, &clock);
                scope.spawn(move || {
                    for number in 0..RECORDS {
                        let records = [choice(&format!("{round}-{caller}-{number}"), &format!("p{}", number % 7))];
                        let placed = sequencer.submit(records.to_vec()).wait().unwrap();
                        assert!(placed[0].recorded_at() >= at(10_000), "{}", placed[0].recorded_at());
                        told.lock().unwrap().was_told(&records, &placed);
                        if caller == 0 && number == RECORDS / 2 {
                            // At most an hour back.
                            clock.store(10_000 - 3_599, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
    };
    surge("a");
    clock.store(10_000 - 7_200, Ordering::SeqCst);
    let size = sequencer.reader().unwrap().size().unwrap();
    for number in 0..20 {
        let refused = sequencer.submit(vec![choice(&format!("b-{number}"), "p1")]).wait();
        assert!(matches!(refused.unwrap_err().as_ref(), RegisterError::ClockBehind { .. }));
    }
    assert_eq!(sequencer.reader().unwrap().size().unwrap(), size, "nothing was entered");
    told.lock().unwrap().saw(sequencer.publish().unwrap());
    clock.store(10_001, Ordering::SeqCst);
    surge("b");
    let mut register: Register = sequencer.stop().unwrap();
    let mut witness = told.into_inner().unwrap();
    witness.saw(register.publish().unwrap());
    witness.check(&register);
}

/// The database has room for so many pages and no more. What was accepted before holds, what is refused is not there, and with room again it goes on.
#[test]
fn a_full_disk_loses_nothing_that_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let path = folder.path().join("register/register.sqlite");
    let small = || SqliteOptions { pages_max: Some(60), ..SqliteOptions::default() };
    let mut witness = Witness::default();
    let mut register = create(folder.path(), Box::new(SqliteStore::create(&path, small()).unwrap()));
    let mut number = 0;
    let refused = loop {
        let records: Vec<NewRecord> = (0..20).map(|half| choice(&format!("r{number}-{half}"), &format!("p{}", half % 5))).collect();
        match register.append(&records, at(20)) {
            Ok(placed) => witness.was_told(&records, &placed),
            Err(error) => break (error, records),
        }
        number += 1;
        assert!(number < 10_000, "it is never full");
    };
    assert!(matches!(refused.0, RegisterError::Store(StoreError::Full)) && number > 0, "{number}: {:?}", refused.0);
    let size = register.reader().unwrap().size().unwrap();
    // What fits goes on being accepted or refused; nothing of a refused batch is there.
    assert_eq!(register.reader().unwrap().find("r0-0").unwrap().map(|index| index < size), Some(true));
    assert_eq!(register.reader().unwrap().find(&format!("r{number}-0")).unwrap(), None);
    witness.saw(register.publish().unwrap());
    witness.check(&register);
    drop(register);
    let store: Box<dyn Store> = Box::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let mut register = open(folder.path(), store).unwrap();
    witness.was_told(&refused.1, &register.append(&refused.1, at(20)).unwrap());
    witness.saw(register.publish().unwrap());
    witness.check(&register);
    assert!(register.checks(true, at(20)).iter().all(|finding| finding.check != "store" || finding.help.is_empty()));
}
