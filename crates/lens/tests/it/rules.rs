//! Each rule three times: a policy on which it fires, one on which it must not, and one where the fact is not known.

use std::collections::BTreeSet;

use bezwaar_core::policy::read::PolicyFile;
use bezwaar_lens::lint::report::{fold, said, total};
use bezwaar_lens::lint::rules::SUPPRESSION_RULES;
use bezwaar_lens::lint::{Finding, RULES, Report, Severity};
use bezwaar_lens::plain::Language;
use bezwaar_lens::words::Words;

use crate::{all, read, version};

/// What replaces what in the clean policy.
type Changes = &'static [(&'static str, &'static str)];

/// A rule's three cases.
struct Case {
    rule: &'static str,
    /// Changes that make it fire, and the variant of what it sees.
    fires: (Changes, &'static str),
    /// Changes after which it must not, though it was near.
    clear: Changes,
    /// Changes after which it cannot tell; `None` where every value of the fact is known.
    unknown: Option<Changes>,
}

const ON: (&str, &str) = ("default = \"off\"", "default = \"on\"");
const SILENT: (&str, &str) = ("default = \"off\"", "default = \"unknown\"");
const CONSENT: (&str, &str) = ("legal_basis = \"legitimate-interests\"", "legal_basis = \"consent\"");
const NO_CONTROLS: (&str, &str) = ("controls = [\"club/model-setting\"]", "controls = []");
const THIRD: (&str, &str) = ("recipients = [\"lab\"]", "recipients = [\"third:*\"]");
const FORM: (&str, &str) = ("kind = \"setting\"", "kind = \"form\"");

const CASES: &[Case] = &[
    Case {
        rule: "G-01",
        fires: (&[("collection_began = \"2026-01-01\"", "collection_began = \"2025-12-02\"")], "later"),
        clear: &[("collection_began = \"2026-01-01\"", "collection_began = \"2026-02-01\"")],
        unknown: Some(&[("collection_began = \"2026-01-01\"", "collection_began = \"unknown\"")]),
    },
    Case {
        rule: "G-01",
        fires: (&[("legal_basis = \"legitimate-interests\"", "legal_basis = \"none\"")], "none"),
        clear: &[("legal_basis = \"legitimate-interests\"", "legal_basis = \"contract\"")],
        unknown: Some(&[("legal_basis = \"legitimate-interests\"", "legal_basis = \"unknown\"")]),
    },
    Case { rule: "G-01", fires: (&[("declared = \"text\"", "declared = \"practice\"")], "practice"), clear: &[], unknown: None },
    Case { rule: "G-02", fires: (&[CONSENT, ON], "on"), clear: &[CONSENT], unknown: Some(&[CONSENT, SILENT]) },
    Case {
        rule: "G-03",
        fires: (&[CONSENT, ("steps = 3", "steps = 11")], "steps"),
        clear: &[CONSENT, ("steps = 3", "steps = 10")],
        unknown: Some(&[CONSENT, ("steps = 3\n", "")]),
    },
    Case {
        rule: "G-03",
        fires: (&[CONSENT, ("reason_required = false", "reason_required = true")], "reason"),
        clear: &[("reason_required = false", "reason_required = true")],
        unknown: Some(&[CONSENT, ("reason_required = false", "reason_required = \"unknown\"")]),
    },
    Case {
        rule: "G-03",
        fires: (&[CONSENT, ("id_document_required = false", "id_document_required = true")], "document"),
        clear: &[("id_document_required = false", "id_document_required = true")],
        unknown: Some(&[CONSENT, ("id_document_required = false\n", "")]),
    },
    Case {
        rule: "G-03",
        fires: (&[CONSENT, ("deadline_closes_right = false", "deadline_closes_right = true\ndeadline = \"2026-05-26\"")], "deadline"),
        clear: &[CONSENT, ("deadline_closes_right = false", "deadline_closes_right = false\ndeadline = \"2026-05-26\"")],
        unknown: Some(&[CONSENT, ("deadline_closes_right = false\n", "")]),
    },
    Case {
        rule: "G-04",
        fires: (&[("assessment = \"published\"", "assessment = \"none\"")], "assessment"),
        clear: &[("assessment = \"published\"", "assessment = \"claimed\"")],
        unknown: Some(&[("assessment = \"published\"", "assessment = \"unknown\"")]),
    },
    Case {
        rule: "G-04",
        fires: (&[("interest = \"better answers\"", "interest = \"none\"")], "interest"),
        clear: &[CONSENT, ("interest = \"better answers\"", "interest = \"none\"")],
        unknown: Some(&[("interest = \"better answers\"\n", "")]),
    },
    Case {
        rule: "G-06",
        fires: (&[ON, ("separate_notice = true", "separate_notice = false")], "not"),
        clear: &[ON],
        unknown: Some(&[ON, ("separate_notice = true\n", "")]),
    },
    Case {
        rule: "G-07",
        fires: (&[("deadline_closes_right = false", "deadline_closes_right = true\ndeadline = \"2026-05-26\"")], "closes"),
        clear: &[("deadline_closes_right = false", "deadline_closes_right = false\ndeadline = \"2026-05-26\"")],
        unknown: Some(&[("deadline_closes_right = false", "deadline = \"2026-05-26\"")]),
    },
    Case {
        rule: "G-14",
        fires: (&[("means = \"no\"", "means = \"nothing\"")], "nothing"),
        clear: &[("means = \"no\"", "means = \"nothing\""), ("kind = \"setting\"", "kind = \"signal\"")],
        unknown: Some(&[("means = \"no\"", "means = \"open\"")]),
    },
    Case {
        rule: "G-20",
        fires: (&[("id_document_required = false", "id_document_required = true")], "document"),
        clear: &[],
        unknown: Some(&[("id_document_required = false\n", "")]),
    },
    Case {
        rule: "G-22",
        fires: (&[ON, ("notice = \"individual\"", "notice = \"none\"")], "none"),
        clear: &[ON],
        unknown: Some(&[ON, ("notice = \"individual\"", "notice = \"unknown\"")]),
    },
    Case {
        rule: "G-22",
        fires: (&[ON, ("announced = \"2025-11-01\"", "announced = \"2026-01-02\"")], "late"),
        clear: &[ON, ("announced = \"2025-11-01\"", "announced = \"2026-01-01\"")],
        unknown: None,
    },
    Case {
        rule: "G-22",
        fires: (&[ON, ("notice = \"individual\"", "notice = \"general\"")], "general"),
        clear: &[("notice = \"individual\"", "notice = \"general\"")],
        unknown: None,
    },
    Case {
        rule: "G-23",
        fires: (&[ON, ("notice = \"individual\"", "notice = \"none\"")], "none"),
        clear: &[ON, ("notice = \"individual\"", "notice = \"none\""), ("from_others = true", "from_others = false")],
        unknown: Some(&[ON, ("notice = \"individual\"\n", "")]),
    },
    Case {
        rule: "G-23",
        fires: (&[ON, ("notice = \"individual\"", "notice = \"none\""), ("from_others = true", "registered = false")], "none"),
        clear: &[ON, ("notice = \"individual\"", "notice = \"general\"")],
        unknown: Some(&[ON, ("from_others = true\n", "")]),
    },
    Case {
        rule: "G-26",
        fires: (&[("special_categories = false", "special_categories = true\nart9 = \"none\"")], "none"),
        clear: &[("special_categories = false", "special_categories = true\nart9 = \"9(2)(a)\"")],
        unknown: Some(&[("special_categories = false", "special_categories = true")]),
    },
    Case {
        rule: "G-29",
        fires: (&[ON, ("min_age = 18", "min_age = 17")], "minors"),
        clear: &[ON],
        unknown: Some(&[SILENT, ("min_age = 18\n", "")]),
    },
    Case {
        rule: "G-30",
        fires: (&[("complaint_named = true", "complaint_named = false")], "complaint"),
        clear: &[],
        unknown: Some(&[("complaint_named = true\n", "")]),
    },
    Case {
        rule: "G-30",
        fires: (&[("contact = \"privacy@club.example\"", "contact = \"none\"")], "contact"),
        clear: &[],
        unknown: Some(&[("contact = \"privacy@club.example\"\n", "")]),
    },
    Case { rule: "L-01", fires: (&[ON, NO_CONTROLS], "owed"), clear: &[NO_CONTROLS], unknown: Some(&[SILENT, NO_CONTROLS]) },
    Case {
        rule: "L-01",
        fires: (&[ON, NO_CONTROLS, ("legal_basis = \"legitimate-interests\"", "legal_basis = \"contract\"")], "basis"),
        clear: &[ON, NO_CONTROLS],
        unknown: None,
    },
    Case {
        rule: "L-01",
        fires: (&[ON, ("kind = \"setting\"", "kind = \"none\"")], "owed"),
        clear: &[ON, ("kind = \"setting\"", "kind = \"mail\"")],
        unknown: None,
    },
    Case {
        rule: "L-02",
        fires: (&[ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\"")], "late"),
        clear: &[ON],
        unknown: Some(&[ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"unknown\"")]),
    },
    Case {
        rule: "L-02",
        fires: (
            &[
                ON,
                ("legal_basis = \"legitimate-interests\"", "legal_basis = \"contract\""),
                ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\""),
            ],
            "late-ground",
        ),
        clear: &[ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\"")],
        unknown: None,
    },
    Case { rule: "L-03", fires: (&[ON, NO_CONTROLS], "alone"), clear: &[ON], unknown: Some(&[SILENT, NO_CONTROLS]) },
    Case { rule: "L-03", fires: (&[ON], "on"), clear: &[], unknown: Some(&[SILENT]) },
    Case {
        rule: "L-04",
        fires: (&[FORM], "login"),
        clear: &[],
        unknown: Some(&[FORM, ("requires_login = true", "requires_login = \"unknown\"")]),
    },
    Case {
        rule: "L-05",
        fires: (&[ON, ("announced = \"2025-11-01\"", "announced = \"2025-12-03\"")], "short"),
        clear: &[ON, ("announced = \"2025-11-01\"", "announced = \"2025-12-02\"")],
        unknown: Some(&[ON, ("announced = \"2025-11-01\"", "announced = \"unknown\"")]),
    },
    Case {
        rule: "L-05",
        fires: (&[ON, ("announced = \"2025-11-01\"", "announced = \"never\"")], "never"),
        clear: &[("announced = \"2025-11-01\"", "announced = \"never\"")],
        unknown: None,
    },
    Case { rule: "L-06", fires: (&[ON, THIRD, NO_CONTROLS], "third"), clear: &[ON, THIRD], unknown: Some(&[SILENT, THIRD, NO_CONTROLS]) },
    Case {
        rule: "L-07",
        fires: (&[("for = \"P2Y\"", "for = \"no-end\"")], "no-end"),
        clear: &[("for = \"P2Y\"", "for = \"account\"")],
        unknown: Some(&[("for = \"P2Y\"", "for = \"unknown\"")]),
    },
    Case {
        rule: "L-08",
        fires: (&[ON, ("control_named = \"by-name\"", "control_named = \"general-link\"")], "general"),
        clear: &[ON, NO_CONTROLS, ("control_named = \"by-name\"", "control_named = \"not-named\"")],
        unknown: Some(&[ON, ("control_named = \"by-name\"", "control_named = \"unknown\"")]),
    },
    Case {
        rule: "L-08",
        fires: (&[ON, ("control_named = \"by-name\"", "control_named = \"not-named\"")], "not"),
        clear: &[ON],
        unknown: None,
    },
    Case {
        rule: "L-09",
        fires: (&[ON, ("control_covers = \"all\"", "control_covers = \"part\"")], "part"),
        clear: &[ON],
        unknown: Some(&[ON, ("control_covers = \"all\"\n", "")]),
    },
    Case {
        rule: "L-09",
        fires: (&[ON, ("control_covers = \"all\"", "control_covers = \"title-only\"")], "title"),
        clear: &[("control_covers = \"all\"", "control_covers = \"title-only\"")],
        unknown: None,
    },
    Case {
        rule: "L-11",
        fires: (&[("min_age = 18", "min_age = 16")], "other"),
        clear: &[("min_age = 18", "min_age = 21")],
        unknown: Some(&[("age_min = 18\n", "")]),
    },
    Case { rule: "L-11", fires: (&[("min_age = 18\n", "")], "none"), clear: &[], unknown: None },
    Case {
        rule: "L-12",
        fires: (&[("reason_required = false", "reason_required = true")], "reason"),
        clear: &[],
        unknown: Some(&[("reason_required = false\n", "")]),
    },
    Case {
        rule: "L-12",
        fires: (&[("conditional = false", "conditional = true")], "conditional"),
        clear: &[],
        unknown: Some(&[("conditional = false", "conditional = \"unknown\"")]),
    },
    Case {
        rule: "L-13",
        fires: (&[("repeat_per = []", "repeat_per = [\"version\"]")], "repeat"),
        clear: &[],
        unknown: Some(&[("repeat_per = []\n", "")]),
    },
    Case {
        rule: "L-14",
        fires: (&[("non_users = true", "non_users = false")], "none"),
        clear: &[("non_users = true", "non_users = false"), ("from_others = true", "from_others = false")],
        unknown: Some(&[("from_others = true\n", "")]),
    },
    Case {
        rule: "L-14",
        fires: (&[("non_users = true", "non_users = false"), ("from_others = true", "from_others = false\nregistered = false")], "none"),
        clear: &[],
        unknown: Some(&[("non_users = true\n", "")]),
    },
    Case {
        rule: "L-15",
        fires: (&[ON, ("clients = [\"web\", \"app\"]", "clients = [\"web\"]")], "one"),
        clear: &[("clients = [\"web\", \"app\"]", "clients = [\"web\"]")],
        unknown: Some(&[ON, ("clients = [\"web\", \"app\"]\n", "")]),
    },
    Case {
        rule: "L-16",
        fires: (&[("evidence_required = false", "evidence_required = true")], "evidence"),
        clear: &[],
        unknown: Some(&[("evidence_required = false", "evidence_required = \"unknown\"")]),
    },
    Case {
        rule: "L-17",
        fires: (&[("confirmation = true", "confirmation = false")], "none"),
        clear: &[],
        unknown: Some(&[("confirmation = true\n", "")]),
    },
    Case {
        rule: "L-18",
        fires: (&[("deletion_reaches_training = true", "deletion_reaches_training = false")], "not"),
        clear: &[],
        unknown: Some(&[("deletion_reaches_training = true\n", "")]),
    },
    Case {
        rule: "L-19",
        fires: (&[THIRD], "unnamed"),
        clear: &[("recipients = [\"lab\"]", "recipients = [\"third:lab\"]")],
        unknown: Some(&[("recipients = [\"lab\"]", "recipients = [\"unknown\"]")]),
    },
    Case {
        rule: "L-19",
        fires: (&[("recipients = [\"lab\"]", "recipients = [\"third:lab\", \"third:*\"]")], "not-all"),
        clear: &[("recipients = [\"lab\"]", "recipients = [\"lab\", \"third:*\"]")],
        unknown: None,
    },
    Case { rule: "L-21", fires: (&[ON, THIRD], "sale"), clear: &[THIRD], unknown: Some(&[SILENT, THIRD]) },
    Case {
        rule: "L-22",
        fires: (&[("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = []")], "none"),
        clear: &[],
        unknown: Some(&[(
            "url = \"https://club.example/policy\"\ndate = \"2026-12-01\"",
            "url = \"https://club.example/policy\"\ndate = \"unknown\"",
        )]),
    },
    Case {
        rule: "L-22",
        fires: (
            &[(
                "url = \"https://club.example/policy\"\ndate = \"2026-12-01\"",
                "url = \"https://club.example/policy\"\ndate = \"2025-10-31\"",
            )],
            "old",
        ),
        clear: &[(
            "url = \"https://club.example/policy\"\ndate = \"2026-12-01\"",
            "url = \"https://club.example/policy\"\ndate = \"2025-11-01\"",
        )],
        unknown: None,
    },
    Case {
        rule: "L-22",
        fires: (&[("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = [\"blog\"]")], "weak"),
        clear: &[("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = [\"blog\", \"self\"]")],
        unknown: None,
    },
    Case {
        rule: "L-23",
        fires: (
            &[("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = [\"blog\"]"), ("grade = \"W\"", "grade = \"D\"")],
            "certain",
        ),
        clear: &[
            ("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = [\"blog\"]"),
            ("grade = \"W\"", "grade = \"D\""),
            ("facts = [\"collection_began\"]", "facts = [\"default\"]"),
        ],
        unknown: None,
    },
];

