//! `bezwaar verify`: whether what somebody was given holds. One file per kind of thing.
//!
//! Everything works offline, with only the file, a trust policy and the operator's public keys. What was not checked is said, with the reason.

mod acceptance;
mod ledger;
mod proofs;
mod release;

use std::path::{Path, PathBuf};

use bezwaar_gate::MANIFEST;
use bezwaar_ledger::receipt::Grade;
use bezwaar_ledger::tlog::note::VerifierKey;
use bezwaar_ledger::tlog::policy::TrustPolicy;

use crate::error::{Error, Kind};
use crate::printer::Printer;
use crate::site::of_error;

pub(crate) use ledger::{Folder, read_checkpoint};

/// The longest file that is read to see what it is, in bytes; extracts are longer and known by their first line.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Check a receipt, a proof, an extract, a release or a whole ledger
///
/// What it is, is told from its content. It says what was checked, what was not and why, and how well the thing is attested: noted, recorded or witnessed. Exit
/// code 5 if it does not hold, 6 if it holds and no witness has seen it: then others may be shown another ledger.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Check this file or folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Believe the ledgers and witnesses of this trust policy
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Believe the operator's keys in this file, a line each
    #[arg(long, value_name = "FILE")]
    operator: Option<PathBuf>,
    /// Believe that whoever holds these keys is independent of the operator, a line each
    #[arg(long, value_name = "FILE")]
    independent: Option<PathBuf>,
    /// Compare with a checkpoint somebody else holds
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Look for an extract, or the extract of a row, on the ledger in this folder
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Read the files of a release again, as this job says
    #[arg(long, value_name = "JOB")]
    job: Option<PathBuf>,
    /// Rebuild the root of a release from the operator's list of subjects
    #[arg(long, value_name = "FILE", requires = "job")]
    subjects: Option<PathBuf>,
    /// Count this countersignature of a release; can be given more than once
    #[arg(long = "countersignature", value_name = "FILE")]
    countersignatures: Vec<PathBuf>,
    /// Check that a row proof cites the act of this receipt
    #[arg(long, value_name = "FILE")]
    cites: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Check a receipt, with the ledger's published trust policy or one of your own:
    bezwaar verify o-1.tlog-proof --trust trust.policy --operator operator.vkey

  Check a whole ledger, and that a friend is shown the same one:
    bezwaar verify /srv/register/public --trust trust.policy --against friends-checkpoint

  Check a release you received, and read its files again:
    bezwaar verify release-7 --trust trust.policy --operator operator.vkey \\
      --job job.toml --subjects subjects.jsonl";

/// Whom the reader believes.
pub(super) struct Believed {
    policy: Option<TrustPolicy>,
    operators: Vec<VerifierKey>,
    independent: Vec<VerifierKey>,
}

impl Believed {
    fn load(args: &Args) -> Result<Believed, Error> {
        Ok(Believed {
            // What else holds is found out also where witnesses are missing; that they are is said at the end.
            policy: args.trust.as_deref().map(read_policy).transpose()?.map(TrustPolicy::believing_unwitnessed),
            operators: args.operator.as_deref().map(read_keys).transpose()?.unwrap_or_default(),
            independent: args.independent.as_deref().map(read_keys).transpose()?.unwrap_or_default(),
        })
    }

    fn policy(&self) -> Result<&TrustPolicy, Error> {
        self.policy.as_ref().ok_or_else(|| {
            Error::new(Kind::Usage, "nobody is believed: no trust policy was given")
                .with_help("name one with --trust; a ledger publishes its own as `trust.policy`, and you may add witnesses to it")
        })
    }

    fn operators(&self) -> Result<&[VerifierKey], Error> {
        if self.operators.is_empty() {
            return Err(Error::new(Kind::Usage, "the operator's public keys were not given")
                .with_help("name a file of them with --operator; a ledger publishes them as `operator.vkey`"));
        }
        Ok(&self.operators)
    }

    fn independent(&self) -> Result<&[VerifierKey], Error> {
        if self.independent.is_empty() {
            return Err(Error::new(Kind::Usage, "the keys of recipients and auditors were not given")
                .with_help("name a file of them with --independent"));
        }
        Ok(&self.independent)
    }
}

