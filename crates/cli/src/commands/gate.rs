//! `bezwaar gate`: a corpus through the gate.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Instant as Clock;

use bezwaar_core::time::Instant;
use bezwaar_gate::job::{Form, Job};
use bezwaar_gate::{Check, Engine, ErrorKind, GateError, Manifest, Tally};
use clap::ValueEnum;

use crate::clock;
use crate::error::{Error, Kind, count, grouped};
use crate::printer::Printer;
use crate::report::{Run, page};

/// Let a corpus through the gate
///
/// Read the inputs of a job, decide about every record, and write what nothing speaks against. All files are opened before any is
/// written; outputs are read back; the manifest is written last, and only what it lists is a release. A run that was
/// stopped goes on where it was.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Run this job
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Only look: whether anything can pass, what each field holds, what to write
    #[arg(long)]
    check: bool,
    /// After the run, decide about every record of the output again
    #[arg(long, conflicts_with = "check")]
    verify_deep: bool,
    /// Write the HTML report here; beside the output folder when left out
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the result in this form
    #[arg(long, value_enum, default_value_t = OutputFormat::Human, value_name = "FORMAT")]
    output_format: OutputFormat,
}

/// The form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// A table of counts
    Human,
    /// The manifest
    Json,
}

const EXAMPLES: &str = "\
Examples:
  See beforehand whether anything can pass, and which fields are unknown:
    bezwaar gate --check job.toml

  Run it, and read the report:
    bezwaar gate job.toml";

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<(), Error> {
    let job = Job::open(&args.job)?;
    let engine = Engine::open(job)?;
    if args.check {
        return check(&engine, printer);
    }
    if engine.replay() {
        printer.note("this is a replay: it runs at another moment than the extract's, and is never a release");
    }
    if !engine.gate().rules().status().is_empty() {
        let codes: Vec<&str> = engine.gate().rules().status().iter().map(|reason| reason.code.as_str()).collect();
        printer.note(&format!("nothing can pass: {}", codes.join(", ")));
    }
    let report = args.report.clone().unwrap_or_else(|| report_path(engine.job()));
    let manifest = run_job(&engine, printer)?;
    if args.verify_deep {
        verify_deep(&engine, &manifest, printer)?;
    }
    write_report(&report, &engine, &manifest)?;
    match args.output_format {
        OutputFormat::Json => printer.line(manifest.to_json().trim_end())?,
        OutputFormat::Human => {
            for line in summary(&engine, &manifest) {
                printer.line(&line)?;
            }
            printer.line(&format!("report    {}", report.display()))?;
        }
    }
    Ok(())
}

/// Runs a job to its manifest.
pub(crate) fn run_job(engine: &Engine, printer: &mut Printer) -> Result<Manifest, Error> {
    engine.begin()?;
    let mut reports = engine.completed()?;
    if !reports.is_empty() {
        printer.note(&format!("{} done before and unchanged", count(reports.len(), "file")));
    }
    let bytes_all: u64 = engine.plan().iter().map(|task| task.bytes).sum();
    let began = Clock::now();
    let state = RefCell::new((printer, 0_u64, 0_u64));
    for task in engine.plan() {
        let known = reports.contains_key(&task.key);
        if !known {
            let progress = |rows: u64| {
                let mut state = state.borrow_mut();
                let (bytes_done, records) = (state.1, state.2 + rows);
                let line = progress_line(records, bytes_done, bytes_all, began.elapsed().as_secs_f64());
                state.0.progress_line(&line);
            };
            let report = engine.run(task, &progress)?;
            state.borrow_mut().2 += report.tally.read;
            reports.insert(task.key.clone(), report);
        }
        state.borrow_mut().1 += task.bytes;
    }
    let reports: Vec<_> = reports.into_values().collect();
    Ok(engine.commit(&reports, &now())?)
}

fn progress_line(records: u64, bytes_done: u64, bytes_all: u64, seconds: f64) -> String {
    let rate = if seconds > 0.0 { records as f64 / seconds } else { 0.0 };
    let left = if bytes_done > 0 && bytes_done < bytes_all {
        let left = seconds * (bytes_all - bytes_done) as f64 / bytes_done as f64;
        format!(", about {left:.0} s left")
    } else {
        String::new()
    };
    let part = (bytes_done * 100).checked_div(bytes_all).unwrap_or(100);
    format!("{} records, {} a second, {part} % of the bytes{left}", grouped(records), grouped(rate as u64))
}

