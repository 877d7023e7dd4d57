//! Stores and files that fail when they are told to.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use bezwaar_ledger::entry::ENTRY_BYTES;
use bezwaar_register::files::{Audience, Files};
use bezwaar_register::store::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};

/// What happens to the write that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not done.
    Fails,
    /// It is done, but it says that it was not.
    FailsButPersists,
    /// It is done in part: of several files only the first, of an appended text only the half.
    Torn,
}

/// Counts writes, and tells which one fails.
#[derive(Debug)]
pub(crate) struct Plan {
    writes: u64,
    fail_at: Option<(u64, Fault)>,
    /// Every so many writes one fails, in the one way and in the other.
    every: Option<u64>,
    /// After the fault nothing is written any more: the machine is off.
    off_after: bool,
    off: bool,
}

#[derive(Clone)]
pub(crate) struct Faults(Arc<Mutex<Plan>>);

impl Faults {
    pub(crate) fn none() -> Faults {
        Faults(Arc::new(Mutex::new(Plan { writes: 0, fail_at: None, every: None, off_after: false, off: false })))
    }

    pub(crate) fn at(write: u64, fault: Fault, off_after: bool) -> Faults {
        Faults(Arc::new(Mutex::new(Plan { writes: 0, fail_at: Some((write, fault)), every: None, off_after, off: false })))
    }

    pub(crate) fn every(writes: u64) -> Faults {
        let faults = Faults::none();
        faults.0.lock().unwrap().every = Some(writes);
        faults
    }

    /// Power is back.
    pub(crate) fn heal(&self) {
        let mut plan = self.0.lock().unwrap();
        (plan.off, plan.fail_at, plan.every) = (false, None, None);
    }

    pub(crate) fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }

    pub(crate) fn happened(&self) -> bool {
        let plan = self.0.lock().unwrap();
        plan.fail_at.is_none_or(|(at, _)| at < plan.writes)
    }

    /// `None`: the write is done as it should be.
    fn next(&self) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap();
        if plan.off {
            return Some(Fault::Fails);
        }
        let turn = |every: u64| if (plan.writes / every).is_multiple_of(2) { Fault::Fails } else { Fault::FailsButPersists };
        let often = plan.every.filter(|every| plan.writes % every == every - 1).map(turn);
        let fault = plan.fail_at.filter(|(at, _)| *at == plan.writes).map(|(_, fault)| fault).or(often);
        plan.writes += 1;
        plan.off = fault.is_some() && plan.off_after;
        fault
    }
}

fn broken() -> io::Error {
    io::Error::other("a fault of the test")
}

/// Files in memory.
#[derive(Clone)]
pub(crate) struct MemoryFiles {
    pub(crate) files: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    faults: Faults,
}

impl MemoryFiles {
    pub(crate) fn new(faults: Faults) -> MemoryFiles {
        MemoryFiles { files: Arc::default(), faults }
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.lock().unwrap().get(path).cloned())
    }

    fn write(&self, files: &[(PathBuf, Vec<u8>)], _: Audience) -> io::Result<()> {
        let fault = self.faults.next();
        let done = match fault {
            None | Some(Fault::FailsButPersists) => files.len(),
            Some(Fault::Torn) => files.len() / 2,
            Some(Fault::Fails) => 0,
        };
        self.files.lock().unwrap().extend(files.iter().take(done).cloned());
        if fault.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn append(&self, path: &Path, bytes: &[u8], _: Audience) -> io::Result<()> {
        let fault = self.faults.next();
        let done = match fault {
            None | Some(Fault::FailsButPersists) => bytes,
            Some(Fault::Torn) => &bytes[..bytes.len() / 2],
            Some(Fault::Fails) => return Err(broken()),
        };
        self.files.lock().unwrap().entry(path.to_owned()).or_default().extend_from_slice(done);
        if fault.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let fault = self.faults.next();
        if matches!(fault, None | Some(Fault::FailsButPersists)) {
            let mut files = self.files.lock().unwrap();
            let bytes = files.remove(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            files.insert(to.to_owned(), bytes);
        }
        if fault.is_some() { Err(broken()) } else { Ok(()) }
    }

    fn make_folder(&self, _: &Path, _: Audience) -> io::Result<()> {
        Ok(())
    }

    fn mode(&self, _: &Path) -> io::Result<Option<u32>> {
        Ok(Some(0o600))
    }

    fn clear(&self, folder: &Path) -> io::Result<()> {
        self.files.lock().unwrap().retain(|path, _| !path.starts_with(folder));
        Ok(())
    }
}

/// A store whose batches fail.
pub(crate) struct FaultyStore<S> {
    inner: S,
    faults: Faults,
    watch: Option<Watch>,
}

impl<S: Store> FaultyStore<S> {
    pub(crate) fn new(inner: S, faults: Faults) -> FaultyStore<S> {
        FaultyStore { inner, faults, watch: None }
    }
}

impl<S> FaultyStore<S> {
    /// A store without faults, whose batches somebody watches.
    pub(crate) fn watched(inner: S, watch: Watch) -> FaultyStore<S> {
        FaultyStore { inner, faults: Faults::none(), watch: Some(watch) }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        self.inner.reader()
    }

    fn claim(&mut self) -> Result<Claim, StoreError> {
        self.inner.claim()
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        self.inner.head()
    }

    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        if let Some(watch) = &self.watch {
            watch.batch(batch.entries.len());
        }
        let fault = self.faults.next();
        if matches!(fault, None | Some(Fault::FailsButPersists)) {
            self.inner.append(claim, expected_size, batch)?;
        }
        if fault.is_some() { Err(StoreError::Failed { source: Box::new(broken()) }) } else { Ok(()) }
    }

    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        self.inner.entries(from, limit)
    }

    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        self.inner.find_ids(names)
    }

    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        self.inner.find_holders(names)
    }

    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        self.inner.holders(ids)
    }

    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.inner.scan_holders(from, limit)
    }

    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        self.inner.openings_of(holder)
    }

    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        self.inner.scan_openings(from, limit)
    }

    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        self.inner.opening(index)
    }

    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.contact(holder)
    }

    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.document(index)
    }

    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.value(name)
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.inner.check()
    }
}

/// What a test knows of the batches of a store, and whether the next one has to wait.
#[derive(Clone)]
pub(crate) struct Watch(pub(crate) Arc<(Mutex<Watching>, Condvar)>);

#[derive(Debug, Default)]
pub(crate) struct Watching {
    closed: bool,
    waiting: bool,
    sizes: Vec<usize>,
}

impl Watch {
    /// The next batch waits until it is opened.
    pub(crate) fn close(&self) {
        self.0.0.lock().unwrap().closed = true;
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().closed = false;
        self.0.1.notify_all();
    }

    pub(crate) fn wait_for_a_batch(&self) {
        let watching = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(watching, |watching| !watching.waiting).unwrap());
    }

    /// How many entries each batch had, since the store was made, that had any.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.0.0.lock().unwrap().sizes.iter().copied().filter(|size| *size > 0).collect()
    }

    fn batch(&self, entries: usize) {
        let mut watching = self.0.0.lock().unwrap();
        watching.sizes.push(entries);
        watching.waiting = watching.closed;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(watching, |watching| watching.closed).unwrap());
    }
}
