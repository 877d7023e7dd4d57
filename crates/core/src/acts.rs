//! Holdings: which acts stand on which account, with links worked out.
//!
//! Links are resolved here once, so that whoever judges (and the extract the gate reads) needs no link and no name.

mod chains;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chains::{Chains, hash_of};

use crate::account::Account;
use crate::choice::{Act, Choice};
use crate::pattern::{Pattern, names_of};
use crate::time::Instant;

/// The items an act names: in clear, or as keyed names that only match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemNames {
    /// As the act wrote them.
    Clear(Vec<Pattern>),
    /// Keyed, as in an extract: the first 16 bytes of an HMAC over each pattern's text.
    Keyed(Vec<[u8; 16]>),
}

impl ItemNames {
    /// Whether no item is named. In a no that is all of them, as when the list is left out.
    pub fn is_empty(&self) -> bool {
        match self {
            ItemNames::Clear(patterns) => patterns.is_empty(),
            ItemNames::Keyed(names) => names.is_empty(),
        }
    }
}

/// One item as acts may name it.
pub trait ItemIdentity {
    /// Whether the names mean this item.
    fn is_named_by(&self, names: &ItemNames) -> bool;
}

/// An item known by its id in clear; it never matches keyed names, which stand for a register it has no key of.
#[derive(Clone, Copy, Debug)]
pub struct ClearItem<'a>(pub &'a str);

impl ItemIdentity for ClearItem<'_> {
    fn is_named_by(&self, names: &ItemNames) -> bool {
        match names {
            ItemNames::Clear(patterns) => patterns.iter().any(|pattern| pattern.matches(self.0)),
            // Whoever asks with a clear id against keyed names cannot tell: a no that cannot be evaluated counts.
            ItemNames::Keyed(_) => true,
        }
    }
}

/// An item known by the keyed forms of all its names.
#[derive(Clone, Debug, Default)]
pub struct KeyedItem(Vec<[u8; 16]>);

impl KeyedItem {
    /// The item with this id, under a key given as a function.
    pub fn new(id: &str, key: impl Fn(&str) -> [u8; 16]) -> KeyedItem {
        KeyedItem(names_of(id).map(|name| key(&name)).collect())
    }
}

impl ItemIdentity for KeyedItem {
    fn is_named_by(&self, names: &ItemNames) -> bool {
        match names {
            ItemNames::Keyed(keys) => keys.iter().any(|key| self.0.contains(key)),
            ItemNames::Clear(_) => true,
        }
    }
}

/// What an act on an account does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldBody {
    /// See [`Act::Object`].
    Object {
        /// Which uses; absent means all.
        uses: Option<Vec<Pattern>>,
        /// Which recipients; absent means all.
        recipients: Option<Vec<Pattern>>,
        /// Which items; absent means all.
        items: Option<ItemNames>,
    },
    /// See [`Act::SetOff`].
    SetOff {
        /// The control's id.
        control: String,
    },
    /// See [`Act::SetOn`].
    SetOn {
        /// The control's id.
        control: String,
    },
    /// See [`Act::Withdraw`].
    Withdraw {
        /// The objection's id.
        of: String,
    },
    /// A consent to exactly one use; others are not held, since they open nothing.
    Consent {
        /// The use's id.
        use_id: String,
        /// Exact recipients; absent means all of the use.
        recipients: Option<Vec<String>>,
    },
    /// See [`Act::WithdrawConsent`].
    WithdrawConsent {
        /// The consent's id.
        of: String,
        /// What the consent named; absent means all.
        uses: Option<Vec<Pattern>>,
    },
    /// See [`Act::Signal`].
    Signal {
        /// The signal's name.
        signal: String,
    },
    /// See [`Act::Erase`].
    Erase {
        /// Which items; absent means all.
        items: Option<ItemNames>,
    },
    /// See [`Act::Unreadable`].
    Unreadable,
}

impl HeldBody {
    /// Whether it can only let more through.
    pub fn opens(&self) -> bool {
        matches!(self, HeldBody::SetOn { .. } | HeldBody::Withdraw { .. } | HeldBody::Consent { .. })
    }
}

/// An act as it stands on one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAct {
    /// The choice's id.
    pub id: String,
    /// From when on it counts on this account.
    pub from: Instant,
    /// When it was received; for a closing act the same as `from`, for an opening act not later.
    pub received: Instant,
    /// The link it came over; absent for the account's own acts.
    pub via: Option<String>,
    /// Whether its sender is not confirmed to be the account's holder; it counts all the same.
    pub provisional: bool,
    /// What it does.
    pub body: HeldBody,
}

