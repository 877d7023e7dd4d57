//! `bezwaar register publish`: sign the ledger as it is, publish it, and ask the witnesses.

use std::path::PathBuf;

use crate::error::{Error, grouped};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register};

/// Sign the ledger, publish it, and ask the witnesses
///
/// Every command that enters something publishes it. This one is for a timer: it asks the witnesses again, and brings the public folder up to date.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Ask the witnesses of this trust policy, which must have addresses; those of `register.toml` when left out
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let checkpoint = site.register.publish().map_err(|error| of_register(&error))?;
    super::init::write_public(&site.register)?;
    let tree = checkpoint.unverified();
    printer.line(&format!("published  {} entries of {}", grouped(tree.size()), tree.origin().as_str()))
}