fn found(changes: Changes) -> Report {
    all(&read(&[version("2026-01-01", changes)]))
}

fn of<'r>(findings: &'r [Finding], rule: &str) -> Vec<&'r Finding> {
    findings.iter().filter(|finding| finding.rule.id == rule).collect()
}

#[test]
fn the_clean_policy_is_clean() {
    let report = found(&[]);
    assert_eq!(report.findings, [], "{:#?}", report.findings);
    assert_eq!(report.unknown, [], "{:#?}", report.unknown);
}

#[test]
fn each_rule_fires_is_silent_and_does_not_know() {
    for (place, case) in CASES.iter().enumerate() {
        let rule = case.rule;
        let report = found(case.fires.0);
        let fired = of(&report.findings, rule);
        let variants: Vec<&str> = fired.iter().map(|finding| finding.variant).collect();
        assert!(variants.contains(&case.fires.1), "case {place}: {rule} must see {}: {variants:?}", case.fires.1);
        for finding in fired {
            assert!(!finding.facts.is_empty() && finding.place.line > 1, "{rule}: {finding:?}");
        }
        let report = found(case.clear);
        let fired = of(&report.findings, rule);
        assert!(!fired.iter().any(|finding| finding.variant == case.fires.1), "case {place}: {rule} must not fire: {fired:?}");
        if let Some(unknown) = case.unknown {
            let report = found(unknown);
            assert!(of(&report.findings, rule).is_empty(), "case {place}: {rule} must not fire on what is not known");
            assert!(!of(&report.unknown, rule).is_empty(), "case {place}: {rule} must say what is not known");
        }
    }
}

