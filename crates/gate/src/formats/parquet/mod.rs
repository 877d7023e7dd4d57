//! Parquet: decision columns are read as Arrow batches; what is kept is rewritten leaf by leaf at the physical level, so that schema,
//! field ids, nested types and rare physical types come out as they went in.

mod fast;
mod leaf;
mod mask;
mod rewrite;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

pub(crate) use mask::{MaskWriter, read_mask, write_mask};
pub(crate) use rewrite::{CopyPlan, copy_file, rewrite_bytes, verify_copy};

use super::{Asked, Decided, Stamp};
use crate::error::{ErrorKind, GateError, Result};
use crate::gate::{Bound, Gate};
use crate::job::Limits;
use crate::mapping::{ELEMENTS, Mapping};

/// A Parquet file with the columns a mapping reads.
pub(crate) struct ParquetColumns {
    pub(crate) path: PathBuf,
    metadata: ArrowReaderMetadata,
    projection: ProjectionMask,
    /// The schema of the batches it gives.
    pub(crate) schema: SchemaRef,
}

/// A Parquet file opened and bound.
pub(crate) struct ParquetInput {
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) footer_sha256: String,
    columns: ParquetColumns,
    asked: Asked,
    pub(crate) bound: Bound,
}

/// A sentence for an error of the Parquet reader, which may quote a file's bytes and so is shown only as cause.
pub(crate) fn broken(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GateError {
    GateError::new(ErrorKind::Input, format!("`{}`: the Parquet data cannot be read", path.display()))
        .with_help("the file is cut off or corrupt, or uses a feature that is not supported; write it again")
        .with_source(error)
}

impl ParquetColumns {
    /// Reads a file's footer, and checks that a mapping fits its columns: `check` is given all of them. `narrow` then says what of the
    /// mapping is needed; the columns of the rest are not read.
    pub(crate) fn open<'m>(
        path: &Path,
        mapping: &'m Mapping,
        check: impl FnOnce(&Schema, &Mapping) -> Result<()>,
        narrow: impl FnOnce(&'m Mapping) -> Mapping,
    ) -> Result<(ParquetColumns, Mapping)> {
        let file = File::open(path).map_err(|error| GateError::io(path, "open", error))?;
        let options = || ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options()).map_err(|error| broken(path, error))?;
        // Bound against all columns first, so that errors speak of the file as its owner knows it.
        check(metadata.schema(), mapping)?;
        let mapping = narrow(mapping);
        let projection = project(metadata.metadata(), &mapping);
        let metadata = with_dictionaries(path, metadata, &mapping, options)?;
        let reader = builder(&file, path, &metadata)?.with_projection(projection.clone()).with_row_groups(Vec::new()).build();
        let schema = arrow_array::RecordBatchReader::schema(&reader.map_err(|error| broken(path, error))?);
        Ok((ParquetColumns { path: path.to_owned(), metadata, projection, schema }, mapping))
    }

    /// The file's footer, parsed.
    pub(crate) fn footer(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }

    /// How many rows a row group has.
    pub(crate) fn rows(&self, group: usize) -> Result<usize> {
        usize::try_from(self.footer().row_group(group).num_rows()).map_err(|error| broken(&self.path, error))
    }

    /// Hands over the mapped columns of a row group, batch by batch.
    pub(crate) fn each_batch(&self, group: usize, limits: &Limits, visit: &mut dyn FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        let file = File::open(&self.path).map_err(|error| GateError::io(&self.path, "open", error))?;
        let reader = builder(&file, &self.path, &self.metadata)?
            .with_projection(self.projection.clone())
            .with_row_groups(vec![group])
            .with_batch_size(limits.batch_rows)
            .build()
            .map_err(|error| broken(&self.path, error))?;
        for batch in reader {
            visit(&batch.map_err(|error| broken(&self.path, error))?)?;
        }
        Ok(())
    }
}

