//! Asking witnesses: honest, late, silent, lying and confused ones.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::cosignature::{PosixSeconds, cosign, verify_cosignature};
use bezwaar_ledger::tlog::note::SigningKey;
use bezwaar_ledger::tlog::policy::TrustPolicy;
use bezwaar_ledger::tlog::witness::{ANSWER_BYTES_MAX, AddCheckpoint};
use bezwaar_server::asking::{Answer, AskError, AskWitness, Asked, Asking, Collected, HttpError, HttpWitness};

use crate::support::{Ledger, NOW, Serving, ledger_key, open, witness_key};

const LONG: Duration = Duration::from_secs(20);

/// A witness that answers as a function says.
struct Scripted<F>(F);

impl<F: Fn(&[u8]) -> Result<Answer, HttpError> + Send + Sync> AskWitness for Scripted<F> {
    fn add_checkpoint(&self, body: &[u8]) -> Result<Answer, HttpError> {
        (self.0)(body)
    }
}

fn asked(key: &SigningKey, way: impl AskWitness + 'static) -> Asked {
    Asked { name: key.name().to_string(), key: key.verifier().clone(), way: Arc::new(way) }
}

fn scripted(key: &SigningKey, script: impl Fn(&[u8]) -> Result<Answer, HttpError> + Send + Sync + 'static) -> Asked {
    asked(key, Scripted(script))
}

/// A witness without memory, that signs what it gets.
fn obliging(key: &SigningKey) -> Asked {
    let signer = key.clone();
    scripted(key, move |body| Ok(Answer::Cosigned(cosignature(&signer, body).into_bytes())))
}

fn cosignature(key: &SigningKey, body: &[u8]) -> String {
    let request = AddCheckpoint::parse(body).unwrap();
    format!("{}\n", cosign(key, request.checkpoint(), PosixSeconds::new(NOW).unwrap()).unwrap())
}

fn collect(asking: &mut Asking, ledger: &Ledger, wanted: usize, within: Duration) -> Collected {
    let enough = |checkpoint: &SignedCheckpoint| checkpoint.note().signatures().len() > wanted;
    asking.collect(&ledger.checkpoint(), within, |old_size| Ok::<Vec<Hash>, Infallible>(ledger.proof(old_size)), enough)
}

fn failure(collected: &Collected, witness: &SigningKey) -> String {
    format!("{:?}", collected.answers[witness.name().as_str()].as_ref().unwrap_err())
}

#[test]
fn a_real_witness_is_asked_again_from_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let mut ledger = Ledger::new(7);
    serving.post(&ledger.body(0));
    ledger.grow("entry", 40);
    let key = witness_key("witness.example/w1", 9);
    let mut asking = Asking::new(vec![asked(&key, HttpWitness::new(&serving.url(), LONG).unwrap())]);
    let collected = collect(&mut asking, &ledger, 1, LONG);
    assert!(collected.enough, "{:?}", collected.answers);
    assert_eq!(verify_cosignature(&collected.checkpoint, key.verifier()).unwrap().seconds(), NOW);
    assert_eq!(collected.checkpoint.verify(ledger.key.verifier()).unwrap().size(), 40, "the ledger's own signature is still there");
    ledger.grow("entry", 41);
    assert!(collect(&mut asking, &ledger, 1, LONG).enough);
    let statuses: Vec<u16> = serving.reports.lock().unwrap().iter().map(|report| report.0).collect();
    assert_eq!(statuses, [200, 409, 200, 200], "one conflict at first, and then it is known where the witness is");
}

