//! `bezwaar register publish`: sign the ledger as it is, publish it, and ask the witnesses.

use std::path::PathBuf;

use crate::error::{Error, grouped};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register};
use crate::witnesses;

/// Sign the ledger, publish it, and ask the witnesses
///
/// Every command that enters something publishes it; `release seal` asks the witnesses as well. This one is for a timer: it asks those that have not
/// cosigned yet, names those that do not, and brings the public folder up to date. Exit code 6 if too few have cosigned; the ledger is published all the same.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Ask the witnesses of this trust policy, which must have addresses; those of `register.toml` when left out
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Make all public files anew from the store, also those that are there
    #[arg(long)]
    rebuild: bool,
}

const EXAMPLES: &str = "\
Examples:
  Publish every minute, and ask the witnesses of a trust policy:
    * * * * *  bezwaar register publish /srv/register --trust /srv/witnesses.policy";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open_without_lost_keys(printer)?;
    if args.rebuild {
        site.register.publisher().rebuild().map_err(|error| of_register(&error))?;
    }
    let checkpoint = site.register.publish().map_err(|error| of_register(&error))?;
    super::init::write_public(&site.register)?;
    let tree = checkpoint.unverified();
    printer.line(&format!("published  {} entries of {}", grouped(tree.size()), tree.origin().as_str()))?;
    witnesses::ask(&mut site, args.trust.as_deref(), printer)
}
