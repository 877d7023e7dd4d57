use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StructArray, UInt32Array, UInt64Array,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{Field, Fields, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::column::page::PageMetadata;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader, SerializedPageReader};
use parquet::file::writer::SerializedFileWriter;

use super::super::leaf::{Chunk, digest_generic, rewrite_generic};
use super::*;

const KEY: u64 = 77;

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
}

/// A column of each kind, named after it.
fn columns(rows: usize, random: &mut Random) -> RecordBatch {
    let missing = [0, 3, 20][random.below(3) as usize];
    let some = |random: &mut Random| missing == 0 || random.below(missing) > 0;
    let mut fields: Vec<(&str, ArrayRef)> = Vec::new();
    let kinds = random.below(300) + 1;
    let floats = [0.0, -0.0, f64::NAN, -f64::NAN, 1.5, -3.25, f64::INFINITY, 1e300];
    let (mut texts, mut words, mut binary) = (StringBuilder::new(), StringBuilder::new(), BinaryBuilder::new());
    let (mut sixteen, mut five) = (FixedSizeBinaryBuilder::new(16), FixedSizeBinaryBuilder::new(5));
    for _ in 0..rows {
        let long = random.below(90) as usize;
        let start = ["", "é", "zz\u{10ffff}", "word "][random.below(4) as usize];
        texts.append_option(some(random).then(|| format!("{start}{}{}", "x".repeat(long), random.below(1000))));
        words.append_option(some(random).then(|| format!("word {}", random.below(kinds))));
        let bytes: Vec<u8> = (0..random.below(100)).map(|_| if random.below(2) == 0 { 0xff } else { random.next() as u8 }).collect();
        binary.append_option(some(random).then_some(bytes));
        let wide = u128::from(random.below(kinds)) * 0x0101_0101_0101_0101_0101;
        sixteen.append_value(wide.to_le_bytes()).unwrap();
        if some(random) { five.append_value([random.next() as u8, 0, 1, 2, random.next() as u8]).unwrap() } else { five.append_null() }
    }
    fields.push(("texts", Arc::new(texts.finish())));
    fields.push(("words", Arc::new(words.finish())));
    fields.push(("binary", Arc::new(binary.finish())));
    fields.push(("sixteen", Arc::new(sixteen.finish())));
    fields.push(("five", Arc::new(five.finish())));
    macro_rules! numbers {
        ($name:expr, $type:ty, $value:expr) => {
            let values: Vec<_> = (0..rows).map(|_| some(random).then(|| $value(random))).collect();
            fields.push(($name, Arc::new(<$type>::from(values))));
        };
    }
    numbers!("int32", Int32Array, |random: &mut Random| random.next() as i32);
    numbers!("few int32", Int32Array, |random: &mut Random| random.below(kinds) as i32 - 20);
    numbers!("int64", Int64Array, |random: &mut Random| random.next() as i64);
    numbers!("uint32", UInt32Array, |random: &mut Random| random.next() as u32);
    numbers!("uint64", UInt64Array, |random: &mut Random| random.next());
    numbers!("float32", Float32Array, |random: &mut Random| floats[random.below(8) as usize] as f32);
    numbers!("float64", Float64Array, |random: &mut Random| floats[random.below(8) as usize]);
    numbers!("one float", Float64Array, |_: &mut Random| f64::NAN);
    numbers!("nothing", Int64Array, |_: &mut Random| 1);
    if let Some((_, nothing)) = fields.last_mut() {
        *nothing = Arc::new(Int64Array::new_null(rows));
    }
    let inner: Vec<Option<i64>> = (0..rows).map(|_| some(random).then(|| random.below(9) as i64)).collect();
    let inner: ArrayRef = Arc::new(Int64Array::from(inner));
    let holders = NullBuffer::from_iter((0..rows).map(|_| random.below(4) > 0));
    let member = Fields::from(vec![Field::new("inner", inner.data_type().clone(), true)]);
    fields.push(("nested", Arc::new(StructArray::new(member, vec![inner], Some(holders)))));
    let needed: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|_| random.next() as i64)));
    let schema = fields.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true));
    let schema = Schema::new(schema.chain([Field::new("needed", needed.data_type().clone(), false)]).collect::<Vec<_>>());
    let columns = fields.into_iter().map(|(_, column)| column).chain([needed]).collect();
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn written(batch: &RecordBatch, props: &WriterProperties) -> Bytes {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(props.clone())).unwrap();
    writer.write(batch).unwrap();
    Bytes::from(writer.into_inner().unwrap())
}

fn pages(file: &Bytes, footer: &ParquetMetaData, leaf: usize) -> Box<dyn PageReader> {
    let group = footer.row_group(0);
    Box::new(SerializedPageReader::new(Arc::new(file.clone()), group.column(leaf), group.num_rows() as usize, None).unwrap())
}