#[test]
fn all_are_asked_at_once_and_the_slow_are_not_waited_for() {
    let keys: Vec<SigningKey> = (1..=4).map(|number| witness_key(&format!("witness.example/w{number}"), number)).collect();
    let (release, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let slow = scripted(&keys[3], move |_| {
        let _ = gate.lock().unwrap().recv();
        Ok(Answer::Refused(500))
    });
    let mut asking = Asking::new(vec![slow, obliging(&keys[0]), obliging(&keys[1]), obliging(&keys[2])]);
    let begun = Instant::now();
    let collected = collect(&mut asking, &Ledger::new(7), 3, LONG);
    assert!(collected.enough && begun.elapsed() < Duration::from_secs(10));
    assert_eq!(collected.answers.len(), 3, "the fourth had not answered");
    keys[..3].iter().for_each(|key| assert!(verify_cosignature(&collected.checkpoint, key.verifier()).is_ok()));
    let begun = Instant::now();
    let collected = collect(&mut asking, &Ledger::new(7), 4, Duration::from_millis(300));
    assert!(!collected.enough && begun.elapsed() < Duration::from_secs(10), "the time is up");
    assert_eq!(collected.checkpoint.note().signatures().len(), 4, "what was collected is there");
    drop(release);
}

#[test]
fn no_more_than_enough_is_asked_of_nobody() {
    let collected = collect(&mut Asking::new(Vec::new()), &Ledger::new(7), 0, LONG);
    assert!(collected.enough, "a quorum of none");
    assert!(!collect(&mut Asking::new(Vec::new()), &Ledger::new(7), 1, LONG).enough, "and one that cannot be met ends at once");
}

#[test]
fn only_the_right_signature_of_the_right_key_counts() {
    let key = witness_key("witness.example/w1", 9);
    let stranger = witness_key("witness.example/w9", 8);
    let other = Ledger::new(9).body(0);
    let imitator = witness_key("witness.example/w1", 8);
    let cases: Vec<(Asked, &str)> = vec![
        (
            {
                let signer = stranger.clone();
                scripted(&key, move |body| Ok(Answer::Cosigned(cosignature(&signer, body).into_bytes())))
            },
            "NoKnownSignature",
        ),
        (
            {
                let signer = imitator;
                scripted(&key, move |body| Ok(Answer::Cosigned(cosignature(&signer, body).into_bytes())))
            },
            "NoKnownSignature",
        ),
        (
            {
                let signer = key.clone();
                scripted(&key, move |_| Ok(Answer::Cosigned(cosignature(&signer, &other).into_bytes())))
            },
            "BadSignature",
        ),
        (scripted(&key, |_| Ok(Answer::Cosigned(Vec::new()))), "NotCosigned"),
        (scripted(&key, |_| Ok(Answer::Cosigned(b"<html>\n".to_vec()))), "NotCosigned"),
        (scripted(&key, |body| Ok(Answer::Cosigned(body.to_vec()))), "NotCosigned"),
    ];
    for (witness, expected) in cases {
        let collected = collect(&mut Asking::new(vec![witness]), &Ledger::new(7), 1, LONG);
        assert!(!collected.enough && failure(&collected, &key).contains(expected), "{:?}", collected.answers);
        assert_eq!(collected.checkpoint, Ledger::new(7).checkpoint(), "nothing of it was added");
    }
}

#[test]
fn signatures_of_others_in_an_answer_are_left_out() {
    let (key, stranger) = (witness_key("witness.example/w1", 9), witness_key("witness.example/w9", 8));
    let (signer, other) = (key.clone(), stranger.clone());
    let witness = scripted(&key, move |body| Ok(Answer::Cosigned((cosignature(&other, body) + &cosignature(&signer, body)).into_bytes())));
    let collected = collect(&mut Asking::new(vec![witness]), &Ledger::new(7), 1, LONG);
    assert!(collected.enough);
    assert_eq!(collected.checkpoint.note().signatures().len(), 2);
    assert!(verify_cosignature(&collected.checkpoint, stranger.verifier()).is_err());
}

#[test]
fn conflicts_are_settled_once_or_named() {
    let key = witness_key("witness.example/w1", 9);
    let sizes = |sizes: &'static [u64]| {
        let asked = AtomicUsize::new(0);
        scripted(&key, move |_| Ok(Answer::OtherSize(sizes[asked.fetch_add(1, Ordering::SeqCst)])))
    };
    for (answers, expected) in [
        ([3, 4].as_slice(), "Unsteady { held: 4 }"),
        (&[0], "Unsteady { held: 0 }"),
        (&[8], "Ahead { held: 8, asked: 7 }"),
        (&[3, 8], "Ahead { held: 8, asked: 7 }"),
        (&[7, 7], "OtherTree { size: 7 }"),
        (&[7, 3], "Unsteady { held: 3 }"),
    ] {
        let collected = collect(&mut Asking::new(vec![sizes(answers)]), &Ledger::new(7), 1, LONG);
        assert_eq!(failure(&collected, &key), expected);
        let error = collected.answers.into_values().next().unwrap().unwrap_err();
        assert_eq!(error.is_integrity(), expected.contains("OtherTree"));
        assert!(!error.help().is_empty() && !error.to_string().is_empty());
    }
}

#[test]
fn a_fork_is_told_by_a_real_witness() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    serving.post(&Ledger::new(7).body(0));
    let mut forked = Ledger::new(6);
    forked.grow("another entry", 7);
    let key = witness_key("witness.example/w1", 9);
    let mut asking = Asking::new(vec![asked(&key, HttpWitness::new(&serving.url(), LONG).unwrap())]);
    assert_eq!(failure(&collect(&mut asking, &forked, 1, LONG), &key), "OtherTree { size: 7 }");
    let shorter = collect(&mut asking, &Ledger::new(5), 1, LONG);
    assert_eq!(failure(&shorter, &key), "Ahead { held: 7, asked: 5 }", "a ledger that was rolled back hears of it");
}

