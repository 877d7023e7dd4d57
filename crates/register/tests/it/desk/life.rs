use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};

use bezwaar_ledger::acceptance::Acceptance;
use bezwaar_register::desk::{DESK_GATHERED_MAX, DESK_WAITING_MAX, Desk};
use bezwaar_register::engine::RegisterError;
use bezwaar_register::intake::{IntakeError, Refusal, State};
use bezwaar_register::store::memory::MemoryStore;

use super::{account, submission};
use crate::engine::faulty::{Faults, FaultyStore, Watch};
use crate::engine::kit::{Witness, at, create, open};

fn desk(folder: &std::path::Path) -> Desk {
    Desk::start(create(folder, Box::new(MemoryStore::new())), Arc::new(|| at(20))).unwrap()
}

/// Keeps the desk busy until the sender is dropped.
fn hold(desk: &Desk) -> mpsc::Sender<()> {
    let (busy, until) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    desk.run(
        move |_, _| {
            begun.send(()).unwrap();
            until.recv().unwrap_err();
        },
        |_| {},
    );
    begins.recv().unwrap();
    busy
}

#[test]
fn what_is_accepted_is_there_and_can_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let accepted = desk.file_and_wait(submission("o-1", "club:noor")).unwrap();
    assert_eq!((accepted.accepted_at, accepted.acts.len()), (at(20), 1));
    let act = &accepted.acts[0];
    assert!((act.receipt.state, act.receipt.provisional, act.received_at) == (State::New, true, at(20)));
    let note = desk.accepter().unwrap().accept(&act.placed(), act.received_at).unwrap();
    let statements = desk.statements();
    let keys = bezwaar_register::keys::verifiers(&statements, bezwaar_register::keys::Purpose::Operator);
    assert_eq!(Acceptance::verify(&note, &keys).unwrap().entry, act.entry);
    let receipt = desk.prove_inclusion("o-1").unwrap();
    assert!(receipt.claim().entry() == Some(act.entry));
    assert!(desk.prove_inclusion("o-2").is_err());
    let size = desk.publish().unwrap().unverified().size();
    assert_eq!(desk.reader().unwrap().size().unwrap(), size);
    assert_eq!(desk.with_register(|register, _| register.statements().len()).unwrap(), statements.len());
    // Again, it is there already.
    let again = desk.file_and_wait(submission("o-1", "club:noor")).unwrap();
    assert!(again.acts[0].receipt.state == State::There && again.acts[0].entry == act.entry && again.acts[0].received_at == at(20));
    let refused = desk.file_and_wait(submission("o-1", "club:else")).unwrap_err();
    assert!(matches!(refused, IntakeError::Refused(Refusal::OtherContent)));
    let mut register = desk.stop().unwrap();
    assert_eq!(register.reader().unwrap().acts_of(&account("club:noor")).unwrap().len(), 1);
    register.publish().unwrap();
}

#[test]
fn when_very_many_wait_the_next_is_refused_at_once_and_nobody_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let busy = hold(&desk);
    let answers: Arc<Mutex<BTreeMap<usize, bool>>> = Arc::default();
    for number in 0..DESK_WAITING_MAX {
        let answers = Arc::clone(&answers);
        desk.file(submission(&format!("w-{number}"), "club:noor"), move |outcome| {
            answers.lock().unwrap().insert(number, outcome.is_ok());
        });
    }
    assert!(answers.lock().unwrap().is_empty(), "nobody is answered before the write");
    // One past the limit: a submission and a job alike.
    assert!(matches!(desk.file_and_wait(submission("late", "club:noor")), Err(IntakeError::Busy)));
    assert!(matches!(desk.ask(|_, _| ()), Err(IntakeError::Busy)));
    assert!(matches!(desk.with_register(|_, _| ()), Err(IntakeError::Busy)));
    drop(busy);
    let mut reader = desk.reader().unwrap();
    let register = desk.stop().unwrap();
    let answers = answers.lock().unwrap();
    assert!(answers.len() == DESK_WAITING_MAX && answers.values().all(|accepted| *accepted));
    assert_eq!(reader.find("late").unwrap(), None);
    for number in [0, DESK_WAITING_MAX / 2, DESK_WAITING_MAX - 1] {
        assert!(reader.find(&format!("w-{number}")).unwrap().is_some());
    }
    drop(register);
}

