//! Parts 2 and 3 of the rule book: what people said, and over which links it reaches them.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, By, Channel, Choice};
use bezwaar_core::item::{About, Relation};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::policy::{Default_, SignalMeaning};
use bezwaar_core::time::Instant;
use bezwaar_core::{Code, Reading};

use super::{Case, Finding, Findings, Judged, prefix_of};

/// Whether a closing act means an item. One that names nothing means everything.
fn names_item(patterns: Option<&Vec<Pattern>>, id: &str) -> bool {
    match patterns {
        None => true,
        Some(list) => list.is_empty() || list.iter().any(|pattern| pattern.matches(id)),
    }
}

/// Whether a closing act means a use or a recipient: as with items, but in any case.
fn named(patterns: Option<&Vec<Pattern>>, id: &str) -> bool {
    let lower = |pattern: &Pattern| Pattern::parse(&pattern.to_string().to_ascii_lowercase());
    let lowered: Option<Vec<Pattern>> = patterns.map(|list| list.iter().map(lower).collect());
    names_item(lowered.as_ref(), &id.to_ascii_lowercase())
}

/// Whether a closing act meets the recipient asked about, who may be many at once: `third:*`.
fn meets(recipients: Option<&Vec<Pattern>>, asked: &str) -> bool {
    let lower = |text: String| text.to_ascii_lowercase();
    let one_of_many = |pattern: &Pattern| {
        let (said, asked) = (lower(pattern.to_string()), lower(asked.to_owned()));
        asked.ends_with('*') && (said == "*" || said.trim_end_matches('*').starts_with(asked.trim_end_matches('*')))
    };
    named(recipients, asked) || recipients.is_some_and(|list| list.iter().any(one_of_many))
}

/// The two moments of an opening act.
#[derive(Clone, Copy)]
struct Clocks {
    received: Instant,
    counted: Instant,
}

impl Clocks {
    fn after(self, no: Instant) -> bool {
        self.received > no && self.counted > no
    }
}

