//! Limits: what a worker remembers is bounded, and beyond a bound it decides the same.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use bezwaar_core::account::Services;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::time::Instant;
use bezwaar_core::wire::parse_item;
use bezwaar_core::{Decider, Holdings, Question, Reading};
use bezwaar_gate::mapping::{AgeMap, Mapping, Origin, PersonMap, TimeMap, TimeText, WordMap};
use bezwaar_gate::{Bound, Gate, GateSpec, MASKS_MAX, NAMES_MAX};

use crate::support::{CLUB, THROUGH, club_file, codes, extract, keys, objections};

fn word(name: &str) -> Option<WordMap> {
    Some(WordMap { origin: Origin::Column(vec![name.into()]), values: None })
}

fn constant(value: &str) -> Option<WordMap> {
    Some(WordMap { origin: Origin::Const { value: value.into(), because: "a test".into() }, values: None })
}

fn author() -> PersonMap {
    PersonMap {
        origin: Origin::Column(vec!["author".into()]),
        service: Some("club".into()),
        kind: None,
        relation: bezwaar_core::item::Relation::Unspecified,
        relation_path: None,
    }
}

fn bound(file: PolicyFile, use_id: &str, batch: &RecordBatch, mapping: &Mapping) -> Bound {
    let at = Instant::parse(THROUGH).unwrap();
    let extract = extract(&Services::default(), &objections(), at, &["club:1".to_owned()]);
    let question = Question { use_id: use_id.into(), recipient: "lab".into(), at, reading: Reading::Protective };
    let spec = GateSpec::new(&[file], None, &question, &extract);
    Gate::open(&spec, extract, keys()).unwrap().bind(&batch.schema(), mapping).unwrap()
}

#[test]
fn names_are_forgotten_and_decided_again() {
    let mapping = Mapping { author: vec![author()], category: constant("post"), audience: constant("public"), ..Mapping::default() };
    let batch = |from: usize, count: usize| {
        let names: StringArray = (from..from + count)
            .map(|number| Some(if number % 1000 == 7 { "noor".to_owned() } else { format!("member{number}") }))
            .collect();
        RecordBatch::try_from_iter([("author", Arc::new(names) as ArrayRef)]).unwrap()
    };
    let bound = bound(club_file(), "club/model", &batch(0, 1), &mapping);
    let step = 1 << 16;
    for round in 0..(NAMES_MAX / step + 2) {
        let verdicts = bound.verdicts(&batch(round * step, step)).unwrap();
        for (row, keep) in verdicts.keep.iter().enumerate() {
            assert_eq!(keep, Some((round * step + row) % 1000 != 7), "row {row} of round {round}");
        }
    }
    assert_eq!(bound.noticed().people_met(), 1);
}

/// A policy with as many windows as a mask can tell apart: days are intervals, so that masks are many.
fn windows() -> PolicyFile {
    let mut text = CLUB.to_owned();
    for number in 0..30 {
        let (month, day) = (number / 15 + 3, (number % 15) * 2 + 1);
        // Windows of one day, every other day.
        let _ = write!(
            text,
            "\n[[use.carve_out]]\nid = \"w-{number}\"\ntitle = \"one day\"\nfrom = \"2025-06-01\"\nwindow = {{ from = \"2025-{month:02}-{day:02}\", through = \"2025-{month:02}-{day:02}\" }}\nsources = [\"self\"]\n"
        );
    }
    PolicyFile { text, ..club_file() }
}

#[test]
fn beyond_the_limit_of_masks_rows_are_judged_one_by_one() {
    let file = windows();
    let policies = read_policies(std::slice::from_ref(&file), None).unwrap_or_else(|problems| panic!("{problems:?}"));
    // Moments, and days: the zone is ahead of UTC, so that a UTC day lies in two segments.
    let mut times: Vec<String> = Vec::new();
    for number in 0..90 {
        let (month, day) = (number / 28 + 2, number % 28 + 1);
        times.push(format!("2025-{month:02}-{day:02}"));
        times.push(format!("2025-{month:02}-{day:02}T12:00:00Z"));
    }
    let ages = ["34", "17", "16-20", "18-", ""];
    let records: Vec<(String, String, String)> = (0..1500)
        .map(|row| (times[row % times.len()].clone(), times[(row * 7) % times.len()].clone(), ages[row % ages.len()].to_owned()))
        .collect();
    let column = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("author", column(records.iter().map(|_| "kim".to_owned()).collect())),
        ("created_at", column(records.iter().map(|record| record.0.clone()).collect())),
        ("collected_at", column(records.iter().map(|record| record.1.clone()).collect())),
        ("author_age", column(records.iter().map(|record| record.2.clone()).collect())),
    ])
    .unwrap();
    let time = |name: &str| Some(TimeMap { origin: Origin::Column(vec![name.into()]), unit: None, text: TimeText::Rfc3339, zone: None });
    let mapping = Mapping {
        author: vec![author()],
        category: constant("photo"),
        audience: constant("public"),
        region: constant("NL"),
        author_age: word("author_age").map(AgeMap::Age),
        created_at: time("created_at"),
        collected_at: time("collected_at"),
        ..Mapping::default()
    };
    let bound = bound(file, "club/dated", &batch, &mapping);
    let holdings = Holdings::resolve(&objections());
    let question = Question {
        use_id: "club/dated".into(),
        recipient: "lab".into(),
        at: Instant::parse(THROUGH).unwrap(),
        reading: Reading::Protective,
    };
    let decider = Decider::new(&policies, &holdings, &question);
    let masks: std::collections::BTreeSet<u64> =
        times.iter().map(|time| decider.rules().classify_time(bezwaar_core::time::Interval::parse(time).ok())).collect();
    assert!(masks.len() > MASKS_MAX, "only {} masks", masks.len());
    let mut kept = 0;
    // Twice: the second time with what the first left behind.
    for _ in 0..2 {
        let verdicts = bound.verdicts(&batch).unwrap();
        for (record, bits) in records.iter().zip(verdicts.reasons.values()) {
            let age = if record.2.is_empty() {
                String::new()
            } else {
                format!(",\"author_age\":\"{}\"", record.2).replace("\"34\"", "34").replace("\"17\"", "17")
            };
            let line = format!(
                "{{\"id\":\"a\",\"author\":\"club:kim\",\"category\":\"photo\",\"audience\":\"public\",\"region\":\"NL\",\"created_at\":\"{}\",\"collected_at\":\"{}\"{age}}}",
                record.0, record.1
            );
            let decision = decider.decide(&parse_item(1, &line).unwrap());
            assert!(
                decision.codes().bits() == *bits,
                "{line}\ngate {:?}\ncore {:?}",
                codes(*bits),
                decision.codes().iter().collect::<Vec<_>>()
            );
            kept += u64::from(decision.keep());
        }
    }
    assert!(kept > 0);
}
