//! How long the gate takes over a made-up corpus: as a mask, as a copy with about half of the rows withheld, and as a copy with
//! nothing withheld; and where the time goes.
//!
//! `cargo run --release -p bezwaar-gate --example gate_speed -- [ROWS] [FOLDER] [snappy|v2|mixed]...`
//!
//! Without a folder the corpus is made in a temporary one and thrown away.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example prints, and stops when something is wrong"
)]

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant as Clock;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bezwaar_core::Holdings;
use bezwaar_core::account::{Kind, Services};
use bezwaar_core::choice::{Act, Channel, Choice};
use bezwaar_core::policy::read::read_policies;
use bezwaar_core::time::Instant;
use bezwaar_gate::job::Job;
use bezwaar_gate::{Bound, Engine, TaskReport, read_policy_folder};
use bezwaar_ledger::extract::{Cover, ExtractOptions, services_digest, write_extract};
use bezwaar_ledger::key::{KeyFile, RootKey};
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

const DAY: i64 = 86_400_000_000;
const GROUP_ROWS: usize = 122_880;
const AUTHORS: u64 = 200_000;
const RUNS: usize = 3;
const WORDS: [&str; 24] = [
    "the",
    "people",
    "of",
    "a",
    "town",
    "write",
    "what",
    "they",
    "think",
    "about",
    "weather",
    "bicycles",
    "and",
    "trains",
    "while",
    "others",
    "read",
    "their",
    "letters",
    "slowly",
    "before",
    "answering",
    "yesterday's",
    "question",
];

/// Splitmix64: the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

fn author(number: u64) -> String {
    (10_000_000 + number * 7).to_string()
}

fn batch(schema: &Arc<Schema>, first: usize, rows: usize, random: &mut Random) -> RecordBatch {
    let text = || StringBuilder::with_capacity(rows, rows * 16);
    let (mut id, mut by, mut category, mut audience, mut region, mut words) = (text(), text(), text(), text(), text(), text());
    let mut age = Int32Builder::new();
    let (mut created, mut collected) = (Vec::new(), Vec::new());
    let start = Instant::parse("2024-11-20T00:00:00Z").expect("an instant").as_micros();
    let mut line = String::new();
    for row in first..first + rows {
        id.append_value(format!("post-{:012x}", row as u64 * 0x9e37_79b9 % (1 << 44)));
        by.append_value(author(random.below(AUTHORS)));
        category.append_value(random.of(&["post", "comment", "photo"]));
        audience.append_value("public");
        region.append_value(random.of(&["NL", "DE", "FR", "BE", "IT", "ES"]));
        age.append_value(19 + random.below(60) as i32);
        let made = start + random.below(300 * DAY as u64) as i64;
        created.push(made);
        collected.push(made + random.below(30 * DAY as u64) as i64);
        line.clear();
        for _ in 0..8 + random.below(16) {
            line.push_str(random.of(&WORDS));
            line.push(' ');
        }
        words.append_option((random.below(50) > 0).then_some(&line));
    }
    let time = |values: Vec<i64>| Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) as ArrayRef;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(id.finish()),
        Arc::new(by.finish()),
        Arc::new(category.finish()),
        Arc::new(audience.finish()),
        Arc::new(region.finish()),
        time(created),
        time(collected),
        Arc::new(age.finish()),
        Arc::new(words.finish()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns).expect("columns as the schema says")
}

fn corpus(path: &Path, rows: usize, options: &[String]) {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let time = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let schema = Arc::new(Schema::new(vec![
        text("id"),
        text("author"),
        text("category"),
        text("audience"),
        text("region"),
        time("created"),
        time("collected"),
        Field::new("age", DataType::Int32, true),
        text("text"),
    ]));
    let has = |name: &str| options.iter().any(|option| option == name);
    let codec = if has("snappy") { Compression::SNAPPY } else { Compression::ZSTD(ZstdLevel::try_new(1).expect("a level")) };
    let mut props = WriterProperties::builder()
        .set_compression(codec)
        .set_writer_version(if has("v2") { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    if !has("mixed") {
        for name in ["id", "created", "collected", "text"] {
            props = props.set_column_dictionary_enabled(name.into(), false);
            props = props.set_column_encoding(name.into(), parquet::basic::Encoding::PLAIN);
        }
    }
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(props.build())).expect("a writer");
    let mut random = Random(3);
    for first in (0..rows).step_by(GROUP_ROWS) {
        writer.write(&batch(&schema, first, GROUP_ROWS.min(rows - first), &mut random)).expect("written");
    }
    writer.close().expect("closed");
}

/// The folder of the shipped policies.
fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").canonicalize().expect("the policies")
}

