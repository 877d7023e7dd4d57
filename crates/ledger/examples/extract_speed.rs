//! How long an extract of many made-up people takes to write, to load and to look people up in.
//!
//! `cargo run --release -p bezwaar-ledger --example extract_speed -- 1000000`

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example prints, and stops when something is wrong"
)]

use std::hint::black_box;
use std::time::Instant as Clock;

use bezwaar_core::Holdings;
use bezwaar_core::account::{Account, Kind, Services};
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_ledger::extract::{Cover, Extract, ExtractOptions, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey, SubjectKey, SubjectKeys};

const DAY: i64 = 86_400_000_000;
const LOOK_UPS: usize = 1_000_000;

/// Splitmix64: the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

fn account(services: &Services, number: u64) -> Account {
    let service = if number.is_multiple_of(3) { "x" } else { "facebook" };
    services.resolve(service, Some(Kind::Id), &format!("{}", 1_000_000 + number * 7)).expect("digits are an id")
}

fn choice(services: &Services, number: u64, person: u64, start: Instant, random: &mut Random) -> Choice {
    let uses = ["meta/*", "meta/public-content", "x/own-ml", "x/third-parties"];
    let act = match random.below(10) {
        0 => Act::Object { uses: None, recipients: None, items: None },
        1 => Act::Object { uses: None, recipients: None, items: Some(vec![Pattern::Exact(format!("post-{number}"))]) },
        2 => Act::SetOff { control: "x/grok".to_owned() },
        3 => Act::Signal { signal: "gpc".to_owned() },
        other => {
            Act::Object { uses: Some(vec![Pattern::parse(uses[other as usize % 4])]), recipients: Some(vec![Pattern::Any]), items: None }
        }
    };
    let received_at = start.plus_micros(random.below(700 * DAY as u64) as i64);
    let id = format!("o-{number}");
    Choice {
        id,
        person: Some(account(services, person)),
        act,
        received_at,
        recorded_at: None,
        by: None,
        channel: Some(Channel::Form),
        provisional: false,
    }
}

fn holdings(people: u64) -> Holdings {
    let (services, mut random) = (Services::default(), Random(1));
    let start = Instant::parse("2024-01-01T00:00:00Z").expect("an instant");
    // One person in five says something twice.
    let more = (0..people / 5).map(|number| number * 5);
    let choices: Vec<Choice> =
        (0..people).chain(more).zip(0..).map(|(person, number)| choice(&services, number, person, start, &mut random)).collect();
    Holdings::resolve(&choices)
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let clock = Clock::now();
    let result = run();
    println!("{what:<36}{:>9.3} s", clock.elapsed().as_secs_f64());
    result
}

fn look_ups(what: &str, keys: &[SubjectKey], extract: &Extract) -> usize {
    let clock = Clock::now();
    let met = keys.iter().filter(|key| extract.lookup(black_box(key)).is_some()).count();
    println!("{what:<36}{:>9.0} ns each", clock.elapsed().as_nanos() as f64 / keys.len() as f64);
    met
}

fn subjects(keys: &SubjectKeys, accounts: &[Account]) -> Vec<SubjectKey> {
    let clock = Clock::now();
    let subjects: Vec<SubjectKey> = accounts.iter().map(|account| keys.subject(account)).collect();
    println!("{:<36}{:>9.0} ns each", "account to subject key", clock.elapsed().as_nanos() as f64 / accounts.len() as f64);
    subjects
}

fn main() {
    let people: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().expect("a number of people"));
    let keys = KeyFile::new(RootKey::from_bytes([7; 32]), "speed.example", 1).expect("a good domain").subject_keys();
    let holdings = timed("make people (not the extract's work)", || holdings(people));
    let through = Instant::parse("2026-06-01T00:00:00Z").expect("an instant");
    let covers = Cover::all_of_with(&Services::default(), &holdings);
    let options = ExtractOptions { through, expires_at: through.plus_micros(DAY), services: services_digest(&Services::default()), covers };
    let mut bytes = Vec::new();
    let header = timed("write", || write_extract(&holdings, &keys, &options, &mut bytes)).expect("written");
    timed("free people (not the extract's work)", || {
        drop(holdings);
        // The allocator tidies up at the next large request, which should not be one that is timed.
        drop(black_box(vec![0_u8; 1 << 16]));
    });
    let size = bytes.len();
    println!(
        "{} people, {} acts, {:.1} MB, {:.1} bytes a person",
        header.people,
        header.acts,
        size as f64 / 1e6,
        size as f64 / people as f64
    );
    let extract = timed("load", || Extract::from_bytes(bytes)).expect("read");
    extract.check_keys(&keys).expect("the same keys");

    let (services, mut random) = (Services::default(), Random(2));
    let known: Vec<Account> = (0..LOOK_UPS).map(|_| account(&services, random.below(people))).collect();
    let strangers: Vec<Account> = (0..LOOK_UPS).map(|_| account(&services, people + random.below(people))).collect();
    let (known, strangers) = (subjects(&keys, &known), subjects(&keys, &strangers));
    assert_eq!(look_ups("look up somebody in it", &known, &extract), known.len());
    assert_eq!(look_ups("look up somebody not in it", &strangers, &extract), 0);
    let clock = Clock::now();
    let rows = known.iter().filter_map(|key| extract.lookup(key));
    let acts: usize = rows.map(|row| extract.acts(row).expect("readable").len()).sum();
    println!("{:<36}{:>9.0} ns each ({acts} acts)", "look up and read the acts", clock.elapsed().as_nanos() as f64 / known.len() as f64);
    timed("verify_rows", || extract.verify_rows()).expect("the rows of the root");
}
