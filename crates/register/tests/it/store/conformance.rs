//! The contract, one function for each promise, run on every kind of store.

use bezwaar_register::store::{Batch, Claim, Destroy, Head, Holder, HolderId, KeyedName, NewEntry, StoreError};

use super::places::{self, Place};
use super::rows::{act, bare, bytes, contents, documented, entries, entry, fill, holder, mixed, name, tombstone};

macro_rules! on_every_store {
    ($($promise:ident),* $(,)?) => {
        on_every_store!(@kind memory: $($promise),*);
        on_every_store!(@kind sqlite: $($promise),*);
        on_every_store!(@kind sqlite_tail: $($promise),*);
        on_every_store!(@kind postgres: $($promise),*);
    };
    (@kind $kind:ident: $($promise:ident),*) => {
        mod $kind {
            $(
                #[test]
                fn $promise() {
                    if let Some(place) = super::places::$kind() {
                        super::$promise(place.as_ref());
                    }
                }
            )*
        }
    };
}

on_every_store! {
    a_new_store_is_empty,
    what_is_read_was_written,
    whole_batches_only_when_the_last_row_is_refused,
    a_batch_for_another_size_is_refused,
    holders_are_numbered_without_gaps,
    nobody_writes_without_the_last_claim,
    a_reader_reads_and_never_writes,
    a_reader_sees_what_comes_later,
    names_are_unique,
    destroy_removes_and_can_be_repeated,
    a_batch_may_not_remove_what_it_adds_or_needs,
    contacts_and_values_are_replaced,
    reopening_gives_the_same,
    reads_past_the_end_are_empty,
    limits_of_reads_are_kept,
    asking_twice_answers_once,
    a_batch_without_entries_is_one_too,
    the_own_check_passes,
    two_writers_in_threads,
}

use super::two_writers::two_writers_in_threads;

fn refused(result: Result<(), StoreError>) -> &'static str {
    match result {
        Err(StoreError::Refused { because }) => because,
        other => panic!("refused was expected, not {other:?}"),
    }
}

fn a_new_store_is_empty(place: &dyn Place) {
    let mut store = place.open();
    assert_eq!(store.head().unwrap(), Head { size: 0, last_holder: 0, last_entry: None });
    assert_eq!(store.entries(0, 10).unwrap(), Vec::<[u8; 42]>::new());
    assert_eq!(store.scan_openings(0, 10).unwrap(), vec![]);
    assert_eq!(store.scan_holders(HolderId(0), 10).unwrap(), vec![]);
    assert_eq!(store.value("anything").unwrap(), None);
    store.check().unwrap();
}

fn what_is_read_was_written(place: &dyn Place) {
    let mut store = place.open();
    let batch = mixed(0, 0);
    fill(store.as_mut(), std::slice::from_ref(&batch));
    let last_entry = Some(entry(2));
    assert_eq!(store.head().unwrap(), Head { size: 3, last_holder: 2, last_entry });
    assert_eq!(store.entries(0, 3).unwrap(), vec![entry(0), entry(1), entry(2)]);
    assert_eq!(store.entries(1, 1).unwrap(), vec![entry(1)]);
    assert_eq!(store.find_ids(&[name(2), name(0), name(99)]).unwrap().into_iter().collect::<std::collections::HashMap<_, _>>().len(), 2);
    assert_eq!(store.find_ids(&[name(2)]).unwrap(), vec![(name(2), 2)]);
    assert_eq!(store.find_holders(&[holder(2).name]).unwrap(), vec![holder(2)]);
    assert_eq!(store.holders(&[HolderId(1), HolderId(7)]).unwrap(), vec![holder(1)]);
    assert_eq!(store.scan_holders(HolderId(1), 10).unwrap(), vec![holder(1), holder(2)]);
    let opening = store.opening(2).unwrap().unwrap();
    assert_eq!((opening.index, opening.holder, opening.sealed), (2, Some(HolderId(2)), bytes(2, 350)));
    assert_eq!(store.opening(1).unwrap(), None);
    assert_eq!(store.document(1).unwrap(), Some(bytes(1, 3_000)));
    assert_eq!(store.document(0).unwrap(), None);
    assert_eq!(store.contact(HolderId(1)).unwrap(), Some(bytes(1, 120)));
    assert_eq!(store.contact(HolderId(2)).unwrap(), None);
    assert_eq!(store.value("vault.epoch").unwrap(), Some(bytes(0, 9)));
}

