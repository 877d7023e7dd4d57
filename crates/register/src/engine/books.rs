//! The writer as intake sees it: events by id and by account, and the values it keeps beside the ledger, sealed.

use std::collections::HashMap;

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{ENTRY_BYTES, Entry};
use bezwaar_ledger::event::{Event, TombstoneReason};

use super::append::open_row;
use super::erase::live_holder;
use super::{ErasureReason, IntegrityError, NewRecord, RegisterError, Writer};
use crate::hex::encode;
use crate::intake::cases::{MARK_CONTACT, MARK_NETWORK, Mark, Marks};
use crate::intake::{Books, Filed, Known, NewEvent, ValueName};
use crate::randomness::secret;
use crate::store::{Holder, HolderId, KeyedName, Store};
use crate::vault::{OpenedRow, SealedRow, Vault, VaultError};

/// A row as an event.
fn filed(row: &OpenedRow) -> Result<Filed, RegisterError> {
    let event = Event::from_bytes(row.entry.kind, &row.body).map_err(|_| IntegrityError::Document { index: row.index })?;
    Ok(Filed { index: row.index, recorded_at: row.entry.recorded_at, event })
}

/// The name a value goes by in the store: accounts in it are keyed.
fn value_name(vault: &Vault, name: &ValueName) -> String {
    let keyed = |label: &str, account: &Account| {
        let KeyedName(bytes) = vault.act_name(&format!("intake {label}\0{}", account.expose_canonical()));
        format!("intake/{label}/{}", encode(&bytes))
    };
    match name {
        ValueName::Ties(account) => keyed("ties", account),
        ValueName::Linked(account, page) => format!("{}/{page}", keyed("linked", account)),
        ValueName::TiesCount => "intake/ties".to_owned(),
        ValueName::List => "intake/list".to_owned(),
        ValueName::ListPage(page) => format!("intake/list/{page}"),
        ValueName::Import => "intake/import".to_owned(),
        ValueName::Outbox => "intake/outbox".to_owned(),
        ValueName::Shelf(shelf) => format!("intake/shelf/{}", shelf.as_str()),
        ValueName::ShelfPage(shelf, page) => format!("intake/shelf/{}/{page}", shelf.as_str()),
        ValueName::Forget(hash) => format!("intake/forget/{}", encode(hash)),
    }
}

