//! Placing records: names, holders, salts, commitments, one durable batch.

use std::collections::{HashMap, HashSet};

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::tlog::Hash;
use sha2::{Digest as _, Sha256};

use super::record::{BODY_BYTES_MAX, CONTACT_BYTES_MAX, ID_BYTES_MAX};
use super::{IntegrityError, NewRecord, Placed, Problem, ProblemCause, RegisterError, Writer};
use crate::commitment::commit;
use crate::randomness::Randomness as _;
use crate::store::{BATCH_ENTRIES_MAX, Batch, DOCUMENT_BYTES_MAX, Holder, HolderId, KeyedName, NewEntry, StoreError};
use crate::vault::{HolderKey, OpenedRow, SealedRow};

/// What came of each of several groups of records that were written together.
pub type Outcomes = Vec<Result<Vec<Placed>, Vec<Problem>>>;

/// The places of a group's records, as far as they are known.
type Places = Vec<Option<Placed>>;

/// Where a record that has an id was found.
enum Found {
    /// On the ledger already.
    Ledger(u64),
    /// Among those to be entered now.
    Here { group: usize, position: usize },
}

/// A record that is to be entered.
struct Fresh {
    group: usize,
    position: usize,
    index: u64,
    id_name: Option<KeyedName>,
}

impl Writer {
    /// Enters records, in order, in one durable batch, or none of them. An act whose id and content the register has already is not entered again: its
    /// place is given.
    ///
    /// When this returns `Ok`, what was entered survives the loss of power, and acceptance may be said.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] with all problems at once. After [`RegisterError::Store`] it is not known whether the records are there: enter them
    /// again, and those that are there are recognised by their ids.
    pub fn append(&mut self, records: &[NewRecord], now: Instant) -> Result<Vec<Placed>, RegisterError> {
        let outcome = self.append_groups(&[records], now)?.pop();
        outcome.unwrap_or_else(|| Ok(Vec::new())).map_err(RegisterError::Refused)
    }

    /// As [`Writer::append`], and sets named values in the same batch.
    pub(super) fn append_with(
        &mut self,
        records: &[NewRecord],
        values: Vec<(String, Vec<u8>)>,
        now: Instant,
    ) -> Result<Vec<Placed>, RegisterError> {
        let outcome = self.place(&[records], values, now)?.pop();
        outcome.unwrap_or_else(|| Ok(Vec::new())).map_err(RegisterError::Refused)
    }

    /// Enters several groups of records in one durable batch. A group with problems is left out, and the others are entered.
    pub fn append_groups(&mut self, groups: &[&[NewRecord]], now: Instant) -> Result<Outcomes, RegisterError> {
        self.place(groups, Vec::new(), now)
    }

    fn place(&mut self, groups: &[&[NewRecord]], values: Vec<(String, Vec<u8>)>, now: Instant) -> Result<Outcomes, RegisterError> {
        if groups.iter().map(|records| records.len()).sum::<usize>() > BATCH_ENTRIES_MAX {
            return Err(StoreError::Refused { because: "more records than a batch may have" }.into());
        }
        self.settle()?;
        let recorded_at = self.time(now)?;
        let mut problems: Vec<Vec<Problem>> = groups.iter().map(|records| check_forms(records)).collect();
        let mut names: Vec<Vec<Option<KeyedName>>> = groups.iter().map(|records| self.names(records)).collect();
        let (fresh, mut placed) = self.sort_out(groups, &mut names, &mut problems)?;
        let mut batch = self.batch(groups, &fresh, recorded_at, &mut placed)?;
        // Values belong to what they came with: without it they are not set.
        if problems.iter().all(Vec::is_empty) {
            batch.values = values;
        }
        if !batch.entries.is_empty() || !batch.contacts.is_empty() || !batch.values.is_empty() {
            self.write(&batch)?;
        }
        let outcome = |(problems, placed): (Vec<Problem>, Places)| {
            if problems.is_empty() { Ok(placed.into_iter().flatten().collect()) } else { Err(problems) }
        };
        Ok(problems.into_iter().zip(placed).map(outcome).collect())
    }

    fn names(&self, records: &[NewRecord]) -> Vec<Option<KeyedName>> {
        let name = |record: &NewRecord| match record {
            NewRecord::Sealed { id: Some(id), .. } => Some(self.vault.act_name(id)),
            _ => None,
        };
        records.iter().map(name).collect()
    }

