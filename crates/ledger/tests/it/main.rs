//! Tests of the crate as its users see it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test stops when something is not as it must be")]

mod absence;
mod acceptance;
mod forge;
mod golden;
mod hostile;
mod key;
mod limits;
mod made_up;
mod openings;
mod receipts;
mod releases;
mod replay;
mod round_trip;
mod rows_and_deltas;
mod signed;
mod subject_tree;
mod tlog;
mod tlog_checkpoint;
mod tlog_note;
mod tlog_policy;
mod tlog_proof;
mod tlog_proof_file;
mod tlog_tile;
mod tlog_witness;
mod tlog_world;
mod vrf;
