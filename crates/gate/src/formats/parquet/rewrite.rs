//! Copies a Parquet file without its withheld rows.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};
use xxhash_rust::xxh3::Xxh3;

use super::leaf::{Chunk, digest_leaf, rewrite_leaf};
use super::{ParquetInput, broken};
use crate::error::{ErrorKind, GateError, Result};
use crate::formats::Sink;
use crate::formats::output::OutputFile;
use crate::job::Limits;
use crate::parallel::in_order;

/// Which columns of a file are written, and how.
pub(crate) struct CopyPlan {
    schema: TypePtr,
    /// The place of each written leaf in the source.
    leaves: Vec<usize>,
    props: WriterPropertiesPtr,
}

impl CopyPlan {
    /// The plan for a file: its schema less the dropped columns; codec, dictionaries, statistics and indexes as in its first row group.
    pub(crate) fn new(input: &ParquetInput, drop: &[String]) -> Result<CopyPlan> {
        let footer = input.footer();
        let descr = footer.file_metadata().schema_descr();
        let unknown: Vec<String> = drop
            .iter()
            .filter(|name| !(0..descr.num_columns()).any(|leaf| is_within(&descr.column(leaf).path().string(), name)))
            .map(|name| format!("there is no column `{name}` to drop"))
            .collect();
        if !unknown.is_empty() {
            let help = "mend output.drop; nested columns are written with dots";
            return Err(GateError::input(&input.path, "output.drop does not fit").with_details(unknown).with_help(help));
        }
        let dropped = |path: &str| drop.iter().any(|name| is_within(path, name));
        let leaves: Vec<usize> = (0..descr.num_columns()).filter(|leaf| !dropped(&descr.column(*leaf).path().string())).collect();
        let schema =
            without(descr.root_schema(), "", &|path| dropped(path)).ok_or_else(|| GateError::config("output.drop leaves no column"))?;
        let props = properties(footer, &leaves, !drop.is_empty());
        Ok(CopyPlan { schema: Arc::new(schema), leaves, props: Arc::new(props) })
    }
}

/// Whether a dotted path is a dropped column or lies within one.
fn is_within(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A schema type without dropped parts; `None` when nothing of it is left.
fn without(node: &Type, prefix: &str, dropped: &dyn Fn(&str) -> bool) -> Option<Type> {
    let Type::GroupType { basic_info, fields } = node else { return Some(node.clone()) };
    let kept: Vec<TypePtr> = fields
        .iter()
        .filter_map(|field| {
            let path = if prefix.is_empty() { field.name().to_owned() } else { format!("{prefix}.{}", field.name()) };
            if dropped(&path) { None } else { without(field, &path, dropped).map(Arc::new) }
        })
        .collect();
    if kept.is_empty() && !fields.is_empty() {
        return None;
    }
    Some(Type::GroupType { basic_info: basic_info.clone(), fields: kept })
}

fn has_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.encodings().any(|encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY))
}

