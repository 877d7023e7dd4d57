//! Whom a letter is about and who writes it.

use std::fmt;

use bezwaar_core::grammar::{Field, Node, Shape, optional, parse};
use bezwaar_core::problem::Problem;

use crate::contacts::{country_code, email_address};

/// Who writes, and about whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Who {
    /// Somebody about themselves. From 16 years on that is also a child (NL: UAVG Art. 5).
    #[default]
    Own,
    /// The legal representative of a child under 16.
    Child,
    /// Somebody whom the person authorised.
    Authorised,
    /// Somebody without an account, about themselves.
    NoAccount,
}

impl Who {
    /// Every one of them.
    pub const ALL: [Who; 4] = [Who::Own, Who::Child, Who::Authorised, Who::NoAccount];
    const WORDS: &'static [&'static str] = &["self", "child", "authorised", "no-account"];

    /// Its word in files and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Who::Own => "self",
            Who::Child => "child",
            Who::Authorised => "authorised",
            Who::NoAccount => "no-account",
        }
    }

    /// The one with this word.
    pub fn lookup(word: &str) -> Option<Who> {
        Who::ALL.into_iter().find(|who| who.as_str() == word)
    }

    /// Whether somebody writes for somebody else.
    pub fn for_other(self) -> bool {
        matches!(self, Who::Child | Who::Authorised)
    }
}

/// From this age on a person objects without a representative (NL: UAVG Art. 5).
pub const CHILD_AGE_BELOW: i64 = 16;
/// Longest line of a person's details, in characters.
pub const LINE_CHARS_MAX: usize = 200;
/// Most lines or entries of one kind.
pub const LINES_MAX: usize = 50;
/// Longest text in the person's own words, in characters.
pub const GROUNDS_CHARS_MAX: usize = 10_000;

/// The details a letter needs: as few as can be.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Who writes, about whom.
    pub who: Who,
    /// The name of who writes.
    pub name: String,
    /// The name of the child, or of who authorised.
    pub represented: Option<String>,
    /// The age of whom the letter is about, in years; `None` when it is not said.
    pub age: Option<i64>,
    /// Lines of the postal address of who writes; empty is none.
    pub address: Vec<String>,
    /// ISO 3166-1 code of the country the person lives in.
    pub country: Option<String>,
    /// The e-mail address of who writes.
    pub email: Option<String>,
    /// Accounts the letter is about.
    pub accounts: Vec<String>,
    /// Where the person appears.
    pub links: Vec<String>,
    /// Reasons that relate to the person's situation, in their own words. Never required.
    pub grounds: Option<String>,
}

/// Details of people are not shown.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("who", &self.who).finish_non_exhaustive()
    }
}

/// What is wrong with somebody's details. No detail is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PersonError {
    /// There is no name to sign with.
    NoName,
    /// There is neither an e-mail address nor a postal address.
    NoReach,
    /// The child or the person who authorised has no name.
    NoRepresented,
    /// Somebody is represented in a letter about oneself.
    RepresentedUnused,
    /// The child is old enough to write.
    ChildOldEnough,
    /// The e-mail address is none.
    NotAnEmail,
    /// The country is no code.
    NotACountry,
    /// A line is longer than [`LINE_CHARS_MAX`], or there are more than [`LINES_MAX`] of a kind.
    TooLong,
    /// A text in own words is longer than [`GROUNDS_CHARS_MAX`].
    GroundsTooLong,
    /// A line holds a control character, such as a line end.
    ControlCharacter,
}

impl fmt::Display for PersonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PersonError::NoName => "the letter has no name below it",
            PersonError::NoReach => "there is neither an e-mail address nor a postal address to answer to",
            PersonError::NoRepresented => "it is not said for whom the letter is",
            PersonError::RepresentedUnused => "a letter about oneself is for nobody else",
            PersonError::ChildOldEnough => "who is 16 or older writes in their own name",
            PersonError::NotAnEmail => "the e-mail address is not written as one",
            PersonError::NotACountry => "the country is not written as a code",
            PersonError::TooLong => "a line is longer than 200 characters, or there are more than 50 of a kind",
            PersonError::GroundsTooLong => "the text in own words is longer than 10,000 characters",
            PersonError::ControlCharacter => "a line holds a control character",
        })
    }
}

impl std::error::Error for PersonError {}

impl PersonError {
    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            PersonError::NoName => "give the name of who writes: --name, or `name` in the file of --person",
            PersonError::NoReach => "give one of the two: --email or --address",
            PersonError::NoRepresented => "give the name of the child, or of who authorised you: --for",
            PersonError::RepresentedUnused => "leave --for out, or write as `child` or `authorised` with --who",
            PersonError::ChildOldEnough => "let the young person write: --who self",
            PersonError::NotAnEmail => "write it as name@example.org",
            PersonError::NotACountry => "write an ISO 3166-1 code in capitals, such as NL",
            PersonError::TooLong => "shorten it; a few accounts or links are enough",
            PersonError::GroundsTooLong => "shorten it; a few sentences are enough",
            PersonError::ControlCharacter => "write each line as a text of its own",
        }
    }
}