/// What is seen by comparing two versions, or two uses: tested below. And what suppressions say of themselves, tested with them.
const VERSIONS: &[(&str, &[&str])] = &[
    ("L-06", &["shared"]),
    ("L-07", &["widened", "clause"]),
    ("L-10", &["more-short", "more-late", "more-never", "more-gap", "new-short", "new-late", "new-never", "new-gap"]),
    ("L-20", &["gone", "renamed"]),
    ("S-01", &["expired"]),
    ("S-02", &["unused"]),
];

/// Everything that a rule can see is seen in a test, and every rule has a case of what is not known: but those whose facts always are.
#[test]
fn no_sight_is_forgotten() {
    let texts = Words::of(Language::En).unwrap();
    let said = texts.rule.iter().flat_map(|(id, text)| text.saw.keys().map(move |variant| (id.as_str(), variant.as_str())));
    let cases = CASES.iter().map(|case| (case.rule, case.fires.1));
    let compared = VERSIONS.iter().flat_map(|(rule, variants)| variants.iter().map(move |variant| (*rule, *variant)));
    assert_eq!(said.collect::<BTreeSet<_>>(), cases.chain(compared).collect::<BTreeSet<_>>());
    let open: BTreeSet<&str> = CASES.iter().filter(|case| case.unknown.is_some()).map(|case| case.rule).collect();
    let always: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !open.contains(id)).collect();
    assert_eq!(always, ["L-10", "L-20", "L-23"]);
    // A weight of a variant is of one that there is.
    for rule in RULES {
        assert!(rule.weights.iter().all(|(variant, weight)| texts.rule[rule.id].saw.contains_key(*variant) && *weight != rule.severity));
    }
}

