//! Making extracts: everything the ledger says through a moment, by subject key, signed by the operator and entered on the ledger.

use std::fmt;
use std::io::{self, Write};
use std::num::NonZeroUsize;

use bezwaar_core::account::Services;
use bezwaar_core::time::{DAY_MICROS, Instant};
use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::extract::{
    Cover, ExtractCheckpoint, ExtractError, ExtractHeader, ExtractOptions, Signer, services_digest, write_signed_extract,
};
use bezwaar_ledger::extract_entry::ExtractEntry;
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use sha2::{Digest as _, Sha256};

use crate::engine::{IntegrityError, NewRecord, Reader, Register, RegisterError};
use crate::hex;
use crate::intake::{Intake, IntakeError};
use crate::replay::{ReadError, entries_of, replay};

/// How long an extract is good for as a rule, in microseconds: a day.
pub const EXPIRES_AFTER_MICROS: i64 = DAY_MICROS;

/// What an extract is made for.
#[derive(Clone, Debug)]
pub struct ExtractOrder<'a> {
    /// How services write names, as the gate will read them.
    pub services: &'a Services,
    /// The names it answers for; `None`: the services listed, and every service somebody has filed under.
    pub covers: Option<Vec<Cover>>,
    /// How long after the moment it goes through releases may rest on it: [`EXPIRES_AFTER_MICROS`] as a rule.
    pub expires_after_micros: i64,
    /// How many threads open what was sealed.
    pub threads: NonZeroUsize,
}

/// An extract that was made.
#[derive(Clone, Debug)]
pub struct MadeExtract {
    /// What it says of itself.
    pub header: ExtractHeader,
    /// SHA-256 of the file.
    pub sha256: Hash,
    /// The place of its entry on the ledger.
    pub index: u64,
    /// The published tree that has its entry.
    pub checkpoint: SignedCheckpoint,
    /// How many acts a void took out.
    pub voided: u64,
    /// How many entries had lost their opening.
    pub destroyed: u64,
}

impl Register {
    /// Makes an extract of everything recorded until now, writes it to `out`, and enters it on the ledger. It counts once this returned `Ok`: keep what was written
    /// apart until then.
    ///
    /// No act that is entered later counts from the moment it goes through, or from before by the ledger's clock: its own entry is a microsecond later.
    ///
    /// # Errors
    /// [`ExtractsError::Read`] with all that does not fit, if an entry has neither opening nor tombstone or an opening is not what its entry stands for;
    /// [`ExtractsError::Unfinished`] while an import is.
    pub fn make_extract(&mut self, order: &ExtractOrder<'_>, now: Instant, out: &mut dyn Write) -> Result<MadeExtract, ExtractsError> {
        self.check_imports_finished()?;
        let checkpoint = self.publish()?;
        let through = self.writer().time(now)?;
        let tree = checkpoint.unverified();
        let size = tree.size();
        let replayed = replay(&mut self.reader()?, (size, through), order.threads).map_err(ExtractsError::Read)?;
        let (voided, destroyed) = (replayed.voided, replayed.destroyed);
        let holdings = replayed.into_holdings();
        let options = ExtractOptions {
            through,
            expires_at: through.plus_micros(order.expires_after_micros),
            services: services_digest(order.services),
            covers: order.covers.clone().unwrap_or_else(|| Cover::all_of_with(order.services, &holdings)),
        };
        let from = ExtractCheckpoint { origin: tree.origin().as_str().to_owned(), root: hex::encode(&tree.root()), size };
        let (keys, operator) =
            (self.keys().subject_keys().map_err(RegisterError::from)?, self.keys().operator().map_err(RegisterError::from)?);
        let mut out = Hashing { out, hash: Sha256::new() };
        let header = write_signed_extract(&holdings, &keys, &options, (&from, &Signer::Key(operator)), &mut out)?;
        let sha256: Hash = out.hash.finalize().into();
        // There may be a hundred million small pieces to free: longer than all that is left to do.
        std::thread::spawn(move || drop(holdings));

        let document = ExtractEntry::of_header(&header, sha256).and_then(|entry| entry.to_bytes().ok());
        let bytes = document.ok_or(ExtractError::Options { because: "its numbers cannot stand on a ledger" })?;
        // Whatever is recorded from here on is later than `through`, even if the clock stands still.
        let placed = self.append(&[NewRecord::Document { kind: EntryKind::Extract, bytes }], through.plus_micros(1))?;
        let index = placed.first().map(|placed| placed.index).ok_or(RegisterError::Stopped)?;
        let checkpoint = self.publish()?;
        Ok(MadeExtract { header, sha256, index, checkpoint, voided, destroyed })
    }

