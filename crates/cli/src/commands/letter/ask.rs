//! `bezwaar letter --ask`: a letter by questions, line by line. Each question says why it is asked; nothing is required that is not needed.

use std::collections::BTreeSet;
use std::io::{BufRead, StdinLock};
use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::region::Region;
use bezwaar_letter::case::RequestKind;
use bezwaar_letter::compose::Scope;
use bezwaar_letter::contacts::{Contacts, Controller, email_address};
use bezwaar_letter::person::{Person, Who};
use bezwaar_letter::texts::Texts;

use super::request::{Wish, make};
use super::{contacts, format_of, language, load_case, moment, not_there, policies_in};
use crate::error::{Error, Kind};
use crate::printer::Printer;

/// Country taken where none is said; the question names it.
pub(super) const HOME_COUNTRY: &str = "NL";
/// Longest answer that is read, in bytes.
pub(super) const ANSWER_BYTES_MAX: usize = 16_384;

/// A letter by questions.
#[derive(clap::Args, Debug)]
pub(super) struct AskArgs {
    /// Answer questions on standard input, one a line, and get a letter
    #[arg(long, requires = "policies")]
    ask: bool,
    /// Read the policies in this folder, and the contact points in its contacts.toml
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Read the contact points from this file instead
    #[arg(long, value_name = "FILE")]
    contacts: Option<PathBuf>,
    /// Speak and write this language; otherwise the one of the environment
    #[arg(long = "language", alias = "lang", value_enum, value_name = "LANGUAGE")]
    lang: Option<crate::texts::Language>,
}

pub(super) fn run(args: &AskArgs, printer: &mut Printer) -> Result<(), Error> {
    let folder = match &args.policies {
        Some(folder) if args.ask => folder,
        _ => {
            let error = Error::new(Kind::Usage, "it is not said which letter to write");
            return Err(error.with_help("name one (objection, access, reminder, complaint), or answer questions: --ask --policies DIR"));
        }
    };
    let (policies, contacts) = (policies_in(args.lang, folder, printer)?, contacts(args.lang, args.contacts.as_deref(), folder)?);
    let language = language(args.lang);
    let mut asker = Asker { texts: Texts::of(language), input: std::io::stdin().lock(), printer };
    asker.printer.question(asker.texts.raw("ask", "intro"));
    let kind = asker.choice("kind", &[RequestKind::Objection, RequestKind::Access])?;
    let controller = asker.controller(&contacts, &policies)?;
    let person = asker.person()?;
    let date = super::today();
    let uses = asker.uses(&policies, controller, &person)?;
    let person = if kind == RequestKind::Objection { asker.grounds(person)? } else { person };
    let output = asker.output(controller, kind)?;
    let case = case_of(&output);
    let (output, case) = (Some(output.as_path()), Some(case.as_path()));
    let wish = Wish { kind, language, person: &person, controller, uses: &uses, date, output, format: None, case };
    make(&wish, &policies, &contacts, asker.printer)
}

/// Services that people know a controller by, besides its own id: those of its policies and forms. One that is a controller itself is that one.
fn services<'a>(one: &'a Controller, contacts: &Contacts, policies: &'a PolicySet) -> Vec<&'a str> {
    let versions = one.policies.iter().filter_map(|id| policies.policies.get(id)).flat_map(|policy| &policy.versions);
    let own = versions.flat_map(|version| &version.services);
    let all: BTreeSet<&str> = own.chain(one.forms.iter().flat_map(|form| &form.services)).map(String::as_str).collect();
    all.into_iter().filter(|service| contacts.controller(service).is_none()).collect()
}

/// The case beside a letter.
fn case_of(letter: &Path) -> PathBuf {
    letter.with_extension("case.toml")
}

struct Asker<'p> {
    texts: Texts,
    input: StdinLock<'static>,
    printer: &'p mut Printer,
}

