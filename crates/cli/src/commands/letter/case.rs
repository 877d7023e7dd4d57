//! `bezwaar letter case`: what was sent when, when an answer is due, what next.

use std::path::PathBuf;

use bezwaar_core::time::Day;
use bezwaar_letter::case::{Case, Channel, Event, Outcome, RequestKind, What, describe, describe_events, describe_next};
use bezwaar_letter::texts::Texts;
use clap::ValueEnum;

use super::{contacts, language, load_case, parse_day, save_case, show};
use crate::error::{Error, Kind};
use crate::printer::Printer;

/// Show a case, or note what happened
///
/// A case is one request to one company: a small file that you keep and may read and change. It says when the request was sent, when
/// the answer is due, what came back, and what you can do next. Several things can be noted at once.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The case; made when it is not there
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Speak this language; otherwise the one of the environment
    #[arg(long = "language", alias = "lang", value_enum, value_name = "LANGUAGE")]
    lang: Option<crate::texts::Language>,
    /// Look at the case as of this day; otherwise today
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    date: Option<Day>,
    /// Note when the request was sent
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "how")]
    sent: Option<Day>,
    /// Note when the company received it, if you know
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    received: Option<Day>,
    /// Note when the company said that it needs more time
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    extended: Option<Day>,
    /// Note when the company answered
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "outcome")]
    answered: Option<Day>,
    /// Note what the answer was
    #[arg(long, value_enum, requires = "answered")]
    outcome: Option<OutcomeWord>,
    /// Note when you sent a reminder
    #[arg(long, value_name = "DAY", value_parser = parse_day, requires = "how")]
    reminded: Option<Day>,
    /// Note when you lodged a complaint
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    complained: Option<Day>,
    /// Say how it was sent
    #[arg(long, value_enum)]
    how: Option<ChannelWord>,
    /// Add a note of your own to what is noted
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// For a new case: the controller, by its id in the contact points
    #[arg(long, value_name = "CONTROLLER")]
    to: Option<String>,
    /// For a new case: what was asked for
    #[arg(long, value_enum)]
    kind: Option<KindWord>,
    /// Read the contact points in the contacts.toml of this folder: the company's name, and whose public holidays count
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KindWord {
    /// An objection
    Objection,
    /// A request for access
    Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChannelWord {
    /// By e-mail
    Email,
    /// By post
    Post,
    /// Through a form
    Form,
    /// In another way
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutcomeWord {
    /// They do what was asked
    Agreed,
    /// They do part of it
    Partly,
    /// They do not do it
    Refused,
    /// Only a confirmation of receipt
    Confirmation,
    /// They ask for more details
    AskedForMore,
    /// Something else
    Other,
}

const EXAMPLES: &str = "\
Examples:
  Note that the objection was mailed, and see when the answer is due:
    bezwaar letter case meta-case.toml --sent 2025-05-26 --how email

  Note a refusal, and see what you can do:
    bezwaar letter case meta-case.toml --answered 2025-06-20 --outcome refused

  Keep a case of a letter that was made elsewhere:
    bezwaar letter case x-case.toml --to x --kind access --policies policies --sent 2025-06-02 --how post";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let today = args.date.unwrap_or_else(super::today);
    let texts = Texts::of(language(args.lang));
    let known = args.policies.as_deref().map(|folder| contacts(args.lang, None, folder)).transpose()?;
    let before = load_case(&args.file)?;
    let id = before.as_ref().map(|case| case.controller.as_str()).or(args.to.as_deref()).unwrap_or_default().to_owned();
    let controller = known.as_ref().map(|known| super::find_controller(known, &id)).transpose();
    let (mut case, controller) = match (before.clone(), &args.to, args.kind) {
        (Some(case), ..) => (case, controller.ok().flatten()),
        (None, Some(to), Some(kind)) => {
            let controller = controller?;
            let kind = if kind == KindWord::Objection { RequestKind::Objection } else { RequestKind::Access };
            (Case::new(to, kind, controller.and_then(|controller| controller.country.as_deref())), controller)
        }
        (None, ..) => {
            let error = Error::new(Kind::Usage, format!("there is no case `{}`", args.file.display()));
            return Err(error.with_help("to begin one, say with whom and about what: --to CONTROLLER --kind objection"));
        }
    };
    for (day, what) in events(args) {
        let event = Event { day, what, note: args.note.clone() };
        case.note(event).map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
    }
    // To look at a case changes nothing in it.
    if let Some(controller) = controller.filter(|_| before.as_ref() != Some(&case)) {
        case.name = Some(controller.name.clone());
    }
    let known = controller.map(|controller| controller.name.clone()).or_else(|| case.name.clone());
    let name = known.unwrap_or_else(|| case.controller.clone());
    if before.as_ref() != Some(&case) {
        save_case(&args.file, &case, &name, today, &texts)?;
    }
    let status = case.status(today);
    let mut lines = describe(&case, &name, &status, &texts);
    lines.extend(describe_events(&case, &texts));
    lines.push(describe_next(status.next, &texts));
    show(&lines, printer)
}

/// What is to be noted, in the order in which it can have happened.
fn events(args: &Args) -> Vec<(Day, What)> {
    let how = match args.how {
        Some(ChannelWord::Email) => Channel::Email,
        Some(ChannelWord::Post) => Channel::Post,
        Some(ChannelWord::Form) => Channel::Form,
        Some(ChannelWord::Other) | None => Channel::Other,
    };
    let outcome = match args.outcome {
        Some(OutcomeWord::Agreed) => Outcome::Agreed,
        Some(OutcomeWord::Partly) => Outcome::Partly,
        Some(OutcomeWord::Refused) => Outcome::Refused,
        Some(OutcomeWord::Confirmation) => Outcome::Confirmation,
        Some(OutcomeWord::AskedForMore) => Outcome::AskedForMore,
        Some(OutcomeWord::Other) | None => Outcome::Other,
    };
    [
        (args.sent, What::Sent(how)),
        (args.received, What::Received),
        (args.extended, What::Extended),
        (args.answered, What::Answered(outcome)),
        (args.reminded, What::Reminded(how)),
        (args.complained, What::Complained),
    ]
    .into_iter()
    .filter_map(|(day, what)| day.map(|day| (day, what)))
    .collect()
}
