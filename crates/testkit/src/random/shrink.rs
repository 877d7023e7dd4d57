//! Makes a failing case small enough to be read.

use std::fmt;

use bezwaar_core::Question;
use bezwaar_core::choice::Choice;
use bezwaar_core::item::Item;
use bezwaar_core::policy::PolicySet;
use bezwaar_core::policy::read::{PolicyFile, read_policies};
use bezwaar_core::wire::read_choices;
use serde_json::Value;

use super::policy::SERVICES;
use super::{World, read_item};

/// One record and one question in a world, as text.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the world was drawn with.
    pub seed: u64,
    /// The policies as text; empty when they were given.
    pub files: Vec<PolicyFile>,
    /// The choices, one line each.
    pub choices: Vec<String>,
    /// The record.
    pub item: String,
    /// The question.
    pub question: Question,
}

impl Case {
    /// The case of one record and one question of a world.
    pub fn of(world: &World, item: usize, question: &Question) -> Case {
        Case {
            seed: world.seed,
            files: world.files.clone(),
            choices: world.choice_lines.clone(),
            item: world.item_lines.get(item).cloned().unwrap_or_default(),
            question: question.clone(),
        }
    }

    /// Reads it, with the given policies if it has none of its own. `None`: it cannot be read.
    pub fn read(&self, given: &PolicySet) -> Option<(PolicySet, Vec<Choice>, Item)> {
        let policies =
            if self.files.is_empty() { given.clone() } else { read_policies(&self.files, Some(("services.toml", SERVICES))).ok()? };
        let choices = read_choices(&self.choices.join("\n"), &policies.services).ok()?.choices;
        Some((policies, choices, read_item(&self.item)?))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for file in &self.files {
            writeln!(f, "--- {}\n{}", file.path, file.text.trim())?;
        }
        writeln!(f, "--- choices")?;
        for line in &self.choices {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "--- item\n{}", self.item)?;
        let Question { use_id, recipient, at, reading } = &self.question;
        write!(f, "--- question\n{use_id} for {recipient} at {at}, {reading}")
    }
}

/// Takes away whatever can go while it still fails.
pub fn shrink(case: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut small = case.clone();
    loop {
        let Some(next) = smaller(&small).into_iter().find(|next| fails(next)) else { return small };
        small = next;
    }
}

/// Every case with one thing less.
fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    for place in 0..case.files.len() {
        let mut next = case.clone();
        next.files.remove(place);
        if !next.files.is_empty() {
            all.push(next);
        }
    }
    for (place, file) in case.files.iter().enumerate() {
        let blocks: Vec<&str> = file.text.split("\n\n").collect();
        for gone in 0..blocks.len() {
            all.push(with_text(case, place, without(&blocks, gone).join("\n\n")));
        }
        let lines: Vec<&str> = file.text.split('\n').collect();
        for gone in 0..lines.len() {
            all.push(with_text(case, place, without(&lines, gone).join("\n")));
        }
    }
    for gone in 0..case.choices.len() {
        all.push(Case { choices: without(&case.choices, gone), ..case.clone() });
    }
    for (place, line) in case.choices.iter().enumerate() {
        for shorter in shorter_objects(line) {
            let mut next = case.clone();
            if let Some(line) = next.choices.get_mut(place) {
                *line = shorter;
            }
            all.push(next);
        }
    }
    all.extend(shorter_objects(&case.item).into_iter().map(|item| Case { item, ..case.clone() }));
    all
}

fn with_text(case: &Case, place: usize, text: String) -> Case {
    let mut next = case.clone();
    if let Some(file) = next.files.get_mut(place) {
        file.text = text;
    }
    next
}

fn without<T: Clone>(list: &[T], gone: usize) -> Vec<T> {
    list.iter().enumerate().filter(|(place, _)| *place != gone).map(|(_, one)| one.clone()).collect()
}

/// An object with one field less, for each of its fields.
fn shorter_objects(line: &str) -> Vec<String> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return Vec::new() };
    let shorter = |field: &String| {
        let mut shorter = object.clone();
        shorter.remove(field);
        Value::Object(shorter).to_string()
    };
    object.keys().map(shorter).collect()
}