#[test]
fn a_job_that_panics_and_one_who_panics_when_answered_stop_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    desk.file_and_wait(submission("o-1", "club:noor")).unwrap();
    assert!(matches!(desk.ask(|_, _| panic!("a fault of the test")).unwrap_err(), IntakeError::Fault));
    assert!(matches!(desk.with_register(|_, _| panic!("a fault of the test")).unwrap_err(), IntakeError::Fault));
    desk.file(submission("o-2", "club:noor"), |_| panic!("a fault of the test"));
    desk.run(|_, _| (), |_| panic!("a fault of the test"));
    assert_eq!(desk.file_and_wait(submission("o-3", "club:noor")).unwrap().acts[0].receipt.state, State::New);
    assert_eq!(desk.prove_inclusion("o-2").map(drop).map_err(|error| error.to_string()), Ok(()));
    assert_eq!(desk.ask(|intake, _| intake.list_counts().unwrap().counts.values().sum::<u64>()).unwrap(), 2, "filed again, twice");
    desk.stop().unwrap();
}

#[test]
fn jobs_and_submissions_are_done_in_the_order_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let busy = hold(&desk);
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    for number in 0..20 {
        let (filed, ran) = (Arc::clone(&order), Arc::clone(&order));
        desk.file(submission(&format!("o-{number}"), "club:noor"), move |_| filed.lock().unwrap().push(format!("file {number}")));
        desk.run(move |intake, _| intake.list_counts().is_ok(), move |_| ran.lock().unwrap().push(format!("run {number}")));
    }
    drop(busy);
    desk.stop().unwrap();
    let expected: Vec<String> = (0..20).flat_map(|number| [format!("file {number}"), format!("run {number}")]).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[test]
fn a_store_that_fails_in_the_middle_loses_nothing_and_files_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (memory, faults) = (MemoryStore::new(), Faults::every(3));
    drop(create(folder.path(), Box::new(memory.clone())));
    let register = open(folder.path(), Box::new(FaultyStore::new(memory.clone(), faults.clone()))).unwrap();
    let desk = Desk::start(register, Arc::new(|| at(20))).unwrap();
    let failed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for caller in 0..6 {
            let (desk, failed) = (&desk, &failed);
            scope.spawn(move || {
                for number in 0..60 {
                    let id = format!("c{caller}-{number}");
                    loop {
                        match desk.file_and_wait(submission(&id, &format!("club:p{}", number % 7))) {
                            Ok(accepted) => {
                                let act = &accepted.acts[0];
                                let mut reader = desk.reader().unwrap();
                                assert_eq!(reader.find(&id).unwrap(), Some(act.receipt.index), "the place that was told is the place");
                                assert_eq!(reader.entry(act.receipt.index).unwrap(), act.entry);
                                break;
                            }
                            Err(IntakeError::Batch(error)) => {
                                assert!(matches!(*error, RegisterError::Store(_)), "{error}");
                                failed.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
    assert!(failed.into_inner() > 20);
    faults.heal();
    let mut register = desk.stop().unwrap();
    let mut witness = Witness::default();
    witness.saw(register.publish().unwrap());
    witness.check(&register);
    let keys = register.statements().len() as u64;
    assert_eq!(register.reader().unwrap().size().unwrap(), keys + 360, "every act stands once");
    drop(register);
    let mut reader = open(folder.path(), Box::new(memory)).unwrap().reader().unwrap();
    assert!((0..360).all(|one| reader.find(&format!("c{}-{}", one / 60, one % 60)).unwrap().is_some()));
}

/// While one batch is written submissions gather; the next batch takes so many of them, and the one after it the rest.
#[test]
fn a_batch_gathers_so_many_submissions_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new();
    drop(create(folder.path(), Box::new(memory.clone())));
    let gate = Watch(Arc::new((Mutex::default(), Condvar::new())));
    let register = open(folder.path(), Box::new(FaultyStore::watched(memory, gate.clone()))).unwrap();
    let desk = Desk::start(register, Arc::new(|| at(20))).unwrap();
    gate.close();
    let (answer, answers) = mpsc::channel();
    let file = |id: &str| {
        let answer = answer.clone();
        desk.file(submission(id, "club:noor"), move |outcome| answer.send(outcome.is_ok()).unwrap());
    };
    file("first");
    gate.wait_for_a_batch();
    (0..=DESK_GATHERED_MAX).for_each(|number| file(&format!("w-{number}")));
    gate.open();
    drop(desk.stop().unwrap());
    drop(answer);
    assert_eq!(answers.iter().collect::<Vec<bool>>(), vec![true; DESK_GATHERED_MAX + 2]);
    assert_eq!(gate.sizes(), [1, DESK_GATHERED_MAX, 1]);
}

#[test]
fn a_desk_that_is_dropped_still_does_what_was_handed_in() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let busy = hold(&desk);
    let (answer, answers) = mpsc::channel();
    for number in 0..10 {
        let answer = answer.clone();
        desk.file(submission(&format!("o-{number}"), "club:noor"), move |outcome| answer.send(outcome.is_ok()).unwrap());
    }
    drop((desk, busy, answer));
    assert_eq!(answers.iter().collect::<Vec<bool>>(), [true; 10]);
}