    /// Refuses while an import is not finished: people whose no stands in its file would be taken for silent.
    ///
    /// # Errors
    /// [`ExtractsError::Unfinished`].
    pub fn check_imports_finished(&mut self) -> Result<(), ExtractsError> {
        match Intake::new(self.writer()).unfinished_import() {
            Ok(None) => Ok(()),
            Ok(Some(unfinished)) => Err(ExtractsError::Unfinished { filed: unfinished.filed, acts: unfinished.acts }),
            Err(IntakeError::Register(error)) => Err(error.into()),
            Err(_) => Err(RegisterError::Stopped.into()),
        }
    }
}

/// The extracts on the ledger, with the places of their entries, in order.
pub fn extracts_of(reader: &mut Reader, size: u64) -> Result<Vec<(u64, ExtractEntry)>, RegisterError> {
    let mut extracts = Vec::new();
    for (index, _) in entries_of(reader, &[EntryKind::Extract], (0, size))? {
        // One that was entered by its hash alone says nothing, so no release can rest on it.
        if let Some(document) = reader.document(index)? {
            let extract = ExtractEntry::from_bytes(&document).map_err(|_| IntegrityError::Document { index })?;
            extracts.push((index, extract));
        }
    }
    Ok(extracts)
}

/// Passes on what is written, and hashes it.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Why an extract was not made.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtractsError {
    /// Something failed on the way. Whether an entry was made shows in the ledger; an extract whose entry is not there does not count.
    Register(RegisterError),
    /// The ledger could not be read, or does not fit the vault.
    Read(ReadError),
    /// The extract cannot be written.
    Extract(ExtractError),
    /// An import was begun and not finished: what of its file was not filed yet would be missing.
    Unfinished {
        /// How many of its acts were filed at least.
        filed: u64,
        /// How many it has.
        acts: u64,
    },
}

impl fmt::Display for ExtractsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtractsError::Register(error) => write!(f, "{error}"),
            ExtractsError::Read(error) => write!(f, "{error}"),
            ExtractsError::Extract(error) => write!(f, "{error}"),
            ExtractsError::Unfinished { filed, acts } => {
                write!(f, "an import was not finished: {filed} of its {acts} acts are filed, and an extract would lack the others")
            }
        }
    }
}

impl ExtractsError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            ExtractsError::Register(error) => error.help(),
            ExtractsError::Read(error) => error.help(),
            ExtractsError::Extract(error) => error.help(),
            ExtractsError::Unfinished { .. } => {
                "import the same file again: what is filed already is recognised; or give it up with `bezwaar register import DIR --give-up`"
            }
        }
    }
}

impl std::error::Error for ExtractsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ExtractsError::Register(error) => error.source(),
            ExtractsError::Read(error) => error.source(),
            ExtractsError::Extract(error) => error.source(),
            ExtractsError::Unfinished { .. } => None,
        }
    }
}

impl From<RegisterError> for ExtractsError {
    fn from(error: RegisterError) -> ExtractsError {
        ExtractsError::Register(error)
    }
}

impl From<ExtractError> for ExtractsError {
    fn from(error: ExtractError) -> ExtractsError {
        ExtractsError::Extract(error)
    }
}
