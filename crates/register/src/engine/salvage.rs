//! Going on after a restore from an old backup: what was published since is put back behind it, so that the register has every entry that anybody was shown.
//!
//! Entries and documents come from the public folder, checked against the newest tree that was signed. What the entries *say* is not public: openings come from
//! files that were written for auditors, and from people's receipts, each checked against its entry. What was erased is not put back. An entry that is left
//! without opening and without tombstone stays an integrity failure, and no extract is made: its person said something, and nobody knows what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bezwaar_ledger::entry::{ENTRY_BYTES, Entry, EntryKind};
use bezwaar_ledger::opening::{Opening, Salt};
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::proof::root_at;
use bezwaar_ledger::tlog::tile::{TILE_WIDTH, TileHashSource};
use sha2::{Digest as _, Sha256};

use super::books::owner_of;
use super::open::{compare_trees, is_signed};
use super::publisher::{CHECKPOINT_FILE, DOCUMENTS};
use super::reader::tile_error;
use super::writer::{VALUE_STATEMENTS, VALUE_VAULT, next_entry, read_statements, statement_places};
use super::{IntegrityError, Parts, Place, PublicFiles, Register, RegisterError, Writer};
use crate::anchor::{Anchor, Erased};
use crate::files::Files;
use crate::hex;
use crate::keys::{KeyRing, KeyStatement, Purpose, verifiers};
use crate::randomness::Randomness as _;
use crate::store::{Batch, Holder, HolderId, KeyedName, NewEntry, Store};

/// The most entries put back in one batch.
pub const SALVAGED_AT_ONCE: usize = 4_096;

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// How many entries.
    pub entries: u64,
    /// How many openings.
    pub openings: u64,
    /// Entries whose opening was offered, but does not open them: it is of another ledger, or was changed.
    pub unfit: Vec<u64>,
    /// Entries without opening that no erasure explains. Until their openings are back, no extract is made.
    pub missing: Vec<u64>,
}

/// The tree that is to be reached.
struct Target {
    tree: TileHashSource<PublicFiles>,
    checkpoint: SignedCheckpoint,
    erased: Vec<Erased>,
}

impl Register {
    /// Puts back what was published since a backup was made, from the public folder and from openings, by the places of their entries. Afterwards the register opens,
    /// and its opening does the erasures again that the backup has forgotten. After a crash it can be called again.
    ///
    /// What intake knows besides (names, the list, notices) is as old as the backup: learn aliases again. An act that was filed and erased since is not recognised by its
    /// id any more: do not import it again.
    ///
    /// # Errors
    /// [`RegisterError::Integrity`] if the store is not the beginning of what was signed, or if something was erased behind all that was published;
    /// [`RegisterError::PublicDamaged`] if the public folder has not all of it: take it from a mirror. Nothing is written before all of that is known.
    pub fn salvage(
        place: &Place,
        store: Box<dyn Store>,
        parts: Parts,
        openings: &BTreeMap<u64, Opening>,
    ) -> Result<Salvaged, RegisterError> {
        let _lock = super::lock(&place.folder)?;
        let mut store = store;
        let mut anchor = Anchor::new(Arc::clone(&parts.files), place.anchor.clone());
        let head = store.head()?;
        if head.size == 0 {
            return Err(RegisterError::NotARegister);
        }
        let target = target(store.as_mut(), &parts.files, place, &mut anchor)?;
        let statements = statements(store.as_mut(), &parts.files, place, &target)?;
        let stated: Vec<KeyStatement> = statements.iter().map(|(_, statement)| statement.clone()).collect();
        if !is_signed(&target.checkpoint, &verifiers(&stated, Purpose::Ledger)) {
            return Err(IntegrityError::AnchorForeign.into());
        }
        let keys = KeyRing::load(Arc::clone(&parts.files), place.keys(), &place.origin, &place.domain, &stated)?;
        let value = store.value(VALUE_VAULT)?;
        let missing = IntegrityError::Missing { what: "the vault's key", index: None };
        let (epoch, wrapped) = value.as_deref().and_then(|value| value.split_first_chunk::<4>()).ok_or(missing)?;
        let vault_epoch = u32::from_be_bytes(*epoch);
        let vault = keys.open_vault(vault_epoch, wrapped)?;
        let last_at = head.last_entry.map(|bytes| next_entry(&bytes, head.size.saturating_sub(1), None)).transpose()?;
        let claim = store.claim()?;
        let mut writer = Writer {
            claim,
            vault,
            vault_epoch,
            keys,
            random: parts.random,
            anchor,
            statements,
            size: head.size,
            last_holder: head.last_holder,
            last_at: last_at.map(|entry| entry.recorded_at),
            unsure: false,
            broken: false,
            durable: Arc::new(AtomicU64::new(head.size)),
            store,
        };
        writer.put_back(&target, parts.files.as_ref(), place, openings)
    }
}

