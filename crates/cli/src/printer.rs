//! Every decision about streams: standard output is data, all else goes to standard error.
//!
//! Colour is for standard error and for help only; it goes when the stream is no terminal or `NO_COLOR` is set, and nothing is said by
//! colour alone. When whoever reads our output has enough (a broken pipe), the program ends quietly and with success.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anstream::AutoStream;
use bezwaar_core::problem::Problem;
use bezwaar_core::wire::LineError;

use crate::error::{Details, Error, Kind, grouped};

/// Errors of single lines that are shown before the rest is only counted.
pub(crate) const LINE_ERRORS_SHOWN_MAX: usize = 20;
/// Problems of one run that are shown before the rest is only counted.
pub(crate) const PROBLEMS_SHOWN_MAX: usize = 100;
const PROGRESS_AFTER: Duration = Duration::from_millis(250);
const OUTPUT_BUFFER_BYTES: usize = 1 << 16;

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const GREEN: &str = "\u{1b}[1;32m";
const CYAN: &str = "\u{1b}[1;36m";
const PLAIN: &str = "\u{1b}[0m";

/// The streams of one run.
pub(crate) struct Printer {
    out: BufWriter<Stdout>,
    err: AutoStream<Stderr>,
    progress: Option<Progress>,
}

/// How far a long run is, on a terminal only.
struct Progress {
    began: Instant,
    shown: Option<Instant>,
}

/// Runs the program: prints what went wrong and turns it into the exit code. A panic is an internal error, and its message is not
/// shown, since it may quote what was being read.
pub(crate) fn guarded(run: fn(&mut Printer) -> Result<(), Error>) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let _ = writeln!(io::stderr(), "internal error{place}\nhelp: this is a mistake in the program; please report it");
    }));
    let mut printer = Printer::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let outcome = run(&mut printer);
        // What was decided before a failure has been decided: it goes out first.
        let flushed = printer.flush();
        outcome.and(flushed).map_err(|error| printer.fail(&error))
    }));
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(code)) => ExitCode::from(code),
        Err(_) => ExitCode::from(Kind::Internal.exit_code()),
    }
}

impl Printer {
    fn new() -> Printer {
        Printer { out: BufWriter::with_capacity(OUTPUT_BUFFER_BYTES, io::stdout()), err: AutoStream::auto(io::stderr()), progress: None }
    }

