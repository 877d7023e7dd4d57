//! What listens: the portal with its interfaces for other programs, and the witness; and the asking of witnesses.
//!
//! | module | what it has |
//! |---|---|
//! | [`portal`] | the pages people and the privacy team use, and what other programs call |
//! | [`identity`] | who somebody is: by sign-in, by hand-over, by a mailbox |
//! | [`post`] | sending mail |
//! | [`witness`] | a witness of ledgers: asked over HTTP, or following a ledger by itself |
//! | [`asking`] | what a ledger does to have its checkpoints cosigned |
//! | [`published`] | a ledger's static files, in a folder or at an address |
//!
//! It is not where it is decided what is right: the rules of proofs, notes and witnesses are those of [`bezwaar_ledger::tlog`]. Nothing here reads a clock to
//! decide by, nor the environment; times are given, and waiting is all that clocks are used for.

pub mod asking;
mod files;
pub mod identity;
pub mod portal;
pub mod post;
pub mod published;
mod serving;
pub mod witness;
