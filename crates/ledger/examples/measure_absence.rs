//! How long it takes to show that somebody is not among the subjects of a release: VRF outputs, the tree, proofs. Medians.
//!
//! `cargo run --release -p bezwaar-ledger --example measure_absence -- 1000000 2`

#![allow(clippy::print_stdout, clippy::expect_used, reason = "an example prints, and stops when something is wrong")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use bezwaar_ledger::subject_tree::{Membership, SubjectIndex, SubjectTree, subject_root};
use bezwaar_ledger::vrf::{IndexKey, VrfOutput};

const RELEASE: &str = "meta-2026-0001";
const STRANGERS: usize = 1000;
const ROUNDS: usize = 3;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().expect("something was timed")
}

fn timed<T>(what: &str, rounds: usize, mut run: impl FnMut() -> T) -> T {
    let mut last = None;
    let times = (0..rounds).map(|_| {
        // What the round before made is freed before the clock runs.
        drop(last.take());
        let clock = Instant::now();
        last = Some(black_box(run()));
        clock.elapsed()
    });
    println!("{what:<44}{:>10.3} s", median(times.collect()).as_secs_f64());
    last.expect("at least one round")
}

fn each<T, U>(what: &str, of: &[T], mut run: impl FnMut(&T) -> U) -> Vec<U> {
    let (mut times, mut results) = (Vec::with_capacity(of.len()), Vec::with_capacity(of.len()));
    for one in of {
        let clock = Instant::now();
        results.push(black_box(run(one)));
        times.push(clock.elapsed());
    }
    let slowest = times.iter().max().copied().unwrap_or_default();
    println!("{what:<44}{:>10.1} µs    slowest {:.1} µs", median(times).as_secs_f64() * 1e6, slowest.as_secs_f64() * 1e6);
    results
}

fn account(number: usize) -> String {
    format!("facebook:id:{}", 1_000_000 + number * 7)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let people: usize = arguments.next().map_or(1_000_000, |text| text.parse().expect("a number of people"));
    let threads: NonZeroUsize = arguments.next().map_or(NonZeroUsize::MIN, |text| text.parse().expect("a number of threads"));
    let key = IndexKey::from_random(&[7; 64]).expect("a key");
    let accounts: Vec<String> = (0..people).map(account).collect();
    let strangers: Vec<String> = (people..people + STRANGERS).map(account).collect();

    each("VRF output, one by one", &strangers, |account| key.output(account.as_bytes()));
    let outputs: Vec<VrfOutput> =
        timed(&format!("VRF outputs of {people}, threads: {threads}"), 1, || key.outputs_parallel(&accounts, threads));
    let indexes: Vec<SubjectIndex> =
        timed("indexes in the release", ROUNDS, || outputs.iter().map(|output| SubjectIndex::derive(RELEASE, output)).collect());
    let tree = timed("sort and build the tree", ROUNDS, || SubjectTree::build(indexes.clone()));
    let streamed = timed("root alone, of the sorted list", ROUNDS, || subject_root(tree.indexes().iter().copied()).expect("sorted"));
    assert_eq!(streamed, (tree.root(), tree.len()));

    let public = key.public_key();
    let proofs = each("prove the VRF output of a stranger", &strangers, |account| key.prove(account.as_bytes()));
    let shown: Vec<_> = strangers.iter().zip(&proofs).collect();
    each("verify it", &shown, |(account, (output, proof))| assert_eq!(public.verify(account.as_bytes(), proof), Ok(*output)));
    let absent: Vec<SubjectIndex> = proofs.iter().map(|(output, _)| SubjectIndex::derive(RELEASE, output)).collect();
    let present: Vec<SubjectIndex> = indexes.iter().step_by((people / STRANGERS).max(1)).copied().collect();
    for (what, subjects, membership) in [("absent", &absent, Membership::Absent), ("present", &present, Membership::Present)] {
        let proofs = each(&format!("prove {what} in the tree"), subjects, |index| tree.prove(index));
        let longest = proofs.iter().map(|proof| proof.to_bytes().len()).max().unwrap_or_default();
        let shown: Vec<_> = subjects.iter().zip(&proofs).collect();
        each(&format!("verify {what}"), &shown, |(index, proof)| {
            assert_eq!(proof.verify(&tree.root(), tree.len(), index), Ok(membership));
        });
        println!("{:<44}{longest:>10} bytes", format!("longest proof of {what}"));
    }
}
