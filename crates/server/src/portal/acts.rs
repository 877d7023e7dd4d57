//! What people said, read from the register and put into words.

use std::collections::BTreeMap;

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, By, Choice, Outcome};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_ledger::event::{Event, Void};
use bezwaar_register::engine::{Reader, RegisterError};

use super::app::App;
use super::speech::Speech;

/// What is filed under an account.
pub(crate) struct Filed {
    /// The acts, oldest first.
    pub(crate) choices: Vec<Choice>,
    confirmed: Vec<String>,
    voids: BTreeMap<String, Void>,
    answers: BTreeMap<String, (Outcome, Instant)>,
    /// Whether something could not be read: it counts as a no.
    pub(crate) unreadable: bool,
}

impl Filed {
    pub(crate) fn read(reader: &mut Reader, account: &Account) -> Result<Filed, RegisterError> {
        let mut filed =
            Filed { choices: Vec::new(), confirmed: Vec::new(), voids: BTreeMap::new(), answers: BTreeMap::new(), unreadable: false };
        let mut voids = Vec::new();
        for row in reader.acts_of(account)? {
            match Event::from_bytes(row.entry.kind, &row.body) {
                Ok(Event::Choice(choice)) => filed.choices.push(Choice { recorded_at: Some(row.entry.recorded_at), ..choice }),
                Ok(Event::Confirmation(confirmation)) => filed.confirmed.push(confirmation.confirms),
                Ok(Event::Void(void)) => voids.push(void),
                Ok(Event::Tombstone(_)) => {}
                // What cannot be read counts as a no; the register's own checks say so.
                Err(_) => filed.unreadable = true,
            }
        }
        for choice in &filed.choices {
            // An answer stands under nobody's account either, and answers all that was filed with the act.
            let base = choice.id.split('+').next().unwrap_or_default();
            if let Some((_, Choice { act: Act::Answer { outcome, .. }, received_at, .. })) = find(reader, &format!("{base}+answer"))? {
                filed.answers.insert(choice.id.clone(), (outcome, received_at));
            }
            if choice.provisional && !filed.confirmed.contains(&choice.id) {
                // A void stands under nobody's account; it is found by its id.
                let Some(index) = reader.find(&format!("{}+void", choice.id))? else { continue };
                let Some(row) = reader.opening(index)? else { continue };
                if let Ok(Event::Void(void)) = Event::from_bytes(row.entry.kind, &row.body) {
                    voids.push(void);
                }
            }
        }
        filed.voids = voids.into_iter().map(|void| (void.voids.clone(), void)).collect();
        Ok(filed)
    }

    pub(crate) fn is_confirmed(&self, choice: &Choice) -> bool {
        !choice.provisional || self.confirmed.contains(&choice.id)
    }

    pub(crate) fn void_of(&self, choice: &Choice) -> Option<&Void> {
        self.voids.get(&choice.id).filter(|_| !self.is_confirmed(choice))
    }

    pub(crate) fn answer_to(&self, choice: &Choice) -> Option<(Outcome, Instant)> {
        self.answers.get(&choice.id).copied()
    }

    /// The acts that count at a moment.
    pub(crate) fn counting(&self, now: Instant) -> Vec<Choice> {
        let counts = |choice: &&Choice| self.void_of(choice).is_none_or(|void| void.effective_at > now);
        self.choices.iter().filter(counts).cloned().collect()
    }

    /// Whether an objection was withdrawn by a later act.
    pub(crate) fn is_withdrawn(&self, id: &str) -> bool {
        self.choices
            .iter()
            .any(|choice| matches!(&choice.act, Act::Withdraw { of } | Act::WithdrawConsent { of } | Act::Unlink { of } if of == id))
    }
}

/// What stands under an id, if the register has it and it was not erased.
pub(crate) fn event(reader: &mut Reader, id: &str) -> Result<Option<Event>, RegisterError> {
    let Some(index) = reader.find(id)? else { return Ok(None) };
    let Some(row) = reader.opening(index)? else { return Ok(None) };
    Ok(Event::from_bytes(row.entry.kind, &row.body).ok())
}

/// The act with an id, if the register has it and it was not erased.
pub(crate) fn find(reader: &mut Reader, id: &str) -> Result<Option<(u64, Choice)>, RegisterError> {
    let Some(index) = reader.find(id)? else { return Ok(None) };
    let Some(row) = reader.opening(index)? else { return Ok(None) };
    Ok(match Event::from_bytes(row.entry.kind, &row.body) {
        Ok(Event::Choice(choice)) => Some((index, Choice { recorded_at: Some(row.entry.recorded_at), ..choice })),
        _ => None,
    })
}

