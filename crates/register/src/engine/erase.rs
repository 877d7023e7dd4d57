//! Erasing: first remembered in the anchor, then done, in one batch with the tombstone that says so.

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use serde_json::json;

use super::{Placed, RegisterError, Writer};
use crate::anchor::Erased;
use crate::commitment::commit;
use crate::randomness::secret;
use crate::store::{Batch, Destroy, HolderId, NewEntry, Store};
use crate::vault::Vault;

/// The most openings, keys and contacts erased at once.
pub const ERASED_AT_ONCE_MAX: usize = 10_000;

/// Why something is erased: the closed list of `spec/ledger.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErasureReason {
    /// The person asked for it.
    ForgottenByPerson,
    /// The time it may be kept is over.
    Retention,
    /// A court said so.
    CourtOrder,
}

impl ErasureReason {
    /// The code in the tombstone.
    pub fn as_str(self) -> &'static str {
        match self {
            ErasureReason::ForgottenByPerson => "forgotten-by-person",
            ErasureReason::Retention => "retention",
            ErasureReason::CourtOrder => "court-order",
        }
    }
}

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The entries whose openings go.
    pub openings: Vec<u64>,
    /// The holders whose keys go, and with them everything sealed under them, in every copy.
    pub keys: Vec<HolderId>,
    /// The holders whose contacts go.
    pub contacts: Vec<HolderId>,
    /// Why.
    pub reason: ErasureReason,
}

impl Erasure {
    /// The tombstone: which entries lost their openings, and why. It names none when only contacts go.
    fn body(&self) -> String {
        json!({ "entries": self.openings, "reason": self.reason.as_str(), "v": 1 }).to_string()
    }

    fn is_empty(&self) -> bool {
        self.openings.is_empty() && self.keys.is_empty() && self.contacts.is_empty()
    }
}

impl Writer {
    /// All that is filed under an account: what [`Writer::erase`] needs to forget it. The caller answers for what this does to acts that others rely on.
    pub fn all_of(&mut self, account: &Account, reason: ErasureReason) -> Result<Erasure, RegisterError> {
        let mut erasure = Erasure { openings: Vec::new(), keys: Vec::new(), contacts: Vec::new(), reason };
        if let Some(holder) = live_holder(self.store.as_mut(), &self.vault, account)? {
            erasure.openings = self.store.openings_of(holder.id)?.into_iter().map(|opening| opening.index).collect();
            erasure.keys.push(holder.id);
            erasure.contacts.push(holder.id);
        }
        Ok(erasure)
    }

    /// The contact of an account only: its objections stay.
    pub fn contact_of(&mut self, account: &Account, reason: ErasureReason) -> Result<Erasure, RegisterError> {
        let holder = live_holder(self.store.as_mut(), &self.vault, account)?;
        Ok(Erasure { openings: Vec::new(), keys: Vec::new(), contacts: holder.map(|holder| holder.id).into_iter().collect(), reason })
    }

    /// Destroys for good. The anchor remembers it first, so that an old backup cannot bring it back. Gives the tombstones: one as a rule, several if there is
    /// more than [`ERASED_AT_ONCE_MAX`], none if there is nothing to erase. After an error, or a crash, the rest is done by calling it again.
    pub fn erase(&mut self, erasure: &Erasure, now: Instant) -> Result<Vec<Placed>, RegisterError> {
        let mut openings = erasure.openings.clone();
        openings.sort_unstable();
        openings.dedup();
        let mut parts: Vec<Erasure> = Vec::new();
        let part = |openings: &[u64], keys: &[HolderId], contacts: &[HolderId]| Erasure {
            openings: openings.to_vec(),
            keys: keys.to_vec(),
            contacts: contacts.to_vec(),
            reason: erasure.reason,
        };
        parts.extend(openings.chunks(ERASED_AT_ONCE_MAX).map(|openings| part(openings, &[], &[])));
        // Keys go last: with a key, what is left of a half-done erasure could still be found and named.
        for holders in erasure.keys.chunks(ERASED_AT_ONCE_MAX / 2) {
            parts.push(part(&[], holders, &[]));
        }
        for holders in erasure.contacts.chunks(ERASED_AT_ONCE_MAX / 2) {
            parts.push(part(&[], &[], holders));
        }
        if openings.len() <= ERASED_AT_ONCE_MAX && erasure.keys.len() + erasure.contacts.len() <= ERASED_AT_ONCE_MAX {
            parts = vec![part(&openings, &erasure.keys, &erasure.contacts)];
        }
        parts.iter().filter(|part| !part.is_empty()).map(|part| self.erase_part(part, now)).collect()
    }

