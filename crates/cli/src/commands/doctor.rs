//! `bezwaar doctor`: what is wrong with a register, and what to do about it.

use bezwaar_register::anchor::Anchor;
use bezwaar_register::engine::doctor::{Finding, Health, check_closed};
use bezwaar_register::engine::{Check, Opening};
use bezwaar_register::folder;
use bezwaar_register::intake::{Intake, OUTBOX_MAX};
use serde_json::json;

use crate::clock::now;
use crate::commands::OutputFormat;
use crate::error::{Error, Kind, count};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_register, parts};

/// Find what is wrong with a register, and say what to do
///
/// Everything is checked: the store, every entry and opening, the tree against anchor and public folder, keys and who may read them, the clock, erasures, the
/// place of the anchor, witnesses, free room on the disks, notices that were not sent. It changes nothing but what every opening puts right. `docs/stores.md` says what each finding
/// means. Exit code 5 if something is wrong.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    site: SiteArgs,
    /// Print findings in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let opening = Opening { check: Check::Full, without_lost_keys: true };
    let findings = match folder::open(&args.site.register, parts(), opening, now()) {
        Ok((mut register, settings)) => {
            let mut findings = register.checks(settings.witnesses.is_some(), now());
            let mut intake = Intake::new(register.writer());
            findings.extend(unfinished(&mut intake));
            findings.extend(outbox(&mut intake));
            findings
        }
        // A register that cannot be opened is looked at from outside.
        Err(error) => match folder::settings(&args.site.register, &parts()) {
            Ok(settings) => {
                let place = settings.place(&args.site.register);
                let mut anchor = Anchor::new(parts().files, place.anchor);
                check_closed(&mut anchor, &error)
            }
            Err(_) => return Err(of_register(&error)),
        },
    };
    for finding in &findings {
        printer.line(&match args.output_format {
            OutputFormat::Json => {
                json!({"check": finding.check, "health": word(finding.health), "what": finding.what, "help": finding.help}).to_string()
            }
            OutputFormat::Human => line(finding),
        })?;
    }
    let failures = findings.iter().filter(|finding| finding.health == Health::Failure).count();
    if failures == 0 { Ok(()) } else { Err(Error::new(Kind::Integrity, format!("{} with this register", count(failures, "failure")))) }
}

fn unfinished(intake: &mut Intake<'_>) -> Option<Finding> {
    let unfinished = intake.unfinished_import().ok()??;
    Some(Finding {
        health: Health::Warning,
        check: "import",
        what: format!(
            "the import of a file ({}) begun at {} was not finished: {} of {} acts are filed",
            unfinished.file, unfinished.begun_at, unfinished.filed, unfinished.acts
        ),
        help: "import the same file again: what is filed already is recognised".to_owned(),
    })
}

/// Notices nobody has sent: whoever is to be told of a void has 14 days.
fn outbox(intake: &mut Intake<'_>) -> Option<Finding> {
    let waiting = intake.outbox().ok()?.len();
    (waiting > 0).then(|| Finding {
        health: Health::Warning,
        check: "outbox",
        what: format!(
            "{} to be sent, of at most {OUTBOX_MAX}; when it is full, nothing more can be declared void",
            count(waiting, "notice")
        ),
        help: "send them and say so: bezwaar register outbox".to_owned(),
    })
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Good => "ok",
        Health::Warning => "warning",
        Health::Failure => "failure",
    }
}

fn line(finding: &Finding) -> String {
    let help = if finding.help.is_empty() { String::new() } else { format!("\n{:24}{}", "", finding.help) };
    format!("{:<9}{:<15}{}{help}", word(finding.health), finding.check, finding.what)
}
