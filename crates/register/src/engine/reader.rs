//! Reading: entries, openings, proofs. Any number of readers, each on a thread of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use bezwaar_core::account::Account;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry};
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::proof::{BuildError, HashSource as _, consistency_proof, inclusion_proof};
use bezwaar_ledger::tlog::tile::{TileHashSource, TileReadError, TileReader};
use bezwaar_ledger::tlog::{Hash, leaf_hash};
use zeroize::Zeroizing;

use super::append::open_row;
use super::erase::live_holder;
use super::publisher::Published;
use super::{IntegrityError, RegisterError};
use crate::files::Files;
use crate::store::{Holder, HolderId, Store};
use crate::vault::{OpenedRow, SealedRow, Vault, VaultError};

/// The most openings one step of a scan reads.
pub const SCANNED_AT_ONCE_MAX: usize = 4_096;
/// How many steps of a scan are read before the first of them was taken.
const STEPS_AHEAD: usize = 8;

/// A step to be opened, and where its rows go.
type ToOpen<T> = (Step, SyncSender<Vec<T>>);
/// Where the rows of a step come from, in the order of the ledger.
type Promised<T> = Result<Receiver<Vec<T>>, RegisterError>;

/// The public folder, as the reader of tiles wants it.
#[derive(Clone)]
pub struct PublicFiles {
    files: Arc<dyn Files>,
    folder: PathBuf,
}

impl std::fmt::Debug for PublicFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublicFiles").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl PublicFiles {
    /// The files under this folder.
    pub fn new(files: Arc<dyn Files>, folder: &Path) -> PublicFiles {
        PublicFiles { files, folder: folder.to_owned() }
    }
}

impl TileReader for PublicFiles {
    type Error = io::Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, io::Error> {
        self.files.read(&self.folder.join(path))
    }
}

/// A proof that an entry is on the ledger, with the checkpoint it leads to.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The entry's place.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// The hashes, nearest the leaf first.
    pub proof: Vec<Hash>,
    /// The signed tree they lead to.
    pub checkpoint: SignedCheckpoint,
}

/// Rows as they are stored, the holders they name, and where to go on.
struct Step {
    rows: Vec<SealedRow>,
    holders: Vec<Holder>,
    next: Option<u64>,
}

