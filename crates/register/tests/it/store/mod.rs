//! The contract of the store as code, and what is particular to each kind of store.

mod conformance;
mod files;
mod limits;
mod model;
mod places;
mod processes;
mod rows;
mod two_writers;
