//! The short way through flat columns: kept values are copied as they are stored, page by page, without becoming values in between.
//!
//! It answers `None` for what it does not know (nested and boolean columns, delta encodings, rare codecs and orders, page indexes,
//! bloom filters); then the generic way is taken. Both write files that read the same, with the same digests.

mod codec;
mod hybrid;
mod page;
mod stats;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageReader, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, LevelHistogram, PageEncodingStats};
use parquet::file::properties::{EnabledStatistics, WriterPropertiesPtr};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use self::codec::Codec;
use self::hybrid::{broken, encode, encode_constant};
use self::page::{Column, Data, Dictionary, Levels, Stored, value_at};
use self::stats::{Range, has_known_order};
use super::leaf::{Chunk, LeafDigest};

/// Records looked at together: what they take stays in the processor's cache.
const BLOCK: usize = 2048;
/// About how many bytes of values a page holds.
const PAGE_BYTES: usize = 1 << 20;
/// Most values of a page.
const PAGE_VALUES: usize = 1 << 18;

/// The kept records of a leaf; `None`: take the generic way.
pub(super) fn rewrite(
    descr: &ColumnDescPtr,
    pages: &mut dyn PageReader,
    props: &WriterPropertiesPtr,
    keep: &[bool],
    key: u64,
) -> Result<Option<Chunk>> {
    let path = descr.path();
    let statistics = props.statistics_enabled(path);
    let indexed = statistics == EnabledStatistics::Page || !props.offset_index_disabled();
    if indexed || props.bloom_filter_properties(path).is_some() || !has_known_order(descr) {
        return Ok(None);
    }
    let Some(column) = Column::of(descr) else { return Ok(None) };
    let Some(codec) = Codec::new(props.compression(path))? else { return Ok(None) };
    let wanted = statistics != EnabledStatistics::None;
    let mut work = Rewrite {
        column,
        codec,
        digest: LeafDigest::new(key),
        range: Range::of(descr, wanted),
        dictionary: None,
        counts: Vec::new(),
        page: Pending::default(),
        indices: Vec::new(),
        indices_from: 0,
        written: Vec::new(),
        version_2: false,
        totals: Totals { levels: vec![0; usize::from(column.level_max) + 1], ..Totals::default() },
        scratch: Scratch::default(),
    };
    let mut from = 0;
    while let Some(page) = pages.get_next_page()? {
        if page.is_dictionary_page() {
            if work.dictionary.is_some() || from > 0 {
                return Err(broken("a second dictionary"));
            }
            let Some(found) = Dictionary::of(page, column, &|value| work.digest.hash(value))? else { return Ok(None) };
            work.counts = vec![0; found.len()];
            work.dictionary = Some(found);
            continue;
        }
        let rest = keep.get(from..).unwrap_or_default();
        let Some(data) = Data::of(page, column, rest.len())? else { return Ok(None) };
        work.version_2 = data.version_2;
        from += data.count;
        work.take(&data, rest.get(..data.count).unwrap_or_default())?;
    }
    if from != keep.len() {
        return Err(ParquetError::General(format!("a column holds {from} records where {} are expected", keep.len())));
    }
    work.finish(descr, props, wanted).map(Some)
}

/// The digest of all records of a leaf of at most so many rows; `None`: take the generic way.
pub(super) fn digest(descr: &ColumnDescPtr, pages: &mut dyn PageReader, rows: usize, key: u64) -> Result<Option<(u128, usize)>> {
    let Some(column) = Column::of(descr) else { return Ok(None) };
    let mut digest = LeafDigest::new(key);
    let mut dictionary: Option<Dictionary> = None;
    let (mut found, mut indices, mut buffer) = (0, Vec::new(), Vec::new());
    while let Some(page) = pages.get_next_page()? {
        if page.is_dictionary_page() {
            let Some(read) = Dictionary::of(page, column, &|value| digest.hash(value))? else { return Ok(None) };
            dictionary = Some(read);
            continue;
        }
        let Some(data) = Data::of(page, column, rows - found)? else { return Ok(None) };
        found += data.count;
        match &data.levels {
            Levels::Each(levels) => digest.level_bytes(levels),
            Levels::All if column.level_max > 0 => digest.level_bytes(&vec![column.level_max; data.count]),
            Levels::All => {}
        }
        match (data.stored, column.width) {
            (Stored::Indices, _) => {
                let dictionary = dictionary.as_ref().ok_or_else(|| broken("no dictionary"))?;
                data.indices(dictionary.len(), &mut indices)?;
                for block in indices.chunks(BLOCK) {
                    buffer.clear();
                    dictionary.digest(block, &mut buffer);
                    digest.value_bytes(&buffer);
                }
            }
            (Stored::Plain, Some(width)) => {
                let values = data.values().get(..data.present * width).ok_or_else(|| broken("its values are cut off"))?;
                hash_fixed(&mut digest, column, values, width, &mut buffer);
            }
            (Stored::Plain, None) => {
                let (values, mut at) = (data.values(), 0);
                buffer.clear();
                for _ in 0..data.present {
                    let (from, until) = value_at(values, at)?;
                    buffer.extend_from_slice(&digest.hash(values.get(from..until).unwrap_or_default()).to_le_bytes());
                    at = until;
                }
                digest.value_bytes(&buffer);
            }
        }
    }
    Ok(Some((digest.finish(), found)))
}

