//! The extract: the acts through a moment, by subject key. It is the gate's only view of what people said.
//!
//! It holds *acts, not states*: the gate judges them with the functions that judge choices anywhere else. It names no account
//! and no item in clear, and links are worked out before it is written. Its bytes are laid down in `spec/extract.md`; the same
//! acts, keys and options always give the same bytes.
//!
//! What keeps a mismatch from passing for "no objection": the header names the key, the normaliser, the rules of the services
//! (for [`Extract::check_services`]), the services and kinds the extract [covers](Cover), and [canaries](Canary) that
//! [`Extract::check_keys`] computes anew.
//!
//! An extract and its key together are a guessable list of people: they belong to the controller and its processors only.

mod delta;
mod error;
mod header;
mod read;
mod row_proof;
mod rows;
mod signer;
mod write;

pub use delta::{DELTA_FORMAT, DeltaError, apply_delta, write_delta};
pub use error::ExtractError;
pub use header::{
    CANARIES, CANARIES_MAX, Canary, Cover, ExtractCheckpoint, ExtractHeader, FORMAT, HEADER_BYTES_MAX, SIGNATURE_LINE_BYTES_MAX,
    services_digest,
};
pub use read::Extract;
pub use row_proof::{ProvenRow, ROW_FORMAT, ROW_PROOF_BYTES_MAX, RowProof, RowProofError, RowProver};
pub use rows::ROW_BYTES_MAX;
pub use signer::Signer;
pub use write::{ExtractOptions, write_extract, write_signed_extract};

/// The most people one extract can hold.
pub const PEOPLE_MAX: u64 = u32::MAX as u64;
/// What the name of an operator's key has after the name of the ledger.
pub const OPERATOR_SUFFIX: &str = "/operator";
