//! What people read on the pages and in mails: one file per language, with every key in every file.

use std::collections::BTreeMap;
use std::fmt;

use bezwaar_core::time::{Day, Instant, Zone};
use bezwaar_lens::page::{Speech as PolicySpeech, Words};
use bezwaar_lens::plain::{Language, Texts};

const SHIPPED: [(&str, &str); 2] = [("nl", include_str!("../../texts/portal.nl.toml")), ("en", include_str!("../../texts/portal.en.toml"))];

/// The texts of one language.
#[derive(Clone, Debug)]
pub struct Speech {
    /// Its code by ISO 639-1.
    pub code: String,
    texts: BTreeMap<String, String>,
    months: Vec<String>,
    /// The texts about policies, in this language or, where there are none, in English.
    pub policy: PolicySpeech,
}

/// Why texts cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeechError {
    /// Each problem, a sentence.
    pub problems: Vec<String>,
}

impl fmt::Display for SpeechError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("; "))
    }
}

impl SpeechError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        "give the file every key the English one has, with the same places in braces"
    }
}

impl std::error::Error for SpeechError {}

/// Every language the portal speaks, the first being the one for who prefers none of them.
#[derive(Clone, Debug)]
pub struct Speeches(Vec<Speech>);

impl Speeches {
    /// The languages with these codes: those that ship, and those of further files (`code` and text). `words` has, by code, what the policies' own texts are in
    /// that language (`policies/words.nl.toml`).
    ///
    /// # Errors
    /// [`SpeechError`] with everything that is missing or too much, compared with English.
    pub fn of(codes: &[String], further: &[(String, String)], words: &BTreeMap<String, String>) -> Result<Speeches, SpeechError> {
        let mut problems = Vec::new();
        let mut speeches = Vec::new();
        let english = flat("en", shipped("en").unwrap_or_default(), &mut problems);
        for code in codes {
            let text = further.iter().find(|(other, _)| other == code).map(|(_, text)| text.as_str()).or_else(|| shipped(code));
            let Some(text) = text else {
                problems.push(format!("there are no texts for the language `{code}`"));
                continue;
            };
            let texts = flat(code, text, &mut problems);
            compare(code, &texts, &english, &mut problems);
            let months = texts.get("months").map(|months| months.split(' ').map(str::to_owned).collect()).unwrap_or_default();
            let language = if code == "nl" { Language::Nl } else { Language::En };
            let read = (Texts::of(language), Words::parse(words.get(code).map(String::as_str).unwrap_or_default()));
            match read {
                (Ok(of_policies), Ok(words)) => {
                    let policy = PolicySpeech { language, texts: of_policies, words };
                    speeches.push(Speech { code: code.clone(), texts, months, policy });
                }
                (Err(error), _) | (_, Err(error)) => problems.push(format!("`{code}`: {}", error.message())),
            }
        }
        if problems.is_empty() { Ok(Speeches(speeches)) } else { Err(SpeechError { problems }) }
    }

    /// All of them.
    pub fn all(&self) -> &[Speech] {
        &self.0
    }

    /// The one with this code.
    pub fn lookup(&self, code: &str) -> Option<&Speech> {
        self.0.iter().find(|speech| speech.code == code)
    }

    /// The one for who asks for this by `Accept-Language` (RFC 9110 §12.5.4); the first if none of theirs is spoken.
    pub fn preferred(&self, accept_language: Option<&str>) -> Option<&Speech> {
        let mut ranges: Vec<(f32, &str)> = accept_language
            .unwrap_or_default()
            .split(',')
            .filter_map(|range| {
                let (tag, weight) = range.trim().split_once(';').unwrap_or((range.trim(), "q=1"));
                let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
                (weight > 0.0 && weight <= 1.0).then_some((weight, tag.trim()))
            })
            .collect();
        // Stable: of equal weight the one named first.
        ranges.sort_by(|one, other| other.0.total_cmp(&one.0));
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        ranges.iter().find_map(|(_, tag)| self.lookup(&primary(tag))).or(self.0.first())
    }
}

fn shipped(code: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(other, _)| *other == code).map(|(_, text)| *text)
}

/// The texts with the names of their tables before their own: `object.title`.
fn flat(code: &str, text: &str, problems: &mut Vec<String>) -> BTreeMap<String, String> {
    fn walk(table: &toml::Table, before: &str, code: &str, found: &mut BTreeMap<String, String>, problems: &mut Vec<String>) {
        for (name, value) in table {
            let key = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
            match value {
                toml::Value::String(text) => drop(found.insert(key, text.clone())),
                toml::Value::Table(inner) => walk(inner, &key, code, found, problems),
                _ => problems.push(format!("`{code}`: `{key}` is no text")),
            }
        }
    }
    let mut found = BTreeMap::new();
    match text.parse::<toml::Table>() {
        Ok(table) => walk(&table, "", code, &mut found, problems),
        Err(error) => problems.push(format!("`{code}`: {}", error.message())),
    }
    found
}

