//! Opening a register: what was signed, what is published, what is stored and what was erased must agree before anything is written.

use std::path::Path;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::tlog::checkpoint::{Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_ledger::tlog::tile::{TILE_WIDTH, Tile};
use bezwaar_ledger::tlog::{Hash, leaf_hash};

use super::edge::Edge;
use super::publisher::CHECKPOINT_FILE;
use super::writer::{ENTRIES_AT_ONCE, VALUE_STATEMENTS, VALUE_VAULT, next_entry, read_statements, statement_places};
use super::{IntegrityError, NewRecord, Parts, Place, Publisher, Register, RegisterError, Writer};
use crate::anchor::Anchor;
use crate::files::{Audience, Files};
use crate::keys::{KeyRing, KeyRingError, KeyStatement, Purpose, verifiers};
use crate::store::{Batch, Head, NewEntry, Store};
use crate::vault::Vault;

/// Entries that a quick opening compares with the published tiles.
pub const QUICK_ENTRIES: u64 = 1 << 16;

/// How much is checked on opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// All entries make up the signed tree. Reads all of them: some seconds for ten million.
    #[default]
    Full,
    /// The last [`QUICK_ENTRIES`] are those of the published tiles, whose right edge makes up the signed tree. For single commands.
    Quick,
}

/// How to open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// How much is checked.
    pub check: Check,
    /// Whether to open though a key is lost: to read, and to make a new one. What needs the key fails.
    pub without_lost_keys: bool,
}

/// What an opening put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// The public folder was behind the anchor, or lost: it was brought up to date.
    PublishedAgain,
    /// The anchor was behind the published checkpoint: it was brought up to date.
    AnchoredAgain,
    /// Erasures the store had forgotten were done again: it was restored from a backup, or a crash came in between.
    ErasedAgain {
        /// How many.
        erasures: usize,
    },
}

impl Register {
    /// Makes a new register: keys, a store with the statements about them as its first entries, the anchor, the public folder. `store` must be empty. What an earlier
    /// try has left half done is finished.
    pub fn create(place: &Place, store: Box<dyn Store>, parts: Parts, now: Instant) -> Result<Register, RegisterError> {
        let made = parts.files.make_folder(&place.folder, Audience::Everyone);
        made.map_err(|source| RegisterError::Public { name: String::new(), source })?;
        let lock = super::lock(&place.folder)?;
        let Parts { files, mut random } = parts;
        let mut store = store;
        let anchor = Anchor::new(Arc::clone(&files), place.anchor.clone());
        let head = store.head()?;
        let begun = head.size > 0;
        if anchor.checkpoint()?.is_some() && !begun {
            return Err(RegisterError::Exists);
        }
        let ring = KeyRing::create(Arc::clone(&files), place.keys(), &place.origin, &place.domain, &mut random)?;
        let claim = store.claim()?;
        if !begun {
            let (_, wrapped) = Vault::create(&ring.current_vault_key()?, &place.origin, &mut random)?;
            let statements = ring.first_statements()?;
            let entries = statements.iter().map(|(_, document)| statement_entry(document, now)).collect::<Vec<_>>();
            let places: Vec<u64> = (0..entries.len() as u64).collect();
            let values = vec![(VALUE_STATEMENTS.to_owned(), statement_places(&places)), (VALUE_VAULT.to_owned(), vault_value(1, &wrapped))];
            store.append(claim, 0, &Batch { entries, values, ..Batch::default() })?;
        } else if head.size > Purpose::ALL.len() as u64 {
            return Err(RegisterError::Exists);
        }
        let mut register = assemble(place, store, Parts { files, random }, Opening::default(), now, lock, true)?;
        register.publish()?;
        Ok(register)
    }