/// What is disputed and not known is not written as certain.
#[test]
fn a_disputed_fact_that_is_not_known_is_no_certainty() {
    let disputed = [("[use.evidence]\ndefault = [\"self\"]", "[use.evidence]\ndefault = [\"blog\"]"), ("grade = \"W\"", "grade = \"D\"")];
    let found = |more: &[(&str, &str)]| of(&found_owned(&[&disputed[..], more].concat()).findings, "L-23").len();
    assert_eq!((found(&[]), found(&[SILENT])), (1, 0));
}

/// No rule without its cases; those that compare versions have theirs below.
#[test]
fn no_rule_is_forgotten() {
    let tested: BTreeSet<&str> = CASES.iter().map(|case| case.rule).chain(VERSIONS.iter().map(|(rule, _)| *rule)).collect();
    let all: BTreeSet<&str> = RULES.iter().chain(SUPPRESSION_RULES).map(|rule| rule.id).collect();
    assert_eq!(tested, all);
    let mut sorted: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, RULES.iter().map(|rule| rule.id).collect::<Vec<_>>(), "sorted by id");
}

fn second(day: &str, changes: &[(&str, &str)]) -> Report {
    let first: PolicyFile = version("2026-01-01", &[ON]);
    all(&read(&[first, version(day, &[&[ON], changes].concat())]))
}