impl ParquetInput {
    /// Opens a file and binds the mapping to its columns.
    pub(crate) fn open(gate: &Gate, mapping: &Mapping, path: &Path, asked: Asked) -> Result<ParquetInput> {
        let stamp = Stamp::of(path)?;
        let named = |error: GateError| {
            let details = error.details().to_vec();
            let help = error.help().unwrap_or_default().to_owned();
            GateError::input(path, error.to_string()).with_details(details).with_help(help)
        };
        let check = |schema: &Schema, mapping: &Mapping| gate.bind(schema, mapping).map(|_| ()).map_err(named);
        let ids = asked.ids || gate.extract().names_items();
        let (columns, mapping) = ParquetColumns::open(path, mapping, check, |mapping| mapping.needed(&gate.rules().fields_read(), ids))?;
        let bound = gate.bind(&columns.schema, &mapping).map_err(named)?;
        let footer_sha256 = footer_hash(path)?;
        Ok(ParquetInput { path: path.to_owned(), stamp, footer_sha256, columns, asked, bound })
    }

    /// The file's footer, parsed.
    pub(crate) fn footer(&self) -> &Arc<ParquetMetaData> {
        self.columns.footer()
    }

    /// How many row groups it has.
    pub(crate) fn row_groups(&self) -> usize {
        self.footer().num_row_groups()
    }

    /// Decides about every row of a row group.
    pub(crate) fn decide(&self, group: usize, limits: &Limits) -> Result<Decided> {
        let rows = self.columns.rows(group)?;
        let mut decided = Decided { bits: Vec::with_capacity(rows.min(1 << 24)), ..Decided::default() };
        self.columns.each_batch(group, limits, &mut |batch| {
            let (bits, provisional) = self.bound.bits(batch, None);
            decided.provisional += provisional;
            self.asked.of_batch(&self.bound.fields, batch, &bits, decided.bits.len(), &mut decided.ids)?;
            decided.bits.extend(bits);
            Ok(())
        })?;
        if decided.bits.len() != rows {
            let message = format!("row group {group} holds {} rows, its footer says {rows}", decided.bits.len());
            return Err(GateError::input(&self.path, message).with_help("the file is corrupt; write it again"));
        }
        Ok(decided)
    }
}

fn builder(file: &File, path: &Path, metadata: &ArrowReaderMetadata) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = file.try_clone().map_err(|error| GateError::io(path, "open", error))?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone()))
}

/// The leaves the mapping reads: those whose path holds the mapped names in order, list levels aside.
fn project(footer: &ParquetMetaData, mapping: &Mapping) -> ProjectionMask {
    let schema = footer.file_metadata().schema_descr();
    let paths: Vec<Vec<&str>> =
        mapping.paths().iter().map(|(_, path)| path.iter().map(String::as_str).filter(|step| *step != ELEMENTS).collect()).collect();
    let leaves = (0..schema.num_columns()).filter(|leaf| {
        let column = schema.column(*leaf);
        let parts = column.path().parts();
        paths.iter().any(|path| {
            let mut wanted = path.iter();
            let mut next = wanted.next();
            if next.copied() != parts.first().map(String::as_str) {
                return false;
            }
            for part in parts {
                if next.is_some_and(|name| name == part) {
                    next = wanted.next();
                }
            }
            next.is_none()
        })
    });
    ProjectionMask::leaves(schema, leaves)
}

