//! What a salted entry stands for: expanded choices, events, commitments and openings.

use bezwaar_core::account::Account;
use bezwaar_core::choice::{Act, By, Channel, Choice};
use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::{Entry, EntryKind};
use bezwaar_ledger::event::{Confirmation, Event, EventError, Tombstone, TombstoneReason, Void, VoidReason};
use bezwaar_ledger::expanded::{BODY_BYTES_MAX, ExpandedError, read_choice, write_choice};
use bezwaar_ledger::opening::{OPENING_LINE_BYTES_MAX, Opening, OpeningError, OpeningLines, OpeningsHeader, Salt, commit, document_hash};
use bezwaar_testkit::random::World;

use crate::made_up::{choice, instant};

const OBJECT: &str = r#"{"act":"object","by":"self","channel":"form","control":null,"how":null,"id":"o-1","items":null,"normaliser":1,"of":null,"outcome":null,"person":"club:handle:noor","provisional":false,"received_at":"2025-05-26T21:50:00Z","recipients":["*","third:*"],"signal":null,"to":null,"uses":["club/*"],"v":1}"#;

fn bytes_of(choice: &Choice) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_choice(choice, &mut bytes).unwrap();
    bytes
}

/// What is kept of a choice: the sender written out, `recorded_at` left to the entry.
fn kept(choice: &Choice) -> Choice {
    Choice { by: Some(choice.by.unwrap_or(By::Own)), recorded_at: None, ..choice.clone() }
}

fn random_choices(worlds: u64) -> impl Iterator<Item = Choice> {
    let provisional = |(place, choice): (usize, Choice)| Choice { provisional: place % 3 == 0, ..choice };
    (0..worlds).flat_map(|seed| World::random(seed).choices).enumerate().map(provisional)
}

fn confirmation() -> Event {
    let person = Account::from_canonical("club:handle:noor").unwrap();
    Event::Confirmation(Confirmation { id: "b-1".into(), confirms: "o-1".into(), person, received_at: instant("2025-06-01T00:00:00Z") })
}

fn void() -> Void {
    Void {
        id: "v-1".into(),
        voids: "o-1".into(),
        reason: VoidReason::FiledByAutomation,
        approvers: ["desk-1".into(), "desk-2".into()],
        effective_at: instant("2025-06-20T00:00:00Z"),
    }
}

fn tombstone() -> Event {
    Event::Tombstone(Tombstone { entries: vec![3, 7], reason: TombstoneReason::ForgottenByPerson })
}

#[test]
fn an_act_has_one_form() {
    let mut act = read_choice(OBJECT.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(bytes_of(&act)).unwrap(), OBJECT);
    act.by = None;
    act.recorded_at = Some(instant("2026-01-01T00:00:00Z"));
    assert_eq!(String::from_utf8(bytes_of(&act)).unwrap(), OBJECT, "who is not named is the person, and the entry says when");
    let value: serde_json::Value = serde_json::from_str(OBJECT).unwrap();
    assert_eq!(value.to_string(), OBJECT, "sorted, without spaces");
}

#[test]
fn every_act_comes_back_as_it_was() {
    let mut acts = std::collections::BTreeSet::new();
    for choice in random_choices(600) {
        let bytes = bytes_of(&choice);
        assert_eq!(read_choice(&bytes).unwrap(), kept(&choice));
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value.to_string().as_bytes(), bytes, "JSON of others, sorted and without spaces");
        acts.insert(value["act"].as_str().unwrap().to_owned());
    }
    assert_eq!(acts.len(), 11, "{acts:?}");
}

#[test]
fn a_changed_byte_is_refused_or_is_another_act_with_another_commitment() {
    let salt = Salt::from_bytes([9; 32]);
    for (turn, choice) in random_choices(40).enumerate() {
        let bytes = bytes_of(&choice);
        let commitment = commit(EntryKind::Choice, &salt, &bytes);
        for place in 0..bytes.len() {
            for change in [1_u8 << (turn % 8), b' ', b'"', 0xff] {
                let mut other = bytes.clone();
                other[place] ^= change;
                if let Ok(read) = read_choice(&other) {
                    assert_eq!(bytes_of(&read), other, "what is read is in its one form");
                    assert_ne!(read, kept(&choice));
                }
                assert_ne!(commit(EntryKind::Choice, &salt, &other), commitment);
            }
            let [mut longer, mut shorter] = [bytes.clone(), bytes.clone()];
            longer.insert(place, bytes[place]);
            shorter.remove(place);
            for other in [longer, shorter] {
                assert!(
                    read_choice(&other).is_ok_and(|read| bytes_of(&read) == other && read != kept(&choice)) || read_choice(&other).is_err()
                );
            }
        }
    }
}

