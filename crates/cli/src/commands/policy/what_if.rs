//! `bezwaar policy what-if`: how much would move if a policy, or the reading of it, were another.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::{Code, Reading};
use bezwaar_gate::job::Job;
use bezwaar_gate::{Engine, Moved, VARIANTS_MAX, Variant, WhatIf};
use bezwaar_lens::plain::Texts;
use bezwaar_lens::what_if::{BAR_WIDTH, Change, Comparison, Outcome, apply, bar, parse_changes, svg, words};
use clap::ValueEnum;
use serde_json::json;
use tempfile::TempDir;

use crate::clock;
use crate::commands::extract::{made, random_key};
use crate::error::{Error, grouped};
use crate::files::{Readers, write_file};
use crate::policies;
use crate::printer::{Printer, visible};
use crate::texts::Language;

/// Count what would move if a policy, or the reading of it, were another
///
/// Decides every record of a job's inputs as things are and once more for each change, and counts the records and the people that would move.
/// No record is put out and no list of people is kept. Changes are made to the use the job asks about, in the version in force at that moment.
/// Several that hold together are joined by `+`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Try this: opt-in, drop, min-age=YEARS, min-age=none, carve-out=REGIONS or reading=NAME; may be repeated
    #[arg(long = "change", value_name = "CHANGE", value_parser = changes)]
    changes: Vec<Tried>,
    /// Go by what people said in this file, in the place of the job's extract
    #[arg(long, value_name = "FILE")]
    choices: Option<PathBuf>,
    /// Write a chart as a picture into this file as well
    #[arg(long, value_name = "FILE.svg")]
    output: Option<PathBuf>,
    /// Speak this language; otherwise the one of the environment
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Write the counts in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Decide about the inputs of this job
    #[arg(value_name = "JOB.toml")]
    job: PathBuf,
}

/// Changes tried together.
#[derive(Clone, Debug)]
struct Tried(Vec<Change>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A table and bars
    Human,
    /// One object of JSON
    Json,
}

const EXAMPLES: &str = "\
Examples:
  See what opt-in would change, and the other readings:
    bezwaar policy what-if job.toml

  Try an age of 16 and a region left out, each alone and both together, and draw it:
    bezwaar policy what-if job.toml --change min-age=16 --change carve-out=DE \\
      --change min-age=16+carve-out=DE --output what-if.svg

  Go by a file of choices instead of an extract:
    bezwaar policy what-if job.toml --choices choices.jsonl --change opt-in";

fn changes(text: &str) -> Result<Tried, String> {
    parse_changes(text).map(Tried).map_err(|error| format!("{error}; {}", error.help()))
}

/// What is tried when nothing is named: silence as a no, and the readings the job does not ask in.
fn usual(reading: Reading) -> Vec<Vec<Change>> {
    let readings = Reading::ALL.into_iter().filter(|other| *other != reading).map(|other| vec![Change::Reading(other)]);
    std::iter::once(vec![Change::OptIn]).chain(readings).collect()
}

/// An extract made for this comparison alone; removed with it.
fn with_choices(job: &mut Job, choices: &Path, policies: &PolicySet, printer: &mut Printer) -> Result<TempDir, Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::cannot_write(&std::env::temp_dir(), &error))?;
    let key = random_key("what-if")?;
    let (_, bytes) = made(choices, policies, &key, job.at.unwrap_or_else(clock::now), None, printer)?;
    (job.extract, job.key) = (folder.path().join("people.extract"), folder.path().join("people.key"));
    write_file(&job.extract, &bytes, Readers::Owner)?;
    write_file(&job.key, key.to_text().as_bytes(), Readers::Owner)?;
    (job.signed_by, job.allow_unsigned) = (None, true);
    Ok(folder)
}

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let mut job = Job::open(&args.job)?;
    let policies = policies::load(&job.policies, printer)?;
    let scratch = args.choices.as_deref().map(|choices| with_choices(&mut job, choices, &policies, printer)).transpose()?;
    let tried = match args.changes.as_slice() {
        [] => usual(job.reading),
        named => named.iter().map(|Tried(changes)| changes.clone()).collect(),
    };
    if tried.len() > VARIANTS_MAX {
        return Err(Error::user(format!("at most {VARIANTS_MAX} changes can be tried at once")).with_help("try the others in a second run"));
    }
    let engine = Engine::open(job)?;
    let variants = tried.iter().map(|changes| {
        let (policies, question) = apply(changes, &policies, engine.question())
            .map_err(|error| Error::user(format!("`{}`: {error}", engine.question().use_id)).with_help(error.help()))?;
        Ok(Variant { policies, question })
    });
    let variants = variants.collect::<Result<Vec<_>, Error>>()?;
    let state = RefCell::new((printer, 0_u64));
    let found = engine.what_if(&variants, &|more| {
        let mut state = state.borrow_mut();
        state.1 += more;
        let read = state.1;
        state.0.progress(read, "records compared");
    })?;
    let printer = state.into_inner().0;
    drop(scratch);
    let comparison = compared(&engine, &tried, &found);
    let language = args.language.unwrap_or_else(Language::of_environment);
    let texts = language.texts()?;
    let number = |number: u64| if language == Language::Nl { grouped(number).replace(',', ".") } else { grouped(number) };
    if let Some(path) = &args.output {
        write_file(path, svg(&comparison, &texts, &number).as_bytes(), Readers::Anyone)?;
    }
    match args.output_format {
        OutputFormat::Human => human(&comparison, &texts, &number).iter().try_for_each(|line| printer.line(&visible(line))),
        OutputFormat::Json => printer.line(&json(&engine, &comparison).to_string()),
    }
}

