//! The mapping from the columns of a dataset to item fields: a closed grammar, no expressions.

use std::collections::BTreeMap;

use bezwaar_core::account::Kind;
use bezwaar_core::item::Relation;
use bezwaar_core::time::Zone;

/// The element step of a path: `["tags", "[]", "id"]`.
pub const ELEMENTS: &str = "[]";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A column, or a field within one; `[]` steps into lists.
    Column(Vec<String>),
    /// The same for every record: asserted, not observed.
    Const {
        /// The value, as a column would hold it.
        value: String,
        /// Why it may be asserted.
        because: String,
    },
}

/// A value that is a word: a category, an audience, a region, a truth value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordMap {
    /// Where it comes from.
    pub origin: Origin,
    /// Dataset value to word; a value not listed is unknown. `None`: the dataset's values are the words.
    pub values: Option<BTreeMap<String, String>>,
}

/// The unit of a number that is a time since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
}

impl Unit {
    /// The unit with this spelling.
    pub fn lookup(text: &str) -> Option<Unit> {
        Some(match text {
            "s" => Unit::Seconds,
            "ms" => Unit::Millis,
            "us" => Unit::Micros,
            "ns" => Unit::Nanos,
            _ => return None,
        })
    }

    /// A number of this unit in microseconds; `None` beyond what can be said.
    pub fn micros(self, number: i64) -> Option<i64> {
        match self {
            Unit::Seconds => number.checked_mul(1_000_000),
            Unit::Millis => number.checked_mul(1_000),
            Unit::Micros => Some(number),
            Unit::Nanos => Some(number.div_euclid(1_000)),
        }
    }
}

/// How a text is read as a time.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeText {
    /// RFC 3339, or a day.
    Rfc3339,
    /// A pattern of `strptime`.
    Pattern(String),
}

/// A value that is a time.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeMap {
    /// Where it comes from.
    pub origin: Origin,
    /// The unit of numbers; numbers without one are unknown.
    pub unit: Option<Unit>,
    /// How texts are read.
    pub text: TimeText,
    /// The zone of times that have none; without it they are unknown.
    pub zone: Option<Zone>,
}

/// The moment an age is counted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgeOn {
    /// When it was collected.
    Collected,
    /// When it was made.
    Created,
}

/// A value that is an age.
#[derive(Clone, Debug, PartialEq)]
pub enum AgeMap {
    /// Years or a band.
    Age(WordMap),
    /// A day of birth.
    Birth {
        /// The column with the day.
        path: Vec<String>,
        /// The moment the age is counted at.
        on: AgeOn,
    },
}

/// A value that names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonMap {
    /// Where it comes from.
    pub origin: Origin,
    /// The service; `None`: the value is a whole account, `service:value`.
    pub service: Option<String>,
    /// The kind of name; `None`: told from the value.
    pub kind: Option<Kind>,
    /// For people a record is about: how they stand in it.
    pub relation: Relation,
    /// For people a record is about: the column that says how they stand in it, element by element.
    pub relation_path: Option<Vec<String>>,
}

/// How the columns of a dataset become items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapping {
    /// The record's id.
    pub id: Option<Origin>,
    /// Who wrote it; with several entries or a list, every one must clear it.
    pub author: Vec<PersonMap>,
    /// Whom it is about.
    pub about: Vec<PersonMap>,
    /// See [`bezwaar_core::item::Item`].
    pub category: Option<WordMap>,
    /// See [`bezwaar_core::item::Item`].
    pub audience: Option<WordMap>,
    /// See [`bezwaar_core::item::Item`].
    pub region: Option<WordMap>,
    /// See [`bezwaar_core::item::Item`].
    pub registered: Option<WordMap>,
    /// See [`bezwaar_core::item::Item`].
    pub hold: Option<WordMap>,
    /// See [`bezwaar_core::item::Item`].
    pub author_age: Option<AgeMap>,
    /// See [`bezwaar_core::item::Item`].
    pub created_at: Option<TimeMap>,
    /// See [`bezwaar_core::item::Item`].
    pub collected_at: Option<TimeMap>,
    /// See [`bezwaar_core::item::Item`].
    pub deleted_at: Option<TimeMap>,
    /// See [`bezwaar_core::item::Conversation`].
    pub conversation_kind: Option<WordMap>,
    /// See [`bezwaar_core::item::Conversation`].
    pub ai_participant: Option<WordMap>,
    /// See [`bezwaar_core::item::Conversation`].
    pub ai_addressed: Option<WordMap>,
}

impl Mapping {
    /// The fields asserted by a constant: name, value, reason.
    pub fn asserted(&self) -> Vec<(&'static str, &str, &str)> {
        let mut found = Vec::new();
        for (name, origin) in self.origins() {
            if let Origin::Const { value, because } = origin {
                found.push((name, value.as_str(), because.as_str()));
            }
        }
        found
    }

