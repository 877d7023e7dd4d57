//! Shelves: numbered lines that are kept sealed, a page at a time, beside the ledger. A line can be changed and taken away; its number is never given again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::books::{Books, ValueName};
use crate::engine::{IntegrityError, RegisterError};

/// Pages kept in memory besides those that changed.
const PAGES_KEPT: usize = 128;

/// What stands on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShelfName {
    /// Cases.
    Cases,
    /// Messages to be sent.
    Post,
    /// Tokens that were used.
    Tokens,
    /// Looks of staff at people's data.
    Looks,
}

impl ShelfName {
    /// Its word in the name of a value.
    pub fn as_str(self) -> &'static str {
        match self {
            ShelfName::Cases => "cases",
            ShelfName::Post => "post",
            ShelfName::Tokens => "tokens",
            ShelfName::Looks => "looks",
        }
    }

    /// How many lines a page has: few where they are long or often changed, since a page is written whole.
    fn page_lines(self) -> u64 {
        match self {
            ShelfName::Cases | ShelfName::Post => 32,
            ShelfName::Tokens | ShelfName::Looks => 64,
        }
    }
}

/// A shelf, as far as it was read, with what is to be written.
pub(super) struct Shelf {
    name: ShelfName,
    /// The first page that has a line.
    first: u64,
    /// The number of the next line.
    next: u64,
    pages: BTreeMap<u64, Vec<String>>,
    changed: BTreeSet<u64>,
    head_changed: bool,
}

impl Shelf {
    pub(super) fn open(books: &mut dyn Books, name: ShelfName) -> Result<Shelf, RegisterError> {
        let head: Option<Value> = books.value(&ValueName::Shelf(name))?.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default());
        let number = |field: &str| match &head {
            None => Ok(0),
            Some(head) => head.get(field).and_then(Value::as_u64).ok_or(damaged()),
        };
        let (first, next) = (number("first")?, number("next")?);
        Ok(Shelf { name, first, next, pages: BTreeMap::new(), changed: BTreeSet::new(), head_changed: false })
    }

    /// The number the next line gets. Numbers begin at 1.
    pub(super) fn next(&self) -> u64 {
        self.next + 1
    }

    fn place(&self, number: u64) -> Option<(u64, usize)> {
        let at = number.checked_sub(1).filter(|at| *at < self.next)?;
        let lines = self.name.page_lines();
        Some((at / lines, usize::try_from(at % lines).ok()?))
    }

    fn page(&mut self, books: &mut dyn Books, page: u64) -> Result<&mut Vec<String>, RegisterError> {
        if !self.pages.contains_key(&page) {
            if self.pages.len() >= PAGES_KEPT {
                self.pages.retain(|page, _| self.changed.contains(page));
            }
            let stored = books.value(&ValueName::ShelfPage(self.name, page))?.unwrap_or_default();
            let text = String::from_utf8(stored).map_err(|_| damaged())?;
            let lines = if text.is_empty() { Vec::new() } else { text.split('\n').map(str::to_owned).collect() };
            self.pages.insert(page, lines);
        }
        Ok(self.pages.entry(page).or_default())
    }

    /// A line; `None` if it was taken away, or never was.
    pub(super) fn get(&mut self, books: &mut dyn Books, number: u64) -> Result<Option<String>, RegisterError> {
        let Some((page, line)) = self.place(number) else { return Ok(None) };
        if page < self.first {
            return Ok(None);
        }
        Ok(self.page(books, page)?.get(line).filter(|line| !line.is_empty()).cloned())
    }

    /// Puts a line, which has no line break, in the place of another. An empty one takes it away.
    pub(super) fn put(&mut self, books: &mut dyn Books, number: u64, text: String) -> Result<(), RegisterError> {
        let Some((page, line)) = self.place(number) else { return Err(damaged()) };
        let lines = self.page(books, page)?;
        if lines.len() <= line {
            lines.resize(line + 1, String::new());
        }
        if let Some(slot) = lines.get_mut(line) {
            *slot = text;
        }
        self.changed.insert(page);
        self.clear_first(books)
    }

    /// Moves the beginning past pages that have nothing left on them, so that nobody reads them again.
    fn clear_first(&mut self, books: &mut dyn Books) -> Result<(), RegisterError> {
        let last = self.next.saturating_sub(1) / self.name.page_lines();
        while self.first < last {
            let first = self.first;
            if self.page(books, first)?.iter().any(|line| !line.is_empty()) {
                break;
            }
            self.first += 1;
            self.head_changed = true;
        }
        Ok(())
    }

    /// Adds a line, and gives its number.
    pub(super) fn push(&mut self, books: &mut dyn Books, text: String) -> Result<u64, RegisterError> {
        let number = self.next();
        self.next += 1;
        self.head_changed = true;
        self.put(books, number, text)?;
        Ok(number)
    }

    /// Goes through all lines, in the order of their numbers.
    pub(super) fn for_each(
        &mut self,
        books: &mut dyn Books,
        mut each: impl FnMut(u64, &str) -> Result<(), RegisterError>,
    ) -> Result<(), RegisterError> {
        let per_page = self.name.page_lines();
        for page in self.first..self.next.div_ceil(per_page) {
            for (line, text) in self.page(books, page)?.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
                each(page * per_page + line as u64 + 1, text)?;
            }
        }
        Ok(())
    }

    /// The values to set for what changed.
    pub(super) fn values(&mut self, values: &mut Vec<(ValueName, Vec<u8>)>) {
        for page in std::mem::take(&mut self.changed) {
            let lines = self.pages.get(&page).map(Vec::as_slice).unwrap_or_default();
            let bytes = if lines.iter().all(String::is_empty) { Vec::new() } else { lines.join("\n").into_bytes() };
            values.push((ValueName::ShelfPage(self.name, page), bytes));
        }
        if std::mem::take(&mut self.head_changed) {
            let head = json!({"first": self.first, "next": self.next}).to_string().into_bytes();
            values.push((ValueName::Shelf(self.name), head));
        }
    }
}

/// What is kept beside the ledger is not what was written there.
pub(super) fn damaged() -> RegisterError {
    IntegrityError::Missing { what: "a readable page of what intake keeps", index: None }.into()
}