fn whole_batches_only_when_the_last_row_is_refused(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let before = contents(store.as_mut(), 40);
    let mut batch = mixed(3, 2);
    batch.contacts.push((HolderId(2), bytes(77, 40)));
    batch.destroy.push(Destroy::Opening(0));
    batch.destroy.push(Destroy::Key(HolderId(2)));
    // Everything of the batch is in order but the name of its last entry.
    batch.entries.push(NewEntry { id_name: Some(name(0)), ..act(6, 4) });
    refused(store.append(claim, 3, &batch));
    assert_eq!(contents(store.as_mut(), 40), before);
    assert_eq!(contents(place.open().as_mut(), 40), before);
    batch.entries.pop();
    store.append(claim, 3, &batch).unwrap();
    assert_eq!(store.head().unwrap().size, 6);
}

fn a_batch_for_another_size_is_refused(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let before = contents(store.as_mut(), 9);
    for expected in [0, 2, 4, u64::MAX] {
        let result = store.append(claim, expected, &entries(vec![bare(3)]));
        assert!(matches!(result, Err(StoreError::Moved { expected: e, found: 3 }) if e == expected), "{result:?}");
        // A batch without entries says the size as well.
        assert!(matches!(store.append(claim, expected, &Batch::default()), Err(StoreError::Moved { .. })));
    }
    assert_eq!(contents(store.as_mut(), 9), before);
}

fn holders_are_numbered_without_gaps(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    for wrong in [vec![0], vec![1], vec![2], vec![4], vec![3, 3], vec![3, 5], vec![u64::MAX]] {
        let batch = Batch {
            holders: wrong.iter().map(|id| Holder { name: name(500 + id % 97), ..holder(*id % 1_000) }).collect(),
            ..Batch::default()
        };
        let batch =
            Batch { holders: batch.holders.into_iter().zip(&wrong).map(|(h, id)| Holder { id: HolderId(*id), ..h }).collect(), ..batch };
        refused(store.append(claim, 3, &batch));
    }
    assert_eq!(store.head().unwrap().last_holder, 2);
    store.append(claim, 3, &Batch { holders: vec![holder(3)], ..Batch::default() }).unwrap();
    assert_eq!(store.head().unwrap().last_holder, 3);
}

fn nobody_writes_without_the_last_claim(place: &dyn Place) {
    let (mut first, mut second) = (place.open(), place.open());
    // Before anyone claimed, zero is the store's epoch and still no claim.
    assert!(matches!(first.append(Claim(0), 0, &entries(vec![bare(0)])), Err(StoreError::Fenced)));
    let one = first.claim().unwrap();
    first.append(one, 0, &entries(vec![bare(0)])).unwrap();
    let two = second.claim().unwrap();
    assert!(two > one);
    assert!(matches!(first.append(one, 1, &entries(vec![bare(1)])), Err(StoreError::Fenced)));
    // Fenced comes before everything else that is wrong.
    assert!(matches!(first.append(one, 9, &entries(vec![bare(0)])), Err(StoreError::Fenced)));
    second.append(two, 1, &entries(vec![bare(1)])).unwrap();
    for forged in [Claim(0), Claim(two.0 + 1), Claim(u64::MAX)] {
        assert!(matches!(second.append(forged, 2, &entries(vec![bare(2)])), Err(StoreError::Fenced)));
    }
    let again = first.claim().unwrap();
    assert!(matches!(second.append(two, 2, &entries(vec![bare(2)])), Err(StoreError::Fenced)));
    first.append(again, 2, &entries(vec![bare(2)])).unwrap();
    assert_eq!(second.entries(0, 9).unwrap(), vec![entry(0), entry(1), entry(2)]);
}

fn a_reader_reads_and_never_writes(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.kind(), store.kind());
    assert_eq!(contents(reader.as_mut(), 9), contents(store.as_mut(), 9));
    assert!(matches!(reader.claim(), Err(StoreError::Fenced)));
    assert!(matches!(reader.append(claim, 3, &entries(vec![bare(3)])), Err(StoreError::Fenced)));
    assert!(matches!(reader.reader().unwrap().claim(), Err(StoreError::Fenced)));
    store.append(claim, 3, &entries(vec![bare(3)])).unwrap();
}

fn a_reader_sees_what_comes_later(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[]);
    let mut reader = store.reader().unwrap();
    for round in 0..20 {
        store.append(claim, round * 3, &mixed(round * 3, round * 2)).unwrap();
        assert_eq!(reader.head().unwrap().size, (round + 1) * 3);
        assert_eq!(reader.opening(round * 3).unwrap().unwrap().sealed, bytes(round * 3, 350));
    }
}

