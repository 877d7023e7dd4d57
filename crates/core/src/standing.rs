//! Stand: what the acts on one account mean for one question.

use std::collections::BTreeSet;

use crate::acts::{HeldAct, HeldBody, ItemIdentity, ItemNames};
use crate::pattern::{Pattern, covers, is_use};
use crate::policy::SignalMeaning;
use crate::reason::{Code, Reason, ReasonSet};
use crate::rules::{Reading, Rules};
use crate::time::Instant;

/// Signals the field knows; any other cannot be evaluated.
pub const KNOWN_SIGNALS: [&str; 4] = ["gpc", "aipref", "tdm", "user-intents"];

/// What one account's acts mean for a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The no's that hold for every item.
    closed: Vec<Reason>,
    /// The no's that hold for named items.
    closed_items: Vec<(ItemNames, Reason)>,
    /// The missing yes, when one is needed.
    silence: Option<Reason>,
}

impl Standing {
    /// The standing of a person whose acts cannot be read: a no to everything.
    pub fn unreadable() -> Standing {
        Standing { closed: vec![Reason::new(Code::ChoiceUnreadable)], ..Standing::default() }
    }

    /// The codes that hold for every item this account wrote.
    pub fn author_set(&self) -> ReasonSet {
        self.closed.iter().chain(&self.silence).map(|reason| reason.code).collect()
    }

    /// Whether a no holds for every item this account stands in.
    pub fn closes(&self) -> bool {
        !self.closed.is_empty()
    }

    /// Whether a yes is needed and missing.
    pub fn is_silent(&self) -> bool {
        self.silence.is_some()
    }

    /// Whether some no's hold for named items only, so that items must be looked at one by one.
    pub fn names_items(&self) -> bool {
        !self.closed_items.is_empty()
    }

    /// The no's that hold for one item.
    fn closing<'a>(&'a self, item: &'a dyn ItemIdentity) -> impl Iterator<Item = &'a Reason> {
        let named = self.closed_items.iter().filter(|(names, _)| item.is_named_by(names)).map(|(_, reason)| reason);
        self.closed.iter().chain(named)
    }

    /// The reasons against an item this account wrote.
    pub fn author_reasons(&self, item: &dyn ItemIdentity) -> Vec<Reason> {
        self.closing(item).chain(&self.silence).cloned().collect()
    }

    /// The reasons against an item this account stands in. Whoever handed it on must clear it as an author must.
    pub fn about_reasons(&self, item: &dyn ItemIdentity, forwarder: bool) -> Vec<Reason> {
        let closing = self.closing(item).map(|reason| Reason { code: Code::AboutObjector, rule: None, unknown: None, ..reason.clone() });
        let silence = self.silence.iter().filter(|_| forwarder).cloned();
        closing.chain(silence).collect()
    }
}

/// The consents in force.
struct Consents<'a>(Vec<&'a HeldAct>);

impl Consents<'_> {
    fn later_than(&self, moment: Instant) -> bool {
        self.0.iter().any(|consent| consent.is_later_than(moment))
    }
}

/// What the acts on an account mean for the question, as of its moment.
pub fn standing(acts: &[HeldAct], rules: &Rules) -> Standing {
    let acts: Vec<&HeldAct> = acts.iter().filter(|act| act.from <= rules.question().at).collect();
    let consents = consents_in_force(&acts, rules);
    let mut standing = Standing::default();
    // An act that reached the account over several ways is one no, and stands as long as it stands by one of them.
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for act in &acts {
        if said.contains(act.id.as_str()) {
            continue;
        }
        if let Some((code, items)) = no_of(act, &acts, &consents, rules) {
            said.insert(&act.id);
            standing.close(items, Reason::new(code).with_choice(&act.id, act.via.as_deref()));
        }
    }
    standing.silence = silence(&acts, &consents, rules);
    standing
}

/// The no an act says to the question, if it stands, and the items it says it to (absent: all).
fn no_of<'a>(act: &'a HeldAct, acts: &[&HeldAct], consents: &Consents<'_>, rules: &Rules) -> Option<(Code, Option<&'a ItemNames>)> {
    let question = rules.question();
    let consented = consents.later_than(act.from);
    let (code, items) = match &act.body {
        HeldBody::Object { uses, recipients, items } => {
            let code = match names_use(uses.as_deref(), rules) {
                Named::Yes if consented || withdrawn(act, acts) => None,
                Named::Yes => Some(Code::Objected),
                Named::Unreadable => Some(Code::ChoiceUnreadable),
                Named::No => None,
            };
            (code.filter(|_| names_recipient(recipients.as_deref(), &question.recipient)), items.as_ref())
        }
        HeldBody::SetOff { control } => {
            let code = if rules.closing_controls.contains(control) {
                (!set_on_later(control, act.from, acts)).then_some(Code::SettingOff)
            } else {
                let unknown = same_policy(control, rules) && !rules.known_controls.contains(control);
                unknown.then_some(Code::ChoiceUnreadable)
            };
            (code, None)
        }
        HeldBody::WithdrawConsent { uses, .. } => {
            let code = match names_use(uses.as_deref(), rules) {
                Named::Yes => (!consented).then_some(Code::NoConsent),
                Named::Unreadable => Some(Code::ChoiceUnreadable),
                Named::No => None,
            };
            (code, None)
        }
        HeldBody::Signal { signal } => {
            let known = KNOWN_SIGNALS.contains(&signal.as_str()).then_some(SignalMeaning::Open);
            let code = match rules.signals.get(signal).copied().or(known) {
                Some(SignalMeaning::Nothing) => None,
                Some(SignalMeaning::Open) if question.reading == Reading::Stated => None,
                Some(SignalMeaning::Open | SignalMeaning::No) => (!consented).then_some(Code::Signal),
                None => Some(Code::ChoiceUnreadable),
            };
            (code, None)
        }
        HeldBody::Erase { items } => (Some(Code::Erased), items.as_ref()),
        HeldBody::Unreadable => (Some(Code::ChoiceUnreadable), None),
        HeldBody::SetOn { .. } | HeldBody::Withdraw { .. } | HeldBody::Consent { .. } => (None, None),
    };
    Some((code?, items))
}

