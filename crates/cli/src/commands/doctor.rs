//! `bezwaar doctor`: what is wrong with a register, and what to do about it.

use bezwaar_gate::read_policy_folder;
use bezwaar_register::anchor::Anchor;
use bezwaar_register::engine::doctor::{Finding, Health, check_closed};
use bezwaar_register::engine::{Check, Opening, RegisterError};
use bezwaar_register::folder;
use bezwaar_register::intake::Intake;
use bezwaar_register::store::StoreError;
use serde_json::json;

use crate::clock::now;
use crate::commands::OutputFormat;
use crate::commands::register::init::known_policies;
use crate::error::{Error, Kind, count};
use crate::printer::Printer;
use crate::site::{Site, SiteArgs, of_error, of_register, parts, policies_folder};
use crate::witnesses;

/// Find what is wrong with a register, and say what to do
///
/// Everything is checked: the store, every entry and opening, the tree against anchor and public folder, keys and who may read them, the clock, erasures, the
/// place of the anchor, witnesses, free room on the disks, notices that were not sent. The witnesses are asked what they hold, for
/// at most five seconds. It changes nothing but what every opening puts right. `docs/stores.md` says what each finding
/// means. Exit code 5 if something is wrong, 1 if another program has the register open.
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
            let mut site = Site { register, settings, folder: args.site.register.clone() };
            findings.push(policies(&site));
            findings.extend(witnesses::look(&mut site));
            findings
        }
        Err(error @ (RegisterError::Locked | RegisterError::Store(StoreError::Busy))) => {
            return Err(Error::user(format!("the register is busy, and was not looked at: {}", of_register(&error).sentence()))
                .with_help("an import, a run of `publish` or a server has it open: look again when it is done"));
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
        health: Health::Failure,
        check: "import",
        what: format!(
            "the import of a file ({}) begun at {} was not finished: {} of {} acts are filed",
            unfinished.file, unfinished.begun_at, unfinished.filed, unfinished.acts
        ),
        help: "import the same file again: what is filed already is recognised".to_owned(),
    })
}

/// The register's own copy of the policies is what the ledger has: it says how services write names, and so who is matched.
fn policies(site: &Site) -> Finding {
    const CHECK: &str = "policies";
    const HELP: &str = "put the policies' folder back as it was; what is meant to be new is entered with `bezwaar register policy`";
    let known = match known_policies(&site.register) {
        Ok(known) => known,
        Err(error) => return Finding::failure(CHECK, error.sentence(), error.help().unwrap_or_default()),
    };
    let folder = policies_folder(&site.folder);
    if known.is_empty() && !folder.exists() {
        return Finding::warning(
            CHECK,
            "the register was given no policies: names are matched without what services say of them",
            "bezwaar register policy",
        );
    }
    let (files, services) = match read_policy_folder(&folder) {
        Ok(read) => read,
        Err(error) => return Finding::failure(CHECK, of_error(Kind::User, &error, "").sentence(), HELP),
    };
    let names_services = |text: &[u8]| str::from_utf8(text).is_ok_and(|text| text.lines().any(|line| line.trim_end() == "[[service]]"));
    if services.is_none() && known.iter().any(|text| names_services(text)) {
        let what = "`policies/services.toml` is missing, which says how services write names: people may not be recognised";
        return Finding::failure(CHECK, what, HELP);
    }
    let named = files.iter().map(|file| (format!("{}/{}.toml", file.folder, file.stem), &file.text));
    let named = named.chain(services.iter().map(|(_, text)| ("services.toml".to_owned(), text)));
    let changed: Vec<String> =
        named.filter(|(_, text)| !known.contains(text.as_bytes())).map(|(name, _)| format!("`policies/{name}`")).collect();
    if changed.is_empty() {
        return Finding::good(CHECK, format!("{} of policies, as the ledger has them", count(files.len(), "version")));
    }
    Finding::failure(CHECK, format!("not as the ledger has it: {}", changed.join(", ")), HELP)
}

/// Notices nobody has sent: a void begins with the last of them.
fn outbox(intake: &mut Intake<'_>) -> Option<Finding> {
    let waiting = intake.outbox_count().ok()?;
    (waiting > 0).then(|| Finding {
        health: Health::Warning,
        check: "outbox",
        what: format!("{} to be sent", count(waiting, "notice")),
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
