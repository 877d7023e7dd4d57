//! Names in an act that no policy and no service knows: perhaps a slip of the pen, and then a no that reaches nothing.

use super::model::{PolicySet, Use};
use crate::choice::{Act, Choice};
use crate::pattern::Pattern;

/// What of an act names something nobody knows, a sentence each. An act is taken all the same: tomorrow's policy may know the name. With no policies
/// at all, nothing is strange.
pub fn strange_names(policies: &PolicySet, choice: &Choice) -> Vec<String> {
    let mut found = Vec::new();
    if policies.policies.is_empty() {
        return found;
    }
    if let Some(service) = choice.person.as_ref().filter(|person| person.has_service()).map(crate::account::Account::service) {
        let versions = policies.policies.values().flat_map(|policy| &policy.versions);
        let known = policies.services.iter().any(|(known, _)| known == service)
            || versions.flat_map(|version| &version.services).any(|known| known == service);
        if !known {
            found.push(format!("no policy knows the service `{service}`, so this reaches no record of theirs"));
        }
    }
    let uses = || policies.policies.values().flat_map(|policy| &policy.versions).flat_map(|version| &version.uses);
    let no_use = |pattern: &&Pattern| !uses().any(|one| pattern.matches_any_case(&one.id));
    let no_recipient = |pattern: &&Pattern| !uses().any(|one| reaches(one, pattern));
    match &choice.act {
        Act::Object { uses, recipients, .. } | Act::Consent { uses, recipients } => {
            let uses = uses.iter().flatten().filter(no_use);
            found.extend(uses.map(|pattern| format!("no policy has a use `{}`", said(pattern))));
            let recipients = recipients.iter().flatten().filter(no_recipient);
            found.extend(recipients.map(|pattern| format!("no policy has a recipient `{}`", said(pattern))));
        }
        Act::SetOff { control } | Act::SetOn { control } => {
            let mut controls = policies.policies.values().flat_map(|policy| &policy.versions).flat_map(|version| &version.controls);
            if !controls.any(|known| known.id == *control) {
                found.push(format!("no policy has a control `{control}`"));
            }
        }
        _ => {}
    }
    found
}

fn reaches(one: &Use, pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any => true,
        Pattern::Prefix(_) => one.recipients.iter().any(|recipient| pattern.matches_any_case(recipient)),
        Pattern::Exact(name) => one.reaches(name) || one.recipients.iter().any(|recipient| pattern.matches_any_case(recipient)),
    }
}

fn said(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Any => "*".to_owned(),
        Pattern::Prefix(text) => format!("{text}*"),
        Pattern::Exact(text) => text.clone(),
    }
}