    /// Tells what is new from what is there already. Groups with problems add nothing.
    fn sort_out(
        &mut self,
        groups: &[&[NewRecord]],
        names: &mut [Vec<Option<KeyedName>>],
        problems: &mut [Vec<Problem>],
    ) -> Result<(Vec<Fresh>, Vec<Places>), RegisterError> {
        let asked: Vec<KeyedName> = names.iter().flatten().flatten().copied().collect::<HashSet<_>>().into_iter().collect();
        let mut known: HashMap<KeyedName, Found> =
            self.store.find_ids(&asked)?.into_iter().map(|(name, index)| (name, Found::Ledger(index))).collect();
        let (mut fresh, mut placed): (Vec<Fresh>, Vec<Places>) = (Vec::new(), Vec::new());
        for (group, (records, names)) in groups.iter().zip(names).enumerate() {
            let (mut own, before) = (Vec::new(), fresh.len());
            let mut places: Places = Vec::with_capacity(records.len());
            let Some(problems) = problems.get_mut(group) else { continue };
            for (position, (record, name)) in records.iter().zip(names.iter()).enumerate() {
                let found = name.and_then(|name| known.get(&name));
                let cause = match found {
                    Some(Found::Ledger(index)) => match self.compare(record, *index)? {
                        Ok(there) => {
                            places.push(Some(there));
                            continue;
                        }
                        Err(cause) => Some(cause),
                    },
                    Some(Found::Here { group: other, position: at }) => {
                        let same = groups.get(*other).and_then(|records| records.get(*at)).is_some_and(|other| same_act(other, record));
                        // A group that waits for another one's record is told that record's place below.
                        (!same).then_some(ProblemCause::OtherContentHere { position: *at })
                    }
                    None => {
                        let index = self.size + fresh.len() as u64;
                        fresh.push(Fresh { group, position, index, id_name: *name });
                        if let Some(name) = name {
                            known.insert(*name, Found::Here { group, position });
                            own.push(*name);
                        }
                        None
                    }
                };
                problems.extend(cause.map(|cause| Problem { position, cause }));
                places.push(None);
            }
            if !problems.is_empty() {
                fresh.truncate(before);
                known.retain(|name, _| !own.contains(name));
            }
            placed.push(places);
        }
        Ok((fresh, placed))
    }

    /// Whether what stands at this place says the same.
    fn compare(&mut self, record: &NewRecord, index: u64) -> Result<Result<Placed, ProblemCause>, RegisterError> {
        let NewRecord::Sealed { kind, body, .. } = record else { return Ok(Err(ProblemCause::Kind)) };
        let Some(there) = self.opened(index)? else { return Ok(Err(ProblemCause::Erased { index })) };
        if there.entry.kind != *kind || there.body != *body {
            return Ok(Err(ProblemCause::OtherContent { index }));
        }
        Ok(Ok(Placed { index, entry: there.entry, salt: Some(there.salt), fresh: false }))
    }

    /// The opening of an entry; `None` if it was erased.
    pub(super) fn opened(&mut self, index: u64) -> Result<Option<OpenedRow>, RegisterError> {
        open_row(self.store.as_mut(), &self.vault, index)
    }

    /// Seals what is new and puts it into a batch; fills in the places.
    fn batch(
        &mut self,
        groups: &[&[NewRecord]],
        fresh: &[Fresh],
        recorded_at: Instant,
        placed: &mut [Places],
    ) -> Result<Batch, RegisterError> {
        let at = |fresh: &Fresh| groups.get(fresh.group).and_then(|records| records.get(fresh.position));
        let mut batch = Batch::default();
        let people = fresh.iter().filter_map(|fresh| match at(fresh) {
            Some(NewRecord::Sealed { person: Some(person), .. }) => Some(person.expose_canonical()),
            _ => None,
        });
        let holders = self.holders_for(people.collect(), &mut batch.holders)?;
        let mut salts = vec![0; fresh.len() * 32];
        self.random.fill(&mut salts)?;
        let mut contacts: HashMap<HolderId, Vec<u8>> = HashMap::new();
        let mut by_name: HashMap<KeyedName, Placed> = HashMap::new();
        for (new, salt) in fresh.iter().zip(salts.as_chunks::<32>().0) {
            let Some(record) = at(new) else { continue };
            let kind = record.kind();
            let entry = Entry { kind, recorded_at, hash: record.hash(salt) };
            let (bytes, index) = (entry.to_bytes(), new.index);
            let mut stored = NewEntry { bytes, id_name: new.id_name, holder: None, sealed: None, document: None };
            match record {
                NewRecord::Sealed { person, body, contact, .. } => {
                    let holder = person.as_ref().and_then(|person| holders.get(person.expose_canonical()));
                    stored.holder = holder.map(|(id, _)| *id);
                    stored.sealed = Some(self.vault.seal_opening(holder.map(|(id, key)| (*id, key)), index, &bytes, salt, body));
                    if let (Some((id, key)), Some(contact)) = (holder, contact) {
                        contacts.insert(*id, self.vault.seal_contact(key, *id, contact, &mut self.random)?);
                    }
                }
                NewRecord::Document { bytes, .. } => stored.document = Some(bytes.clone()),
                NewRecord::Digest { .. } => {}
            }
            batch.entries.push(stored);
            let place = Placed { index, entry, salt: kind.is_salted().then_some(*salt), fresh: true };
            if let Some(name) = new.id_name {
                by_name.insert(name, Placed { fresh: false, ..place.clone() });
            }
            if let Some(slot) = placed.get_mut(new.group).and_then(|places| places.get_mut(new.position)) {
                *slot = Some(place);
            }
        }
        batch.contacts = contacts.into_iter().collect();
        // What says the same as another record of this batch gets that one's place.
        for (records, places) in groups.iter().zip(placed) {
            for (record, slot) in records.iter().zip(places) {
                if let (None, NewRecord::Sealed { id: Some(id), .. }) = (&slot, record) {
                    *slot = by_name.get(&self.vault.act_name(id)).cloned();
                }
            }
        }
        Ok(batch)
    }

