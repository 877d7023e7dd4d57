//! `bezwaar register`: the register of what people said. One file per subcommand.

mod acts;
pub(crate) mod extract;
pub(crate) mod init;
mod intake;
mod people;
mod publish;
mod rotate;
mod salvage;
mod status;

use clap::Subcommand;

use super::prove;
use crate::error::Error;
use crate::printer::Printer;

/// Keep what people said, so that it cannot be lost, re-dated or quietly dropped
///
/// A register is a folder: a store, keys, and a ledger that anyone may verify. Its anchor lies outside of it and remembers how far the ledger
/// was; without it, an old copy of the folder could pass for the register.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Status(status::Args),
    Acts(acts::Args),
    Receipt(prove::InclusionArgs),
    Publish(publish::Args),
    Rotate(rotate::Args),
    Policy(init::PolicyArgs),
    Import(intake::ImportArgs),
    Aliases(intake::AliasesArgs),
    List(intake::ListArgs),
    Confirm(people::ConfirmArgs),
    Void(people::VoidArgs),
    Outbox(people::OutboxArgs),
    Forget(people::ForgetArgs),
    EraseContact(people::EraseContactArgs),
    Extract(extract::Args),
    Openings(extract::OpeningsArgs),
    Delta(extract::DeltaArgs),
    Salvage(salvage::Args),
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::Init(args) => init::run(args, printer),
        Command::Status(args) => status::run(args, printer),
        Command::Acts(args) => acts::run(args, printer),
        Command::Receipt(args) => prove::inclusion(args, printer),
        Command::Publish(args) => publish::run(args, printer),
        Command::Rotate(args) => rotate::run(args, printer),
        Command::Policy(args) => init::policy(args, printer),
        Command::Import(args) => intake::import(args, printer),
        Command::Aliases(args) => intake::aliases(args, printer),
        Command::List(args) => intake::list(args, printer),
        Command::Confirm(args) => people::confirm(args, printer),
        Command::Void(args) => people::void(args, printer),
        Command::Outbox(args) => people::outbox(args, printer),
        Command::Forget(args) => people::forget(args, printer),
        Command::EraseContact(args) => people::erase_contact(args, printer),
        Command::Extract(args) => extract::run(args, printer),
        Command::Openings(args) => extract::openings(args, printer),
        Command::Delta(args) => extract::delta(args, printer),
        Command::Salvage(args) => salvage::run(args, printer),
    }
}
