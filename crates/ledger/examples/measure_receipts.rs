//! How long choices take to be written, read, replayed and shown: expanded choices, replay, receipts.
//!
//! `cargo run --release -p bezwaar-ledger --example measure_receipts -- 1000000`

#![allow(clippy::print_stdout, clippy::expect_used, reason = "an example prints, and stops when something is wrong")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant as Clock;

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::expanded::{read_choice, write_choice};
use bezwaar_ledger::opening::{Opening, Salt};
use bezwaar_ledger::receipt::{Claim, Receipt};
use bezwaar_ledger::replay::Replay;
use bezwaar_ledger::tlog::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey};
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_ledger::tlog::proof::{MemoryTree, inclusion_proof};
use bezwaar_ledger::tlog::proof_file::ProofFile;

const ORIGIN: &str = "speed.example/ledger";
const AT_ONCE: u64 = 65_536;
const RECEIPTS: u64 = 1_000;

fn choice(number: u64) -> Choice {
    let person = format!("facebook:id:{}", 1_000_000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 100_000_000_000);
    Choice {
        id: format!("o-{number}"),
        person: Account::from_canonical(&person),
        act: Act::Object { uses: Some(vec![Pattern::parse("meta/*")]), recipients: Some(vec![Pattern::Any]), items: None },
        received_at: Instant::from_micros(1_770_000_000_000_000 + number as i64),
        recorded_at: None,
        by: None,
        channel: Some(Channel::Form),
        provisional: number.is_multiple_of(5),
    }
}

fn opening(index: u64) -> Opening {
    let mut body = Vec::with_capacity(400);
    write_choice(&choice(index), &mut body).expect("a choice has a form");
    let mut salt = [0; 32];
    salt.iter_mut().zip(index.to_le_bytes()).for_each(|(place, byte)| *place = byte);
    Opening { index, kind: EntryKind::Choice, salt: Salt::from_bytes(salt), body }
}

fn entry(opening: &Opening) -> Entry {
    let recorded_at = Instant::from_micros(1_770_000_000_000_000 + opening.index as i64);
    Entry { kind: opening.kind, recorded_at, hash: opening.commitment().expect("a salted kind") }
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    println!("{count} choices");
    expanded(count);
    replayed(count);
    receipts(count);
}

fn expanded(count: u64) {
    let choices: Vec<Choice> = (0..1_000).map(choice).collect();
    let mut out = Vec::new();
    let clock = Clock::now();
    for choice in choices.iter().cycle().take(count as usize) {
        out.clear();
        write_choice(choice, &mut out).expect("a choice has a form");
        black_box(&out);
    }
    println!("expanded choices written   {:>8.2} s", clock.elapsed().as_secs_f64());
    let bodies: Vec<Vec<u8>> = (0..1_000).map(|number| opening(number).body).collect();
    let clock = Clock::now();
    for body in bodies.iter().cycle().take(count as usize) {
        black_box(read_choice(body).expect("an expanded choice"));
    }
    println!("expanded choices read      {:>8.2} s", clock.elapsed().as_secs_f64());
}

fn replayed(count: u64) {
    let threads = NonZeroUsize::new(2).expect("two");
    let mut replay = Replay::new();
    let mut took = 0.0;
    for start in (0..count).step_by(AT_ONCE as usize) {
        let pairs: Vec<_> = (start..count.min(start + AT_ONCE)).map(opening).map(|one| (entry(&one), Some(one))).collect();
        let clock = Clock::now();
        replay.push_all(&pairs, threads);
        took += clock.elapsed().as_secs_f64();
    }
    let clock = Clock::now();
    let replayed = replay.finish(Instant::from_micros(i64::MAX)).expect("everything fits");
    println!("replay on two threads      {:>8.2} s", took + clock.elapsed().as_secs_f64());
    let clock = Clock::now();
    let holdings = replayed.into_holdings();
    println!("holdings of {:<12}   {:>8.2} s, peak {} MiB", holdings.len(), clock.elapsed().as_secs_f64(), peak_mib());
    let clock = Clock::now();
    drop(holdings);
    println!("holdings given back        {:>8.2} s", clock.elapsed().as_secs_f64());
}

fn receipts(count: u64) {
    let mut tree = MemoryTree::new();
    (0..count).for_each(|index| tree.push_hash(entry(&opening(index)).leaf()));
    let key = SigningKey::from_seed(KeyName::new(ORIGIN).expect("a name"), SignatureType::Ed25519, &[1; 32]);
    let checkpoint = Checkpoint::new(Origin::new(ORIGIN).expect("an origin"), count, tree.root()).expect("a checkpoint");
    let signed = SignedCheckpoint::sign(checkpoint, &key).expect("signed");
    let policy = TrustPolicy::of_ledger(key.verifier().clone());
    let wanted = (0..RECEIPTS).map(|number| number.wrapping_mul(7_919) % count);
    let openings: Vec<Opening> = wanted.map(opening).collect();

    let clock = Clock::now();
    let files: Vec<Vec<u8>> = openings
        .iter()
        .map(|one| {
            let recorded_at = Instant::from_micros(1_770_000_000_000_000 + one.index as i64);
            let claim = Claim { acceptance: None, kind: one.kind, recorded_at, salt: one.salt, body: one.body.clone() };
            let hashes = inclusion_proof(&tree, one.index, count).expect("an inclusion proof");
            let proof = ProofFile::new(one.index, hashes, signed.clone()).expect("a proof");
            Receipt::recorded(claim, proof).and_then(|receipt| receipt.to_bytes()).expect("a receipt")
        })
        .collect();
    println!("a receipt made             {:>8.3} ms", clock.elapsed().as_secs_f64() * 1_000.0 / RECEIPTS as f64);
    let clock = Clock::now();
    for file in &files {
        black_box(Receipt::from_bytes(file).and_then(|receipt| receipt.verify(&policy, &[])).expect("a good receipt"));
    }
    println!("a receipt verified         {:>8.3} ms", clock.elapsed().as_secs_f64() * 1_000.0 / RECEIPTS as f64);
}
