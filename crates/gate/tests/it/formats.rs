//! What is kept comes out as it went in: every format, codec, page and type.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use bezwaar_core::{Code, ReasonSet};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::support::{OBJECTORS, Site, mask_of, told};
use crate::wide::{self, MAP};

// ---- Parquet ----

fn read(path: &Path) -> (SchemaRef, RecordBatch) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let whole = arrow_select::concat::concat_batches(&schema, &batches).unwrap();
    (schema, whole)
}

fn metadata(path: &Path) -> ParquetMetaData {
    SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap().metadata().clone()
}

/// The rows an independent reading keeps: those whose author did not object.
fn expected(source: &RecordBatch) -> RecordBatch {
    let authors = source.column_by_name("author").unwrap();
    let keep: BooleanArray = match authors.as_string_opt::<i32>() {
        Some(authors) => authors.iter().map(|author| Some(author.is_some_and(|author| !OBJECTORS.contains(&author)))).collect(),
        None => authors.as_string_view().iter().map(|author| Some(author.is_some_and(|author| !OBJECTORS.contains(&author)))).collect(),
    };
    arrow_select::filter::filter_record_batch(source, &keep).unwrap()
}

#[track_caller]
fn check_copy(site: &Site, name: &str) {
    let (from, to) = (site.path("in").join(name), site.path("out").join(name));
    let ((schema, source), (schema_out, found)) = (read(&from), read(&to));
    assert_eq!(schema, schema_out, "{name}");
    let expected = expected(&source);
    assert_eq!(found.num_rows(), expected.num_rows(), "{name}");
    for (place, field) in schema.fields().iter().enumerate() {
        assert_eq!(found.column(place), expected.column(place), "{name}: {}", field.name());
    }
    let (before, after) = (metadata(&from), metadata(&to));
    assert_eq!(before.file_metadata().schema(), after.file_metadata().schema(), "{name}");
    assert_eq!(before.file_metadata().key_value_metadata(), after.file_metadata().key_value_metadata(), "{name}");
    for (group, chunk) in after.row_groups().iter().flat_map(|group| group.columns().iter().map(move |chunk| (group, chunk))) {
        let like = before.row_group(0).columns().iter().find(|other| other.column_path() == chunk.column_path()).unwrap();
        assert_eq!(
            std::mem::discriminant(&chunk.compression()),
            std::mem::discriminant(&like.compression()),
            "{name}: {}",
            chunk.column_path()
        );
        assert_eq!(chunk.statistics().is_some(), like.statistics().is_some(), "{name}: {}", chunk.column_path());
        assert_eq!(
            chunk.column_index_range().is_some(),
            like.column_index_range().is_some(),
            "{name}: {} of {} rows",
            chunk.column_path(),
            group.num_rows()
        );
    }
}

fn write(site: &Site, name: &str, props: WriterProperties, groups: &[&str]) {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, wide::batch(&[]).schema(), Some(props)).unwrap();
    for group in groups {
        writer.write(&wide::batch(&wide::rows(group))).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    site.write(&format!("in/{name}"), &file);
}

