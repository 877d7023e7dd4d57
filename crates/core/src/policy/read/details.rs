//! Reads controls, claims and the optional facts of uses.

use std::collections::{BTreeMap, BTreeSet};

use super::super::details::{Assessment, Claim, ClaimKind, ControlDetails, Covers, Kept, Named, Notice, Period, Repeat, UseDetails};
use super::super::model::{Control, Use};
use super::{Reader, when};
use crate::grammar::Node;

/// The facts of a control that are shown by name, as they are written.
const SHOWN: &[&str] = &[
    "requires_login",
    "reason_required",
    "evidence_required",
    "confirmation",
    "covers",
    "conditional",
    "deadline",
    "deadline_closes_right",
    "id_document_required",
    "non_users",
];

impl Reader<'_, '_> {
    pub(super) fn control(&mut self, node: &Node<'_, '_>) -> Control {
        let mut facts = BTreeMap::new();
        for name in SHOWN {
            let value = node.bool(name).map(|truth| truth.to_string()).or_else(|| node.opt_text(name));
            facts.extend(value.map(|value| ((*name).to_owned(), value)));
        }
        for name in ["clients", "repeat_per"] {
            let list = node.texts(name).map(|_| node.plain_texts(name).join(", "));
            facts.extend(list.map(|list| (name.to_owned(), if list.is_empty() { "none".to_owned() } else { list })));
        }
        facts.extend(node.int("steps").map(|steps| ("steps".to_owned(), steps.to_string())));
        Control {
            id: node.text("id"),
            title: node.text("title"),
            kind: node.text("kind"),
            url: node.opt_text("url"),
            first_offered: when(node, "first_offered"),
            facts,
            details: self.control_details(node),
            sources: self.known_sources(node),
            evidence: self.evidence(node, "the control"),
        }
    }

    fn control_details(&mut self, node: &Node<'_, '_>) -> ControlDetails {
        ControlDetails {
            requires_login: node.bool("requires_login"),
            reason_required: node.bool("reason_required"),
            evidence_required: node.bool("evidence_required"),
            confirmation: node.bool("confirmation"),
            covers: node.opt_text("covers"),
            clients: node.texts("clients").map(|_| node.plain_texts("clients").into_iter().collect()),
            conditional: node.bool("conditional"),
            deadline: node.opt_text("deadline"),
            deadline_closes_right: node.bool("deadline_closes_right"),
            id_document_required: node.bool("id_document_required"),
            repeat_per: self.repeat_per(node),
            non_users: node.bool("non_users"),
            steps: node.int("steps"),
            at_latest: self.at_latest(node),
        }
    }

    fn repeat_per(&mut self, node: &Node<'_, '_>) -> Option<BTreeSet<Repeat>> {
        let mut found = BTreeSet::new();
        for (word, span) in node.texts("repeat_per")? {
            match Repeat::lookup(&word) {
                Some(repeat) => {
                    found.insert(repeat);
                }
                None => {
                    let known = format!("known are {}; [] says that once is enough", Repeat::WORDS.join(", "));
                    let help = match crate::problem::nearest(&word, Repeat::WORDS.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`? {known}"),
                        None => known,
                    };
                    self.problem(span, format!("`repeat_per` has the unknown word `{word}`"), Some(help));
                }
            }
        }
        Some(found)
    }

    pub(super) fn use_details(&mut self, node: &Node<'_, '_>) -> UseDetails {
        let word = |name: &str| node.text(name);
        UseDetails {
            control_named: Named::lookup(&word("control_named")),
            control_covers: Covers::lookup(&word("control_covers")),
            interest: node.opt_text("interest"),
            assessment: Assessment::lookup(&word("assessment")),
            special_categories: node.bool("special_categories"),
            art9: node.opt_text("art9"),
            deletion_reaches_training: node.bool("deletion_reaches_training"),
            separate_notice: node.bool("separate_notice"),
            notice: Notice::lookup(&word("notice")),
            from_others: node.bool("from_others"),
            kept: self.kept(node),
            at_latest: self.at_latest(node),
        }
    }

    /// Facts that have a day which may be later than the true one.
    fn at_latest(&mut self, node: &Node<'_, '_>) -> BTreeSet<String> {
        let named = node.texts("at_latest").unwrap_or_default();
        for (fact, span) in &named {
            if when(node, fact).day().is_none() {
                let help = format!("write the latest day it can have been at `{fact}`, or leave it out here");
                self.problem(span.clone(), format!("`at_latest` names `{fact}`, which has no day"), Some(help));
            }
        }
        named.into_iter().map(|(fact, _)| fact).collect()
    }

    fn kept(&mut self, node: &Node<'_, '_>) -> Vec<Kept> {
        let rows = node.tables("kept");
        self.unique(&rows, "what", "row for");
        rows.iter()
            .map(|row| Kept {
                what: row.text("what"),
                // The grammar let nothing else through.
                period: Period::lookup(&row.text("for")).unwrap_or(Period::Unknown),
                clause: row.opt_text("clause"),
                sources: self.known_sources(row),
            })
            .collect()
    }

    pub(super) fn claim(&mut self, node: &Node<'_, '_>, uses: &[Use]) -> Claim {
        let ids = uses.iter().map(|one| one.id.clone()).collect();
        let kind = ClaimKind::lookup(&node.text("kind")).unwrap_or(ClaimKind::Other);
        let age_min = node.int("age_min");
        if age_min.is_some() && kind != ClaimKind::Audience {
            let help = "an age belongs to kind = \"audience\"".to_owned();
            self.problem(node.span_of("age_min"), "only a claim about an audience has an age", Some(help));
        }
        Claim {
            id: node.text("id"),
            kind,
            holder: node.text("holder"),
            says: node.text("says"),
            uses: self.known(node, "uses", "use", &ids),
            age_min,
            sources: self.known_sources(node),
        }
    }
}
