//! Text formats: records cut without changing a byte, decided in chunks on all threads, written in order.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bezwaar_core::wire::parse_item;
use xxhash_rust::xxh3::Xxh3;

use super::csv::{Scan, fields as csv_fields};
use super::json::{MappedPath, PathTree, Slots, extract};
use super::output::{OutputFile, TextWriter};
use super::{Compression, Stamp, open_text};
use crate::error::{GateError, Result};
use crate::gate::{Bound, Gate};
use crate::item_path::ItemDecider;
use crate::job::{Format, Limits};
use crate::mapping::{ELEMENTS, Mapping};
use crate::parallel::in_order;

/// How records of a text input become verdicts.
pub(crate) enum TextBinding {
    /// JSON of any shape.
    Json { bound: Bound, tree: PathTree, lists: Vec<bool> },
    /// CSV; the columns of the mapped paths, and how many there are.
    Csv { bound: Bound, columns: Vec<usize>, width: usize },
    /// Items in the exchange format.
    Items(ItemDecider),
}

impl TextBinding {
    /// Binds a mapping to a text file: for CSV against its header, for JSON against its first records.
    pub(crate) fn new(gate: &Gate, mapping: &Mapping, format: Format, path: &Path, limits: &Limits) -> Result<TextBinding> {
        if format == Format::Items {
            return Ok(TextBinding::Items(ItemDecider::new(gate)));
        }
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
            let header = header(path, limits)?;
            let (mut columns, mut errors) = (Vec::new(), Vec::new());
            for MappedPath { path, .. } in &paths {
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
            if !errors.is_empty() {
                return Err(GateError::input(path, "the mapping does not fit the header")
                    .with_details(errors)
                    .with_help("mend [input.map] in the job"));
            }
            return Ok(TextBinding::Csv { bound: gate.bind(&schema, &flat)?, columns, width: header.len() });
        }
        let binding = TextBinding::Json { bound: gate.bind(&schema, &flat)?, tree: PathTree::new(&paths), lists };
        binding.check_first_records(mapping, path, limits)?;
        Ok(binding)
    }

    pub(crate) fn noticed(&self) -> crate::gate::Noticed {
        match self {
            TextBinding::Json { bound, .. } | TextBinding::Csv { bound, .. } => bound.noticed(),
            TextBinding::Items(items) => items.noticed(),
        }
    }

