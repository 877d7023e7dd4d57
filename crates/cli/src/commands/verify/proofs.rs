//! Extracts, row proofs, absence proofs and countersignatures.

use std::path::Path;

use bezwaar_ledger::event::Event;
use bezwaar_ledger::extract::RowProof;
use bezwaar_ledger::extract_entry::ExtractEntry;
use bezwaar_ledger::receipt::{Grade, Receipt};
use bezwaar_ledger::release::{AbsenceFile, Basis, Countersignature};
use bezwaar_ledger::subject_tree::Membership;
use bezwaar_ledger::tlog::note::Note;

use super::acceptance::grade;
use super::{Args, Believed, broken};
use crate::commands::register::extract::read_extract;
use crate::error::{Error, Kind, counted, grouped, people};
use crate::printer::{Printer, visible};

pub(super) fn extract(path: &Path, believed: &Believed, ledger: Option<&Path>, printer: &mut Printer) -> Result<Grade, Error> {
    let extract = read_extract(path)?;
    extract.verify_rows().map_err(|error| broken(&error, error.help()))?;
    let header = extract.header();
    printer.line(&format!("extract    holds: {} of {}, under the root in its head", counted(header.acts, "act"), people(header.people)))?;
    printer.line(&format!("through    {}, good until {}", header.through, header.expires_at))?;
    if !header.signed {
        printer.note("nobody signed it: it was made by hand");
        return Err(Error::new(Kind::NotWitnessed, "an extract nobody signed shows nothing about a register"));
    }
    extract.verify_signature(believed.operators()?).map_err(|error| broken(&error, error.help()))?;
    printer.line("signed     by the operator")?;
    if let Some(checkpoint) = &header.checkpoint {
        printer.line(&format!("made from  {} entries of {}", grouped(checkpoint.size), checkpoint.origin))?;
    }
    printer.note("not checked: that it has every act of the ledger; that takes the openings, see `bezwaar audit`");
    let entry = ExtractEntry::of(&extract);
    super::ledger::entered(ledger, believed, header, entry.map(|entry| entry.sha256), printer)
}

pub(super) fn row(bytes: &[u8], believed: &Believed, args: &Args, printer: &mut Printer) -> Result<Grade, Error> {
    let proof = RowProof::from_bytes(bytes).map_err(|error| broken(&error, error.help()))?;
    let row = proof.verify(believed.operators()?).map_err(|error| broken(&error, error.help()))?;
    printer.line(&format!("row        holds: row {} of an extract through {}", grouped(row.row), row.header.through))?;
    for act in &row.acts {
        let provisional = if act.provisional { ", provisional" } else { "" };
        printer.line(&format!("  {}  from {}{provisional}", visible(&act.id), act.from))?;
    }
    if let Some(path) = &args.cites {
        let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
        let receipt = Receipt::from_bytes(&bytes).map_err(|error| broken(&error, error.help()))?;
        let verified = receipt.verify(believed.policy()?, &believed.operators).map_err(|error| broken(&error, error.help()))?;
        let Event::Choice(choice) = verified.event else {
            return Err(Error::user("the receipt is not that of an act"));
        };
        if !row.cites(&choice.id) {
            return Err(Error::new(Kind::Integrity, format!("the row does not cite the act `{}` of the receipt", choice.id)).with_help(
                "an act on the ledger that is not in an extract was dropped, declared void, or the row is another person's: ask which",
            ));
        }
        printer.line(&format!("cites      the act `{}` of the receipt", visible(&choice.id)))?;
    }
    super::ledger::entered(args.ledger.as_deref(), believed, &row.header, None, printer)
}

pub(super) fn absence(bytes: &[u8], believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let file = AbsenceFile::from_bytes(bytes).map_err(|error| broken(&error, error.help()))?;
    let verified =
        file.verify(believed.policy()?, believed.operators()?, &believed.independent).map_err(|error| broken(&error, error.help()))?;
    printer.line(&format!(
        "release    {} for {}, use {}, sealed {}",
        file.seal.release, file.seal.recipient, file.seal.use_id, file.seal.sealed_at
    ))?;
    printer.line(&format!("basis      {}", verified.basis))?;
    for (account, membership) in &verified.accounts {
        let found = match membership {
            Membership::Absent => "no record is filed under it in this release",
            Membership::Present => "IS among the subjects of this release",
        };
        printer.line(&format!("  {}  {found}", account.expose_canonical()))?;
    }
    if verified.accounts.iter().any(|(_, membership)| *membership == Membership::Present) {
        printer.note(
            "who is among the subjects wrote a record of this release, or stands in one: a reply or a mention counts too, even where the policy lets such a \
             record through after an objection; ask the operator which record it is",
        );
    }
    if verified.basis == Basis::Declared && !file.countersignatures.is_empty() {
        printer.note("not checked: the countersignatures in this file; name the keys of whoever is independent with --independent");
    }
    printer.note("this file names accounts in clear: it is personal data");
    grade(verified.grade, &[], printer)?;
    Ok(verified.grade)
}

pub(super) fn countersignature(bytes: &[u8], believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let note = Note::parse(bytes).map_err(|error| broken(&error, error.help()))?;
    let (signed, names) = Countersignature::verify(&note, believed.independent()?).map_err(|error| broken(&error, error.help()))?;
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    printer.line(&format!("signed     by {}, as {}", names.join(", "), signed.role))?;
    printer.line(&format!("release    {} of {}, {} subjects", signed.release, signed.origin, grouped(signed.subjects)))?;
    printer.line(if signed.rebuilt {
        "rebuilt    yes: the list of subjects is that of the files"
    } else {
        "rebuilt    no: received, and not checked"
    })?;
    printer.note("not checked: that the ledger has this seal; that is in the release's own receipt");
    Ok(Grade::Recorded)
}
