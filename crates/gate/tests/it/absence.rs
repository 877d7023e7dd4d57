//! What leaves holds no byte of what was withheld: in no buffer, no page, no statistic, no manifest.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch, RecordBatchIterator, StringArray};
use arrow_data::ArrayData;
use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_core::{Question, Reading};
use bezwaar_gate::mapping::{Mapping, Origin, PersonMap, WordMap};
use bezwaar_gate::{Bound, Gate, GateSpec};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::support::{self, Site, THROUGH, club_file, keys, objections};
use crate::wide::{self, MAP};

/// Whether a canary is anywhere in some bytes, in whatever case.
fn sings(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window.eq_ignore_ascii_case(b"canary"))
}

fn bound(batch: &RecordBatch) -> Bound {
    let extract = support::extract(&Services::default(), &objections(), Instant::parse(THROUGH).unwrap(), &["club:1".to_owned()]);
    let question = Question {
        use_id: "club/model".into(),
        recipient: "lab".into(),
        at: Instant::parse(THROUGH).unwrap(),
        reading: Reading::Protective,
    };
    let spec = GateSpec::new(&[club_file()], None, &question, &extract);
    let person = PersonMap {
        origin: Origin::Column(vec!["author".into()]),
        service: Some("club".into()),
        kind: None,
        relation: bezwaar_core::item::Relation::Unspecified,
        relation_path: None,
    };
    let public = WordMap { origin: Origin::Const { value: "public".into(), because: "a test".into() }, values: None };
    let mapping = Mapping {
        author: vec![person],
        category: Some(WordMap { origin: Origin::Column(vec!["category".into()]), values: None }),
        audience: Some(public),
        ..Mapping::default()
    };
    Gate::open(&spec, extract, keys()).unwrap().bind(&batch.schema(), &mapping).unwrap()
}

fn check_data(data: &ArrayData, column: &str, how: &str) {
    for buffer in data.buffers() {
        assert!(!sings(buffer.as_slice()), "{column}, {how}: a buffer of {} holds a canary", data.data_type());
    }
    for child in data.child_data() {
        check_data(child, column, how);
    }
}

#[track_caller]
fn check_filter(batch: &RecordBatch, how: &str) -> RecordBatch {
    let bound = bound(batch);
    let out = bound.filter(batch).unwrap();
    let kept = bound.verdicts(batch).unwrap().keep.true_count();
    assert_eq!(out.num_rows(), kept, "{how}");
    for (field, column) in out.schema().fields().iter().zip(out.columns()) {
        check_data(&column.to_data(), field.name(), how);
    }
    // As an engine with another Arrow gets it.
    let reader = RecordBatchIterator::new([Ok(out.clone())], out.schema());
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    let back = RecordBatchStreamReader::try_new(stream).unwrap().next().unwrap().unwrap();
    for (field, column) in back.schema().fields().iter().zip(back.columns()) {
        check_data(&column.to_data(), field.name(), &format!("{how}, exported"));
    }
    assert_eq!(back, out, "{how}");
    out
}

#[test]
fn a_filtered_batch_holds_nothing_of_withheld_rows() {
    let whole = wide::batch(&wide::rows("kwkkwwkwkkkkwwkwkwkk"));
    assert!(whole.columns().iter().any(|column| column.to_data().buffers().iter().any(|buffer| sings(buffer))), "no canary was planted");
    let out = check_filter(&whole, "whole");
    assert_eq!(out.num_rows(), 12);
    check_filter(&whole.slice(3, 12), "a slice");
    // Only kept rows in the slice: nothing to take out, and yet the others' bytes lie beside it.
    assert_eq!(check_filter(&whole.slice(8, 4), "a slice of kept rows").num_rows(), 4);
    assert_eq!(check_filter(&whole.slice(4, 2), "a slice of withheld rows").num_rows(), 0);
    assert_eq!(check_filter(&whole.slice(5, 0), "an empty slice").num_rows(), 0);
    assert_eq!(check_filter(&wide::batch(&wide::rows("kkkkkkkk")), "all kept").num_rows(), 8);
}

#[test]
fn a_dictionary_cut_from_a_larger_one_is_cut() {
    let rows = wide::rows("kwk");
    let base = wide::batch(&rows);
    let values = StringArray::from(vec!["plain one", "CANARY in the middle", "plain two", "CANARY at the end"]);
    // Values no key points to, values outside a slice, and keys under nulls.
    let keys = Int32Array::from(vec![Some(0), Some(1), None]);
    let loose: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(values.clone())));
    let cut: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0, 0, 0]), Arc::new(values.slice(2, 1))));
    let nested: ArrayRef = Arc::new(arrow_array::StructArray::from(vec![(
        Arc::new(arrow_schema::Field::new("d", cut.data_type().clone(), true)),
        Arc::clone(&cut),
    )]));
    let mut columns: Vec<(String, ArrayRef)> =
        base.schema().fields().iter().map(|field| field.name().clone()).zip(base.columns().iter().cloned()).collect();
    columns.extend([("loose".to_owned(), loose), ("cut".to_owned(), cut), ("nested".to_owned(), nested)]);
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap();
    let out = check_filter(&batch, "dictionaries");
    let loose = out.column_by_name("loose").unwrap().as_dictionary::<Int32Type>().clone();
    assert_eq!(loose.values().len(), 1);
}

