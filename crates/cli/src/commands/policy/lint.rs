//! `bezwaar policy lint`: what in policies does not match what the law asks, as far as the sources show.

use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::time::{Day, Zone};
use bezwaar_lens::lint::report::{Folded, fold, mend, said, standing, subject, total};
use bezwaar_lens::lint::suppress::Suppressions;
use bezwaar_lens::lint::{Finding, Options, Report, Severity, lint, sarif};
use bezwaar_lens::speaker::{Speaker, put_into_words};
use bezwaar_lens::words::fill;
use clap::ValueEnum;

use super::{find, words, wrapped};
use crate::error::Error;
use crate::policies;
use crate::printer::{Printer, visible};
use crate::texts::Language;

/// Check policies against what the law asks
///
/// Rules read the facts of a policy, each with its sources. A finding says what does not match what an article asks, as far as the sources
/// show, what is said on the other side, and what would mend it. It never says that the law was broken. What is not known is never a
/// finding. docs/lint.md has all rules. A file `lint.toml` in the policies folder can let findings stand, each with a reason and a last day.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Let the findings in this file stand; without it, those in `lint.toml` of the policies folder
    #[arg(long, value_name = "FILE")]
    suppressions: Option<PathBuf>,
    /// Write the findings in this form
    #[arg(long, value_enum, default_value_t = Form::Human, value_name = "FORM")]
    output_format: Form,
    /// Speak this language; otherwise the one of the environment
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Fail when there is a finding of this weight or more
    #[arg(long, value_enum, default_value_t = FailOn::Mismatch, value_name = "WEIGHT")]
    fail_on: FailOn,
    /// List what is not known too
    #[arg(long)]
    unknown: bool,
    /// Check these policies, or these versions of them; without any, all
    #[arg(value_name = "ID[@VERSION]")]
    chosen: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Lines for people
    Human,
    /// JSON Lines, one finding each
    Json,
    /// SARIF 2.1.0
    Sarif,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something does not match
    Mismatch,
    /// Something calls for a second look
    Caution,
    /// Nothing
    Never,
}

const EXAMPLES: &str = "\
Examples:
  Check all policies:
    bezwaar policy lint --policies policies

  Check one version, in Dutch, and list what is not known:
    bezwaar policy lint --policies policies x@2024-11-15 --language nl --unknown

  Let a finding stand, in policies/lint.toml:
    [[suppress]]
    rule = \"L-04\"
    on = \"meta/objection-form\"
    reason = \"The AP found that the form works.\"
    until = \"2027-06-30\"";

pub(super) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let texts = words(args.language)?;
    let policies = policies::load(&args.policies, printer)?;
    let suppressions = suppressions(args)?;
    // A suppression holds through the last day wherever one is, so the day is that of the zone the clock has.
    let today = Day::of(crate::clock::now(), &Zone::utc()).ok_or_else(|| Error::internal("the clock shows no day"))?;
    let mut report = lint(&policies, &Options { versions: chosen(&policies, &args.chosen)?, suppressions, today });
    let language = args.language.unwrap_or_else(Language::of_environment);
    let (own, plain) = (policies::words(&args.policies, language)?, language.texts()?);
    report.findings.iter_mut().chain(&mut report.unknown).for_each(|finding| put_into_words(finding, &own));
    match args.output_format {
        Form::Human => human(&report, &Speaker { words: &texts, texts: &plain, own: &own }, args.unknown, printer)?,
        Form::Json => {
            for finding in listed(&report, args.unknown) {
                printer.line(&finding.to_json(&texts).to_string())?;
            }
        }
        Form::Sarif => {
            let sarif = sarif::to_sarif(&report, &texts, env!("CARGO_PKG_VERSION"), args.unknown);
            let text = serde_json::to_string_pretty(&sarif).map_err(|_| Error::internal("the findings could not be written"))?;
            printer.line(&text)?;
        }
    }
    let least = match args.fail_on {
        FailOn::Mismatch => Severity::Mismatch,
        FailOn::Caution => Severity::Caution,
        FailOn::Never => return Ok(()),
    };
    // Counted as the last line counts them: what later versions repeat is one finding.
    match fold(report.counted()).iter().filter(|one| one.finding.severity >= least).count() {
        0 => Ok(()),
        many => {
            let findings = if many == 1 { "1 finding".to_owned() } else { format!("{many} findings") };
            let error = Error::user(format!("{findings} of weight {} or more", least.as_str()));
            Err(error.with_help("mend them, let them stand in lint.toml with a reason and a last day, or choose another --fail-on"))
        }
    }
}

