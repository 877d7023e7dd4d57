//! `bezwaar register import`, `aliases` and `list`: what people said comes in, and what was uncertain about it.

use std::path::{Path, PathBuf};
use std::time::Instant as Clock;

use bezwaar_register::intake::{Form, ImportOptions, Imported, Intake, IntakeError, ListCode, Mapping, Senders, read_aliases};
use clap::ValueEnum;

use crate::clock::now;
use crate::error::{Error, Kind, counted, grouped};
use crate::printer::Printer;
use crate::site::{SiteArgs, of_error, of_register};

/// Take in a file of choices
///
/// The whole file is checked before anything is filed, and all problems are told at once. What is filed already, by its id, is not filed again: after a crash,
/// import the same file again. Uncertain matches widen an objection and go on the list.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Read this file: JSON Lines, or CSV with a mapping
    #[arg(value_name = "FILE", required_unless_present = "give_up")]
    file: Option<PathBuf>,
    /// Give up an import that was not finished; what was filed of it stays
    #[arg(long, conflicts_with_all = ["file", "mapping", "check"])]
    give_up: bool,
    /// Read what the columns of a CSV file mean from here
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Say whether those who sent the acts have shown to hold their accounts
    #[arg(long, value_enum, default_value_t = SendersArg::ByChannel, value_name = "WHO")]
    senders: SendersArg,
    /// Only check the file
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  Take in what came by a form behind a sign-in:
    bezwaar register import /srv/register choices.jsonl

  Take in a spreadsheet of mails, whose senders nobody has confirmed:
    bezwaar register import /srv/register mails.csv --mapping mails.toml --senders unconfirmed";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SendersArg {
    /// Those whose act came by a channel that needs a sign-in
    ByChannel,
    /// All of them: whoever made the file has seen to it
    Confirmed,
    /// None of them: what says no counts, as provisional
    Unconfirmed,
}

/// Learn which accounts went by which names, and when
///
/// Acts count for every name their person is known to go by. A name that was reused covers nobody new: records by the bare name stay withheld, the
/// newcomer's account is not covered, and the match goes on the list.
#[derive(clap::Args, Debug)]
pub(super) struct AliasesArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Read this file of aliases, JSON Lines
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Show matches somebody should look at, as JSON Lines
///
/// This is personal data.
#[derive(clap::Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Show only this code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only count
    #[arg(long)]
    count: bool,
}

/// Says that the rest of a file will not come.
fn give_up(args: &ImportArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let mut intake = Intake::new(site.register.writer());
    let Some(unfinished) = intake.unfinished_import().map_err(|error| of_intake("", error))? else {
        return Err(Error::user("no import was left unfinished"));
    };
    intake.abandon_import(now()).map_err(|error| of_intake("", error))?;
    let (filed, acts) = (grouped(unfinished.filed), grouped(unfinished.acts));
    printer.line(&format!(
        "given up: of the file {}, {filed} of {acts} acts at least are filed and stay; the others do not count",
        unfinished.file
    ))
}

pub(super) fn import(args: &ImportArgs, printer: &mut Printer) -> Result<(), Error> {
    let Some(file) = &args.file else { return give_up(args, printer) };
    let mapping = args.mapping.as_deref().map(read_mapping).transpose()?;
    let name = file.display().to_string();
    let is_csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv") || end.eq_ignore_ascii_case("tsv"));
    if is_csv && mapping.is_none() {
        return Err(
            Error::new(Kind::Usage, "a CSV file needs a mapping").with_help("write one with --mapping; docs/import-format.md says how")
        );
    }
    if mapping.is_some() && is_lines(file).map_err(|error| Error::cannot_read(file, &error))? {
        return Err(Error::new(Kind::Usage, format!("`{name}` is JSON Lines, and a mapping is for CSV"))
            .with_help("leave --mapping out: what JSON Lines mean needs no mapping"));
    }
    let mut site = args.site.open(printer)?;
    let policies = site.policies(printer)?;
    let services = policies.services.clone();
    let senders = match args.senders {
        SendersArg::ByChannel => Senders::ByChannel,
        SendersArg::Confirmed => Senders::Confirmed,
        SendersArg::Unconfirmed => Senders::Unconfirmed,
    };
    let options =
        ImportOptions { form: mapping.as_ref().map_or(Form::Lines, Form::Csv), services: &services, senders, policies: Some(&policies) };
    if args.check {
        let checked = Intake::new(site.register.writer()).check_import(file, options, now()).map_err(|error| of_intake(&name, error))?;
        printer.line_notes(&name, checked.notes.shown());
        let (new, acts) = (checked.acts.saturating_sub(checked.there), counted(checked.acts, "act"));
        return printer.line(&format!("{acts}: {} can be filed, {} there before; nothing was filed", grouped(new), grouped(checked.there)));
    }
    let began = Clock::now();
    let imported = {
        let mut intake = Intake::new(site.register.writer());
        let progress = std::cell::RefCell::new(&mut *printer);
        intake.import(file, options, &mut now, &mut |filed| {
            let rate = filed as f64 / began.elapsed().as_secs_f64().max(0.001);
            progress.borrow_mut().progress(filed, &format!("acts, {} a second", grouped(rate as u64)));
        })
    };
    let imported = imported.map_err(|error| of_intake(&name, error))?;
    // Nobody waits any more: what the store put off is done before the next command would have to make up for it.
    while site.register.writer().tidy().map_err(|error| of_intake(&name, error.into()))? {}
    site.publish()?;
    printer.line_notes(&name, imported.notes.shown());
    told(&imported, printer)
}

