//! Commitments, with the salt as bytes.

use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::opening::{self, Salt};
use bezwaar_ledger::tlog::Hash;

/// The hash of an entry of a salted kind; `None` for the other kinds.
pub(crate) fn commit(kind: EntryKind, salt: &[u8; 32], body: &[u8]) -> Option<Hash> {
    opening::commit(kind, &Salt::from_bytes(*salt), body)
}
