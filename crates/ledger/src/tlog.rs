//! What transparency ledgers have in common: trees, proofs, signed notes, checkpoints, tiles, trust policies, proof files and witnesses.
//!
//! It knows nothing of what a leaf says, and needs no disk, no network, no clock and no randomness: those who call it bring bytes,
//! keys and times. The words and formats are the field's:
//!
//! | module | specification | what it has |
//! |---|---|---|
//! | (here) | [RFC 6962 §2.1](https://www.rfc-editor.org/rfc/rfc6962#section-2.1) | [`leaf_hash`], [`node_hash`], [`RootBuilder`] |
//! | [`proof`] | [RFC 9162 §2.1.3–2.1.4](https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3) | inclusion and consistency proofs |
//! | [`note`] | [c2sp.org/signed-note](https://c2sp.org/signed-note) | keys, and texts that keys have signed |
//! | [`checkpoint`] | [c2sp.org/tlog-checkpoint](https://c2sp.org/tlog-checkpoint) | the signed tree head |
//! | [`cosignature`] | [c2sp.org/tlog-cosignature](https://c2sp.org/tlog-cosignature) | what a witness signs |
//! | [`tile`] | [c2sp.org/tlog-tiles](https://c2sp.org/tlog-tiles) | the tree and its entries as static files |
//! | [`policy`] | [c2sp.org/tlog-policy](https://c2sp.org/tlog-policy) | whose signatures a checkpoint needs |
//! | [`proof_file`] | [c2sp.org/tlog-proof](https://c2sp.org/tlog-proof) | an inclusion proof with its checkpoint, in one file |
//! | [`witness`] | [c2sp.org/tlog-witness](https://c2sp.org/tlog-witness) | what a witness is asked, and what it answers |
//!
//! A word on words: a *ledger* is what these specifications call a log, an *origin* is its name, a *root* is the hash of the whole tree, a
//! *checkpoint* is origin, size and root, signed; a *cosignature* is a witness's signature on a checkpoint, with a time.

pub mod checkpoint;
pub mod cosignature;
mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
mod text;
pub mod tile;
pub mod witness;

pub use hash::{Hash, RootBuilder, leaf_hash, node_hash};
