//! How fast the desk takes submissions as a portal sends them, through SQLite: each with a contact, a case, two messages and where it came from, a third of them with a token. While they come,
//! checkpoints are published every second (not with `quiet`), and cases are listed ten times a second.
//!
//! ```text
//! cargo run --release -p bezwaar-register --example desk_speed -- FOLDER [RATE|max] [SECONDS] [quiet]
//! ```
//!
//! The register is made if the folder has none; run it again, and there are more cases. Then a page of cases is listed, a flood is looked at, and a step of it is voided. The last line is JSON.
#![allow(clippy::print_stdout, clippy::expect_used, clippy::indexing_slicing, reason = "a measurement, run by hand")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Ticks, SystemTime, UNIX_EPOCH};

use bezwaar_core::account::Services;
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::time::{DAY_MICROS, Day, Instant};
use bezwaar_ledger::event::VoidReason;
use bezwaar_register::cases::{CaseFilter, FloodSelection, NewCase};
use bezwaar_register::desk::Desk;
use bezwaar_register::engine::{Check, Opening, Parts, Register};
use bezwaar_register::folder;
use bezwaar_register::intake::{Contact, Filing, IntakeError, Role, Sender, Submission};
use bezwaar_register::post::{Addressee, LanguageCode, MessageKind, NewMessage};
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::settings::{Settings, StoreKind};
use bezwaar_register::tokens::{TokenHash, TokenUse};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "a measurement takes the time")]
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    Instant::from_micros(i64::try_from(since.as_micros()).expect("a clock"))
}

fn open(folder: &Path, seed: u64) -> Register {
    let parts = Parts::on_disk(Box::new(Seeded(ChaCha20Rng::seed_from_u64(seed))));
    if folder.join("register.toml").exists() {
        let opening = Opening { check: Check::Quick, ..Opening::default() };
        return folder::open(folder, parts, opening, now()).expect("the register").0;
    }
    let settings = Settings {
        origin: "register.example/desk".to_owned(),
        domain: "gate.example".to_owned(),
        store: StoreKind::Sqlite,
        anchor: "../anchor".into(),
        witnesses: None,
        covers: Vec::new(),
    };
    folder::create(folder, &settings, parts, now()).expect("a register")
}

/// What a portal hands in. `run` tells the ids of one run from those of another.
fn submission(desk: &Desk, services: &Services, run: u64, number: u64) -> Submission {
    let id = format!("o-{run}-{number}");
    let mail = format!("p{}@post.example", number % 50_000);
    let choice = Choice {
        id: id.clone(),
        person: services.parse(&format!("facebook:{}", run % 1_000 * 10_000_000 + number + 1)),
        act: Act::Object { uses: None, recipients: None, items: None },
        received_at: Instant::from_micros(0),
        recorded_at: None,
        by: None,
        channel: Some(Channel::Form),
        provisional: false,
    };
    let contact = Contact::new([("mail".to_owned(), mail.clone())]);
    let language = LanguageCode::parse("nl").expect("a code");
    let message =
        |kind, role| NewMessage { kind, to: Addressee::Act { act: id.clone(), role }, language: language.clone(), detail: String::new() };
    let messages = vec![message(MessageKind::Received, Role::Filer), message(MessageKind::FiledForYou, Role::Account)];
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    hash[8..16].copy_from_slice(&run.to_be_bytes());
    let token = TokenUse { hash: TokenHash(hash), expires_at: now().plus_micros(600_000_000) };
    Submission {
        case: Day::of(now().plus_micros(30 * DAY_MICROS), &bezwaar_core::time::Zone::utc()).map(|due_on| NewCase {
            language: language.clone(),
            due_on,
            opened_by: None,
            evidence: Vec::new(),
        }),
        messages,
        token: number.is_multiple_of(3).then_some(token),
        marks: desk.mark(Some(&mail), Some(if number.is_multiple_of(2) { "198.51.100.0/24" } else { "203.0.113.0/24" })),
        filings: vec![Filing { contact, ..Filing::own(choice, Sender::Unconfirmed) }],
    }
}

