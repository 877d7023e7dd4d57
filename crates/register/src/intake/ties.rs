//! Ties: which names belong to one account, from when to when.
//!
//! An **alias** says that an account, known by its stable name, went by a handle, a mail address or a number from one moment to another. A handle belongs to
//! one account at a time; a mail address or a number may be shared.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::account::Account;
use bezwaar_core::time::Instant;
use serde_json::{Value, json};

use super::books::{Books, ValueName};
use super::list::ListCode;
use crate::engine::{Reader, RegisterError};

/// The most aliases of one account, and the most accounts that went by one handle.
pub const TIES_MAX: usize = 200;
/// The accounts on one page of links.
const LINKED_PAGE: usize = 100;

/// One alias, seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tie {
    /// The name at the other end.
    pub(super) other: Account,
    pub(super) from: Instant,
    /// The moment it had ended; `None` while it lasts.
    pub(super) until: Option<Instant>,
}

impl Tie {
    pub(super) fn holds(&self, at: Instant) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    pub(super) fn overlaps(&self, other: &Tie) -> bool {
        self.until.is_none_or(|until| other.from < until) && other.until.is_none_or(|until| self.from < until)
    }
}

/// What is known of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ties {
    /// The names this account went by.
    pub(super) handles: Vec<Tie>,
    /// The accounts that went by this name.
    pub(super) holders: Vec<Tie>,
    /// How many links name it.
    pub(super) linked: u32,
}

impl Ties {
    pub(super) fn is_empty(&self) -> bool {
        self.handles.is_empty() && self.holders.is_empty() && self.linked == 0
    }

    /// How many accounts went by this name in all.
    pub(super) fn holder_count(&self) -> usize {
        self.holders.iter().map(|tie| &tie.other).collect::<BTreeSet<_>>().len()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Ties {
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let ties = |name: &str| -> Vec<Tie> {
            let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
            let one = |tie: &Value| {
                let other = Account::from_canonical(tie.get(0)?.as_str()?)?;
                let until = tie.get(2)?.as_i64().map(Instant::from_micros);
                Some(Tie { other, from: Instant::from_micros(tie.get(1)?.as_i64()?), until })
            };
            list.filter_map(one).collect()
        };
        let linked = value.get("linked").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0);
        Ties { handles: ties("handles"), holders: ties("holders"), linked }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if self.is_empty() {
            return Vec::new();
        }
        let list = |ties: &[Tie]| -> Value {
            let one = |tie: &Tie| json!([tie.other.expose_canonical(), tie.from.as_micros(), tie.until.map(Instant::as_micros)]);
            ties.iter().map(one).collect()
        };
        json!({"handles": list(&self.handles), "holders": list(&self.holders), "linked": self.linked}).to_string().into_bytes()
    }
}

/// The ties of the names met so far, and what changed in them.
#[derive(Default)]
pub(super) struct TieBook {
    ties: BTreeMap<Account, Ties>,
    pages: BTreeMap<(Account, u32), Vec<Account>>,
    changed: BTreeSet<Account>,
    changed_pages: BTreeSet<(Account, u32)>,
    /// Whether anybody has ties; unknown before the first look.
    any: Option<bool>,
}

/// Every name an act reaches, besides the one it was filed under, and what was uncertain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Covered {
    pub(super) names: BTreeSet<Account>,
    pub(super) codes: BTreeSet<ListCode>,
}

impl TieBook {
    pub(super) fn of(&mut self, books: &mut dyn Books, account: &Account) -> Result<&mut Ties, RegisterError> {
        if self.any.is_none() {
            self.any = Some(books.value(&ValueName::TiesCount)?.is_some_and(|value| !value.is_empty()));
        }
        if !self.ties.contains_key(account) {
            let stored = if self.any == Some(true) { books.value(&ValueName::Ties(account.clone()))? } else { None };
            self.ties.insert(account.clone(), stored.map(|bytes| Ties::from_bytes(&bytes)).unwrap_or_default());
        }
        Ok(self.ties.entry(account.clone()).or_default())
    }

    /// Notes that the ties of an account are other than stored.
    pub(super) fn touch(&mut self, account: &Account) {
        self.changed.insert(account.clone());
    }

    /// Remembers that a link names an account.
    pub(super) fn add_link(&mut self, books: &mut dyn Books, by: &Account, to: &Account) -> Result<(), RegisterError> {
        let linked = self.linked(books, to)?;
        if linked.contains(by) {
            return Ok(());
        }
        let ties = self.of(books, to)?;
        let page = ties.linked / LINKED_PAGE as u32;
        ties.linked += 1;
        self.pages.entry((to.clone(), page)).or_default().push(by.clone());
        self.changed.insert(to.clone());
        self.changed_pages.insert((to.clone(), page));
        Ok(())
    }

    /// The accounts whose links name this one.
    pub(super) fn linked(&mut self, books: &mut dyn Books, to: &Account) -> Result<Vec<Account>, RegisterError> {
        let count = self.of(books, to)?.linked;
        let mut all = Vec::new();
        for page in 0..count.div_ceil(LINKED_PAGE as u32) {
            let key = (to.clone(), page);
            if !self.pages.contains_key(&key) {
                let stored = books.value(&ValueName::Linked(to.clone(), page))?.unwrap_or_default();
                let list: Vec<String> = serde_json::from_slice(&stored).unwrap_or_default();
                self.pages.insert(key.clone(), list.iter().filter_map(|text| Account::from_canonical(text)).collect());
            }
            all.extend(self.pages.get(&key).into_iter().flatten().cloned());
        }
        Ok(all)
    }

