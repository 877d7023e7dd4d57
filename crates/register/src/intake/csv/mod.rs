//! Choices in CSV, with a file that says what its columns mean (`docs/import-format.md`).

mod grammar;
mod mapping;
mod records;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use bezwaar_core::account::Services;
use bezwaar_core::time::{Day, Instant, TimeError};
use bezwaar_core::wire::{ChoiceFields, ChoiceLine, LineError, Named};

pub use grammar::import_schema;
pub use mapping::{Mapping, PERSON_COLUMNS_MAX};
pub use records::RECORD_BYTES_MAX;

use super::contact::Contact;
use super::rows::Row;
use mapping::{List, ListMap, Origin, PersonMap, TimeMap, Word, WordMap};
use records::{Record, Records};

/// The most columns of a file.
pub const COLUMNS_MAX: usize = 4_096;

/// A mapping bound to the columns of one file.
struct Bound<'a> {
    mapping: &'a Mapping,
    services: &'a Services,
    /// Place of each named column.
    places: BTreeMap<&'a str, usize>,
    /// How many fields a record must have.
    width: usize,
    /// What ids begin with when the file has none.
    id_prefix: &'a str,
}

/// Reads every row. `notes` gets what a person should look at that is of no row.
pub(super) fn for_each_row<E: From<io::Error>>(
    reader: &mut dyn BufRead,
    mapping: &Mapping,
    services: &Services,
    id_prefix: &str,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let delimiter = match mapping.delimiter {
        Some(delimiter) => delimiter,
        None => told_delimiter(reader.fill_buf()?, mapping),
    };
    let mut records = Records::new(reader, delimiter);
    let mut record = Record::default();
    let failed = |line: usize, message: String| Row { line, read: Err(vec![LineError::new(line, 0, message)]) };
    let header = match records.next(&mut record)? {
        None => return take(failed(1, "the file is empty: its first line must name the columns".to_owned())),
        Some(Err(error)) => return take(failed(record.line, error.message())),
        Some(Ok(())) => record.texts(),
    };
    let Some(header) = header else {
        return take(failed(record.line, NOT_UTF8.to_owned()));
    };
    let (places, problems) = bind(&header, mapping, record.line);
    if !problems.is_empty() {
        return take(Row { line: record.line, read: Err(problems) });
    }
    let bound = Bound { mapping, services, places, width: header.len(), id_prefix };
    for number in 1_u64.. {
        match records.next(&mut record)? {
            None => break,
            Some(Ok(())) => take(bound.row(number, &record))?,
            Some(Err(error)) => {
                take(failed(record.line, error.message()))?;
                if error.is_last() {
                    break;
                }
            }
        }
    }
    // What could not be read is read over, so that the file's hash is that of all of it.
    let reader = records.into_inner();
    io::copy(reader, &mut io::sink())?;
    Ok(())
}

const NOT_UTF8: &str = "the text is not UTF-8: save the file as UTF-8";

/// The delimiter under which the first line names most of the mapped columns; a comma when in doubt.
fn told_delimiter(start: &[u8], mapping: &Mapping) -> u8 {
    let wanted = mapping.columns();
    let mut best = (0, b',');
    for delimiter in [b',', b';', b'\t', b'|'] {
        let mut record = Record::default();
        let read = Records::new(start, delimiter).next(&mut record);
        let names = match read {
            Ok(Some(Ok(()))) => record.texts().unwrap_or_default(),
            _ => continue,
        };
        let found = wanted.iter().filter(|column| names.iter().any(|name| name.trim() == **column)).count();
        if found > best.0 {
            best = (found, delimiter);
        }
    }
    best.1
}

fn bind<'a>(header: &[String], mapping: &'a Mapping, line: usize) -> (BTreeMap<&'a str, usize>, Vec<LineError>) {
    let (mut places, mut problems) = (BTreeMap::new(), Vec::new());
    let mut wrong = |message: String| problems.push(LineError::new(line, 0, message));
    if header.len() > COLUMNS_MAX {
        wrong(format!("the file has over {COLUMNS_MAX} columns"));
    }
    for column in mapping.columns() {
        let mut found = header.iter().enumerate().filter(|(_, name)| name.trim() == column);
        match (found.next(), found.next()) {
            (Some((place, _)), None) => {
                places.insert(column, place);
            }
            (None, _) => wrong(format!("there is no column `{column}`: check the mapping, or the delimiter")),
            (Some(_), Some(_)) => wrong(format!("there are two columns `{column}`: which is meant cannot be told")),
        }
    }
    problems.dedup();
    (places, problems)
}