#[test]
fn parquet_comes_out_as_it_went_in() {
    let site = Site::new();
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::BROTLI(BrotliLevel::default()),
    ];
    let mixed = "kwkkwwkwkkkkwwkwkwkk".repeat(3);
    for (place, codec) in codecs.into_iter().enumerate() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                let number = if version == WriterVersion::PARQUET_1_0 { 1 } else { 2 };
                let statistics = [EnabledStatistics::Page, EnabledStatistics::Chunk, EnabledStatistics::None][place % 3];
                let props = WriterProperties::builder()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_dictionary_enabled(dictionary)
                    .set_statistics_enabled(statistics)
                    .set_offset_index_disabled(statistics != EnabledStatistics::Page)
                    .set_bloom_filter_enabled(dictionary && place.is_multiple_of(2))
                    // Many pages in a chunk.
                    .set_data_page_row_count_limit(7)
                    .set_write_batch_size(5)
                    .set_key_value_metadata(Some(vec![
                        KeyValue::new("owner".to_owned(), "the club".to_owned()),
                        KeyValue { key: "empty".to_owned(), value: None },
                    ]))
                    .build();
                write(&site, &format!("{place}-{number}-{dictionary}.parquet"), props, &["kkkkkkkkkk", &mixed, "wwwwww", "kw", "w", "k"]);
            }
        }
    }
    write(&site, "none.parquet", WriterProperties::builder().build(), &[]);
    write(&site, "empty.parquet", WriterProperties::builder().build(), &[""]);
    write(&site, "withheld.parquet", WriterProperties::builder().build(), &["wwww", "ww"]);
    write(&site, "kept.parquet", WriterProperties::builder().build(), &["kkkk", "kk"]);
    let manifest = site.run(&site.job_text("in", MAP, "")).unwrap_or_else(|error| panic!("{}", told(&error)));
    for name in site.files_in("in") {
        check_copy(&site, &name);
    }
    assert_eq!(manifest.tally().read, 28 * 80 + 12);
    assert_eq!(metadata(&site.path("out/withheld.parquet")).file_metadata().num_rows(), 0);
}

#[test]
fn bloom_filters_are_there_again() {
    let site = Site::new();
    let props = || WriterProperties::builder().set_bloom_filter_enabled(true).build();
    write(&site, "a.parquet", props(), &["kwkkw"]);
    write(&site, "b.parquet", props(), &["kkkkk"]);
    site.run(&site.job_text("in", MAP, "")).unwrap();
    for name in ["out/a.parquet", "out/b.parquet"] {
        let metadata = metadata(&site.path(name));
        let text = metadata.row_group(0).columns().iter().find(|chunk| chunk.column_path().string() == "text").unwrap();
        assert!(text.bloom_filter_offset().is_some(), "{name}");
        let file = std::fs::File::open(site.path(name)).unwrap();
        let filter = parquet::bloom_filter::Sbbf::read_from_column_chunk(text, &file).unwrap().unwrap();
        let kept = if name.ends_with("a.parquet") { 2 } else { 1 };
        assert!(filter.check(&format!("plain text number {kept}").as_str()), "{name}");
        assert!(!filter.check(&"CANARY text number 1"), "{name}");
    }
}