/// The key of the text that names an act.
pub(crate) fn title(act: &Act) -> &'static str {
    match act {
        Act::Object { .. } => "act.object",
        Act::SetOff { .. } => "act.set-off",
        Act::SetOn { .. } => "act.set-on",
        Act::Withdraw { .. } => "act.withdraw",
        Act::Consent { .. } => "act.consent",
        Act::WithdrawConsent { .. } => "act.withdraw-consent",
        Act::Link { .. } => "act.link",
        Act::Unlink { .. } => "act.unlink",
        Act::Erase { .. } => "act.erase",
        Act::Signal { .. } => "act.signal",
        Act::Answer { .. } => "act.answer",
        Act::Unreadable => "act.unreadable",
    }
}

/// What an act covers, in sentences.
pub(crate) fn scope(app: &App, speech: &Speech, act: &Act) -> Vec<String> {
    let (uses, recipients) = match act {
        Act::Object { uses, recipients, .. } | Act::Consent { uses, recipients } => (uses, recipients),
        Act::SetOff { control } | Act::SetOn { control } => return vec![control_title(app, speech, control)],
        Act::Withdraw { of } | Act::WithdrawConsent { of } | Act::Unlink { of } | Act::Answer { of, .. } => {
            let mut lines = vec![speech.say("act.of", &[("number", of)])];
            if let Act::Answer { outcome, .. } = act {
                lines.push(speech.say(if *outcome == Outcome::Upheld { "act.upheld" } else { "act.refused" }, &[]));
            }
            return lines;
        }
        Act::Link { .. } | Act::Erase { .. } | Act::Signal { .. } | Act::Unreadable => return Vec::new(),
    };
    let mut lines = Vec::new();
    match uses {
        None => lines.push(speech.say("act.all", &[])),
        Some(uses) if uses.contains(&Pattern::Any) => lines.push(speech.say("act.all", &[])),
        Some(uses) => {
            let names: Vec<String> = uses.iter().map(|one| use_title(app, speech, one)).collect();
            lines.push(speech.say("act.uses", &[("uses", &names.join(", "))]));
        }
    }
    if let Some(recipients) = recipients.as_ref().filter(|recipients| !recipients.contains(&Pattern::Any)) {
        let names: Vec<String> = recipients.iter().map(|one| recipient_name(speech, &text(one))).collect();
        lines.push(speech.say("act.recipients", &[("recipients", &names.join(", "))]));
    }
    lines
}

/// What else is to be said of an act: who sent it, whether it is confirmed.
pub(crate) fn remarks(speech: &Speech, choice: &Choice, confirmed: bool) -> Vec<String> {
    let mut lines = Vec::new();
    match choice.by {
        Some(By::Parent | By::Guardian) => lines.push(speech.say("act.by-parent", &[])),
        // Whoever files with a mailbox for an account is not known to be its holder, and is taken for another until it is confirmed.
        Some(By::Agent) if !choice.provisional => lines.push(speech.say("act.by-agent", &[])),
        _ => {}
    }
    if choice.provisional {
        lines.push(speech.say(if confirmed { "act.confirmed" } else { "act.provisional" }, &[]));
    }
    lines
}

/// A pattern, as it is written in acts.
pub(crate) fn text(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Any => "*".to_owned(),
        Pattern::Prefix(prefix) => format!("{prefix}*"),
        Pattern::Exact(exact) => exact.clone(),
    }
}

/// What a use is called, in plain text.
pub(crate) fn use_title(app: &App, speech: &Speech, pattern: &Pattern) -> String {
    let id = text(pattern);
    let found = app.policies.policies.values().flat_map(|policy| policy.versions.iter().rev()).flat_map(|version| &version.uses);
    let title = found.into_iter().find(|one| one.id == id).map(|one| speech.policy.words.say(&one.title));
    title.unwrap_or(id)
}

/// What a control is called, in plain text.
pub(crate) fn control_title(app: &App, speech: &Speech, id: &str) -> String {
    let found = app.policies.policies.values().flat_map(|policy| policy.versions.iter().rev()).flat_map(|version| &version.controls);
    let title = found.into_iter().find(|one| one.id == id).map(|one| speech.policy.words.say(&one.title));
    title.unwrap_or_else(|| id.to_owned())
}

/// What a recipient is called.
pub(crate) fn recipient_name(speech: &Speech, id: &str) -> String {
    speech.policy.words.recipient.get(id).cloned().unwrap_or_else(|| id.strip_prefix("third:").unwrap_or(id).to_owned())
}
