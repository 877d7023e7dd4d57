//! A register with people in it, extracts of it, manifests of releases made with them, and ways to make each write fail.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::read_choices;
use bezwaar_ledger::entry::{ENTRY_BYTES, EntryKind};
use bezwaar_ledger::expanded::write_choice;
use bezwaar_register::engine::{NewRecord, Opening, Parts, Place, Register, RegisterError};
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder, MadeExtract};
use bezwaar_register::files::{Audience, Disk, Files};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::store::memory::MemoryStore;
use bezwaar_register::store::{Batch, Claim, Head, Holder, HolderId, KeyedName, SealedOpening, Store, StoreError};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::io;
use std::num::NonZeroUsize;

pub(super) const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();
pub(super) const POLICY: &[u8] = b"made-up policy";

struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

pub(super) fn at(seconds: i64) -> Instant {
    Instant::from_micros((1_800_000_000 + seconds) * 1_000_000)
}

/// An act from a line of the exchange format.
pub(super) fn act(id: &str, person: &str, rest: &str, received: Instant) -> NewRecord {
    let line = format!(r#"{{"id":"{id}","person":"club:{person}",{rest},"received_at":"{received}"}}"#);
    let choices = read_choices(&line, &Services::default()).unwrap().choices;
    let mut body = Vec::new();
    write_choice(&choices[0], &mut body).unwrap();
    NewRecord::Sealed { kind: EntryKind::Choice, person: choices[0].person.clone(), id: Some(id.to_owned()), body, contact: None }
}

pub(super) const OBJECT: &str = r#""act":"object""#;

/// Whether the next writes go through. Counts down; at zero one fails, before or after it was done.
#[derive(Default)]
pub(super) struct Trouble {
    left: AtomicU64,
    done: Mutex<bool>,
}

impl Trouble {
    /// From now on the write with this number, from 1, fails; `done`: after it was done.
    pub(super) fn begin(&self, number: u64, done: bool) {
        *self.done.lock().unwrap() = done;
        self.left.store(number, Ordering::SeqCst);
    }

    pub(super) fn end(&self) -> bool {
        self.left.swap(0, Ordering::SeqCst) == 0
    }

    fn now(&self) -> Option<bool> {
        let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok()?;
        (before == 1).then(|| *self.done.lock().unwrap())
    }
}

pub(super) struct TroubledFiles(pub(super) Arc<Trouble>);

impl TroubledFiles {
    fn with(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.0.now() {
            Some(false) => Err(io::Error::other("trouble")),
            Some(true) => write().and(Err(io::Error::other("trouble"))),
            None => write(),
        }
    }
}

impl Files for TroubledFiles {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        Disk.read(path)
    }

    fn write(&self, files: &[(PathBuf, Vec<u8>)], audience: Audience) -> io::Result<()> {
        self.with(|| Disk.write(files, audience))
    }

    fn append(&self, path: &Path, bytes: &[u8], audience: Audience) -> io::Result<()> {
        self.with(|| Disk.append(path, bytes, audience))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|| Disk.rename(from, to))
    }

    fn make_folder(&self, folder: &Path, audience: Audience) -> io::Result<()> {
        Disk.make_folder(folder, audience)
    }

    fn mode(&self, path: &Path) -> io::Result<Option<u32>> {
        Disk.mode(path)
    }

    fn clear(&self, folder: &Path) -> io::Result<()> {
        Disk.clear(folder)
    }
}

pub(super) struct TroubledStore(pub(super) Box<dyn Store>, pub(super) Arc<Trouble>);

