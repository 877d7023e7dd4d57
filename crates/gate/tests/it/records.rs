//! Single records: what a list says of them, and values that are easily read too kindly.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::parse_item;
use bezwaar_core::{Code, Question, Reading, ReasonSet};
use bezwaar_gate::mapping::{AgeMap, AgeOn, Mapping, Origin, PersonMap, TimeMap, TimeText, WordMap};
use bezwaar_gate::{Gate, GateSpec};
use parquet::arrow::ArrowWriter;
use serde_json::Value;

use crate::support::{Site, THROUGH, club_file, codes, counts, extract, keys, mask_of, objections};

fn constant(value: &str) -> Option<WordMap> {
    Some(WordMap { origin: Origin::Const { value: value.into(), because: "a test".into() }, values: None })
}

fn column(name: &str) -> Origin {
    Origin::Column(vec![name.into()])
}

fn verdicts(use_id: &str, columns: Vec<(&str, ArrayRef)>, mapping: &Mapping) -> Vec<u64> {
    let at = Instant::parse(THROUGH).unwrap();
    let extract = extract(&Services::default(), &objections(), at, &["club:1".to_owned()]);
    let question = Question { use_id: use_id.into(), recipient: "lab".into(), at, reading: Reading::Protective };
    let spec = GateSpec::new(&[club_file()], None, &question, &extract);
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let bound = Gate::open(&spec, extract, keys()).unwrap().bind(&batch.schema(), mapping).unwrap();
    bound.verdicts(&batch).unwrap().reasons.values().to_vec()
}

fn mapping() -> Mapping {
    let author = PersonMap {
        origin: Origin::Const { value: "club:kim".into(), because: String::new() },
        service: None,
        kind: None,
        relation: bezwaar_core::item::Relation::Unspecified,
        relation_path: None,
    };
    Mapping { author: vec![author], category: constant("post"), audience: constant("public"), ..Mapping::default() }
}

/// A day of birth written with a time is a day in a zone nobody tells: up to 14 hours before or behind. Whoever may be 17 in any of
/// them is not known to be 18.
#[test]
fn a_birth_with_a_time_may_be_a_day_earlier_or_later() {
    let time = |name: &str| Some(TimeMap { origin: column(name), unit: None, text: TimeText::Rfc3339, zone: None });
    let mapping = Mapping {
        category: constant("photo"),
        region: constant("NL"),
        author_age: Some(AgeMap::Birth { path: vec!["born".into()], on: AgeOn::Collected }),
        collected_at: time("collected_at"),
        created_at: Some(TimeMap {
            origin: Origin::Const { value: "2026-01-05T00:00:00Z".into(), because: String::new() },
            unit: None,
            text: TimeText::Rfc3339,
            zone: None,
        }),
        ..mapping()
    };
    let unknown = ReasonSet::of(Code::AgeUnknown).bits();
    let under = ReasonSet::of(Code::UnderAge).bits();
    // Collected on 10 January 2026: of age is who was born on 10 January 2008 or earlier, wherever they were.
    for (born, expected) in [
        ("2008-01-10", 0),
        ("2008-01-11", under),
        ("2008-01-10T09:59:59Z", 0),
        ("2008-01-10T10:00:00Z", unknown),
        ("2008-01-10T00:00:00+01:00", 0),
        ("2008-01-11T13:59:59Z", unknown),
        ("2008-01-11T14:00:00Z", under),
        ("2007-06-01T22:00:00Z", 0),
        ("2009-06-01T22:00:00Z", under),
    ] {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("born", Arc::new(StringArray::from(vec![born]))),
            ("collected_at", Arc::new(StringArray::from(vec!["2026-01-10T12:00:00Z"]))),
        ];
        let found = verdicts("club/dated", columns, &mapping);
        assert_eq!(codes(found[0]), codes(expected), "{born}");
    }
}

/// Whatever stands in a record's field for holds is a hold, as in the exchange format; a job may say that a value is none.
#[test]
fn any_value_is_a_hold_unless_the_job_says_that_it_is_none() {
    let words = ["none", "", "legal", "safety", "no", "None"];
    let values = || words.iter().map(|word| Some(*word)).chain([None]);
    let hold = |values: Option<&[(&str, &str)]>| {
        let values = values.map(|values| values.iter().map(|(value, word)| ((*value).to_owned(), (*word).to_owned())).collect());
        Mapping { hold: Some(WordMap { origin: column("hold"), values }), ..mapping() }
    };
    let columns = || vec![("hold", Arc::new(values().collect::<StringArray>()) as ArrayRef)];
    let held = |values| verdicts("club/model", columns(), &hold(values)).iter().map(|bits| *bits != 0).collect::<Vec<bool>>();
    assert_eq!(held(None), [true, true, true, true, true, true, false]);
    for word in &words {
        let line = format!("{{\"id\":\"1\",\"author\":\"club:kim\",\"category\":\"post\",\"audience\":\"public\",\"hold\":\"{word}\"}}");
        assert!(parse_item(1, &line).unwrap().hold.is_some(), "{word}");
    }
    assert_eq!(held(Some(&[("none", "none"), ("legal", "legal")])), [false, true, true, true, true, true, false]);
    // And through a text format: an empty CSV field is absent, an empty JSON text is there.
    let site = Site::new();
    let map = "[input.map]\nauthor = { column = \"author\", service = \"club\" }\ncategory = { const = \"post\" }\naudience = { const = \"public\", because = \"a test\" }\nhold = { column = \"hold\" }\n";
    site.write("in/a.jsonl", b"{\"author\":\"kim\",\"hold\":\"none\"}\n{\"author\":\"kim\",\"hold\":\"\"}\n{\"author\":\"kim\",\"hold\":null}\n{\"author\":\"kim\"}\n");
    site.write("in/b.csv", b"author,hold\nkim,none\nkim,\n");
    site.run(&site.job_text("in", map, "form = \"mask\"\n[expect]\nmatched_min = 0\n")).unwrap();
    let kept = |name: &str| mask_of(&site.path("out").join(name)).iter().map(|bits| *bits == 0).collect::<Vec<bool>>();
    assert_eq!(kept("a.jsonl.keep.parquet"), [false, false, true, true]);
    assert_eq!(kept("b.csv.keep.parquet"), [false, true]);
    // Where the job itself asserts that nothing is held, it is so.
    let asserted = Mapping { hold: constant("none"), ..mapping() };
    assert_eq!(verdicts("club/model", columns(), &asserted), [0; 7]);
}

