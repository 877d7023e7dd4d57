//! `bezwaar release seal`, `subjects` and `late`: the operator's side.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use bezwaar_core::time::DAY_MICROS;
use bezwaar_gate::Engine;
use bezwaar_gate::job::Job;
use bezwaar_register::extracts::EXPIRES_AFTER_MICROS;
use bezwaar_register::release::{SealError, SealOrder, Sealed};

use super::of_seal;
use crate::clock::now;
use crate::commands::gate::run_job;
use crate::commands::register::extract::{make, of_extracts, threads};
use crate::error::{Error, Kind, grouped};
use crate::files::{Readers, write_file, write_with};
use crate::printer::Printer;
use crate::site::{Site, SiteArgs};
use crate::witnesses;

/// How often the gate is run again because somebody in the release objected meanwhile.
const AGAIN_MAX: u32 = 3;

/// Seal what a job has put out, and so make it a release
///
/// The extract must be at most an hour old. If somebody in the release objected since it was made, a fresh extract is made in its place and the gate runs
/// again. The seal's hash is entered on the ledger; `seal.json`, `seal.note` and `seal.tlog-proof` are written beside the manifest. Witnesses that
/// `register.toml` names are asked, and their cosignatures are in `seal.tlog-proof`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Seal the output of this job, which must list its subjects (output.subjects)
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Let it be taken into use within so many days
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    use_within: u32,
    /// Do not run the gate again: fail if somebody objected meanwhile
    #[arg(long)]
    only: bool,
}

const EXAMPLES: &str = "\
Examples:
  Make an extract, gate, and seal:
    bezwaar register extract /srv/register --output people.extract
    bezwaar gate job.toml
    bezwaar release seal /srv/register job.toml";

/// Write the list of a release's subjects for its recipient, who rebuilds the root from it
///
/// It names accounts in clear, those whose records the recipient was sent, each with a proof. It is for that recipient and for auditors.
#[derive(clap::Args, Debug)]
pub(super) struct SubjectsArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The job whose output was sealed
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// The number of the release
    #[arg(long, value_name = "NUMBER")]
    release: u64,
    /// Write the list into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Show which acts came too late for a release: received before its seal, recorded after it
///
/// The number goes into the next seal, for everybody to see. The accounts, as lines, are whom recalls are about: personal data.
#[derive(clap::Args, Debug)]
pub(super) struct LateArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The number of the release
    #[arg(value_name = "NUMBER")]
    release: u64,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    site.register.check_imports_finished().map_err(of_extracts)?;
    for _ in 0..AGAIN_MAX {
        let job = Job::open(&args.job)?;
        let engine = Engine::open(job.clone())?;
        check_outputs(&engine, &job)?;
        match seal(&mut site, &job, args.use_within, printer) {
            Ok(sealed) => return told(&with_witnesses(&mut site, sealed, printer)?, &job, printer),
            Err(Failed::ObjectedMeanwhile(count)) if !args.only => {
                printer.note(&format!(
                    "{} accounts in it objected meanwhile: a fresh extract is made, and the gate runs again",
                    grouped(count)
                ));
                make(&mut site, &job.extract, EXPIRES_AFTER_MICROS, printer)?;
                // What was put out was never sealed, so it is no release; it must go, since it holds records that may not leave.
                std::fs::remove_dir_all(&job.output).map_err(|error| Error::cannot_write(&job.output, &error))?;
                if let Some(list) = job.subjects.as_ref().filter(|list| list.exists()) {
                    std::fs::remove_file(list).map_err(|error| Error::cannot_write(list, &error))?;
                }
                let engine = Engine::open(Job::open(&args.job)?)?;
                run_job(&engine, printer)?;
            }
            Err(failed) => return Err(failed.into()),
        }
    }
    Err(Error::new(Kind::Incomplete, "people in the release went on objecting while it was made").with_help("run it again"))
}

/// What lies there must be what the manifest says, and every record of it must pass when decided again, before anybody signs for it.
fn check_outputs(engine: &Engine, job: &Job) -> Result<(), Error> {
    let tally = engine.verify_deep()?;
    let path = job.output.join("manifest.json");
    let text = std::fs::read(&path).map_err(|error| Error::cannot_read(&path, &error).with_help("run the job first: bezwaar gate JOB"))?;
    let manifest: serde_json::Value =
        serde_json::from_slice(&text).map_err(|_| Error::user(format!("`{}` is no manifest", path.display())))?;
    let kept = manifest.pointer("/counts/kept").and_then(serde_json::Value::as_u64);
    if tally.withheld() == 0 && kept == Some(tally.read) {
        return Ok(());
    }
    let sentence = format!(
        "of {} records in the output, {} are withheld when decided again, and the manifest counts {}",
        grouped(tally.read),
        grouped(tally.withheld()),
        kept.map_or("none".to_owned(), grouped)
    );
    Err(Error::new(Kind::Integrity, sentence)
        .with_help("something was put back or taken out after the run: do not use this output; remove it and run the job again"))
}

