//! `bezwaar signal read`: what a file says, in one form.

use std::collections::BTreeSet;

use bezwaar_signal::Answer;
use serde::Serialize;

use super::{Found, Input, shown_category};
use crate::commands::OutputFormat;
use crate::error::Error;
use crate::printer::{Printer, visible};

/// Show what a file of signals says
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    input: Input,
    /// Write the statements in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
}

const EXAMPLES: &str = "\
Examples:
  Read the fields of a response:
    curl -sI https://example.org/ > fields.txt
    bezwaar signal read --kind header fields.txt

  See what robots.txt says of one page to one crawler:
    bezwaar signal read --kind robots --path /blog/1 --agent ExampleBot robots.txt";

/// A statement as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    signal: &'a str,
    category: &'a str,
    answer: &'a str,
    line: usize,
    column: usize,
    within: &'a str,
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let found = args.input.load(printer)?;
    note_both(&found, args.input.path.is_none(), printer);
    let lines = found.statements().iter().map(|one| Line {
        signal: one.signal().as_str(),
        category: one.category(),
        answer: one.answer().as_str(),
        line: one.place().line,
        column: one.place().column,
        within: &one.place().within,
    });
    if args.output_format == OutputFormat::Json {
        for line in lines {
            let text = serde_json::to_string(&line).map_err(|_| Error::internal("a statement could not be written"))?;
            printer.line(&text)?;
        }
        return Ok(());
    }
    let rows: Vec<[String; 4]> = lines
        .map(|line| {
            let place = if line.line == 0 { String::new() } else { format!(" ({}:{})", line.line, line.column) };
            [line.signal.to_owned(), shown_category(line.category).to_owned(), line.answer.to_owned(), format!("{}{place}", line.within)]
        })
        .map(|row| row.map(|cell| visible(&cell).into_owned()))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let heads = ["signal", "about", "says", "where"].map(str::to_owned);
    let width = |column: usize| rows.iter().chain([&heads]).filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..3).map(|column| width(column).unwrap_or_default()).collect();
    for row in [&heads].into_iter().chain(&rows) {
        let mut line = String::new();
        for (place, cell) in row.iter().enumerate() {
            match widths.get(place) {
                Some(width) => line.push_str(&format!("{cell:<width$}  ")),
                None => line.push_str(cell),
            }
        }
        printer.line(line.trim_end())?;
    }
    Ok(())
}

/// Says that a no wins where a category gets a yes as well.
fn note_both(found: &Found, whole: bool, printer: &mut Printer) {
    let with = |wanted: fn(Answer) -> bool| -> BTreeSet<_> {
        found.statements().iter().filter(|one| wanted(one.answer())).map(|one| (one.signal(), one.category())).collect()
    };
    let (yes, no) = (with(|answer| answer == Answer::Yes), with(Answer::closes));
    for (signal, category) in yes.intersection(&no) {
        let category = visible(shown_category(category)).into_owned();
        let mut text = format!("{} says both yes and no to {category}: no wins", signal.as_str());
        if whole && found.by_path {
            text.push_str("; with `--path` you see what holds for one path");
        }
        printer.note(&text);
    }
}
