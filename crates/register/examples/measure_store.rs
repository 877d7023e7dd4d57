//! Measures a store: how many entries it takes a second, and how long a holder's openings take.
//!
//! `cargo run --release -p bezwaar-register --example measure_store -- sqlite FOLDER ENTRIES`
//! `cargo run --release -p bezwaar-register --example measure_store -- postgres ADDRESS ENTRIES` (in a schema `measure`, which it makes)
//!
//! Options of SQLite come after the entries as NAME=NUMBER: cache_mib, mmap_mib, journal_pages, page_bytes.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, clippy::panic, reason = "a program to measure with, not to ship")]

use std::path::Path;
use std::time::{Duration, Instant};

use bezwaar_register::store::postgres::{PostgresOptions, PostgresStore};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use bezwaar_register::store::{Batch, Holder, HolderId, KeyedName, NewEntry, Store};

/// How many entries a batch has.
const BATCH: u64 = 5_000;
/// How long a sealed opening is, in bytes.
const SEALED_BYTES: usize = 350;
/// How many holders are looked up.
const LOOKUPS: u64 = 20_000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.chunks_mut(8).for_each(|chunk| chunk.iter_mut().zip(self.next().to_be_bytes()).for_each(|(place, byte)| *place = byte));
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn vec(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes
    }
}

/// Every second entry is of a new holder, the others of one there is.
fn batch(random: &mut Random, last_holder: u64) -> Batch {
    let mut batch = Batch::default();
    let mut last = last_holder;
    for at in 0..BATCH {
        let holder = if at % 2 == 0 {
            last += 1;
            let holder = Holder { id: HolderId(last), name: KeyedName(random.array()), wrapped_key: Some(random.vec(72)) };
            batch.holders.push(holder);
            last
        } else {
            1 + random.next() % last
        };
        batch.entries.push(NewEntry {
            bytes: random.array(),
            id_name: Some(KeyedName(random.array())),
            holder: Some(HolderId(holder)),
            sealed: Some(random.vec(SEALED_BYTES)),
            document: None,
        });
    }
    batch
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn measure(store: &mut dyn Store, entries: u64) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let claim = store.claim().unwrap();
    let mut head = store.head().unwrap();
    let mut times = Vec::new();
    let mut all = Duration::ZERO;
    while head.size < entries {
        let batch = batch(&mut random, head.last_holder);
        let began = Instant::now();
        store.append(claim, head.size, &batch).unwrap();
        times.push(began.elapsed());
        head.size += BATCH;
        head.last_holder += BATCH / 2;
        if head.size.is_multiple_of(1_000_000) || head.size >= entries {
            let spent: Duration = times.iter().sum();
            all += spent;
            times.sort();
            println!(
                "{:>10} entries: {:>7.0} entries/s; a batch {:.0} ms p50, {:.0} ms p99, {:.0} ms at most",
                head.size,
                times.len() as f64 * BATCH as f64 / spent.as_secs_f64(),
                percentile(&times, 50),
                percentile(&times, 99),
                percentile(&times, 100)
            );
            times.clear();
        }
    }
    println!("in all {:.0} entries/s", entries as f64 / all.as_secs_f64());
    let mut reader = store.reader().unwrap();
    let mut found = 0;
    for _ in 0..LOOKUPS {
        let holder = HolderId(1 + random.next() % head.last_holder);
        let began = Instant::now();
        found += reader.openings_of(holder).unwrap().len();
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "openings of a holder: {:.3} ms p50, {:.3} ms p99, {:.3} ms at most ({:.2} each)",
        percentile(&times, 50),
        percentile(&times, 99),
        percentile(&times, 100),
        found as f64 / LOOKUPS as f64
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, place, entries, more @ ..] = arguments.as_slice() else { panic!("KIND PLACE ENTRIES") };
    let entries = entries.parse().expect("a number of entries");
    let mut store: Box<dyn Store> = match kind.as_str() {
        "sqlite" => {
            let mut options = SqliteOptions::default();
            for option in more {
                let (name, number) = option.split_once('=').expect("NAME=NUMBER");
                let number: u64 = number.parse().expect("a number");
                match name {
                    "cache_mib" => options.cache_bytes = number << 20,
                    "mmap_mib" => options.mmap_bytes = number << 20,
                    "journal_pages" => options.journal_pages = u32::try_from(number).unwrap(),
                    "page_bytes" => options.page_bytes = u32::try_from(number).unwrap(),
                    _ => panic!("no such option"),
                }
            }
            Box::new(SqliteStore::create(&Path::new(place).join("measure.sqlite"), options).unwrap())
        }
        "postgres" => {
            let options = PostgresOptions { schema: "measure".into(), ..PostgresOptions::default() };
            Box::new(PostgresStore::create(place, options).unwrap())
        }
        _ => panic!("sqlite or postgres"),
    };
    measure(store.as_mut(), entries);
}