/// The moment of the clock in whole seconds, for the manifest's `made_at`; never for a decision.
fn now() -> String {
    let micros = clock::now().as_micros();
    Instant::from_micros(micros - micros.rem_euclid(1_000_000)).to_string()
}

fn report_path(job: &Job) -> PathBuf {
    let mut name = job.output.file_name().unwrap_or_default().to_owned();
    name.push(".report.html");
    job.output.with_file_name(name)
}

fn write_report(path: &Path, engine: &Engine, manifest: &Manifest) -> Result<(), Error> {
    let run = Run { name: engine.job().name.clone(), manifest: manifest.value(), tally: manifest.tally() };
    let html = page(&engine.job().name, "What was kept, and why the rest was not.", &[run]);
    std::fs::write(path, html).map_err(|error| Error::cannot_write(path, &error))
}

/// The counts of a run as a table.
pub(crate) fn summary(engine: &Engine, manifest: &Manifest) -> Vec<String> {
    let (tally, question) = (manifest.tally(), engine.question());
    let mut lines = vec![
        format!("{}: {} for {}, {}, at {}", engine.job().name, question.use_id, question.recipient, question.reading, question.at),
        format!("{} records: {} kept, {} withheld", grouped(tally.read), grouped(tally.kept), grouped(tally.withheld())),
    ];
    lines.extend(table(tally));
    lines.push(String::new());
    lines.push(format!(
        "people    {} in the extract, {} met{}",
        grouped(engine.gate().extract().len() as u64),
        grouped(manifest.people_met()),
        if engine.job().signed_by.is_some() { "" } else { "; the extract is not signed" }
    ));
    lines.extend(signer(engine).map(|line| format!("extract   {line}")));
    if tally.provisional > 0 {
        lines.push(format!("unsure    {} withheld records rest on what people said who are not yet confirmed", grouped(tally.provisional)));
    }
    if manifest.value().pointer("/extract/expired") == Some(&serde_json::Value::Bool(true)) {
        lines.push(format!(
            "expired   the extract expired at {}; this is a replay, never a release",
            engine.gate().extract().header().expires_at
        ));
    }
    if tally.kept == 0 && tally.read > 0 {
        lines.push("empty     nothing was kept; `bezwaar gate --check` says which fields are unknown".to_owned());
    }
    for asserted in engine.job().inputs.iter().flat_map(|input| input.map.asserted()) {
        lines.push(format!("asserted  {} = {}: {}", asserted.0, asserted.1, asserted.2));
    }
    let unchecked: Vec<&str> = manifest
        .value()
        .get("never_checked")
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
        .filter_map(|word| word.as_str())
        .collect();
    if !unchecked.is_empty() {
        lines.push(format!("unchecked {} records were never checked for {}", grouped(tally.read), unchecked.join(", ")));
    }
    let form = if engine.job().form == Form::Mask { "logically excluded, by mask" } else { "physically absent" };
    lines.push(format!("output    {} ({form})", engine.job().output.display()));
    lines
}

/// Who answers for the extract, and for what.
fn signer(engine: &Engine) -> Option<String> {
    let header = engine.gate().extract().header();
    let (operator, checkpoint) = (engine.job().signed_by.as_ref()?, header.checkpoint.as_ref()?);
    Some(format!(
        "signed by {}, from {} entries (checkpoint {}…); {} acts, {} of them provisional",
        operator.name(),
        grouped(checkpoint.size),
        checkpoint.root.chars().take(12).collect::<String>(),
        grouped(header.acts),
        grouped(header.provisional)
    ))
}

