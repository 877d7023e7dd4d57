//! Holdings: which acts stand on which account, with links worked out.
//!
//! Links are resolved here once, so that whoever judges (and the extract the gate reads) needs no link and no name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// The link it came over; absent for the account's own acts.
    pub via: Option<String>,
    /// What it does.
    pub body: HeldBody,
}

/// All acts by the account they stand on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    held: BTreeMap<Account, Vec<HeldAct>>,
}

impl Holdings {
    /// Works the choices out: who holds which act, own and inherited.
    pub fn resolve(choices: &[Choice]) -> Holdings {
        let links = links_of(choices);
        let by_id: HashMap<&str, &Choice> = choices.iter().map(|choice| (choice.id.as_str(), choice)).collect();
        let mut holdings = Holdings::default();
        for choice in choices {
            let Some(person) = &choice.person else { continue };
            let Some(body) = held_body(choice, &by_id) else { continue };
            let from = choice.counts_from();
            let opens = body.opens();
            holdings.hold(person, HeldAct { id: choice.id.clone(), from, via: None, body: body.clone() });
            if opens {
                continue;
            }
            // Once per moment at which it reached the account: an opening act must be later than the last of them.
            for (account, from, via) in reached(person, from, &links) {
                holdings.hold(&account, HeldAct { id: choice.id.clone(), from, via: Some(via), body: body.clone() });
            }
        }
        for acts in holdings.held.values_mut() {
            acts.sort_by(|left, right| (left.from, &left.id).cmp(&(right.from, &right.id)));
        }
        holdings
    }

    fn hold(&mut self, account: &Account, act: HeldAct) {
        self.held.entry(account.clone()).or_default().push(act);
    }

    /// The acts on an account, earliest first. An act that reached it over several ways stands here once per moment.
    pub fn acts_of(&self, account: &Account) -> &[HeldAct] {
        self.held.get(account).map_or(&[], Vec::as_slice)
    }

    /// Every account with its acts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Account, &[HeldAct])> {
        self.held.iter().map(|(account, acts)| (account, acts.as_slice()))
    }

    /// How many accounts hold an act.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nobody said anything.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

fn held_body(choice: &Choice, by_id: &HashMap<&str, &Choice>) -> Option<HeldBody> {
    if choice.act.opens() && !choice.by_own_hand() {
        return None;
    }
    let clear = |items: &Option<Vec<Pattern>>| named(items).map(ItemNames::Clear);
    Some(match &choice.act {
        Act::Object { uses, recipients, items } => {
            HeldBody::Object { uses: named(uses), recipients: named(recipients), items: clear(items) }
        }
        Act::SetOff { control } => HeldBody::SetOff { control: control.clone() },
        Act::SetOn { control } => HeldBody::SetOn { control: control.clone() },
        Act::Withdraw { of } => HeldBody::Withdraw { of: of.clone() },
        Act::Consent { uses, recipients } => {
            let [Pattern::Exact(use_id)] = uses.as_deref()? else { return None };
            let recipients = match recipients {
                None => None,
                Some(list) => Some(list.iter().map(exact).collect::<Option<Vec<String>>>()?),
            };
            HeldBody::Consent { use_id: use_id.clone(), recipients }
        }
        Act::WithdrawConsent { of } => {
            let uses = match by_id.get(of.as_str()).map(|choice| &choice.act) {
                Some(Act::Consent { uses, .. }) => named(uses),
                _ => None,
            };
            HeldBody::WithdrawConsent { of: of.clone(), uses }
        }
        Act::Signal { signal } => HeldBody::Signal { signal: signal.clone() },
        Act::Erase { items } => HeldBody::Erase { items: clear(items) },
        Act::Unreadable => HeldBody::Unreadable,
        Act::Link { .. } | Act::Unlink { .. } | Act::Answer { .. } => return None,
    })
}

/// What a closing act names. A list without entries is no more than one left out: nobody says no to nothing.
fn named(list: &Option<Vec<Pattern>>) -> Option<Vec<Pattern>> {
    list.clone().filter(|list| !list.is_empty())
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
fn reached(start: &Account, from: Instant, links: &Links<'_>) -> Vec<(Account, Instant, String)> {
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
