//! Reads job files: all problems at once, each with its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bezwaar_core::Reading;
use bezwaar_core::account::Kind;
use bezwaar_core::grammar::{Field, Node, check, parse};
use bezwaar_core::item::Relation;
use bezwaar_core::problem::Problem;
use bezwaar_core::time::{Instant, Zone};
use bezwaar_ledger::tlog::note::VerifierKey;

use super::grammar::{AGE, JOB, MAP, PERSON, TIME, WORD};
use super::{Form, Format, Input, Job, Limits, OnFileError};
use crate::error::{GateError, Result};
use crate::mapping::{AgeMap, AgeOn, ELEMENTS, Mapping, Origin, PersonMap, TimeMap, TimeText, Unit, WordMap};

impl Job {
    /// Reads a job file.
    pub fn open(path: &Path) -> Result<Job> {
        let text = std::fs::read_to_string(path).map_err(|error| GateError::io(path, "read", error))?;
        let base = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Job::parse(&path.display().to_string(), &text, base)
    }

    /// Reads a job from its text; `base` is the folder its paths start from.
    pub fn parse(file: &str, text: &str, base: &Path) -> Result<Job> {
        let mut reader = Reader { file, base, problems: Vec::new() };
        let job = reader.job(text);
        reader.done(job, "job", text)
    }
}

impl Mapping {
    /// Reads what stands under `[input.map]`, alone, from its text; `base` is the folder its paths start from.
    pub fn parse(file: &str, text: &str, base: &Path) -> Result<Mapping> {
        let mut reader = Reader { file, base, problems: Vec::new() };
        let table = parse(file, text, MAP, &mut reader.problems);
        let mapping = table.map(|table| reader.mapping(&Node::root(&table)));
        reader.done(mapping, "map", text)
    }
}

