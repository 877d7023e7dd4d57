//! The subjects of a release: everyone in what is kept, nobody else; the same list whoever makes it, in whatever way.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder, StructBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Fields};
use bezwaar_core::account::Services;
use bezwaar_core::wire::parse_item;
use bezwaar_gate::{ErrorKind, GateError, SubjectsEntry, TaskReport, subjects_of_outputs};
use bezwaar_testkit::random::Draw;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{OBJECTORS, Site, told, told_at};

const MADE_AT: &str = "2026-03-01T01:00:00Z";
const ASSERTED: &str = "category = { column = \"category\" }\naudience = { const = \"public\", because = \"a test\" }\n";
const LISTS: &str = "[input.map]\nid = { column = \"id\" }\nauthor = { column = [\"author\", \"[]\"], service = \"club\" }\nabout = { column = [\"about\", \"[]\", \"person\"], service = \"club\", as_column = [\"about\", \"[]\", \"as\"] }\n";
const FLAT: &str = "[input.map]\nid = { column = \"id\" }\nauthor = [{ column = \"author\", service = \"club\" }, { column = \"second\" }]\nabout = [{ column = \"shared\", service = \"club\", as = \"mention\" }, { const = \"club:the-club\", as = \"reply\" }]\n";
const LIST: &str = "subjects = \"lists/people.txt\"\n";

/// A record: who wrote it, whom it is about and how, and its category.
struct Record {
    authors: Vec<String>,
    about: Vec<(Option<String>, &'static str)>,
    category: &'static str,
}

const NAMES: [&str; 14] =
    ["Kim", "kim", "@kim", "ann", "Bob", "12", "012", "eva-1", "noor", "olga", "31", "zoë", "ZOË", "a-name-longer-than-a-slot-is"];

fn records(seed: u64, count: usize) -> Vec<Record> {
    let mut draw = Draw::new(seed);
    let name = |draw: &mut Draw| match draw.below(3) {
        0 => format!("member{}", draw.below(count)),
        _ => NAMES[draw.below(NAMES.len())].to_owned(),
    };
    (0..count)
        .map(|_| Record {
            authors: (0..1 + draw.below(4) / 2).map(|_| name(&mut draw)).collect(),
            about: (0..draw.below(3))
                .map(|_| {
                    let relation = ["mention", "reply", "quote"][draw.below(3)];
                    // Somebody who cannot be told matters only where the relation counts.
                    ((!draw.chance(10)).then(|| name(&mut draw)), relation)
                })
                .collect(),
            category: if draw.chance(80) { "post" } else { "rumour" },
        })
        .collect()
}

/// What an independent reading finds: the list as a file.
fn expected<'r>(records: impl Iterator<Item = &'r Record>, more: &[&str]) -> String {
    let services = Services::default();
    let account = |name: &str| services.resolve("club", None, name).unwrap().expose_canonical().to_owned();
    let objected = |name: &str| OBJECTORS.iter().any(|objector| account(objector) == account(name));
    let mut people = BTreeSet::new();
    for record in records {
        let quoted =
            |(person, relation): &(Option<String>, &str)| *relation == "quote" && person.as_ref().is_none_or(|person| objected(person));
        if record.category != "post" || record.authors.iter().any(|author| objected(author)) || record.about.iter().any(quoted) {
            continue;
        }
        people.extend(record.authors.iter().map(|author| account(author)));
        people.extend(record.about.iter().filter_map(|(person, _)| Some(account(person.as_deref()?))));
        people.extend(more.iter().map(|name| account(name)));
    }
    people.into_iter().map(|person| format!("{person}\n")).collect()
}

fn value(number: usize, record: &Record) -> Value {
    let about: Vec<Value> = record.about.iter().map(|(person, relation)| json!({"person": person, "as": relation})).collect();
    json!({"id": number.to_string(), "author": record.authors, "about": about, "category": record.category})
}

fn jsonl(records: &[Record]) -> String {
    records.iter().enumerate().map(|(number, record)| format!("{}\n", value(number, record))).collect()
}

