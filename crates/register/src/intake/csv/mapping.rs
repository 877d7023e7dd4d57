//! Reads mapping files: all problems at once, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use bezwaar_core::account::Kind;
use bezwaar_core::grammar::{Node, check, parse};
use bezwaar_core::problem::Problem;
use bezwaar_core::time::Zone;

use super::grammar::{MAPPING, PERSON};

/// The most columns that may name one person.
pub const PERSON_COLUMNS_MAX: usize = 16;

/// What the columns of a CSV file mean.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) delimiter: Option<u8>,
    pub(super) id: Option<IdMap>,
    pub(super) person: Vec<PersonMap>,
    pub(super) filer: Vec<PersonMap>,
    pub(super) received_at: TimeMap,
    pub(super) act: WordMap,
    /// The other words, by field.
    pub(super) words: Vec<(Word, WordMap)>,
    pub(super) lists: Vec<(List, ListMap)>,
    pub(super) contact: Vec<String>,
    pub(super) ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Control,
    To,
    Of,
    How,
    Signal,
    Outcome,
    Channel,
    By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Uses,
    Recipients,
    Items,
}

const WORDS: [(&str, Word); 8] = [
    ("control", Word::Control),
    ("to", Word::To),
    ("of", Word::Of),
    ("how", Word::How),
    ("signal", Word::Signal),
    ("outcome", Word::Outcome),
    ("channel", Word::Channel),
    ("by", Word::By),
];
const LISTS: [(&str, List); 3] = [("uses", List::Uses), ("recipients", List::Recipients), ("items", List::Items)];

#[derive(Clone, Debug)]
pub(super) struct IdMap {
    pub(super) column: String,
    pub(super) prefix: String,
}

#[derive(Clone, Debug)]
pub(super) struct PersonMap {
    pub(super) column: String,
    pub(super) service: Option<String>,
    pub(super) kind: Option<Kind>,
}

/// A column, or the same for every row.
#[derive(Clone, Debug)]
pub(super) enum Origin<C> {
    Column(String),
    Const(C),
}

#[derive(Clone, Debug)]
pub(super) struct TimeMap {
    pub(super) from: Origin<String>,
    pub(super) format: Option<String>,
    pub(super) zone: Option<Zone>,
    /// Microseconds to a unit, for numbers.
    pub(super) unit: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct WordMap {
    pub(super) from: Origin<String>,
    pub(super) values: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug)]
pub(super) struct ListMap {
    pub(super) from: Origin<Vec<String>>,
    pub(super) separator: Option<String>,
    pub(super) values: Option<BTreeMap<String, String>>,
}

impl Mapping {
    /// Reads a mapping from its text; `file` is its name, for the problems.
    pub fn parse(file: &str, text: &str) -> Result<Mapping, Vec<Problem>> {
        let mut reader = Reader { file, problems: Vec::new() };
        let mapping = reader.mapping(text);
        match mapping.filter(|_| reader.problems.is_empty()) {
            Some(mapping) => Ok(mapping),
            None => Err(reader.problems),
        }
    }

    /// Every column that is named, with what it is for.
    pub(super) fn columns(&self) -> Vec<&str> {
        let persons = self.person.iter().chain(&self.filer).map(|map| map.column.as_str());
        let words = self.words.iter().map(|(_, map)| &map.from).chain([&self.act.from, &self.received_at.from]);
        let words = words.filter_map(|from| match from {
            Origin::Column(column) => Some(column.as_str()),
            Origin::Const(_) => None,
        });
        let lists = self.lists.iter().filter_map(|(_, map)| match &map.from {
            Origin::Column(column) => Some(column.as_str()),
            Origin::Const(_) => None,
        });
        let id = self.id.iter().map(|map| map.column.as_str());
        id.chain(persons).chain(words).chain(lists).chain(self.contact.iter().map(String::as_str)).collect()
    }
}

