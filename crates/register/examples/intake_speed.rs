//! How fast a file of made-up choices is checked and filed, through SQLite.
//!
//! `cargo run --release -p bezwaar-register --example intake_speed -- 1000000 FOLDER`

#![allow(clippy::print_stdout, clippy::expect_used, reason = "an example prints, and stops when something is wrong")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant as Clock;

use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_register::engine::{Parts, Place, Register};
use bezwaar_register::files::Disk;
use bezwaar_register::intake::{Form, ImportOptions, Intake, Senders};
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

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = PathBuf::from(arguments.next().expect("a folder that is not there yet"));
    let place = Place {
        folder: folder.join("register"),
        anchor: folder.join("anchor"),
        origin: "register.example/speed".to_owned(),
        domain: "gate.example".to_owned(),
    };
    std::fs::create_dir_all(&place.folder).expect("a folder");
    let path = folder.join("choices.jsonl");
    write_choices(&path, count);
    let now = Instant::parse("2026-06-01T00:00:00Z").expect("an instant");
    let store = SqliteStore::create(&place.folder.join("register.sqlite"), SqliteOptions::default()).expect("a store");
    let parts = Parts { files: Arc::new(Disk), random: Box::new(Seeded(ChaCha20Rng::seed_from_u64(1))) };
    let mut register = Register::create(&place, Box::new(store), parts, now).expect("a register");
    let services = Services::default();
    let options = ImportOptions { form: Form::Lines, services: &services, senders: Senders::ByChannel, policies: None };
    let mut intake = Intake::new(register.writer());
    let clock = Clock::now();
    let acts = intake.check_import(&path, options, now).expect("a sound file").acts;
    let checked = clock.elapsed().as_secs_f64();
    println!("checked: {acts} acts in {checked:.2} s, {:.0}/s", acts as f64 / checked);
    let clock = Clock::now();
    let imported = intake.import(&path, options, &mut || now, &mut |_| {}).expect("an import");
    let filed = clock.elapsed().as_secs_f64();
    println!("checked and filed: {} acts in {filed:.2} s, {:.0}/s", imported.filed, imported.filed as f64 / filed);
    println!("filed alone: {:.0}/s", imported.filed as f64 / (filed - checked));
    let clock = Clock::now();
    register.publish().expect("a checkpoint");
    println!("published in {:.2} s", clock.elapsed().as_secs_f64());
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
}

/// One act a line, most of different people.
fn write_choices(path: &std::path::Path, count: u64) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    for number in 0..count {
        let person = if number % 20 == 19 { number - 10 } else { number } + 1;
        let line = format!(
            r#"{{"id":"o-{number}","person":"facebook:{person}","act":"object","uses":["meta/*"],"received_at":"2025-05-26T21:50:00Z","channel":"form","by":"self"}}"#
        );
        writeln!(out, "{line}").expect("a line");
    }
    out.flush().expect("a file");
}
