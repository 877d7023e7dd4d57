//! `bezwaar decide`: items in, decisions out, line by line.

use std::path::PathBuf;

use bezwaar_core::wire::decision_line;
use bezwaar_core::{Decider, Decision, unreadable};
use clap::ValueEnum;

use crate::error::{Error, count};
use crate::inputs::{Entry, ItemSource, QuestionArgs};
use crate::printer::{LINE_ERRORS_SHOWN_MAX, Printer, visible};
use crate::summary::{Summary, block};
use crate::texts::Language;

/// Decide about items, one decision per line
///
/// Read items as JSON Lines and write a decision for each, in the same order. A line that cannot be read is withheld in its place,
/// with an error on standard error, and makes the command fail at the end. Nothing is decided when the policies or the choices
/// have a problem.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// Write decisions in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Json, value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Read items from this file, or from standard input when it is absent or `-`
    #[arg(value_name = "ITEMS")]
    items: Option<PathBuf>,
}

/// The form of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// JSON Lines in the exchange format
    Json,
    /// A short block per item, and counts
    Human,
}

const EXAMPLES: &str = "\
Examples:
  Decide about a file of items, and keep the decisions:
    bezwaar decide --policies policies --choices choices.jsonl --use meta/public-content \\
      --recipient meta-ai --at 2025-05-27T00:00:00Z items.jsonl > decisions.jsonl

  See what would pass if nobody had said anything, by the controller's own text:
    bezwaar decide --policies policies --choices none --use meta/public-content \\
      --recipient meta-ai --at 2025-05-27T00:00:00Z --reading stated --output-format human items.jsonl

  List the ids of what is kept:
    … | jq -r 'select(.decision == \"keep\").item'";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let inputs = args.question.load(printer)?;
    let mut source = ItemSource::open(args.items.as_deref(), printer)?;
    let decider = Decider::new(&inputs.policies, &inputs.holdings, &inputs.question);
    let texts = Language::En.texts()?;
    let mut summary = Summary::default();
    let mut errors = 0;
    loop {
        // Whoever feeds us line by line gets the answers so far before we wait for more.
        if source.would_wait() {
            printer.flush()?;
            printer.progress(summary.items(), "items decided");
        }
        let Some(entry) = source.next()? else { break };
        let (id, decision): (Option<String>, Decision) = match entry {
            Entry::Item(item) => {
                let decision = decider.decide(&item);
                (Some(item.id), decision)
            }
            Entry::Unreadable { id, error } => {
                errors += 1;
                if errors <= LINE_ERRORS_SHOWN_MAX {
                    printer.line_error(&source.name, &error);
                }
                (id, unreadable(decider.rules()))
            }
        };
        summary.add(&decision);
        match args.output_format {
            OutputFormat::Json => printer.line(&decision_line(&inputs.question, id.as_deref(), &decision))?,
            OutputFormat::Human => {
                let place = format!("line {}", source.line_number());
                for line in block(&texts, id.as_deref(), &place, &decision) {
                    printer.line(&visible(&line))?;
                }
            }
        }
    }
    if args.output_format == OutputFormat::Human && summary.items() > 0 {
        printer.line("")?;
        for line in summary.lines(&texts) {
            printer.line(&line)?;
        }
    }
    printer.flush()?;
    if summary.items() == 0 {
        printer.note(&format!("`{}` holds no items, so there is nothing to decide", source.name));
    }
    match errors {
        0 => Ok(()),
        _ => Err(unread(errors, &source.name)),
    }
}

fn unread(errors: usize, name: &str) -> Error {
    let more = match errors.checked_sub(LINE_ERRORS_SHOWN_MAX) {
        None | Some(0) => String::new(),
        Some(more) => format!(" ({more} of them not shown)"),
    };
    let error = Error::user(format!("{} of `{name}` could not be read{more}", count(errors, "line")));
    error.with_help("each was withheld in its place as `unreadable`; the other decisions stand")
}