impl HeldAct {
    /// Whether it is later than a moment on both clocks, as an opening act must be to undo a no that came then: a yes of before
    /// the no does not become an answer to it by being recorded late.
    pub fn is_later_than(&self, moment: Instant) -> bool {
        self.received > moment && self.from > moment
    }
}

/// All acts by the account they stand on.
///
/// They lie one after another in few pieces of memory, each account where its first act was made: what is read together was written together, which for ten
/// million people counts for more than any order of their names.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// The accounts, each with where its acts end.
    people: Vec<(Account, usize)>,
    acts: Vec<HeldAct>,
    /// The places of the accounts by their hashes, in order.
    by_hash: Vec<(u64, usize)>,
}

/// The same acts on the same accounts, in whatever order the accounts lie.
impl PartialEq for Holdings {
    fn eq(&self, other: &Holdings) -> bool {
        self.len() == other.len() && self.iter().all(|(account, acts)| other.acts_of(account) == acts)
    }
}

impl Eq for Holdings {}

impl Holdings {
    /// Works the choices out: who holds which act, own and inherited.
    pub fn resolve(choices: &[Choice]) -> Holdings {
        Holdings::resolve_owned(choices.to_vec())
    }

    /// As [`Holdings::resolve`], taking the choices apart: for many millions of them, what they hold is moved and not copied.
    pub fn resolve_owned(choices: Vec<Choice>) -> Holdings {
        let taken_back = consents_taken_back(&choices);
        let mut others: Vec<(Account, HeldAct)> = Vec::new();
        for (place, reached) in inherited(&choices) {
            let Some((_, act)) = choices.get(place).cloned().and_then(|choice| held(choice, &taken_back)) else { continue };
            // Once per moment at which it reached the account: an opening act must be later than the last of them.
            let inherited =
                reached.into_iter().map(|(account, from, via)| (account, HeldAct { from, received: from, via: Some(via), ..act.clone() }));
            others.extend(inherited);
        }
        Holdings::of(choices, &taken_back, others)
    }

    /// The holdings of choices, and of acts that reached accounts over links. Those of one account stand by their moment and id; what is alike in both stays in the order
    /// given.
    fn of(choices: Vec<Choice>, taken_back: &TakenBack, others: Vec<(Account, HeldAct)>) -> Holdings {
        let own = choices.len();
        let account = |place: usize| match place.checked_sub(own) {
            None => choices.get(place).and_then(|choice| choice.person.as_ref()),
            Some(place) => others.get(place).map(|(account, _)| account),
        };
        let mut chains = Chains::of(account, own + others.len());
        let mut choices: Vec<Option<Choice>> = choices.into_iter().map(Some).collect();
        let mut others: Vec<Option<(Account, HeldAct)>> = others.into_iter().map(Some).collect();
        let (mut people, mut acts) = (Vec::with_capacity(chains.len()), Vec::with_capacity(choices.len() + others.len()));
        let mut chain = Vec::new();
        for first in 0..choices.len() + others.len() {
            if !chains.take(first, &mut chain) {
                continue;
            }
            let (start, mut person) = (acts.len(), None);
            acts.extend(chain.drain(..).filter_map(|place| {
                let (account, act) = match place.checked_sub(own) {
                    None => choices.get_mut(place).and_then(Option::take).and_then(|choice| held(choice, taken_back))?,
                    Some(place) => others.get_mut(place).and_then(Option::take)?,
                };
                person.get_or_insert(account);
                Some(act)
            }));
            // Whoever only links, or was only answered, holds nothing.
            let Some(account) = person else { continue };
            if let Some(acts) = acts.get_mut(start..).filter(|acts: &&mut [HeldAct]| acts.len() > 1) {
                acts.sort_by(|left: &HeldAct, right| (left.from, &left.id).cmp(&(right.from, &right.id)));
            }
            chains.number(first, people.len());
            people.push((account, acts.len()));
        }
        Holdings { people, acts, by_hash: chains.numbered() }
    }

    /// The acts on an account, earliest first. An act that reached it over several ways stands here once per moment.
    pub fn acts_of(&self, account: &Account) -> &[HeldAct] {
        let hash = hash_of(account);
        let alike = self.by_hash.get(self.by_hash.partition_point(|(other, _)| *other < hash)..).unwrap_or_default();
        let mut places = alike.iter().take_while(|(other, _)| *other == hash).map(|(_, place)| *place);
        let place = places.find(|place| self.people.get(*place).is_some_and(|(other, _)| other == account));
        place.map_or(&[], |place| self.acts_at(place))
    }