/// Physical types Arrow does not write: 96-bit times and decimals in bytes of their own length.
#[test]
fn rare_physical_types() {
    let site = Site::new();
    let schema = "message old { required binary author (STRING); optional int96 seen; required fixed_len_byte_array(5) price (DECIMAL(10, 2)); optional binary kind (ENUM); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::default()).unwrap();
    for authors in [vec!["kim", "noor", "lee", "olga", "kim"], vec!["kim", "kim"], vec!["noor"]] {
        let mut group = writer.next_row_group().unwrap();
        let count = authors.len();
        let mut column = group.next_column().unwrap().unwrap();
        let authors: Vec<ByteArray> = authors.into_iter().map(ByteArray::from).collect();
        column.typed::<ByteArrayType>().write_batch(&authors, None, None).unwrap();
        column.close().unwrap();
        let levels: Vec<i16> = (0..count).map(|row| i16::from(row % 3 != 1)).collect();
        let there = levels.iter().filter(|level| **level == 1).count();
        let mut column = group.next_column().unwrap().unwrap();
        let seen: Vec<Int96> = (0..there as u32).map(|row| Int96::from(vec![row * 1000, 0, 2_460_000 + row])).collect();
        column.typed::<Int96Type>().write_batch(&seen, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let prices: Vec<FixedLenByteArray> = (0..count as u8).map(|row| FixedLenByteArray::from(vec![0, 0, 0, 1, row])).collect();
        column.typed::<FixedLenByteArrayType>().write_batch(&prices, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let kinds: Vec<ByteArray> = (0..there).map(|_| ByteArray::from("SHORT")).collect();
        column.typed::<ByteArrayType>().write_batch(&kinds, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    site.write("in/old.parquet", &file);
    let map = "[input.map]\nauthor = { column = \"author\", service = \"club\" }\ncategory = { const = \"post\" }\naudience = { const = \"public\", because = \"a test\" }\n";
    site.run(&site.job_text("in", map, "")).unwrap_or_else(|error| panic!("{}", told(&error)));
    check_copy(&site, "old.parquet");
}

#[test]
fn dropped_columns_are_gone_nested_ones_too() {
    let site = Site::new();
    write(&site, "a.parquet", WriterProperties::builder().build(), &["kwkkw", "kkk", "www"]);
    site.run(&site.job_text("in", MAP, "drop = [\"author\", \"user.mail\", \"structs.list.item.place\", \"map\"]"))
        .unwrap_or_else(|error| panic!("{}", told(&error)));
    let (from, to) = (read(&site.path("in/a.parquet")).1, read(&site.path("out/a.parquet")).1);
    let expected = expected(&from);
    let names: Vec<String> = to.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert!(!names.contains(&"author".to_owned()) && !names.contains(&"map".to_owned()), "{names:?}");
    assert_eq!(to.num_columns(), from.num_columns() - 2);
    for name in ["id", "text", "list", "money", "deep"] {
        let (found, wanted) = (to.column_by_name(name).unwrap(), expected.column_by_name(name).unwrap());
        // Field ids and the like are not part of values.
        let found = arrow_array::make_array(found.to_data().into_builder().data_type(wanted.data_type().clone()).build().unwrap());
        assert_eq!(&found, wanted, "{name}");
    }
    let user = to.column_by_name("user").unwrap().as_struct();
    assert_eq!(user.column_names(), ["name"]);
    // No byte of what was dropped: mails stand nowhere else.
    let bytes = site.out("a.parquet");
    assert!(!bytes.windows(9).any(|window| window == b"user mail"));
    let error = site.open(&site.job_text("in", MAP, "drop = [\"txet\"]").replace("\"out\"", "\"out-2\"")).err().unwrap();
    assert!(told(&error).contains("there is no column `txet` to drop"), "{}", told(&error));
    assert!(!site.path("out-2").exists());
}

#[test]
fn a_mask_says_of_every_row_what_was_decided() {
    let site = Site::new();
    write(&site, "a.parquet", WriterProperties::builder().build(), &["kwkkw", "kkk", "www"]);
    site.write(
        "in/b.jsonl",
        b"{\"id\":1,\"author\":\"kim\",\"category\":\"post\"}\n{\"id\":\n{\"id\":2,\"author\":\"noor\",\"category\":\"post\"}\n",
    );
    let manifest = site.run(&site.job_text("in", MAP, "form = \"mask\"")).unwrap_or_else(|error| panic!("{}", told(&error)));
    assert_eq!(site.files_in("out"), ["a.parquet.keep.parquet", "b.jsonl.keep.parquet", "manifest.json"]);
    let objected = ReasonSet::of(Code::Objected).bits();
    let unreadable = ReasonSet::of(Code::Unreadable).bits();
    assert_eq!(
        mask_of(&site.path("out/a.parquet.keep.parquet")),
        "kwkkwkkkwww".chars().map(|letter| if letter == 'w' { objected } else { 0 }).collect::<Vec<u64>>()
    );
    assert_eq!(mask_of(&site.path("out/b.jsonl.keep.parquet")), [0, unreadable, objected]);
    for (name, count, source) in [("a.parquet", 11, None), ("b.jsonl", 3, Some(()))] {
        let path = site.path("out").join(format!("{name}.keep.parquet"));
        let (schema, mask) = read(&path);
        let names: Vec<(&str, String, bool)> =
            schema.fields().iter().map(|field| (field.name().as_str(), field.data_type().to_string(), field.is_nullable())).collect();
        assert_eq!(
            names,
            [("row", "Int64".to_owned(), false), ("keep", "Boolean".to_owned(), false), ("reasons", "UInt64".to_owned(), false)]
        );
        assert_eq!(mask.column(0).as_primitive::<Int64Type>().values().to_vec(), (0..count).collect::<Vec<i64>>());
        assert!(mask.columns().iter().all(|column| column.null_count() == 0));
        let reasons = mask.column(2).as_primitive::<UInt64Type>();
        assert!(mask.column(1).as_boolean().iter().zip(reasons.values()).all(|(keep, reasons)| keep == Some(*reasons == 0)));
        let pairs = metadata(&path).file_metadata().key_value_metadata().unwrap().clone();
        let value = |key: &str| pairs.iter().find(|pair| pair.key == key).unwrap().value.clone().unwrap();
        assert_eq!(value("bezwaar.source"), name);
        assert_eq!(value("bezwaar.source.bytes"), std::fs::metadata(site.path("in").join(name)).unwrap().len().to_string());
        let inputs = manifest.value()["inputs"].as_array().unwrap();
        let entry = inputs.iter().find(|entry| entry["path"] == *name).unwrap();
        let hash = if source.is_some() { &entry["sha256"] } else { &entry["footer_sha256"] };
        assert_eq!(value("bezwaar.source.sha256"), hash.as_str().unwrap());
    }
    assert!(manifest.value()["form"]["means"].as_str().unwrap().contains("logically excluded"));
}

// ---- Text ----

/// Lines as JSON Lines in odd but good dress, and which of them are kept.
fn json_lines() -> (Vec<String>, Vec<bool>) {
    let mut lines = Vec::new();
    let mut keep = Vec::new();
    for number in 0..500 {
        let withheld = number % 3 == 1;
        let author = if withheld { OBJECTORS[number % 3] } else { "kim" };
        lines.push(match number % 5 {
            0 => format!(
                "{{\"id\": {number}, \"author\": \"{author}\",\t\"category\":\"post\" , \"text\":\"\\u00e9 {number} — ünï \\\"x\\\"\"}}\n"
            ),
            1 => format!(
                "  {{\"category\":\"post\",\"author\":\"\\u0040{author}\",\"id\":\"{number}\",\"x\":[1,{{\"author\":\"no\"}}]}}  \r\n"
            ),
            2 => format!("{{\"author\":\"{author}\",\"category\":\"\\u0070ost\",\"id\":{number}.5,\"big\":1e400}}\n"),
            _ => format!("{{\"author\":\"{author}\",\"category\":\"post\",\"id\":null}}\n"),
        });
        keep.push(!withheld);
    }
    (lines, keep)
}

fn kept_of(lines: &[String], keep: &[bool]) -> String {
    lines.iter().zip(keep).filter(|(_, keep)| **keep).map(|(line, _)| line.as_str()).collect()
}

fn gzip(parts: &[&str]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, part.as_bytes()).unwrap();
        all.extend(encoder.finish().unwrap());
    }
    all
}

fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(bytes), &mut text).unwrap();
    text
}

