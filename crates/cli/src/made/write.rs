//! How made-up items are written: in the exchange format, or as a platform's dump would be.

use bezwaar_core::item::{Audience, Category, ChatKind, Relation};
use clap::ValueEnum;

use super::SERVICES;
use super::items::{Byline, Row};
use super::people::{Age, Person, Service};

/// The form of made-up items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The exchange format, all in one file, with the text under `ext`
    Items,
    /// A platform's dump as JSON Lines with nested fields, a file per service
    Jsonl,
    /// A platform's dump as CSV, a file per service
    Csv,
}

const CSV_HEAD: &str = "id,user,birth_date,country,lang,kind,visibility,created,collected,deleted,hold,quoted,mentioned,replied_to,\
shown,made_with,chat,has_ai,to_ai,handed_on_by,in_chat,text\n";

impl Format {
    /// The files of items.
    pub(super) fn file_names(self) -> Vec<String> {
        match self {
            Format::Items => vec!["items.jsonl".to_owned()],
            Format::Jsonl | Format::Csv => SERVICES.iter().map(|service| self.file_name(*service)).collect(),
        }
    }

    /// The file of a service's items.
    pub(super) fn file_name(self, service: Service) -> String {
        match self {
            Format::Items => "items.jsonl".to_owned(),
            Format::Jsonl => format!("{}.jsonl", service.as_str()),
            Format::Csv => format!("{}.csv", service.as_str()),
        }
    }

    /// What the files begin with.
    pub(super) fn heads(self) -> impl Iterator<Item = &'static str> {
        std::iter::repeat(if self == Format::Csv { CSV_HEAD } else { "" })
    }

    /// The place of the file an item goes into.
    pub(super) fn file_of(self, row: &Row) -> usize {
        let own = SERVICES.iter().position(|service| *service == row.author.service);
        // People without an account are on file where others write about them.
        if self == Format::Items { 0 } else { own.unwrap_or_default() }
    }

    /// Writes an item as a line.
    pub(super) fn write(self, row: &Row, out: &mut Vec<u8>) {
        match self {
            Format::Items => write_item(row, out),
            Format::Jsonl => write_dump(row, out),
            Format::Csv => write_csv(row, out),
        }
        out.push(b'\n');
    }
}

/// Writes an item's id.
pub(super) fn id(row: &Row, out: &mut Vec<u8>) {
    out.extend([row.letter(), b'-']);
    number(out, row.number);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn write_item(row: &Row, out: &mut Vec<u8>) {
    text(out, "{\"id\":\"");
    id(row, out);
    text(out, "\",\"author\":");
    match (row.byline, &row.second) {
        (Byline::Nothing, _) => text(out, "null"),
        (Byline::Gone, _) => {
            out.push(b'"');
            text(out, row.author.service.as_str());
            text(out, ":[deleted]\"");
        }
        (Byline::Named, None) => account(&row.author, out),
        (Byline::Named, Some(second)) => {
            out.push(b'[');
            account(&row.author, out);
            out.push(b',');
            account(second, out);
            out.push(b']');
        }
    }
    let word = |out: &mut Vec<u8>, key: &str, value: Option<&str>| {
        if let Some(value) = value {
            text(out, ",\"");
            text(out, key);
            text(out, "\":\"");
            text(out, value);
            out.push(b'"');
        }
    };
    word(out, "category", row.category.map(Category::as_str));
    word(out, "audience", row.audience.map(Audience::as_str));
    text(out, ",\"created_at\":\"");
    if row.created_day_only {
        day(out, row.created.div_euclid(86_400))
    } else {
        rfc3339(out, row.created)
    }
    out.push(b'"');
    for (key, time) in [("collected_at", row.collected), ("deleted_at", row.deleted)] {
        if let Some(time) = time {
            text(out, ",\"");
            text(out, key);
            text(out, "\":\"");
            rfc3339(out, time);
            out.push(b'"');
        }
    }
    match (row.author.age, row.years()) {
        (Age::Band(band), _) => word(out, "author_age", Some(band)),
        (_, Some(years)) => {
            text(out, ",\"author_age\":");
            signed(out, years);
        }
        _ => {}
    }
    word(out, "region", row.author.region);
    if !row.about.is_empty() {
        text(out, ",\"about\":[");
        for (place, (relation, person)) in row.about.iter().enumerate() {
            text(out, if place > 0 { ",{\"person\":" } else { "{\"person\":" });
            account(person, out);
            word(out, "as", Some(relation.as_str()));
            out.push(b'}');
        }
        out.push(b']');
    }
    if let Some(chat) = row.chat {
        text(out, ",\"conversation\":{\"kind\":\"");
        text(out, chat.kind.as_str());
        text(out, if chat.has_ai { "\",\"ai_participant\":true" } else { "\",\"ai_participant\":false" });
        text(out, chat.to_ai.map_or("", |to_ai| if to_ai { ",\"ai_addressed\":true" } else { ",\"ai_addressed\":false" }));
        out.push(b'}');
    }
    word(out, "hold", row.hold.map(bezwaar_core::item::Hold::as_str));
    text(out, ",\"ext\":{\"lang\":\"");
    text(out, row.author.tongue.as_str());
    text(out, "\",\"text\":");
    json_text(out, &row.text);
    text(out, "}}");
}

fn account(person: &Person, out: &mut Vec<u8>) {
    out.push(b'"');
    person.write_account(out);
    out.push(b'"');
}

/// What the dump calls a category.
pub(super) const KINDS: [(&str, Category); 10] = [
    ("status", Category::Post),
    ("comment", Category::Comment),
    ("photo", Category::Photo),
    ("video", Category::Video),
    ("voice", Category::Audio),
    ("bio", Category::Profile),
    ("dm", Category::Message),
    ("prompt", Category::AiInteraction),
    ("like", Category::Reaction),
    ("usage", Category::Metadata),
];
/// What the dump calls an audience.
pub(super) const VISIBILITIES: [(&str, Audience); 3] =
    [("everyone", Audience::Public), ("circle", Audience::Restricted), ("only_me", Audience::Private)];
/// What the dump calls a relation; people in `shown` stand there with their service, since some have no account.
pub(super) const RELATIONS: [(&str, Relation); 6] = [
    ("quoted", Relation::Quote),
    ("mentioned", Relation::Mention),
    ("replied_to", Relation::Reply),
    ("shown", Relation::Depict),
    ("handed_on_by", Relation::Forwarder),
    ("in_chat", Relation::Participant),
];

fn kind(row: &Row) -> Option<&'static str> {
    KINDS.iter().find(|(_, category)| Some(*category) == row.category).map(|(word, _)| *word)
}