    fn acts_at(&self, place: usize) -> &[HeldAct] {
        let end_of = |place: usize| self.people.get(place).map_or(0, |(_, end)| *end);
        let start = place.checked_sub(1).map_or(0, end_of);
        self.acts.get(start..end_of(place)).unwrap_or_default()
    }

    /// Every account with its acts, in the order of their first acts as they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&Account, &[HeldAct])> {
        self.people.iter().enumerate().map(|(place, (account, _))| (account, self.acts_at(place)))
    }

    /// How many accounts hold an act.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

/// What consents named that are taken back, by their id.
type TakenBack = HashMap<String, Option<Vec<Pattern>>>;

/// A choice as it stands on its own account; `None` for what holds nothing.
fn held(choice: Choice, taken_back: &TakenBack) -> Option<(Account, HeldAct)> {
    let (from, provisional) = (choice.counts_from(), choice.provisional);
    let (own_hand, received_at) = (choice.by_own_hand(), choice.received_at);
    let person = choice.person?;
    let body = held_body(choice.act, own_hand, taken_back)?;
    // What the gate and the extract keep of a closing act is its one moment; an opening act has two.
    let received = if body.opens() { received_at } else { from };
    Some((person, HeldAct { id: choice.id, from, received, via: None, provisional, body }))
}

/// What consents named that are taken back, by their id.
fn consents_taken_back(choices: &[Choice]) -> TakenBack {
    let ids: BTreeSet<&str> = choices
        .iter()
        .filter_map(|choice| match &choice.act {
            Act::WithdrawConsent { of } => Some(of.as_str()),
            _ => None,
        })
        .collect();
    let named_by = |choice: &Choice| match &choice.act {
        Act::Consent { uses, .. } => named(uses.clone()),
        _ => None,
    };
    let of_them = choices.iter().filter(|choice| !ids.is_empty() && ids.contains(choice.id.as_str()));
    of_them.map(|choice| (choice.id.clone(), named_by(choice))).collect()
}

/// An account an act reaches over links, when it does, and over which link.
type Reached = (Account, Instant, String);

/// Whom closing acts reach over links, by the place of the act among the choices, in their order.
fn inherited(choices: &[Choice]) -> Vec<(usize, Vec<Reached>)> {
    let links = links_of(choices);
    if links.is_empty() {
        return Vec::new();
    }
    let closing = choices.iter().enumerate().filter(|(_, choice)| !choice.act.opens());
    let reached = closing.filter_map(|(place, choice)| {
        let person = choice.person.as_ref().filter(|person| links.contains_key(person))?;
        Some((place, reached(person, choice.counts_from(), &links)))
    });
    reached.collect()
}

fn held_body(act: Act, own_hand: bool, taken_back: &TakenBack) -> Option<HeldBody> {
    if act.opens() && !own_hand {
        return None;
    }
    let clear = |items: Option<Vec<Pattern>>| named(items).map(ItemNames::Clear);
    Some(match act {
        Act::Object { uses, recipients, items } => {
            HeldBody::Object { uses: named(uses), recipients: named(recipients), items: clear(items) }
        }
        Act::SetOff { control } => HeldBody::SetOff { control },
        Act::SetOn { control } => HeldBody::SetOn { control },
        Act::Withdraw { of } => HeldBody::Withdraw { of },
        Act::Consent { uses, recipients } => {
            let [Pattern::Exact(use_id)] = uses.as_deref()? else { return None };
            let recipients = match recipients {
                None => None,
                Some(list) => Some(list.iter().map(exact).collect::<Option<Vec<String>>>()?),
            };
            HeldBody::Consent { use_id: use_id.clone(), recipients }
        }
        Act::WithdrawConsent { of } => {
            let uses = taken_back.get(of.as_str()).cloned().flatten();
            HeldBody::WithdrawConsent { of, uses }
        }
        Act::Signal { signal } => HeldBody::Signal { signal },
        Act::Erase { items } => HeldBody::Erase { items: clear(items) },
        Act::Unreadable => HeldBody::Unreadable,
        Act::Link { .. } | Act::Unlink { .. } | Act::Answer { .. } => return None,
    })
}

/// What a closing act names. A list without entries is no more than one left out: nobody says no to nothing.
fn named(list: Option<Vec<Pattern>>) -> Option<Vec<Pattern>> {
    list.filter(|list| !list.is_empty())
}

fn exact(pattern: &Pattern) -> Option<String> {
    match pattern {
        Pattern::Exact(text) => Some(text.clone()),
        Pattern::Any | Pattern::Prefix(_) => None,
    }
}