/// The records in the exchange format.
fn items(records: &[Record]) -> String {
    let full = |name: &Option<String>| name.as_ref().map(|name| format!("club:{name}"));
    let line = |(number, record): (usize, &Record)| {
        let about: Vec<Value> = record.about.iter().map(|(person, relation)| json!({"person": full(person), "as": relation})).collect();
        let authors: Vec<_> = record.authors.iter().map(|author| full(&Some(author.clone()))).collect();
        let line = json!({"id": number.to_string(), "author": authors, "about": about, "category": record.category, "audience": "public"});
        parse_item(1, &line.to_string()).unwrap();
        format!("{line}\n")
    };
    records.iter().enumerate().map(line).collect()
}

fn written(batch: &RecordBatch, dictionary: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let props = WriterProperties::builder().set_max_row_group_row_count(Some(37)).set_dictionary_enabled(dictionary).build();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(props)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file
}

fn texts<'t>(values: impl Iterator<Item = Option<&'t str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// The records as Parquet, with lists of people.
fn lists(records: &[Record], dictionary: bool) -> Vec<u8> {
    let mut authors = ListBuilder::new(StringBuilder::new());
    let fields = Fields::from(vec![Field::new("person", DataType::Utf8, true), Field::new("as", DataType::Utf8, true)]);
    let mut about = ListBuilder::new(StructBuilder::from_fields(fields, 0));
    for record in records {
        record.authors.iter().for_each(|author| authors.values().append_value(author));
        authors.append(true);
        for (person, relation) in &record.about {
            let element = about.values();
            element.field_builder::<StringBuilder>(0).unwrap().append_option(person.as_ref());
            element.field_builder::<StringBuilder>(1).unwrap().append_value(relation);
            element.append(true);
        }
        about.append(true);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new((0..records.len() as i64).collect::<Int64Array>())),
        ("author", Arc::new(authors.finish())),
        ("about", Arc::new(about.finish())),
        ("category", texts(records.iter().map(|record| Some(record.category)))),
    ];
    written(&RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap(), dictionary)
}

/// The records as flat columns: at most two authors, one person they mention.
fn flat(records: &mut [Record], dictionary: bool) -> Vec<u8> {
    for record in records.iter_mut() {
        record.authors.resize_with(2, || "ann".to_owned());
        record.about.truncate(1);
        record.about.iter_mut().for_each(|(_, relation)| *relation = "mention");
    }
    let second: Vec<String> = records.iter().map(|record| format!("club:{}", record.authors[1])).collect();
    let shared = || records.iter().map(|record| record.about.first().and_then(|(person, _)| person.as_deref()));
    let words: ArrayRef = Arc::new(shared().collect::<DictionaryArray<Int32Type>>());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new((0..records.len() as i64).collect::<Int64Array>())),
        ("author", texts(records.iter().map(|record| Some(record.authors[0].as_str())))),
        ("second", texts(second.iter().map(|name| Some(name.as_str())))),
        ("shared", if dictionary { words } else { texts(shared()) }),
        ("category", texts(records.iter().map(|record| Some(record.category)))),
    ];
    written(&RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap(), dictionary)
}

fn list_of(site: &Site) -> String {
    std::fs::read_to_string(site.path("lists/people.txt")).unwrap()
}

/// The list made again from what was released.
fn again(site: &Site, text: &str) -> Result<(String, SubjectsEntry), GateError> {
    let list = subjects_of_outputs(&site.job(text)?, &site.path("out"))?;
    let mut bytes = Vec::new();
    list.write_to(&mut bytes).unwrap();
    let mut lines = String::new();
    list.each(&mut |account| {
        lines.push_str(account);
        lines.push('\n');
        Ok(())
    })?;
    assert_eq!(lines.as_bytes(), bytes);
    assert_eq!(format!("{list:?}"), format!("SubjectList({} accounts)", lines.lines().count()));
    assert_eq!(list.declared(), Some(list.entry()));
    Ok((lines, list.entry().clone()))
}