impl Bound<'_> {
    fn row(&self, number: u64, record: &Record) -> Row {
        let line = record.line;
        if record.len() != self.width {
            let message = format!("the row has {} fields, and the first line {}", record.len(), self.width);
            return Row { line, read: Err(vec![LineError::new(line, 0, message)]) };
        }
        if record.texts().is_none() {
            return Row { line, read: Err(vec![LineError::new(line, 0, NOT_UTF8)]) };
        }
        Row { line, read: self.fields(number, record) }
    }

    fn cell<'r>(&self, record: &'r Record, column: &str) -> &'r str {
        self.places.get(column).and_then(|place| record.text(*place)).unwrap_or_default().trim()
    }

    fn fields(&self, number: u64, record: &Record) -> Result<(ChoiceLine, Contact), Vec<LineError>> {
        let line = record.line;
        let mut errors = Vec::new();
        let mut wrong = |message: String| errors.push(LineError::new(line, 0, message));
        let id = match &self.mapping.id {
            Some(map) => match self.cell(record, &map.column) {
                "" => String::new(),
                value => format!("{}{value}", map.prefix),
            },
            None => format!("{}-{number}", self.id_prefix),
        };
        let mut fields = ChoiceFields { id, ..ChoiceFields::default() };
        match self.time(record, &self.mapping.received_at) {
            Ok(received_at) => fields.received_at = received_at.to_string(),
            Err(message) => wrong(message),
        }
        match self.word(record, &self.mapping.act) {
            Ok(Some(act)) => fields.act = act,
            Ok(None) => wrong("the row does not say what act it is".to_owned()),
            Err(message) => wrong(message),
        }
        for (word, map) in &self.mapping.words {
            match self.word(record, map) {
                Ok(value) => *word.place(&mut fields) = value,
                Err(message) => wrong(message),
            }
        }
        for (list, map) in &self.mapping.lists {
            match self.list(record, map) {
                Ok(value) => *list.place(&mut fields) = value,
                Err(message) => wrong(message),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let person = self.named(record, &self.mapping.person);
        let filer = self.named(record, &self.mapping.filer);
        let read = ChoiceLine::check(line, &fields, person, filer, self.services)?;
        let contact = self.mapping.contact.iter().map(|column| (column.clone(), self.cell(record, column).to_owned()));
        Ok((read, Contact::new(contact.filter(|(_, value)| !value.is_empty()))))
    }

    /// The first column that is not empty says who it is.
    fn named(&self, record: &Record, maps: &[PersonMap]) -> Named {
        let found = maps.iter().map(|map| (map, self.cell(record, &map.column))).find(|(_, value)| !value.is_empty());
        match found {
            None => Named::Absent,
            Some((map, value)) => match &map.service {
                None => Named::parse(Some(value), self.services),
                Some(service) => Named::new(self.services.resolve(service, map.kind, value), value),
            },
        }
    }

    fn word(&self, record: &Record, map: &WordMap) -> Result<Option<String>, String> {
        let column = match &map.from {
            Origin::Const(value) => return Ok(Some(value.clone())),
            Origin::Column(column) => column,
        };
        meaning(column, self.cell(record, column), map.values.as_ref())
    }

    fn list(&self, record: &Record, map: &ListMap) -> Result<Option<Vec<String>>, String> {
        let column = match &map.from {
            Origin::Const(values) => return Ok(Some(values.clone())),
            Origin::Column(column) => column,
        };
        let cell = self.cell(record, column);
        let parts: Vec<&str> = match &map.separator {
            Some(separator) => cell.split(separator.as_str()).map(str::trim).filter(|part| !part.is_empty()).collect(),
            None => vec![cell],
        };
        let mut values = Vec::new();
        for part in parts {
            values.extend(meaning(column, part, map.values.as_ref())?);
        }
        // No entry at all is as if nothing was said, and that means all.
        Ok((!values.is_empty()).then_some(values))
    }

    fn time(&self, record: &Record, map: &TimeMap) -> Result<Instant, String> {
        let (column, text) = match &map.from {
            Origin::Const(text) => ("received_at", text.as_str()),
            Origin::Column(column) => (column.as_str(), self.cell(record, column)),
        };
        if text.is_empty() {
            return Err(format!("`{column}` is empty: when the act was received must be known"));
        }
        if let Some(micros) = map.unit {
            let number = text.parse::<i64>().ok().and_then(|number| number.checked_mul(micros));
            return number.map(Instant::from_micros).ok_or_else(|| format!("`{column}` is not a whole number of units since 1970"));
        }
        read_time(text, map).map_err(|error| match &map.format {
            // Another form than the mapping's would not be read either.
            Some(format) if error == TimeError::NotAnInstant => format!("`{column}`: not a time written as the mapping says, `{format}`"),
            _ => format!("`{column}`: {error}"),
        })
    }
}

/// A time, or a day: then its beginning in the zone, since a no counts early.
fn read_time(text: &str, map: &TimeMap) -> Result<Instant, TimeError> {
    let zone = map.zone.as_ref();
    match (&map.format, zone) {
        (Some(pattern), _) => Instant::parse_pattern(pattern, text, zone),
        (None, Some(zone)) => match Day::parse(text) {
            Ok(day) => Ok(day.begins(zone)),
            Err(_) => Instant::parse_in_zone(text, zone),
        },
        (None, None) if Day::parse(text).is_ok() => Err(TimeError::NoZone),
        (None, None) => Instant::parse(text),
    }
}

/// What a value means; nothing when it is empty and its meaning is not listed.
fn meaning(column: &str, value: &str, values: Option<&BTreeMap<String, String>>) -> Result<Option<String>, String> {
    match values {
        None => Ok((!value.is_empty()).then(|| value.to_owned())),
        Some(values) => match values.get(value) {
            Some(meaning) => Ok(Some(meaning.clone())),
            None if value.is_empty() => Ok(None),
            None => {
                Err(format!("`{column}` has a value that its `values` do not list: add it, since leaving the row out would lose an act"))
            }
        },
    }
}

impl Word {
    fn place(self, fields: &mut ChoiceFields) -> &mut Option<String> {
        match self {
            Word::Control => &mut fields.control,
            Word::To => &mut fields.to,
            Word::Of => &mut fields.of,
            Word::How => &mut fields.how,
            Word::Signal => &mut fields.signal,
            Word::Outcome => &mut fields.outcome,
            Word::Channel => &mut fields.channel,
            Word::By => &mut fields.by,
        }
    }
}

impl List {
    fn place(self, fields: &mut ChoiceFields) -> &mut Option<Vec<String>> {
        match self {
            List::Uses => &mut fields.uses,
            List::Recipients => &mut fields.recipients,
            List::Items => &mut fields.items,
        }
    }
}

#[cfg(test)]
mod tests;