/// Whether a file begins as JSON Lines do.
fn is_lines(file: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let mut start = Vec::new();
    std::fs::File::open(file)?.take(1 << 12).read_to_end(&mut start)?;
    Ok(start.trim_ascii_start().starts_with(b"{\""))
}

fn told(imported: &Imported, printer: &mut Printer) -> Result<(), Error> {
    printer.line(&format!("acts          {}", grouped(imported.acts)))?;
    printer.line(&format!("filed         {}, {} of them provisional", grouped(imported.filed), grouped(imported.provisional)))?;
    printer.line(&format!("there before  {}", grouped(imported.there)))?;
    if imported.erased > 0 {
        printer.line(&format!("erased since  {}, not filed again", grouped(imported.erased)))?;
    }
    printer.line(&format!("other names   {} more, for names their people are known by", grouped(imported.copies)))?;
    for (code, count) in &imported.listed {
        printer.line(&format!("  {:<20}{:>10}", code.as_str(), grouped(*count)))?;
    }
    Ok(())
}

pub(super) fn aliases(args: &AliasesArgs, printer: &mut Printer) -> Result<(), Error> {
    let mut site = args.site.open(printer)?;
    let services = site.policies(printer)?.services;
    let name = args.file.display().to_string();
    let aliases = read_aliases(&args.file, &services).map_err(|error| of_intake(&name, error))?;
    let learnt = Intake::new(site.register.writer()).learn(&aliases, now()).map_err(|error| of_intake(&name, error))?;
    site.publish()?;
    printer.line(&format!("learnt        {}, {} known before", grouped(learnt.aliases), grouped(learnt.known)))?;
    printer.line(&format!("acts copied   {}", grouped(learnt.copies)))?;
    printer.line(&format!("on the list   {}", grouped(learnt.listed)))
}

pub(super) fn list(args: &ListArgs, printer: &mut Printer) -> Result<(), Error> {
    let code = match &args.code {
        None => None,
        Some(text) => Some(ListCode::lookup(text).ok_or_else(|| {
            let codes: Vec<&str> = ListCode::ALL.into_iter().map(ListCode::as_str).collect();
            Error::new(Kind::Usage, "the list has no such code").with_help(format!("codes are {}", codes.join(", ")))
        })?),
    };
    let mut site = args.site.open(printer)?;
    let mut intake = Intake::new(site.register.writer());
    let counts = intake.list_counts().map_err(|error| of_intake("", error))?;
    if args.count {
        for (code, count) in counts.counts {
            printer.line(&format!("{:<20}{:>10}", code.as_str(), grouped(count)))?;
        }
        return Ok(());
    }
    for page in 0..counts.pages {
        for item in intake.list_page(page).map_err(|error| of_intake("", error))? {
            if code.is_some_and(|code| code != item.code) {
                continue;
            }
            let id = item.act.as_ref().and_then(|act| act.choice()).map(|choice| choice.id.clone());
            let person = item.act.as_ref().and_then(|act| act.choice()).and_then(|choice| choice.person.clone());
            let person = person.map(|person| person.expose_canonical().to_owned());
            printer.line(&serde_json::json!({"code": item.code.as_str(), "index": item.index, "id": id, "person": person}).to_string())?;
        }
    }
    Ok(())
}

fn read_mapping(path: &Path) -> Result<Mapping, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::cannot_read(path, &error))?;
    let name = path.display().to_string();
    Mapping::parse(&name, &text).map_err(|problems| Error::problems(problems, [(name, text)].into()))
}

/// A failure of intake.
pub(super) fn of_intake(file: &str, error: IntakeError) -> Error {
    match error {
        IntakeError::Problems(problems) => {
            Error::lines(file, problems.shown().to_vec(), "nothing was filed").with_help(match problems.rest() {
                0 => "mend the lines named and import the file again; nothing of it was filed".to_owned(),
                rest => format!("and {} more; mend the lines named and import the file again; nothing of it was filed", grouped(rest)),
            })
        }
        IntakeError::Register(error) => of_register(&error),
        error => of_error(Kind::User, &error, error.help()),
    }
}
