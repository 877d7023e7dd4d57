//! How long an extract of a large register takes: `cargo run --release -p bezwaar-register --example extract_speed -- FOLDER PEOPLE`.
//!
//! Fills a register in SQLite with one objection for each of so many made-up people, unless the folder has one, and makes an extract of it.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "an example speaks, and stops when something is not as it must be")]

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant as Ticks;

use bezwaar_core::account::Services;
use bezwaar_core::choice::{Act, Choice};
use bezwaar_core::pattern::Pattern;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::expanded::write_choice;
use bezwaar_register::engine::{Check, NewRecord, Opening, Parts, Place, Register};
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

const AT_ONCE: u64 = 10_000;

fn record(number: u64, services: &Services, received_at: Instant) -> NewRecord {
    let person = services.parse(&format!("club:@person-{number:09}"));
    let uses = Some(vec![Pattern::Exact("train.general".to_owned())]);
    let act = Act::Object { uses, recipients: None, items: None };
    let id = format!("objection-{number:09}");
    let choice =
        Choice { id: id.clone(), person: person.clone(), act, by: None, channel: None, received_at, recorded_at: None, provisional: false };
    let mut body = Vec::new();
    write_choice(&choice, &mut body).expect("a good choice");
    NewRecord::Sealed { kind: EntryKind::Choice, person, id: Some(id), body, contact: None }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let people: u64 = arguments.next().and_then(|people| people.parse().ok()).expect("how many people");
    let folder = Path::new(&folder);
    let place = Place {
        folder: folder.join("register"),
        anchor: folder.join("anchor"),
        origin: "register.example/speed".to_owned(),
        domain: "gate.example".to_owned(),
    };
    let now = Instant::from_micros(1_800_000_000_000_000);
    let parts = |seed| Parts::on_disk(Box::new(Seeded(ChaCha20Rng::seed_from_u64(seed))));
    let database = folder.join("register.sqlite");
    std::fs::create_dir_all(folder).expect("the folder");
    let started = Ticks::now();
    let mut register = if database.exists() {
        let store = SqliteStore::open(&database, SqliteOptions::default()).expect("the store");
        let opening = Opening { check: Check::Quick, ..Opening::default() };
        Register::open(&place, Box::new(store), parts(2), opening, now).expect("the register")
    } else {
        let store = SqliteStore::create(&database, SqliteOptions::default()).expect("the store");
        Register::create(&place, Box::new(store), parts(1), now).expect("the register")
    };
    println!("opened in {:.1} s", started.elapsed().as_secs_f64());
    let (services, started) = (Services::default(), Ticks::now());
    let mut number = register.writer().size().saturating_sub(4);
    while number < people {
        let records: Vec<NewRecord> = (number..people).take(AT_ONCE as usize).map(|number| record(number, &services, now)).collect();
        register.append(&records, now).expect("entered");
        number += records.len() as u64;
    }
    println!("filled in {:.1} s", started.elapsed().as_secs_f64());
    let started = Ticks::now();
    register.publish().expect("published");
    println!("published in {:.1} s", started.elapsed().as_secs_f64());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads };
    let mut out = std::io::BufWriter::new(std::fs::File::create(folder.join("extract")).expect("a file"));
    let started = Ticks::now();
    let made = register.make_extract(&order, now, &mut out).expect("made");
    out.flush().expect("written");
    println!("extract of {} people in {:.1} s on {threads} threads", made.header.people, started.elapsed().as_secs_f64());
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    peak.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
}
