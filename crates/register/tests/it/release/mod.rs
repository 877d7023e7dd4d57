//! Extracts, audits and releases.

mod extracts;
mod kit;
