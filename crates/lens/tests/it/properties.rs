//! Findings follow the facts: shuffle days and defaults, and they follow.

use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::Day;
use bezwaar_lens::lint::Severity;
use proptest::prelude::*;

use crate::{all, read, version};

/// The clean policy with its days and its default as given.
fn club(began: &str, offered: &str, default: &str, basis: &str) -> PolicySet {
    read(&[version(
        "2026-01-01",
        &[
            ("collection_began = \"2026-01-01\"", &format!("collection_began = \"{began}\"")),
            ("control_first_offered = \"2026-01-01\"", &format!("control_first_offered = \"{offered}\"")),
            ("default = \"off\"", &format!("default = \"{default}\"")),
            ("legal_basis = \"legitimate-interests\"", &format!("legal_basis = \"{basis}\"")),
        ],
    )])
}

fn when() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (19_000_i64..21_500).prop_map(|days| Day::from_days(days).unwrap().to_string()),
        1 => Just("unknown".to_owned()),
        1 => Just("never".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn late_iff_offered_after_collection_began(
        began in when(),
        offered in when(),
        default in prop_oneof![Just("on"), Just("off"), Just("unknown")],
        basis in prop_oneof![Just("legitimate-interests"), Just("contract"), Just("unknown")],
    ) {
        let report = all(&club(&began, &offered, default, basis));
        let late: Vec<_> = report.findings.iter().filter(|finding| finding.rule.id == "L-02").collect();
        let days = Day::parse(&began).ok().zip(Day::parse(&offered).ok()).map(|(began, offered)| began.days_until(offered));
        match days.filter(|days| *days > 0 && default != "off") {
            Some(days) => {
                prop_assert_eq!(late.len(), 1);
                let said = late[0].values.iter().find(|(name, _)| *name == "days").map(|(_, value)| value.clone());
                prop_assert_eq!(said, Some(days.to_string()));
                prop_assert_eq!(late[0].severity, if basis == "contract" { Severity::Caution } else { Severity::Mismatch });
            }
            None => prop_assert!(late.is_empty()),
        }
        let unknown = report.unknown.iter().any(|finding| finding.rule.id == "L-02");
        let open = default != "off" && began != "never" && offered != "never" && (began == "unknown" || offered == "unknown");
        prop_assert_eq!(unknown, open);
        let on = report.findings.iter().any(|finding| finding.rule.id == "L-03");
        prop_assert_eq!(on, default == "on");
        // A note of what is not known is never a finding, and weighs nothing.
        prop_assert!(report.unknown.iter().all(|finding| finding.severity == Severity::Info));
    }
}

/// The same facts under another name give the same findings.
#[test]
fn names_do_not_matter() {
    let changes =
        [("default = \"off\"", "default = \"on\""), ("control_first_offered = \"2026-01-01\"", "control_first_offered = \"2026-03-12\"")];
    let mut named = version("2026-01-01", &changes);
    let rules = |policies: &PolicySet| -> Vec<(&'static str, &'static str)> {
        all(policies).findings.iter().map(|finding| (finding.rule.id, finding.variant)).collect()
    };
    let before = rules(&read(&[named.clone()]));
    named.text = named.text.replace("club", "meta");
    named.folder = "meta".to_owned();
    assert_eq!(before, rules(&read(&[named])));
}
