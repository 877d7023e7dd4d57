//! Data pages taken apart: levels, and where the values are.

use bytes::Bytes;
use parquet::basic::{Encoding, Type};
use parquet::column::page::Page;
use parquet::errors::Result;
use parquet::schema::types::ColumnDescPtr;

use super::hybrid::{broken, constant, decode};

/// A flat column whose pages are rewritten as they are stored.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) physical: Type,
    /// Bytes of a value; `None` when each has its own length.
    pub(super) width: Option<usize>,
    pub(super) level_max: u8,
}

impl Column {
    /// `None` for columns that are left to the generic path.
    pub(super) fn of(descr: &ColumnDescPtr) -> Option<Column> {
        if descr.max_rep_level() != 0 {
            return None;
        }
        let width = match descr.physical_type() {
            Type::BOOLEAN => return None,
            Type::INT32 | Type::FLOAT => Some(4),
            Type::INT64 | Type::DOUBLE => Some(8),
            Type::INT96 => Some(12),
            Type::BYTE_ARRAY => None,
            Type::FIXED_LEN_BYTE_ARRAY => Some(usize::try_from(descr.type_length()).ok().filter(|width| *width > 0)?),
        };
        Some(Column { physical: descr.physical_type(), width, level_max: u8::try_from(descr.max_def_level()).ok()? })
    }

    /// Whether digests hold a hash of each value rather than the value.
    pub(super) fn hashed(self) -> bool {
        matches!(self.physical, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
    }

    pub(super) fn level_width(self) -> u32 {
        u8::BITS - self.level_max.leading_zeros()
    }
}

/// The definition levels of a page.
pub(super) enum Levels {
    /// Every value is there.
    All,
    Each(Vec<u8>),
}

/// How values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Plain,
    Indices,
}

/// A data page taken apart.
pub(super) struct Data {
    bytes: Bytes,
    values_at: usize,
    /// Values, nulls among them.
    pub(super) count: usize,
    /// Values that are there.
    pub(super) present: usize,
    pub(super) levels: Levels,
    pub(super) stored: Stored,
    pub(super) version_2: bool,
}

impl Data {
    /// `Ok(None)` for a page the generic path must read. A page may hold at most `most` values.
    pub(super) fn of(page: Page, column: Column, most: usize) -> Result<Option<Data>> {
        let count = page.num_values() as usize;
        if count > most {
            return Err(broken("it holds more values than its row group has rows"));
        }
        let stored = match page.encoding() {
            Encoding::PLAIN => Stored::Plain,
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => Stored::Indices,
            _ => return Ok(None),
        };
        let (bytes, levels_from, values_at, version_2) = match page {
            Page::DataPage { buf, def_level_encoding, .. } => {
                if column.level_max == 0 {
                    (buf, 0, 0, false)
                } else if def_level_encoding == Encoding::RLE {
                    let length = buf.first_chunk::<4>().map(|length| u32::from_le_bytes(*length)).ok_or_else(|| broken("no levels"))?;
                    (buf, 4, 4 + length as usize, false)
                } else {
                    return Ok(None);
                }
            }
            Page::DataPageV2 { buf, num_rows, def_levels_byte_len, rep_levels_byte_len, .. } => {
                if num_rows as usize != count {
                    return Err(broken("a flat column with more or fewer rows than values"));
                }
                let levels_from = rep_levels_byte_len as usize;
                (buf, levels_from, levels_from + def_levels_byte_len as usize, true)
            }
            Page::DictionaryPage { .. } => return Err(broken("a dictionary among the data pages")),
        };
        let levels =
            bytes.get(levels_from..values_at).filter(|_| values_at <= bytes.len()).ok_or_else(|| broken("its levels are cut off"))?;
        let levels = read_levels(levels, column, count)?;
        let present = match &levels {
            Levels::All => count,
            Levels::Each(levels) => levels.iter().filter(|level| **level == column.level_max).count(),
        };
        Ok(Some(Data { bytes, values_at, count, present, levels, stored, version_2 }))
    }

    /// The bytes of the values.
    pub(super) fn values(&self) -> &[u8] {
        self.bytes.get(self.values_at..).unwrap_or_default()
    }