#[track_caller]
fn check(site: &Site, text: &str, expected: &str) {
    let manifest = site.run(text).unwrap_or_else(|error| panic!("{}", told(&error)));
    let list = list_of(site);
    assert_eq!(list, expected);
    let hash = Sha256::digest(list.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let entry = json!({"count": list.lines().count(), "sha256": hash});
    assert_eq!(manifest.value().pointer("/subjects"), Some(&entry));
    // One list, readable by its owner only, and nothing else of it anywhere.
    assert_eq!(site.files_in("lists"), ["people.txt"]);
    assert!(!site.path("lists/people.txt.bezwaar-run").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(site.path("lists/people.txt")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(site.files_in("out").iter().all(|name| !name.contains("people")));
    let (lines, found) = again(site, text).unwrap_or_else(|error| panic!("{}", told(&error)));
    assert_eq!(lines, expected);
    assert_eq!(json!(found), entry);
}

#[test]
fn everyone_in_what_is_kept_whatever_the_format_and_form() {
    for (round, form) in [(1, "copy"), (2, "mask"), (3, "copy")] {
        let rest = format!("form = \"{form}\"\n{LIST}[limits]\nthreads = {round}\nbatch_rows = 16\nbatch_bytes = 1024\n");
        let map = format!("{LISTS}{ASSERTED}");
        let mut some = records(round, 300);
        let wanted = expected(some.iter(), &[]);
        assert!(wanted.lines().count() > 20, "{wanted}");
        let run = |name: &str, bytes: &[u8], map: &str, wanted: &str| {
            let site = Site::new();
            site.write(&format!("in/{name}"), bytes);
            check(&site, &site.job_text("in", map, &rest), wanted);
        };
        run("a.jsonl", jsonl(&some).as_bytes(), &map, &wanted);
        run("a.jsonl", items(&some).as_bytes(), "format = \"items\"", &wanted);
        for dictionary in [false, true] {
            run("a.parquet", &lists(&some, dictionary), &map, &wanted);
            let bytes = flat(&mut some, dictionary);
            run("b.parquet", &bytes, &format!("{FLAT}{ASSERTED}"), &expected(some.iter(), &["the-club"]));
            some = records(round, 300);
        }
        flat(&mut some, false);
        let row = |record: &Record| {
            let shared = record.about.first().and_then(|(person, _)| person.as_deref()).unwrap_or_default();
            format!("x,\"{}\",club:{},{shared},{}\n", record.authors[0], record.authors[1], record.category)
        };
        let csv: String = some.iter().map(row).collect();
        run(
            "c.csv",
            format!("id,author,second,shared,category\n{csv}").as_bytes(),
            &format!("{FLAT}{ASSERTED}"),
            &expected(some.iter(), &["the-club"]),
        );
    }
}

#[test]
fn nobody_in_what_is_kept_is_an_empty_list_and_no_list_is_none() {
    let site = Site::new();
    site.write(
        "in/a.jsonl",
        b"{\"id\":1,\"author\":[\"noor\"],\"about\":[{\"person\":\"kim\",\"as\":\"mention\"}],\"category\":\"post\"}\n",
    );
    let map = format!("{LISTS}{ASSERTED}");
    check(&site, &site.job_text("in", &map, LIST), "");
    std::fs::remove_dir_all(site.path("out")).unwrap();
    let manifest = site.run(&site.job_text("in", &map, "")).unwrap();
    assert_eq!(manifest.value().get("subjects"), None);
}

/// Many files, so many names that workers must write them to disk, in any order: one list.
#[test]
fn the_list_is_the_same_however_the_work_is_cut() {
    let site = Site::new();
    let parts: Vec<Vec<Record>> = (0..70).map(|seed| records(seed, 40)).collect();
    for (number, part) in parts.iter().enumerate() {
        site.write(&format!("in/{number}.jsonl"), jsonl(part).as_bytes());
    }
    let wanted = expected(parts.iter().flatten(), &[]);
    let text = |limits: &str| site.job_text("in", &format!("{LISTS}{ASSERTED}"), &format!("{LIST}[limits]\n{limits}"));
    for limits in ["threads = 1", "threads = 3\nsubject_bytes = 1024\nbatch_bytes = 1024", "threads = 2\nbatch_bytes = 1024"] {
        check(&site, &text(limits), &wanted);
        std::fs::remove_dir_all(site.path("out")).unwrap();
    }
    // Tasks in another order, one of them twice, their reports travelling.
    let engine = site.open(&text("threads = 1\nsubject_bytes = 1024\nbatch_bytes = 1024")).unwrap();
    engine.begin().unwrap();
    let mut tasks: Vec<_> = engine.plan().iter().chain(engine.plan().first()).collect();
    Draw::new(5).shuffle(&mut tasks);
    let reports: Vec<TaskReport> = tasks
        .into_iter()
        .map(|task| serde_json::from_str(&serde_json::to_string(&engine.run(task, &|_| {}).unwrap()).unwrap()).unwrap())
        .collect();
    engine.commit(&reports, MADE_AT).unwrap();
    assert_eq!(list_of(&site), wanted);
}

#[test]
fn a_run_that_was_stopped_goes_on_with_the_lists_it_has() {
    let site = Site::new();
    let parts: Vec<Vec<Record>> = (0..4).map(|seed| records(seed, 60)).collect();
    for (number, part) in parts.iter().enumerate() {
        site.write(&format!("in/{number}.jsonl"), jsonl(part).as_bytes());
    }
    let text = site.job_text("in", &format!("{LISTS}{ASSERTED}"), LIST);
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    let mut reports: Vec<TaskReport> = engine.plan()[..3].iter().map(|task| engine.run(task, &|_| {}).unwrap()).collect();
    drop(engine);
    let engine = site.open(&text).unwrap();
    let waiting = site.files_in("lists/people.txt.bezwaar-run");
    assert_eq!((engine.completed().unwrap().len(), waiting.len()), (3, 3));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(site.path("lists/people.txt.bezwaar-run")).unwrap().permissions().mode() & 0o777, 0o700);
    }
    // A list that is gone, or another, makes its file be done anew, and is no part of a release.
    let path = site.path("lists/people.txt.bezwaar-run").join(&waiting[0]);
    let good = std::fs::read(&path).unwrap();
    reports.push(engine.run(&engine.plan()[3], &|_| {}).unwrap());
    for bad in [None, Some(&good[..good.len() - 2]), Some(b"club:handle:somebody\n".as_slice())] {
        match bad {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        assert_eq!(engine.completed().unwrap().len(), 3);
        let error = engine.commit(&reports, MADE_AT).unwrap_err();
        assert!(error.kind() == ErrorKind::Integrity && error.to_string().contains("the list of the subjects of"), "{}", told(&error));
        assert!(!site.path("out/manifest.json").exists() && !site.path("lists/people.txt").exists());
    }
    // A report without a list is one of a run that made none.
    std::fs::write(&path, &good).unwrap();
    let without: Vec<TaskReport> = reports.iter().map(|report| TaskReport { subjects: None, ..report.clone() }).collect();
    assert_eq!(engine.commit(&without, MADE_AT).unwrap_err().kind(), ErrorKind::Integrity);
    engine.commit(&reports, MADE_AT).unwrap();
    assert_eq!(list_of(&site), expected(parts.iter().flatten(), &[]));
    assert_eq!(site.files_in("lists"), ["people.txt"]);
}

#[test]
fn a_file_withheld_whole_has_no_subjects() {
    let site = Site::new();
    let some = records(1, 50);
    site.write("in/a.jsonl", jsonl(&some).as_bytes());
    site.write("in/b.jsonl", jsonl(&records(2, 50)).as_bytes());
    let text = site.job_text("in", &format!("{LISTS}{ASSERTED}"), &format!("{LIST}[on_error]\nfile = \"withhold\"\n"));
    let engine = site.open(&text).unwrap();
    engine.begin().unwrap();
    // It was good when it was opened, and even once when it was run.
    let [first, second] = engine.plan() else { panic!("two files") };
    let kept = engine.run(first, &|_| {}).unwrap();
    engine.run(second, &|_| {}).unwrap();
    site.write("in/b.jsonl", b"\x1f\x8b\x08\x00\x00");
    let failed = engine.run(second, &|_| {}).unwrap();
    assert!(failed.failed.is_some() && failed.subjects.is_none());
    engine.commit(&[kept, failed], MADE_AT).unwrap();
    let wanted = expected(some.iter(), &[]);
    assert_eq!(list_of(&site), wanted);
    assert_eq!(again(&site, &text).unwrap().0, wanted);
    assert_eq!(site.files_in("lists"), ["people.txt"]);
}

#[test]
fn a_list_that_would_lie_where_it_may_not() {
    let site = Site::new();
    site.write("in/a.jsonl", jsonl(&records(1, 5)).as_bytes());
    let map = format!("{LISTS}{ASSERTED}");
    let refused =
        |place: &str| told_at(&site, &site.open(&site.job_text("in", &map, &format!("subjects = \"{place}\""))).err().expect(place));
    assert!(refused("out/../out/x").contains("`out/x` lies inside the output folder; put the list elsewhere: it is personal data"));
    assert!(refused("out").contains("lies inside the output folder"));
    assert!(refused("in").contains("is a folder"));
    assert!(refused("in/a.jsonl").contains("is read by the job"));
    assert!(refused("gate.key").contains("is read by the job"));
    assert!(refused("acts.extract").contains("is read by the job"));
}

#[test]
fn what_is_not_the_release_is_not_read_again() {
    let site = Site::new();
    let some = records(1, 60);
    site.write("in/a.parquet", &lists(&some, true));
    site.write("in/b.parquet", &lists(&some, false));
    let map = format!("{LISTS}{ASSERTED}");
    let text = site.job_text("in", &map, LIST);
    let wanted = expected(some.iter(), &[]);
    check(&site, &text, &wanted);
    // Neither extract nor key nor inputs are needed.
    for gone in ["acts.extract", "gate.key"] {
        std::fs::remove_file(site.path(gone)).unwrap();
    }
    std::fs::remove_dir_all(site.path("in")).unwrap();
    assert_eq!(again(&site, &text).unwrap().0, wanted);
    let refused = |text: &str| told_at(&site, &again(&site, text).expect_err("must be refused"));
    assert!(refused(&text.replace("name = \"test\"", "name = \"other\"")).contains("this is not the job the release was made by"));
    site.write(
        "policies/services.toml",
        b"[[service]]\nid = \"club\"\nhandles = \"exact\"\ndigits = \"id\"\nother = \"handle\"\nsentinels = []\n",
    );
    assert!(refused(&text).contains("services.toml is not the one the release was made with"));
    std::fs::remove_file(site.path("policies/services.toml")).unwrap();
    // Another file, a missing one, one from outside.
    let good = site.out("b.parquet");
    site.write("out/b.parquet", &site.out("a.parquet"));
    let message = refused(&text);
    assert!(message.starts_with("Integrity") && message.contains("`b.parquet` is not the file the manifest lists"), "{message}");
    std::fs::remove_file(site.path("out/b.parquet")).unwrap();
    assert!(refused(&text).contains("`b.parquet` is missing"));
    site.write("out/b.parquet", &good);
    let manifest = String::from_utf8(site.out("manifest.json")).unwrap();
    site.write("out/manifest.json", manifest.replace("\"path\":\"b.parquet\"", "\"path\":\"../b.parquet\"").as_bytes());
    assert!(refused(&text).contains("lists files outside its folder"));
    site.write("out/manifest.json", b"{}");
    assert!(refused(&text).contains("this is no manifest"));
    std::fs::remove_file(site.path("out/manifest.json")).unwrap();
    assert!(refused(&text).contains("holds no manifest, so it is no release"));
}

#[test]
fn columns_that_name_people_and_were_dropped_are_told() {
    for (drop, told_of) in [("author", "there is no column `author`"), ("about.list.item.person", "there is no field `person`")] {
        let site = Site::new();
        site.write("in/a.parquet", &lists(&records(1, 60), true));
        let text = site.job_text("in", &format!("{LISTS}{ASSERTED}"), &format!("{LIST}drop = [\"{drop}\"]\n"));
        // The run itself sees them, and lists them.
        site.run(&text).unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(list_of(&site), expected(records(1, 60).iter(), &[]));
        let error = again(&site, &text).unwrap_err();
        let message = told_at(&site, &error);
        assert!(message.contains("the people in these outputs cannot be told") && message.contains(told_of), "{message}");
        assert!(message.contains("output.drop took them out"), "{message}");
    }
    // Columns that name nobody may go.
    let site = Site::new();
    let some = records(1, 60);
    site.write("in/a.parquet", &lists(&some, true));
    let text = site.job_text("in", &format!("{LISTS}{ASSERTED}"), &format!("{LIST}drop = [\"category\", \"about.list.item.as\"]\n"));
    check(&site, &text, &expected(some.iter(), &[]));
}

#[test]
fn a_mask_is_read_with_the_source_it_was_made_of() {
    let site = Site::new();
    let some = records(1, 60);
    site.write("in/a.jsonl", jsonl(&some).as_bytes());
    let text = site.job_text("in", &format!("{LISTS}{ASSERTED}"), &format!("form = \"mask\"\n{LIST}"));
    check(&site, &text, &expected(some.iter(), &[]));
    let other = jsonl(&some).replacen("member", "nember", 1);
    site.write("in/a.jsonl", other.as_bytes());
    let message = told_at(&site, &again(&site, &text).unwrap_err());
    assert!(message.contains("this is not the file the mask was made of"), "{message}");
}
