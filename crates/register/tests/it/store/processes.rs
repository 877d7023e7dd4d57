//! Several processes on one store, and processes that are killed while they write.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bezwaar_register::store::{Batch, HolderId};

use super::places::{self, Place};
use super::rows::{act, bytes, contents, entry, holder};
use super::two_writers;

/// What a child process does, in this variable: a task, and where the store is.
const TASK: &str = "BEZWAAR_TEST_CHILD";
/// How often a writing process is killed.
const KILLS: u64 = 15;

fn start(task: &str, place: &dyn Place) -> Option<Child> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["store::processes::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, format!("{task} {}", place.address()?))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    Some(child.unwrap())
}

/// Not a test of its own: what this program does when a test starts it as another process.
#[test]
#[expect(clippy::disallowed_methods, reason = "a child is told what to do by its environment")]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (task, address) = task.split_once(' ').unwrap();
    let mut store = places::open_address(address);
    let mut out = std::io::stdout();
    match task {
        "take-turns-1" | "take-turns-2" => {
            let writer = task.bytes().next_back().map_or(0, |digit| u64::from(digit - b'0'));
            for (from, numbers) in two_writers::write(store.as_mut(), writer) {
                writeln!(out, "written {from} {}", numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")).unwrap();
            }
            writeln!(out, "done").unwrap();
        }
        "write-on" => {
            let claim = store.claim().unwrap();
            let mut head = store.head().unwrap();
            loop {
                let last = head.last_holder + 1;
                let entries = (head.size..head.size + 100).map(|number| act(number, last)).collect();
                let contacts = vec![(HolderId(last), bytes(last, 100))];
                let values = vec![("vault.epoch".into(), (head.size + 100).to_be_bytes().to_vec())];
                let batch = Batch { holders: vec![holder(last)], entries, contacts, values, ..Batch::default() };
                store.append(claim, head.size, &batch).unwrap();
                head.size += 100;
                head.last_holder = last;
                writeln!(out, "written {}", head.size).unwrap();
            }
        }
        other => panic!("no such task: {other}"),
    }
}

/// The lines a child says, without those of the test harness around it.
fn written(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| line.split_once("written ").map(|(_, rest)| rest.to_owned()))
}

fn two_writers_in_processes(place: &dyn Place) {
    let mut children: Vec<Child> = ["take-turns-1", "take-turns-2"].iter().map(|task| start(task, place).unwrap()).collect();
    let acknowledged: Vec<BTreeMap<u64, Vec<u64>>> = children
        .iter_mut()
        .map(|child| {
            let parse = |line: String| {
                let (from, numbers) = line.split_once(' ').unwrap();
                (from.parse().unwrap(), numbers.split(',').map(|number| number.parse().unwrap()).collect())
            };
            written(child).map(parse).collect()
        })
        .collect();
    children.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    assert!(acknowledged.iter().all(|acknowledged| !acknowledged.is_empty()));
    two_writers::verify(place.open().as_mut(), &acknowledged);
}

/// Killed at any moment, a writer leaves whole batches, and every batch it was told is durable.
fn killed_writers_leave_whole_batches(place: &dyn Place) {
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let mut child = start("write-on", place).unwrap();
        let mut lines = written(&mut child);
        let first: u64 = lines.next().unwrap().parse().unwrap();
        assert!(first >= acknowledged + 100);
        std::thread::sleep(Duration::from_micros(bytes(round, 1)[0].into()) * 150);
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = lines.last().map_or(first, |line| line.parse().unwrap());

        let mut store = place.open();
        // A server can still be at the commit of a program that is gone: the claim waits for it.
        store.claim().unwrap();
        let found = contents(store.as_mut(), 0);
        let size = found.head.size;
        assert!(size == acknowledged || size == acknowledged + 100, "{acknowledged} were acknowledged, {size} are there");
        assert_eq!(found.head.last_holder, size / 100);
        assert_eq!(found.value, Some(size.to_be_bytes().to_vec()));
        assert!(found.entries.iter().zip(0..).all(|(bytes, number)| *bytes == entry(number)));
        assert_eq!(found.openings.len() as u64, size);
        assert!(found.contacts[1..=found.head.last_holder as usize].iter().all(Option::is_some));
        acknowledged = size;
    }
    place.open().check().unwrap();
}

#[test]
fn two_processes_write_one_sqlite_file() {
    two_writers_in_processes(places::sqlite().unwrap().as_ref());
}

#[test]
fn killed_processes_leave_a_whole_sqlite_file() {
    killed_writers_leave_whole_batches(places::sqlite().unwrap().as_ref());
}

#[test]
fn two_processes_write_one_postgres_schema() {
    if let Some(place) = places::postgres() {
        two_writers_in_processes(place.as_ref());
    }
}

#[test]
fn killed_processes_leave_a_whole_postgres_schema() {
    if let Some(place) = places::postgres() {
        killed_writers_leave_whole_batches(place.as_ref());
    }
}