/// How the policies' services write names: the extract must be made with the same.
fn services() -> Services {
    let (files, services) = read_policy_folder(&policies()).expect("the policies");
    let services = services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
    read_policies(&files, services).expect("good policies").services
}

/// An extract in which every `nth` author objects to everything; nobody when it is 0.
fn extract(folder: &Path, name: &str, nth: u64) {
    let services = services();
    let file = KeyFile::new(RootKey::from_bytes([7; 32]), "speed.example", 1).expect("a good domain");
    let received_at = Instant::parse("2026-05-01T00:00:00Z").expect("an instant");
    let choices: Vec<Choice> = (0..AUTHORS)
        .filter(|number| nth > 0 && number % nth == 0)
        .map(|number| Choice {
            id: format!("o-{number}"),
            person: services.resolve("x", Some(Kind::Id), &author(number)),
            act: Act::Object { uses: None, recipients: None, items: None },
            received_at,
            recorded_at: None,
            by: None,
            channel: Some(Channel::Form),
            provisional: false,
        })
        .collect();
    let holdings = Holdings::resolve(&choices);
    let through = Instant::parse("2026-06-01T00:00:00Z").expect("an instant");
    let covers = Cover::all_of_with(&services, &holdings);
    let options = ExtractOptions { through, expires_at: through.plus_micros(DAY), services: services_digest(&services), covers };
    let mut bytes = Vec::new();
    write_extract(&holdings, &file.subject_keys(), &options, &mut bytes).expect("an extract");
    std::fs::write(folder.join(format!("{name}.extract")), bytes).expect("written");
    std::fs::write(folder.join("speed.key"), file.to_text()).expect("written");
}

fn job(folder: &Path, extract: &str, form: &str, output: &Path) -> Job {
    let policies = policies();
    let text = format!(
        r#"[job]
name = "speed"
[question]
policies = "{policies}"
use = "x/grok-posts"
recipient = "xai"
reading = "stated"
[extract]
path = "{extract}.extract"
key = "speed.key"
allow_unsigned = true
[[input]]
paths = ["corpus.parquet"]
[input.map]
id = {{ column = "id" }}
author = {{ column = "author", service = "x", kind = "id" }}
category = {{ column = "category" }}
audience = {{ column = "audience" }}
region = {{ column = "region" }}
created_at = {{ column = "created" }}
collected_at = {{ column = "collected" }}
author_age = {{ column = "age" }}
[output]
path = "{output}"
form = "{form}"
[expect]
matched_min = 0
[limits]
threads = 2
"#,
        policies = policies.display(),
        output = output.display(),
    );
    Job::parse("speed.job.toml", &text, folder).expect("a job")
}

/// Runs a job; seconds until the last row was handed on, and until the output had its name.
fn run(folder: &Path, extract: &str, form: &str) -> (f64, f64, TaskReport, PathBuf) {
    let output = folder.join("out");
    let _ = std::fs::remove_dir_all(&output);
    let engine = Engine::open(job(folder, extract, form, &output)).expect("an engine");
    engine.begin().expect("begun");
    let clock = Clock::now();
    let last = Cell::new(0.0);
    let task = engine.plan()[0].clone();
    let report = engine.run(&task, &|_| last.set(clock.elapsed().as_secs_f64())).expect("a report");
    let whole = clock.elapsed().as_secs_f64();
    let path = output.join(&report.output.as_ref().expect("an output").path);
    (last.get(), whole, report, path)
}

