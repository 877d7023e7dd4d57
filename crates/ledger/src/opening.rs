//! Commitments and their openings: the hash on the ledger, and what shows what it stands for.
//!
//! A commitment is SHA-256(domain ‖ salt ‖ body), with a salt of 32 random bytes of its own: nobody finds out what an entry says
//! by trying out bodies. Whoever has the opening (salt and body) can check the entry. Openings are personal data.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::entry::{Entry, EntryKind};
use crate::event::{Event, EventError};
use crate::expanded::BODY_BYTES_MAX;
use crate::json::{NUMBER_MAX, Reader, put_hex, put_number, put_text};
use crate::tlog::Hash;

/// The name of the file format of openings, JSON Lines: a [header](OpeningsHeader), then one [opening](Opening) a line.
pub const OPENINGS_FORMAT: &str = "bezwaar-openings/1";
/// The most bytes a line of such a file may take: a body, and what stands around it.
pub const OPENING_LINE_BYTES_MAX: usize = BODY_BYTES_MAX + 256;
/// The longest origin, in bytes, a header may name.
pub const ORIGIN_BYTES_MAX: usize = 256;

/// 32 random bytes that belong to one commitment. Whoever knows them can try out bodies, so `Debug` does not show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt with these bytes, which must be random and used once.
    pub fn from_bytes(bytes: [u8; 32]) -> Salt {
        Salt(bytes)
    }

    /// Its bytes.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// What is hashed before the salt, so that no body of one kind can pass for one of another. `None`: the kind is not salted.
fn domain(kind: EntryKind) -> Option<&'static [u8]> {
    Some(match kind {
        EntryKind::Choice => b"bezwaar choice v1\0",
        EntryKind::Confirmation => b"bezwaar confirmation v1\0",
        EntryKind::Void => b"bezwaar void v1\0",
        EntryKind::Tombstone => b"bezwaar tombstone v1\0",
        EntryKind::Policy | EntryKind::Extract | EntryKind::Seal | EntryKind::Key | EntryKind::Countersignature => return None,
    })
}

/// The salted commitment to a body. `None`: entries of this kind are not salted.
pub fn commit(kind: EntryKind, salt: &Salt, body: &[u8]) -> Option<Hash> {
    let hash = Sha256::new().chain_update(domain(kind)?).chain_update(salt.0).chain_update(body);
    Some(hash.finalize().into())
}

/// The hash of an unsalted entry: SHA-256 of the document. `None`: entries of this kind are salted.
pub fn document_hash(kind: EntryKind, document: &[u8]) -> Option<Hash> {
    (!kind.is_salted()).then(|| Sha256::digest(document).into())
}

/// What opens an entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The place of the entry in the ledger.
    pub index: u64,
    /// The kind of the entry.
    pub kind: EntryKind,
    /// The salt.
    pub salt: Salt,
    /// The bytes of the event.
    pub body: Vec<u8>,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({} {}, …)", self.kind.as_str(), self.index)
    }
}

impl Opening {
    /// The opening in the form a vault keeps: salt ‖ body.
    pub fn to_sealed(&self) -> Vec<u8> {
        [self.salt.0.as_slice(), &self.body].concat()
    }

    /// Reads the form a vault keeps.
    pub fn from_sealed(index: u64, kind: EntryKind, sealed: &[u8]) -> Result<Opening, OpeningError> {
        let (salt, body) = sealed.split_first_chunk::<32>().ok_or(OpeningError::Form)?;
        if body.len() > BODY_BYTES_MAX {
            return Err(OpeningError::TooLong);
        }
        Ok(Opening { index, kind, salt: Salt(*salt), body: body.to_vec() })
    }

    /// The event, if the body is in its one form.
    pub fn event(&self) -> Result<Event, EventError> {
        Event::from_bytes(self.kind, &self.body)
    }

    /// What the hash of its entry must be.
    pub fn commitment(&self) -> Option<Hash> {
        commit(self.kind, &self.salt, &self.body)
    }

    /// Checks that it opens this entry.
    pub fn verify(&self, entry: &Entry) -> Result<(), OpeningError> {
        if self.kind != entry.kind {
            return Err(OpeningError::Kind);
        }
        if self.commitment() == Some(entry.hash) { Ok(()) } else { Err(OpeningError::Commitment) }
    }

