//! The exchange formats (JSON Lines): items, choices and decisions, read strictly and written canonically.
//!
//! Wire types are kept apart from the domain types they turn into: unknown fields are refused with line and column,
//! except under `ext`.

mod choice;
mod decision;
mod item;

use std::fmt;

pub use choice::{ChoiceFields, ChoiceFile, ChoiceLine, Ext, Named, NotText, RefKind, Reference, choice_text, other_content, read_choices};
pub use decision::decision_line;
pub use item::{WIRE_ITEM_FIELDS, item_line, parse_item};

/// What is wrong with one line of a JSON Lines file. Never quotes the line: it may hold personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineError {
    line: usize,
    column: usize,
    message: String,
}

impl LineError {
    /// An error at a line and column, both from 1 (column 0: the whole line).
    pub fn new(line: usize, column: usize, message: impl Into<String>) -> LineError {
        LineError { line, column, message: message.into() }
    }

    /// The error of a JSON reader for a text that is one line of a file.
    pub fn of_json(line: usize, error: &serde_json::Error) -> LineError {
        let text = error.to_string();
        // serde_json ends its sentence with its own position, which is within the line.
        let sentence = text.rsplit_once(" at line ").map_or(text.as_str(), |(sentence, _)| sentence);
        LineError::new(line, error.column(), safe(sentence))
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in bytes, from 1; 0 when the line as a whole is meant.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for LineError {}

/// Cuts the value out of a reader's sentence (`invalid type: string "noor", expected …`): it may be personal data.
/// Field names stay: they are the format's grammar.
fn safe(sentence: &str) -> String {
    let quoting = ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|start| sentence.starts_with(start));
    if !quoting {
        return sentence.to_owned();
    }
    let value_at = sentence.find(['"', '`']).unwrap_or(sentence.len());
    let before = sentence.get(..value_at).unwrap_or_default().trim_end();
    let after = sentence.rfind(", expected ").filter(|at| *at >= value_at).and_then(|at| sentence.get(at..));
    format!("{before}{}", after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_never_quote_values() {
        let error = serde_json::from_str::<u32>("\"noor@example.nl\"").unwrap_err();
        let shown = LineError::of_json(7, &error).to_string();
        assert!(shown.starts_with("line 7, column "), "{shown}");
        assert!(!shown.contains("noor"), "{shown}");
    }
}
