//! Named limits of the engine: at the limit, and one past it.

use std::sync::{Arc, Condvar, Mutex};

use bezwaar_register::engine::{
    ERASED_AT_ONCE_MAX, ErasureReason, GATHERED_MAX, NewRecord, Register, RegisterError, SCANNED_AT_ONCE_MAX, Sequencer, Ticket,
    WAITING_MAX,
};
use bezwaar_register::keys::{KeyStatement, STATEMENT_BYTES_MAX, StatementError};
use bezwaar_register::store::memory::MemoryStore;

use super::faulty::{FaultyStore, Watch};
use super::kit::{account, at, choice, create, open};

/// A register with so many acts of one person, or of several.
fn filled(folder: &std::path::Path, acts: usize, people: usize) -> (Register, MemoryStore) {
    let store = MemoryStore::new();
    let mut register = create(folder, Box::new(store.clone()));
    let records: Vec<NewRecord> = (0..acts).map(|number| choice(&format!("a-{number}"), &format!("p{}", number % people))).collect();
    for some in records.chunks(5_000) {
        register.append(some, at(1)).unwrap();
    }
    (register, store)
}

#[test]
fn one_tombstone_names_so_many_entries_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut register, _) = filled(folder.path(), 2 * ERASED_AT_ONCE_MAX + 1, 1);
    let all = register.writer().all_of(&account("p0"), ErasureReason::ForgottenByPerson).unwrap();
    let mut erase = |openings: &[u64]| {
        let some =
            bezwaar_register::engine::Erasure { openings: openings.to_vec(), keys: Vec::new(), contacts: Vec::new(), reason: all.reason };
        register.erase(&some, at(2)).unwrap().len()
    };
    let (at_limit, past) = all.openings.split_at(ERASED_AT_ONCE_MAX);
    assert_eq!((erase(at_limit), past.len()), (1, ERASED_AT_ONCE_MAX + 1));
    assert_eq!(erase(past), 2);
}

/// What fits one step to the last row, and what is one row more.
#[test]
fn no_row_is_lost_or_read_twice_between_two_steps_of_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (mut register, store) = filled(folder.path(), SCANNED_AT_ONCE_MAX, 3);
    let indexes = |register: &Register| {
        let mut found = Vec::new();
        let each = |row: Result<_, _>| -> Result<(), RegisterError> {
            found.push(row.map(|row: bezwaar_register::vault::OpenedRow| row.index)?);
            Ok(())
        };
        register.reader().unwrap().scan_all(2, each).unwrap();
        found
    };
    let first = indexes(&register)[0];
    assert_eq!(indexes(&register), (first..).take(SCANNED_AT_ONCE_MAX).collect::<Vec<_>>());
    register.append(&[choice("one-more", "p0")], at(3)).unwrap();
    assert_eq!(indexes(&register), (first..).take(SCANNED_AT_ONCE_MAX + 1).collect::<Vec<_>>());
    drop((register, store));
}

/// A whole scan reads and opens ahead of who takes the rows, on other threads: in order, to the end, and to no end when it is stopped or a thread is lost.
#[test]
fn a_whole_scan_gives_every_row_in_order_and_ends_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    const ROWS: usize = 4 * SCANNED_AT_ONCE_MAX + 1;
    let (register, store) = filled(folder.path(), ROWS, 3);
    let mut reader = register.reader().unwrap();
    for threads in [0, 1, 2, 5] {
        let mut found = Vec::new();
        let scanned: Result<(), RegisterError> = reader.scan_map(
            (0, threads),
            |row| row.unwrap().index,
            |index| {
                found.push(index);
                Ok(())
            },
        );
        scanned.unwrap();
        assert_eq!(found.len(), ROWS);
        assert!(found.is_sorted_by(|one, other| one < other));
        let mut taken = 0;
        let stopped: Result<(), RegisterError> = reader.scan_map(
            (found[4], threads),
            |row| row.unwrap().index,
            |index| {
                assert_eq!(index, found[4 + taken]);
                taken += 1;
                if taken == 10 { Err(RegisterError::Stopped) } else { Ok(()) }
            },
        );
        assert!(matches!(stopped, Err(RegisterError::Stopped)) && taken == 10);
        let last = found[found.len() - 1];
        let mut taken = 0;
        let lost: Result<(), RegisterError> = reader.scan_map(
            (0, threads),
            |row| row.map(|row| assert!(row.index < last, "a thread is lost")).unwrap(),
            |()| {
                taken += 1;
                Ok(())
            },
        );
        assert!(matches!(lost, Err(RegisterError::Stopped)) && taken < ROWS);
    }
    drop((register, store));
}