fn names_are_unique(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let before = contents(store.as_mut(), 9);
    let taken = entries(vec![NewEntry { id_name: Some(name(2)), ..bare(3) }]);
    assert_eq!(refused(store.append(claim, 3, &taken)), "the name of an entry is taken");
    let twice = entries(vec![NewEntry { id_name: Some(name(7)), ..bare(3) }, NewEntry { id_name: Some(name(7)), ..bare(4) }]);
    refused(store.append(claim, 3, &twice));
    let taken = Batch { holders: vec![Holder { name: holder(1).name, ..holder(3) }], ..Batch::default() };
    assert_eq!(refused(store.append(claim, 3, &taken)), "the name of a holder is taken");
    let twice = Batch { holders: vec![holder(3), Holder { name: holder(3).name, ..holder(4) }], ..Batch::default() };
    refused(store.append(claim, 3, &twice));
    assert_eq!(contents(store.as_mut(), 9), before);
    // One name may be both an entry's and a holder's, and any number of entries may have none.
    let both = Batch { holders: vec![Holder { name: name(2), ..holder(3) }], entries: vec![bare(3), bare(4)], ..Batch::default() };
    store.append(claim, 3, &both).unwrap();
}

fn destroy_removes_and_can_be_repeated(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0), entries(vec![act(3, 1), act(4, 2), act(5, 1)])]);
    let destroy = vec![Destroy::Opening(0), Destroy::Key(HolderId(1)), Destroy::Contact(HolderId(1)), Destroy::Opening(1)];
    for round in 0..2 {
        let batch = Batch { entries: vec![tombstone(6 + round)], destroy: destroy.clone(), ..Batch::default() };
        store.append(claim, 6 + round, &batch).unwrap();
        assert_eq!(store.opening(0).unwrap(), None);
        assert_eq!(store.openings_of(HolderId(1)).unwrap().iter().map(|opening| opening.index).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(store.openings_of(HolderId(2)).unwrap().iter().map(|opening| opening.index).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(store.scan_openings(0, 2).unwrap().iter().map(|opening| opening.index).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(store.contact(HolderId(1)).unwrap(), None);
        let without_key = Holder { wrapped_key: None, ..holder(1) };
        assert_eq!(store.find_holders(&[without_key.name]).unwrap(), vec![without_key.clone()]);
        assert_eq!(store.scan_holders(HolderId(1), 2).unwrap(), vec![without_key, holder(2)]);
        // Entries and documents stay.
        assert_eq!(store.entries(0, 1).unwrap(), vec![entry(0)]);
        assert_eq!(store.document(1).unwrap(), Some(bytes(1, 3_000)));
        assert_eq!(store.find_ids(&[name(0)]).unwrap(), vec![(name(0), 0)]);
        store.check().unwrap();
    }
    // The name of an entry without opening and of a holder without key stays taken.
    refused(store.append(claim, 8, &entries(vec![NewEntry { id_name: Some(name(0)), ..bare(8) }])));
    refused(store.append(claim, 8, &Batch { holders: vec![Holder { name: holder(1).name, ..holder(3) }], ..Batch::default() }));
    // A contact can be given again after it was removed.
    store.append(claim, 8, &Batch { contacts: vec![(HolderId(1), bytes(5, 5))], ..Batch::default() }).unwrap();
    assert_eq!(store.contact(HolderId(1)).unwrap(), Some(bytes(5, 5)));
}

fn a_batch_may_not_remove_what_it_adds_or_needs(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let before = contents(store.as_mut(), 9);
    for destroy in [
        Destroy::Opening(3),
        Destroy::Opening(u64::MAX),
        Destroy::Key(HolderId(3)),
        Destroy::Key(HolderId(0)),
        Destroy::Key(HolderId(1)),
        Destroy::Contact(HolderId(3)),
        Destroy::Contact(HolderId(2)),
    ] {
        let batch = Batch {
            holders: vec![holder(3)],
            entries: vec![act(3, 1)],
            contacts: vec![(HolderId(2), bytes(1, 9)), (HolderId(3), bytes(1, 9))],
            destroy: vec![destroy],
            ..Batch::default()
        };
        refused(store.append(claim, 3, &batch));
    }
    assert_eq!(contents(store.as_mut(), 9), before);
}

fn contacts_and_values_are_replaced(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    for length in [0, 10, 5_000, 1] {
        let batch = Batch {
            contacts: vec![(HolderId(1), bytes(9, length)), (HolderId(2), bytes(8, length))],
            values: vec![("vault.epoch".into(), bytes(7, length)), ("other".into(), vec![])],
            ..Batch::default()
        };
        store.append(claim, 3, &batch).unwrap();
        assert_eq!(store.contact(HolderId(1)).unwrap(), Some(bytes(9, length)));
        assert_eq!(store.contact(HolderId(2)).unwrap(), Some(bytes(8, length)));
        assert_eq!(store.value("vault.epoch").unwrap(), Some(bytes(7, length)));
        assert_eq!(store.value("other").unwrap(), Some(vec![]));
    }
    store.check().unwrap();
}

fn reopening_gives_the_same(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0), mixed(3, 2), entries(vec![tombstone(6)])]);
    let batch = Batch { destroy: vec![Destroy::Opening(0), Destroy::Key(HolderId(2)), Destroy::Contact(HolderId(1))], ..Batch::default() };
    store.append(claim, 7, &batch).unwrap();
    let before = contents(store.as_mut(), 20);
    drop(store);
    let mut store = place.open();
    assert_eq!(contents(store.as_mut(), 20), before);
    // The claim is the store's and not the hold's: it stands until somebody claims again.
    store.append(claim, 7, &mixed(7, 4)).unwrap();
    assert!(store.claim().unwrap() > claim);
}

