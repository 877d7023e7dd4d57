//! The scenarios of `corpus/`: read strictly, and run against anything that decides.
//!
//! A surface (core, the gate, the command line) gives [`run`] a function from a question to the reasons it gave per item, and
//! gets back every difference from what the scenarios expect. The format is in `docs/corpus-format.md`.

#![allow(clippy::expect_used, clippy::panic, reason = "a scenario that cannot be read fails the test that asked for it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::{Code, Reading};
use serde_json::Value;

/// One scenario: what people said, what the records are, and what is asked.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file it stands in, relative to the project.
    pub file: String,
    /// Its name, unique in the corpus.
    pub name: String,
    /// What it is about: seeds, facts and scenarios of the facts' own list.
    pub facts: Vec<String>,
    /// The policies folder.
    pub policies: PathBuf,
    /// The choices, a line of JSON each.
    pub choices: Vec<String>,
    /// The items, a line of JSON each.
    pub items: Vec<String>,
    /// The ids of the items, in order.
    pub item_ids: Vec<String>,
    /// What is asked, and expected.
    pub cases: Vec<Case>,
}

/// One question short of its reading, with what is expected in each reading that is named.
#[derive(Clone, Debug)]
pub struct Case {
    /// The use's id.
    pub use_id: String,
    /// The recipient's id.
    pub recipient: String,
    /// The moment, as written.
    pub at: String,
    /// Codes by reading and item; an empty list is *keep*.
    pub expect: BTreeMap<Reading, BTreeMap<String, Vec<String>>>,
    /// Whole reasons by reading and item, where a scenario gives them.
    pub reasons: BTreeMap<Reading, BTreeMap<String, Vec<Value>>>,
}

/// A question to a surface: decide about all items of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The case.
    pub case: &'a Case,
    /// The reading.
    pub reading: Reading,
}

/// What a surface answered about one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The item's id.
    pub item: String,
    /// The codes in their order; none is *keep*.
    pub codes: Vec<String>,
    /// The reasons as the exchange format writes them, where the surface gives them.
    pub reasons: Option<Vec<Value>>,
}

impl Answer {
    /// The answer in a line of decisions.
    pub fn of_line(line: &str) -> Answer {
        let line: Value = serde_json::from_str(line).expect("a decision is a line of JSON");
        let reasons = line.get("reasons").and_then(Value::as_array).cloned().expect("a decision has reasons");
        let mut codes: Vec<String> = Vec::new();
        for code in reasons.iter().map(|reason| reason.get("code").and_then(Value::as_str).expect("a reason has a code")) {
            if codes.last().is_none_or(|last| last != code) {
                codes.push(code.to_owned());
            }
        }
        let item = line.get("item").and_then(Value::as_str).unwrap_or_default().to_owned();
        Answer { item, codes, reasons: Some(reasons) }
    }
}

/// Reads every scenario of `corpus/*.json`, files in the order of their names. Panics with the file and what is wrong.
pub fn load_all(project_root: &Path) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for path in files_in(&project_root.join("corpus"), "json") {
        let file = format!("corpus/{}", name_of(&path));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        // A file holds one scenario, or a list of them.
        let many = if value.is_array() { value } else { Value::Array(vec![value]) };
        scenarios.extend(many.as_array().into_iter().flatten().map(|value| scenario(project_root, &file, value)));
    }
    let mut names = BTreeSet::new();
    for one in &scenarios {
        assert!(names.insert(&one.name), "{}: a second scenario has the name “{}”", one.file, one.name);
    }
    scenarios
}

fn scenario(project_root: &Path, file: &str, value: &Value) -> Scenario {
    let name = value.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
    let place = format!("{file}: “{name}”");
    let wire = Object::new(&place, value, &["name", "facts", "policies", "choices", "items", "cases"]);
    let item_ids: Vec<String> = wire.list("items").iter().map(|item| Object { place: &place, value: item }.text("id")).collect();
    let unique: BTreeSet<&String> = item_ids.iter().collect();
    assert_eq!(unique.len(), item_ids.len(), "{place}: two items have one id");
    let cases = wire.list("cases").iter().map(|value| case(&place, &unique, value)).collect();
    let lines = |name: &str| wire.list(name).iter().map(Value::to_string).collect();
    Scenario {
        file: file.to_owned(),
        facts: texts(&place, wire.get("facts")),
        policies: project_root.join(wire.text("policies")),
        choices: lines("choices"),
        items: lines("items"),
        name,
        cases,
        item_ids,
    }
}

