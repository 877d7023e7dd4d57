//! People of a batch: from names in columns to what they said.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use bezwaar_core::account::Account;
use bezwaar_core::acts::{HeldAct, ItemIdentity, KeyedItem};
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::{Code, ReasonSet, Rules};

use crate::bind::BoundPerson;
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
    pub(crate) items: Option<Arc<Stood>>,
    /// The row of the extract with this person's acts.
    row: Option<usize>,
}

/// Set beside the codes of a record withheld for what only people said who are not yet confirmed. It stands for no code, and is
/// taken out before anybody sees the bits.
pub(crate) const PROVISIONAL: u64 = 1 << 63;

const _: () = assert!(Code::ALL.len() < 63, "a code would have the bit of provisional reasons");

/// The standing of a person, and what it would be without their provisional acts, if they have any.
#[derive(Clone, Debug)]
pub(crate) struct Stood {
    pub(crate) standing: Standing,
    pub(crate) confirmed: Option<Standing>,
}

impl Stood {
    /// The standing of acts.
    pub(crate) fn of(acts: &[HeldAct], rules: &Rules) -> Stood {
        let confirmed = acts.iter().any(|act| act.provisional).then(|| {
            let acts: Vec<HeldAct> = acts.iter().filter(|act| !act.provisional).cloned().collect();
            standing(&acts, rules)
        });
        Stood { standing: standing(acts, rules), confirmed }
    }

    /// The bits of a set of codes that depends on the standing.
    fn bits(&self, codes: impl Fn(&Standing) -> u64) -> u64 {
        let bits = codes(&self.standing);
        let rests = self.confirmed.as_ref().is_some_and(|confirmed| bits & !codes(confirmed) != 0);
        if rests { bits | PROVISIONAL } else { bits }
    }

    /// The codes for one item, as author.
    pub(crate) fn author_bits(&self, item: &dyn ItemIdentity) -> u64 {
        self.bits(|standing| standing.author_reasons(item).iter().map(|reason| reason.code).collect::<ReasonSet>().bits())
    }

    /// The codes for one item it is about.
    pub(crate) fn about_bits(&self, item: &dyn ItemIdentity, forwarder: bool) -> u64 {
        self.bits(|standing| standing.about_reasons(item, forwarder).iter().map(|reason| reason.code).collect::<ReasonSet>().bits())
    }
}

/// Takes the mark of provisional reasons out of bits, and counts the records that had it.
pub(crate) fn take_provisional(bits: &mut [u64]) -> u64 {
    if bits.iter().fold(0, |any, bits| any | bits) & PROVISIONAL == 0 {
        return 0;
    }
    let mut count = 0;
    for bits in bits {
        count += *bits >> 63;
        *bits &= !PROVISIONAL;
    }
    count
}

impl Person {
    fn unresolved() -> Person {
        Person {
            as_author: ReasonSet::of(Code::IdentityUnresolved).bits(),
            as_about: ReasonSet::of(Code::AboutObjector).bits(),
            as_forwarder: ReasonSet::of(Code::AboutObjector).bits(),
            registered: 0b11,
            items: None,
            row: None,
        }
    }

    fn of(stood: Stood, account: &Account, row: Option<usize>) -> Person {
        let about = |standing: &Standing| if standing.closes() { ReasonSet::of(Code::AboutObjector) } else { ReasonSet::EMPTY };
        let silent = |standing: &Standing| if standing.is_silent() { ReasonSet::of(Code::NoConsent) } else { ReasonSet::EMPTY };
        Person {
            as_author: stood.bits(|standing| standing.author_set().bits()),
            as_about: stood.bits(|standing| about(standing).bits()),
            as_forwarder: stood.bits(|standing| about(standing).union(silent(standing)).bits()),
            registered: 1 << u32::from(account.has_service()),
            items: stood.standing.names_items().then(|| Arc::new(stood)),
            row,
        }
    }
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

/// The person, the place, and where the name stands.
type ByHash = HashMap<u64, (u32, u32, u32, u32), BuildHasherDefault<Identity>>;

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

/// What a worker notes about the input at hand.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Rows of the extract met, as bits.
    pub(crate) met: Vec<u64>,
    /// Times that were there, and those that cannot be right.
    pub(crate) times: u64,
    pub(crate) implausible: u64,
    /// The last dictionary of each person of the mapping, and what it means.
    dictionaries: Vec<(usize, arrow_array::ArrayRef, People)>,
}

