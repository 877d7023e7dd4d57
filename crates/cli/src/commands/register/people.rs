//! `bezwaar register confirm`, `void`, `forget` and `erase-contact`: what is done about one person's acts.

use bezwaar_ledger::event::VoidReason;
use bezwaar_register::intake::{Intake, Role};

use super::intake::of_intake;
use crate::clock::now;
use crate::error::{Error, Kind, count, counted, grouped};
use crate::printer::{Printer, visible};
use crate::site::{SiteArgs, account, of_register};

/// Record that the holder of an account confirmed a provisional act
///
/// It ends a void that was declared. Copies of the act for other names are confirmed with it, if those names are the holder's alone; each is told.
#[derive(clap::Args, Debug)]
pub(super) struct ConfirmArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The id of the act
    #[arg(value_name = "ID")]
    id: String,
    /// The account whose holder signed in and confirmed it
    #[arg(long, value_name = "ACCOUNT")]
    holder: String,
}

/// Declare a provisional objection not authorised
///
/// It needs two approvers and a reason. Notices to the filer and the account wait in the outbox; when the last of them was sent it is entered on the ledger, and counts
/// 14 days after that, unless the account holder confirms the objection. It is counted in public.
#[derive(clap::Args, Debug)]
pub(super) struct VoidArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The id of the objection
    #[arg(value_name = "ID")]
    id: String,
    /// Why: not-authorised-by-account-holder, filed-by-automation or account-does-not-exist
    #[arg(long, value_name = "REASON")]
    reason: String,
    /// Who approved it, by role or pseudonym; twice
    #[arg(long, value_name = "WHO", required = true, num_args = 1)]
    approver: Vec<String>,
}

/// Forget a person: their objection then stops
///
/// Two steps. The first says what it means and gives a token; the second, by the confirmed holder of the account, gives the token back. Acts that cover
/// other accounts go on covering them.
#[derive(clap::Args, Debug)]
pub(super) struct ForgetArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The account
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Confirm with this token
    #[arg(long, value_name = "TOKEN")]
    confirm: Option<String>,
}

/// Erase a person's name, address and evidence; the objection holds
#[derive(clap::Args, Debug)]
pub(super) struct EraseContactArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The account
    #[arg(value_name = "ACCOUNT")]
    account: String,
}

/// Show notices that wait to be sent, as JSON Lines, or say that the oldest were sent
///
/// Whoever an objection was declared void for, and whoever filed it, must be told first: the void is entered on the ledger when the last of its notices was sent, and takes effect 14 days later. This is personal data.
#[derive(clap::Args, Debug)]
pub(super) struct OutboxArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Say that the oldest so many were sent
    #[arg(long, value_name = "NUMBER")]
    sent: Option<usize>,
}

pub(super) fn outbox(args: &OutboxArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let mut intake = Intake::new(site.register.writer());
    let waiting = intake.outbox().map_err(|error| of_intake("", error))?;
    let Some(sent) = args.sent else {
        for notice in &waiting {
            let to = if notice.role == Role::Filer { "filer" } else { "account" };
            let line = serde_json::json!({"act": notice.act, "effective_at": notice.effective_at.map(|at| at.to_string()), "reason": notice.reason.as_str(),
                "to": notice.to.expose_canonical(), "as": to});
            printer.line(&line.to_string())?;
        }
        return Ok(());
    };
    if sent > waiting.len() {
        return Err(Error::new(Kind::Usage, format!("only {} waiting", count(waiting.len(), "notice"))));
    }
    intake.outbox_sent(sent, now()).map_err(|error| of_intake("", error))?;
    let left = intake.outbox_count().map_err(|error| of_intake("", error))?;
    site.publish()?;
    printer.line(&format!("{} waiting", count(left, "notice")))
}

pub(super) fn confirm(args: &ConfirmArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let services = site.policies(printer)?.services;
    let holder = account(&args.holder, &services)?;
    let confirmed = Intake::new(site.register.writer()).confirm(&args.id, &holder, now()).map_err(|error| of_intake("", error))?;
    site.publish()?;
    for id in &confirmed.acts {
        printer.line(&format!("confirmed  {}", visible(id)))?;
    }
    if confirmed.acts.is_empty() {
        printer.line("was confirmed before")?;
    }
    for id in &confirmed.left {
        printer.note(&format!("`{id}` stays provisional: its name is or was somebody else's too; it counts all the same"));
    }
    Ok(())
}

pub(super) fn void(args: &VoidArgs, printer: &mut Printer) -> Result<(), Error> {
    let reason = VoidReason::lookup(&args.reason).ok_or_else(|| {
        let codes: Vec<&str> = VoidReason::ALL.into_iter().map(VoidReason::as_str).collect();
        Error::new(Kind::Usage, format!("`{}` is no reason for a void", args.reason)).with_help(format!("reasons are {}", codes.join(", ")))
    })?;
    let [one, other] = args.approver.as_slice() else {
        return Err(Error::new(Kind::Usage, "a void needs two approvers").with_help("write --approver twice, with different names"));
    };
    let mut site = args.site.open(printer)?;
    let voided = Intake::new(site.register.writer()).void(&args.id, reason, [one, other], now()).map_err(|error| of_intake("", error))?;
    site.publish()?;
    let acts = count(voided.acts.len(), "act");
    match voided.effective_at {
        Some(effective_at) => printer.line(&format!("{acts} declared void from {effective_at}"))?,
        None => printer.line(&format!("{acts} declared void, 14 days after {} sent", notices_are(voided.notices)))?,
    }
    printer.note("until then it counts; if the account holder confirms it, it goes on counting; `bezwaar register outbox` has the notices");
    Ok(())
}

fn notices_are(number: usize) -> String {
    format!("{} {}", count(number, "notice"), if number == 1 { "is" } else { "are" })
}

pub(super) fn forget(args: &ForgetArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let services = site.policies(printer)?.services;
    let account = account(&args.account, &services)?;
    let mut intake = Intake::new(site.register.writer());
    match &args.confirm {
        None => {
            let asked = intake.ask_to_forget(&account, now()).map_err(|error| of_intake("", error))?;
            printer.line(&format!("{} will be destroyed, {} of them saying no.", counted(asked.acts, "act"), grouped(asked.closing)))?;
            printer.line("These no's then stop: records of this account may be used again.")?;
            let stay = if asked.others == 1 { "stays" } else { "stay" };
            printer.line(&format!("{} {stay} covered.", counted(asked.others, "other account")))?;
            printer.line(&format!("To go on, before {}: --confirm {}", asked.expires_at, asked.token))
        }
        Some(token) => {
            let forgotten = intake.forget(token, &account, now()).map_err(|error| of_intake("", error))?;
            site.publish()?;
            printer.line(&format!("{} destroyed, {} filed for others first", counted(forgotten.acts, "act"), grouped(forgotten.copies)))
        }
    }
}

pub(super) fn erase_contact(args: &EraseContactArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let services = site.policies(printer)?.services;
    let account = account(&args.account, &services)?;
    // Whoever was mistyped must not be told that their data are gone.
    let filed = site.register.reader().and_then(|mut reader| reader.acts_of(&account)).map_err(|error| of_register(&error))?;
    if filed.is_empty() {
        let help = "check how it is written; `bezwaar register acts` shows what is filed";
        return Err(Error::user("nothing is filed under this account").with_help(help));
    }
    Intake::new(site.register.writer()).erase_contact(&account, now()).map_err(|error| of_intake("", error))?;
    site.publish()?;
    printer.line("name, address and evidence are erased; the objection holds")
}