fn compared(engine: &Engine, tried: &[Vec<Change>], found: &WhatIf) -> Comparison {
    let outcome = |(changes, moved): (&Vec<Change>, &Moved)| Outcome {
        changes: changes.clone(),
        kept: moved.then.kept,
        out: moved.out.read,
        people_out: moved.people_out,
        added: moved.added.read,
        people_added: moved.people_added,
        reasons: reasons(moved),
    };
    Comparison {
        use_id: engine.question().use_id.clone(),
        read: found.now.read,
        kept: found.now.kept,
        people: found.people,
        outcomes: tried.iter().zip(&found.variants).map(outcome).collect(),
    }
}

/// Why records move out, the most frequent first.
fn reasons(moved: &Moved) -> Vec<(Code, u64)> {
    let mut reasons: Vec<(Code, u64)> = moved.out.codes().into_iter().map(|(code, count)| (code, count.any)).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

fn human(comparison: &Comparison, texts: &Texts, number: &dyn Fn(u64) -> String) -> Vec<String> {
    let text = |key: &str| texts.what_if(key, &[]);
    let totals = [("read", number(comparison.read)), ("kept", number(comparison.kept)), ("people", number(comparison.people))];
    let totals = totals.each_ref().map(|(key, value)| (*key, value.as_str()));
    let mut lines = vec![texts.what_if("title", &[("use", &comparison.use_id)]), texts.what_if("lead", &totals), String::new()];
    let heads = ["head-change", "head-kept", "head-out", "head-people-out", "head-added", "head-people-added"].map(text);
    let mut rows = vec![heads, [text("now"), number(comparison.kept), String::new(), String::new(), String::new(), String::new()]];
    for outcome in &comparison.outcomes {
        let counts = [outcome.kept, outcome.out, outcome.people_out, outcome.added, outcome.people_added].map(number);
        let [kept, out, people_out, added, people_added] = counts;
        rows.push([words(&outcome.changes, texts), kept, out, people_out, added, people_added]);
    }
    lines.extend(aligned(&rows));
    lines.push(String::new());
    let label = rows.iter().skip(1).map(|[label, ..]| label.chars().count()).max().unwrap_or_default();
    let line = |label_text: &str, bar: String| format!("{label_text:<label$}  {bar}");
    lines.push(line(&text("now"), bar(comparison.read, comparison.kept, 0, 0)));
    for outcome in &comparison.outcomes {
        let stays = comparison.kept.saturating_sub(outcome.out);
        lines.push(line(&words(&outcome.changes, texts), bar(comparison.read, stays, outcome.out, outcome.added)));
    }
    let legend = [("#", "legend-stays"), ("-", "legend-out"), ("+", "legend-added"), (".", "legend-rest")];
    lines.push(legend.map(|(sign, key)| format!("{sign} {}", text(key))).join("   "));
    for outcome in comparison.outcomes.iter().filter(|outcome| !outcome.reasons.is_empty()) {
        let because = outcome
            .reasons
            .iter()
            .map(|(code, count)| format!("{} ({}): {}", texts.reason(*code, "short"), code.as_str(), number(*count)))
            .collect::<Vec<_>>();
        lines.push(String::new());
        lines.push(format!("{} ({}): {}", text("because"), words(&outcome.changes, texts), because.join("; ")));
    }
    lines.push(String::new());
    lines.push(text("footer"));
    lines
}

/// Columns under their heads: the first to the left, numbers to the right.
fn aligned(rows: &[[String; 6]]) -> Vec<String> {
    let wide = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(wide).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(place, (cell, width))| match place {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn json(engine: &Engine, comparison: &Comparison) -> serde_json::Value {
    let outcomes = comparison.outcomes.iter().map(|outcome| {
        let reasons: serde_json::Map<_, _> = outcome.reasons.iter().map(|(code, count)| (code.as_str().to_owned(), json!(count))).collect();
        json!({
            "change": outcome.changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
            "kept": outcome.kept,
            "out": {"records": outcome.out, "people": outcome.people_out, "reasons": reasons},
            "in": {"records": outcome.added, "people": outcome.people_added},
        })
    });
    let question = engine.question();
    json!({
        "use": question.use_id,
        "recipient": question.recipient,
        "at": question.at.to_string(),
        "reading": question.reading.as_str(),
        "read": comparison.read,
        "kept": comparison.kept,
        "people": comparison.people,
        "changes": outcomes.collect::<Vec<_>>(),
    })
}

const _: () = assert!(BAR_WIDTH <= 60, "bars fit a terminal of 80 columns with their labels");
