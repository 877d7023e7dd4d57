//! Letters, due dates, contact points and cases, as a user of the crate sees them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![allow(missing_docs, reason = "tests")]

mod absence;
mod cases;
mod contacts;
mod due;
mod letters;
mod mails;
mod pdfs;
mod persons;
mod world;
