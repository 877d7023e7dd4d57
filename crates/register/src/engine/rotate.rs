//! Changing keys: the new key is stated on the ledger, signed by itself and by the one it replaces, and used from then on.

use bezwaar_core::time::Instant;

use super::open::{statement_entry, vault_value};
use super::writer::{VALUE_STATEMENTS, VALUE_VAULT, statement_places};
use super::{Register, RegisterError};
use crate::keys::{KeyStatement, Purpose, StatementError};
use crate::store::Batch;

impl Register {
    /// Puts a new key in the place of the one that signs checkpoints, which may be lost. Receipts already given stay valid under the old public key. The first
    /// checkpoint that covers the statement is signed by both.
    pub fn rotate_ledger(&mut self, now: Instant) -> Result<KeyStatement, RegisterError> {
        let former = self.writer.keys.ledger().ok().cloned();
        let place = self.writer.size;
        let statement = self.rotate(Purpose::Ledger, now)?;
        self.publisher.signer = self.writer.keys.ledger().ok().cloned();
        self.publisher.former = former.map(|former| (former, place));
        Ok(statement)
    }

    /// Puts a new key in the place of the one that signs acceptance notes, extracts and seals, which may be lost.
    pub fn rotate_operator(&mut self, now: Instant) -> Result<KeyStatement, RegisterError> {
        self.rotate(Purpose::Operator, now)
    }

    /// Puts a new key in the place of the one of the subject trees, which may be lost: for releases from now on.
    pub fn rotate_index(&mut self, now: Instant) -> Result<KeyStatement, RegisterError> {
        self.rotate(Purpose::Index, now)
    }

    /// Derives subject keys anew, from a new root key under the next epoch. The old root key is kept, for extracts made with it.
    pub fn rotate_subjects(&mut self, now: Instant) -> Result<KeyStatement, RegisterError> {
        self.rotate(Purpose::Subjects, now)
    }

    fn rotate(&mut self, purpose: Purpose, now: Instant) -> Result<KeyStatement, RegisterError> {
        let writer = &mut self.writer;
        writer.settle()?;
        let recorded_at = writer.time(now)?;
        let earlier = writer.statements();
        let next = writer.keys.prepare(purpose, &earlier, &mut writer.random)?;
        let index = writer.size;
        let wrong = |source: StatementError| RegisterError::from(super::IntegrityError::Statement { index, source });
        let (statement, _) = KeyStatement::verify(&next.document, &earlier).map_err(wrong)?;
        let places: Vec<u64> = writer.statements.iter().map(|(place, _)| *place).chain([index]).collect();
        let batch = Batch {
            entries: vec![statement_entry(&next.document, recorded_at)],
            values: vec![(VALUE_STATEMENTS.to_owned(), statement_places(&places))],
            ..Batch::default()
        };
        // Until file and ledger say the same again, only an opening can tell which key is in use.
        writer.broken = true;
        writer.write(&batch)?;
        writer.statements.push((index, statement.clone()));
        writer.keys.advance(next)?;
        writer.broken = false;
        Ok(statement)
    }

    /// Puts a new key in the place of the one in `vault.key`. What is sealed is not touched: only the one key under which all others are wrapped is wrapped anew.
    ///
    /// Against someone who has both the old `vault.key` and a copy of the store this does not help.
    pub fn rotate_vault(&mut self) -> Result<(), RegisterError> {
        let writer = &mut self.writer;
        writer.settle()?;
        let key = writer.keys.prepare_vault(&mut writer.random)?;
        let wrapped = writer.vault.wrap_inner(&key, &self.rest.place.origin, &mut writer.random)?;
        let former = writer.vault_epoch;
        let epoch = former.saturating_add(1);
        writer.broken = true;
        writer.write(&Batch { values: vec![(VALUE_VAULT.to_owned(), vault_value(epoch, &wrapped))], ..Batch::default() })?;
        writer.vault_epoch = epoch;
        writer.keys.advance_vault(former)?;
        writer.broken = false;
        Ok(())
    }
}
