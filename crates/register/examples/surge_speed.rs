//! Replays a surge through the sequencer into a register in SQLite, and measures what those who wait would see.
//!
//! ```text
//! bezwaar generate --surge 1340000 --out SURGE
//! cargo run --release -p bezwaar-register --example surge_speed -- replay FOLDER SURGE/choices.jsonl [RATE]
//! cargo run --release -p bezwaar-register --example surge_speed -- look FOLDER SURGE/choices.jsonl
//! cargo run --release -p bezwaar-register --example surge_speed -- extract FOLDER
//! ```
//!
//! `replay`: every choice is a submission of its own, as a form's is. With a rate they come evenly at so many a second; without, as fast as they are taken. The
//! register is made if the folder has none; another surge with other ids can be added. At once after it, and by `look` in a process of its own, the acts of people
//! are looked up one by one; `look` proves entries to be on the ledger too. `extract` makes an extract of everything, and reads it as the gate does. The last line is JSON.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a measurement, run by hand")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant as Ticks};

use bezwaar_core::account::{Account, Services};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::ChoiceLine;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::expanded::write_choice;
use bezwaar_ledger::extract::Extract;
use bezwaar_register::engine::{Check, NewRecord, Opening, Parts, Reader, Register, Sequencer, Ticket};
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder};
use bezwaar_register::folder;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::settings::{Settings, StoreKind};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// How many accounts are looked up, while the surge runs and after it.
const LOOKUPS: usize = 20_000;
/// How many entries are shown to be on the ledger, each from the published files anew.
const PROOFS: usize = 2_000;
/// One of so many accounts is kept for looking up.
const KEPT: usize = 97;
const REPORT_EVERY: u64 = 1_000_000;

struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

fn parts(seed: u64) -> Parts {
    Parts::on_disk(Box::new(Seeded(ChaCha20Rng::seed_from_u64(seed))))
}

fn open(folder: &Path, now: Instant) -> Register {
    if folder.join("register.toml").exists() {
        let opening = Opening { check: Check::Quick, ..Opening::default() };
        return folder::open(folder, parts(2), opening, now).expect("the register").0;
    }
    let settings = Settings {
        origin: "register.example/surge".to_owned(),
        domain: "gate.example".to_owned(),
        store: StoreKind::Sqlite,
        anchor: "../anchor".into(),
        witnesses: None,
        covers: Vec::new(),
    };
    folder::create(folder, &settings, parts(1), now).expect("a register")
}

/// Milliseconds at a share of the sorted times.
fn at(times: &mut [u32], share: f64) -> f64 {
    if times.is_empty() {
        return 0.0;
    }
    times.sort_unstable();
    f64::from(times[((times.len() as f64 * share) as usize).min(times.len() - 1)]) / 1e3
}

fn micros(since: Ticks) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

fn record(line: &str, number: usize, services: &Services) -> NewRecord {
    let choice = ChoiceLine::parse(number, line, services).expect("a good line").choice;
    let mut body = Vec::new();
    write_choice(&choice, &mut body).expect("a good choice");
    NewRecord::Sealed { kind: EntryKind::Choice, person: choice.person, id: Some(choice.id), body, contact: None }
}

/// What came of those who waited: when each was sent (µs after the beginning), and how long each waited to be accepted.
#[derive(Default)]
struct Waited {
    sent: Vec<u32>,
    accepted: Vec<u32>,
    placed: Vec<u64>,
}

fn wait_for(tickets: &mpsc::Receiver<(Ticket, Ticks)>, begun: Ticks) -> Waited {
    let mut waited = Waited::default();
    let (mut last, mut count) = (Ticks::now(), 0_u64);
    for (ticket, sent) in tickets {
        let placed = ticket.wait().expect("accepted");
        waited.accepted.push(micros(sent));
        waited.sent.push(u32::try_from(sent.duration_since(begun).as_micros() / 100).unwrap_or(u32::MAX));
        waited.placed.push(placed[0].index);
        count += 1;
        if count.is_multiple_of(REPORT_EVERY) {
            println!("{count:>10} accepted, the last million at {:.0}/s", REPORT_EVERY as f64 / last.elapsed().as_secs_f64());
            last = Ticks::now();
        }
    }
    waited
}

/// Makes an extract of everything, and opens it as the gate does; gives the figures.
fn extract_of(folder: &Path, now: Instant) -> String {
    let mut register = open(folder, now);
    let services = Services::default();
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads };
    let path = folder.join("people.extract");
    let (begun, used) = (Ticks::now(), processor_seconds());
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    let made = register.make_extract(&order, now, &mut out).expect("made");
    out.flush().expect("written");
    let (seconds, used) = (begun.elapsed().as_secs_f64(), processor_seconds() - used);
    let begun = Ticks::now();
    let bytes = std::fs::read(&path).expect("read");
    let length = bytes.len();
    let extract = Extract::from_bytes(bytes).expect("an extract");
    let opened = begun.elapsed().as_secs_f64();
    assert_eq!(extract.len() as u64, made.header.people);
    format!(
        "\"people\":{},\"extract_seconds\":{seconds:.1},\"extract_processor_seconds\":{used:.1},\"extract_bytes\":{length},\"extract_opened_seconds\":{opened:.2},\"extract_peak_bytes\":{}",
        made.header.people,
        peak_bytes()
    )
}

/// Looks up the acts of people at random, one by one; microseconds each.
fn look_up(reader: &mut Reader, accounts: &[Account]) -> Vec<u32> {
    let mut random = ChaCha20Rng::seed_from_u64(3);
    let look = |_| {
        let account = &accounts[(random.next_u64() % accounts.len() as u64) as usize];
        let from = Ticks::now();
        assert!(!reader.acts_of(account).expect("read").is_empty());
        micros(from)
    };
    (0..LOOKUPS).map(look).collect()
}