    /// A mapped path that none of the first records has is surely a mistake; nothing could pass, or worse, a check would be
    /// passed over. Only paths decisions rest on are asked for: people quoted, chats, deletions and holds may be rare.
    fn check_first_records(&self, mapping: &Mapping, path: &Path, limits: &Limits) -> Result<()> {
        let TextBinding::Json { tree, lists, .. } = self else { return Ok(()) };
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

    /// Looks at the first records: what their fields hold, and what would be decided.
    pub(crate) fn sample(
        &self,
        path: &Path,
        format: Format,
        limits: &Limits,
        names: std::collections::BTreeMap<&'static str, String>,
        read: Vec<&'static str>,
        tally: &mut crate::tally::Tally,
    ) -> Result<Vec<crate::check::FieldCheck>> {
        let mut splitter = Splitter::open(path, format, limits)?;
        let Some(chunk) = splitter.next_chunk()? else { return Ok(Vec::new()) };
        tally.add(&self.decide(&chunk));
        let (TextBinding::Json { bound, .. } | TextBinding::Csv { bound, .. }) = self else { return Ok(Vec::new()) };
        let mut sampler = crate::check::Sampler::new(&bound.fields, names, read);
        if let Some(batch) = self.batch(&chunk).and_then(|batch| batch.finish().0) {
            sampler.add(&batch);
        }
        Ok(sampler.finish())
    }

    fn decide(&self, chunk: &Chunk) -> Vec<u64> {
        match self {
            TextBinding::Items(items) => chunk
                .records
                .iter()
                .map(|record| {
                    let text = std::str::from_utf8(record.of(&chunk.bytes)).ok().filter(|_| !record.too_long);
                    items.decide(text.and_then(|text| parse_item(1, text).ok()).as_ref())
                })
                .collect(),
            TextBinding::Json { bound, .. } | TextBinding::Csv { bound, .. } => {
                let batch = self.batch(chunk).map(TextBatch::finish);
                match batch {
                    Some((Some(batch), broken)) => bound.bits(&batch, Some(&broken)),
                    // Columns of one length and the schema's own types always make a batch; nothing passes if they do not.
                    _ => vec![u64::MAX; chunk.records.len()],
                }
            }
        }
    }

    /// The mapped values of a chunk's records.
    fn batch(&self, chunk: &Chunk) -> Option<TextBatch> {
        let records = chunk.records.iter();
        match self {
            TextBinding::Items(_) => None,
            TextBinding::Json { tree, lists, .. } => {
                let mut batch = TextBatch::new(lists);
                let mut slots = Slots::new(lists.len());
                for record in records {
                    let good = !record.too_long && extract(record.of(&chunk.bytes), tree, &mut slots).is_ok();
                    batch.push(good.then_some(&slots));
                }
                Some(batch)
            }
            TextBinding::Csv { columns, width, .. } => {
                let lists = vec![false; columns.len()];
                let mut batch = TextBatch::new(&lists);
                let mut slots = Slots::new(columns.len());
                let (mut output, mut ends) = (Vec::new(), Vec::new());
                for record in records {
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
                Some(batch)
            }
        }
    }
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

/// A record within a chunk.
struct Record {
    from: usize,
    until: usize,
    too_long: bool,
}

impl Record {
    fn of<'c>(&self, bytes: &'c [u8]) -> &'c [u8] {
        bytes.get(self.from..self.until).unwrap_or_default()
    }
}

/// Some whole records.
struct Chunk {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

/// Cuts a text file into chunks of whole records.
struct Splitter<'a> {
    source: Box<dyn Read + 'a>,
    path: &'a Path,
    csv: bool,
    limits: Limits,
    /// Bytes read but not handed out.
    rest: Vec<u8>,
    done: bool,
    /// The byte order mark, and for CSV the header: what comes before the first record.
    prefix: Vec<u8>,
}

impl<'a> Splitter<'a> {
    fn open(path: &'a Path, format: Format, limits: &Limits) -> Result<Splitter<'a>> {
        let file = std::fs::File::open(path).map_err(|error| GateError::io(path, "open", error))?;
        Splitter::over(Box::new(file), path, format, limits)
    }

    fn over(file: Box<dyn Read + 'a>, path: &'a Path, format: Format, limits: &Limits) -> Result<Splitter<'a>> {
        let compression = Compression::of_file(path)?;
        let source = open_text(file, compression, limits).map_err(|error| GateError::io(path, "read", error))?;
        let mut splitter =
            Splitter { source, path, csv: format == Format::Csv, limits: *limits, rest: Vec::new(), done: false, prefix: Vec::new() };
        splitter.fill(3)?;
        if splitter.rest.starts_with(&[0xef, 0xbb, 0xbf]) {
            splitter.prefix = splitter.rest.drain(..3).collect();
        }
        if splitter.csv {
            let header = splitter.take_header()?;
            splitter.prefix.extend(header);
        }
        Ok(splitter)
    }

    /// Reads until at least so many bytes are there, or the end.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        while self.rest.len() < wanted && !self.done {
            let before = self.rest.len();
            let want = (wanted - before).max(self.limits.batch_bytes.min(1 << 20));
            self.rest.resize(before + want, 0);
            let read = loop {
                match self.source.read(self.rest.get_mut(before..).unwrap_or_default()) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let count = match read {
                Ok(count) => count,
                Err(error) => {
                    self.rest.truncate(before);
                    let broken = matches!(
                        error.kind(),
                        std::io::ErrorKind::UnexpectedEof
                            | std::io::ErrorKind::InvalidData
                            | std::io::ErrorKind::InvalidInput
                            | std::io::ErrorKind::Other
                    );
                    let help = if broken {
                        "the compressed data is cut off or corrupt; get the file again"
                    } else {
                        "check the disk and the file"
                    };
                    return Err(GateError::input(self.path, "cannot be read to its end").with_help(help).with_source(error));
                }
            };
            self.rest.truncate(before + count);
            self.done = count == 0;
        }
        Ok(())
    }