fn reads_past_the_end_are_empty(place: &dyn Place) {
    let mut store = place.open();
    fill(store.as_mut(), &[mixed(0, 0)]);
    for past in [3, 4, u64::from(u32::MAX), i64::MAX as u64, u64::MAX] {
        assert_eq!(store.entries(past, 5).unwrap(), Vec::<[u8; 42]>::new());
        assert_eq!(store.scan_openings(past, 5).unwrap(), vec![]);
        assert_eq!(store.scan_holders(HolderId(past), 5).unwrap(), vec![]);
        assert_eq!(store.opening(past).unwrap(), None);
        assert_eq!(store.document(past).unwrap(), None);
        assert_eq!(store.contact(HolderId(past)).unwrap(), None);
        assert_eq!(store.openings_of(HolderId(past)).unwrap(), vec![]);
        assert_eq!(store.holders(&[HolderId(past)]).unwrap(), vec![]);
    }
    assert_eq!(store.find_holders(&[KeyedName([0; 16]), KeyedName([0xFF; 16])]).unwrap(), vec![]);
    assert_eq!(store.value("").unwrap(), None);
    assert_eq!(store.value("é\u{0}").unwrap(), None);
}

fn limits_of_reads_are_kept(place: &dyn Place) {
    let mut store = place.open();
    fill(store.as_mut(), &[mixed(0, 0), mixed(3, 2), mixed(6, 4)]);
    for limit in 0..12 {
        assert_eq!(store.entries(2, limit).unwrap().len(), limit.min(7));
        assert_eq!(store.scan_holders(HolderId(2), limit).unwrap().len(), limit.min(5));
        assert_eq!(store.scan_openings(1, limit).unwrap().len(), limit.min(5));
    }
    assert_eq!(store.entries(0, usize::MAX).unwrap().len(), 9);
}

fn asking_twice_answers_once(place: &dyn Place) {
    let mut store = place.open();
    fill(store.as_mut(), &[mixed(0, 0)]);
    assert_eq!(store.find_ids(&[name(0), name(0), name(5), name(0)]).unwrap(), vec![(name(0), 0)]);
    assert_eq!(store.find_holders(&[holder(1).name, holder(1).name]).unwrap(), vec![holder(1)]);
    assert_eq!(store.holders(&[HolderId(2), HolderId(2), HolderId(0)]).unwrap(), vec![holder(2)]);
    assert_eq!(store.find_ids(&[]).unwrap(), vec![]);
    let many: Vec<KeyedName> = (0..5_000).map(name).collect();
    assert_eq!(store.find_ids(&many).unwrap().len(), 2);
}

fn a_batch_without_entries_is_one_too(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[Batch::default(), Batch { holders: vec![holder(1)], ..Batch::default() }]);
    assert_eq!(store.head().unwrap(), Head { size: 0, last_holder: 1, last_entry: None });
    // A holder may come without a key, as from a store where it was removed; an entry without an opening.
    let batch = Batch { holders: vec![Holder { wrapped_key: None, ..holder(2) }], entries: vec![bare(0)], ..Batch::default() };
    store.append(claim, 0, &batch).unwrap();
    assert_eq!(store.holders(&[HolderId(2)]).unwrap()[0].wrapped_key, None);
    assert_eq!(store.head().unwrap(), Head { size: 1, last_holder: 2, last_entry: Some(entry(0)) });
}

fn the_own_check_passes(place: &dyn Place) {
    let mut store = place.open();
    let claim = fill(store.as_mut(), &[mixed(0, 0), mixed(3, 2)]);
    let many = Batch { entries: (6..2_006).map(|number| act(number, 1 + number % 4)).collect(), ..Batch::default() };
    store.append(claim, 6, &many).unwrap();
    let destroy = (6..2_006).step_by(3).map(Destroy::Opening).collect();
    store.append(claim, 2_006, &Batch { entries: vec![documented(2_006, vec![])], destroy, ..Batch::default() }).unwrap();
    store.check().unwrap();
    store.reader().unwrap().check().unwrap();
}

/// Says which promise a store of each kind is named by.
#[test]
fn kinds_are_named() {
    assert_eq!(places::memory().unwrap().open().kind(), "memory");
    assert_eq!(places::sqlite().unwrap().open().kind(), "sqlite");
    assert!(places::postgres().is_none_or(|place| place.open().kind() == "postgres"));
}
