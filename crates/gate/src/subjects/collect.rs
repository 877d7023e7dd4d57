//! Collecting the people of kept records while they are decided about.

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasherDefault;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use arrow_array::{ArrayRef, RecordBatch};
use bezwaar_core::account::Services;
use bezwaar_core::item::Item;
use tempfile::TempDir;

use super::sorted::{Run, SubjectsEntry, write_list, write_runs};
use crate::bind::{BoundPerson, Fields, Source};
use crate::error::{GateError, Result};
use crate::leaf::{Cell, Leaf, dictionary, for_each_cell};
use crate::people::{Identity, cell_name};

/// The first place of a person records are about; authors come before.
const FIRST_ABOUT: u32 = 1000;

/// What a name costs besides its letters, about.
const NAME_COST: usize = 96;

type Seen = HashSet<Box<str>, BuildHasherDefault<Identity>>;

/// The people one worker met in kept records.
#[derive(Debug, Default)]
struct Collector {
    /// Names as written, by the mapping's person they stand under: each is normalised once.
    seen: BTreeMap<u32, Seen>,
    accounts: Vec<String>,
    bytes: usize,
    /// The last dictionary under each person, and which of its values were taken.
    dictionaries: BTreeMap<u32, (ArrayRef, Vec<bool>)>,
    /// Whether an author could not be told, which a kept record cannot have.
    stranger: bool,
}

impl Collector {
    /// Takes the people of the kept rows of a batch: those whose bits are 0.
    fn add(&mut self, fields: &Fields, services: &Services, batch: &RecordBatch, bits: &[u64]) {
        if bits.iter().all(|bits| *bits != 0) {
            return;
        }
        for (place, person) in (0_u32..).zip(&fields.author).chain((FIRST_ABOUT..).zip(&fields.about)) {
            match &person.source {
                Source::Const(value) => self.name(services, place, person, value),
                Source::Column(path) => match Leaf::of(batch, path) {
                    Some(leaf) => self.leaf(services, place, person, &leaf, bits),
                    None => self.stranger = true,
                },
            }
        }
    }

    fn leaf(&mut self, services: &Services, place: u32, person: &BoundPerson, leaf: &Leaf, bits: &[u64]) {
        let wanted = kept_values(leaf, bits);
        let mut buffer = String::new();
        let mut take = |collector: &mut Collector, cell: Cell<'_>| {
            if let Cell::Text(text) = cell {
                collector.name(services, place, person, text);
            } else if cell_name(cell, &mut buffer) {
                collector.name(services, place, person, &buffer);
            } else {
                collector.stranger |= place < FIRST_ABOUT;
            }
        };
        let Some((values, keys)) = dictionary(leaf.array.as_ref()) else {
            for_each_cell(leaf.array.as_ref(), |index, cell| {
                if wanted.get(index) == Some(&true) {
                    take(self, if leaf.is_present(index) { cell } else { Cell::Null });
                }
            });
            return;
        };
        let known = self.dictionaries.remove(&place).filter(|(array, _)| Arc::ptr_eq(array, &values));
        let mut done = known.map_or_else(|| vec![false; values.len()], |(_, done)| done);
        let mut new = vec![false; values.len()];
        for (index, key) in keys.iter().enumerate().filter(|(index, _)| wanted.get(*index) == Some(&true)) {
            let key = key.filter(|_| leaf.is_present(index)).map(|key| key as usize);
            match key.and_then(|key| Some((new.get_mut(key)?, done.get(key)?))) {
                Some((new, done)) => *new = !*done,
                None => take(self, Cell::Null),
            }
        }
        for_each_cell(values.as_ref(), |index, cell| {
            if new.get(index) == Some(&true) {
                take(self, cell);
                if let Some(done) = done.get_mut(index) {
                    *done = true;
                }
            }
        });
        self.dictionaries.insert(place, (values, done));
    }

    fn name(&mut self, services: &Services, place: u32, person: &BoundPerson, name: &str) {
        let seen = self.seen.entry(place).or_default();
        if seen.contains(name) {
            return;
        }
        let account = match person.service.as_deref() {
            Some(service) => services.resolve(service, person.kind, name),
            None => services.parse(name),
        };
        self.bytes += name.len() + NAME_COST;
        seen.insert(name.into());
        self.account(account.as_ref(), place < FIRST_ABOUT);
    }

    fn account(&mut self, account: Option<&bezwaar_core::account::Account>, author: bool) {
        match account {
            Some(account) => {
                self.bytes += account.expose_canonical().len();
                self.accounts.push(account.expose_canonical().to_owned());
            }
            // Somebody a record is about may be nobody, where that does not count.
            None => self.stranger |= author,
        }
    }

    fn item(&mut self, services: &Services, item: &Item) {
        let authors = item.authors.0.iter().map(|name| (0, name));
        for (place, name) in authors.chain(item.about.iter().map(|about| (FIRST_ABOUT, &about.person))) {
            let Some(name) = name else {
                self.stranger |= place < FIRST_ABOUT;
                continue;
            };
            let seen = self.seen.entry(place).or_default();
            if !seen.contains(name.as_str()) {
                seen.insert(name.as_str().into());
                self.bytes += name.len() + NAME_COST;
                self.account(services.parse(name).as_ref(), place < FIRST_ABOUT);
            }
        }
    }

    /// Hands over what was collected, sorted, and begins anew. Dictionaries stay: what was taken from them need not be taken again.
    fn take(&mut self) -> Run {
        self.seen.clear();
        self.bytes = 0;
        Run::of(std::mem::take(&mut self.accounts))
    }
}

