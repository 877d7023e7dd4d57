//! Masks: per input file a list of verdicts, a row per source row, none null, bound to the source.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, SchemaDescriptor};

use super::leaf::{Chunk, LeafDigest};
use super::rewrite::Digests;
use super::{ParquetInput, broken};
use crate::error::{ErrorKind, GateError, Result};
use crate::formats::Sink;
use crate::formats::output::{Counting, OutputFile};
use crate::job::Limits;
use crate::parallel::in_order;

const SCHEMA: &str = "message mask { required int64 row; required boolean keep; required int64 reasons (INTEGER(64, false)); }";

/// Writes the verdicts of one source, row group by row group.
pub(crate) struct MaskWriter<'a> {
    writer: SerializedFileWriter<&'a mut Counting>,
    props: WriterPropertiesPtr,
    descr: SchemaDescriptor,
    row: i64,
    digests: Digests,
}

/// The encoded verdicts of some rows.
pub(crate) struct MaskRows(Vec<Chunk>);

fn cannot_write(error: parquet::errors::ParquetError) -> GateError {
    GateError::new(ErrorKind::Io, "cannot write a mask").with_source(error)
}

/// What encoding needs, to be shared with workers.
#[derive(Clone)]
pub(crate) struct MaskEncoder {
    props: WriterPropertiesPtr,
    descr: SchemaDescriptor,
}

impl<'a> MaskWriter<'a> {
    /// Begins a mask; `about` says what it is bound to.
    pub(crate) fn new(output: &'a mut OutputFile, about: Vec<(String, String)>) -> Result<MaskWriter<'a>> {
        let pairs = about.into_iter().map(|(key, value)| KeyValue { key, value: Some(value) }).collect();
        let plain = |path: &str| ColumnPath::from(path);
        let props = WriterProperties::builder()
            .set_created_by(concat!("bezwaar-gate version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(pairs))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_data_page_row_count_limit(1 << 20)
            .set_column_dictionary_enabled(plain("row"), false)
            .set_column_encoding(plain("row"), Encoding::DELTA_BINARY_PACKED)
            .set_column_dictionary_enabled(plain("keep"), false)
            .build();
        let props = Arc::new(props);
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(cannot_write)?);
        let descr = SchemaDescriptor::new(Arc::clone(&schema));
        let writer = SerializedFileWriter::new(output.writer(), schema, Arc::clone(&props)).map_err(cannot_write)?;
        Ok(MaskWriter { writer, props, descr, row: 0, digests: Digests::new() })
    }

    pub(crate) fn encoder(&self) -> MaskEncoder {
        MaskEncoder { props: Arc::clone(&self.props), descr: self.descr.clone() }
    }

    /// Writes encoded verdicts, whose rows follow those before.
    pub(crate) fn append(&mut self, rows: MaskRows, count: usize) -> Result<()> {
        let mut group = self.writer.next_row_group().map_err(cannot_write)?;
        let mut digests = Vec::new();
        for chunk in rows.0 {
            digests.push(chunk.digest);
            group.append_column(&chunk.bytes, chunk.close).map_err(cannot_write)?;
        }
        group.close().map_err(cannot_write)?;
        self.digests.push(digests);
        self.row += i64::try_from(count).unwrap_or_default();
        Ok(())
    }

    /// The number of the next row.
    pub(crate) fn next_row(&self) -> i64 {
        self.row
    }

    pub(crate) fn finish(self) -> Result<Digests> {
        let MaskWriter { writer, digests, .. } = self;
        writer.close().map_err(cannot_write)?;
        Ok(digests)
    }
}

impl MaskEncoder {
    /// Encodes the verdicts of rows from `first` on.
    pub(crate) fn encode(&self, first: i64, bits: &[u64], key: u64) -> Result<MaskRows> {
        let rows: Vec<i64> = (first..).take(bits.len()).collect();
        let keep: Vec<bool> = bits.iter().map(|bits| *bits == 0).collect();
        // Bit patterns: the logical type says that they are unsigned.
        let reasons: Vec<i64> = bits.iter().map(|bits| i64::from_ne_bytes(bits.to_ne_bytes())).collect();
        let column = |place: usize, write: &dyn Fn(&mut ColumnWriter<'_>, &mut LeafDigest) -> ParquetResult<()>| -> Result<Chunk> {
            let mut sink = TrackedWrite::new(Vec::new());
            let mut digest = LeafDigest::new(key);
            let close = {
                let pages = Box::new(SerializedPageWriter::new(&mut sink));
                let mut writer = get_column_writer(self.descr.column(place), Arc::clone(&self.props), pages);
                write(&mut writer, &mut digest).map_err(cannot_write)?;
                writer.close().map_err(cannot_write)?
            };
            let bytes = sink.into_inner().map_err(cannot_write)?.into();
            Ok(Chunk { bytes, close, digest: digest.finish() })
        };
        let ints = |values: &[i64], writer: &mut ColumnWriter<'_>, digest: &mut LeafDigest| {
            digest.values::<parquet::data_type::Int64Type>(values);
            match writer {
                ColumnWriter::Int64ColumnWriter(writer) => writer.write_batch(values, None, None).map(|_| ()),
                _ => Err(parquet::errors::ParquetError::General("a mask's column has another type".to_owned())),
            }
        };
        Ok(MaskRows(vec![
            column(0, &|writer, digest| ints(&rows, writer, digest))?,
            column(1, &|writer, digest| {
                digest.values::<parquet::data_type::BoolType>(&keep);
                match writer {
                    ColumnWriter::BoolColumnWriter(writer) => writer.write_batch(&keep, None, None).map(|_| ()),
                    _ => Err(parquet::errors::ParquetError::General("a mask's column has another type".to_owned())),
                }
            })?,
            column(2, &|writer, digest| ints(&reasons, writer, digest))?,
        ]))
    }
}

/// Decides about every row of a Parquet file and writes its mask.
pub(crate) fn write_mask(
    input: &ParquetInput,
    limits: &Limits,
    key: u64,
    output: &mut OutputFile,
    about: Vec<(String, String)>,
    sink: Sink<'_>,
) -> Result<Digests> {
    let mut writer = MaskWriter::new(output, about)?;
    let encoder = writer.encoder();
    let mut first = 0;
    let mut groups = 0..input.row_groups();
    in_order(
        limits.threads,
        || {
            Ok(groups.next().map(|group| {
                let from = first;
                first += input.footer().row_group(group).num_rows();
                (group, from)
            }))
        },
        |(group, from)| {
            let decided = input.decide(group, limits)?;
            let rows = encoder.encode(from, &decided.bits, key)?;
            Ok((decided, rows))
        },
        |(decided, rows)| {
            writer.append(rows, decided.bits.len())?;
            sink(&decided)
        },
    )?;
    input.stamp.check(&input.path)?;
    writer.finish()
}

/// Which rows a written mask keeps.
pub(crate) fn read_mask(path: &Path) -> Result<Vec<bool>> {
    let file = std::fs::File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(ParquetRecordBatchReaderBuilder::build);
    let mut keep = Vec::new();
    for batch in reader.map_err(|error| broken(path, error))? {
        let batch = batch.map_err(|error| broken(path, error))?;
        let column = batch.column_by_name("keep").and_then(|column| column.as_boolean_opt());
        let column = column.ok_or_else(|| GateError::input(path, "this is no mask"))?;
        // A row that says nothing is not kept.
        keep.extend(column.iter().map(|keep| keep == Some(true)));
    }
    Ok(keep)
}
