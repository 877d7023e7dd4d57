//! The list of subjects a recipient gets with a release: every account with the proof of its place, so that the root can be made again.
//! **Personal data.**
//!
//! JSON Lines: a header that says of which release, then one line for each account, in the order of their bytes. `spec/release.md` has the bytes.

use std::fmt;
use std::io::{self, BufRead};

use bezwaar_core::account::Account;
use sha2::{Digest, Sha256};

use super::Seal;
use crate::hex;
use crate::json::{Reader, put_hex, put_number, put_text};
use crate::subject_tree::{SubjectIndex, SubjectRoot, SubjectTree};
use crate::tlog::Hash;
use crate::vrf::{IndexPublicKey, PROOF_BYTES, VrfProof};

/// The name of the format.
pub const SUBJECT_LIST_FORMAT: &str = "bezwaar-subjects/1";
/// The longest line, in bytes.
pub const SUBJECT_LIST_LINE_BYTES_MAX: usize = 1 << 15;

/// The first line of such a list, for a release.
pub fn put_subject_list_header(seal: &Seal, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"count\":");
    put_number(seal.subjects.count, out);
    out.extend_from_slice(b",\"format\":");
    put_text(SUBJECT_LIST_FORMAT, out);
    out.extend_from_slice(b",\"index_key\":");
    put_hex(&seal.subjects.index_key, out);
    out.extend_from_slice(b",\"release_id\":");
    put_text(&seal.release_id(), out);
    out.extend_from_slice(b"}\n");
}

/// A line for an account.
pub fn put_subject(account: &str, place: &VrfProof, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"account\":");
    put_text(account, out);
    out.extend_from_slice(b",\"place\":");
    put_hex(place.as_bytes(), out);
    out.extend_from_slice(b"}\n");
}

/// What a list comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuiltSubjects {
    /// How many subjects there are.
    pub count: u64,
    /// The root of their tree.
    pub root: SubjectRoot,
    /// SHA-256 of the accounts, each with a line feed: of the list the gate makes from the files of the release.
    pub accounts_sha256: Hash,
}

impl RebuiltSubjects {
    /// Whether they are the ones of a seal.
    pub fn are_of(&self, seal: &Seal) -> bool {
        (self.count, self.root) == (seal.subjects.count, seal.subjects.root)
    }
}

/// Makes the root again from a list, under the release id and index key of a seal, never those the list names. Every place is verified.
///
/// Whether the accounts are those of the files, `accounts_sha256` says to whoever has made the list of the files.
pub fn rebuild_subjects(seal: &Seal, mut list: impl BufRead) -> Result<RebuiltSubjects, SubjectListError> {
    let key = IndexPublicKey::from_bytes(&seal.subjects.index_key).map_err(|_| SubjectListError::OtherRelease)?;
    let (mut line, mut expected) = (Vec::new(), Vec::new());
    put_subject_list_header(seal, &mut expected);
    read_line(&mut list, &mut line)?;
    if line != expected {
        return Err(SubjectListError::OtherRelease);
    }
    let (release_id, mut last, mut number) = (seal.release_id(), String::new(), 1_u64);
    let (mut indexes, mut accounts) = (Vec::new(), Sha256::new());
    loop {
        read_line(&mut list, &mut line)?;
        number += 1;
        if line.is_empty() {
            break;
        }
        let (account, place) = read_subject(&line).ok_or(SubjectListError::Line { line: number })?;
        let account = account.expose_canonical();
        if account <= last.as_str() {
            return Err(SubjectListError::Order { line: number });
        }
        let output = key.verify(account.as_bytes(), &place).map_err(|_| SubjectListError::Place { line: number })?;
        indexes.push(SubjectIndex::derive(&release_id, &output));
        accounts.update(account);
        accounts.update(b"\n");
        account.clone_into(&mut last);
    }
    let tree = SubjectTree::build(indexes);
    Ok(RebuiltSubjects { count: tree.len(), root: tree.root(), accounts_sha256: accounts.finalize().into() })
}

fn read_line(list: &mut impl BufRead, line: &mut Vec<u8>) -> Result<(), SubjectListError> {
    use std::io::Read as _;
    line.clear();
    list.take(SUBJECT_LIST_LINE_BYTES_MAX as u64 + 1).read_until(b'\n', line).map(drop).map_err(SubjectListError::Read)
}

fn read_subject(line: &[u8]) -> Option<(Account, VrfProof)> {
    let mut reader = Reader::new(str::from_utf8(line).ok()?.strip_suffix('\n')?);
    reader.literal("{\"account\":")?;
    let account = Account::from_canonical(&reader.text()?)?;
    reader.literal(",\"place\":")?;
    let place: [u8; PROOF_BYTES] = hex::decode(&reader.text()?)?;
    reader.literal("}")?;
    reader.end()?;
    let place = VrfProof::from_bytes(&place).ok()?;
    let mut again = Vec::new();
    put_subject(account.expose_canonical(), &place, &mut again);
    (again == line).then_some((account, place))
}

/// What is wrong with a list of subjects. It names lines, and nobody.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubjectListError {
    /// It could not be read.
    Read(io::Error),
    /// It is not the list of this release.
    OtherRelease,
    /// A line is not in the one form it has.
    Line {
        /// The line, from 1.
        line: u64,
    },
    /// A line is not after the one before it.
    Order {
        /// The line, from 1.
        line: u64,
    },
    /// The place of an account is not shown.
    Place {
        /// The line, from 1.
        line: u64,
    },
}

impl fmt::Display for SubjectListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubjectListError::Read(_) => f.write_str("the list of subjects could not be read"),
            SubjectListError::OtherRelease => f.write_str("this is not the list of subjects of this release"),
            SubjectListError::Line { line } => write!(f, "line {line} of the list of subjects is not in the one form it has"),
            SubjectListError::Order { line } => write!(f, "line {line} of the list of subjects is not in order"),
            SubjectListError::Place { line } => write!(f, "line {line} of the list of subjects does not show its place"),
        }
    }
}

impl SubjectListError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            SubjectListError::Read(_) => "see the cause, and try again",
            _ => "get the list again from the operator; if it is the same, do not sign that the release was rebuilt",
        }
    }
}

impl std::error::Error for SubjectListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SubjectListError::Read(error) => Some(error),
            _ => None,
        }
    }
}