fn footer(file: &Bytes) -> ParquetMetaData {
    SerializedFileReader::new(file.clone()).unwrap().metadata().clone()
}

fn file_of(footer: &ParquetMetaData, props: &WriterPropertiesPtr, chunks: Vec<Chunk>) -> Bytes {
    let schema = footer.file_metadata().schema_descr().root_schema_ptr();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::clone(props)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for chunk in chunks {
        group.append_column(&chunk.bytes, chunk.close).unwrap();
    }
    group.close().unwrap();
    Bytes::from(writer.into_inner().unwrap())
}

fn read(file: &Bytes, schema: &Arc<Schema>) -> RecordBatch {
    let batches: Vec<RecordBatch> =
        ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap().build().unwrap().map(Result::unwrap).collect();
    let columns = (0..schema.fields().len()).map(|column| {
        let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
        arrow_select::concat::concat(&parts).unwrap()
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect()).unwrap()
}

/// Whether two batches hold the same, floats as the bits they are: `NaN` is not itself.
fn same(left: &RecordBatch, right: &RecordBatch) -> bool {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Float64Type};
    let bits = |column: &ArrayRef| -> Option<Vec<Option<u64>>> {
        let single = column
            .as_primitive_opt::<Float32Type>()
            .map(|values| values.iter().map(|value| value.map(|value| u64::from(value.to_bits()))).collect());
        single
            .or_else(|| column.as_primitive_opt::<Float64Type>().map(|values| values.iter().map(|value| value.map(f64::to_bits)).collect()))
    };
    left.columns().iter().zip(right.columns()).all(|(left, right)| match bits(left) {
        Some(found) => Some(found) == bits(right),
        None => left == right,
    })
}

fn filtered(batch: &RecordBatch, keep: &[bool]) -> RecordBatch {
    arrow_select::filter::filter_record_batch(batch, &BooleanArray::from(keep.to_vec())).unwrap()
}

fn same_statistics(name: &str, fast: &ColumnChunkMetaData, slow: &ColumnChunkMetaData) {
    // Shown, and as bytes: `NaN` is not itself.
    assert_eq!(format!("{:?}", fast.statistics()), format!("{:?}", slow.statistics()), "{name}");
    let bits = |chunk: &ColumnChunkMetaData| {
        let found = chunk.statistics()?;
        Some((found.min_bytes_opt().map(<[u8]>::to_vec), found.max_bytes_opt().map(<[u8]>::to_vec), found.nan_count_opt()))
    };
    assert_eq!(bits(fast), bits(slow), "{name}");
    assert_eq!(fast.num_values(), slow.num_values(), "{name}");
    assert_eq!(fast.definition_level_histogram(), slow.definition_level_histogram(), "{name}");
    assert_eq!(fast.unencoded_byte_array_data_bytes(), slow.unencoded_byte_array_data_bytes(), "{name}");
}

fn keeps(rows: usize, random: &mut Random) -> Vec<bool> {
    let pattern = random.below(5);
    let mut keep: Vec<bool> = (0..rows)
        .map(|row| match pattern {
            0 => random.below(2) == 0,
            1 => random.below(50) == 0,
            2 => random.below(50) > 0,
            3 => row / 1000 % 2 == 0,
            _ => true,
        })
        .collect();
    keep[random.below(rows as u64) as usize] = true;
    keep
}

fn props(random: &mut Random, plain: bool) -> WriterProperties {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(ZstdLevel::try_new(1).unwrap()),
        Compression::GZIP(GzipLevel::default()),
    ];
    let version = if random.below(2) == 0 { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 };
    let builder = WriterProperties::builder()
        .set_compression(codecs[random.below(4) as usize])
        .set_writer_version(version)
        .set_dictionary_enabled(random.below(3) > 0)
        .set_dictionary_page_size_limit([200, 1 << 20][random.below(2) as usize])
        .set_data_page_row_count_limit([77, 3000, 20_000][random.below(3) as usize])
        .set_write_batch_size(64)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    if plain { builder.set_encoding(Encoding::PLAIN).build() } else { builder.build() }
}