/// The newest tree that was signed, with the files it is made of, and the store as its beginning.
fn target(store: &mut dyn Store, files: &Arc<dyn Files>, place: &Place, anchor: &mut Anchor) -> Result<Target, RegisterError> {
    let bytes = files.read(&place.public().join(CHECKPOINT_FILE));
    let bytes = bytes.map_err(|source| RegisterError::Public { name: CHECKPOINT_FILE.to_owned(), source })?;
    let public = bytes.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
    let newest = anchor.checkpoint()?.into_iter().chain(public).max_by_key(|checkpoint| checkpoint.unverified().size());
    let checkpoint = newest.ok_or(IntegrityError::AnchorLost)?;
    let (size, root, here) = (checkpoint.unverified().size(), checkpoint.unverified().root(), store.head()?.size);
    let tree = TileHashSource::try_new(PublicFiles::new(Arc::clone(files), &place.public()), size, &root).map_err(tile_error)?;
    let common = here.min(size);
    let before = root_at(&tree, common).map_err(tile_error)?;
    compare_trees(store, &[(common, before)])?;
    let erased = anchor.erasures()?;
    if let Some(last) = erased.iter().find(|erased| erased.index > size.max(here)) {
        return Err(IntegrityError::ErasureRolledBack { store: size, tombstone: last.index }.into());
    }
    Ok(Target { tree, checkpoint, erased })
}

/// The statements about keys, those that were made since the backup as well.
fn statements(
    store: &mut dyn Store,
    files: &Arc<dyn Files>,
    place: &Place,
    target: &Target,
) -> Result<Vec<(u64, KeyStatement)>, RegisterError> {
    let mut statements = read_statements(store)?;
    let mut at = store.head()?.size;
    while at < target.tree.size() {
        for bytes in target.bundle(at)? {
            let entry = next_entry(&bytes, at, None)?;
            if entry.kind == EntryKind::Key {
                let document =
                    document(files.as_ref(), place, &entry)?.ok_or(IntegrityError::Missing { what: "the document", index: Some(at) })?;
                let earlier: Vec<KeyStatement> = statements.iter().map(|(_, statement)| statement.clone()).collect();
                let wrong = |source| IntegrityError::Statement { index: at, source };
                statements.push((at, KeyStatement::verify(&document, &earlier).map_err(wrong)?.0));
            }
            at += 1;
        }
    }
    Ok(statements)
}

/// The published document of an entry, if it is there and is the one.
fn document(files: &dyn Files, place: &Place, entry: &Entry) -> Result<Option<Vec<u8>>, RegisterError> {
    let name = format!("{DOCUMENTS}/{}", hex::encode(&entry.hash));
    match files.read(&place.public().join(&name)) {
        Err(source) => Err(RegisterError::Public { name, source }),
        Ok(Some(bytes)) if <[u8; 32]>::from(Sha256::digest(&bytes)) != entry.hash => Err(RegisterError::PublicDamaged { name }),
        Ok(bytes) => Ok(bytes),
    }
}

impl Target {
    /// The entries from an index to the end of its bundle.
    fn bundle(&self, from: u64) -> Result<Vec<[u8; ENTRY_BYTES]>, RegisterError> {
        let width = u64::from(TILE_WIDTH);
        // At most 256.
        let skipped = (from % width) as usize;
        let entries = self.tree.entries(from / width).map_err(tile_error)?;
        let wrong = || RegisterError::from(IntegrityError::OtherTree { size: self.tree.size() });
        entries.into_iter().skip(skipped).map(|bytes| bytes.try_into().map_err(|_| wrong())).collect()
    }
}

