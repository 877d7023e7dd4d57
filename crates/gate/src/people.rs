//! People of a batch: from names in columns to what they said.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use bezwaar_core::account::{Account, Kind};
use bezwaar_core::acts::{ItemIdentity, KeyedItem};
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::{Code, ReasonSet};

use crate::gate::Inner;

/// Most names a worker remembers at once, and most bytes of them.
pub const NAMES_MAX: usize = 1 << 20;
/// See [`NAMES_MAX`].
pub const NAME_BYTES_MAX: usize = 64 << 20;

/// What a name in a column means for the question.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Codes against a record this person wrote.
    pub(crate) as_author: u64,
    /// Codes against a record this person stands in.
    pub(crate) as_about: u64,
    /// Codes against a record this person handed on.
    pub(crate) as_forwarder: u64,
    /// Bit 0: has no account, bit 1: has one.
    pub(crate) registered: u64,
    /// Acts that name items: each record must be looked at.
    pub(crate) items: Option<Arc<Standing>>,
}

impl Person {
    fn unresolved() -> Person {
        Person {
            as_author: ReasonSet::of(Code::IdentityUnresolved).bits(),
            as_about: ReasonSet::of(Code::AboutObjector).bits(),
            as_forwarder: ReasonSet::of(Code::AboutObjector).bits(),
            registered: 0b11,
            items: None,
        }
    }

    fn of(standing: Standing, account: &Account) -> Person {
        let about = if standing.closes() { ReasonSet::of(Code::AboutObjector) } else { ReasonSet::EMPTY };
        let silent = if standing.is_silent() { ReasonSet::of(Code::NoConsent) } else { ReasonSet::EMPTY };
        Person {
            as_author: standing.author_set().bits(),
            as_about: about.bits(),
            as_forwarder: about.union(silent).bits(),
            registered: 1 << u32::from(account.has_service()),
            items: standing.names_items().then(|| Arc::new(standing)),
        }
    }
}

/// The codes of a standing for one item, as author.
pub(crate) fn author_bits(standing: &Standing, item: &dyn ItemIdentity) -> u64 {
    standing.author_reasons(item).iter().map(|reason| reason.code).collect::<ReasonSet>().bits()
}

/// The codes of a standing for one item it is about.
pub(crate) fn about_bits(standing: &Standing, item: &dyn ItemIdentity, forwarder: bool) -> u64 {
    standing.about_reasons(item, forwarder).iter().map(|reason| reason.code).collect::<ReasonSet>().bits()
}

/// An item under the extract's key.
pub(crate) fn keyed_item(inner: &Inner, id: &str) -> KeyedItem {
    KeyedItem::new(id, |name| inner.keys.item_name(name))
}

/// Keys that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type ByHash = HashMap<u64, (u32, u32, u32), BuildHasherDefault<Identity>>;

/// What a worker remembers of names, within limits: every name is worked out once as long as it fits.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_hash: ByHash,
    /// The names themselves: a hash alone could mistake one person for another.
    text: String,
    people: Vec<Person>,
    /// Rows of the extract met, as bits.
    pub(crate) met: Vec<u64>,
}

impl Names {
    /// What a name means. `place` tells apart mappings of different service and kind.
    pub(crate) fn person<'n>(&'n mut self, inner: &'n Inner, place: u32, service: Option<&str>, kind: Option<Kind>, name: &str) -> &'n Person {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), u64::from(place));
        let found = self.by_hash.get(&hash).copied();
        let same = found.filter(|(_, from, until)| self.text.get(*from as usize..*until as usize) == Some(name));
        let index = match same {
            Some((index, _, _)) => index as usize,
            None => {
                if self.people.len() >= NAMES_MAX || self.text.len() + name.len() >= NAME_BYTES_MAX {
                    self.by_hash.clear();
                    self.text.clear();
                    self.people.clear();
                }
                let account = match service {
                    Some(service) => inner.services.resolve(service, kind, name),
                    None => inner.services.parse(name),
                };
                let person = self.look_up(inner, account.as_ref());
                let from = u32::try_from(self.text.len()).unwrap_or_default();
                self.text.push_str(name);
                let until = u32::try_from(self.text.len()).unwrap_or_default();
                let index = self.people.len();
                self.people.push(person);
                self.by_hash.insert(hash, (u32::try_from(index).unwrap_or_default(), from, until));
                index
            }
        };
        // The index was just found or made; the fallback is never reached.
        self.people.get(index).unwrap_or(&inner.unresolved)
    }

    fn look_up(&mut self, inner: &Inner, account: Option<&Account>) -> Person {
        let Some(account) = account else { return Person::unresolved() };
        // A key that is not covered could not match, and no match must not mean no objection.
        if !inner.extract.covers(account.service(), account.kind()) {
            return Person::unresolved();
        }
        let key = inner.keys.subject(account);
        let Some(row) = inner.extract.lookup(&key) else { return Person::of(inner.silent.clone(), account) };
        if self.met.is_empty() {
            self.met = vec![0; inner.extract.len().div_ceil(64)];
        }
        if let Some(word) = self.met.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
        match inner.extract.acts(row) {
            Ok(acts) => Person::of(standing(&acts, &inner.rules), account),
            // Acts that cannot be read are a no.
            Err(_) => {
                let unreadable = ReasonSet::of(Code::ChoiceUnreadable).bits();
                Person { as_author: unreadable, registered: 1 << u32::from(account.has_service()), ..Person::unresolved() }
            }
        }
    }
}

/// A person nobody can tell.
pub(crate) fn unresolved() -> Person {
    Person::unresolved()
}