#[test]
fn refusals_and_proofs_that_cannot_be_made_are_named() {
    let key = witness_key("witness.example/w1", 9);
    for status in [400, 403, 404, 422, 500, 302] {
        let collected = collect(&mut Asking::new(vec![scripted(&key, move |_| Ok(Answer::Refused(status)))]), &Ledger::new(7), 1, LONG);
        assert!(matches!(collected.answers.values().next().unwrap(), Err(AskError::Refused { status: found }) if *found == status));
    }
    let mut asking = Asking::new(vec![scripted(&key, |_| Ok(Answer::OtherSize(3)))]);
    let collected = asking.collect(&Ledger::new(7).checkpoint(), LONG, |_| Err::<Vec<Hash>, _>("the tiles are gone"), |_| false);
    assert!(failure(&collected, &key).contains("the tiles are gone"));
}

/// A server that says the same to everyone, whatever they ask.
fn saying(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(&answer);
            if answer.is_empty() {
                // Says nothing, and does not hang up either.
                std::thread::sleep(Duration::from_secs(5));
            }
        }
    });
    format!("http://{address}")
}

#[test]
fn answers_have_a_limit_and_a_form() {
    let answer = |status: &str, body: &[u8]| {
        [format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len()).as_bytes(), body].concat()
    };
    let ask = |said: Vec<u8>| HttpWitness::new(&saying(said), Duration::from_secs(10)).unwrap().add_checkpoint(&Ledger::new(7).body(0));
    let largest = "x".repeat(ANSWER_BYTES_MAX);
    assert_eq!(ask(answer("200 OK", largest.as_bytes())).unwrap(), Answer::Cosigned(largest.clone().into_bytes()));
    assert!(matches!(ask(answer("200 OK", format!("{largest}x").as_bytes())), Err(HttpError::TooLong)));
    assert_eq!(ask(answer("409 Conflict", b"12\n")).unwrap(), Answer::OtherSize(12));
    assert!(matches!(ask(answer("409 Conflict", b"twelve\n")), Err(HttpError::NotASize)));
    assert_eq!(ask(answer("404 Not Found", b"")).unwrap(), Answer::Refused(404));
    let elsewhere = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec();
    assert!(!matches!(ask(elsewhere), Ok(Answer::Cosigned(_) | Answer::OtherSize(_))), "nobody is followed elsewhere");
    assert!(matches!(ask(b"SSH-2.0-hello\r\n".to_vec()), Err(HttpError::NoAnswer(_))));
}

#[test]
fn who_never_answers_is_given_up() {
    let witness = HttpWitness::new(&saying(Vec::new()), Duration::from_millis(300)).unwrap();
    let begun = Instant::now();
    assert!(matches!(witness.add_checkpoint(b"old 0\n"), Err(HttpError::NoAnswer(_))));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let nobody = HttpWitness::new("http://127.0.0.1:1", LONG).unwrap();
    assert!(matches!(nobody.add_checkpoint(b"old 0\n"), Err(HttpError::NoAnswer(_))));
}

#[test]
fn two_ledger_keys_do_not_make_a_cosignature() {
    // A signature of type 1 by a key with the witness's name is not what a policy asks for.
    let key = witness_key("witness.example/w1", 9);
    let signer = ledger_key("witness.example/w1", 9);
    let witness = scripted(&key, move |body| {
        let request = AddCheckpoint::parse(body).unwrap();
        let mut note = bezwaar_ledger::tlog::note::Note::new(request.checkpoint().note().text().to_owned()).unwrap();
        note.sign(&signer).unwrap();
        Ok(Answer::Cosigned(format!("{}\n", note.signatures()[0]).into_bytes()))
    });
    assert!(!collect(&mut Asking::new(vec![witness]), &Ledger::new(7), 1, LONG).enough);
}

#[test]
fn a_trust_policy_says_whom_to_ask_and_when_it_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(open(folder.path()));
    let ledger = Ledger::new(7);
    let offline = witness_key("witness.example/w2", 2);
    let policy = |quorum: &str| {
        let (log, one, two) = (ledger.key.verifier(), &serving.vkey, offline.verifier());
        let group = if quorum == "none" { "quorum none\n".to_owned() } else { format!("group both {quorum} one two\nquorum both\n") };
        let text = format!("log {log}\nwitness one {one} {}\nwitness two {two}\n{group}", serving.url());
        TrustPolicy::parse(text.as_bytes()).unwrap()
    };
    for (quorum, expected) in [("any", true), ("all", false), ("none", true)] {
        let policy = policy(quorum);
        let mut asking = Asking::of_policy(&policy, LONG).unwrap();
        assert_eq!(asking.witnesses().len(), 1, "one has no address");
        let proof = |old_size| Ok::<_, Infallible>(ledger.proof(old_size));
        let collected = asking.collect(&ledger.checkpoint(), LONG, proof, |checkpoint| policy.check(checkpoint).is_ok());
        assert_eq!(collected.enough, expected, "{quorum}");
        assert_eq!(policy.check(&collected.checkpoint).is_ok(), expected);
    }
}
