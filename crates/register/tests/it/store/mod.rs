//! The contract of the store as code, and what is particular to each kind of store.

mod conformance;
mod faults;
mod files;
mod limits;
mod model;
pub(crate) mod places;
mod processes;
mod rows;
mod server;
mod two_writers;