struct Reader<'a> {
    file: &'a str,
    base: &'a Path,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn done<T>(self, made: Option<T>, what: &str, text: &str) -> Result<T> {
        match made.filter(|_| self.problems.is_empty()) {
            Some(made) => Ok(made),
            None => {
                let count = self.problems.len();
                Err(GateError::config(format!("the {what} has {count} problem{}", if count == 1 { "" } else { "s" }))
                    .with_problems(self.problems, text))
            }
        }
    }

    fn problem(&mut self, span: std::ops::Range<usize>, message: impl Into<String>, help: &str) {
        self.problems.push(Problem::new(self.file, span, message).with_help(help));
    }

    fn job(&mut self, text: &str) -> Option<Job> {
        let table = parse(self.file, text, JOB, &mut self.problems)?;
        let root = Node::root(&table);
        let (question, extract, output) = (root.table("question")?, root.table("extract")?, root.table("output")?);
        let at = question.opt_text("at").and_then(|text| match Instant::parse(&text) {
            Ok(at) => Some(at),
            Err(error) => {
                self.problem(question.span_of("at"), error.to_string(), "leave `at` out for a release: it runs at the extract's moment");
                None
            }
        });
        let path = |node: &Node<'_, '_>, name: &str| lexical(&self.base.join(node.text(name)));
        let (policies, extract_path, key, out) =
            (path(&question, "policies"), path(&extract, "path"), path(&extract, "key"), path(&output, "path"));
        let mut private = |name: &str| {
            let place = output.opt_text(name).map(|text| lexical(&self.base.join(text)));
            if let Some(list) = place.as_ref().filter(|list| list.starts_with(&out)) {
                let message = format!("`{}` lies inside the output folder", list.display());
                self.problem(
                    output.span_of(name),
                    message,
                    "put the list elsewhere: it is personal data and does not travel with the release",
                );
            }
            place
        };
        let (withheld_list, subjects) = (private("withheld_list"), private("subjects"));
        let (signed_by, allow_unsigned) = self.signer(&extract);
        let form = if output.opt_text("form").as_deref() == Some("mask") { Form::Mask } else { Form::Copy };
        let drop = output.plain_texts("drop");
        if form == Form::Mask && !drop.is_empty() {
            self.problem(output.span_of("drop"), "a mask holds no columns to drop", "leave `drop` out, or write form = \"copy\"");
        }
        let inputs: Vec<Input> = root.tables("input").iter().filter_map(|node| self.input(node)).collect();
        if root.tables("input").is_empty() {
            self.problem(root.span_of("input"), "the job has no input", "add an [[input]]");
        }
        let limits = root.table("limits").map(|node| limits(&node)).unwrap_or_default();
        Some(Job {
            name: root.table("job")?.text("name"),
            policies,
            use_id: question.text("use"),
            recipient: question.text("recipient"),
            reading: question.opt_text("reading").and_then(|word| Reading::lookup(&word)).unwrap_or(Reading::Protective),
            at,
            extract: extract_path,
            key,
            signed_by,
            allow_unsigned,
            inputs,
            output: out,
            form,
            drop,
            withheld_list,
            subjects,
            fold_choices: output.bool("fold_choices").unwrap_or(false),
            matched_min: root
                .table("expect")
                .and_then(|node| node.int("matched_min"))
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or(1),
            on_file_error: match root.table("on_error").map(|node| node.text("file")).as_deref() {
                Some("withhold") => OnFileError::Withhold,
                _ => OnFileError::Stop,
            },
            limits,
            base: self.base.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Who must have signed the extract, or that nobody need have.
    fn signer(&mut self, extract: &Node<'_, '_>) -> (Option<VerifierKey>, bool) {
        let allow_unsigned = extract.bool("allow_unsigned").unwrap_or(false);
        let text = extract.opt_text("signed_by");
        match (&text, allow_unsigned) {
            (None, false) => self.problem(
                extract.span(),
                "the job does not say who answers for the objections in the extract",
                "write signed_by = \"NAME+ID+KEY\", the public key of the register's operator; or allow_unsigned = true for an extract made by hand, and reports will say so",
            ),
            (Some(_), true) => self.problem(
                extract.span_of("allow_unsigned"),
                "an extract is signed by somebody or need not be signed, not both",
                "leave allow_unsigned out",
            ),
            _ => {}
        }
        let signed_by = text.and_then(|text| match VerifierKey::parse(text.trim()) {
            Ok(key) => Some(key),
            Err(error) => {
                self.problem(extract.span_of("signed_by"), error.to_string(), error.help());
                None
            }
        });
        (signed_by, allow_unsigned)
    }

    fn input(&mut self, node: &Node<'_, '_>) -> Option<Input> {
        let format = node.opt_text("format").and_then(|word| Format::lookup(&word));
        let paths = node.plain_texts("paths");
        if paths.is_empty() {
            self.problem(node.span_of("paths"), "an input without paths", "write paths = [\"data/*.parquet\"]");
        }
        let map = match (node.table("map"), format) {
            (Some(map), Some(Format::Items)) => {
                self.problem(map.span(), "items in the exchange format need no map", "leave [input.map] out");
                Mapping::default()
            }
            (Some(map), _) => self.mapping(&map),
            (None, Some(Format::Items)) => Mapping::default(),
            (None, _) => {
                self.problem(
                    node.span(),
                    "the input has no [input.map]",
                    "say what its columns mean, or format = \"items\" for the exchange format",
                );
                Mapping::default()
            }
        };
        Some(Input { paths, format, map })
    }

    fn mapping(&mut self, map: &Node<'_, '_>) -> Mapping {
        if map.get("author").is_none() {
            self.problem(
                map.span(),
                "the map does not say who wrote a record",
                "add author = { column = \"…\", service = \"…\" }; without it nothing can pass",
            );
        }
        let conversation = map.table("conversation");
        Mapping {
            id: self.single(map, "id", WORD).and_then(|node| self.origin(&node, "id", false)),
            author: self.people(map, "author"),
            about: self.people(map, "about"),
            category: self.word(map, "category", false),
            audience: self.word(map, "audience", true),
            region: self.word(map, "region", true),
            registered: self.word(map, "registered", true),
            hold: self.word(map, "hold", true),
            author_age: self.age(map),
            created_at: self.time(map, "created_at", true),
            collected_at: self.time(map, "collected_at", true),
            deleted_at: self.time(map, "deleted_at", true),
            conversation_kind: conversation.as_ref().and_then(|node| self.word(node, "kind", false)),
            ai_participant: conversation.as_ref().and_then(|node| self.word(node, "ai_participant", false)),
            ai_addressed: conversation.as_ref().and_then(|node| self.word(node, "ai_addressed", true)),
        }
    }

    /// The one table a field's value is, checked against its fields.
    fn single<'t, 'i>(&mut self, map: &Node<'t, 'i>, name: &str, fields: &'static [Field]) -> Option<Node<'t, 'i>> {
        let value = map.get(name)?;
        match Node::many(value).as_deref() {
            Some([_]) => {}
            _ => {
                self.problem(value.span(), format!("`{name}` must be a table"), "write { column = \"…\" }");
                return None;
            }
        }
        let node = Node::many(value)?.pop()?;
        check(self.file, &node, fields, &mut self.problems);
        Some(node)
    }

    fn path(&mut self, node: &Node<'_, '_>, name: &str) -> Option<Vec<String>> {
        let value = node.get(name)?;
        let path = match value.get_ref().as_str() {
            Some(column) => vec![column.to_owned()],
            None => node.plain_texts(name),
        };
        if path.is_empty() || path.iter().any(String::is_empty) || path.first().is_some_and(|first| first == ELEMENTS) {
            self.problem(value.span(), format!("`{name}` is no column"), "write a column's name, or a path such as [\"user\", \"id_str\"]");
            return None;
        }
        Some(path)
    }

    /// Where a value comes from: a column, or a constant with its reason where one is needed.
    fn origin(&mut self, node: &Node<'_, '_>, field: &str, reason_needed: bool) -> Option<Origin> {
        match (node.get("column"), node.get("const")) {
            (Some(_), None) => {
                if node.get("because").is_some() {
                    self.problem(node.span_of("because"), "`because` belongs to a constant", "leave it out");
                }
                self.path(node, "column").map(Origin::Column)
            }
            (None, Some(value)) => {
                let because = node.opt_text("because");
                if reason_needed && because.is_none() {
                    self.problem(
                        node.span(),
                        format!("`{field}` is asserted for every record without a reason"),
                        "add because = \"…\"; it is shown in every report",
                    );
                }
                let found = value.get_ref();
                let text = found.as_str().map(str::to_owned).or_else(|| found.as_bool().map(|truth| truth.to_string()));
                let text = text
                    .or_else(|| found.as_datetime().map(ToString::to_string))
                    .or_else(|| node.int("const").map(|number| number.to_string()));
                match text {
                    Some(value) => Some(Origin::Const { value, because: because.unwrap_or_default() }),
                    None => {
                        self.problem(
                            value.span(),
                            format!("`{field}`: a constant is a text, a number or a truth value"),
                            "write const = \"…\"",
                        );
                        None
                    }
                }
            }
            (Some(_), Some(_)) => {
                self.problem(node.span(), format!("`{field}` has both a column and a constant"), "keep one of them");
                None
            }
            (None, None) => {
                self.problem(node.span(), format!("`{field}` says neither column nor const"), "write { column = \"…\" }");
                None
            }
        }
    }

    fn values(&mut self, node: &Node<'_, '_>) -> Option<BTreeMap<String, String>> {
        let mut values: Option<BTreeMap<String, String>> = node
            .table("values")
            .map(|table| table.entries().filter_map(|(key, value)| Some((key.to_owned(), value.get_ref().as_str()?.to_owned()))).collect());
        if let Some(name) = node.opt_text("values_file") {
            let path: PathBuf = self.base.join(&name);
            match std::fs::read_to_string(&path).map_err(|error| error.to_string()).and_then(|text| two_columns(&text)) {
                Ok(rows) => values.get_or_insert_default().extend(rows),
                Err(reason) => self.problem(
                    node.span_of("values_file"),
                    format!("`{name}` cannot be used: {reason}"),
                    "a CSV file with two columns: dataset value, word",
                ),
            }
        }
        values
    }

    fn word(&mut self, map: &Node<'_, '_>, name: &str, reason_needed: bool) -> Option<WordMap> {
        let node = self.single(map, name, WORD)?;
        let origin = self.origin(&node, name, reason_needed)?;
        Some(WordMap { origin, values: self.values(&node) })
    }

    fn time(&mut self, map: &Node<'_, '_>, name: &str, reason_needed: bool) -> Option<TimeMap> {
        let node = self.single(map, name, TIME)?;
        let origin = self.origin(&node, name, reason_needed)?;
        let zone = node.opt_text("zone").and_then(|text| match Zone::parse(&text) {
            Ok(zone) => Some(zone),
            Err(error) => {
                self.problem(node.span_of("zone"), error.to_string(), "an IANA name");
                None
            }
        });
        let text = match node.opt_text("format").as_deref() {
            None | Some("rfc3339") => TimeText::Rfc3339,
            Some(pattern) if pattern.contains('%') => TimeText::Pattern(pattern.to_owned()),
            Some(other) => {
                let message = format!("unknown format `{other}`");
                self.problem(node.span_of("format"), message, "write \"rfc3339\", or a pattern such as \"%Y-%m-%d %H:%M:%S\"");
                TimeText::Rfc3339
            }
        };
        Some(TimeMap { origin, unit: node.opt_text("unit").and_then(|word| Unit::lookup(&word)), text, zone })
    }

    fn age(&mut self, map: &Node<'_, '_>) -> Option<AgeMap> {
        let node = self.single(map, "author_age", AGE)?;
        if node.get("birth_date").is_some() {
            let path = self.path(&node, "birth_date")?;
            let on = if node.opt_text("on").as_deref() == Some("created_at") { AgeOn::Created } else { AgeOn::Collected };
            let needed = if on == AgeOn::Created { "created_at" } else { "collected_at" };
            if map.get(needed).is_none() {
                self.problem(node.span(), format!("the age is counted on `{needed}`, which is not mapped"), "map it too");
            }
            return Some(AgeMap::Birth { path, on });
        }
        let origin = self.origin(&node, "author_age", true)?;
        Some(AgeMap::Age(WordMap { origin, values: self.values(&node) }))
    }

    fn people(&mut self, map: &Node<'_, '_>, name: &str) -> Vec<PersonMap> {
        let Some(value) = map.get(name) else { return Vec::new() };
        let Some(nodes) = Node::many(value) else {
            self.problem(
                value.span(),
                format!("`{name}` must be a table, or a list of tables"),
                "write { column = \"…\", service = \"…\" }",
            );
            return Vec::new();
        };
        let mut people = Vec::new();
        for node in nodes {
            check(self.file, &node, PERSON, &mut self.problems);
            let Some(origin) = self.origin(&node, name, false) else { continue };
            let kind = node.opt_text("kind").and_then(|word| Kind::lookup(&word));
            let service = node.opt_text("service");
            if kind.is_some() && service.is_none() {
                self.problem(node.span(), "a kind without a service", "add service = \"…\"");
            }
            people.push(PersonMap {
                origin,
                service,
                kind,
                relation: node.opt_text("as").map_or(Relation::Unspecified, |word| Relation::parse(&word)),
                relation_path: self.path(&node, "as_column"),
            });
        }
        people
    }
}

fn limits(node: &Node<'_, '_>) -> Limits {
    let fallback = Limits::default();
    let size = |name: &str, fallback: usize| node.int(name).and_then(|number| usize::try_from(number).ok()).unwrap_or(fallback);
    Limits {
        threads: size("threads", fallback.threads),
        batch_rows: size("batch_rows", fallback.batch_rows),
        batch_bytes: size("batch_bytes", fallback.batch_bytes),
        record_bytes_max: size("record_bytes_max", fallback.record_bytes_max),
        zstd_window_log_max: node
            .int("zstd_window_log_max")
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(fallback.zstd_window_log_max),
        subject_bytes: size("subject_bytes", fallback.subject_bytes),
    }
}

/// A path with `.` and `..` worked out by name alone.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

fn two_columns(text: &str) -> std::result::Result<Vec<(String, String)>, String> {
    let mut rows = Vec::new();
    for (line, record) in crate::formats::csv::split_records(text.as_bytes()).into_iter().enumerate() {
        match record.as_slice() {
            [] => {}
            [only] if only.is_empty() => {}
            [value, word] => rows.push((value.clone(), word.clone())),
            other => return Err(format!("line {} has {} columns instead of 2", line + 1, other.len())),
        }
    }
    Ok(rows)
}
