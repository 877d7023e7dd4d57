//! What a question needs: policies, choices, the question itself, and the items asked about.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use bezwaar_core::choice::Choice;
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::problem::nearest;
use bezwaar_core::time::{Day, Instant, TimeError};
use bezwaar_core::wire::{ChoiceFile, LineError, parse_item, read_choices};
use bezwaar_core::{Holdings, Question, Reading};
use clap::{Args, ValueEnum};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use crate::error::Error;
use crate::lines::{Line, Lines};
use crate::policies;
use crate::printer::Printer;

/// The largest choices file that is read; more people than that are a matter for an extract.
pub(crate) const CHOICES_BYTES_MAX: u64 = 1 << 30;
const READ_BUFFER_BYTES: usize = 1 << 18;

/// The arguments that make a question.
#[derive(Args, Debug)]
pub(crate) struct QuestionArgs {
    /// Read the policies in this folder
    #[arg(long, value_name = "DIR")]
    policies: PathBuf,
    /// Read what people said from this file, or say `none` when nobody said anything
    #[arg(long, value_name = "FILE")]
    choices: PathBuf,
    /// Ask about this use, such as `meta/public-content`
    #[arg(long = "use", value_name = "ID")]
    use_id: String,
    /// Ask for this recipient, such as `meta-ai` or `third:acme`
    #[arg(long, value_name = "ID")]
    recipient: String,
    /// Ask about this moment, such as `2025-05-27T00:00:00Z`
    #[arg(long, value_name = "INSTANT", value_parser = parse_moment)]
    at: Instant,
    /// Read the policies this strictly
    #[arg(long, value_enum, default_value_t = ReadingArg::Protective)]
    reading: ReadingArg,
}

/// How strictly to read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReadingArg {
    /// The controller's binding text in force
    Stated,
    /// Where facts or law are disputed, or there is no control, withhold
    Protective,
    /// Silence is no, on top of protective
    Consent,
}

impl From<ReadingArg> for Reading {
    fn from(reading: ReadingArg) -> Reading {
        match reading {
            ReadingArg::Stated => Reading::Stated,
            ReadingArg::Protective => Reading::Protective,
            ReadingArg::Consent => Reading::Consent,
        }
    }
}

/// Reads a moment. A day is refused: where it begins depends on a zone, and an objection may come in that very night.
pub(crate) fn parse_moment(text: &str) -> Result<Instant, String> {
    match (Instant::parse(text), Day::parse(text)) {
        (Ok(instant), _) => Ok(instant),
        (Err(_), Ok(day)) => Err(format!(
            "a day is not a moment: write `{day}T00:00:00Z` for when it begins in UTC, or `{day}T00:00:00+02:00` with an offset"
        )),
        (Err(error @ (TimeError::NoZone | TimeError::NotAnInstant | TimeError::NotADay | TimeError::NotAZone)), Err(_)) => {
            Err(error.to_string())
        }
    }
}

/// Everything a decision needs besides the item.
pub(crate) struct Inputs {
    /// The policies.
    pub(crate) policies: PolicySet,
    /// What people said, in the order of the file.
    pub(crate) choices: Vec<Choice>,
    /// What people said, worked out per account.
    pub(crate) holdings: Holdings,
    /// The question.
    pub(crate) question: Question,
}

impl QuestionArgs {
    /// Reads policies and choices whole, before anything is decided.
    pub(crate) fn load(&self, printer: &mut Printer) -> Result<Inputs, Error> {
        let policies = policies::load(&self.policies, printer)?;
        let choices = load_choices(&self.choices, &policies, printer)?.choices;
        let question =
            Question { use_id: self.use_id.clone(), recipient: self.recipient.clone(), at: self.at, reading: self.reading.into() };
        note_unknown_names(&policies, &question, printer);
        Ok(Inputs { holdings: Holdings::resolve(&choices), choices, policies, question })
    }
}

/// Reads a choices file; `none` is the explicit way to say that nobody said anything.
pub(crate) fn load_choices(path: &Path, policies: &PolicySet, printer: &mut Printer) -> Result<ChoiceFile, Error> {
    if path.as_os_str() == "none" {
        return Ok(ChoiceFile::default());
    }
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(CHOICES_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        let failed = Error::cannot_read(path, &error);
        if error.kind() == io::ErrorKind::NotFound {
            failed.with_help("name a choices file, or write `--choices none` when nobody said anything")
        } else {
            failed
        }
    })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > CHOICES_BYTES_MAX {
        let error = Error::user(format!("`{name}` is over {} MiB", CHOICES_BYTES_MAX >> 20));
        return Err(error.with_help("gate a corpus with an extract instead; it is made for that many people"));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(Error::lines(&name, lines_that_are_no_text(error.as_bytes()), "nothing was decided")),
    };
    let file = read_choices(&text, &policies.services).map_err(|errors| Error::lines(&name, errors, "nothing was decided"))?;
    printer.line_notes(&name, &file.notes);
    if file.choices.is_empty() {
        printer.note(&format!("`{name}` holds no choices"));
    }
    Ok(file)
}

fn lines_that_are_no_text(bytes: &[u8]) -> Vec<LineError> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let errors = lines.filter_map(|(index, line)| Some((index, std::str::from_utf8(line).err()?)));
    errors.map(|(index, error)| LineError::new(index + 1, error.valid_up_to() + 1, "not UTF-8")).collect()
}

