//! Records in a person's own repository: `org.user-intents.declaration` (a proposal of 2025) and `community.lexicon.preference.ai`.

use bezwaar_core::time::Instant;

use crate::json::{Json, parse_json};
use crate::statement::{Answer, EVERYTHING, Place, Read, Signal};

/// Most bytes of a record that are read.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

const INTENTS: &str = "org.user-intents.declaration";
const PREFERENCES: &str = "community.lexicon.preference.ai";
pub(crate) const INTENT_CATEGORIES: [&str; 4] = ["syntheticContentGeneration", "publicAccessArchive", "bulkDataset", "protocolBridging"];
pub(crate) const PREFERENCE_CATEGORIES: [&str; 4] = ["training", "inference", "syntheticContent", "embedding"];

/// Reads one record, or an answer of a server that holds some (`value`, `records`).
///
/// A category left out is unset. What is there and is not `allow: true` or `allow: false` cannot be read. A no that holds for one
/// consumer or one kind of record counts for all, since an act cannot be narrower.
pub fn read_record(text: &str) -> Read {
    let mut read = Read::default();
    let whole = Place::new(0, 0, "record");
    if text.len() > RECORD_BYTES_MAX {
        read.unreadable(Signal::UserIntents, EVERYTHING, &whole, &format!("more than {RECORD_BYTES_MAX} bytes are not read"));
        return read;
    }
    match parse_json(text) {
        Ok(json) => records(&json, 0, &mut read),
        Err((line, column, why)) => {
            read.unreadable(Signal::UserIntents, EVERYTHING, &Place::new(line, column, "record"), &why);
        }
    }
    if read.statements.is_empty() && read.notes.is_empty() {
        read.note(&whole, "no record here is about reuse; that is neither a yes nor a no");
    }
    read
}

/// The record in a value, however a server wraps it.
fn records(json: &Json, depth: usize, read: &mut Read) {
    let Json::Object(members) = json else {
        if let Json::List(list) = json {
            list.iter().for_each(|one| records(one, depth + 1, read));
        }
        return;
    };
    let has = |name: &str| members.iter().any(|(key, _)| key == name);
    let kind = json.get_all("$type").find_map(Json::text);
    let intents = INTENT_CATEGORIES.iter().any(|name| has(name));
    match kind {
        Some(INTENTS) => declaration(members, read),
        Some(PREFERENCES) => preferences(json, read),
        _ if intents => declaration(members, read),
        None if has("preferences") => preferences(json, read),
        _ => {
            let inner = members.iter().filter(|(key, _)| key == "value" || key == "records" || key == "record");
            inner.filter(|_| depth < 3).for_each(|(_, value)| records(value, depth + 1, read));
            return;
        }
    }
    let written = json.get_all("updatedAt").find_map(Json::text).and_then(|text| Instant::parse(text).ok());
    read.written_at = read.written_at.max(written);
}

fn declaration(members: &[(String, Json)], read: &mut Read) {
    let before = read.statements.len();
    for (key, value) in members {
        if key != "$type" && key != "updatedAt" && key != "createdAt" {
            category(INTENTS, key, value, INTENT_CATEGORIES.contains(&key.as_str()), false, read);
        }
    }
    if read.statements.len() == before {
        read.say(Signal::UserIntents, EVERYTHING, Answer::Unset, &Place::new(0, 0, INTENTS));
    }
}

fn preferences(json: &Json, read: &mut Read) {
    let before = read.statements.len();
    for set in json.get_all("preferences") {
        match set {
            Json::Object(members) => {
                for (key, value) in members {
                    category(PREFERENCES, key, value, PREFERENCE_CATEGORIES.contains(&key.as_str()), true, read);
                }
            }
            _ => {
                let place = Place::new(0, 0, format!("{PREFERENCES}, preferences"));
                read.unreadable(Signal::UserIntents, EVERYTHING, &place, "it is no set of preferences");
            }
        }
    }
    if json.get_all("preferences").next().is_none() {
        let place = Place::new(0, 0, PREFERENCES);
        read.unreadable(Signal::UserIntents, EVERYTHING, &place, "`preferences` is not there");
    }
    if read.statements.len() == before {
        read.say(Signal::UserIntents, EVERYTHING, Answer::Unset, &Place::new(0, 0, PREFERENCES));
    }
    let limited = json.get_all("scope").filter_map(|scope| scope.get_all("$type").find_map(Json::text));
    let limited = limited.filter(|kind| !kind.ends_with("#globalScope")).count() > 0;
    if limited && read.statements.iter().skip(before).any(|one| one.answer().closes()) {
        let place = Place::new(0, 0, PREFERENCES);
        read.note(&place, "the record is about one consumer or one kind of record only; its no counts for all");
    }
}

/// One category: `{ "allow": … }`. `needed`: whether the standard requires `allow`.
fn category(kind: &str, name: &str, value: &Json, known: bool, needed: bool, read: &mut Read) {
    let place = Place::new(0, 0, format!("{kind}, {}", if known { name } else { "another category" }));
    let mut answers = value.get_all("allow").peekable();
    let nothing = answers.peek().is_none();
    if !known {
        if answers.any(|allow| *allow == Json::Bool(false)) {
            read.say(Signal::UserIntents, name, Answer::No, &place);
            read.note(&place, "a category nobody knows says no; it counts, since nobody knows what it is about");
        }
        return;
    }
    if nothing && matches!(value, Json::Object(_)) && !needed {
        read.say(Signal::UserIntents, name, Answer::Unset, &place);
        return;
    }
    if nothing {
        read.unreadable(Signal::UserIntents, name, &place, "`allow` is not there");
    }
    for allow in answers {
        match allow {
            Json::Bool(true) => read.say(Signal::UserIntents, name, Answer::Yes, &place),
            Json::Bool(false) => read.say(Signal::UserIntents, name, Answer::No, &place),
            Json::Null if !needed => read.say(Signal::UserIntents, name, Answer::Unset, &place),
            _ => read.unreadable(Signal::UserIntents, name, &place, "`allow` is neither `true` nor `false`"),
        }
    }
}
