//! The store that fails when it is told to does what it says: the failure tables of others stand on it.

use bezwaar_register::store::{Claim, Store, StoreError};
use bezwaar_register::testing::{Call, Fault, FaultyStore, InjectedError, Schedule};

use super::places;
use super::rows::{bare, entries, fill, mixed};

fn name(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Failed { source } if source.is::<InjectedError>() => "failed",
        StoreError::Full => "full",
        StoreError::Busy => "busy",
        StoreError::Fenced => "fenced",
        _ => return None,
    })
}

#[test]
fn every_fault_is_told_and_persists_or_not() {
    for (fault, told, persists) in [
        (Fault::NotPersisted, "failed", false),
        (Fault::Persisted, "failed", true),
        (Fault::Full, "full", false),
        (Fault::Busy, "busy", false),
        (Fault::Fenced, "fenced", false),
    ] {
        for place in [places::memory(), places::sqlite()].into_iter().flatten() {
            let schedule = Schedule::new();
            let mut store = FaultyStore::new(place.open(), schedule.clone());
            let claim = fill(&mut store, &[mixed(0, 0)]);
            schedule.fail(Call::Append, 2, fault);
            store.append(claim, 3, &entries(vec![bare(3)])).unwrap();
            let error = store.append(claim, 4, &entries(vec![bare(4)])).unwrap_err();
            assert_eq!(name(&error), Some(told));
            assert_eq!(store.head().unwrap().size, 4 + u64::from(persists));
            assert_eq!(place.open().head().unwrap().size, 4 + u64::from(persists));
            store.append(claim, 4 + u64::from(persists), &entries(vec![bare(5)])).unwrap();
            assert_eq!(schedule.calls(Call::Append), 4);

            schedule.fail(Call::Claim, 1, fault);
            assert_eq!(name(&store.claim().unwrap_err()), Some(told));
            let size = store.head().unwrap().size;
            let holds = store.append(claim, size, &entries(vec![bare(6)])).is_ok();
            assert_eq!(holds, !persists, "a claim that was persisted outdates the one before, whoever was told");

            schedule.fail_always(Call::Read, fault);
            assert_eq!(name(&store.entries(0, 1).unwrap_err()), Some(told));
            assert_eq!(name(&store.check().unwrap_err()), Some(told));
            assert_eq!(name(&store.reader().err().unwrap()), Some(told));
            schedule.clear();
            let mut reader = store.reader().unwrap();
            schedule.fail(Call::Head, 1, fault);
            assert_eq!(name(&reader.head().unwrap_err()), Some(told), "readers share the schedule");
            assert!(matches!(reader.append(Claim(1), 0, &entries(vec![])), Err(StoreError::Fenced)));
        }
    }
}