/// The reading part of a register.
pub struct Reader {
    pub(super) store: Box<dyn Store>,
    pub(super) vault: Vault,
    pub(super) public: PublicFiles,
    pub(super) published: Published,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Reader {
    /// Another one, for another thread.
    pub fn another(&self) -> Result<Reader, RegisterError> {
        Ok(Reader {
            store: self.store.reader()?,
            vault: self.vault.clone(),
            public: self.public.clone(),
            published: Arc::clone(&self.published),
        })
    }

    /// The newest checkpoint that is published.
    pub fn published(&self) -> Option<SignedCheckpoint> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many entries the store has; some may not be published yet.
    pub fn size(&mut self) -> Result<u64, RegisterError> {
        Ok(self.store.head()?.size)
    }

    /// An entry.
    pub fn entry(&mut self, index: u64) -> Result<Entry, RegisterError> {
        let bytes = self.store.entries(index, 1)?.first().copied().ok_or(RegisterError::NoSuchEntry { index })?;
        Entry::from_bytes(&bytes).map_err(|source| IntegrityError::Entry { index, source }.into())
    }

    /// The entries from an index on, at most so many.
    pub fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<[u8; ENTRY_BYTES]>, RegisterError> {
        Ok(self.store.entries(from, limit)?)
    }

    /// The document of an entry, checked against it; `None` if it is kept elsewhere.
    pub fn document(&mut self, index: u64) -> Result<Option<Vec<u8>>, RegisterError> {
        let entry = self.entry(index)?;
        if self.store.document(index)?.is_none() {
            return Ok(None);
        }
        super::writer::document(self.store.as_mut(), index, entry.kind).map(Some)
    }

    /// Where the act with this id stands, if the register has it or had it.
    pub fn find(&mut self, id: &str) -> Result<Option<u64>, RegisterError> {
        let name = self.vault.act_name(id);
        Ok(self.store.find_ids(&[name])?.first().map(|(_, index)| *index))
    }

    /// The opening of an entry; `None` if it has none or it was erased.
    pub fn opening(&mut self, index: u64) -> Result<Option<OpenedRow>, RegisterError> {
        open_row(self.store.as_mut(), &self.vault, index)
    }

    /// Everything filed under an account, in the order of the ledger.
    pub fn acts_of(&mut self, account: &Account) -> Result<Vec<OpenedRow>, RegisterError> {
        let Some(holder) = live_holder(self.store.as_mut(), &self.vault, account)? else { return Ok(Vec::new()) };
        let key = self.vault.holder_key(&holder)?;
        let mut acts = Vec::new();
        for opening in self.store.openings_of(holder.id)? {
            let index = opening.index;
            let missing = IntegrityError::Missing { what: "the entry", index: Some(index) };
            let entry = self.store.entries(index, 1)?.first().copied().ok_or(missing)?;
            let row = SealedRow { index, entry, holder: opening.holder, sealed: opening.sealed };
            acts.push(self.vault.unseal_opening(row, Some(&key))?);
        }
        Ok(acts)
    }

    /// What the contact drawer has of an account.
    pub fn contact_of(&mut self, account: &Account) -> Result<Option<Zeroizing<Vec<u8>>>, RegisterError> {
        let Some(holder) = live_holder(self.store.as_mut(), &self.vault, account)? else { return Ok(None) };
        let Some(sealed) = self.store.contact(holder.id)? else { return Ok(None) };
        let key = self.vault.holder_key(&holder)?;
        Ok(Some(self.vault.unseal_contact(&key, holder.id, &sealed)?))
    }

    /// Goes through all openings in the order of the ledger, and gives each to `each`, which may stop the scan by an error of its own.
    pub fn scan_all<E: From<RegisterError>>(
        &mut self,
        threads: usize,
        each: impl FnMut(Result<OpenedRow, VaultError>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.scan_map((0, threads), |row| row, each)
    }

    /// As [`Reader::scan_all`], from an index on, with what is to become of each row, which is worked out on the threads that open it.
    ///
    /// A few steps are read and opened while one is given to `each`; no more, so that memory does not grow with the register.
    pub fn scan_map<T: Send, E: From<RegisterError>>(
        &mut self,
        (from, threads): (u64, usize),
        map: impl Fn(Result<OpenedRow, VaultError>) -> T + Sync,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let (threads, vault, map) = (threads.max(1), self.vault.clone(), &map);
        let (hand_out, work) = mpsc::sync_channel::<ToOpen<T>>(threads);
        let (promise, promised) = mpsc::sync_channel::<Promised<T>>(STEPS_AHEAD);
        let work = Arc::new(Mutex::new(work));
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || self.read_ahead(from, hand_out, promise));
            let vault = &vault;
            let open = |work: Arc<Mutex<Receiver<ToOpen<T>>>>| {
                loop {
                    // The lock is held while waiting for work, and not while doing it.
                    let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((step, back)) = next else { return };
                    let opened = vault.unseal_each(step.rows, &step.holders, map);
                    // Nobody waits for it once `each` has stopped the scan.
                    drop(back.send(opened));
                }
            };
            let opening: Vec<_> = (0..threads).map(|_| Arc::clone(&work)).map(|work| scope.spawn(move || open(work))).collect();
            // With the last thread that opens goes what waits to be opened: nobody is left waiting for it.
            drop(work);
            let mut given = Ok(());
            for step in &promised {
                given = match step.map(|step| step.recv()) {
                    Ok(Ok(rows)) => rows.into_iter().try_for_each(&mut each),
                    Ok(Err(_)) => Err(RegisterError::Stopped.into()),
                    Err(error) => Err(error.into()),
                };
                if given.is_err() {
                    break;
                }
            }
            drop(promised);
            let whole = reading.join().is_ok();
            // In this order: the threads that open end when the one that reads has.
            let whole = opening.into_iter().fold(whole, |whole, thread| thread.join().is_ok() && whole);
            given.and(if whole { Ok(()) } else { Err(RegisterError::Stopped.into()) })
        })
    }

    /// Reads step after step, hands each out to be opened, and promises its rows in order.
    fn read_ahead<T>(&mut self, from: u64, hand_out: SyncSender<ToOpen<T>>, promise: SyncSender<Promised<T>>) {
        let mut next = Some(from);
        while let Some(from) = next {
            let step = match self.read_step(from) {
                Ok(step) => step,
                Err(error) => {
                    drop(promise.send(Err(error)));
                    return;
                }
            };
            next = step.next;
            let (back, rows) = mpsc::sync_channel(1);
            // An error is the end of the scan: nobody takes work, or rows, any more.
            if hand_out.send((step, back)).is_err() || promise.send(Ok(rows)).is_err() {
                return;
            }
        }
    }

    fn read_step(&mut self, from: u64) -> Result<Step, RegisterError> {
        let openings = self.store.scan_openings(from, SCANNED_AT_ONCE_MAX)?;
        let next = openings.last().filter(|_| openings.len() == SCANNED_AT_ONCE_MAX).map(|last| last.index + 1);
        let mut rows = Vec::with_capacity(openings.len());
        // Entries are read in runs: between two openings there are seldom many entries without one.
        let mut run: (u64, Vec<[u8; ENTRY_BYTES]>) = (0, Vec::new());
        for opening in openings {
            let index = opening.index;
            let in_run = |run: &(u64, Vec<[u8; ENTRY_BYTES]>)| run.1.get(usize::try_from(index.checked_sub(run.0)?).ok()?).copied();
            if in_run(&run).is_none() {
                run = (index, self.store.entries(index, SCANNED_AT_ONCE_MAX)?);
            }
            let entry = in_run(&run).ok_or(IntegrityError::Missing { what: "the entry", index: Some(index) })?;
            rows.push(SealedRow { index, entry, holder: opening.holder, sealed: opening.sealed });
        }
        let mut ids: Vec<HolderId> = rows.iter().filter_map(|row| row.holder).collect();
        ids.sort_unstable();
        ids.dedup();
        let holders = self.store.holders(&ids)?;
        Ok(Step { rows, holders, next })
    }

    /// The published tree, to make many proofs from.
    pub fn proofs(&mut self) -> Result<Proofs<'_>, RegisterError> {
        let checkpoint = self.published().ok_or(RegisterError::NotPublished { size: 1 })?;
        let (size, root) = (checkpoint.unverified().size(), checkpoint.unverified().root());
        let tree = TileHashSource::try_new(self.public.clone(), size, &root).map_err(tile_error)?;
        Ok(Proofs { reader: self, tree, checkpoint })
    }

    /// The proof that an entry is on the ledger as published now.
    pub fn inclusion(&mut self, index: u64) -> Result<Inclusion, RegisterError> {
        self.proofs()?.inclusion(index)
    }

    /// The proof that the tree of one size begins with that of a smaller one. From size 0 there is none.
    pub fn consistency(&mut self, old_size: u64, new_size: u64) -> Result<Vec<Hash>, RegisterError> {
        self.proofs()?.consistency(old_size, new_size)
    }
}

