//! **What can be verified**: subject keys, Merkle roots, and the extract, which is the gate's only view of what people said.
//!
//! Bytes in, bytes out: this crate opens no file and no connection, and uses no database, no clock and no randomness.
//!
//! - [`key`]: the root key of a register, and the keyed names of people and items made from it;
//! - [`tlog`]: Merkle tree hashing ([RFC 6962](https://www.rfc-editor.org/rfc/rfc6962#section-2.1)), for any kind of leaf;
//! - [`vrf`]: pseudonyms of accounts that only the register can make, and everybody can check;
//! - [`subject_tree`]: whether somebody is among the subjects of a release. `spec/absence.md` has the bytes of both;
//! - [`entry`], [`event`], [`expanded`], [`opening`], [`replay`]: what stands on the ledger of a register, and what it stands for: `spec/ledger.md`;
//! - [`acceptance`], [`receipt`]: what a person gets for an act; [`release`]: what a register seals, and who is not in it: `spec/release.md`;
//! - [`audit`], [`extract_entry`]: making an extract again from the ledger, and what the ledger says of it;
//! - [`extract`]: the file of acts through a moment, by subject key. `spec/extract.md` has its bytes.
//!
//! ```
//! use bezwaar_core::account::Services;
//! use bezwaar_core::{Holdings, time::Instant, wire::read_choices};
//! use bezwaar_ledger::extract::{Cover, Extract, ExtractOptions, services_digest, write_extract};
//! use bezwaar_ledger::key::{KeyFile, RootKey};
//!
//! let services = Services::default();
//! let line = r#"{"id":"o-1","person":"club:noor","act":"object","received_at":"2026-02-01T09:00:00Z"}"#;
//! let holdings = Holdings::resolve(&read_choices(line, &services).expect("good choices").choices);
//!
//! let root = RootKey::from_bytes([7; 32]); // 32 random bytes, kept in a key file
//! let keys = KeyFile::new(root, "club.example", 1).expect("a good domain").subject_keys();
//! let options = ExtractOptions {
//!     through: Instant::parse("2026-03-01T00:00:00Z").expect("an instant"),
//!     expires_at: Instant::parse("2026-03-02T00:00:00Z").expect("an instant"),
//!     services: services_digest(&services),
//!     covers: Cover::all_of_with(&services, &holdings),
//! };
//! let mut bytes = Vec::new();
//! write_extract(&holdings, &keys, &options, &mut bytes).expect("written");
//!
//! let extract = Extract::from_bytes(bytes).expect("a good extract");
//! extract.check_keys(&keys).expect("made with this key");
//! extract.check_services(&services).expect("made with these services");
//! let noor = services.parse("club:@Noor").expect("an account");
//! let row = extract.lookup(&keys.subject(&noor)).expect("noor said something");
//! assert_eq!(extract.acts(row).expect("readable")[0].id, "o-1");
//! ```

pub mod acceptance;
pub mod audit;
pub mod entry;
pub mod event;
pub mod expanded;
pub mod extract;
pub mod extract_entry;
#[doc(hidden)]
pub mod fuzzing;
mod hex;
mod json;
pub mod key;
pub mod opening;
pub mod receipt;
pub mod release;
pub mod replay;
pub mod subject_tree;
pub mod tlog;
pub mod verify;
pub mod vrf;