fn hash_fixed(digest: &mut LeafDigest, column: Column, values: &[u8], width: usize, buffer: &mut Vec<u8>) {
    if column.hashed() {
        buffer.clear();
        buffer.extend(values.chunks_exact(width).flat_map(|value| digest.hash(value).to_le_bytes()));
        digest.value_bytes(buffer);
    } else {
        digest.value_bytes(values);
    }
}

/// A page being filled.
#[derive(Default)]
struct Pending {
    /// Levels so far; filled only once a value is missing.
    levels: Vec<u8>,
    count: usize,
    nulls: usize,
    /// Values as they are stored.
    values: Vec<u8>,
}

/// A page that is full.
enum Written {
    Done(CompressedPage),
    /// Waits for the dictionary: its levels encoded, and a stretch of the indices.
    Waiting {
        levels: Vec<u8>,
        count: usize,
        nulls: usize,
        from: usize,
        until: usize,
    },
}

#[derive(Default)]
struct Totals {
    rows: u64,
    nulls: u64,
    /// Bytes of values with their own length, lengths aside.
    bytes: u64,
    /// How many levels of each depth.
    levels: Vec<u64>,
}

impl Totals {
    fn count_levels(&mut self, levels: &[u8]) {
        for level in levels {
            if let Some(count) = self.levels.get_mut(usize::from(*level)) {
                *count += 1;
            }
        }
    }
}

/// Buffers used again for every block.
#[derive(Default)]
struct Scratch {
    keep: Vec<bool>,
    levels: Vec<u8>,
    indices: Vec<u32>,
    digest: Vec<u8>,
}

struct Rewrite {
    column: Column,
    codec: Codec,
    digest: LeafDigest,
    range: Range,
    dictionary: Option<Dictionary>,
    /// How often each entry of the dictionary is kept.
    counts: Vec<u64>,
    page: Pending,
    /// Kept indices into the source's dictionary.
    indices: Vec<u32>,
    /// Where those of the page being filled begin.
    indices_from: usize,
    written: Vec<Written>,
    version_2: bool,
    totals: Totals,
    scratch: Scratch,
}

impl Rewrite {
    /// Takes over what is kept of a page.
    fn take(&mut self, data: &Data, keep: &[bool]) -> Result<()> {
        let mut indices = std::mem::take(&mut self.scratch.indices);
        if data.stored == Stored::Indices {
            if !self.page.values.is_empty() {
                self.flush()?;
            }
            let entries = self.dictionary.as_ref().ok_or_else(|| broken("no dictionary"))?.len();
            data.indices(entries, &mut indices)?;
        } else if self.indices.len() > self.indices_from {
            self.flush()?;
        }
        let mut at = 0;
        let mut of_page = indices.as_slice();
        let mut present_keep = std::mem::take(&mut self.scratch.keep);
        for (block, keep) in keep.chunks(BLOCK).enumerate() {
            let kept = keep.iter().filter(|keep| **keep).count();
            let keep_values: &[bool] = match &data.levels {
                Levels::All => {
                    self.add_present(kept);
                    keep
                }
                Levels::Each(levels) => {
                    let levels = levels.get(block * BLOCK..).unwrap_or_default();
                    self.add_levels(levels, keep);
                    present_keep.clear();
                    let top = self.column.level_max;
                    present_keep.extend(levels.iter().zip(keep).filter(|(level, _)| **level == top).map(|(_, keep)| *keep));
                    &present_keep
                }
            };
            self.totals.rows += kept as u64;
            match data.stored {
                Stored::Indices => {
                    let (block, rest) = of_page.split_at_checked(keep_values.len()).ok_or_else(|| broken("its values are cut off"))?;
                    of_page = rest;
                    self.add_indices(block, keep_values);
                }
                Stored::Plain => at = self.add_plain(data.values(), at, keep_values)?,
            }
            if self.page.values.len() >= PAGE_BYTES || self.page.count >= PAGE_VALUES {
                self.flush()?;
            }
        }
        self.scratch.indices = indices;
        self.scratch.keep = present_keep;
        Ok(())
    }