/// The versions named: all of a policy when no version is.
fn chosen(policies: &PolicySet, names: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for name in names {
        let (policy, version) = find(policies, name)?;
        if name.contains('@') {
            found.push((policy.id.clone(), version.id.clone()));
        } else {
            found.extend(policy.versions.iter().map(|version| (policy.id.clone(), version.id.clone())));
        }
    }
    Ok(found)
}

fn suppressions(args: &Args) -> Result<Option<Suppressions>, Error> {
    let beside = args.policies.join("lint.toml");
    let path: &Path = match &args.suppressions {
        Some(path) => path,
        None if beside.exists() => &beside,
        None => return Ok(None),
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Error::of_io(&format!("cannot read `{shown}`"), &error))?;
    let read = Suppressions::parse(&shown, &text);
    read.map(Some).map_err(|problems| Error::problems(problems, [(shown, text)].into()))
}

fn listed(report: &Report, unknown: bool) -> impl Iterator<Item = &Finding> {
    report.findings.iter().chain(report.unknown.iter().filter(move |_| unknown))
}

fn human(report: &Report, speaker: &Speaker<'_>, unknown: bool, printer: &mut Printer) -> Result<(), Error> {
    let texts = speaker.words;
    for one in fold(listed(report, unknown)) {
        for line in lines(&one, speaker) {
            printer.line(&visible(&line))?;
        }
        printer.line("")?;
    }
    printer.line(&total(report, texts))?;
    if !unknown && !report.unknown.is_empty() {
        let values = [("unknown", fold(&report.unknown).len().to_string())];
        printer.note(&fill(texts.frame("unknown-hint"), &values));
    }
    Ok(())
}

/// Widest name of a part, in Dutch and English, and two blanks.
const NAME_WIDTH: usize = 31;

fn lines(folded: &Folded<'_>, speaker: &Speaker<'_>) -> Vec<String> {
    let (finding, texts) = (folded.finding, speaker.words);
    let severity = texts.severity.get(finding.severity.as_str()).map_or(finding.severity.as_str(), String::as_str);
    let mut ids = vec![finding.rule.id];
    ids.extend(finding.rule.also);
    let place = format!("{}:{}:{}", finding.place.file, finding.place.line, finding.place.column);
    let mut lines = vec![format!("{place}: {severity} {} {}", ids.join("/"), subject(finding))];
    let rule = texts.rule.get(finding.rule.id);
    lines.extend(wrapped("  ", "  ", rule.map_or("", |text| text.sentence.as_str())));
    lines.extend(wrapped("  ", "  ", &format!("{} {}", said(finding, texts), standing(finding, texts))));
    let mut part = |name: &str, text: &str| {
        let first = format!("    {:<NAME_WIDTH$}", format!("{name}  "));
        lines.extend(wrapped(&first, &" ".repeat(NAME_WIDTH + 4), text));
    };
    for seen in &finding.facts {
        part(texts.fact(seen.fact), &speaker.seen(seen));
    }
    for source in &finding.sources {
        let grade = texts.grade.get(&source.grade).map_or("", String::as_str);
        let text = format!("{}, {}: {grade} <{}>", source.title, source.date, source.url);
        part(&format!("{} [{}]", texts.frame("sources"), source.grade), &text);
    }
    if finding.rule.of_law() {
        for counter in &finding.counter {
            part(texts.frame("counter"), &format!("{}: {} ({})", counter.holder, counter.says, counter.dispute));
        }
        if finding.counter.is_empty() {
            part(texts.frame("counter"), texts.frame("none-found"));
        }
    }
    part(texts.frame("checked"), &finding.checked_on);
    if !folded.still_in.is_empty() {
        part(texts.frame("still"), &folded.still_in.join(", "));
    }
    part(texts.frame("mend"), mend(finding, texts));
    if let Some(reason) = &finding.suppressed {
        lines.extend(wrapped("  ", "  ", &fill(texts.frame("suppressed"), &[("reason", reason.clone())])));
    }
    lines
}
