//! One leaf column of one row group: taking kept records out, and digesting what is there.
//!
//! A digest has two streams, so that it does not depend on how pages and batches were cut: the levels, a byte each for
//! definition and repetition, and the values: fixed-width ones as their bytes, others as a hash of 8 bytes each.

use bytes::Bytes;
use parquet::column::page::PageReader;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl, get_column_writer};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::Result as ParquetResult;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::fast;

/// Records read at once.
const BATCH: usize = 8192;

/// A leaf column chunk in memory, ready to be appended to a row group.
pub(crate) struct Chunk {
    pub(crate) bytes: Bytes,
    pub(crate) close: ColumnCloseResult,
    pub(crate) digest: u128,
}

/// The digest of a leaf column chunk.
pub(crate) struct LeafDigest {
    key: u64,
    levels: Xxh3,
    values: Xxh3,
    level_buffer: Vec<u8>,
    value_buffer: Vec<u8>,
}

impl LeafDigest {
    pub(crate) fn new(key: u64) -> LeafDigest {
        LeafDigest {
            key,
            levels: Xxh3::with_seed(key),
            values: Xxh3::with_seed(key ^ 1),
            level_buffer: Vec::new(),
            value_buffer: Vec::new(),
        }
    }

    pub(crate) fn levels(&mut self, definition: &[i16], repetition: &[i16]) {
        // Levels beyond 255 would need as many nested lists.
        self.level_buffer.clear();
        if repetition.is_empty() {
            self.level_buffer.extend(definition.iter().map(|level| *level as u8));
        } else {
            self.level_buffer
                .extend(definition.iter().zip(repetition).flat_map(|(definition, repetition)| [*definition as u8, *repetition as u8]));
        }
        self.levels.update(&self.level_buffer);
    }

    pub(crate) fn values<T: DataType>(&mut self, values: &[T::T]) {
        use parquet::basic::Type;
        self.value_buffer.clear();
        if matches!(T::get_physical_type(), Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) {
            for value in values {
                self.value_buffer.extend_from_slice(&xxh3_64_with_seed(value.as_bytes(), self.key).to_le_bytes());
            }
        } else {
            for value in values {
                self.value_buffer.extend_from_slice(value.as_bytes());
            }
        }
        self.values.update(&self.value_buffer);
    }

    /// Definition levels, a byte each.
    pub(super) fn level_bytes(&mut self, levels: &[u8]) {
        self.levels.update(levels);
    }

    /// Fixed-width values, or the [`hash`](LeafDigest::hash) of others.
    pub(super) fn value_bytes(&mut self, bytes: &[u8]) {
        self.values.update(bytes);
    }

    /// What stands for a value without a fixed width.
    pub(super) fn hash(&self, value: &[u8]) -> u64 {
        xxh3_64_with_seed(value, self.key)
    }

    pub(crate) fn finish(&self) -> u128 {
        self.levels.digest128().rotate_left(1) ^ self.values.digest128()
    }
}

/// Calls a macro body with the typed reader of any column.
macro_rules! each_type {
    ($reader:expr, $bound:ident => $body:expr) => {
        match $reader {
            ColumnReader::BoolColumnReader($bound) => $body,
            ColumnReader::Int32ColumnReader($bound) => $body,
            ColumnReader::Int64ColumnReader($bound) => $body,
            ColumnReader::Int96ColumnReader($bound) => $body,
            ColumnReader::FloatColumnReader($bound) => $body,
            ColumnReader::DoubleColumnReader($bound) => $body,
            ColumnReader::ByteArrayColumnReader($bound) => $body,
            ColumnReader::FixedLenByteArrayColumnReader($bound) => $body,
        }
    };
}

/// Opens the pages of a chunk, perhaps again.
pub(crate) type OpenPages<'a> = &'a dyn Fn() -> ParquetResult<Box<dyn PageReader>>;

/// The digest of all records of a leaf of at most `rows` rows, and how many there are.
pub(crate) fn digest_leaf(descr: &ColumnDescPtr, open: OpenPages<'_>, rows: usize, key: u64) -> ParquetResult<(u128, usize)> {
    match fast::digest(descr, open()?.as_mut(), rows, key)? {
        Some(found) => Ok(found),
        None => digest_generic(descr, open()?, key),
    }
}

/// The same, value by value.
pub(super) fn digest_generic(descr: &ColumnDescPtr, pages: Box<dyn PageReader>, key: u64) -> ParquetResult<(u128, usize)> {
    let shape = Shape::of(descr);
    let mut digest = LeafDigest::new(key);
    let rows = each_type!(get_column_reader(std::sync::Arc::clone(descr), pages), reader => digest_typed(reader, shape, &mut digest)?);
    Ok((digest.finish(), rows))
}

/// Writes the kept records of a leaf into memory. `keep` has one truth value per record of the row group.
pub(crate) fn rewrite_leaf(
    descr: &ColumnDescPtr,
    open: OpenPages<'_>,
    props: &WriterPropertiesPtr,
    keep: &[bool],
    key: u64,
) -> ParquetResult<Chunk> {
    match fast::rewrite(descr, open()?.as_mut(), props, keep, key)? {
        Some(chunk) => Ok(chunk),
        None => rewrite_generic(descr, open()?, props, keep, key),
    }
}