/// Why nothing was sealed.
enum Failed {
    /// So many accounts objected since the extract was made.
    ObjectedMeanwhile(u64),
    /// Something else.
    Other(Error),
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Error {
        match failed {
            Failed::ObjectedMeanwhile(count) => of_seal(&SealError::ObjectedMeanwhile { count }),
            Failed::Other(error) => error,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed::Other(error)
    }
}

fn seal(site: &mut Site, job: &Job, use_within: u32, printer: &mut Printer) -> Result<Sealed, Failed> {
    let path = job.output.join("manifest.json");
    let manifest =
        std::fs::read(&path).map_err(|error| Error::cannot_read(&path, &error).with_help("run the job first: bezwaar gate JOB"))?;
    let mut list = open_list(job)?;
    let order = SealOrder { manifest: &manifest, use_within_micros: i64::from(use_within) * DAY_MICROS, threads: threads() };
    site.register.seal(&order, &mut list, now(), &mut |count| printer.progress(count, "subjects")).map_err(|error| match error {
        SealError::ObjectedMeanwhile { count } => Failed::ObjectedMeanwhile(count),
        error => Failed::Other(of_seal(&error)),
    })
}

/// The seal with the cosignatures of the register's witnesses, if any are named. Without a quorum it is sealed all the same: sealing again gives the same release, with
/// what they have cosigned by then.
fn with_witnesses(site: &mut Site, sealed: Sealed, printer: &mut Printer) -> Result<Sealed, Error> {
    if site.settings.witnesses.is_none() {
        return Ok(sealed);
    }
    match witnesses::ask(site, None, printer) {
        Err(error) if error.kind() == Kind::NotWitnessed => {
            printer.note(&format!("{}; once they are back, seal again: it stays the same release", error.sentence()));
        }
        asked => asked?,
    }
    let again = site.register.release(sealed.seal.release).map_err(|error| of_seal(&error))?;
    Ok(Sealed { again: sealed.again, ..again })
}

fn open_list(job: &Job) -> Result<BufReader<File>, Error> {
    let help = "add `subjects = \"…\"` under [output], outside the output folder, and run the job again";
    let path = job.subjects.as_ref().ok_or_else(|| Error::user("the job lists no subjects").with_help(help))?;
    let file = File::open(path).map_err(|error| Error::cannot_read(path, &error))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

fn told(sealed: &Sealed, job: &Job, printer: &mut Printer) -> Result<(), Error> {
    let write = |name: &str, bytes: &[u8]| write_file(&job.output.join(name), bytes, Readers::Anyone);
    write("seal.json", &sealed.json)?;
    write("seal.note", sealed.note.to_string().as_bytes())?;
    write("seal.tlog-proof", &sealed.proof.to_bytes())?;
    let seal = &sealed.seal;
    if sealed.again {
        printer.note("it had been sealed before: this is the same release");
    }
    printer.line(&format!("release    {} for {}, use {}", seal.release, seal.recipient, seal.use_id))?;
    printer.line(&format!("records    {} of {} people", grouped(seal.records), grouped(seal.subjects.count)))?;
    printer.line(&format!("sealed     {}, to be taken into use before {}", seal.sealed_at, seal.use_before))?;
    printer.line(&format!("entry      {}", sealed.index))?;
    printer.line("basis      the operator declares, irrevocably; a recipient or auditor who rebuilds the list of subjects can countersign")
}

pub(super) fn subjects(args: &SubjectsArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let mut list = open_list(&Job::open(&args.job)?)?;
    write_with(&args.output, Readers::Owner, |out| {
        let written =
            site.register.subjects_for_recipient(args.release, &mut list, out, threads(), &mut |count| printer.progress(count, "subjects"));
        written.map_err(|error| of_seal(&error))
    })?;
    printer.note("it names people in clear: it is for the recipient of this release, and for auditors");
    printer.line(&format!("subjects   {}", args.output.display()))
}

pub(super) fn late(args: &LateArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let report = site.register.late(args.release, now(), threads()).map_err(|error| of_seal(&error))?;
    printer.note(&format!(
        "{} acts came too late for release {}; {} of its accounts are to be recalled",
        grouped(report.acts),
        args.release,
        grouped(report.accounts.len() as u64)
    ));
    for account in &report.accounts {
        printer.line(account)?;
    }
    Ok(())
}
