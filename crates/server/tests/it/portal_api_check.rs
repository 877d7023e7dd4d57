//! The bulk check of a contracted caller, and proofs of absence: over a release that was sealed.

mod fuzzed;

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::release::AbsenceFile;
use bezwaar_register::engine::NewRecord;
use bezwaar_register::extracts::{EXPIRES_AFTER_MICROS, ExtractOrder};
use bezwaar_register::intake::{Filing, Intake, Sender, Submission};
use bezwaar_register::release::{SealOrder, USE_WITHIN_MICROS};
use bezwaar_server::portal::LINKED_MAX;
use bezwaar_server::portal::api::{BULK_ACCOUNTS_MAX, CALLS_FOLDER};
use sha2::{Digest as _, Sha256};

use crate::portal_kit::{Answer, Running, World, at, policies};

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();
pub(crate) const CREDENTIAL: &str = "a-credential-that-nobody-guesses";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn settings(alarm: u64, more: &str) -> String {
    let hash = hex(&Sha256::digest(CREDENTIAL));
    format!(
        "[[caller]]\nid = \"lab\"\ncredential-sha256 = \"{hash}\"\nuse = \"meta/public-content\"\nrecipient = \"meta-ai\"\nreleases = [1, 7]\n\
         alarm-per-day = {alarm}\n{more}\n"
    )
}

/// Seals a release of records of these accounts.
fn seal(world: &mut World, people: &[&str], recipient: &str) {
    let mut register = world.register();
    let services = policies().services;
    let policy = b"made-up policy".to_vec();
    register.append(&[NewRecord::Document { kind: EntryKind::Policy, bytes: policy.clone() }], at(0)).unwrap();
    let order = ExtractOrder { services: &services, covers: None, expires_after_micros: EXPIRES_AFTER_MICROS, threads: THREADS };
    let extract = register.make_extract(&order, at(0), &mut Vec::new()).unwrap();
    let mut lines: Vec<String> = people.iter().map(|person| format!("{person}\n")).collect();
    lines.sort();
    let list = lines.concat();
    let manifest = serde_json::json!({
        "bezwaar_manifest": 1, "name": recipient, "signed": false, "replay": false,
        "question": {"use": "meta/public-content", "recipient": recipient, "reading": "protective"},
        "policies": {"meta@1": hex(&Sha256::digest(policy))},
        "extract": {
            "sha256": hex(&extract.sha256), "through": extract.header.through.to_string(), "signed": false, "expired": false,
            "expires_at": extract.header.expires_at.to_string(),
        },
        "form": {"kind": "originals"},
        "counts": {"kept": people.len(), "provisional": 0},
        "subjects": {"count": people.len(), "sha256": hex(&Sha256::digest(&list))},
    });
    let manifest = format!("{manifest}\n");
    let order = SealOrder { manifest: manifest.as_bytes(), use_within_micros: USE_WITHIN_MICROS, threads: THREADS };
    register.seal(&order, &mut list.as_bytes(), at(0), &mut |_| {}).unwrap();
}

fn check(running: &Running, accounts: &[&str]) -> Answer {
    let body = serde_json::json!({ "accounts": accounts }).to_string();
    running.post("/api/v1/check", &[("authorization", &format!("Bearer {CREDENTIAL}"))], &body)
}

fn allowed(running: &Running, accounts: &[&str]) -> Vec<bool> {
    let answer = check(running, accounts);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["allowed"].as_array().unwrap().iter().map(|one| one.as_bool().unwrap()).collect()
}

#[test]
fn who_said_no_and_who_is_not_in_the_release_get_the_same_no() {
    let mut world = World::new(&settings(100, ""));
    seal(&mut world, &["facebook:id:1001", "facebook:id:1002", "facebook:id:1003"], "meta-ai");
    let running = world.start();
    let all = ["facebook:1001", "facebook:1002", "facebook:1003", "facebook:1004", "nobody", ""];
    assert_eq!(allowed(&running, &all), [true, true, true, false, false, false]);
    assert_eq!(allowed(&running, &[]), [false; 0]);
    assert_eq!(running.post("/api/v1/acts", &[], r#"{"person":"facebook:1001","act":"object"}"#).status, 201);
    // A no to one record is, where nobody can tell which records are meant, a no to all.
    let some = r#"{"person":"facebook:1002","act":"object","items":["c-1"]}"#;
    assert_eq!(running.post("/api/v1/acts", &[], some).status, 201);
    assert_eq!(allowed(&running, &all), [false, false, true, false, false, false]);
    let (no, absent) = (check(&running, &["facebook:1001"]), check(&running, &["facebook:1004"]));
    assert_eq!(no.body, absent.body);
    let names: Vec<String> = no.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["allowed", "at", "recipient", "use"]);
    // A no that comes over a link counts as any other.
    assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], r#"{"act":"link","to":"facebook:1003"}"#).status, 201);
    assert_eq!(allowed(&running, &all), [false; 6]);
}

