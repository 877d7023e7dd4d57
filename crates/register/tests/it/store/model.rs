//! Random batches on every kind of store give the same answers as a naive model: a list of what was done, searched from the front.

use bezwaar_register::store::sqlite::SqliteOptions;
use bezwaar_register::store::{Batch, Claim, Destroy, Head, Holder, HolderId, KeyedName, NewEntry, SealedOpening, Store, StoreError};
use proptest::prelude::*;

use super::places::{self, Place, SqlitePlace};
use super::rows::{bytes, entry, name};

/// The batches that were taken, in order. Everything else is worked out anew for each question.
#[derive(Default)]
struct Model {
    batches: Vec<Batch>,
}

impl Model {
    fn entries(&self) -> Vec<NewEntry> {
        self.batches.iter().flat_map(|batch| batch.entries.clone()).collect()
    }

    fn removed(&self, what: Destroy) -> bool {
        self.batches.iter().any(|batch| batch.destroy.contains(&what))
    }

    fn holders(&self) -> Vec<Holder> {
        let keep = |holder: &Holder| {
            let removed = self.removed(Destroy::Key(holder.id));
            Holder { wrapped_key: holder.wrapped_key.clone().filter(|_| !removed), ..holder.clone() }
        };
        self.batches.iter().flat_map(|batch| &batch.holders).map(keep).collect()
    }

    fn openings(&self) -> Vec<SealedOpening> {
        let opening = |(index, entry): (u64, NewEntry)| Some(SealedOpening { index, holder: entry.holder, sealed: entry.sealed? });
        (0..).zip(self.entries()).filter_map(opening).filter(|opening| !self.removed(Destroy::Opening(opening.index))).collect()
    }

    fn contact(&self, holder: HolderId) -> Option<Vec<u8>> {
        let mut last = None;
        for batch in &self.batches {
            last = batch.contacts.iter().find(|(id, _)| *id == holder).map(|(_, sealed)| sealed.clone()).or(last);
            last = last.filter(|_| !batch.destroy.contains(&Destroy::Contact(holder)));
        }
        last
    }

    fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.batches.iter().rev().flat_map(|batch| &batch.values).find(|(known, _)| known == name).map(|(_, bytes)| bytes.clone())
    }

    /// Whether a batch may come next, by the words of the contract.
    fn takes(&self, batch: &Batch) -> bool {
        let (entries, holders) = (self.entries(), self.holders());
        let ids: Vec<KeyedName> = entries.iter().chain(&batch.entries).filter_map(|entry| entry.id_name).collect();
        let names: Vec<KeyedName> = holders.iter().chain(&batch.holders).map(|holder| holder.name).collect();
        let unique = |names: &[KeyedName]| names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
        let known = |holder: HolderId| holder.0 >= 1 && holder.0 <= names.len() as u64;
        let fresh = |destroy: &Destroy| match destroy {
            Destroy::Opening(index) => *index >= entries.len() as u64,
            Destroy::Contact(id) => id.0 == 0 || id.0 > holders.len() as u64 || batch.contacts.iter().any(|(other, _)| other == id),
            Destroy::Key(id) => id.0 == 0 || id.0 > holders.len() as u64 || batch.entries.iter().any(|entry| entry.holder == Some(*id)),
        };
        unique(&ids)
            && unique(&names)
            && batch.holders.iter().zip(holders.len() as u64 + 1..).all(|(holder, id)| holder.id.0 == id)
            && batch.entries.iter().all(|entry| entry.holder.is_none_or(|id| known(id) && entry.sealed.is_some()))
            && batch.contacts.iter().all(|(id, _)| known(*id))
            && !batch.destroy.iter().any(fresh)
    }
}

/// One step, in numbers small enough that names and numbers collide.
#[derive(Clone, Debug)]
struct Step {
    /// Whether the batch says another size than there is.
    wrong_size: bool,
    /// Whether what was put off is done after it.
    tidy: bool,
    holders: Vec<(u64, bool)>,
    entries: Vec<(Option<u64>, u8, u64)>,
    contacts: Vec<(u64, usize)>,
    destroy: Vec<(u8, u64)>,
    values: Vec<(u8, usize)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let holders = prop::collection::vec((0..40_u64, prop::bool::weighted(0.9)), 0..4);
    let entries = prop::collection::vec((prop::option::of(0..400_u64), 0..3_u8, 0..14_u64), 0..12);
    let contacts = prop::collection::vec((0..14_u64, 0..200_usize), 0..2);
    let destroy = prop::collection::vec((0..3_u8, 0..40_u64), 0..3);
    let values = prop::collection::vec((0..3_u8, 0..50_usize), 0..2);
    let step = (prop::bool::weighted(0.05), prop::bool::weighted(0.1), holders, entries, contacts, destroy, values).prop_map(
        |(wrong_size, tidy, holders, entries, contacts, destroy, values)| Step {
            wrong_size,
            tidy,
            holders,
            entries,
            contacts,
            destroy,
            values,
        },
    );
    prop::collection::vec(step, 1..12)
}