#[test]
fn other_forms_are_refused_by_field() {
    let read = |from: &str, to: &str| {
        assert!(OBJECT.contains(from), "{from}");
        read_choice(OBJECT.replacen(from, to, 1).as_bytes())
    };
    for (from, to, field) in [
        ("{\"act\"", "{ \"act\"", "act"),
        ("\"object\"", "\"haunt\"", "act"),
        ("\"self\"", "null", "by"),
        ("\"form\"", "\"door\"", "channel"),
        ("\"control\":null", "\"control\":\"club/ai\"", "control"),
        ("\"id\":\"o-1\"", "\"id\":\"\"", "id"),
        ("\"id\":\"o-1\"", "\"id\":\"\\u006f-1\"", "id"),
        ("\"items\":null", "\"items\":[1]", "items"),
        ("\"of\":null", "\"of\":\"o-2\"", "of"),
        ("\"outcome\":null", "\"outcome\":\"upheld\"", "outcome"),
        ("club:handle:noor", "club:noor", "person"),
        ("\"club:handle:noor\"", "null", "person"),
        ("false", "0", "provisional"),
        ("21:50:00Z", "21:50:00.0Z", "received_at"),
        ("21:50:00Z", "23:50:00+02:00", "received_at"),
        ("[\"*\",\"third:*\"]", "[\"*\", \"third:*\"]", "recipients"),
        ("\"signal\":null,", "", "signal"),
        ("\"signal\":null", "\"signal\":\"gpc\"", "signal"),
        ("\"to\":null", "\"to\":\"on\"", "to"),
        ("\"uses\":", "\"usse\":", "uses"),
        ("\"v\":1", "\"v\":2", "v"),
        ("\"v\":1", "\"v\":1.0", "}"),
    ] {
        let expect = if field == "}" { ExpandedError::Trailing } else { ExpandedError::Field { field: leak(field) } };
        assert_eq!(read(from, to).unwrap_err(), expect, "{from} → {to}");
    }
    assert_eq!(read("\"normaliser\":1", "\"normaliser\":2").unwrap_err(), ExpandedError::Normaliser);
    assert_eq!(read("\"v\":1}", "\"v\":1} ").unwrap_err(), ExpandedError::Trailing);
    assert_eq!(read("\"v\":1}", "\"v\":1,\"w\":1}").unwrap_err(), ExpandedError::Trailing);
    assert_eq!(read_choice(b"{\"act\":\"\xff\"}").unwrap_err(), ExpandedError::NotUtf8);
}

fn leak(field: &str) -> &'static str {
    bezwaar_ledger::expanded::FIELDS.into_iter().find(|name| *name == field).unwrap()
}

#[test]
fn an_act_that_cannot_be_written_leaves_nothing_behind() {
    let good = choice("o-1", "club:noor", Act::Unreadable, "2025-05-26T21:50:00Z");
    let mut out = b"before".to_vec();
    let mut refused = |choice: Choice| {
        let error = write_choice(&choice, &mut out).unwrap_err();
        assert_eq!(out, b"before");
        error
    };
    assert_eq!(refused(Choice { id: String::new(), ..good.clone() }), ExpandedError::Field { field: "id" });
    assert_eq!(refused(Choice { person: None, ..good.clone() }), ExpandedError::Field { field: "person" });
    let late = Choice { received_at: Instant::from_micros(i64::MAX), ..good.clone() };
    assert_eq!(refused(late), ExpandedError::Field { field: "received_at" });
    let around = bytes_of(&good).len() - good.id.len();
    let long = |bytes: usize| Choice { id: "a".repeat(bytes - around), ..good.clone() };
    assert_eq!(refused(long(BODY_BYTES_MAX + 1)), ExpandedError::TooLong);
    let bytes = bytes_of(&long(BODY_BYTES_MAX));
    assert!(read_choice(&bytes).is_ok());
    let longer = String::from_utf8(bytes).unwrap().replace("\"id\":\"a", "\"id\":\"aa");
    assert_eq!(read_choice(longer.as_bytes()).unwrap_err(), ExpandedError::TooLong);
}