#[test]
fn only_who_has_the_credential_is_answered() {
    let mut world = World::new(&settings(100, ""));
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    let ask = |headers: &[(&str, &str)]| running.post("/api/v1/check", headers, r#"{"accounts":["facebook:1001"]}"#);
    assert_eq!(ask(&[]).problem(), "credential");
    assert_eq!(ask(&[]).header("www-authenticate"), Some("Bearer realm=\"portal\""));
    for wrong in ["Bearer", "Bearer x", "Basic a-credential-that-nobody-guesses", "a-credential-that-nobody-guesses", "Bearer "] {
        assert_eq!(ask(&[("authorization", wrong)]).problem(), "credential", "{wrong}");
    }
    assert_eq!(ask(&[("cookie", &format!("session={}", running.supervisor))]).problem(), "credential");
    let right = format!("bearer {CREDENTIAL}");
    assert_eq!(ask(&[("authorization", &right)]).status, 200);
    assert_eq!(running.post("/api/v1/check", &[("authorization", &right)], r#"{"account":[1]}"#).pointers(), ["/accounts", ""]);
    // Neither refused calls nor wrong ones are calls of the caller.
    let book = std::fs::read_to_string(world.register_folder().join(CALLS_FOLDER).join("2026-11.jsonl")).unwrap();
    assert_eq!(book.lines().count(), 1);
}

#[test]
fn so_many_accounts_may_be_asked_about_and_no_more() {
    let mut world = World::new(&settings(100_000, ""));
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    let names: Vec<String> = (0..=BULK_ACCOUNTS_MAX).map(|number| format!("facebook:{}", 1001 + number)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let most = allowed(&running, &names[..BULK_ACCOUNTS_MAX]);
    assert_eq!((most.len(), most.iter().filter(|one| **one).count(), most[0]), (BULK_ACCOUNTS_MAX, 1, true));
    assert_eq!(check(&running, &names).pointers(), ["/accounts"]);
}

#[test]
fn every_call_is_on_the_disk_when_it_is_answered_and_too_many_are_told() {
    let mut world = World::new(&settings(3, ""));
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    let lines = || {
        let text = std::fs::read_to_string(world.register_folder().join(CALLS_FOLDER).join("2026-11.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["accounts"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let told = || world.traces.lock().unwrap().iter().filter(|line| line.contains("asked about more than")).count();
    allowed(&running, &["facebook:1001"; 3]);
    assert_eq!((lines(), told()), (vec![3], 0));
    allowed(&running, &["facebook:1001"; 1]);
    assert_eq!((lines(), told()), (vec![3, 1], 1));
    allowed(&running, &["facebook:1001"; 1]);
    assert_eq!((lines(), told()), (vec![3, 1, 1], 1));
    assert!(running.get("/metrics").text().contains("bezwaar_bulk_check_accounts_total{caller=\"lab\"} 5"));
    assert!(running.get("/metrics").text().contains("bezwaar_bulk_check_alarms_total{caller=\"lab\"} 1"));
    // Where the record cannot be kept, nothing is answered.
    let folder = world.register_folder().join(CALLS_FOLDER);
    world.clock.fetch_add(30 * 86_400 * 1_000_000, Ordering::SeqCst);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    assert_eq!(check(&running, &["facebook:1001"]).problem(), "failed");
}

#[test]
fn a_release_for_another_recipient_or_none_counts_for_nothing() {
    let mut world = World::new(&settings(100, ""));
    seal(&mut world, &["facebook:id:1001"], "somebody-else");
    let running = world.start();
    assert_eq!(allowed(&running, &["facebook:1001"]), [false]);
    assert!(world.traces.lock().unwrap().iter().any(|line| line.contains("another recipient")));
}

#[test]
fn by_the_strictest_reading_silence_is_no() {
    let mut world = World::new(&settings(100, "reading = \"consent\""));
    seal(&mut world, &["facebook:id:1001", "facebook:id:1002"], "meta-ai");
    let running = world.start();
    let both = ["facebook:1001", "facebook:1002"];
    assert_eq!(allowed(&running, &both), [false, false]);
    let consent = r#"{"act":"consent","uses":["meta/public-content"]}"#;
    assert_eq!(running.post_as(&running.noor, "/api/v1/acts", &[], consent).status, 201);
    world.clock.fetch_add(1_000_000, Ordering::SeqCst);
    assert_eq!(allowed(&running, &both), [true, false]);
}

#[test]
fn absence_is_shown_to_the_holder_and_to_a_supervisor() {
    let mut world = World::new("");
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    let path = "/api/v1/releases/1/absence";
    assert_eq!(running.get(path).problem(), "sign-in");
    let present = |session: &str, path: &str| {
        let answer = running.get_as(session, path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let members = AbsenceFile::from_bytes(&answer.body).unwrap().memberships().unwrap();
        members.iter().map(|(account, member)| (account.expose_canonical().to_owned(), format!("{member:?}"))).collect::<Vec<_>>()
    };
    let (noor, evi) = (present(&running.noor, path), present(&running.evi, path));
    assert_eq!((noor[0].0.as_str(), evi[0].0.as_str()), ("facebook:id:1001", "facebook:id:1002"));
    assert_eq!(evi[0].1, "Absent");
    assert_ne!(noor[0].1, "Absent");
    assert_eq!(present(&running.supervisor, &format!("{path}?account=facebook:1002")), evi);
    assert_eq!(running.get_as(&running.evi, &format!("{path}?account=facebook:1001")).problem(), "forbidden");
    assert_eq!(running.get_as(&running.handler, &format!("{path}?account=facebook:1001")).problem(), "forbidden");
    for release in ["2", "0", "01", "x", "-1", "99999999999999999999"] {
        assert_eq!(running.get_as(&running.noor, &format!("/api/v1/releases/{release}/absence")).problem(), "not-found", "{release}");
    }
}

#[test]
fn the_examples_in_docs_do_what_they_say() {
    let docs = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md")).unwrap();
    let examples: Vec<&str> = docs.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 4);
    let mut world = World::new(&settings(100, ""));
    seal(&mut world, &["facebook:id:1001"], "meta-ai");
    let running = world.start();
    while running.get("/ready").status != 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let scratch = tempfile::tempdir().unwrap();
    for example in examples {
        let output = std::process::Command::new("bash")
            .args(["-euo", "pipefail", "-c", example])
            .env("PORTAL", format!("http://{}", running.address))
            .env("SESSION", &running.noor)
            .env("CREDENTIAL", CREDENTIAL)
            .current_dir(scratch.path())
            .output();
        let Ok(output) = output else { return crate::servers::not_run("the examples of docs/api.md, because there is no bash") };
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.code() == Some(127) {
            return crate::servers::not_run("the examples of docs/api.md, because curl or python3 is missing");
        }
        assert!(output.status.success(), "{example}\n{said}");
    }
}

#[test]
fn links_are_followed_so_far_and_past_that_nothing_is_allowed() {
    for (links, expected) in [(LINKED_MAX, true), (LINKED_MAX + 1, false)] {
        let mut world = World::new(&settings(100, ""));
        seal(&mut world, &["facebook:id:1001"], "meta-ai");
        let mut register = world.register();
        let lines: Vec<String> = (0..links)
            .map(|number| {
                let (id, to) = (format!("l-{number}"), 5_000 + number);
                format!(r#"{{"id":"{id}","person":"facebook:1001","act":"link","to":"facebook:{to}","received_at":"2026-11-22T12:00:00Z","channel":"api"}}"#)
            })
            .collect();
        let choices = bezwaar_core::wire::read_choices(&lines.join("\n"), &policies().services).unwrap().choices;
        let submissions: Vec<Submission> =
            choices.into_iter().map(|choice| Submission::of(vec![Filing::own(choice, Sender::Confirmed)])).collect();
        assert!(Intake::new(register.writer()).file_each(&submissions, at(0)).unwrap().iter().all(Result::is_ok));
        drop(register);
        let running = world.start();
        assert_eq!(allowed(&running, &["facebook:1001"]), [expected], "{links}");
    }
}