fn visibility(row: &Row) -> Option<&'static str> {
    VISIBILITIES.iter().find(|(_, audience)| Some(*audience) == row.audience).map(|(word, _)| *word)
}

/// The author as the dump shows it; whoever has no account there has no id there.
fn user(row: &Row, out: &mut Vec<u8>) -> bool {
    match row.byline {
        Byline::Named if row.author.service != Service::None => row.author.write_value(out),
        Byline::Gone => text(out, "[deleted]"),
        Byline::Named | Byline::Nothing => return false,
    }
    true
}

fn write_dump(row: &Row, out: &mut Vec<u8>) {
    let word = |out: &mut Vec<u8>, key: &str, value: Option<&str>| {
        text(out, key);
        match value {
            Some(value) => {
                out.push(b'"');
                text(out, value);
                out.push(b'"');
            }
            None => text(out, "null"),
        }
    };
    text(out, "{\"id\":\"");
    id(row, out);
    text(out, "\",\"user\":{\"id_str\":\"");
    let before = out.len();
    if user(row, out) {
        out.push(b'"');
    } else {
        out.truncate(before - 1);
        text(out, "null");
    }
    text(out, ",\"birth_date\":");
    match row.author.age {
        Age::Born(born) => {
            out.push(b'"');
            day(out, born);
            out.push(b'"');
        }
        Age::Band(_) | Age::Unknown => text(out, "null"),
    }
    word(out, ",\"country\":", row.author.region);
    word(out, "},\"lang\":", Some(row.author.tongue.as_str()));
    word(out, ",\"kind\":", kind(row));
    word(out, ",\"visibility\":", visibility(row));
    let times = [("created_utc", Some(row.created)), ("collected_utc", row.collected), ("deleted_utc", row.deleted)];
    for (key, seconds) in times {
        text(out, ",\"");
        text(out, key);
        text(out, "\":");
        match seconds {
            Some(seconds) => signed(out, seconds * 1_000),
            None => text(out, "null"),
        }
    }
    word(out, ",\"hold\":", row.hold.map(bezwaar_core::item::Hold::as_str));
    for (key, relation) in RELATIONS {
        text(out, ",\"");
        text(out, key);
        text(out, "\":[");
        if let Some((_, person)) = row.about.iter().find(|(other, _)| *other == relation) {
            out.push(b'"');
            if relation == Relation::Depict {
                person.write_account(out)
            } else {
                person.write_value(out)
            }
            out.push(b'"');
        }
        out.push(b']');
    }
    text(out, ",\"made_with\":[");
    if let Some(second) = &row.second {
        out.push(b'"');
        second.write_value(out);
        out.push(b'"');
    }
    match row.chat {
        Some(chat) => {
            word(out, "],\"chat\":{\"type\":", Some(chat.kind.as_str()));
            text(out, if chat.has_ai { ",\"has_ai\":true" } else { ",\"has_ai\":false" });
            text(out, ",\"to_ai\":");
            text(out, chat.to_ai.map_or("null}", |to_ai| if to_ai { "true}" } else { "false}" }));
        }
        None => text(out, "],\"chat\":null"),
    }
    text(out, ",\"text\":");
    json_text(out, &row.text);
    out.push(b'}');
}

