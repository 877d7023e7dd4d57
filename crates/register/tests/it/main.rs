//! The tests of the register.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "tests")]

mod desk;
mod engine;
mod intake;
mod release;
mod store;
