//! `bezwaar register rotate`: a new key in the place of one in use.

use bezwaar_register::engine::{Check, Opening};
use bezwaar_register::keys::{Purpose, verifiers};
use clap::ValueEnum;

use crate::clock::now;
use crate::error::Error;
use crate::printer::Printer;
use crate::site::{Site, SiteArgs, of_register};

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
        Some(statement) => printer.line(statement.to_line().trim_end())?,
        None => printer.line("the vault has a new key")?,
    }
    if args.key == Which::Ledger { tell_everybody(&site, printer) } else { Ok(()) }
}

/// Whoever believes the old key alone takes the ledger for another one from now on, and witnesses sign nothing more.
fn tell_everybody(site: &Site, printer: &mut Printer) -> Result<(), Error> {
    let newest = verifiers(&site.register.statements(), Purpose::Ledger).first().map(ToString::to_string).unwrap_or_default();
    printer.line(&format!("log {newest}"))?;
    printer.note("put this line above the old one in every trust policy, and tell all who verify: they refuse what the new key signs until they have it");
    printer.note("give the key to whoever runs a witness: until they watch the ledger under it too, they cosign nothing");
    let named = site.settings.witnesses.as_ref().map(|path| site.folder.join(path));
    if let Some(path) = named.filter(|path| !std::fs::read_to_string(path).is_ok_and(|text| text.contains(&newest))) {
        printer.note(&format!("`{}`, which this register's settings name, does not have it yet", path.display()));
    }
    Ok(())
}
