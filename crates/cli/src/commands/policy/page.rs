//! `bezwaar policy page`: a page per policy that anyone can read.

use std::path::PathBuf;

use bezwaar_core::time::{Day, Zone};
use bezwaar_lens::page::{Options, Speech, site};

use super::timeline::parse_day;
use crate::clock;
use crate::error::{Error, count};
use crate::files::{Readers, write_file};
use crate::policies;
use crate::printer::Printer;
use crate::texts::Language;

/// Write a page per policy that anyone can read, with a chart and a calendar
///
/// A folder of plain files for a web server or a disk: no script, nothing fetched from elsewhere. What, who, since when, how to say no, by
/// when it matters, what is disputed and who says what, and the sources. The policies' own texts are in English; a file `words.nl.toml`
/// beside the policies says them in Dutch.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Write the pages into this folder
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Write only this language; both, when left out
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Ask readers to send corrections here: a mail address, a link, a sentence
    #[arg(long, value_name = "CONTACT")]
    contact: Option<String>,
    /// Write them as of this day; today, when left out
    #[arg(long, value_name = "DAY", value_parser = parse_day)]
    today: Option<Day>,
}

const EXAMPLES: &str = "\
Examples:
  Write the pages in both languages:
    bezwaar policy page --policies policies --output site --contact corrections@example.org";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let policies = policies::load(&args.policies, printer)?;
    let languages = args.language.map_or_else(|| vec![Language::Nl, Language::En], |language| vec![language]);
    let mut speeches = Vec::new();
    for language in languages {
        let words = policies::words(&args.policies, language)?;
        speeches.push(Speech { language: language.plain(), texts: language.texts()?, words });
    }
    let today = args.today.or_else(|| Day::of(clock::now(), &Zone::utc())).ok_or_else(|| Error::internal("the clock shows no day"))?;
    let files = site(&policies, &speeches, Options { today, contact: args.contact.as_deref() });
    for file in &files {
        write_file(&args.output.join(&file.path), file.text.as_bytes(), Readers::Anyone)?;
    }
    printer.note(&format!("{} in `{}`", count(files.len(), "file"), args.output.display()));
    Ok(())
}
