//! `bezwaar release`: what makes a gated corpus a release, and what recipients say of it. One file per step.

mod countersign;
pub(crate) mod folder;
mod seal;

use clap::Subcommand;

use bezwaar_register::release::SealError;

use crate::error::{Error, Kind};
use crate::printer::Printer;
use crate::site::{of_error, of_register};

/// Seal releases, and let recipients countersign them
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Seal(seal::Args),
    Subjects(seal::SubjectsArgs),
    Late(seal::LateArgs),
    Key(countersign::KeyArgs),
    Countersign(countersign::Args),
    Enter(countersign::EnterArgs),
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::Seal(args) => seal::run(args, printer),
        Command::Subjects(args) => seal::subjects(args, printer),
        Command::Late(args) => seal::late(args, printer),
        Command::Key(args) => countersign::key(args, printer),
        Command::Countersign(args) => countersign::run(args, printer),
        Command::Enter(args) => countersign::enter(args, printer),
    }
}

/// A failure of sealing.
pub(crate) fn of_seal(error: &SealError) -> Error {
    match error {
        SealError::Register(error) => of_register(error),
        SealError::Manifest(problems) => {
            let parts = problems.iter().map(|problem| format!("{problem}; {}", problem.help())).collect();
            Error::user("the manifest cannot be sealed").with_parts(parts)
        }
        error => of_error(Kind::User, error, error.help()),
    }
}