impl Asker<'_> {
    /// Asks, says why, and reads a line. `None` is a question skipped.
    fn ask(&mut self, key: &str, values: &[(&str, &str)]) -> Result<Option<String>, Error> {
        let why = self.texts.raw("ask", &format!("{key}-why")).to_owned();
        self.ask_because(&self.texts.say("ask", key, values), &why)
    }

    fn ask_because(&mut self, question: &str, why: &str) -> Result<Option<String>, Error> {
        self.printer.question("");
        self.printer.question(why);
        self.printer.question(question);
        self.line()
    }

    fn line(&mut self) -> Result<Option<String>, Error> {
        let mut line = Vec::new();
        let cannot = |error: &std::io::Error| Error::of_io("cannot read standard input", error);
        // A limit of the reader counts for this line only.
        let mut limited = std::io::Read::take(&mut self.input, u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX) + 1);
        let count = limited.read_until(b'\n', &mut line).map_err(|error| cannot(&error))?;
        if count == 0 {
            return Err(Error::user(self.texts.raw("ask", "ended").trim_end_matches('.').to_lowercase()));
        }
        if count > ANSWER_BYTES_MAX {
            return Err(Error::user("an answer is longer than 16,384 bytes").with_help("a few sentences are enough"));
        }
        let text = String::from_utf8(line).map_err(|_| Error::user("an answer is not in UTF-8"))?;
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn again(&mut self, key: &str) {
        let text = self.texts.raw("ask", key).to_owned();
        self.printer.question(&text);
    }

    /// One of a few, by its number; the first when skipped.
    fn choice<T: Copy>(&mut self, key: &str, known: &[T]) -> Result<T, Error> {
        let mut answer = self.ask(key, &[])?;
        loop {
            let number = answer.as_deref().map_or(Some(1), |text| text.parse::<usize>().ok());
            let chosen = number.and_then(|number| known.get(number.checked_sub(1)?));
            if let Some(chosen) = chosen {
                return Ok(*chosen);
            }
            self.again("unknown");
            self.again(key);
            answer = self.line()?;
        }
    }

    fn needed(&mut self, key: &str, why: &str) -> Result<String, Error> {
        let (question, why) = (self.texts.raw("ask", key).to_owned(), self.texts.raw("ask", why).to_owned());
        let mut answer = self.ask_because(&question, &why)?;
        loop {
            if let Some(answer) = answer {
                return Ok(answer);
            }
            self.again("required");
            answer = self.line()?;
        }
    }

    /// Several answers on a line, with commas between them.
    fn several(&mut self, key: &str) -> Result<Vec<String>, Error> {
        let answer = self.ask(key, &[])?.unwrap_or_default();
        Ok(answer.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// The controller by its id, its name, or a service that people know it by.
    fn controller<'c>(&mut self, contacts: &'c Contacts, policies: &PolicySet) -> Result<&'c Controller, Error> {
        let known: Vec<(&Controller, Vec<&str>)> =
            contacts.controllers.iter().map(|one| (one, services(one, contacts, policies))).collect();
        let shown = |(one, services): &(&Controller, Vec<&str>)| match services.is_empty() {
            true => one.id.clone(),
            false => format!("{} ({})", one.id, services.join(", ")),
        };
        let list = known.iter().map(shown).collect::<Vec<_>>().join(", ");
        let mut answer = self.ask("controller", &[("known", &list)])?;
        loop {
            let wanted = answer.unwrap_or_default().to_lowercase();
            let by_id = known.iter().find(|(one, _)| one.id.to_lowercase() == wanted || one.name.to_lowercase() == wanted);
            let found = by_id.or_else(|| known.iter().find(|(_, services)| services.contains(&wanted.as_str())));
            if let Some((controller, _)) = found {
                return Ok(*controller);
            }
            self.again("unknown");
            let question = self.texts.say("ask", "controller", &[("known", &list)]);
            self.printer.question(&question);
            answer = self.line()?;
        }
    }

    fn person(&mut self) -> Result<Person, Error> {
        let who = self.choice("who", &[Who::Own, Who::Child, Who::Authorised, Who::NoAccount])?;
        let name = self.needed("name", "name-why")?;
        let represented = match who {
            Who::Child => Some(self.needed("represented-child", "represented-why")?),
            Who::Authorised => Some(self.needed("represented-authorised", "represented-why")?),
            Who::Own | Who::NoAccount => None,
        };
        let (email, address) = self.reach()?;
        let (accounts, links) = match who {
            Who::NoAccount => (Vec::new(), self.several("links")?),
            _ => (self.several("accounts")?, Vec::new()),
        };
        let country = Some(self.country()?);
        Ok(Person { who, name, represented, age: None, address, country, email, accounts, links, grounds: None })
    }

    /// The country the person lives in: it decides which uses can concern them, and whom they can complain to.
    fn country(&mut self) -> Result<String, Error> {
        let mut answer = self.ask("country", &[("home", HOME_COUNTRY)])?;
        loop {
            let code = answer.as_deref().map_or_else(|| HOME_COUNTRY.to_owned(), str::to_uppercase);
            if Region::lookup(&code).is_some() {
                return Ok(code);
            }
            self.again("country-bad");
            answer = self.line()?;
        }
    }

    /// An e-mail address or a postal address: one of them is needed.
    fn reach(&mut self) -> Result<(Option<String>, Vec<String>), Error> {
        loop {
            let mut email = self.ask("email", &[])?;
            while email.as_deref().is_some_and(|email| !email_address(email)) {
                self.again("email-bad");
                email = self.line()?;
            }
            let address = self.several("address")?;
            if email.is_some() || !address.is_empty() {
                return Ok((email, address));
            }
            self.again("reach-needed");
        }
    }

    /// The uses by their numbers; all of them when skipped.
    fn uses(&mut self, policies: &PolicySet, controller: &Controller, person: &Person) -> Result<Vec<String>, Error> {
        let scope = Scope::of(policies, controller, person, moment(super::today()), &[]);
        let scope = scope.map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
        if scope.uses.len() < 2 {
            return Ok(Vec::new());
        }
        let mut question = self.texts.raw("ask", "scope").to_owned();
        let why = self.texts.raw("ask", "scope-why").to_owned();
        let lines: Vec<String> = (1..).zip(&scope.uses).map(|(number, one)| format!("{number} = {}: {}", one.title, one.purpose)).collect();
        self.printer.question("");
        lines.iter().for_each(|line| self.printer.question(line));
        loop {
            let Some(answer) = self.ask_because(&question, &why)? else { return Ok(Vec::new()) };
            let numbers = answer.split(',').map(|part| part.trim().parse::<usize>().ok().and_then(|number| number.checked_sub(1)));
            let named: Option<Vec<String>> = numbers.map(|place| Some(scope.uses.get(place?)?.id.clone())).collect();
            match named {
                Some(named) => return Ok(named),
                None => question = format!("{} {}", self.texts.raw("ask", "unknown"), self.texts.raw("ask", "scope")),
            }
        }
    }

    fn grounds(&mut self, person: Person) -> Result<Person, Error> {
        Ok(Person { grounds: self.ask("grounds", &[])?, ..person })
    }

    /// Where the letter goes, and beside it its case: another request's case is in nobody's way.
    fn output(&mut self, controller: &Controller, kind: RequestKind) -> Result<PathBuf, Error> {
        let file = format!("{}-{}.pdf", kind.as_str(), controller.id);
        let mut answer = self.ask("output", &[("file", &file)])?;
        loop {
            let path = PathBuf::from(answer.as_deref().unwrap_or(&file));
            let there = not_there(Some(&path)).is_err();
            let other =
                load_case(&case_of(&path)).map(|case| case.is_some_and(|case| case.controller != controller.id || case.kind != kind));
            if !there && format_of(Some(&path), None).is_ok() && !other.unwrap_or(true) {
                return Ok(path);
            }
            self.again(if there { "output-there" } else { "unknown" });
            answer = self.line()?;
        }
    }
}
