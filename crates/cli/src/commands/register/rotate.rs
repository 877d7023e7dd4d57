//! `bezwaar register rotate`: a new key in the place of one in use.

use clap::ValueEnum;

use crate::clock::now;
use crate::error::Error;
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register};
use bezwaar_register::engine::{Check, Opening};

/// Put a new key in the place of one in use
///
/// The new key is stated on the ledger, signed by the old one and the new. Old keys are kept for verifying: receipts, extracts and seals they signed stay valid.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Renew this key
    #[arg(value_enum, value_name = "KEY")]
    key: Which,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Signs checkpoints; tell everybody who trusts the ledger
    Ledger,
    /// Signs acceptances, extracts and seals
    Operator,
    /// Gives the pseudonyms of absence proofs, from the next release on
    Index,
    /// Makes keyed names: the next extract needs the new key file at the gate
    Subjects,
    /// Wraps the keys of the vault
    Vault,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    // A key that was lost is replaced in the same way.
    let mut site = args.site.open_with(Opening { check: Check::Quick, without_lost_keys: true }, printer)?;
    let register = &mut site.register;
    let stated = match args.key {
        Which::Ledger => register.rotate_ledger(now()).map(Some),
        Which::Operator => register.rotate_operator(now()).map(Some),
        Which::Index => register.rotate_index(now()).map(Some),
        Which::Subjects => register.rotate_subjects(now()).map(Some),
        Which::Vault => register.rotate_vault().map(|()| None),
    };
    let stated = stated.map_err(|error| of_register(&error))?;
    site.publish()?;
    super::init::write_public(&site.register)?;
    match stated {
        Some(statement) => printer.line(&statement.to_line()),
        None => printer.line("the vault has a new key"),
    }
}