fn write_csv(row: &Row, out: &mut Vec<u8>) {
    id(row, out);
    out.push(b',');
    user(row, out);
    out.push(b',');
    if let Age::Born(born) = row.author.age {
        day(out, born);
    }
    for word in [row.author.region, Some(row.author.tongue.as_str()), kind(row), visibility(row)] {
        out.push(b',');
        text(out, word.unwrap_or_default());
    }
    for time in [Some(row.created), row.collected, row.deleted] {
        out.push(b',');
        if let Some(time) = time {
            rfc3339(out, time);
        }
    }
    out.push(b',');
    text(out, row.hold.map(bezwaar_core::item::Hold::as_str).unwrap_or_default());
    let person = |out: &mut Vec<u8>, relation: Relation| {
        out.push(b',');
        if let Some((_, person)) = row.about.iter().find(|(other, _)| *other == relation) {
            if relation == Relation::Depict { person.write_account(out) } else { person.write_value(out) }
        }
    };
    for relation in [Relation::Quote, Relation::Mention, Relation::Reply, Relation::Depict] {
        person(out, relation);
    }
    out.push(b',');
    if let Some(second) = &row.second {
        second.write_value(out);
    }
    out.push(b',');
    text(out, row.chat.map_or("", |chat| ChatKind::as_str(chat.kind)));
    for truth in [row.chat.map(|chat| chat.has_ai), row.chat.and_then(|chat| chat.to_ai)] {
        text(out, truth.map_or(",", |truth| if truth { ",true" } else { ",false" }));
    }
    person(out, Relation::Forwarder);
    person(out, Relation::Participant);
    out.push(b',');
    out.push(b'"');
    for (place, part) in row.text.split('"').enumerate() {
        text(out, if place > 0 { "\"\"" } else { "" });
        text(out, part);
    }
    out.push(b'"');
}

/// Writes a JSON string.
fn json_text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = rest.find(|letter: char| matches!(letter, '"' | '\\') || letter < ' ') {
        let (plain, special) = rest.split_at(at);
        text(out, plain);
        let mut letters = special.chars();
        match letters.next() {
            Some('\n') => text(out, "\\n"),
            Some('\t') => text(out, "\\t"),
            Some(letter @ ('"' | '\\')) => out.extend([b'\\', u8::try_from(letter).unwrap_or(b'?')]),
            // No other control character is among the words.
            _ => {}
        }
        rest = letters.as_str();
    }
    text(out, rest);
    out.push(b'"');
}

/// Writes a whole number.
pub(super) fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    number(out, value.unsigned_abs());
}

/// Year, month and day of a number of days since 1970 (Hinnant, *chrono-compatible low-level date algorithms*).
fn civil(days: i64) -> (i64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u64::try_from(month).unwrap_or_default(), u64::try_from(date).unwrap_or_default())
}

fn two(out: &mut Vec<u8>, value: u64) {
    out.extend([b'0' + u8::try_from(value / 10 % 10).unwrap_or_default(), b'0' + u8::try_from(value % 10).unwrap_or_default()]);
}

fn day(out: &mut Vec<u8>, days: i64) {
    let (year, month, date) = civil(days);
    // Years here have four digits.
    number(out, year.unsigned_abs());
    out.push(b'-');
    two(out, month);
    out.push(b'-');
    two(out, date);
}

/// Writes a second as `2025-05-27T00:00:00Z`.
pub(super) fn rfc3339(out: &mut Vec<u8>, seconds: i64) {
    day(out, seconds.div_euclid(86_400));
    let of_day = u64::try_from(seconds.rem_euclid(86_400)).unwrap_or_default();
    for (mark, value) in [(b'T', of_day / 3_600), (b':', of_day / 60 % 60), (b':', of_day % 60)] {
        out.push(mark);
        two(out, value);
    }
    out.push(b'Z');
}

/// Whole years from a day of birth until a second.
pub(super) fn age_at(born: i64, seconds: i64) -> i64 {
    let (year, month, date) = civil(born);
    let (other_year, other_month, other_date) = civil(seconds.div_euclid(86_400));
    (other_year - year - i64::from((other_month, other_date) < (month, date))).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, expect) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_748_304_000, "2025-05-27T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(written(|out| rfc3339(out, seconds)), expect);
        }
        // Born on 27 May 2007.
        assert_eq!((age_at(13_660, 1_748_303_999), age_at(13_660, 1_748_304_000)), (17, 18));
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(written(|out| json_text(out, "a\"b\\c\nd\te“é”")), r#""a\"b\\c\nd\te“é”""#);
        assert_eq!(written(|out| number(out, u64::MAX)), u64::MAX.to_string());
        assert_eq!(written(|out| signed(out, -70)), "-70");
    }
}
