//! A small declared grammar for TOML files that people write: one table of fields drives the reader (all problems at once, each with
//! its place and what to write instead) and the JSON Schema.

use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, nearest};
use crate::time::Day;

/// What a field's value looks like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any text but an empty one.
    Text,
    /// One word of a closed list.
    Word(&'static [&'static str]),
    /// A day, `2025-05-27`.
    Day,
    /// A day, `unknown` or `never`.
    When,
    /// `true` or `false`.
    Bool,
    /// `true`, `false` or `unknown`.
    BoolOrUnknown,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A period of years, months, weeks and days (`P18M`), or one word of a closed list.
    Period(&'static [&'static str]),
    /// A list of texts, perhaps empty.
    Texts,
    /// A list of words of a closed list, not empty.
    Words(&'static [&'static str]),
    /// A table with these fields.
    Table(&'static [Field]),
    /// A list of tables with these fields.
    Tables(&'static [Field]),
    /// A table from free names to lists of texts.
    Lists,
    /// A table from free names to texts.
    TextMap,
    /// Anything; its reader checks it.
    Any,
}

/// A field of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in a sentence without final stop.
    pub doc: &'static str,
}

/// A field that must be there.
pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: true, doc }
}

/// A field that may be left out.
pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, required: false, doc }
}

/// Longest list or table that is read.
pub const ENTRIES_MAX: usize = 1_000;
/// Longest file of this kind, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// A table of a file being read, with the problems found so far.
#[derive(Debug)]
pub struct Node<'t, 'i> {
    table: &'t DeTable<'i>,
    span: std::ops::Range<usize>,
}

/// Reads a file against its fields; problems go into the list. `None` when it is not TOML at all.
pub fn parse<'i>(file: &str, text: &'i str, fields: &'static [Field], problems: &mut Vec<Problem>) -> Option<Spanned<DeTable<'i>>> {
    if text.len() > FILE_BYTES_MAX {
        problems.push(Problem::new(file, 0..0, format!("the file is over {FILE_BYTES_MAX} bytes")));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        problems.push(Problem::new(file, span, format!("not TOML: {}", error.message())));
    }
    if !errors.is_empty() {
        return None;
    }
    check_table(file, table.get_ref(), table.span(), fields, problems);
    Some(table)
}