/// Which values of a leaf belong to kept rows.
fn kept_values(leaf: &Leaf, bits: &[u64]) -> Vec<bool> {
    let Some((offsets, indices)) = &leaf.rows else { return bits.iter().map(|bits| *bits == 0).collect() };
    let mut wanted = vec![false; leaf.array.len()];
    for (pair, _) in offsets.windows(2).zip(bits).filter(|(_, bits)| **bits == 0) {
        let [from, until] = pair else { continue };
        for index in indices.get(*from..*until).unwrap_or_default() {
            if let Some(wanted) = wanted.get_mut(*index) {
                *wanted = true;
            }
        }
    }
    wanted
}

/// The people of the kept records of one file, collected by all workers; what does not fit in memory goes to disk.
pub(crate) struct SubjectSink {
    services: Services,
    /// How many bytes of names a worker holds.
    bytes_max: usize,
    pool: Mutex<Vec<Collector>>,
    /// Where to make [`SubjectSink::scratch`].
    folder: PathBuf,
    scratch: Mutex<Scratch>,
}

/// Sorted runs on disk, in a folder of their own that is removed with them.
#[derive(Default)]
struct Scratch {
    folder: Option<TempDir>,
    runs: Vec<PathBuf>,
}

/// What the folders of runs are called.
pub(crate) const SPILL: &str = "spill-";

impl Scratch {
    fn folder(&mut self, within: &Path) -> Result<PathBuf> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => {
                let made = tempfile::Builder::new().prefix(SPILL).tempdir_in(within);
                made.map_err(|error| GateError::io(within, "make a folder in", error))?
            }
        };
        let path = folder.path().to_owned();
        self.folder = Some(folder);
        Ok(path)
    }
}

fn poisoned() -> GateError {
    GateError::new(crate::ErrorKind::Integrity, "a worker stopped without a word").with_help("this is a bug: please report it")
}

impl SubjectSink {
    /// A sink that keeps what does not fit in memory in a new folder within `folder`, which must be there when it is needed.
    pub(crate) fn new(services: &Services, bytes_max: usize, folder: &Path) -> SubjectSink {
        let (services, folder) = (services.clone(), folder.to_owned());
        SubjectSink { services, bytes_max, pool: Mutex::default(), folder, scratch: Mutex::default() }
    }

    fn with_collector(&self, work: impl FnOnce(&mut Collector)) -> Result<()> {
        let mut collector = self.pool.lock().map_err(|_| poisoned())?.pop().unwrap_or_default();
        work(&mut collector);
        if collector.stranger {
            return Err(GateError::integrity("a kept record has an author nobody can tell"));
        }
        if collector.bytes > self.bytes_max {
            let mut scratch = self.scratch.lock().map_err(|_| poisoned())?;
            let path = scratch.folder(&self.folder)?.join(format!("run-{}", scratch.runs.len()));
            write_runs(vec![collector.take()], &path)?;
            scratch.runs.push(path);
        }
        self.pool.lock().map_err(|_| poisoned())?.push(collector);
        Ok(())
    }

    /// Takes the people of the kept rows of a batch: those whose bits are 0.
    pub(crate) fn batch(&self, fields: &Fields, batch: &RecordBatch, bits: &[u64]) -> Result<()> {
        self.with_collector(|collector| collector.add(fields, &self.services, batch, bits))
    }

    /// Takes the people of kept items.
    pub(crate) fn items<'i>(&self, items: impl Iterator<Item = &'i Item>) -> Result<()> {
        self.with_collector(|collector| items.for_each(|item| collector.item(&self.services, item)))
    }

    /// Writes the list.
    pub(crate) fn write(&self, target: &Path) -> Result<SubjectsEntry> {
        let memory = self.pool.lock().map_err(|_| poisoned())?.iter_mut().map(Collector::take).collect();
        let mut scratch = self.scratch.lock().map_err(|_| poisoned())?;
        let runs = std::mem::take(&mut scratch.runs);
        let folder = if runs.is_empty() { PathBuf::new() } else { scratch.folder(&self.folder)? };
        write_list(runs, memory, &folder, target)
    }
}