fn variants(report: &Report, rule: &str) -> Vec<(String, &'static str)> {
    of(&report.findings, rule).iter().map(|finding| (finding.version.clone(), finding.variant)).collect()
}

const WIDER: (&str, &str) = ("categories = [\"post\", \"comment\"]", "categories = [\"post\", \"comment\", \"photo\"]");

#[test]
fn what_reaches_further_is_told_before() {
    let published = |day: &'static str| [WIDER, ("published = \"2025-11-01\"", day)];
    let day = "2026-03-01";
    assert_eq!(variants(&second(day, &published("published = \"2026-01-30\"")), "L-10"), [], "30 days before");
    for (told, variant) in [
        ("published = \"2026-01-31\"", "more-short"),
        ("published = \"2026-03-01\"", "more-late"),
        ("published = \"2026-04-01\"", "more-late"),
        ("published = \"never\"", "more-never"),
    ] {
        assert_eq!(variants(&second(day, &published(told)), "L-10"), [(day.to_owned(), variant)], "{told}");
    }
    let report = second(day, &published("published = \"unknown\""));
    assert_eq!(variants(&report, "L-10"), []);
    assert_eq!(of(&report.unknown, "L-10").len(), 1);
    // Whenever it was published: the version before is 20 days old.
    let report = second("2026-01-21", &published("published = \"unknown\""));
    assert_eq!(variants(&report, "L-10"), [("2026-01-21".to_owned(), "more-gap")]);
    assert_eq!(of(&report.findings, "L-10")[0].severity, Severity::Caution);
    // What gets narrower needs no notice.
    let narrower = ("categories = [\"post\", \"comment\"]", "categories = [\"post\"]");
    assert_eq!(variants(&second(day, &[narrower, ("published = \"2025-11-01\"", "published = \"never\"")]), "L-10"), []);
}