    /// Every mapped field with where it comes from.
    pub fn origins(&self) -> Vec<(&'static str, &Origin)> {
        let mut all: Vec<(&'static str, &Origin)> = Vec::new();
        all.extend(self.id.iter().map(|origin| ("id", origin)));
        all.extend(self.author.iter().map(|person| ("author", &person.origin)));
        all.extend(self.about.iter().map(|person| ("about", &person.origin)));
        let words = [
            ("category", &self.category),
            ("audience", &self.audience),
            ("region", &self.region),
            ("registered", &self.registered),
            ("hold", &self.hold),
            ("conversation.kind", &self.conversation_kind),
            ("conversation.ai_participant", &self.ai_participant),
            ("conversation.ai_addressed", &self.ai_addressed),
        ];
        all.extend(words.into_iter().filter_map(|(name, word)| Some((name, &word.as_ref()?.origin))));
        if let Some(AgeMap::Age(word)) = &self.author_age {
            all.push(("author_age", &word.origin));
        }
        let times = [("created_at", &self.created_at), ("collected_at", &self.collected_at), ("deleted_at", &self.deleted_at)];
        all.extend(times.into_iter().filter_map(|(name, time)| Some((name, &time.as_ref()?.origin))));
        all
    }

    /// Every path into the data, with the field it serves; a path may serve several fields.
    pub fn paths(&self) -> Vec<(&'static str, &[String])> {
        let mut all: Vec<(&'static str, &[String])> = Vec::new();
        for (name, origin) in self.origins() {
            if let Origin::Column(path) = origin {
                all.push((name, path));
            }
        }
        if let Some(AgeMap::Birth { path, .. }) = &self.author_age {
            all.push(("author_age", path));
        }
        all.extend(self.about.iter().filter_map(|person| Some(("about", person.relation_path.as_deref()?))));
        all
    }

    /// The same mapping with every path replaced.
    #[must_use]
    pub fn with_paths(&self, replace: &dyn Fn(&[String]) -> Vec<String>) -> Mapping {
        let mut new = self.clone();
        let origin = |origin: &mut Origin| {
            if let Origin::Column(path) = origin {
                *path = replace(path);
            }
        };
        new.id.iter_mut().for_each(origin);
        for person in new.author.iter_mut().chain(&mut new.about) {
            origin(&mut person.origin);
            person.relation_path = person.relation_path.as_ref().map(|path| replace(path));
        }
        let words = [
            &mut new.category,
            &mut new.audience,
            &mut new.region,
            &mut new.registered,
            &mut new.hold,
            &mut new.conversation_kind,
            &mut new.ai_participant,
            &mut new.ai_addressed,
        ];
        words.into_iter().flatten().for_each(|word| origin(&mut word.origin));
        match &mut new.author_age {
            Some(AgeMap::Age(word)) => origin(&mut word.origin),
            Some(AgeMap::Birth { path, .. }) => *path = replace(path),
            None => {}
        }
        for time in [&mut new.created_at, &mut new.collected_at, &mut new.deleted_at].into_iter().flatten() {
            origin(&mut time.origin);
        }
        new
    }

    /// What is wrong with it whatever the columns are: the relation of a person is found by their place, so both must run through the
    /// same lists.
    pub(crate) fn misaligned(&self) -> Vec<String> {
        let lists = |path: &[String]| path.iter().filter(|step| *step == ELEMENTS).count();
        let within =
            |path: &[String]| path.iter().rposition(|step| step == ELEMENTS).and_then(|last| path.get(..last).map(<[String]>::to_vec));
        let mut found = Vec::new();
        for person in &self.about {
            if let (Origin::Column(path), Some(relation)) = (&person.origin, &person.relation_path)
                && (lists(path) != lists(relation) || (lists(path) > 1 && within(path) != within(relation)))
            {
                found.push(format!("about: `{}` does not run through the same lists as `{}`", relation.join("."), path.join(".")));
            }
        }
        found
    }

    /// The mapping without fields these decisions do not read, so that their columns need not be decoded. People, category, conversation,
    /// deletion and holds count under every use; ids only when an act names single items.
    #[must_use]
    pub(crate) fn needed(&self, read: &[&str], ids: bool) -> Mapping {
        let mut new = self.clone();
        let reads = |field: &str| read.contains(&field);
        if !ids {
            new.id = None;
        }
        if !reads("audience") {
            new.audience = None;
        }
        if !reads("region") {
            new.region = None;
        }
        if !reads("registered") {
            new.registered = None;
        }
        if !reads("author_age") {
            new.author_age = None;
        }
        let counted_on = match &new.author_age {
            Some(AgeMap::Birth { on, .. }) => Some(*on),
            _ => None,
        };
        if !reads("created_at") && counted_on != Some(AgeOn::Created) {
            new.created_at = None;
        }
        if !reads("collected_at") && counted_on != Some(AgeOn::Collected) {
            new.collected_at = None;
        }
        new
    }

    /// The mapping of people alone; with or without the columns that say how they stand in a record.
    #[must_use]
    pub(crate) fn of_people(&self, relations: bool) -> Mapping {
        let mut new = Mapping { author: self.author.clone(), about: self.about.clone(), ..Mapping::default() };
        if !relations {
            new.about.iter_mut().for_each(|person| person.relation_path = None);
        }
        new
    }

    /// Whether nothing says whom records quote, whether they were deleted, or whether they are on hold.
    pub fn never_checked(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.about.is_empty() {
            missing.push("quotes");
        }
        if self.deleted_at.is_none() {
            missing.push("deletion");
        }
        if self.hold.is_none() {
            missing.push("holds");
        }
        missing
    }
}
