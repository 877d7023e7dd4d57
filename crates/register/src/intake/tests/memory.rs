//! Books in memory.
use std::collections::BTreeMap;

use bezwaar_core::account::Account;
use bezwaar_core::choice::Choice;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::event::{Event, TombstoneReason, VoidReason};
use sha2::{Digest as _, Sha256};

use super::super::{Books, Filed, Known, NewEvent, ValueName};
use crate::engine::RegisterError;
use crate::store::KeyedName;

/// Entries, whose events may be gone.
#[derive(Clone, Default)]
pub(super) struct MemoryBooks {
    pub(super) entries: Vec<(Instant, String, Option<Account>, Option<Event>)>,
    pub(super) contacts: BTreeMap<Account, Vec<u8>>,
    pub(super) values: BTreeMap<ValueName, Vec<u8>>,
    /// Fails when this many more appends were done.
    pub(super) fails_after: Option<usize>,
}

fn id_and_person(event: &Event) -> (String, Option<Account>) {
    match event {
        Event::Choice(choice) => (choice.id.clone(), choice.person.clone()),
        Event::Confirmation(one) => (one.id.clone(), Some(one.person.clone())),
        Event::Void(one) => (one.id.clone(), None),
        Event::Tombstone(_) => (String::new(), None),
    }
}

/// An entry that stands for an event: of no real commitment.
fn entry(id: &str, recorded_at: Instant) -> Entry {
    Entry { kind: EntryKind::Choice, recorded_at, hash: Sha256::digest(id).into() }
}

impl MemoryBooks {
    fn filed(&self, index: usize) -> Option<Filed> {
        let (recorded_at, _, _, event) = &self.entries[index];
        Some(Filed { index: index as u64, recorded_at: *recorded_at, event: event.clone()? })
    }

    /// The choices in force, as a replay gives them.
    pub(super) fn choices(&self, through: Instant) -> Vec<Choice> {
        let confirmed =
            |id: &str| self.entries.iter().any(|(.., event)| matches!(event, Some(Event::Confirmation(one)) if one.confirms == id));
        let voided = |id: &str| {
            self.entries.iter().any(|(.., event)| matches!(event, Some(Event::Void(one)) if one.voids == id && one.effective_at <= through))
        };
        let choices = self.entries.iter().filter_map(|(recorded_at, .., event)| match event {
            Some(Event::Choice(choice)) => Some(Choice {
                recorded_at: Some(*recorded_at),
                provisional: choice.provisional && !confirmed(&choice.id),
                ..choice.clone()
            }),
            _ => None,
        });
        choices.filter(|choice| !(choice.provisional && voided(&choice.id))).collect()
    }
}

impl Books for MemoryBooks {
    fn settle(&mut self) -> Result<(), RegisterError> {
        Ok(())
    }

    fn entry(&mut self, index: u64) -> Result<Option<Entry>, RegisterError> {
        Ok(self.entries.get(index as usize).map(|(recorded_at, id, ..)| entry(id, *recorded_at)))
    }

    fn keyed(&self, kind: &str, text: &str) -> KeyedName {
        KeyedName(*Sha256::digest(format!("{kind}\0{text}")).first_chunk().unwrap())
    }

    fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    fn time(&self, now: Instant) -> Result<Instant, RegisterError> {
        Ok(self.entries.last().map_or(now, |(last, ..)| now.max(*last)))
    }

    fn by_ids(&mut self, ids: &[&str]) -> Result<Vec<Option<Known>>, RegisterError> {
        let one = |id: &&str| {
            let index = self.entries.iter().position(|(_, own, ..)| own == id)?;
            Some(self.filed(index).map_or(Known::Erased { index: index as u64 }, Known::Filed))
        };
        Ok(ids.iter().map(one).collect())
    }

    fn under(&mut self, accounts: &[&Account]) -> Result<Vec<Vec<Filed>>, RegisterError> {
        let one = |account: &&Account| {
            let own = self.entries.iter().enumerate().filter(|(_, (_, _, person, _))| person.as_ref() == Some(account));
            own.filter_map(|(index, _)| self.filed(index)).collect()
        };
        Ok(accounts.iter().map(one).collect())
    }

    fn at(&mut self, index: u64) -> Result<Option<Filed>, RegisterError> {
        Ok(self.filed(index as usize))
    }

    fn contact(&mut self, account: &Account) -> Result<Option<Vec<u8>>, RegisterError> {
        Ok(self.contacts.get(account).cloned())
    }

    fn value(&mut self, name: &ValueName) -> Result<Option<Vec<u8>>, RegisterError> {
        Ok(self.values.get(name).cloned())
    }

    fn append(&mut self, events: &[NewEvent], values: &[(ValueName, Vec<u8>)], now: Instant) -> Result<Vec<Entry>, RegisterError> {
        match &mut self.fails_after {
            Some(0) => return Err(RegisterError::Stopped),
            Some(left) => *left -= 1,
            None => {}
        }
        let recorded_at = self.time(now)?;
        let mut placed = Vec::new();
        for NewEvent { event, contact } in events {
            let (id, person) = id_and_person(event);
            let body = event.to_bytes().unwrap();
            let event = Event::from_bytes(event.kind(), &body).unwrap();
            assert!(id.is_empty() || !self.entries.iter().any(|(_, own, ..)| *own == id), "a second `{id}`");
            if let (Some(person), Some(contact)) = (&person, contact) {
                self.contacts.insert(person.clone(), contact.clone());
            }
            placed.push(entry(&id, recorded_at));
            self.entries.push((recorded_at, id, person, Some(event)));
        }
        for (name, value) in values {
            if value.is_empty() {
                self.values.remove(name);
            } else {
                self.values.insert(name.clone(), value.clone());
            }
        }
        Ok(placed)
    }

    fn forget(&mut self, account: &Account, besides: &[u64], _: TombstoneReason, _: Instant) -> Result<(), RegisterError> {
        for (index, (_, _, person, event)) in self.entries.iter_mut().enumerate() {
            if person.as_ref() == Some(account) || besides.contains(&(index as u64)) {
                *event = None;
                *person = None;
            }
        }
        self.contacts.remove(account);
        Ok(())
    }

    fn erase_contact(&mut self, account: &Account, _: TombstoneReason, _: Instant) -> Result<(), RegisterError> {
        self.contacts.remove(account);
        Ok(())
    }

    fn random(&mut self) -> Result<[u8; 32], RegisterError> {
        Ok([7; 32])
    }
}

pub(super) const REASON: VoidReason = VoidReason::FiledByAutomation;
