//! The one who publishes: signs the tree over what is durable, and shows it, in this order.
//!
//! 1. entries are durable in the store (the [`Writer`](super::Writer) says how many);
//! 2. the checkpoint over them is signed;
//! 3. the anchor remembers it;
//! 4. tiles, bundles and public documents are written;
//! 5. `checkpoint` is put in the place of the one before.
//!
//! A crash after any step leaves what the next publication, or the next opening, brings to its end. Nothing is signed that is not durable, and nothing is
//! shown that the anchor does not remember.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::ENTRY_BYTES;
use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::leaf_hash;
use bezwaar_ledger::tlog::note::SigningKey;
use bezwaar_ledger::tlog::tile::{Bundle, TILE_WIDTH, Tile, push_entry};
pub(crate) use bezwaar_ledger::verify::DOCUMENTS;
pub use bezwaar_ledger::verify::is_public;

use super::edge::Edge;
use super::writer::{ENTRIES_AT_ONCE, document, next_entry};
use super::{IntegrityError, RegisterError};
use crate::anchor::Anchor;
use crate::files::{Audience, Files};
use crate::hex;
use crate::store::{Store, StoreError};

/// The most entries one checkpoint goes beyond the one before; more are published in several steps.
pub const PUBLISHED_AT_ONCE_MAX: u64 = 1 << 18;

/// The published file with the newest checkpoint.
pub(crate) const CHECKPOINT_FILE: &str = "checkpoint";

/// The newest checkpoint anyone can see, shared with those who read.
pub type Published = Arc<RwLock<Option<SignedCheckpoint>>>;

/// The publishing half of a register.
pub struct Publisher {
    pub(super) files: Arc<dyn Files>,
    pub(super) folder: PathBuf,
    pub(super) anchor: Anchor,
    pub(super) origin: Origin,
    /// Reads only.
    pub(super) store: Box<dyn Store>,
    pub(super) durable: Arc<AtomicU64>,
    pub(super) signer: Option<SigningKey>,
    /// The key before, which signs as well until a checkpoint covers the statement at this place.
    pub(super) former: Option<(SigningKey, u64)>,
    /// The edge of the tree that was published last.
    pub(super) edge: Edge,
    pub(super) last_at: Option<Instant>,
    pub(super) published: Published,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("folder", &self.folder).field("size", &self.edge.size()).finish_non_exhaustive()
    }
}

/// What is written for a checkpoint.
struct Step {
    edge: Edge,
    last_at: Option<Instant>,
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Folders of partial tiles that full ones have taken the place of.
    outdated: BTreeSet<PathBuf>,
}

impl Publisher {
    /// The newest checkpoint that is published.
    pub fn published(&self) -> Option<SignedCheckpoint> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs and publishes the tree of all durable entries, and gives its checkpoint. If that is published already, nothing is done.
    ///
    /// After an error it can be called again; what was half done is done again.
    pub fn publish(&mut self) -> Result<SignedCheckpoint, RegisterError> {
        loop {
            let durable = self.durable.load(Ordering::Acquire);
            let size = step_from(self.edge.size(), durable);
            let published = self.published().filter(|published| published.unverified().size() == size);
            let covered = self.former.as_ref().is_none_or(|(_, place)| *place >= size);
            let checkpoint = match published {
                Some(published) if covered => published,
                _ => self.step(size)?,
            };
            if size == durable {
                return Ok(checkpoint);
            }
        }
    }

    fn step(&mut self, size: u64) -> Result<SignedCheckpoint, RegisterError> {
        let step = self.prepare(size)?;
        let checkpoint = self.sign(size, &step.edge)?;
        self.anchor.remember(&checkpoint)?;
        self.show(&checkpoint, step)?;
        if self.former.as_ref().is_some_and(|(_, place)| *place < size) {
            self.former = None;
        }
        Ok(checkpoint)
    }