    fn erase_part(&mut self, erasure: &Erasure, now: Instant) -> Result<Placed, RegisterError> {
        self.settle()?;
        let recorded_at = self.time(now)?;
        let (salt, body) = (*secret(&mut self.random)?, erasure.body());
        let hash = commit(EntryKind::Tombstone, &salt, body.as_bytes()).unwrap_or_default();
        let entry = Entry { kind: EntryKind::Tombstone, recorded_at, hash };
        let erased = Erased {
            index: self.size,
            entry: entry.to_bytes(),
            salt,
            body,
            openings: erasure.openings.clone(),
            keys: erasure.keys.clone(),
            contacts: erasure.contacts.clone(),
        };
        self.anchor.remember_erased(&erased)?;
        self.write_erased(&erased)?;
        Ok(Placed { index: erased.index, entry, salt: Some(salt), fresh: true })
    }

    /// Enters the tombstone at the end of the ledger and destroys.
    fn write_erased(&mut self, erased: &Erased) -> Result<(), RegisterError> {
        let sealed = self.vault.seal_opening(None, erased.index, &erased.entry, &erased.salt, erased.body.as_bytes());
        let entry = NewEntry { bytes: erased.entry, id_name: None, holder: None, sealed: Some(sealed), document: None };
        self.write(&Batch { entries: vec![entry], destroy: removals(erased), ..Batch::default() })
    }

    /// Does again what the anchor remembers and the store has forgotten; for an opening. Gives how many erasures had to be done again.
    pub(super) fn reapply(&mut self, now: Instant) -> Result<usize, RegisterError> {
        let mut again = 0;
        for erased in self.anchor.erasures()? {
            if erased.index > self.size {
                return Err(super::IntegrityError::ErasureRolledBack { store: self.size, tombstone: erased.index }.into());
            }
            if erased.index == self.size {
                // A crash came between the anchor and the store, or the store is that of just before: the tombstone is entered as it was made.
                self.write_erased(&erased)?;
                again += 1;
            } else if still_there(self.store.as_mut(), &erased)? {
                let there = self.store.entries(erased.index, 1)?;
                if there.first() == Some(&erased.entry) {
                    self.write(&Batch { destroy: removals(&erased), ..Batch::default() })?;
                } else {
                    let keep = Erasure {
                        openings: erased.openings.clone(),
                        keys: erased.keys.clone(),
                        contacts: erased.contacts.clone(),
                        reason: reason_of(&erased.body),
                    };
                    self.erase(&keep, now)?;
                }
                again += 1;
            }
        }
        Ok(again)
    }
}

fn reason_of(body: &str) -> ErasureReason {
    let all = [ErasureReason::Retention, ErasureReason::CourtOrder];
    all.into_iter().find(|reason| body.contains(reason.as_str())).unwrap_or(ErasureReason::ForgottenByPerson)
}

fn removals(erased: &Erased) -> Vec<Destroy> {
    let openings = erased.openings.iter().map(|index| Destroy::Opening(*index));
    let contacts = erased.contacts.iter().map(|holder| Destroy::Contact(*holder));
    openings.chain(contacts).chain(erased.keys.iter().map(|holder| Destroy::Key(*holder))).collect()
}

/// Whether the store still has anything of what was erased.
pub(crate) fn still_there(store: &mut dyn Store, erased: &Erased) -> Result<bool, RegisterError> {
    if store.holders(&erased.keys)?.iter().any(|holder| holder.wrapped_key.is_some()) {
        return Ok(true);
    }
    for index in &erased.openings {
        if store.opening(*index)?.is_some() {
            return Ok(true);
        }
    }
    // A contact may be left anew after it was erased; then its holder still has a key, and only the very first opening after a restore could tell.
    for holder in erased.contacts.iter().filter(|holder| erased.keys.contains(holder)) {
        if store.contact(*holder)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The holder of an account that has not been destroyed.
pub(super) fn live_holder(store: &mut dyn Store, vault: &Vault, account: &Account) -> Result<Option<crate::store::Holder>, RegisterError> {
    for generation in 0u32.. {
        let name = vault.holder_name(account.expose_canonical(), generation);
        match store.find_holders(&[name])?.pop() {
            None => break,
            Some(holder) if holder.wrapped_key.is_some() => return Ok(Some(holder)),
            Some(_) => {}
        }
    }
    Ok(None)
}