    /// Opens a register. Nothing is written before everything was found to agree.
    ///
    /// # Errors
    /// [`RegisterError::Integrity`] if the store has fewer or other entries than were signed; [`RegisterError::Locked`] if another program has it open;
    /// [`RegisterError::Keys`] if a key is lost or may be read by others.
    pub fn open(place: &Place, store: Box<dyn Store>, parts: Parts, opening: Opening, now: Instant) -> Result<Register, RegisterError> {
        let lock = super::lock(&place.folder)?;
        assemble(place, store, parts, opening, now, lock, false)
    }
}

pub(super) fn statement_entry(document: &[u8], now: Instant) -> NewEntry {
    let record = NewRecord::Document { kind: EntryKind::Key, bytes: document.to_vec() };
    let entry = bezwaar_ledger::entry::Entry { kind: EntryKind::Key, recorded_at: now, hash: record.hash(&[0; 32]) };
    NewEntry { bytes: entry.to_bytes(), id_name: None, holder: None, sealed: None, document: Some(document.to_vec()) }
}

pub(super) fn vault_value(epoch: u32, wrapped: &[u8]) -> Vec<u8> {
    [epoch.to_be_bytes().as_slice(), wrapped].concat()
}

fn assemble(
    place: &Place,
    mut store: Box<dyn Store>,
    parts: Parts,
    opening: Opening,
    now: Instant,
    lock: std::fs::File,
    new: bool,
) -> Result<Register, RegisterError> {
    let Parts { files, random } = parts;
    let anchor = Anchor::new(Arc::clone(&files), place.anchor.clone());
    let head = store.head()?;
    if head.size == 0 {
        // A store that lost everything is not a new one if anything was ever signed.
        return Err(match anchor.checkpoint()? {
            Some(anchored) => IntegrityError::RolledBack { store: 0, signed: anchored.unverified().size() }.into(),
            None => RegisterError::NotARegister,
        });
    }
    let statements = read_statements(store.as_mut())?;
    let stated: Vec<KeyStatement> = statements.iter().map(|(_, statement)| statement.clone()).collect();
    let keys = KeyRing::load(Arc::clone(&files), place.keys(), &place.origin, &place.domain, &stated)?;
    if let (Some(purpose), false) = (keys.lost().first(), opening.without_lost_keys) {
        return Err(KeyRingError::Lost { purpose: *purpose }.into());
    }
    let value = store.value(VALUE_VAULT)?;
    let (epoch, wrapped) = value
        .as_deref()
        .and_then(|value| value.split_first_chunk::<4>())
        .ok_or(IntegrityError::Missing { what: "the vault's key", index: None })?;
    let vault_epoch = u32::from_be_bytes(*epoch);
    let vault = keys.open_vault(vault_epoch, wrapped)?;

    let known = verifiers(&stated, Purpose::Ledger);
    let anchored = anchor.checkpoint()?;
    let public = read_public(files.as_ref(), &place.public(), &known)?;
    if anchored.is_none() && !new {
        return Err(IntegrityError::AnchorLost.into());
    }
    if let Some(anchored) = &anchored
        && !is_signed(anchored, &known)
    {
        // A backup from before the key was renewed does not know the new one.
        let signed = anchored.unverified().size();
        let behind = IntegrityError::RolledBack { store: head.size, signed };
        return Err(if signed > head.size { behind } else { IntegrityError::AnchorForeign }.into());
    }
    let mut agreed = agree(store.as_mut(), files.as_ref(), place, &head, anchored.as_ref(), public.as_ref(), opening.check)?;

    // From here on it may be written.
    let claim = store.claim()?;
    let head = store.head()?;
    let durable = Arc::new(AtomicU64::new(head.size));
    let last_at = match &head.last_entry {
        Some(bytes) => Some(next_entry(bytes, head.size.saturating_sub(1), None)?.recorded_at),
        None => None,
    };
    let origin = Origin::new(&place.origin).map_err(|_| KeyRingError::Name)?;
    let former = former_signer(&keys, &statements, anchored.as_ref())?;
    let mut publisher = Publisher {
        files: Arc::clone(&files),
        folder: place.public(),
        anchor: anchor.clone(),
        origin,
        store: store.reader()?,
        durable: Arc::clone(&durable),
        signer: keys.ledger().ok().cloned(),
        former,
        edge: std::mem::take(&mut agreed.edge),
        last_at: None,
        published: Arc::new(RwLock::new(public.clone().filter(|_| agreed.public_whole))),
    };
    let mut repairs = Vec::new();
    match (&anchored, &public) {
        (Some(anchored), public) if agreed.newest_is_anchor(anchored, public.as_ref()) => {
            publisher.catch_up(anchored)?;
            repairs.push(Repair::PublishedAgain);
        }
        (Some(_), Some(public)) if agreed.anchor_behind => {
            anchor.remember(public)?;
            if !agreed.public_whole {
                publisher.catch_up(public)?;
            }
            repairs.push(Repair::AnchoredAgain);
        }
        _ => {}
    }
    let mut writer = Writer {
        claim,
        vault,
        vault_epoch,
        keys,
        random,
        anchor,
        statements,
        size: head.size,
        last_holder: head.last_holder,
        last_at,
        unsure: false,
        broken: false,
        durable,
        store,
    };
    match writer.reapply(now)? {
        0 => {}
        erasures => repairs.push(Repair::ErasedAgain { erasures }),
    }
    Ok(Register { writer, publisher, rest: super::Rest { repairs, place: place.clone(), _lock: lock } })
}

