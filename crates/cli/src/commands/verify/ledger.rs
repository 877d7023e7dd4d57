//! A whole ledger, from its public folder.

use std::io;
use std::path::{Path, PathBuf};

use bezwaar_ledger::entry::EntryKind;
use bezwaar_ledger::extract::ExtractHeader;
use bezwaar_ledger::receipt::Grade;
use bezwaar_ledger::tlog::Hash;
use bezwaar_ledger::tlog::checkpoint::SignedCheckpoint;
use bezwaar_ledger::tlog::policy::Trusted;
use bezwaar_ledger::tlog::tile::TileReader;
use bezwaar_ledger::verify::{Comparison, Entered, LedgerReport, compare, find_extract, verify_ledger};
use bezwaar_register::keys::KeyStatement;

use super::{Believed, broken};
use crate::error::{Error, Kind, count, grouped};
use crate::printer::Printer;

/// Static files under a folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl TileReader for Folder {
    type Error = io::Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, io::Error> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn verify(folder: &Path, believed: &Believed, against: Option<&Path>, printer: &mut Printer) -> Result<Grade, Error> {
    let policy = believed.policy()?;
    let checkpoint = read_checkpoint(&folder.join("checkpoint"))?;
    let reader = Folder(folder.to_owned());
    let held = against.map(|path| believe(path, believed)).transpose()?;
    let trusted = policy.check(&checkpoint).map_err(|error| broken(&error, error.help()))?;
    if let Some(held) = &held {
        match compare(&reader, &trusted, held).map_err(|error| broken(&error, error.help()))? {
            Comparison::Continues => printer.line("compared   it continues the checkpoint the other one holds")?,
            Comparison::Behind => {
                return Err(Error::new(
                    Kind::Integrity,
                    "rolled back, or an old copy: this ledger is smaller than the one somebody else was shown",
                )
                .with_help("fetch it again from its publisher and compare once more; if it stays smaller, keep both checkpoints"));
            }
            Comparison::Fork => {
                return Err(Error::new(Kind::Integrity, "forked: somebody else was shown another ledger")
                    .with_help("keep both checkpoints: signed by the same key, they prove it to anyone"));
            }
        }
    }
    let report = verify_ledger(&reader, &checkpoint, policy, held.as_ref()).map_err(|error| broken(&error, error.help()))?;
    let mut parts: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    parts.extend(check_keys(&report));
    if !parts.is_empty() {
        let all = report.problems_count.max(parts.len() as u64);
        return Err(Error::new(Kind::Integrity, format!("the ledger does not hold: {} problems", grouped(all)))
            .with_parts(parts)
            .with_help("keep the files and their checkpoint: the operator's signature stands under them"));
    }
    told(&report, printer)?;
    Ok(if report.trusted.witnessed { Grade::Witnessed } else { Grade::Recorded })
}

fn told(report: &LedgerReport, printer: &mut Printer) -> Result<(), Error> {
    let checkpoint = &report.trusted.checkpoint;
    printer.line(&format!("ledger     {}: holds", checkpoint.origin()))?;
    printer.line(&format!("entries    {}, each under the signed root, in the order of time", grouped(checkpoint.size())))?;
    if let (Some(first), Some(last)) = (report.first_at, report.last_at) {
        printer.line(&format!("from       {first} to {last}"))?;
    }
    for (kind, number) in &report.counts {
        printer.line(&format!("  {:<18}{:>12}", kind.as_str(), grouped(*number)))?;
    }
    let void = report.counts.get(&EntryKind::Void).copied().unwrap_or_default();
    printer.line(&format!("releases   {}, numbered without gaps; {void} objections declared void", report.seals.len()))?;
    let witnesses: Vec<String> = report.trusted.witnesses.iter().map(|witness| witness.key_name.to_string()).collect();
    super::acceptance::grade(if report.trusted.witnessed { Grade::Witnessed } else { Grade::Recorded }, &witnesses, printer)?;
    printer
        .note("not checked: what the entries say, and that none is missing from an extract; that takes the openings, see `bezwaar audit`");
    Ok(())
}

/// Where an extract stands on a ledger, and how well that is attested. Without a ledger to look at, an extract or a row of it has the operator's signature and no more.
pub(super) fn entered(
    folder: Option<&Path>,
    believed: &Believed,
    header: &ExtractHeader,
    sha256: Option<Hash>,
    printer: &mut Printer,
) -> Result<Grade, Error> {
    let Some(folder) = folder else {
        printer.note("not checked: that the extract stands on the ledger others are shown; name the ledger's public folder with --ledger");
        return Ok(Grade::Recorded);
    };
    let trusted = believe(&folder.join("checkpoint"), believed)?;
    let found = find_extract(&Folder(folder.to_owned()), &trusted, header, sha256).map_err(|error| broken(&error, error.help()))?;
    let (sentence, help) = match found {
        Entered::At(index) => {
            printer.line(&format!("entry      {} of {}", grouped(index), trusted.checkpoint.origin()))?;
            if sha256.is_none() {
                printer.note("not checked: that the row is of the very extract that was entered; whoever has the extract can compare its hash with the ledger's");
            }
            let grade = if trusted.witnessed { Grade::Witnessed } else { Grade::Recorded };
            let witnesses: Vec<String> = trusted.witnesses.iter().map(|witness| witness.key_name.to_string()).collect();
            super::acceptance::grade(grade, &witnesses, printer)?;
            return Ok(grade);
        }
        Entered::Nowhere => (
            "the ledger has no entry of this extract",
            "get the ledger's newest files; if it is still not there, the extract was never entered",
        ),
        Entered::Behind => (
            "the extract was made from more entries than this ledger has",
            "get the ledger's newest files; if it is still smaller, it was rolled back",
        ),
        Entered::OtherLedger => (
            "the extract was made from another ledger than this one",
            "keep the ledger's checkpoint and the extract: the operator has signed both",
        ),
    };
    Err(Error::new(Kind::Integrity, sentence).with_help(help))
}

/// The statements about keys, each signed by those it must be.
fn check_keys(report: &LedgerReport) -> Vec<String> {
    let mut statements: Vec<KeyStatement> = Vec::new();
    let mut parts = Vec::new();
    for (index, (kind, bytes)) in &report.documents {
        if *kind != EntryKind::Key {
            continue;
        }
        match KeyStatement::verify(bytes, &statements) {
            Ok((statement, _)) => statements.push(statement),
            Err(error) => parts.push(format!("entry {index}: {error}")),
        }
    }
    if statements.is_empty() {
        parts.push(format!("the ledger states no keys; it has {}", count(report.documents.len(), "document")));
    }
    parts
}

/// Reads a checkpoint and believes it, or not.
fn believe(path: &Path, believed: &Believed) -> Result<Trusted, Error> {
    believed.policy()?.check(&read_checkpoint(path)?).map_err(|error| broken(&error, error.help()))
}

/// Reads a checkpoint. It verifies nothing.
pub(crate) fn read_checkpoint(path: &Path) -> Result<SignedCheckpoint, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
    SignedCheckpoint::parse(&bytes).map_err(|error| broken(&error, error.help()))
}
