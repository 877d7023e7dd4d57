//! What went wrong, as a number and a text.

use std::error::Error;

use bezwaar_gate::arrow::arrow_schema::ArrowError;
use bezwaar_gate::{ErrorKind, GateError};

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It worked.
    Done = 0,
    /// What was given does not fit together; see [`ErrorKind::Config`].
    Config = 1,
    /// What was given cannot be read; see [`ErrorKind::Input`].
    Input = 2,
    /// The outside failed; see [`ErrorKind::Io`].
    Io = 3,
    /// See [`ErrorKind::Integrity`].
    Integrity = 4,
    /// A mistake in the program.
    Defect = 70,
}

/// Why a function failed.
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn config(text: impl Into<String>) -> Failure {
        Failure { status: Status::Config, text: text.into() }
    }

    pub(crate) fn defect() -> Failure {
        Failure { status: Status::Defect, text: "a mistake in the program; please report it".to_owned() }
    }
}

impl From<GateError> for Failure {
    fn from(error: GateError) -> Failure {
        let status = match error.kind() {
            ErrorKind::Config => Status::Config,
            ErrorKind::Input => Status::Input,
            ErrorKind::Io => Status::Io,
            ErrorKind::Integrity => Status::Integrity,
            _ => Status::Defect,
        };
        let mut lines = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(found) = cause {
            lines.push(format!("because: {found}"));
            cause = found.source();
        }
        lines.extend(error.problems().iter().map(|(problem, text)| problem.in_one_line(text)));
        lines.extend(error.details().iter().cloned());
        lines.extend(error.help().map(|help| format!("help: {help}")));
        Failure { status, text: lines.join("\n") }
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Failure {
        Failure { status: Status::Input, text: format!("not the Arrow data it should be: {error}") }
    }
}