    fn take_header(&mut self) -> Result<Vec<u8>> {
        let mut wanted = 1 << 16;
        loop {
            self.fill(wanted)?;
            let mut scan = Scan::FieldStart;
            for (place, byte) in self.rest.iter().enumerate() {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if ended {
                    return Ok(self.rest.drain(..=place).collect());
                }
            }
            if self.done || wanted > self.limits.record_bytes_max {
                return Ok(std::mem::take(&mut self.rest));
            }
            wanted *= 2;
        }
    }

    /// The next chunk: about `batch_bytes`, or one long record.
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let mut wanted = self.limits.batch_bytes;
        loop {
            self.fill(wanted)?;
            if self.rest.is_empty() {
                return Ok(None);
            }
            let (records, end) = self.cut();
            if !records.is_empty() || (self.done && end > 0) {
                let rest = self.rest.split_off(end);
                let bytes = std::mem::replace(&mut self.rest, rest);
                return Ok(Some(Chunk { bytes, records }));
            }
            if self.rest.len() > self.limits.record_bytes_max {
                return self.pass_long_record().map(Some);
            }
            wanted = self.rest.len().saturating_mul(2).min(self.limits.record_bytes_max + 1);
        }
    }

    /// The whole records at the front, and where they end. At the end of the file the last one needs no line end.
    fn cut(&self) -> (Vec<Record>, usize) {
        let mut records = Vec::new();
        let mut from = 0;
        let mut take = |from: &mut usize, until: usize| {
            let blank = self.rest.get(*from..until).unwrap_or_default().iter().all(u8::is_ascii_whitespace);
            if !blank {
                records.push(Record { from: *from, until, too_long: until - *from > self.limits.record_bytes_max });
            }
            *from = until;
        };
        if self.csv {
            let mut scan = Scan::FieldStart;
            for (place, byte) in self.rest.iter().enumerate() {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if ended {
                    take(&mut from, place + 1);
                }
            }
        } else {
            let mut start = 0;
            while let Some(place) = self.rest.get(start..).and_then(|rest| memchr(b'\n', rest)) {
                start += place + 1;
                take(&mut from, start);
            }
        }
        if self.done && from < self.rest.len() {
            take(&mut from, self.rest.len());
        }
        (records, from)
    }

    /// A record over the limit is unreadable: its bytes are let go while looking for its end.
    fn pass_long_record(&mut self) -> Result<Chunk> {
        let mut scan = Scan::FieldStart;
        loop {
            let end = self.rest.iter().position(|byte| {
                let (next, ended) = scan.step(*byte);
                scan = next;
                if self.csv { ended } else { *byte == b'\n' }
            });
            match end {
                Some(place) => {
                    self.rest.drain(..=place);
                    break;
                }
                None => self.rest.clear(),
            }
            self.fill(self.limits.batch_bytes)?;
            if self.rest.is_empty() {
                break;
            }
        }
        Ok(Chunk { bytes: Vec::new(), records: vec![Record { from: 0, until: 0, too_long: true }] })
    }
}

fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|other| *other == byte)
}

/// The names in a CSV header.
pub(crate) fn header(path: &Path, limits: &Limits) -> Result<Vec<String>> {
    let splitter = Splitter::open(path, Format::Csv, limits)?;
    let prefix = splitter.prefix.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&splitter.prefix);
    let (mut output, mut ends) = (Vec::new(), Vec::new());
    if csv_fields(prefix, &mut output, &mut ends).is_none() {
        return Err(GateError::input(path, "the header's quotes do not close"));
    }
    let mut from = 0;
    Ok(ends
        .iter()
        .map(|end| {
            let name = String::from_utf8_lossy(output.get(from..*end).unwrap_or_default()).into_owned();
            from = *end;
            name
        })
        .collect())
}

/// What came of a text file.
pub(crate) struct TextResult {
    /// Keyed digest of the kept bytes as decided.
    pub(crate) digest: u128,
    /// SHA-256 of the source file.
    pub(crate) source_sha256: String,
}

/// A reader that hashes what passes through.
struct HashingReader<R> {
    inner: R,
    hash: Arc<std::sync::Mutex<sha2::Sha256>>,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        use sha2::Digest;
        let count = self.inner.read(buffer)?;
        if let Ok(mut hash) = self.hash.lock() {
            hash.update(buffer.get(..count).unwrap_or_default());
        }
        Ok(count)
    }
}