impl Standing {
    fn close(&mut self, items: Option<&ItemNames>, reason: Reason) {
        match items.filter(|names| !names.is_empty()) {
            None => self.closed.push(reason),
            Some(names) => self.closed_items.push((names.clone(), reason)),
        }
    }
}

/// Whether a closing act means the recipient asked about. Who asks for many at once (`third:*`) is met by a no to any of them.
fn names_recipient(recipients: Option<&[Pattern]>, asked: &str) -> bool {
    let among = |prefix: &str| {
        let begins = |id: &str| id.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        recipients.into_iter().flatten().any(|pattern| match pattern {
            Pattern::Any => true,
            Pattern::Prefix(id) | Pattern::Exact(id) => begins(id),
        })
    };
    covers(recipients, asked) || asked.strip_suffix('*').is_some_and(among)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Yes,
    No,
    /// It names a use of this policy that no version has: it said no to something here.
    Unreadable,
}

/// Whether a closing act means the use: by name, or by the name of one it continues.
fn names_use(uses: Option<&[Pattern]>, rules: &Rules) -> Named {
    if rules.lineage.iter().any(|id| covers(uses, id)) {
        return Named::Yes;
    }
    let strays = |pattern: &Pattern| match pattern {
        Pattern::Exact(text) | Pattern::Prefix(text) => {
            !is_use(&pattern.to_string()) || (same_policy(text, rules) && !rules.known_uses.iter().any(|id| pattern.matches_any_case(id)))
        }
        Pattern::Any => false,
    };
    if uses.is_some_and(|list| list.iter().any(strays)) { Named::Unreadable } else { Named::No }
}

/// Whether an id in a closing act is one of the question's policy, in any case.
fn same_policy(id: &str, rules: &Rules) -> bool {
    policy_of(id).eq_ignore_ascii_case(policy_of(&rules.question().use_id))
}

fn policy_of(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

/// Whether this very objection was taken back on this account, later than it reached it.
fn withdrawn(objection: &HeldAct, acts: &[&HeldAct]) -> bool {
    acts.iter().any(|act| match &act.body {
        HeldBody::Withdraw { of } => *of == objection.id && act.is_later_than(objection.from),
        _ => false,
    })
}

fn set_on_later(control: &str, off: Instant, acts: &[&HeldAct]) -> bool {
    acts.iter().any(|act| match &act.body {
        HeldBody::SetOn { control: on } => on == control && act.is_later_than(off),
        _ => false,
    })
}

fn consents_in_force<'a>(acts: &[&'a HeldAct], rules: &Rules) -> Consents<'a> {
    let question = rules.question();
    let taken_back = |id: &str| {
        acts.iter().any(|act| match &act.body {
            HeldBody::WithdrawConsent { of, .. } => of == id,
            _ => false,
        })
    };
    let in_force = acts.iter().filter(|act| match &act.body {
        HeldBody::Consent { use_id, recipients } => {
            let to_recipient = recipients.as_ref().is_none_or(|list| list.contains(&question.recipient));
            *use_id == question.use_id && to_recipient && !taken_back(&act.id)
        }
        _ => false,
    });
    Consents(in_force.copied().collect())
}

/// The reason when a yes is needed and there is none.
fn silence(acts: &[&HeldAct], consents: &Consents<'_>, rules: &Rules) -> Option<Reason> {
    let said_yes = !consents.0.is_empty();
    if rules.question().reading == Reading::Consent {
        return (!said_yes).then(|| Reason::new(Code::NoConsent));
    }
    if !rules.default_off || said_yes {
        return None;
    }
    let turned_on = rules.opening_controls.iter().any(|control| {
        let last_off =
            acts.iter().filter(|act| matches!(&act.body, HeldBody::SetOff { control: off } if off == control)).map(|act| act.from).max();
        let mut ons = acts.iter().filter(|act| matches!(&act.body, HeldBody::SetOn { control: on } if on == control));
        ons.any(|on| last_off.is_none_or(|off| on.is_later_than(off)))
    });
    (!turned_on).then(|| Reason::new(Code::NoConsent).with_rule("default-off"))
}
