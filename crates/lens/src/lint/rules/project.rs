//! Rules about the policy as it is written down, and about what a version must name.

use std::collections::BTreeSet;

use bezwaar_core::policy::{Source, When};

use super::super::look::{Look, Out, Spot};

/// The text names the right to complain, and how to reach who answers.
pub(super) fn g30<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    if look.uses().next().is_none() {
        return;
    }
    match look.version.complaint_named {
        Some(false) => out.fires("complaint", &[Spot::Version("complaint_named")], &[]),
        Some(true) => {}
        None => out.unknown(&[Spot::Version("complaint_named")]),
    }
    match look.version.contact.as_deref() {
        Some("none") => out.fires("contact", &[Spot::Version("contact")], &[]),
        Some(_) => {}
        None => out.unknown(&[Spot::Version("contact")]),
    }
}

/// Facts about how things are under a version, as against days in the past and what the file calls things.
const STATE: &[&str] = &[
    "recipients",
    "legal_basis",
    "default",
    "controls",
    "retention",
    "on_deletion",
    "control_named",
    "control_covers",
    "interest",
    "assessment",
    "special_categories",
    "art9",
    "deletion_reaches_training",
    "from_others",
    "requires_login",
    "reason_required",
    "evidence_required",
    "confirmation",
    "covers",
    "clients",
    "conditional",
    "deadline",
    "deadline_closes_right",
    "id_document_required",
    "repeat_per",
    "non_users",
    "steps",
];

/// Facts by their keys.
type Facts<'a> = Vec<(&'static str, Spot<'a>)>;

/// Every fact of a use or control that stands in the file and says something.
fn stated<'a>(look: &'a Look<'a>, out: &Out<'a>) -> Vec<Facts<'a>> {
    let uses = look.version.uses.iter().map(|one| (Spot::Use(one, "id"), None, Some(one)));
    let controls = look.version.controls.iter().map(|control| (Spot::Control(control, "id"), Some(control), None));
    let facts = |(whole, control, one): (Spot<'a>, Option<&'a bezwaar_core::policy::Control>, Option<&'a bezwaar_core::policy::Use>)| {
        let keys = out.keys(whole);
        STATE
            .iter()
            .filter(|fact| keys.contains(*fact))
            .filter_map(|fact| match (control, one) {
                (Some(control), _) => Some((*fact, Spot::Control(control, fact))),
                (_, Some(one)) => Some((*fact, Spot::Use(one, fact))),
                _ => None,
            })
            .filter(|(_, spot)| out.value(*spot).is_some_and(|value| value != "unknown"))
            .collect()
    };
    uses.chain(controls).map(facts).collect()
}

/// Every fact has a source, no older than what it supports, and better than weak.
pub(super) fn l22<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    let since = look.version.published.day().unwrap_or(look.version.effective);
    for facts in stated(look, out) {
        let mut groups: [(&'static str, Facts<'a>); 3] = [("none", Vec::new()), ("old", Vec::new()), ("weak", Vec::new())];
        let mut undated: Vec<Spot<'a>> = Vec::new();
        for (fact, spot) in facts {
            let sources = out.behind(spot);
            let newest = sources.iter().filter_map(|source| source.date.day()).max();
            let [none, old, weak] = &mut groups;
            if sources.is_empty() {
                none.1.push((fact, spot));
            } else if newest.is_some_and(|day| day < since) && sources.iter().all(|source| source.date != When::Unknown) {
                old.1.push((fact, spot));
            } else if newest.is_none() {
                undated.push(spot);
            }
            if !sources.is_empty() && sources.iter().all(|source| matches!(source.grade.as_str(), "W" | "K")) {
                weak.1.push((fact, spot));
            }
        }
        for (variant, facts) in groups.into_iter().filter(|(_, facts)| !facts.is_empty()) {
            let values = [("facts", facts.iter().map(|(fact, _)| *fact).collect::<Vec<_>>().join(", ")), ("since", since.to_string())];
            let spots: Vec<Spot<'a>> = facts.into_iter().map(|(_, spot)| spot).collect();
            out.fires(variant, &spots, &values);
        }
        if !undated.is_empty() {
            let sources: BTreeSet<&str> =
                undated.iter().flat_map(|spot| out.behind(*spot)).map(|source: &Source| source.id.as_str()).collect();
            let spots: Vec<Spot<'a>> =
                look.version.sources.iter().filter(|source| sources.contains(source.id.as_str())).map(Spot::Source).collect();
            out.unknown(&spots);
        }
    }
}

/// What good sources dispute is written as disputed.
pub(super) fn l23<'a>(look: &'a Look<'a>, out: &mut Out<'a>) {
    for facts in stated(look, out) {
        let disputed = |spot: Spot<'a>| {
            let sources = out.behind(spot);
            !sources.is_empty() && sources.iter().all(|source| source.grade == "D")
        };
        let told = |fact: &str, spot: Spot<'a>| {
            let uses: Vec<&str> = match spot {
                Spot::Use(one, _) => vec![&one.id],
                Spot::Control(control, _) => {
                    look.version.uses.iter().filter(|one| one.controls.contains(&control.id)).map(|one| one.id.as_str()).collect()
                }
                _ => Vec::new(),
            };
            look.version.disputes.iter().any(|dispute| {
                let about = dispute.facts.is_empty() || dispute.facts.iter().any(|key| key == fact);
                about && dispute.uses.iter().any(|id| uses.contains(&id.as_str()))
            })
        };
        let certain: Facts<'a> = facts.into_iter().filter(|(fact, spot)| disputed(*spot) && !told(fact, *spot)).collect();
        if !certain.is_empty() {
            let names = certain.iter().map(|(fact, _)| *fact).collect::<Vec<_>>().join(", ");
            let spots: Vec<Spot<'a>> = certain.into_iter().map(|(_, spot)| spot).collect();
            out.fires("certain", &spots, &[("facts", names)]);
        }
    }
}