    /// The holders of these accounts with their keys, made where there are none.
    pub(super) fn holders_for<'a>(
        &mut self,
        people: Vec<&'a str>,
        new: &mut Vec<Holder>,
    ) -> Result<HashMap<&'a str, (HolderId, HolderKey)>, RegisterError> {
        let mut ready = HashMap::new();
        let mut order: Vec<&str> = Vec::new();
        let mut seen = HashSet::new();
        order.extend(people.into_iter().filter(|person| seen.insert(*person)));
        for generation in 0u32.. {
            if order.is_empty() {
                break;
            }
            let names: Vec<KeyedName> = order.iter().map(|person| self.vault.holder_name(person, generation)).collect();
            let found: HashMap<KeyedName, Holder> =
                self.store.find_holders(&names)?.into_iter().map(|holder| (holder.name, holder)).collect();
            let mut destroyed = Vec::new();
            for (person, name) in order.into_iter().zip(names) {
                match found.get(&name) {
                    // Whoever was forgotten and comes back is a new holder, under a name of the next generation.
                    Some(holder) if holder.wrapped_key.is_none() => destroyed.push(person),
                    Some(holder) => drop(ready.insert(person, (holder.id, self.vault.holder_key(holder)?))),
                    None => {
                        let id = HolderId(self.last_holder + new.len() as u64 + 1);
                        let (holder, key) = self.vault.new_holder(id, name, &mut self.random)?;
                        new.push(holder);
                        ready.insert(person, (id, key));
                    }
                }
            }
            order = destroyed;
        }
        Ok(ready)
    }
}

impl NewRecord {
    /// The kind of its entry.
    pub fn kind(&self) -> EntryKind {
        match self {
            NewRecord::Sealed { kind, .. } | NewRecord::Document { kind, .. } | NewRecord::Digest { kind, .. } => *kind,
        }
    }

    pub(super) fn hash(&self, salt: &[u8; 32]) -> Hash {
        match self {
            // Kinds were checked: those that are sealed have a domain.
            NewRecord::Sealed { kind, body, .. } => commit(*kind, salt, body).unwrap_or_default(),
            NewRecord::Document { bytes, .. } => Sha256::digest(bytes).into(),
            NewRecord::Digest { hash, .. } => *hash,
        }
    }
}

/// Whether two records with the same id are the same act.
fn same_act(one: &NewRecord, other: &NewRecord) -> bool {
    match (one, other) {
        (NewRecord::Sealed { kind, body, .. }, NewRecord::Sealed { kind: other_kind, body: other_body, .. }) => {
            kind == other_kind && body == other_body
        }
        _ => false,
    }
}

/// What can be said of records without asking the store.
fn check_forms(records: &[NewRecord]) -> Vec<Problem> {
    let cause = |record: &NewRecord| match record {
        NewRecord::Sealed { kind, .. } if !kind.is_salted() || *kind == EntryKind::Tombstone => Some(ProblemCause::Kind),
        NewRecord::Document { kind, .. } | NewRecord::Digest { kind, .. } if kind.is_salted() => Some(ProblemCause::Kind),
        NewRecord::Sealed { id: Some(id), .. } if id.is_empty() || id.len() > ID_BYTES_MAX => Some(ProblemCause::Id),
        NewRecord::Sealed { body, .. } if body.len() > BODY_BYTES_MAX => Some(ProblemCause::TooLong),
        NewRecord::Sealed { contact: Some(_), person: None, .. } => Some(ProblemCause::ContactOfNobody),
        NewRecord::Sealed { contact: Some(contact), .. } if contact.len() > CONTACT_BYTES_MAX => Some(ProblemCause::TooLong),
        NewRecord::Document { bytes, .. } if bytes.len() > DOCUMENT_BYTES_MAX => Some(ProblemCause::TooLong),
        _ => None,
    };
    let problem = |(position, record)| cause(record).map(|cause| Problem { position, cause });
    records.iter().enumerate().filter_map(problem).collect()
}

/// Reads and opens the row of an entry; `None` if the store has none.
pub(super) fn open_row(
    store: &mut dyn crate::store::Store,
    vault: &crate::vault::Vault,
    index: u64,
) -> Result<Option<OpenedRow>, RegisterError> {
    let Some(sealed) = store.opening(index)? else { return Ok(None) };
    let entry = store.entries(index, 1)?.first().copied().ok_or(IntegrityError::Missing { what: "the entry", index: Some(index) })?;
    let row = SealedRow { index, entry, holder: sealed.holder, sealed: sealed.sealed };
    let Some(id) = row.holder else { return Ok(Some(vault.unseal_opening(row, None)?)) };
    let missing = crate::vault::VaultError::NoSuchHolder { holder: id.0, index };
    let holder = store.holders(&[id])?.pop().ok_or(missing)?;
    let key = vault.holder_key(&holder)?;
    Ok(Some(vault.unseal_opening(row, Some(&key))?))
}