    /// Appends its line of a file of openings. The body must be an event's.
    pub fn put_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"body\":");
        out.extend_from_slice(&self.body);
        out.extend_from_slice(b",\"index\":");
        put_number(self.index, out);
        out.extend_from_slice(b",\"kind\":");
        put_text(self.kind.as_str(), out);
        out.extend_from_slice(b",\"salt\":");
        put_hex(&self.salt.0, out);
        out.extend_from_slice(b"}\n");
    }

    /// Reads a line of a file of openings, without its line feed. The body is taken as it is: [`Opening::event`] reads it.
    pub fn from_line(line: &str) -> Result<Opening, OpeningError> {
        if line.len() > OPENING_LINE_BYTES_MAX {
            return Err(OpeningError::TooLong);
        }
        Opening::read_line(line).ok_or(OpeningError::Form)
    }

    fn read_line(line: &str) -> Option<Opening> {
        const INDEX: &str = ",\"index\":";
        let rest = line.strip_prefix("{\"body\":")?;
        // What follows the body holds no text that could be taken for this, so the last one is the right one.
        let (body, after) = rest.split_at_checked(rest.rfind(INDEX)?)?;
        let mut reader = Reader::new(after);
        reader.literal(INDEX)?;
        let index = reader.number()?;
        reader.literal(",\"kind\":")?;
        let word = reader.text()?;
        let kind = EntryKind::ALL.into_iter().find(|kind| kind.as_str() == word && kind.is_salted())?;
        reader.literal(",\"salt\":")?;
        let salt = Salt(reader.hex()?);
        reader.literal("}")?;
        reader.end()?;
        let object = body.len() <= BODY_BYTES_MAX && body.starts_with('{') && body.ends_with('}') && !body.contains('\n');
        object.then(|| Opening { index, kind, salt, body: body.as_bytes().to_vec() })
    }
}

/// The first line of a file of openings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningsHeader {
    /// The origin of the ledger.
    pub origin: String,
    /// How many entries the ledger has that these are the openings of.
    pub size: u64,
}

impl OpeningsHeader {
    /// Its line, with its line feed.
    pub fn to_line(&self) -> String {
        let mut out = format!("{{\"format\":\"{OPENINGS_FORMAT}\",\"origin\":").into_bytes();
        put_text(&self.origin, &mut out);
        out.extend_from_slice(b",\"size\":");
        put_number(self.size, &mut out);
        out.extend_from_slice(b"}\n");
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Reads the line, without its line feed.
    pub fn from_line(line: &str) -> Result<OpeningsHeader, OpeningError> {
        OpeningsHeader::read(line).ok_or(OpeningError::NotOpenings)
    }

    fn read(line: &str) -> Option<OpeningsHeader> {
        let mut reader = Reader::new(line);
        reader.literal("{\"format\":\"")?;
        reader.literal(OPENINGS_FORMAT)?;
        reader.literal("\",\"origin\":")?;
        let origin = reader.text()?.into_owned();
        reader.literal(",\"size\":")?;
        let size = reader.number()?;
        reader.literal("}")?;
        reader.end()?;
        (origin.len() <= ORIGIN_BYTES_MAX && size <= NUMBER_MAX).then_some(OpeningsHeader { origin, size })
    }
}

/// The lines of a file of openings, one by one, so that a file larger than memory can be read.
#[derive(Clone, Debug)]
pub struct OpeningLines {
    header: OpeningsHeader,
    next: u64,
}

impl OpeningLines {
    /// Begins with the first line.
    pub fn begin(first_line: &str) -> Result<OpeningLines, OpeningError> {
        Ok(OpeningLines { header: OpeningsHeader::from_line(first_line)?, next: 0 })
    }

    /// What the first line says.
    pub fn header(&self) -> &OpeningsHeader {
        &self.header
    }

    /// Reads the next line. Indexes must rise and lie within the ledger.
    pub fn line(&mut self, line: &str) -> Result<Opening, OpeningError> {
        let opening = Opening::from_line(line)?;
        if opening.index < self.next || opening.index >= self.header.size {
            return Err(OpeningError::Order);
        }
        self.next = opening.index + 1;
        Ok(opening)
    }
}

/// What is wrong with an opening. It never holds its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningError {
    /// The first line is not that of a file of openings.
    NotOpenings,
    /// Not in the one form openings have.
    Form,
    /// Over a limit.
    TooLong,
    /// Out of order, a second time, or beyond the end of the ledger.
    Order,
    /// Of another kind than the entry.
    Kind,
    /// It does not give the hash that stands in the entry.
    Commitment,
}

impl fmt::Display for OpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OpeningError::NotOpenings => "this is not a file of openings",
            OpeningError::Form => "an opening is not in the one form openings have",
            OpeningError::TooLong => "an opening takes more bytes than one may",
            OpeningError::Order => "an opening is out of order, or beyond the end of the ledger",
            OpeningError::Kind => "an opening is of another kind than the entry",
            OpeningError::Commitment => "an opening does not give the hash that stands in the entry",
        })
    }
}

impl OpeningError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            OpeningError::NotOpenings => "check the path: the first line of a file of openings names `bezwaar-openings/1`",
            OpeningError::Form | OpeningError::TooLong | OpeningError::Order => "do not use it; have the register write the openings again",
            OpeningError::Kind | OpeningError::Commitment => {
                "the ledger and the vault disagree: stop the register, keep both, and find out which was changed"
            }
        }
    }
}

impl std::error::Error for OpeningError {}