/// A link with the time it is in being.
struct LinkSpan<'a> {
    id: &'a str,
    from: Instant,
    /// The moment it ended; acts reaching it then still pass.
    until: Option<Instant>,
}

type Links<'a> = HashMap<&'a Account, Vec<(&'a Account, LinkSpan<'a>)>>;

fn links_of(choices: &[Choice]) -> Links<'_> {
    let mut ends: HashMap<&str, Vec<(&Account, Instant)>> = HashMap::new();
    for choice in choices {
        if let (Act::Unlink { of }, Some(person), true) = (&choice.act, &choice.person, choice.by_own_hand()) {
            ends.entry(of).or_default().push((person, choice.counts_from()));
        }
    }
    let mut links: Links<'_> = HashMap::new();
    for choice in choices {
        let (Act::Link { to, .. }, Some(person)) = (&choice.act, &choice.person) else { continue };
        // Only one of the two ends can end a link, and not before it began.
        let ended = ends.get(choice.id.as_str()).into_iter().flatten();
        let by_an_end = ended.filter(|(account, until)| (*account == person || *account == to) && *until >= choice.received_at);
        let until = by_an_end.map(|(_, until)| *until).min();
        let span = || LinkSpan { id: &choice.id, from: choice.received_at, until };
        links.entry(person).or_default().push((to, span()));
        links.entry(to).or_default().push((person, span()));
    }
    links
}

