//! `bezwaar policy diff`: what changed for a person from one version to another.

use std::path::PathBuf;

use bezwaar_core::policy::{Policy, PolicySet, Use, Version, When};
use bezwaar_lens::diff::{About, Change, Diff, Direction, between, reach};
use bezwaar_lens::speaker::Speaker;
use bezwaar_lens::words::{Words, fill};
use clap::ValueEnum;
use serde_json::json;

use super::{find, words, wrapped};
use crate::commands::OutputFormat;
use crate::error::Error;
use crate::policies;
use crate::printer::{Printer, visible};
use crate::texts::Language;

/// Show what changed for a person between two versions of a policy
///
/// Each change is marked: widened is more for the controller or less for the person, narrowed the reverse, changed neither, and unclear where
/// something is not known.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Write the changes in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORM")]
    output_format: OutputFormat,
    /// Speak this language; otherwise the one of the environment
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Show only changes that lead this way
    #[arg(long, value_enum, value_name = "WAY")]
    only: Vec<Way>,
    /// The older version
    #[arg(value_name = "OLD")]
    old: String,
    /// The newer version
    #[arg(value_name = "NEW")]
    new: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// More for the controller, or less for the person
    Widened,
    /// Less for the controller, or more for the person
    Narrowed,
    /// Other
    Changed,
    /// It cannot be told
    Unclear,
}

const EXAMPLES: &str = "\
Examples:
  What changed at X on 15 November 2024:
    bezwaar policy diff --policies policies x@2024-05-07 x@2024-11-15

  The newest version against an older one, only what got wider:
    bezwaar policy diff --policies policies meta@2025-05-27 meta --only widened";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let texts = words(args.language)?;
    let language = args.language.unwrap_or_else(Language::of_environment);
    let (own, plain) = (policies::words(&args.policies, language)?, language.texts()?);
    let policies = policies::load(&args.policies, printer)?;
    let (policy, old) = find(&policies, &args.old)?;
    let new = newer(&policies, policy, &args.new)?;
    if new.effective < old.effective {
        printer.note(&fill(texts.frame("diff-reversed"), &[("old", old.id.clone()), ("new", new.id.clone())]));
    }
    let mut diff = between(old, new);
    let wanted = |direction: Direction| {
        let way = match direction {
            Direction::Widened => Way::Widened,
            Direction::Narrowed => Way::Narrowed,
            Direction::Changed => Way::Changed,
            Direction::Unclear => Way::Unclear,
        };
        args.only.is_empty() || args.only.contains(&way)
    };
    diff.changes.retain(|change| wanted(change.direction));
    if args.output_format == OutputFormat::Json {
        let mut value = diff.to_json();
        if let Some(object) = value.as_object_mut() {
            let came = diff.changes.iter().filter(|change| change.fact == "use" && change.before.is_empty());
            let came = came.filter_map(|change| if let About::Use(id) = &change.about { new.lookup_use(id) } else { None });
            let reached =
                came.map(|one| (one.id.clone(), reach(one).into_iter().map(|(fact, values)| (fact.to_owned(), json!(values))).collect()));
            object.insert("new_uses".to_owned(), serde_json::Value::Object(reached.collect()));
            object.insert("policy".to_owned(), json!(policy.id));
            object.insert("old".to_owned(), json!(old.id));
            object.insert("new".to_owned(), json!(new.id));
        }
        return printer.line(&value.to_string());
    }
    for line in lines((policy, old, new), &diff, &Speaker { words: &texts, texts: &plain, own: &own }) {
        printer.line(&visible(&line))?;
    }
    Ok(())
}

/// The second version: of the same policy, whose id may be left out.
fn newer<'p>(policies: &'p PolicySet, policy: &Policy, name: &str) -> Result<&'p Version, Error> {
    let named = if policies.policies.contains_key(name) || name.contains('@') { name.to_owned() } else { format!("{}@{name}", policy.id) };
    let (other, version) = find(policies, &named)?;
    if other.id != policy.id {
        let error = Error::user(format!("`{}` and `{}` are two policies", policy.id, other.id));
        return Err(error.with_help("compare two versions of one policy"));
    }
    Ok(version)
}

