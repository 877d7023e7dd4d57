//! Deltas: what one extract has that another has not, so that the second can be made of the first.
//!
//! ```text
//! bezwaar-delta/1
//! from <SHA-256 of the first>
//! to <SHA-256 of the second>
//! <head and table of the second, keys that are gone, rows that are new or changed>
//! ```

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest, Sha256};

use super::Extract;
use super::rows::{Cursor, put_bytes, put_varint, read_table};
use crate::hex;

/// The name of the format, and the first line of every delta.
pub const DELTA_FORMAT: &str = "bezwaar-delta/1";

/// The delta that turns `old` into `new`.
pub fn write_delta(old: &Extract, new: &Extract) -> Vec<u8> {
    let mut out = format!("{DELTA_FORMAT}\nfrom {}\nto {}\n", old.digest(), new.digest()).into_bytes();
    put_bytes(new.head(), &mut out);
    put_bytes(new.table(), &mut out);
    let (gone, put) = differences(old, new);
    put_varint(gone.len() as u64, &mut out);
    out.extend(gone.as_flattened());
    put_varint(put.len() as u64, &mut out);
    for row in put {
        out.extend(new.keys().get(row).copied().unwrap_or_default());
        put_bytes(new.row(row).unwrap_or_default(), &mut out);
    }
    out
}

/// The keys `new` lacks, and its rows that `old` has not got.
fn differences(old: &Extract, new: &Extract) -> (Vec<[u8; 16]>, Vec<usize>) {
    let numbers = renumbered(old, new.shapes());
    let (mut gone, mut put) = (Vec::new(), Vec::new());
    let mut olds = old.keys().iter().enumerate().peekable();
    let mut row_then = Vec::new();
    for (row, key) in new.keys().iter().enumerate() {
        while let Some((_, key)) = olds.next_if(|(_, old)| *old < key) {
            gone.push(*key);
        }
        let same = olds.next_if(|(_, old)| *old == key).is_some_and(|(place, _)| {
            row_then.clear();
            old.row_renumbered(place, &numbers, &mut row_then).is_some() && new.row(row) == Some(row_then.as_slice())
        });
        if !same {
            put.push(row);
        }
    }
    gone.extend(olds.map(|(_, key)| *key));
    (gone, put)
}

/// The number of each old shape in a new table.
fn renumbered<'a>(old: &Extract, new: impl Iterator<Item = &'a [u8]>) -> Vec<Option<u64>> {
    let numbers: HashMap<&[u8], u64> = new.zip(0..).collect();
    old.shapes().map(|shape| numbers.get(shape).copied()).collect()
}

/// The extract a delta turns `old` into, byte for byte: it is hashed before it is given.
pub fn apply_delta(old: &Extract, delta: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let rest = delta.strip_prefix(DELTA_FORMAT.as_bytes()).and_then(|rest| rest.strip_prefix(b"\n")).ok_or(DeltaError::NotADelta)?;
    let (from, rest) = hash_line(rest, b"from ").ok_or(DeltaError::Form)?;
    let (to, rest) = hash_line(rest, b"to ").ok_or(DeltaError::Form)?;
    if hex::encode(&from) != old.digest() {
        return Err(DeltaError::OtherBase);
    }
    let made = rebuilt(old, rest).ok_or(DeltaError::Form)?;
    let hash: [u8; 32] = Sha256::digest(&made).into();
    if hash == to { Ok(made) } else { Err(DeltaError::OtherResult) }
}

fn hash_line<'a>(bytes: &'a [u8], name: &[u8]) -> Option<([u8; 32], &'a [u8])> {
    let (digits, rest) = bytes.strip_prefix(name)?.split_at_checked(64)?;
    Some((hex::decode(str::from_utf8(digits).ok()?)?, rest.strip_prefix(b"\n")?))
}

fn rebuilt(old: &Extract, body: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor(body);
    let head = cursor.bytes()?;
    let table = cursor.bytes()?;
    let gone = cursor.varint()?.checked_mul(16)?;
    let gone: &[[u8; 16]] = cursor.take(gone)?.as_chunks().0;
    let puts = cursor.varint()?;

    let shapes = read_table(table)?;
    let numbers = renumbered(old, shapes.iter().map(|(place, _)| table.get(place.clone()).unwrap_or_default()));
    let mut made = Made::default();
    let mut olds = old.keys().iter().enumerate().peekable();
    let mut gone = gone.iter().peekable();
    let mut keep = |made: &mut Made, (place, key): (usize, &[u8; 16])| {
        if gone.next_if_eq(&key).is_some() {
            return Some(());
        }
        old.row_renumbered(place, &numbers, &mut made.rows)?;
        made.end_row(*key)
    };
    for _ in 0..puts {
        let key: [u8; 16] = cursor.take(16)?.try_into().ok()?;
        let row = cursor.bytes()?;
        while let Some(before) = olds.next_if(|(_, old)| **old < key) {
            keep(&mut made, before)?;
        }
        olds.next_if(|(_, old)| **old == key);
        made.rows.extend(row);
        made.end_row(key)?;
    }
    olds.try_for_each(|row| keep(&mut made, row))?;
    cursor.0.is_empty().then(|| made.file(head, table))
}

/// The parts of a body in the making.
#[derive(Default)]
struct Made {
    keys: Vec<u8>,
    offsets: Vec<u8>,
    rows: Vec<u8>,
}

impl Made {
    fn end_row(&mut self, key: [u8; 16]) -> Option<()> {
        self.keys.extend(key);
        self.offsets.extend(u64::try_from(self.rows.len()).ok()?.to_le_bytes());
        Some(())
    }

    fn file(self, head: &[u8], table: &[u8]) -> Vec<u8> {
        let table_len = (table.len() as u64).to_le_bytes();
        [head, &self.keys, &0_u64.to_le_bytes(), &self.offsets, &table_len, table, &self.rows].concat()
    }
}

/// Why a delta makes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeltaError {
    /// The file does not begin as a delta does.
    NotADelta,
    /// It cannot be read.
    Form,
    /// It is for another extract than the one given.
    OtherBase,
    /// What comes out is not the extract it was made for.
    OtherResult,
}

impl fmt::Display for DeltaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeltaError::NotADelta => "this is not a delta between extracts",
            DeltaError::Form => "the delta cannot be read",
            DeltaError::OtherBase => "the delta is for another extract than this one",
            DeltaError::OtherResult => "the delta does not give the extract it was made for",
        })
    }
}

impl DeltaError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            DeltaError::NotADelta => "check the path: a delta begins with the line `bezwaar-delta/1`",
            DeltaError::OtherBase => "use the extract the delta names after `from`, or copy the new extract whole",
            DeltaError::Form | DeltaError::OtherResult => "copy the delta again, or copy the new extract whole",
        }
    }
}

impl std::error::Error for DeltaError {}
