//! `bezwaar policy timeline`: when uses were announced and began, and since when people could say no.

use std::path::PathBuf;

use bezwaar_core::time::{Day, Zone};
use bezwaar_lens::timeline::{WIDTH_MIN, svg, terminal, timeline};

use super::find_policy;
use crate::clock;
use crate::error::Error;
use crate::files::{Readers, write_file};
use crate::policies;
use crate::printer::{Printer, visible};
use crate::texts::Language;

/// Draw when uses were announced and began, and since when people could say no
///
/// A row per use, over all versions of a policy. Days on which data were collected and nobody could say no are marked and counted. Dates
/// nobody knows have open ends. In the terminal the chart is letters without colour; as a file it is an SVG picture.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Write the chart as a picture into this file
    #[arg(long, value_name = "FILE.svg")]
    output: Option<PathBuf>,
    /// Speak this language; otherwise the one of the environment
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Draw it as of this day; today, when left out
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    today: Option<Day>,
    /// Draw it this many columns wide, 40 at least
    #[arg(long, value_name = "COLUMNS", default_value_t = 80)]
    width: usize,
    /// Draw this policy
    #[arg(value_name = "ID")]
    policy: String,
}

const EXAMPLES: &str = "\
Examples:
  See it in the terminal:
    bezwaar policy timeline --policies policies x

  Make a picture of it in Dutch:
    bezwaar policy timeline --policies policies --language nl --output x.svg x";

pub(super) fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let policy = find_policy(&policies, &args.policy).map_err(|error| match args.policy.split_once('@') {
        Some((id, _)) => error.with_help(format!("a timeline has all versions: name the policy alone, `{id}`")),
        None => error,
    })?;
    let language = args.language.unwrap_or_else(Language::of_environment);
    let (texts, words) = (language.texts()?, policies::words(&args.policies, language)?);
    let zone = policy.versions.last().map_or_else(Zone::utc, |version| version.zone.clone());
    let today = args.today.or_else(|| Day::of(clock::now(), &zone)).ok_or_else(|| Error::internal("the clock shows no day"))?;
    let timeline = timeline(policy, today).said(|text| words.say(text));
    if let Some(path) = &args.output {
        write_file(path, svg(&timeline, &texts).as_bytes(), Readers::Anyone)?;
        printer.note(&format!("{} drawn in `{}`", args.policy, path.display()));
        return Ok(());
    }
    if args.width < WIDTH_MIN {
        printer.note(&format!("the chart is {WIDTH_MIN} columns wide; it does not go narrower"));
    }
    for line in terminal(&timeline, &texts, args.width) {
        printer.line(&visible(&line))?;
    }
    Ok(())
}
