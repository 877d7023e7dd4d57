//! Statistics of kept values, as the generic writer makes them.

use parquet::basic::{ConvertedType, LogicalType, SortOrder, Type};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

/// The least and the greatest value so far.
pub(super) enum Range {
    /// No order, or statistics not wanted.
    None,
    Int32(Option<(i32, i32)>),
    Uint32(Option<(u32, u32)>),
    Int64(Option<(i64, i64)>),
    Uint64(Option<(u64, u64)>),
    Float(Option<(f32, f32)>, u64),
    Double(Option<(f64, f64)>, u64),
    Bytes(Box<BytesRange>),
}

/// The least and the greatest of texts.
#[derive(Default)]
pub(super) struct BytesRange {
    found: Option<(Vec<u8>, Vec<u8>)>,
    /// The first bytes of both, as numbers: most values are told by them.
    near: (u64, u64),
}

/// Whether a column's values have an order that is known here; others are left to the generic writer.
pub(super) fn has_known_order(descr: &ColumnDescPtr) -> bool {
    let decimal = descr.converted_type() == ConvertedType::DECIMAL || matches!(descr.logical_type_ref(), Some(LogicalType::Decimal(_)));
    match descr.physical_type() {
        Type::INT96 => true,
        Type::FLOAT | Type::DOUBLE => descr.sort_order() == SortOrder::TOTAL_ORDER,
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => descr.sort_order() == SortOrder::UNSIGNED && !decimal,
        _ => matches!(descr.sort_order(), SortOrder::SIGNED | SortOrder::UNSIGNED),
    }
}

fn start(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(start) => u64::from_be_bytes(*start),
        None => bytes.iter().chain(std::iter::repeat(&0)).take(8).fold(0, |start, byte| start << 8 | u64::from(*byte)),
    }
}

impl BytesRange {
    pub(super) fn offer(&mut self, value: &[u8]) {
        let near = start(value);
        let Some((least, greatest)) = &mut self.found else {
            self.found = Some((value.to_vec(), value.to_vec()));
            self.near = (near, near);
            return;
        };
        if near < self.near.0 || near == self.near.0 && value < least.as_slice() {
            least.clear();
            least.extend_from_slice(value);
            self.near.0 = near;
        }
        if near > self.near.1 || near == self.near.1 && value > greatest.as_slice() {
            greatest.clear();
            greatest.extend_from_slice(value);
            self.near.1 = near;
        }
    }
}

/// Widens a range by integers.
macro_rules! widen {
    ($range:expr, $bytes:expr, $type:ty) => {{
        let (values, _) = $bytes.as_chunks::<{ size_of::<$type>() }>();
        if !values.is_empty() {
            let (mut least, mut greatest) = $range.unwrap_or((<$type>::MAX, <$type>::MIN));
            for value in values {
                let value = <$type>::from_le_bytes(*value);
                least = least.min(value);
                greatest = greatest.max(value);
            }
            *$range = Some((least, greatest));
        }
    }};
}

/// Widens a range by floats: ordered with the sign of zero; not-a-number only while there is nothing else.
macro_rules! widen_float {
    ($range:expr, $nans:expr, $bytes:expr, $times:expr, $type:ty) => {{
        let (values, _) = $bytes.as_chunks::<{ size_of::<$type>() }>();
        for value in values {
            let value = <$type>::from_le_bytes(*value);
            *$nans += if value.is_nan() { $times } else { 0 };
            *$range = Some(match *$range {
                None => (value, value),
                Some((least, _)) if least.is_nan() && !value.is_nan() => (value, value),
                Some((least, greatest)) if value.is_nan() && !least.is_nan() => (least, greatest),
                Some((least, greatest)) => (
                    if value.total_cmp(&least).is_lt() { value } else { least },
                    if value.total_cmp(&greatest).is_gt() { value } else { greatest },
                ),
            });
        }
    }};
}

impl Range {
    pub(super) fn of(descr: &ColumnDescPtr, wanted: bool) -> Range {
        if !wanted {
            return Range::None;
        }
        let unsigned = descr.sort_order() == SortOrder::UNSIGNED;
        match descr.physical_type() {
            Type::INT32 if unsigned => Range::Uint32(None),
            Type::INT32 => Range::Int32(None),
            Type::INT64 if unsigned => Range::Uint64(None),
            Type::INT64 => Range::Int64(None),
            Type::FLOAT => Range::Float(None, 0),
            Type::DOUBLE => Range::Double(None, 0),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Range::Bytes(Box::default()),
            Type::INT96 | Type::BOOLEAN => Range::None,
        }
    }