#[test]
fn kept_json_lines_are_the_same_bytes() {
    let site = Site::new();
    let (lines, keep) = json_lines();
    let whole = lines.concat();
    // Members and frames end in the middle of a record.
    let (first, rest) = whole.split_at(whole.floor_char_boundary(4321));
    let (second, third) = rest.split_at(rest.floor_char_boundary(7));
    site.write("in/plain.jsonl", whole.as_bytes());
    site.write("in/bom.ndjson", format!("\u{feff}{whole}").as_bytes());
    site.write("in/members.jsonl.gz", &gzip(&[first, second, "", third]));
    let frames: Vec<u8> = [first, second, third].iter().flat_map(|part| zstd::encode_all(part.as_bytes(), 1).unwrap()).collect();
    site.write("in/frames.jsonl.zst", &frames);
    // No line's end at the end of the file, and blank lines between.
    site.write("in/open.json", format!("\n{}\n\n", whole.trim_end()).trim_end().as_bytes());
    site.write("in/nothing.jsonl", b"");
    site.write("in/deep/er/one.jsonl", lines[0].as_bytes());
    // Compressed against its name, and not compressed against it.
    site.write("in/wrong.jsonl", &gzip(&[&whole]));
    site.write("in/wrong.jsonl.zst", whole.as_bytes());
    for limits in ["", "[limits]\nbatch_bytes = 1024\nthreads = 3\n"] {
        let out = if limits.is_empty() { "out" } else { "out-small" };
        let manifest = site
            .run(&site.job_text("in", MAP, limits).replace("\"out\"", &format!("\"{out}\"")))
            .unwrap_or_else(|error| panic!("{}", told(&error)));
        let bytes = |name: &str| std::fs::read(site.path(out).join(name)).unwrap();
        let text = |name: &str| String::from_utf8(bytes(name)).unwrap();
        let expected = kept_of(&lines, &keep);
        assert_eq!(text("plain.jsonl"), expected);
        assert_eq!(text("bom.ndjson"), format!("\u{feff}{expected}"));
        assert_eq!(gunzip(&bytes("members.jsonl.gz")), expected);
        assert_eq!(zstd::decode_all(bytes("frames.jsonl.zst").as_slice()).unwrap(), expected.as_bytes());
        assert_eq!(text("open.json").trim_end(), expected.trim_end());
        assert_eq!(text("nothing.jsonl"), "");
        assert_eq!(text("deep/er/one.jsonl"), lines[0]);
        assert_eq!(gunzip(&bytes("wrong.jsonl")), expected);
        assert_eq!(text("wrong.jsonl.zst"), expected);
        assert_eq!(manifest.tally().read, 7 * 500 + 1);
        for output in manifest.value()["outputs"].as_array().unwrap() {
            assert_eq!(output["bytes"].as_u64().unwrap(), bytes(output["path"].as_str().unwrap()).len() as u64);
        }
    }
}