/// The same, value by value.
pub(super) fn rewrite_generic(
    descr: &ColumnDescPtr,
    pages: Box<dyn PageReader>,
    props: &WriterPropertiesPtr,
    keep: &[bool],
    key: u64,
) -> ParquetResult<Chunk> {
    let shape = Shape::of(descr);
    let mut digest = LeafDigest::new(key);
    let mut sink = TrackedWrite::new(Vec::new());
    let close = {
        let pages_out = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_column_writer(std::sync::Arc::clone(descr), std::sync::Arc::clone(props), pages_out);
        match (get_column_reader(std::sync::Arc::clone(descr), pages), &mut writer) {
            (ColumnReader::BoolColumnReader(from), ColumnWriter::BoolColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::Int32ColumnReader(from), ColumnWriter::Int32ColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::Int64ColumnReader(from), ColumnWriter::Int64ColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::Int96ColumnReader(from), ColumnWriter::Int96ColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::FloatColumnReader(from), ColumnWriter::FloatColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::DoubleColumnReader(from), ColumnWriter::DoubleColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::ByteArrayColumnReader(from), ColumnWriter::ByteArrayColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?
            }
            (ColumnReader::FixedLenByteArrayColumnReader(from), ColumnWriter::FixedLenByteArrayColumnWriter(to)) => {
                rewrite_typed(from, to, shape, keep, &mut digest)?;
            }
            _ => return Err(parquet::errors::ParquetError::General("a column's reader and writer differ in type".to_owned())),
        }
        writer.close()?
    };
    Ok(Chunk { bytes: Bytes::from(sink.into_inner()?), close, digest: digest.finish() })
}

/// How records lie in levels.
#[derive(Clone, Copy)]
struct Shape {
    definition_max: i16,
    repeated: bool,
}

impl Shape {
    fn of(descr: &ColumnDescPtr) -> Shape {
        Shape { definition_max: descr.max_def_level(), repeated: descr.max_rep_level() > 0 }
    }
}

/// One batch of a leaf.
struct Batch<T> {
    definition: Vec<i16>,
    repetition: Vec<i16>,
    values: Vec<T>,
    records: usize,
}

impl<T> Batch<T> {
    fn new() -> Batch<T> {
        Batch { definition: Vec::new(), repetition: Vec::new(), values: Vec::new(), records: 0 }
    }
}

fn read_batch<T: DataType>(reader: &mut ColumnReaderImpl<T>, shape: Shape, batch: &mut Batch<T::T>) -> ParquetResult<bool> {
    batch.definition.clear();
    batch.repetition.clear();
    batch.values.clear();
    let definition = (shape.definition_max > 0).then_some(&mut batch.definition);
    let repetition = shape.repeated.then_some(&mut batch.repetition);
    let (records, _, _) = reader.read_records(BATCH, definition, repetition, &mut batch.values)?;
    batch.records = records;
    Ok(records > 0)
}

fn digest_typed<T: DataType>(mut reader: ColumnReaderImpl<T>, shape: Shape, digest: &mut LeafDigest) -> ParquetResult<usize> {
    let (mut batch, mut rows) = (Batch::new(), 0);
    while read_batch(&mut reader, shape, &mut batch)? {
        digest.levels(&batch.definition, &batch.repetition);
        digest.values::<T>(&batch.values);
        rows += batch.records;
    }
    Ok(rows)
}

fn rewrite_typed<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    shape: Shape,
    keep: &[bool],
    digest: &mut LeafDigest,
) -> ParquetResult<()> {
    let (mut batch, mut kept) = (Batch::new(), Batch::new());
    let mut from = 0;
    while read_batch(&mut reader, shape, &mut batch)? {
        let verdicts = keep.get(from..from + batch.records).unwrap_or_default();
        from += batch.records;
        if verdicts.iter().all(|keep| *keep) && verdicts.len() == batch.records {
            std::mem::swap(&mut batch, &mut kept);
        } else {
            take_kept(&mut batch, &mut kept, shape, verdicts);
        }
        digest.levels(&kept.definition, &kept.repetition);
        digest.values::<T>(&kept.values);
        let definition = (shape.definition_max > 0).then_some(kept.definition.as_slice());
        let repetition = shape.repeated.then_some(kept.repetition.as_slice());
        writer.write_batch(&kept.values, definition, repetition)?;
    }
    if from != keep.len() {
        return Err(parquet::errors::ParquetError::General(format!("a column holds {from} records where {} are expected", keep.len())));
    }
    Ok(())
}

/// Moves the records with a `true` verdict; a record without a verdict is not kept.
fn take_kept<V: Default>(batch: &mut Batch<V>, kept: &mut Batch<V>, shape: Shape, verdicts: &[bool]) {
    kept.definition.clear();
    kept.repetition.clear();
    kept.values.clear();
    if shape.definition_max == 0 && !shape.repeated {
        let values = batch.values.iter_mut().zip(verdicts).filter(|(_, keep)| **keep);
        kept.values.extend(values.map(|(value, _)| std::mem::take(value)));
        return;
    }
    let mut values = batch.values.iter_mut();
    let mut record: Option<usize> = None;
    for (place, level) in batch.definition.iter().enumerate() {
        let repetition = batch.repetition.get(place).copied().unwrap_or_default();
        if repetition == 0 {
            record = Some(record.map_or(0, |record| record + 1));
        }
        let keep = record.and_then(|record| verdicts.get(record)).copied().unwrap_or(false);
        let value = if *level == shape.definition_max { values.next() } else { None };
        if keep {
            kept.definition.push(*level);
            if shape.repeated {
                kept.repetition.push(repetition);
            }
            kept.values.extend(value.map(std::mem::take));
        }
    }
}