/// What was found when everything was compared.
struct Agreed {
    /// The edge of the published tree, as far as the public folder has it.
    edge: Edge,
    public_whole: bool,
    anchor_behind: bool,
}

impl Agreed {
    fn newest_is_anchor(&self, anchored: &SignedCheckpoint, public: Option<&SignedCheckpoint>) -> bool {
        let size = anchored.unverified().size();
        public.is_none_or(|public| public.unverified().size() < size || (public.unverified().size() == size && !self.public_whole))
    }
}

/// Compares store, anchor and public folder. Reads only.
fn agree(
    store: &mut dyn Store,
    files: &dyn Files,
    place: &Place,
    head: &Head,
    anchored: Option<&SignedCheckpoint>,
    public: Option<&SignedCheckpoint>,
    check: Check,
) -> Result<Agreed, RegisterError> {
    let mut signed: Vec<(u64, Hash)> = [anchored, public]
        .into_iter()
        .flatten()
        .map(|checkpoint| (checkpoint.unverified().size(), checkpoint.unverified().root()))
        .collect();
    signed.sort_unstable();
    signed.dedup();
    if let [(size, _), (other_size, _)] = signed.as_slice()
        && size == other_size
    {
        return Err(IntegrityError::Forked { size: *size }.into());
    }
    if let Some((size, _)) = signed.last().filter(|(size, _)| *size > head.size) {
        return Err(IntegrityError::RolledBack { store: head.size, signed: *size }.into());
    }
    let public_tree = public.map(|public| (public.unverified().size(), public.unverified().root()));
    let edge = public_tree.and_then(|(size, root)| load_edge(files, place, size).filter(|edge| edge.root() == root));
    let public_whole = edge.is_some();
    let quick = check == Check::Quick && public_whole && signed.last().is_none_or(|last| Some(*last) == public_tree);
    if let (true, Some((size, _))) = (quick, public_tree) {
        compare_tiles(store, files, place, size)?;
    } else {
        compare_trees(store, &signed)?;
    }
    let size_of = |checkpoint: Option<&SignedCheckpoint>| checkpoint.map_or(0, |checkpoint| checkpoint.unverified().size());
    Ok(Agreed { edge: edge.unwrap_or_default(), public_whole, anchor_behind: size_of(anchored) < size_of(public) })
}