#[test]
fn retention_is_compared_with_the_version_before() {
    let day = "2026-03-01";
    let widened = second(day, &[("for = \"P2Y\"", "for = \"P25M\"")]);
    assert_eq!(variants(&widened, "L-07"), [(day.to_owned(), "widened")]);
    assert_eq!(variants(&second(day, &[("for = \"P2Y\"", "for = \"P24M\"")]), "L-07"), [], "the same in other words");
    assert_eq!(variants(&second(day, &[("for = \"P2Y\"", "for = \"P1Y\"")]), "L-07"), []);
    let clause = ("for = \"P2Y\"", "for = \"P2Y\"\nclause = \"longer-than-stated\"");
    assert_eq!(variants(&second(day, &[clause]), "L-07"), [(day.to_owned(), "clause")]);
    let both = [version("2026-01-01", &[clause]), version(day, &[clause])];
    assert_eq!(variants(&all(&read(&both)), "L-07"), [], "a clause that was there is not new");
}

#[test]
fn controls_stay_under_their_names() {
    let day = "2026-03-01";
    let renamed = ("title = \"Use my posts for the model\"", "title = \"Data sharing\"");
    let report = second(day, &[renamed]);
    assert_eq!(variants(&report, "L-20"), [(day.to_owned(), "renamed")]);
    assert_eq!(of(&report.findings, "L-20")[0].severity, Severity::Info);
    assert_eq!(variants(&second(day, &[NO_CONTROLS]), "L-20"), [(day.to_owned(), "gone")]);
    assert_eq!(variants(&second(day, &[]), "L-20"), []);
}

/// Weak evidence alone never gives a mismatch; beside it a good source does.
#[test]
fn weak_evidence_lowers() {
    let late = [ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\"")];
    let with = |evidence: &'static str| {
        let changes: Vec<(&str, &str)> = late.into_iter().chain([("[use.evidence]\n", evidence)]).collect();
        let report = all(&read(&[version("2026-01-01", &changes)]));
        let finding = of(&report.findings, "L-02")[0].clone();
        (finding.severity, finding.lowered)
    };
    assert_eq!(with("[use.evidence]\n"), (Severity::Mismatch, false));
    assert_eq!(with("[use.evidence]\ncontrol_first_offered = [\"blog\"]\n"), (Severity::Caution, true));
    assert_eq!(with("[use.evidence]\ncollection_began = [\"blog\"]\n"), (Severity::Caution, true));
    assert_eq!(with("[use.evidence]\ncollection_began = [\"blog\", \"self\"]\n"), (Severity::Mismatch, false));
    let knowledge =
        [late[0], late[1], ("grade = \"W\"", "grade = \"K\""), ("[use.evidence]\n", "[use.evidence]\ncollection_began = [\"blog\"]\n")];
    let report = all(&read(&[version("2026-01-01", &knowledge)]));
    assert_eq!(of(&report.findings, "L-02")[0].severity, Severity::Caution);
}