/// Every byte of a written file: as it lies there, and what its pages hold.
fn check_parquet(path: &Path) {
    check_raw(path);
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    for group in 0..reader.num_row_groups() {
        let rows = reader.get_row_group(group).unwrap();
        for column in 0..rows.num_columns() {
            let mut pages = rows.get_column_page_reader(column).unwrap();
            while let Some(page) = pages.get_next_page().unwrap() {
                assert!(!sings(page.buffer()), "{}: row group {group}, column {column}", path.display());
            }
        }
    }
}

fn check_raw(path: &Path) {
    assert!(!sings(&std::fs::read(path).unwrap()), "{} holds a canary", path.display());
}

#[test]
fn parquet_outputs_hold_nothing_of_withheld_rows() {
    let cases = [
        (Compression::UNCOMPRESSED, true, EnabledStatistics::Page),
        (Compression::UNCOMPRESSED, false, EnabledStatistics::Chunk),
        (Compression::SNAPPY, true, EnabledStatistics::Page),
        (Compression::ZSTD(ZstdLevel::default()), false, EnabledStatistics::Page),
    ];
    let site = Site::new();
    for (place, (codec, dictionary, statistics)) in cases.into_iter().enumerate() {
        let groups = ["kwkkwwkwkkkkwwkwkwkk", "wwwwww", "kkkkkk", "kw"];
        let props = WriterProperties::builder()
            .set_compression(codec)
            .set_dictionary_enabled(dictionary)
            .set_statistics_enabled(statistics)
            .set_bloom_filter_enabled(place.is_multiple_of(2))
            .build();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, wide::batch(&[]).schema(), Some(props)).unwrap();
        for group in groups {
            writer.write(&wide::batch(&wide::rows(group))).unwrap();
            writer.flush().unwrap();
        }
        writer.close().unwrap();
        assert!(sings(&file), "no canary was planted");
        site.write(&format!("in/{place}.parquet"), &file);
    }
    let engine = site.open(&site.job_text("in", MAP, "")).unwrap();
    engine.begin().unwrap();
    let reports: Vec<_> = engine.plan().iter().map(|task| engine.run(task, &|_| {}).unwrap()).collect();
    // The marks of the run, while they are there.
    let marks = site.files_in("out");
    assert!(marks.iter().any(|name| name.starts_with(".bezwaar-run")), "{marks:?}");
    marks.iter().for_each(|name| check_raw(&site.path("out").join(name)));
    let manifest = engine.commit(&reports, "2026-03-01T01:00:00Z").unwrap();
    assert_eq!(manifest.tally().kept, 4 * 19);
    for name in site.files_in("out") {
        check_raw(&site.path("out").join(&name));
        if name.ends_with(".parquet") {
            check_parquet(&site.path("out").join(&name));
        }
    }
    assert!(!sings(format!("{reports:?}").as_bytes()));
}

#[test]
fn text_outputs_hold_nothing_of_withheld_records() {
    let site = Site::new();
    let (mut json, mut csv) = (String::new(), "id,author,category,text\n".to_owned());
    for row in wide::rows("kwkkwwkwkkkkwwkwkwkk") {
        let text = if row.withheld { "CANARY, \"quoted\"" } else { "plain" };
        json.push_str(
            &serde_json::json!({"id": format!("{}", row.number), "author": row.author(), "category": "post", "text": text}).to_string(),
        );
        json.push('\n');
        csv.push_str(&format!("{},{},post,\"{}\"\n", row.number, row.author(), text.replace('"', "\"\"")));
    }
    // Broken records are withheld, and must not be quoted anywhere.
    json.push_str("{\"id\":\"CANARY\",\"author\":\"CANARY\n");
    site.write("in/a.jsonl", json.as_bytes());
    site.write("in/b.csv", csv.as_bytes());
    site.write("in/c.jsonl.gz", &gzip(json.as_bytes()));
    site.write("in/d.csv.zst", &zstd::encode_all(csv.as_bytes(), 3).unwrap());
    let manifest = site.run(&site.job_text("in", MAP, "")).unwrap();
    assert_eq!(manifest.tally().kept, 4 * 12);
    for name in site.files_in("out") {
        check_raw(&site.path("out").join(&name));
    }
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(site.out("c.jsonl.gz").as_slice()), &mut plain).unwrap();
    assert!(plain.contains("plain") && !sings(plain.as_bytes()));
    assert!(!sings(&zstd::decode_all(site.out("d.csv.zst").as_slice()).unwrap()));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}
