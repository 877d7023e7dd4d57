//! Items in the exchange format.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use super::LineError;
use crate::item::{About, AgeBand, Audience, Authors, Category, ChatKind, Conversation, Hold, Item, Relation};
use crate::time::Interval;

/// The names of the fields of an item, for mappings and messages.
pub const WIRE_ITEM_FIELDS: [&str; 15] = [
    "id",
    "author",
    "category",
    "audience",
    "created_at",
    "collected_at",
    "author_age",
    "region",
    "about",
    "conversation",
    "deleted_at",
    "hold",
    "registered",
    "ext",
    "unreadable",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireItem {
    id: String,
    #[serde(default)]
    author: Option<OneOrMany>,
    #[serde(default)]
    category: Option<Text>,
    #[serde(default)]
    audience: Option<Text>,
    #[serde(default)]
    created_at: Option<Time>,
    #[serde(default)]
    collected_at: Option<Time>,
    #[serde(default)]
    author_age: Option<Age>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    about: Option<Vec<WireAbout>>,
    #[serde(default)]
    conversation: Option<WireConversation>,
    #[serde(default)]
    deleted_at: Option<Time>,
    #[serde(default)]
    hold: Option<Text>,
    #[serde(default)]
    registered: Option<bool>,
    #[serde(default)]
    #[expect(dead_code, reason = "`ext` is for the file's owner; nothing in it is read")]
    ext: Option<de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireConversation {
    #[serde(default)]
    kind: Option<Text>,
    #[serde(default)]
    ai_participant: Option<bool>,
    #[serde(default)]
    ai_addressed: Option<bool>,
}

/// A word of a closed list. Kept as text: a word nobody knows is an unknown fact, not a broken record.
type Text = String;

enum OneOrMany {
    One(String),
    Many(Vec<Option<String>>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an account such as `service:1001`, or a list of them")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(value.to_owned()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = seq.next_element::<Option<String>>()? {
                    many.push(one);
                }
                Ok(OneOrMany::Many(many))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

struct WireAbout(About);

impl<'de> Deserialize<'de> for WireAbout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Object {
            person: Option<String>,
            #[serde(rename = "as", default)]
            relation: Option<String>,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = WireAbout;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an account such as `service:77`, or `{\"person\": …, \"as\": …}`")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<WireAbout, E> {
                Ok(WireAbout(About { person: Some(value.to_owned()), relation: Relation::Unspecified }))
            }

            fn visit_unit<E: de::Error>(self) -> Result<WireAbout, E> {
                Ok(WireAbout(About { person: None, relation: Relation::Unspecified }))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<WireAbout, A::Error> {
                let object = Object::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let relation = object.relation.as_deref().map_or(Relation::Unspecified, Relation::parse);
                Ok(WireAbout(About { person: object.person, relation }))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

struct Time(Interval);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText;
        impl Visitor<'_> for OfText {
            type Value = Time;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time such as `2025-05-27T00:00:00Z`")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Time, E> {
                Interval::parse(value).map(Time).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(OfText)
    }
}

struct Age(Option<AgeBand>);

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Age;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("whole years, or a band such as `16-20` or `18-`")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Age, E> {
                Ok(Age(i64::try_from(value).ok().and_then(|years| AgeBand::try_new(years, years))))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Age, E> {
                Ok(Age(AgeBand::try_new(value, value)))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Age, E> {
                match AgeBand::parse(value) {
                    Some(band) => Ok(Age(Some(band))),
                    None => Err(E::custom("not an age: write whole years, or a band such as `16-20` or `18-`")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Reads one line of an items file. Words nobody knows are unknown facts; anything else out of the format is an error.
pub fn parse_item(line: usize, text: &str) -> Result<Item, LineError> {
    let wire: WireItem = serde_json::from_str(text).map_err(|error| LineError::of_json(line, &error))?;
    // Why it is held does not matter, that it is held does.
    let hold = wire.hold.as_deref().map(|word| Hold::lookup(word).unwrap_or(Hold::Legal));
    let authors = match wire.author {
        None => Vec::new(),
        Some(OneOrMany::One(author)) => vec![Some(author)],
        Some(OneOrMany::Many(authors)) => authors,
    };
    Ok(Item {
        id: wire.id,
        authors: Authors(authors),
        about: wire.about.unwrap_or_default().into_iter().map(|about| about.0).collect(),
        category: wire.category.as_deref().and_then(Category::lookup),
        audience: wire.audience.as_deref().and_then(Audience::lookup),
        created_at: wire.created_at.map(|time| time.0),
        collected_at: wire.collected_at.map(|time| time.0),
        author_age: wire.author_age.and_then(|age| age.0),
        region: wire.region,
        conversation: wire.conversation.map(|conversation| Conversation {
            kind: conversation.kind.as_deref().and_then(ChatKind::lookup),
            ai_participant: conversation.ai_participant,
            ai_addressed: conversation.ai_addressed,
        }),
        deleted_at: wire.deleted_at.map(|time| time.0),
        hold,
        registered: wire.registered,
        unreadable: false,
    })
}

#[derive(Serialize)]
struct OutItem<'a> {
    id: &'a str,
    author: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_age: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    about: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<bool>,
}

/// Writes an item as one line of the exchange format, without the line's end.
pub fn item_line(item: &Item) -> String {
    let time = |interval: Interval| {
        let day = crate::time::Day::of(interval.first, &crate::time::Zone::utc());
        match day {
            Some(day) if interval.first != interval.last => day.to_string(),
            _ => interval.first.to_string(),
        }
    };
    let author = match item.authors.0.as_slice() {
        [] => serde_json::Value::Null,
        [one] => serde_json::json!(one),
        many => serde_json::json!(many),
    };
    let about = item.about.iter().map(|about| match about.relation {
        Relation::Unspecified => serde_json::json!(about.person),
        relation => serde_json::json!({"person": about.person, "as": relation.as_str()}),
    });
    let age = item.author_age.map(|band| match (band.youngest, band.oldest) {
        (youngest, oldest) if youngest == oldest => serde_json::json!(youngest),
        (youngest, i64::MAX) => serde_json::json!(format!("{youngest}-")),
        (youngest, oldest) => serde_json::json!(format!("{youngest}-{oldest}")),
    });
    let conversation = item.conversation.map(|conversation| {
        let mut object = serde_json::Map::new();
        if let Some(kind) = conversation.kind {
            object.insert("kind".to_owned(), kind.as_str().into());
        }
        if let Some(present) = conversation.ai_participant {
            object.insert("ai_participant".to_owned(), present.into());
        }
        if let Some(addressed) = conversation.ai_addressed {
            object.insert("ai_addressed".to_owned(), addressed.into());
        }
        serde_json::Value::Object(object)
    });
    let out = OutItem {
        id: &item.id,
        author,
        category: item.category.map(Category::as_str),
        audience: item.audience.map(Audience::as_str),
        created_at: item.created_at.map(time),
        collected_at: item.collected_at.map(time),
        author_age: age,
        region: item.region.as_deref(),
        about: about.collect(),
        conversation,
        deleted_at: item.deleted_at.map(time),
        hold: item.hold.map(Hold::as_str),
        registered: item.registered,
    };
    serde_json::to_string(&out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"id":"c-1","author":"f:1001","category":"comment","audience":"public","created_at":"2019-03-01T10:00:00Z","collected_at":"2025-05-27T00:00:00Z","author_age":34,"region":"NL","about":["i:77",{"person":"f:8","as":"quote"}],"conversation":{"kind":"group","ai_participant":true,"ai_addressed":false},"deleted_at":null,"hold":null,"registered":true,"ext":{"any":[1]}}"#;

    #[test]
    fn reads_the_whole_format_and_writes_it_back() {
        let item = parse_item(1, FULL).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(item.about.len(), 2);
        let again = parse_item(1, &item_line(&item)).unwrap_or_else(|error| panic!("{error}"));
        assert!(item == again);
    }

    #[track_caller]
    fn check_error(text: &str, column: usize, message: &str) {
        let error = parse_item(3, text).err().expect("must be refused");
        assert_eq!((error.line(), error.column(), error.message()), (3, column, message), "{text}");
    }

    #[test]
    fn what_is_out_of_the_format_is_refused_with_its_place() {
        check_error(
            r#"{"id":"a","autor":"x:1"}"#,
            17,
            "unknown field `autor`, expected one of `id`, `author`, `category`, `audience`, `created_at`, `collected_at`, `author_age`, `region`, `about`, `conversation`, `deleted_at`, `hold`, `registered`, `ext`",
        );
        check_error(r#"{"id":"a","id":"b"}"#, 14, "duplicate field `id`");
        check_error(
            r#"{"id":"a","created_at":"2025-05-27T10:00:00"}"#,
            44,
            "the time has no zone: write `Z` or an offset, such as `2025-05-27T00:00:00Z`",
        );
        check_error(
            r#"{"id":"a","author":1001}"#,
            23,
            "invalid type: integer, expected an account such as `service:1001`, or a list of them",
        );
        check_error(r#"{"id":"a","author":"x:1""#, 24, "EOF while parsing an object");
    }
}