/// A sequencer whose store writes nothing until its gate is opened.
fn behind_a_gate(folder: &std::path::Path) -> (Sequencer, Watch) {
    let store = MemoryStore::new();
    drop(create(folder, Box::new(store.clone())));
    let gate = Watch(Arc::new((Mutex::default(), Condvar::new())));
    let register = open(folder, Box::new(FaultyStore::watched(store, gate.clone()))).unwrap();
    let sequencer = Sequencer::start(register, Arc::new(|| at(20))).unwrap();
    gate.close();
    (sequencer, gate)
}

/// While one batch is written, submissions gather; the next batch takes so many of them, and the one after it the rest.
#[test]
fn a_batch_gathers_so_many_records_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, gate) = behind_a_gate(folder.path());
    let mut tickets: Vec<Ticket> = vec![sequencer.submit(vec![choice("first", "p")])];
    gate.wait_for_a_batch();
    tickets.extend((0..=GATHERED_MAX).map(|number| sequencer.submit(vec![choice(&format!("w-{number}"), "p")])));
    gate.open();
    tickets.into_iter().for_each(|ticket| drop(ticket.wait().unwrap()));
    drop(sequencer.stop().unwrap());
    assert_eq!(gate.sizes(), [1, GATHERED_MAX, 1]);
}

/// While nothing can be written so many submissions wait; whoever brings one more waits to hand it in. None is lost.
#[test]
fn so_many_wait_to_be_written_and_the_next_waits_to_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (sequencer, gate) = behind_a_gate(folder.path());
    let first = sequencer.submit(vec![choice("first", "p")]);
    gate.wait_for_a_batch();
    let (handed, in_hand) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let sequencer = &sequencer;
        scope.spawn(move || {
            for number in 0..=WAITING_MAX {
                handed.send(sequencer.submit(vec![choice(&format!("w-{number}"), "p")])).unwrap();
            }
        });
        let mut tickets: Vec<Ticket> = (0..WAITING_MAX).map(|_| in_hand.recv().unwrap()).collect();
        assert!(in_hand.recv_timeout(std::time::Duration::from_millis(300)).is_err(), "one more than may wait was taken");
        gate.open();
        tickets.extend(in_hand.recv());
        assert_eq!(tickets.len(), WAITING_MAX + 1);
        tickets.into_iter().chain([first]).for_each(|ticket| drop(ticket.wait().unwrap()));
    });
    drop(sequencer.stop().unwrap());
    assert_eq!(gate.sizes().iter().sum::<usize>(), WAITING_MAX + 2);
}

/// A statement with signatures nobody knows counts up to the limit, and not past it.
#[test]
fn a_statement_is_no_longer_than_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let register = create(folder.path(), Box::new(MemoryStore::new()));
    let good = register.reader().unwrap().document(0).unwrap().unwrap();
    KeyStatement::verify(&good, &[]).unwrap();
    let mut long = String::from_utf8(good).unwrap();
    // 96 letters of base64 are the key id and a signature of an unknown kind; the names fill up the rest.
    let line = |number: usize, name: usize| format!("\u{2014} {number:02}{} {}\n", "n".repeat(name), "AAAA".repeat(24));
    let mut number = 0;
    while long.len() + line(number, 200).len() + line(number, 1).len() < STATEMENT_BYTES_MAX {
        long.push_str(&line(number, 200));
        number += 1;
    }
    let rest = STATEMENT_BYTES_MAX - long.len() - line(number, 0).len();
    let with = |past: usize| KeyStatement::verify(format!("{long}{}", line(number, rest + past)).as_bytes(), &[]).map(drop);
    assert_eq!(with(0), Ok(()));
    assert_eq!(with(1), Err(StatementError::Form));
}
