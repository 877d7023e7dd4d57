//! What changed in the ways to say no.

use std::collections::BTreeSet;

use bezwaar_core::policy::{Control, Version};

use super::{About, Direction, List};

/// Compares the controls both versions have. That one came or went is said at the uses it serves.
pub(super) fn compare(old: &Version, new: &Version, list: &mut List) {
    for before in &old.controls {
        if let Some(after) = new.lookup_control(&before.id) {
            list.about = About::Control(after.id.clone());
            one(before, after, list);
        }
    }
}

fn one(before: &Control, after: &Control, list: &mut List) {
    list.text("title", &before.title, &after.title, Direction::Changed);
    list.text("kind", &before.kind, &after.kind, Direction::Changed);
    list.optional("url", before.url.clone(), after.url.clone(), |_, _| Direction::Changed);
    list.when("first_offered", before.first_offered, after.first_offered, |_, _| Direction::Changed);
    let (old, new) = (&before.details, &after.details);
    list.optional("covers", old.covers.clone(), new.covers.clone(), |_, _| Direction::Changed);
    list.optional("deadline", old.deadline.clone(), new.deadline.clone(), |_, _| Direction::Changed);
    let harder = [
        ("requires_login", old.requires_login, new.requires_login),
        ("reason_required", old.reason_required, new.reason_required),
        ("evidence_required", old.evidence_required, new.evidence_required),
        ("conditional", old.conditional, new.conditional),
        ("deadline_closes_right", old.deadline_closes_right, new.deadline_closes_right),
        ("id_document_required", old.id_document_required, new.id_document_required),
    ];
    for (fact, before, after) in harder {
        list.truth(fact, before, after, Direction::Widened);
    }
    list.truth("confirmation", old.confirmation, new.confirmation, Direction::Narrowed);
    list.truth("non_users", old.non_users, new.non_users, Direction::Narrowed);
    list.optional("steps", old.steps, new.steps, |before, after| Direction::of_growth(Some(after.cmp(before))));
    known_sets("clients", old.clients.clone(), new.clients.clone(), Direction::Narrowed, list);
    let words = |set: &BTreeSet<bezwaar_core::policy::Repeat>| set.iter().map(|word| word.as_str().to_owned()).collect();
    known_sets("repeat_per", old.repeat_per.as_ref().map(words), new.repeat_per.as_ref().map(words), Direction::Widened, list);
}

/// Two lists that may not be known; where one is not, it cannot be told.
fn known_sets(fact: &'static str, before: Option<BTreeSet<String>>, after: Option<BTreeSet<String>>, added: Direction, list: &mut List) {
    match (before, after) {
        (Some(before), Some(after)) => list.sets(fact, before, after, added),
        (None, None) => {}
        (before, after) => {
            let shown = |set: Option<BTreeSet<String>>| set.map_or(vec!["unknown".to_owned()], |set| set.into_iter().collect());
            list.push(fact, Direction::Unclear, shown(before), shown(after));
        }
    }
}
