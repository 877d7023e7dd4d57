//! Two writers on one store: each takes the right to write from the other again and again.

use std::collections::BTreeMap;

use bezwaar_register::store::{Batch, Store, StoreError};

use super::places::{self, Place};
use super::rows::{bare, entry};

/// How often each writer takes over.
const ROUNDS: u64 = 12;
/// How many batches it writes at most before it takes over again.
const BATCHES: u64 = 5;

/// Takes over and writes until taken over; gives what the store said was written: from an index to how many entries of this writer.
pub(super) fn write(store: &mut dyn Store, writer: u64) -> BTreeMap<u64, Vec<u64>> {
    let mut acknowledged = BTreeMap::new();
    let mut number = writer << 32;
    for round in 0..ROUNDS {
        let claim = retry(|| store.claim());
        let mut size = retry(|| store.head()).size;
        for batch in 0..BATCHES {
            let numbers: Vec<u64> = (0..1 + (round + batch) % 4).map(|at| number + at).collect();
            let entries = numbers.iter().map(|number| bare(*number)).collect();
            let batch = Batch { entries, ..Batch::default() };
            match retry(|| match store.append(claim, size, &batch) {
                Err(StoreError::Fenced) => Ok(false),
                other => other.map(|()| true),
            }) {
                true => {
                    number += numbers.len() as u64;
                    let from = size;
                    size += numbers.len() as u64;
                    acknowledged.insert(from, numbers);
                }
                // Taken over; nothing was changed, so the numbers can be used again.
                false => break,
            }
        }
    }
    acknowledged
}

fn retry<T>(mut attempt: impl FnMut() -> Result<T, StoreError>) -> T {
    loop {
        match attempt() {
            Err(StoreError::Busy) => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

/// Everything acknowledged is there, in its place, once, and nothing else.
pub(super) fn verify(store: &mut dyn Store, acknowledged: &[BTreeMap<u64, Vec<u64>>]) {
    let mut expected = BTreeMap::new();
    for (from, numbers) in acknowledged.iter().flatten() {
        for (index, number) in (*from..).zip(numbers) {
            assert_eq!(expected.insert(index, entry(*number)), None, "two batches were given one place");
        }
    }
    let size = store.head().unwrap().size;
    assert_eq!(expected.len() as u64, size, "as many entries as were acknowledged");
    assert_eq!(store.entries(0, usize::MAX).unwrap(), expected.into_values().collect::<Vec<_>>());
    store.check().unwrap();
}

pub(super) fn two_writers_in_threads(place: &dyn Place) {
    let start = &std::sync::Barrier::new(2);
    let acknowledged: Vec<BTreeMap<u64, Vec<u64>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=2)
            .map(|writer| {
                scope.spawn(move || {
                    let mut store = place.open();
                    start.wait();
                    write(store.as_mut(), writer)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    verify(place.open().as_mut(), &acknowledged);
}

#[test]
fn a_reader_sees_whole_batches_only() {
    for place in [places::memory(), places::sqlite(), places::postgres()].into_iter().flatten() {
        let mut store = place.open();
        let mut reader = store.reader().unwrap();
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || {
                let claim = store.claim().unwrap();
                for round in 0..150 {
                    let entries = (round * 7..round * 7 + 7).map(|number| super::rows::act(number, 1)).collect();
                    let holders = if round == 0 { vec![super::rows::holder(1)] } else { vec![] };
                    store.append(claim, round * 7, &Batch { entries, holders, ..Batch::default() }).unwrap();
                }
            });
            while !writing.is_finished() {
                let head = retry(|| reader.head());
                assert_eq!(head.size % 7, 0);
                let entries = retry(|| reader.entries(0, usize::MAX));
                assert_eq!(entries.len() % 7, 0);
                assert!(entries.len() as u64 >= head.size, "what was seen once stays");
                assert_eq!(retry(|| reader.openings_of(bezwaar_register::store::HolderId(1))).len() % 7, 0);
            }
        });
    }
}
