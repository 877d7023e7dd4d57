//! The scenarios of `corpus/`, through core; and the policies that are shipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::{decision_line, parse_item, read_choices};
use bezwaar_core::{Decider, Holdings, Question};
use bezwaar_testkit::corpus::{Answer, Ask, load_all, load_policies, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn shipped_policies_load() {
    let mut problems = Vec::new();
    for folder in ["policies", "examples/community/policies", "corpus/policies"] {
        if let Err(found) = load_policies(&root().join(folder)) {
            problems.extend(found.iter().map(|problem| format!("{folder}/{problem}")));
        }
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// What core answers.
fn ask(policies: &PolicySet, ask: &Ask<'_>) -> Vec<Answer> {
    let place = format!("{} “{}”", ask.scenario.file, ask.scenario.name);
    let choices = read_choices(&ask.scenario.choices.join("\n"), &policies.services).unwrap_or_else(|errors| panic!("{place}: {errors:?}"));
    let question = Question {
        use_id: ask.case.use_id.clone(),
        recipient: ask.case.recipient.clone(),
        at: Instant::parse(&ask.case.at).unwrap_or_else(|error| panic!("{place}: {}: {error}", ask.case.at)),
        reading: ask.reading,
    };
    let holdings = Holdings::resolve(&choices.choices);
    let decider = Decider::new(policies, &holdings, &question);
    let mut answers = Vec::new();
    for (place_in_file, line) in ask.scenario.items.iter().enumerate() {
        let item = parse_item(place_in_file + 1, line).unwrap_or_else(|error| panic!("{place}: item {error}"));
        answers.push(Answer::of_line(&decision_line(&question, Some(&item.id), &decider.decide(&item))));
    }
    answers
}

#[test]
fn every_scenario_is_decided_as_expected() {
    let scenarios = load_all(&root());
    let mut folders: BTreeMap<PathBuf, PolicySet> = BTreeMap::new();
    for scenario in &scenarios {
        folders.entry(scenario.policies.clone()).or_insert_with(|| {
            load_policies(&scenario.policies).unwrap_or_else(|problems| panic!("{}:\n{}", scenario.policies.display(), problems.join("\n")))
        });
    }
    let differences = run(&scenarios, |one| ask(&folders[&one.scenario.policies], one));
    let cases: usize = scenarios.iter().map(|scenario| scenario.cases.len()).sum();
    assert!(
        differences.is_empty(),
        "{} differences in {} scenarios with {cases} cases:\n\n{}",
        differences.len(),
        scenarios.len(),
        differences.join("\n\n")
    );
}
