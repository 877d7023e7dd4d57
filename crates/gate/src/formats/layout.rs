//! Text records as Arrow batches: the mapped values of each become a row of flat columns.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use super::csv::fields as csv_fields;
use super::json::{MappedPath, PathTree, Slots, extract};
use super::split::{Chunk, Splitter, header};
use crate::error::{GateError, Result};
use crate::job::{Format, Limits};
use crate::mapping::{ELEMENTS, Mapping};

/// Where the mapped values stand in the records of a text file.
pub(crate) enum TextLayout {
    /// JSON of any shape.
    Json { tree: PathTree, lists: Vec<bool> },
    /// CSV; the columns of the mapped paths, and how many there are.
    Csv { columns: Vec<usize>, width: usize },
}

impl TextLayout {
    /// Finds the mapped values in a file, for CSV by its header. Gives the schema of the batches too, and the mapping over their columns.
    pub(crate) fn new(mapping: &Mapping, format: Format, path: &Path, limits: &Limits) -> Result<(TextLayout, Schema, Mapping)> {
        let misaligned = mapping.misaligned();
        if !misaligned.is_empty() {
            return Err(GateError::input(path, "the mapping does not fit the records")
                .with_details(misaligned)
                .with_help("mend [input.map] in the job"));
        }
        let paths = unique_paths(mapping);
        // Paths become slots of flat columns named by their number.
        let slot = |path: &[String]| {
            let number = paths.iter().position(|mapped| mapped.path == path).unwrap_or_default().to_string();
            if path.iter().any(|step| step == ELEMENTS) { vec![number, ELEMENTS.to_owned()] } else { vec![number] }
        };
        let flat = mapping.with_paths(&slot);
        let lists: Vec<bool> = paths.iter().map(|mapped| mapped.path.iter().any(|step| step == ELEMENTS)).collect();
        let schema = schema_of(&lists);
        if format == Format::Csv {
            let (columns, width) = csv_columns(&paths, path, limits)?;
            return Ok((TextLayout::Csv { columns, width }, schema, flat));
        }
        Ok((TextLayout::Json { tree: PathTree::new(&paths), lists }, schema, flat))
    }