impl Writer {
    fn put_back(
        &mut self,
        target: &Target,
        files: &dyn Files,
        place: &Place,
        openings: &BTreeMap<u64, Opening>,
    ) -> Result<Salvaged, RegisterError> {
        let mut salvaged = Salvaged::default();
        let destroyed: BTreeSet<u64> = target.erased.iter().flat_map(|erased| erased.openings.iter().copied()).collect();
        let tombstones: BTreeMap<u64, &Erased> = target.erased.iter().map(|erased| (erased.index, erased)).collect();
        self.keep_numbers(&target.erased)?;
        while self.size < target.tree.size() {
            let entries = target.bundle(self.size)?;
            let mut batch = Batch::default();
            let mut opened: Vec<Option<Opening>> = Vec::with_capacity(entries.len());
            for (index, bytes) in (self.size..).zip(&entries) {
                let entry = next_entry(bytes, index, None)?;
                opened.push(match tombstones.get(&index).filter(|erased| erased.entry == *bytes) {
                    Some(erased) => Some(Opening {
                        index,
                        kind: EntryKind::Tombstone,
                        salt: Salt::from_bytes(erased.salt),
                        body: erased.body.clone().into_bytes(),
                    }),
                    None if destroyed.contains(&index) => None,
                    None => fitting(openings.get(&index), &entry, index, &mut salvaged),
                });
            }
            let owners =
                opened.iter().map(|opening| opening.as_ref().and_then(|opening| opening.event().ok()).map(|event| owner_of(&event)));
            let owners: Vec<_> = owners.map(Option::unwrap_or_default).collect();
            let people = owners.iter().filter_map(|(person, _)| person.as_ref()).map(|person| person.expose_canonical()).collect();
            let holders = self.holders_for(people, &mut batch.holders)?;
            for (index, ((bytes, opening), (person, id))) in (self.size..).zip(entries.iter().zip(&opened).zip(&owners)) {
                let entry = next_entry(bytes, index, None)?;
                let mut stored = NewEntry { bytes: *bytes, id_name: None, holder: None, sealed: None, document: None };
                if let Some(opening) = opening {
                    let holder = person.as_ref().and_then(|person| holders.get(person.expose_canonical()));
                    let key = holder.map(|(id, key)| (*id, key));
                    stored.id_name = id.as_ref().map(|id| self.vault.act_name(id));
                    stored.holder = holder.map(|(id, _)| *id);
                    stored.sealed = Some(self.vault.seal_opening(key, index, bytes, opening.salt.expose_bytes(), &opening.body));
                    salvaged.openings += 1;
                } else if !entry.kind.is_salted() {
                    stored.document = document(files, place, &entry)?;
                } else if !destroyed.contains(&index) {
                    salvaged.missing.push(index);
                }
                batch.entries.push(stored);
            }
            salvaged.entries += entries.len() as u64;
            let end = self.size + entries.len() as u64;
            let places: Vec<u64> = self.statements.iter().map(|(place, _)| *place).filter(|place| *place < end).collect();
            batch.values = vec![(VALUE_STATEMENTS.to_owned(), statement_places(&places))];
            self.write(&batch)?;
        }
        Ok(salvaged)
    }

    /// Gives out the numbers of holders that erasures name and the backup has not, to nobody: otherwise an erasure that is done again could meet a stranger.
    fn keep_numbers(&mut self, erased: &[Erased]) -> Result<(), RegisterError> {
        let named = erased.iter().flat_map(|erased| erased.keys.iter().chain(&erased.contacts)).map(|holder| holder.0).max();
        while self.last_holder < named.unwrap_or(0) {
            let upto = named.unwrap_or(0).min(self.last_holder + SALVAGED_AT_ONCE as u64);
            let mut batch = Batch::default();
            for id in self.last_holder + 1..=upto {
                let mut name = [0; 16];
                self.random.fill(&mut name)?;
                batch.holders.push(Holder { id: HolderId(id), name: KeyedName(name), wrapped_key: None });
            }
            self.write(&batch)?;
        }
        Ok(())
    }
}

/// The opening that was offered for an entry, if it opens it.
fn fitting(offered: Option<&Opening>, entry: &Entry, index: u64, salvaged: &mut Salvaged) -> Option<Opening> {
    let offered = offered?;
    if offered.index == index && offered.verify(entry).is_ok() && offered.event().is_ok() {
        return Some(offered.clone());
    }
    salvaged.unfit.push(index);
    None
}