fn batch(step: &Step, at: u64, size: u64, last_holder: u64) -> Batch {
    let new_entry = |(place, (id, kind, holder)): (u64, &(Option<u64>, u8, u64))| NewEntry {
        bytes: entry(place),
        id_name: id.map(name),
        // Mostly holders that are there, now and then the one after the last.
        holder: (*kind == 0).then(|| HolderId(1 + holder % (last_holder + 2))),
        sealed: (*kind <= 1).then(|| bytes(at << 32 | place, 20 + (*holder as usize) * 31)),
        document: (*kind == 2).then(|| bytes(at << 32 | place, *holder as usize * 7)),
    };
    let mut contacts: Vec<(HolderId, Vec<u8>)> =
        step.contacts.iter().map(|(holder, length)| (HolderId(1 + holder % (last_holder + 1)), bytes(at, *length))).collect();
    contacts.sort();
    contacts.dedup_by_key(|(holder, _)| *holder);
    let mut values: Vec<(String, Vec<u8>)> = step.values.iter().map(|(name, length)| (format!("v{name}"), bytes(at, *length))).collect();
    values.sort();
    values.dedup_by_key(|(name, _)| name.clone());
    let destroy = |(kind, number): &(u8, u64)| match kind {
        0 => Destroy::Opening(number % (size + 1)),
        1 => Destroy::Contact(HolderId(1 + number % (last_holder + 1))),
        _ => Destroy::Key(HolderId(1 + number % (last_holder + 1))),
    };
    Batch {
        holders: (last_holder + 1..)
            .zip(&step.holders)
            .map(|(id, (named, key))| Holder { id: HolderId(id), name: name(1_000 + named), wrapped_key: key.then(|| bytes(at + id, 60)) })
            .collect(),
        entries: (size..).zip(&step.entries).map(new_entry).collect(),
        contacts,
        destroy: step.destroy.iter().map(destroy).collect(),
        values,
    }
}

fn compare(store: &mut dyn Store, model: &Model) {
    let (entries, holders, openings) = (model.entries(), model.holders(), model.openings());
    let last_entry = entries.last().map(|entry| entry.bytes);
    assert_eq!(store.head().unwrap(), Head { size: entries.len() as u64, last_holder: holders.len() as u64, last_entry });
    assert_eq!(store.entries(0, 10_000).unwrap(), entries.iter().map(|entry| entry.bytes).collect::<Vec<_>>());
    assert_eq!(store.scan_holders(HolderId(0), 10_000).unwrap(), holders);
    assert_eq!(store.scan_openings(0, 10_000).unwrap(), openings);
    let asked: Vec<KeyedName> = (0..400).map(name).collect();
    let mut found = store.find_ids(&asked).unwrap();
    found.sort_unstable();
    let mut expected: Vec<(KeyedName, u64)> = entries.iter().zip(0..).filter_map(|(entry, index)| Some((entry.id_name?, index))).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for holder in &holders {
        assert_eq!(store.find_holders(&[holder.name]).unwrap(), vec![holder.clone()]);
        let theirs: Vec<SealedOpening> = openings.iter().filter(|opening| opening.holder == Some(holder.id)).cloned().collect();
        assert_eq!(store.openings_of(holder.id).unwrap(), theirs);
        assert_eq!(store.contact(holder.id).unwrap(), model.contact(holder.id));
    }
    for (entry, index) in entries.iter().zip(0..) {
        assert_eq!(store.document(index).unwrap(), entry.document);
        assert_eq!(store.opening(index).unwrap(), openings.iter().find(|opening| opening.index == index).cloned());
    }
    for value in ["v0", "v1", "v2"] {
        assert_eq!(store.value(value).unwrap(), model.value(value));
    }
}

fn same_as_the_model(place: &dyn Place, steps: &[Step]) {
    let mut store = place.open();
    let mut reader = store.reader().unwrap();
    let mut second = store.reader().unwrap();
    let mut model = Model::default();
    let mut claim: Option<Claim> = None;
    for (step, at) in steps.iter().zip(0..) {
        // Now and then the program starts anew.
        if at % 4 == 3 {
            drop(store);
            store = place.open();
            claim = None;
        }
        let claim = *claim.get_or_insert_with(|| store.claim().unwrap());
        let (size, last_holder) = (model.entries().len() as u64, model.holders().len() as u64);
        let batch = batch(step, at, size, last_holder);
        let result = store.append(claim, size + u64::from(step.wrong_size), &batch);
        match result {
            Ok(()) => {
                assert!(!step.wrong_size && model.takes(&batch), "taken against the contract: {batch:?}");
                model.batches.push(batch);
            }
            Err(StoreError::Moved { .. }) => assert!(step.wrong_size),
            Err(StoreError::Refused { because }) => assert!(!model.takes(&batch), "refused against the contract, because {because}"),
            Err(other) => panic!("{other:?}"),
        }
        if step.tidy {
            store.tidy(claim).unwrap();
        }
        compare(store.as_mut(), &model);
        store.check().unwrap();
        // A reader that looks at each step, and below one that looks at the end only.
        if at % 2 == 0 {
            compare(second.as_mut(), &model);
        }
    }
    compare(reader.as_mut(), &model);
    compare(place.open().as_mut(), &model);
    store.check().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_as_the_model(steps in steps()) {
        same_as_the_model(places::memory().unwrap().as_ref(), &steps);
    }

    #[test]
    fn sqlite_is_as_the_model(steps in steps()) {
        same_as_the_model(places::sqlite().unwrap().as_ref(), &steps);
    }

    #[test]
    fn sqlite_with_any_tail_is_as_the_model(steps in steps(), tail_entries in 0..40_u64) {
        let place = SqlitePlace::with(SqliteOptions { tail_entries, ..SqliteOptions::default() });
        same_as_the_model(&place, &steps);
    }

    #[test]
    fn postgres_is_as_the_model(steps in steps()) {
        if let Some(place) = places::postgres() {
            same_as_the_model(place.as_ref(), &steps);
        }
    }
}