/// A value, opened.
fn value(store: &mut dyn Store, vault: &Vault, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError> {
    let name = value_name(vault, name);
    let Some(sealed) = store.value(&name)?.filter(|sealed| !sealed.is_empty()) else { return Ok(None) };
    Ok(Some(vault.unseal_value(&name, &sealed)?))
}

impl Writer {
    fn sealed_values(&mut self, values: &[(ValueName, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, RegisterError> {
        let mut sealed = Vec::with_capacity(values.len());
        for (name, plain) in values {
            let name = value_name(&self.vault, name);
            let bytes = if plain.is_empty() { Vec::new() } else { self.vault.seal_value(&name, plain, &*secret(&mut self.random)?) };
            sealed.push((name, bytes));
        }
        Ok(sealed)
    }

    /// Rows of these places, opened; holders are read in one go. Places whose opening was erased are left out.
    fn opened_all(&mut self, places: &[u64]) -> Result<HashMap<u64, OpenedRow>, RegisterError> {
        let mut sealed = Vec::with_capacity(places.len());
        for index in places {
            let Some(opening) = self.store.opening(*index)? else { continue };
            let missing = IntegrityError::Missing { what: "the entry", index: Some(*index) };
            let entry = self.store.entries(*index, 1)?.first().copied().ok_or(missing)?;
            sealed.push(SealedRow { index: *index, entry, holder: opening.holder, sealed: opening.sealed });
        }
        let mut ids: Vec<HolderId> = sealed.iter().filter_map(|row| row.holder).collect();
        ids.sort_unstable();
        ids.dedup();
        let holders: HashMap<HolderId, Holder> = self.store.holders(&ids)?.into_iter().map(|holder| (holder.id, holder)).collect();
        let mut rows = HashMap::with_capacity(sealed.len());
        for row in sealed {
            let key = match row.holder {
                None => None,
                Some(id) => {
                    let missing = VaultError::NoSuchHolder { holder: id.0, index: row.index };
                    Some(self.vault.holder_key(holders.get(&id).ok_or(missing)?)?)
                }
            };
            let opened = self.vault.unseal_opening(row, key.as_ref())?;
            rows.insert(opened.index, opened);
        }
        Ok(rows)
    }

    /// The living holders of these accounts.
    fn living(&mut self, accounts: &[&Account]) -> Result<Vec<Option<Holder>>, RegisterError> {
        let names: Vec<KeyedName> = accounts.iter().map(|account| self.vault.holder_name(account.expose_canonical(), 0)).collect();
        let found: HashMap<KeyedName, Holder> = self.store.find_holders(&names)?.into_iter().map(|holder| (holder.name, holder)).collect();
        let mut living = Vec::with_capacity(accounts.len());
        for (account, name) in accounts.iter().zip(names) {
            living.push(match found.get(&name) {
                None => None,
                Some(holder) if holder.wrapped_key.is_some() => Some(holder.clone()),
                // Forgotten once, and perhaps come back.
                Some(_) => live_holder(self.store.as_mut(), &self.vault, account)?,
            });
        }
        Ok(living)
    }

    fn rows_of(&mut self, holder: &Holder) -> Result<Vec<Filed>, RegisterError> {
        let key = self.vault.holder_key(holder)?;
        let mut rows = Vec::new();
        for opening in self.store.openings_of(holder.id)? {
            let index = opening.index;
            let missing = IntegrityError::Missing { what: "the entry", index: Some(index) };
            let entry: [u8; ENTRY_BYTES] = self.store.entries(index, 1)?.first().copied().ok_or(missing)?;
            let row = SealedRow { index, entry, holder: opening.holder, sealed: opening.sealed };
            rows.push(filed(&self.vault.unseal_opening(row, Some(&key))?)?);
        }
        Ok(rows)
    }
}

/// The keyed name of something of a kind.
fn keyed(vault: &Vault, kind: &str, text: &str) -> KeyedName {
    vault.act_name(&format!("intake {kind}\0{text}"))
}

impl super::Reader {
    /// See [`Intake::mark`](crate::intake::Intake::mark).
    pub fn mark(&self, contact: Option<&str>, network: Option<&str>) -> Marks {
        let mark = |kind: &str, text: Option<&str>| text.map(|text| Mark::of(keyed(&self.vault, kind, text)));
        Marks { contact: mark(MARK_CONTACT, contact), network: mark(MARK_NETWORK, network) }
    }

    /// A value intake keeps.
    pub(crate) fn value(&mut self, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError> {
        value(self.store.as_mut(), &self.vault, name)
    }
}

impl Books for Writer {
    fn settle(&mut self) -> Result<(), RegisterError> {
        Writer::settle(self)
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn time(&self, now: Instant) -> Result<Instant, RegisterError> {
        Writer::time(self, now)
    }

    fn by_ids(&mut self, ids: &[&str]) -> Result<Vec<Option<Known>>, RegisterError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<KeyedName> = ids.iter().map(|id| self.vault.act_name(id)).collect();
        let mut asked = names.clone();
        asked.sort_unstable();
        asked.dedup();
        let found: HashMap<KeyedName, u64> = self.store.find_ids(&asked)?.into_iter().collect();
        let mut places: Vec<u64> = found.values().copied().collect();
        places.sort_unstable();
        let rows = self.opened_all(&places)?;
        let known = |name: &KeyedName| {
            let Some(index) = found.get(name) else { return Ok(None) };
            match rows.get(index) {
                Some(row) => filed(row).map(|filed| Some(Known::Filed(filed))),
                None => Ok(Some(Known::Erased { index: *index })),
            }
        };
        names.iter().map(known).collect()
    }

    fn under(&mut self, accounts: &[&Account]) -> Result<Vec<Vec<Filed>>, RegisterError> {
        let mut all = Vec::with_capacity(accounts.len());
        for holder in self.living(accounts)? {
            all.push(match holder {
                Some(holder) => self.rows_of(&holder)?,
                None => Vec::new(),
            });
        }
        Ok(all)
    }

    fn at(&mut self, index: u64) -> Result<Option<Filed>, RegisterError> {
        let entry = self.store.entries(index, 1)?.first().copied();
        let salted = entry.and_then(|entry| Entry::from_bytes(&entry).ok()).is_some_and(|entry| entry.kind.is_salted());
        if !salted {
            return Ok(None);
        }
        open_row(self.store.as_mut(), &self.vault, index)?.map(|row| filed(&row)).transpose()
    }

    fn entry(&mut self, index: u64) -> Result<Option<Entry>, RegisterError> {
        let Some(bytes) = self.store.entries(index, 1)?.first().copied() else { return Ok(None) };
        Entry::from_bytes(&bytes).map(Some).map_err(|source| IntegrityError::Entry { index, source }.into())
    }

    fn keyed(&self, kind: &str, text: &str) -> KeyedName {
        keyed(&self.vault, kind, text)
    }

    fn contact(&mut self, account: &Account) -> Result<Option<Vec<u8>>, RegisterError> {
        let Some(holder) = live_holder(self.store.as_mut(), &self.vault, account)? else { return Ok(None) };
        let Some(sealed) = self.store.contact(holder.id)? else { return Ok(None) };
        let key = self.vault.holder_key(&holder)?;
        Ok(Some(self.vault.unseal_contact(&key, holder.id, &sealed)?.to_vec()))
    }

    fn value(&mut self, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError> {
        value(self.store.as_mut(), &self.vault, name)
    }

    fn append(&mut self, events: &[NewEvent], values: &[(ValueName, Vec<u8>)], now: Instant) -> Result<Vec<Entry>, RegisterError> {
        let mut records = Vec::with_capacity(events.len());
        for NewEvent { event, contact } in events {
            let wrong = |_| IntegrityError::Missing { what: "the form of an act", index: None };
            let (person, id) = owner_of(event);
            let body = event.to_bytes().map_err(wrong)?;
            records.push(NewRecord::Sealed { kind: event.kind(), person, id, body, contact: contact.clone() });
        }
        let values = self.sealed_values(values)?;
        let placed = self.append_with(&records, values, now)?;
        Ok(placed.into_iter().map(|placed| placed.entry).collect())
    }

    fn forget(&mut self, account: &Account, besides: &[u64], reason: TombstoneReason, now: Instant) -> Result<(), RegisterError> {
        let mut erasure = self.all_of(account, erasure_reason(reason))?;
        erasure.openings.extend_from_slice(besides);
        self.erase(&erasure, now).map(drop)
    }

    fn erase_contact(&mut self, account: &Account, reason: TombstoneReason, now: Instant) -> Result<(), RegisterError> {
        let erasure = self.contact_of(account, erasure_reason(reason))?;
        self.erase(&erasure, now).map(drop)
    }

    fn random(&mut self) -> Result<[u8; 32], RegisterError> {
        Ok(*secret(&mut self.random)?)
    }
}

/// Under whose key an event is sealed, and the id it is found by.
pub(super) fn owner_of(event: &Event) -> (Option<Account>, Option<String>) {
    match event {
        Event::Choice(choice) => (choice.person.clone(), Some(choice.id.clone())),
        Event::Confirmation(confirmation) => (Some(confirmation.person.clone()), Some(confirmation.id.clone())),
        Event::Void(void) => (None, Some(void.id.clone())),
        Event::Tombstone(_) => (None, None),
    }
}

fn erasure_reason(reason: TombstoneReason) -> ErasureReason {
    match reason {
        TombstoneReason::ForgottenByPerson => ErasureReason::ForgottenByPerson,
        TombstoneReason::Retention => ErasureReason::Retention,
        TombstoneReason::CourtOrder => ErasureReason::CourtOrder,
    }
}