impl Store for TroubledStore {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }
    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        self.0.reader()
    }
    fn claim(&mut self) -> Result<Claim, StoreError> {
        self.0.claim()
    }
    fn head(&mut self) -> Result<Head, StoreError> {
        self.0.head()
    }
    fn append(&mut self, claim: Claim, expected_size: u64, batch: &Batch) -> Result<(), StoreError> {
        let failed = || StoreError::Failed { source: Box::from("trouble") };
        match self.1.now() {
            Some(false) => Err(failed()),
            Some(true) => self.0.append(claim, expected_size, batch).and(Err(failed())),
            None => self.0.append(claim, expected_size, batch),
        }
    }
    fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, StoreError> {
        self.0.entries(from, limit)
    }
    fn find_ids(&mut self, names: &[KeyedName]) -> Result<Vec<(KeyedName, u64)>, StoreError> {
        self.0.find_ids(names)
    }
    fn find_holders(&mut self, names: &[KeyedName]) -> Result<Vec<Holder>, StoreError> {
        self.0.find_holders(names)
    }
    fn holders(&mut self, ids: &[HolderId]) -> Result<Vec<Holder>, StoreError> {
        self.0.holders(ids)
    }
    fn scan_holders(&mut self, from: HolderId, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.0.scan_holders(from, limit)
    }
    fn openings_of(&mut self, holder: HolderId) -> Result<Vec<SealedOpening>, StoreError> {
        self.0.openings_of(holder)
    }
    fn scan_openings(&mut self, from: u64, limit: usize) -> Result<Vec<SealedOpening>, StoreError> {
        self.0.scan_openings(from, limit)
    }
    fn opening(&mut self, index: u64) -> Result<Option<SealedOpening>, StoreError> {
        self.0.opening(index)
    }
    fn contact(&mut self, holder: HolderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.contact(holder)
    }
    fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.document(index)
    }
    fn value(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.value(name)
    }
    fn check(&mut self) -> Result<(), StoreError> {
        self.0.check()
    }
}

/// A register in a folder of its own.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: MemoryStore,
    pub(super) trouble: Arc<Trouble>,
    pub(super) register: Option<Register>,
    pub(super) services: Services,
    opened: u64,
}

impl World {
    /// With one policy entered.
    pub(super) fn new() -> World {
        let (folder, store, trouble) = (tempfile::tempdir().unwrap(), MemoryStore::new(), Arc::new(Trouble::default()));
        let mut world = World { folder, store, trouble, register: None, services: Services::default(), opened: 1 };
        let (place, store, parts) = world.given();
        world.register = Some(Register::create(&place, store, parts, at(0)).unwrap());
        world.enter(&[NewRecord::Document { kind: EntryKind::Policy, bytes: POLICY.to_vec() }], at(1));
        world
    }

    fn given(&self) -> (Place, Box<dyn Store>, Parts) {
        let place = Place {
            folder: self.folder.path().join("register"),
            anchor: self.folder.path().join("anchor"),
            origin: "register.example/test".to_owned(),
            domain: "gate.example".to_owned(),
        };
        let store = TroubledStore(Box::new(self.store.clone()), Arc::clone(&self.trouble));
        let random = Box::new(Seeded(ChaCha20Rng::seed_from_u64(self.opened)));
        (place, Box::new(store), Parts { files: Arc::new(TroubledFiles(Arc::clone(&self.trouble))), random })
    }

    pub(super) fn register(&mut self) -> &mut Register {
        self.register.as_mut().unwrap()
    }

    /// As after a crash.
    pub(super) fn reopen(&mut self, now: Instant) -> Result<(), RegisterError> {
        self.register = None;
        self.opened += 1;
        let (place, store, parts) = self.given();
        self.register = Some(Register::open(&place, store, parts, Opening::default(), now)?);
        Ok(())
    }

    pub(super) fn enter(&mut self, records: &[NewRecord], now: Instant) {
        self.register().append(records, now).unwrap();
    }

    pub(super) fn extract(&mut self, now: Instant) -> (MadeExtract, Vec<u8>) {
        let mut out = Vec::new();
        let services = self.services.clone();
        let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: TWO };
        let made = self.register().make_extract(&order, now, &mut out).unwrap();
        (made, out)
    }
}
