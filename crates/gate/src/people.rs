//! People of a batch: from names in columns to what they said.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use bezwaar_core::account::{Account, Kind};
use bezwaar_core::acts::{ItemIdentity, KeyedItem};
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::{Code, ReasonSet};

use crate::gate::Inner;
use crate::leaf::Cell;

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

/// The first place of a person records are about; authors come before.
pub(crate) const FIRST_ABOUT: u32 = 1000;

/// The name a cell holds; `false`: it holds none.
pub(crate) fn cell_name(cell: Cell<'_>, buffer: &mut String) -> bool {
    use std::fmt::Write;
    buffer.clear();
    match cell {
        Cell::Text(text) => buffer.push_str(text),
        Cell::Int(number) => drop(write!(buffer, "{number}")),
        Cell::Large(number) => drop(write!(buffer, "{number}")),
        // An id that went through a floating-point column is no longer that id.
        Cell::Null | Cell::Float(_) | Cell::Bool(_) | Cell::Time(..) | Cell::Date(_) | Cell::Broken => return false,
    }
    true
}

type ByHash = HashMap<u64, (u32, u32, u32), BuildHasherDefault<Identity>>;

/// Longest name kept in a slot; longer ones are found by hash and text.
const SHORT: usize = 24;
/// The person of a slot without one.
const NOBODY: u32 = u32::MAX;
/// Most persons without acts on items that are told apart; most people said nothing, or one of a few things.
const ALIKE_MAX: usize = 64;

/// A short name and its person, in one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
struct Slot {
    name: [u8; SHORT],
    person: u32,
    place: u16,
    length: u16,
}

const EMPTY: Slot = Slot { name: [0; SHORT], person: NOBODY, place: 0, length: 0 };

impl Slot {
    /// `None` for a name that is too long for one.
    fn of(place: u32, name: &str) -> Option<Slot> {
        let mut slot = Slot { place: u16::try_from(place).ok()?, length: name.len() as u16, ..EMPTY };
        slot.name.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(slot)
    }

    fn is_of(&self, other: &Slot) -> bool {
        self.name == other.name && self.length == other.length && self.place == other.place
    }
}

/// What the values of a dictionary mean: the person, and whether nobody is named.
pub(crate) type People = Arc<Vec<(Option<Person>, bool)>>;

/// What a worker remembers of names, within limits: every name is worked out once as long as it fits.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Short names, by hash, at most half full; as many as a power of two.
    slots: Vec<Slot>,
    by_hash: ByHash,
    /// The long names themselves: a hash alone could mistake one person for another.
    text: String,
    /// How many names are known, and how many bytes they have.
    count: usize,
    bytes: usize,
    people: Vec<Person>,
    /// The last dictionary of each place, and what it means.
    dictionaries: Vec<(u32, arrow_array::ArrayRef, People)>,
    /// Rows of the extract met, as bits.
    pub(crate) met: Vec<u64>,
}

