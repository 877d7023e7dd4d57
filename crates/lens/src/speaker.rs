//! Values of facts as people read them: the format's codes in words, and the policies' own texts in the reader's language.

use bezwaar_core::item::Category;
use bezwaar_core::policy::Use;

use crate::lint::{Finding, Seen};
use crate::page::Words as Own;
use crate::plain::Texts;
use crate::words::Words;

/// Facts that are lists of words without commas, as the file writes them.
const LISTS: [&str; 4] = ["recipients", "controls", "clients", "repeat_per"];

/// All that is needed to say a value in one language.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'t> {
    /// What codes are called.
    pub words: &'t Words,
    /// What pages say.
    pub texts: &'t Texts,
    /// What the policies' own texts are in this language, as far as somebody wrote it down.
    pub own: &'t Own,
}

impl Speaker<'_> {
    /// One value of a fact, as the file or a change writes it. What nobody gave words stays.
    pub fn value(&self, fact: &str, value: &str) -> String {
        match (fact, value) {
            ("recipients", _) => self.own.recipient.get(value).map_or_else(|| self.words.value(value), String::as_str).to_owned(),
            ("data", _) => self.texts.category(value),
            ("audience", _) => self.audience(value),
            ("regions", code) if !self.words.value.contains_key(code) => self.texts.region(code),
            ("kept", _) => self.words.kept(&rows(value, self.own)),
            ("claim", _) => match value.split_once(": ") {
                Some((holder, says)) => format!("{}: {}", self.own.say(holder), self.own.say(says)),
                None => self.own.say(value),
            },
            _ => self.own.lookup(value).unwrap_or_else(|| self.words.value(value)).to_owned(),
        }
    }

    /// A fact that a rule read; one that the file leaves out is called so.
    pub fn seen(&self, seen: &Seen) -> String {
        match &seen.value {
            None => self.words.frame("not-stated").to_owned(),
            Some(list) if LISTS.contains(&seen.fact) => {
                list.split(", ").map(|value| self.value(seen.fact, value)).collect::<Vec<_>>().join(", ")
            }
            Some(value) => self.value(seen.fact, value),
        }
    }

    /// The kinds of data of a use, each with who could see them.
    pub fn data(&self, one: &Use) -> String {
        data(self.texts, one)
    }

    /// `CATEGORY: AUDIENCE`, as a comparison writes it.
    fn audience(&self, pair: &str) -> String {
        let Some((category, audience)) = pair.split_once(": ") else { return pair.to_owned() };
        let values = [("categories", self.texts.category(category)), ("audience", self.texts.audience(audience))];
        self.texts.page("data", &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }
}

/// Puts what a finding quotes of a policy into the language of these words, where somebody wrote it down.
pub fn put_into_words(finding: &mut Finding, own: &Own) {
    for (name, value) in &mut finding.values {
        *value = match *name {
            "recipients" => each(value, ", ", |id| own.recipient.get(id).map(String::as_str)),
            "controls" | "with" => each(value, "; ", |title| own.lookup(title)),
            "what" => rows(value, own),
            _ => own.say(value),
        };
    }
    for counter in &mut finding.counter {
        (counter.holder, counter.says) = (own.say(&counter.holder), own.say(&counter.says));
    }
}

/// Each part of a list in other words, where there are any.
fn each<'w>(list: &str, by: &str, words: impl Fn(&str) -> Option<&'w str>) -> String {
    list.split(by).map(|part| words(part).unwrap_or(part)).collect::<Vec<_>>().join(by)
}

/// Rows of what is kept, `WHAT: PERIOD; WHAT: PERIOD`, or only `WHAT`, with what is kept in other words.
fn rows(rows: &str, own: &Own) -> String {
    let row = |row: &str| match row.rsplit_once(": ") {
        Some((what, periods)) if own.lookup(row).is_none() => format!("{}: {periods}", own.say(what)),
        _ => own.say(row),
    };
    rows.split("; ").map(row).collect::<Vec<_>>().join("; ")
}

/// A list in a sentence.
pub(crate) fn list(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}

/// The kinds of data of a use, each with who could see them, as the part of a sentence.
pub(crate) fn data(texts: &Texts, one: &Use) -> String {
    let (and, or) = (texts.page("and", &[]), texts.page("or", &[]));
    let row = |row: &bezwaar_core::policy::DataRow| {
        // With nothing but an AI beside it, a message is one to that AI; where everyone could see it, a chat was open.
        let asked = |one: &Category| matches!(one, Category::Message | Category::AiInteraction);
        let to_ai = row.categories.contains(&Category::AiInteraction) && row.categories.iter().all(asked);
        let open = row.audience.as_ref().is_some_and(|list| list.iter().all(|one| one.as_str() == "public"));
        let category = |category: &Category| match category {
            Category::Message if to_ai => texts.category("message-to-ai"),
            Category::Message if open => texts.category("message-open"),
            other => texts.category(other.as_str()),
        };
        let categories: Vec<String> = row.categories.iter().map(category).collect();
        let categories = list(&categories, &and);
        match &row.audience {
            None => texts.page("data-any", &[("categories", &categories)]),
            Some(audience) => {
                let audience: Vec<String> = audience.iter().map(|one| texts.audience(one.as_str())).collect();
                texts.page("data", &[("categories", &categories), ("audience", &list(&audience, &or))])
            }
        }
    };
    one.data.iter().map(row).collect::<Vec<_>>().join("; ")
}
