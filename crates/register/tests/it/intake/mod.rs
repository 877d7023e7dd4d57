//! Intake into a real register, in a SQLite file, and what a replay of its ledger says.

mod generated;
mod life;
mod made;

use std::path::Path;
use std::sync::Arc;

use bezwaar_core::account::{Account, Services};
use bezwaar_core::choice::{Act, Channel, Choice, LinkKind};
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::parse_item;
use bezwaar_core::{Holdings, Question, Reading, decide};
use bezwaar_ledger::opening::{Opening as EntryOpening, Salt};
use bezwaar_ledger::replay::{Replay, Replayed};
use bezwaar_register::engine::{Parts, Place, Register};
use bezwaar_register::files::Disk;
use bezwaar_register::intake::{Filing, Intake, Sender};
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

fn register(folder: &Path) -> Register {
    let place = Place {
        folder: folder.join("register"),
        anchor: folder.join("anchor"),
        origin: "register.example/test".to_owned(),
        domain: "gate.example".to_owned(),
    };
    std::fs::create_dir_all(&place.folder).unwrap();
    let store = SqliteStore::create(&place.folder.join("register.sqlite"), SqliteOptions::default()).unwrap();
    let parts = Parts { files: Arc::new(Disk), random: Box::new(Seeded(ChaCha20Rng::seed_from_u64(7))) };
    Register::create(&place, Box::new(store), parts, at("2026-01-01")).unwrap()
}

fn at(day: &str) -> Instant {
    Instant::parse(&format!("{day}T00:00:00Z")).unwrap()
}

fn account(text: &str) -> Account {
    Services::default().parse(text).unwrap()
}

fn object(id: &str, person: &str, day: &str) -> Choice {
    Choice {
        id: id.to_owned(),
        person: Some(account(person)),
        act: Act::Object { uses: None, recipients: None, items: None },
        received_at: at(day),
        recorded_at: None,
        by: None,
        channel: Some(Channel::Mail),
        provisional: false,
    }
}

fn link(id: &str, person: &str, to: &str) -> Choice {
    Choice { act: Act::Link { to: account(to), how: LinkKind::SamePerson }, ..object(id, person, "2026-01-02") }
}

fn file(register: &mut Register, choice: Choice, sender: Sender, day: &str) {
    Intake::new(register.writer()).file(&Filing::own(choice, sender), at(day)).unwrap();
}

/// What the ledger says with all its openings; everything in it must fit.
fn replay(register: &Register, through: &str) -> Replayed {
    let mut reader = register.reader().unwrap();
    let mut replay = Replay::new();
    for index in 0..reader.size().unwrap() {
        let entry = reader.entry(index).unwrap();
        let opening = reader.opening(index).unwrap();
        let opening = opening.map(|row| EntryOpening { index, kind: entry.kind, salt: Salt::from_bytes(row.salt), body: row.body });
        replay.push(&entry, opening.as_ref());
    }
    replay.finish(at(through)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn policies() -> PolicySet {
    let file = PolicyFile {
        path: "policies/club/2026-01-01.toml".into(),
        folder: "club".into(),
        stem: "2026-01-01".into(),
        text: include_str!("../../../../core/tests/it/club.toml").into(),
    };
    read_policies(&[file], None).unwrap()
}

/// Whether a record of this author is withheld for what somebody said.
fn withheld(policies: &PolicySet, holdings: &Holdings, author: &str, day: &str) -> bool {
    let item = parse_item(1, &format!(r#"{{"id":"p-1","author":"{author}","category":"post","audience":"public"}}"#)).unwrap();
    let question = Question { use_id: "club/model".into(), recipient: "lab".into(), at: at(day), reading: Reading::Stated };
    let decision = decide(policies, holdings, &item, &question);
    assert!(decision.reasons().iter().all(|reason| reason.choice.is_some()), "{decision:?}");
    !decision.keep()
}
