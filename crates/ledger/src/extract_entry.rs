//! The entry of an extract: a document that names the extract by its hash and says, in clear, through when it goes.
//!
//! Whoever holds the extract can make the document from it ([`ExtractEntry::of`]) and so find the entry. It is personal of nobody. `spec/ledger.md`
//! has its bytes: an object of [RFC 8785](https://www.rfc-editor.org/rfc/rfc8785) with all fields of [`ExtractEntry`] and `"v":1`.

use std::fmt;

use bezwaar_core::time::Instant;

use crate::extract::{Extract, ExtractHeader};
use crate::hex;
use crate::json::{NUMBER_MAX, Reader, put_hex, put_instant, put_number, put_text};
use crate::tlog::Hash;

/// The longest document of an extract's entry, in bytes.
pub const EXTRACT_ENTRY_BYTES_MAX: usize = 1024;

const VERSION: u64 = 1;
const KEY_ID_DIGITS: usize = 16;

/// What the ledger says of an extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractEntry {
    /// The public id of the keys it was made with.
    pub key_id: String,
    /// How many of its acts are provisional.
    pub provisional: u64,
    /// SHA-256 of the file.
    pub sha256: Hash,
    /// How many entries of the ledger it was made from.
    pub size: u64,
    /// It has every act that counts from this moment or earlier.
    pub through: Instant,
}

impl ExtractEntry {
    /// What the ledger must say of an extract. `None`: it was made from no ledger.
    pub fn of(extract: &Extract) -> Option<ExtractEntry> {
        ExtractEntry::of_header(extract.header(), hex::decode(extract.digest())?)
    }

    /// As [`ExtractEntry::of`], from what an extract says of itself and SHA-256 of its file.
    pub fn of_header(header: &ExtractHeader, sha256: Hash) -> Option<ExtractEntry> {
        let size = header.checkpoint.as_ref()?.size;
        Some(ExtractEntry { key_id: header.key_id.clone(), provisional: header.provisional, sha256, size, through: header.through })
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ExtractEntryError> {
        let good = hex::is_hex(&self.key_id, KEY_ID_DIGITS) && self.size <= NUMBER_MAX && self.provisional <= NUMBER_MAX;
        let mut out = b"{\"key_id\":".to_vec();
        put_text(&self.key_id, &mut out);
        out.extend_from_slice(b",\"provisional\":");
        put_number(self.provisional, &mut out);
        out.extend_from_slice(b",\"sha256\":");
        put_hex(&self.sha256, &mut out);
        out.extend_from_slice(b",\"size\":");
        put_number(self.size, &mut out);
        out.extend_from_slice(b",\"through\":");
        put_instant(self.through, &mut out).filter(|()| good).ok_or(ExtractEntryError)?;
        out.extend_from_slice(b",\"v\":");
        put_number(VERSION, &mut out);
        out.push(b'}');
        Ok(out)
    }

    /// Reads the document, in its one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<ExtractEntry, ExtractEntryError> {
        if bytes.len() > EXTRACT_ENTRY_BYTES_MAX {
            return Err(ExtractEntryError);
        }
        let text = str::from_utf8(bytes).map_err(|_| ExtractEntryError)?;
        let entry = ExtractEntry::read(&mut Reader::new(text)).ok_or(ExtractEntryError)?;
        if entry.to_bytes()? == bytes { Ok(entry) } else { Err(ExtractEntryError) }
    }

    fn read(reader: &mut Reader<'_>) -> Option<ExtractEntry> {
        reader.literal("{\"key_id\":")?;
        let key_id = reader.text()?.into_owned();
        reader.literal(",\"provisional\":")?;
        let provisional = reader.number()?;
        reader.literal(",\"sha256\":")?;
        let sha256 = reader.hex()?;
        reader.literal(",\"size\":")?;
        let size = reader.number()?;
        reader.literal(",\"through\":")?;
        let through = reader.instant()?;
        reader.literal(",\"v\":")?;
        reader.number().filter(|version| *version == VERSION)?;
        reader.literal("}")?;
        reader.end()?;
        Some(ExtractEntry { key_id, provisional, sha256, size, through })
    }
}

/// Bytes that are not the document of an extract's entry, or numbers that cannot stand in one. On a ledger an integrity failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractEntryError;

impl fmt::Display for ExtractEntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the ledger says of an extract is not in the one form it has")
    }
}

impl ExtractEntryError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "do not use it; the bytes are not as a register writes them: restore them from a copy"
    }
}

impl std::error::Error for ExtractEntryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_form() {
        let entry = ExtractEntry {
            key_id: "3e0511b213a13d81".to_owned(),
            provisional: 2,
            sha256: [7; 32],
            size: 12,
            through: Instant::parse("2026-02-01T09:00:00Z").unwrap(),
        };
        let bytes = entry.to_bytes().unwrap();
        let digits = "07".repeat(32);
        let expected = format!(
            r#"{{"key_id":"3e0511b213a13d81","provisional":2,"sha256":"{digits}","size":12,"through":"2026-02-01T09:00:00Z","v":1}}"#
        );
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        assert_eq!(ExtractEntry::from_bytes(&bytes), Ok(entry.clone()));
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_ne!(ExtractEntry::from_bytes(&other), Ok(entry.clone()), "byte {place}");
            assert_eq!(ExtractEntry::from_bytes(&bytes[..place]), Err(ExtractEntryError));
        }
        let spaced = expected.replace(":12,", ": 12,");
        assert_eq!(ExtractEntry::from_bytes(spaced.as_bytes()), Err(ExtractEntryError));
        assert_eq!(ExtractEntry::from_bytes(expected.replace("\"v\":1", "\"v\":2").as_bytes()), Err(ExtractEntryError));
        assert_eq!(ExtractEntry { key_id: "x".to_owned(), ..entry.clone() }.to_bytes(), Err(ExtractEntryError));
        assert!(ExtractEntry { size: NUMBER_MAX, ..entry.clone() }.to_bytes().is_ok());
        assert_eq!(ExtractEntry { size: NUMBER_MAX + 1, ..entry }.to_bytes(), Err(ExtractEntryError));
    }
}
