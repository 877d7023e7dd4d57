//! The written scenarios, through the gate: as items in the exchange format, and as Arrow batches.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bezwaar_core::Question;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::{parse_item, read_choices};
use bezwaar_testkit::corpus::{Answer, Ask, load_all, load_policies, policy_files, run};

use crate::equality::{Grounds, gate_bits, names_of};
use crate::support::{Site, codes, extract_bytes, mask_of, root, told};

/// What the gate answers: it writes a mask over a file of the items.
fn ask(folders: &mut BTreeMap<PathBuf, bezwaar_core::policy::PolicySet>, ask: &Ask<'_>) -> Vec<Answer> {
    let place = format!("{} “{}”", ask.scenario.file, ask.scenario.name);
    let policies = folders.entry(ask.scenario.policies.clone()).or_insert_with(|| load_policies(&ask.scenario.policies).unwrap());
    let choices = read_choices(&ask.scenario.choices.join("\n"), &policies.services).unwrap();
    let at = Instant::parse(&ask.case.at).unwrap();
    let items: Vec<_> = ask.scenario.items.iter().map(|line| parse_item(1, line).unwrap()).collect();
    let names = names_of(&items);
    let (files, services) = policy_files(&ask.scenario.policies);
    let site = Site::with(
        &files,
        services.as_ref().map(|(_, text)| text.as_str()),
        &extract_bytes(&policies.services, &choices.choices, at, &names),
    );
    site.write("in/items.jsonl", ask.scenario.items.join("\n").as_bytes());
    let text = site
        .job_asking(&ask.case.use_id, &ask.case.recipient, "in", "format = \"items\"", "form = \"mask\"\n[expect]\nmatched_min = 0\n")
        .replace("[extract]", &format!("reading = \"{}\"\n\n[extract]", ask.reading));
    let manifest = site.run(&text).unwrap_or_else(|error| panic!("{place}: {}", told(&error)));
    assert_eq!(manifest.tally().read, items.len() as u64);
    let bits = mask_of(&site.path("out/items.jsonl.keep.parquet"));
    // And as Arrow batches.
    let grounds = Grounds {
        files: &files,
        services: services.as_ref().map_or("", |(_, text)| text.as_str()),
        policies,
        choices: &choices.choices,
        names,
    };
    let question = Question { use_id: ask.case.use_id.clone(), recipient: ask.case.recipient.clone(), at, reading: ask.reading };
    let records: Vec<_> = ask.scenario.items.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let gate = grounds.gate(&question, false);
    for dress in [ask.scenario.name.len() as u64, ask.scenario.name.len() as u64 + 1] {
        assert_eq!(gate_bits(&gate, &records, dress), bits, "{place}, dress {dress}");
    }
    let answer = |(item, bits): (&String, &u64)| Answer {
        item: item.clone(),
        codes: codes(*bits).into_iter().map(str::to_owned).collect(),
        reasons: None,
    };
    ask.scenario.item_ids.iter().zip(&bits).map(answer).collect()
}

#[test]
fn every_scenario_is_decided_as_expected() {
    let scenarios = load_all(&root());
    let mut folders = BTreeMap::new();
    let differences = run(&scenarios, |one| ask(&mut folders, one));
    assert!(differences.is_empty(), "{} differences in {} scenarios:\n\n{}", differences.len(), scenarios.len(), differences.join("\n\n"));
}
