//! Who is in a release: for answering, about accounts that are asked about, whether they are among its subjects.

use std::fmt;
use std::num::NonZeroUsize;

use bezwaar_core::account::Account;
use bezwaar_ledger::release::Seal;
use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectTree};
use bezwaar_ledger::vrf::IndexKey;

use super::error::SealError;
use super::subjects;
use crate::engine::Register;

/// The subjects of a release, with the secret key that finds an account among them. Nobody can be listed from it.
#[derive(Clone)]
pub struct Members {
    seal: Seal,
    key: IndexKey,
    tree: SubjectTree,
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("release", &self.seal.release).finish_non_exhaustive()
    }
}

impl Register {
    /// The subjects of a sealed release, as they are kept.
    ///
    /// # Errors
    /// [`SealError::NoSuchRelease`]; [`SealError::PlacesLost`] and [`SealError::IndexKeyLost`] if they cannot be told any more.
    pub fn members(&mut self, release: u64) -> Result<Members, SealError> {
        let (_, seal) = self.seal_of(release)?;
        let tree = subjects::kept(self, &seal)?.ok_or(SealError::PlacesLost { release })?;
        let key = subjects::index_key(self, &seal)?;
        Ok(Members { seal, key, tree })
    }
}

impl Members {
    /// The seal of the release.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// How many subjects there are.
    pub fn len(&self) -> u64 {
        self.tree.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// For each account, whether it is among the subjects of any of these releases. The work is the same for one that is and one that is not.
    pub fn any_has(releases: &[&Members], accounts: &[Account], threads: NonZeroUsize) -> Vec<bool> {
        let mut found = vec![false; accounts.len()];
        let names: Vec<&str> = accounts.iter().map(Account::expose_canonical).collect();
        let mut keys: Vec<&IndexKey> = Vec::new();
        for release in releases {
            // The costly part is one for all releases under a key.
            if keys.iter().any(|key| key.public_key().to_bytes() == release.key.public_key().to_bytes()) {
                continue;
            }
            keys.push(&release.key);
            let outputs = release.key.outputs_parallel(&names, threads);
            let under = releases.iter().filter(|other| other.key.public_key().to_bytes() == release.key.public_key().to_bytes());
            for other in under {
                let release_id = other.seal.release_id();
                for (found, output) in found.iter_mut().zip(&outputs) {
                    *found |= other.tree.indexes().binary_search(&SubjectIndex::derive(&release_id, output)).is_ok();
                }
            }
        }
        found
    }
}
