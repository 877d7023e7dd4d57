//! `bezwaar prove`: what is given to a person to keep. Each proof can be checked offline with `bezwaar verify`.

use std::path::PathBuf;

use bezwaar_ledger::subject_tree::Membership;
use bezwaar_register::proofs::ProofsError;
use clap::Subcommand;

use super::register::extract::read_extract;
use crate::error::{Error, Kind, count};
use crate::files::{Readers, write_file};
use crate::printer::Printer;
use crate::site::{SiteArgs, account, of_error, of_register};

/// Make proofs for a person
///
/// Proofs about a person go to the confirmed holder of the account or a supervisor, and to nobody else.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inclusion(InclusionArgs),
    Row(RowArgs),
    Absence(AbsenceArgs),
}

/// Show that an act is on the ledger: its receipt
///
/// It holds the act, the operator's acceptance note, and the proof that the ledger has it, with the witnesses' cosignatures there are. It can be checked offline, also
/// when the register has lost it.
#[derive(clap::Args, Debug)]
pub(crate) struct InclusionArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The id of the act
    #[arg(value_name = "ID")]
    id: String,
    /// Write the receipt into this file, such as `o-1.tlog-proof`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Show what an extract has about an account
#[derive(clap::Args, Debug)]
struct RowArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The extract, made by this register
    #[arg(value_name = "EXTRACT")]
    extract: PathBuf,
    /// The account
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Write the proof into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Show that no record of a release is filed under these accounts
///
/// Exit code 1 if one of them is among its subjects. The proof rests on the list of subjects, which the operator declares irrevocably with the seal, and which a recipient or auditor can rebuild from the files.
#[derive(clap::Args, Debug)]
struct AbsenceArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The number of the release
    #[arg(value_name = "RELEASE")]
    release: u64,
    /// The accounts
    #[arg(value_name = "ACCOUNT", required = true)]
    accounts: Vec<String>,
    /// Write the proof into this file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::Inclusion(args) => inclusion(args, printer),
        Command::Row(args) => row(args, printer),
        Command::Absence(args) => absence(args, printer),
    }
}

/// Writes the receipt of an act: with the operator's acceptance note, and the cosignatures there are.
pub(crate) fn inclusion(args: &InclusionArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open_without_lost_keys(printer)?;
    let receipt = site.register.prove_inclusion(&args.id).map_err(|error| of_proofs(&error))?;
    let bytes = receipt.to_bytes().map_err(|error| of_error(Kind::Integrity, &error, error.help()))?;
    write_file(&args.output, &bytes, Readers::Owner)?;
    printer.line(&format!("receipt    {}", args.output.display()))?;
    printer.note("it says what somebody did, in clear: it is for that person");
    Ok(())
}

fn row(args: &RowArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let extract = read_extract(&args.extract)?;
    let services = site.policies(printer)?.services;
    let account = account(&args.account, &services)?;
    let proof = site.register.prove_row(&extract, &account).map_err(|error| of_proofs(&error))?;
    let proof = proof.ok_or_else(|| {
        Error::user("the extract has no row for this account").with_help("nothing was filed under it by then, or it was forgotten")
    })?;
    write_file(&args.output, &proof.to_bytes(), Readers::Owner)?;
    printer.line(&format!("row proof  {}", args.output.display()))
}

fn absence(args: &AbsenceArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let services = site.policies(printer)?.services;
    let accounts = args.accounts.iter().map(|text| account(text, &services)).collect::<Result<Vec<_>, Error>>()?;
    let file = site.register.prove_absence(args.release, &accounts).map_err(|error| of_proofs(&error))?;
    let bytes = file.to_bytes().ok_or_else(|| Error::user("too many accounts for one proof").with_help("ask for fewer at a time"))?;
    write_file(&args.output, &bytes, Readers::Owner)?;
    printer.line(&format!("proof      {}", args.output.display()))?;
    let membership = file.memberships().map_err(|error| of_error(Kind::Integrity, &error, error.help()))?;
    let present = membership.iter().filter(|(_, membership)| *membership == Membership::Present).count();
    if present == 0 {
        return Ok(());
    }
    let accounts = count(membership.len(), "account");
    let sentence = format!("{present} of {accounts} PRESENT: among the subjects of release {}", args.release);
    Err(Error::user(sentence).with_help("the proof is written, and says so; look which record it is before you answer the person"))
}

fn of_proofs(error: &ProofsError) -> Error {
    match error {
        ProofsError::Register(error) => of_register(error),
        error => of_error(Kind::User, error, error.help()),
    }
}