/// One of so many accounts of a surge.
fn some_accounts(choices: &Path) -> Vec<Account> {
    let services = Services::default();
    let lines = BufReader::with_capacity(1 << 20, File::open(choices).expect("the choices")).lines().enumerate().step_by(KEPT);
    lines
        .filter_map(|(number, line)| ChoiceLine::parse(number + 1, &line.expect("a line"), &services).expect("a good line").choice.person)
        .collect()
}

/// The largest resident size of this process until now, in bytes.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The processor time this process has used until now, in seconds, on all threads.
fn processor_seconds() -> f64 {
    // proc(5): after the name in parentheses come the state as field 3, and as fields 14 and 15 the time in user and in kernel mode, in hundredths of a second.
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = line.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The median, that of ninety-nine in a hundred, and the most, of times in microseconds; in milliseconds.
fn three(times: &mut [u32]) -> String {
    format!("[{:.3},{:.3},{:.3}]", at(times, 0.5), at(times, 0.99), at(times, 1.0))
}

fn look(folder: &Path, choices: &Path, now: Instant) -> String {
    let accounts = some_accounts(choices);
    let mut reader = open(folder, now).reader().expect("a reader");
    let mut looked = look_up(&mut reader, &accounts);
    let size = reader.published().expect("a checkpoint").unverified().size();
    let mut random = ChaCha20Rng::seed_from_u64(4);
    let prove = |_| {
        let from = Ticks::now();
        reader.inclusion(random.next_u64() % size).expect("a proof");
        micros(from)
    };
    let mut proven: Vec<u32> = (0..PROOFS).map(prove).collect();
    format!("\"lookup_at_rest_ms\":{},\"inclusion_ms\":{}", three(&mut looked), three(&mut proven))
}

fn replay(folder: &Path, choices: &Path, rate: Option<f64>, now: Instant) -> String {
    let sequencer = Arc::new(Sequencer::start(open(folder, now), Arc::new(move || now)).expect("started"));
    let services = Services::default();
    let begun = Ticks::now();
    let done = Arc::new(AtomicBool::new(false));
    let (sender, tickets) = mpsc::channel();
    let waiting = std::thread::spawn(move || wait_for(&tickets, begun));
    // Publishes about once a second, and remembers what stood under a checkpoint when.
    let published = Arc::new(Mutex::new(Vec::<(u64, u32)>::new()));
    let publishing = {
        let (sequencer, done, published) = (Arc::clone(&sequencer), Arc::clone(&done), Arc::clone(&published));
        std::thread::spawn(move || {
            loop {
                let last = done.load(Ordering::Acquire);
                let from = Ticks::now();
                let size = sequencer.publish().expect("published").unverified().size();
                published.lock().expect("whole").push((size, u32::try_from(begun.elapsed().as_micros() / 100).unwrap_or(u32::MAX)));
                if last {
                    return;
                }
                std::thread::sleep(Duration::from_secs(1).saturating_sub(from.elapsed()));
            }
        })
    };
    let mut accounts = Vec::new();
    let mut count = 0_usize;
    for (number, line) in BufReader::with_capacity(1 << 20, File::open(choices).expect("the choices")).lines().enumerate() {
        let record = record(&line.expect("a line"), number + 1, &services);
        if count.is_multiple_of(KEPT)
            && let NewRecord::Sealed { person: Some(person), .. } = &record
        {
            accounts.push(person.clone());
        }
        count += 1;
        if let Some(rate) = rate {
            let due = begun + Duration::from_secs_f64(count as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Ticks::now()));
        }
        let sent = Ticks::now();
        sender.send((sequencer.submit(vec![record]), sent)).expect("somebody waits");
    }
    drop(sender);
    let mut waited = waiting.join().expect("whole");
    let seconds = begun.elapsed().as_secs_f64();
    done.store(true, Ordering::Release);
    publishing.join().expect("published");
    let published_after = begun.elapsed().as_secs_f64();
    let published = std::mem::take(&mut *published.lock().expect("whole"));
    let mut under_checkpoint: Vec<u32> = waited
        .placed
        .iter()
        .zip(&waited.sent)
        .map(|(index, sent)| {
            let first = published.partition_point(|(size, _)| size <= index);
            (published[first].1.saturating_sub(*sent)).saturating_mul(100)
        })
        .collect();
    let mut reader = sequencer.reader().expect("a reader");
    let mut looked = look_up(&mut reader, &accounts);
    let size = reader.size().expect("a size");
    format!(
        "\"choices\":{count},\"size\":{size},\"seconds\":{seconds:.1},\"published_after\":{published_after:.1},\"accepted_ms\":{},\"checkpoint_ms\":{},\
         \"lookup_ms\":{},\"peak_bytes\":{}",
        three(&mut waited.accepted),
        three(&mut under_checkpoint),
        three(&mut looked),
        peak_bytes()
    )
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let now = Instant::parse("2026-06-01T00:00:00Z").expect("an instant");
    let folder = Path::new(arguments.get(1).expect("a folder")).join("register");
    let found = match arguments[..] {
        ["replay", _, choices] => replay(&folder, Path::new(choices), None, now),
        ["replay", _, choices, rate] => replay(&folder, Path::new(choices), Some(rate.parse().expect("a rate")), now),
        ["look", _, choices] => look(&folder, Path::new(choices), now),
        ["extract", _] => extract_of(&folder, now),
        _ => panic!("replay FOLDER CHOICES [RATE], look FOLDER CHOICES, or extract FOLDER"),
    };
    println!("{{{found}}}");
}
