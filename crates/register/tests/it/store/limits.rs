//! Every limit of a batch: kept at the limit, refused one past it, by every kind of store.

use bezwaar_register::store::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Batch, DOCUMENT_BYTES_MAX, Destroy, Holder, HolderId, NewEntry, SEALED_BYTES_MAX, StoreError,
    VALUE_BYTES_MAX, VALUE_NAME_BYTES_MAX, WRAPPED_KEY_BYTES_MAX,
};

use super::places::{self, Place};
use super::rows::{bare, bytes, documented, entries, fill, holder, mixed, name};

fn sealed(number: u64, length: usize) -> NewEntry {
    NewEntry { sealed: Some(vec![7; length]), ..bare(number) }
}

/// What a batch is over, and how to make one of a size for a store as [`mixed`] leaves it.
type Limit = (&'static str, usize, fn(usize) -> Batch);

const LIMITS: &[Limit] = &[
    ("entries", BATCH_ENTRIES_MAX, |count| entries((0..count as u64).map(|at| bare(3 + at)).collect())),
    ("holders", BATCH_ENTRIES_MAX, |count| Batch { holders: (0..count as u64).map(|at| holder(3 + at)).collect(), ..Batch::default() }),
    ("values", BATCH_ENTRIES_MAX, |count| Batch { values: (0..count).map(|at| (format!("v{at}"), vec![])).collect(), ..Batch::default() }),
    ("destroy", BATCH_ENTRIES_MAX, |count| Batch { destroy: vec![Destroy::Opening(0); count], ..Batch::default() }),
    ("sealed", SEALED_BYTES_MAX, |length| entries(vec![sealed(3, length)])),
    ("contact", SEALED_BYTES_MAX, |length| Batch { contacts: vec![(HolderId(1), vec![7; length])], ..Batch::default() }),
    ("document", DOCUMENT_BYTES_MAX, |length| entries(vec![documented(3, vec![7; length])])),
    ("value", VALUE_BYTES_MAX, |length| Batch { values: vec![("v".into(), vec![7; length])], ..Batch::default() }),
    ("value name", VALUE_NAME_BYTES_MAX, |length| Batch { values: vec![("v".repeat(length), vec![7])], ..Batch::default() }),
    ("wrapped key", WRAPPED_KEY_BYTES_MAX, |length| Batch {
        holders: vec![Holder { wrapped_key: Some(vec![7; length]), ..holder(3) }],
        ..Batch::default()
    }),
];

fn at_the_limit_and_one_past(place: &dyn Place) {
    for (what, limit, batch) in LIMITS {
        // Each in a batch of its own on top of what the ones before left would move the numbers; so each on a new store where one
        // entry or holder more matters.
        let mut store = place.open();
        let head = store.head().unwrap();
        let claim = if head.size == 0 { fill(store.as_mut(), &[mixed(0, 0)]) } else { store.claim().unwrap() };
        let head = store.head().unwrap();
        let moved = |mut batch: Batch| {
            for holder in &mut batch.holders {
                *holder = Holder { name: name(head.last_holder << 24 | holder.id.0), ..holder.clone() };
                holder.id = HolderId(holder.id.0 - 3 + head.last_holder + 1);
            }
            batch
        };
        let past = store.append(claim, head.size, &moved(batch(limit + 1)));
        assert!(matches!(past, Err(StoreError::Refused { .. })), "{what}: {past:?}");
        assert_eq!(store.head().unwrap(), head, "{what}");
        store.append(claim, head.size, &moved(batch(*limit))).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

#[test]
fn memory_keeps_the_limits() {
    at_the_limit_and_one_past(places::memory().unwrap().as_ref());
}

#[test]
fn sqlite_keeps_the_limits() {
    at_the_limit_and_one_past(places::sqlite().unwrap().as_ref());
}

#[test]
fn postgres_keeps_the_limits() {
    if let Some(place) = places::postgres() {
        at_the_limit_and_one_past(place.as_ref());
    }
}

#[test]
fn contacts_are_limited_in_number() {
    let mut store = places::memory().unwrap().open();
    let all: Vec<Holder> = (1..=BATCH_ENTRIES_MAX as u64).map(holder).collect();
    let claim =
        fill(store.as_mut(), &[Batch { holders: all, ..Batch::default() }, Batch { holders: vec![holder(20_001)], ..Batch::default() }]);
    let contacts = |count: u64| Batch { contacts: (1..=count).map(|id| (HolderId(id), bytes(id, 3))).collect(), ..Batch::default() };
    assert!(matches!(store.append(claim, 0, &contacts(BATCH_ENTRIES_MAX as u64 + 1)), Err(StoreError::Refused { .. })));
    store.append(claim, 0, &contacts(BATCH_ENTRIES_MAX as u64)).unwrap();
}

#[test]
fn a_batch_is_limited_as_a_whole() {
    let mut store = places::memory().unwrap().open();
    let claim = fill(store.as_mut(), &[]);
    let documents = BATCH_BYTES_MAX / DOCUMENT_BYTES_MAX;
    let mut batch = entries((0..documents as u64).map(|number| documented(number, vec![7; DOCUMENT_BYTES_MAX])).collect());
    batch.values = vec![("v".into(), vec![7])];
    assert!(matches!(store.append(claim, 0, &batch), Err(StoreError::Refused { .. })));
    batch.values.clear();
    store.append(claim, 0, &batch).unwrap();
}

/// What no batch may be, besides what the conformance suite has.
#[test]
fn batches_that_contradict_themselves_are_refused() {
    let mut store = places::memory().unwrap().open();
    let claim = fill(store.as_mut(), &[mixed(0, 0)]);
    let value = |name: &str| (name.to_owned(), vec![1]);
    let wrong = [
        entries(vec![NewEntry { sealed: Some(vec![1]), ..documented(3, vec![1]) }]),
        entries(vec![NewEntry { holder: Some(HolderId(1)), ..bare(3) }]),
        entries(vec![NewEntry { holder: Some(HolderId(3)), ..sealed(3, 1) }]),
        entries(vec![NewEntry { holder: Some(HolderId(0)), ..sealed(3, 1) }]),
        Batch { contacts: vec![(HolderId(3), vec![1])], ..Batch::default() },
        Batch { contacts: vec![(HolderId(1), vec![1]), (HolderId(1), vec![2])], ..Batch::default() },
        Batch { values: vec![value("a"), value("a")], ..Batch::default() },
        Batch { values: vec![value("")], ..Batch::default() },
        Batch { values: vec![value("a b")], ..Batch::default() },
        Batch { values: vec![value("a\0")], ..Batch::default() },
        Batch { values: vec![value("é")], ..Batch::default() },
    ];
    for batch in wrong {
        assert!(matches!(store.append(claim, 3, &batch), Err(StoreError::Refused { .. })), "{batch:?}");
    }
    assert_eq!(store.head().unwrap().size, 3);
}
