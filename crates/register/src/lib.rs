//! **Who writes**: the register of people's choices. The only crate with SQL, and the only one that signs for the operator.
//!
//! - [`engine`]: the register itself: it places records, publishes the ledger, erases, and is opened only if everything agrees;
//! - [`intake`]: how what people said comes in; [`desk`]: from many threads at a time;
//! - [`cases`], [`post`], [`tokens`], [`looks`]: what the privacy team answers, what is to be sent, what was used, who looked;
//! - [`store`]: where it is kept, and what every kind of store promises;
//! - [`vault`]: what is sealed, and under which key;
//! - [`keys`]: the keys of a register, and what it says about them;
//! - [`replay`], [`extracts`], [`openings`]: what the ledger says, for the gate and for auditors;
//! - [`release`], [`proofs`]: sealing what the gate let through, and what people can show of it;
//! - [`anchor`]: what must not be unlearned.

pub mod anchor;
mod commitment;
pub mod desk;
pub mod engine;
pub mod extracts;
pub mod files;
pub mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod hex;
pub mod intake;
pub mod keys;
pub mod openings;
pub mod proofs;
pub mod randomness;
pub mod release;
pub mod replay;
pub mod settings;
pub mod store;
#[doc(hidden)]
pub mod testing;
pub mod vault;

pub use intake::{cases, looks, post, tokens};