    /// Takes an account out of everything that is known: nothing it was tied to names it any more.
    pub(super) fn forget(&mut self, books: &mut dyn Books, account: &Account) -> Result<(), RegisterError> {
        let own = self.of(books, account)?.clone();
        for other in own.handles.iter().chain(&own.holders).map(|tie| tie.other.clone()) {
            let ties = self.of(books, &other)?;
            ties.handles.retain(|tie| tie.other != *account);
            ties.holders.retain(|tie| tie.other != *account);
            self.changed.insert(other);
        }
        for page in 0..own.linked.div_ceil(LINKED_PAGE as u32) {
            self.pages.insert((account.clone(), page), Vec::new());
            self.changed_pages.insert((account.clone(), page));
        }
        *self.of(books, account)? = Ties::default();
        self.changed.insert(account.clone());
        Ok(())
    }

    /// Takes an account out of those whose links name another.
    pub(super) fn unlink(&mut self, books: &mut dyn Books, by: &Account, to: &Account) -> Result<(), RegisterError> {
        self.linked(books, to)?;
        for ((account, page), list) in &mut self.pages {
            if account == to && list.contains(by) {
                list.retain(|one| one != by);
                self.changed_pages.insert((account.clone(), *page));
            }
        }
        Ok(())
    }

    /// Every name an act that was filed under `person` at `at` reaches.
    ///
    /// Filed under a handle, it is the act of whoever held the handle then; the act of an account covers every name the account ever had. It goes no further: a
    /// handle that had another holder before or after burdens that one only as far as records name the bare handle.
    pub(super) fn covered(&mut self, books: &mut dyn Books, person: &Account, at: Instant) -> Result<Covered, RegisterError> {
        let mut covered = Covered::default();
        let own = self.of(books, person)?;
        if own.is_empty() {
            return Ok(covered);
        }
        let (several, any) = (own.holder_count() > 1, !own.holders.is_empty());
        let holders: BTreeSet<Account> = own.holders.iter().filter(|tie| tie.holds(at)).map(|tie| tie.other.clone()).collect();
        if any && holders.is_empty() {
            covered.codes.insert(ListCode::AliasUnknown);
        }
        if several && person.has_service() {
            covered.codes.insert(ListCode::HandleReused);
        }
        if holders.len() > 1 && !person.has_service() {
            covered.codes.insert(ListCode::SharedIdentifier);
        }
        for account in holders.into_iter().chain([person.clone()]) {
            let handles: BTreeSet<Account> = self.of(books, &account)?.handles.iter().map(|tie| tie.other.clone()).collect();
            for handle in handles {
                if self.of(books, &handle)?.holder_count() > 1 {
                    covered.codes.insert(if handle.has_service() { ListCode::HandleReused } else { ListCode::SharedIdentifier });
                }
                covered.names.insert(handle);
            }
            covered.names.insert(account);
        }
        covered.names.remove(person);
        Ok(covered)
    }

    /// Whether two names are of one person and of nobody else: both of one account, which no other account ever shared them with. `one` was used at `at`.
    pub(super) fn is_one(&mut self, books: &mut dyn Books, one: &Account, other: &Account, at: Instant) -> Result<bool, RegisterError> {
        let own = self.of(books, one)?;
        let mut holders: BTreeSet<Account> = own.holders.iter().filter(|tie| tie.holds(at)).map(|tie| tie.other.clone()).collect();
        if own.holders.is_empty() {
            holders.insert(one.clone());
        }
        let Some(account) = holders.pop_first().filter(|_| holders.is_empty()) else { return Ok(false) };
        for name in [one, other].into_iter().filter(|name| **name != account) {
            let names = self.of(books, name)?;
            if names.holders.is_empty() || names.holders.iter().any(|tie| tie.other != account) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The values to set for what changed.
    pub(super) fn values(&mut self, values: &mut Vec<(ValueName, Vec<u8>)>) {
        if !self.changed.is_empty() && self.any != Some(true) {
            values.push((ValueName::TiesCount, b"1".to_vec()));
            self.any = Some(true);
        }
        for account in std::mem::take(&mut self.changed) {
            let bytes = self.ties.get(&account).map(Ties::to_bytes).unwrap_or_default();
            values.push((ValueName::Ties(account), bytes));
        }
        for (account, page) in std::mem::take(&mut self.changed_pages) {
            let list = self.pages.get(&(account.clone(), page)).map(Vec::as_slice).unwrap_or_default();
            let texts: Vec<&str> = list.iter().map(Account::expose_canonical).collect();
            let bytes = if texts.is_empty() { Vec::new() } else { json!(texts).to_string().into_bytes() };
            values.push((ValueName::Linked(account, page), bytes));
        }
    }
}

impl Reader {
    /// The accounts whose links name this one, links that have ended included: what was said under them may count for it.
    pub fn linked_to(&mut self, account: &Account) -> Result<Vec<Account>, RegisterError> {
        let Some(ties) = self.value(&ValueName::Ties(account.clone()))? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for page in 0..Ties::from_bytes(&ties).linked.div_ceil(LINKED_PAGE as u32) {
            let stored = self.value(&ValueName::Linked(account.clone(), page))?.unwrap_or_default();
            let list: Vec<String> = serde_json::from_slice(&stored).unwrap_or_default();
            all.extend(list.iter().filter_map(|text| Account::from_canonical(text)));
        }
        Ok(all)
    }
}
