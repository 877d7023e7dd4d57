//! Composes letters from texts and facts.

mod access;
mod complaint;
mod objection;
mod reminder;

use std::fmt;

use bezwaar_core::policy::{Declared, Policy, PolicySet, Use, Version, When};
use bezwaar_core::region::Region;
use bezwaar_core::time::{Day, Instant};

pub use access::access;
pub use complaint::complaint;
pub use objection::objection;
pub use reminder::reminder;

use crate::case::{Case, RequestKind};
use crate::contacts::{Authority, Controller, email_address};
use crate::letter::{Block, Letter};
use crate::person::{Person, PersonError, Who};
use crate::texts::{Language, Texts};

/// What every letter is made from.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The language to write in.
    pub language: Language,
    /// Who writes, about whom.
    pub person: &'a Person,
    /// The controller the letter is for, or about.
    pub controller: &'a Controller,
    /// The authority of the person's country, if it is known.
    pub authority: Option<&'a Authority>,
    /// The letter's day.
    pub date: Day,
}

/// The uses a request is about, as policies describe them.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// The versions the uses are taken from.
    pub versions: Vec<&'a Version>,
    /// The uses named.
    pub uses: Vec<&'a Use>,
    /// Whether the request is about nothing but these uses.
    pub narrowed: bool,
}

/// What a reminder or a complaint is about besides.
#[derive(Clone, Copy, Debug)]
pub struct FollowUp<'a> {
    /// The request it follows.
    pub case: &'a Case,
    /// What the person wants to add.
    pub remarks: Option<&'a str>,
}

/// Why no letter can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ComposeError {
    /// Details of the person are missing or wrong: all of them.
    Person(Vec<PersonError>),
    /// A use named is not in the policies of this controller.
    UnknownUse(String),
    /// The request was not sent yet.
    NotSent,
    /// The answer may still come in time, until this day.
    NotDueYet(Day),
    /// The controller answered already.
    Answered,
    /// The answer agreed to everything, and nothing was added.
    NothingToComplain,
    /// There is no authority to complain to.
    NoAuthority,
}

impl fmt::Display for ComposeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ComposeError::Person(errors) if errors.len() == 1 => f.write_str("a detail of the letter is missing or wrong"),
            ComposeError::Person(errors) => write!(f, "{} details of the letter are missing or wrong", errors.len()),
            ComposeError::UnknownUse(id) => write!(f, "the policies of this controller have no use `{id}`"),
            ComposeError::NotSent => f.write_str("the request was not sent yet"),
            ComposeError::NotDueYet(day) => write!(f, "the answer can still come in time, until the end of {day}"),
            ComposeError::Answered => f.write_str("the controller answered already"),
            ComposeError::NothingToComplain => f.write_str("the controller agreed, and nothing is said to be wrong"),
            ComposeError::NoAuthority => f.write_str("no authority is known for this person's country"),
        }
    }
}

impl std::error::Error for ComposeError {}

impl ComposeError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            ComposeError::Person(_) => "only a name and a way to answer are needed, and for whom you write",
            ComposeError::UnknownUse(_) => "`bezwaar policy list` shows the uses; without --use the letter is about all of them",
            ComposeError::NotSent => "note when it was sent: bezwaar letter case FILE --sent DATE --how email",
            ComposeError::NotDueYet(_) => "wait until then, or say with --remarks what is wrong and write a complaint",
            ComposeError::Answered => "do you not agree with the answer? then write a complaint",
            ComposeError::NothingToComplain => "say with --remarks what is wrong",
            ComposeError::NoAuthority => "name one with --authority",
        }
    }
}