#[test]
fn withheld_lists_name_records_by_their_ids() {
    let map = "[input.map]\nid = { column = \"id\" }\nauthor = { column = \"author\", service = \"club\" }\ncategory = { const = \"post\" }\naudience = { const = \"public\", because = \"a test\" }\n";
    let people = ["kim", "noor", "kim", "olga", "noor", ""];
    for form in ["copy", "mask"] {
        let site = Site::new();
        let ids = (0..).zip(people);
        let json: String = ids.clone().map(|(id, author)| format!("{{\"id\":{id},\"author\":\"{author}\"}}\n")).collect();
        site.write("in/a.jsonl", format!("{json}{{\"id\":7,\"author\":[]}}\n").as_bytes());
        let csv: String = ids.clone().map(|(id, author)| format!("{id},{author}\n")).collect();
        site.write("in/b.csv", format!("id,author\n{csv}").as_bytes());
        let columns: Vec<(&str, ArrayRef)> =
            vec![("id", Arc::new(ids.map(|(id, _)| id).collect::<Int64Array>())), ("author", Arc::new(StringArray::from(people.to_vec())))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        site.write("in/c.parquet", &file);
        let text =
            site.job_text("in", map, &format!("form = \"{form}\"\nwithheld_list = \"lists\"\n[limits]\nbatch_rows = 2\nthreads = 2\n"));
        let manifest = site.run(&text).unwrap();
        assert_eq!(counts(&manifest)["unreadable"], 1);
        for name in ["a.jsonl", "b.csv", "c.parquet"] {
            let list = std::fs::read_to_string(site.path("lists").join(format!("{name}.withheld.jsonl"))).unwrap();
            let lines: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let mut expected = vec![(1, Some("1")), (3, Some("3")), (4, Some("4")), (5, Some("5"))];
            // A record that cannot be read has no id anybody can tell.
            expected.extend((name == "a.jsonl").then_some((6, None)));
            let found: Vec<_> = lines.iter().map(|line| (line["row"].as_u64().unwrap(), line["id"].as_str())).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}

/// A file of an output that is gone, or another, is no release; verifying must say so rather than pass over it.
#[test]
fn deep_verification_passes_over_nothing() {
    let site = Site::new();
    let map = "[input.map]\nauthor = { column = \"author\", service = \"club\" }\ncategory = { const = \"post\" }\naudience = { const = \"public\", because = \"a test\" }\n";
    for name in ["a", "b"] {
        site.write(&format!("in/{name}.jsonl"), b"{\"author\":\"kim\"}\n{\"author\":\"noor\"}\n{\"author\":\"lee\"}\n");
    }
    let text = site.job_text("in", map, "");
    let engine = site.open(&text).unwrap();
    assert!(engine.verify_deep().unwrap_err().to_string().contains("holds no manifest"));
    crate::support::run(&engine).unwrap();
    let tally = engine.verify_deep().unwrap();
    assert_eq!((tally.read, tally.kept), (4, 4));
    let good = site.out("b.jsonl");
    site.write("out/b.jsonl", b"{\"author\":\"lee\"}\n");
    let told = |error: bezwaar_gate::GateError| crate::support::told(&error);
    let refused = told(engine.verify_deep().unwrap_err());
    assert!(refused.starts_with("Integrity") && refused.contains("`b.jsonl` is not the file the manifest lists"), "{refused}");
    std::fs::remove_file(site.path("out/b.jsonl")).unwrap();
    let refused = told(engine.verify_deep().unwrap_err());
    assert!(refused.starts_with("Integrity") && refused.contains("`b.jsonl` is missing"), "{refused}");
    site.write("out/b.jsonl", &good);
    // A manifest that leaves a file out.
    let mut manifest: Value = serde_json::from_slice(&site.out("manifest.json")).unwrap();
    manifest["outputs"].as_array_mut().unwrap().pop();
    site.write("out/manifest.json", manifest.to_string().as_bytes());
    let refused = told(engine.verify_deep().unwrap_err());
    assert!(refused.starts_with("Integrity") && refused.contains("the manifest does not list it"), "{refused}");
}

/// Where the policies lie does not matter to a run, what they say does.
#[test]
fn a_run_is_the_same_wherever_its_folder_lies() {
    let run = |site: &Site| site.open(&site.job_text("in", "format = \"items\"", "")).unwrap().run_digest().to_owned();
    let (here, there) = (Site::new(), Site::new());
    for site in [&here, &there] {
        site.write("in/a.jsonl", b"{\"id\":\"1\",\"author\":\"club:kim\",\"category\":\"post\"}\n");
    }
    let before = run(&here);
    assert_eq!(before, run(&there));
    let path = here.path("policies/club/2026-01-01.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{text}\n# another\n")).unwrap();
    assert_ne!(before, run(&here));
}