impl Notes {
    /// What a dictionary means, if it is the last one of its place.
    pub(crate) fn known_dictionary(&self, place: usize, values: &arrow_array::ArrayRef) -> Option<People> {
        let known = self.dictionaries.iter().find(|(of, array, _)| *of == place && Arc::ptr_eq(array, values))?;
        Some(Arc::clone(&known.2))
    }

    /// Remembers what a dictionary means; it stays in memory, so that no other can take its address.
    pub(crate) fn remember_dictionary(&mut self, place: usize, values: &arrow_array::ArrayRef, people: &People) {
        self.dictionaries.retain(|(of, _, _)| *of != place);
        self.dictionaries.push((place, Arc::clone(values), Arc::clone(people)));
    }

    fn meet(&mut self, row: usize, people: usize) {
        if self.met.is_empty() {
            self.met = vec![0; people.div_ceil(64)];
        }
        if let Some(word) = self.met.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }
}

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
    /// The places of persons that may be shared.
    alike: Vec<u32>,
}

impl Names {
    /// What a name means under a person of the mapping.
    pub(crate) fn person<'n>(&'n mut self, inner: &'n Inner, notes: &mut Notes, of: &BoundPerson, name: &str) -> &'n Person {
        let place = of.place;
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), u64::from(place));
        let slot = Slot::of(place, name);
        let found = match &slot {
            Some(slot) => self.in_slots(hash, slot),
            None => {
                let known = self
                    .by_hash
                    .get(&hash)
                    .filter(|(_, at, from, until)| *at == place && self.text.get(*from as usize..*until as usize) == Some(name));
                known.map(|(index, ..)| *index)
            }
        };
        let index = found.unwrap_or_else(|| self.learn(inner, of, name, hash, slot));
        // The index was just found or made; the fallback is never reached.
        let person = self.people.get(index as usize).unwrap_or(&inner.unresolved);
        if let Some(row) = person.row {
            notes.meet(row, inner.extract.len());
        }
        person
    }

    /// Works a new name out.
    fn learn(&mut self, inner: &Inner, of: &BoundPerson, name: &str, hash: u64, slot: Option<Slot>) -> u32 {
        if self.count >= NAMES_MAX || self.bytes + name.len() >= NAME_BYTES_MAX {
            self.forget();
        }
        let account = match of.service.as_deref() {
            Some(service) => inner.services.resolve(service, of.kind, name),
            None => inner.services.parse(name),
        };
        let index = self.index_of(look_up(inner, account.as_ref()));
        self.count += 1;
        self.bytes += name.len();
        match slot {
            Some(slot) => self.put_slot(hash, Slot { person: index, ..slot }),
            None => {
                let from = u32::try_from(self.text.len()).unwrap_or_default();
                self.text.push_str(name);
                let until = u32::try_from(self.text.len()).unwrap_or_default();
                self.by_hash.insert(hash, (index, of.place, from, until));
            }
        }
        index
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
        self.alike.clear();
        (self.count, self.bytes) = (0, 0);
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

    /// The place of a person; those alike share one, but for people of the extract.
    fn index_of(&mut self, person: Person) -> u32 {
        let parts = |person: &Person| (person.as_author, person.as_about, person.as_forwarder, person.registered);
        let shared = person.row.is_none() && person.items.is_none();
        let mut alike = self.alike.iter().filter(|_| shared);
        let known = alike.find(|place| self.people.get(**place as usize).is_some_and(|other| parts(other) == parts(&person)));
        if let Some(place) = known {
            return *place;
        }
        let place = u32::try_from(self.people.len()).unwrap_or_default();
        if shared && self.alike.len() < ALIKE_MAX {
            self.alike.push(place);
        }
        self.people.push(person);
        place
    }
}

fn look_up(inner: &Inner, account: Option<&Account>) -> Person {
    let Some(account) = account else { return Person::unresolved() };
    // A key that is not covered could not match, and no match must not mean no objection.
    if !inner.extract.covers(account.service(), account.kind()) {
        return Person::unresolved();
    }
    let key = inner.keys.subject(account);
    let Some(row) = inner.extract.lookup(&key) else {
        return Person::of(Stood { standing: inner.silent.clone(), confirmed: None }, account, None);
    };
    match inner.extract.acts(row) {
        Ok(acts) => Person::of(Stood::of(&acts, &inner.rules), account, Some(row)),
        // Acts that cannot be read are a no.
        Err(_) => {
            let unreadable = ReasonSet::of(Code::ChoiceUnreadable).bits();
            Person { as_author: unreadable, registered: 1 << u32::from(account.has_service()), row: Some(row), ..Person::unresolved() }
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
