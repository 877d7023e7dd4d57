//! Reading what was sent: bounded, in time, strictly, and with everything that is wrong at once.

use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Uri, header};
use bezwaar_core::wire::LineError;
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::problem::{Kind, Problem, Wrong};

/// How long a body may take to arrive, in seconds.
pub const BODY_SECONDS_MAX: u64 = 15;
/// The most entries of a list in a body, if nothing else is said.
pub const LIST_MAX: usize = 1_000;

/// The JSON object in a body of at most so many bytes.
pub(crate) async fn object(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Map<String, Value>, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Kind::MediaType.of());
    }
    let reading = axum::body::to_bytes(body, bytes_max);
    let bytes = match tokio::time::timeout(Duration::from_secs(BODY_SECONDS_MAX), reading).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Kind::TooLong.of()),
        Err(_) => return Err(Kind::TooSlow.of()),
    };
    read(&bytes)
}

fn read(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(object))) => Ok(object),
        Ok(_) => Err(Problem::invalid(vec![Wrong::at("", "it must be an object")])),
        Err(error) => {
            let safe = LineError::of_json(error.line(), &error);
            Err(Kind::Malformed.of().with_detail(format!("line {}, column {}: {}", safe.line(), safe.column(), safe.message())))
        }
    }
}

/// A JSON value in which no object has a member twice: whoever reads the first and whoever reads the last would read different acts.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let Strict(value) = map.next_value()?;
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("an object has a member twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// The members of an object, read one by one; what was not read is unknown.
pub(crate) struct Members<'a> {
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
    pub(crate) wrong: Vec<Wrong>,
}

impl<'a> Members<'a> {
    pub(crate) fn of(object: &'a Map<String, Value>) -> Members<'a> {
        Members { object, known: Vec::new(), wrong: Vec::new() }
    }

    /// A member; `null` is as if it were not there.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &'static str, bytes_max: usize) -> Option<&'a str> {
        match self.value(name)? {
            Value::String(text) if text.len() > bytes_max => self.tell(name, format!("it is longer than {bytes_max} bytes")),
            Value::String(text) => return Some(text),
            _ => self.tell(name, "it must be a text"),
        }
        None
    }

    pub(crate) fn needed_text(&mut self, name: &'static str, bytes_max: usize) -> &'a str {
        let before = self.wrong.len();
        let text = self.text(name, bytes_max);
        if text.is_none_or(str::is_empty) && self.wrong.len() == before {
            self.tell(name, "it is needed");
        }
        text.unwrap_or_default()
    }

    pub(crate) fn texts(&mut self, name: &'static str, count_max: usize, bytes_max: usize) -> Option<Vec<String>> {
        let Value::Array(list) = self.value(name)? else {
            self.tell(name, "it must be a list of texts");
            return None;
        };
        if list.len() > count_max {
            self.tell(name, format!("it has more than {count_max} entries"));
            return None;
        }
        let mut texts = Vec::with_capacity(list.len());
        for (place, value) in list.iter().enumerate() {
            match value {
                Value::String(text) if text.len() > bytes_max => {
                    self.wrong.push(Wrong::at(format!("/{name}/{place}"), format!("it is longer than {bytes_max} bytes")));
                }
                Value::String(text) => texts.push(text.clone()),
                _ => self.wrong.push(Wrong::at(format!("/{name}/{place}"), "it must be a text")),
            }
        }
        Some(texts)
    }

    pub(crate) fn tell(&mut self, name: &str, detail: impl Into<String>) {
        self.wrong.push(Wrong::at(format!("/{name}"), detail));
    }

    /// Tells of members nobody read. Their names are the caller's own words and may be anything: none is repeated, but its place is.
    pub(crate) fn finish(mut self) -> Vec<Wrong> {
        let unknown = self.object.keys().filter(|name| !self.known.contains(&name.as_str())).count();
        if unknown > 0 {
            let known = self.known.join(", ");
            self.wrong.push(Wrong::at("", format!("it has members nobody knows ({unknown}); known are {known}")));
        }
        self.wrong
    }
}

/// The parameters of a query: each of these at most once, and no others.
pub(crate) fn query(uri: &Uri, known: &[&'static str]) -> Result<Vec<(&'static str, String)>, Problem> {
    let (mut found, mut wrong): (Vec<(&'static str, String)>, Vec<Wrong>) = (Vec::new(), Vec::new());
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match known.iter().find(|known| **known == name) {
            Some(name) if found.iter().any(|(other, _)| other == name) => wrong.push(Wrong::parameter(*name, "it is there twice")),
            Some(name) => found.push((name, value.into_owned())),
            None => wrong.push(Wrong::parameter("", "there is a parameter nobody knows")),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(Kind::Query.of().with_errors(wrong)) }
}

/// A parameter that was given.
pub(crate) fn given<'a>(found: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    found.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Kind {
        read(text.as_bytes()).expect_err("it is refused").kind
    }

    #[test]
    fn a_body_is_one_object_with_each_member_once() {
        assert!(read(br#"{"a":[{"b":1},{"b":2.5}],"c":null,"d":-1}"#).is_ok());
        assert_eq!(problem("[]"), Kind::Invalid);
        assert_eq!(problem(r#"{"a":1,"a":2}"#), Kind::Malformed);
        assert_eq!(problem(r#"{"x":[{"a":1,"a":2}]}"#), Kind::Malformed);
        assert_eq!(problem("{"), Kind::Malformed);
        assert_eq!(problem(""), Kind::Malformed);
        assert_eq!(problem("{} {}"), Kind::Malformed);
        assert_eq!(problem(&"[".repeat(10_000)), Kind::Malformed);
    }

    #[test]
    fn what_is_wrong_is_told_at_once_and_without_the_words_of_the_body() {
        let object = read(br#"{"a":1,"list":["x",2,"yyyy"],"noor":1,"empty":""}"#).expect("an object");
        let mut members = Members::of(&object);
        members.text("a", 5);
        members.texts("list", 3, 3);
        members.needed_text("empty", 5);
        members.needed_text("absent", 5);
        let wrong = members.finish();
        let pointers: Vec<&str> = wrong.iter().filter_map(|one| one.pointer.as_deref()).collect();
        assert_eq!(pointers, ["/a", "/list/1", "/list/2", "/empty", "/absent", ""]);
        assert!(wrong.iter().all(|one| !one.detail.contains("noor")));
        let mut members = Members::of(&object);
        members.texts("list", 2, 9);
        assert_eq!(members.wrong.len(), 1);
    }

    #[test]
    fn a_query_has_what_is_known_and_each_once() {
        let read = |text: &str| query(&text.parse().expect("an address"), &["limit", "cursor"]);
        let found = read("/x?limit=5&cursor=a%20b").expect("known ones");
        assert_eq!((given(&found, "limit"), given(&found, "cursor"), given(&found, "x")), (Some("5"), Some("a b"), None));
        assert!(read("/x").is_ok());
        assert!(read("/x?limit=1&limit=2").is_err());
        assert!(read("/x?other=1").is_err());
    }
}
