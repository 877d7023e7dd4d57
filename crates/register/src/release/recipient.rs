//! What the recipient of a release gets to rebuild its root: every subject with the proof of its place. **Personal data.**

use std::io::{BufRead, Write};
use std::num::NonZeroUsize;

use bezwaar_ledger::release::{put_subject, put_subject_list_header};
use bezwaar_ledger::subject_tree::{SubjectIndex, SubjectTree};

use super::subjects::{self, each_account};
use super::{SealError, SubjectsError};
use crate::engine::Register;

/// Accounts whose proofs are made at once, between two calls of the progress.
const AT_ONCE: usize = 1 << 14;

impl Register {
    /// Writes the list of subjects of a release for its recipient, from the list the gate made, which must be the one that was sealed. `progress` is told how many
    /// are done.
    ///
    /// # Errors
    /// [`SubjectsError::Other`] if it is not; then what was written is no list.
    pub fn subjects_for_recipient(
        &mut self,
        release: u64,
        list: &mut dyn BufRead,
        out: &mut dyn Write,
        threads: NonZeroUsize,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), SealError> {
        let (_, seal) = self.seal_of(release)?;
        let (key, release_id) = (subjects::index_key(self, &seal)?, seal.release_id());
        let (mut header, mut indexes, mut done) = (Vec::new(), Vec::new(), 0_u64);
        put_subject_list_header(&seal, &mut header);
        out.write_all(&header).map_err(SubjectsError::Write)?;
        let mut write = |some: &mut Vec<String>| -> Result<(), SubjectsError> {
            let share = some.len().div_ceil(threads.get()).max(1);
            let prove = |part: &[String]| {
                let (mut lines, mut indexes) = (Vec::new(), Vec::with_capacity(part.len()));
                for account in part {
                    let (output, place) = key.prove(account.as_bytes());
                    put_subject(account, &place, &mut lines);
                    indexes.push(SubjectIndex::derive(&release_id, &output));
                }
                (lines, indexes)
            };
            let parts: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = some.chunks(share).map(|part| (part, scope.spawn(move || prove(part)))).collect();
                threads.into_iter().map(|(part, thread)| thread.join().unwrap_or_else(|_| prove(part))).collect()
            });
            for (lines, places) in parts {
                out.write_all(&lines).map_err(SubjectsError::Write)?;
                indexes.extend(places);
            }
            done += some.len() as u64;
            progress(done);
            some.clear();
            Ok(())
        };
        let mut some: Vec<String> = Vec::with_capacity(AT_ONCE);
        each_account(list, |_, account| {
            some.push(account);
            if some.len() == AT_ONCE { write(&mut some) } else { Ok(()) }
        })?;
        write(&mut some)?;
        out.flush().map_err(SubjectsError::Write)?;
        let tree = SubjectTree::build(indexes);
        let same = (tree.len(), tree.root()) == (seal.subjects.count, seal.subjects.root);
        if same { Ok(()) } else { Err(SubjectsError::Other.into()) }
    }
}