/// A use or recipient nobody knows is no error: the decision says so. It is more often a slip of the pen than meant, so it is noted.
fn note_unknown_names(policies: &PolicySet, question: &Question, printer: &mut Printer) {
    let uses: Vec<_> = policies.policies.values().flat_map(|policy| &policy.versions).flat_map(|version| &version.uses).collect();
    let known: BTreeSet<&str> = uses.iter().map(|one| one.id.as_str()).collect();
    if !known.contains(question.use_id.as_str()) {
        let hint = suggestion(&question.use_id, &known, "uses");
        printer.note(&format!("no version of a policy has the use `{}`{hint}", question.use_id));
        return;
    }
    let here = || uses.iter().filter(|one| one.id == question.use_id);
    if !here().any(|one| one.reaches(&question.recipient)) {
        let known: BTreeSet<&str> = here().flat_map(|one| one.recipients.iter().map(String::as_str)).collect();
        let hint = suggestion(&question.recipient, &known, "its recipients");
        printer.note(&format!("no version of `{}` has the recipient `{}`{hint}", question.use_id, question.recipient));
    }
}

/// The nearest known word, or all of them when none is near.
pub(crate) fn suggestion(word: &str, known: &BTreeSet<&str>, what: &str) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; {what} are {}", known.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// A source of items: a file, or standard input.
pub(crate) struct ItemSource {
    /// Its name in messages.
    pub(crate) name: String,
    lines: Lines<BufReader<Box<dyn Read>>>,
    path: PathBuf,
}

/// One line of an items file: the item, or what is known of one that could not be read.
pub(crate) enum Entry {
    /// An item.
    Item(Box<Item>),
    /// A line that is no item, with its id if that could be told.
    Unreadable {
        /// The id.
        id: Option<String>,
        /// What is wrong.
        error: LineError,
    },
}

impl ItemSource {
    /// Opens a file; absent or `-` is standard input.
    pub(crate) fn open(path: Option<&Path>, printer: &mut Printer) -> Result<ItemSource, Error> {
        let path = path.filter(|path| path.as_os_str() != "-");
        let (name, reader): (String, Box<dyn Read>) = match path {
            None => {
                if io::stdin().is_terminal() {
                    printer.note("reading items from standard input; end with Ctrl-D");
                }
                ("stdin".to_owned(), Box::new(io::stdin()))
            }
            Some(path) => {
                let file = File::open(path).map_err(|error| Error::cannot_read(path, &error))?;
                (path.display().to_string(), Box::new(file))
            }
        };
        let lines = Lines::new(BufReader::with_capacity(READ_BUFFER_BYTES, reader));
        Ok(ItemSource { path: PathBuf::from(&name), name, lines })
    }

    /// The next item, or the next line that is none.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, Error> {
        let line = self.lines.next().map_err(|error| Error::cannot_read(&self.path, &error))?;
        Ok(line.map(|line| read_entry(&line)))
    }

    /// Whether the next line must be waited for.
    pub(crate) fn would_wait(&self) -> bool {
        self.lines.would_wait()
    }

    /// The number of the line read last.
    pub(crate) fn line_number(&self) -> usize {
        self.lines.number()
    }
}

fn read_entry(line: &Line<'_>) -> Entry {
    match line.text().and_then(|text| parse_item(line.number, text)) {
        Ok(item) => Entry::Item(Box::new(item)),
        Err(error) => Entry::Unreadable { id: told_id(line.bytes), error: line.explain(error) },
    }
}

/// The id of a line that is no item, if there is just one before the line goes wrong.
fn told_id(bytes: &[u8]) -> Option<String> {
    let mut told = Told::default();
    // Whether the rest could be read does not matter here.
    let _ = told.deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    told.id.filter(|_| told.times == 1)
}

#[derive(Default)]
struct Told {
    id: Option<String>,
    times: usize,
}

impl<'de> DeserializeSeed<'de> for &mut Told {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Told {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "id" {
                self.times += 1;
                self.id = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_when_there_is_just_one() {
        for (line, expect) in [
            (r#"{"id":"c-1","autor":"x:1"}"#, Some("c-1")),
            (r#"{"autor":"x:1","id":"c-1"}"#, Some("c-1")),
            (r#"{"id":"c-1","author":"x:"#, Some("c-1")),
            (r#"{"author":"x:1"}"#, None),
            (r#"{"id":"c-1","id":"c-2"}"#, None),
            (r#"{"id":7}"#, None),
            (r#"{"id":"c-"#, None),
            (r#"["id"]"#, None),
            ("", None),
        ] {
            assert_eq!(told_id(line.as_bytes()).as_deref(), expect, "{line}");
        }
        assert_eq!(told_id(b"{\"id\":\"c-1\",\"region\":\"\xff\"}").as_deref(), Some("c-1"));
    }

    #[test]
    fn a_day_is_no_moment() {
        assert!(parse_moment("2025-05-27").unwrap_err().starts_with("a day is not a moment: write `2025-05-27T00:00:00Z`"));
        assert!(parse_moment("2025-05-27T10:00").unwrap_err().contains("no zone"));
        assert!(parse_moment("now").unwrap_err().contains("not an instant"));
        assert_eq!(parse_moment("2025-05-27T02:00:00+02:00").unwrap().to_string(), "2025-05-27T00:00:00Z");
    }
}