/// The tree under one published checkpoint. Every tile is checked against the root before a hash of it is used, and then kept.
#[derive(Debug)]
pub struct Proofs<'reader> {
    reader: &'reader mut Reader,
    tree: TileHashSource<PublicFiles>,
    checkpoint: SignedCheckpoint,
}

impl Proofs<'_> {
    /// The checkpoint all proofs lead to.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// The reader, between two proofs.
    pub fn reader(&mut self) -> &mut Reader {
        self.reader
    }

    /// The proof that an entry of the store is on the ledger.
    pub fn inclusion(&mut self, index: u64) -> Result<Inclusion, RegisterError> {
        let size = self.tree.size();
        let entry = self.reader.entry(index)?;
        if index >= size {
            return Err(RegisterError::NotPublished { size: index.saturating_add(1) });
        }
        if self.tree.node(0, index).map_err(tile_error)? != leaf_hash(&entry.to_bytes()) {
            return Err(IntegrityError::OtherTree { size }.into());
        }
        let proof = self.inclusion_at(index, size)?;
        Ok(Inclusion { index, entry, proof, checkpoint: self.checkpoint.clone() })
    }

    /// The hashes that show an entry in the tree of an earlier size.
    pub fn inclusion_at(&mut self, index: u64, size: u64) -> Result<Vec<Hash>, RegisterError> {
        self.covers(size)?;
        inclusion_proof(&self.tree, index, size).map_err(build_error)
    }

    /// The hashes that show that the tree of one size begins with that of a smaller one. From size 0 there are none.
    pub fn consistency(&mut self, old_size: u64, new_size: u64) -> Result<Vec<Hash>, RegisterError> {
        self.covers(new_size)?;
        consistency_proof(&self.tree, old_size, new_size).map_err(build_error)
    }

    fn covers(&self, size: u64) -> Result<(), RegisterError> {
        if size <= self.tree.size() { Ok(()) } else { Err(RegisterError::NotPublished { size }) }
    }
}

fn build_error(error: BuildError<TileReadError<io::Error>>) -> RegisterError {
    match error {
        BuildError::IndexOutsideTree { index, .. } => RegisterError::NoSuchEntry { index },
        BuildError::OldSizeZero | BuildError::OldSizeLarger { .. } => RegisterError::NotPublished { size: 0 },
        BuildError::Source(error) => tile_error(error),
        _ => RegisterError::PublicDamaged { name: String::new() },
    }
}

pub(super) fn tile_error(error: TileReadError<io::Error>) -> RegisterError {
    match error {
        TileReadError::Read { path, error } => RegisterError::Public { name: path, source: error },
        TileReadError::Missing { path }
        | TileReadError::Format { path, .. }
        | TileReadError::OtherTile { path }
        | TileReadError::OtherEntry { path, .. } => RegisterError::PublicDamaged { name: path },
        _ => RegisterError::PublicDamaged { name: "tile".to_owned() },
    }
}