impl<'a> Scope<'a> {
    /// The uses of a controller's policies in force at a moment that can concern the person: all, or those named, as they were asked for.
    ///
    /// What was promised not to be done is named only when it is asked for. Neither is what does not concern the person, as far as that is
    /// known: by account, age and country. The letter's catch-all covers all of it.
    pub fn of(
        policies: &'a PolicySet,
        controller: &Controller,
        person: &Person,
        at: Instant,
        named: &[String],
    ) -> Result<Scope<'a>, ComposeError> {
        let known = controller.policies.iter().filter_map(|id| policies.policies.get(id));
        let versions: Vec<&Version> = known.filter_map(|policy: &Policy| policy.version_at(at).or(policy.versions.first())).collect();
        let all: Vec<&Use> = versions.iter().flat_map(|version| &version.uses).collect();
        if let Some(stranger) = named.iter().find(|id| !all.iter().any(|one| one.id == **id)) {
            return Err(ComposeError::UnknownUse(stranger.clone()));
        }
        let concerned = |one: &Use| match named.is_empty() {
            false => named.contains(&one.id),
            true => one.declared != Declared::NonUse && concerns(one, person),
        };
        let uses: Vec<&Use> = all.into_iter().filter(|one| concerned(one)).collect();
        let versions = versions.into_iter().filter(|version| uses.iter().any(|one| version.uses.iter().any(|own| own.id == one.id)));
        Ok(Scope { versions: versions.collect(), uses, narrowed: !named.is_empty() })
    }
}

/// Whether a use can concern a person, as far as that is known.
fn concerns(one: &Use, person: &Person) -> bool {
    let account = match (person.who, one.registered) {
        // A child, or whoever authorised somebody, can have an account or none, and others post about them either way.
        (Who::Child | Who::Authorised, _) | (_, None) => true,
        (who, Some(registered)) => registered != (who == Who::NoAccount),
    };
    let too_young = person.age_at_most().zip(one.min_age).is_some_and(|(age, least)| least > age);
    let country = person.country.as_deref().and_then(Region::lookup);
    let elsewhere = country.zip(one.regions.as_ref()).is_some_and(|(country, regions)| !regions.contains(&country));
    account && !too_young && !elsewhere
}

/// The texts of a letter, with what every letter says alike.
struct Writer<'a> {
    order: &'a Order<'a>,
    texts: Texts,
    data: String,
    body: Vec<Block>,
}

