//! The hybrid of run lengths and bit packing that levels and dictionary indices are stored in.

use parquet::errors::{ParquetError, Result};

/// Most groups of eight in one packed run, so that its header is one byte.
const GROUPS_MAX: usize = 63;

pub(super) fn broken(what: &str) -> ParquetError {
    ParquetError::General(format!("a page is broken: {what}"))
}

/// One run.
enum Run<'a> {
    /// A value so many times.
    Repeated(u32, usize),
    /// So many values, packed.
    Packed(&'a [u8], usize),
}

struct Runs<'a> {
    bytes: &'a [u8],
    width: usize,
    left: usize,
}

impl<'a> Runs<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn header(&mut self) -> Option<usize> {
        let mut header = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = *self.take(1)?.first()?;
            header |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(header).ok();
            }
        }
        None
    }

    fn next(&mut self) -> Result<Option<Run<'a>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let header = self.header().ok_or_else(|| broken("a run has no header"))?;
        let run = if header & 1 == 0 {
            let bytes = self.take(self.width.div_ceil(8)).ok_or_else(|| broken("a run has no value"))?;
            let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            if value >> self.width != 0 {
                return Err(broken("a run's value is wider than its width"));
            }
            let count = (header >> 1).min(self.left);
            self.left -= count;
            Run::Repeated(value as u32, count)
        } else {
            let groups = header >> 1;
            let count = groups.saturating_mul(8).min(self.left);
            // Some writers leave out the padding of the last group.
            let bytes = self.take(groups.saturating_mul(self.width).min(self.bytes.len())).unwrap_or_default();
            if bytes.len() < (count * self.width).div_ceil(8) {
                return Err(broken("a packed run is cut off"));
            }
            self.left -= count;
            Run::Packed(bytes, count)
        };
        // A run of nothing would let a page go on for ever.
        match run {
            Run::Repeated(_, 0) | Run::Packed(_, 0) => Err(broken("an empty run")),
            run => Ok(Some(run)),
        }
    }
}

/// Appends `count` values of `width` bits. What is allocated is bounded by `count`.
pub(super) fn decode<T: Copy>(bytes: &[u8], width: u32, count: usize, out: &mut Vec<T>, of: impl Fn(u32) -> T) -> Result<()> {
    if width > 32 {
        return Err(broken("a bit width beyond 32"));
    }
    if width == 0 {
        out.resize(out.len() + count, of(0));
        return Ok(());
    }
    let mut runs = Runs { bytes, width: width as usize, left: count };
    while let Some(run) = runs.next()? {
        match run {
            Run::Repeated(value, count) => out.resize(out.len() + count, of(value)),
            Run::Packed(bytes, count) => unpack(bytes, width as usize, count, out, &of),
        }
    }
    Ok(())
}

/// Whether `count` values are one repeated value; then which.
pub(super) fn constant(bytes: &[u8], width: u32, count: usize) -> Option<u32> {
    let mut runs = Runs { bytes, width: usize::try_from(width).ok().filter(|width| (1..=32).contains(width))?, left: count };
    match runs.next() {
        Ok(Some(Run::Repeated(value, found))) if found == count => Some(value),
        _ => None,
    }
}

/// Up to eight bytes as a number, the missing ones zero.
fn load(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

fn unpack<T>(bytes: &[u8], width: usize, count: usize, out: &mut Vec<T>, of: &impl Fn(u32) -> T) {
    let mask = (1_u64 << width) - 1;
    let end = out.len() + count;
    out.reserve(count + 8);
    // A group of eight fills as many bytes as a value has bits.
    for (place, group) in bytes.chunks(width).take(count.div_ceil(8)).enumerate() {
        if width <= 8 {
            let packed = load(group);
            out.extend((0..8).map(|nth| of((packed >> (nth * width) & mask) as u32)));
        } else {
            let from = bytes.get(place * width..).unwrap_or_default();
            out.extend((0..8).map(|nth| {
                let bit = nth * width;
                of((load(from.get(bit / 8..).unwrap_or_default()) >> (bit % 8) & mask) as u32)
            }));
        }
    }
    out.truncate(end);
}

fn put_header(mut header: u64, out: &mut Vec<u8>) {
    while header >= 0x80 {
        out.push(header as u8 | 0x80);
        header >>= 7;
    }
    out.push(header as u8);
}

/// Appends one value `count` times.
pub(super) fn encode_constant(value: u32, width: u32, count: usize, out: &mut Vec<u8>) {
    if count > 0 {
        put_header((count as u64) << 1, out);
        out.extend(value.to_le_bytes().iter().take(width.div_ceil(8) as usize));
    }
}

/// Appends values of `width` bits.
pub(super) fn encode<T: Copy + PartialEq + Into<u32>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let mut rest = values;
    // Groups that wait to be packed.
    let mut packed = values;
    let mut groups = 0;
    while let Some(first) = rest.first() {
        let alike = rest.len() >= 8 && rest.iter().take(8).all(|value| value == first);
        if alike {
            pack(packed, groups, width, out);
            let count = rest.iter().take_while(|value| *value == first).count();
            encode_constant((*first).into(), width, count, out);
            rest = rest.get(count..).unwrap_or_default();
            (packed, groups) = (rest, 0);
        } else {
            groups += 1;
            rest = rest.get(8..).unwrap_or_default();
            if groups == GROUPS_MAX {
                pack(packed, groups, width, out);
                (packed, groups) = (rest, 0);
            }
        }
    }
    pack(packed, groups, width, out);
}

/// Appends the first groups of eight of `values`, the last one filled with zeros.
fn pack<T: Copy + Into<u32>>(values: &[T], groups: usize, width: u32, out: &mut Vec<u8>) {
    if groups == 0 {
        return;
    }
    put_header((groups as u64) << 1 | 1, out);
    for group in values.chunks(8).take(groups) {
        let (mut bits, mut filled, start) = (0_u64, 0, out.len());
        for value in group {
            bits |= u64::from((*value).into()) << filled;
            filled += width;
            if filled >= 32 {
                out.extend_from_slice(&(bits as u32).to_le_bytes());
                bits >>= 32;
                filled -= 32;
            }
        }
        out.extend_from_slice(&bits.to_le_bytes());
        out.resize(start + width as usize, 0);
    }
}
