//! `bezwaar release countersign` and `enter`: what a recipient or auditor says of a release.

use std::path::PathBuf;

use bezwaar_ledger::release::{Countersignature, Role};
use bezwaar_ledger::tlog::note::{KeyName, Note, SignatureType, SigningKey};
use clap::ValueEnum;

use super::{folder, of_seal};
use crate::clock::now;
use crate::commands::verify::{broken, read_keys, read_policy};
use crate::error::{Error, Kind};
use crate::files::{Readers, write_file};
use crate::printer::Printer;
use crate::site::SiteArgs;

/// Check a release you received, and countersign it
///
/// Its seal and its place on the ledger are checked. With the operator's list of subjects and the job, the files are read again and the root is rebuilt: then the
/// countersignature says so, and whoever asks is told *rebuilt from the files by* you. Without, it says that you received it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of the release
    #[arg(value_name = "RELEASE")]
    release: PathBuf,
    /// Sign with the key in this file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Say as what you sign
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    role: RoleArg,
    /// Believe the ledgers and witnesses of this trust policy
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// Believe the operator's keys in this file
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// Rebuild from this list of subjects
    #[arg(long, value_name = "FILE", requires = "job")]
    subjects: Option<PathBuf>,
    /// Read the files as this job says
    #[arg(long, value_name = "JOB", requires = "subjects")]
    job: Option<PathBuf>,
    /// Write the countersignature into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  Make a key, read the files again, and countersign:
    bezwaar release countersign out/release --key lab.key --as recipient --trust trust.policy \\
      --operator operator.vkey --subjects subjects.jsonl --job job.toml --output countersignature.note";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    /// Whoever the release was made for
    Recipient,
    /// Somebody independent of operator and recipient
    Auditor,
}

/// Make a key to countersign with, and print its public half
#[derive(clap::Args, Debug)]
pub(super) struct KeyArgs {
    /// Name whoever signs, such as `lab.example/releases`: an address of yours, without its scheme
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Write the secret half into this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Enter a countersignature on the ledger
#[derive(clap::Args, Debug)]
pub(super) struct EnterArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The countersignature
    #[arg(value_name = "FILE")]
    countersignature: PathBuf,
    /// Believe the keys of recipients and auditors in this file
    #[arg(long, value_name = "FILE")]
    independent: PathBuf,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policy = read_policy(&args.trust)?;
    let (seal, _) = folder::sealed(&args.release, &policy, &read_keys(&args.operator)?)?;
    folder::check_manifest(&args.release, &seal)?;
    let rebuilt = match (&args.subjects, &args.job) {
        (Some(subjects), Some(job)) => {
            folder::rebuild(&args.release, subjects, job, &seal)?;
            true
        }
        _ => false,
    };
    let text = std::fs::read_to_string(&args.key).map_err(|error| Error::cannot_read(&args.key, &error))?;
    let key = SigningKey::parse(text.trim_end())
        .map_err(|error| Error::user(format!("`{}`: {error}", args.key.display())).with_help(error.help()))?;
    let role = match args.role {
        RoleArg::Recipient => Role::Recipient,
        RoleArg::Auditor => Role::Auditor,
    };
    let said = Countersignature::of(&seal, rebuilt, role).ok_or_else(|| Error::new(Kind::Integrity, "the seal cannot be countersigned"))?;
    let note = said.sign(&key).map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
    write_file(&args.output, note.to_string().as_bytes(), Readers::Anyone)?;
    printer.line(&format!("release    {} of {}: its seal is on the ledger", seal.release, seal.origin))?;
    printer.line(if rebuilt {
        "rebuilt    yes: the subjects in the files are those the seal names"
    } else {
        "rebuilt    no: the files were not read again"
    })?;
    printer.line(&format!("signed     by {}, as {role}", key.name()))
}

pub(super) fn key(args: &KeyArgs, printer: &mut Printer) -> Result<(), Error> {
    let name = KeyName::new(&args.name).map_err(|error| Error::new(Kind::Usage, error.to_string()).with_help(error.help()))?;
    if args.output.exists() {
        let error = Error::user(format!("`{}` is there already", args.output.display()));
        return Err(error.with_help("name another file: a key that is written over is lost"));
    }
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| Error::new(Kind::Internal, format!("the system gives no random bytes: {error}")))?;
    let key = SigningKey::from_seed(name, SignatureType::Ed25519, &seed);
    write_file(&args.output, format!("{}\n", *key.to_text()).as_bytes(), Readers::Owner)?;
    printer.line(&key.verifier().to_string())
}

pub(super) fn enter(args: &EnterArgs, printer: &mut Printer) -> Result<(), Error> {
    let bytes = std::fs::read(&args.countersignature).map_err(|error| Error::cannot_read(&args.countersignature, &error))?;
    let note = Note::parse(&bytes).map_err(|error| broken(&error, error.help()))?;
    let keys = read_keys(&args.independent)?;
    let mut site = args.site.open_without_lost_keys(printer)?;
    let index = site.register.enter_countersignature(&note, &keys, now()).map_err(|error| of_seal(&error))?;
    site.publish()?;
    printer.line(&format!("entry      {index}"))
}