fn compare(code: &str, texts: &BTreeMap<String, String>, english: &BTreeMap<String, String>, problems: &mut Vec<String>) {
    for (key, text) in english {
        match texts.get(key) {
            None => problems.push(format!("`{code}` has no text for `{key}`")),
            Some(own) if places(own) != places(text) => {
                problems.push(format!("`{code}`: `{key}` has other places in braces than the English text"));
            }
            Some(_) => {}
        }
    }
    problems.extend(texts.keys().filter(|key| !english.contains_key(*key)).map(|key| format!("`{code}`: nothing is called `{key}`")));
}

/// What stands in braces in a text, in order of names.
fn places(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

impl Speech {
    /// No texts at all.
    pub(crate) fn none() -> Speech {
        let texts = PolicySpeech { language: Language::En, texts: Texts::default(), words: Words::default() };
        Speech { code: String::new(), texts: BTreeMap::new(), months: Vec::new(), policy: texts }
    }

    /// A text with its values in their places. A key there is none for is given back, so that it is seen; tests look for such.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(text) = self.texts.get(key) else { return key.to_owned() };
        bezwaar_lens::plain::fill(text, values)
    }

    /// Whether there is such a text.
    pub fn has(&self, key: &str) -> bool {
        self.texts.contains_key(key)
    }

    /// Every key, for tests and for who adds a language.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// A day as people write it.
    pub fn day(&self, day: Day) -> String {
        let (year, month, day) = day.parts();
        let index = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
        let month = self.months.get(index).map(String::as_str).unwrap_or_default();
        self.say("day", &[("day", &day.to_string()), ("month", month), ("year", &year.to_string())])
    }

    /// The day of a moment, in a zone.
    pub fn day_of(&self, at: Instant, zone: &Zone) -> String {
        Day::of(at, zone).map_or_else(String::new, |day| self.day(day))
    }

    /// A moment as people write it, to the minute, in a zone.
    pub fn moment(&self, at: Instant, zone: &Zone) -> String {
        let Some(day) = Day::of(at, zone) else { return String::new() };
        let minutes = (at.as_micros() - day.begins(zone).as_micros()) / 60_000_000;
        // On the two days a year when clocks are set, hours since midnight are not the clock's: the shift is added back.
        let shift = day.ends(zone).as_micros() - day.begins(zone).as_micros() - 86_400_000_000;
        let minutes = if shift != 0 && minutes >= 180 { minutes - shift / 60_000_000 } else { minutes };
        let clock = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        self.say("moment", &[("day", &self.day(day)), ("clock", &clock)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> Speeches {
        Speeches::of(&["nl".to_owned(), "en".to_owned()], &[], &BTreeMap::new()).expect("the texts that ship")
    }

    #[test]
    fn both_languages_have_every_text_with_the_same_places() {
        let speeches = both();
        assert_eq!(speeches.all().len(), 2);
        assert!(speeches.all()[0].keys().count() > 50);
    }

    #[test]
    fn a_language_is_added_by_one_file_and_every_gap_is_told() {
        let english = shipped("en").expect("ships");
        let add = |text: &str| Speeches::of(&["fr".to_owned()], &[("fr".to_owned(), text.to_owned())], &BTreeMap::new());
        assert!(add(english).is_ok());
        let problems = add("months = \"a\"\nnothing = \"x\"\n").expect_err("gaps").problems;
        assert!(problems.len() > 50, "{problems:?}");
        assert!(problems.contains(&"`fr`: nothing is called `nothing`".to_owned()));
    }

    #[test]
    fn the_browser_says_which_language() {
        let speeches = both();
        let code = |accept: Option<&str>| speeches.preferred(accept).map(|speech| speech.code.clone()).unwrap_or_default();
        assert_eq!(code(None), "nl");
        assert_eq!(code(Some("en")), "en");
        assert_eq!(code(Some("de-DE, en-GB;q=0.7, nl;q=0.8")), "nl");
        assert_eq!(code(Some("en;q=0, nl;q=0.1")), "nl");
        assert_eq!(code(Some("fr, *;q=0.5")), "nl");
        assert_eq!(code(Some("EN-us")), "en");
        assert_eq!(code(Some(";;q=,,")), "nl");
    }

    #[test]
    fn moments_are_those_of_the_clock_also_when_it_is_set() {
        let zone = Zone::parse("Europe/Amsterdam").expect("a zone");
        let speeches = both();
        let dutch = speeches.lookup("nl").expect("Dutch");
        let at = |text: &str| dutch.moment(Instant::parse(text).expect("an instant"), &zone);
        assert_eq!(at("2025-05-26T21:50:00Z"), "26 mei 2025 om 23:50 uur");
        assert_eq!(at("2025-03-30T00:30:00Z"), "30 maart 2025 om 01:30 uur");
        assert_eq!(at("2025-03-30T12:00:00Z"), "30 maart 2025 om 14:00 uur");
        assert_eq!(at("2025-10-26T12:00:00Z"), "26 oktober 2025 om 13:00 uur");
        assert_eq!(at("2025-10-25T23:15:00Z"), "26 oktober 2025 om 01:15 uur");
    }
}