/// Takes the verdicts of some records in order, and a function from a record's place among them to its id.
pub(crate) type TextSink<'a> = &'a mut dyn FnMut(&[u64], &dyn Fn(usize) -> Option<String>) -> Result<()>;

/// Decides about every record of a text file. `sink` is called in order with the verdicts and, in the copy form, the kept bytes.
pub(crate) fn gate_text(
    path: &Path,
    format: Format,
    binding: &TextBinding,
    limits: &Limits,
    digest_key: u64,
    mut output: Option<&mut OutputFile>,
    sink: TextSink<'_>,
) -> Result<TextResult> {
    let stamp = Stamp::of(path)?;
    let file = std::fs::File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    let hash = Arc::new(std::sync::Mutex::new(<sha2::Sha256 as sha2::Digest>::new()));
    let mut splitter = Splitter::over(Box::new(HashingReader { inner: file, hash: Arc::clone(&hash) }), path, format, limits)?;
    let compression = Compression::of_file(path)?;
    let mut digest = Xxh3::with_seed(digest_key);
    let broken = |error: std::io::Error| GateError::io(path, "write the output of", error);
    let mut writer = match output.as_mut() {
        Some(output) => Some(TextWriter::new(output.writer(), compression).map_err(broken)?),
        None => None,
    };
    if let Some(writer) = &mut writer {
        writer.write_all(&splitter.prefix).map_err(broken)?;
    }
    digest.update(&splitter.prefix);
    in_order(
        limits.threads,
        || splitter.next_chunk(),
        |chunk: Chunk| {
            let bits = binding.decide(&chunk);
            let mut kept = Vec::new();
            for (record, bits) in chunk.records.iter().zip(&bits) {
                if *bits == 0 {
                    kept.extend_from_slice(record.of(&chunk.bytes));
                }
            }
            Ok((chunk, bits, kept))
        },
        |(chunk, bits, kept)| {
            digest.update(&kept);
            if let Some(writer) = &mut writer {
                writer.write_all(&kept).map_err(broken)?;
            }
            let id = |row: usize| record_id(&chunk, row, format);
            sink(&bits, &id)
        },
    )?;
    if let Some(writer) = writer {
        writer.finish().map_err(broken)?;
    }
    // The end of a compressed stream may come before the file's: what follows is hashed too.
    std::io::copy(&mut splitter.source, &mut std::io::sink()).map_err(|error| GateError::io(path, "read", error))?;
    drop(splitter);
    stamp.check(path)?;
    let source_sha256 = match Arc::try_unwrap(hash).map(std::sync::Mutex::into_inner) {
        Ok(Ok(hash)) => super::hex(&sha2::Digest::finalize(hash)),
        _ => super::hash_file(path)?,
    };
    Ok(TextResult { digest: digest.digest128(), source_sha256 })
}

/// The id of an item in the exchange format, for the withheld list.
fn record_id(chunk: &Chunk, row: usize, format: Format) -> Option<String> {
    if format != Format::Items {
        return None;
    }
    let text = std::str::from_utf8(chunk.records.get(row)?.of(&chunk.bytes)).ok()?;
    parse_item(1, text).ok().map(|item| item.id)
}

/// The keyed digest of a written file's bytes, decompressed.
pub(crate) fn digest_text(path: &Path, limits: &Limits, digest_key: u64) -> Result<u128> {
    let compression = Compression::of_file(path)?;
    let file = std::fs::File::open(path).map_err(|error| GateError::io(path, "open", error))?;
    let mut reader = open_text(file, compression, limits).map_err(|error| GateError::io(path, "read", error))?;
    let mut digest = Xxh3::with_seed(digest_key);
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        match reader.read(&mut buffer).map_err(|error| GateError::io(path, "read back", error))? {
            0 => return Ok(digest.digest128()),
            count => digest.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Writes one line of a withheld list.
pub(crate) fn list_line(writer: &mut dyn Write, file: &str, row: u64, id: Option<&str>, codes: &[&str]) -> std::io::Result<()> {
    let line = serde_json::json!({"file": file, "row": row, "id": id, "reasons": codes});
    writeln!(writer, "{line}")
}
