//! `add-checkpoint`, sentence by sentence of its specification.

use std::fs;
use std::sync::atomic::Ordering;

use bezwaar_ledger::tlog::note::parse_signature_lines;
use bezwaar_server::witness::{CLOCK_BEHIND_SECONDS_MAX, file_name};

use crate::support::{Connection, Ledger, NOW, ORIGIN, Serving, cosigned_at, ledger_key, open, open_for};

#[test]
fn a_checkpoint_is_cosigned_and_then_one_that_continues_it() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut ledger = Ledger::new(7);
    let answer = serving.post(&ledger.body(0));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(parse_signature_lines(&answer.body).unwrap().len(), 1, "signature lines and nothing else");
    assert_eq!(cosigned_at(&ledger.checkpoint(), &answer.body, &serving.vkey).seconds(), NOW);
    for size in [8, 300, 301, 1000] {
        let old_size = ledger.tree.size();
        ledger.grow("entry", size);
        let answer = serving.post(&ledger.body(old_size));
        assert_eq!(answer.status, 200, "{}", answer.body);
        cosigned_at(&ledger.checkpoint(), &answer.body, &serving.vkey);
    }
}

#[test]
fn the_same_checkpoint_again_gets_a_newer_time() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(7);
    serving.post(&ledger.body(0));
    serving.clock.fetch_add(60, Ordering::SeqCst);
    let answer = serving.post(&ledger.body(7));
    assert_eq!(answer.status, 200);
    assert_eq!(cosigned_at(&ledger.checkpoint(), &answer.body, &serving.vkey).seconds(), NOW + 60);
}

#[test]
fn the_empty_tree_can_be_cosigned_and_anything_continues_it() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut ledger = Ledger::new(0);
    assert_eq!(serving.post(&ledger.body(0)).status, 200);
    assert_eq!(serving.post(&ledger.body(0)).status, 200);
    ledger.grow("entry", 3);
    assert_eq!(serving.post(&ledger.body(0)).status, 200);
}

#[test]
fn an_unknown_ledger_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger { key: ledger_key("ledger.example/two", 1), ..Ledger::new(7) };
    assert_eq!(serving.post(&ledger.body(0)).status, 404);
}

#[test]
fn a_checkpoint_the_ledger_has_not_signed_is_forbidden() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(7);
    let forged = Ledger { key: ledger_key(ORIGIN, 2), ..ledger.clone() };
    assert_eq!(serving.post(&forged.body(0)).status, 403);
    // The right key, but over another text.
    let (right, other) = (ledger.checkpoint().to_string(), Ledger::new(8).checkpoint().to_string());
    let moved = right.replace(right.lines().last().unwrap(), other.lines().last().unwrap());
    assert_eq!(serving.post(format!("old 0\n\n{moved}").as_bytes()).status, 403);
    // A wrong size is told to those only who come with the ledger's signature.
    assert_eq!(serving.post(&forged.body(3)).status, 403);
    assert_eq!(serving.get(&format!("/checkpoints/{}", file_name(&ledger.origin()))).status, 404, "nothing was kept");
}

#[test]
fn signatures_of_unknown_keys_are_passed_over_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(7);
    let stranger = Ledger { key: ledger_key(ORIGIN, 2), ..ledger.clone() }.checkpoint().to_string();
    let body = format!("old 0\n\n{}{}\n", ledger.checkpoint(), stranger.lines().last().unwrap());
    assert_eq!(serving.post(body.as_bytes()).status, 200);
    let kept = serving.get(&format!("/checkpoints/{}", file_name(&ledger.origin()))).body;
    assert!(!kept.contains(stranger.lines().last().unwrap()) && kept.contains(ledger.checkpoint().to_string().lines().last().unwrap()));
}

#[test]
fn while_a_ledger_changes_its_key_both_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (ledger_key(ORIGIN, 1), ledger_key(ORIGIN, 2));
    let serving = Serving::start(open_for(folder.path(), vec![old.verifier().clone(), new.verifier().clone()]));
    let mut ledger = Ledger::new(7);
    assert_eq!(serving.post(&ledger.body(0)).status, 200);
    ledger.grow("entry", 9);
    assert_eq!(serving.post(&Ledger { key: new, ..ledger.clone() }.body(7)).status, 200);
    assert_eq!(serving.post(&ledger.body(7)).status, 409, "one record for both keys");
}

#[test]
fn an_old_size_beyond_the_checkpoint_is_a_bad_request() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let body = String::from_utf8(Ledger::new(7).body(0)).unwrap().replace("old 0\n", "old 8\n");
    assert_eq!(serving.post(body.as_bytes()).status, 400);
}

#[test]
fn another_old_size_is_a_conflict_that_names_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut ledger = Ledger::new(9);
    let never = serving.post(&ledger.body(4));
    assert_eq!((never.status, never.body.as_str(), never.content_type.as_str()), (409, "0\n", "text/x.tlog.size"));
    serving.post(&ledger.body(0));
    ledger.grow("entry", 12);
    for wrong in [0, 1, 8, 10, 12] {
        let answer = serving.post(&ledger.body(wrong));
        assert_eq!((answer.status, answer.body.as_str(), answer.content_type.as_str()), (409, "9\n", "text/x.tlog.size"));
    }
    assert_eq!(serving.post(&ledger.body(9)).status, 200);
}

