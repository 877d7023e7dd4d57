//! `bezwaar letter`: letters about AI training that people send themselves, and when an answer is due.

mod ask;
mod case;
mod follow_up;
mod person;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::problem::Problem;
use bezwaar_core::time::{Day, Instant, Zone};
use bezwaar_letter::case::{Case, Channel, RequestKind, describe, read_case, write_case};
use bezwaar_letter::compose::ComposeError;
use bezwaar_letter::contacts::{Contacts, Controller, read_contacts};
use bezwaar_letter::letter::Letter;
use bezwaar_letter::mail::to_eml;
use bezwaar_letter::pdf::{PdfError, to_pdf};
use bezwaar_letter::texts::{Language, Texts};
use clap::{Subcommand, ValueEnum};

use crate::clock::now;
use crate::error::{Error, Kind};
use crate::files::{Readers, write_file};
use crate::inputs::suggestion;
use crate::policies;
use crate::printer::{Printer, visible};

/// Write letters about AI training, and keep track of the answer
///
/// Make an objection, a request for access, a reminder or a complaint, in Dutch or English, as text, mail (.eml) or PDF. You send it
/// yourself: nothing leaves this computer. With --ask, answer a few questions instead. This is not legal advice.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    ask: ask::AskArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Object to the use of personal data to train AI (GDPR Article 21(1))
    Objection(Box<request::Args>),
    /// Ask for access: which data, which models, which recipients (GDPR Article 15)
    Access(Box<request::Args>),
    /// Remind the company when its time for an answer is over (GDPR Article 12(3))
    Reminder(Box<follow_up::ReminderArgs>),
    /// Complain to a data protection authority (GDPR Article 77)
    Complaint(Box<follow_up::ComplaintArgs>),
    Case(case::Args),
}

const EXAMPLES: &str = "\
Examples:
  Answer a few questions and get a letter:
    bezwaar letter --ask --policies policies

  Object, with your details from a file, and keep a case:
    bezwaar letter objection --policies policies --to meta --person me.toml --output objection.pdf \\
      --case meta-case.toml

  Note when it was sent, and see when an answer is due:
    bezwaar letter case meta-case.toml --sent 2025-05-26 --how email";

/// The zone whose day is today, where nothing else is said.
const HOME_ZONE: &str = "Europe/Amsterdam";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Some(Command::Objection(args)) => request::run(args, RequestKind::Objection, printer),
        Some(Command::Access(args)) => request::run(args, RequestKind::Access, printer),
        Some(Command::Reminder(args)) => follow_up::reminder(args, printer),
        Some(Command::Complaint(args)) => follow_up::complaint(args, printer),
        Some(Command::Case(args)) => case::run(args, printer),
        None => ask::run(&args.ask, printer),
    }
}

/// The form of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Plain text
    Text,
    /// A mail to open and send
    Eml,
    /// A page to print
    Pdf,
}

impl Format {
    fn of_path(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "txt" => Some(Format::Text),
            "eml" => Some(Format::Eml),
            "pdf" => Some(Format::Pdf),
            _ => None,
        }
    }
}

/// Where policies and contact points are.
#[derive(clap::Args, Debug)]
struct FactArgs {
    /// Read the policies in this folder, and the contact points in its contacts.toml
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Read the contact points from this file instead
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
}

impl FactArgs {
    fn load(&self, language: Option<crate::texts::Language>, printer: &mut Printer) -> Result<(PolicySet, Contacts), Error> {
        let policies = policies_in(language, &self.policies, printer)?;
        Ok((policies, contacts(language, self.contacts.as_deref(), &self.policies)?))
    }
}

/// The policies, with what a letter says of them in its language where somebody wrote that down (`words.nl.toml`).
fn policies_in(language: Option<crate::texts::Language>, folder: &Path, printer: &mut Printer) -> Result<PolicySet, Error> {
    let words = policies::words(folder, language.unwrap_or_else(crate::texts::Language::of_environment))?;
    let mut policies = policies::load(folder, printer)?;
    for version in policies.policies.values_mut().flat_map(|policy| &mut policy.versions) {
        version.title = words.say(&version.title);
        for one in &mut version.uses {
            (one.title, one.purpose) = (words.say(&one.title), words.say(&one.purpose));
        }
    }
    Ok(policies)
}

