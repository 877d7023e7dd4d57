//! Problems of a file, all at once: those with the lowest lines are shown, the rest is counted.

use std::fmt;

use bezwaar_core::wire::LineError;

/// How many problems of one file are shown; the rest is counted.
pub const PROBLEMS_SHOWN_MAX: usize = 1_000;

/// What is wrong with a file, line by line. Never quotes what stands there: it may hold personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    shown: Vec<LineError>,
    total: u64,
}

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: LineError) {
        self.total += 1;
        self.shown.push(problem);
        // Those found last need not stand last: cut only now and then, after sorting.
        if self.shown.len() >= 2 * PROBLEMS_SHOWN_MAX {
            self.cut();
        }
    }

    /// Adds many.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = LineError>) {
        problems.into_iter().for_each(|problem| self.push(problem));
    }

    fn cut(&mut self) {
        self.shown.sort_by_key(|problem| (problem.line(), problem.column()));
        self.shown.truncate(PROBLEMS_SHOWN_MAX);
    }

    /// In the order of the file.
    #[must_use]
    pub fn sorted(mut self) -> Problems {
        self.cut();
        self
    }

    /// Drops those on lines that are said to be of no interest.
    pub(crate) fn drop_lines(&mut self, is_dropped: impl Fn(usize) -> bool) {
        let before = self.shown.len();
        self.shown.retain(|problem| !is_dropped(problem.line()));
        self.total -= (before - self.shown.len()) as u64;
    }

    /// Those that are shown, at most [`PROBLEMS_SHOWN_MAX`].
    pub fn shown(&self) -> &[LineError] {
        &self.shown
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many are not shown.
    pub fn rest(&self) -> u64 {
        self.total - self.shown.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            1 => f.write_str("the file has 1 problem"),
            total => write!(f, "the file has {total} problems"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_shown_and_the_rest_is_counted() {
        for (count, rest) in [(PROBLEMS_SHOWN_MAX, 0), (PROBLEMS_SHOWN_MAX + 1, 1), (5 * PROBLEMS_SHOWN_MAX, 4 * PROBLEMS_SHOWN_MAX)] {
            let mut problems = Problems::default();
            problems.extend((1..=count).rev().map(|line| LineError::new(line, 0, "wrong")));
            let problems = problems.sorted();
            assert_eq!((problems.total(), problems.rest()), (count as u64, rest as u64));
            let lines: Vec<usize> = problems.shown().iter().map(LineError::line).collect();
            assert_eq!(lines, (1..=PROBLEMS_SHOWN_MAX.min(count)).collect::<Vec<_>>());
        }
    }
}