/// Whether the store's first entries make up each of these trees, which are in order of size.
pub(super) fn compare_trees(store: &mut dyn Store, signed: &[(u64, Hash)]) -> Result<(), RegisterError> {
    let (mut edge, mut full, mut last_at) = (Edge::new(), Vec::new(), None);
    let mut signed = signed.iter().peekable();
    while let Some((size, root)) = signed.peek().copied() {
        while edge.size() < *size {
            let limit = usize::try_from(size - edge.size()).unwrap_or(usize::MAX).min(ENTRIES_AT_ONCE);
            let entries = store.entries(edge.size(), limit)?;
            if entries.is_empty() {
                return Err(IntegrityError::Missing { what: "an entry", index: Some(edge.size()) }.into());
            }
            for bytes in &entries {
                last_at = Some(next_entry(bytes, edge.size(), last_at)?.recorded_at);
                edge.push(leaf_hash(bytes), &mut full).map_err(|_| IntegrityError::OtherTree { size: *size })?;
                full.clear();
            }
        }
        if edge.root() != *root {
            return Err(IntegrityError::OtherTree { size: *size }.into());
        }
        signed.next();
    }
    Ok(())
}

/// Whether the store's last published entries are those of the tiles.
fn compare_tiles(store: &mut dyn Store, files: &dyn Files, place: &Place, size: u64) -> Result<(), RegisterError> {
    let width = u64::from(TILE_WIDTH);
    let mut index = size.saturating_sub(QUICK_ENTRIES) / width;
    while index * width < size {
        // At most 256.
        let in_tile = (size - index * width).min(width) as u16;
        let entries = store.entries(index * width, usize::from(in_tile))?;
        let stored: Vec<Hash> = entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        let tile = Tile::new(0, index, in_tile).ok().and_then(|tile| read_tile(files, place, tile));
        // A tile that is lost says nothing against the store; the reader of tiles and `doctor` will say that it is.
        if tile.is_some_and(|tile| tile != stored) {
            return Err(IntegrityError::OtherTree { size }.into());
        }
        index += 1;
    }
    Ok(())
}

fn read_tile(files: &dyn Files, place: &Place, tile: Tile) -> Option<Vec<Hash>> {
    let bytes = files.read(&place.public().join(tile.path())).ok()??;
    tile.parse_hashes(&bytes).ok()
}

fn load_edge(files: &dyn Files, place: &Place, size: u64) -> Option<Edge> {
    Edge::load(size, |tile| read_tile(files, place, tile))
}

/// The published checkpoint, if it is one of this register. Whatever else stands there is no evidence of anything, and is written over.
fn read_public(files: &dyn Files, folder: &Path, known: &[VerifierKey]) -> Result<Option<SignedCheckpoint>, RegisterError> {
    let bytes = files.read(&folder.join(CHECKPOINT_FILE));
    let bytes = bytes.map_err(|source| RegisterError::Public { name: CHECKPOINT_FILE.to_owned(), source })?;
    let checkpoint = bytes.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
    Ok(checkpoint.filter(|checkpoint| is_signed(checkpoint, known)))
}

/// Whether a key of this ledger, of now or of before, signed it.
pub(super) fn is_signed(checkpoint: &SignedCheckpoint, known: &[VerifierKey]) -> bool {
    known.iter().any(|key| checkpoint.verify(key).is_ok())
}

/// The ledger key before the present one, if no checkpoint yet covers the statement that replaced it.
fn former_signer(
    keys: &KeyRing,
    statements: &[(u64, KeyStatement)],
    anchored: Option<&SignedCheckpoint>,
) -> Result<Option<(bezwaar_ledger::tlog::note::SigningKey, u64)>, RegisterError> {
    let newest = statements.iter().rfind(|(_, statement)| statement.purpose == Purpose::Ledger);
    let signed = anchored.map_or(0, |anchored| anchored.unverified().size());
    match newest {
        Some((place, statement)) if *place >= signed && statement.epoch > 1 => {
            Ok(keys.former_ledger(statement.epoch - 1)?.map(|former| (former, *place)))
        }
        _ => Ok(None),
    }
}
