//! Problems in files that people wrote, with their place and what to write instead.

use std::fmt;

/// One problem in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: String,
    start: usize,
    end: usize,
    message: String,
    help: Option<String>,
}

impl Problem {
    /// A problem at a range of bytes in a file.
    pub fn new(file: &str, span: std::ops::Range<usize>, message: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), start: span.start, end: span.end.max(span.start), message: message.into(), help: None }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The file's name as the reader was given it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The range of bytes meant.
    pub fn span(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Line and column (in characters), both from 1, within the file's text.
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.start.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// One line for a terminal or a test: `file:line:column: message; help`.
    pub fn in_one_line(&self, text: &str) -> String {
        let (line, column) = self.line_column(text);
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{}:{line}:{column}: {}{help}", self.file, self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

impl std::error::Error for Problem {}

/// The known word nearest to a mistyped one, if it is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let near = known.into_iter().map(|other| (distance(word, other), other)).min()?;
    (near.0 <= limit).then_some(near.1)
}

/// Edit distance with swaps of neighbours (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |list: &[usize], place: usize| list.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&last, column) + usize::from(letter != other);
            best = best.min(at(&last, column + 1) + 1).min(at(&next, column) + 1);
            let swapped = row > 0 && column > 0 && left.get(row - 1) == Some(other) && right.get(column - 1) == Some(letter);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word() {
        let known = ["recipients", "regions", "retention"];
        assert_eq!(nearest("recipeints", known), Some("recipients"));
        assert_eq!(nearest("region", known), Some("regions"));
        assert_eq!(nearest("colour", known), None);
    }
}