#[test]
fn kept_csv_records_are_the_same_bytes() {
    let site = Site::new();
    let mut records = Vec::new();
    let mut keep = Vec::new();
    for number in 0..300 {
        let author = if number % 4 == 2 { "@Noor" } else { "kim" };
        records.push(match number % 4 {
            0 => format!("{number},\"{author}\",post,\"two\nlines, and a \"\"quote\"\"\"\r\n"),
            1 => format!("{number},{author},post,5\" disk\n"),
            2 => format!("\"{number}\",\"{author}\",\"post\",\"CANARY\r\n\r\n\"\"\"\r\n"),
            _ => format!("{number},{author},post,\r\n"),
        });
        keep.push(number % 4 != 2);
    }
    let whole = format!("\u{feff}\"id\",author,category,\"te\nxt\"\r\n{}", records.concat());
    site.write("in/a.csv", whole.as_bytes());
    site.write("in/b.csv.gz", &gzip(&[&whole[..100], &whole[100..]]));
    for limits in ["", "[limits]\nbatch_bytes = 1024\nthreads = 3\n"] {
        let out = if limits.is_empty() { "out" } else { "out-small" };
        site.run(&site.job_text("in", MAP, limits).replace("\"out\"", &format!("\"{out}\"")))
            .unwrap_or_else(|error| panic!("{}", told(&error)));
        let expected = format!("\u{feff}\"id\",author,category,\"te\nxt\"\r\n{}", kept_of(&records, &keep));
        assert_eq!(std::fs::read_to_string(site.path(out).join("a.csv")).unwrap(), expected);
        assert_eq!(gunzip(&std::fs::read(site.path(out).join("b.csv.gz")).unwrap()), expected);
    }
}