    /// Writes a line of data.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|error| Error::of_output(&error))
    }

    /// Sends out what is held back.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(|error| Error::of_output(&error))
    }

    /// Something a person should look at, though it stops nothing.
    pub(crate) fn note(&mut self, text: &str) {
        self.labelled(CYAN, "note", text);
    }

    /// A question to a person, on a line of its own.
    pub(crate) fn question(&mut self, text: &str) {
        self.clear_progress();
        let _ = writeln!(self.err, "{}", visible(text));
        let _ = self.err.flush();
    }

    fn labelled(&mut self, colour: &str, label: &str, text: &str) {
        self.clear_progress();
        let _ = writeln!(self.err, "{colour}{label}{PLAIN}: {}", visible(text));
    }

    /// A note about a line of a file.
    pub(crate) fn line_note(&mut self, file: &str, note: &LineError) {
        self.line_message(CYAN, "note", file, note);
    }

    /// What is wrong with a line of a file.
    pub(crate) fn line_error(&mut self, file: &str, error: &LineError) {
        self.line_message(RED, "error", file, error);
    }

    fn line_message(&mut self, colour: &str, label: &str, file: &str, error: &LineError) {
        self.clear_progress();
        let place = match error.column() {
            0 => format!("{file}:{}", error.line()),
            column => format!("{file}:{}:{column}", error.line()),
        };
        let _ = writeln!(self.err, "{}: {colour}{label}{PLAIN}: {}", visible(&place), visible(error.message()));
    }

    /// Notes about lines of a file; past a number they are only counted.
    pub(crate) fn line_notes(&mut self, file: &str, notes: &[LineError]) {
        for note in notes.iter().take(LINE_ERRORS_SHOWN_MAX) {
            self.line_note(file, note);
        }
        if let Some(more) = notes.len().checked_sub(LINE_ERRORS_SHOWN_MAX).filter(|more| *more > 0) {
            self.note(&format!("and {more} more of `{file}`"));
        }
    }

    /// Shows how far a long run is, after a while, and only to somebody who looks.
    pub(crate) fn progress(&mut self, done: u64, what: &str) {
        let now = Instant::now();
        let watched = io::stderr().is_terminal() && !io::stdout().is_terminal();
        if !watched {
            return;
        }
        let progress = self.progress.get_or_insert(Progress { began: now, shown: None });
        let last = progress.shown.unwrap_or(progress.began);
        if now.duration_since(last) >= PROGRESS_AFTER {
            progress.shown = Some(now);
            let _ = write!(self.err, "\r{} {what}", grouped(done));
        }
    }

    /// Shows a line about a long run in place of the one before, after a while, and only to somebody who looks.
    pub(crate) fn progress_line(&mut self, text: &str) {
        if !io::stderr().is_terminal() {
            return;
        }
        let now = Instant::now();
        let progress = self.progress.get_or_insert(Progress { began: now, shown: None });
        if now.duration_since(progress.shown.unwrap_or(progress.began)) >= PROGRESS_AFTER {
            progress.shown = Some(now);
            let _ = write!(self.err, "\r\u{1b}[K{text}");
        }
    }

    fn clear_progress(&mut self) {
        if let Some(progress) = self.progress.as_mut().filter(|progress| progress.shown.is_some()) {
            progress.shown = None;
            let _ = write!(self.err, "\r\u{1b}[K");
        }
    }

    /// Prints a failure and gives its exit code.
    fn fail(&mut self, error: &Error) -> u8 {
        self.clear_progress();
        match error.details() {
            Details::Arguments(arguments) => return self.arguments(arguments),
            _ if error.kind() == Kind::BrokenPipe => return error.kind().exit_code(),
            Details::None => {}
            Details::Problems { problems, texts } => self.problems(problems, texts),
            Details::Parts(parts) => {
                for part in parts.iter().take(PROBLEMS_SHOWN_MAX) {
                    let _ = writeln!(self.err, "  {}", visible(part));
                }
            }
            Details::Lines { file, errors } => {
                for one in errors.iter().take(PROBLEMS_SHOWN_MAX) {
                    self.line_error(file, one);
                }
            }
        }
        let label = if error.kind() == Kind::Internal { "internal error" } else { "error" };
        self.labelled(RED, label, error.sentence());
        if let Some(help) = error.help() {
            self.labelled(GREEN, "help", help);
        }
        error.kind().exit_code()
    }

    /// Help and version are data somebody asked for; anything else of the arguments is an error of usage.
    fn arguments(&mut self, error: &clap::Error) -> u8 {
        let text = error.render().ansi().to_string();
        if error.use_stderr() {
            let _ = write!(self.err, "{text}");
            return Kind::Usage.exit_code();
        }
        match write!(AutoStream::auto(io::stdout()), "{text}") {
            Err(error) => self.fail(&Error::of_output(&error)),
            Ok(()) => 0,
        }
    }

    fn problems(&mut self, problems: &[Problem], texts: &BTreeMap<String, String>) {
        for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
            let text = texts.get(problem.file()).map(String::as_str).unwrap_or_default();
            let _ = writeln!(self.err, "{}\n", rendered(problem, text));
        }
        if let Some(more) = problems.len().checked_sub(PROBLEMS_SHOWN_MAX).filter(|more| *more > 0) {
            self.labelled(YELLOW, "warning", &format!("and {more} more"));
        }
    }
}

/// A problem with its source line, a caret and what to write instead.
fn rendered(problem: &Problem, text: &str) -> String {
    let snippet = Snippet::source(text).path(problem.file()).annotation(AnnotationKind::Primary.span(one_line(problem.span(), text)));
    let group = Level::ERROR.primary_title(problem.message()).element(snippet);
    let group = match problem.help() {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    };
    Renderer::styled().render(&[group])
}

/// The part of a span on its first line, and within the text: a whole table would be underlined otherwise.
fn one_line(span: std::ops::Range<usize>, text: &str) -> std::ops::Range<usize> {
    let start = (0..=span.start.min(text.len())).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0);
    let end = (span.end.clamp(start, text.len())..=text.len()).find(|place| text.is_char_boundary(*place)).unwrap_or(start);
    let rest = text.get(start..end).unwrap_or_default();
    let first = rest.lines().next().unwrap_or_default();
    start..start + first.len()
}

/// A line about what a server did, while the streams of its run are held by whoever started it.
pub(crate) fn trace(label: &str, text: &str) {
    let _ = writeln!(AutoStream::auto(io::stderr().lock()), "{label}: {}", visible(text));
}

/// A text safe to show on a terminal: control characters become visible.
pub(crate) fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(char::is_control) {
        let shown = text.chars().map(|letter| if letter.is_control() { letter.escape_unicode().to_string() } else { letter.to_string() });
        shown.collect::<String>().into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(visible("c-1"), "c-1");
        assert_eq!(visible("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
    }

    #[test]
    fn spans_stay_on_one_line_and_within_the_text() {
        assert_eq!(one_line(2..9, "ab\ncd"), 2..2);
        assert_eq!(one_line(3..9, "ab\ncd\nef"), 3..5);
        assert_eq!(one_line(50..60, "ab"), 2..2);
        assert_eq!(one_line(1..3, "é"), 0..2);
    }
}
