//! Countersignatures: what recipients and auditors say of a release, entered on the ledger.

use bezwaar_core::time::Instant;
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::opening::document_hash;
use bezwaar_ledger::release::{Countersignature, ReleaseError, Seal};
use bezwaar_ledger::tlog::note::{Note, VerifierKey};

use super::SealError;
use crate::engine::{IntegrityError, NewRecord, Register, RegisterError};
use crate::replay::entries_of;

impl Register {
    /// Enters a countersignature, and publishes. One that stands there already is not entered again. Gives the place of its entry. Without keys nobody's signature is
    /// checked: whoever relies on it does so with keys of their own.
    ///
    /// # Errors
    /// [`SealError::Release`] if it is not of the seal of that release, or, with keys, not signed by one of them, or only by the operator itself.
    pub fn enter_countersignature(&mut self, note: &Note, keys: &[VerifierKey], now: Instant) -> Result<u64, SealError> {
        let read = match keys {
            [] => Countersignature::from_text(note.text()).ok_or(SealError::Release(ReleaseError::OtherSeal))?,
            keys => Countersignature::verify(note, keys).map_err(SealError::Release)?.0,
        };
        let (_, seal) = self.seal_of(read.release)?;
        if !is_of(&read, &seal) {
            return Err(SealError::Release(ReleaseError::OtherSeal));
        }
        let bytes = note.to_string().into_bytes();
        let hash = document_hash(EntryKind::Countersignature, &bytes);
        let mut reader = self.reader()?;
        let size = reader.size()?;
        let there = entries_of(&mut reader, &[EntryKind::Countersignature], (0, size))?;
        if let Some((index, _)) = there.iter().find(|(_, entry)| Some(entry.hash) == hash) {
            return Ok(*index);
        }
        let placed = self.append(&[NewRecord::Document { kind: EntryKind::Countersignature, bytes }], now)?;
        self.publish()?;
        placed.first().map(|placed| placed.index).ok_or_else(|| RegisterError::Stopped.into())
    }

    /// The countersignatures of a release that stand on the ledger.
    pub fn countersignatures(&mut self, seal: &Seal) -> Result<Vec<Note>, SealError> {
        let mut reader = self.reader()?;
        let size = reader.size()?;
        let mut notes = Vec::new();
        for (index, _) in entries_of(&mut reader, &[EntryKind::Countersignature], (0, size))? {
            let Some(document) = reader.document(index)? else { continue };
            let note = Note::parse(&document).map_err(|_| RegisterError::from(IntegrityError::Document { index }))?;
            if Countersignature::from_text(note.text()).is_some_and(|read| is_of(&read, seal)) {
                notes.push(note);
            }
        }
        Ok(notes)
    }
}

fn is_of(countersignature: &Countersignature, seal: &Seal) -> bool {
    Countersignature::of(seal, countersignature.rebuilt, countersignature.role).as_ref() == Some(countersignature)
}
