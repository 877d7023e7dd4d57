//! Text formats: records cut without changing a byte, decided in chunks on all threads, written in order.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use bezwaar_core::item::Item;
use bezwaar_core::wire::parse_item;
use xxhash_rust::xxh3::Xxh3;

use super::layout::TextLayout;
use super::output::{OutputFile, TextWriter};
use super::split::{Chunk, Splitter};
use super::{Asked, Compression, Decided, Sink, Stamp, open_text};
use crate::error::{GateError, Result};
use crate::gate::{Bound, Gate};
use crate::item_path::ItemDecider;
use crate::job::{Format, Limits};
use crate::mapping::Mapping;
use crate::parallel::in_order;

/// How records of a text input become verdicts.
pub(crate) struct TextBinding {
    decider: Decider,
    asked: Asked,
}

enum Decider {
    /// JSON of any shape, or CSV.
    Mapped { layout: TextLayout, bound: Bound },
    /// Items in the exchange format.
    Items(ItemDecider),
}

impl TextBinding {
    /// Binds a mapping to a text file: for CSV against its header, for JSON against its first records.
    pub(crate) fn new(gate: &Gate, mapping: &Mapping, format: Format, path: &Path, limits: &Limits, asked: Asked) -> Result<TextBinding> {
        if format == Format::Items {
            return Ok(TextBinding { decider: Decider::Items(ItemDecider::new(gate)), asked });
        }
        let (layout, schema, flat) = TextLayout::new(mapping, format, path, limits)?;
        let bound = gate.bind(&schema, &flat)?;
        layout.check_first_records(mapping, path, limits)?;
        Ok(TextBinding { decider: Decider::Mapped { layout, bound }, asked })
    }

    pub(crate) fn noticed(&self) -> crate::gate::Noticed {
        match &self.decider {
            Decider::Mapped { bound, .. } => bound.noticed(),
            Decider::Items(items) => items.noticed(),
        }
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
        tally.add_decided(&self.decide(&chunk)?);
        let Decider::Mapped { layout, bound } = &self.decider else { return Ok(Vec::new()) };
        let mut sampler = crate::check::Sampler::new(&bound.fields, names, read);
        if let (Some(batch), _) = layout.batch(&chunk) {
            sampler.add(&batch);
        }
        Ok(sampler.finish())
    }

    fn decide(&self, chunk: &Chunk) -> Result<Decided> {
        let mut decided = Decided::default();
        match &self.decider {
            Decider::Items(decider) => {
                let items: Vec<Option<Item>> = items_of(chunk).collect();
                for item in &items {
                    let (bits, provisional) = decider.decide(item.as_ref());
                    decided.bits.push(bits);
                    decided.provisional += u64::from(provisional);
                }
                let both = || items.iter().zip(&decided.bits).enumerate();
                if self.asked.ids {
                    let ids = both().filter(|(_, (_, bits))| **bits != 0);
                    decided.ids = ids.filter_map(|(place, (item, _))| Some((place, item.as_ref()?.id.clone()))).collect();
                }
                if let Some(sink) = &self.asked.subjects {
                    sink.items(both().filter(|(_, (_, bits))| **bits == 0).filter_map(|(_, (item, _))| item.as_ref()))?;
                }
            }
            Decider::Mapped { layout, bound } => match layout.batch(chunk) {
                (Some(batch), broken) => {
                    (decided.bits, decided.provisional) = bound.bits(&batch, Some(&broken));
                    self.asked.of_batch(&bound.fields, &batch, &decided.bits, 0, &mut decided.ids)?;
                }
                // Columns of one length and the schema's own types always make a batch; nothing passes if they do not.
                (None, _) => decided.bits = vec![u64::MAX; chunk.records.len()],
            },
        }
        Ok(decided)
    }
}

/// The items of a chunk in the exchange format; `None` is one that cannot be read.
pub(crate) fn items_of(chunk: &Chunk) -> impl Iterator<Item = Option<Item>> {
    chunk.records.iter().map(|record| {
        let text = std::str::from_utf8(record.of(&chunk.bytes)).ok().filter(|_| !record.too_long);
        text.and_then(|text| parse_item(1, text).ok())
    })
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

/// Decides about every record of a text file. `sink` is called in order with the verdicts and, in the copy form, the kept bytes.
pub(crate) fn gate_text(
    path: &Path,
    format: Format,
    binding: &TextBinding,
    limits: &Limits,
    digest_key: u64,
    mut output: Option<&mut OutputFile>,
    sink: Sink<'_>,
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
            let decided = binding.decide(&chunk)?;
            let mut kept = Vec::new();
            for (record, bits) in chunk.records.iter().zip(&decided.bits) {
                if *bits == 0 {
                    kept.extend_from_slice(record.of(&chunk.bytes));
                }
            }
            Ok((decided, kept))
        },
        |(decided, kept)| {
            digest.update(&kept);
            if let Some(writer) = &mut writer {
                writer.write_all(&kept).map_err(broken)?;
            }
            sink(&decided)
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
