//! Row proofs: that an extract has a row, without the extract.
//!
//! A person is shown the acts an extract holds about them, and that these are the ones it was made with: the head the operator signed
//! names the root over all rows. Whose row it is, the subject key says to whoever has the keys; which act a receipt is about, its id.

use std::fmt;

use bezwaar_core::acts::HeldAct;

use super::header::ExtractHeader;
use super::rows::{ROW_BYTES_MAX, walk_in_full};
use super::signer::verify;
use super::{Extract, ExtractError, HEADER_BYTES_MAX};
use crate::hex;
use crate::json::{Reader, put_hex, put_list, put_number, put_text};
use crate::key::SubjectKey;
use crate::tlog::note::VerifierKey;
use crate::tlog::proof::{INCLUSION_HASHES_MAX, MemoryTree, ProofError, inclusion_proof, verify_inclusion};
use crate::tlog::{Hash, leaf_hash};

/// The name of the format.
pub const ROW_FORMAT: &str = "bezwaar-row/1";
/// The longest file of a row proof, in bytes.
pub const ROW_PROOF_BYTES_MAX: usize = 2 * ROW_BYTES_MAX + 2 * HEADER_BYTES_MAX;

/// Makes row proofs of one extract. It takes 64 bytes a row.
#[derive(Debug)]
pub struct RowProver<'a> {
    extract: &'a Extract,
    head: String,
    tree: MemoryTree,
}

impl<'a> RowProver<'a> {
    /// Reads all rows of a signed extract, and checks that they are the ones its header stands for.
    pub fn new(extract: &'a Extract) -> Result<RowProver<'a>, ExtractError> {
        let head = extract.note().ok_or(ExtractError::Unsigned)?.to_string();
        let mut tree = MemoryTree::new();
        for row in 0..extract.len() {
            tree.push_hash(leaf_hash(&extract.leaf(row)?));
        }
        let same = hex::encode(&tree.root()) == extract.header().rows_root;
        if same { Ok(RowProver { extract, head, tree }) } else { Err(ExtractError::RowsRoot) }
    }

    /// The proof of a row.
    pub fn prove(&self, row: usize) -> Result<RowProof, ExtractError> {
        let leaf = self.extract.leaf(row)?;
        let hashes = inclusion_proof(&self.tree, row as u64, self.extract.len() as u64).map_err(|_| ExtractError::NoRow { row })?;
        Ok(RowProof { head: self.head.clone(), hashes, leaf, row: row as u64 })
    }
}

/// A row of a signed extract, and the proof that it is one. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct RowProof {
    /// The head as a signed note.
    head: String,
    hashes: Vec<Hash>,
    /// Subject key ‖ row in full.
    leaf: Vec<u8>,
    row: u64,
}

impl fmt::Debug for RowProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowProof(row {}, …)", self.row)
    }
}

/// What a row proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenRow {
    /// What the extract says of itself.
    pub header: ExtractHeader,
    /// The place of the row.
    pub row: u64,
    /// Whose row it is.
    pub key: SubjectKey,
    /// The acts in it.
    pub acts: Vec<HeldAct>,
}

impl ProvenRow {
    /// Whether an act with this id stands in the row. Ids are unique in a register, and the id is part of what a receipt's entry commits
    /// to: so it ties the row to that entry.
    pub fn cites(&self, id: &str) -> bool {
        self.acts.iter().any(|act| act.id == id)
    }
}

impl RowProof {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{{\"format\":\"{ROW_FORMAT}\",\"hashes\":").into_bytes();
        put_list(&self.hashes, &mut out, |hash, out| put_hex(hash, out));
        out.extend_from_slice(b",\"head\":");
        put_text(&self.head, &mut out);
        out.extend_from_slice(b",\"leaf\":");
        put_hex(&self.leaf, &mut out);
        out.extend_from_slice(b",\"row\":");
        put_number(self.row, &mut out);
        out.push(b'}');
        out
    }

    /// Reads the file, in its one form. It verifies nothing.
    pub fn from_bytes(bytes: &[u8]) -> Result<RowProof, RowProofError> {
        if bytes.len() > ROW_PROOF_BYTES_MAX {
            return Err(RowProofError::Form);
        }
        let text = str::from_utf8(bytes).map_err(|_| RowProofError::Form)?;
        RowProof::read(&mut Reader::new(text)).ok_or(RowProofError::Form)
    }

    fn read(reader: &mut Reader<'_>) -> Option<RowProof> {
        reader.literal("{\"format\":\"")?;
        reader.literal(ROW_FORMAT)?;
        reader.literal("\",\"hashes\":")?;
        let hashes = reader.list(Reader::hex)?;
        reader.literal(",\"head\":")?;
        let head = reader.text()?.into_owned();
        reader.literal(",\"leaf\":")?;
        let leaf = hex::decode_all(&reader.text()?)?;
        reader.literal(",\"row\":")?;
        let row = reader.number()?;
        reader.literal("}")?;
        reader.end()?;
        (hashes.len() <= INCLUSION_HASHES_MAX).then_some(RowProof { head, hashes, leaf, row })
    }

    /// Checks signature, root and row.
    pub fn verify(&self, operators: &[VerifierKey]) -> Result<ProvenRow, RowProofError> {
        let head = format!("{}\n", self.head);
        let (header, note, len) = ExtractHeader::from_head(head.as_bytes()).map_err(RowProofError::Head)?;
        if len != head.len() {
            return Err(RowProofError::Form);
        }
        verify(&header, note.as_ref(), operators).map_err(RowProofError::Head)?;
        let root = hex::decode(&header.rows_root).ok_or(RowProofError::Form)?;
        verify_inclusion(&leaf_hash(&self.leaf), self.row, header.people, &self.hashes, &root).map_err(RowProofError::Proof)?;
        let (key, row) = self.leaf.split_first_chunk().ok_or(RowProofError::Row)?;
        let mut acts = Vec::new();
        let walked = walk_in_full(row, |act| {
            acts.push(act.to_act()?);
            Some(())
        });
        walked.filter(|()| !acts.is_empty()).ok_or(RowProofError::Row)?;
        Ok(ProvenRow { header, row: self.row, key: SubjectKey(*key), acts })
    }
}

/// Why a row proof shows nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum RowProofError {
    /// Not a row proof, or not in the one form row proofs have.
    Form,
    /// The head cannot be read, or is not signed by a key that was given.
    Head(ExtractError),
    /// The row is not under the root the head names.
    Proof(ProofError),
    /// The row is under the root, and cannot be read.
    Row,
}

impl fmt::Display for RowProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RowProofError::Form => "this is not a row proof in the form row proofs have",
            RowProofError::Head(_) => "the head in the row proof does not count",
            RowProofError::Proof(_) => "the row is not one of the extract the proof names",
            RowProofError::Row => "the row of the proof cannot be read",
        })
    }
}

impl RowProofError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            RowProofError::Form | RowProofError::Proof(_) => {
                "ask for the proof again; if it comes the same, it does not show what it claims"
            }
            RowProofError::Head(error) => error.help(),
            RowProofError::Row => "do not rely on it; the program that made the extract does not keep to the format",
        }
    }
}

impl std::error::Error for RowProofError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RowProofError::Head(error) => Some(error),
            RowProofError::Proof(error) => Some(error),
            RowProofError::Form | RowProofError::Row => None,
        }
    }
}