fn lines((policy, old, new): (&Policy, &Version, &Version), diff: &Diff, speaker: &Speaker<'_>) -> Vec<String> {
    let texts = speaker.words;
    let title = [("old", format!("{}@{}", policy.id, old.id)), ("new", format!("{}@{}", policy.id, new.id))];
    let mut lines = vec![fill(texts.frame("diff-title"), &title)];
    if diff.days_between > 0 {
        lines.extend(wrapped("", "", &notice(diff, new, texts)));
    }
    if diff.changes.is_empty() {
        lines.push(texts.frame("diff-none").to_owned());
    }
    let mut about: Option<&About> = None;
    for change in &diff.changes {
        if about != Some(&change.about) {
            lines.push(String::new());
            lines.extend(wrapped("", "", &heading(&change.about, (old, new), speaker)));
            about = Some(&change.about);
        }
        lines.extend(one(change, (old, new), speaker));
        if let (About::Use(id), "use", true) = (&change.about, change.fact, change.before.is_empty()) {
            lines.extend(new.lookup_use(id).into_iter().flat_map(|added| reached(added, new, speaker)));
        }
    }
    lines
}

/// What a new use reaches, and how to say no to it.
fn reached(added: &Use, version: &Version, speaker: &Speaker<'_>) -> Vec<String> {
    let indent = " ".repeat(DIRECTION_WIDTH + 2);
    let shown = |fact: &str, value: &String| match fact {
        "controls" => version.lookup_control(value).map_or_else(|| speaker.value(fact, value), |control| speaker.own.say(&control.title)),
        _ => speaker.value(fact, value),
    };
    let line = |(fact, values): (&'static str, Vec<String>)| {
        let text = match fact {
            // Said with the kinds of data.
            "audience" => return Vec::new(),
            "data" => speaker.data(added),
            _ => values.iter().map(|value| shown(fact, value)).collect::<Vec<_>>().join(", "),
        };
        wrapped(&indent, &format!("{indent}  "), &format!("{}: {text}", speaker.words.fact(fact)))
    };
    reach(added).into_iter().flat_map(line).collect()
}

fn notice(diff: &Diff, new: &Version, texts: &Words) -> String {
    let values = [
        ("days", diff.notice.days.unwrap_or_default().to_string()),
        ("published", new.published.to_string()),
        ("effective", new.effective.to_string()),
        ("between", diff.days_between.to_string()),
    ];
    let key = match diff.notice.published {
        When::Day(_) => "diff-notice",
        When::Never => "diff-notice-none",
        When::Unknown => "diff-notice-unknown",
    };
    fill(texts.frame(key), &values)
}

fn heading(about: &About, (old, new): (&Version, &Version), speaker: &Speaker<'_>) -> String {
    let (texts, own) = (speaker.words, speaker.own);
    match about {
        About::Policy => texts.frame("policy").to_owned(),
        About::Use(id) => {
            let title = new.lookup_use(id).or_else(|| old.lookup_use(id)).map(|one| one.title.as_str()).unwrap_or_default();
            format!("{} {id}: {}", texts.frame("use"), own.say(title))
        }
        About::Control(id) => {
            let title = new.lookup_control(id).map(|control| control.title.as_str()).unwrap_or_default();
            format!("{} {id}: {}", texts.frame("control"), own.say(title))
        }
    }
}

/// Widest name of a direction, in Dutch and English, and two blanks.
const DIRECTION_WIDTH: usize = 16;

fn one(change: &Change, (old, new): (&Version, &Version), speaker: &Speaker<'_>) -> Vec<String> {
    let texts = speaker.words;
    let word = change.direction.as_str();
    let direction = texts.direction.get(word).map_or(word, String::as_str);
    let first = format!("  {direction:<DIRECTION_WIDTH$}");
    let rest = " ".repeat(DIRECTION_WIDTH + 2);
    let said = |value: &String| match new.lookup_control(value).or_else(|| old.lookup_control(value)) {
        Some(control) if change.fact == "controls" => speaker.own.say(&control.title),
        _ => speaker.value(change.fact, value),
    };
    let shown = |values: &[String]| values.iter().map(said).collect::<Vec<_>>().join(", ");
    let (before, after) = (shown(&change.before), shown(&change.after));
    let text = match (change.fact, change.before.is_empty(), change.after.is_empty()) {
        ("use", true, _) => texts.frame("use-added").to_owned(),
        ("use", ..) => texts.frame("use-ended").to_owned(),
        (fact, true, _) => format!("{}: {} {after}", texts.fact(fact), texts.frame("came")),
        (fact, _, true) => format!("{}: {} {before}", texts.fact(fact), texts.frame("went")),
        (fact, ..) => format!("{}: {} {before}; {} {after}", texts.fact(fact), texts.frame("was"), texts.frame("is")),
    };
    wrapped(&first, &rest, &text)
}
