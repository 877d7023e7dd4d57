//! Judge: the one function that decides.

use crate::account::{Account, Services};
use crate::acts::{ClearItem, Holdings, ItemIdentity};
use crate::class::{Class, classify_audience, classify_category, classify_chat, classify_deleted, classify_hold, classify_registered};
use crate::item::{Item, Relation};
use crate::policy::PolicySet;
use crate::reason::{Code, Reason, ReasonSet};
use crate::rules::{Question, Rules};
use crate::standing::{Standing, standing};

/// What was decided about one record, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    // INVARIANT: in the fixed order of the codes, without repetitions.
    reasons: Vec<Reason>,
    policy: Option<String>,
}

impl Decision {
    fn new(mut reasons: Vec<Reason>, policy: Option<&str>) -> Decision {
        reasons.sort();
        reasons.dedup();
        Decision { reasons, policy: policy.map(str::to_owned) }
    }

    /// Whether nothing speaks against the record. It is not a legal basis.
    pub fn keep(&self) -> bool {
        self.reasons.is_empty()
    }

    /// All reasons to withhold it, in the fixed order of the codes.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The codes of the reasons.
    pub fn codes(&self) -> ReasonSet {
        self.reasons.iter().map(|reason| reason.code).collect()
    }

    /// The version of the policy in force, `policy@version`.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }
}

/// Decides about one record: what the rules say of its class, what its authors said, what the people it is about said.
/// Nothing else; `keep` means that the union of the three is empty.
pub fn judge(rules: &Rules, class: &Class, people: &People, item: &dyn ItemIdentity) -> Decision {
    let mut reasons = rules.judge_class(class);
    reasons.extend(people.reasons(rules, item));
    Decision::new(reasons, rules.version())
}

/// The standings of everyone a record concerns.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// One per author; `None`: nobody can tell who it is.
    pub authors: Vec<Option<Standing>>,
    /// One per person it is about whose relation may count.
    pub about: Vec<(Relation, Option<Standing>)>,
}

impl People {
    fn reasons(&self, rules: &Rules, item: &dyn ItemIdentity) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.authors.is_empty() {
            reasons.push(Reason::new(Code::IdentityUnresolved).with_unknown("author"));
        }
        for author in &self.authors {
            match author {
                Some(standing) => reasons.extend(standing.author_reasons(item)),
                None => reasons.push(Reason::new(Code::IdentityUnresolved).with_unknown("author")),
            }
        }
        for (relation, person) in &self.about {
            if !rules.relation_counts(*relation) {
                continue;
            }
            match person {
                Some(standing) => reasons.extend(standing.about_reasons(item, *relation == Relation::Forwarder)),
                None => reasons.push(Reason::new(Code::AboutObjector).with_unknown("about")),
            }
        }
        reasons
    }
}

/// The class of an item under the rules.
pub fn classify(rules: &Rules, item: &Item, authors: &[Option<Account>]) -> Class {
    Class {
        category: classify_category(item.category),
        audience: classify_audience(item.audience),
        registered: classify_registered(item.registered.or_else(|| registered_by_name(authors))),
        age: rules.classify_age(item.author_age),
        region: rules.classify_region(item.region.as_deref()),
        created: rules.classify_time(item.created_at),
        collected: rules.classify_time(item.collected_at),
        chat: classify_chat(item.conversation),
        deleted: classify_deleted(item.deleted_at, rules.question().at),
        held: classify_hold(item.hold),
    }
}

/// Whoever is named by an account of a service has one by that very fact; whoever is named by mail, phone or page has none.
pub fn registered_by_name(authors: &[Option<Account>]) -> Option<bool> {
    let mut known: Option<bool> = None;
    for author in authors {
        let has = author.as_ref()?.has_service();
        if known.is_some_and(|before| before != has) {
            return None;
        }
        known = Some(has);
    }
    known
}

/// Decides about items one by one, for a question compiled once.
#[derive(Clone, Debug)]
pub struct Decider<'a> {
    services: &'a Services,
    rules: Rules,
    holdings: &'a Holdings,
}

impl<'a> Decider<'a> {
    /// A decider for one question over one set of acts.
    pub fn new(policies: &'a PolicySet, holdings: &'a Holdings, question: &Question) -> Decider<'a> {
        Decider { services: &policies.services, rules: Rules::compile(policies, question), holdings }
    }

    /// The compiled rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Decides about one item.
    pub fn decide(&self, item: &Item) -> Decision {
        if item.unreadable {
            return unreadable(&self.rules);
        }
        let resolve = |text: &Option<String>| text.as_deref().and_then(|text| self.services.parse(text));
        let stand = |account: &Option<Account>| account.as_ref().map(|account| standing(self.holdings.acts_of(account), &self.rules));
        let authors: Vec<Option<Account>> = item.authors.0.iter().map(resolve).collect();
        let people = People {
            authors: authors.iter().map(stand).collect(),
            about: item.about.iter().map(|about| (about.relation, stand(&resolve(&about.person)))).collect(),
        };
        judge(&self.rules, &classify(&self.rules, item, &authors), &people, &ClearItem(&item.id))
    }
}

/// The decision about a record that could not be read: its status and `unreadable`, since nothing else of it counts.
pub fn unreadable(rules: &Rules) -> Decision {
    let mut reasons = rules.status().to_vec();
    reasons.push(Reason::new(Code::Unreadable));
    Decision::new(reasons, rules.version())
}

/// Decides about one record. The same as [`Decider::decide`], for callers with one item.
pub fn decide(policies: &PolicySet, holdings: &Holdings, item: &Item, question: &Question) -> Decision {
    Decider::new(policies, holdings, question).decide(item)
}