fn check_table(file: &str, table: &DeTable<'_>, span: std::ops::Range<usize>, fields: &'static [Field], problems: &mut Vec<Problem>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        match fields.iter().find(|field| field.name == name) {
            Some(field) => check_value(file, field, value, problems),
            None => {
                let known = fields.iter().map(|field| field.name);
                let help = match nearest(name, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here are {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
                };
                problems.push(Problem::new(file, key.span(), format!("unknown key `{name}`")).with_help(help));
            }
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if !table.iter().any(|(key, _)| key.get_ref().as_ref() == field.name) {
            // A whole table would be underlined; its first byte is enough.
            let place = span.start..span.start.saturating_add(1).min(span.end.max(span.start));
            let problem = Problem::new(file, place, format!("`{}` is missing", field.name));
            problems.push(problem.with_help(format!("{} = {}  # {}", field.name, field.shape.example(), field.doc)));
        }
    }
}

fn check_value(file: &str, field: &Field, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) {
    let wrong = |problems: &mut Vec<Problem>, span: std::ops::Range<usize>, found: &str| {
        let problem = Problem::new(file, span, format!("`{}` must be {}, not {found}", field.name, field.shape.words()));
        problems.push(problem.with_help(format!("write {} = {}", field.name, field.shape.example())));
    };
    let found = value.get_ref();
    let kind = article(found.type_str());
    match field.shape {
        Shape::Text => match found.as_str() {
            Some(text) if !text.trim().is_empty() => {}
            Some(_) => wrong(problems, value.span(), "empty"),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Word(words) => match found.as_str() {
            Some(word) if words.contains(&word) => {}
            Some(word) => unknown_word(file, field.name, word, words, value.span(), problems),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Period(words) => match found.as_str() {
            Some(text) if period(text).is_some() || words.contains(&text) => {}
            Some(text) => wrong(problems, value.span(), &format!("`{text}`")),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Day | Shape::When => match day_text(found) {
            Some(text) if Day::parse(&text).is_ok() => {}
            Some(text) if matches!(field.shape, Shape::When) && (text == "unknown" || text == "never") => {}
            Some(text) => wrong(problems, value.span(), &format!("`{text}`")),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Bool if found.is_bool() => {}
        Shape::BoolOrUnknown if found.is_bool() || found.as_str() == Some("unknown") => {}
        Shape::Int(low, high) => match int(found) {
            Some(number) if (low..=high).contains(&number) => {}
            Some(number) => wrong(problems, value.span(), &format!("{number}")),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Texts | Shape::Words(_) => match found.as_array() {
            Some(list) if list.len() <= ENTRIES_MAX => {
                for one in list.iter() {
                    match (one.get_ref().as_str(), field.shape) {
                        (Some(word), Shape::Words(words)) if !words.contains(&word) => {
                            unknown_word(file, field.name, word, words, one.span(), problems);
                        }
                        (Some(text), _) if !text.trim().is_empty() => {}
                        _ => wrong(problems, one.span(), &article(one.get_ref().type_str())),
                    }
                }
                if list.iter().next().is_none() && matches!(field.shape, Shape::Words(_)) {
                    wrong(problems, value.span(), "an empty list");
                }
            }
            Some(_) => wrong(problems, value.span(), "a list that long"),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Table(fields) => match found.as_table() {
            Some(table) => check_table(file, table, value.span(), fields, problems),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Tables(fields) => match found.as_array() {
            Some(list) if list.len() <= ENTRIES_MAX => {
                for one in list.iter() {
                    match one.get_ref().as_table() {
                        Some(table) => check_table(file, table, one.span(), fields, problems),
                        None => wrong(problems, one.span(), &article(one.get_ref().type_str())),
                    }
                }
            }
            Some(_) => wrong(problems, value.span(), "a list that long"),
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Lists => match found.as_table() {
            Some(table) => {
                for (_, one) in table {
                    let good = one.get_ref().as_array().is_some_and(|list| list.iter().all(|text| text.get_ref().is_str()));
                    if !good {
                        wrong(problems, one.span(), &article(one.get_ref().type_str()));
                    }
                }
            }
            None => wrong(problems, value.span(), &kind),
        },
        Shape::TextMap => match found.as_table() {
            Some(table) => {
                for (_, one) in table.iter().filter(|(_, one)| !one.get_ref().is_str()) {
                    wrong(problems, one.span(), &article(one.get_ref().type_str()));
                }
            }
            None => wrong(problems, value.span(), &kind),
        },
        Shape::Any => {}
        Shape::Bool | Shape::BoolOrUnknown => wrong(problems, value.span(), &kind),
    }
}

fn unknown_word(file: &str, name: &str, word: &str, words: &[&str], span: std::ops::Range<usize>, problems: &mut Vec<Problem>) {
    let all = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let help = match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? known are {all}"),
        None => format!("known are {all}"),
    };
    problems.push(Problem::new(file, span, format!("`{name}` has the unknown word `{word}`")).with_help(help));
}

fn article(kind: &str) -> String {
    match kind {
        "array" => "a list".to_owned(),
        "integer" => "a whole number".to_owned(),
        "string" => "a text".to_owned(),
        other => format!("a {other}"),
    }
}

fn int(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|integer| i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok())
}

/// Most digits of each number of a period.
const PERIOD_DIGITS_MAX: usize = 4;

/// A period in ISO 8601 (years, months, weeks, days, in that order, each at most once) as whole months and days.
pub fn period(text: &str) -> Option<(i64, i64)> {
    let mut rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (mut months, mut days) = (0, 0);
    let mut units = ['Y', 'M', 'W', 'D'].into_iter();
    while !rest.is_empty() {
        let (digits, after) = rest.split_at_checked(rest.find(|letter: char| !letter.is_ascii_digit())?)?;
        if digits.is_empty() || digits.len() > PERIOD_DIGITS_MAX {
            return None;
        }
        let number: i64 = digits.parse().ok()?;
        let mut letters = after.chars();
        let unit = letters.next()?;
        units.find(|known| *known == unit)?;
        match unit {
            'Y' => months += number * 12,
            'M' => months += number,
            'W' => days += number * 7,
            _ => days += number,
        }
        rest = letters.as_str();
    }
    Some((months, days))
}

fn day_text(value: &DeValue<'_>) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_datetime().map(ToString::to_string))
}

impl Shape {
    fn words(self) -> String {
        match self {
            Shape::Text => "a text".to_owned(),
            Shape::Word(words) => format!("one of {}", words.join(", ")),
            Shape::Day => "a day".to_owned(),
            Shape::When => "a day, `unknown` or `never`".to_owned(),
            Shape::Bool => "true or false".to_owned(),
            Shape::BoolOrUnknown => "true, false or `unknown`".to_owned(),
            Shape::Int(low, high) => format!("a whole number from {low} to {high}"),
            Shape::Period(words) => format!("a period such as P18M, or one of {}", words.join(", ")),
            Shape::Texts | Shape::Words(_) => "a list of texts".to_owned(),
            Shape::Table(_) => "a table".to_owned(),
            Shape::Tables(_) => "a list of tables".to_owned(),
            Shape::Lists => "a table of lists of texts".to_owned(),
            Shape::TextMap => "a table of texts".to_owned(),
            Shape::Any => "a value".to_owned(),
        }
    }

    fn example(self) -> String {
        match self {
            Shape::Text => "\"…\"".to_owned(),
            Shape::Word(words) => format!("\"{}\"", words.first().copied().unwrap_or_default()),
            Shape::Day | Shape::When => "\"2025-05-27\"".to_owned(),
            Shape::Bool | Shape::BoolOrUnknown => "true".to_owned(),
            Shape::Int(low, _) => low.to_string(),
            Shape::Period(_) => "\"P18M\"".to_owned(),
            Shape::Texts => "[\"…\"]".to_owned(),
            Shape::Words(words) => format!("[\"{}\"]", words.first().copied().unwrap_or_default()),
            Shape::Table(_) => "{ … }".to_owned(),
            Shape::Tables(_) => "[{ … }]".to_owned(),
            Shape::Lists => "{ key = [\"…\"] }".to_owned(),
            Shape::TextMap => "{ key = \"…\" }".to_owned(),
            Shape::Any => "…".to_owned(),
        }
    }

    /// The JSON Schema of the shape.
    fn schema(self) -> Value {
        let text = json!({"type": "string", "minLength": 1});
        match self {
            Shape::Text => text,
            Shape::Word(words) => json!({"enum": words}),
            Shape::Day => json!({"type": "string", "format": "date"}),
            Shape::When => json!({"anyOf": [{"type": "string", "format": "date"}, {"enum": ["unknown", "never"]}]}),
            Shape::Bool => json!({"type": "boolean"}),
            Shape::BoolOrUnknown => json!({"enum": [true, false, "unknown"]}),
            Shape::Int(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
            Shape::Period(words) => {
                json!({"anyOf": [{"type": "string", "pattern": "^P(?=\\d)(\\d{1,4}Y)?(\\d{1,4}M)?(\\d{1,4}W)?(\\d{1,4}D)?$"}, {"enum": words}]})
            }
            Shape::Texts => json!({"type": "array", "items": text, "maxItems": ENTRIES_MAX}),
            Shape::Words(words) => json!({"type": "array", "items": {"enum": words}, "minItems": 1}),
            Shape::Table(fields) => schema_of(fields),
            Shape::Tables(fields) => json!({"type": "array", "items": schema_of(fields), "maxItems": ENTRIES_MAX}),
            Shape::Lists => json!({"type": "object", "additionalProperties": {"type": "array", "items": text}}),
            Shape::TextMap => json!({"type": "object", "additionalProperties": text}),
            Shape::Any => json!({}),
        }
    }
}

/// The JSON Schema of a table with these fields.
pub fn schema_of(fields: &[Field]) -> Value {
    let properties: serde_json::Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = field.shape.schema();
            if let Some(object) = schema.as_object_mut() {
                object.insert("description".to_owned(), field.doc.into());
            }
            (field.name.to_owned(), schema)
        })
        .collect();
    let needed: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": needed})
}

/// Checks a table found inside a value of [`Shape::Any`] against its own fields.
pub fn check(file: &str, node: &Node<'_, '_>, fields: &'static [Field], problems: &mut Vec<Problem>) {
    check_table(file, node.table, node.span(), fields, problems);
}

impl<'t, 'i> Node<'t, 'i> {
    /// The tables a value stands for: itself, or those of a list. `None` when it is neither.
    pub fn many(value: &'t Spanned<DeValue<'i>>) -> Option<Vec<Node<'t, 'i>>> {
        if let Some(table) = value.get_ref().as_table() {
            return Some(vec![Node { table, span: value.span() }]);
        }
        let list = value.get_ref().as_array()?;
        list.iter().map(|one| Some(Node { table: one.get_ref().as_table()?, span: one.span() })).collect()
    }

    /// The root of a file.
    pub fn root(table: &'t Spanned<DeTable<'i>>) -> Node<'t, 'i> {
        Node { table: table.get_ref(), span: table.span() }
    }

    /// Where the table stands.
    pub fn span(&self) -> std::ops::Range<usize> {
        self.span.clone()
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name).map(|(_, value)| value)
    }

    /// Every key with its value.
    pub fn entries(&self) -> impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'i>>)> + use<'t, 'i> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), value))
    }

    /// Where a field's value stands, or the table when it is not there.
    pub fn span_of(&self, name: &str) -> std::ops::Range<usize> {
        self.get(name).map_or_else(|| self.span(), Spanned::span)
    }

    /// A text; empty when absent.
    pub fn text(&self, name: &str) -> String {
        self.opt_text(name).unwrap_or_default()
    }

    /// A text that may be absent.
    pub fn opt_text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| value.get_ref().as_str()).map(str::to_owned)
    }

    /// A day, `unknown` and `never` as their words.
    pub fn day(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| day_text(value.get_ref()))
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(|value| value.get_ref().as_bool())
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|value| int(value.get_ref()))
    }

    /// A list of texts, each with its place; `None` when absent.
    pub fn texts(&self, name: &str) -> Option<Vec<(String, std::ops::Range<usize>)>> {
        let list = self.get(name)?.get_ref().as_array()?;
        Some(list.iter().filter_map(|one| Some((one.get_ref().as_str()?.to_owned(), one.span()))).collect())
    }

    /// A list of texts without their places; empty when absent.
    pub fn plain_texts(&self, name: &str) -> Vec<String> {
        self.texts(name).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
    }

    /// A table.
    pub fn table(&self, name: &str) -> Option<Node<'t, 'i>> {
        let value = self.get(name)?;
        Some(Node { table: value.get_ref().as_table()?, span: value.span() })
    }

    /// A list of tables; empty when absent.
    pub fn tables(&self, name: &str) -> Vec<Node<'t, 'i>> {
        let list = self.get(name).and_then(|value| value.get_ref().as_array());
        let nodes = list.into_iter().flat_map(|list| list.iter());
        nodes.filter_map(|one| Some(Node { table: one.get_ref().as_table()?, span: one.span() })).collect()
    }
}
