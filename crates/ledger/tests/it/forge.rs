//! Extracts put together by hand, with all hashes right and anything else as wrong as a test wants it.

use bezwaar_ledger::extract::{Extract, ExtractHeader};
use sha2::{Digest, Sha256};

use crate::made_up::{small, written};

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header line and the body of an extract.
pub(crate) fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
    let (_, header, _) = (lines.next().unwrap(), lines.next().unwrap(), lines.next().unwrap());
    (String::from_utf8(header.to_vec()).unwrap(), lines.next().unwrap().to_vec())
}

/// An extract of a header line and a body, with the right hash of the head.
pub(crate) fn join(header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("bezwaar-extract/1\n{header}\n").into_bytes();
    let hash = hex(&Sha256::digest(&bytes));
    bytes.extend(format!("sha256 {hash}\n").into_bytes());
    bytes.extend(body);
    bytes
}

/// A body with its right hash under a header that is else the given one.
pub(crate) fn with_body(header: &ExtractHeader, body: &[u8]) -> Vec<u8> {
    let header = ExtractHeader { body_sha256: hex(&Sha256::digest(body)), ..header.clone() };
    join(&serde_json::to_string(&header).unwrap(), body)
}

/// The small extract with one field of its header written in another way.
pub(crate) fn with_field(field: &str, value: impl ToString) -> Vec<u8> {
    let (line, body) = split(&written(&small()).1);
    let start = line.find(&format!("\"{field}\":")).unwrap() + field.len() + 3;
    let after = FIELDS.iter().position(|known| *known == field).and_then(|place| FIELDS.get(place + 1));
    let end = after.map_or(line.len() - 1, |after| line.find(&format!(",\"{after}\":")).unwrap());
    join(&format!("{}{}{}", &line[..start], value.to_string(), &line[end..]), &body)
}

/// The fields of a header in their order.
const FIELDS: [&str; 15] = [
    "format",
    "key_id",
    "normaliser",
    "services",
    "through",
    "covers",
    "canaries",
    "expires_at",
    "people",
    "acts",
    "provisional",
    "rows_root",
    "body_sha256",
    "signed",
    "checkpoint",
];

/// A body from its parts. Keys are 0, 1, 2 … unless given.
pub(crate) struct Parts {
    pub(crate) keys: Vec<[u8; 16]>,
    pub(crate) offsets: Vec<u64>,
    pub(crate) table: Vec<u8>,
    pub(crate) table_len: u64,
    pub(crate) rows: Vec<u8>,
}

impl Parts {
    pub(crate) fn new(table: &[u8], rows: &[&[u8]]) -> Parts {
        let keys = (0..rows.len() as u128).map(u128::to_be_bytes).collect();
        let ends = rows.iter().scan(0, |end, row| {
            *end += row.len() as u64;
            Some(*end)
        });
        let offsets = std::iter::once(0).chain(ends).collect();
        Parts { keys, offsets, table: table.to_vec(), table_len: table.len() as u64, rows: rows.concat() }
    }

    /// The extract of these parts, whose header says nothing true of acts and root.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut body = self.keys.concat();
        body.extend(self.offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        body.extend(self.table_len.to_le_bytes());
        body.extend(&self.table);
        body.extend(&self.rows);
        let (header, _) = written(&small());
        let people = self.keys.len() as u64;
        with_body(&ExtractHeader { people, acts: people, ..header }, &body)
    }

    pub(crate) fn read(&self) -> Result<Extract, bezwaar_ledger::extract::ExtractError> {
        Extract::from_bytes(self.bytes())
    }
}