impl<'a> Case<'a> {
    /// The use and every use it continues, directly or through others, in any version.
    fn lineage(&self) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::from([self.question.use_id.as_str()]);
        loop {
            let before = found.len();
            for one in self.versions().iter().flat_map(|version| &version.uses) {
                if found.contains(one.id.as_str()) {
                    found.extend(one.continues.iter().map(String::as_str));
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// What a closing act that names these uses is to this one: a no, an act nobody can evaluate, or nothing.
    fn no_to(&self, uses: Option<&Vec<Pattern>>, no: Code) -> Option<Code> {
        if self.lineage().into_iter().any(|id| named(uses, id)) {
            return Some(no);
        }
        let policy = prefix_of(&self.question.use_id);
        for pattern in uses.into_iter().flatten().filter(|pattern| **pattern != Pattern::Any) {
            let text = pattern.to_string();
            let only = vec![pattern.clone()];
            let known = self.versions().iter().any(|version| version.uses.iter().any(|one| named(Some(&only), &one.id)));
            if !bezwaar_core::pattern::is_use(&text) || (prefix_of(&text).eq_ignore_ascii_case(policy) && !known) {
                return Some(Code::ChoiceUnreadable);
            }
        }
        None
    }

    /// The code under which an act says no to this question and item, if it does.
    fn closes(&self, choice: &Choice) -> Option<Code> {
        let item = &self.item.id;
        match &choice.act {
            Act::Object { uses, recipients, items } => {
                let meant = meets(recipients.as_ref(), &self.question.recipient) && names_item(items.as_ref(), item);
                self.no_to(uses.as_ref(), Code::Objected).filter(|_| meant)
            }
            Act::SetOff { control } => {
                let lineage = self.lineage();
                let known = self.versions().iter().any(|version| version.controls.iter().any(|own| own.id == *control));
                let mut uses = self.versions().iter().flat_map(|version| &version.uses);
                if uses.any(|one| lineage.contains(one.id.as_str()) && one.controls.contains(control)) {
                    Some(Code::SettingOff)
                } else if !known && prefix_of(control).eq_ignore_ascii_case(prefix_of(&self.question.use_id)) {
                    Some(Code::ChoiceUnreadable)
                } else {
                    None
                }
            }
            Act::WithdrawConsent { of } => {
                let consent = self.choices.iter().find(|choice| choice.id == *of);
                match consent.map(|choice| &choice.act) {
                    Some(Act::Consent { uses, .. }) => self.no_to(uses.as_ref(), Code::NoConsent),
                    _ => Some(Code::NoConsent),
                }
            }
            Act::Signal { signal } => {
                let mapped = self.speaking.and_then(|version| version.signals.get(signal)).copied();
                let known = ["gpc", "aipref", "tdm", "user-intents"].contains(&signal.as_str());
                match mapped {
                    Some(SignalMeaning::No) => Some(Code::Signal),
                    Some(SignalMeaning::Nothing) => None,
                    Some(SignalMeaning::Open) => self.protective().then_some(Code::Signal),
                    None if known => self.protective().then_some(Code::Signal),
                    None => Some(Code::ChoiceUnreadable),
                }
            }
            Act::Erase { items } => names_item(items.as_ref(), item).then_some(Code::Erased),
            Act::Unreadable => Some(Code::ChoiceUnreadable),
            Act::SetOn { .. } | Act::Withdraw { .. } | Act::Consent { .. } | Act::Link { .. } | Act::Unlink { .. } | Act::Answer { .. } => {
                None
            }
        }
    }

    /// When an opening act was received and from when on it counts, if it counts by `at`.
    fn opening(&self, choice: &Choice) -> Option<Clocks> {
        let received = choice.received_at;
        let counted = choice.recorded_at.map_or(received, |recorded| recorded.max(received));
        let own = matches!(choice.by, None | Some(By::Own));
        let signed_in = matches!(choice.channel, None | Some(Channel::Form | Channel::Api | Channel::Setting));
        (own && signed_in && counted <= self.question.at).then_some(Clocks { received, counted })
    }

    /// Where an act arrives, and at which moments: its own account first, then over links, until nothing is new. It never goes
    /// straight back to where it came from, nor to its own account.
    fn arrivals(&self, choice: &Choice) -> BTreeMap<Account, BTreeSet<Instant>> {
        let at = self.question.at;
        let mut moments: BTreeMap<Account, BTreeSet<Instant>> = BTreeMap::new();
        let Some(own) = choice.person.clone().filter(|_| choice.received_at <= at) else { return moments };
        let mut reached = BTreeSet::from([(own.clone(), own.clone(), choice.received_at)]);
        loop {
            let mut further = Vec::new();
            for link in self.choices {
                let Act::Link { to, .. } = &link.act else { continue };
                let Some(from) = &link.person else { continue };
                let end = self.end_of(link, from, to);
                for (here, there) in [(from, to), (to, from)] {
                    for (account, before, arrived) in &reached {
                        let moment = link.received_at.max(*arrived);
                        let carries = end.is_none_or(|end| end >= *arrived) && moment <= at;
                        if account == here && there != before && *there != own && carries {
                            further.push((there.clone(), here.clone(), moment));
                        }
                    }
                }
            }
            let before = reached.len();
            reached.extend(further);
            if reached.len() == before {
                break;
            }
        }
        for (account, _, moment) in reached {
            moments.entry(account).or_default().insert(moment);
        }
        moments
    }

    /// When a link was ended by one of its two ends. An end before its beginning ends nothing.
    fn end_of(&self, link: &Choice, from: &Account, to: &Account) -> Option<Instant> {
        let mut end: Option<Instant> = None;
        for choice in self.choices {
            let names = matches!(&choice.act, Act::Unlink { of } if *of == link.id);
            let by_an_end = choice.person.as_ref().is_some_and(|person| person == from || person == to);
            let moment = self.opening(choice).map(|clocks| clocks.counted);
            if let Some(moment) = moment.filter(|moment| names && by_an_end && *moment >= link.received_at) {
                end = Some(end.map_or(moment, |known| known.min(moment)));
            }
        }
        end
    }

    /// The last moment an act reached an account anew, if it did.
    fn arrived(&self, choice: &Choice, account: &Account) -> Option<Instant> {
        self.arrivals(choice).get(account).and_then(|moments| moments.last().copied())
    }

    /// This account's consents to exactly this use and recipient that are in force.
    fn consents(&self, account: &Account) -> Vec<Clocks> {
        let mut moments = Vec::new();
        for choice in self.choices.iter().filter(|choice| choice.person.as_ref() == Some(account)) {
            let Act::Consent { uses: Some(uses), recipients } = &choice.act else { continue };
            let this_use = *uses == [Pattern::Exact(self.question.use_id.clone())];
            let this_recipient = recipients.as_ref().is_none_or(|list| {
                list.contains(&Pattern::Exact(self.question.recipient.clone())) && list.iter().all(|one| matches!(one, Pattern::Exact(_)))
            });
            let withdrawn = self.choices.iter().any(|other| {
                matches!(&other.act, Act::WithdrawConsent { of } if *of == choice.id) && self.arrived(other, account).is_some()
            });
            moments.extend(self.opening(choice).filter(|_| this_use && this_recipient && !withdrawn));
        }
        moments
    }

    /// This account's acts of its own hand that match.
    fn own(&self, account: &Account, matches: impl Fn(&Act) -> bool) -> Vec<Clocks> {
        let acts = self.choices.iter().filter(|choice| choice.person.as_ref() == Some(account) && matches(&choice.act));
        acts.filter_map(|choice| self.opening(choice)).collect()
    }

    /// Every closing act that stands on an account.
    fn standing(&self, account: &Account) -> Vec<(Code, &'a Choice)> {
        let mut standing = Vec::new();
        for choice in self.choices {
            let Some(code) = self.closes(choice) else { continue };
            let Some(arrived) = self.arrived(choice, account) else { continue };
            let consented = || self.consents(account).into_iter().any(|yes| yes.after(arrived));
            let undone = match (code, &choice.act) {
                (Code::Objected, _) => {
                    let withdrawn = self.own(account, |act| matches!(act, Act::Withdraw { of } if *of == choice.id));
                    withdrawn.into_iter().any(|back| back.after(arrived)) || consented()
                }
                (Code::SettingOff, Act::SetOff { control }) => {
                    let on = self.own(account, |act| matches!(act, Act::SetOn { control: same } if same == control));
                    on.into_iter().any(|on| on.after(arrived))
                }
                (Code::NoConsent | Code::Signal, _) => consented(),
                _ => false,
            };
            if !undone {
                standing.push((code, choice));
            }
        }
        standing
    }

    /// Whether silence is no here and there is no yes.
    fn lacks_yes(&self, account: &Account, judged: Judged<'a>) -> bool {
        if !self.consents(account).is_empty() {
            return false;
        }
        if self.question.reading == Reading::Consent {
            return true;
        }
        let Some((_, one)) = judged.filter(|(_, one)| one.default != Default_::On) else { return false };
        !one.controls.iter().any(|control| self.is_on(account, control))
    }

    fn is_on(&self, account: &Account, control: &String) -> bool {
        let on = self.own(account, |act| matches!(act, Act::SetOn { control: same } if same == control));
        let off: Vec<Instant> = self
            .choices
            .iter()
            .filter(|choice| matches!(&choice.act, Act::SetOff { control: same } if same == control))
            .filter_map(|choice| self.arrived(choice, account))
            .collect();
        on.into_iter().any(|on| off.iter().all(|off| on.after(*off)))
    }

    pub(super) fn person(&self, account: &Account, judged: Judged<'a>) -> Findings {
        let mut found: Findings = self.standing(account).into_iter().map(|(code, choice)| Finding::chosen(code, choice)).collect();
        if self.lacks_yes(account, judged) {
            found.insert(Finding::of(Code::NoConsent));
        }
        found
    }

    pub(super) fn about(&self, about: &About, judged: Judged<'a>) -> Findings {
        let counts = match (about.relation, self.speaking) {
            (Relation::Forwarder | Relation::Unspecified, _) => true,
            (relation, Some(version)) if self.protective() => version.about.protective.contains(&relation),
            (relation, Some(version)) => version.about.stated.contains(&relation),
            (relation, None) => matches!(relation, Relation::Mention | Relation::Quote | Relation::Depict),
        };
        if !counts {
            return Findings::new();
        }
        let Some(account) = about.person.as_deref().and_then(|text| self.policies.services.parse(text)) else {
            return Findings::from([Finding::of(Code::AboutObjector)]);
        };
        let mut found: Findings =
            self.standing(&account).into_iter().map(|(_, choice)| Finding::chosen(Code::AboutObjector, choice)).collect();
        if about.relation == Relation::Forwarder && self.lacks_yes(&account, judged) {
            found.insert(Finding::of(Code::NoConsent));
        }
        found
    }
}