    /// A mapped path that none of the first records has is surely a mistake; nothing could pass, or worse, a check would be
    /// passed over. Only paths decisions rest on are asked for: people quoted, chats, deletions and holds may be rare.
    pub(crate) fn check_first_records(&self, mapping: &Mapping, path: &Path, limits: &Limits) -> Result<()> {
        let TextLayout::Json { tree, lists } = self else { return Ok(()) };
        let paths = unique_paths(mapping);
        let needed: Vec<(usize, &'static str)> = mapping
            .paths()
            .into_iter()
            .filter(|(field, _)| !matches!(*field, "about" | "deleted_at" | "hold") && !field.starts_with("conversation."))
            .filter_map(|(field, path)| Some((paths.iter().position(|mapped| mapped.path == path)?, field)))
            .collect();
        let mut seen = vec![false; lists.len()];
        let mut slots = Slots::new(lists.len());
        let mut good = 0;
        let mut splitter = Splitter::open(path, Format::Jsonl, limits)?;
        if let Some(chunk) = splitter.next_chunk()? {
            for record in chunk.records.iter().filter(|record| !record.too_long).take(1000) {
                if extract(record.of(&chunk.bytes), tree, &mut slots).is_ok() {
                    good += 1;
                    for (slot, seen) in seen.iter_mut().enumerate() {
                        *seen |= slots.get(slot).iter().any(Option::is_some);
                    }
                }
            }
        }
        let absent: Vec<String> = needed
            .iter()
            .filter(|(slot, _)| good > 0 && !seen.get(*slot).copied().unwrap_or_default())
            .map(|(slot, field)| {
                format!(
                    "{field}: no record of the first {good} has `{}`",
                    paths.get(*slot).map(|mapped| mapped.path.join(".")).unwrap_or_default()
                )
            })
            .collect();
        if absent.is_empty() {
            return Ok(());
        }
        Err(GateError::input(path, "the mapping does not fit the records")
            .with_details(absent)
            .with_help("mend [input.map] in the job; leave a field out if the dataset does not have it"))
    }

    /// The mapped values of a chunk's records, and which records could not be read.
    pub(crate) fn batch(&self, chunk: &Chunk) -> (Option<RecordBatch>, Vec<bool>) {
        match self {
            TextLayout::Json { tree, lists } => {
                let mut batch = TextBatch::new(lists);
                let mut slots = Slots::new(lists.len());
                for record in &chunk.records {
                    let good = !record.too_long && extract(record.of(&chunk.bytes), tree, &mut slots).is_ok();
                    batch.push(good.then_some(&slots));
                }
                batch.finish()
            }
            TextLayout::Csv { columns, width } => {
                let mut batch = TextBatch::new(&vec![false; columns.len()]);
                let mut slots = Slots::new(columns.len());
                let (mut output, mut ends) = (Vec::new(), Vec::new());
                for record in &chunk.records {
                    slots.clear();
                    let parsed = if record.too_long { None } else { csv_fields(record.of(&chunk.bytes), &mut output, &mut ends) };
                    let mut good = parsed.is_some() && ends.len() == *width;
                    for (slot, column) in columns.iter().enumerate() {
                        let from = column.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
                        let bytes = ends.get(*column).and_then(|end| output.get(from..*end)).unwrap_or_default();
                        match std::str::from_utf8(bytes) {
                            Ok(text) => slots.push(slot, (!text.is_empty()).then(|| text.to_owned())),
                            Err(_) => good = false,
                        }
                    }
                    good = good && std::str::from_utf8(record.of(&chunk.bytes)).is_ok();
                    batch.push(good.then_some(&slots));
                }
                batch.finish()
            }
        }
    }
}

/// The places of mapped columns in a CSV header, and how many columns there are.
fn csv_columns(paths: &[MappedPath], path: &Path, limits: &Limits) -> Result<(Vec<usize>, usize)> {
    let header = header(path, limits)?;
    let (mut columns, mut errors) = (Vec::new(), Vec::new());
    for MappedPath { path, .. } in paths {
        let name = path.first().map_or("", String::as_str);
        let found: Vec<usize> = header.iter().enumerate().filter(|(_, other)| *other == name).map(|(place, _)| place).collect();
        match (found.as_slice(), path.len()) {
            ([one], 1) => columns.push(*one),
            ([], _) => {
                let near = bezwaar_core::problem::nearest(name, header.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                errors.push(format!("there is no column `{name}`{near}"));
            }
            (_, 1) => errors.push(format!("the column `{name}` stands twice in the header")),
            _ => errors.push(format!("`{}`: CSV has no fields within fields", path.join("."))),
        }
    }
    if errors.is_empty() {
        return Ok((columns, header.len()));
    }
    Err(GateError::input(path, "the mapping does not fit the header").with_details(errors).with_help("mend [input.map] in the job"))
}

fn unique_paths(mapping: &Mapping) -> Vec<MappedPath> {
    let relations: Vec<&[String]> = mapping.about.iter().filter_map(|person| person.relation_path.as_deref()).collect();
    let mut paths: Vec<MappedPath> = Vec::new();
    for (field, path) in mapping.paths() {
        let names = matches!(field, "id" | "author" | "about") && !relations.contains(&path);
        // A conversation nobody knows anything about is a conversation all the same.
        let held = field.starts_with("conversation.") && path.len() > 1 && !path.iter().any(|step| step == ELEMENTS);
        match paths.iter_mut().find(|other| other.path == path) {
            Some(other) => {
                other.names |= names;
                other.held |= held;
            }
            None => paths.push(MappedPath { path: path.to_vec(), names, held }),
        }
    }
    paths
}

fn schema_of(lists: &[bool]) -> Schema {
    let item = Arc::new(Field::new("item", DataType::Utf8, true));
    let fields = lists.iter().enumerate().map(|(slot, list)| {
        let data_type = if *list { DataType::List(Arc::clone(&item)) } else { DataType::Utf8 };
        Field::new(slot.to_string(), data_type, true)
    });
    Schema::new(fields.collect::<Vec<Field>>())
}

/// The mapped values of a chunk's records as a batch.
struct TextBatch {
    schema: Schema,
    columns: Vec<Column>,
    broken: Vec<bool>,
}

enum Column {
    Text(StringBuilder),
    List(ListBuilder<StringBuilder>),
}

impl TextBatch {
    fn new(lists: &[bool]) -> TextBatch {
        let column =
            |list: &bool| if *list { Column::List(ListBuilder::new(StringBuilder::new())) } else { Column::Text(StringBuilder::new()) };
        TextBatch { schema: schema_of(lists), columns: lists.iter().map(column).collect(), broken: Vec::new() }
    }

    fn push(&mut self, slots: Option<&Slots>) {
        self.broken.push(slots.is_none());
        for (slot, column) in self.columns.iter_mut().enumerate() {
            let values = slots.map_or(&[] as &[Option<String>], |slots| slots.get(slot));
            match column {
                Column::Text(builder) => builder.append_option(values.first().and_then(Option::as_ref)),
                Column::List(builder) => {
                    for value in values {
                        builder.values().append_option(value.as_ref());
                    }
                    builder.append(true);
                }
            }
        }
    }

    /// The batch, and which records could not be read.
    fn finish(self) -> (Option<RecordBatch>, Vec<bool>) {
        let columns = self.columns.into_iter().map(|column| match column {
            Column::Text(mut builder) => Arc::new(builder.finish()) as ArrayRef,
            Column::List(mut builder) => Arc::new(builder.finish()) as ArrayRef,
        });
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(self.broken.len()));
        (RecordBatch::try_new_with_options(Arc::new(self.schema), columns.collect(), &options).ok(), self.broken)
    }
}