/// Asks for mapped text columns that are stored with a dictionary to be handed over with it: each distinct value is then decided once.
fn with_dictionaries(
    path: &Path,
    metadata: ArrowReaderMetadata,
    mapping: &Mapping,
    options: impl Fn() -> ArrowReaderOptions,
) -> Result<ArrowReaderMetadata> {
    use arrow_schema::{DataType, Field};
    use parquet::basic::Encoding;
    let footer = metadata.metadata();
    let descr = footer.file_metadata().schema_descr();
    let stored_so = |name: &str| {
        let leaf = (0..descr.num_columns()).find(|leaf| descr.column(*leaf).path().parts() == [name])?;
        let mut groups = footer.row_groups().iter().filter_map(|group| group.columns().get(leaf));
        Some(groups.all(|chunk| {
            let dictionary = chunk.encodings().any(|encoding| matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY));
            // A dictionary that overflowed holds part of the values; telling the rest apart again costs more than it saves.
            let overflowed = chunk
                .page_encoding_stats_mask()
                .is_some_and(|mask| !mask.all_set([Encoding::RLE_DICTIONARY, Encoding::PLAIN_DICTIONARY].iter()))
                && chunk.page_encoding_stats_mask().is_some_and(|mask| mask.is_set(Encoding::PLAIN));
            dictionary && !overflowed
        }))
    };
    let mapped: Vec<&str> =
        mapping.paths().iter().filter(|(_, path)| path.len() == 1).filter_map(|(_, path)| Some(path.first()?.as_str())).collect();
    let mut changed = false;
    let fields: Vec<Arc<Field>> = metadata
        .schema()
        .fields()
        .iter()
        .map(|field| {
            let text = matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            if text && mapped.contains(&field.name().as_str()) && stored_so(field.name()) == Some(true) {
                changed = true;
                let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Arc::new(field.as_ref().clone().with_data_type(dictionary))
            } else {
                Arc::clone(field)
            }
        })
        .collect();
    if !changed {
        return Ok(metadata);
    }
    let schema = Schema::new_with_metadata(fields, metadata.schema().metadata().clone());
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options().with_schema(Arc::new(schema)))
        .map_err(|error| broken(path, error))
}

/// SHA-256 of a Parquet file's footer with its length and magic: a file that was written anew has another.
pub(crate) fn footer_hash(path: &Path) -> Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    let doing = |error| GateError::io(path, "read the footer of", error);
    let mut file = File::open(path).map_err(doing)?;
    let size = file.seek(SeekFrom::End(0)).map_err(doing)?;
    let mut tail = [0_u8; 8];
    file.seek(SeekFrom::Start(size.saturating_sub(8))).map_err(doing)?;
    file.read_exact(&mut tail).map_err(doing)?;
    let [a, b, c, d, ..] = tail;
    let length = u64::from(u32::from_le_bytes([a, b, c, d])) + 8;
    file.seek(SeekFrom::Start(size.saturating_sub(length))).map_err(doing)?;
    super::hash_reader(&mut file).map_err(doing)
}

impl ParquetInput {
    /// Hands over the first rows' decision columns.
    pub(crate) fn sample(&self, limits: &Limits, rows: usize, visit: &mut dyn FnMut(&arrow_array::RecordBatch)) -> Result<()> {
        let file = File::open(&self.path).map_err(|error| GateError::io(&self.path, "open", error))?;
        let columns = &self.columns;
        let reader = builder(&file, &self.path, &columns.metadata)?
            .with_projection(columns.projection.clone())
            .with_batch_size(limits.batch_rows)
            .with_limit(rows)
            .build()
            .map_err(|error| broken(&self.path, error))?;
        for batch in reader {
            visit(&batch.map_err(|error| broken(&self.path, error))?);
        }
        Ok(())
    }

    /// The mapped columns with their types, to compare files of one input.
    pub(crate) fn mapped_types(&self, mapping: &Mapping) -> String {
        let footer = self.footer();
        let descr = footer.file_metadata().schema_descr();
        let mapped: Vec<&str> = mapping.paths().iter().filter_map(|(_, path)| path.first().map(String::as_str)).collect();
        let leaves = (0..descr.num_columns())
            .map(|leaf| descr.column(leaf))
            .filter(|column| column.path().parts().first().is_some_and(|root| mapped.contains(&root.as_str())));
        let mut types: Vec<String> =
            leaves.map(|column| format!("{} {:?} {:?}", column.path(), column.physical_type(), column.logical_type_ref())).collect();
        types.sort();
        types.join(", ")
    }
}