/// What the controller says stands beside a finding about the same fact, and only there.
#[test]
fn the_other_side_is_heard() {
    let late = [ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\"")];
    let report = all(&read(&[version("2026-01-01", &late)]));
    let finding = of(&report.findings, "L-02")[0];
    assert_eq!(finding.counter.iter().map(|counter| counter.says.as_str()).collect::<Vec<_>>(), ["It does.", "It does not."]);
    assert!(of(&report.findings, "L-03")[0].counter.is_empty(), "the dispute is about another fact");
    let own = [late[0], late[1], ("title = \"A club\"", "title = \"Club\"")];
    let report = all(&read(&[version("2026-01-01", &own)]));
    assert_eq!(of(&report.findings, "L-02")[0].counter.len(), 1, "the controller speaks for itself");
    assert_eq!(of(&report.findings, "L-02")[0].checked_on, "2026-12-01");
}

/// A dispute about the very fact, with primary text on a side, lowers a mismatch; one that is only reported does not.
#[test]
fn a_contested_fact_lowers() {
    let late = [ON, ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-01-02\"")];
    let about = ("facts = [\"collection_began\"]", "facts = [\"control_first_offered\"]");
    let found = |more: &[(&str, &str)]| {
        let changes: Vec<(&str, &str)> = late.into_iter().chain(more.iter().copied()).collect();
        let report = all(&read(&[version("2026-01-01", &changes)]));
        let finding = of(&report.findings, "L-02")[0].clone();
        (finding.severity, finding.contested, finding.counter.len())
    };
    assert_eq!(found(&[]), (Severity::Mismatch, false, 2), "the dispute is about another fact than the one it is placed at");
    assert_eq!(found(&[about]), (Severity::Caution, true, 2));
    let reported = ("says = \"It does.\"\nsources = [\"self\"]", "says = \"It does.\"\nsources = [\"blog\"]");
    assert_eq!(found(&[about, reported]), (Severity::Mismatch, false, 2));
}

/// A second use, to stand before the first claim.
const OTHER: &str = "[[use]]\nid = \"club/other\"\ntitle = \"O\"\npurpose = \"another purpose\"\nrecipients = [\"lab\"]\nlegal_basis = \"contract\"\ndeclared = \"text\"\ndefault = \"on\"\ncontrols = [\"club/model-setting\"]\nannounced = \"2025-11-01\"\neffective = \"2026-01-01\"\ncollection_began = \"2026-01-01\"\ncontrol_first_offered = \"2026-01-01\"\nretention = \"R\"\non_deletion = \"D\"\nsources = [\"self\"]\ndata = [{ categories = [\"photo\"] }]\n\n[[claim]]\nid = \"audience\"";

/// A use that a later version adds is told of before it begins.
#[test]
fn a_new_use_is_told_before() {
    let day = "2026-03-01";
    let added = |day: &'static str, told: &str| {
        let other =
            OTHER.replace("2025-11-01", told).replace("2026-01-01", day).replace("controls = [\"club/model-setting\"]", "controls = []");
        second(day, &[("[[claim]]\nid = \"audience\"", other.as_str())])
    };
    for (told, variant) in [("2026-01-31", "new-short"), ("2026-03-01", "new-late"), ("2026-04-01", "new-late"), ("never", "new-never")] {
        assert_eq!(variants(&added(day, told), "L-10"), [(day.to_owned(), variant)], "{told}");
    }
    assert_eq!(variants(&added(day, "2026-01-30"), "L-10"), [], "30 days before");
    let unknown = added(day, "unknown");
    assert_eq!((variants(&unknown, "L-10"), of(&unknown.unknown, "L-10").len()), (Vec::new(), 1));
    assert_eq!(variants(&added("2026-01-21", "unknown"), "L-10"), [("2026-01-21".to_owned(), "new-gap")]);
}

