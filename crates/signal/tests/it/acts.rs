//! Acts made of what closes.

use std::collections::BTreeSet;

use bezwaar_core::account::Services;
use bezwaar_core::choice::Act;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::read_choices;
use bezwaar_signal::{ActError, ActOptions, acts, read_fields, read_record};

fn options(person: &str) -> ActOptions<'_> {
    ActOptions { person, received_at: Instant::parse("2026-11-01T10:00:00Z").unwrap(), written_at: None, only: None, read_from: "header" }
}

fn lines(text: &str, options: &ActOptions<'_>) -> Vec<String> {
    acts(read_fields(text).statements(), options, &Services::default()).unwrap()
}

#[test]
fn a_no_is_one_act_per_signal_that_core_reads() {
    let text = "Content-Usage: train-ai=n, search=n, ai-use=y\nSec-GPC: 1\nTDM-Reservation: maybe\n";
    let made = lines(text, &options("url:https://noor.example"));
    assert_eq!(made.len(), 3, "{made:#?}");
    assert!(made[1].ends_with(
        r#""person":"url:https://noor.example","act":"signal","signal":"aipref","received_at":"2026-11-01T10:00:00Z","channel":"signal","ext":{"read_from":"header","no":["search","train-ai"]}}"#
    ), "{}", made[1]);
    assert!(made[2].contains(r#""unreadable":["text-and-data-mining"]"#), "{}", made[2]);
    let read = read_choices(&made.join("\n"), &Services::default()).unwrap();
    let signals: Vec<&Act> = read.choices.iter().map(|choice| &choice.act).collect();
    assert_eq!(signals, ["gpc", "aipref", "tdm"].map(|signal| Act::Signal { signal: signal.into() }).iter().collect::<Vec<_>>());
    assert!(read.notes.is_empty(), "{:?}", read.notes);
}

#[test]
fn yes_and_unset_make_no_act() {
    for text in ["", "Content-Usage: train-ai=y, ai-use=y", "Sec-GPC: 0", "TDM-Reservation: 0", "Content-Usage:"] {
        assert!(lines(text, &options("x:5")).is_empty(), "{text}");
    }
}

#[test]
fn chosen_categories_never_leave_out_what_could_not_be_told_apart() {
    let only: BTreeSet<String> = ["train-ai".to_owned()].into();
    let chosen = |text: &str| lines(text, &ActOptions { only: Some(&only), ..options("x:5") }).len();
    assert_eq!(chosen("Content-Usage: search=n"), 0);
    assert_eq!(chosen("Content-Usage: search=n, train-ai=n"), 1);
    assert_eq!(chosen("Content-Usage: train-ai=maybe"), 1);
    assert_eq!(chosen("Content-Usage: =n"), 1);
}

#[test]
fn the_same_signal_read_twice_is_the_same_act() {
    let first = lines("Content-Usage: train-ai=n", &options("x:5"));
    assert_eq!(first, lines("Content-Usage: train-ai=n, train-ai=n", &options("x:5")));
    assert_ne!(first, lines("Content-Usage: ai-use=n", &options("x:5")));
    let both = [first.clone(), first, lines("Content-Usage: ai-use=n", &options("x:5"))].concat().join("\n");
    assert_eq!(read_choices(&both, &Services::default()).unwrap().choices.len(), 2);
}

#[test]
fn nobody_makes_no_act() {
    for person in ["", "noor", "x:", "x:[deleted]"] {
        let found = acts(read_fields("Sec-GPC: 1").statements(), &options(person), &Services::default());
        assert_eq!(found, Err(ActError::Person), "{person}");
    }
    assert!(ActError::Person.help().contains("service:value"));
}

#[test]
fn when_it_was_written_is_kept_and_does_not_count() {
    let read = read_record(r#"{"$type":"org.user-intents.declaration","updatedAt":"2025-02-20T21:37:20Z","bulkDataset":{"allow":false}}"#);
    let made = acts(read.statements(), &ActOptions { written_at: read.written_at(), ..options("x:5") }, &Services::default()).unwrap();
    assert!(made[0].contains(r#""received_at":"2026-11-01T10:00:00Z","written_at":"2025-02-20T21:37:20Z""#), "{}", made[0]);
}
