//! Where facts are written: a version's text, read once more for its places.

use std::collections::BTreeMap;

use bezwaar_core::grammar::{Node, parse};
use bezwaar_core::policy::Version;
use bezwaar_core::policy::grammar::POLICY_FILE;
use bezwaar_core::problem::Problem;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the reader of policies was given it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The kinds of tables facts stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Version,
    Use,
    Control,
    Claim,
    Source,
    Signal,
}

type Key = (Table, String, String);

/// Every fact of a version with its place and its value as text.
#[derive(Debug)]
pub(super) struct Places {
    file: String,
    facts: BTreeMap<Key, (usize, usize, String)>,
}

impl Places {
    pub(super) fn of(version: &Version) -> Places {
        let mut places = Places { file: version.file.clone(), facts: BTreeMap::new() };
        // The text was read before, so there are no problems, and without a place a finding stands on the first line.
        let Some(table) = parse(&version.file, &version.text, POLICY_FILE, &mut Vec::new()) else { return places };
        let root = Node::root(&table);
        if let Some(node) = root.table("version") {
            places.add(Table::Version, "", &node, &version.text);
        }
        for (kind, name, id) in [
            (Table::Use, "use", "id"),
            (Table::Control, "control", "id"),
            (Table::Claim, "claim", "id"),
            (Table::Source, "source", "id"),
            (Table::Signal, "signal", "name"),
        ] {
            for node in root.tables(name) {
                places.add(kind, &node.text(id), &node, &version.text);
                for row in node.tables("kept") {
                    places.kept(&node.text(id), &row, &version.text);
                }
            }
        }
        places
    }

    fn add(&mut self, table: Table, id: &str, node: &Node<'_, '_>, text: &str) {
        for (name, value) in node.entries() {
            let (line, column) = line_column(value.span(), text);
            self.facts.insert((table, id.to_owned(), name.to_owned()), (line, column, shown(node, name)));
        }
    }

    /// A row of what is kept, by what it is.
    fn kept(&mut self, id: &str, row: &Node<'_, '_>, text: &str) {
        let (line, column) = line_column(row.span_of("for"), text);
        let value = format!("{}: {}", row.text("what"), row.text("for"));
        self.facts.insert((Table::Use, id.to_owned(), format!("kept {}", row.text("what"))), (line, column, value));
    }

    /// Where a fact stands, or the id of its table, or the first line.
    pub(super) fn place(&self, table: Table, id: &str, fact: &str) -> Place {
        let at = |fact: &str| self.facts.get(&(table, id.to_owned(), fact.to_owned()));
        let (line, column) = at(fact).or_else(|| at("id")).or_else(|| at("name")).map_or((1, 1), |(line, column, _)| (*line, *column));
        Place { file: self.file.clone(), line, column }
    }

    /// What the file says, as text.
    pub(super) fn value(&self, table: Table, id: &str, fact: &str) -> Option<String> {
        self.facts.get(&(table, id.to_owned(), fact.to_owned())).map(|(_, _, value)| value.clone())
    }

    /// The keys that a table states.
    pub(super) fn keys(&self, table: Table, id: &str) -> Vec<&str> {
        self.facts.keys().filter(|(kind, own, _)| *kind == table && own == id).map(|(_, _, key)| key.as_str()).collect()
    }
}

fn line_column(span: std::ops::Range<usize>, text: &str) -> (usize, usize) {
    Problem::new("", span, "").line_column(text)
}

fn shown(node: &Node<'_, '_>, name: &str) -> String {
    if let Some(text) = node.opt_text(name) {
        return text;
    }
    if let Some(truth) = node.bool(name) {
        return truth.to_string();
    }
    if let Some(number) = node.int(name) {
        return number.to_string();
    }
    match node.texts(name) {
        Some(list) if list.is_empty() => "[]".to_owned(),
        Some(list) => list.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(", "),
        None => node.day(name).unwrap_or_default(),
    }
}
