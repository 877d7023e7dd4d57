//! A process with a desk is killed under load: every submission that was answered is there whole, with its case, and its token is used up.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bezwaar_register::desk::Desk;
use bezwaar_register::engine::{Opening, Parts, Register};
use bezwaar_register::intake::{Intake, IntakeError, Refusal, Submission};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};
use bezwaar_register::tokens::{TokenHash, TokenUse};

use super::whole;
use crate::engine::kit::{at, place, random};

const FOLDER: &str = "BEZWAAR_TEST_DESK_FOLDER";
const ROUNDS: u64 = 6;

fn open(folder: &Path, seed: u64) -> Register {
    let path = folder.join("register/register.sqlite");
    let (place, parts) = (place(folder), Parts::on_disk(random(seed)));
    if path.exists() {
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        Register::open(&place, Box::new(store), parts, Opening::default(), at(0)).unwrap()
    } else {
        let store = SqliteStore::create(&path, SqliteOptions::default()).unwrap();
        Register::create(&place, Box::new(store), parts, at(0)).unwrap()
    }
}

fn token(seed: u64, thread: u64, number: u64) -> TokenUse {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&seed.to_be_bytes());
    hash[8..16].copy_from_slice(&(thread << 32 | number).to_be_bytes());
    TokenUse { hash: TokenHash(hash), expires_at: at(86_400) }
}

/// The process that is killed; as a test of its own it does nothing.
#[test]
#[allow(clippy::disallowed_methods, reason = "how the test tells its own child where to work")]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (folder, seed) = folder.split_once('|').unwrap();
    let seed: u64 = seed.parse().unwrap();
    let desk = Desk::start(open(Path::new(folder), seed), Arc::new(|| at(1))).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let desk = &desk;
            scope.spawn(move || {
                for number in 0u64.. {
                    let id = format!("k{seed}-{thread}-{number}");
                    let marks = desk.mark(Some("p@post.example"), None);
                    let submission = Submission { token: Some(token(seed, thread, number)), ..whole(marks, &id, "club:noor", 0) };
                    let accepted = desk.file_and_wait(submission).unwrap();
                    let (index, case) = (accepted.acts[0].receipt.index, accepted.case.unwrap());
                    drop(writeln!(
                        std::io::stdout().lock(),
                        "accepted {seed} {thread} {number} {index} {case} {}",
                        accepted.messages.len()
                    ));
                }
            });
        }
        loop {
            desk.publish().unwrap();
        }
    });
}

#[test]
fn what_was_answered_is_there_when_the_process_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let mut heard: Vec<Vec<u64>> = Vec::new();
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "desk::killed::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, format!("{}|{round}", folder.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut said, before) = (0, heard.len());
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let Some(line) = line.strip_prefix("accepted ") else { continue };
            let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            if numbers.len() == 6 {
                heard.push(numbers);
                said += 1;
            }
            if said == 20 + round * 17 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(heard.len() > before, "it said nothing");
    }
    let mut register = open(folder.path(), 1_000);
    let mut reader = register.reader().unwrap();
    let mut intake = Intake::new(register.writer());
    for numbers in &heard {
        let [seed, thread, number, index, case, messages] = numbers[..] else { unreachable!() };
        let id = format!("k{seed}-{thread}-{number}");
        assert_eq!(reader.find(&id).unwrap(), Some(index), "{id}");
        let there = intake.case_of_act(&id).unwrap().unwrap();
        assert!(there.0 == case && intake.case(there).unwrap().is_some_and(|case| case.acts[0].id == id));
        let used = intake.use_once(token(seed, thread, number), at(2), |_| Ok(()));
        assert!(messages == 2 && matches!(used, Err(IntakeError::Refused(Refusal::TokenUsed))));
    }
    // What was never answered is there whole or not at all: as many cases as acts, twice as many messages.
    let counts = intake.case_counts(bezwaar_core::time::Day::EPOCH).unwrap();
    assert_eq!(intake.post_counts().unwrap().waiting, 2 * counts.total);
    assert_eq!(intake.token_count().unwrap() as u64, counts.total);
    let keys = register.statements().len() as u64;
    assert_eq!(register.reader().unwrap().size().unwrap(), keys + counts.total);
}
