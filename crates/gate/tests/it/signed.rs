//! Extracts that somebody answers for, people who are not yet confirmed, and what is remembered from one file to the next.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use bezwaar_core::Holdings;
use bezwaar_core::account::Services;
use bezwaar_core::choice::Choice;
use bezwaar_core::time::Instant;
use bezwaar_core::wire::read_choices;
use bezwaar_gate::ErrorKind;
use bezwaar_ledger::extract::{Cover, ExtractCheckpoint, ExtractOptions, Signer, services_digest, write_signed_extract};
use bezwaar_ledger::tlog::note::{KeyName, SignatureType, SigningKey};
use parquet::arrow::ArrowWriter;
use serde_json::json;

use crate::support::{Site, THROUGH, club_file, counts, extract_bytes, keys, mask_of, objections, told_at};

const MAP: &str = "[input.map]\nid = { column = \"id\" }\nauthor = { column = \"author\", service = \"club\" }\nabout = { column = \"quoted\", service = \"club\", as = \"quote\" }\ncategory = { column = \"category\" }\naudience = { const = \"public\", because = \"a test\" }\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), SignatureType::Ed25519, &[seed; 32])
}

fn operator() -> SigningKey {
    key("club.example/operator", 9)
}

fn signed_extract(choices: &[Choice], by: &SigningKey) -> Vec<u8> {
    let (services, through) = (Services::default(), Instant::parse(THROUGH).unwrap());
    let holdings = Holdings::resolve(choices);
    let covers = Cover::all_of_with(&services, &holdings);
    let options = ExtractOptions { through, expires_at: through.plus_micros(86_400_000_000), services: services_digest(&services), covers };
    let checkpoint = ExtractCheckpoint { origin: "club.example".into(), root: "ab".repeat(32), size: 12345 };
    let mut bytes = Vec::new();
    write_signed_extract(&holdings, &keys(), &options, (&checkpoint, &Signer::Key(by)), &mut bytes).unwrap();
    bytes
}

fn signed_by(text: &str, vkey: &str) -> String {
    text.replace("allow_unsigned = true", &format!("signed_by = \"{vkey}\""))
}

fn site(extract: &[u8]) -> Site {
    let site = Site::with(&[club_file()], None, extract);
    site.write(
        "in/a.jsonl",
        b"{\"id\":\"1\",\"author\":\"kim\",\"category\":\"post\"}\n{\"id\":\"2\",\"author\":\"noor\",\"category\":\"post\"}\n",
    );
    site
}

const PLAIN: &str = "[input.map]\nauthor = { column = \"author\", service = \"club\" }\ncategory = { column = \"category\" }\naudience = { const = \"public\", because = \"a test\" }\n";

#[test]
fn an_extract_is_signed_by_whom_the_job_names() {
    let site = site(&signed_extract(&objections(), &operator()));
    let unsigned = site.job_text("in", PLAIN, "");
    let vkey = operator().verifier().to_string();
    let manifest = site.run(&signed_by(&unsigned, &vkey)).unwrap();
    let extract = manifest.value().pointer("/extract").unwrap();
    assert_eq!(extract["signed"], json!(true));
    assert_eq!(extract["signed_by"], json!(vkey));
    assert_eq!(extract["checkpoint"], json!({"origin": "club.example", "root": "ab".repeat(32), "size": 12345}));
    assert_eq!(extract["provisional"], json!(0));
    assert_eq!(counts(&manifest)["kept"], 1);
    std::fs::remove_dir_all(site.path("out")).unwrap();
    let refused = |text: &str| told_at(&site, &site.open(text).err().expect("must be refused"));
    // A signed one is not taken for a hand-made one.
    assert!(refused(&unsigned).contains("the job does not say by whom it must be"));
    for other in [key("club.example/operator", 8), key("other.example/operator", 9), key("club.example", 9)] {
        let message = refused(&signed_by(&unsigned, &other.verifier().to_string()));
        assert!(message.contains("the extract is not signed by the operator the job names"), "{message}");
    }
    // Signed by somebody else, even with a key the job names.
    for other in [key("club.example", 9), key("mallory.example/operator", 9)] {
        site.write("acts.extract", &signed_extract(&objections(), &other));
        for named in [&other, &operator()] {
            let message = refused(&signed_by(&unsigned, &named.verifier().to_string()));
            assert!(message.contains("the extract is not signed by the operator the job names"), "{message}");
        }
    }
    // Not signed at all, or not the bytes that were.
    site.write("acts.extract", &extract_bytes(&Services::default(), &objections(), Instant::parse(THROUGH).unwrap(), &[]));
    assert!(refused(&signed_by(&unsigned, &vkey)).contains("the extract is not signed by the operator the job names"));
    let mut bytes = signed_extract(&objections(), &operator());
    let line = bytes.windows(4).position(|four| four == "\n— ".as_bytes().get(..4).unwrap()).unwrap();
    bytes[line + 60] = if bytes[line + 60] == b'A' { b'B' } else { b'A' };
    site.write("acts.extract", &bytes);
    assert!(refused(&signed_by(&unsigned, &vkey)).starts_with("Input: `acts.extract`"));
    assert!(!site.path("out").exists());
}

