//! A look before the run: whether anything can pass at all, and what each field holds.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use bezwaar_core::item::{AgeBand, Audience, Category, ChatKind};
use bezwaar_core::region::Region;

use crate::bind::{BoundAge, BoundPerson, BoundTime, BoundWord, Fields, Source};
use crate::error::Result;
use crate::leaf::{Cell, Leaf, Path, dictionary, for_each_cell};
use crate::mapping::WordMap;
use crate::tally::Tally;

/// Most records of a file that are looked at.
pub(crate) const SAMPLE_ROWS: usize = 100_000;
/// How many unlisted values are shown per field.
pub(crate) const TOP_VALUES: usize = 5;

/// What a field holds in the sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCheck {
    /// The item field.
    pub field: &'static str,
    /// The column, as the map names it; empty for a constant or an unmapped field.
    pub column: String,
    /// The column's type.
    pub data_type: String,
    /// Whether a decision under these rules reads it.
    pub read: bool,
    /// Records with a known value.
    pub known: u64,
    /// Records without a value.
    pub missing: u64,
    /// Records with a value nobody knows.
    pub unlisted: u64,
    /// The most frequent values nobody knows; never of people.
    pub top: Vec<(String, u64)>,
    /// What to write.
    pub advice: Option<String>,
}

/// What a file's sample shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The file, relative to its input.
    pub path: String,
    /// Its fields; empty for items in the exchange format.
    pub fields: Vec<FieldCheck>,
    /// What would be decided about the sample.
    pub tally: Tally,
}

/// Counts what fields hold, batch by batch.
pub(crate) struct Sampler<'a> {
    fields: &'a Fields,
    /// Column names by field, as the map writes them.
    names: BTreeMap<&'static str, String>,
    read: Vec<&'static str>,
    counts: BTreeMap<&'static str, Count>,
}

#[derive(Default)]
struct Count {
    data_type: String,
    known: u64,
    missing: u64,
    unlisted: u64,
    values: BTreeMap<String, u64>,
}

impl Count {
    fn unlisted(&mut self, shown: Option<String>) {
        self.unlisted += 1;
        if let Some(value) = shown
            && (self.values.len() < 10_000 || self.values.contains_key(&value))
        {
            *self.values.entry(value).or_default() += 1;
        }
    }
}