/// Reasons by group, each three ways.
pub(crate) fn table(tally: &Tally) -> Vec<String> {
    if tally.withheld() == 0 {
        return Vec::new();
    }
    let mut lines = vec![String::new(), format!("{:<24}{:>14}{:>14}{:>14}", "withheld because", "any", "first", "only")];
    let codes = tally.codes();
    for group in bezwaar_core::Group::ALL {
        let mut of_group = codes.iter().filter(|(code, _)| code.group() == group).peekable();
        if of_group.peek().is_some() {
            lines.push(group.title().to_owned());
        }
        for (code, count) in of_group {
            lines.push(format!("  {:<22}{:>14}{:>14}{:>14}", code.as_str(), grouped(count.any), grouped(count.first), grouped(count.only)));
        }
    }
    lines
}

fn check(engine: &Engine, printer: &mut Printer) -> Result<(), Error> {
    let rules = engine.gate().rules();
    match rules.status() {
        [] => printer.line("Something can pass: the use is declared, started and controlled at this moment.")?,
        status => {
            let codes: Vec<&str> = status.iter().map(|reason| reason.code.as_str()).collect();
            printer.line(&format!("Nothing can pass, whatever the records hold: {}.", codes.join(", ")))?;
        }
    }
    printer.line(&format!("The rules read: {}.", rules.fields_read().join(", ")))?;
    for check in engine.check()? {
        printer.line("")?;
        for line in check_lines(&check) {
            printer.line(&line)?;
        }
    }
    Ok(())
}

fn check_lines(check: &Check) -> Vec<String> {
    let tally = &check.tally;
    let mut lines = vec![format!("{}: of the first {} records {} would be kept", check.path, grouped(tally.read), grouped(tally.kept))];
    if !check.fields.is_empty() {
        lines.push(format!("  {:<40}{:<26}{:<18}{:>9}{:>9}{:>10}", "field", "column", "type", "known", "missing", "unlisted"));
    }
    for field in &check.fields {
        let all = (field.known + field.missing + field.unlisted).max(1);
        let share = |part: u64| format!("{:.1} %", part as f64 * 100.0 / all as f64);
        let read = if field.read { "" } else { " (not read)" };
        let column = if field.column.is_empty() { "–" } else { &field.column };
        let mut line = format!("  {:<40}{column:<26}{:<18}", format!("{}{read}", field.field), field.data_type);
        if !field.data_type.is_empty() {
            line.push_str(&format!("{:>9}{:>9}{:>10}", share(field.known), share(field.missing), share(field.unlisted)));
        }
        lines.push(line.trim_end().to_owned());
        if !field.top.is_empty() {
            let values: Vec<String> = field.top.iter().map(|(value, times)| format!("{value:?} × {}", grouped(*times))).collect();
            lines.push(format!("      unlisted: {}", values.join(", ")));
        }
        if let Some(advice) = &field.advice {
            lines.push(format!("      {advice}"));
        }
    }
    lines.extend(table(tally).into_iter().map(|line| format!("  {line}")));
    lines
}

/// Decides once more about the output: every record of it must pass again.
fn verify_deep(engine: &Engine, manifest: &Manifest, printer: &mut Printer) -> Result<(), Error> {
    let tally = engine.verify_deep()?;
    if tally.withheld() > 0 || tally.read != manifest.tally().kept {
        let sentence =
            format!("of {} records in the output {} are withheld when decided again", grouped(tally.read), grouped(tally.withheld()));
        return Err(Error::new(Kind::Integrity, sentence).with_help("do not use this output; report it"));
    }
    printer.note(&format!("decided again about all {} records of the output: all pass", grouped(tally.read)));
    Ok(())
}

impl From<GateError> for Error {
    fn from(error: GateError) -> Error {
        let kind = match error.kind() {
            ErrorKind::Integrity => Kind::Integrity,
            ErrorKind::Io => Kind::Incomplete,
            _ => Kind::User,
        };
        let mut sentence = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            sentence.push_str(&format!(": {next}"));
            cause = next.source();
        }
        let mut made = if error.problems().is_empty() {
            Error::new(kind, sentence).with_parts(error.details().to_vec())
        } else {
            let texts = error.problems().iter().map(|(problem, text)| (problem.file().to_owned(), text.clone())).collect();
            Error::problems(error.problems().iter().map(|(problem, _)| problem.clone()).collect(), texts)
        };
        if let Some(help) = error.help() {
            made = made.with_help(help);
        }
        made
    }
}
