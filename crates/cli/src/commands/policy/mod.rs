//! `bezwaar policy`: what the policies say, for people. One file per subcommand.

mod diff;
mod lint;
mod list;
mod page;
mod show;
mod timeline;
mod what_if;

use std::collections::BTreeSet;

use bezwaar_core::policy::{Policy, PolicySet, Version};
use bezwaar_lens::words::Words;
use clap::Subcommand;

use crate::error::Error;
use crate::inputs::suggestion;
use crate::printer::Printer;
use crate::texts::Language;

/// Show what the policies say
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Lint(lint::Args),
    Diff(diff::Args),
    Timeline(timeline::Args),
    Page(page::Args),
    WhatIf(what_if::Args),
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    match &args.command {
        Command::List(args) => list::run(args, printer),
        Command::Show(args) => show::run(args, printer),
        Command::Lint(args) => lint::run(args, printer),
        Command::Diff(args) => diff::run(args, printer),
        Command::Timeline(args) => timeline::run(args, printer),
        Command::Page(args) => page::run(args, printer),
        Command::WhatIf(args) => what_if::run(args, printer),
    }
}

/// The policy with this id.
fn find_policy<'p>(policies: &'p PolicySet, id: &str) -> Result<&'p Policy, Error> {
    policies.policies.get(id).ok_or_else(|| {
        let known: BTreeSet<&str> = policies.policies.keys().map(String::as_str).collect();
        Error::user(format!("there is no policy `{id}`{}", suggestion(id, &known, "known")))
    })
}

/// The policy and version that `ID[@VERSION]` names.
pub(super) fn find<'p>(policies: &'p PolicySet, name: &str) -> Result<(&'p Policy, &'p Version), Error> {
    let (id, wanted) = match name.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (name, None),
    };
    let policy = find_policy(policies, id)?;
    let version = match wanted {
        None => policy.versions.last(),
        Some(wanted) => policy.versions.iter().find(|version| version.id == wanted),
    };
    version.map(|version| (policy, version)).ok_or_else(|| {
        let known: Vec<String> = policy.versions.iter().map(|version| format!("`{}`", version.id)).collect();
        let error = Error::user(format!("the policy `{id}` has no version `{}`", wanted.unwrap_or_default()));
        error.with_help(format!("its versions are {}", known.join(", ")))
    })
}

/// The words for findings and changes, in a language or that of the environment.
fn words(language: Option<Language>) -> Result<Words, Error> {
    let language = match language.unwrap_or_else(Language::of_environment) {
        Language::Nl => bezwaar_lens::plain::Language::Nl,
        Language::En => bezwaar_lens::plain::Language::En,
    };
    Words::of(language).map_err(|_| Error::internal("a text file of the program cannot be read"))
}

/// Widest a line of prose gets.
const WIDTH_MAX: usize = 100;

/// Puts a text into lines: the first begins with `first`, the others with `rest`.
fn wrapped(first: &str, rest: &str, text: &str) -> Vec<String> {
    let (mut lines, mut line, mut empty) = (Vec::new(), first.to_owned(), true);
    for word in text.split_whitespace() {
        let wide = line.chars().count() + 1 + word.chars().count();
        if !empty && wide > WIDTH_MAX {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line.trim_end().to_owned());
    lines
}
