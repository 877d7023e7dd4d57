//! The rules, each with the article it rests on.
//!
//! Ids beginning with `L` are rules about regimes of AI training, those with `G` follow an article of the GDPR (Regulation (EU) 2016/679)
//! directly. Where both say the same there is one rule, and `also` names the other.

mod access;
mod basis;
mod project;
mod retention;
mod time;

pub use access::WITHDRAWAL_STEPS_MAX;
pub use time::NOTICE_DAYS_MIN;

use super::finding::Severity;
use super::look::{Look, Out};

/// A rule.
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// Ids of rules it answers too.
    pub also: &'static [&'static str],
    /// What it rests on.
    pub article: &'static str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// What weighs otherwise, by what is seen.
    pub weights: &'static [(&'static str, Severity)],
    /// The facts it reads, by their keys.
    pub reads: &'static [&'static str],
    pub(super) check: for<'a> fn(&'a Look<'a>, &mut Out<'a>),
}

impl Rule {
    /// Whether it rests on a law, not on this project's own wishes.
    pub fn of_law(&self) -> bool {
        self.article != PROJECT
    }

    /// How much a finding of this variant weighs, before it is lowered.
    pub fn weight(&self, variant: &str) -> Severity {
        self.weights.iter().find(|(known, _)| *known == variant).map_or(self.severity, |(_, severity)| *severity)
    }
}

/// What rules rest on that no law asks for.
const PROJECT: &str = "a rule of this project";

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// The rule with an id, or with an id among those it answers too.
pub fn lookup(id: &str) -> Option<&'static Rule> {
    RULES.iter().chain(SUPPRESSION_RULES).find(|rule| rule.id == id || rule.also.contains(&id))
}

macro_rules! rule {
    ($id:literal $(also $also:literal)?, $article:expr, $severity:ident $(($($variant:literal $weight:ident),*))?, [$($reads:literal),*], $check:path) => {
        Rule {
            id: $id,
            also: &[$($also)?],
            article: $article,
            severity: Severity::$severity,
            weights: &[$($(($variant, Severity::$weight)),*)?],
            reads: &[$($reads),*],
            check: $check,
        }
    };
}

/// All rules, by id.
pub static RULES: &[Rule] = &[
    rule!("G-01", "5(1)(a), 13(1)(c), 14(1)(c) GDPR", Mismatch, ["legal_basis", "declared", "effective", "collection_began"], basis::g01),
    rule!("G-02", "4(11), 7, recital 32 GDPR", Mismatch, ["legal_basis", "default"], basis::g02),
    rule!(
        "G-03",
        "7(3) GDPR",
        Caution,
        ["legal_basis", "reason_required", "id_document_required", "deadline_closes_right", "steps"],
        access::g03
    ),
    rule!("G-04", "6(1)(f), 13(1)(d), recital 47 GDPR", Caution, ["legal_basis", "interest", "assessment"], basis::g04),
    rule!("G-06", "21(4) GDPR", Mismatch, ["separate_notice"], time::g06),
    rule!("G-07", "21(1) GDPR", Mismatch, ["deadline", "deadline_closes_right"], access::g07),
    rule!("G-14", "21(5) GDPR", Caution, ["signal"], access::g14),
    rule!("G-20", "12(6), 5(1)(c) GDPR", Mismatch, ["id_document_required"], access::g20),
    rule!("G-22", "13(3), 14(4), 6(4) GDPR", Mismatch("general" Caution), ["notice", "announced", "collection_began"], time::g22),
    rule!("G-23", "14(3), 14(5)(b) GDPR", Caution, ["from_others", "registered", "notice"], time::g23),
    rule!("G-26", "9 GDPR", Caution, ["special_categories", "art9"], basis::g26),
    rule!("G-29", "8, 12(1), recitals 38 and 58 GDPR", Info, ["min_age", "default"], basis::g29),
    rule!("G-30", "13(1)(b), 13(2)(d), 77 GDPR", Mismatch, ["complaint_named", "contact"], project::g30),
    rule!("L-01" also "G-05", "21(1), 12(2) GDPR", Mismatch("basis" Caution), ["controls", "default", "legal_basis"], basis::l01),
    rule!(
        "L-02" also "G-06",
        "21(4), 13(2)(b) GDPR",
        Mismatch("late-ground" Caution),
        ["collection_began", "control_first_offered", "default", "legal_basis"],
        time::l02
    ),
    rule!("L-03" also "G-25", "25(1), 25(2) GDPR", Caution, ["default", "controls"], basis::l03),
    rule!("L-04", "12(2), 11 GDPR", Caution, ["requires_login"], access::l04),
    rule!("L-05", "13(3) GDPR; EDPB Opinion 28/2024", Caution("never" Mismatch), ["announced", "collection_began", "effective"], time::l05),
    rule!("L-06", "4(11), 25 GDPR; EDPB Opinion 28/2024", Caution, ["recipients", "controls", "purpose", "default"], basis::l06),
    rule!("L-07" also "G-24", "5(1)(e), 13(2)(a) GDPR", Caution, ["kept"], retention::l07),
    rule!("L-08", "12(1), 12(2), 21(4) GDPR", Caution, ["control_named"], basis::l08),
    rule!("L-09", "5(1)(a) GDPR", Caution, ["control_covers"], basis::l09),
    rule!(
        "L-10",
        "13(3), 14(4) GDPR",
        Caution("new-never" Mismatch, "new-late" Mismatch, "more-never" Mismatch, "more-late" Mismatch),
        ["announced", "effective", "published"],
        time::l10
    ),
    rule!("L-11", "5(1)(a) GDPR", Caution, ["claim", "min_age"], basis::l11),
    rule!("L-12", "21(1), 12(2) GDPR", Caution, ["reason_required", "conditional"], access::l12),
    rule!("L-13", "12(2) GDPR", Caution, ["repeat_per"], access::l13),
    rule!("L-14", "21, 14 GDPR", Caution, ["from_others", "registered", "controls", "non_users"], access::l14),
    rule!("L-15", "12(2) GDPR", Caution, ["clients"], access::l15),
    rule!("L-16", "11(2), 12(2), 12(6) GDPR", Caution, ["evidence_required"], access::l16),
    rule!("L-17", "5(2), 12(3) GDPR", Caution, ["confirmation"], access::l17),
    rule!("L-18", "17 GDPR", Caution, ["deletion_reaches_training"], retention::l18),
    rule!("L-19", "13(1)(e) GDPR; CJEU C-154/21", Caution, ["recipients"], basis::l19),
    rule!("L-20", "12 GDPR", Caution("renamed" Info), ["controls", "title"], access::l20),
    rule!("L-21", "5(1)(a) GDPR", Caution, ["claim", "recipients", "default"], basis::l21),
    rule!("L-22", PROJECT, Info("none" Caution), ["sources", "evidence"], project::l22),
    rule!("L-23", PROJECT, Caution, ["sources", "evidence", "dispute"], project::l23),
];

/// What is said of suppressions themselves.
pub static SUPPRESSION_RULES: &[Rule] =
    &[rule!("S-01", PROJECT, Caution, ["until"], nothing), rule!("S-02", PROJECT, Caution, ["on"], nothing)];

fn nothing<'a>(_: &'a Look<'a>, _: &mut Out<'a>) {}