/// Reads a trust policy: all problems at once.
pub(crate) fn read_policy(path: &Path) -> Result<TrustPolicy, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
    TrustPolicy::parse(&bytes).map_err(|errors| {
        let parts = errors
            .problems()
            .iter()
            .map(|problem| format!("{}:{}: {problem}; {}", path.display(), problem.line(), problem.help()))
            .collect();
        Error::user(format!("`{}` is no trust policy", path.display())).with_parts(parts)
    })
}

/// Reads a file of public keys, a line each.
pub(crate) fn read_keys(path: &Path) -> Result<Vec<VerifierKey>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::cannot_read(path, &error))?;
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(|(number, line)| {
        VerifierKey::parse(line).map_err(|error| Error::user(format!("{}:{number}: {error}", path.display())).with_help(error.help()))
    });
    keys.collect()
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let believed = Believed::load(args)?;
    let grade = if args.path.is_dir() { folder(args, &believed, printer)? } else { file(args, &believed, printer)? };
    match grade {
        Grade::Witnessed => Ok(()),
        Grade::Recorded if believed.policy.as_ref().is_some_and(TrustPolicy::asks_for_witnesses) => {
            Err(Error::new(Kind::NotWitnessed, "not witnessed: too few of the witnesses the trust policy asks for have cosigned")
                .with_help(
                    "get it again in a minute; if it stays so, ask the operator and the witnesses why: others may be shown another ledger",
                ))
        }
        Grade::Recorded => Err(Error::new(Kind::NotWitnessed, "not witnessed: others may be shown another ledger")
            .with_help("ask the operator for witnesses, or compare checkpoints with somebody else: --against")),
        Grade::Noted => {
            Err(Error::new(Kind::NotWitnessed, "noted, and not recorded yet: the operator has signed that it will be on the ledger")
                .with_help("ask for the receipt; it follows within a minute"))
        }
    }
}

fn folder(args: &Args, believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let path = &args.path;
    if path.join("checkpoint").exists() {
        return ledger::verify(path, believed, args.against.as_deref(), printer);
    }
    if path.join(MANIFEST).exists() {
        let given =
            release::Given { subjects: args.subjects.as_deref(), job: args.job.as_deref(), countersignatures: &args.countersignatures };
        return release::verify(path, believed, &given, printer);
    }
    Err(Error::user(format!("`{}` is neither a ledger nor a release", path.display()))
        .with_help("a ledger's public folder holds a file `checkpoint`, that of a release a file `manifest.json`"))
}

fn file(args: &Args, believed: &Believed, printer: &mut Printer) -> Result<Grade, Error> {
    let path = &args.path;
    let length = std::fs::metadata(path).map_err(|error| Error::cannot_read(path, &error))?.len();
    let begins = begins_with(path)?;
    if begins.starts_with(b"bezwaar-extract/") {
        return proofs::extract(path, believed, args.ledger.as_deref(), printer);
    }
    if length > FILE_BYTES_MAX {
        return Err(not_ours(path));
    }
    let bytes = std::fs::read(path).map_err(|error| Error::cannot_read(path, &error))?;
    let has = |name: &str| String::from_utf8_lossy(&bytes).contains(&format!("\"format\":\"{name}\""));
    if begins.starts_with(b"c2sp.org/tlog-proof@v1\n") || begins.starts_with(b"{\"acceptance\":") {
        acceptance::receipt(&bytes, believed, printer)
    } else if begins.starts_with(b"bezwaar-acceptance/") {
        acceptance::note(&bytes, believed, printer)
    } else if begins.starts_with(b"bezwaar-countersignature/") {
        proofs::countersignature(&bytes, believed, printer)
    } else if has("bezwaar-row/1") {
        proofs::row(&bytes, believed, args, printer)
    } else if has("bezwaar-absence/1") {
        proofs::absence(&bytes, believed, printer)
    } else {
        Err(not_ours(path))
    }
}

fn begins_with(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let mut first = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut first));
    read.map_err(|error| Error::cannot_read(path, &error))?;
    Ok(first)
}

fn not_ours(path: &Path) -> Error {
    Error::user(format!("`{}` is nothing that can be checked here", path.display())).with_help(
        "it can check receipts, acceptance notes, row and absence proofs, countersignatures, extracts, and the folder of a release or a ledger",
    )
}

/// What does not hold.
pub(crate) fn broken(error: &(dyn std::error::Error + 'static), help: &str) -> Error {
    of_error(Kind::Integrity, error, help)
}
