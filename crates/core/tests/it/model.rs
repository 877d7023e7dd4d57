//! Core decides as the naive reference model does, over many random worlds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]
#![allow(clippy::disallowed_methods, reason = "how many cases are tried is said by the environment")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bezwaar_core::choice::Choice;
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::{Code, Decider, Decision, Holdings, Question, ReasonSet};
use bezwaar_testkit::model::{Finding, Findings, codes_of, model_decide};
use bezwaar_testkit::random::{Case, ITEMS_PER_WORLD, QUESTIONS_PER_WORLD, World, shrink};

/// How many cases are tried: `BEZWAAR_CASES`, or as many as a quick run allows.
pub(crate) fn cases() -> u64 {
    std::env::var("BEZWAAR_CASES").ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(100_000)
}

/// Runs over so many seeds on all cores; the results in no order.
pub(crate) fn over_seeds<T: Send>(seeds: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    std::thread::scope(|scope| {
        let run = &run;
        let workers: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || (first..seeds).step_by(threads as usize).map(run).collect::<Vec<T>>())).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// The policies that are shipped.
pub(crate) fn shipped() -> PolicySet {
    bezwaar_testkit::load_policies(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies"))
}

/// A core decision as the model says it. A promise is a code of its own there, and a missing yes names no rule.
fn findings(decision: &Decision) -> Findings {
    let finding = |reason: &bezwaar_core::Reason| {
        let carve = reason.rule.clone().filter(|rule| reason.code == Code::CarveOut && rule != "promise");
        Finding { code: reason.code, choice: reason.choice.clone(), rule: carve.or(reason.dispute.clone()) }
    };
    decision.reasons().iter().map(finding).collect()
}

fn both(policies: &PolicySet, choices: &[Choice], item: &Item, question: &Question) -> (Findings, Findings) {
    let holdings = Holdings::resolve(choices);
    let core = findings(&Decider::new(policies, &holdings, question).decide(item));
    (core, model_decide(policies, choices, item, question))
}

/// What a seed's world gave, if core and model agree on it: how often which codes were given.
fn agree(world: &World, given: &PolicySet) -> BTreeMap<ReasonSet, u64> {
    let mut seen: BTreeMap<ReasonSet, u64> = BTreeMap::new();
    let holdings = Holdings::resolve(&world.choices);
    for question in &world.questions {
        let decider = Decider::new(&world.policies, &holdings, question);
        for (place, item) in world.items.iter().enumerate() {
            let (decision, model) = (decider.decide(item), model_decide(&world.policies, &world.choices, item, question));
            if findings(&decision) != model {
                disagree(&Case::of(world, place, question), given);
            }
            assert_eq!(decision.codes(), codes_of(&model));
            *seen.entry(decision.codes()).or_default() += 1;
        }
    }
    seen
}

fn disagree(case: &Case, given: &PolicySet) -> ! {
    let differs = |case: &Case| {
        let Some((policies, choices, item)) = case.read(given) else { return false };
        let (core, model) = both(&policies, &choices, &item, &case.question);
        core != model
    };
    let small = shrink(case, differs);
    let (policies, choices, item) = small.read(given).unwrap();
    let (core, model) = both(&policies, &choices, &item, &small.question);
    panic!("core and model disagree\n{small}\n--- core\n{core:#?}\n--- model\n{model:#?}");
}

fn worlds() -> u64 {
    cases().div_ceil((ITEMS_PER_WORLD * QUESTIONS_PER_WORLD) as u64)
}

fn total(seen: Vec<BTreeMap<ReasonSet, u64>>) -> BTreeMap<ReasonSet, u64> {
    let mut all: BTreeMap<ReasonSet, u64> = BTreeMap::new();
    for (codes, count) in seen.into_iter().flatten() {
        *all.entry(codes).or_default() += count;
    }
    all
}

#[test]
fn core_decides_as_the_model_over_random_policies() {
    let seen = total(over_seeds(worlds() * 4 / 5, |seed| agree(&World::random(seed), &PolicySet::default())));
    let cases: u64 = seen.values().sum();
    let kept = seen.get(&ReasonSet::EMPTY).copied().unwrap_or_default();
    let codes: BTreeSet<Code> = seen.keys().flat_map(|codes| codes.iter()).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !codes.contains(code)).collect();
    assert!(cases < 10_000 || missing.is_empty(), "these codes never came up: {missing:?}");
    // Worlds in which nothing passes would hide whatever lets too much through.
    assert!(cases < 10_000 || kept * 50 > cases, "only {kept} of {cases} were kept");
    // Each code decides alone now and then, so that none hides behind another.
    let alone: Vec<&Code> = Code::ALL.iter().filter(|code| !seen.contains_key(&ReasonSet::of(**code))).collect();
    assert!(cases < 50_000 || alone.is_empty(), "these codes never decided alone: {alone:?}");
}

#[test]
fn core_decides_as_the_model_over_the_shipped_policies() {
    let shipped = shipped();
    let seen = total(over_seeds(worlds().div_ceil(5), |seed| agree(&World::under(&shipped, seed), &shipped)));
    let kept = seen.get(&ReasonSet::EMPTY).copied().unwrap_or_default();
    assert!(kept > 0, "nothing passes under the shipped policies");
}