#[test]
fn the_short_way_comes_to_the_same_as_the_generic_one() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let rows = [1, 9, 700, 5000][random.below(4) as usize];
        let batch = columns(rows, &mut random);
        let props = Arc::new(props(&mut random, true));
        let file = written(&batch, &props);
        let source = footer(&file);
        let keep = keeps(rows, &mut random);
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        for leaf in 0..source.row_group(0).num_columns() {
            let descr = source.file_metadata().schema_descr().column(leaf);
            let name = format!("seed {seed}, {}", descr.path());
            let chunk = rewrite(&descr, pages(&file, &source, leaf).as_mut(), &props, &keep, KEY).unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("{name}: not taken"));
            let generic = rewrite_generic(&descr, pages(&file, &source, leaf), &props, &keep, KEY).unwrap();
            assert_eq!(chunk.digest, generic.digest, "{name}");
            same_statistics(&name, &chunk.close.metadata, &generic.close.metadata);
            fast.push(chunk);
            slow.push(generic);
        }
        let digests: Vec<u128> = fast.iter().map(|chunk| chunk.digest).collect();
        let expected = filtered(&batch, &keep);
        let kept = expected.num_rows();
        for chunks in [fast, slow] {
            let made = file_of(&source, &props, chunks);
            assert!(same(&read(&made, &batch.schema()), &expected), "seed {seed}");
            let back = footer(&made);
            for (leaf, expected) in digests.iter().enumerate() {
                let descr = back.file_metadata().schema_descr().column(leaf);
                assert_eq!(digest_generic(&descr, pages(&made, &back, leaf), KEY).unwrap(), (*expected, kept));
                if let Some(found) = digest(&descr, pages(&made, &back, leaf).as_mut(), kept, KEY).unwrap() {
                    assert_eq!(found, (*expected, kept), "seed {seed}, {}", descr.path());
                }
            }
        }
    }
}

#[test]
fn what_is_not_known_is_left_to_the_generic_way() {
    let mut random = Random(5);
    let batch = columns(3000, &mut random);
    let of = |props: WriterProperties, name: &str| {
        let props = Arc::new(props);
        let file = written(&batch, &props);
        let source = footer(&file);
        let leaf =
            (0..batch.num_columns()).find(|leaf| source.file_metadata().schema_descr().column(*leaf).path().string() == name).unwrap();
        let descr = source.file_metadata().schema_descr().column(leaf);
        rewrite(&descr, pages(&file, &source, leaf).as_mut(), &props, &vec![true; 3000], KEY).unwrap().is_some()
    };
    let base = || WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true);
    assert!(of(base().build(), "int64"));
    assert!(!of(base().set_dictionary_enabled(false).set_column_encoding("int64".into(), Encoding::DELTA_BINARY_PACKED).build(), "int64"));
    assert!(!of(
        base().set_dictionary_enabled(false).set_column_encoding("float64".into(), Encoding::BYTE_STREAM_SPLIT).build(),
        "float64"
    ));
    assert!(!of(base().set_statistics_enabled(EnabledStatistics::Page).build(), "int64"));
    assert!(!of(base().set_offset_index_disabled(false).build(), "int64"));
    assert!(!of(base().set_bloom_filter_enabled(true).build(), "int64"));
    assert!(!of(base().set_compression(Compression::LZ4_RAW).build(), "int64"));
}

#[test]
fn no_withheld_value_survives() {
    for dictionary in [true, false] {
        let keep: Vec<bool> = (0..4000).map(|row| row % 3 == 0).collect();
        let texts: Vec<String> = keep
            .iter()
            .enumerate()
            .map(|(row, keep)| if *keep { format!("kept {}", row % 50) } else { format!("SECRET {}", row % 50) })
            .collect();
        let column: ArrayRef = Arc::new(arrow_array::StringArray::from(texts));
        let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();
        let builder = WriterProperties::builder().set_dictionary_enabled(dictionary).set_statistics_enabled(EnabledStatistics::Chunk);
        let props = Arc::new(builder.set_offset_index_disabled(true).build());
        let file = written(&batch, &props);
        let source = footer(&file);
        let descr = source.file_metadata().schema_descr().column(0);
        let chunk = rewrite(&descr, pages(&file, &source, 0).as_mut(), &props, &keep, KEY).unwrap().unwrap();
        assert_eq!(chunk.close.metadata.dictionary_page_offset().is_some(), dictionary);
        let made = file_of(&source, &props, vec![chunk]);
        assert!(made.windows(4).any(|window| window == b"kept"));
        assert!(!made.windows(6).any(|window| window == b"SECRET"));
    }
}

/// Pages in memory.
struct Pages(VecDeque<Page>);

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.0.pop_front().map(Ok)
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        Ok(self.0.pop_front())
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Ok(None)
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Ok(())
    }
}

