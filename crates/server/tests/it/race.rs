//! The race of the specification's last paragraph: whoever answers with N + K must never be found at N again.

use std::sync::Barrier;

use bezwaar_ledger::tlog::witness::WitnessAnswer;
use bezwaar_server::witness::{Answer, file_name};

use crate::support::{Ledger, NOW, Serving, at, open};

const ROUNDS: u64 = 60;

#[test]
fn of_two_submitters_one_wins_and_the_record_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut held = 0;
    for round in 0..ROUNDS {
        let (smaller, larger) = (held + 1, held + 1 + round % 5);
        let bodies = [smaller, larger].map(|size| Ledger::new(size).body(held));
        let together = Barrier::new(2);
        let statuses = std::thread::scope(|scope| {
            let ask = |body: &Vec<u8>| {
                let body = body.clone();
                let (serving, together) = (&serving, &together);
                scope.spawn(move || {
                    together.wait();
                    serving.post(&body).status
                })
            };
            let threads = [ask(&bodies[0]), ask(&bodies[1])];
            threads.map(|thread| thread.join().unwrap())
        });
        let kept = serving.get(&format!("/checkpoints/{}", file_name(&Ledger::new(0).origin()))).body;
        let size: u64 = kept.lines().nth(1).unwrap().parse().unwrap();
        match statuses {
            [200, 409] => assert_eq!(size, smaller),
            [409, 200] => assert_eq!(size, larger),
            other => panic!("{other:?}"),
        }
        held = size;
    }
}

#[test]
fn many_submitters_of_many_sizes_leave_a_record_that_only_grows() {
    let folder = tempfile::tempdir().unwrap();
    let witness = open(folder.path());
    let largest = std::sync::Mutex::new(0);
    std::thread::scope(|scope| {
        for start in 0..4_u64 {
            let (witness, largest) = (&witness, &largest);
            scope.spawn(move || {
                let mut old_size = 0;
                for step in 0..40 {
                    let size = old_size + 1 + (step + start) % 3;
                    match witness.add_checkpoint(&Ledger::new(size).body(old_size), at(NOW + step)).answer {
                        Answer::Given(WitnessAnswer::Cosigned { head, .. }) => {
                            let mut largest = largest.lock().unwrap();
                            *largest = head.size.max(*largest);
                            old_size = head.size;
                        }
                        Answer::Given(WitnessAnswer::Conflict { size: held }) => {
                            assert!(held > old_size, "somebody else came first");
                            old_size = held;
                        }
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
    });
    let largest = *largest.lock().unwrap();
    drop(witness);
    let held = open(folder.path()).held(&Ledger::new(0).origin()).unwrap().unwrap();
    assert_eq!(held.checkpoint.unverified().size(), largest, "the disk has the largest that was ever cosigned");
}
