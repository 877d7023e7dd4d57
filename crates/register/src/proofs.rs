//! What a person can show to others: that an act is on the ledger, what an extract has of an account, and that a release has nothing of it.

use std::fmt;

use bezwaar_core::account::Account;
use bezwaar_ledger::event::Event;
use bezwaar_ledger::extract::{Extract, ExtractError, RowProof, RowProver};
use bezwaar_ledger::opening::Salt;
use bezwaar_ledger::receipt::{Claim, Receipt, ReceiptError};
use bezwaar_ledger::release::{AbsenceFile, AccountProof};
use bezwaar_ledger::subject_tree::SubjectIndex;
use bezwaar_ledger::tlog::note::Note;
use bezwaar_ledger::tlog::proof_file::ProofFile;

use crate::engine::{Accepter, Placed, Reader, Register, RegisterError};
use crate::keys::Purpose;
use crate::release::{SealError, subjects};
use crate::vault::OpenedRow;

/// The receipt of the act with this id, as published now; [`Register::prove_inclusion`] without publishing. The operator's acceptance note is in it, if there is an
/// accepter.
///
/// # Errors
/// [`RegisterError::NotPublished`] if it stands on the ledger, and no checkpoint covers it yet.
pub fn receipt(reader: &mut Reader, accepter: Option<&Accepter>, id: &str) -> Result<Receipt, ProofsError> {
    let index = reader.find(id)?.ok_or(ProofsError::NoSuchAct)?;
    let row = reader.opening(index)?.ok_or(ProofsError::Erased)?;
    let inclusion = reader.inclusion(index)?;
    let proof =
        ProofFile::new(index, inclusion.proof, inclusion.checkpoint).map_err(|error| ProofsError::Receipt(ReceiptError::Proof(error)))?;
    let salt = Salt::from_bytes(row.salt);
    let acceptance = accepter.and_then(|accepter| accepted(accepter, index, &row));
    let claim = Claim { acceptance, kind: row.entry.kind, recorded_at: row.entry.recorded_at, salt, body: row.body };
    Receipt::recorded(claim, proof).map_err(ProofsError::Receipt)
}

fn accepted(accepter: &Accepter, index: u64, row: &OpenedRow) -> Option<Note> {
    let received_at = match Event::from_bytes(row.entry.kind, &row.body).ok()? {
        Event::Choice(choice) => choice.received_at,
        Event::Confirmation(confirmation) => confirmation.received_at,
        Event::Void(_) | Event::Tombstone(_) => row.entry.recorded_at,
    };
    accepter.accept(&Placed { index, entry: row.entry, salt: None, fresh: false }, received_at).ok()
}

impl Register {
    /// The receipt of the act with this id: that it is on the ledger as published now. The operator's acceptance note is in it, so that it still binds the operator if
    /// the ledger's key is lost or its files are gone; without the operator's key there is none.
    pub fn prove_inclusion(&mut self, id: &str) -> Result<Receipt, ProofsError> {
        self.publish()?;
        receipt(&mut self.reader()?, self.accepter().ok().as_ref(), id)
    }

    /// What a signed extract has of an account: its whole row. `None`: the account has no row, which cannot be shown.
    pub fn prove_row(&mut self, extract: &Extract, account: &Account) -> Result<Option<RowProof>, ProofsError> {
        let mut keys = vec![self.keys().subject_keys().map_err(RegisterError::from)?];
        for statement in self.statements().iter().filter(|statement| statement.purpose == Purpose::Subjects) {
            let former = self.keys().former_root(statement.epoch).map_err(RegisterError::from)?;
            keys.extend(former.map(|former| former.subject_keys()));
        }
        let own = keys.iter().find(|keys| keys.key_id() == extract.header().key_id).or(keys.first()).ok_or(ProofsError::NoSuchAct)?;
        extract.check_keys(own).map_err(ProofsError::Extract)?;
        let Some(row) = extract.lookup(&own.subject(account)) else { return Ok(None) };
        let prover = RowProver::new(extract).map_err(ProofsError::Extract)?;
        prover.prove(row).map(Some).map_err(ProofsError::Extract)
    }

    /// Where these accounts stand in a release, or that they do not, with the countersignatures the ledger has of it. The file says *present* of an
    /// account that is among the subjects.
    pub fn prove_absence(&mut self, release: u64, accounts: &[Account]) -> Result<AbsenceFile, ProofsError> {
        let sealed = self.release(release)?;
        let tree = subjects::kept(self, &sealed.seal)?.ok_or(SealError::PlacesLost { release })?;
        let (key, release_id) = (subjects::index_key(self, &sealed.seal)?, sealed.seal.release_id());
        let prove = |account: &Account| {
            let (output, place) = key.prove(account.expose_canonical().as_bytes());
            let path = tree.prove(&SubjectIndex::derive(&release_id, &output));
            AccountProof { account: account.clone(), place, path }
        };
        let accounts = accounts.iter().map(prove).collect();
        let countersignatures = self.countersignatures(&sealed.seal)?;
        Ok(AbsenceFile { seal: sealed.seal, note: sealed.note, inclusion: sealed.proof, accounts, countersignatures })
    }
}

/// Why something cannot be shown.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProofsError {
    /// Something failed on the way.
    Register(RegisterError),
    /// The release, or what is kept of it, is not there.
    Seal(SealError),
    /// The extract cannot be used.
    Extract(ExtractError),
    /// The receipt cannot be made.
    Receipt(ReceiptError),
    /// The register has no act with this id.
    NoSuchAct,
    /// What the act said was erased.
    Erased,
}

impl fmt::Display for ProofsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofsError::Register(error) => write!(f, "{error}"),
            ProofsError::Seal(error) => write!(f, "{error}"),
            ProofsError::Extract(error) => write!(f, "{error}"),
            ProofsError::Receipt(error) => write!(f, "{error}"),
            ProofsError::NoSuchAct => f.write_str("the register has no act with this id"),
            ProofsError::Erased => f.write_str("what this act said was erased"),
        }
    }
}

impl ProofsError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ProofsError::Register(error) => error.help(),
            ProofsError::Seal(error) => error.help(),
            ProofsError::Extract(error) => error.help(),
            ProofsError::Receipt(error) => error.help(),
            ProofsError::NoSuchAct => "check the id; `bezwaar register acts` lists the acts of an account with their ids",
            ProofsError::Erased => "a receipt that was given before still holds; a new one cannot be made",
        }
    }
}

impl std::error::Error for ProofsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProofsError::Register(error) => error.source(),
            ProofsError::Seal(error) => error.source(),
            ProofsError::Extract(error) => error.source(),
            ProofsError::Receipt(error) => error.source(),
            ProofsError::NoSuchAct | ProofsError::Erased => None,
        }
    }
}

impl From<RegisterError> for ProofsError {
    fn from(error: RegisterError) -> ProofsError {
        ProofsError::Register(error)
    }
}

impl From<SealError> for ProofsError {
    fn from(error: SealError) -> ProofsError {
        ProofsError::Seal(error)
    }
}