fn properties(footer: &ParquetMetaData, leaves: &[usize], dropped: bool) -> WriterProperties {
    let file = footer.file_metadata();
    let indexed = footer.row_groups().iter().flat_map(|group| group.columns()).any(|chunk| chunk.column_index_range().is_some());
    let metadata: Vec<KeyValue> = file
        .key_value_metadata()
        .into_iter()
        .flatten()
        // These describe all columns; a reader would look for the dropped ones.
        .filter(|pair| !dropped || !matches!(pair.key.as_str(), "ARROW:schema" | "pandas"))
        .cloned()
        .collect();
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("bezwaar-gate version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_writer_version(if file.version() >= 2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 })
        .set_key_value_metadata((!metadata.is_empty()).then_some(metadata))
        .set_statistics_enabled(if indexed { EnabledStatistics::Page } else { EnabledStatistics::Chunk })
        .set_offset_index_disabled(!indexed)
        .set_sorting_columns(None);
    if let Some(group) = footer.row_groups().first() {
        for chunk in leaves.iter().filter_map(|leaf| group.columns().get(*leaf)) {
            let path = chunk.column_path().clone();
            builder = builder
                .set_column_compression(path.clone(), chunk.compression())
                .set_column_dictionary_enabled(path.clone(), has_dictionary(chunk));
            if chunk.statistics().is_none() {
                builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
            }
            if chunk.bloom_filter_offset().is_some() {
                builder = builder.set_column_bloom_filter_enabled(path, true);
            }
        }
    }
    builder.build()
}

/// What became of a row group.
enum Group {
    /// All rows withheld.
    Nothing,
    /// All rows kept: the encoded chunks are copied as they are.
    Whole,
    /// Some rows kept.
    Some(Vec<Chunk>),
}

/// The digests of what was written: per row group and leaf.
pub(crate) type Digests = Vec<Vec<u128>>;

/// Decides about every row of a file and writes the kept ones. `sink` is called in order with the verdicts of each row group.
pub(crate) fn copy_file(
    input: &ParquetInput,
    plan: &CopyPlan,
    limits: &Limits,
    key: u64,
    output: &mut OutputFile,
    sink: Sink<'_>,
) -> Result<Digests> {
    let path = &input.path;
    let cannot_write = |error: parquet::errors::ParquetError| match error {
        parquet::errors::ParquetError::External(cause) if cause.downcast_ref::<std::io::Error>().is_some() => {
            GateError::new(ErrorKind::Io, format!("cannot write the output of `{}`", path.display())).with_source(cause)
        }
        other => GateError::new(ErrorKind::Io, format!("cannot write the output of `{}`", path.display())).with_source(other),
    };
    let mut writer = SerializedFileWriter::new(output.writer(), Arc::clone(&plan.schema), Arc::clone(&plan.props)).map_err(cannot_write)?;
    let source = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    let mut digests = Digests::new();
    let mut groups = 0..input.row_groups();
    in_order(
        limits.threads,
        || Ok(groups.next()),
        |group| {
            let decided = input.decide(group, limits)?;
            let bits = &decided.bits;
            let kept = bits.iter().filter(|bits| **bits == 0).count();
            let outcome = match kept {
                0 => Group::Nothing,
                _ if kept == bits.len() => Group::Whole,
                _ => Group::Some(rewrite_group(input, plan, group, bits, key)?),
            };
            Ok((group, decided, outcome))
        },
        |(group, decided, outcome)| {
            match outcome {
                Group::Nothing => {}
                Group::Whole => {
                    let mut rows = writer.next_row_group().map_err(cannot_write)?;
                    let mut leaves = Vec::with_capacity(plan.leaves.len());
                    for leaf in &plan.leaves {
                        let mut close = close_of(input.footer(), group, *leaf);
                        close.bloom_filter = Sbbf::read_from_column_chunk(&close.metadata, &source).map_err(|error| broken(path, error))?;
                        leaves.push(digest_bytes(&source, path, &close.metadata, key)?);
                        rows.append_column(&source, close).map_err(cannot_write)?;
                    }
                    rows.close().map_err(cannot_write)?;
                    digests.push(leaves);
                }
                Group::Some(chunks) => {
                    let mut rows = writer.next_row_group().map_err(cannot_write)?;
                    let mut leaves = Vec::with_capacity(chunks.len());
                    for chunk in chunks {
                        leaves.push(chunk.digest);
                        rows.append_column(&chunk.bytes, chunk.close).map_err(cannot_write)?;
                    }
                    rows.close().map_err(cannot_write)?;
                    digests.push(leaves);
                }
            }
            sink(&decided)
        },
    )?;
    writer.close().map_err(cannot_write)?;
    input.stamp.check(path)?;
    Ok(digests)
}

fn rewrite_group(input: &ParquetInput, plan: &CopyPlan, group: usize, bits: &[u64], key: u64) -> Result<Vec<Chunk>> {
    let path = &input.path;
    let keep: Vec<bool> = bits.iter().map(|bits| *bits == 0).collect();
    let file = Arc::new(File::open(path).map_err(|error| GateError::io(path, "open", error))?);
    let footer = input.footer();
    let descr = SchemaDescriptor::new(Arc::clone(&plan.schema));
    plan.leaves
        .iter()
        .enumerate()
        .map(|(place, leaf)| {
            let open = || pages(&file, footer, group, *leaf);
            rewrite_leaf(&descr.column(place), &open, &plan.props, &keep, key).map_err(|error| broken(path, error))
        })
        .collect()
}

fn pages(file: &Arc<File>, footer: &ParquetMetaData, group: usize, leaf: usize) -> parquet::errors::Result<Box<dyn PageReader>> {
    let group = footer.row_group(group);
    let rows = usize::try_from(group.num_rows()).unwrap_or_default();
    Ok(Box::new(SerializedPageReader::new(Arc::clone(file), group.column(leaf), rows, None)?))
}

/// The close result of a chunk that is copied encoded.
fn close_of(footer: &ParquetMetaData, group: usize, leaf: usize) -> ColumnCloseResult {
    let rows = footer.row_group(group);
    let chunk = rows.column(leaf);
    let index = footer.page_index_for_row_group(group);
    ColumnCloseResult {
        bytes_written: u64::try_from(chunk.compressed_size()).unwrap_or_default(),
        rows_written: u64::try_from(rows.num_rows()).unwrap_or_default(),
        metadata: chunk.clone(),
        bloom_filter: None,
        column_index: index.column_index(leaf).cloned(),
        offset_index: index.offset_index(leaf).cloned(),
    }
}

/// The digest of an encoded chunk's bytes: a chunk that is copied is compared encoded.
fn digest_bytes(file: &File, path: &Path, chunk: &ColumnChunkMetaData, key: u64) -> Result<u128> {
    use std::io::Read;
    let (start, length) = chunk.byte_range();
    let mut digest = Xxh3::with_seed(key);
    let mut reader = parquet::file::reader::ChunkReader::get_read(file, start).map_err(|error| broken(path, error))?.take(length);
    let mut buffer = vec![0_u8; 1 << 18];
    loop {
        match reader.read(&mut buffer).map_err(|error| GateError::io(path, "read", error))? {
            0 => return Ok(digest.digest128()),
            count => digest.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Reads a written file back and compares it with what was decided: rows, and digests of every leaf.
pub(crate) fn verify_copy(path: &Path, digests: &Digests, rewritten: &HashSet<usize>, kept: u64, limits: &Limits, key: u64) -> Result<()> {
    let differs = |what: String| GateError::integrity(format!("`{}`: {what} read back differently from what was written", path.display()));
    let unreadable = |error: parquet::errors::ParquetError| differs("it".to_owned()).with_source(error);
    let file = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    let reader = SerializedFileReader::new(file).map_err(unreadable)?;
    let footer = Arc::new(reader.metadata().clone());
    if footer.num_row_groups() != digests.len() || u64::try_from(footer.file_metadata().num_rows()) != Ok(kept) {
        return Err(differs("the number of rows".to_owned()));
    }
    let mut groups = digests.iter().enumerate();
    in_order(
        limits.threads,
        || Ok(groups.next()),
        |(group, leaves)| {
            let file = Arc::new(File::open(path).map_err(|error| GateError::io(path, "open", error))?);
            for (leaf, expected) in leaves.iter().enumerate() {
                let found = if rewritten.contains(&group) {
                    let descr = footer.file_metadata().schema_descr().column(leaf);
                    let rows = usize::try_from(footer.row_group(group).num_rows()).unwrap_or_default();
                    digest_leaf(&descr, &|| pages(&file, &footer, group, leaf), rows, key).map_err(unreadable)?.0
                } else {
                    digest_bytes(&file, path, footer.row_group(group).column(leaf), key)?
                };
                if found != *expected {
                    return Err(differs(format!("column {leaf} of row group {group}")));
                }
            }
            Ok(())
        },
        |()| Ok(()),
    )
}

/// Rewrites every leaf of a file in memory with every second record withheld: a door for fuzzing.
pub(crate) fn rewrite_bytes(bytes: &[u8]) -> parquet::errors::Result<usize> {
    let data = Arc::new(bytes::Bytes::copy_from_slice(bytes));
    let reader = SerializedFileReader::new(bytes::Bytes::clone(&data))?;
    let footer = reader.metadata();
    let descr = footer.file_metadata().schema_descr();
    let props = Arc::new(WriterProperties::builder().build());
    let mut written = 0;
    for group in footer.row_groups() {
        // A footer may claim any number; the fuzzer's time is not for reserving memory.
        let rows = usize::try_from(group.num_rows()).unwrap_or(usize::MAX).min(1 << 16);
        let keep: Vec<bool> = (0..rows).map(|row| row % 2 == 0).collect();
        for (leaf, chunk) in group.columns().iter().enumerate().take(descr.num_columns()) {
            let open = || -> parquet::errors::Result<Box<dyn PageReader>> {
                Ok(Box::new(SerializedPageReader::new(Arc::clone(&data), chunk, rows, None)?))
            };
            written += rewrite_leaf(&descr.column(leaf), &open, &props, &keep, 0).map_or(0, |chunk| chunk.bytes.len());
        }
    }
    Ok(written)
}