impl Names {
    /// What a name means. `place` tells apart mappings of different service and kind.
    pub(crate) fn person<'n>(
        &'n mut self,
        inner: &'n Inner,
        place: u32,
        service: Option<&str>,
        kind: Option<Kind>,
        name: &str,
    ) -> &'n Person {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), u64::from(place));
        let slot = Slot::of(place, name);
        let found = match &slot {
            Some(slot) => self.in_slots(hash, slot),
            None => {
                let found = self.by_hash.get(&hash).copied();
                found.filter(|(_, from, until)| self.text.get(*from as usize..*until as usize) == Some(name)).map(|(index, _, _)| index)
            }
        };
        let index = match found {
            Some(index) => index,
            None => {
                if self.count >= NAMES_MAX || self.bytes + name.len() >= NAME_BYTES_MAX {
                    self.forget();
                }
                let account = match service {
                    Some(service) => inner.services.resolve(service, kind, name),
                    None => inner.services.parse(name),
                };
                let person = self.look_up(inner, account.as_ref());
                let index = self.index_of(person);
                self.count += 1;
                self.bytes += name.len();
                match slot {
                    Some(slot) => self.put_slot(hash, Slot { person: index, ..slot }),
                    None => {
                        let from = u32::try_from(self.text.len()).unwrap_or_default();
                        self.text.push_str(name);
                        let until = u32::try_from(self.text.len()).unwrap_or_default();
                        self.by_hash.insert(hash, (index, from, until));
                    }
                }
                index
            }
        };
        // The index was just found or made; the fallback is never reached.
        self.people.get(index as usize).unwrap_or(&inner.unresolved)
    }

    /// Reads where names will be looked for, so that the processor waits for all of them at once rather than for one after the other.
    pub(crate) fn warm<'t>(&self, place: u32, names: impl Iterator<Item = &'t str>) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let touched = names.fold(0, |touched, name| {
            let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), u64::from(place));
            touched ^ self.slots.get(hash as usize & mask).map_or(0, |slot| slot.person)
        });
        std::hint::black_box(touched);
    }

    fn forget(&mut self) {
        self.slots = Vec::new();
        self.by_hash.clear();
        self.text.clear();
        self.people.clear();
        (self.count, self.bytes) = (0, 0);
    }

    /// What a dictionary means, if it is the last one of its place.
    pub(crate) fn known_dictionary(&self, place: u32, values: &arrow_array::ArrayRef) -> Option<People> {
        let known = self.dictionaries.iter().find(|(of, array, _)| *of == place && Arc::ptr_eq(array, values))?;
        Some(Arc::clone(&known.2))
    }

    /// Remembers what a dictionary means; it stays in memory, so that no other can take its address.
    pub(crate) fn remember_dictionary(&mut self, place: u32, values: &arrow_array::ArrayRef, people: &People) {
        self.dictionaries.retain(|(of, _, _)| *of != place);
        self.dictionaries.push((place, Arc::clone(values), Arc::clone(people)));
    }

    fn in_slots(&self, hash: u64, wanted: &Slot) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots.get(at).filter(|slot| slot.person != NOBODY)?;
            if slot.is_of(wanted) {
                return Some(slot.person);
            }
            at = (at + 1) & mask;
        }
    }

    fn put_slot(&mut self, hash: u64, new: Slot) {
        if self.count * 2 > self.slots.len() {
            let larger = vec![EMPTY; (self.slots.len() * 2).max(1024)];
            for slot in std::mem::replace(&mut self.slots, larger) {
                if let Some(name) = slot.name.get(..usize::from(slot.length)).filter(|_| slot.person != NOBODY) {
                    place_slot(&mut self.slots, xxhash_rust::xxh3::xxh3_64_with_seed(name, u64::from(slot.place)), slot);
                }
            }
        }
        place_slot(&mut self.slots, hash, new);
    }

    /// The place of a person; those alike share one.
    fn index_of(&mut self, person: Person) -> u32 {
        let alike = |other: &Person| {
            let parts = |person: &Person| (person.as_author, person.as_about, person.as_forwarder, person.registered);
            other.items.is_none() && person.items.is_none() && parts(other) == parts(&person)
        };
        let place = self.people.iter().take(ALIKE_MAX).position(alike).unwrap_or_else(|| {
            self.people.push(person);
            self.people.len() - 1
        });
        u32::try_from(place).unwrap_or_default()
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

/// Puts a slot into the first free place from its own on; there is one, for at most half of them are taken.
fn place_slot(slots: &mut [Slot], hash: u64, new: Slot) {
    let mask = slots.len().saturating_sub(1);
    let mut at = hash as usize & mask;
    while slots.get(at).is_some_and(|slot| slot.person != NOBODY) {
        at = (at + 1) & mask;
    }
    if let Some(slot) = slots.get_mut(at) {
        *slot = new;
    }
}

/// A person nobody can tell.
pub(crate) fn unresolved() -> Person {
    Person::unresolved()
}