    /// Kept rows none of which is null.
    fn add_present(&mut self, kept: usize) {
        let top = self.column.level_max;
        if top > 0 {
            self.scratch.levels.clear();
            self.scratch.levels.resize(kept, top);
            self.digest.level_bytes(&self.scratch.levels);
            if let Some(count) = self.totals.levels.get_mut(usize::from(top)) {
                *count += kept as u64;
            }
            if !self.page.levels.is_empty() {
                self.page.levels.resize(self.page.levels.len() + kept, top);
            }
        }
        self.page.count += kept;
    }

    /// Kept rows with their levels.
    fn add_levels(&mut self, levels: &[u8], keep: &[bool]) {
        let top = self.column.level_max;
        let kept = &mut self.scratch.levels;
        kept.clear();
        kept.extend(levels.iter().zip(keep).filter(|(_, keep)| **keep).map(|(level, _)| *level));
        self.digest.level_bytes(kept);
        self.totals.count_levels(kept);
        if self.page.levels.is_empty() {
            self.page.levels.resize(self.page.count, top);
        }
        self.page.levels.extend_from_slice(kept);
        self.page.count += kept.len();
        self.page.nulls += kept.iter().filter(|level| **level != top).count();
    }

    fn add_indices(&mut self, indices: &[u32], keep: &[bool]) {
        let from = self.indices.len();
        compact_indices(indices, keep, &mut self.indices);
        let kept = self.indices.get(from..).unwrap_or_default();
        for index in kept {
            if let Some(count) = self.counts.get_mut(*index as usize) {
                *count += 1;
            }
        }
        if let Some(dictionary) = &self.dictionary {
            self.scratch.digest.clear();
            dictionary.digest(kept, &mut self.scratch.digest);
            self.digest.value_bytes(&self.scratch.digest);
        }
    }

    /// Takes over values stored one after the other; answers where the next block begins.
    fn add_plain(&mut self, values: &[u8], at: usize, keep: &[bool]) -> Result<usize> {
        let Some(width) = self.column.width else { return self.add_texts(values, at, keep) };
        let end = at + keep.len() * width;
        let block = values.get(at..end).ok_or_else(|| broken("its values are cut off"))?;
        let out = &mut self.page.values;
        let from = out.len();
        match width {
            4 => compact::<4>(block, keep, out),
            8 => compact::<8>(block, keep, out),
            12 => compact::<12>(block, keep, out),
            16 => compact::<16>(block, keep, out),
            _ => block.chunks_exact(width).zip(keep).filter(|(_, keep)| **keep).for_each(|(value, _)| out.extend_from_slice(value)),
        }
        let kept = out.get(from..).unwrap_or_default();
        self.range.offer_fixed(kept, width, 1);
        hash_fixed(&mut self.digest, self.column, kept, width, &mut self.scratch.digest);
        Ok(end)
    }

    /// The same for values with their own length: kept neighbours are copied in one piece.
    fn add_texts(&mut self, values: &[u8], mut at: usize, keep: &[bool]) -> Result<usize> {
        let hashes = &mut self.scratch.digest;
        hashes.clear();
        let (mut run, mut open) = (at, false);
        for keep in keep {
            let (from, until) = value_at(values, at)?;
            if *keep {
                let value = values.get(from..until).unwrap_or_default();
                hashes.extend_from_slice(&self.digest.hash(value).to_le_bytes());
                self.totals.bytes += value.len() as u64;
                if let Range::Bytes(range) = &mut self.range {
                    range.offer(value);
                }
                if !open {
                    (run, open) = (at, true);
                }
            } else if open {
                self.page.values.extend_from_slice(values.get(run..at).unwrap_or_default());
                open = false;
            }
            at = until;
        }
        if open {
            self.page.values.extend_from_slice(values.get(run..at).unwrap_or_default());
        }
        self.digest.value_bytes(hashes);
        Ok(at)
    }