    /// The indices of a page with a dictionary of so many entries, appended; every index is one of its entries.
    pub(super) fn indices(&self, entries: usize, out: &mut Vec<u32>) -> Result<()> {
        out.clear();
        if self.present == 0 {
            return Ok(());
        }
        let (width, bytes) = self.values().split_first().ok_or_else(|| broken("no bit width"))?;
        decode(bytes, u32::from(*width), self.present, out, |index| index)?;
        match out.iter().max() {
            Some(most) if *most as usize >= entries => Err(broken("an index beyond the dictionary")),
            _ => Ok(()),
        }
    }
}

fn read_levels(bytes: &[u8], column: Column, count: usize) -> Result<Levels> {
    let (width, most) = (column.level_width(), u32::from(column.level_max));
    if most == 0 || constant(bytes, width, count) == Some(most) {
        return Ok(Levels::All);
    }
    let mut levels = Vec::with_capacity(count);
    decode(bytes, width, count, &mut levels, |level| level as u8)?;
    if levels.iter().any(|level| *level > column.level_max) {
        return Err(broken("a level beyond the deepest"));
    }
    Ok(if levels.iter().all(|level| *level == column.level_max) { Levels::All } else { Levels::Each(levels) })
}

/// A value with its length before it: where it begins and ends.
pub(super) fn value_at(bytes: &[u8], at: usize) -> Result<(usize, usize)> {
    let length = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or_else(|| broken("a value's length is cut off"))?;
    let from = at + 4;
    let until = from + u32::from_le_bytes(*length) as usize;
    if until > bytes.len() { Err(broken("a value is cut off")) } else { Ok((from, until)) }
}

/// A dictionary: its values, and what a digest holds for each.
pub(super) struct Dictionary {
    bytes: Bytes,
    /// Where each value begins and ends.
    places: Vec<(u32, u32)>,
    /// Bytes a digest takes per value.
    pub(super) stride: usize,
    digests: Vec<u8>,
}

impl Dictionary {
    /// `Ok(None)` for an encoding the generic path must read.
    pub(super) fn of(page: Page, column: Column, hash: &dyn Fn(&[u8]) -> u64) -> Result<Option<Dictionary>> {
        let Page::DictionaryPage { buf, num_values, encoding, .. } = page else { return Err(broken("no dictionary")) };
        if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
            return Ok(None);
        }
        let count = num_values as usize;
        // Values take some bytes each, so that nothing is allocated for values that are not there.
        if buf.len() > u32::MAX as usize || count.saturating_mul(column.width.unwrap_or(4)) > buf.len() {
            return Err(broken("its dictionary is cut off"));
        }
        let mut places = Vec::with_capacity(count);
        let mut at = 0;
        for _ in 0..count {
            let (from, until) = match column.width {
                Some(width) => (at, at + width),
                None => value_at(&buf, at)?,
            };
            places.push((from as u32, until as u32));
            at = until;
        }
        let stride = if column.hashed() { 8 } else { column.width.unwrap_or(8) };
        let mut found = Dictionary { bytes: buf, places, stride, digests: Vec::with_capacity(count * stride) };
        for place in 0..count {
            if column.hashed() {
                let hash = hash(found.value(place)).to_le_bytes();
                found.digests.extend_from_slice(&hash);
            } else {
                let value = found.places.get(place).and_then(|(from, until)| found.bytes.get(*from as usize..*until as usize));
                found.digests.extend_from_slice(value.unwrap_or_default());
            }
        }
        Ok(Some(found))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn value(&self, place: usize) -> &[u8] {
        self.places.get(place).and_then(|(from, until)| self.bytes.get(*from as usize..*until as usize)).unwrap_or_default()
    }

    /// Appends what a digest holds for each index.
    pub(super) fn digest(&self, indices: &[u32], out: &mut Vec<u8>) {
        if self.stride == 8 {
            let (entries, _) = self.digests.as_chunks::<8>();
            out.extend(indices.iter().flat_map(|index| entries.get(*index as usize).copied().unwrap_or_default()));
        } else {
            for index in indices {
                let from = *index as usize * self.stride;
                out.extend_from_slice(self.digests.get(from..from + self.stride).unwrap_or_default());
            }
        }
    }
}