#[test]
fn events_have_one_form() {
    let written = [
        (confirmation(), r#"{"confirms":"o-1","id":"b-1","person":"club:handle:noor","received_at":"2025-06-01T00:00:00Z","v":1}"#),
        (
            Event::Void(void()),
            r#"{"approvers":["desk-1","desk-2"],"effective_at":"2025-06-20T00:00:00Z","id":"v-1","reason":"filed-by-automation","v":1,"voids":"o-1"}"#,
        ),
        (tombstone(), r#"{"entries":[3,7],"reason":"forgotten-by-person","v":1}"#),
        (Event::Choice(read_choice(OBJECT.as_bytes()).unwrap()), OBJECT),
    ];
    for (event, text) in written {
        let bytes = event.to_bytes().unwrap();
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), text);
        assert_eq!(Event::from_bytes(event.kind(), &bytes).unwrap(), event);
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            if let Ok(read) = Event::from_bytes(event.kind(), &other) {
                assert_ne!(read, event);
                assert_eq!(read.to_bytes().unwrap(), other);
            }
        }
        for kind in EntryKind::ALL.into_iter().filter(|kind| *kind != event.kind()) {
            assert!(Event::from_bytes(kind, &bytes).is_err(), "{kind:?}");
        }
    }
}

#[test]
fn a_void_needs_two_people_and_a_tombstone_rising_entries() {
    let wrong = |event: Event| match event.to_bytes().unwrap_err() {
        EventError::Field { field, .. } => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(Event::Void(Void { approvers: ["desk-1".into(), "desk-1".into()], ..void() })), "approvers");
    assert_eq!(wrong(Event::Void(Void { approvers: ["desk-1".into(), " ".into()], ..void() })), "approvers");
    for entries in [vec![2, 2], vec![2, 1], vec![1 << 53]] {
        assert_eq!(wrong(Event::Tombstone(Tombstone { entries, reason: TombstoneReason::Retention })), "entries");
    }
    // Contacts are erased without an entry that stands for them, and that is said as well.
    let none = Event::Tombstone(Tombstone { entries: vec![], reason: TombstoneReason::ForgottenByPerson });
    assert_eq!(Event::from_bytes(EntryKind::Tombstone, &none.to_bytes().unwrap()).unwrap(), none);
    let one_hand =
        r#"{"approvers":["a","a"],"effective_at":"2025-06-20T00:00:00Z","id":"v-1","reason":"filed-by-automation","v":1,"voids":"o-1"}"#;
    assert!(Event::from_bytes(EntryKind::Void, one_hand.as_bytes()).is_err());
}

#[test]
fn commitments_are_by_kind_salt_and_body() {
    let salt = Salt::from_bytes([7; 32]);
    // SHA-256("bezwaar choice v1\0" ‖ 07…07 ‖ body), by another program.
    let hash = commit(EntryKind::Choice, &salt, OBJECT.as_bytes()).unwrap();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "be98cbd4e06304d67b4971c3aebed33abc516cf0836f6cff0fbee880a8b0c635");
    let mut all: Vec<_> = EntryKind::ALL.into_iter().filter_map(|kind| commit(kind, &salt, OBJECT.as_bytes())).collect();
    all.push(commit(EntryKind::Choice, &Salt::from_bytes([8; 32]), OBJECT.as_bytes()).unwrap());
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 5);
    for kind in EntryKind::ALL {
        assert_eq!(document_hash(kind, b"x").is_none(), kind.is_salted());
    }
    assert_eq!(format!("{salt:?}"), "Salt(…)");
}

pub(crate) fn opening() -> Opening {
    Opening { index: 5, kind: EntryKind::Choice, salt: Salt::from_bytes([7; 32]), body: OBJECT.as_bytes().to_vec() }
}

