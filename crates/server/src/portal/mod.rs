//! The portal: the pages people and the privacy team use, and what other programs call. It writes only through the register.
//!
//! One file per page. What pages say stands in `texts/`, how they look in `templates/` and `assets/`.

mod about;
mod acts;
mod ages;
pub mod api;
mod app;
mod check;
mod counter;
mod extracting;
mod holds;
mod identities;
mod known;
mod letter;
pub mod limits;
mod links;
mod mailing;
mod mine;
mod object;
mod objection;
mod periodic;
mod proposals;
mod receipt;
mod releases;
#[cfg(test)]
mod samples;
pub mod secrets;
mod service;
pub mod sessions;
pub mod settings;
mod sign_in;
pub mod speech;
mod team;
mod templates;
mod web;

pub use ages::OWN_AGE;
pub use app::{Clock, Parts, Tracer};
pub use check::RECEIPT_BYTES_MAX;
pub use counter::READERS_KEPT;
pub use holds::LINKED_MAX;
pub use known::PROOF_FILE;
pub use links::LINK_MICROS;
pub use mailing::{ATTEMPTS_MAX, MAILBOXES_COUNTED_MAX, PADDED_BYTES, POST_EVERY_MS};
pub use object::{ACCOUNTS_MAX, ANSWER_STEP_MS, FIELD_BYTES_MAX, PEOPLE_MAX};
pub use proposals::{PROPOSAL_MICROS, PROPOSALS_MAX};
pub use releases::RELEASES_SHOWN;
pub use service::{CONNECTIONS_MAX, PUBLISH_EVERY_MS, Portal, PortalError, REQUEST_SECONDS_MAX};
pub use templates::TemplateError;
pub use web::{FORM_BYTES_MAX, FORM_FIELDS_MAX};