/// The contact points, with what is noted of them in the language where somebody wrote that down.
fn contacts(language: Option<crate::texts::Language>, file: Option<&Path>, folder: &Path) -> Result<Contacts, Error> {
    let words = policies::words(folder, language.unwrap_or_else(crate::texts::Language::of_environment))?;
    let path = file.map_or_else(|| folder.join("contacts.toml"), Path::to_path_buf);
    let mut contacts = read(&path, read_contacts)?;
    let controllers = contacts.controllers.iter_mut();
    let notes = controllers.flat_map(|one| one.forms.iter_mut().map(|form| &mut form.note).chain([&mut one.note]));
    for note in notes.chain(contacts.authorities.iter_mut().map(|one| &mut one.note)).flatten() {
        *note = words.say(note);
    }
    for form in contacts.controllers.iter_mut().flat_map(|one| &mut one.forms) {
        form.title = words.say(&form.title);
    }
    Ok(contacts)
}

/// Reads a file that a person wrote: everything, or all of its problems.
fn read<T>(path: &Path, reader: impl Fn(&str, &str) -> Result<T, Vec<Problem>>) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::cannot_read(path, &error))?;
    let name = path.display().to_string();
    reader(&name, &text).map_err(|problems| Error::problems(problems, BTreeMap::from([(name.clone(), text.clone())])))
}

/// How the letter is written, and where it goes.
#[derive(clap::Args, Debug)]
struct LetterArgs {
    /// Write in this language; otherwise the one of the environment
    #[arg(long = "language", alias = "lang", value_enum, value_name = "LANGUAGE")]
    lang: Option<crate::texts::Language>,
    /// Date the letter; otherwise today
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Option<Day>,
    /// Write the letter to this file (.txt, .eml or .pdf), readable by you alone; otherwise to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the letter in this form; otherwise the one of the file's name, or text
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

fn language(chosen: Option<crate::texts::Language>) -> Language {
    match chosen.unwrap_or_else(crate::texts::Language::of_environment) {
        crate::texts::Language::Nl => Language::Dutch,
        crate::texts::Language::En => Language::English,
    }
}

fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|error| error.to_string())
}

fn today() -> Day {
    let zone = Zone::parse(HOME_ZONE).unwrap_or_else(|_| Zone::utc());
    Day::of(now(), &zone).unwrap_or(Day::EPOCH)
}

/// The moment at which policies are looked at for a letter of a day: its end.
fn moment(day: Day) -> Instant {
    day.ends(&Zone::parse(HOME_ZONE).unwrap_or_else(|_| Zone::utc())).plus_micros(-1)
}

fn find_controller<'c>(contacts: &'c Contacts, id: &str) -> Result<&'c Controller, Error> {
    contacts.controller(id).ok_or_else(|| {
        let known: BTreeSet<&str> = contacts.controllers.iter().map(|controller| controller.id.as_str()).collect();
        Error::user(format!("there is no controller `{id}` among the contact points{}", suggestion(id, &known, "known")))
    })
}

fn composed(letter: Result<Letter, ComposeError>) -> Result<Letter, Error> {
    letter.map_err(|error| {
        let parts = match &error {
            ComposeError::Person(errors) => errors.iter().map(|one| format!("{one}: {}", one.help())).collect(),
            _ => Vec::new(),
        };
        Error::user(error.to_string()).with_help(error.help()).with_parts(parts)
    })
}

/// Checks the form before anything is made.
fn format_of(output: Option<&Path>, format: Option<Format>) -> Result<Format, Error> {
    let named = output.and_then(Format::of_path);
    match (output, format.or(named)) {
        (None, Some(Format::Pdf)) => {
            Err(Error::new(Kind::Usage, "a PDF is not for a terminal").with_help("name a file: --output letter.pdf"))
        }
        (Some(path), None) => {
            Err(Error::new(Kind::Usage, format!("the name `{}` does not say in which form the letter is", path.display()))
                .with_help("end it with .txt, .eml or .pdf, or add --format"))
        }
        (_, format) => Ok(format.unwrap_or(Format::Text)),
    }
}