impl Person {
    /// What is wrong with the details; all of it.
    pub fn problems(&self) -> Vec<PersonError> {
        let mut found = Vec::new();
        let empty = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        let mut when = |wrong: bool, error: PersonError| found.extend(wrong.then_some(error));
        when(self.name.trim().is_empty(), PersonError::NoName);
        when(self.who == Who::Child && self.age.is_some_and(|age| age >= CHILD_AGE_BELOW), PersonError::ChildOldEnough);
        when(empty(&self.email) && self.address.is_empty(), PersonError::NoReach);
        when(self.who.for_other() && empty(&self.represented), PersonError::NoRepresented);
        when(!self.who.for_other() && self.represented.is_some(), PersonError::RepresentedUnused);
        when(self.email.as_deref().is_some_and(|email| !email_address(email)), PersonError::NotAnEmail);
        when(self.country.as_deref().is_some_and(|country| !country_code(country)), PersonError::NotACountry);
        let lists = [&self.address, &self.accounts, &self.links];
        let lines: Vec<&String> =
            [&self.name].into_iter().chain(&self.represented).chain(&self.email).chain(lists.into_iter().flatten()).collect();
        let many = lists.into_iter().any(|list| list.len() > LINES_MAX);
        when(many || lines.iter().any(|line| line.chars().count() > LINE_CHARS_MAX), PersonError::TooLong);
        let odd = |letter: char| letter.is_control() && letter != '\n';
        let grounds = self.grounds.as_deref().unwrap_or_default();
        let controls = lines.iter().any(|line| line.chars().any(char::is_control)) || grounds.replace("\r\n", "\n").contains(odd);
        when(controls, PersonError::ControlCharacter);
        when(grounds.chars().count() > GROUNDS_CHARS_MAX, PersonError::GroundsTooLong);
        found
    }

    /// The oldest that the person can be, in years; `None` when nothing is known of it.
    pub fn age_at_most(&self) -> Option<i64> {
        self.age.or((self.who == Who::Child).then_some(CHILD_AGE_BELOW - 1))
    }

    /// The name of whom the letter is about.
    pub fn subject_name(&self) -> &str {
        self.represented.as_deref().filter(|_| self.who.for_other()).unwrap_or(&self.name)
    }
}

/// The format of the file of `--person`.
pub const PERSON_FILE: &[Field] = &[
    optional("who", Shape::Word(Who::WORDS), "who writes, about whom; left out: self"),
    optional("name", Shape::Text, "name of who writes"),
    optional("for", Shape::Text, "name of the child, or of who authorised"),
    optional(
        "age",
        Shape::Int(0, 150),
        "age of whom the letter is about; only to tell whether a child writes, and which uses concern them",
    ),
    optional("address", Shape::Texts, "lines of the postal address"),
    optional("country", Shape::Text, "ISO 3166-1 code of the country the person lives in; left out: NL"),
    optional("email", Shape::Text, "e-mail address"),
    optional("accounts", Shape::Texts, "accounts the letter is about"),
    optional("links", Shape::Texts, "where the person appears"),
    optional("grounds", Shape::Text, "reasons in own words; never required"),
];

/// Reads somebody's details: everything, or all problems with their places. Whether they are complete [`Person::problems`] says.
pub fn read_person(path: &str, text: &str) -> Result<Person, Vec<Problem>> {
    let mut problems = Vec::new();
    let person = parse(path, text, PERSON_FILE, &mut problems).map(|table| {
        let node = Node::root(&table);
        let who = node.opt_text("who").and_then(|word| Who::lookup(&word)).unwrap_or_default();
        if who == Who::Child && node.int("age").is_some_and(|age| age >= CHILD_AGE_BELOW) {
            let error = PersonError::ChildOldEnough;
            problems.push(Problem::new(path, node.span_of("age"), error.to_string()).with_help("write who = \"self\", with their name"));
        }
        Person {
            who,
            name: node.text("name"),
            represented: node.opt_text("for"),
            age: node.int("age"),
            address: node.plain_texts("address"),
            country: node.opt_text("country"),
            email: node.opt_text("email"),
            accounts: node.plain_texts("accounts"),
            links: node.plain_texts("links"),
            grounds: node.opt_text("grounds"),
        }
    });
    match person {
        Some(person) if problems.is_empty() => Ok(person),
        _ => Err(problems),
    }
}