/// A recipient or purpose of its own has a control of its own.
#[test]
fn one_control_for_two_purposes() {
    let other = OTHER;
    let report = found_owned(&[ON, ("[[claim]]\nid = \"audience\"", other)]);
    assert_eq!(of(&report.findings, "L-06").len(), 2);
    assert!(of(&report.findings, "L-06").iter().all(|finding| finding.variant == "shared"));
    let texts = Words::of(Language::En).unwrap();
    let told: Vec<String> = of(&report.findings, "L-06").iter().map(|finding| said(finding, &texts)).collect();
    assert!(told[0].contains("(Use my posts for the model) is shared with another purpose or recipient: O."), "titles, no ids: {told:?}");
    // A form takes an objection to one purpose and not to another; and nobody lives in two regions.
    assert!(of(&found_owned(&[ON, FORM, ("[[claim]]\nid = \"audience\"", other)]).findings, "L-06").is_empty());
    let elsewhere = other.replace("announced =", "regions = [\"US\"]\nannounced =");
    let here = [ON, ("min_age = 18", "min_age = 18\nregions = [\"EEA\"]"), ("[[claim]]\nid = \"audience\"", elsewhere.as_str())];
    assert!(of(&found_owned(&here).findings, "L-06").is_empty());
    let both = other.replace("announced =", "regions = [\"US\", \"NL\"]\nannounced =");
    let here = [ON, ("min_age = 18", "min_age = 18\nregions = [\"EEA\"]"), ("[[claim]]\nid = \"audience\"", both.as_str())];
    assert_eq!(of(&found_owned(&here).findings, "L-06").len(), 2);
    let same = other.replace("another purpose", "train the club's model");
    assert!(of(&found_owned(&[ON, ("[[claim]]\nid = \"audience\"", &same)]).findings, "L-06").is_empty());
}

/// A day that is the latest it can have been shows that something was there in time, and never that it was late.
#[test]
fn a_day_at_the_latest_accuses_nobody() {
    let found = |rule: &str, changes: &[(&str, &str)]| {
        let report = found_owned(changes);
        (of(&report.findings, rule).len(), of(&report.unknown, rule).len())
    };
    let offered = |day: &str, more: &str| format!("control_first_offered = \"{day}\"\n{more}");
    let latest = "at_latest = [\"control_first_offered\"]\n";
    let from = "control_first_offered = \"2026-01-01\"\n";
    assert_eq!(found("L-02", &[ON, (from, &offered("2026-01-02", ""))]), (1, 0));
    assert_eq!(found("L-02", &[ON, (from, &offered("2026-01-02", latest))]), (0, 1));
    assert_eq!(found("L-02", &[ON, (from, &offered("2026-01-01", latest))]), (0, 0));
    let told = |day: &str, more: &str| format!("announced = \"{day}\"\n{more}");
    let latest = "at_latest = [\"announced\"]\n";
    let from = "announced = \"2025-11-01\"\n";
    for rule in ["L-05", "G-22"] {
        let day = if rule == "L-05" { "2025-12-20" } else { "2026-01-20" };
        assert_eq!(found(rule, &[ON, (from, &told(day, ""))]), (1, 0), "{rule}");
        assert_eq!(found(rule, &[ON, (from, &told(day, latest))]), (0, 1), "{rule}");
        assert_eq!(found(rule, &[ON, (from, &told("2025-11-20", latest))]), (0, 0), "{rule}");
    }
}

/// What every later version repeats is told once, with the first.
#[test]
fn what_later_versions_repeat_is_folded() {
    let texts = Words::of(Language::En).unwrap();
    let days = ["2026-01-01", "2026-02-01", "2026-03-01"];
    let report = all(&read(&days.map(|day| version(day, if day == "2026-02-01" { &[ON, FORM] } else { &[ON] }))));
    let folded = fold(&report.findings);
    let silence = folded.iter().filter(|one| one.finding.rule.id == "L-03").collect::<Vec<_>>();
    assert_eq!(silence.len(), 1);
    assert_eq!((silence[0].finding.version.as_str(), silence[0].still_in.as_slice()), (days[0], &days[1..]));
    assert!(folded.iter().any(|one| one.finding.rule.id == "L-04" && one.finding.version == days[1] && one.still_in.is_empty()));
    assert!(
        total(&report, &texts)
            .contains(&format!("{} caution", folded.iter().filter(|one| one.finding.severity == Severity::Caution).count()))
    );
    let told: usize = folded.iter().map(|one| 1 + one.still_in.len()).sum();
    assert_eq!(told, report.findings.len(), "nothing is lost");
}

fn found_owned(changes: &[(&str, &str)]) -> Report {
    all(&read(&[version("2026-01-01", changes)]))
}