    /// Ends the page being filled.
    fn flush(&mut self) -> Result<()> {
        let Pending { levels, count, nulls, values } = std::mem::take(&mut self.page);
        let (from, until) = (self.indices_from, self.indices.len());
        self.indices_from = until;
        if count == 0 {
            return Ok(());
        }
        self.totals.nulls += nulls as u64;
        let mut encoded = Vec::new();
        let width = self.column.level_width();
        if nulls == 0 {
            encode_constant(u32::from(self.column.level_max), width, if width > 0 { count } else { 0 }, &mut encoded);
        } else {
            encode(&levels, width, &mut encoded);
        }
        if until > from {
            self.written.push(Written::Waiting { levels: encoded, count, nulls, from, until });
            return Ok(());
        }
        let page = self.compress(&encoded, &values, count, nulls, Encoding::PLAIN)?;
        self.written.push(Written::Done(page));
        // The buffer is as large as the next page will be.
        self.page.values = values;
        self.page.values.clear();
        Ok(())
    }

    fn compress(&mut self, levels: &[u8], values: &[u8], count: usize, nulls: usize, encoding: Encoding) -> Result<CompressedPage> {
        let num_values = u32::try_from(count).map_err(|_| broken("too many values"))?;
        let num_nulls = u32::try_from(nulls).map_err(|_| broken("too many values"))?;
        let levels_length = u32::try_from(levels.len()).map_err(|_| broken("too many levels"))?;
        if self.version_2 {
            let mut buffer = levels.to_vec();
            let packed = self.codec.compress(values)?;
            let is_compressed = !self.codec.is_plain() && packed.len() < values.len();
            buffer.extend_from_slice(if is_compressed { &packed } else { values });
            let page = Page::DataPageV2 {
                buf: buffer.into(),
                num_values,
                encoding,
                num_nulls,
                num_rows: num_values,
                def_levels_byte_len: levels_length,
                rep_levels_byte_len: 0,
                is_compressed,
                statistics: None,
            };
            return Ok(CompressedPage::new(page, levels.len() + values.len()));
        }
        let mut buffer = Vec::with_capacity(levels.len() + values.len() + 4);
        if self.column.level_max > 0 {
            buffer.extend_from_slice(&levels_length.to_le_bytes());
            buffer.extend_from_slice(levels);
        }
        buffer.extend_from_slice(values);
        let size = buffer.len();
        let buffer = if self.codec.is_plain() { buffer } else { self.codec.compress(&buffer)? };
        let page = Page::DataPage {
            buf: buffer.into(),
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        Ok(CompressedPage::new(page, size))
    }

    /// The dictionary with only the entries that are kept, and the new place of each.
    fn new_dictionary(&mut self, encoding: Encoding) -> Result<(CompressedPage, Vec<u32>, u32)> {
        let (mut values, mut places, mut kept) = (Vec::new(), Vec::with_capacity(self.counts.len()), 0_u32);
        let dictionary = self.dictionary.as_ref().ok_or_else(|| broken("no dictionary"))?;
        for (place, count) in self.counts.iter().enumerate() {
            places.push(kept);
            if *count == 0 {
                continue;
            }
            kept += 1;
            let value = dictionary.value(place);
            if self.column.width.is_none() {
                values.extend_from_slice(&u32::try_from(value.len()).unwrap_or_default().to_le_bytes());
                self.totals.bytes += value.len() as u64 * count;
            }
            values.extend_from_slice(value);
            match &mut self.range {
                Range::Bytes(range) => range.offer(value),
                range => range.offer_fixed(value, value.len(), *count),
            }
        }
        let size = values.len();
        let buf = if self.codec.is_plain() { values } else { self.codec.compress(&values)? };
        let page = Page::DictionaryPage { buf: buf.into(), num_values: kept, encoding, is_sorted: false };
        let width = (u32::BITS - kept.saturating_sub(1).leading_zeros()).max(1);
        Ok((CompressedPage::new(page, size), places, width))
    }

    fn finish(mut self, descr: &ColumnDescPtr, props: &WriterPropertiesPtr, wanted: bool) -> Result<Chunk> {
        self.flush()?;
        let mut sink = TrackedWrite::new(Vec::new());
        let mut writer = SerializedPageWriter::new(&mut sink);
        let mut sizes = Sizes::default();
        let mut dictionary = None;
        if self.written.iter().any(|page| matches!(page, Written::Waiting { .. })) {
            let (page, places, width) = self.new_dictionary(props.dictionary_page_encoding())?;
            sizes.write(&mut writer, page)?;
            dictionary = Some((places, width));
        }
        let mut buffer = Vec::new();
        for page in std::mem::take(&mut self.written) {
            let page = match page {
                Written::Done(page) => page,
                Written::Waiting { levels, count, nulls, from, until } => {
                    let (places, width) = dictionary.as_ref().ok_or_else(|| broken("no dictionary"))?;
                    let indices = self.indices.get_mut(from..until).unwrap_or_default();
                    for index in indices.iter_mut() {
                        *index = places.get(*index as usize).copied().unwrap_or_default();
                    }
                    buffer.clear();
                    buffer.push(*width as u8);
                    encode(indices, *width, &mut buffer);
                    self.compress(&levels, &buffer, count, nulls, props.dictionary_data_page_encoding())?
                }
            };
            sizes.write(&mut writer, page)?;
        }
        writer.close()?;
        let close = self.close(descr, props, wanted, sizes)?;
        let digest = self.digest.finish();
        Ok(Chunk { bytes: Bytes::from(sink.into_inner()?), close, digest })
    }

    fn close(&mut self, descr: &ColumnDescPtr, props: &WriterPropertiesPtr, wanted: bool, sizes: Sizes) -> Result<ColumnCloseResult> {
        let mut encodings: Vec<Encoding> = sizes.pages.iter().map(|pages| pages.encoding).collect();
        encodings.push(Encoding::RLE);
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let mut builder = ColumnChunkMetaData::builder(std::sync::Arc::clone(descr))
            .set_compression(props.compression(descr.path()))
            .set_encodings(encodings)
            .set_page_encoding_stats(sizes.pages)
            .set_total_compressed_size(signed(sizes.compressed))
            .set_total_uncompressed_size(signed(sizes.uncompressed))
            .set_num_values(signed(self.totals.rows))
            .set_data_page_offset(signed(sizes.data_from.unwrap_or_default()))
            .set_dictionary_page_offset(sizes.dictionary_from.map(signed));
        if wanted {
            let range = std::mem::replace(&mut self.range, Range::None);
            let histogram = LevelHistogram::try_new(descr.max_def_level()).map(|mut histogram| {
                for (level, count) in (0_i16..).zip(&self.totals.levels).take(histogram.len()) {
                    histogram.increment_by(level, signed(*count));
                }
                histogram
            });
            let bytes = self.column.width.is_none().then(|| signed(self.totals.bytes));
            builder = builder
                .set_statistics(range.statistics(descr, self.totals.nulls, props.statistics_truncate_length()))
                .set_unencoded_byte_array_data_bytes(bytes)
                .set_definition_level_histogram(histogram);
        }
        Ok(ColumnCloseResult {
            bytes_written: sizes.compressed,
            rows_written: self.totals.rows,
            metadata: builder.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        })
    }
}

/// What the written pages come to.
#[derive(Default)]
struct Sizes {
    compressed: u64,
    uncompressed: u64,
    dictionary_from: Option<u64>,
    data_from: Option<u64>,
    pages: Vec<PageEncodingStats>,
}

impl Sizes {
    fn write(&mut self, writer: &mut SerializedPageWriter<'_, Vec<u8>>, page: CompressedPage) -> Result<()> {
        let (page_type, encoding) = (page.page_type(), page.encoding());
        let spec = writer.write_page(page)?;
        self.compressed += spec.compressed_size as u64;
        self.uncompressed += spec.uncompressed_size as u64;
        let from = if page_type == PageType::DICTIONARY_PAGE { &mut self.dictionary_from } else { &mut self.data_from };
        from.get_or_insert(spec.offset);
        match self.pages.last_mut() {
            Some(last) if last.page_type == page_type && last.encoding == encoding => last.count += 1,
            _ => self.pages.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        Ok(())
    }
}

/// Appends the kept values of a width; a value not kept is written over by the next, so that no branch depends on it.
fn compact<const WIDTH: usize>(values: &[u8], keep: &[bool], out: &mut Vec<u8>) {
    let from = out.len();
    let mut kept = 0;
    out.resize(from + (keep.len() + 1) * WIDTH, 0);
    let (slots, _) = out.get_mut(from..).unwrap_or_default().as_chunks_mut::<WIDTH>();
    for (value, keep) in values.as_chunks::<WIDTH>().0.iter().zip(keep) {
        if let Some(slot) = slots.get_mut(kept) {
            *slot = *value;
        }
        kept += usize::from(*keep);
    }
    out.truncate(from + kept * WIDTH);
}

fn compact_indices(indices: &[u32], keep: &[bool], out: &mut Vec<u32>) {
    let from = out.len();
    let mut kept = from;
    out.resize(from + keep.len() + 1, 0);
    for (index, keep) in indices.iter().zip(keep) {
        if let Some(slot) = out.get_mut(kept) {
            *slot = *index;
        }
        kept += usize::from(*keep);
    }
    out.truncate(kept);
}
