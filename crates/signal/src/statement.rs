//! What a signal says, in one form for all standards.

use std::collections::BTreeMap;

use bezwaar_core::time::Instant;
use bezwaar_core::wire::LineError;

/// The category of a statement that could not be told apart: it is about everything.
pub const EVERYTHING: &str = "*";

/// A preference signal by the name policies know it under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Global Privacy Control: do not sell or share my data.
    Gpc,
    /// The IETF's AI preferences, `Content-Usage`.
    Aipref,
    /// The reservation of text and data mining rights, TDMRep.
    Tdm,
    /// A record of intents about reuse in a person's own repository.
    UserIntents,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 4] = [Signal::Gpc, Signal::Aipref, Signal::Tdm, Signal::UserIntents];

    /// The categories of use that its standard knows, those of earlier drafts too.
    pub fn categories(self) -> Vec<&'static str> {
        match self {
            Signal::Gpc => vec![crate::fields::SALE_OR_SHARING],
            Signal::Aipref => crate::aipref::LABELS.into_iter().chain(crate::aipref::EARLIER_LABELS).collect(),
            Signal::Tdm => vec![crate::tdm::MINING],
            Signal::UserIntents => crate::records::INTENT_CATEGORIES.into_iter().chain(crate::records::PREFERENCE_CATEGORIES).collect(),
        }
    }

    /// The spelling in policies and choices.
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::Gpc => "gpc",
            Signal::Aipref => "aipref",
            Signal::Tdm => "tdm",
            Signal::UserIntents => "user-intents",
        }
    }
}

/// What is said about a category. The order is by weight: the greatest of several is what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// Nothing.
    Unset,
    /// It is allowed. That opens nothing: only a person's own consent does.
    Yes,
    /// Something is said that cannot be read. It counts as a no.
    Unreadable,
    /// It is not allowed.
    No,
}

impl Answer {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Answer::Unset => "unset",
            Answer::Yes => "yes",
            Answer::Unreadable => "unreadable",
            Answer::No => "no",
        }
    }

    /// Whether it counts as a no.
    pub fn closes(self) -> bool {
        matches!(self, Answer::No | Answer::Unreadable)
    }
}

/// Where a statement stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1; 0 when the text as a whole is meant.
    pub line: usize,
    /// The column in bytes, from 1; 0 when the line as a whole is meant.
    pub column: usize,
    /// Within what: the name of a field, a group and path of robots.txt, a member of a record.
    pub within: String,
}

impl Place {
    /// A place in a line.
    pub fn new(line: usize, column: usize, within: impl Into<String>) -> Place {
        Place { line, column, within: within.into() }
    }
}

/// One answer about one category of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    signal: Signal,
    category: String,
    answer: Answer,
    place: Place,
}

impl Statement {
    /// A statement; the category is one of the signal's own, or [`EVERYTHING`].
    pub fn new(signal: Signal, category: impl Into<String>, answer: Answer, place: Place) -> Statement {
        Statement { signal, category: category.into(), answer, place }
    }

    /// The signal it belongs to.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The category of use it speaks of, in the words of the standard.
    pub fn category(&self) -> &str {
        &self.category
    }

    /// What it says.
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// Where it stood.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// All that was found in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub(crate) statements: Vec<Statement>,
    pub(crate) notes: Vec<LineError>,
    pub(crate) written_at: Option<Instant>,
}

impl Read {
    /// The statements, in the order of the text.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What a person should look at: what could not be read and therefore counts as a no, what was passed over.
    pub fn notes(&self) -> &[LineError] {
        &self.notes
    }

    /// When the text says it was written; that never counts.
    pub fn written_at(&self) -> Option<Instant> {
        self.written_at
    }

    /// The answer per signal and category, with any no the winner.
    pub fn combined(&self) -> BTreeMap<(Signal, &str), Answer> {
        let mut found = BTreeMap::new();
        for one in &self.statements {
            let answer = found.entry((one.signal, one.category.as_str())).or_insert(one.answer);
            *answer = one.answer.max(*answer);
        }
        found
    }

    pub(crate) fn say(&mut self, signal: Signal, category: &str, answer: Answer, place: &Place) {
        self.statements.push(Statement::new(signal, category, answer, place.clone()));
    }

    pub(crate) fn note(&mut self, place: &Place, message: impl Into<String>) {
        self.notes.push(LineError::new(place.line, place.column, message));
    }

    /// Something of this signal that cannot be read, and why.
    pub(crate) fn unreadable(&mut self, signal: Signal, category: &str, place: &Place, why: &str) {
        self.say(signal, category, Answer::Unreadable, place);
        let what = if category == EVERYTHING { signal.as_str() } else { category };
        self.note(place, format!("`{}` cannot be read and counts as a no to {what}: {why}", place.within));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_knows_every_signal() {
        assert_eq!(Signal::ALL.map(Signal::as_str), bezwaar_core::standing::KNOWN_SIGNALS);
    }

    #[test]
    fn any_no_wins_and_a_yes_never_hides_what_cannot_be_read() {
        let ordered = [Answer::Unset, Answer::Yes, Answer::Unreadable, Answer::No];
        assert!(ordered.is_sorted());
        assert_eq!(ordered.map(Answer::closes), [false, false, true, true]);
    }
}
