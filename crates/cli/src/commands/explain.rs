//! `bezwaar explain`: one decision in plain words, to the person who wrote the record.

use std::path::PathBuf;

use bezwaar_core::{Decider, unreadable};

use crate::error::{Error, Kind, count};
use crate::explanation::explain;
use crate::inputs::{Entry, ItemSource, QuestionArgs};
use crate::printer::{Printer, visible};
use crate::texts::Language;

/// Explain the decision about one item to the person who wrote it
///
/// Say in plain Dutch or English whether the item goes along, why not, and what its author can do. The text speaks to the author; what
/// other people said is not told.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    question: QuestionArgs,
    /// Explain the item with this id; needed unless there is just one
    #[arg(long, value_name = "ID")]
    item: Option<String>,
    /// Speak this language; otherwise the one of the environment
    #[arg(long = "language", alias = "lang", value_enum, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Read items from this file, or from standard input when it is absent or `-`
    #[arg(value_name = "ITEMS")]
    items: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Explain one comment in Dutch:
    bezwaar explain --policies policies --choices choices.jsonl --use meta/public-content \\
      --recipient meta-ai --at 2025-05-27T00:00:00Z --item c-1 --language nl items.jsonl

  Explain an item that comes alone:
    head -n 1 items.jsonl | bezwaar explain --policies policies --choices none --use x/own-ml \\
      --recipient x --at 2025-05-27T00:00:00Z";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let inputs = args.question.load(printer)?;
    let texts = args.lang.unwrap_or_else(Language::of_environment).texts()?;
    let mut source = ItemSource::open(args.items.as_deref(), printer)?;
    let entry = find(args.item.as_deref(), &mut source, printer)?;
    let decider = Decider::new(&inputs.policies, &inputs.holdings, &inputs.question);
    let lines = match &entry {
        Entry::Item(item) => explain(&texts, &inputs, Some(item), &decider.decide(item)),
        Entry::Unreadable { error, .. } => {
            printer.line_note(&source.name, error);
            explain(&texts, &inputs, None, &unreadable(decider.rules()))
        }
    };
    for line in lines {
        printer.line(&visible(&line))?;
    }
    Ok(())
}

/// The one entry meant. All lines are read: an id that stands there twice names nothing.
fn find(wanted: Option<&str>, source: &mut ItemSource, printer: &mut Printer) -> Result<Entry, Error> {
    let mut found: Option<(Entry, usize)> = None;
    let mut nameless = 0;
    while let Some(entry) = source.next()? {
        let meant = match (wanted, &entry) {
            (None, _) => true,
            (Some(wanted), Entry::Item(item)) => item.id == wanted,
            (Some(wanted), Entry::Unreadable { id, .. }) => {
                nameless += usize::from(id.is_none());
                id.as_deref() == Some(wanted)
            }
        };
        if !meant {
            continue;
        }
        if let Some((_, first)) = found {
            let name = &source.name;
            return Err(match wanted {
                None => Error::new(Kind::Usage, format!("`{name}` holds more than one item")).with_help("say which one with `--item ID`"),
                Some(_) => Error::user(format!("lines {first} and {} of `{name}` have this id", source.line_number()))
                    .with_help("give every item an id of its own, or pass the line that is meant alone"),
            });
        }
        found = Some((entry, source.line_number()));
    }
    if nameless > 0 {
        printer.note(&format!("{} of `{}` could not be read, nor its id told", count(nameless, "line"), source.name));
    }
    found.map(|(entry, _)| entry).ok_or_else(|| match wanted {
        None => Error::user(format!("`{}` holds no item", source.name)),
        Some(_) => Error::user(format!("no item in `{}` has this id", source.name)).with_help("ids are compared letter by letter"),
    })
}
