//! `bezwaar register acts`: what is filed under one account.

use crate::error::{Error, Kind};
use crate::printer::Printer;
use crate::site::{SiteArgs, account, of_register};

/// Show what is filed under an account, as JSON Lines
///
/// This is personal data: it is for the confirmed holder of the account and for supervisors, and for nobody else, not even whoever filed it.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Show this account, such as `instagram:noor`
    #[arg(value_name = "ACCOUNT")]
    account: String,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let site = args.site.open_without_lost_keys(printer)?;
    let services = site.policies(printer)?.services;
    let account = account(&args.account, &services)?;
    let mut reader = site.register.reader().map_err(|error| of_register(&error))?;
    let rows = reader.acts_of(&account).map_err(|error| of_register(&error))?;
    if rows.is_empty() {
        printer.note("nothing is filed under this account");
    }
    for row in rows {
        let body = String::from_utf8(row.body.to_vec()).map_err(|_| Error::new(Kind::Integrity, "an opening is not text"))?;
        printer.line(&format!("{{\"index\":{},\"body\":{body}}}", row.index))?;
    }
    Ok(())
}
