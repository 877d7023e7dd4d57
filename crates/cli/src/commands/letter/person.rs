//! The details of who writes: from a file, so that they stay out of the shell's history, or from options.

use std::path::PathBuf;

use bezwaar_letter::person::{Person, Who, read_person};
use clap::ValueEnum;

use crate::error::Error;

/// Whom the letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhoWord {
    /// Me (from 16 years on)
    #[value(name = "self")]
    Own,
    /// My child, under 16
    Child,
    /// Someone who authorised me
    Authorised,
    /// Me, without an account
    NoAccount,
}

/// Details for the letter. A name and a way to answer are enough.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Details")]
pub(super) struct PersonArgs {
    /// Read the details from this TOML file; options count over it
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    /// Say whom the letter is about
    #[arg(long, value_enum)]
    who: Option<WhoWord>,
    /// Name of who writes
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Name of the child, or of who authorised you
    #[arg(long = "for", value_name = "NAME")]
    represented: Option<String>,
    /// E-mail address of who writes
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A line of the postal address; repeat it
    #[arg(long, value_name = "LINE")]
    address: Vec<String>,
    /// Country you live in, as an ISO 3166-1 code; otherwise NL
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Age of whom the letter is about, in years: which uses concern them, and whether a child writes
    #[arg(long, value_name = "YEARS", value_parser = clap::value_parser!(i64).range(0..=150))]
    age: Option<i64>,
    /// An account the letter is about; repeat it
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    /// A place where you appear; repeat it
    #[arg(long, value_name = "URL")]
    link: Vec<String>,
    /// Your reasons, if you want to give any; never required
    #[arg(long, value_name = "TEXT")]
    grounds: Option<String>,
}

impl PersonArgs {
    /// The details; whether they are complete is for the letter to say.
    pub(super) fn load(&self) -> Result<Person, Error> {
        let mut person = match &self.person {
            Some(path) => super::read(path, read_person)?,
            None => Person::default(),
        };
        let written = person.who;
        if let Some(who) = self.who {
            person.who = match who {
                WhoWord::Own => Who::Own,
                WhoWord::Child => Who::Child,
                WhoWord::Authorised => Who::Authorised,
                WhoWord::NoAccount => Who::NoAccount,
            };
        }
        if written == Who::Child && person.who != Who::Child {
            // The age in the file is the child's.
            person.age = None;
        }
        person.age = self.age.or(person.age);
        person.name = self.name.clone().unwrap_or(person.name);
        for (own, given) in [
            (&mut person.represented, &self.represented),
            (&mut person.email, &self.email),
            (&mut person.country, &self.country),
            (&mut person.grounds, &self.grounds),
        ] {
            if given.is_some() {
                own.clone_from(given);
            }
        }
        for (own, given) in [(&mut person.address, &self.address), (&mut person.accounts, &self.account), (&mut person.links, &self.link)] {
            if !given.is_empty() {
                own.clone_from(given);
            }
        }
        person.country.get_or_insert_with(|| super::ask::HOME_COUNTRY.to_owned());
        Ok(person)
    }
}