fn case(place: &str, items: &BTreeSet<&String>, value: &Value) -> Case {
    let wire = Object::new(place, value, &["use", "recipient", "at", "expect", "reasons"]);
    let (use_id, at) = (wire.text("use"), wire.text("at"));
    let place = format!("{place}: {use_id} at {at}");
    let mut expect = BTreeMap::new();
    for (reading, by_item) in by_reading(&place, wire.get("expect")) {
        let named: BTreeSet<&String> = by_item.keys().collect();
        assert!(named == *items, "{place}: {reading} must expect exactly the items {items:?}, not {named:?}");
        let codes = by_item.into_iter().map(|(item, codes)| (item, texts(&place, &codes))).collect::<BTreeMap<_, _>>();
        codes.iter().for_each(|(item, codes)| check_codes(&format!("{place}: {item}"), codes));
        expect.insert(reading, codes);
    }
    assert!(!expect.is_empty(), "{place}: names no reading");
    let mut reasons = BTreeMap::new();
    for (reading, by_item) in value.get("reasons").map(|value| by_reading(&place, value)).unwrap_or_default() {
        for item in by_item.keys() {
            assert!(items.contains(item), "{place}: reasons for `{item}`, which is no item");
        }
        let list = |value: Value| value.as_array().cloned().unwrap_or_else(|| panic!("{place}: reasons are a list"));
        reasons.insert(reading, by_item.into_iter().map(|(item, value)| (item, list(value))).collect());
    }
    Case { recipient: wire.text("recipient"), use_id, at, expect, reasons }
}

fn by_reading(place: &str, value: &Value) -> BTreeMap<Reading, BTreeMap<String, Value>> {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_else(|| panic!("{place}: not an object: {value}"));
    let reading = |word: &str| Reading::lookup(word).unwrap_or_else(|| panic!("{place}: there is no reading `{word}`"));
    object(value).iter().map(|(word, by_item)| (reading(word), object(by_item).into_iter().collect())).collect()
}

fn check_codes(place: &str, codes: &[String]) {
    let lookup = |code: &String| Code::lookup(code).unwrap_or_else(|| panic!("{place}: there is no code `{code}`"));
    let known: Vec<Code> = codes.iter().map(lookup).collect();
    assert!(known.is_sorted_by(|left, right| left < right), "{place}: the codes are not in their order: {codes:?}");
}

fn texts(place: &str, value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list: Option<Vec<String>> = value.as_array().and_then(|list| list.iter().map(text).collect());
    list.unwrap_or_else(|| panic!("{place}: not a list of texts: {value}"))
}

/// An object of the format, with where it stands.
struct Object<'a> {
    place: &'a str,
    value: &'a Value,
}

impl<'a> Object<'a> {
    /// An object that has no other keys than these.
    fn new(place: &'a str, value: &'a Value, known: &[&str]) -> Object<'a> {
        for key in value.as_object().into_iter().flat_map(|object| object.keys()) {
            assert!(known.contains(&key.as_str()), "{place}: unknown key `{key}`; known here are {known:?}");
        }
        Object { place, value }
    }

    fn get(&self, name: &str) -> &'a Value {
        self.value.get(name).unwrap_or_else(|| panic!("{}: `{name}` is missing", self.place))
    }

    fn text(&self, name: &str) -> String {
        self.get(name).as_str().map(str::to_owned).unwrap_or_else(|| panic!("{}: `{name}` must be a text", self.place))
    }

    fn list(&self, name: &str) -> &'a [Value] {
        self.get(name).as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("{}: `{name}` must be a list", self.place))
    }
}

