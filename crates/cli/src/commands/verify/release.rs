//! A release, in the folder it was received in.

use std::path::{Path, PathBuf};

use bezwaar_gate::{OTHERS_MAX, check_release};
use bezwaar_ledger::receipt::Grade;
use bezwaar_ledger::release::{Countersignature, Seal};
use bezwaar_ledger::tlog::note::Note;

use super::{Believed, acceptance, broken};
use crate::commands::release::folder;
use crate::error::{Error, Kind, count, grouped};
use crate::printer::Printer;

/// What a release is checked with, beside its own files.
pub(super) struct Given<'a> {
    pub(super) subjects: Option<&'a Path>,
    pub(super) job: Option<&'a Path>,
    pub(super) countersignatures: &'a [PathBuf],
}

pub(super) fn verify(folder: &Path, believed: &Believed, given: &Given<'_>, printer: &mut Printer) -> Result<Grade, Error> {
    if !folder.join("seal.json").exists() {
        return Err(Error::user("the folder has a manifest and no seal: nobody answers for it, so it is no release yet")
            .with_help("ask whoever made it for `seal.json`, `seal.note` and `seal.tlog-proof`; whoever runs the register makes them with `bezwaar release seal`"));
    }
    let (seal, recorded) = folder::sealed(folder, believed.policy()?, believed.operators()?)?;
    folder::check_manifest(folder, &seal)?;
    let files = check_release(folder)?;
    printer.line(&format!("release    {} for {}, use {}, sealed {}", seal.release, seal.recipient, seal.use_id, seal.sealed_at))?;
    printer.line(&format!("entry      {} of {}", grouped(recorded.index), recorded.origin))?;
    printer.line("manifest   is the one that was sealed, and says what the seal says")?;
    printer.line(&format!(
        "files      {}, {} bytes, {} records: each is the one the manifest lists",
        grouped(files.listed as u64),
        grouped(files.bytes),
        grouped(files.rows)
    ))?;
    printer.line(&format!("use        must begin before {}; after that it needs a new seal", seal.use_before))?;
    if !files.others.is_empty() {
        let more = if files.others.len() >= OTHERS_MAX { "at least " } else { "" };
        printer.note(&format!(
            "{more}{} in the folder that the manifest does not list: not of the release, and not checked; the first is `{}`",
            count(files.others.len(), "file"),
            files.others.first().map(String::as_str).unwrap_or_default()
        ));
    }
    subjects(folder, given, &seal, printer)?;
    basis(believed, given, &seal, printer)?;
    let witnesses: Vec<String> = recorded.witnesses.iter().map(|witness| witness.key_name.to_string()).collect();
    acceptance::grade(recorded.grade, &witnesses, printer)?;
    printer.note("not checked: that the gate decided rightly about each record; that takes its inputs and the extract, see `bezwaar gate JOB --verify-deep`");
    Ok(recorded.grade)
}

/// The people in the files, as far as can be told.
fn subjects(folder: &Path, given: &Given<'_>, seal: &Seal, printer: &mut Printer) -> Result<(), Error> {
    let people = grouped(seal.subjects.count);
    match (given.subjects, given.job) {
        (Some(subjects), Some(job)) => {
            folder::rebuild(folder, subjects, job, seal)?;
            printer.line(&format!("subjects   rebuilt: the {people} people in the files are those of the root in the seal"))
        }
        (None, Some(job)) => {
            folder::recount(folder, job, seal)?;
            printer.line(&format!("subjects   {people} people are in the files, those of the run's own list"))?;
            printer.note("not checked: that the root in the seal was made from that list; ask the operator for `release subjects`, and give it with --subjects");
            Ok(())
        }
        _ => {
            printer.line(&format!("subjects   {people}, as the operator declares"))?;
            printer.note("not checked: who is in the files; that takes the job (--job) and the operator's list of subjects (--subjects)");
            Ok(())
        }
    }
}

/// On whose word it rests that the list of subjects is that of the files.
fn basis(believed: &Believed, given: &Given<'_>, seal: &Seal, printer: &mut Printer) -> Result<(), Error> {
    let mut rebuilt = Vec::new();
    for path in given.countersignatures {
        let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
        let note = Note::parse(&bytes).map_err(|error| broken(&error, error.help()))?;
        let (said, names) = Countersignature::verify(&note, believed.independent()?).map_err(|error| broken(&error, error.help()))?;
        if Countersignature::of(seal, said.rebuilt, said.role).as_ref() != Some(&said) {
            return Err(Error::new(Kind::Integrity, format!("`{}` countersigns another release", path.display())));
        }
        let word = if said.rebuilt { "rebuilt from the files" } else { "received, and not rebuilt" };
        for name in names {
            printer.line(&format!("says       {name}, as {}: {word}", said.role))?;
            rebuilt.extend(said.rebuilt.then(|| format!("{name} ({})", said.role)));
        }
    }
    printer.line(&match rebuilt.as_slice() {
        [] => "basis      the operator declares, irrevocably".to_owned(),
        names => format!("basis      rebuilt from the files by {}", names.join(", ")),
    })
}