impl<'a> Writer<'a> {
    fn new(order: &'a Order<'a>) -> Result<Writer<'a>, ComposeError> {
        let problems = order.person.problems();
        if !problems.is_empty() {
            return Err(ComposeError::Person(problems));
        }
        let texts = Texts::of(order.language);
        let section = if order.person.who.for_other() { "other" } else { "own" };
        let data = texts.say(section, "data", &[("name", order.person.subject_name())]);
        Ok(Writer { order, texts, data, body: Vec::new() })
    }

    /// The person the letter is about, as the object of a sentence.
    fn person(&self) -> String {
        let section = if self.order.person.who.for_other() { "other" } else { "own" };
        self.texts.say(section, "person", &[("name", self.order.person.subject_name())])
    }

    /// A text; `{data}`, `{name}` and `{person}` are known to all.
    fn say(&self, section: &str, key: &str, values: &[(&str, &str)]) -> String {
        let person = self.person();
        let known = [("data", self.data.as_str()), ("name", self.order.person.subject_name()), ("person", &person)];
        let all: Vec<(&str, &str)> = values.iter().copied().chain(known).collect();
        self.texts.say(section, key, &all)
    }

    fn paragraph(&mut self, text: String) {
        self.body.push(Block::Paragraph(text));
    }

    fn add(&mut self, section: &str, key: &str, values: &[(&str, &str)]) {
        let text = self.say(section, key, values);
        self.paragraph(text);
    }

    /// What the person wrote in their own words: a paragraph for each of theirs.
    fn own_words(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n");
        for part in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
            self.paragraph(part.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    /// The opening of a letter of some kind, by who writes.
    fn opening_key(&self) -> &'static str {
        match self.order.person.who {
            Who::Own => "opening-self",
            Who::Child => "opening-child",
            Who::Authorised => "opening-authorised",
            Who::NoAccount => "opening-no-account",
        }
    }

    fn uses(&mut self, scope: &Scope<'_>) {
        if scope.uses.is_empty() {
            return;
        }
        let version = |version: &&Version| {
            let title = self.texts.quoted(&version.title);
            // What was never published is no text to name a version of.
            let key = if version.published == When::Never { "version-practice" } else { "version" };
            self.texts.say("part", key, &[("title", &title), ("effective", &self.texts.day(version.effective))])
        };
        let versions = scope.versions.iter().map(version).collect::<Vec<_>>().join("; ");
        let key = if scope.narrowed { "uses-only" } else { "uses" };
        self.add("part", key, &[("versions", &versions)]);
        let lines = scope.uses.iter().map(|one| {
            let title = self.texts.quoted(&one.title);
            self.texts.say("part", "use", &[("title", &title), ("purpose", &one.purpose)])
        });
        self.body.push(Block::Bullets(lines.collect()));
    }

    /// How the person can be found, and what is not to be asked for.
    fn find(&mut self, kind: RequestKind) {
        let person = self.order.person;
        self.add("part", "find", &[]);
        let mut lines = vec![self.say("part", "find-name", &[])];
        // The address of who writes for somebody else finds nothing about that somebody.
        lines.extend(
            person.email.iter().filter(|_| !person.who.for_other()).map(|email| self.say("part", "find-email", &[("email", email)])),
        );
        lines.extend(person.accounts.iter().map(|account| self.say("part", "find-account", &[("account", account)])));
        lines.extend(person.links.iter().map(|link| self.say("part", "find-link", &[("link", link)])));
        self.body.push(Block::Bullets(lines));
        let stands = self.say("part", &format!("stands-{}", kind.as_str()), &[]);
        let mut text = self.say("part", "find-more", &[("stands", &stands)]);
        text.push(' ');
        text.push_str(&self.say("part", "identity", &[]));
        self.paragraph(text);
        match person.who {
            Who::Child => self.add("part", "entitled-child", &[]),
            Who::Authorised => self.add("part", "entitled-authorised", &[]),
            Who::Own | Who::NoAccount => {}
        }
    }

    fn reach(&self) -> String {
        let reach = match &self.order.person.email {
            Some(email) => email.clone(),
            None => self.say("part", "reach-post", &[]),
        };
        self.say("part", "reach", &[("reach", &reach)])
    }

    fn authority_name(&self) -> String {
        match self.order.authority {
            Some(authority) => self.say("part", "the-authority", &[("authority", &authority.name)]),
            None => self.say("part", "any-authority", &[]),
        }
    }

    /// The last paragraph: hope, and thanks.
    fn ending(&mut self) {
        let authority = self.authority_name();
        self.add("part", "hope", &[("authority", &authority)]);
        let text = format!("{} {}", self.reach(), self.say("part", "thanks", &[]));
        self.paragraph(text);
    }

    fn letter(self, subject: String, to: Addressee<'_>, enclosures: Vec<String>) -> Letter {
        let person = self.order.person;
        let email = person.email.iter().map(|email| self.texts.say("frame", "email", &[("email", email)]));
        let sender = [person.name.clone()].into_iter().chain(person.address.iter().cloned()).chain(email).collect();
        let behalf = person.who.for_other().then(|| self.say("frame", "on-behalf", &[]));
        Letter {
            language: self.order.language,
            sender,
            from: (person.name.clone(), person.email.clone()),
            addressee: [to.name.to_owned()].into_iter().chain(self.texts.address(to.address)).collect(),
            to: (to.name.to_owned(), to.email.cloned()),
            date: self.order.date,
            subject,
            salutation: self.texts.raw("frame", "salutation").to_owned(),
            closing: self.texts.raw("frame", "closing").to_owned(),
            signature: [person.name.clone()].into_iter().chain(behalf).collect(),
            enclosures,
            body: self.body,
        }
    }
}

/// Whom a letter goes to.
struct Addressee<'a> {
    name: &'a str,
    address: &'a [String],
    email: Option<&'a String>,
}

impl<'a> From<&'a Controller> for Addressee<'a> {
    fn from(controller: &'a Controller) -> Addressee<'a> {
        // A data protection officer with a mail address gets the mail where no other address is known.
        let dpo = controller.dpo.as_ref().filter(|dpo| email_address(dpo));
        Addressee { name: &controller.name, address: &controller.address, email: controller.email.as_ref().or(dpo) }
    }
}

impl<'a> From<&'a Authority> for Addressee<'a> {
    fn from(authority: &'a Authority) -> Addressee<'a> {
        Addressee { name: &authority.name, address: &authority.address, email: authority.email.as_ref() }
    }
}
