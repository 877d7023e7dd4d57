//! What can go wrong in the gate.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use bezwaar_core::problem::Problem;

/// Whose matter an error is, and so what the process should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The job, its mapping or its files do not fit together. Nothing was written. Fatal until the job is changed.
    Config,
    /// An input could not be read, or changed while it was read. What was written is not a release. Retryable after mending the input.
    Input,
    /// The outside failed: disk full, no permission. What was written is not a release. Retryable; the run resumes.
    Io,
    /// What was written is not what was decided. Never publish it; fatal, report it.
    Integrity,
}

/// An error of the gate: a sentence, details, and what to do next. Never holds personal data.
#[derive(Debug)]
pub struct GateError {
    kind: ErrorKind,
    message: String,
    details: Vec<String>,
    help: Option<String>,
    problems: Vec<(Problem, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl GateError {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> GateError {
        GateError { kind, message: message.into(), details: Vec::new(), help: None, problems: Vec::new(), source: None }
    }

    /// The job does not fit.
    pub fn config(message: impl Into<String>) -> GateError {
        GateError::new(ErrorKind::Config, message)
    }

    /// An input cannot be read.
    pub fn input(path: &Path, message: impl fmt::Display) -> GateError {
        GateError::new(ErrorKind::Input, format!("`{}`: {message}", path.display()))
    }

    /// The outside failed.
    pub fn io(path: &Path, doing: &str, error: std::io::Error) -> GateError {
        let mut made = GateError::new(ErrorKind::Io, format!("cannot {doing} `{}`", path.display()));
        made.source = Some(Box::new(error));
        made
    }

    /// Output and decision differ.
    pub fn integrity(message: impl Into<String>) -> GateError {
        let help = "do not use this output; run again, and report it if it happens again";
        GateError::new(ErrorKind::Integrity, message).with_help(help)
    }

    /// Adds all that is wrong, one line each.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> GateError {
        self.details = details;
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> GateError {
        self.help = Some(help.into());
        self
    }

    /// Adds problems that point into a file, with the file's text.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<Problem>, text: &str) -> GateError {
        self.problems = problems.into_iter().map(|problem| (problem, text.to_owned())).collect();
        self
    }

    /// As [`GateError::with_problems`], for problems in several files: their texts by name.
    #[must_use]
    pub fn with_problems_in(mut self, problems: Vec<Problem>, texts: &BTreeMap<String, String>) -> GateError {
        let text = |problem: &Problem| texts.get(problem.file()).cloned().unwrap_or_default();
        self.problems = problems.into_iter().map(|problem| (problem.clone(), text(&problem))).collect();
        self
    }

    /// Names the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GateError {
        self.source = Some(source.into());
        self
    }

    /// Whose matter it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// All that is wrong, one line each.
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// What to do next.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Problems with their place, and the text of the file each is in.
    pub fn problems(&self) -> &[(Problem, String)] {
        &self.problems
    }
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// What the gate returns.
pub type Result<T> = std::result::Result<T, GateError>;