struct Reader<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, span: Range<usize>, message: impl Into<String>, help: &str) {
        self.problems.push(Problem::new(self.file, span, message).with_help(help));
    }

    fn mapping(&mut self, text: &str) -> Option<Mapping> {
        let table = parse(self.file, text, MAPPING, &mut self.problems)?;
        let root = Node::root(&table);
        let map = root.table("map")?;
        let delimiter = root.table("csv").and_then(|node| node.opt_text("delimiter")).map(|word| match word.as_str() {
            "semicolon" => b';',
            "tab" => b'\t',
            "bar" => b'|',
            _ => b',',
        });
        let person = self.people(&map, "person");
        let filer = self.people(&map, "filer");
        let id = map.table("id").map(|node| IdMap { column: node.text("column"), prefix: node.opt_text("prefix").unwrap_or_default() });
        let received_at = map.table("received_at").and_then(|node| self.time(&node));
        let act = map.table("act").and_then(|node| self.word(&node, "act"));
        let mut words = Vec::new();
        for (name, word) in WORDS {
            if let Some(made) = map.table(name).and_then(|node| self.word(&node, name)) {
                words.push((word, made));
            }
        }
        let mut lists = Vec::new();
        for (name, list) in LISTS {
            if let Some(made) = map.table(name).and_then(|node| self.list(&node, name)) {
                lists.push((list, made));
            }
        }
        let (contact, ignore) = (map.plain_texts("contact"), map.plain_texts("ignore"));
        let mapping = Mapping { delimiter, id, person, filer, received_at: received_at?, act: act?, words, lists, contact, ignore };
        if let Some(column) = mapping.ignore.iter().find(|column| mapping.columns().contains(&column.as_str())) {
            self.problem(map.span_of("ignore"), format!("the column `{column}` is both used and ignored"), "leave it out of `ignore`");
        }
        Some(mapping)
    }

    fn people(&mut self, map: &Node<'_, '_>, name: &str) -> Vec<PersonMap> {
        let Some(value) = map.get(name) else { return Vec::new() };
        let nodes = Node::many(value).unwrap_or_default();
        if nodes.is_empty() || nodes.len() > PERSON_COLUMNS_MAX {
            let message = format!("`{name}` must be a table, or a list of 1 to {PERSON_COLUMNS_MAX} tables");
            self.problem(value.span(), message, "write { column = \"…\", service = \"…\" }");
        }
        let mut people = Vec::new();
        for node in nodes {
            check(self.file, &node, PERSON, &mut self.problems);
            let service = node.opt_text("service");
            let kind = node.opt_text("kind").and_then(|word| Kind::lookup(&word));
            if kind.is_some() && service.is_none() {
                self.problem(node.span_of("kind"), "a kind without a service", "add service = \"…\"");
            }
            people.push(PersonMap { column: node.text("column"), service, kind });
        }
        people
    }

    /// Exactly one of `column` and `const`.
    fn origin<C>(&mut self, node: &Node<'_, '_>, name: &str, constant: Option<C>) -> Option<Origin<C>> {
        match (node.opt_text("column"), constant) {
            (Some(column), None) => Some(Origin::Column(column)),
            (None, Some(constant)) => Some(Origin::Const(constant)),
            _ => {
                self.problem(node.span(), format!("`{name}` must have either a column or a const"), "write { column = \"…\" }");
                None
            }
        }
    }

    fn values(&mut self, node: &Node<'_, '_>) -> Option<BTreeMap<String, String>> {
        let values = node.table("values")?;
        if node.get("const").is_some() {
            self.problem(node.span_of("values"), "values are for a column, not for a const", "leave `values` out");
        }
        Some(values.entries().filter_map(|(key, value)| Some((key.to_owned(), value.get_ref().as_str()?.to_owned()))).collect())
    }

    fn word(&mut self, node: &Node<'_, '_>, name: &str) -> Option<WordMap> {
        let values = self.values(node);
        Some(WordMap { from: self.origin(node, name, node.opt_text("const"))?, values })
    }

    fn list(&mut self, node: &Node<'_, '_>, name: &str) -> Option<ListMap> {
        let values = self.values(node);
        let constant = node.texts("const").map(|list| list.into_iter().map(|(text, _)| text).collect());
        Some(ListMap { from: self.origin(node, name, constant)?, separator: node.opt_text("separator"), values })
    }

    fn time(&mut self, node: &Node<'_, '_>) -> Option<TimeMap> {
        let zone = node.opt_text("zone").and_then(|name| match Zone::parse(&name) {
            Ok(zone) => Some(zone),
            Err(error) => {
                self.problem(node.span_of("zone"), error.to_string(), "write zone = \"Europe/Amsterdam\"");
                None
            }
        });
        let unit = node.opt_text("unit").map(|word| match word.as_str() {
            "s" => 1_000_000,
            "ms" => 1_000,
            _ => 1,
        });
        if unit.is_some() && (node.get("format").is_some() || node.get("zone").is_some()) {
            self.problem(node.span_of("unit"), "numbers since 1970 have no format and no zone", "leave `format` and `zone` out, or `unit`");
        }
        let from = self.origin(node, "received_at", node.opt_text("const"))?;
        Some(TimeMap { from, format: node.opt_text("format"), zone, unit })
    }
}
