//! What people read, in one data file per language (`texts/nl.toml`, `texts/en.toml`): one source for explanations, pages and charts.

use std::collections::BTreeMap;

use bezwaar_core::item::Category;
use bezwaar_core::policy::When;
use bezwaar_core::time::Day;
use bezwaar_core::{Code, Group};
use serde::Deserialize;

/// A language people are spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    En,
}

impl Language {
    /// Both.
    pub const ALL: [Language; 2] = [Language::Nl, Language::En];

    /// Its code by ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Language::Nl => "nl",
            Language::En => "en",
        }
    }

    /// The language of a locale's name such as `nl_NL.UTF-8`; any but Dutch is English.
    pub fn of_locale(locale: &str) -> Language {
        let name = locale.split(['_', '.', '-', '@']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("nl") { Language::Nl } else { Language::En }
    }

    fn file(self) -> &'static str {
        match self {
            Language::Nl => include_str!("../texts/nl.toml"),
            Language::En => include_str!("../texts/en.toml"),
        }
    }
}

/// The texts of one language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    months: Vec<String>,
    frame: BTreeMap<String, String>,
    group: BTreeMap<String, String>,
    record: BTreeMap<String, String>,
    field: BTreeMap<String, String>,
    reason: BTreeMap<String, BTreeMap<String, String>>,
    timeline: BTreeMap<String, String>,
    #[serde(rename = "what-if")]
    what_if: BTreeMap<String, String>,
    page: BTreeMap<String, String>,
    category: BTreeMap<String, String>,
    audience: BTreeMap<String, String>,
    region: BTreeMap<String, String>,
    ground: BTreeMap<String, String>,
    grade: BTreeMap<String, String>,
}

impl Texts {
    /// Reads the texts of a language. The files come with the program; a test reads both.
    pub fn of(language: Language) -> Result<Texts, toml::de::Error> {
        toml::from_str(language.file())
    }

    /// A text of a timeline, with its values in their places.
    pub fn timeline(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.timeline.get(key).map_or(key, String::as_str), values)
    }

    /// A text of a comparison, with its values in their places.
    pub fn what_if(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.what_if.get(key).map_or(key, String::as_str), values)
    }

    /// A text of a page, with its values in their places.
    pub fn page(&self, key: &str, values: &[(&str, &str)]) -> String {
        fill(self.page.get(key).map_or(key, String::as_str), values)
    }

    /// What a kind of data is called, as many.
    pub fn category(&self, key: &str) -> String {
        word(&self.category, key)
    }

    /// What an audience means, as a condition.
    pub fn audience(&self, key: &str) -> String {
        word(&self.audience, key)
    }

    /// What a region is called; without a name its code.
    pub fn region(&self, key: &str) -> String {
        word(&self.region, key)
    }

    /// What a legal ground is called, as a sentence.
    pub fn ground(&self, key: &str) -> String {
        word(&self.ground, key)
    }

    /// What a grade of evidence means.
    pub fn grade(&self, key: &str) -> String {
        word(&self.grade, key)
    }

    /// A day as people write it, or that nobody knows it, or that it did not happen.
    pub fn when(&self, when: When) -> String {
        match when {
            When::Day(day) => self.day(day),
            When::Unknown => self.timeline("unknown", &[]),
            When::Never => self.timeline("never", &[]),
        }
    }

    /// A text of the frame around the reasons.
    pub fn frame(&self, key: &str) -> &str {
        self.frame.get(key).map(String::as_str).unwrap_or_default()
    }

    /// The heading of a group of reasons.
    pub fn group(&self, group: Group) -> &str {
        let key = match group {
            Group::Person => "person",
            Group::Rule => "rule",
            Group::Unknown => "unknown",
            Group::Dispute => "dispute",
        };
        self.group.get(key).map(String::as_str).unwrap_or_default()
    }

    /// What to call a record.
    pub fn record(&self, category: Option<Category>) -> &str {
        let known = category.and_then(|category| self.record.get(category.as_str()));
        known.or_else(|| self.record.get("unknown")).map(String::as_str).unwrap_or_default()
    }

    /// What it was that is not known.
    pub fn field(&self, name: &str) -> &str {
        self.field.get(name).or_else(|| self.field.get("other")).map(String::as_str).unwrap_or_default()
    }

    /// A text of a reason, if it has this variant.
    pub fn lookup(&self, code: Code, variant: &str) -> Option<&str> {
        self.reason.get(code.as_str())?.get(variant).map(String::as_str)
    }

    /// A text of a reason; without this variant its plain one.
    pub fn reason(&self, code: Code, variant: &str) -> &str {
        self.lookup(code, variant).or_else(|| self.lookup(code, "plain")).unwrap_or(code.as_str())
    }

    /// A day as people write it.
    pub fn day(&self, day: Day) -> String {
        let (year, month, date) = day.parts();
        let place = usize::try_from(month).unwrap_or_default().saturating_sub(1);
        let month = self.months.get(place).map(String::as_str).unwrap_or_default();
        fill(self.frame("day"), &[("day", &date.to_string()), ("month", month), ("year", &year.to_string())])
    }

    /// A text in quotation marks.
    pub fn quoted(&self, text: &str) -> String {
        fill(self.frame("quote"), &[("text", text)])
    }
}

fn word(list: &BTreeMap<String, String>, key: &str) -> String {
    list.get(key).map_or(key, String::as_str).to_owned()
}

/// Puts values in the place of `{name}`. What stands in a value is not looked at again.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
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

