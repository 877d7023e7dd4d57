//! Acts that were received by the moment a release was sealed, and recorded after it: they count from when they were received.

use std::fmt;
use std::num::NonZeroUsize;

use bezwaar_core::time::Instant;
use bezwaar_ledger::release::Seal;
use bezwaar_ledger::subject_tree::SubjectIndex;

use super::since::{self, Newer};
use super::{SealError, subjects};
use crate::engine::{Reader, Register, RegisterError};

/// What came too late for a release.
#[derive(Clone, PartialEq, Eq)]
pub struct LateReport {
    /// The release.
    pub release: u64,
    /// How many closing acts were received by the moment it was sealed, and recorded after it.
    pub acts: u64,
    /// The accounts they stand on that are subjects of the release, in order. **Personal data**: for recalls.
    pub accounts: Vec<String>,
}

impl fmt::Debug for LateReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LateReport {{ release: {}, acts: {}, accounts: {} }}", self.release, self.acts, self.accounts.len())
    }
}

/// How many acts came too late for a release until now.
pub(super) fn count(reader: &mut Reader, (index, seal): (u64, &Seal), size: u64, threads: NonZeroUsize) -> Result<u64, RegisterError> {
    let late = Newer { from: index, received_by: Some(seal.sealed_at) };
    Ok(since::ids(reader, late, size, threads)?.len() as u64)
}

impl Register {
    /// Which acts came too late for a release, and whom of its subjects they are about.
    pub fn late(&mut self, release: u64, now: Instant, threads: NonZeroUsize) -> Result<LateReport, SealError> {
        let (index, seal) = self.seal_of(release)?;
        let mut reader = self.reader()?;
        let (size, at) = (reader.size()?, self.writer().time(now)?);
        let ids = since::ids(&mut reader, Newer { from: index, received_by: Some(seal.sealed_at) }, size, threads)?;
        let mut report = LateReport { release, acts: ids.len() as u64, accounts: Vec::new() };
        let reached = since::reached(&mut reader, &ids, (size, at), threads)?;
        if reached.is_empty() {
            return Ok(report);
        }
        let tree = subjects::kept(self, &seal)?.ok_or(SealError::PlacesLost { release })?;
        let (key, release_id) = (subjects::index_key(self, &seal)?, seal.release_id());
        let concerned = |account: &String| {
            let index = SubjectIndex::derive(&release_id, &key.output(account.as_bytes()));
            tree.indexes().binary_search(&index).is_ok()
        };
        report.accounts = reached.into_iter().filter(concerned).collect();
        Ok(report)
    }
}
