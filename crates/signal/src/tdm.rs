//! The TDM Reservation Protocol: the field `tdm-reservation` and the file `tdmrep.json`.

use crate::json::{Json, parse_json};
use crate::robots::{Pattern, normal_path};
use crate::statement::{Answer, EVERYTHING, Place, Read, Signal};

/// Most bytes of a `tdmrep.json` that are read.
pub const TDMREP_BYTES_MAX: usize = 512 * 1024;

pub(crate) const MINING: &str = "text-and-data-mining";

/// What `0`, `1` or something else says. By the protocol anything else is an error and means unset; it was said all the same.
pub(crate) fn say(value: &str, place: &Place, read: &mut Read) {
    match value {
        "1" => read.say(Signal::Tdm, MINING, Answer::No, place),
        "0" => read.say(Signal::Tdm, MINING, Answer::Yes, place),
        _ => read.unreadable(Signal::Tdm, MINING, place, "it is neither `0` nor `1`"),
    }
}

/// Reads a `tdmrep.json`. With a path, only the first rule that matches it counts, as the protocol says; without one, every rule.
pub fn read_tdmrep(text: &str, path: Option<&str>) -> Read {
    let mut read = Read::default();
    let whole = Place::new(0, 0, "tdmrep.json");
    if text.len() > TDMREP_BYTES_MAX {
        read.unreadable(Signal::Tdm, EVERYTHING, &whole, &format!("more than {TDMREP_BYTES_MAX} bytes are not read"));
        return read;
    }
    let rules = match parse_json(text) {
        Ok(Json::List(rules)) => rules,
        Ok(rule @ Json::Object(_)) => vec![rule],
        Ok(_) => {
            read.unreadable(Signal::Tdm, EVERYTHING, &whole, "a list of rules is expected");
            return read;
        }
        Err((line, column, why)) => {
            read.unreadable(Signal::Tdm, EVERYTHING, &Place::new(line, column, "tdmrep.json"), &why);
            return read;
        }
    };
    let wanted = path.map(normal_path);
    for (number, rule) in rules.iter().enumerate() {
        let location = rule.get_all("location").find_map(Json::text);
        let matches = match (&wanted, location) {
            (Some(path), Some(location)) => Pattern::new(location.as_bytes()).is_some_and(|pattern| pattern.matches(path)),
            _ => true,
        };
        if !matches {
            continue;
        }
        let place = Place::new(0, 0, format!("tdmrep.json, rule {} for {}", number + 1, location.unwrap_or("no location")));
        if !matches!(rule, Json::Object(_)) || location.is_none() {
            read.unreadable(Signal::Tdm, MINING, &place, "it is no rule with a `location`");
            continue;
        }
        let before = read.statements.len();
        for value in rule.get_all("tdm-reservation") {
            say(value.plain().unwrap_or_default(), &place, &mut read);
        }
        if read.statements.len() == before {
            read.say(Signal::Tdm, MINING, Answer::Unset, &place);
        }
        if wanted.is_some() {
            break;
        }
    }
    read
}