/// A text with its first letter as a capital.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The variants the explanation picks from, besides `short` and `plain`, with what each is given.
    const ACT: &[(&str, &[&str])] = &[("choice", &["date"]), ("via", &["date"]), ("behalf", &["date"]), ("joint", &[])];

    fn variants(code: Code) -> Vec<(&'static str, Vec<&'static str>)> {
        let own: &[(&str, &[&str])] = match code {
            Code::UseNotDeclared => &[("practice", &[])],
            Code::UseNotStarted => &[("dated", &["start"]), ("next", &[])],
            Code::AudienceNotCovered => &[("public-only", &[]), ("account", &[]), ("no-account", &[])],
            Code::AudienceUnknown => &[("account", &[])],
            Code::UnderAge | Code::AgeUnknown => &[("aged", &["age"])],
            Code::CarveOut => &[("rule", &["title", "from"]), ("promise", &["promise"]), ("unknown", &["title", "from", "field"])],
            Code::NoAiParticipant => &[("unknown", &[])],
            Code::NoControl => &[("none", &[]), ("later", &[]), ("undated", &[])],
            Code::AboutObjector => &[("unknown", &[]), ("next", &[])],
            Code::Deleted => &[("dated", &["date"]), ("unknown", &[])],
            Code::Disputed => &[("rule", &["question", "positions"]), ("unknown", &["question", "positions", "field"]), ("next", &[])],
            Code::NoConsent => &[("off", &[]), ("next", &[])],
            Code::Objected | Code::SettingOff | Code::Signal | Code::ChoiceUnreadable => &[("next", &[])],
            _ => &[],
        };
        let acts =
            matches!(code, Code::Objected | Code::SettingOff | Code::NoConsent | Code::Signal | Code::Erased | Code::ChoiceUnreadable);
        let extra: &[&str] = match code {
            Code::SettingOff => &["control"],
            Code::Signal => &["signal"],
            _ => &[],
        };
        let mut all: Vec<(&str, Vec<&str>)> = vec![("short", vec![]), ("plain", vec![])];
        all.extend(own.iter().map(|(name, given)| (*name, given.to_vec())));
        if acts {
            all.extend(ACT.iter().map(|(name, given)| (*name, [given, extra].concat())));
        }
        all
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn every_code_has_every_sentence_in_both_languages() {
        for language in Language::ALL {
            let texts = Texts::of(language).unwrap();
            let known: BTreeSet<&str> = texts.reason.keys().map(String::as_str).collect();
            assert_eq!(known, Code::ALL.iter().map(|code| code.as_str()).collect(), "{language:?}");
            for code in Code::ALL {
                let wanted: BTreeSet<&str> = variants(*code).iter().map(|(name, _)| *name).collect();
                let found: BTreeSet<&str> = texts.reason[code.as_str()].keys().map(String::as_str).collect();
                assert_eq!(found, wanted, "{language:?} {code}");
                for (name, given) in variants(*code) {
                    let text = texts.reason(*code, name);
                    let always = ["record", "Record", "recipient"];
                    let strays: Vec<_> =
                        placeholders(text).into_iter().filter(|one| !given.contains(one) && !always.contains(one)).collect();
                    assert_eq!(strays, [""; 0], "{language:?} {code} {name}");
                    let whole = name == "short" || text.ends_with(['.', '}']);
                    assert!(whole && !text.contains("  "), "{language:?} {code} {name}: {text}");
                }
            }
        }
    }

    #[test]
    fn both_languages_say_the_same() {
        let (dutch, english) = (Texts::of(Language::Nl).unwrap(), Texts::of(Language::En).unwrap());
        assert_eq!((dutch.months.len(), english.months.len()), (12, 12));
        for (left, right) in [
            (&dutch.frame, &english.frame),
            (&dutch.group, &english.group),
            (&dutch.record, &english.record),
            (&dutch.field, &english.field),
            (&dutch.timeline, &english.timeline),
            (&dutch.page, &english.page),
            (&dutch.category, &english.category),
            (&dutch.audience, &english.audience),
            (&dutch.region, &english.region),
            (&dutch.ground, &english.ground),
            (&dutch.grade, &english.grade),
        ] {
            assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
            for (key, text) in left {
                assert_eq!(placeholders(text), placeholders(&right[key]), "{key}");
            }
        }
        // What a sentence may name is the same; {record} alone is a matter of how a language puts it.
        let facts = |text: &str| -> BTreeSet<String> {
            placeholders(text).into_iter().filter(|one| !["record", "Record"].contains(one)).map(str::to_owned).collect()
        };
        for code in Code::ALL {
            for (name, _) in variants(*code) {
                assert_eq!(facts(dutch.reason(*code, name)), facts(english.reason(*code, name)), "{code} {name}");
            }
        }
        for category in Category::ALL {
            assert!(english.record.contains_key(category.as_str()), "{category:?}");
            assert!(english.category.contains_key(category.as_str()), "{category:?}");
        }
    }

    #[test]
    fn values_are_not_looked_at_again() {
        assert_eq!(fill("{a}-{b}-{c}", &[("a", "{b}"), ("b", "2")]), "{b}-2-{c}");
        assert_eq!(fill("no end {", &[]), "no end {");
        assert_eq!(capital("één"), "Één");
    }

    #[test]
    fn locales() {
        for (locale, expect) in [
            ("nl_NL.UTF-8", Language::Nl),
            ("nl", Language::Nl),
            ("nl-BE", Language::Nl),
            ("C", Language::En),
            ("", Language::En),
            ("nld", Language::En),
        ] {
            assert_eq!(Language::of_locale(locale), expect, "{locale}");
        }
    }
}