/// Refuses to write over a letter that is there: it may be the proof of what was sent.
fn not_there(output: Option<&Path>) -> Result<(), Error> {
    match output {
        Some(path) if path.symlink_metadata().is_ok() => {
            let error = Error::user(format!("`{}` is there already", path.display()));
            Err(error.with_help("name another file, or move this one: it can be your proof of what you sent"))
        }
        _ => Ok(()),
    }
}

/// Writes the letter where it was asked for.
fn deliver(letter: &Letter, output: Option<&Path>, format: Format, printer: &mut Printer) -> Result<(), Error> {
    let bytes = match format {
        Format::Text => letter.to_text().into_bytes(),
        Format::Eml => to_eml(letter, now()).map_err(|error| Error::user(error.to_string()).with_help(error.help()))?,
        Format::Pdf => to_pdf(letter).map_err(|error| {
            let kind = if matches!(error, PdfError::MissingGlyphs(_)) { Kind::User } else { Kind::Internal };
            Error::new(kind, error.to_string()).with_help(error.help())
        })?,
    };
    match output {
        Some(path) => {
            write_file(path, &bytes, Readers::Owner)?;
            let texts = Texts::of(letter.language);
            printer.note(&texts.say("cli", "written", &[("file", &path.display().to_string())]));
            Ok(())
        }
        None => {
            let text = String::from_utf8_lossy(&bytes);
            text.lines().try_for_each(|line| printer.line(line.trim_end_matches('\r')))
        }
    }
}

/// How a letter to a controller can be sent, as far as is known.
fn channel(letter: &Letter, controller: &Controller) -> Channel {
    match (&letter.to.1, &controller.dpo) {
        (Some(_), _) => Channel::Email,
        (None, _) if !controller.address.is_empty() => Channel::Post,
        (None, Some(_)) => Channel::Form,
        (None, None) => Channel::Other,
    }
}

/// What is known besides of whom a letter goes to, such as that somebody else decides on part of it.
fn note_known(name: &str, note: Option<&str>, texts: &Texts, printer: &mut Printer) {
    if let Some(note) = note {
        printer.note(&texts.say("cli", "known", &[("name", name), ("note", note)]));
    }
}

/// Where to send a letter to a controller.
fn note_sending(letter: &Letter, controller: &Controller, format: Format, texts: &Texts, printer: &mut Printer) {
    let name = controller.name.as_str();
    if format == Format::Eml && letter.to.1.is_none() && !controller.address.is_empty() {
        printer.note(&texts.say("cli", "send-no-email", &[("controller", name)]));
        return;
    }
    let text = match (&letter.to.1, &controller.dpo) {
        (Some(email), _) => texts.say("cli", "send-email", &[("email", email)]),
        (None, _) if !controller.address.is_empty() => texts.raw("cli", "send-post").to_owned(),
        (None, Some(contact)) => texts.say("cli", "send-contact", &[("controller", name), ("contact", contact)]),
        (None, None) => texts.say("cli", "send-unknown", &[("controller", name)]),
    };
    printer.note(&text);
}

/// Reads a case, if there is one.
fn load_case(path: &Path) -> Result<Option<Case>, Error> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => read(path, read_case).map(Some),
    }
}

/// Writes a case for its owner alone, with what follows from it in comments.
fn save_case(path: &Path, case: &Case, name: &str, today: Day, texts: &Texts) -> Result<(), Error> {
    let status = case.status(today);
    let mut comments = describe(case, name, &status, texts);
    comments.push(texts.raw("case", "comment").to_owned());
    write_file(path, write_case(case, &comments).as_bytes(), Readers::Owner)
}

/// Lines for a person on standard output.
fn show(lines: &[String], printer: &mut Printer) -> Result<(), Error> {
    lines.iter().try_for_each(|line| printer.line(&visible(line)))
}
