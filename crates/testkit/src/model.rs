//! A naive reference model of the decision, written from `docs/decision.md` alone.
//!
//! No masks, no classes, nothing computed ahead: what is not known is tried out value by value with plain two-valued conditions,
//! and acts are followed over links until nothing changes any more. Slow, and meant to be read next to the rule book.

mod people;

use std::collections::BTreeSet;

use bezwaar_core::account::Account;
use bezwaar_core::choice::Choice;
use bezwaar_core::item::{AGE_MAX, Audience, Category, ChatKind, Item};
use bezwaar_core::policy::{CarveOut, DataRow, Declared, Dispute, DisputeHandling, Policy, PolicySet, Use, Version, When};
use bezwaar_core::region::Region;
use bezwaar_core::time::{Instant, Interval};
use bezwaar_core::{Code, Question, Reading, ReasonSet};

/// One thing that speaks against a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The code.
    pub code: Code,
    /// The id of the act behind it.
    pub choice: Option<String>,
    /// The carve-out or the dispute behind it.
    pub rule: Option<String>,
}

impl Finding {
    fn of(code: Code) -> Finding {
        Finding { code, choice: None, rule: None }
    }

    fn ruled(code: Code, rule: &str) -> Finding {
        Finding { rule: Some(rule.to_owned()), ..Finding::of(code) }
    }

    fn chosen(code: Code, choice: &Choice) -> Finding {
        Finding { choice: Some(choice.id.clone()), ..Finding::of(code) }
    }
}

/// Everything that speaks against a record; empty means *keep*.
pub type Findings = BTreeSet<Finding>;

/// The codes alone.
pub fn codes_of(findings: &Findings) -> ReasonSet {
    findings.iter().map(|finding| finding.code).collect()
}

/// Decides about one record, slowly.
pub fn model_decide(policies: &PolicySet, choices: &[Choice], item: &Item, question: &Question) -> Findings {
    let policy = policies.policies.get(prefix_of(&question.use_id));
    let in_force = policy.and_then(|policy| latest_begun(policy, question.at));
    let first = policy.and_then(|policy| policy.versions.iter().min_by_key(|version| version.effective_at));
    let case = Case { policies, choices, item, question, policy, in_force, speaking: in_force.or(first) };
    let (mut found, judged) = case.status();
    if judged.is_some_and(|(version, one)| case.lacks_control(version, one)) {
        found.insert(Finding::of(Code::NoControl));
    }
    if item.unreadable {
        found.insert(Finding::of(Code::Unreadable));
        return found;
    }
    let authors: Vec<Option<Account>> = case.authors();
    if let Some((version, one)) = judged {
        found.extend(case.conditions(version, one, &authors));
    }
    found.extend(case.chat(judged.map(|(_, one)| one)));
    found.extend(case.record(&authors));
    for author in authors.iter().flatten() {
        found.extend(case.person(author, judged));
    }
    for about in &item.about {
        found.extend(case.about(about, judged));
    }
    found
}

fn prefix_of(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

/// The version with the latest beginning that is not after `at`.
fn latest_begun(policy: &Policy, at: Instant) -> Option<&Version> {
    let mut best: Option<&Version> = None;
    for version in &policy.versions {
        let later = best.is_none_or(|best| best.effective_at < version.effective_at);
        if version.effective_at <= at && later {
            best = Some(version);
        }
    }
    best
}

fn begun(when: When, version: &Version, at: Instant) -> bool {
    match when {
        When::Day(day) => day.begins(&version.zone) <= at,
        When::Unknown | When::Never => false,
    }
}

fn is_for(one: &Use, recipient: &str) -> bool {
    one.recipients.iter().any(|own| {
        own == recipient
            || (own == "third:*" && recipient.starts_with("third:") && recipient != "third:" && !recipient.contains(char::is_whitespace))
    })
}

fn row_of(one: &Use, category: Category) -> Option<&DataRow> {
    one.data.iter().find(|row| row.categories.contains(&category))
}

/// What a condition comes to over everything that is possible.
#[derive(PartialEq)]
enum Three {
    Holds,
    Fails,
    Open,
}

fn over<T>(possible: &[T], holds: impl Fn(&T) -> bool) -> Three {
    match (possible.iter().any(&holds), possible.iter().any(|value| !holds(value))) {
        (true, true) => Three::Open,
        (true, false) => Three::Holds,
        _ => Three::Fails,
    }
}

fn coded(three: Three, fails: Code, open: Code) -> Option<Finding> {
    match three {
        Three::Holds => None,
        Three::Fails => Some(Finding::of(fails)),
        Three::Open => Some(Finding::of(open)),
    }
}

struct Case<'a> {
    policies: &'a PolicySet,
    choices: &'a [Choice],
    item: &'a Item,
    question: &'a Question,
    policy: Option<&'a Policy>,
    in_force: Option<&'a Version>,
    /// The version that says which relations count and what signals mean: the one in force, or before any is, the first.
    speaking: Option<&'a Version>,
}

type Judged<'a> = Option<(&'a Version, &'a Use)>;