#[test]
fn openings_open_their_entry_and_no_other() {
    let opening = opening();
    let entry = Entry { kind: EntryKind::Choice, recorded_at: instant("2025-06-01T00:00:00Z"), hash: opening.commitment().unwrap() };
    opening.verify(&entry).unwrap();
    // The vectors of spec/ledger.md, by another program.
    assert_eq!(
        crate::forge::hex(&entry.to_bytes()),
        "01010006367754160000be98cbd4e06304d67b4971c3aebed33abc516cf0836f6cff0fbee880a8b0c635"
    );
    assert_eq!(crate::forge::hex(&entry.leaf()), "9d377c0230fc6abdd0f0ec330859225167d8c688752cb47b2e4747c92368054d");
    let sealed = opening.to_sealed();
    assert_eq!(Opening::from_sealed(5, EntryKind::Choice, &sealed).unwrap(), opening);
    for place in 0..sealed.len() {
        let mut other = sealed.clone();
        other[place] ^= 4;
        let other = Opening::from_sealed(5, EntryKind::Choice, &other).unwrap();
        assert_eq!(other.verify(&entry), Err(OpeningError::Commitment), "{place}");
    }
    let as_void = Opening { kind: EntryKind::Void, ..opening.clone() };
    assert_eq!(as_void.verify(&entry), Err(OpeningError::Kind));
    assert_eq!(as_void.verify(&Entry { kind: EntryKind::Void, ..entry }), Err(OpeningError::Commitment));
    assert_eq!(Opening::from_sealed(5, EntryKind::Choice, &sealed[..31]), Err(OpeningError::Form));
    assert_eq!(format!("{opening:?}"), "Opening(choice 5, …)");
}

#[test]
fn a_file_of_openings_is_read_line_by_line_in_order() {
    let header = OpeningsHeader { origin: "club.example/ledger".into(), size: 9 };
    assert_eq!(header.to_line(), "{\"format\":\"bezwaar-openings/1\",\"origin\":\"club.example/ledger\",\"size\":9}\n");
    let line_of = |opening: &Opening| {
        let mut out = Vec::new();
        opening.put_line(&mut out);
        String::from_utf8(out).unwrap()
    };
    let line = line_of(&opening());
    assert_eq!(line, format!("{{\"body\":{OBJECT},\"index\":5,\"kind\":\"choice\",\"salt\":\"{}\"}}\n", "07".repeat(32)));
    let mut lines = OpeningLines::begin(header.to_line().trim_end()).unwrap();
    assert_eq!(lines.line(line.trim_end()).unwrap(), opening());
    assert_eq!(lines.line(line.trim_end()), Err(OpeningError::Order), "a second time");
    assert_eq!(lines.line(line_of(&Opening { index: 4, ..opening() }).trim_end()), Err(OpeningError::Order));
    assert_eq!(lines.line(line_of(&Opening { index: 9, ..opening() }).trim_end()), Err(OpeningError::Order), "beyond the end");
    lines.line(line_of(&Opening { index: 8, ..opening() }).trim_end()).unwrap();

    // A body that holds what follows a body.
    let sly = choice("\",\"index\":1,\"kind\":\"choice\",\"salt\":\"", "club:noor", Act::Unreadable, "2025-05-26T21:50:00Z");
    let sly = Opening { body: bytes_of(&Choice { channel: Some(Channel::Form), ..sly }), ..opening() };
    assert_eq!(Opening::from_line(line_of(&sly).trim_end()).unwrap(), sly);

    for (from, to) in
        [("\"kind\":\"choice\"", "\"kind\":\"seal\""), ("\"index\":5", "\"index\":05"), ("0707", "07G7"), ("{\"body\":{", "{\"body\":[")]
    {
        assert_eq!(Opening::from_line(line.trim_end().replacen(from, to, 1).as_str()), Err(OpeningError::Form), "{to}");
    }
    assert_eq!(Opening::from_line(&line), Err(OpeningError::Form), "with its line feed");
    assert_eq!(Opening::from_line(&" ".repeat(OPENING_LINE_BYTES_MAX + 1)), Err(OpeningError::TooLong));
    for other in ["", "{}", "{\"format\":\"bezwaar-openings/2\",\"origin\":\"a\",\"size\":9}", " "] {
        assert_eq!(OpeningLines::begin(other).unwrap_err(), OpeningError::NotOpenings);
    }
}
