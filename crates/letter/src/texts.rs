//! What people read, in one data file per language (`texts/*.toml`).

use std::collections::BTreeMap;

use bezwaar_core::time::Day;
use serde::Deserialize;

use crate::due::weekday;

/// A language letters are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Dutch
    Dutch,
    /// English
    English,
}

impl Language {
    /// Both.
    pub const ALL: [Language; 2] = [Language::Dutch, Language::English];

    /// Its code (BCP 47).
    pub fn code(self) -> &'static str {
        match self {
            Language::Dutch => "nl",
            Language::English => "en",
        }
    }

    /// The language with this code.
    pub fn lookup(code: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.code() == code)
    }

    fn file(self) -> &'static str {
        match self {
            Language::Dutch => include_str!("../texts/nl.toml"),
            Language::English => include_str!("../texts/en.toml"),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Everything {
    months: Vec<String>,
    weekdays: Vec<String>,
    #[serde(flatten)]
    sections: BTreeMap<String, BTreeMap<String, String>>,
}

/// The texts of one language.
#[derive(Debug)]
pub struct Texts {
    language: Language,
    everything: Everything,
}

impl Texts {
    /// Reads the texts of a language.
    pub fn of(language: Language) -> Texts {
        let everything = toml::from_str(language.file());
        debug_assert!(everything.is_ok(), "{language:?}: {everything:?}");
        Texts { language, everything: everything.unwrap_or_default() }
    }

    /// Their language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A text as it stands in the file; empty when there is none.
    pub fn raw(&self, section: &str, key: &str) -> &str {
        let found = self.lookup(section, key);
        debug_assert!(found.is_some(), "there is no text {section}.{key}");
        found.unwrap_or_default()
    }

    /// A text that may not be there.
    pub fn lookup(&self, section: &str, key: &str) -> Option<&str> {
        self.everything.sections.get(section)?.get(key).map(String::as_str)
    }

    /// A text with its values filled in.
    pub fn say(&self, section: &str, key: &str, values: &[(&str, &str)]) -> String {
        let text = fill(self.raw(section, key), values);
        debug_assert!(values.iter().any(|(_, value)| value.contains('{')) || !text.contains('{'), "{section}.{key} is not filled in");
        text
    }

    /// Every section with its keys and texts.
    pub fn sections(&self) -> &BTreeMap<String, BTreeMap<String, String>> {
        &self.everything.sections
    }

    /// A day as people write it: `27 May 2025`.
    pub fn day(&self, day: Day) -> String {
        let (year, month, date) = day.parts();
        let month = usize::try_from(month - 1).ok().and_then(|place| self.everything.months.get(place));
        let month = month.map(String::as_str).unwrap_or_default();
        self.say("frame", "day", &[("day", &date.to_string()), ("month", month), ("year", &year.to_string())])
    }

    /// The same with its weekday: `Tuesday 27 May 2025`.
    pub fn day_of_week(&self, day: Day) -> String {
        let name = self.everything.weekdays.get(weekday(day)).map(String::as_str).unwrap_or_default();
        self.say("frame", "day-of-week", &[("weekday", name), ("date", &self.day(day))])
    }

    /// A text in quotation marks.
    pub fn quoted(&self, text: &str) -> String {
        self.say("frame", "quote", &[("text", text)])
    }

    /// The words of a text as lines are broken: a word such as *article* stays with the number after it.
    pub fn words(&self, text: &str) -> Vec<String> {
        let bound: Vec<&str> = self.raw("frame", "bound").split(' ').collect();
        let mut words: Vec<String> = Vec::new();
        let mut binds = false;
        for word in text.split_whitespace() {
            match words.last_mut().filter(|_| binds) {
                Some(last) => last.extend([" ", word]),
                None => words.push(word.to_owned()),
            }
            binds = bound.contains(&word.trim_start_matches('('));
        }
        words
    }

    /// The lines of a postal address, with the country in the last one in this language where it is known. Contact points have it in English.
    pub fn address(&self, lines: &[String]) -> Vec<String> {
        let mut lines = lines.to_vec();
        let english = Texts::of(Language::English);
        let known = english.sections().get("address").into_iter().flatten();
        if let Some(last) = lines.last_mut()
            && let Some((code, _)) = known.into_iter().find(|(_, name)| *name == last)
        {
            self.raw("address", code).clone_into(last);
        }
        lines
    }

    /// `a`, `a and b`, `a, b and c`.
    pub fn list(&self, parts: &[String]) -> String {
        match parts.split_last() {
            None => String::new(),
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} {} {last}", before.join(", "), self.raw("frame", "and")),
        }
    }
}

/// Puts values in the place of `{name}`. What stands in a value is not looked at again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut found = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        found.push_str(before);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => found.push_str(value),
            None => found.extend(["{", name, "}"]),
        }
        rest = after;
    }
    found.push_str(rest);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        let (dutch, english) = (Texts::of(Language::Dutch), Texts::of(Language::English));
        assert_eq!((dutch.everything.months.len(), english.everything.months.len()), (12, 12));
        assert_eq!((dutch.everything.weekdays.len(), english.everything.weekdays.len()), (7, 7));
        let keys = |texts: &Texts| -> Vec<(String, Vec<String>)> {
            texts.sections().iter().map(|(name, section)| (name.clone(), section.keys().cloned().collect())).collect()
        };
        assert_eq!(keys(&dutch), keys(&english));
        for (name, section) in dutch.sections() {
            for (key, text) in section {
                let other = english.raw(name, key);
                assert_eq!(placeholders(text), placeholders(other), "{name}.{key}");
                for text in [text.as_str(), other] {
                    assert!(!text.trim().is_empty() && !text.contains("  "), "{name}.{key}: {text}");
                }
            }
        }
    }

    #[test]
    fn articles_are_the_same_in_both_languages() {
        // Numbers named by a text: articles, paragraphs, cases. A month or a name has none.
        let numbers = |text: &str| -> BTreeSet<String> {
            text.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let (dutch, english) = (Texts::of(Language::Dutch), Texts::of(Language::English));
        for (name, section) in dutch.sections() {
            for (key, text) in section {
                assert_eq!(numbers(text), numbers(english.raw(name, key)), "{name}.{key}");
            }
        }
    }

    #[test]
    fn days_and_lists() {
        let (dutch, english) = (Texts::of(Language::Dutch), Texts::of(Language::English));
        let day = Day::parse("2025-06-26").unwrap();
        assert_eq!(dutch.day_of_week(day), "donderdag 26 juni 2025");
        assert_eq!(english.day_of_week(day), "Thursday 26 June 2025");
        let parts: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!((dutch.list(&parts), dutch.list(&parts[..1]), dutch.list(&[])), ("a, b en c".into(), "a".into(), String::new()));
    }

    #[test]
    fn numbers_stay_with_their_articles() {
        let dutch = Texts::of(Language::Dutch);
        assert_eq!(dutch.words("zie (artikel 6, lid 1,\nonder f, AVG)"), ["zie", "(artikel 6,", "lid 1,", "onder f,", "AVG)"]);
        assert_eq!(Texts::of(Language::English).words("under Article"), ["under", "Article"]);
    }

    #[test]
    fn values_are_not_looked_at_again() {
        assert_eq!(fill("{a}-{b}-{c}", &[("a", "{b}"), ("b", "2")]), "{b}-2-{c}");
        assert_eq!(fill("no end {", &[]), "no end {");
    }
}