#[test]
fn a_job_says_who_answers_for_the_extract_or_that_nobody_does() {
    let site = site(&signed_extract(&objections(), &operator()));
    let unsigned = site.job_text("in", PLAIN, "");
    let refused = |by: &str| told_at(&site, &site.open(&unsigned.replace("allow_unsigned = true", by)).err().expect(by));
    for neither in ["", "allow_unsigned = false"] {
        assert!(refused(neither).contains("the job does not say who answers for the objections in the extract; write signed_by ="));
    }
    let vkey = operator().verifier().to_string();
    assert!(refused(&format!("signed_by = \"{vkey}\"\nallow_unsigned = true")).contains("not both; leave allow_unsigned out"));
    assert!(site.open(&signed_by(&unsigned, &format!("{vkey}\"\nallow_unsigned = false # \""))).is_ok());
    for bad in ["", "club.example/operator", &vkey.replace("example", "exempla"), &vkey[..vkey.len() - 4]] {
        assert!(refused(&format!("signed_by = \"{bad}\"")).contains("job.toml:13:"), "{bad}");
    }
}

/// Objections of people who are not yet confirmed withhold as any other; they are only counted apart.
#[test]
fn what_rests_on_people_not_yet_confirmed_is_counted_apart() {
    let lines = [
        (r#"{"id":"c-1","person":"club:sure","act":"object","received_at":"2026-02-01T09:00:00Z"}"#, false),
        (r#"{"id":"p-1","person":"club:unsure","act":"object","received_at":"2026-02-01T09:00:00Z"}"#, true),
        // Who also said so confirmed is confirmed.
        (r#"{"id":"c-2","person":"club:both","act":"object","received_at":"2026-02-01T09:00:00Z"}"#, false),
        (r#"{"id":"p-2","person":"club:both","act":"object","received_at":"2026-02-02T09:00:00Z"}"#, true),
        (r#"{"id":"p-3","person":"club:some","act":"object","items":["7"],"received_at":"2026-02-02T09:00:00Z"}"#, true),
    ];
    let choices = |provisional: bool| -> Vec<Choice> {
        let read = lines.iter().flat_map(|(line, unsure)| {
            let choices = read_choices(line, &Services::default()).unwrap().choices;
            choices.into_iter().map(move |choice| Choice { provisional: provisional && *unsure, ..choice })
        });
        read.collect()
    };
    // Author, whom it quotes, category; whether it rests on somebody not yet confirmed.
    let records = [
        ("kim", "", "post", false),
        ("sure", "", "post", false),
        ("unsure", "", "post", true),
        ("both", "", "post", false),
        ("kim", "unsure", "post", true),
        ("sure", "unsure", "post", true),
        ("unsure", "", "rumour", true),
        ("some", "", "post", true),
        ("some", "", "post", false),
        ("kim", "both", "post", false),
        ("kim", "", "rumour", false),
    ];
    let id = |row: usize| if row == 7 { "7".to_owned() } else { format!("r-{row}") };
    let each = || records.iter().enumerate();
    let expected = records.iter().filter(|record| record.3).count() as u64;
    let mapped: String = each()
        .map(|(row, record)| format!("{}\n", json!({"id": id(row), "author": record.0, "quoted": record.1, "category": record.2})))
        .collect();
    let csv: String = each().map(|(row, record)| format!("{},{},{},{}\n", id(row), record.0, record.1, record.2)).collect();
    let item = |(row, record): (usize, &(&str, &str, &str, bool))| {
        let about: Vec<_> =
            (!record.1.is_empty()).then(|| json!({"person": format!("club:{}", record.1), "as": "quote"})).into_iter().collect();
        let author = format!("club:{}", record.0);
        format!("{}\n", json!({"id": id(row), "author": author, "about": about, "category": record.2, "audience": "public"}))
    };
    let items: String = each().map(item).collect();
    let texts = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let batch = RecordBatch::try_from_iter([
        ("id", texts(each().map(|(row, _)| id(row)).collect())),
        ("author", texts(records.iter().map(|record| record.0.to_owned()).collect())),
        ("quoted", texts(records.iter().map(|record| record.1.to_owned()).collect())),
        ("category", texts(records.iter().map(|record| record.2.to_owned()).collect())),
    ])
    .unwrap();
    let mut parquet = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut parquet, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let files: [(&str, &[u8], &str); 4] = [
        ("a.jsonl", mapped.as_bytes(), MAP),
        ("a.csv", &[b"id,author,quoted,category\n", csv.as_bytes()].concat(), MAP),
        ("a.parquet", &parquet, MAP),
        ("a.jsonl", items.as_bytes(), "format = \"items\""),
    ];
    for (name, bytes, map) in files {
        let mut masks = Vec::new();
        for provisional in [true, false] {
            let site = Site::with(&[club_file()], None, &signed_extract(&choices(provisional), &operator()));
            site.write(&format!("in/{name}"), bytes);
            let text = signed_by(&site.job_text("in", map, "form = \"mask\""), &operator().verifier().to_string());
            let manifest = site.run(&text).unwrap();
            let counted = if provisional { expected } else { 0 };
            assert_eq!(manifest.value().pointer("/counts/provisional"), Some(&json!(counted)), "{name}");
            assert_eq!(manifest.tally().provisional, counted);
            assert_eq!(manifest.value().pointer("/extract/provisional"), Some(&json!(if provisional { 3 } else { 0 })));
            masks.push(mask_of(&site.path("out").join(format!("{name}.keep.parquet"))));
        }
        // Nothing is decided otherwise, and no bit is there that is no code.
        assert_eq!(masks[0], masks[1], "{name}");
        assert!(masks[0].iter().all(|bits| bits >> bezwaar_core::Code::ALL.len() == 0));
        assert_eq!(masks[0].iter().map(|bits| *bits == 0).filter(|kept| *kept).count(), 2, "{name}");
    }
}

/// Names are remembered from one file to the next; whom a file met, and under which service, is its own.
#[test]
fn what_one_file_taught_is_noted_for_the_next_and_a_name_is_of_its_service() {
    let through = Instant::parse(THROUGH).unwrap();
    let site = Site::with(&[club_file()], None, &extract_bytes(&Services::default(), &objections(), through, &["other:1".to_owned()]));
    let line = |author: &str| format!("{{\"author\":\"{author}\",\"category\":\"post\"}}\n");
    site.write("one/a.jsonl", [line("noor"), line("olga"), line("kim")].concat().as_bytes());
    site.write("one/b.jsonl", [line("noor"), line("kim")].concat().as_bytes());
    site.write("two/c.jsonl", [line("noor"), line("olga"), line("kim")].concat().as_bytes());
    let second = format!("{PLAIN}[[input]]\npaths = [\"two\"]\n{}", PLAIN.replace("\"club\"", "\"other\""));
    let text = site.job_text("one", &second, "");
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    let together: Vec<_> = engine.plan().iter().map(|task| engine.run(task, &|_| {}).unwrap()).collect();
    let met = |met: &str| met.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(u32::count_ones).sum::<u32>();
    assert_eq!(together.iter().map(|report| (met(&report.met), report.tally.kept)).collect::<Vec<_>>(), [(2, 1), (1, 1), (0, 3)]);
    // Each alone comes to the same.
    for (place, report) in together.iter().enumerate() {
        let engine = site.open(&text).unwrap();
        assert_eq!(engine.run(&engine.plan()[place], &|_| {}).unwrap(), *report);
    }
    assert_eq!(engine.commit(&together[..2], "2026-03-01T01:00:00Z").unwrap_err().kind(), ErrorKind::Input);
}
