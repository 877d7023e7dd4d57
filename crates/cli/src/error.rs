//! Errors at the edge: every failure of a library becomes a kind, a sentence and a help here, and the kind is the exit code.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bezwaar_core::problem::Problem;
use bezwaar_core::wire::LineError;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An input file is not as it should be, or cannot be read or written.
    User,
    /// The command line is not as it should be.
    Usage,
    /// The work was stopped; nothing was published.
    Incomplete,
    /// A proof does not hold, or a record disagrees with itself.
    Integrity,
    /// It holds, but no witness has seen it.
    NotWitnessed,
    /// The program is wrong.
    Internal,
    /// Whoever read our output has enough.
    BrokenPipe,
}

impl Kind {
    /// The exit code; 3 is reserved for a check that answers *withheld*.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Kind::BrokenPipe => 0,
            Kind::User => 1,
            Kind::Usage => 2,
            Kind::Incomplete => 4,
            Kind::Integrity => 5,
            Kind::NotWitnessed => 6,
            Kind::Internal => 70,
        }
    }
}

/// What is shown before the sentence.
#[derive(Debug)]
pub(crate) enum Details {
    /// Nothing more.
    None,
    /// Problems in files that people wrote, with the files' texts by name.
    Problems {
        /// The problems.
        problems: Vec<Problem>,
        /// The texts.
        texts: BTreeMap<String, String>,
    },
    /// What is wrong with single lines of a file.
    Lines {
        /// The file's name.
        file: String,
        /// The errors.
        errors: Vec<LineError>,
    },
    /// Everything that is wrong, a line each.
    Parts(Vec<String>),
    /// What the reader of arguments has to say, help and version among it.
    Arguments(Box<clap::Error>),
}

/// A failure: kind, sentence, what to do next.
#[derive(Debug)]
pub(crate) struct Error {
    kind: Kind,
    sentence: String,
    help: Option<String>,
    details: Details,
}

impl Error {
    /// A failure of a kind. The sentence is lowercase, without a final stop, and holds no personal data.
    pub(crate) fn new(kind: Kind, sentence: impl Into<String>) -> Error {
        Error { kind, sentence: sentence.into(), help: None, details: Details::None }
    }

    /// A failure of what the user gave.
    pub(crate) fn user(sentence: impl Into<String>) -> Error {
        Error::new(Kind::User, sentence)
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Error {
        self.help = Some(help.into());
        self
    }

    /// Says everything that is wrong, a line each.
    #[must_use]
    pub(crate) fn with_parts(mut self, parts: Vec<String>) -> Error {
        if !parts.is_empty() {
            self.details = Details::Parts(parts);
        }
        self
    }

    /// Problems in files that people wrote, all of them.
    pub(crate) fn problems(problems: Vec<Problem>, texts: BTreeMap<String, String>) -> Error {
        let files: std::collections::BTreeSet<&str> = problems.iter().map(Problem::file).collect();
        let sentence = match files.first() {
            Some(one) if files.len() == 1 => format!("{} in `{one}`; nothing was read", count(problems.len(), "problem")),
            _ => format!("{} in {}; nothing was read", count(problems.len(), "problem"), count(files.len(), "file")),
        };
        Error { details: Details::Problems { problems, texts }, ..Error::user(sentence) }
    }

    /// Lines of a file that must be read whole, and what was not done because of them.
    pub(crate) fn lines(file: &str, errors: Vec<LineError>, not_done: &str) -> Error {
        let sentence = format!("{} in `{file}`; {not_done}", count(errors.len(), "problem"));
        let error = Error::user(sentence)
            .with_help("a choice that is passed over would be an objection lost, so the file counts whole or not at all");
        Error { details: Details::Lines { file: file.to_owned(), errors }, ..error }
    }

    /// A file or folder that could not be read.
    pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Error {
        Error::of_path("read", path, error)
    }

    /// A file or folder that could not be written.
    pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Error {
        Error::of_path("write", path, error)
    }

    fn of_path(verb: &str, path: &Path, error: &io::Error) -> Error {
        Error::of_io(&format!("cannot {verb} `{}`", path.display()), error)
    }

    /// What could not be done with a file, and why.
    pub(crate) fn of_io(sentence: &str, error: &io::Error) -> Error {
        let failed = Error::user(format!("{sentence}: {}", reason(error)));
        match error.kind() {
            io::ErrorKind::NotFound => failed.with_help("check the path; it is taken from the folder you are in"),
            io::ErrorKind::PermissionDenied => failed.with_help("check who may read and write it"),
            io::ErrorKind::IsADirectory => failed.with_help("name a file"),
            io::ErrorKind::StorageFull => failed.with_help("make room, or name another folder"),
            _ => failed,
        }
    }

    /// Standard output that could not be written.
    pub(crate) fn of_output(error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error::new(Kind::BrokenPipe, "standard output was closed"),
            _ => Error::user(format!("cannot write to standard output: {}", reason(error))),
        }
    }

    /// A failure that only a mistake in the program explains.
    pub(crate) fn internal(sentence: impl Into<String>) -> Error {
        Error::new(Kind::Internal, sentence).with_help("this is a mistake in the program; please report it")
    }

    /// The kind.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// What to do next.
    pub(crate) fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What is shown first.
    pub(crate) fn details(&self) -> &Details {
        &self.details
    }
}

impl From<clap::Error> for Error {
    fn from(error: clap::Error) -> Error {
        Error { details: Details::Arguments(Box::new(error)), ..Error::new(Kind::Usage, "the command line is not complete") }
    }
}

/// The reason of the operating system, as a sentence of ours: lowercase, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A number with its noun.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let digits = grouped(u64::try_from(number).unwrap_or(u64::MAX));
    if number == 1 { format!("1 {noun}") } else { format!("{digits} {noun}s") }
}

/// As [`count`], for what may be very many.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// So many people.
pub(crate) fn people(number: u64) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{} people", grouped(number)) }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut found = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            found.push(',');
        }
        found.push(digit);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_part_of_the_interface() {
        let codes = [Kind::BrokenPipe, Kind::User, Kind::Usage, Kind::Internal].map(Kind::exit_code);
        assert_eq!(codes, [0, 1, 2, 70]);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!((grouped(7), grouped(1_000), grouped(12_345_678)), ("7".to_owned(), "1,000".to_owned(), "12,345,678".to_owned()));
        assert_eq!((count(1, "item"), count(2_000, "item")), ("1 item".to_owned(), "2,000 items".to_owned()));
    }

    #[test]
    fn reasons_of_the_system_become_sentences() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "no such file or directory");
    }
}