#[test]
fn a_proof_that_does_not_fit_cannot_be_processed() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(20);
    let line = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=";
    let first = String::from_utf8(ledger.body(0)).unwrap();
    assert_eq!(serving.post(first.replace("old 0\n", &format!("old 0\n{line}\n")).as_bytes()).status, 422, "from 0 there is no proof");
    serving.post(first.as_bytes());
    let grown = Ledger::new(33);
    let good = String::from_utf8(grown.body(20)).unwrap();
    let lines: Vec<&str> = good.split("\n\n").next().unwrap().lines().skip(1).collect();
    for (place, hash) in lines.into_iter().enumerate() {
        assert_eq!(serving.post(good.replace(hash, line).as_bytes()).status, 422, "line {place} is another");
        assert_eq!(serving.post(good.replace(&format!("{hash}\n"), "").as_bytes()).status, 422, "line {place} is missing");
        let twice = good.replace(hash, &format!("{hash}\n{hash}"));
        assert_eq!(serving.post(twice.as_bytes()).status, 422, "line {place} stands twice");
    }
    let same = String::from_utf8(ledger.body(20)).unwrap();
    assert_eq!(serving.post(same.replace("old 20\n", &format!("old 20\n{line}\n")).as_bytes()).status, 422, "equal sizes, and a proof");
    assert_eq!(serving.post(good.as_bytes()).status, 200, "and none of that left a trace");
}

#[test]
fn two_roots_of_one_size_are_a_conflict_and_kept_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut ledger = Ledger::new(7);
    serving.post(&ledger.body(0));
    let mut forked = Ledger::new(6);
    forked.grow("another entry", 7);
    let answer = serving.post(&forked.body(7));
    assert_eq!((answer.status, answer.body.as_str()), (409, "7\n"));
    // Whatever old size is claimed.
    assert_eq!(serving.post(&forked.body(3)).status, 409);
    let evidence = folder.path().join("evidence").join(file_name(&ledger.origin()));
    let kept: Vec<_> = fs::read_dir(&evidence).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "the same pair once");
    assert!(fs::read_to_string(kept[0].join("held")).unwrap().starts_with(&ledger.checkpoint().to_string()));
    assert_eq!(fs::read_to_string(kept[0].join("offered")).unwrap(), forked.checkpoint().to_string());
    assert!(fs::read_to_string(kept[0].join("what.txt")).unwrap().contains("two trees"));
    assert_eq!(*serving.reports.lock().unwrap(), [(200, false), (409, true), (409, true)], "and whoever runs it is told");
    // The ledger it has cosigned can go on.
    ledger.grow("entry", 8);
    assert_eq!(serving.post(&ledger.body(7)).status, 200);
}

#[test]
fn a_fork_that_has_grown_on_finds_no_proof() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    serving.post(&Ledger::new(7).body(0));
    let mut forked = Ledger::new(6);
    forked.grow("another entry", 12);
    assert_eq!(serving.post(&forked.body(7)).status, 422);
    assert_eq!(serving.reports.lock().unwrap().last(), Some(&(422, true)), "kept, as it may show a fork");
}

#[test]
fn what_was_answered_is_on_disk_and_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::new(7);
    let answer = open(folder.path()).add_checkpoint(&ledger.body(0), crate::support::at(NOW));
    assert_eq!(answer.answer.status(), 200);
    let serving = Serving::start(open(folder.path()));
    let page = serving.get(&format!("/checkpoints/{}", file_name(&ledger.origin())));
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/plain; charset=utf-8"));
    assert_eq!(page.body, fs::read_to_string(folder.path().join("checkpoints").join(file_name(&ledger.origin()))).unwrap());
    assert!(page.body.starts_with(&ledger.checkpoint().to_string()));
    ledger.grow("entry", 9);
    assert_eq!(serving.post(&ledger.body(0)).body, "7\n");
    assert_eq!(serving.post(&ledger.body(7)).status, 200);
}

#[test]
fn time_never_runs_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(7);
    let limit = i64::try_from(CLOCK_BEHIND_SECONDS_MAX).unwrap();
    serving.post(&ledger.body(0));
    serving.clock.fetch_sub(limit, Ordering::SeqCst);
    let answer = serving.post(&ledger.body(7));
    assert_eq!(cosigned_at(&ledger.checkpoint(), &answer.body, &serving.vkey).seconds(), NOW, "the time of the last one again");
    serving.clock.fetch_sub(1, Ordering::SeqCst);
    let answer = serving.post(&ledger.body(7));
    assert_eq!(answer.status, 503, "one second further, and the clock is not believed any more");
    serving.clock.store(-1, Ordering::SeqCst);
    assert_eq!(serving.post(&ledger.body(7)).status, 503);
}

#[test]
fn a_connection_serves_many_requests() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut connection = Connection::open(serving.address);
    let mut ledger = Ledger::new(1);
    assert_eq!(connection.post("/add-checkpoint", &ledger.body(0)).status, 200);
    for size in 2..20 {
        assert_eq!(connection.post("/add-checkpoint", &ledger.body(0)).status, 409);
        ledger.grow("entry", size);
        assert_eq!(connection.post("/add-checkpoint", &ledger.body(size - 1)).status, 200);
        assert_eq!(connection.get("/").status, 200);
    }
}

#[test]
fn it_says_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let page = serving.get("/");
    assert_eq!(page.status, 200);
    let ledger = Ledger::new(0).origin();
    for part in
        [serving.vkey.to_string(), "witness.example/w1".to_owned(), ledger.to_string(), format!("/checkpoints/{}", file_name(&ledger))]
    {
        assert!(page.body.contains(&part), "{part} in {}", page.body);
    }
    assert_eq!(serving.get("/checkpoints/00").status, 404);
    assert_eq!(serving.get("/checkpoints/..%2flock").status, 404);
    assert_eq!(serving.get("/other").status, 404);
    assert_eq!(serving.get("/add-checkpoint").status, 405);
}