    /// Publishes a tree that was signed before, up to the checkpoint itself; for an opening after a crash or a loss.
    pub(super) fn catch_up(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), RegisterError> {
        let size = checkpoint.unverified().size();
        while self.edge.size() < size {
            let next = step_from(self.edge.size(), size);
            let step = self.prepare(next)?;
            if next == size {
                if step.edge.root() != checkpoint.unverified().root() {
                    return Err(IntegrityError::OtherTree { size }.into());
                }
                return self.show(checkpoint, step);
            }
            self.write(&step.files)?;
            (self.edge, self.last_at) = (step.edge, step.last_at);
        }
        let file = (self.folder.join(CHECKPOINT_FILE), checkpoint.to_string().into_bytes());
        self.write(&[file])?;
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint.clone());
        Ok(())
    }

    fn sign(&self, size: u64, edge: &Edge) -> Result<SignedCheckpoint, RegisterError> {
        let signer = self.signer.as_ref().ok_or(crate::keys::KeyRingError::Lost { purpose: crate::keys::Purpose::Ledger })?;
        let other_key = |_| RegisterError::from(crate::keys::KeyRingError::Name);
        let checkpoint = Checkpoint::new(self.origin.clone(), size, edge.root()).map_err(other_key)?;
        let mut signed = SignedCheckpoint::sign(checkpoint.clone(), signer).map_err(other_key)?;
        if let Some((former, _)) = &self.former {
            let by_former = SignedCheckpoint::sign(checkpoint, former).map_err(other_key)?;
            let lines: String = by_former.note().signatures().iter().map(|signature| format!("{signature}\n")).collect();
            signed.add_signature_lines(&lines).map_err(other_key)?;
        }
        Ok(signed)
    }

    /// Works out the edge and the files of the tree of this size. Writes nothing.
    fn prepare(&mut self, size: u64) -> Result<Step, RegisterError> {
        let (mut edge, mut last_at) = (self.edge.clone(), self.last_at);
        let width = u64::from(TILE_WIDTH);
        // The bundle that is partial now begins here; its entries are written again with those after them.
        let begin = edge.size() / width * width;
        let (mut at, mut full, mut bundle) = (begin, Vec::new(), Vec::new());
        let (mut files, mut outdated) = (Vec::new(), BTreeSet::new());
        while at < size {
            let limit = usize::try_from(size - at).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
            let entries = self.store.entries(at, limit)?;
            if entries.is_empty() {
                return Err(IntegrityError::Missing { what: "an entry", index: Some(at) }.into());
            }
            for bytes in &entries {
                if at >= edge.size() {
                    last_at = Some(self.add(bytes, at, last_at, &mut edge, &mut full, &mut files)?);
                }
                push_entry(&mut bundle, bytes).map_err(coordinates)?;
                at += 1;
                if at % width == 0 || at == size {
                    // At most 256.
                    let in_bundle = ((at - 1) % width + 1) as u16;
                    let path = Bundle::new((at - 1) / width, in_bundle).map_err(coordinates)?.path();
                    files.push((self.folder.join(path), std::mem::take(&mut bundle)));
                }
            }
        }
        full.extend(edge.partial().map_err(coordinates)?);
        for (tile, bytes) in full {
            files.push((self.folder.join(tile.path()), bytes));
            let was_partial = self.edge.size().unbounded_shr(8 * u32::from(tile.level())) / width == tile.index();
            if tile.width() == TILE_WIDTH && was_partial {
                outdated.extend(self.partial_folders(tile));
            }
        }
        Ok(Step { edge, last_at, files, outdated })
    }

    fn add(
        &mut self,
        bytes: &[u8; ENTRY_BYTES],
        at: u64,
        last_at: Option<Instant>,
        edge: &mut Edge,
        full: &mut Vec<(Tile, Vec<u8>)>,
        files: &mut Vec<(PathBuf, Vec<u8>)>,
    ) -> Result<Instant, RegisterError> {
        let entry = next_entry(bytes, at, last_at)?;
        edge.push(leaf_hash(bytes), full).map_err(coordinates)?;
        // A public kind may be entered by its hash alone; then there is nothing to show.
        if is_public(entry.kind) && self.store.document(at)?.is_some() {
            let document = document(self.store.as_mut(), at, entry.kind)?;
            files.push((self.folder.join(DOCUMENTS).join(hex::encode(&entry.hash)), document));
        }
        Ok(entry.recorded_at)
    }

    fn partial_folders(&self, tile: Tile) -> Vec<PathBuf> {
        let tile_folder = Some(self.folder.join(format!("{}.p", tile.path())));
        let bundle = (tile.level() == 0).then(|| Bundle::new(tile.index(), TILE_WIDTH).ok()).flatten();
        tile_folder.into_iter().chain(bundle.map(|bundle| self.folder.join(format!("{}.p", bundle.path())))).collect()
    }

    fn write(&self, files: &[(PathBuf, Vec<u8>)]) -> Result<(), RegisterError> {
        let name = || files.first().and_then(|(path, _)| path.strip_prefix(&self.folder).ok()).map(|path| path.display().to_string());
        let written = self.files.write(files, Audience::Everyone);
        written.map_err(|source| RegisterError::Public { name: name().unwrap_or_default(), source })
    }

    /// Tiles first, then the checkpoint over them.
    fn show(&mut self, checkpoint: &SignedCheckpoint, step: Step) -> Result<(), RegisterError> {
        self.write(&step.files)?;
        self.write(&[(self.folder.join(CHECKPOINT_FILE), checkpoint.to_string().into_bytes())])?;
        (self.edge, self.last_at) = (step.edge, step.last_at);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint.clone());
        for folder in &step.outdated {
            // Only to save room: a partial tile may stay beside its full one.
            drop(self.files.clear(folder));
        }
        Ok(())
    }

    /// Adds witnesses' cosignatures, verified by whoever asked for them, to the published checkpoint of this size. Gives the checkpoint with all of them.
    ///
    /// # Errors
    /// [`RegisterError::NotPublished`] if a newer one was published meanwhile, or if these are no signature lines.
    pub fn add_cosignatures(&mut self, size: u64, lines: &str) -> Result<SignedCheckpoint, RegisterError> {
        let mut checkpoint =
            self.published().filter(|published| published.unverified().size() == size).ok_or(RegisterError::NotPublished { size })?;
        checkpoint.add_signature_lines(lines).map_err(|_| RegisterError::NotPublished { size })?;
        self.write(&[(self.folder.join(CHECKPOINT_FILE), checkpoint.to_string().into_bytes())])?;
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint.clone());
        Ok(checkpoint)
    }

    /// Makes all public files anew from the store, up to the newest checkpoint. Files that are right are written again as they are.
    pub fn rebuild(&mut self) -> Result<(), RegisterError> {
        let anchored = self.anchor.checkpoint()?;
        let size = anchored.as_ref().map_or(0, |anchored| anchored.unverified().size());
        // The published one of the same tree has witnesses' cosignatures.
        let newest = self.published().filter(|published| published.unverified().size() >= size).or(anchored);
        (self.edge, self.last_at) = (Edge::new(), None);
        newest.map_or(Ok(()), |newest| self.catch_up(&newest))
    }
}

fn coordinates<E>(_: E) -> RegisterError {
    RegisterError::Store(StoreError::Refused { because: "the tree has more entries than a tree can have" })
}

/// How far one step goes from a published size towards a larger one.
fn step_from(published: u64, size: u64) -> u64 {
    size.min(published.saturating_add(PUBLISHED_AT_ONCE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_publishes_so_many_entries_and_no_more() {
        let end = 5 + PUBLISHED_AT_ONCE_MAX;
        assert_eq!((step_from(5, end - 1), step_from(5, end), step_from(5, end + 1)), (end - 1, end, end));
        assert_eq!(step_from(5, 5), 5);
    }
}