/// Seconds of processor time this process took so far; 0 where the system does not tell.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Reads the decision columns on two threads, and decides when there is something to decide with.
fn scan(path: &Path, bound: Option<&Bound>) -> f64 {
    let clock = Clock::now();
    let groups = builder(path).metadata().num_row_groups();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            scope.spawn(move || {
                let mine = (0..groups).filter(|group| group % 2 == thread).collect();
                for batch in projected(builder(path)).with_row_groups(mine).with_batch_size(65_536).build().expect("a reader") {
                    let batch = batch.expect("a batch");
                    if let Some(bound) = bound {
                        bound.verdicts(&batch).expect("verdicts");
                    }
                }
            });
        }
    });
    clock.elapsed().as_secs_f64()
}

fn builder(path: &Path) -> ParquetRecordBatchReaderBuilder<File> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("the corpus")).expect("a Parquet file")
}

fn projected(builder: ParquetRecordBatchReaderBuilder<File>) -> ParquetRecordBatchReaderBuilder<File> {
    let leaves = ProjectionMask::leaves(builder.parquet_schema(), 0..8);
    builder.with_projection(leaves)
}

/// How long the disk takes for a file of this size.
fn flush(folder: &Path, like: &Path) -> f64 {
    let bytes = std::fs::read(like).expect("the output");
    let path = folder.join("flush");
    let mut file = File::create(&path).expect("a file");
    file.write_all(&bytes).expect("written");
    let clock = Clock::now();
    file.sync_all().expect("flushed");
    let took = clock.elapsed().as_secs_f64();
    let _ = std::fs::remove_file(path);
    took
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rows: usize = arguments.first().map_or(10_000_000, |text| text.parse().expect("a number of rows"));
    let options = arguments.get(2..).unwrap_or_default();
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = arguments.get(1).map_or(temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("corpus.parquet");
    if !path.exists() {
        corpus(&path, rows, options);
    }
    extract(&folder, "half", 2);
    extract(&folder, "nobody", 0);
    println!("{rows} rows, {:.1} MB, two threads, medians of {RUNS}", std::fs::metadata(&path).expect("the corpus").len() as f64 / 1e6);
    let times = |what: &str, one: &dyn Fn() -> f64| {
        let before = processor();
        let took = median((0..RUNS).map(|_| one()).collect());
        println!("{what:<44}{took:>8.3} s, {:.3} s of processors", (processor() - before) / RUNS as f64);
    };
    times("scan of the decision columns", &|| scan(&path, None));
    let engine = Engine::open(job(&folder, "half", "copy", &folder.join("out"))).expect("an engine");
    let input = &engine.job().inputs[0];
    let schema = projected(builder(&path)).with_row_groups(Vec::new()).build().expect("a reader");
    let bound = engine.gate().bind(&arrow_array::RecordBatchReader::schema(&schema), &input.map).expect("bound");
    times("the same, with verdicts", &|| scan(&path, Some(&bound)));
    for (name, extract, form) in
        [("mask", "half", "mask"), ("copy, half withheld", "half", "copy"), ("copy, nothing withheld", "nobody", "copy")]
    {
        let (mut until, mut whole, mut disk) = (Vec::new(), Vec::new(), Vec::new());
        let (mut line, mut busy) = (String::new(), Vec::new());
        for _ in 0..RUNS {
            let before = processor();
            let (first, all, report, output) = run(&folder, extract, form);
            busy.push(processor() - before);
            until.push(first);
            whole.push(all);
            disk.push(flush(&folder, &output));
            let codes = report.tally.codes();
            let most = codes.iter().max_by_key(|(_, count)| count.any).map_or("nothing", |(code, _)| code.as_str());
            line = format!(
                "{} of {} kept, most withheld for {most}, {:.1} MB",
                report.tally.kept,
                report.tally.read,
                report.output.expect("an output").bytes as f64 / 1e6
            );
        }
        let (until, whole, disk) = (median(until), median(whole), median(disk));
        println!("{name:<44}{whole:>8.3} s, {:.3} s of processors ({line})", median(busy));
        println!("{:<44}{until:>8.3} s", "  decide, rewrite, write");
        println!("{:<44}{disk:>8.3} s", "  flush (the disk alone, afterwards)");
        println!("{:<44}{:>8.3} s", "  flush and verify", whole - until);
    }
}