    /// Takes in fixed-width values one after the other, each of them `times` times.
    pub(super) fn offer_fixed(&mut self, bytes: &[u8], width: usize, times: u64) {
        match self {
            Range::None => {}
            Range::Int32(range) => widen!(range, bytes, i32),
            Range::Uint32(range) => widen!(range, bytes, u32),
            Range::Int64(range) => widen!(range, bytes, i64),
            Range::Uint64(range) => widen!(range, bytes, u64),
            Range::Float(range, nans) => widen_float!(range, nans, bytes, times, f32),
            Range::Double(range, nans) => widen_float!(range, nans, bytes, times, f64),
            Range::Bytes(range) => bytes.chunks_exact(width.max(1)).for_each(|value| range.offer(value)),
        }
    }

    /// The statistics of a chunk.
    pub(super) fn statistics(self, descr: &ColumnDescPtr, nulls: u64, truncate: Option<usize>) -> Statistics {
        let signed = descr.sort_order().is_signed();
        macro_rules! of {
            ($range:expr) => {{
                let (least, greatest) = $range.unzip();
                ValueStatistics::new(least, greatest, None, Some(nulls), false).with_backwards_compatible_min_max(signed)
            }};
        }
        match self {
            Range::None => Statistics::Int96(of!(None)),
            Range::Int32(range) => of!(range).into(),
            Range::Int64(range) => of!(range).into(),
            Range::Uint32(range) => of!(range.map(|(least, greatest)| (least.cast_signed(), greatest.cast_signed()))).into(),
            Range::Uint64(range) => of!(range.map(|(least, greatest)| (least.cast_signed(), greatest.cast_signed()))).into(),
            Range::Float(range, nans) => of!(range).with_nan_count(range.map(|_| nans)).into(),
            Range::Double(range, nans) => of!(range).with_nan_count(range.map(|_| nans)).into(),
            Range::Bytes(range) => {
                let text = descr.logical_type_ref() == Some(&LogicalType::String) || descr.converted_type() == ConvertedType::UTF8;
                let (least, greatest) = range.found.unzip();
                let (least, low_cut) = least.map(|value| shorten(value, truncate, text, false)).unzip();
                let (greatest, high_cut) = greatest.map(|value| shorten(value, truncate, text, true)).unzip();
                let exact = (low_cut.map(|cut| !cut), high_cut.map(|cut| !cut));
                let (least, greatest) = (least.map(ByteArray::from), greatest.map(ByteArray::from));
                if descr.physical_type() == Type::BYTE_ARRAY {
                    let found = of!(least.zip(greatest));
                    match exact {
                        (Some(low), Some(high)) => found.with_min_is_exact(low).with_max_is_exact(high).into(),
                        _ => found.into(),
                    }
                } else {
                    let found = of!(least.map(FixedLenByteArray::from).zip(greatest.map(FixedLenByteArray::from)));
                    match exact {
                        (Some(low), Some(high)) => found.with_min_is_exact(low).with_max_is_exact(high).into(),
                        _ => found.into(),
                    }
                }
            }
        }
    }
}

/// A bound of at most so many bytes, and whether it was cut. An upper bound that is cut is counted up.
fn shorten(value: Vec<u8>, truncate: Option<usize>, text: bool, upper: bool) -> (Vec<u8>, bool) {
    let Some(length) = truncate.filter(|length| value.len() > *length) else { return (value, false) };
    let cut = match std::str::from_utf8(&value).ok().filter(|_| text) {
        Some(text) => {
            let from = if upper { length.saturating_sub(3) } else { 1 };
            let split = (from..=length).rfind(|place| text.is_char_boundary(*place));
            let start = split.and_then(|split| text.get(..split));
            if upper { start.and_then(next_text) } else { start.map(|start| start.as_bytes().to_vec()) }
        }
        None => {
            let start = value.get(..length).unwrap_or_default().to_vec();
            if upper { next_bytes(start) } else { Some(start) }
        }
    };
    match cut {
        Some(cut) => (cut, true),
        None => (value, false),
    }
}

/// The next greater text of at most the same length.
fn next_text(text: &str) -> Option<Vec<u8>> {
    text.char_indices().rev().find_map(|(place, last)| {
        let next = char::from_u32(u32::from(last) + 1).filter(|next| next.len_utf8() == last.len_utf8())?;
        let mut found = text.get(..place)?.to_owned();
        found.push(next);
        Some(found.into_bytes())
    })
}

fn next_bytes(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return Some(bytes);
        }
    }
    None
}
