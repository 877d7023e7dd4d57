//! How fast the engine places, publishes, opens and proves: `cargo run --release -p bezwaar-register --example engine_speed -- COUNT FOLDER`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a measurement, run by hand")]

use std::path::Path;
use std::time::Instant as Ticks;

use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::opening::{Salt, commit};
use bezwaar_register::engine::{Check, NewRecord, Opening, Parts, RegisterError, SCANNED_AT_ONCE_MAX};
use bezwaar_register::folder;
use bezwaar_register::randomness::{Randomness, RandomnessError};
use bezwaar_register::settings::{Settings, StoreKind};
use bezwaar_register::store::HolderId;
use bezwaar_register::vault::{SealedRow, Vault, VaultKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

struct Seeded(ChaCha20Rng);

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill_bytes(buffer);
        Ok(())
    }
}

fn parts() -> Parts {
    Parts::on_disk(Box::new(Seeded(ChaCha20Rng::seed_from_u64(1))))
}

/// The vault by itself: rows in memory, each of a holder of its own.
fn unseal(count: u64) {
    let mut random = Seeded(ChaCha20Rng::seed_from_u64(2));
    let key = VaultKey::generate(&mut random).unwrap();
    let (vault, _) = Vault::create(&key, "o", &mut random).unwrap();
    let (mut rows, mut holders) = (Vec::new(), Vec::new());
    let body = vec![b'x'; 330];
    for index in 0..count {
        let id = HolderId(index + 1);
        let (holder, key) = vault.new_holder(id, vault.holder_name(&index.to_string(), 0), &mut random).unwrap();
        let salt = [7; 32];
        let hash = commit(EntryKind::Choice, &Salt::from_bytes(salt), &body).unwrap();
        let entry = Entry { kind: EntryKind::Choice, recorded_at: Instant::from_micros(0), hash }.to_bytes();
        let sealed = vault.seal_opening(Some((id, &key)), index, &entry, &salt, &body);
        rows.push(SealedRow { index, entry, holder: Some(id), sealed });
        holders.push(holder);
    }
    let steps: Vec<Vec<SealedRow>> = rows.chunks(SCANNED_AT_ONCE_MAX).map(<[SealedRow]>::to_vec).collect();
    let begun = Ticks::now();
    for (rows, holders) in steps.into_iter().zip(holders.chunks(SCANNED_AT_ONCE_MAX)) {
        assert!(vault.unseal_each(rows, holders, |row| row.is_ok()).into_iter().all(|opened| opened));
    }
    println!("unsealed {count} rows in memory in {:.3} s on one thread", begun.elapsed().as_secs_f64());
}

fn main() {
    unseal(100_000);
    let arguments: Vec<String> = std::env::args().collect();
    let count: u64 = arguments[1].parse().unwrap();
    let folder = Path::new(&arguments[2]).join("register");
    let settings = Settings {
        origin: "register.example/speed".to_owned(),
        domain: "gate.example".to_owned(),
        store: StoreKind::Sqlite,
        anchor: "../anchor".into(),
        witnesses: None,
        covers: Vec::new(),
    };
    let now = Instant::from_micros(1_800_000_000_000_000);
    let mut register = folder::create(&folder, &settings, parts(), now).unwrap();
    let services = Services::default();
    let record = |number: u64| NewRecord::Sealed {
        kind: EntryKind::Choice,
        person: services.parse(&format!("club:{}", 10_000_000 + number)),
        id: Some(format!("o-{number}")),
        body: format!("{{\"act\":\"object\",\"id\":\"o-{number}\",\"filler\":\"{}\"}}", "x".repeat(280)).into_bytes(),
        contact: None,
    };
    let (begun, mut publishing, mut publications, mut last) = (Ticks::now(), 0.0, 0, Ticks::now());
    for first in (0..count).step_by(10_000) {
        let records: Vec<NewRecord> = (first..count.min(first + 10_000)).map(record).collect();
        register.append(&records, now).unwrap();
        if last.elapsed().as_secs() >= 1 {
            let begun = Ticks::now();
            register.publish().unwrap();
            publishing += begun.elapsed().as_secs_f64();
            publications += 1;
            last = Ticks::now();
        }
    }
    register.publish().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "placed and published {count} in {seconds:.1} s: {:.0}/s; {publications} publications took {publishing:.1} s",
        count as f64 / seconds
    );

    let mut reader = register.reader().unwrap();
    let begun = Ticks::now();
    let mut rows = 0u64;
    reader.scan_all(2, |row| row.map(|_| rows += 1).map_err(RegisterError::from)).unwrap();
    println!("opened {rows} rows in {:.2} s", begun.elapsed().as_secs_f64());

    let begun = Ticks::now();
    (0..100).for_each(|number| drop(reader.inclusion(number * (count / 100)).unwrap()));
    println!("a proof by itself: {:.2} ms", begun.elapsed().as_secs_f64() * 10.0);
    let begun = Ticks::now();
    let mut proofs = reader.proofs().unwrap();
    (0..1000).for_each(|number| drop(proofs.inclusion(number * (count / 1000)).unwrap()));
    println!("a proof among many: {:.3} ms", begun.elapsed().as_secs_f64());
    drop(register);
    for check in [Check::Full, Check::Quick] {
        let begun = Ticks::now();
        drop(folder::open(&folder, parts(), Opening { check, ..Opening::default() }, now).unwrap());
        println!("opened the register ({check:?}) in {:.2} s", begun.elapsed().as_secs_f64());
    }
}
