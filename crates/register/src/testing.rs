//! A store that fails when it is told to, for the failure tables of whoever writes through a store: every write × {fails, fails but was
//! persisted} × reload. Not part of what this crate promises.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bezwaar_ledger::entry::ENTRY_BYTES;

use crate::store::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`Store::claim`].
    Claim,
    /// [`Store::append`].
    Append,
    /// [`Store::head`].
    Head,
    /// Any other reading, the check and the making of a reader included.
    Read,
}

impl Call {
    /// Every kind.
    pub const ALL: [Call; 4] = [Call::Claim, Call::Append, Call::Head, Call::Read];
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// [`StoreError::Failed`], and nothing was done.
    NotPersisted,
    /// [`StoreError::Failed`], and yet it was done. For a reading it is the same as the one before.
    Persisted,
    /// [`StoreError::Full`]; nothing was done.
    Full,
    /// [`StoreError::Busy`]; nothing was done.
    Busy,
    /// [`StoreError::Fenced`]; nothing was done.
    Fenced,
}

impl Fault {
    /// Every way.
    pub const ALL: [Fault; 5] = [Fault::NotPersisted, Fault::Persisted, Fault::Full, Fault::Busy, Fault::Fenced];

    /// The error of a call that fails like this.
    pub fn error(self) -> StoreError {
        match self {
            Fault::NotPersisted | Fault::Persisted => StoreError::Failed { source: Box::new(InjectedError) },
            Fault::Full => StoreError::Full,
            Fault::Busy => StoreError::Busy,
            Fault::Fenced => StoreError::Fenced,
        }
    }
}

/// The cause of an error that a test asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InjectedError;

impl fmt::Display for InjectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a test asked for this failure")
    }
}

impl std::error::Error for InjectedError {}

/// Which calls fail. Its clones are one schedule: a test keeps one and gives the other to the store.
#[derive(Clone, Debug, Default)]
pub struct Schedule(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    /// How many calls of each kind there were, in the order of [`Call::ALL`].
    counts: [u64; Call::ALL.len()],
    /// What fails: a kind, at which count, and how.
    faults: Vec<(Call, u64, Fault)>,
    /// What fails at every call.
    lasting: Vec<(Call, Fault)>,
}

impl Plan {
    fn count(&mut self, call: Call) -> Option<&mut u64> {
        self.counts.get_mut(call as usize)
    }
}

impl Schedule {
    /// Nothing fails.
    pub fn new() -> Schedule {
        Schedule::default()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets one call fail: the next of its kind for 1, the one after for 2, and so on.
    pub fn fail(&self, call: Call, nth: u64, fault: Fault) {
        let mut plan = self.plan();
        let at = plan.count(call).map_or(0, |count| *count) + nth;
        plan.faults.push((call, at, fault));
    }

    /// Lets every call of a kind fail, until [`Schedule::clear`].
    pub fn fail_always(&self, call: Call, fault: Fault) {
        self.plan().lasting.push((call, fault));
    }

    /// Lets nothing fail from now on.
    pub fn clear(&self) {
        let mut plan = self.plan();
        plan.faults.clear();
        plan.lasting.clear();
    }

    /// How many calls of a kind there were, failed ones included.
    pub fn calls(&self, call: Call) -> u64 {
        self.plan().count(call).map_or(0, |count| *count)
    }

    /// Counts a call and says how it fails, if it does.
    fn next(&self, call: Call) -> Option<Fault> {
        let mut plan = self.plan();
        let count = plan.count(call)?;
        *count += 1;
        let now = *count;
        let once = plan.faults.iter().position(|(of, at, _)| *of == call && *at == now).map(|at| plan.faults.swap_remove(at).2);
        once.or_else(|| plan.lasting.iter().find(|(of, _)| *of == call).map(|(_, fault)| *fault))
    }
}

/// A store around another that fails by a schedule. Its readers share the schedule.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    schedule: Schedule,
}

impl<S: Store> FaultyStore<S> {
    /// A store that does as the inner one but for what the schedule says.
    pub fn new(inner: S, schedule: Schedule) -> FaultyStore<S> {
        FaultyStore { inner, schedule }
    }

    /// The store within.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn call<T>(&mut self, call: Call, work: impl FnOnce(&mut S) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.schedule.next(call) {
            None => work(&mut self.inner),
            Some(Fault::Persisted) => work(&mut self.inner).and_then(|_| Err(Fault::Persisted.error())),
            Some(fault) => Err(fault.error()),
        }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        match self.schedule.next(Call::Read) {
            None => Ok(Box::new(FaultyStore::new(self.inner.reader()?, self.schedule.clone()))),
            Some(fault) => Err(fault.error()),
        }
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        self.call(Call::Claim, |store| store.claim())
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        self.call(Call::Head, |store| store.head())
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        self.call(Call::Append, |store| store.append(claim, expected_size, batch))
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        self.call(Call::Read, |store| store.entries(from, limit))
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        self.call(Call::Read, |store| store.find_ids(names))
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        self.call(Call::Read, |store| store.find_holders(names))
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        self.call(Call::Read, |store| store.holders(ids))
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.call(Call::Read, |store| store.scan_holders(from, limit))
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        self.call(Call::Read, |store| store.openings_of(holder))
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        self.call(Call::Read, |store| store.scan_openings(from, limit))
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        self.call(Call::Read, |store| store.opening(index))
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(Call::Read, |store| store.contact(holder))
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(Call::Read, |store| store.document(index))
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.call(Call::Read, |store| store.value(name))
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.call(Call::Read, |store| store.check())
    }
}
