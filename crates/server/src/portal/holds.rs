//! What holds for an account: the acts that count for it, over its links, and what they mean for a use. Everything that tells somebody what holds asks here.

use std::collections::{BTreeMap, BTreeSet};

use bezwaar_core::account::Account;
use bezwaar_core::acts::Holdings;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::standing::{Standing, standing};
use bezwaar_core::time::Instant;
use bezwaar_core::{Code, Question, Reading, Rules};
use bezwaar_register::engine::{Reader, RegisterError};

use super::acts::Filed;
use super::app::App;

/// The most accounts that are followed over links from those asked about; with more, nothing is known, and nothing is allowed.
pub const LINKED_MAX: usize = 200;

/// What holds for a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    No,
    Signal,
    Yes,
    Silent,
    Rule,
}

impl State {
    /// The key of its text.
    pub(crate) fn key(self) -> &'static str {
        match self {
            State::No => "state.no",
            State::Signal => "state.signal",
            State::Yes => "state.yes",
            State::Silent => "state.silent",
            State::Rule => "state.rule",
        }
    }

    /// The word in the interface.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::No => "no",
            State::Signal => "signal",
            State::Yes => "yes",
            State::Silent => "silent",
            State::Rule => "rule",
        }
    }
}

/// What holds for a use and its recipients.
pub(crate) fn state_of(app: &App, held: &Holdings, account: &Account, use_id: &str, recipients: &[String], now: Instant) -> State {
    let mut state = State::Rule;
    for recipient in recipients {
        let recipient = recipient.replace("third:*", "third:any");
        let question = |reading| Question { use_id: use_id.to_owned(), recipient: recipient.clone(), at: now, reading };
        let rules = Rules::compile(&app.policies, &question(Reading::Protective));
        if !rules.status().is_empty() {
            continue;
        }
        let acts = held.acts_of(account);
        let found = standing(acts, &rules);
        let codes = found.author_set();
        let one = if codes.contains(Code::Signal) && !codes.contains(Code::Objected) && !codes.contains(Code::SettingOff) {
            State::Signal
        } else if found.closes() {
            State::No
        } else if standing(acts, &Rules::compile(&app.policies, &question(Reading::Consent))).is_silent() {
            State::Silent
        } else {
            State::Yes
        };
        // Of several recipients the one that is allowed most is told: nobody is to believe themselves safer than they are.
        state = match (state, one) {
            (State::Rule, one) => one,
            (before, State::Yes) if before != State::Yes => State::Yes,
            (State::No | State::Signal, State::Silent) => State::Silent,
            (before, _) => before,
        };
    }
    state
}

/// The acts that count for some accounts, at a moment.
pub(crate) struct Concerning {
    choices: Vec<Choice>,
    /// Whether everything could be read and followed. If not, nobody knows what was said, and a no is assumed.
    whole: bool,
}

impl Concerning {
    /// Reads them: those of the accounts themselves, and of whatever they are linked with, in either direction.
    pub(crate) fn read(reader: &mut Reader, accounts: &[Account], now: Instant) -> Result<Concerning, RegisterError> {
        let mut found = Concerning { choices: Vec::new(), whole: true };
        let mut seen: BTreeSet<Account> = accounts.iter().cloned().collect();
        let mut queue: Vec<Account> = seen.iter().cloned().collect();
        while let Some(account) = queue.pop() {
            let filed = Filed::read(reader, &account)?;
            found.whole &= !filed.unreadable;
            let mut linked = reader.linked_to(&account)?;
            let counting = filed.counting(now);
            linked.extend(counting.iter().filter_map(|choice| match &choice.act {
                Act::Link { to, .. } => Some(to.clone()),
                _ => None,
            }));
            found.choices.extend(counting);
            for other in linked {
                if seen.len() >= LINKED_MAX + accounts.len() && !seen.contains(&other) {
                    found.whole = false;
                } else if seen.insert(other.clone()) {
                    queue.push(other);
                }
            }
        }
        Ok(found)
    }

    /// Them, worked out; nothing if something could not be read.
    pub(crate) fn holdings(self) -> Option<Holdings> {
        self.whole.then(|| Holdings::resolve_owned(self.choices))
    }
}

/// The moment something is decided at: now, or later if the register's own time is ahead of the clock. Whatever was accepted before is counted.
pub(crate) fn moment(reader: &mut Reader, now: Instant) -> Result<Instant, RegisterError> {
    Ok(match reader.size()?.checked_sub(1) {
        Some(last) => now.max(reader.entry(last)?.recorded_at),
        None => now,
    })
}

/// What the acts on an account mean for a question, when all that is known is whose account it is.
pub(crate) fn standing_of(reader: &mut Reader, account: &Account, rules: &Rules) -> Result<Standing, RegisterError> {
    let concerning = Concerning::read(reader, std::slice::from_ref(account), rules.question().at)?;
    Ok(concerning.holdings().map_or_else(Standing::unreadable, |held| standing(held.acts_of(account), rules)))
}

/// What holds for every use of the own policies, by the use's id in their order.
pub(crate) fn uses(app: &App, held: Option<&Holdings>, account: &Account, now: Instant) -> Vec<(String, State)> {
    let own = app.settings.policies.own.iter().filter_map(|id| app.policies.policies.get(id));
    let versions = own.filter_map(|policy| policy.versions.iter().rev().find(|version| version.effective <= app.today()));
    let uses = versions.flat_map(|version| &version.uses);
    uses.map(|one| {
        // What cannot be read is a no.
        let state = held.map_or(State::No, |held| state_of(app, held, account, &one.id, &one.recipients, now));
        (one.id.clone(), state)
    })
    .collect()
}

/// The positions of the settings of the own policies, `true` for on.
pub(crate) fn settings(app: &App, filed: &Filed) -> BTreeMap<String, bool> {
    let own = app.settings.policies.own.iter().filter_map(|id| app.policies.policies.get(id));
    let versions = own.filter_map(|policy| policy.versions.iter().rev().find(|version| version.effective <= app.today()));
    let controls = versions.flat_map(|version| &version.controls).filter(|control| control.kind == "setting");
    controls.map(|control| (control.id.clone(), super::mine::is_on(app, filed, &control.id))).collect()
}
