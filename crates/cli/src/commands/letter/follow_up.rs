//! Reminders and complaints: what follows a request that was sent.

use std::path::PathBuf;

use bezwaar_letter::case::Case;
use bezwaar_letter::compose::{FollowUp, Order, complaint as compose_complaint, reminder as compose_reminder};
use bezwaar_letter::contacts::Contacts;
use bezwaar_letter::texts::Texts;

use super::person::PersonArgs;
use super::{LetterArgs, channel, composed, contacts, deliver, find_controller, format_of};
use super::{language, load_case, not_there, note_known, note_sending};
use crate::error::Error;
use crate::inputs::suggestion;
use crate::printer::Printer;

#[derive(clap::Args, Debug)]
struct CommonArgs {
    /// Read the contact points in the contacts.toml of this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Read the contact points from this file instead
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
    /// Follow the request kept in this case file
    #[arg(long, value_name = "FILE")]
    case: PathBuf,
    /// Add this in your own words
    #[arg(long, value_name = "TEXT")]
    remarks: Option<String>,
    #[command(flatten)]
    letter: LetterArgs,
    #[command(flatten)]
    person: PersonArgs,
}

/// A reminder. It is made only when the time for an answer is over.
#[derive(clap::Args, Debug)]
pub(super) struct ReminderArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// A complaint to an authority.
#[derive(clap::Args, Debug)]
pub(super) struct ComplaintArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Complain to this authority, by its id in the contact points; otherwise to the one of the country you live in
    #[arg(long, value_name = "ID")]
    authority: Option<String>,
}

impl CommonArgs {
    fn load(&self) -> Result<(Contacts, Case), Error> {
        let case = load_case(&self.case)?.ok_or_else(|| {
            let error = Error::user(format!("there is no case `{}`", self.case.display()));
            error.with_help("begin one: bezwaar letter case FILE --to CONTROLLER --kind objection --sent DATE --how email")
        })?;
        Ok((contacts(self.letter.lang, self.contacts.as_deref(), &self.policies)?, case))
    }
}

pub(super) fn reminder(args: &ReminderArgs, printer: &mut Printer) -> Result<(), Error> {
    let args = &args.common;
    let format = format_of(args.letter.output.as_deref(), args.letter.format)?;
    not_there(args.letter.output.as_deref())?;
    let (contacts, case) = args.load()?;
    let person = args.person.load()?;
    let controller = find_controller(&contacts, &case.controller)?;
    let authority = person.country.as_deref().and_then(|country| contacts.authority_of(country));
    let order = Order {
        language: language(args.letter.lang),
        person: &person,
        controller,
        authority,
        date: args.letter.date.unwrap_or_else(super::today),
    };
    let letter = composed(compose_reminder(&order, &FollowUp { case: &case, remarks: args.remarks.as_deref() }))?;
    deliver(&letter, args.letter.output.as_deref(), format, printer)?;
    let texts = Texts::of(order.language);
    note_sending(&letter, controller, format, &texts, printer);
    let how = channel(&letter, controller).as_str();
    printer.note(&texts.say("cli", "next-reminded", &[("file", &args.case.display().to_string()), ("how", how)]));
    Ok(())
}

pub(super) fn complaint(args: &ComplaintArgs, printer: &mut Printer) -> Result<(), Error> {
    let (named, args) = (args.authority.as_deref(), &args.common);
    let format = format_of(args.letter.output.as_deref(), args.letter.format)?;
    not_there(args.letter.output.as_deref())?;
    let (contacts, case) = args.load()?;
    let person = args.person.load()?;
    let controller = find_controller(&contacts, &case.controller)?;
    let authority = match named {
        None => person.country.as_deref().and_then(|country| contacts.authority_of(country)),
        Some(id) => Some(contacts.authority(id).ok_or_else(|| {
            let known = contacts.authorities.iter().map(|authority| authority.id.as_str()).collect();
            Error::user(format!("there is no authority `{id}` among the contact points{}", suggestion(id, &known, "known")))
        })?),
    };
    let lead = controller.country.as_deref().and_then(|country| contacts.authority_of(country));
    let order = Order {
        language: language(args.letter.lang),
        person: &person,
        controller,
        authority,
        date: args.letter.date.unwrap_or_else(super::today),
    };
    let letter = composed(compose_complaint(&order, &FollowUp { case: &case, remarks: args.remarks.as_deref() }, lead))?;
    deliver(&letter, args.letter.output.as_deref(), format, printer)?;
    let texts = Texts::of(order.language);
    if let Some(authority) = authority {
        if let Some(url) = &authority.url {
            printer.note(&texts.say("cli", "authority", &[("url", url)]));
        }
        let reads = authority.languages.is_empty() || authority.languages.iter().any(|code| code == order.language.code());
        if !reads {
            let languages = authority.languages.join(", ");
            printer.note(&texts.say("cli", "authority-language", &[("authority", &authority.name), ("languages", &languages)]));
        }
        note_known(&authority.name, authority.note.as_deref(), &texts, printer);
    }
    printer.note(texts.raw("cli", "enclose"));
    printer.note(&texts.say("cli", "next-complained", &[("file", &args.case.display().to_string())]));
    Ok(())
}