/// Every account an act reaches over links, with each moment it reaches it anew and the last link on that way. It never turns
/// straight back, nor comes back to the account it was made under.
fn reached(start: &Account, from: Instant, links: &Links<'_>) -> Vec<Reached> {
    let mut found: BTreeMap<(&Account, Instant), &str> = BTreeMap::new();
    let mut seen: BTreeSet<(&Account, &Account, Instant)> = BTreeSet::new();
    let mut queue: Vec<(&Account, &Account, Instant)> = vec![(start, start, from)];
    while let Some((account, before, arrival)) = queue.pop() {
        for (next, span) in links.get(account).into_iter().flatten() {
            let passes = arrival.max(span.from);
            let onward = *next != start && *next != before && span.until.is_none_or(|until| until >= passes);
            if onward {
                let via = found.entry((next, passes)).or_insert(span.id);
                *via = span.id.min(*via);
                if seen.insert((next, account, passes)) {
                    queue.push((next, account, passes));
                }
            }
        }
    }
    found.into_iter().map(|((account, from), via)| (account.clone(), from, via.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Services;
    use crate::wire::read_choices;

    /// The holdings of acts, each with its id, whose it is and in which hour.
    fn resolved(acts: &[(&str, &str, u8, &str)]) -> Holdings {
        let line = |(id, person, hour, rest): &(&str, &str, u8, &str)| {
            format!(r#"{{"id":"{id}","person":"f:{person}",{rest},"received_at":"2025-01-01T{hour:02}:00:00Z"}}"#)
        };
        let lines: Vec<String> = acts.iter().map(line).collect();
        let choices = read_choices(&lines.join("\n"), &Services::default()).unwrap().choices;
        Holdings::resolve(&choices)
    }

    /// The moments (in hours) and links by which the act `o` is held, as `account@hour/link`.
    fn held(acts: &[(&str, &str, u8, &str)]) -> Vec<String> {
        let midnight = Instant::parse("2025-01-01T00:00:00Z").unwrap().as_micros();
        let mut found = Vec::new();
        let holdings = resolved(acts);
        let mut people: Vec<_> = holdings.iter().collect();
        people.sort_by_key(|(account, _)| *account);
        for (account, acts) in people {
            let name = account.expose_canonical().rsplit(':').next().unwrap_or_default();
            for act in acts.iter().filter(|act| act.id == "o") {
                let hour = (act.from.as_micros() - midnight) / 3_600_000_000;
                found.push(format!("{name}@{hour}/{}", act.via.as_deref().unwrap_or("own")));
            }
        }
        found
    }

    const OBJECT: &str = r#""act":"object""#;

    fn link(to: &str) -> String {
        format!(r#""act":"link","to":"f:{to}""#)
    }

    #[test]
    fn an_act_reaches_an_account_anew_with_every_link() {
        let [to_b, to_c] = ["b", "c"].map(link);
        assert_eq!(held(&[("o", "a", 1, OBJECT), ("l", "a", 5, &to_b)]), ["a@1/own", "b@5/l"]);
        assert_eq!(held(&[("o", "a", 1, OBJECT), ("l", "a", 5, &to_b), ("m", "a", 2, &to_b)]), ["a@1/own", "b@2/m", "b@5/l"]);
        // Neither straight back, nor to the account it was made under.
        assert_eq!(held(&[("o", "a", 1, OBJECT), ("l", "a", 2, &to_b), ("m", "b", 5, &to_c)]), ["a@1/own", "b@2/l", "c@5/m"]);
        let ring = [("o", "a", 1, OBJECT), ("l", "a", 2, &to_b), ("m", "b", 3, &to_c), ("n", "a", 7, &to_c)];
        assert_eq!(held(&ring), ["a@1/own", "b@2/l", "b@7/m", "c@3/m", "c@7/n"]);
    }

    #[test]
    fn who_only_links_holds_nothing_and_who_objects_after_it_does() {
        let to_b = link("b");
        let account = |name: &str| Services::default().parse(&format!("f:{name}")).unwrap();
        let linked = resolved(&[("l", "a", 1, &to_b)]);
        assert!(linked.is_empty() && linked.iter().next().is_none() && linked.acts_of(&account("a")).is_empty());
        let all = resolved(&[("l", "a", 1, &to_b), ("p", "c", 2, OBJECT), ("o", "a", 3, OBJECT), ("q", "a", 2, OBJECT)]);
        let ids = |name: &str| all.acts_of(&account(name)).iter().map(|act| act.id.clone()).collect::<Vec<_>>();
        assert_eq!(
            (ids("a"), ids("b"), ids("c"), all.len()),
            (vec!["q".into(), "o".into()], vec!["q".into(), "o".into()], vec!["p".into()], 3)
        );
        // In another order of lines they are the same holdings.
        let turned = resolved(&[("q", "a", 2, OBJECT), ("o", "a", 3, OBJECT), ("l", "a", 1, &to_b), ("p", "c", 2, OBJECT)]);
        assert!(all == turned && all != linked);
    }

    #[test]
    fn a_link_carries_until_it_is_ended_by_one_of_its_ends_and_not_before_it_began() {
        let to_b = link("b");
        let unlink = r#""act":"unlink","of":"l""#;
        let ended =
            |object: u8, by: &str, hour: u8| held(&[("o", "a", object, OBJECT), ("l", "a", 3, &to_b), ("u", by, hour, unlink)]).len() == 1;
        assert!(!ended(1, "b", 5), "what was reached stays reached");
        assert!(!ended(5, "b", 5), "at the same instant the link still carries");
        assert!(ended(6, "b", 5) && ended(6, "a", 5));
        assert!(!ended(6, "c", 5), "somebody else ends nothing");
        assert!(!ended(1, "b", 2), "an end before the beginning ends nothing");
    }

    #[test]
    fn each_account_has_its_acts_by_moment_and_id_and_those_alike_as_given() {
        let (mut state, services) = (7_u64, Services::default());
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let beginnings = ["f:@", "f:@a", "f:@a-name-that-is-long-enough-to-", "g:@a", "mail:a"];
        for turn in 0..400 {
            let (count, beginnings) = (random(40), &beginnings[..1 + turn % beginnings.len()]);
            let all: Vec<(Account, HeldAct)> = (0..count)
                .map(|_| {
                    let name = ["a", "aa", "ab", "b", "a1", "a-b", "a.b"][random(7) as usize];
                    let beginning = beginnings[random(beginnings.len() as u64) as usize];
                    let end = if beginning.starts_with("mail") { "@example.org" } else { "" };
                    let account = services.parse(&format!("{beginning}{name}{end}")).unwrap();
                    let from = Instant::from_micros(random(3) as i64);
                    let via = Some(random(9).to_string());
                    let id = ["x", "y"][random(2) as usize].to_owned();
                    (account, HeldAct { id, from, received: from, via, provisional: false, body: HeldBody::Unreadable })
                })
                .collect();
            let mut expected: BTreeMap<Account, Vec<HeldAct>> = BTreeMap::new();
            for (account, act) in all.clone() {
                expected.entry(account).or_default().push(act);
            }
            expected.values_mut().for_each(|acts| acts.sort_by(|one, other| (one.from, &one.id).cmp(&(other.from, &other.id))));
            let holdings = Holdings::of(Vec::new(), &TakenBack::new(), all);
            let mut found: Vec<(&Account, &[HeldAct])> = holdings.iter().collect();
            found.sort_by_key(|(account, _)| *account);
            assert_eq!(found, expected.iter().map(|(account, acts)| (account, acts.as_slice())).collect::<Vec<_>>());
            assert_eq!(holdings.len(), expected.len());
            assert!(expected.iter().all(|(account, acts)| holdings.acts_of(account) == acts));
            assert_eq!(holdings.acts_of(&services.parse("f:@nobody").unwrap()), []);
        }
    }
}
