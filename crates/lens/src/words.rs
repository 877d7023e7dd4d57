//! What people read about findings and changes, in one data file per language (`texts/lint/*.toml`).

use std::collections::BTreeMap;

use bezwaar_core::policy::Period;
use serde::Deserialize;

use crate::plain::Language;

/// What people read about a rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// What it says, in a sentence.
    pub sentence: String,
    /// What would mend it.
    pub mend: String,
    /// What was seen, by variant, with places for values.
    pub saw: BTreeMap<String, String>,
}

/// The texts of one language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Words around findings and changes.
    pub frame: BTreeMap<String, String>,
    /// What facts are called.
    pub fact: BTreeMap<String, String>,
    /// What laws, authorities and their parts are called, by their English names.
    pub law: BTreeMap<String, String>,
    /// What severities are called.
    pub severity: BTreeMap<String, String>,
    /// What grades of evidence are called.
    pub grade: BTreeMap<String, String>,
    /// What directions of change are called.
    pub direction: BTreeMap<String, String>,
    /// What values of facts are called.
    pub value: BTreeMap<String, String>,
    /// What is said of rules, by id.
    pub rule: BTreeMap<String, RuleText>,
}

impl Words {
    /// The texts of a language. A file that cannot be read gives the error of the reader; a test reads both.
    pub fn of(language: Language) -> Result<Words, toml::de::Error> {
        toml::from_str(file_of(language))
    }

    /// A text of the frame, or its key.
    pub fn frame<'t>(&'t self, key: &'t str) -> &'t str {
        self.frame.get(key).map_or(key, String::as_str)
    }

    /// What a fact is called, or its key.
    pub fn fact<'t>(&'t self, key: &'t str) -> &'t str {
        self.fact.get(key).map_or(key, String::as_str)
    }

    /// What a rule rests on, with laws and authorities by the names they have in this language.
    pub fn article(&self, article: &str) -> String {
        self.law.iter().fold(article.to_owned(), |text, (english, own)| text.replace(english, own))
    }

    /// What a value is called, or the value.
    pub fn value<'t>(&'t self, value: &'t str) -> &'t str {
        self.value.get(value).map_or(value, String::as_str)
    }

    /// Rows of what is kept, `WHAT: PERIOD` or `WHAT: PERIOD → PERIOD`, with the periods in words. Other texts stay.
    pub fn kept(&self, rows: &str) -> String {
        let row = |row: &str| match row.rsplit_once(": ") {
            Some((what, periods)) => {
                let periods: Vec<String> = periods.split(" → ").map(|period| self.period(period)).collect();
                format!("{what}: {}", periods.join(" → "))
            }
            None => row.to_owned(),
        };
        rows.split("; ").map(row).collect::<Vec<_>>().join("; ")
    }

    fn period(&self, text: &str) -> String {
        let (key, values) = match Period::lookup(text) {
            None => return text.to_owned(),
            Some(Period::Span { months, days: 0 }) if months > 0 => ("period-months", [("months", months), ("days", 0)]),
            Some(Period::Span { months: 0, days }) => ("period-days", [("months", 0), ("days", days)]),
            Some(Period::Span { months, days }) => ("period-both", [("months", months), ("days", days)]),
            Some(Period::Account) => ("period-account", [("months", 0), ("days", 0)]),
            Some(Period::Removal) => ("period-removal", [("months", 0), ("days", 0)]),
            Some(Period::NoEnd) => ("period-no-end", [("months", 0), ("days", 0)]),
            Some(Period::Unknown) => ("period-unknown", [("months", 0), ("days", 0)]),
        };
        fill(self.frame(key), &values.map(|(name, value)| (name, value.to_string())))
    }

    /// What was seen, with its values in their places.
    pub fn saw(&self, rule: &str, variant: &str, values: &[(&'static str, String)]) -> String {
        let template = self.rule.get(rule).and_then(|text| text.saw.get(variant)).map_or(variant, String::as_str);
        let bare: Vec<(&'static str, String)> = values.iter().map(|(name, value)| (*name, unquoted(value))).collect();
        fill(template, &bare)
    }
}

fn file_of(language: Language) -> &'static str {
    match language {
        Language::Nl => include_str!("../texts/lint/nl.toml"),
        Language::En => include_str!("../texts/lint/en.toml"),
    }
}

/// A text without the quotation marks around all of it: the sentence it goes into has its own.
fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('“').and_then(|text| text.strip_suffix('”')).filter(|inner| !inner.contains(['“', '”']));
    inner.unwrap_or(text).to_owned()
}

/// Puts values in the place of `{name}`. What stands in a value is not looked at again.
pub fn fill(template: &str, values: &[(&'static str, String)]) -> String {
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    crate::plain::fill(template, &values)
}
