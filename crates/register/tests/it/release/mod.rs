//! Extracts, audits and releases.

mod extracts;
mod kit;
mod made_up;
mod proofs;
mod seals;