fn at(times: &mut [u32], share: f64) -> f64 {
    if times.is_empty() {
        return 0.0;
    }
    times.sort_unstable();
    f64::from(times[((times.len() as f64 * share) as usize).min(times.len() - 1)]) / 1e3
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    let rate: Option<u64> = arguments.next().and_then(|text| text.parse().ok());
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(20);
    let quiet = arguments.next().is_some();
    let run = now().as_micros() as u64;
    let services = Services::default();
    let begun = Ticks::now();
    let register = open(&folder, run);
    let desk = Desk::start(register, Arc::new(now)).expect("a desk");
    let total = desk.ask(|intake, _| intake.case_counts(Day::EPOCH).expect("cases").total).expect("an answer");
    println!("opened with {total} cases in {:.2} s", begun.elapsed().as_secs_f64());

    let waited: Arc<Mutex<Vec<u32>>> = Arc::default();
    let (busy, accepted, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), AtomicBool::new(false));
    let mut listed: Vec<u32> = Vec::new();
    let begun = Ticks::now();
    std::thread::scope(|scope| {
        let (desk, stop) = (&desk, &stop);
        scope.spawn(move || {
            while !quiet && !stop.load(Ordering::Relaxed) {
                desk.publish().expect("a checkpoint");
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        let lists = scope.spawn(move || {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let sent = Ticks::now();
                if desk.ask(|intake, _| intake.cases(&CaseFilter::Open, None, 50).map(drop)).is_ok() {
                    times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            times
        });
        let mut number = 0;
        while begun.elapsed() < Duration::from_secs(seconds) {
            if let Some(rate) = rate {
                let due = Duration::from_nanos(1_000_000_000 / rate * number);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            } else if accepted.load(Ordering::Relaxed) + busy.load(Ordering::Relaxed) + 2_000 < number {
                // Enough are on their way.
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            let (waited, busy, accepted) = (Arc::clone(&waited), Arc::clone(&busy), Arc::clone(&accepted));
            let submission = submission(desk, &services, run, number);
            let sent = Ticks::now();
            desk.file(submission, move |outcome| match outcome {
                Ok(_) => {
                    accepted.fetch_add(1, Ordering::Relaxed);
                    waited.lock().expect("a list").push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
                Err(IntakeError::Busy) => drop(busy.fetch_add(1, Ordering::Relaxed)),
                Err(other) => println!("refused: {other}"),
            });
            number += 1;
        }
        desk.ask(|_, _| ()).expect("all that was handed in is done");
        stop.store(true, Ordering::Relaxed);
        listed = lists.join().expect("lists");
    });
    let took = begun.elapsed().as_secs_f64();
    let (accepted, busy) = (accepted.load(Ordering::Relaxed), busy.load(Ordering::Relaxed));
    let mut waited = std::mem::take(&mut *waited.lock().expect("a list"));
    println!("{accepted} accepted in {took:.1} s, {:.0}/s; {busy} told to try again", accepted as f64 / took);
    let (half, most, worst) = (at(&mut waited, 0.5), at(&mut waited, 0.99), at(&mut waited, 1.0));
    println!("waited: median {half:.1} ms, p99 {most:.1} ms, at most {worst:.1} ms");
    let list_most = at(&mut listed, 0.99);
    println!("a page of cases meanwhile: median {:.1} ms, p99 {list_most:.1} ms", at(&mut listed, 0.5));

    let timed = |what: &str, job: &dyn Fn()| {
        let begun = Ticks::now();
        job();
        let took = begun.elapsed().as_secs_f64() * 1e3;
        println!("{what}: {took:.2} ms");
        took
    };
    let total = desk.ask(|intake, _| intake.case_counts(Day::EPOCH).expect("cases").total).expect("an answer");
    let page = timed(&format!("100 of {total} cases"), &|| {
        desk.ask(|intake, _| intake.cases(&CaseFilter::Open, None, 100).map(drop)).expect("a page").expect("a page");
    });
    let glance = timed("a flood at a glance", &|| {
        desk.ask(|intake, now| intake.flood(now).map(drop)).expect("a flood").expect("a flood");
    });
    let network = desk.mark(None, Some("198.51.100.0/24")).network;
    let voided = timed("a step of voids", &|| {
        let selection = FloodSelection { network, ..FloodSelection::default() };
        let how = (VoidReason::FiledByAutomation, ["lead", "deputy"]);
        let step = desk.ask(move |intake, now| intake.void_selection(&selection, how, None, now)).expect("a step").expect("a step");
        println!("{step:?}");
    });
    desk.stop().expect("the register");
    println!(
        r#"{{"accepted":{accepted},"busy":{busy},"cases":{total},"flood_ms":{glance:.2},"max_ms":{worst:.1},"median_ms":{half:.1},"p99_ms":{most:.1},"page_ms":{page:.2},"page_p99_ms":{list_most:.1},"seconds":{took:.1},"void_step_ms":{voided:.1}}}"#
    );
}
