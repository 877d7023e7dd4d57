//! The subjects of a release: reading their list, finding their places, and keeping those.
//!
//! The list (accounts, personal) is the gate's, and the register does not keep it. It keeps their places in the tree, sorted, 32 bytes each, as
//! `releases/<number>.subjects`: without the secret index key nobody can tell whose they are.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use bezwaar_core::account::Account;
use bezwaar_ledger::release::Seal;
use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectTree};
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::vrf::{IndexKey, IndexPublicKey};
use sha2::{Digest as _, Sha256};

use super::error::{SealError, SubjectsError};
use crate::engine::{Place, Register, RegisterError};
use crate::files::Audience;

/// The longest line of a list of subjects, in bytes.
pub const SUBJECT_LINE_BYTES_MAX: usize = 16_384;
/// Subjects whose places are worked out at once, between two calls of the progress.
const AT_ONCE: usize = 1 << 16;

/// What is to be done with a list of subjects.
pub(super) struct Wanted<'a> {
    pub(super) key: &'a IndexKey,
    pub(super) release_id: &'a str,
    /// Accounts that must not be in it.
    pub(super) barred: &'a BTreeSet<String>,
    pub(super) threads: NonZeroUsize,
}

/// What a list of subjects came to.
pub(super) struct Listed {
    pub(super) indexes: Vec<SubjectIndex>,
    pub(super) count: u64,
    pub(super) sha256: Hash,
    /// How many of the barred are in it.
    pub(super) barred: u64,
}

/// Reads a list of subjects: accounts in their canonical form, one in a line, in the order of their bytes, none twice. As soon as a barred one is met, places are
/// no longer worked out.
pub(super) fn read_list(list: &mut dyn BufRead, wanted: &Wanted<'_>, progress: &mut dyn FnMut(u64)) -> Result<Listed, SubjectsError> {
    let mut listed = Listed { indexes: Vec::new(), count: 0, sha256: Hash::default(), barred: 0 };
    let (mut hash, mut some) = (Sha256::new(), Vec::with_capacity(AT_ONCE));
    each_account(list, |line, account| {
        hash.update(line);
        listed.count += 1;
        listed.barred += u64::from(wanted.barred.contains(&account));
        some.push(account);
        if some.len() == AT_ONCE {
            listed.place(&mut some, wanted);
            progress(listed.count);
        }
        Ok(())
    })?;
    listed.place(&mut some, wanted);
    progress(listed.count);
    listed.sha256 = hash.finalize().into();
    Ok(listed)
}

/// Gives each line of a list of subjects, with its line feed, and the account in it.
pub(super) fn each_account(
    list: &mut dyn BufRead,
    mut each: impl FnMut(&[u8], String) -> Result<(), SubjectsError>,
) -> Result<(), SubjectsError> {
    let (mut line, mut last, mut number) = (Vec::new(), String::new(), 0);
    loop {
        line.clear();
        let limit = SUBJECT_LINE_BYTES_MAX as u64 + 1;
        std::io::Read::take(&mut *list, limit).read_until(b'\n', &mut line).map_err(SubjectsError::Read)?;
        if line.is_empty() {
            return Ok(());
        }
        number += 1;
        let account = str::from_utf8(&line).ok().and_then(|line| line.strip_suffix('\n')).and_then(Account::from_canonical);
        let account = account.ok_or(SubjectsError::NotAnAccount { line: number })?.expose_canonical().to_owned();
        if account <= last {
            return Err(SubjectsError::Order { line: number });
        }
        last.clone_from(&account);
        each(&line, account)?;
    }
}

impl Listed {
    fn place(&mut self, some: &mut Vec<String>, wanted: &Wanted<'_>) {
        if self.barred == 0 {
            let outputs = wanted.key.outputs_parallel(some, wanted.threads);
            self.indexes.extend(outputs.iter().map(|output| SubjectIndex::derive(wanted.release_id, output)));
        }
        some.clear();
    }
}

impl Place {
    /// The folder with the places of the subjects of each release.
    pub fn releases(&self) -> PathBuf {
        self.folder.join("releases")
    }
}

fn path(register: &Register, release: u64) -> PathBuf {
    register.place().releases().join(format!("{release}.subjects"))
}

fn name(release: u64) -> String {
    format!("releases/{release}.subjects")
}

/// Writes the places of a release's subjects.
pub(super) fn keep(register: &Register, release: u64, tree: &SubjectTree) -> Result<(), RegisterError> {
    let bytes: Vec<u8> = tree.indexes().iter().flat_map(SubjectIndex::as_bytes).copied().collect();
    let written = register.files().write(&[(path(register, release), bytes)], Audience::Owner);
    written.map_err(|source| RegisterError::Public { name: name(release), source })
}

/// The tree of a release's subjects, as the seal has it. `None`: the file is lost or damaged.
pub(crate) fn kept(register: &Register, seal: &Seal) -> Result<Option<SubjectTree>, RegisterError> {
    let bytes = register.files().read(&path(register, seal.release));
    let bytes = bytes.map_err(|source| RegisterError::Public { name: name(seal.release), source })?.unwrap_or_default();
    let (indexes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Ok(None);
    }
    let tree = SubjectTree::build(indexes.iter().map(|bytes| SubjectIndex::from_bytes(*bytes)).collect());
    Ok(Some(tree).filter(|tree| tree.root() == seal.subjects.root && tree.len() == seal.subjects.count))
}

/// The secret index key a seal names, of now or of before.
pub(crate) fn index_key(register: &Register, seal: &Seal) -> Result<IndexKey, SealError> {
    let keys = register.keys();
    let lost = SealError::IndexKeyLost { release: seal.release };
    let Ok(public) = IndexPublicKey::from_bytes(&seal.subjects.index_key) else { return Err(lost) };
    keys.index_key_of(&public, &register.statements()).map_err(RegisterError::from)?.ok_or(lost)
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use bezwaar_core::account::ACCOUNT_BYTES_MAX;

    use super::*;

    fn lines(list: &[u8]) -> Result<usize, SubjectsError> {
        let mut count = 0;
        each_account(&mut &*list, |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    #[test]
    fn a_line_has_room_for_the_longest_account_and_ends_somewhere() {
        let longest = format!("club:handle:{}\n", "a".repeat(2 * ACCOUNT_BYTES_MAX));
        assert_eq!(lines(longest.as_bytes()).ok(), Some(1));
        assert!(longest.len() < SUBJECT_LINE_BYTES_MAX);
        // A line without end is not read to its end.
        let mut endless = BufReader::new(std::io::repeat(b'a').take(1 << 30));
        let error = each_account(&mut endless, |_, _| Ok(())).unwrap_err();
        assert!(matches!(error, SubjectsError::NotAnAccount { line: 1 }), "{error:?}");
        let left = endless.into_inner().limit();
        assert!((1 << 30) - left <= 2 * SUBJECT_LINE_BYTES_MAX as u64, "{left}");
    }
}
