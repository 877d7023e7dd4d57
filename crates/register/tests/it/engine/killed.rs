//! A process that is killed under load, again and again: no acceptance it gave is lost, no checkpoint it showed becomes invalid.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant as Ticks};

use bezwaar_ledger::entry::Entry;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_register::engine::{NewRecord, Opening, Parts, Placed, Register, Sequencer};
use bezwaar_register::store::sqlite::{SqliteOptions, SqliteStore};

use super::kit::{Witness, at, choice, place, random};

const FOLDER: &str = "BEZWAAR_TEST_KILLED_FOLDER";
/// So many rounds, however long they take; as many as fit into [`LASTS`] when it is not set, at most [`ROUNDS_MAX`].
const ROUNDS: &str = "BEZWAAR_TEST_KILLED_ROUNDS";
const LASTS: Duration = Duration::from_secs(40);
const ROUNDS_MAX: u64 = 300;

fn open(folder: &Path, seed: u64) -> Register {
    let path = folder.join("register/register.sqlite");
    let new = !path.exists();
    // A short tail, so that what is put off is put off here too.
    let options = SqliteOptions { tail_entries: 16, ..SqliteOptions::default() };
    let store = if new { SqliteStore::create(&path, options) } else { SqliteStore::open(&path, options) };
    let (place, parts) = (place(folder), Parts::on_disk(random(seed)));
    if new {
        Register::create(&place, Box::new(store.unwrap()), parts, at(0))
    } else {
        Register::open(&place, Box::new(store.unwrap()), parts, Opening::default(), at(0))
    }
    .unwrap()
}

/// The process that is killed; as a test of its own it does nothing.
#[test]
#[allow(clippy::disallowed_methods, reason = "how the test tells its own child where to work")]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (folder, seed) = folder.split_once('|').unwrap();
    let register = open(Path::new(folder), seed.parse().unwrap());
    let sequencer = Arc::new(Sequencer::start(register, Arc::new(|| at(1))).unwrap());
    let say = |line: String| drop(writeln!(std::io::stdout().lock(), "{line}"));
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let sequencer = Arc::clone(&sequencer);
            scope.spawn(move || {
                for number in 0u64.. {
                    let id = format!("k{seed}-{thread}-{number}");
                    let placed = sequencer.submit(vec![choice(&id, &format!("p{}", number % 50))]).wait().unwrap();
                    let salt: String = placed[0].salt.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
                    let entry: String = placed[0].entry.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                    say(format!("accepted {id} p{} {} {entry} {salt}", number % 50, placed[0].index));
                }
            });
        }
        loop {
            let checkpoint = sequencer.publish().unwrap();
            say(format!("checkpoint {}", checkpoint.to_string().replace('\n', "|")));
        }
    });
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let bytes: Option<Vec<u8>> = (0..N).map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

/// A line that was cut off by the kill says nothing.
fn hear(line: &str, witness: &mut Witness) -> Option<()> {
    if let Some(checkpoint) = line.strip_prefix("checkpoint ") {
        let checkpoint = SignedCheckpoint::parse(checkpoint.replace('|', "\n").as_bytes()).ok()?;
        witness.saw(checkpoint);
        return Some(());
    }
    let words: Vec<&str> = line.strip_prefix("accepted ")?.split(' ').collect();
    let [id, person, index, entry, salt] = words.as_slice() else { return None };
    let entry = Entry::from_bytes(&bytes::<42>(entry)?).ok()?;
    let salt = Some(bytes::<32>(salt).filter(|_| salt.len() == 64)?);
    let record: NewRecord = choice(id, person);
    witness.was_told(&[record], &[Placed { index: index.parse().ok()?, entry, salt, fresh: true }]);
    Some(())
}

#[test]
#[allow(clippy::disallowed_methods, reason = "how many rounds there are is for whoever runs the test")]
fn nothing_that_was_said_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("register")).unwrap();
    let begun = Ticks::now();
    let (mut rounds, mut heard, mut kept) = (0, 0, Witness::default());
    let asked: Option<u64> = std::env::var(ROUNDS).ok().map(|rounds| rounds.parse().unwrap());
    while asked.map_or(begun.elapsed() < LASTS && rounds < ROUNDS_MAX, |asked| rounds < asked) {
        rounds += 1;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "engine::killed::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, format!("{}|{rounds}", folder.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said: u64 = 0;
        let wait = 1 + rounds * 7 % 60;
        for line in lines.map_while(Result::ok) {
            if hear(&line, &mut kept).is_some() {
                (heard, said) = (heard + 1, said + 1);
            }
            // What it says after the kill, if anything still stands in the pipe, was said before.
            if said == wait {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        if rounds % 8 == 0 {
            kept.check(&open(folder.path(), 1_000_000 + rounds));
        }
    }
    kept.check(&open(folder.path(), 2_000_000));
    drop(writeln!(std::io::stdout(), "{rounds} rounds in {:?}, {heard} lines heard", begun.elapsed()));
    assert!(rounds >= 5 && heard > 20, "{rounds} rounds, {heard} lines");
}
