//! Objections and requests for access.

use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::Day;
use bezwaar_letter::case::{Case, Event, RequestKind, What};
use bezwaar_letter::compose::{Order, Scope, access, objection};
use bezwaar_letter::contacts::{Contacts, Controller, Form, FormKind};
use bezwaar_letter::person::{Person, Who};
use bezwaar_letter::texts::{Language, Texts};

use super::person::PersonArgs;
use super::{FactArgs, LetterArgs, channel, composed, deliver, find_controller, format_of};
use super::{language, load_case, moment, not_there, note_known, note_sending, save_case};
use crate::error::Error;
use crate::printer::Printer;

/// A request to a controller.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    facts: FactArgs,
    /// Write to this controller, by its id in the contact points
    #[arg(long, value_name = "CONTROLLER")]
    to: String,
    /// Write about this use only; repeat it. Otherwise about all training of AI
    #[arg(long = "use", value_name = "ID")]
    uses: Vec<String>,
    #[command(flatten)]
    letter: LetterArgs,
    /// Begin a case in this file, or go on with one: what was sent, when an answer is due
    #[arg(long, value_name = "FILE")]
    case: Option<PathBuf>,
    #[command(flatten)]
    person: PersonArgs,
}

/// What a request is made from, however it was asked for.
pub(super) struct Wish<'a> {
    pub(super) kind: RequestKind,
    pub(super) language: Language,
    pub(super) person: &'a Person,
    pub(super) controller: &'a Controller,
    pub(super) uses: &'a [String],
    pub(super) date: Day,
    pub(super) output: Option<&'a Path>,
    pub(super) format: Option<super::Format>,
    pub(super) case: Option<&'a Path>,
}

pub(super) fn run(args: &Args, kind: RequestKind, printer: &mut Printer) -> Result<(), Error> {
    let (policies, contacts) = args.facts.load(args.letter.lang, printer)?;
    let person = args.person.load()?;
    let wish = Wish {
        kind,
        language: language(args.letter.lang),
        person: &person,
        controller: find_controller(&contacts, &args.to)?,
        uses: &args.uses,
        date: args.letter.date.unwrap_or_else(super::today),
        output: args.letter.output.as_deref(),
        format: args.letter.format,
        case: args.case.as_deref(),
    };
    make(&wish, &policies, &contacts, printer)
}

/// Makes the letter and the case, and says what to do with them.
pub(super) fn make(wish: &Wish<'_>, policies: &PolicySet, contacts: &Contacts, printer: &mut Printer) -> Result<(), Error> {
    let format = format_of(wish.output, wish.format)?;
    not_there(wish.output)?;
    let texts = Texts::of(wish.language);
    let controller = wish.controller;
    let authority = wish.person.country.as_deref().and_then(|country| contacts.authority_of(country));
    let order = Order { language: wish.language, person: wish.person, controller, authority, date: wish.date };
    let scope = Scope::of(policies, controller, wish.person, moment(wish.date), wish.uses);
    let scope = scope.map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
    let letter = composed(match wish.kind {
        RequestKind::Objection => objection(&order, &scope),
        RequestKind::Access => access(&order, &scope),
    })?;
    let case = wish.case.map(|path| begun(path, wish).map(|case| (path, case))).transpose()?;
    deliver(&letter, wish.output, format, printer)?;
    note_sending(&letter, controller, format, &texts, printer);
    note_known(&controller.name, controller.note.as_deref(), &texts, printer);
    for form in forms(controller, wish.kind, wish.person.who) {
        let key = if form.login == Some(true) { "form-login" } else { "form" };
        let text = texts.say("cli", key, &[("title", &form.title), ("url", &form.url)]);
        // What is known of a form can be that it covers less than the letter does.
        let known = form.note.as_ref().map(|note| format!(". {note}")).unwrap_or_default();
        printer.note(&(text + &known));
    }
    if let Some((path, case)) = case {
        save_case(path, &case, &controller.name, wish.date, &texts)?;
        let how = channel(&letter, controller).as_str();
        printer.note(&texts.say("cli", "next-sent", &[("file", &path.display().to_string()), ("how", how)]));
    }
    Ok(())
}

/// The case in a file, or a new one, with the letter noted.
fn begun(path: &Path, wish: &Wish<'_>) -> Result<Case, Error> {
    let country = wish.controller.country.as_deref();
    let case = load_case(path)?;
    let mut case = case.unwrap_or_else(|| Case::new(&wish.controller.id, wish.kind, country));
    if case.controller != wish.controller.id || case.kind != wish.kind {
        let error = Error::user(format!("`{}` holds another case", path.display()));
        return Err(error.with_help("one case is one request to one company: name another file"));
    }
    case.name.get_or_insert_with(|| wish.controller.name.clone());
    let event = Event { day: wish.date, what: What::Written, note: None };
    case.note(event).map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
    Ok(case)
}

/// Forms that serve the same end.
fn forms(controller: &Controller, kind: RequestKind, who: Who) -> Vec<&Form> {
    let without = matches!(who, Who::NoAccount | Who::Authorised);
    let fits = |form: &&Form| match (kind, form.kind) {
        // Who has no account cannot log in; a child's parent need not have one; who is authorised logs in as nobody but themselves.
        (RequestKind::Objection, FormKind::Objection) => !without || form.login == Some(false),
        (RequestKind::Objection, FormKind::ObjectionNonUser) => without || who == Who::Child,
        (RequestKind::Access, FormKind::Access) => !without || form.login != Some(true),
        _ => false,
    };
    controller.forms.iter().filter(fits).collect()
}
