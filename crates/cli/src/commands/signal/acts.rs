//! `bezwaar signal acts`: what closes, as lines of a choices file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bezwaar_core::account::Services;
use bezwaar_core::time::Instant;
use bezwaar_signal::{ActOptions, EVERYTHING, Signal, acts};

use super::{Found, Input};
use crate::clock;
use crate::error::Error;
use crate::inputs::{parse_moment, suggestion};
use crate::policies;
use crate::printer::Printer;

/// Make acts of the signals in a file that say no
///
/// Writes lines for a choices file: one act per signal that says no, or that says something nobody can read. An act of a signal has no
/// narrower scope than the policy gives that signal: a no to one category closes whatever the policy maps the signal to.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// Make the acts of this person, as SERVICE:VALUE
    #[arg(long, value_name = "ACCOUNT")]
    person: String,
    /// Let them count from this moment, when the signal was received; now, when left out
    #[arg(long, value_name = "INSTANT", value_parser = parse_moment)]
    received_at: Option<Instant>,
    /// Let only a no to this category make an act; may be given more than once
    #[arg(long, value_name = "CATEGORY")]
    only: Vec<String>,
    /// Read how services name people from this folder of policies
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Take down what a person's site says about training:
    bezwaar signal acts --kind robots --person url:https://noor.example robots.txt >> choices.jsonl";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let services = match &args.policies {
        Some(folder) => policies::load(folder, printer)?.services,
        None => Services::default(),
    };
    let found = args.input.load(printer)?;
    let only: BTreeSet<String> = args.only.iter().cloned().collect();
    known(&only, &found)?;
    let options = ActOptions {
        person: &args.person,
        received_at: args.received_at.unwrap_or_else(clock::now),
        written_at: found.read.written_at(),
        only: (!only.is_empty()).then_some(&only),
        read_from: args.input.kind.word(),
    };
    let made = acts(found.statements(), &options, &services).map_err(|error| Error::user(error.to_string()).with_help(error.help()))?;
    if made.is_empty() {
        printer.note("no signal here says no, so there is no act; that is not a yes");
    }
    let passed = found.statements().iter().filter(|one| one.answer().closes() && !only.is_empty() && !only.contains(one.category()));
    let passed: BTreeSet<&str> = passed.map(|one| one.category()).filter(|category| *category != EVERYTHING).collect();
    if !passed.is_empty() {
        printer.note(&format!("a no was left out because of `--only`: {}", passed.into_iter().collect::<Vec<_>>().join(", ")));
    }
    for line in made {
        printer.line(&line)?;
    }
    Ok(())
}

/// A category is one of the standards, or one that the file says something about: a slip of the pen must not leave a no out.
fn known(only: &BTreeSet<String>, found: &Found) -> Result<(), Error> {
    let mut known: BTreeSet<&str> = Signal::ALL.into_iter().flat_map(Signal::categories).collect();
    known.extend(found.read.statements().iter().map(|one| one.category()).filter(|category| *category != EVERYTHING));
    match only.iter().find(|category| !known.contains(category.as_str())) {
        Some(stranger) => Err(Error::user(format!("there is no category `{stranger}`{}", suggestion(stranger, &known, "known")))),
        None => Ok(()),
    }
}