fn mutate(page: &mut Page, random: &mut Random) {
    let lie = [0, 1, 5000, 1 << 20, u32::MAX][random.below(5) as usize];
    let what = random.below(6);
    let (buf, counts): (&mut Bytes, Vec<&mut u32>) = match page {
        Page::DataPage { buf, num_values, .. } | Page::DictionaryPage { buf, num_values, .. } => (buf, vec![num_values]),
        Page::DataPageV2 { buf, num_values, num_rows, def_levels_byte_len, rep_levels_byte_len, .. } => {
            (buf, vec![num_values, num_rows, def_levels_byte_len, rep_levels_byte_len])
        }
    };
    let mut bytes = buf.to_vec();
    match what {
        0 => counts.into_iter().for_each(|count| {
            if random.below(2) == 0 {
                *count = lie
            }
        }),
        1 => bytes.truncate(random.below(bytes.len() as u64 + 1) as usize),
        _ => {
            for _ in 0..1 + random.below(4) {
                let within = if random.below(2) == 0 { 16 } else { bytes.len() as u64 };
                let place = random.below(within.max(1)) as usize;
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = [0, 0xff, random.next() as u8, *byte ^ 1][random.below(4) as usize];
                }
            }
        }
    }
    *buf = bytes.into();
}

#[test]
fn broken_pages_are_errors_and_nothing_worse() {
    let mut random = Random(9);
    let (mut failed, mut passed) = (0, 0);
    for _ in 0..12 {
        let batch = columns(300, &mut random);
        let props = Arc::new(props(&mut random, true));
        let file = written(&batch, &props);
        let source = footer(&file);
        for leaf in 0..source.row_group(0).num_columns() {
            let descr = source.file_metadata().schema_descr().column(leaf);
            let good: Vec<Page> = pages(&file, &source, leaf).map(Result::unwrap).collect();
            for _ in 0..60 {
                let mut bad = good.clone();
                let which = random.below(bad.len() as u64) as usize;
                mutate(&mut bad[which], &mut random);
                if random.below(20) == 0 {
                    bad.remove(0);
                }
                let keep = keeps(300, &mut random);
                let found = rewrite(&descr, &mut Pages(bad.clone().into()), &props, &keep, KEY);
                let _ = digest(&descr, &mut Pages(bad.into()), 300, KEY);
                *(if found.is_err() { &mut failed } else { &mut passed }) += 1;
            }
        }
    }
    assert!(failed > 1000, "{failed} failed, {passed} passed");
}

#[test]
fn lies_about_counts_and_widths_are_told() {
    let descr = |of: &str| {
        let schema = parquet::schema::parser::parse_message_type(&format!("message m {{ {of} v; }}")).unwrap();
        parquet::schema::types::SchemaDescriptor::new(Arc::new(schema)).column(0)
    };
    let page = |bytes: &[u8], num_values: u32, encoding: Encoding| Page::DataPage {
        buf: Bytes::copy_from_slice(bytes),
        num_values,
        encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let dictionary = |bytes: &[u8], num_values: u32| Page::DictionaryPage {
        buf: Bytes::copy_from_slice(bytes),
        num_values,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    let props =
        Arc::new(WriterProperties::builder().set_statistics_enabled(EnabledStatistics::Chunk).set_offset_index_disabled(true).build());
    let run =
        |of: &str, pages: Vec<Page>| rewrite(&descr(of), &mut Pages(pages.into()), &props, &[true; 4], KEY).map(|found| found.is_some());
    let (texts, numbers) = ("required binary", "required int32");
    assert!(run(numbers, vec![page(&[0; 16], 4, Encoding::PLAIN)]).unwrap());
    assert!(run(numbers, vec![page(&[0; 15], 4, Encoding::PLAIN)]).is_err());
    assert!(run(numbers, vec![page(&[0; 16], 5, Encoding::PLAIN)]).is_err());
    assert!(run(numbers, vec![page(&[0; 16], 3, Encoding::PLAIN)]).is_err());
    assert!(run(texts, vec![page(&[0xff; 16], 4, Encoding::PLAIN)]).is_err());
    assert!(run(numbers, vec![dictionary(&[0; 4], u32::MAX), page(&[1, 8, 0], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![dictionary(&[0; 4], 1), page(&[1, 8, 0], 4, Encoding::RLE_DICTIONARY)]).unwrap());
    assert!(run(numbers, vec![dictionary(&[0; 4], 1), page(&[1, 8, 1], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![dictionary(&[0; 4], 1), page(&[33, 8, 0, 0, 0, 0, 0], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![dictionary(&[0; 4], 1), page(&[255, 8], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![dictionary(&[], 0), page(&[0], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![page(&[1, 8, 0], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run(numbers, vec![dictionary(&[0; 4], 1), page(&[1, 0, 0, 0, 0], 4, Encoding::RLE_DICTIONARY)]).is_err());
    assert!(run("optional int32", vec![page(&[0xff, 0xff, 0xff, 0xff, 8, 1], 4, Encoding::PLAIN)]).is_err());
    assert!(run("optional int32", vec![page(&[2, 0, 0, 0, 8, 2], 4, Encoding::PLAIN)]).is_err());
}