impl<'a> Case<'a> {
    fn versions(&self) -> &'a [Version] {
        self.policy.map_or(&[], |policy| &policy.versions)
    }

    fn authors(&self) -> Vec<Option<Account>> {
        let named = &self.item.authors.0;
        if named.is_empty() {
            return vec![None];
        }
        named.iter().map(|text| text.as_deref().and_then(|text| self.policies.services.parse(text))).collect()
    }

    fn protective(&self) -> bool {
        self.question.reading != Reading::Stated
    }

    /// The reasons of the use's status, and the row whose conditions are judged.
    fn status(&self) -> (Findings, Judged<'a>) {
        let at = self.question.at;
        let Some(in_force) = self.in_force else {
            return (Findings::from([Finding::of(Code::NoPolicyInForce)]), None);
        };
        let named =
            |version: &'a Version| version.uses.iter().find(|one| one.id == self.question.use_id && is_for(one, &self.question.recipient));
        if let Some(own) = named(in_force) {
            let judged = Some((in_force, own));
            match own.declared {
                Declared::Practice => return (Findings::from([Finding::of(Code::UseNotDeclared)]), judged),
                Declared::NonUse => return (Findings::new(), judged),
                Declared::Text if begun(own.effective, in_force, at) => return (Findings::new(), judged),
                Declared::Text if begun(own.announced, in_force, at) || own.announced == When::Unknown => {
                    return (Findings::from([Finding::of(Code::UseNotStarted)]), judged);
                }
                Declared::Text => {}
            }
        }
        let own = named(in_force).map(|own| (in_force, own));
        for version in self.versions() {
            if version.effective_at <= in_force.effective_at {
                continue;
            }
            if let Some(one) = named(version).filter(|one| one.declared == Declared::Text && begun(one.announced, version, at)) {
                return (Findings::from([Finding::of(Code::UseNotStarted)]), own.or(Some((version, one))));
            }
        }
        (Findings::from([Finding::of(Code::UseNotDeclared)]), own)
    }

    fn categories(&self) -> Vec<Category> {
        self.item.category.map_or_else(|| Category::ALL.to_vec(), |known| vec![known])
    }

    fn audiences(&self) -> Vec<Audience> {
        self.item.audience.map_or_else(|| Audience::ALL.to_vec(), |known| vec![known])
    }

    fn ages(&self) -> Vec<i64> {
        let possible = |age: &i64| self.item.author_age.is_none_or(|band| band.youngest <= *age && *age <= band.oldest);
        (0..=AGE_MAX).filter(possible).collect()
    }

    fn regions(&self) -> Vec<Region> {
        match self.item.region.as_deref().and_then(Region::lookup) {
            Some(region) => vec![region],
            None => Region::all().collect(),
        }
    }

    /// Moments a time may be, as far as they can matter: its ends, and the ends of every window inside it.
    fn moments(&self, time: Option<Interval>, ends: &[Instant]) -> Vec<Instant> {
        let known = time.filter(|time| !self.implausible(*time));
        let mut tried: Vec<Instant> = ends.iter().flat_map(|end| [end.plus_micros(-1), *end]).collect();
        match known {
            None => tried.push(self.question.at),
            Some(time) => {
                tried.retain(|moment| time.first <= *moment && *moment <= time.last);
                tried.extend([time.first, time.last]);
            }
        }
        tried
    }

    fn implausible(&self, time: Interval) -> bool {
        let nineties = Instant::from_micros(631_152_000 * 1_000_000);
        let next_day = self.question.at.plus_micros(24 * 60 * 60 * 1_000_000);
        time.first < nineties || time.last > next_day
    }

    fn conditions(&self, version: &'a Version, one: &'a Use, authors: &[Option<Account>]) -> Findings {
        let mut found = Findings::new();
        let category = over(&self.categories(), |category| row_of(one, *category).is_some());
        found.extend(self.audience(one, category == Three::Fails));
        found.extend(coded(category, Code::CategoryNotCovered, Code::CategoryUnknown));
        if let Some(asked) = one.registered {
            let three = over(&self.registered(authors), |registered| *registered == asked);
            found.extend(coded(three, Code::AudienceNotCovered, Code::AudienceUnknown));
        }
        if let Some(minimum) = one.min_age {
            found.extend(coded(over(&self.ages(), |age| *age >= minimum), Code::UnderAge, Code::AgeUnknown));
        }
        if let Some(regions) = &one.regions {
            let three = over(&self.regions(), |region| regions.contains(region));
            found.extend(coded(three, Code::RegionNotCovered, Code::RegionUnknown));
        }
        for carve in one.carve_outs.iter().filter(|carve| carve.from.begins(&version.zone) <= self.question.at) {
            if self.places(version, carve).iter().any(|place| carves(version, carve, place)) {
                found.insert(Finding::ruled(Code::CarveOut, &carve.id));
            }
        }
        if one.declared == Declared::NonUse {
            found.insert(Finding::of(Code::CarveOut));
        }
        if self.protective() {
            found.extend(self.protections(version, one));
        }
        found
    }

    fn audience(&self, one: &Use, category_fails: bool) -> Option<Finding> {
        let seen = |audience: Audience, row: &DataRow| row.audience.as_ref().is_none_or(|set| set.contains(&audience));
        let rows: Vec<&DataRow> = if category_fails {
            let first = one.data.first()?;
            if one.data.iter().any(|row| row.audience != first.audience) {
                return None;
            }
            vec![first]
        } else {
            self.categories().into_iter().filter_map(|category| row_of(one, category)).collect()
        };
        let mut pairs = Vec::new();
        for audience in self.audiences() {
            pairs.extend(rows.iter().map(|row| (audience, *row)));
        }
        coded(over(&pairs, |(audience, row)| seen(*audience, row)), Code::AudienceNotCovered, Code::AudienceUnknown)
    }

    fn registered(&self, authors: &[Option<Account>]) -> Vec<bool> {
        let by_name = |author: &Option<Account>| match author {
            Some(account) => vec![!["mail", "tel", "url"].contains(&account.service())],
            None => vec![true, false],
        };
        self.item.registered.map_or_else(|| authors.iter().flat_map(by_name).collect(), |known| vec![known])
    }

    /// Every (region, created, collected) that is possible, as far as a carve-out can tell them apart.
    fn places(&self, version: &Version, carve: &CarveOut) -> Vec<Place> {
        let ends: Vec<Instant> = match carve.window {
            Some(window) => vec![window.from.begins(&version.zone), window.through.ends(&version.zone)],
            None => Vec::new(),
        };
        let mut places = Vec::new();
        for region in self.regions() {
            for created in self.moments(self.item.created_at, &ends) {
                for collected in self.moments(self.item.collected_at, &ends) {
                    places.push(Place { region, created, collected });
                }
            }
        }
        places
    }

    fn protections(&self, version: &'a Version, one: &'a Use) -> Findings {
        let mut found = Findings::new();
        for dispute in version.disputes.iter().filter(|dispute| dispute.handling == DisputeHandling::Withhold) {
            if dispute.uses.contains(&one.id) && self.may_touch(version, one, dispute) {
                found.insert(Finding::ruled(Code::Disputed, &dispute.id));
            }
        }
        found
    }

    fn lacks_control(&self, version: &Version, one: &Use) -> bool {
        let at = self.question.at;
        if !self.protective() || one.declared == Declared::NonUse {
            return false;
        }
        let of_use = version.controls.iter().filter(|control| one.controls.contains(&control.id));
        let offered = of_use.into_iter().any(|control| begun(control.first_offered, version, at));
        !offered || !begun(one.control_first_offered, version, at)
    }

    fn may_touch(&self, version: &Version, one: &Use, dispute: &Dispute) -> bool {
        let young = dispute.age_below.is_none_or(|below| self.ages().iter().any(|age| *age < below));
        let here = |region: &Region| dispute.regions.as_ref().is_none_or(|regions| regions.contains(region));
        let in_force = |carve: &&CarveOut| carve.from.begins(&version.zone) <= self.question.at;
        let carve = dispute.outside.as_ref().and_then(|id| one.carve_outs.iter().filter(in_force).find(|carve| carve.id == *id));
        let placed = match carve {
            None => self.regions().iter().any(here),
            Some(carve) => self.places(version, carve).iter().any(|place| here(&place.region) && !carves(version, carve, place)),
        };
        young && placed
    }

    fn chat(&self, judged: Option<&Use>) -> Option<Finding> {
        let alone = match self.item.conversation {
            Some(conversation) => {
                let kinds = conversation.kind.map_or_else(|| vec![ChatKind::Direct, ChatKind::Group, ChatKind::Ai], |kind| vec![kind]);
                let addressed = conversation.ai_addressed.map_or_else(|| vec![true, false], |known| vec![known]);
                kinds.iter().any(|kind| *kind != ChatKind::Ai) && addressed.contains(&false)
            }
            None => match self.item.category {
                Some(category) => category == Category::Message,
                None => judged.is_some_and(|one| row_of(one, Category::Message).is_some()),
            },
        };
        alone.then(|| Finding::of(Code::NoAiParticipant))
    }

    fn record(&self, authors: &[Option<Account>]) -> Findings {
        let mut found = Findings::new();
        if let Some(deleted) = self.item.deleted_at {
            // At some time nobody knows, it was deleted.
            if self.implausible(deleted) || deleted.first <= self.question.at {
                found.insert(Finding::of(Code::Deleted));
            }
        }
        if self.item.hold.is_some() {
            found.insert(Finding::of(Code::RetainedOnly));
        }
        if authors.iter().any(Option::is_none) {
            found.insert(Finding::of(Code::IdentityUnresolved));
        }
        found
    }
}

fn carves(version: &Version, carve: &CarveOut, place: &Place) -> bool {
    let here = carve.regions.as_ref().is_none_or(|regions| regions.contains(&place.region));
    let inside = |moment: Instant| match carve.window {
        None => true,
        Some(window) => window.from.begins(&version.zone) <= moment && moment < window.through.ends(&version.zone),
    };
    here && (inside(place.created) || inside(place.collected))
}

struct Place {
    region: Region,
    created: Instant,
    collected: Instant,
}