/// Puts every case in every reading to a surface. Gives back each difference, in words: an answer that is not the
/// expected one, and a record that a stricter reading keeps though a milder one withholds it.
pub fn run(scenarios: &[Scenario], mut surface: impl FnMut(&Ask<'_>) -> Vec<Answer>) -> Vec<String> {
    let mut differences = Vec::new();
    for scenario in scenarios {
        for case in &scenario.cases {
            let mut kept_before: Option<BTreeSet<String>> = None;
            // From the mildest to the strictest.
            for reading in Reading::ALL {
                let answers = surface(&Ask { scenario, case, reading });
                let place =
                    format!("{} “{}”\n  {} for {} at {}, {reading}", scenario.file, scenario.name, case.use_id, case.recipient, case.at);
                compare(&place, scenario, case, reading, &answers, &mut differences);
                let kept: BTreeSet<String> =
                    answers.iter().filter(|answer| answer.codes.is_empty()).map(|answer| answer.item.clone()).collect();
                for item in kept_before.iter().flat_map(|before| kept.difference(before)) {
                    differences.push(format!("{place}, item {item}\n    kept here, though the milder reading withholds it"));
                }
                kept_before = Some(kept);
            }
        }
    }
    differences
}

fn compare(place: &str, scenario: &Scenario, case: &Case, reading: Reading, answers: &[Answer], differences: &mut Vec<String>) {
    let answered: Vec<&String> = answers.iter().map(|answer| &answer.item).collect();
    if !answered.iter().copied().eq(&scenario.item_ids) {
        differences.push(format!("{place}\n    items    {:?}\n    answered {answered:?}", scenario.item_ids));
        return;
    }
    for answer in answers {
        let place = format!("{place}, item {}", answer.item);
        if let Some(expected) = case.expect.get(&reading).and_then(|by_item| by_item.get(&answer.item))
            && *expected != answer.codes
        {
            let given = answer.reasons.as_ref().map(|reasons| format!("\n    reasons  {}", lines(reasons))).unwrap_or_default();
            differences.push(format!("{place}\n    expected {}\n    found    {}{given}", words(expected), words(&answer.codes)));
        }
        let expected = case.reasons.get(&reading).and_then(|by_item| by_item.get(&answer.item));
        if let (Some(expected), Some(found)) = (expected, &answer.reasons)
            && expected != found
        {
            differences.push(format!("{place}\n    expected reasons {}\n    found reasons    {}", lines(expected), lines(found)));
        }
    }
}

fn words(codes: &[String]) -> String {
    if codes.is_empty() { "keep".to_owned() } else { codes.join(" ") }
}

fn lines(reasons: &[Value]) -> String {
    reasons.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

/// The files of a policies folder: every version, and `services.toml` as path and text.
pub fn policy_files(folder: &Path) -> (Vec<PolicyFile>, Option<(String, String)>) {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for policy in entries(folder).into_iter().filter(|path| path.is_dir()) {
        for path in files_in(&policy, "toml") {
            let name = name_of(&path);
            let stem = name.strip_suffix(".toml").unwrap_or(&name).to_owned();
            let folder = name_of(&policy);
            files.push(PolicyFile { path: format!("{folder}/{name}"), folder, stem, text: read(&path) });
        }
    }
    let services = folder.join("services.toml");
    let services = services.is_file().then(|| ("services.toml".to_owned(), read(&services)));
    (files, services)
}

/// Reads a policies folder, or gives all its problems, a line each.
pub fn load_policies(folder: &Path) -> Result<PolicySet, Vec<String>> {
    let (files, services) = policy_files(folder);
    let named = services.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
    read_policies(&files, named).map_err(|problems| {
        let versions = files.iter().map(|file| (file.path.as_str(), file.text.as_str()));
        let texts: BTreeMap<&str, &str> = versions.chain(named).collect();
        problems.iter().map(|problem| problem.in_one_line(texts.get(problem.file()).copied().unwrap_or_default())).collect()
    })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("a folder can be read to its end").path()).collect();
    paths.sort();
    paths
}

fn files_in(folder: &Path, extension: &str) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .unwrap_or_else(|| panic!("{}: a name nobody can read", path.display()))
}
