//! What a rule found.

use bezwaar_core::policy::When;

use super::place::Place;
use super::rules::Rule;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a second look: guidance, strong practice, or weak evidence.
    Caution,
    /// Does not match what the article asks, as far as the sources show.
    Mismatch,
}

impl Severity {
    /// Its word, as in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Caution => "caution",
            Severity::Mismatch => "mismatch",
        }
    }
}

/// Whether a rule fired or could not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It fired.
    Finding,
    /// A fact it reads is not known.
    Unknown,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The version as a whole.
    Version,
    /// A use, by its id.
    Use(String),
    /// A control, by its id.
    Control(String),
    /// A suppression, by what it is on.
    Suppression(String),
}

impl Subject {
    /// The id of a use or control.
    pub fn id(&self) -> Option<&str> {
        match self {
            Subject::Version => None,
            Subject::Use(id) | Subject::Control(id) | Subject::Suppression(id) => Some(id),
        }
    }
}

/// A fact that was read, as the file writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its key.
    pub fact: &'static str,
    /// Its value; `None` when the file leaves it out.
    pub value: Option<String>,
}

/// A source behind a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its id within the version.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Where it stands.
    pub url: String,
    /// The day of the text or its capture.
    pub date: When,
    /// The grade of evidence.
    pub grade: String,
}

/// What is said on the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The dispute's id.
    pub dispute: String,
    /// Who says so.
    pub holder: String,
    /// What they say.
    pub says: String,
}

/// A rule that fired at a place, or what it could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Whether it fired.
    pub kind: Kind,
    /// How much it weighs; a note of what is not known is always *info*.
    pub severity: Severity,
    /// Whether it would weigh more if its sources were better, or if nothing were disputed.
    pub lowered: bool,
    /// Whether it is lowered because a dispute names that very fact, with primary text on a side.
    pub contested: bool,
    /// The policy's id.
    pub policy: String,
    /// The version's id.
    pub version: String,
    /// What it is about.
    pub subject: Subject,
    /// Where the first of its facts is written.
    pub place: Place,
    /// Which text says what was seen.
    pub variant: &'static str,
    /// What stands in the text.
    pub values: Vec<(&'static str, String)>,
    /// The facts it read.
    pub facts: Vec<Seen>,
    /// The sources behind them.
    pub sources: Vec<Evidence>,
    /// What is said against it: by the controller, where it speaks; empty when nothing was found.
    pub counter: Vec<Counter>,
    /// The newest day among its sources, or the version's first day.
    pub checked_on: String,
    /// Why it does not count, when it was suppressed.
    pub suppressed: Option<String>,
}
