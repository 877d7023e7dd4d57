//! The written scenarios, through `bezwaar decide`.

use std::path::Path;

use bezwaar_testkit::corpus::{Answer, Ask, load_all, run};

use crate::bezwaar::Bench;

fn ask(bench: &Bench, ask: &Ask<'_>) -> Vec<Answer> {
    bench.write("choices.jsonl", ask.scenario.choices.join("\n")).write("items.jsonl", ask.scenario.items.join("\n"));
    let (policies, reading) = (ask.scenario.policies.display().to_string(), ask.reading.as_str());
    let case = ask.case;
    let args = [
        "decide",
        "--policies",
        &policies,
        "--choices",
        "choices.jsonl",
        "--use",
        &case.use_id,
        "--recipient",
        &case.recipient,
        "--at",
        &case.at,
        "--reading",
        reading,
        "items.jsonl",
    ];
    let output = bench.command(&args).output().unwrap();
    assert!(output.status.success(), "{}: {}", ask.scenario.name, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(Answer::of_line).collect()
}

#[test]
fn every_scenario_is_decided_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let scenarios = load_all(&root);
    let bench = Bench::new();
    let differences = run(&scenarios, |one| ask(&bench, one));
    assert!(differences.is_empty(), "{} differences:\n\n{}", differences.len(), differences.join("\n\n"));
}