impl<'a> Sampler<'a> {
    pub(crate) fn new(fields: &'a Fields, names: BTreeMap<&'static str, String>, read: Vec<&'static str>) -> Sampler<'a> {
        Sampler { fields, names, read, counts: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let fields = self.fields;
        self.words("category", fields.category.as_ref(), batch, &|word| Category::lookup(word).is_some());
        self.words("audience", fields.audience.as_ref(), batch, &|word| Audience::lookup(word).is_some());
        self.words("region", fields.region.as_ref(), batch, &|word| Region::lookup(word).is_some());
        self.words("registered", fields.registered.as_ref(), batch, &|word| matches!(word, "true" | "false"));
        // `none` is the job's word, never the data's.
        let told = fields.hold.as_ref().is_some_and(|word| word.map.values.is_some());
        self.words("hold", fields.hold.as_ref(), batch, &|word| matches!(word, "legal" | "safety") || (told && word == "none"));
        let [kind, participant, addressed] = &fields.chat;
        self.words("conversation.kind", kind.as_ref(), batch, &|word| ChatKind::lookup(word).is_some());
        self.words("conversation.ai_participant", participant.as_ref(), batch, &|word| matches!(word, "true" | "false"));
        self.words("conversation.ai_addressed", addressed.as_ref(), batch, &|word| matches!(word, "true" | "false"));
        match &fields.author_age {
            Some(BoundAge::Age(word)) => self.words("author_age", Some(word), batch, &|word| AgeBand::parse(word).is_some()),
            Some(BoundAge::Birth(path, _)) => self.cells("author_age", path, batch, &|cell| !matches!(cell, Cell::Broken)),
            None => {}
        }
        for (name, time) in [("created_at", &fields.created_at), ("collected_at", &fields.collected_at), ("deleted_at", &fields.deleted_at)]
        {
            if let Some(BoundTime { source: Source::Column(path), map }) = time {
                self.cells(name, path, batch, &|cell| crate::verdict::time_of(map, cell).0.is_some());
            }
        }
        for (name, people) in [("author", &fields.author), ("about", &fields.about)] {
            for person in people {
                if let BoundPerson { source: Source::Column(path), .. } = person {
                    self.cells(name, path, batch, &|cell| matches!(cell, Cell::Text(_) | Cell::Int(_) | Cell::Large(_)));
                }
            }
        }
    }

    fn words(&mut self, name: &'static str, word: Option<&BoundWord>, batch: &RecordBatch, known: &dyn Fn(&str) -> bool) {
        let Some(BoundWord { source: Source::Column(path), map }) = word else { return };
        let count = self.counts.entry(name).or_default();
        count.data_type = path.data_type.to_string();
        each_cell(path, batch, &mut |cell| match shown(cell) {
            None if matches!(cell, Cell::Null) => count.missing += 1,
            None => count.unlisted(None),
            Some(text) if is_known(map, &text, known) => count.known += 1,
            Some(text) => count.unlisted(Some(text.chars().take(40).collect())),
        });
    }

    fn cells(&mut self, name: &'static str, path: &Path, batch: &RecordBatch, known: &dyn Fn(Cell<'_>) -> bool) {
        let count = self.counts.entry(name).or_default();
        count.data_type = path.data_type.to_string();
        each_cell(path, batch, &mut |cell| match cell {
            Cell::Null => count.missing += 1,
            cell if known(cell) => count.known += 1,
            _ => count.unlisted(None),
        });
    }

    pub(crate) fn finish(self) -> Vec<FieldCheck> {
        let all = [
            "author",
            "about",
            "category",
            "audience",
            "registered",
            "author_age",
            "region",
            "created_at",
            "collected_at",
            "conversation.kind",
            "conversation.ai_participant",
            "conversation.ai_addressed",
            "deleted_at",
            "hold",
        ];
        let read = |field: &str| {
            let root = field.split('.').next().unwrap_or(field);
            matches!(field, "about" | "deleted_at" | "hold") || (self.read.contains(&root) && field != "conversation.ai_participant")
        };
        let found = all.into_iter().filter_map(|field| {
            let column = self.names.get(field).cloned().unwrap_or_default();
            let count = self.counts.get(field);
            if column.is_empty() && count.is_none() && !read(field) {
                return None;
            }
            let mut top: Vec<(String, u64)> = count.map(|count| count.values.clone().into_iter().collect()).unwrap_or_default();
            top.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
            top.truncate(TOP_VALUES);
            let check = FieldCheck {
                field,
                data_type: count.map(|count| count.data_type.clone()).unwrap_or_default(),
                read: read(field),
                known: count.map_or(0, |count| count.known),
                missing: count.map_or(0, |count| count.missing),
                unlisted: count.map_or(0, |count| count.unlisted),
                advice: None,
                column,
                top,
            };
            Some(FieldCheck { advice: advice(&check), ..check })
        });
        found.collect()
    }
}

fn advice(check: &FieldCheck) -> Option<String> {
    let field = check.field;
    if check.column.is_empty() {
        return match field {
            _ if !check.read => None,
            "registered" => Some("told from the account's name: whoever has an account is registered".to_owned()),
            "about" | "deleted_at" | "hold" => Some(format!("map {field}, or no record is checked for it")),
            _ => Some(format!("map {field}: these rules read it, and what is unknown is withheld")),
        };
    }
    if check.unlisted > 0 && check.read {
        return Some(match check.top.first() {
            Some((value, _)) => format!("add values = {{ {value:?} = \"…\" }} for what you know"),
            None => match field {
                "created_at" | "collected_at" | "deleted_at" => "say unit, format or zone; see the job's schema".to_owned(),
                "author" => "ids must come from a text or integer column".to_owned(),
                _ => "these values cannot be used".to_owned(),
            },
        });
    }
    None
}

fn each_cell(path: &Path, batch: &RecordBatch, visit: &mut dyn FnMut(Cell<'_>)) {
    let Some(leaf) = Leaf::of(batch, path) else { return };
    let mut cells = Vec::with_capacity(leaf.array.len());
    let values;
    match dictionary(leaf.array.as_ref()) {
        Some((found, keys)) => {
            values = found;
            let mut table = Vec::new();
            for_each_cell(values.as_ref(), |_, cell| table.push(cell));
            cells.extend(keys.iter().map(|key| key.and_then(|key| table.get(key as usize)).copied().unwrap_or(Cell::Null)));
        }
        None => for_each_cell(leaf.array.as_ref(), |_, cell| cells.push(cell)),
    }
    for (index, cell) in cells.iter().enumerate() {
        visit(if leaf.is_present(index) { *cell } else { Cell::Null });
    }
}

fn shown(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Int(number) => Some(number.to_string()),
        Cell::Large(number) => Some(number.to_string()),
        Cell::Bool(truth) => Some(truth.to_string()),
        Cell::Float(number) => Some(number.to_string()),
        Cell::Null | Cell::Time(..) | Cell::Date(_) | Cell::Broken => None,
    }
}

fn is_known(map: &WordMap, text: &str, known: &dyn Fn(&str) -> bool) -> bool {
    match &map.values {
        Some(values) => values.get(text).is_some_and(|word| known(word)),
        None => known(text),
    }
}

impl crate::Engine {
    /// Looks at the first records of every input's first file.
    pub fn check(&self) -> Result<Vec<Check>> {
        let mut checks = Vec::new();
        let mut seen = Vec::new();
        for task in self.plan() {
            if seen.contains(&task.input) {
                continue;
            }
            seen.push(task.input);
            checks.push(self.check_task(task)?);
        }
        Ok(checks)
    }
}
